"""Collects what the letters of queued mails say: to whom, in whose name, with which links.

The facts of a batch are read in one query, what a wave's letters share once in a while. What a
letter looks like is decided in letters.py and splicing.py, whether it may leave in outbox.py.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from surveys.accounts import RESET_MINUTES, reset_token
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
from surveys.mail.own_texts import OwnText
from surveys.mail.splicing import LetterPress
from surveys.mail.verp import bounce_address
from surveys.mail_texts import own_texts
from surveys.models import Contact, Invitation, OutgoingMail, Survey, SurveyVersion, User, Wave
from surveys.preferences import preferences_token
from surveys.promises import promise_text
from surveys.questionnaires import minutes_to_answer
from surveys.terms import Audience, Channel, MailKind, Mode, ResultsTo, WaveState
from surveys.workspace import Workspace, workspace

#: After so long, what letters are made of is read again.
FRESH_SECONDS = 10.0
CHANNELS = {
    MailKind.REMINDER_1: Channel.REMINDER_1,
    MailKind.REMINDER_LAST: Channel.REMINDER_LAST,
    MailKind.STAFF_REMINDER: Channel.REMINDER_1,
}


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail and what its letter is about, as they were read; no session knows them any more."""

    mail: OutgoingMail
    invitation: Invitation | None
    contact: Contact | None


#: What most addresses look like; for these the full check would change nothing.
_PLAIN_ADDRESS = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,24}"
)


class LetterWriter:
    """Collects the facts of letters: those of a batch in one query, what a wave's letters share
    once in a while.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        press: LetterPress,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._began_at = time.monotonic()
        self._session = session
        self._settings = settings
        self._press = press
        self._clock = clock
        self._workspace = workspace(session)
        self._minutes: dict[tuple[int, Audience], int] = {}
        self._questions: dict[tuple[int, Audience, str], ScoreQuestion | None] = {}
        self._texts: dict[int, Mapping[tuple[MailKind, str], OwnText]] = {}
        self._promises: dict[tuple[int, str], str] = {}
        self._waves: dict[int, Wave] = {}
        self._queued: dict[int, tuple[float, Queued]] = {}

    @property
    def is_old(self) -> bool:
        """Whether somebody may have changed by now what is kept here."""
        return time.monotonic() - self._began_at > FRESH_SECONDS

    def read(self, mail_ids: Sequence[int]) -> None:
        """Read these mails, so that their facts can be told without a further query."""
        rows = self._session.execute(
            select(OutgoingMail, Invitation, Contact)
            .outerjoin(Invitation, Invitation.id == OutgoingMail.invitation_id)
            .outerjoin(Contact, Contact.id == Invitation.contact_id)
            .where(OutgoingMail.id.in_(mail_ids))
        ).all()
        wanted = {row.OutgoingMail.wave_id for row in rows} - self._waves.keys() - {None}
        waves = self._session.scalars(
            select(Wave).where(Wave.id.in_(wanted)).options(joinedload(Wave.survey))
        )
        self._waves |= {wave.id: wave for wave in waves} if wanted else {}
        # What a session knows is read anew after each commit, and there are two in every mail.
        self._session.expunge_all()
        now = time.monotonic()
        self._queued = {row.OutgoingMail.id: (now, Queued(*row)) for row in rows}

    def queued(self, mail_id: int) -> Queued:
        """One mail, read anew where that was long ago. Raises KeyError when it is gone."""
        read_at, queued = self._queued[mail_id]
        if time.monotonic() - read_at > FRESH_SECONDS:
            self.read(list(self._queued))
            read_at, queued = self._queued[mail_id]
        return queued

    def facts(self, queued: Queued) -> LetterFacts:
        """Everything that this queued mail says, in its recipient's language."""
        settings = self._settings
        facts = self._facts(queued)
        if settings.bounce_address is None or settings.imap is None:
            return facts
        # What comes to this address is read by us, and says by itself which mail it is about.
        address = bounce_address(
            settings.secret_key, queued.mail.id, mailbox=settings.bounce_address
        )
        return replace(facts, unsubscribe_address=address)

    def _facts(self, queued: Queued) -> LetterFacts:
        mail = queued.mail
        with in_locale(mail.locale):
            if mail.kind is MailKind.STAFF_DIGEST:
                return self._facts_for_digest(mail)
            if mail.kind is MailKind.TEST:
                return self._facts_for_test(mail)
            if queued.invitation is None or queued.contact is None:
                return self._facts_for_user(mail)
            return self._facts_for_invitation(mail, queued.invitation, queued.contact)

    def message(self, facts: LetterFacts) -> bytes:
        """The finished message, ready to be handed to a server."""
        return self._press.message(facts)

    def _facts_for_user(self, mail: OutgoingMail) -> LetterFacts:
        user = self._session.get_one(User, mail.user_id)
        now = self._clock()
        token = reset_token(self._settings.secret_key, user, now=now)
        return LetterFacts(
            kind=mail.kind,
            locale=mail.locale,
            mode=Mode.IDENTIFIED,
            workspace=_sending_workspace(self._workspace, self._settings),
            recipient=_deliverable(user.email),
            first_name=None,
            message_id=mail.message_id,
            link=f"{self._settings.base_url}/password/{token}",
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
            base_url=self._settings.base_url,
        )
        return example_facts(
            self._session,
            example,
            recipient=_deliverable(mail.email or ""),
            message_id=mail.message_id,
            now=self._clock(),
            is_test=True,
        )

    def _facts_for_digest(self, mail: OutgoingMail) -> LetterFacts:
        settings = self._settings
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
            sent_at=self._clock(),
            list_id=self._list_id(),
            unsubscribe_link=f"{settings.base_url}/digest/{token}",
            lines=digest_lines((mail.values or {}).get("waves", ())),
        )

    def _facts_for_invitation(
        self, mail: OutgoingMail, invitation: Invitation, contact: Contact
    ) -> LetterFacts:
        wave = self._waves[invitation.wave_id]
        base = self._settings.base_url
        token = answer_token(self._keys, invitation.id, invitation.token_version)
        preferences = preferences_token(self._settings.secret_key, contact)
        link = _link(f"{base}/s/{token}", mail.kind, wave, self._clock())
        return LetterFacts(
            kind=mail.kind,
            locale=mail.locale,
            mode=wave.mode,
            workspace=self._workspace,
            recipient=_deliverable(mail.email or ""),
            first_name=(mail.values or {}).get("first_name"),
            message_id=mail.message_id,
            link=link,
            sent_at=self._clock(),
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

    @property
    def _keys(self) -> LinkKeys:
        return LinkKeys(self._settings.secret_key, self._settings.mail_domain)

    def _list_id(self) -> str:
        return f"surveys.{self._settings.mail_domain}"

    def _promise(self, wave: Wave, mail: OutgoingMail) -> str:
        if mail.kind not in WITH_PROMISE:
            return ""
        key = (wave.id, mail.locale)
        if key not in self._promises:
            self._promises[key] = promise_text(
                audience=wave.audience,
                mode=wave.mode,
                locale=mail.locale,
                vendor=self._workspace.vendor,
                min_people=wave.min_people,
                min_companies=wave.min_companies,
                dimensions=wave.dimensions,
                pooled_waves=wave.pool_size,
            )
        return self._promises[key]

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
    written = email.strip()
    if _PLAIN_ADDRESS.fullmatch(written):
        return written
    key = normalise_email(email)
    if key is None:
        raise ValueError("not an address")
    return f"{written.rpartition('@')[0]}@{key.rpartition('@')[2]}"


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
