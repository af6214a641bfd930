"""The question columns of an export of responses: which there are, and one person's cells in them.

Columns come from the survey's version, never from the data. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.export_table import Cell, Measure, Sort, Variable
from surveys.terms import QuestionType

NOT_APPLICABLE = "NA"
UNKNOWN = "dk"
#: What stands for "don't know" where a column can hold nothing but numbers; no answer is below 0.
UNKNOWN_NUMBER = -9

#: Stored value by item (0, or the option of a multiple choice); None is "don't know".
Given = Mapping[int, int | None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text with what the analyser made of it; nothing for one that is not sent yet."""

    text: str
    sentiment: str | None = None
    drivers: Sequence[str] = ()

    @property
    def cells(self) -> list[Cell]:
        """The text and its two neighbours."""
        return [self.text, self.sentiment, " ".join(self.drivers) or None]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A question in one language: its wording, the words of stored values, and of "don't know"."""

    text: str
    labels: Mapping[int, str]
    unknown: str


@dataclass(slots=True)
class Filled:
    """What one person gave, by question id."""

    answers: dict[int, dict[int, int | None]] = field(default_factory=dict)
    texts: dict[int, Text] = field(default_factory=dict)
    may_contact: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One question of the version, and the columns that it has.

    A ranking or matrix is one column for each row: `item` says which.
    """

    question_id: int
    code: str
    type: QuestionType
    options: Sequence[int]
    has_comment: bool
    item: int = 0

    @property
    def headings(self) -> list[str]:
        """Names of the question's columns."""
        if self.type is QuestionType.TEXT:
            return _text_headings(self.code)
        if self.type is QuestionType.MANY:
            names = [f"{self.code}__{option}" for option in self.options]
        else:
            names = [self.code]
        return names + (_text_headings(f"{self.code}_why") if self.has_comment else [])

    def variables(self, meaning: Meaning) -> list[Variable]:
        """What each of the question's columns holds."""
        texts = [Variable(label=meaning.text), Variable(), Variable()]
        if self.type is QuestionType.TEXT:
            return texts
        if self.type is QuestionType.TICK:
            return [Variable(Sort.NUMBER, meaning.text)]
        return self._numbers(meaning) + (texts if self.has_comment else [])

    def _numbers(self, meaning: Meaning) -> list[Variable]:
        missing = {NOT_APPLICABLE: UNKNOWN_NUMBER}
        unknown = {UNKNOWN_NUMBER: meaning.unknown}
        if self.type is QuestionType.MANY:
            labels = [f"{meaning.text} {meaning.labels.get(each, each)}" for each in self.options]
            return [Variable(Sort.NUMBER, each, values=unknown, missing=missing) for each in labels]
        measure = Measure.NOMINAL if self.type is QuestionType.ONE else Measure.ORDINAL
        values = {**meaning.labels, **unknown}
        return [Variable(Sort.NUMBER, meaning.text, measure, values, missing)]

    def cells(self, filled: Filled) -> list[Cell]:
        """One person's cells: None not answered, NA don't know, 0 or 1 for each option."""
        written = filled.texts.get(self.question_id)
        text: list[Cell] = written.cells if written else [None] * 3
        if self.type is QuestionType.TEXT:
            return text
        if self.type is QuestionType.TICK:
            return [int(filled.may_contact)]
        values = self._values(filled.answers.get(self.question_id))
        return values + (text if self.has_comment else [])

    def _values(self, given: Given | None) -> list[Cell]:
        n_cells = len(self.options) if self.type is QuestionType.MANY else 1
        if given is None:
            return [None] * n_cells
        if self.item in given and given[self.item] is None:
            return [NOT_APPLICABLE] * n_cells
        if self.type is QuestionType.MANY:
            return [int(option in given) for option in self.options]
        return [given.get(self.item)]


def of_draft(stored: Mapping[str, Any], columns: Sequence[Column]) -> Filled:
    """What a draft holds, as far as it could be sent like that."""
    filled = Filled()
    values, texts = stored.get("values", {}), stored.get("texts", {})
    for column in columns:
        code = column.code if column.type is QuestionType.TEXT else f"{column.code}_why"
        if texts.get(code):
            filled.texts[column.question_id] = Text(texts[code])
        chosen = values.get(column.code) or []
        if column.type is QuestionType.TICK:
            filled.may_contact = filled.may_contact or bool(chosen)
        elif chosen:
            filled.answers.setdefault(column.question_id, {}).update(_stored(column, chosen))
    return filled


def _stored(column: Column, chosen: Sequence[str]) -> dict[int, int | None]:
    if column.type is QuestionType.MANY:
        return {int(value): 1 for value in chosen}
    return {column.item: None if chosen[0] == UNKNOWN else int(chosen[0])}


def _text_headings(code: str) -> list[str]:
    return [code, f"{code}__sentiment", f"{code}__drivers"]
