"""What became of each mail, person by person, and what a person decides about an uncertain one.

Mail facts only. In the confidential modes a reminder or a thank-you tells who has answered, so
reminders are listed only where a mail is in trouble, and thanks not at all; nor are results that
went to those who took part. Their sums stand on the wave's page. The protocol itself is in
outbox.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from surveys.mail.wanted import AFTER_ANSWERS
from surveys.models import Contact, Invitation, MailEvent, OutgoingMail, Partner, Wave
from surveys.search_keys import search_key
from surveys.terms import MailKind, MailState, Mode, ResultsTo, WaveState
from surveys.waves import Run

PAGE_SIZE = 50
MAX_WORDS = 6
INVITATIONS = (MailKind.INVITATION, MailKind.STAFF_INVITATION)
DECISION = "person"


class Group(StrEnum):
    """What became of a mail, as a person would sort them; in the order of their way."""

    WAITING = "waiting"
    SENT = "sent"
    BOUNCED = "bounced"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    NOT_SENT = "not_sent"


class Decision(StrEnum):
    """What a person said about a mail of which nobody knows whether it arrived."""

    RESEND = "resend"
    LEAVE = "leave"


#: Mails in these states have a reason that somebody should see, whatever their kind.
TROUBLED = (MailState.UNCERTAIN, MailState.FAILED)
_GROUPS: Mapping[MailState, Group] = {
    MailState.QUEUED: Group.WAITING,
    MailState.CLAIMED: Group.WAITING,
    MailState.IN_DATA: Group.WAITING,
    MailState.DEFERRED: Group.WAITING,
    MailState.SENT: Group.SENT,
    MailState.FAILED: Group.REFUSED,
    MailState.UNCERTAIN: Group.UNCERTAIN,
    MailState.SUPPRESSED: Group.NOT_SENT,
    MailState.CANCELLED: Group.NOT_SENT,
}


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What to list: one group; words that all must be found in name, address or company."""

    group: Group | None = None
    text: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return bool(self.group or self.text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One mail to one person. `is_open_question`: uncertain, and nobody has decided yet."""

    mail_id: int
    kind: MailKind
    state: MailState
    group: Group
    name: str
    email: str
    company: str
    due_at: datetime
    sent_at: datetime | None
    bounced_at: datetime | None
    is_open_question: bool


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One page of the list, `number` from 1, and how many mails each group has."""

    deliveries: Sequence[Delivery]
    counts: Mapping[Group, int]
    number: int
    n_found: int

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_found // PAGE_SIZE))


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that came back about a mail, or that a person decided."""

    at: datetime
    kind: str
    status: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryStory:
    """One mail from the queue to the last word about it.

    The days are those of an identified survey; elsewhere they are None, whatever happened.
    """

    delivery: Delivery
    run_id: int
    locale: str
    message_id: str
    attempts: int
    step: str | None
    reply_code: int | None
    reply_text: str | None
    notices: Sequence[Notice]
    opened_on: date | None
    started_on: date | None
    answered_on: date | None
    may_resend: bool


def delivery_page(
    session: Session, run: Run, wanted: DeliveryFilter, *, number: int
) -> DeliveryPage:
    """One page of a run's mails in the order in which they were queued; the last if there are not
    that many."""
    by_words = [*_listed(run), *_with_words(wanted.text)]
    counts = _counts(session, by_words)
    n_found = counts[wanted.group] if wanted.group else sum(counts.values())
    number = min(max(1, number), max(1, -(-n_found // PAGE_SIZE)))
    group = [group_column() == wanted.group.value] if wanted.group else []
    rows = session.execute(
        _deliveries()
        .where(*by_words, *group)
        .order_by(OutgoingMail.id)
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return DeliveryPage([_delivery(row) for row in rows], counts, number, n_found)


def delivery_story(session: Session, run: Run, mail_id: int) -> DeliveryStory | None:
    """Everything that is known of one mail of a run; None when it is not one that may be seen."""
    row = session.execute(
        _deliveries()
        .add_columns(OutgoingMail, Invitation, Wave)
        .where(*_listed(run), OutgoingMail.id == mail_id)
    ).one_or_none()
    if row is None:
        return None
    mail, invitation, wave = row.OutgoingMail, row.Invitation, row.Wave
    is_identified = wave.mode is Mode.IDENTIFIED
    return DeliveryStory(
        delivery=_delivery(row),
        run_id=run.id,
        locale=mail.locale,
        message_id=mail.message_id,
        attempts=mail.attempts,
        step=mail.step,
        reply_code=mail.reply_code,
        reply_text=mail.reply_text,
        notices=_notices(session, mail_id),
        opened_on=invitation.opened_on if is_identified else None,
        started_on=invitation.started_on if is_identified else None,
        answered_on=invitation.answered_on if is_identified else None,
        may_resend=mail.state in TROUBLED
        and (wave.state is WaveState.OPEN or mail.kind in AFTER_ANSWERS),
    )


def open_questions(session: Session, wave_ids: Sequence[int]) -> int:
    """How many uncertain mails of these waves wait for a person's decision."""
    return (
        session.scalar(
            select(func.count())
            .select_from(OutgoingMail)
            .where(OutgoingMail.wave_id.in_(wave_ids), _is_open_question())
        )
        or 0
    )


def resend(session: Session, mail_id: int, *, user_id: int, now: datetime) -> bool:
    """Queue a mail in trouble once more, as a person decided; False when it no longer is one.

    Whether it may leave (the wave is open, nobody unsubscribed, no answer came) is asked again by
    the statement that sends it.
    """
    queued = session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.id == mail_id,
            OutgoingMail.state.in_(TROUBLED),
            OutgoingMail.email.is_not(None),
            exists().where(
                Wave.id == OutgoingMail.wave_id,
                or_(Wave.state == WaveState.OPEN, OutgoingMail.kind.in_(AFTER_ANSWERS)),
            ),
        )
        .values(state=MailState.QUEUED, due_at=now, attempts=0, bounce=None, bounced_at=None)
        .returning(OutgoingMail.id)
    ).one_or_none()
    if queued is None:
        return False
    _decide(session, mail_id, Decision.RESEND, user_id=user_id, now=now)
    return True


def leave(session: Session, mail_id: int, *, user_id: int, now: datetime) -> bool:
    """Let an uncertain mail be, as a person decided; False when there is nothing to decide."""
    asked = session.scalar(
        select(OutgoingMail.id)
        .where(OutgoingMail.id == mail_id, _is_open_question())
        .with_for_update()
    )
    if asked is None:
        return False
    _decide(session, mail_id, Decision.LEAVE, user_id=user_id, now=now)
    return True


def _decide(
    session: Session, mail_id: int, decision: Decision, *, user_id: int, now: datetime
) -> None:
    session.add(
        MailEvent(
            mail_id=mail_id,
            kind=decision.value,
            source=DECISION,
            source_key=f"{mail_id} {now.isoformat()}",
            detail=f"user {user_id}",
            created_at=now,
        )
    )


def may_be_seen() -> ColumnElement[bool]:
    """Whether a mail may be seen by itself; its wave stands in the same statement."""
    return or_(
        Wave.mode == Mode.IDENTIFIED,
        OutgoingMail.kind.in_(INVITATIONS),
        and_(OutgoingMail.kind == MailKind.RESULTS, Wave.results_to == ResultsTo.INVITED),
        and_(OutgoingMail.state.in_(TROUBLED), OutgoingMail.kind.not_in(AFTER_ANSWERS)),
    )


def _listed(run: Run) -> list[ColumnElement[bool]]:
    """Which mails of a run may be seen one by one."""
    return [OutgoingMail.wave_id.in_([wave.id for wave in run.waves]), may_be_seen()]


def _with_words(text: str) -> list[ColumnElement[bool]]:
    return [
        or_(
            Contact.search_key.contains(word, autoescape=True),
            Partner.search_key.contains(word, autoescape=True),
        )
        for word in search_key(text).split()[:MAX_WORDS]
    ]


def group_column() -> ColumnElement[str]:
    """The group of a mail: a bounce says more than that the next server took it."""
    return case(
        (OutgoingMail.bounced_at.is_not(None), Group.BOUNCED.value),
        *(
            (OutgoingMail.state == state, group.value)
            for state, group in _GROUPS.items()
            if group is not Group.NOT_SENT
        ),
        else_=Group.NOT_SENT.value,
    )


def _is_open_question() -> ColumnElement[bool]:
    is_decided = exists().where(
        MailEvent.mail_id == OutgoingMail.id,
        MailEvent.source == DECISION,
        MailEvent.kind == Decision.LEAVE.value,
    )
    return and_(OutgoingMail.state == MailState.UNCERTAIN, ~is_decided)


def _counts(session: Session, conditions: Sequence[ColumnElement[bool]]) -> dict[Group, int]:
    group = group_column().label("mail_group")
    rows = session.execute(
        _joined(select(group, func.count().label("mails"))).where(*conditions).group_by(group)
    )
    found = {row.mail_group: row.mails for row in rows}
    return {each: found.get(each.value, 0) for each in Group}


def _deliveries() -> Select[*tuple[Any, ...]]:
    return _joined(
        select(
            OutgoingMail.id.label("mail_id"),
            OutgoingMail.kind,
            OutgoingMail.state,
            group_column().label("mail_group"),
            OutgoingMail.email,
            OutgoingMail.due_at,
            OutgoingMail.sent_at,
            OutgoingMail.bounced_at,
            _is_open_question().label("is_open_question"),
            Contact.first_name,
            Contact.last_name,
            Partner.name.label("company"),
        )
    )


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(OutgoingMail)
        .join(Wave, Wave.id == OutgoingMail.wave_id)
        .join(Invitation, Invitation.id == OutgoingMail.invitation_id)
        .outerjoin(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Invitation.partner_id)
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        mail_id=row.mail_id,
        kind=row.kind,
        state=row.state,
        group=Group(row.mail_group),
        name=" ".join(filter(None, (row.first_name, row.last_name))),
        email=row.email or "",
        company=row.company or "",
        due_at=row.due_at,
        sent_at=row.sent_at,
        bounced_at=row.bounced_at,
        is_open_question=bool(row.is_open_question),
    )


def _notices(session: Session, mail_id: int) -> list[Notice]:
    rows = session.scalars(
        select(MailEvent).where(MailEvent.mail_id == mail_id).order_by(MailEvent.id)
    )
    return [Notice(row.created_at, row.kind, row.status, row.detail) for row in rows]
