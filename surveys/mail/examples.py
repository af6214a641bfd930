"""A survey's letter with example values: what its preview shows, and what a test brings.

It says what a mail to Anna Nowak would say if the survey opened now. Its links lead to a page for
signed-in people that says where they would lead: none of them can be answered or stop anything.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from jinja2 import Environment
from sqlalchemy.orm import Session

from surveys.follow_ups import follow_ups
from surveys.i18n import LANGUAGE_NAMES, in_locale
from surveys.mail.first_question import first_question, with_links
from surveys.mail.letters import LetterFacts, ScoreQuestion, letter_html, letter_page, letter_text
from surveys.mail.own_texts import OwnText
from surveys.models import Survey, SurveyVersion, Wave
from surveys.promises import promise_text
from surveys.questionnaire_pages import newest_version
from surveys.questionnaires import minutes_to_answer, problems_of, published_version
from surveys.schedules import schedule_of
from surveys.terms import Audience, MailKind, Mode, ResultsTo
from surveys.waves import closing_if_opened, wave_by_policy
from surveys.workspace import workspace

FIRST_NAME, LAST_NAME = "Anna", "Nowak"
ADDRESS = "anna.nowak@partner.example"
OF_STAFF = (MailKind.STAFF_INVITATION, MailKind.STAFF_REMINDER)
WITH_PROMISE = (MailKind.INVITATION, MailKind.STAFF_INVITATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Which letter: of which survey, kind and language, in whose words, for which product.

    `text` None is the standard text. `base_url` is where the product stands, without a slash.
    """

    survey: Survey
    kind: MailKind
    locale: str
    text: OwnText | None
    base_url: str

    @property
    def link(self) -> str:
        """Where every link of the letter leads."""
        path = f"surveys/{self.survey.id}/mails/{self.kind.value}/{self.locale}/link"
        return f"{self.base_url}/{path}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it is read: subject, HTML and text."""

    subject: str
    html: str
    text: str


def lacking(survey: Survey) -> frozenset[str]:
    """What sentences of this survey's standard texts need and do not get (question bank: mails)."""
    has_results = follow_ups(survey).results_to is not ResultsTo.NOBODY
    needs = {"change": survey.may_change, "results": has_results}
    return frozenset(need for need, is_met in needs.items() if not is_met)


def example_letter(
    session: Session, example: Example, environment: Environment, *, now: datetime
) -> Letter:
    """The letter as its reader would see it, in its own language."""
    facts = example_facts(session, example, recipient=ADDRESS, message_id="", now=now)
    with in_locale(example.locale):
        page = letter_page(facts)
        return Letter(page.subject, letter_html(environment, page), letter_text(page))


def example_facts(
    session: Session,
    example: Example,
    *,
    recipient: str,
    message_id: str,
    now: datetime,
    is_test: bool = False,
) -> LetterFacts:
    """All that the letter says, with the figures that opening the survey now would fix."""
    with in_locale(example.locale):
        return _facts(session, example, recipient, message_id, now, is_test)


def _facts(
    session: Session,
    example: Example,
    recipient: str,
    message_id: str,
    now: datetime,
    is_test: bool,
) -> LetterFacts:
    survey, kind, locale = example.survey, example.kind, example.locale
    audience = Audience.INTERNAL if kind in OF_STAFF else Audience.PARTNER
    with session.no_autoflush:
        wave = wave_by_policy(survey, audience)
    schedule = schedule_of(session, survey.id)
    pooled = schedule.pooled_waves if schedule and wave.mode is Mode.CONFIDENTIAL else 1
    closes_at = closing_if_opened(survey, schedule, now=now)
    sender = workspace(session)
    return LetterFacts(
        kind=kind,
        locale=locale,
        mode=wave.mode,
        workspace=sender,
        recipient=recipient,
        first_name=FIRST_NAME,
        last_name=LAST_NAME,
        survey=survey.name,
        message_id=message_id,
        link=_button_link(example, wave),
        sent_at=now,
        list_id="",
        promise=_promise(wave, locale, sender.vendor, pooled) if kind in WITH_PROMISE else "",
        minutes=_minutes(session, survey, audience),
        closes_on=closes_at.astimezone(ZoneInfo(survey.time_zone)).date(),
        unsubscribe_link=f"{example.link}?opens=stop",
        score=_score(session, example, sender.vendor) if kind is MailKind.INVITATION else None,
        other_language=_other_language(example, wave),
        lacking=lacking(survey),
        own=example.text,
        is_test=is_test,
    )


def _button_link(example: Example, wave: Wave) -> str:
    """Thanks have nothing to open where an answer cannot be changed."""
    may_change = wave.mode is not Mode.ANONYMOUS and example.survey.may_change
    return example.link if may_change or example.kind is not MailKind.THANKS else ""


def _promise(wave: Wave, locale: str, vendor: str, pooled_waves: int) -> str:
    return promise_text(
        audience=wave.audience,
        mode=wave.mode,
        locale=locale,
        vendor=vendor,
        min_people=wave.min_people,
        min_companies=wave.min_companies,
        dimensions=wave.dimensions,
        pooled_waves=pooled_waves,
    )


def _version(session: Session, survey: Survey) -> SurveyVersion | None:
    return published_version(session, survey.id) or newest_version(session, survey.id)


def _minutes(session: Session, survey: Survey, audience: Audience) -> int:
    version = _version(session, survey)
    return minutes_to_answer(session, version, audience) if version else 0


def _score(session: Session, example: Example, vendor: str) -> ScoreQuestion | None:
    """The first question, unless the questionnaire is a draft with gaps."""
    version = _version(session, example.survey)
    if version is None or (version.published_at is None and _has_gaps(session, version)):
        return None
    found = first_question(
        session, version.id, audience=Audience.PARTNER, locale=example.locale, vendor=vendor
    )
    return with_links(found, lambda value: f"{example.link}?opens=answer&score={value}")


def _has_gaps(session: Session, version: SurveyVersion) -> bool:
    return any(not problem.is_advice for problem in problems_of(session, version))


def _other_language(example: Example, wave: Wave) -> tuple[str, str] | None:
    if not _button_link(example, wave):
        return None
    for other in example.survey.locales:
        if other != example.locale:
            return f"{example.link}?lang={other}", LANGUAGE_NAMES[other]
    return None
