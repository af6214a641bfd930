"""Digests for staff: by mail, how far the surveys are, to those who want it that often.

Here is decided who gets one today and that nobody gets two; what it tells is handed in by the job,
made from what pages show (analysis/digests.py). Weekly ones leave on Mondays, daily ones from
Monday to Friday, both from eight o'clock where the surveys are at home. A day on which no worker
ran is not made up for: the next digest tells the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys, message_id
from surveys.models import OutgoingMail, Survey, User
from surveys.permissions import Permission, allows
from surveys.terms import Digest, MailKind, MailState, SurveyStatus
from surveys.tokens import identity_hash, is_signed, sign

FROM_HOUR = 8
MONDAY, FRIDAY = 0, 4
PURPOSE = "digest"
#: What a digest looks back on: a week; a day, or the weekend before a Monday.
WEEK, DAY, WEEKEND = timedelta(days=7), timedelta(days=1), timedelta(days=3)


@dataclass(frozen=True, slots=True)
class DigestDue:
    """A reader whose digest is due; `period` is its day, `since` what it looks back to."""

    user_id: int
    period: date
    since: datetime


@dataclass(frozen=True, slots=True)
class LastDigest:
    """The newest digest of a reader and what became of it."""

    due_at: datetime
    sent_at: datetime | None
    state: MailState


def due_digests(session: Session, *, now: datetime) -> list[DigestDue]:
    """Everybody whose digest is due today and is not queued yet."""
    zone = _home(session)
    local = now.astimezone(zone) if zone else None
    if local is None or local.hour < FROM_HOUR or local.weekday() > FRIDAY:
        return []
    is_monday = local.weekday() == MONDAY
    back = {Digest.DAILY: WEEKEND if is_monday else DAY} | (
        {Digest.WEEKLY: WEEK} if is_monday else {}
    )
    done = select(OutgoingMail.user_id).where(
        OutgoingMail.kind == MailKind.STAFF_DIGEST, OutgoingMail.period == local.date()
    )
    readers = session.scalars(
        select(User)
        .where(User.disabled_at.is_(None), User.digest.in_(back), User.id.not_in(done))
        .order_by(User.id)
    )
    return [
        DigestDue(user.id, local.date(), now - back[Digest(user.digest)])
        for user in readers
        if _can_read(user)
    ]


def queue_digest(
    session: Session,
    due: DigestDue,
    waves: Sequence[Mapping[str, Any]],
    *,
    keys: LinkKeys,
    identity_key: str,
    now: datetime,
) -> int:
    """Queue one digest that tells of these waves; 0 when there is nothing to tell or it is queued.

    A reader gets one for each period, whichever workers try.
    """
    user = session.get_one(User, due.user_id)
    if not waves:
        return 0
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    queued = session.execute(
        dialect.insert(OutgoingMail)
        .values(
            message_id=message_id(keys, None, user.id),
            kind=MailKind.STAFF_DIGEST,
            user_id=user.id,
            period=due.period,
            locale=user.locale,
            email=user.email,
            email_hash=identity_hash(identity_key, user.email),
            values={"waves": [dict(wave) for wave in waves]},
            state=MailState.QUEUED,
            due_at=now,
        )
        .on_conflict_do_nothing(index_elements=["user_id", "kind", "period"])
        .returning(OutgoingMail.id)
    )
    return 0 if queued.one_or_none() is None else 1


def last_digest(session: Session, user_id: int) -> LastDigest | None:
    """The newest digest of a reader."""
    row = session.execute(
        select(OutgoingMail.due_at, OutgoingMail.sent_at, OutgoingMail.state)
        .where(OutgoingMail.user_id == user_id, OutgoingMail.kind == MailKind.STAFF_DIGEST)
        .order_by(OutgoingMail.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else LastDigest(row.due_at, row.sent_at, row.state)


def choose_digest(session: Session, user_id: int, wanted: Digest) -> None:
    """Send this person digests so often from now on; what is queued is withdrawn with the choice
    of none."""
    session.execute(update(User).where(User.id == user_id).values(digest=wanted.value))
    if wanted is Digest.NEVER:
        session.execute(
            update(OutgoingMail)
            .where(
                OutgoingMail.user_id == user_id,
                OutgoingMail.kind == MailKind.STAFF_DIGEST,
                OutgoingMail.state.in_((MailState.QUEUED, MailState.DEFERRED)),
            )
            .values(state=MailState.CANCELLED)
        )


def digest_token(key: str, user_id: int) -> str:
    """What stands in the link that ends a reader's digests; it opens nothing else."""
    return f"{user_id}.{sign(key, PURPOSE, str(user_id))}"


def reader_of(session: Session, key: str, token: str) -> User | None:
    """Whose digests a link is about, or None."""
    number, _, signature = token.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return session.get(User, int(number)) if is_signed(key, PURPOSE, number, signature) else None


def _can_read(user: User) -> bool:
    """Whether somebody signs in here who may see results; an import names others, too."""
    signs_in = user.password_hash is not None or user.oidc_subject is not None
    return signs_in and allows(user, Permission.SEE_RESULTS)


def _home(session: Session) -> ZoneInfo | None:
    """The zone of the newest survey in use."""
    zone = session.scalar(
        select(Survey.time_zone)
        .where(Survey.status == SurveyStatus.ACTIVE)
        .order_by(Survey.id.desc())
        .limit(1)
    )
    return ZoneInfo(zone) if zone else None
