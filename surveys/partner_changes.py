"""One partner company added or changed by hand, with the meaning that a file's columns have.

A company that left or was put aside is asked no more; waves that were opened before keep it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.carried_stops import withdraw_waiting_mails
from surveys.errors import FieldError
from surveys.models import Contact, Partner, User
from surveys.search_keys import search_key

_TEXTS = ("external_id", "type", "tier", "region", "country", "size_band", "revenue_band")
_COLUMNS = ("name", *_TEXTS, "owner_id", "left_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerFacts:
    """What is known of a company. Empty text means unknown.

    `owner_id`: the account manager. `left_on`: the day since which it is no partner any more.
    `is_archived`: put aside, in no list but that of companies put aside.
    """

    name: str
    external_id: str = ""
    type: str = ""
    tier: str = ""
    region: str = ""
    country: str = ""
    size_band: str = ""
    revenue_band: str = ""
    owner_id: int | None = None
    left_on: date | None = None
    is_archived: bool = False


def partner_facts(partner: Partner) -> PartnerFacts:
    """The facts as they are stored."""
    return PartnerFacts(
        name=partner.name,
        owner_id=partner.owner_id,
        left_on=partner.left_on,
        is_archived=partner.archived_at is not None,
        **{name: getattr(partner, name) or "" for name in _TEXTS},
    )


def change_partner(
    session: Session, partner: Partner, facts: PartnerFacts, *, now: datetime
) -> Sequence[str]:
    """Store what differs; the names of the facts that changed.

    The people of a company that leaves get nothing of what still waits. Raises FieldError:
    `external_id` (taken), `owner_id` (unknown).
    """
    before = partner_facts(partner)
    _set_facts(session, partner, facts, now)
    after = partner_facts(partner)
    changed = [
        name for name in PartnerFacts.__slots__ if getattr(before, name) != getattr(after, name)
    ]
    if _is_gone(partner) and not {"left_on", "is_archived"}.isdisjoint(changed):
        people = session.scalars(select(Contact.id).where(Contact.partner_id == partner.id))
        withdraw_waiting_mails(session, people.all())
    return changed


def add_partner(session: Session, facts: PartnerFacts, *, now: datetime) -> Partner:
    """A new company; raises FieldError as `change_partner` does, and `name` (taken).

    Two companies of one name are told apart by their identifiers, so the second needs one.
    """
    known = session.scalar(
        select(Partner.id).where(Partner.search_key == search_key(facts.name)).limit(1)
    )
    if known is not None and not facts.external_id:
        raise FieldError("name", "taken")
    partner = Partner(attributes={})
    with session.no_autoflush:
        _set_facts(session, partner, facts, now)
    return partner


def _set_facts(session: Session, partner: Partner, facts: PartnerFacts, now: datetime) -> None:
    if facts.external_id and facts.external_id != partner.external_id:
        query = select(Partner.id).where(Partner.external_id == facts.external_id)
        if session.scalar(query) is not None:
            raise FieldError("external_id", "taken")
    if facts.owner_id is not None and session.get(User, facts.owner_id) is None:
        raise FieldError("owner_id", "unknown")
    for name in _COLUMNS:
        value = getattr(facts, name)
        setattr(partner, name, None if value == "" else value)
    partner.search_key = search_key(facts.name)
    partner.archived_at = (partner.archived_at or now) if facts.is_archived else None
    session.add(partner)
    try:
        session.flush()
    except IntegrityError as error:
        raise FieldError("external_id", "taken") from error


def _is_gone(partner: Partner) -> bool:
    return partner.left_on is not None or partner.archived_at is not None
