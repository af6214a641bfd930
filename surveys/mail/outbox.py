"""The outbox: every mail is a row, and each row ends as sent, failed, uncertain or withdrawn.

The protocol, one committed statement per arrow:

    queued -> claimed -> in_data -> sent
                    \\-> deferred -> (claimed again)
                    \\-> failed | suppressed | cancelled
    in_data without an answer -> uncertain (or, once, queued again)

- **Claim**: one UPDATE takes due rows for this owner, with a lease and a higher fence. Whether the
  wave still wants the mail, whether the address is suppressed and whether a reminder's receiver has
  answered are conditions of the same statement.
- **in_data** is committed just before DATA and only while the lease outlasts the transport's
  deadline; the conditions are checked once more. A row in that state may have been delivered.
- **Afterwards** a sender writes only where it is still the owner with its fence: one that slept
  past its lease changes nothing. But where nobody has claimed the row since, a server's 250 ends
  the uncertainty, however late.

Exactly-once does not exist over SMTP. What is uncertain is counted and shown, resent at most once
(an invitation) or left to a person (a reminder; with the policy 'hold' an invitation, too).

`claim_*` commit, because a claim that is not committed is none; every other function leaves that to
its caller. Source: RFC 5321 4.5.4.1 (retries), RFC 1047 (duplicates after the final dot).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, func, or_, select, true, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import Update

from surveys.mail.pacing import (
    Pace,
    has_room,
    is_below_cap,
    recent_tries,
    recipient_domain,
    wait_for_turn,
    within_caps,
)
from surveys.mail.quiet_hours import is_in_quiet_hours
from surveys.mail.transport import DEADLINE_SECONDS, Delivery, Outcome, Step
from surveys.mail.wanted import is_suppressed, is_wanted, reminder_is_needless, wave_has_ended
from surveys.models import OutgoingMail
from surveys.terms import MailKind, MailState, WhenUncertain
from surveys.workspace import workspace

LEASE_SECONDS = 180
RETRY_MINUTES = (5, 30, 60, 120, 180)
#: With the waits above, about four days.
MAX_ATTEMPTS = 36

INVITATIONS = (MailKind.INVITATION, MailKind.STAFF_INVITATION)
WAITING = (MailState.QUEUED, MailState.DEFERRED)
_NOT_HELD = {"owner": None, "lease_until": None}
_TABLE = cast(Table, OutgoingMail.__table__)
_INSTANT = _TABLE.c.lease_until.type
#: The row, as long as it is this claim's.
_OF_CLAIM = update(_TABLE).where(
    OutgoingMail.id == bindparam("mail"),
    OutgoingMail.owner == bindparam("by"),
    OutgoingMail.fence == bindparam("with_fence"),
)
# The two statements of every mail are made once: writing one down costs more than running it.
_ENTER_DATA = _OF_CLAIM.where(
    OutgoingMail.state == MailState.CLAIMED,
    OutgoingMail.lease_until > bindparam("lease_needed", type_=_INSTANT),
    *is_wanted(bindparam("now", type_=_INSTANT)),
).values(state=MailState.IN_DATA)
_SETTLE_SENT = (
    update(_TABLE)
    .where(
        OutgoingMail.id == bindparam("mail"),
        OutgoingMail.fence == bindparam("with_fence"),
        or_(
            OutgoingMail.owner == bindparam("by"),
            and_(
                OutgoingMail.owner.is_(None),
                OutgoingMail.state.in_((MailState.QUEUED, MailState.UNCERTAIN)),
            ),
        ),
    )
    .values(
        state=MailState.SENT,
        sent_at=bindparam("now", type_=_INSTANT),
        tried_at=bindparam("now", type_=_INSTANT),
        step=Step.DOT.value,
        reply_code=bindparam("code"),
        reply_text=bindparam("words"),
        **_NOT_HELD,
    )
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one sender to one row until the lease ends."""

    mail_id: int
    owner: str
    fence: int


@dataclass(frozen=True, slots=True)
class Lease:
    """How long a claim lasts, and within how long each conversation must end."""

    seconds: float = LEASE_SECONDS
    deadline_seconds: float = DEADLINE_SECONDS


LEASE = Lease()
UNLIMITED = Pace(per_minute=2**31 - 1, per_domain=2**31 - 1)


def claim_due(
    session: Session,
    *,
    owner: str,
    now: datetime,
    limit: int,
    pace: Pace = UNLIMITED,
    lease: Lease = LEASE,
) -> list[Claim]:
    """Take up to `limit` due mails for this owner, within both caps; commits.

    A domain at its cap and people for whom it is night are left out, so that they hold up nobody
    else's mail.
    """
    wait_for_turn(session)
    is_free = has_room(session, pace, limit=limit, now=now)
    recent = recent_tries(session, now=now)
    due = (
        select(OutgoingMail.id, OutgoingMail.due_at, recipient_domain(session).label("domain"))
        .where(
            OutgoingMail.state.in_(WAITING),
            OutgoingMail.due_at <= now,
            true() if is_free else is_below_cap(session, recent, pace),
            ~is_in_quiet_hours(session, now=now),
            *is_wanted(now),
        )
        .order_by(OutgoingMail.due_at)
        .limit(limit)
    )
    if session.get_bind().dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    # As a common table expression it runs once; PostgreSQL may run a subquery with a LIMIT again
    # for each row and then take more than were asked for.
    rows = due.cte("due")
    chosen = select(rows.c.id) if is_free else within_caps(rows, recent, pace)
    taken = session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(chosen), OutgoingMail.state.in_(WAITING))
        .values(
            state=MailState.CLAIMED,
            owner=owner,
            lease_until=now + timedelta(seconds=lease.seconds),
            fence=OutgoingMail.fence + 1,
            attempts=OutgoingMail.attempts + 1,
        )
        .returning(OutgoingMail.id, OutgoingMail.fence)
        .execution_options(synchronize_session=False)
    ).all()
    session.commit()
    return [Claim(row.id, owner, row.fence) for row in sorted(taken)]


def claim_data(session: Session, claim: Claim, *, now: datetime, lease: Lease = LEASE) -> bool:
    """Enter DATA: True when this owner may send the text now; commits.

    False when the row was withdrawn, the lease is too short for one more conversation, or the row
    belongs to somebody else by now.
    """
    lease_needed = now + timedelta(seconds=lease.deadline_seconds)
    values = _names(claim) | {"now": now, "lease_needed": lease_needed}
    entered = session.connection().execute(_ENTER_DATA, values).rowcount
    session.commit()
    return entered == 1


def settle(session: Session, claim: Claim, delivery: Delivery, *, now: datetime) -> bool:
    """Write down how the attempt ended; False when the row is no longer this owner's."""
    if delivery.outcome is Outcome.SENT:
        values = _names(claim) | {"now": now, "code": delivery.code, "words": delivery.text}
        return session.connection().execute(_SETTLE_SENT, values).rowcount == 1
    is_given_back = delivery.outcome is Outcome.ABANDONED
    values = _after(session, claim, delivery, now) | {
        "tried_at": OutgoingMail.tried_at if is_given_back else now,
        "step": delivery.step.value,
        "reply_code": delivery.code,
        "reply_text": delivery.text,
    }
    return _changed(session, _mine(claim).values(**values)) == 1


def release(session: Session, claims: Iterable[Claim]) -> None:
    """Give back rows that were claimed and not tried, at an orderly end."""
    for claim in claims:
        _changed(
            session,
            _mine(claim)
            .where(OutgoingMail.state == MailState.CLAIMED)
            .values(state=MailState.QUEUED, attempts=OutgoingMail.attempts - 1, **_NOT_HELD),
        )


def withdraw_unwanted(session: Session, *, now: datetime) -> int:
    """Settle waiting mails that must not leave: suppressed, answered, without an address by now,
    or of a wave that ended.
    """
    wait_for_turn(session)
    waiting = update(OutgoingMail).where(OutgoingMail.state.in_(WAITING))
    suppressed = waiting.where(is_suppressed()).values(state=MailState.SUPPRESSED)
    cancelled = waiting.where(
        or_(wave_has_ended(now), reminder_is_needless(), OutgoingMail.email.is_(None))
    ).values(state=MailState.CANCELLED)
    return _changed(session, suppressed) + _changed(session, cancelled)


def expire_leases(session: Session, *, now: datetime, lease: Lease = LEASE) -> int:
    """Return what dead senders held: unsent to the queue, uncertain by its policy.

    A mail that so many senders died over before DATA is given up: it may be what kills them.
    """
    # Two workers that change the same rows in different orders would wait for each other.
    wait_for_turn(session)
    _give_time(session, now, lease)
    expired = update(OutgoingMail).where(OutgoingMail.lease_until < now)
    claimed = expired.where(OutgoingMail.state == MailState.CLAIMED)
    hopeless = claimed.where(OutgoingMail.attempts >= MAX_ATTEMPTS).values(
        state=MailState.FAILED, reply_text="every sender ended before it was sent", **_NOT_HELD
    )
    unsent = claimed.values(state=MailState.QUEUED, **_NOT_HELD)
    in_data = expired.where(OutgoingMail.state == MailState.IN_DATA)
    kinds = resent_when_uncertain(session)
    may_resend = and_(OutgoingMail.kind.in_(kinds), OutgoingMail.n_uncertain == 0)
    resent = in_data.where(may_resend).values(state=MailState.QUEUED, n_uncertain=1, **_NOT_HELD)
    shown = in_data.values(
        state=MailState.UNCERTAIN, n_uncertain=OutgoingMail.n_uncertain + 1, **_NOT_HELD
    )
    return sum(_changed(session, statement) for statement in (hopeless, unsent, resent, shown))


def _give_time(session: Session, now: datetime, lease: Lease) -> None:
    """Give a lease that ended long ago another turn before it is taken away.

    Workers look every few seconds. What they find more than a lease too late comes from a clock
    that was set forward, or from a machine that was asleep, and its sender may be alive.
    """
    overlooked = OutgoingMail.lease_until < now - timedelta(seconds=lease.seconds)
    anew = now + timedelta(seconds=lease.seconds)
    _changed(session, update(OutgoingMail).where(overlooked).values(lease_until=anew))


def resent_when_uncertain(session: Session) -> tuple[MailKind, ...]:
    """The kinds that are sent once more when nobody knows whether they arrived.

    A password reset was asked for by its receiver, who can do so again but not wait for it.
    """
    if workspace(session).when_uncertain == WhenUncertain.HOLD:
        return (MailKind.PASSWORD_RESET,)
    return (*INVITATIONS, MailKind.PASSWORD_RESET)


def counts_by_state(session: Session, wave_ids: Sequence[int]) -> dict[MailState, int]:
    """How many mails of these waves are in each state."""
    rows = session.execute(
        select(OutgoingMail.state, func.count().label("mails"))
        .where(OutgoingMail.wave_id.in_(wave_ids))
        .group_by(OutgoingMail.state)
    )
    return {row.state: row.mails for row in rows}


def _after(session: Session, claim: Claim, delivery: Delivery, now: datetime) -> dict[str, Any]:
    if delivery.outcome is Outcome.REFUSED:
        return {"state": MailState.FAILED, **_NOT_HELD}
    if delivery.outcome is Outcome.UNCERTAIN:
        return _after_uncertain(session, claim, now)
    if delivery.outcome is Outcome.ABANDONED:
        # The next tick settles it as suppressed or cancelled, or sends it if it is wanted again.
        return {"state": MailState.QUEUED, "attempts": OutgoingMail.attempts - 1, **_NOT_HELD}
    return _after_delay(session, claim, now)


def _after_uncertain(session: Session, claim: Claim, now: datetime) -> dict[str, Any]:
    again = session.scalar(
        select(OutgoingMail.id).where(
            OutgoingMail.id == claim.mail_id,
            OutgoingMail.n_uncertain == 0,
            OutgoingMail.kind.in_(resent_when_uncertain(session)),
        )
    )
    return {
        "state": MailState.QUEUED if again else MailState.UNCERTAIN,
        "due_at": now + timedelta(minutes=RETRY_MINUTES[0]),
        "n_uncertain": OutgoingMail.n_uncertain + 1,
        **_NOT_HELD,
    }


def _after_delay(session: Session, claim: Claim, now: datetime) -> dict[str, Any]:
    attempts = session.scalar(select(OutgoingMail.attempts).where(OutgoingMail.id == claim.mail_id))
    if attempts is None or attempts >= MAX_ATTEMPTS:
        return {"state": MailState.FAILED, **_NOT_HELD}
    wait = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1]
    return {
        "state": MailState.DEFERRED,
        "due_at": now + timedelta(minutes=wait),
        **_NOT_HELD,
    }


def _mine(claim: Claim) -> Update:
    return update(OutgoingMail).where(
        OutgoingMail.id == claim.mail_id,
        OutgoingMail.owner == claim.owner,
        OutgoingMail.fence == claim.fence,
    )


def _names(claim: Claim) -> dict[str, Any]:
    return {"mail": claim.mail_id, "by": claim.owner, "with_fence": claim.fence}


def _changed(session: Session, statement: Update) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return result.rowcount
