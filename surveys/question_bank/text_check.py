"""The rules that one question keeps to by itself: languages, placeholders, words, claims, traps."""

import re
from collections.abc import Callable, Iterator, Sequence

from surveys.question_bank.model import VersionItem
from surveys.question_bank.placeholders import placeholders
from surveys.question_bank.problems import Problem, ProblemCode, problem
from surveys.question_bank.reading_time import count_words
from surveys.question_bank.wording_rules import (
    MOST_WORDS_OF_A_STATEMENT,
    bare_possessive,
    familiar_address,
    gendered_vendor,
    inflected_vendor,
    second_claim,
)
from surveys.terms import QuestionType

_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_LISTED = (QuestionType.ONE, QuestionType.MANY, QuestionType.RANK, QuestionType.MATRIX5)

Rule = Callable[[str], str | None]
_TRAPS: dict[str, tuple[tuple[ProblemCode, Rule], ...]] = {
    "en": ((ProblemCode.BARE_POSSESSIVE, bare_possessive),),
    "pl": (
        (ProblemCode.INFLECTED_VENDOR, inflected_vendor),
        (ProblemCode.GENDERED_VENDOR, gendered_vendor),
        (ProblemCode.FAMILIAR_ADDRESS, familiar_address),
    ),
}


def text_traps(text: str, locale: str) -> list[tuple[ProblemCode, str]]:
    """The traps of its language that any text falls into, a mail's as well, with what was found."""
    found = ((code, rule(text)) for code, rule in _TRAPS.get(locale, ()))
    return [(code, words) for code, words in found if words is not None]


def check_item(item: VersionItem, locales: Sequence[str]) -> Iterator[Problem]:
    """Every rule that this question breaks by itself, in these languages."""
    yield from _missing_texts(item, locales)
    yield from _missing_answers(item, locales)
    yield from _placeholders_differ(item, locales)
    for locale in locales:
        yield from _unknown_placeholders(item, locale)
        yield from _traps(item, locale)
        if item.type is QuestionType.AGREE5:
            yield from _statement(item, locale)


def _texts(item: VersionItem, locale: str) -> list[str]:
    """Everything of this question that a reader of this language meets."""
    heading = (item.headings or {}).get(locale, "")
    return [item.texts.get(locale, ""), heading, *(item.answers or {}).get(locale, ())]


def _missing_texts(item: VersionItem, locales: Sequence[str]) -> Iterator[Problem]:
    for locale in locales:
        parts = [item.texts] if item.headings is None else [item.texts, item.headings]
        if not all(part.get(locale, "").strip() for part in parts):
            yield _problem(ProblemCode.MISSING_TEXT, item, locale)


def _missing_answers(item: VersionItem, locales: Sequence[str]) -> Iterator[Problem]:
    if item.type not in _LISTED:
        return
    listed = [(item.answers or {}).get(locale, ()) for locale in locales]
    has_blank = any(not answer.strip() for answers in listed for answer in answers)
    if has_blank or len({len(answers) for answers in listed}) > 1 or not all(listed):
        yield _problem(ProblemCode.MISSING_ANSWERS, item)


def _placeholders_differ(item: VersionItem, locales: Sequence[str]) -> Iterator[Problem]:
    texts = [_texts(item, locale) for locale in locales if item.texts.get(locale, "").strip()]
    if len({len(each) for each in texts}) != 1:
        return
    for parallel in zip(*texts, strict=True):
        sets = [placeholders(text) for text in parallel]
        differing = frozenset().union(*sets) - frozenset.intersection(*sets)
        if differing:
            names = ", ".join(f"{{{name}}}" for name in sorted(differing))
            yield _problem(ProblemCode.PLACEHOLDERS_DIFFER, item, placeholders=names)


def _unknown_placeholders(item: VersionItem, locale: str) -> Iterator[Problem]:
    for text in _texts(item, locale):
        for found in _BRACES.findall(text):
            if found != "{v}":
                yield _problem(ProblemCode.UNKNOWN_PLACEHOLDER, item, locale, placeholder=found)


def _traps(item: VersionItem, locale: str) -> Iterator[Problem]:
    for text in _texts(item, locale):
        for code, found in text_traps(text, locale):
            yield _problem(code, item, locale, found=found)


def _statement(item: VersionItem, locale: str) -> Iterator[Problem]:
    text = item.texts.get(locale, "")
    count = count_words(text)
    if count > MOST_WORDS_OF_A_STATEMENT:
        limit = MOST_WORDS_OF_A_STATEMENT
        yield _problem(ProblemCode.TOO_MANY_WORDS, item, locale, count=count, limit=limit)
    found = second_claim(text, locale)
    if found is not None and not _is_confirmed(item, ProblemCode.SEVERAL_CLAIMS):
        yield _problem(ProblemCode.SEVERAL_CLAIMS, item, locale, found=found)


def _is_confirmed(item: VersionItem, code: ProblemCode) -> bool:
    return bool((item.confirmed or {}).get(code.value, "").strip())


def _problem(
    code: ProblemCode, item: VersionItem, locale: str | None = None, **details: str | int
) -> Problem:
    return problem(code, item.question, audience=item.audience, locale=locale, **details)
