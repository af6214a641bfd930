"""What a person decides about our mails: stop them, for one survey or for all; not before a day; be
called; name another.

An opt-out is a row of the suppression list, kept by a keyed hash of the address. It is checked by
the statement that sends (surveys/mail/outbox.py), outlives the contact, and an import cannot revive
it; only a person lifts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.errors import NotFound, TokenUnknown
from surveys.mail.wanted import OF_OPEN_WAVES
from surveys.models import (
    Contact,
    ContactRequest,
    Invitation,
    OutgoingMail,
    Suppression,
    Survey,
    Wave,
)
from surveys.responses import Door
from surveys.terms import Audience, MailState, RequestKind, SuppressionReason
from surveys.tokens import PREFERENCES, hash_token, is_token, make_token

MAX_TOPIC_LENGTH = 1000
LONGEST_PAUSE = timedelta(days=366)
NOT_LEFT = (MailState.QUEUED, MailState.DEFERRED)
CONSENT_NAMED = "wrong_person/1"


@dataclass(frozen=True, slots=True)
class SurveyChoice:
    """A survey that a person was asked in, and whether its mails are stopped for them."""

    survey_id: int
    name: str
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class Preferences:
    """A contact's mail settings, as the page behind the unsubscribe link shows them.

    `not_before`: no survey until that day. `may_name_another`: only people at partners can.
    """

    contact_id: int
    locale: str
    is_stopped: bool
    not_before: date | None
    has_named: bool
    may_name_another: bool
    surveys: Sequence[SurveyChoice]


class PauseRefused(ValueError):
    """A day that no pause can end on; `earliest` and `latest` are those that can."""

    def __init__(self, earliest: date, latest: date) -> None:
        super().__init__(f"a pause ends from {earliest} to {latest}")
        self.earliest = earliest
        self.latest = latest


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
    return Preferences(
        contact_id=contact.id,
        locale=contact.locale,
        is_stopped=_is_stopped(session, contact.email_hash),
        not_before=contact.do_not_survey_until,
        has_named=_has_named(session, contact.id),
        may_name_another=contact.audience is Audience.PARTNER,
        surveys=_surveys_of(session, contact),
    )


def stop_mails(
    session: Session,
    preferences: Preferences,
    *,
    source: str,
    now: datetime,
    survey_id: int | None = None,
) -> None:
    """Mail nothing to this person any more, or nothing of one survey; repeating changes nothing."""
    contact = session.get_one(Contact, preferences.contact_id)
    if contact.email_hash is not None:
        suppress(
            session,
            contact.email_hash,
            email=contact.email,
            reason=SuppressionReason.OPT_OUT,
            source=source,
            now=now,
            survey_id=survey_id,
        )


def resume_mails(
    session: Session, preferences: Preferences, *, now: datetime, survey_id: int | None = None
) -> None:
    """The person changed their mind on their own page: their own opt-out ends, nothing else.

    With it ends what they said of somebody else who is to be asked in their place.
    """
    contact = session.get_one(Contact, preferences.contact_id)
    # A lifted row names who lifted it; where that was the person, the opt-out is simply withdrawn.
    session.execute(
        delete(Suppression).where(
            Suppression.email_hash == contact.email_hash,
            Suppression.reason == SuppressionReason.OPT_OUT,
            Suppression.survey_id == survey_id,
            Suppression.lifted_at.is_(None),
        )
    )
    if survey_id is None:
        _withdraw(session, RequestKind.WRONG_PERSON, contact.id, now=now)


def pause_mails(session: Session, preferences: Preferences, *, until: date, now: datetime) -> None:
    """Ask this person in no survey before a day; mails that wait for them do not leave.

    From tomorrow to a year from now. Raises PauseRefused for any other day.
    """
    earliest, latest = now.date() + timedelta(days=1), now.date() + LONGEST_PAUSE
    if not earliest <= until <= latest:
        raise PauseRefused(earliest, latest)
    contact = session.get_one(Contact, preferences.contact_id)
    contact.do_not_survey_until = until
    session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.invitation_id.in_(
                select(Invitation.id).where(Invitation.contact_id == contact.id)
            ),
            OutgoingMail.kind.in_(OF_OPEN_WAVES),
            OutgoingMail.state.in_(NOT_LEFT),
        )
        .values(state=MailState.CANCELLED)
    )


def end_pause(session: Session, preferences: Preferences) -> None:
    """Surveys may come again at once; mails that were cancelled stay so."""
    session.get_one(Contact, preferences.contact_id).do_not_survey_until = None


def name_somebody_else(
    session: Session, preferences: Preferences, *, whom: str, now: datetime
) -> None:
    """'Wrong person, ask ...': the vendor is told, and the person gets no more mail.

    `whom` is the person's own words, possibly none. Nobody is told without an invitation, since
    only then was somebody asked in error.
    """
    wave_id = session.scalar(
        select(Invitation.wave_id)
        .where(Invitation.contact_id == preferences.contact_id)
        .order_by(Invitation.id.desc())
        .limit(1)
    )
    if wave_id is not None and not preferences.has_named:
        session.add(
            ContactRequest(
                contact_id=preferences.contact_id,
                wave_id=wave_id,
                kind=RequestKind.WRONG_PERSON,
                topic=whom.strip()[:MAX_TOPIC_LENGTH] or None,
                consent_key=CONSENT_NAMED,
                asked_on=now.date(),
            )
        )
    stop_mails(session, preferences, source="page", now=now)


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
            kind=RequestKind.CALL_ME,
            topic=topic.strip()[:MAX_TOPIC_LENGTH] or None,
            consent_key=consent_key,
            asked_on=now.date(),
        )
    )
    return True


def withdraw_call(session: Session, door: Door, *, now: datetime) -> None:
    """The person does not wish to be called any more, after this wave."""
    if door.contact_id is not None:
        conditions = [ContactRequest.wave_id == door.wave_id]
        _withdraw(session, RequestKind.CALL_ME, door.contact_id, *conditions, now=now)


def has_asked_for_call(session: Session, door: Door) -> bool:
    """Whether this person has asked to be called after this wave, and still wishes it."""
    found = session.scalar(
        select(ContactRequest.id)
        .where(
            ContactRequest.contact_id == door.contact_id,
            ContactRequest.wave_id == door.wave_id,
            ContactRequest.kind == RequestKind.CALL_ME,
            ContactRequest.withdrawn_on.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _has_named(session: Session, contact_id: int) -> bool:
    found = session.scalar(
        select(ContactRequest.id)
        .where(
            ContactRequest.contact_id == contact_id,
            ContactRequest.kind == RequestKind.WRONG_PERSON,
            ContactRequest.withdrawn_on.is_(None),
        )
        .limit(1)
    )
    return found is not None


def _withdraw(
    session: Session,
    kind: RequestKind,
    contact_id: int,
    *conditions: ColumnElement[bool],
    now: datetime,
) -> None:
    session.execute(
        update(ContactRequest)
        .where(
            ContactRequest.contact_id == contact_id,
            ContactRequest.kind == kind,
            ContactRequest.withdrawn_on.is_(None),
            *conditions,
        )
        .values(withdrawn_on=now.date(), topic=None)
    )


def _surveys_of(session: Session, contact: Contact) -> list[SurveyChoice]:
    """Where the person was asked, or where they stopped the mails, by name."""
    asked = exists().where(
        Invitation.contact_id == contact.id,
        Invitation.wave_id == Wave.id,
        Wave.survey_id == Survey.id,
    )
    stopped = exists().where(
        Suppression.email_hash == contact.email_hash,
        Suppression.survey_id == Survey.id,
        Suppression.reason == SuppressionReason.OPT_OUT,
        Suppression.lifted_at.is_(None),
    )
    rows = session.execute(
        select(Survey.id, Survey.name, stopped.label("stopped"))
        .where(or_(asked, stopped))
        .order_by(Survey.name)
    )
    return [SurveyChoice(row.id, row.name, row.stopped) for row in rows]


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
