"""The list of everybody who can be asked, as a page shows it: search, filters, pages of fifty.

Read only. Whom a wave really asks is decided when it opens (`surveys/invitations.py`); people and
companies that have left are in neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import Session

from surveys.models import Contact, Partner, Suppression
from surveys.search_keys import search_key
from surveys.terms import Audience, SuppressionReason

PAGE_SIZE = 50
MAX_WORDS = 6
MASK = "…"


class Reach(StrEnum):
    """Whether mail reaches a person."""

    OK = "ok"
    STOPPED = "stopped"
    BOUNCED = "bounced"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """What to list: one audience; words that all must be found; a level and a type of partner.

    Words are looked for in name, address and company. Empty means every contact.
    """

    audience: Audience = Audience.PARTNER
    text: str = ""
    tier: str = ""
    type: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anybody out who belongs to the audience."""
        return bool(self.text or self.tier or self.type)


@dataclass(frozen=True, slots=True)
class ListedContact:
    """One line of the list; `email` is masked for people who may not see addresses."""

    contact_id: int
    name: str
    email: str
    partner_id: int | None
    company: str
    tier: str
    team: str
    locale: str
    reach: Reach


@dataclass(frozen=True, slots=True)
class ContactPage:
    """One page of the list, `number` counted from 1; what can be filtered by, in order."""

    contacts: tuple[ListedContact, ...]
    n_contacts: int
    number: int
    tiers: tuple[str, ...]
    types: tuple[str, ...]

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_contacts // PAGE_SIZE))


def list_contacts(
    session: Session, wanted: ContactFilter, *, number: int = 1, may_see_addresses: bool
) -> ContactPage:
    """One page of contacts, by folded name; the last page when there are not that many.

    Who may not see addresses does not find people by them either. Five statements, whatever the
    number of contacts.
    """
    conditions = _conditions(wanted, may_see_addresses)
    n_contacts = session.scalar(select(func.count(Contact.id)).where(*conditions)) or 0
    number = min(max(1, number), max(1, -(-n_contacts // PAGE_SIZE)))
    rows = _rows(session, _page_ids(session, conditions, n_contacts, number))
    reasons = _reasons(session, [row.email_hash for row in rows if row.email_hash])
    tiers, types = _choices(session)
    return ContactPage(
        contacts=tuple(_listed(row, reasons, may_see_addresses) for row in rows),
        n_contacts=n_contacts,
        number=number,
        tiers=tiers,
        types=types,
    )


def masked(email: str) -> str:
    """An address of which only the first letter and the domain are told."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}{MASK}@{domain}"


def _page_ids(
    session: Session, conditions: Sequence[ColumnElement[bool]], n_contacts: int, number: int
) -> Sequence[int]:
    """Who stands on a page, walked to along the index from the nearer end of the list."""
    first = (number - 1) * PAGE_SIZE
    size = min(PAGE_SIZE, n_contacts - first)
    order: tuple[Any, ...] = (Contact.search_key, Contact.id)
    offset = first
    if first > n_contacts // 2:
        order = (Contact.search_key.desc(), Contact.id.desc())
        offset = n_contacts - first - size
    return session.scalars(
        select(Contact.id).where(*conditions).order_by(*order).offset(offset).limit(size)
    ).all()


def _rows(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    return session.execute(
        select(
            Contact.id,
            Contact.first_name,
            Contact.last_name,
            Contact.email,
            Contact.email_hash,
            Contact.team,
            Contact.locale,
            Contact.partner_id,
            Partner.name.label("company"),
            Partner.tier,
        )
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .where(Contact.id.in_(ids))
        .order_by(Contact.search_key, Contact.id)
    ).all()


def _conditions(wanted: ContactFilter, may_see_addresses: bool) -> list[ColumnElement[bool]]:
    """Without a join: companies are few beside people, and a set of their ids is asked instead."""
    conditions = [
        Contact.audience == wanted.audience,
        Contact.left_on.is_(None),
        Contact.merged_into_id.is_(None),
    ]
    if wanted.audience is Audience.PARTNER:
        conditions += _of_companies(wanted)
    own_key: ColumnElement[str] = Contact.search_key.expression
    if not may_see_addresses:
        own_key = func.replace(own_key, func.lower(func.coalesce(Contact.email, "")), "")
    words = search_key(wanted.text).split()[:MAX_WORDS]
    return conditions + [
        or_(
            own_key.contains(word, autoescape=True),
            Contact.partner_id.in_(
                select(Partner.id).where(Partner.search_key.contains(word, autoescape=True))
            ),
        )
        for word in words
    ]


def _of_companies(wanted: ContactFilter) -> list[ColumnElement[bool]]:
    is_gone = or_(Partner.archived_at.is_not(None), Partner.left_on.is_not(None))
    conditions: list[ColumnElement[bool]] = [
        Contact.partner_id.not_in(select(Partner.id).where(is_gone))
    ]
    if wanted.tier or wanted.type:
        chosen = select(Partner.id)
        if wanted.tier:
            chosen = chosen.where(Partner.tier == wanted.tier)
        if wanted.type:
            chosen = chosen.where(Partner.type == wanted.type)
        conditions.append(Contact.partner_id.in_(chosen))
    return conditions


def _reasons(
    session: Session, hashes: Sequence[bytes]
) -> Mapping[bytes, frozenset[SuppressionReason]]:
    """Why nothing is mailed to these addresses, whatever the survey."""
    found = session.execute(
        select(Suppression.email_hash, Suppression.reason).where(
            Suppression.email_hash.in_(hashes),
            Suppression.survey_id.is_(None),
            Suppression.lifted_at.is_(None),
        )
    ).all()
    return {
        each: frozenset(reason for email_hash, reason in found if email_hash == each)
        for each in {email_hash for email_hash, _ in found}
    }


def _choices(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tiers and types that partners have."""
    found = session.execute(select(Partner.tier, Partner.type).distinct()).all()
    return _in_order(tier for tier, _ in found), _in_order(kind for _, kind in found)


def _in_order(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}, key=search_key))


def _listed(
    row: Row[Any],
    reasons: Mapping[bytes, frozenset[SuppressionReason]],
    may_see_addresses: bool,
) -> ListedContact:
    email = row.email or ""
    return ListedContact(
        contact_id=row.id,
        name=" ".join(filter(None, (row.first_name, row.last_name))),
        email=email if may_see_addresses or not email else masked(email),
        partner_id=row.partner_id,
        company=row.company or "",
        tier=row.tier or "",
        team=row.team or "",
        locale=row.locale,
        reach=_reach(row, reasons.get(row.email_hash, frozenset())),
    )


def _reach(row: Row[Any], reasons: frozenset[SuppressionReason]) -> Reach:
    """A person's own decision says more than a bounce."""
    if row.email is None:
        return Reach.NO_ADDRESS
    if reasons - {SuppressionReason.HARD_BOUNCE}:
        return Reach.STOPPED
    return Reach.BOUNCED if reasons else Reach.OK
