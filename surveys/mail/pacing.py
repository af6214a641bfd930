"""How many mails may be tried in a minute: of all senders together, and to one domain.

Counted are tries of the last minute, accepted or not, and what senders hold now. Both caps are
exact: claims wait for each other (`wait_for_turn`), so that each sees the one before. A claim takes
milliseconds and is made once for many mails.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CTE, ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from surveys.models import OutgoingMail
from surveys.terms import MailState

HELD = (MailState.CLAIMED, MailState.IN_DATA)
#: The key of the lock among PostgreSQL's advisory ones; nothing else of the product takes any.
TURN = 5_321


@dataclass(frozen=True, slots=True)
class Pace:
    """Mails a minute at most."""

    per_minute: int
    per_domain: int


def wait_for_turn(session: Session) -> None:
    """Let claims follow one another until the transaction ends; SQLite's writers do anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(TURN)))


def recipient_domain(session: Session) -> ColumnElement[str]:
    """The domain of a mail's recipient, in lower case."""
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    place = func.strpos if is_postgresql else func.instr
    return func.lower(func.substr(OutgoingMail.email, place(OutgoingMail.email, "@") + 1))


def has_room(session: Session, pace: Pace, *, limit: int, now: datetime) -> bool:
    """Whether so many more could go to any one domain: then none of them need be counted."""
    tried = select(func.count()).where(OutgoingMail.tried_at.between(_minute_before(now), now))
    held = select(func.count()).where(OutgoingMail.state.in_(HELD))
    recent = session.scalar(select(tried.scalar_subquery() + held.scalar_subquery())) or 0
    return recent + limit <= min(pace.per_minute, pace.per_domain)


def recent_tries(session: Session, *, now: datetime) -> CTE:
    """How many `mails` of the last minute by `domain`."""
    domain = recipient_domain(session)
    # A try noted by a clock that was set back since says nothing about this minute.
    was_tried = OutgoingMail.tried_at.between(_minute_before(now), now)
    return (
        select(domain.label("domain"), func.count().label("mails"))
        .where(OutgoingMail.email.is_not(None), or_(was_tried, OutgoingMail.state.in_(HELD)))
        .group_by(domain)
        .cte("recent")
    )


def is_below_cap(session: Session, recent: CTE, pace: Pace) -> ColumnElement[bool]:
    """Whether the recipient's domain may be sent to at all."""
    full = select(recent.c.domain).where(recent.c.mails >= pace.per_domain)
    return recipient_domain(session).not_in(full)


def within_caps(due: CTE, recent: CTE, pace: Pace) -> Select[tuple[int]]:
    """Ids of those of `due` (id, domain, due_at) that both caps leave room for, oldest first."""
    in_order = (due.c.due_at, due.c.id)
    in_domain = func.row_number().over(partition_by=due.c.domain, order_by=in_order)
    of_all = func.row_number().over(order_by=in_order)
    recent_of_all = select(func.coalesce(func.sum(recent.c.mails), 0)).scalar_subquery()
    ranked = (
        select(
            due.c.id,
            (in_domain + func.coalesce(recent.c.mails, 0)).label("in_domain"),
            (of_all + recent_of_all).label("of_all"),
        )
        .select_from(due.outerjoin(recent, recent.c.domain == due.c.domain))
        .subquery("ranked")
    )
    return select(ranked.c.id).where(
        ranked.c.in_domain <= pace.per_domain, ranked.c.of_all <= pace.per_minute
    )


def _minute_before(now: datetime) -> datetime:
    return now - timedelta(minutes=1)
