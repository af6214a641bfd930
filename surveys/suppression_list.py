"""The suppression list as staff see it: who gets no mail, why, since when, and by whose word.

Read only. Entries are made and lifted in preferences.py; the statement that sends asks the table
itself (surveys/mail/outbox.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from surveys.models import Contact, Partner, Suppression, Survey
from surveys.search_keys import search_key
from surveys.terms import SuppressionReason

PAGE_SIZE = 50
MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class SuppressionFilter:
    """What to list: one reason; words of address, name or company that all must be found."""

    reason: SuppressionReason | None = None
    text: str = ""

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return bool(self.reason or self.text.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSuppression:
    """One entry. Without a survey it holds for all; an erased person has no address."""

    suppression_id: int
    email: str
    name: str
    company: str
    reason: SuppressionReason
    survey: str | None
    source: str
    created_at: datetime

    @property
    def may_be_lifted(self) -> bool:
        """An erased person asked to be forgotten; nobody takes that back for them."""
        return self.reason is not SuppressionReason.ERASED


@dataclass(frozen=True, slots=True)
class SuppressionPage:
    """One page of the list, `number` from 1, the newest first."""

    entries: Sequence[ListedSuppression]
    number: int
    n_found: int

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_found // PAGE_SIZE))


def suppression_page(
    session: Session, wanted: SuppressionFilter, *, number: int
) -> SuppressionPage:
    """One page of what holds now; the last when there are not that many."""
    conditions = _conditions(wanted)
    n_found = session.scalar(_joined(select(func.count())).where(*conditions)) or 0
    number = min(max(1, number), max(1, -(-n_found // PAGE_SIZE)))
    rows = session.execute(
        _entries()
        .where(*conditions)
        .order_by(Suppression.created_at.desc(), Suppression.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return SuppressionPage([_entry(row) for row in rows], number, n_found)


def suppression_entry(session: Session, suppression_id: int) -> ListedSuppression | None:
    """One entry that still holds."""
    row = session.execute(
        _entries().where(Suppression.id == suppression_id, Suppression.lifted_at.is_(None))
    ).one_or_none()
    return None if row is None else _entry(row)


def entries_of(session: Session, email_hash: bytes) -> Sequence[ListedSuppression]:
    """What holds for one address, the newest first."""
    rows = session.execute(
        _entries()
        .where(Suppression.email_hash == email_hash, Suppression.lifted_at.is_(None))
        .order_by(Suppression.created_at.desc(), Suppression.id.desc())
    )
    return [_entry(row) for row in rows]


def _conditions(wanted: SuppressionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Suppression.lifted_at.is_(None)]
    if wanted.reason:
        conditions.append(Suppression.reason == wanted.reason)
    return conditions + [
        or_(
            func.lower(Suppression.email).contains(word, autoescape=True),
            Contact.search_key.contains(word, autoescape=True),
            Partner.search_key.contains(word, autoescape=True),
        )
        for word in search_key(wanted.text).split()[:MAX_WORDS]
    ]


def _entries() -> Select[*tuple[Any, ...]]:
    return _joined(
        select(
            Suppression.id,
            Suppression.email,
            Suppression.reason,
            Suppression.source,
            Suppression.created_at,
            Survey.name.label("survey"),
            Contact.first_name,
            Contact.last_name,
            Partner.name.label("company"),
        )
    )


def _joined(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.select_from(Suppression)
        .outerjoin(Contact, Contact.email_hash == Suppression.email_hash)
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .outerjoin(Survey, Survey.id == Suppression.survey_id)
    )


def _entry(row: Any) -> ListedSuppression:
    return ListedSuppression(
        suppression_id=row.id,
        email=row.email or "",
        name=" ".join(filter(None, (row.first_name, row.last_name))),
        company=row.company or "",
        reason=row.reason,
        survey=row.survey,
        source=row.source,
        created_at=row.created_at,
    )
