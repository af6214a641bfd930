"""Questionnaires: the bank in the database, a survey's draft, and its frozen versions.

A published version never changes: an edit of a live survey makes version n+1. Publishing refuses a
questionnaire whose mirror or language is incomplete and says which question it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, selectinload

from surveys.errors import NotFound, SurveyError
from surveys.models import (
    Driver,
    Question,
    Survey,
    SurveyVersion,
    VersionItem,
    Wording,
    WordingText,
)
from surveys.question_bank import (
    Bank,
    ItemRule,
    Limits,
    Problem,
    Route,
    check_version,
    load_bank,
    minutes,
)
from surveys.question_bank import VersionItem as ItemToCheck
from surveys.question_bank import Wording as BankWording
from surveys.rule_checks import rule_problems
from surveys.show_rules import Rule
from surveys.stored_rules import stored_rule
from surveys.terms import Audience, Mode, QuestionKind, QuestionType, SurveyStatus

DEFAULT_POLICY = {
    "min_people": 5,
    "min_companies": 3,
    "max_share_pct": 50,
    "min_comments": 8,
    "min_repeaters": 20,
    "is_strict": False,
    "dimensions": ["type", "tier", "region"],
}


class QuestionnaireIncomplete(SurveyError):
    """The version cannot be published; attribute `problems` names every question and language."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Option:
    """One listed answer: what is stored, what is read, and where it leads."""

    value: int
    label: str
    route: Route = Route.CONTINUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One question as one audience reads it in one language; `{v}` is still in the texts."""

    question_id: int
    code: str
    driver: str | None
    kind: QuestionKind
    type: QuestionType
    section: str | None
    text: str
    heading: str | None
    allows_unknown: bool
    has_comment: bool
    series: int
    options: tuple[Option, ...] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)
    rule: Rule | None = None

    @property
    def comment_code(self) -> str:
        """Form field and export column of the comment under a rating."""
        return f"{self.code}_why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """All that one audience is asked, in order, in one language."""

    version_id: int
    version_number: int
    audience: Audience
    locale: str
    items: tuple[Item, ...]
    sections: Mapping[str, str]

    def item(self, code: str) -> Item | None:
        """The question with this code, if this version asks it."""
        return next((item for item in self.items if item.code == code), None)


def install_bank(session: Session, bank: Bank) -> None:
    """Put the standard drivers and questions into the database; what is there stays as it is."""
    known_drivers = set(session.scalars(select(Driver.code)))
    for driver in bank.drivers:
        if driver.code not in known_drivers:
            session.add(Driver(code=driver.code, position=driver.position, names=dict(driver.name)))
    session.flush()
    known = set(session.scalars(select(Question.code)))
    for entry in bank.questions:
        if entry.code not in known:
            question = Question(code=entry.code, driver_code=entry.driver, kind=entry.kind)
            question.wordings = [
                _wording(wording, entry.confirmed) for wording in entry.wordings.values()
            ]
            session.add(question)
    session.flush()


def create_survey(
    session: Session,
    *,
    slug: str,
    name: str,
    mode: Mode,
    time_zone: str,
    now: datetime,
    locales: Sequence[str] = ("pl", "en"),
    policy: Mapping[str, object] | None = None,
) -> Survey:
    """Add a survey without a questionnaire yet."""
    survey = Survey(
        slug=slug,
        name=name,
        status=SurveyStatus.DRAFT,
        mode=mode,
        time_zone=time_zone,
        locales=list(locales),
        policy=DEFAULT_POLICY | dict(policy or {}),
        created_at=now,
    )
    session.add(survey)
    session.flush()
    return survey


def draft_from_template(
    session: Session, survey: Survey, *, bank: Bank, template_key: str
) -> SurveyVersion:
    """Make the survey's draft version from a template of the bank."""
    template = bank.template(template_key)
    version = SurveyVersion(
        survey_id=survey.id,
        number=_next_number(session, survey.id),
        template_key=template_key,
        sections={key: dict(titles) for key, titles in bank.page.sections.items()},
    )
    session.add(version)
    session.flush()
    wordings = standard_wordings(session)
    for item in template.items:
        if item.rule is ItemRule.IDENTIFIED_ONLY and survey.mode is not Mode.IDENTIFIED:
            continue
        wording = wordings[item.question, item.audience]
        session.add(
            VersionItem(
                version_id=version.id,
                audience=item.audience,
                position=item.position,
                question_id=wording.question_id,
                wording_id=wording.id,
                section=item.section,
                rule={"when": item.rule.value} if item.rule else None,
                has_comment=item.has_comment,
            )
        )
    session.flush()
    session.expire(version, ["items"])
    return version


def problems_of(session: Session, version: SurveyVersion) -> list[Problem]:
    """Every rule of the question bank that a version breaks, advice included."""
    survey = version.survey
    template = load_bank().template(version.template_key) if version.template_key else None
    found = check_version(
        version_items_to_check(session, version.id),
        limits=template.limits if template else Limits(),
        rotation=template.rotation if template else None,
        locales=survey.locales,
        mode=survey.mode,
    )
    return found + rule_problems(session, version.id)


def version_items_to_check(session: Session, version_id: int) -> list[ItemToCheck]:
    """The stored questionnaire in the form that the question bank's rules and figures take."""
    return [_to_check(item) for item in _items(session, version_id)]


def minutes_to_answer(session: Session, version: SurveyVersion, audience: Audience) -> int:
    """Minutes that the invitation promises; the language that takes longer counts."""
    items = [
        item for item in version_items_to_check(session, version.id) if item.audience is audience
    ]
    mode = Mode.CONFIDENTIAL if audience is Audience.INTERNAL else version.survey.mode
    return minutes(items, page=load_bank().page, locales=version.survey.locales, mode=mode)


def publish_version(
    session: Session, version: SurveyVersion, *, now: datetime, user_id: int | None = None
) -> None:
    """Freeze a version and its wordings, and let its survey run.

    Raises QuestionnaireIncomplete while a mirror or a language is missing.
    """
    problems = [each for each in problems_of(session, version) if not each.is_advice]
    if problems:
        raise QuestionnaireIncomplete(problems)
    version.published_at = now
    version.published_by_id = user_id
    version.survey.status = SurveyStatus.ACTIVE
    session.execute(
        update(Wording)
        .where(
            Wording.frozen_at.is_(None),
            Wording.id.in_(
                select(VersionItem.wording_id).where(VersionItem.version_id == version.id)
            ),
        )
        .values(frozen_at=now)
        .execution_options(synchronize_session=False)
    )


def published_version(session: Session, survey_id: int) -> SurveyVersion | None:
    """The newest published version of a survey."""
    return session.scalar(
        select(SurveyVersion)
        .where(SurveyVersion.survey_id == survey_id, SurveyVersion.published_at.is_not(None))
        .order_by(SurveyVersion.number.desc())
        .limit(1)
    )


def read_questionnaire(
    session: Session, version_id: int, *, audience: Audience, locale: str
) -> Questionnaire:
    """What one audience is asked in one language. Raises NotFound for an unknown version."""
    version = session.get(SurveyVersion, version_id)
    if version is None:
        raise NotFound("questionnaire", version_id)
    sections = version.sections or {}
    return Questionnaire(
        version_id=version.id,
        version_number=version.number,
        audience=audience,
        locale=locale,
        items=tuple(
            _item(item, locale) for item in _items(session, version_id) if item.audience is audience
        ),
        sections={key: titles[locale] for key, titles in sections.items()},
    )


def _wording(wording: BankWording, confirmed: Mapping[str, str]) -> Wording:
    row = Wording(
        audience=wording.audience,
        revision=1,
        series=1,
        type=wording.type,
        options=[{"value": a.value, "route": a.route.value} for a in wording.answers] or None,
        allows_unknown=wording.allows_unknown,
        warnings_confirmed=dict(confirmed) or None,
    )
    row.texts = [_wording_text(wording, locale) for locale in wording.text]
    return row


def _wording_text(wording: BankWording, locale: str) -> WordingText:
    prompts = wording.prompts[locale] if wording.prompts else None
    return WordingText(
        locale=locale,
        text=wording.text[locale],
        heading=wording.heading[locale] if wording.heading else None,
        labels={str(a.value): a.text[locale] for a in wording.answers} or None,
        prompts=(
            {"low": prompts.low, "middle": prompts.middle, "high": prompts.high}
            if prompts
            else None
        ),
    )


def _next_number(session: Session, survey_id: int) -> int:
    last = session.scalar(
        select(func.max(SurveyVersion.number)).where(SurveyVersion.survey_id == survey_id)
    )
    return (last or 0) + 1


def standard_wordings(session: Session) -> dict[tuple[str, Audience], Wording]:
    """The first wording of every question for each audience: for the bank's, its own words."""
    rows = session.execute(
        select(Question.code, Wording).join(Wording.question).order_by(Wording.revision.desc())
    )
    return {(code, wording.audience): wording for code, wording in rows}


def _items(session: Session, version_id: int) -> Sequence[VersionItem]:
    return session.scalars(
        select(VersionItem)
        .where(VersionItem.version_id == version_id)
        .order_by(VersionItem.audience, VersionItem.position)
        .options(
            selectinload(VersionItem.question),
            selectinload(VersionItem.wording).selectinload(Wording.texts),
        )
    ).all()


def _item(row: VersionItem, locale: str) -> Item:
    text = next(text for text in row.wording.texts if text.locale == locale)
    labels = text.labels or {}
    return Item(
        question_id=row.question_id,
        code=row.question.code,
        driver=row.question.driver_code,
        kind=row.question.kind,
        type=row.wording.type,
        section=row.section,
        text=text.text,
        heading=text.heading,
        allows_unknown=row.wording.allows_unknown,
        has_comment=row.has_comment,
        series=row.wording.series,
        options=tuple(
            Option(option["value"], labels[str(option["value"])], Route(option["route"]))
            for option in row.wording.options or ()
        ),
        prompts=_prompts(row, text),
        rule=stored_rule(row.rule),
    )


def _prompts(row: VersionItem, text: WordingText) -> Mapping[str, str]:
    """What the comment under a rating asks; the page's general words where none of its own are."""
    page = load_bank().page
    is_staff = row.audience is Audience.INTERNAL
    general = (page.internal_prompt if is_staff else page.middle_prompt)[text.locale]
    own = text.prompts or {}
    return {name: own.get(name) or general for name in ("low", "middle", "high")}


def _to_check(row: VersionItem) -> ItemToCheck:
    texts = {text.locale: text for text in row.wording.texts}
    return ItemToCheck(
        question=row.question.code,
        driver=row.question.driver_code,
        kind=row.question.kind,
        position=row.position,
        audience=row.audience,
        type=row.wording.type,
        texts={locale: text.text for locale, text in texts.items()},
        headings={
            locale: text.heading for locale, text in texts.items() if text.heading is not None
        }
        or None,
        answers=(
            {
                locale: [
                    (text.labels or {}).get(str(option["value"]), "")
                    for option in row.wording.options
                ]
                for locale, text in texts.items()
            }
            if row.wording.options
            else None
        ),
        confirmed=row.wording.warnings_confirmed,
    )
