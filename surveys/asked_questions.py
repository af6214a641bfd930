"""Which questions of a questionnaire somebody's answers lead to: the rules applied to real items.

The rules themselves are in surveys/show_rules.py; here a questionnaire's items are put as they see
them, for respondents, for the checks of a draft, and for the page's own script.
"""

import json
from collections.abc import Mapping, Sequence

from surveys.question_bank import Route
from surveys.question_shapes import can_lead
from surveys.question_types import allowed_values
from surveys.questionnaires import Item
from surveys.show_rules import Answers, Asked, Way, asked_codes
from surveys.terms import QuestionKind, QuestionType

_WAYS = {Route.END: Way.END, Route.SHORT: Way.SHORT}


def as_asked(items: Sequence[Item]) -> list[Asked]:
    """The questions of one audience as rules see them."""
    return [
        Asked(
            code=item.code,
            values=allowed_values(item) if can_lead(item.type) else frozenset(),
            takes_several=item.type is QuestionType.MANY,
            rule=item.rule,
            ways=ways_of(item),
            is_kept_short=is_kept_short(item),
        )
        for item in items
    ]


def not_asked(items: Sequence[Item], answers: Answers) -> frozenset[str]:
    """Codes of the questions that these answers do not lead to; their answers are not kept."""
    if not has_rules(items):
        return frozenset()
    asked = set(asked_codes(as_asked(items), answers))
    return frozenset(item.code for item in items if item.code not in asked)


def has_rules(items: Sequence[Item]) -> bool:
    """Whether any answer decides what else is asked."""
    return any(item.rule is not None or ways_of(item) for item in items)


def ways_of(item: Item) -> Mapping[str, Way]:
    """Answers that end or shorten the survey."""
    return {
        str(option.value): _WAYS[option.route] for option in item.options if option.route in _WAYS
    }


def is_kept_short(item: Item) -> bool:
    """Whether the short form asks it: recommendation, open comment, offer of contact."""
    return item.code == "recommend" or item.kind in (QuestionKind.COMMENT, QuestionKind.CONTACT)


def rule_for_page(item: Item) -> str:
    """The rule as the page's script reads it: JSON, empty without a rule."""
    if item.rule is None:
        return ""
    parts = [[part.code, part.sign, part.value] for part in item.rule.parts]
    return json.dumps({"all": item.rule.is_all, "parts": parts}, separators=(",", ":"))


def ways_for_page(item: Item) -> str:
    """The answers that end or shorten the survey, as the page's script reads them."""
    ways = ways_of(item)
    return json.dumps({value: way.value for value, way in ways.items()}) if ways else ""
