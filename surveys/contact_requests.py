"""What respondents ask of the vendor in their own name: to be called, to ask somebody else.

A request stands apart from every answer; only identified surveys keep whose answers it came with.
What a person took back is not listed. Requests are made in preferences.py and responses.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Update, func, select, update
from sqlalchemy.orm import Session

from surveys.errors import NotFound
from surveys.models import Contact, ContactRequest, Partner, Survey, User, Wave
from surveys.terms import RequestKind

PAGE_SIZE = 50


class RequestState(StrEnum):
    """How far the vendor is with a request."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What to list; None: all that is not done yet."""

    state: RequestState | None = None
    kind: RequestKind | None = None

    @property
    def is_set(self) -> bool:
        """Whether a person chose anything."""
        return self.state is not None or self.kind is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRequest:
    """One request with the person who made it; `topic` is their own words, '' without any."""

    request_id: int
    kind: RequestKind
    state: RequestState
    name: str
    email: str
    company: str
    topic: str
    survey: str
    wave_label: str
    asked_on: date
    owner: str
    replied_on: date | None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """One page of the list, `number` from 1: the longest waiting first, what is done at the end."""

    entries: Sequence[ListedRequest]
    number: int
    n_found: int

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_found // PAGE_SIZE))


def request_page(session: Session, wanted: RequestFilter, *, number: int) -> RequestPage:
    """One page of the requests; the last when there are not that many."""
    conditions = _conditions(wanted)
    n_found = session.scalar(_joined(select(func.count())).where(*conditions)) or 0
    number = min(max(1, number), max(1, -(-n_found // PAGE_SIZE)))
    rows = session.execute(
        _entries()
        .where(*conditions)
        .order_by(
            ContactRequest.replied_on.desc().nulls_first(),
            ContactRequest.asked_on,
            ContactRequest.id,
        )
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return RequestPage([_entry(row) for row in rows], number, n_found)


def count_open(session: Session) -> int:
    """How many requests nobody has taken yet."""
    open_ones = select(func.count()).select_from(ContactRequest)
    return session.scalar(open_ones.where(*_conditions(RequestFilter(RequestState.OPEN)))) or 0


def take_request(session: Session, request_id: int, *, user_id: int) -> None:
    """Somebody will see to it. Raises NotFound, also for one that was taken back."""
    _change(session, request_id, _standing(request_id).values(owner_id=user_id))


def finish_request(session: Session, request_id: int, *, user_id: int, now: datetime) -> None:
    """The person was answered, by the owner or by whoever says so. Raises NotFound."""
    owner = func.coalesce(ContactRequest.owner_id, user_id)
    statement = _standing(request_id).values(replied_on=now.date(), owner_id=owner)
    _change(session, request_id, statement)


def reopen_request(session: Session, request_id: int) -> None:
    """It is not done after all, and nobody's. Raises NotFound."""
    _change(session, request_id, _standing(request_id).values(replied_on=None, owner_id=None))


def _standing(request_id: int) -> Update:
    return update(ContactRequest).where(
        ContactRequest.id == request_id, ContactRequest.withdrawn_on.is_(None)
    )


def _change(session: Session, request_id: int, statement: Update) -> None:
    changed = session.execute(statement.returning(ContactRequest.id)).one_or_none()
    if changed is None:
        raise NotFound("request", request_id)


def _conditions(wanted: RequestFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [ContactRequest.withdrawn_on.is_(None)]
    if wanted.kind:
        conditions.append(ContactRequest.kind == wanted.kind)
    if wanted.state is RequestState.DONE:
        return [*conditions, ContactRequest.replied_on.is_not(None)]
    conditions.append(ContactRequest.replied_on.is_(None))
    if wanted.state is RequestState.OPEN:
        conditions.append(ContactRequest.owner_id.is_(None))
    if wanted.state is RequestState.TAKEN:
        conditions.append(ContactRequest.owner_id.is_not(None))
    return conditions


def _entries() -> Select[*tuple[Any, ...]]:
    return _joined(
        select(
            ContactRequest.id,
            ContactRequest.kind,
            ContactRequest.topic,
            ContactRequest.asked_on,
            ContactRequest.replied_on,
            User.name.label("owner"),
            Contact.first_name,
            Contact.last_name,
            Contact.email,
            Partner.name.label("company"),
            Survey.name.label("survey"),
            Wave.label.label("wave"),
        )
    )


def _joined(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        statement.select_from(ContactRequest)
        .join(Contact, Contact.id == ContactRequest.contact_id)
        .join(Wave, Wave.id == ContactRequest.wave_id)
        .join(Survey, Survey.id == Wave.survey_id)
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .outerjoin(User, User.id == ContactRequest.owner_id)
    )


def _entry(row: Any) -> ListedRequest:
    return ListedRequest(
        request_id=row.id,
        kind=RequestKind(row.kind),
        state=_state(row),
        name=" ".join(part for part in (row.first_name, row.last_name) if part),
        email=row.email or "",
        company=row.company or "",
        topic=row.topic or "",
        survey=row.survey,
        wave_label=row.wave,
        asked_on=row.asked_on,
        owner=row.owner or "",
        replied_on=row.replied_on,
    )


def _state(row: Any) -> RequestState:
    if row.replied_on is not None:
        return RequestState.DONE
    return RequestState.TAKEN if row.owner else RequestState.OPEN
