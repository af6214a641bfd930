"""One contact added or changed by hand, with the same meaning that a row of a file has.

What a person decided about our mails is not among the facts: an opt-out ends only on the page that
lifts it, and it follows the person to a new address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.carried_stops import (
    carry_over,
    is_erased,
    readdress_waiting_mails,
    withdraw_waiting_mails,
)
from surveys.contact_writer import ContactKeys
from surveys.email_addresses import normalise_email
from surveys.errors import FieldError
from surveys.models import Contact, Partner
from surveys.search_keys import search_key
from surveys.terms import Audience
from surveys.tokens import PREFERENCES, hash_token, identity_hash, make_token


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """What is known of a person. Empty text means unknown.

    `company` is the exact name or the identifier of a partner, empty for the vendor's own staff.
    `left_on`: the day since which the person is not there any more.
    """

    email: str
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    locale: str
    time_zone: str = ""
    country: str = ""
    role: str = ""
    job_title: str = ""
    team: str = ""
    is_main: bool = False
    do_not_survey_until: date | None = None
    left_on: date | None = None


_TEXTS = ("first_name", "last_name", "time_zone", "country", "role", "job_title", "team")
#: Facts that are columns of the same name and may be unknown.
_PLAIN = (*_TEXTS, "is_main", "do_not_survey_until", "left_on")


def facts_of(contact: Contact, partner: Partner | None) -> ContactFacts:
    """The facts as they are stored."""
    texts = {name: getattr(contact, name) or "" for name in _TEXTS}
    return ContactFacts(
        email=contact.email or "",
        company=partner.name if partner else "",
        locale=contact.locale,
        is_main=contact.is_main,
        do_not_survey_until=contact.do_not_survey_until,
        left_on=contact.left_on,
        **texts,
    )


def change_contact(
    session: Session,
    contact: Contact,
    facts: ContactFacts,
    *,
    keys: ContactKeys,
    now: datetime,
) -> Sequence[str]:
    """Store what differs; the names of the facts that changed.

    Who left, or is not to be asked for a time, gets nothing of what still waits; mails that wait go
    to a changed address. Raises FieldError: `email` (invalid, taken, erased), `company` (unknown,
    several).
    """
    before = _stored(contact)
    old_hash = contact.email_hash
    _set_address(session, contact, facts.email, keys)
    _set_facts(session, contact, facts)
    _flush(session)
    changed = [name for name, value in _stored(contact).items() if before[name] != value]
    if "email" in changed and contact.email_hash is not None:
        _follow(session, contact, old_hash, now)
    if _is_to_be_left_alone(contact, changed, now.date()):
        withdraw_waiting_mails(session, [contact.id])
    return changed


def add_contact(
    session: Session,
    facts: ContactFacts,
    *,
    audience: Audience,
    keys: ContactKeys,
    now: datetime,
) -> Contact:
    """A new person; raises FieldError as `change_contact` does.

    An address that stopped our mails before stays stopped.
    """
    contact = Contact(
        audience=audience,
        locale=facts.locale,
        search_key="",
        attributes={},
        token_version=1,
        created_at=now,
    )
    with session.no_autoflush:
        _set_address(session, contact, facts.email, keys)
        _set_facts(session, contact, facts)
    session.add(contact)
    _flush(session)
    token = make_token(keys.secret_key, PREFERENCES, contact.id, contact.token_version)
    contact.preferences_hash = hash_token(token)
    session.flush()
    return contact


def partner_named(session: Session, text: str) -> Partner:
    """The company of this identifier, else of this name in any spelling.

    Raises FieldError `company`: unknown, several.
    """
    by_identifier = session.scalar(select(Partner).where(Partner.external_id == text))
    if by_identifier is not None:
        return by_identifier
    found = session.scalars(
        select(Partner).where(Partner.search_key == search_key(text), Partner.archived_at.is_(None))
    ).all()
    if len(found) != 1:
        raise FieldError("company", "several" if found else "unknown")
    return found[0]


def _set_address(session: Session, contact: Contact, email: str, keys: ContactKeys) -> None:
    key = normalise_email(email)
    if key is None:
        raise FieldError("email", "invalid")
    email_hash = identity_hash(keys.identity_key, key)
    if email_hash != contact.email_hash:
        holder = session.scalar(select(Contact.id).where(Contact.email_hash == email_hash))
        if holder is not None:
            raise FieldError("email", "taken")
        if is_erased(session, email_hash):
            raise FieldError("email", "erased")
    contact.email, contact.email_hash = email.strip(), email_hash


def _set_facts(session: Session, contact: Contact, facts: ContactFacts) -> None:
    if contact.audience is Audience.PARTNER:
        contact.partner_id = partner_named(session, facts.company).id
    contact.locale = facts.locale
    for name in _PLAIN:
        value = getattr(facts, name)
        setattr(contact, name, None if value == "" else value)
    contact.search_key = search_key(contact.first_name, contact.last_name, contact.email)


def _flush(session: Session) -> None:
    """Two people who type the same address at once both found it free; the second is told.

    The transaction is then lost, and the caller rolls it back.
    """
    try:
        session.flush()
    except IntegrityError as error:
        raise FieldError("email", "taken") from error


def _stored(contact: Contact) -> dict[str, object]:
    names = ("email", "partner_id", "locale", *_PLAIN)
    return {name: getattr(contact, name) for name in names}


def _follow(session: Session, contact: Contact, old_hash: bytes | None, now: datetime) -> None:
    assert contact.email is not None
    assert contact.email_hash is not None
    if old_hash is not None:
        carry_over(session, old_hash, contact.email_hash, email=contact.email, now=now)
    readdress_waiting_mails(
        session, [contact.id], email=contact.email, email_hash=contact.email_hash
    )


def _is_to_be_left_alone(contact: Contact, changed: Sequence[str], today: date) -> bool:
    is_paused = contact.do_not_survey_until is not None and contact.do_not_survey_until > today
    return ("left_on" in changed and contact.left_on is not None) or (
        "do_not_survey_until" in changed and is_paused
    )
