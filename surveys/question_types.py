"""How each type of question is shown, read from a form, and stored.

A stored value is a small integer; `None` means "don't know or does not apply", and no value at all
means not answered. Texts are comments and are stored apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.question_bank import load_bank
from surveys.questionnaires import Item
from surveys.terms import QuestionType

UNKNOWN = "dk"
SCALES = frozenset(
    {QuestionType.AGREE5, QuestionType.NPS11, QuestionType.SHARE11, QuestionType.IMP7}
)
#: Up to which answer, and from which on, the comment under a rating asks for the low and the high.
PROMPT_LIMITS = {
    QuestionType.AGREE5: (2, 4),
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
    if not is_scale(item):
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
    if not is_scale(item):
        return None
    labels = load_bank().scales[item.type].labels[locale]
    return labels[0], labels[-1]


def allowed_values(item: Item) -> frozenset[str]:
    """Every form value that this question takes."""
    if is_scale(item):
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


def form_values(item: Item, rows: Mapping[int, int | None]) -> list[str]:
    """The form values that stored rows stand for; the inverse of `stored_rows`."""
    if item.type is QuestionType.MANY:
        return [str(number) for number in sorted(rows)]
    return [UNKNOWN if value is None else str(value) for value in rows.values()]


def _shown(item: Item, value: int) -> str:
    return f"{value} %" if item.type is QuestionType.SHARE11 else str(value)
