"""What the staff pages show of questionnaires: typed values for reading, both audiences in a row.

An incomplete draft is shown as well, with its gaps; what a respondent is asked is read by
surveys/questionnaires.py, which knows complete versions only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from surveys.models import Driver, Survey, SurveyVersion, VersionItem, Wording, WordingText
from surveys.question_bank import ItemRule, Problem, load_bank, minutes
from surveys.question_order import merged_codes
from surveys.questionnaires import problems_of, version_items_to_check
from surveys.stored_rules import stored_rule
from surveys.terms import Audience, Mode, QuestionKind, QuestionType, SurveyStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyLine:
    """One survey with the newest version of its questionnaire."""

    survey_id: int
    name: str
    slug: str
    mode: Mode
    status: SurveyStatus
    locales: Sequence[str]
    zone: ZoneInfo
    version_number: int | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A question as one audience reads it in one language; `text` is None where it is missing."""

    text: str | None
    heading: str | None
    type: QuestionType
    options: Sequence[str]
    prompts: Mapping[str, str]
    has_comment: bool
    allows_unknown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """One question for both audiences side by side; None where one of them is not asked."""

    code: str
    kind: QuestionKind
    driver_name: str | None
    driver_position: int | None
    section: str | None
    is_identified_only: bool
    rule: str
    partner: Reading | None
    internal: Reading | None

    @property
    def readings(self) -> Sequence[Reading]:
        """The wordings that exist, the partners' first."""
        return [each for each in (self.partner, self.internal) if each is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnairePage:
    """One version for reading, in one language of its wordings."""

    version_id: int
    number: int
    published_at: datetime | None
    locale: str
    rows: Sequence[QuestionRow]
    sections: Mapping[str, str]
    n_questions: Mapping[Audience, int]
    minutes: Mapping[Audience, int]
    problems: Sequence[Problem]

    @property
    def is_draft(self) -> bool:
        """Whether it is not published yet."""
        return self.published_at is None

    @property
    def blocking(self) -> Sequence[Problem]:
        """What must be mended before it can be published."""
        return [each for each in self.problems if not each.is_advice]

    @property
    def advice(self) -> Sequence[Problem]:
        """Where it leaves the method, which whoever edits it may decide."""
        return [each for each in self.problems if each.is_advice]


def survey_lines(session: Session) -> list[SurveyLine]:
    """Every survey, oldest first, with its newest version; one statement."""
    newest = (
        select(SurveyVersion.survey_id, func.max(SurveyVersion.number).label("number"))
        .group_by(SurveyVersion.survey_id)
        .subquery()
    )
    rows = session.execute(
        select(Survey, SurveyVersion.number, SurveyVersion.published_at)
        .outerjoin(newest, newest.c.survey_id == Survey.id)
        .outerjoin(
            SurveyVersion,
            (SurveyVersion.survey_id == Survey.id) & (SurveyVersion.number == newest.c.number),
        )
        .order_by(Survey.id)
    )
    return [
        SurveyLine(
            survey_id=survey.id,
            name=survey.name,
            slug=survey.slug,
            mode=survey.mode,
            status=survey.status,
            locales=survey.locales,
            zone=ZoneInfo(survey.time_zone),
            version_number=number,
            published_at=published_at,
        )
        for survey, number, published_at in rows
    ]


def newest_version(session: Session, survey_id: int) -> SurveyVersion | None:
    """The draft of a survey if it has one, else its last published version."""
    return session.scalar(
        select(SurveyVersion)
        .where(SurveyVersion.survey_id == survey_id)
        .order_by(SurveyVersion.number.desc())
        .limit(1)
    )


def questionnaire_page(
    session: Session, version: SurveyVersion, *, locale: str, names_locale: str
) -> QuestionnairePage:
    """A version for reading in one language; drafts with what is missing in them.

    `names_locale` is the language of the drivers' names: the reader's, since respondents never see
    them.
    """
    items = _items(session, version.id)
    drivers = session.scalars(select(Driver)).all()
    return QuestionnairePage(
        version_id=version.id,
        number=version.number,
        published_at=version.published_at,
        locale=locale,
        rows=_rows(items, _names(drivers, names_locale), locale),
        sections={key: titles[locale] for key, titles in (version.sections or {}).items()},
        n_questions={
            audience: sum(item.audience is audience for item in items) for audience in Audience
        },
        minutes=_minutes(session, version),
        problems=problems_of(session, version) if version.published_at is None else [],
    )


def _items(session: Session, version_id: int) -> Sequence[VersionItem]:
    return session.scalars(
        select(VersionItem)
        .where(VersionItem.version_id == version_id)
        .order_by(VersionItem.position)
        .options(
            selectinload(VersionItem.question),
            selectinload(VersionItem.wording).selectinload(Wording.texts),
        )
    ).all()


def _minutes(session: Session, version: SurveyVersion) -> dict[Audience, int]:
    """As the invitations will say; 0 where an audience is asked nothing."""
    items = version_items_to_check(session, version.id)
    survey = version.survey
    own = {a: [item for item in items if item.audience is a] for a in Audience}
    modes = {Audience.PARTNER: survey.mode, Audience.INTERNAL: Mode.CONFIDENTIAL}
    return {
        audience: (
            minutes(asked, page=load_bank().page, locales=survey.locales, mode=modes[audience])
            if asked
            else 0
        )
        for audience, asked in own.items()
    }


def _names(drivers: Sequence[Driver], locale: str) -> dict[str, tuple[int, str]]:
    return {driver.code: (driver.position, driver.names[locale]) for driver in drivers}


def _rows(
    items: Sequence[VersionItem], names: Mapping[str, tuple[int, str]], locale: str
) -> list[QuestionRow]:
    by_audience = {a: {i.question.code: i for i in items if i.audience is a} for a in Audience}
    partner, internal = by_audience[Audience.PARTNER], by_audience[Audience.INTERNAL]
    order = merged_codes(
        {code: item.position for code, item in partner.items()},
        {code: item.position for code, item in internal.items()},
    )
    return [_row(code, partner.get(code), internal.get(code), names, locale) for code in order]


def _row(
    code: str,
    partner: VersionItem | None,
    internal: VersionItem | None,
    names: Mapping[str, tuple[int, str]],
    locale: str,
) -> QuestionRow:
    both = [each for each in (partner, internal) if each is not None]
    item = both[0]
    position, name = names.get(item.question.driver_code or "", (None, None))
    return QuestionRow(
        code=code,
        kind=item.question.kind,
        driver_name=name,
        driver_position=position,
        section=item.section,
        is_identified_only=(item.rule or {}).get("when") == ItemRule.IDENTIFIED_ONLY.value,
        rule=next((str(rule) for each in both if (rule := stored_rule(each.rule))), ""),
        partner=_reading(partner, locale) if partner else None,
        internal=_reading(internal, locale) if internal else None,
    )


def _reading(item: VersionItem, locale: str) -> Reading:
    wording = item.wording
    text = next((each for each in wording.texts if each.locale == locale), None)
    return Reading(
        text=(text.text or None) if text else None,
        heading=text.heading if text else None,
        type=wording.type,
        options=_options(wording, text),
        prompts=(text.prompts or {}) if text else {},
        has_comment=item.has_comment,
        allows_unknown=wording.allows_unknown,
    )


def _options(wording: Wording, text: WordingText | None) -> list[str]:
    labels = (text.labels or {}) if text else {}
    return [labels.get(str(option["value"]), "") for option in wording.options or ()]
