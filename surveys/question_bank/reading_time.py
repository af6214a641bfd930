"""How many words a questionnaire has and how many minutes it takes.

Counted are the texts that everybody meets: the promise, headings, questions, listed answers, the
hint at text fields and the offer of contact. Prompts under ratings, section titles, scale labels
and the radar disclosure are not. Source: method of the question bank, templates.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from surveys.question_bank.model import LOCALES, Bank, PageTexts, Template, VersionItem
from surveys.question_bank.versions import possible_waves, version_items
from surveys.terms import Audience, Mode, QuestionKind, QuestionType

WORDS_A_MINUTE = {"en": 220, "pl": 180}
SECONDS_A_CLOSED_ITEM = 5
SECONDS_AN_IMPORTANCE_ROW = 3
SECONDS_A_TEXT_FIELD = 30
FEWEST_MINUTES = 2

_WORD = re.compile(r"\{\w+\}(?:'s)?|(?:[^\W\d_]|')+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one person has to read and do, in one language."""

    words: int
    closed_items: int
    importance_rows: int
    text_fields: int

    def minutes(self, locale: str) -> int:
        """Whole minutes, rounded up, at least two; 'en' and 'pl' have their own reading speed."""
        seconds = (
            SECONDS_A_CLOSED_ITEM * self.closed_items
            + SECONDS_AN_IMPORTANCE_ROW * self.importance_rows
            + SECONDS_A_TEXT_FIELD * self.text_fields
        )
        return max(FEWEST_MINUTES, math.ceil(self.words / WORDS_A_MINUTE[locale] + seconds / 60))


def count_words(text: str) -> int:
    """Runs of letters with their apostrophes; a placeholder is one word, a number none."""
    return len(_WORD.findall(text))


def reading(
    items: Sequence[VersionItem], locale: str, *, page: PageTexts, mode: Mode = Mode.CONFIDENTIAL
) -> Reading:
    """What one audience reads and does when it is asked these items in one wave.

    `contact` costs its words but no seconds, and stands on the thanks page in the confidential and
    anonymous modes; a text missing in this language counts nothing. `mode` is that of the partners:
    staff are always asked confidentially.
    """
    types = [item.type for item in items if item.kind is not QuestionKind.CONTACT]
    n_rows = types.count(QuestionType.IMP7)
    n_texts = types.count(QuestionType.TEXT)
    texts = [*_own_texts(items, locale, mode=mode), *_around(items, locale, page=page, mode=mode)]
    return Reading(
        words=sum(map(count_words, texts)),
        closed_items=len(types) - n_rows - n_texts,
        importance_rows=n_rows,
        text_fields=n_texts,
    )


def minutes(
    items: Sequence[VersionItem],
    *,
    page: PageTexts,
    locales: Iterable[str] = LOCALES,
    mode: Mode = Mode.CONFIDENTIAL,
) -> int:
    """Minutes to promise for these items: the language that takes longer counts."""
    return max(reading(items, each, page=page, mode=mode).minutes(each) for each in locales)


def template_minutes(
    bank: Bank, template: Template, *, audience: Audience, mode: Mode = Mode.CONFIDENTIAL
) -> int:
    """Minutes of a template for one audience; of a rotation, those of its longest wave."""
    own = [item for item in version_items(bank, template) if item.audience is audience]
    waves = possible_waves(own, template.rotation)
    return max(minutes(wave, page=bank.page, mode=mode) for wave in waves)


def _own_texts(items: Sequence[VersionItem], locale: str, *, mode: Mode) -> Iterator[str]:
    headings = {item.headings.get(locale, "") for item in items if item.headings is not None}
    yield from headings
    for item in items:
        if item.kind is QuestionKind.CONTACT and mode is not Mode.IDENTIFIED:
            continue
        yield item.texts.get(locale, "")
        yield from (item.answers or {}).get(locale, ())


def _around(
    items: Sequence[VersionItem], locale: str, *, page: PageTexts, mode: Mode
) -> Iterator[str]:
    """The page's own texts, as far as these items call for them."""
    if not items:
        return
    audience = items[0].audience
    promised = mode if audience is Audience.PARTNER else Mode.CONFIDENTIAL
    yield page.promise(audience, promised, locale=locale)
    if any(item.type is QuestionType.TEXT for item in items):
        yield page.text_hint[locale]
    if any(item.kind is QuestionKind.CONTACT for item in items):
        yield page.contact_topic[locale]
        if mode is not Mode.IDENTIFIED:
            yield page.contact_apart[locale]
