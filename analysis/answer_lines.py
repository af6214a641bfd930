"""The question cells of one response as a piece of a CSV line, from answers that SQL joined.

The cells are those of `Column.cells`, quoted as csv_export.py quotes them. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence

from analysis.csv_lines import TextCells
from analysis.response_columns import NOT_APPLICABLE, Column, Text
from surveys.terms import QuestionType

#: More than any item of a question: `question_id * ITEMS + item` is the key of an answer.
ITEMS = 65_536
_CONTACT = "contact"
TEXT_CELLS = 3


class AnswerLines:
    """Pieces of lines with the questions of a version in its order."""

    def __init__(self, columns: Sequence[Column], separator: str) -> None:
        self._separator = separator
        self._texts = TextCells(separator)
        self._choices = {
            column.question_id: {option: _key(column, option) for option in column.options}
            for column in columns
            if column.type is QuestionType.MANY
        }
        nothing = separator * (TEXT_CELLS - 1)
        slots = [slot for column in columns for slot in _slots(column, nothing)]
        self._order = [name for name, _ in slots]
        self._unanswered = dict(slots)

    def piece(
        self,
        keys: str | None,
        values: str | None,
        *,
        texts: Iterable[tuple[int, Text]] = (),
        may_contact: bool = False,
    ) -> str:
        """Cells with separators between them.

        `keys` and `values` hold the answers in the same order, with commas between; a value is a
        number or NA. `texts` come with the ids of their questions.
        """
        cells = self._unanswered.copy()
        if keys and values:
            given = dict(zip(keys.split(","), values.split(","), strict=True))
            cells.update(given)
            if self._choices:
                cells.update(self._chosen(given))
        if may_contact:
            cells[_CONTACT] = "1"
        for question_id, text in texts:
            cells[_text_slot(question_id)] = self._written(text)
        return self._separator.join(map(cells.__getitem__, self._order))

    def _chosen(self, given: Mapping[str, str]) -> dict[str, str]:
        """0 or 1 for each option of the multiple choices that were answered, or NA for all."""
        answered = {int(key) // ITEMS for key in given}
        chosen: dict[str, str] = {}
        for question_id in answered & self._choices.keys():
            is_unknown = given.get(str(question_id * ITEMS)) == NOT_APPLICABLE
            for key in self._choices[question_id].values():
                chosen[key] = NOT_APPLICABLE if is_unknown else str(int(key in given))
        return chosen

    def _written(self, text: Text) -> str:
        written = self._texts.written
        cells = (written(text.text), written(text.sentiment), written(" ".join(text.drivers)))
        return self._separator.join(cells)


def _slots(column: Column, nothing: str) -> list[tuple[str, str]]:
    """Names of a question's slots, and what stands there unanswered; a text's slot is three."""
    if column.type is QuestionType.TEXT:
        return [(_text_slot(column.question_id), nothing)]
    if column.type is QuestionType.TICK:
        return [(_CONTACT, "0")]
    items = column.options if column.type is QuestionType.MANY else [column.item]
    slots = [(_key(column, item), "") for item in items]
    return slots + ([(_text_slot(column.question_id), nothing)] if column.has_comment else [])


def _key(column: Column, item: int) -> str:
    return str(column.question_id * ITEMS + item)


def _text_slot(question_id: int) -> str:
    return f"text {question_id}"
