"""What the questionnaire's editor shows: every question with its words in all languages, the bank.

Reading only; the changes are in surveys/questionnaire_drafts.py and surveys/wording_edits.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from surveys.models import Driver, Question, SurveyVersion, VersionItem, Wording, WordingText
from surveys.question_bank import Problem, load_bank
from surveys.question_order import merged_codes
from surveys.question_settings import RATINGS
from surveys.questionnaires import problems_of, published_version
from surveys.stored_rules import stored_rule
from surveys.terms import Audience, QuestionKind, QuestionStatus, QuestionType
from surveys.wording_edits import LISTED, Words, read_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A question as one audience meets it, in every language of the survey."""

    type: QuestionType
    words: Mapping[str, Words]
    headings: Mapping[str, str]
    has_labels: bool
    has_prompts: bool
    is_first: bool
    starts_new_line: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorRow:
    """One question of the draft; `missing` are the languages that lack words."""

    code: str
    kind: QuestionKind
    driver_name: str | None
    driver_position: int | None
    sides: Mapping[Audience, Side]
    missing: Sequence[str]
    problems: Sequence[Problem]
    reason: str
    asks_reason: bool
    rules: Mapping[Audience, str]
    can_comment: bool
    has_comment: bool

    @property
    def rule(self) -> str:
        """The rule of show and hide, empty where it is always asked."""
        return next((each for each in self.rules.values() if each), "")

    @property
    def always_asked(self) -> Sequence[Audience]:
        """Who cannot follow the rule and is therefore always asked."""
        return [who for who, rule in self.rules.items() if not rule] if self.rule else []

    @property
    def is_first(self) -> bool:
        """Whether both audiences read the words that the question had first."""
        return all(side.is_first for side in self.sides.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class BankEntry:
    """A question of the bank that the draft could ask; `text` in the reader's language."""

    code: str
    driver_name: str | None
    text: str
    type: QuestionType
    status: QuestionStatus
    is_own: bool
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorPage:
    """A draft for editing."""

    version_id: int
    number: int
    template_key: str | None
    has_published: bool
    rows: Sequence[EditorRow]
    bank: Sequence[BankEntry]
    blocking: Sequence[Problem]
    advice: Sequence[Problem]

    @property
    def offered(self) -> Sequence[tuple[str | None, Sequence[BankEntry]]]:
        """Questions that can be added, by driver."""
        free = [
            each for each in self.bank if each.status is QuestionStatus.ACTIVE and not each.is_asked
        ]
        return [(name, list(own)) for name, own in groupby(free, lambda each: each.driver_name)]


def editor_page(session: Session, version: SurveyVersion, *, locale: str) -> EditorPage:
    """The draft with all its words; `locale` is the reader's, for names of drivers."""
    problems = problems_of(session, version)
    published = published_version(session, version.survey_id)
    items = _items(session, version.id)
    return EditorPage(
        version_id=version.id,
        number=version.number,
        template_key=version.template_key,
        has_published=published is not None,
        rows=_rows(session, version, items, problems, published, locale=locale),
        bank=bank_entries(session, locale=locale, asked={item.question_id for item in items}),
        blocking=[each for each in problems if not each.is_advice],
        advice=[each for each in problems if each.is_advice],
    )


def bank_entries(
    session: Session, *, locale: str, asked: Collection[int] = frozenset()
) -> list[BankEntry]:
    """Every question of the bank, by driver, then in its order; those without a driver first.

    Of the first words of each, the partners' where they are asked. Columns only: the bank is large,
    and this is read with every page of the editor.
    """
    names = {row.code: row.names[locale] for row in session.execute(_DRIVERS)}
    standard = {each.code for each in load_bank().questions}
    rows: dict[int, Any] = {}
    for row in session.execute(_FIRST_WORDS):
        before = rows.get(row.id)
        is_better = before is not None and (before.locale != locale and row.locale == locale)
        if before is None or (is_better and before.audience is row.audience):
            rows[row.id] = row
    return [
        BankEntry(
            code=row.code,
            driver_name=names.get(row.driver_code),
            text=row.text,
            type=row.type,
            status=row.status,
            is_own=row.code not in standard,
            is_asked=row.id in asked,
        )
        for row in rows.values()
    ]


_DRIVERS = select(Driver.code, Driver.names)
_FIRST_WORDS = (
    select(
        Question.id,
        Question.code,
        Question.driver_code,
        Question.status,
        Wording.audience,
        Wording.type,
        WordingText.locale,
        WordingText.text,
    )
    .join(Wording, (Wording.question_id == Question.id) & (Wording.revision == 1))
    .join(WordingText, WordingText.wording_id == Wording.id)
    .outerjoin(Driver, Driver.code == Question.driver_code)
    .order_by(
        Driver.position.nulls_first(), Question.id, Wording.audience.desc(), WordingText.locale
    )
)


def _items(session: Session, version_id: int) -> Sequence[VersionItem]:
    return session.scalars(
        select(VersionItem)
        .where(VersionItem.version_id == version_id)
        .options(
            selectinload(VersionItem.question),
            selectinload(VersionItem.wording).selectinload(Wording.texts),
        )
    ).all()


def _rows(
    session: Session,
    version: SurveyVersion,
    items: Sequence[VersionItem],
    problems: Sequence[Problem],
    published: SurveyVersion | None,
    *,
    locale: str,
) -> list[EditorRow]:
    found: dict[str, dict[Audience, VersionItem]] = {}
    for item in items:
        found.setdefault(item.question.code, {})[item.audience] = item
    names = {
        each.code: (each.position, each.names[locale]) for each in session.scalars(select(Driver))
    }
    series = _series(session, published)
    order = merged_codes(
        *({code: own[a].position for code, own in found.items() if a in own} for a in Audience)
    )
    return [
        _row(found[code], names, series, problems, locales=version.survey.locales) for code in order
    ]


def _series(session: Session, published: SurveyVersion | None) -> dict[tuple[int, Audience], int]:
    if published is None:
        return {}
    rows = session.execute(
        select(VersionItem.question_id, VersionItem.audience, Wording.series)
        .join(VersionItem.wording)
        .where(VersionItem.version_id == published.id)
    )
    return {(row.question_id, row.audience): row.series for row in rows}


def _row(
    items: Mapping[Audience, VersionItem],
    names: Mapping[str, tuple[int, str]],
    series: Mapping[tuple[int, Audience], int],
    problems: Sequence[Problem],
    *,
    locales: Sequence[str],
) -> EditorRow:
    question = next(iter(items.values())).question
    position, name = names.get(question.driver_code or "", (None, None))
    sides = {
        audience: _side(items[audience], series, locales)
        for audience in Audience
        if audience in items
    }
    own = [each for each in problems if each.question == question.code]
    confirmed = [item.wording.warnings_confirmed or {} for item in items.values()]
    reason = next((each["several_claims"] for each in confirmed if "several_claims" in each), "")
    return EditorRow(
        code=question.code,
        kind=question.kind,
        driver_name=name,
        driver_position=position,
        sides=sides,
        missing=[
            locale
            for locale in locales
            if any(not side.words[locale].text for side in sides.values())
        ],
        problems=[each for each in own if not each.is_advice],
        reason=reason,
        asks_reason=bool(reason) or any(each.can_be_confirmed for each in own),
        rules={who: str(stored_rule(item.rule) or "") for who, item in items.items()},
        can_comment=any(side.type in RATINGS for side in sides.values()),
        has_comment=any(item.has_comment for item in items.values()),
    )


def _side(
    item: VersionItem,
    series: Mapping[tuple[int, Audience], int],
    locales: Sequence[str],
) -> Side:
    wording = item.wording
    texts = {text.locale: text for text in wording.texts}
    before = series.get((item.question_id, item.audience))
    return Side(
        type=wording.type,
        words={
            locale: read_words(wording, texts[locale]) if locale in texts else Words(text="")
            for locale in locales
        },
        headings={each.locale: each.heading for each in texts.values() if each.heading},
        has_labels=wording.type in LISTED,
        has_prompts=item.has_comment,
        is_first=wording.revision == 1,
        starts_new_line=before is not None and before != wording.series,
    )
