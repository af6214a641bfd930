"""Sends what the outbox has due: claim, compose, hand over, write down how it ended.

An edge-like loop without Flask or clock of its own: it is given a session, a transport and a clock.
Each mail is settled and committed on its own; one that cannot be composed fails alone, with the
reason.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress as suppress_errors
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from surveys.accounts import RESET_MINUTES, reset_token
from surveys.bounces import record_refusal
from surveys.config import Settings
from surveys.digests import digest_token
from surveys.email_addresses import normalise_email
from surveys.follow_ups import follow_ups
from surveys.i18n import LANGUAGE_NAMES, in_locale
from surveys.invitations import LinkKeys, answer_token
from surveys.mail.digest_lines import digest_lines
from surveys.mail.examples import WITH_PROMISE, Example, example_facts
from surveys.mail.first_question import FIRST_QUESTION, first_question, with_links
from surveys.mail.letters import LetterFacts, ScoreQuestion
from surveys.mail.outbox import (
    LEASE,
    Claim,
    Lease,
    claim_data,
    claim_due,
    expire_leases,
    release,
    settle,
    withdraw_unwanted,
)
from surveys.mail.own_texts import OwnText
from surveys.mail.pacing import Pace
from surveys.mail.splicing import LetterPress
from surveys.mail.transport import Delivery, Envelope, MailTransport, Outcome, Step
from surveys.mail.verp import bounce_address, envelope_id
from surveys.mail_texts import own_texts
from surveys.models import Contact, Invitation, OutgoingMail, Survey, SurveyVersion, User, Wave
from surveys.preferences import preferences_token
from surveys.promises import promise_text
from surveys.questionnaires import minutes_to_answer
from surveys.terms import Audience, Channel, MailKind, Mode, ResultsTo, WaveState
from surveys.workspace import Workspace, workspace

BATCH = 20
#: What the driver raises when the database is gone, starts, or has no room.
DATABASE_AWAY = (OperationalError, InterfaceError)
DATABASE_WAIT_SECONDS = 0.2
#: One more delay may have been the last.
MAY_HAVE_FAILED = (Outcome.REFUSED, Outcome.LATER)
CHANNELS = {
    MailKind.REMINDER_1: Channel.REMINDER_1,
    MailKind.REMINDER_LAST: Channel.REMINDER_LAST,
    MailKind.STAFF_REMINDER: Channel.REMINDER_1,
}
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Sent:
    """How one round of sending went."""

    by_outcome: dict[str, int]

    def count(self, outcome: str) -> None:
        """One more mail ended so."""
        self.by_outcome[outcome] = self.by_outcome.get(outcome, 0) + 1


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs: where to, in whose name, by which templates, at what time."""

    settings: Settings
    transport: MailTransport
    environment: Environment
    owner: str
    clock: Callable[[], datetime]
    lease: Lease = LEASE

    @property
    def pace(self) -> Pace:
        """How many mails may be tried in a minute."""
        settings = self.settings
        return Pace(settings.mails_per_minute, settings.mails_per_minute_per_domain)

    @property
    def keys(self) -> LinkKeys:
        """What links are made of."""
        return LinkKeys(self.settings.secret_key, self.settings.mail_domain)


def send_due(session: Session, sender: Sender) -> Sent:
    """Send everything that is due and allowed by the rate caps; commits mail by mail."""
    result = Sent({})
    withdraw_unwanted(session, now=sender.clock())
    session.commit()
    press = LetterPress(sender.environment)
    try:
        for claims in _batches(session, sender):
            letters = LetterWriter(session, sender, press)
            if not _send_batch(session, sender, claims, letters, result):
                break
    finally:
        sender.transport.close()
    return result


def _batches(session: Session, sender: Sender) -> Iterator[list[Claim]]:
    while True:
        # In each turn: a round may last longer than a lease.
        expire_leases(session, now=sender.clock(), lease=sender.lease)
        claims = claim_due(
            session,
            owner=sender.owner,
            now=sender.clock(),
            limit=BATCH,
            pace=sender.pace,
            lease=sender.lease,
        )
        if not claims:
            return
        yield claims


def _send_batch(
    session: Session, sender: Sender, claims: list[Claim], letters: "LetterWriter", result: Sent
) -> bool:
    """Whether the server can be asked for more; False when it is away or takes nothing from us."""
    for position, claim in enumerate(claims):
        delivery = _send_one(session, sender, claim, letters)
        result.count(delivery.outcome.value)
        if delivery.step in (Step.CONNECT, Step.MAIL) and delivery.outcome is Outcome.LATER:
            # The others would only wait, one time-out each, for the same answer.
            release(session, claims[position + 1 :])
            session.commit()
            return False
    return True


def _send_one(session: Session, sender: Sender, claim: Claim, letters: "LetterWriter") -> Delivery:
    mail = session.get_one(OutgoingMail, claim.mail_id, populate_existing=True)
    kind = mail.kind
    try:
        facts = letters.facts(mail)
        message = letters.message(facts)
    except DATABASE_AWAY:
        # That says nothing about this mail; its lease ends, and it is taken up again.
        raise
    except Exception as error:  # noqa: BLE001 - one row must not stop the others
        # The log names the kind of fault and the place; its words could hold an address.
        session.rollback()
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(
            "mail %s cannot be composed: %s in %s, line %s",
            claim.mail_id,
            type(error).__name__,
            place.name,
            place.lineno,
        )
        delivery = Delivery(Outcome.REFUSED, Step.CONNECT, None, "could not be composed")
    else:
        envelope = _envelope(sender.settings, facts, claim.mail_id)
        session.commit()
        delivery = sender.transport.send(
            envelope,
            message,
            may_send_data=lambda: claim_data(
                session, claim, now=sender.clock(), lease=sender.lease
            ),
        )
    _write_down(session, sender, claim, delivery, kind=kind)
    return delivery


def _write_down(
    session: Session, sender: Sender, claim: Claim, delivery: Delivery, *, kind: MailKind
) -> None:
    """Settle how the attempt ended; commits.

    A server's 250 that is lost is a second copy. So while the lease lasts, and with it our right to
    the row, a database that is away is waited for.
    """
    patience_ends = time.monotonic() + sender.lease.seconds
    while True:
        try:
            is_ours = settle(session, claim, delivery, kind=kind, now=sender.clock())
            if is_ours and delivery.outcome in MAY_HAVE_FAILED:
                record_refusal(session, claim.mail_id, delivery, now=sender.clock())
            session.commit()
        except DATABASE_AWAY:
            with suppress_errors(*DATABASE_AWAY):
                session.rollback()
            if time.monotonic() > patience_ends:
                raise
            time.sleep(DATABASE_WAIT_SECONDS)
        else:
            return


def _envelope(settings: Settings, facts: LetterFacts, mail_id: int) -> Envelope:
    """Whom the server is told; what bounces comes back to an address that names the mail."""
    mailbox = settings.bounce_address
    if mailbox is None:
        return Envelope(facts.workspace.sender_email, facts.recipient)
    key = settings.secret_key
    address = bounce_address(key, mail_id, mailbox=mailbox)
    return Envelope(address, facts.recipient, envelope_id(key, mail_id))


class LetterWriter:
    """Collects the facts of letters; what a wave's letters share is read once a batch."""

    def __init__(self, session: Session, sender: Sender, press: LetterPress) -> None:
        self._session = session
        self._press = press
        self._sender = sender
        self._workspace = workspace(session)
        self._minutes: dict[tuple[int, Audience], int] = {}
        self._questions: dict[tuple[int, Audience, str], ScoreQuestion | None] = {}
        self._texts: dict[int, Mapping[tuple[MailKind, str], OwnText]] = {}

    def facts(self, mail: OutgoingMail) -> LetterFacts:
        """Everything that this queued mail says, in its recipient's language."""
        with in_locale(mail.locale):
            if mail.kind is MailKind.STAFF_DIGEST:
                return self._facts_for_digest(mail)
            if mail.kind is MailKind.TEST:
                return self._facts_for_test(mail)
            if mail.invitation_id is None:
                return self._facts_for_user(mail)
            return self._facts_for_invitation(mail, mail.invitation_id)

    def message(self, facts: LetterFacts) -> bytes:
        """The finished message, ready to be handed to a server."""
        return self._press.message(facts)

    def _facts_for_user(self, mail: OutgoingMail) -> LetterFacts:
        user = self._session.get_one(User, mail.user_id)
        now = self._sender.clock()
        token = reset_token(self._sender.settings.secret_key, user, now=now)
        return LetterFacts(
            kind=mail.kind,
            locale=mail.locale,
            mode=Mode.IDENTIFIED,
            workspace=_sending_workspace(self._workspace, self._sender.settings),
            recipient=_deliverable(user.email),
            first_name=None,
            message_id=mail.message_id,
            link=f"{self._sender.settings.base_url}/password/{token}",
            sent_at=now,
            list_id=self._list_id(),
            minutes=RESET_MINUTES,
        )

    def _facts_for_test(self, mail: OutgoingMail) -> LetterFacts:
        values = mail.values or {}
        example = Example(
            survey=self._session.get_one(Survey, values["survey_id"]),
            kind=MailKind(values["kind"]),
            locale=mail.locale,
            text=OwnText(values["subject"], values["body"]),
            base_url=self._sender.settings.base_url,
        )
        return example_facts(
            self._session,
            example,
            recipient=_deliverable(mail.email or ""),
            message_id=mail.message_id,
            now=self._sender.clock(),
            is_test=True,
        )

    def _facts_for_digest(self, mail: OutgoingMail) -> LetterFacts:
        settings = self._sender.settings
        token = digest_token(settings.secret_key, mail.user_id or 0)
        return LetterFacts(
            kind=mail.kind,
            locale=mail.locale,
            mode=Mode.CONFIDENTIAL,
            workspace=_sending_workspace(self._workspace, settings),
            recipient=_deliverable(mail.email or ""),
            first_name=None,
            message_id=mail.message_id,
            link=f"{settings.base_url}/overview",
            sent_at=self._sender.clock(),
            list_id=self._list_id(),
            unsubscribe_link=f"{settings.base_url}/digest/{token}",
            lines=digest_lines((mail.values or {}).get("waves", ())),
        )

    def _facts_for_invitation(self, mail: OutgoingMail, invitation_id: int) -> LetterFacts:
        row = self._session.execute(
            select(Invitation, Wave, Contact)
            .join(Wave, Wave.id == Invitation.wave_id)
            .join(Contact, Contact.id == Invitation.contact_id)
            .where(Invitation.id == invitation_id)
        ).one()
        invitation, wave, contact = row
        base = self._sender.settings.base_url
        token = answer_token(self._sender.keys, invitation.id, invitation.token_version)
        preferences = preferences_token(self._sender.settings.secret_key, contact)
        link = _link(f"{base}/s/{token}", mail.kind, wave, self._sender.clock())
        return LetterFacts(
            kind=mail.kind,
            locale=mail.locale,
            mode=wave.mode,
            workspace=self._workspace,
            recipient=_deliverable(mail.email or ""),
            first_name=(mail.values or {}).get("first_name"),
            message_id=mail.message_id,
            link=link,
            sent_at=self._sender.clock(),
            list_id=self._list_id(),
            promise=self._promise(wave, mail),
            minutes=self._minutes_of(wave),
            closes_on=wave.closes_at.astimezone(ZoneInfo(wave.survey.time_zone)).date(),
            answer_token=token if link else "",
            preferences_token=preferences,
            unsubscribe_link=f"{base}/u/{preferences}",
            score=self._score(wave, mail, link),
            other_language=_other_language(wave, mail.locale, link.partition("?")[0]),
            lacking=_lacking(wave, link),
            last_name=contact.last_name,
            survey=wave.survey.name,
            own=self._own_text(wave, mail),
        )

    def _list_id(self) -> str:
        return f"surveys.{self._sender.settings.mail_domain}"

    def _promise(self, wave: Wave, mail: OutgoingMail) -> str:
        if mail.kind not in WITH_PROMISE:
            return ""
        return promise_text(
            audience=wave.audience,
            mode=wave.mode,
            locale=mail.locale,
            vendor=self._workspace.vendor,
            min_people=wave.min_people,
            min_companies=wave.min_companies,
            dimensions=wave.dimensions,
            pooled_waves=wave.pool_size,
        )

    def _minutes_of(self, wave: Wave) -> int:
        key = (wave.version_id, wave.audience)
        if key not in self._minutes:
            version = self._session.get_one(SurveyVersion, wave.version_id)
            self._minutes[key] = minutes_to_answer(self._session, version, wave.audience)
        return self._minutes[key]

    def _score(self, wave: Wave, mail: OutgoingMail, link: str) -> ScoreQuestion | None:
        if mail.kind is not MailKind.INVITATION:
            return None
        key = (wave.version_id, wave.audience, mail.locale)
        if key not in self._questions:
            self._questions[key] = first_question(
                self._session,
                wave.version_id,
                audience=wave.audience,
                locale=mail.locale,
                vendor=self._workspace.vendor,
            )
        return with_links(self._questions[key], lambda value: f"{link}/a/{FIRST_QUESTION}/{value}")

    def _own_text(self, wave: Wave, mail: OutgoingMail) -> OwnText | None:
        if wave.survey_id not in self._texts:
            self._texts[wave.survey_id] = own_texts(self._session, wave.survey_id)
        return self._texts[wave.survey_id].get((mail.kind, mail.locale))


def _deliverable(email: str) -> str:
    """The address as mail servers take it: as it was written, its domain in ASCII."""
    key = normalise_email(email)
    if key is None:
        raise ValueError("not an address")
    return f"{email.strip().rpartition('@')[0]}@{key.rpartition('@')[2]}"


def _link(link: str, kind: MailKind, wave: Wave, now: datetime) -> str:
    """What the button opens; empty for thanks where nothing can be changed any more."""
    if kind is MailKind.RESULTS:
        return f"{link}/results"
    if kind is MailKind.THANKS:
        takes_changes = wave.state is WaveState.OPEN and now < wave.closes_at
        may_change = wave.mode is not Mode.ANONYMOUS and wave.survey.may_change
        return link if takes_changes and may_change else ""
    channel = CHANNELS.get(kind)
    return f"{link}?via={channel.value}" if channel else link


def _lacking(wave: Wave, link: str) -> frozenset[str]:
    """What sentences of the letter need and cannot have."""
    has_results = follow_ups(wave.survey).results_to is not ResultsTo.NOBODY
    return frozenset(
        need for need, is_met in (("change", bool(link)), ("results", has_results)) if not is_met
    )


def _other_language(wave: Wave, locale: str, link: str) -> tuple[str, str] | None:
    if not link:
        return None
    for other in wave.survey.locales:
        if other != locale:
            return f"{link}?lang={other}", LANGUAGE_NAMES[other]
    return None


def _sending_workspace(stored: Workspace, settings: Settings) -> Workspace:
    """A reset mail must leave even before the vendor has named its sender."""
    if stored.is_ready:
        return stored
    return Workspace(vendor="Partner Pulse", sender_email=f"pulse@{settings.mail_domain}")
