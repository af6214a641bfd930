"""How each type of question is shown, read from a form, and stored.

A stored value is a small integer; `None` means "don't know or does not apply", and no value at all
means not answered. Texts are comments and are stored apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.question_bank import load_bank
from surveys.question_shapes import PER_ROW
from surveys.questionnaires import Item
from surveys.terms import QuestionType

UNKNOWN = "dk"
SCALES = frozenset(
    {
        QuestionType.AGREE5,
        QuestionType.RATE5,
        QuestionType.NPS11,
        QuestionType.SHARE11,
        QuestionType.IMP7,
    }
)
#: Up to which answer, and from which on, the comment under a rating asks for the low and the high.
PROMPT_LIMITS = {
    QuestionType.AGREE5: (2, 4),
    QuestionType.RATE5: (2, 4),
    QuestionType.NPS11: (6, 9),
    QuestionType.SHARE11: (40, 60),
    QuestionType.IMP7: (3, 5),
}
MAX_TEXT = 5000
#: What the page counts to; longer texts are still taken.
SHOWN_MAX_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Choice:
    """One radio button or box: the form's value, what is read, and whether only ends are worded."""

    value: str
    label: str
    spoken: str


def is_scale(item: Item) -> bool:
    """Whether the answers form a row of numbered buttons."""
    return item.type in SCALES


def has_values(item: Item) -> bool:
    """Whether answers are stored as numbers (all but texts and tick boxes)."""
    return item.type not in (QuestionType.TEXT, QuestionType.TICK)


def choices(item: Item, locale: str) -> tuple[Choice, ...]:
    """The answers to choose from, in order, without "don't know"."""
    if item.type is QuestionType.RANK:
        places = range(1, len(item.options) + 1)
        return tuple(Choice(str(place), str(place), "") for place in places)
    if not is_scale(item) and item.type is not QuestionType.MATRIX5:
        return tuple(
            Choice(str(option.value), option.label, option.label) for option in item.options
        )
    scale = load_bank().scales[item.type]
    labels = scale.labels[locale]
    if scale.has_ends_only:
        ends = {scale.values[0]: labels[0], scale.values[-1]: labels[-1]}
        return tuple(
            Choice(str(value), _shown(item, value), ends.get(value, "")) for value in scale.values
        )
    return tuple(
        Choice(str(value), _shown(item, value), label)
        for value, label in zip(scale.values, labels, strict=True)
    )


def end_labels(item: Item, locale: str) -> tuple[str, str] | None:
    """What stands under the two ends of a scale."""
    if not is_scale(item) and item.type is not QuestionType.MATRIX5:
        return None
    labels = load_bank().scales[item.type].labels[locale]
    return labels[0], labels[-1]


def allowed_values(item: Item) -> frozenset[str]:
    """Every form value that this question takes, of a matrix or ranking in each row."""
    if item.type is QuestionType.RANK:
        values = {str(place) for place in range(1, len(item.options) + 1)}
    elif is_scale(item) or item.type is QuestionType.MATRIX5:
        values = {str(value) for value in load_bank().scales[item.type].values}
    else:
        values = {str(option.value) for option in item.options}
    if item.allows_unknown:
        values.add(UNKNOWN)
    return frozenset(values)


def stored_rows(item: Item, chosen: Sequence[str]) -> list[tuple[int, int | None]]:
    """Rows (item number, value) for the form values chosen; empty when nothing was chosen."""
    if item.type is QuestionType.MANY:
        return [(int(value), 1) for value in chosen]
    return [(0, None if value == UNKNOWN else int(value)) for value in chosen[:1]]


def field_names(item: Item) -> tuple[str, ...]:
    """The form fields that take its answers: one, or one for each row."""
    if item.type not in PER_ROW:
        return (item.code,)
    return tuple(row_name(item, option.value) for option in item.options)


def row_name(item: Item, row: int) -> str:
    """The form field of one row, and its column in files."""
    return f"{item.code}__{row}"


def given_rows(item: Item, values: Mapping[str, Sequence[str]]) -> list[tuple[int, int | None]]:
    """Rows (item number, value) of what a form holds for this question, by field."""
    if item.type not in PER_ROW:
        return stored_rows(item, values.get(item.code, ()))
    return [
        (option.value, None if chosen == UNKNOWN else int(chosen))
        for option in item.options
        for chosen in values.get(row_name(item, option.value), ())[:1]
    ]


def filled_fields(item: Item, rows: Mapping[int, int | None]) -> dict[str, list[str]]:
    """The form fields that stored rows stand for; the inverse of `given_rows`."""
    if item.type not in PER_ROW:
        return {item.code: form_values(item, rows)}
    return {
        row_name(item, row): [UNKNOWN if value is None else str(value)]
        for row, value in rows.items()
    }


def form_values(item: Item, rows: Mapping[int, int | None]) -> list[str]:
    """The form values that stored rows stand for; the inverse of `stored_rows`."""
    if item.type is QuestionType.MANY:
        return [str(number) for number in sorted(rows)]
    return [UNKNOWN if value is None else str(value) for value in rows.values()]


def _shown(item: Item, value: int) -> str:
    return f"{value} %" if item.type is QuestionType.SHARE11 else str(value)
