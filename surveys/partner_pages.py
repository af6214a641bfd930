"""Partner companies as pages show them: a list with search and filters, and one company.

Whether a company took part is told wave by wave: answered or not, never who or how many, since
that was promised. In identified surveys the number is told too. An anonymous answer shows once it
has been shuffled. Source: method of confidentiality, section 6.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Session

from surveys.contact_list import Reach
from surveys.models import Contact, Invitation, Partner, Suppression, Survey, User, Wave
from surveys.search_keys import search_key
from surveys.terms import Mode, SuppressionReason, WaveState

PAGE_SIZE = 50
MAX_WORDS = 6
SHOWN_WAVES = 24
SHOWN_PEOPLE = 200


class Standing(StrEnum):
    """Whether companies are in the programme."""

    PRESENT = "present"
    LEFT = "left"
    ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class PartnerFilter:
    """What to list; words are looked for in the name, and the identifier as a whole."""

    text: str = ""
    tier: str = ""
    region: str = ""
    type: str = ""
    standing: Standing = Standing.PRESENT

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out any company of the programme."""
        return self != PartnerFilter()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPartner:
    """One line of the list."""

    partner_id: int
    name: str
    type: str
    tier: str
    region: str
    owner: str
    n_contacts: int


@dataclass(frozen=True, slots=True)
class PartnerChoices:
    """The segment values that companies have, in order."""

    tiers: Sequence[str]
    regions: Sequence[str]
    types: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerList:
    """One page of the list, `number` from 1; what can be filtered by."""

    partners: Sequence[ListedPartner]
    n_found: int
    number: int
    choices: PartnerChoices

    @property
    def n_pages(self) -> int:
        """At least one."""
        return max(1, -(-self.n_found // PAGE_SIZE))


@dataclass(frozen=True, slots=True)
class Colleague:
    """One person of a company. State of mail may stand here, answering may not."""

    contact_id: int
    name: str
    role: str
    is_main: bool
    has_left: bool
    reach: Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class TookPart:
    """One wave: how many people were asked, and whether the company answered.

    `answered` is the number of people, in identified surveys only.
    """

    survey: str
    label: str
    mode: Mode
    is_open: bool
    opens_at: datetime
    invited: int
    has_answered: bool
    answered: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerPage:
    """One company with its people and waves."""

    partner: Partner
    owner: str
    people: Sequence[Colleague]
    n_people: int
    took_part: Sequence[TookPart]


def list_partners(session: Session, wanted: PartnerFilter, *, number: int = 1) -> PartnerList:
    """One page of companies by folded name; the last page when there are not that many."""
    conditions = _conditions(wanted)
    n_found = session.scalar(select(func.count(Partner.id)).where(*conditions)) or 0
    number = min(max(1, number), max(1, -(-n_found // PAGE_SIZE)))
    rows = _rows(session, conditions, n_found=n_found, number=number)
    return PartnerList(
        partners=rows, n_found=n_found, number=number, choices=partner_choices(session)
    )


def partner_choices(session: Session) -> PartnerChoices:
    """What a filter offers, and what a form proposes."""
    found = session.execute(select(Partner.tier, Partner.region, Partner.type).distinct()).all()
    return PartnerChoices(
        tiers=_in_order(row.tier for row in found),
        regions=_in_order(row.region for row in found),
        types=_in_order(row.type for row in found),
    )


def partner_page(session: Session, partner: Partner) -> PartnerPage:
    """Everything that the page of this company shows."""
    owner = session.get(User, partner.owner_id) if partner.owner_id else None
    n_people = session.scalar(
        select(func.count(Contact.id)).where(Contact.partner_id == partner.id, _is_person())
    )
    return PartnerPage(
        partner=partner,
        owner=owner.name if owner else "",
        people=_people(session, partner.id),
        n_people=n_people or 0,
        took_part=_took_part(session, partner.id),
    )


def _conditions(wanted: PartnerFilter) -> list[ColumnElement[bool]]:
    conditions = [
        {
            Standing.PRESENT: and_(Partner.archived_at.is_(None), Partner.left_on.is_(None)),
            Standing.LEFT: and_(Partner.archived_at.is_(None), Partner.left_on.is_not(None)),
            Standing.ARCHIVED: Partner.archived_at.is_not(None),
        }[wanted.standing]
    ]
    conditions += [
        getattr(Partner, name) == value
        for name in ("tier", "region", "type")
        if (value := getattr(wanted, name))
    ]
    words = search_key(wanted.text).split()[:MAX_WORDS]
    if words:
        named = and_(*(Partner.search_key.contains(word, autoescape=True) for word in words))
        conditions.append(or_(named, Partner.external_id == wanted.text.strip()))
    return conditions


def _rows(
    session: Session, conditions: Sequence[ColumnElement[bool]], *, n_found: int, number: int
) -> list[ListedPartner]:
    """The companies of a page, walked to from the nearer end of the list."""
    first = (number - 1) * PAGE_SIZE
    size = min(PAGE_SIZE, n_found - first)
    is_from_end = first > n_found // 2
    order: tuple[Any, ...] = (Partner.search_key, Partner.id)
    if is_from_end:
        order = tuple(column.desc() for column in order)
    ids = session.scalars(
        select(Partner.id)
        .where(*conditions)
        .order_by(*order)
        .offset(n_found - first - size if is_from_end else first)
        .limit(size)
    ).all()
    n_contacts = (
        select(func.count(Contact.id))
        .where(Contact.partner_id == Partner.id, _is_person(), Contact.left_on.is_(None))
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            Partner.id,
            Partner.name,
            Partner.type,
            Partner.tier,
            Partner.region,
            User.name.label("owner"),
            n_contacts.label("n_contacts"),
        )
        .outerjoin(User, User.id == Partner.owner_id)
        .where(Partner.id.in_(ids))
        .order_by(Partner.search_key, Partner.id)
    )
    return [
        ListedPartner(
            partner_id=row.id,
            name=row.name,
            type=row.type or "",
            tier=row.tier or "",
            region=row.region or "",
            owner=row.owner or "",
            n_contacts=row.n_contacts,
        )
        for row in rows
    ]


def _is_person() -> ColumnElement[bool]:
    return Contact.merged_into_id.is_(None)


def _people(session: Session, partner_id: int) -> list[Colleague]:
    """Main contacts first, who left last."""
    is_bounce = case((Suppression.reason == SuppressionReason.HARD_BOUNCE, 1), else_=0)
    only_bounced = (
        select(func.min(is_bounce))
        .where(
            Suppression.email_hash == Contact.email_hash,
            Suppression.survey_id.is_(None),
            Suppression.lifted_at.is_(None),
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Contact, only_bounced.label("only_bounced"))
        .where(Contact.partner_id == partner_id, _is_person())
        .order_by(
            case((Contact.left_on.is_(None), 0), else_=1),
            Contact.is_main.desc(),
            Contact.search_key,
            Contact.id,
        )
        .limit(SHOWN_PEOPLE)
    )
    return [_colleague(row.Contact, row.only_bounced) for row in rows]


def _colleague(contact: Contact, only_bounced: int | None) -> Colleague:
    name = " ".join(filter(None, (contact.first_name, contact.last_name)))
    return Colleague(
        contact_id=contact.id,
        name=name or contact.email or "",
        role=contact.role or contact.job_title or "",
        is_main=contact.is_main,
        has_left=contact.left_on is not None,
        reach=_reach(contact, only_bounced),
    )


def _reach(contact: Contact, only_bounced: int | None) -> Reach:
    if contact.email is None:
        return Reach.NO_ADDRESS
    if only_bounced is None:
        return Reach.OK
    return Reach.BOUNCED if only_bounced else Reach.STOPPED


def _took_part(session: Session, partner_id: int) -> list[TookPart]:
    has_answered = and_(Invitation.answered_on.is_not(None), ~Invitation.is_waiting)
    counts = (
        select(
            Invitation.wave_id,
            func.count().label("invited"),
            func.sum(case((has_answered, 1), else_=0)).label("answered"),
        )
        .where(Invitation.partner_id == partner_id)
        .group_by(Invitation.wave_id)
        .subquery()
    )
    rows = session.execute(
        select(Survey.name, Wave.label, Wave.mode, Wave.state, Wave.opens_at, counts)
        .join(Wave, Wave.id == counts.c.wave_id)
        .join(Survey, Survey.id == Wave.survey_id)
        .order_by(Wave.opens_at.desc(), Wave.id.desc())
        .limit(SHOWN_WAVES)
    )
    return [
        TookPart(
            survey=row.name,
            label=row.label,
            mode=row.mode,
            is_open=row.state is not WaveState.CLOSED,
            opens_at=row.opens_at,
            invited=row.invited,
            has_answered=row.answered > 0,
            answered=int(row.answered) if row.mode is Mode.IDENTIFIED else None,
        )
        for row in rows
    ]


def _in_order(values: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}, key=search_key))
