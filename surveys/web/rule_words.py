"""Rules of show and hide in words for people: for whom a question on the page is."""

from collections.abc import Callable, Sequence

from surveys.i18n import gettext
from surveys.question_types import UNKNOWN, Choice, is_scale
from surveys.questionnaires import Item, Questionnaire
from surveys.show_rules import Part

Choices = Callable[[Item], Sequence[Choice]]


def condition_text(
    questionnaire: Questionnaire, item: Item, choices: Choices, unknown_label: str
) -> str:
    """For whom a question is, without JavaScript: 'question 2: 1, 2'."""
    assert item.rule is not None
    numbers = {each.code: number for number, each in enumerate(questionnaire.items, start=1)}
    parts = []
    for part in item.rule.parts:
        asked = questionnaire.item(part.code)
        if asked is None:
            continue
        answers = ", ".join(_fitting(part, asked, choices, unknown_label))
        words = gettext("question %(number)s: %(answers)s")
        parts.append(words % {"number": numbers[part.code], "answers": answers})
    joint = gettext(" and ") if item.rule.is_all else gettext(" or ")
    return joint.join(parts)


def _fitting(part: Part, asked: Item, choices: Choices, unknown_label: str) -> list[str]:
    fitting = [choice for choice in choices(asked) if part.holds([choice.value])]
    is_run = is_scale(asked) and len(fitting) > 2
    words = [choice.label for choice in fitting]
    found = [f"{words[0]}–{words[-1]}"] if is_run and part.sign not in ("=", "!=") else words
    if asked.allows_unknown and part.holds([UNKNOWN]):
        found = [*found, unknown_label]
    return found
