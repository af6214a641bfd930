"""What a person decides about our mails: stop them, for one survey or for all; be called; name
another.

An opt-out is a row of the suppression list, kept by a keyed hash of the address. It is checked by
the statement that sends (surveys/mail/outbox.py), outlives the contact, and an import cannot revive
it; only a person lifts it.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.errors import NotFound, TokenUnknown
from surveys.models import Contact, ContactRequest, Suppression
from surveys.responses import Door
from surveys.terms import SuppressionReason
from surveys.tokens import PREFERENCES, hash_token, is_token, make_token

MAX_TOPIC_LENGTH = 1000


@dataclass(frozen=True, slots=True)
class Preferences:
    """A contact's mail settings, as the page behind the unsubscribe link shows them."""

    contact_id: int
    locale: str
    is_stopped: bool


def preferences_token(secret_key: str, contact: Contact) -> str:
    """The token of a contact's own preference page."""
    return make_token(secret_key, PREFERENCES, contact.id, contact.token_version)


def open_preferences(session: Session, token: str) -> Preferences:
    """Find whose mails a link is about; the token is the permission. Raises TokenUnknown."""
    if not is_token(token):
        raise TokenUnknown
    contact = session.scalar(select(Contact).where(Contact.preferences_hash == hash_token(token)))
    if contact is None:
        raise TokenUnknown
    return Preferences(contact.id, contact.locale, _is_stopped(session, contact.email_hash))


def stop_mails(session: Session, preferences: Preferences, *, source: str, now: datetime) -> None:
    """Mail nothing to this person any more; repeating it changes nothing."""
    contact = session.get_one(Contact, preferences.contact_id)
    if contact.email_hash is not None:
        suppress(
            session,
            contact.email_hash,
            email=contact.email,
            reason=SuppressionReason.OPT_OUT,
            source=source,
            now=now,
        )


def resume_mails(session: Session, preferences: Preferences, *, now: datetime) -> None:
    """The person changed their mind on their own page: their own opt-out ends, nothing else."""
    contact = session.get_one(Contact, preferences.contact_id)
    # A lifted row names who lifted it; where that was the person, the opt-out is simply withdrawn.
    session.execute(
        delete(Suppression).where(
            Suppression.email_hash == contact.email_hash,
            Suppression.reason == SuppressionReason.OPT_OUT,
            Suppression.survey_id.is_(None),
            Suppression.lifted_at.is_(None),
        )
    )


def suppress(
    session: Session,
    email_hash: bytes,
    *,
    email: str | None,
    reason: SuppressionReason,
    source: str,
    now: datetime,
    survey_id: int | None = None,
) -> None:
    """Put an address on the suppression list; once is enough."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    session.execute(
        dialect.insert(Suppression)
        .values(
            email_hash=email_hash,
            email=email,
            survey_id=survey_id,
            reason=reason,
            source=source,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


def lift_suppression(session: Session, suppression_id: int, *, user_id: int, now: datetime) -> None:
    """A person of the vendor lifts one entry, and is named for it. Raises NotFound."""
    changed = session.execute(
        update(Suppression)
        .where(Suppression.id == suppression_id, Suppression.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by_id=user_id)
        .returning(Suppression.id)
    ).one_or_none()
    if changed is None:
        raise NotFound("suppression", suppression_id)


def request_contact(
    session: Session, door: Door, *, topic: str, consent_key: str, now: datetime
) -> bool:
    """'Please call me': kept apart from the answers; once per person and wave.

    `consent_key` names the wording that was agreed to. False when there is nobody to call, or when
    it was asked already.
    """
    if door.contact_id is None:
        return False
    # Two clicks at once would both find no request; they queue at the person's own row.
    session.execute(select(Contact.id).where(Contact.id == door.contact_id).with_for_update())
    if has_asked_for_call(session, door):
        return False
    session.add(
        ContactRequest(
            contact_id=door.contact_id,
            wave_id=door.wave_id,
            kind="call_me",
            topic=topic.strip()[:MAX_TOPIC_LENGTH] or None,
            consent_key=consent_key,
            asked_on=now.date(),
        )
    )
    return True


def has_asked_for_call(session: Session, door: Door) -> bool:
    """Whether this person has asked to be called after this wave, and still wishes it."""
    found = session.scalar(
        select(ContactRequest.id)
        .where(
            ContactRequest.contact_id == door.contact_id,
            ContactRequest.wave_id == door.wave_id,
            ContactRequest.withdrawn_on.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _is_stopped(session: Session, email_hash: bytes | None) -> bool:
    found = session.scalar(
        select(Suppression.id)
        .where(
            Suppression.email_hash == email_hash,
            Suppression.reason == SuppressionReason.OPT_OUT,
            Suppression.survey_id.is_(None),
            Suppression.lifted_at.is_(None),
        )
        .limit(1)
    )
    return found is not None
