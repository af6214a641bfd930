"""The words of a draft's questions: editing, the standard ones again, questions of one's own.

A wording that was published, that is the bank's own, or that another version uses is never changed:
the draft gets a wording of its own beside it. Wordings of one `series` are compared across waves; a
text that reads differently opens a new series, and charts mark the break.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from surveys.errors import FieldError
from surveys.models import Driver, Question, SurveyVersion, VersionItem, Wording, WordingText
from surveys.question_bank import LOCALES, load_bank, opens_new_series
from surveys.question_bank import VersionItem as ItemToCheck
from surveys.questionnaire_drafts import (
    Line,
    Place,
    add_question,
    change_line,
    line_of,
)
from surveys.terms import Audience, QuestionKind, QuestionType

MAX_TEXT_LENGTH = 500
MAX_OPTIONS = 30
FEWEST_OPTIONS = 2
LISTED = frozenset({QuestionType.ONE, QuestionType.MANY, QuestionType.RANK, QuestionType.MATRIX5})
#: Types that never offer "don't know".
WITHOUT_UNKNOWN = frozenset({QuestionType.TEXT, QuestionType.RANK})
OWN_TYPES = (
    QuestionType.AGREE5,
    QuestionType.RATE5,
    QuestionType.NPS11,
    QuestionType.IMP7,
    QuestionType.SHARE11,
    QuestionType.ONE,
    QuestionType.MANY,
    QuestionType.RANK,
    QuestionType.MATRIX5,
    QuestionType.TEXT,
)
PROMPTS = ("low", "middle", "high")
OWN_CODE = "own_{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one audience reads of a question in one language; an empty text is not written yet."""

    text: str
    labels: Sequence[str] = ()
    prompts: Mapping[str, str] = field(default_factory=dict)


WordsByAudience = Mapping[Audience, Mapping[str, Words]]


def save_wordings(
    session: Session,
    version: SurveyVersion,
    code: str,
    *,
    words: WordsByAudience,
    reason: str = "",
) -> None:
    """Give a question of the draft these words; languages that are not given stay as they are.

    `reason` says why a statement that seems to make two claims may stand.
    Raises NotFound, or FieldError: `text.<audience>.<locale>` or `labels.<audience>.<locale>`
    (`too_long`, `too_many`).
    """
    _, line = line_of(session, version, code)
    places = dict(line.places)
    for audience, by_locale in words.items():
        _check(audience, by_locale)
        if audience in places:
            old = session.get_one(Wording, places[audience].wording_id)
            new = _saved(session, version, old, by_locale, reason)
            places[audience] = _with_wording(places[audience], new.id)
    change_line(session, version, Line(code=code, question_id=line.question_id, places=places))


def restore_standard(session: Session, version: SurveyVersion, code: str) -> None:
    """Give a question the first words that it had: the bank's own. Raises NotFound."""
    _, line = line_of(session, version, code)
    places = {}
    for audience, place in line.places.items():
        first = session.scalars(
            select(Wording.id)
            .where(Wording.question_id == line.question_id, Wording.audience == audience)
            .order_by(Wording.revision)
            .limit(1)
        ).one()
        places[audience] = _with_wording(place, first)
    change_line(session, version, Line(code=code, question_id=line.question_id, places=places))


def add_own_question(
    session: Session,
    version: SurveyVersion,
    *,
    type_: QuestionType,
    driver: str | None,
    words: WordsByAudience,
    allows_unknown: bool,
) -> str:
    """Add a question of one's own to the bank and ask it; its code is returned.

    An audience without any text is not asked. A driver, for statements only, makes it count with
    that driver's questions; then both audiences are asked.
    Raises FieldError: `type` or `driver` (`unknown`), `text` (`missing`), and as `save_wordings`.
    """
    asked = {a: by for a, by in words.items() if any(each.text for each in by.values())}
    _check_new(session, type_, driver, asked)
    question = Question(
        code=_free_code(session), driver_code=driver, kind=_kind_of_own(type_, driver)
    )
    session.add(question)
    session.flush()
    for audience, by_locale in asked.items():
        wording = Wording(
            question_id=question.id,
            audience=audience,
            revision=1,
            series=1,
            type=type_,
            options=_options(None, by_locale) if type_ in LISTED else None,
            allows_unknown=allows_unknown and type_ not in WITHOUT_UNKNOWN,
        )
        wording.texts = _new_texts(wording, by_locale)
        session.add(wording)
    session.flush()
    add_question(session, version, question.code)
    return question.code


def is_standard(wording: Wording, code: str) -> bool:
    """Whether these are the bank's own words, which every new survey starts from."""
    return wording.revision == 1 and code in {each.code for each in load_bank().questions}


def read_words(wording: Wording, text: WordingText) -> Words:
    """The stored words of one language; a label that is not written yet is empty."""
    labels = text.labels or {}
    return Words(
        text=text.text,
        labels=tuple(labels.get(str(each["value"]), "") for each in wording.options or ()),
        prompts=dict(text.prompts or {}),
    )


# --- checking ----------------------------------------------------------------------------------


def _check(audience: Audience, by_locale: Mapping[str, Words]) -> None:
    for locale, words in by_locale.items():
        if len(words.text) > MAX_TEXT_LENGTH:
            raise FieldError(f"text.{audience}.{locale}", "too_long")
        if len(words.labels) > MAX_OPTIONS:
            raise FieldError(f"labels.{audience}.{locale}", "too_many")
        if any(len(each) > MAX_TEXT_LENGTH for each in words.labels):
            raise FieldError(f"labels.{audience}.{locale}", "too_long")
        for name, prompt in words.prompts.items():
            if len(prompt) > MAX_TEXT_LENGTH:
                raise FieldError(f"{name}.{audience}.{locale}", "too_long")


def _check_new(
    session: Session, type_: QuestionType, driver: str | None, asked: WordsByAudience
) -> None:
    if type_ not in OWN_TYPES:
        raise FieldError("type", "unknown")
    if driver is not None and (type_ is not QuestionType.AGREE5 or not _knows(session, driver)):
        raise FieldError("driver", "unknown")
    if not asked:
        raise FieldError("text", "missing")
    for audience, by_locale in asked.items():
        _check(audience, by_locale)
        if type_ in LISTED:
            _check_labels(audience, by_locale)


def _check_labels(audience: Audience, by_locale: Mapping[str, Words]) -> None:
    locale = max(by_locale, key=lambda each: len(by_locale[each].labels))
    if len(by_locale[locale].labels) < FEWEST_OPTIONS:
        raise FieldError(f"labels.{audience}.{locale}", "too_few")


def _knows(session: Session, driver: str) -> bool:
    return session.get(Driver, driver) is not None


# --- storing -----------------------------------------------------------------------------------


def _saved(
    session: Session,
    version: SurveyVersion,
    old: Wording,
    by_locale: Mapping[str, Words],
    reason: str,
) -> Wording:
    """The wording with these words: the same one, the draft's own changed, or a new one."""
    texts = {text.locale: read_words(old, text) for text in old.texts}
    wanted = texts | {locale: _completed(old, each) for locale, each in by_locale.items()}
    confirmed = {"several_claims": reason.strip()} if reason.strip() else None
    if wanted == texts and (confirmed or None) == (old.warnings_confirmed or None):
        return old
    wording = old if _is_private(session, version, old) else _copy(session, old)
    if wording.type in LISTED:
        wording.options = _options(old.options, wanted)
    wording.warnings_confirmed = confirmed
    headings = {text.locale: text.heading for text in old.texts}
    session.execute(delete(WordingText).where(WordingText.wording_id == wording.id))
    session.expire(wording, ["texts"])
    session.add_all(_texts(wording, wanted, headings))
    session.flush()
    session.expire(wording, ["texts"])
    wording.series = _series(session, wording)
    session.flush()
    return wording


def _completed(wording: Wording, words: Words) -> Words:
    """Only what this type has: no answers to choose from under a text."""
    labels = tuple(words.labels) if wording.type in LISTED else ()
    return Words(text=words.text, labels=labels, prompts=dict(words.prompts))


def _is_private(session: Session, version: SurveyVersion, wording: Wording) -> bool:
    if wording.frozen_at is not None or is_standard(wording, wording.question.code):
        return False
    elsewhere = select(VersionItem.version_id).where(
        VersionItem.wording_id == wording.id, VersionItem.version_id != version.id
    )
    return session.scalar(elsewhere.limit(1)) is None


def _copy(session: Session, old: Wording) -> Wording:
    last = session.scalar(
        select(func.max(Wording.revision)).where(
            Wording.question_id == old.question_id, Wording.audience == old.audience
        )
    )
    wording = Wording(
        question_id=old.question_id,
        audience=old.audience,
        revision=(last or 0) + 1,
        series=old.series,
        type=old.type,
        options=old.options,
        allows_unknown=old.allows_unknown,
    )
    session.add(wording)
    session.flush()
    return wording


def _texts(
    wording: Wording, words: Mapping[str, Words], headings: Mapping[str, str | None]
) -> list[WordingText]:
    return [
        WordingText(
            wording_id=wording.id,
            locale=locale,
            text=each.text,
            heading=headings.get(locale),
            labels=_labels(wording.options, each.labels),
            prompts=dict(each.prompts) or None,
        )
        for locale, each in words.items()
    ]


def _new_texts(wording: Wording, by_locale: Mapping[str, Words]) -> list[WordingText]:
    page = load_bank().page
    is_statement = wording.type is QuestionType.AGREE5
    headings = page.statement_heading[wording.audience] if is_statement else {}
    asks = page.internal_prompt if wording.audience is Audience.INTERNAL else page.middle_prompt
    words = {
        locale: Words(
            text=each.text,
            labels=each.labels,
            prompts=dict.fromkeys(PROMPTS, asks[locale]) if is_statement else {},
        )
        for locale, each in by_locale.items()
        if locale in LOCALES
    }
    return _texts(wording, words, headings)


def _options(
    old: Sequence[Mapping[str, object]] | None, words: Mapping[str, Words]
) -> list[dict[str, object]]:
    """The stored values: as they are while none is added or taken away, else counted from 1."""
    count = max(len(each.labels) for each in words.values())
    if old is not None and len(old) == count:
        return [dict(each) for each in old]
    return [{"value": value, "route": "continue"} for value in range(1, count + 1)]


def _labels(
    options: Sequence[Mapping[str, object]] | None, labels: Sequence[str]
) -> dict[str, object] | None:
    if not options:
        return None
    return {
        str(option["value"]): label for option, label in zip(options, labels, strict=False)
    } or None


def _series(session: Session, wording: Wording) -> int:
    """That of an earlier wording that reads alike; else one of its own."""
    others = session.scalars(
        select(Wording)
        .where(
            Wording.question_id == wording.question_id,
            Wording.audience == wording.audience,
            Wording.id != wording.id,
        )
        .order_by(Wording.revision)
    ).all()
    own = _as_item(wording)
    alike = next((each for each in others if not opens_new_series(_as_item(each), own)), None)
    if alike is not None:
        return alike.series
    taken = {each.series for each in others}
    return wording.series if wording.series not in taken else max(taken) + 1


def _as_item(wording: Wording) -> ItemToCheck:
    texts = {text.locale: text for text in wording.texts if text.text}
    return ItemToCheck(
        question="",
        driver=None,
        kind=QuestionKind.OUTCOME,
        position=0,
        audience=wording.audience,
        type=wording.type,
        texts={locale: text.text for locale, text in texts.items()},
        headings={locale: text.heading or "" for locale, text in texts.items()},
        answers={locale: read_words(wording, text).labels for locale, text in texts.items()},
    )


def _with_wording(place: Place, wording_id: int) -> Place:
    return Place(
        wording_id=wording_id,
        section=place.section,
        rule=place.rule,
        has_comment=place.has_comment,
    )


def _kind_of_own(type_: QuestionType, driver: str | None) -> QuestionKind:
    if driver is not None:
        return QuestionKind.FOLLOW_UP
    return QuestionKind.COMMENT if type_ is QuestionType.TEXT else QuestionKind.OUTCOME


def _free_code(session: Session) -> str:
    taken = set(session.scalars(select(Question.code).where(Question.code.startswith("own_"))))
    numbers = range(1, len(taken) + 2)
    return next(code for n in numbers if (code := OWN_CODE.format(n)) not in taken)
