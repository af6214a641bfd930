"""One readable rule per question: 'incentives <= 2'. Reading, checking and judging it; pure.

A rule looks at earlier answers and says whether its question is asked:

    incentives <= 2
    intent = 4 or intent = 5
    recommend >= 9 and incentives != dk

A part is the code of an earlier question, a comparison (=, !=, <, <=, >, >=, also ≠ ≤ ≥) and a
stored value or `dk` (don't know). Parts are joined by `and` or by `or`, never by both. Of several
chosen answers, `=` asks whether the value is among them. Where a question is not answered, or is
itself not asked, every part about it is false; a comparison by size is false for `dk`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from math import prod
from operator import eq, ge, gt, le, lt, ne

UNKNOWN = "dk"
#: Longer chains of rules are not tried out answer by answer.
MAX_TRIES = 20_000
MAX_PARTS = 5

Answers = Mapping[str, Sequence[str]]
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "=": eq,
    "!=": ne,
}
_PART = re.compile(r"([a-z][a-z0-9_]*)\s*(<=|>=|!=|==|=|<|>|≤|≥|≠)\s*(\d{1,3}|dk)", re.IGNORECASE)
_JOINT = re.compile(r"\s+(and|or)\s+", re.IGNORECASE)
_PREFIX = re.compile(r"^\s*(show\s+if|if)\s+", re.IGNORECASE)


class Way(StrEnum):
    """Where an answer leads instead of on: to the short form, or to the end."""

    SHORT = "short"
    END = "end"


class RuleError(ValueError):
    """A rule that cannot be kept. Attributes: `reason`, and `subject`, the words it is about.

    Reasons: `unreadable`, `mixed` (and with or), `too_long`, `unknown` (no such question), `later`
    (not an earlier question), `not_asked` (of this audience), `no_value` (a text, or an answer that
    is not offered), `never` (no answers lead to the question).
    """

    def __init__(self, reason: str, subject: str = "") -> None:
        super().__init__(f"{reason}: {subject}" if subject else reason)
        self.reason = reason
        self.subject = subject


@dataclass(frozen=True, slots=True)
class Part:
    """One comparison; `value` as a form sends it."""

    code: str
    sign: str
    value: str

    def holds(self, chosen: Sequence[str]) -> bool:
        """Whether it is true of these answers to its question."""
        if not chosen:
            return False
        if self.sign == "=":
            return self.value in chosen
        if self.sign == "!=":
            return self.value not in chosen
        numbers = [int(each) for each in chosen if each != UNKNOWN]
        return any(_COMPARISONS[self.sign](number, int(self.value)) for number in numbers)

    def __str__(self) -> str:
        return f"{self.code} {self.sign} {self.value}"


@dataclass(frozen=True, slots=True)
class Rule:
    """Parts of which all (`is_all`) or one must hold."""

    parts: tuple[Part, ...]
    is_all: bool = True

    @property
    def codes(self) -> frozenset[str]:
        """The questions that it looks at."""
        return frozenset(part.code for part in self.parts)

    def holds(self, answers: Answers) -> bool:
        """Whether the question is asked, given the answers before it."""
        judged = (part.holds(answers.get(part.code, ())) for part in self.parts)
        return all(judged) if self.is_all else any(judged)

    def __str__(self) -> str:
        return (" and " if self.is_all else " or ").join(map(str, self.parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question of one audience as rules see it: what can be answered, and its own rule.

    `values` are the form's; none: a text. `takes_several`: more than one can be chosen. `ways`:
    answers that end the survey or shorten it. `is_kept_short`: asked in the short form as well.
    """

    code: str
    values: frozenset[str]
    takes_several: bool = False
    rule: Rule | None = None
    ways: Mapping[str, "Way"] = field(default_factory=dict)
    is_kept_short: bool = False


def parse_rule(text: str) -> Rule | None:
    """Read a rule; None for an empty text. Raises RuleError (`unreadable`, `mixed`, `too_long`)."""
    bare = _PREFIX.sub("", text).strip()
    if not bare:
        return None
    pieces = _JOINT.split(bare)
    joints = {each.lower() for each in pieces[1::2]}
    if len(joints) > 1:
        raise RuleError("mixed", bare)
    parts = tuple(_part(piece) for piece in pieces[::2])
    if len(parts) > MAX_PARTS:
        raise RuleError("too_long", bare)
    return Rule(parts, is_all=joints != {"or"})


def check_rules(questions: Sequence[Asked]) -> dict[str, RuleError]:
    """What is wrong with the rules of one audience's questions, by code, in their order.

    Loops cannot arise: a rule looks only at questions before its own. Dead ends (a rule that no
    answers make true) are found by trying every combination of the answers that the rule depends
    on, as long as these are not more than `MAX_TRIES`.
    """
    found = {}
    for place, question in enumerate(questions):
        if question.rule is None:
            continue
        try:
            _check(question, question.rule, questions, place)
        except RuleError as error:
            found[question.code] = error
    return found


def asked_codes(questions: Sequence[Asked], answers: Answers) -> list[str]:
    """The questions that these answers lead to, in order; answers of others do not count.

    After an answer that leads to the end nothing is asked; after one that leads to the short form,
    what `is_kept_short`.
    """
    kept: dict[str, Sequence[str]] = {}
    asked = []
    is_short = False
    for question in questions:
        is_next = question.rule is None or question.rule.holds(kept)
        if not is_next or (is_short and not question.is_kept_short):
            continue
        asked.append(question.code)
        kept[question.code] = answers.get(question.code, ())
        ways = {question.ways.get(value) for value in kept[question.code]}
        if Way.END in ways:
            return asked
        is_short = is_short or Way.SHORT in ways
    return asked


def _part(text: str) -> Part:
    match = _PART.fullmatch(text.strip())
    if match is None:
        raise RuleError("unreadable", text.strip())
    code, sign, value = match.groups()
    sign, value = _SIGNS.get(sign, sign), value.lower()
    if value == UNKNOWN and sign not in ("=", "!="):
        raise RuleError("unreadable", text.strip())
    return Part(code.lower(), sign, value if value == UNKNOWN else str(int(value)))


def _check(question: Asked, rule: Rule, questions: Sequence[Asked], place: int) -> None:
    codes = [each.code for each in questions]
    for part in rule.parts:
        if part.code not in codes:
            raise RuleError("unknown", part.code)
        if codes.index(part.code) >= place:
            raise RuleError("later", part.code)
        _check_value(part, questions[codes.index(part.code)])
    _check_ends(rule, _needed(rule, questions[:place]))


def _check_value(part: Part, question: Asked) -> None:
    is_offered = part.value in question.values
    if not question.values or (part.sign in ("=", "!=") and not is_offered):
        raise RuleError("no_value", str(part))


def _needed(rule: Rule, before: Sequence[Asked]) -> list[Asked]:
    """The questions on which the rule depends, through the rules of those it looks at."""
    wanted = set(rule.codes)
    needed = []
    for question in reversed(before):
        if question.code in wanted:
            needed.append(question)
            wanted |= question.rule.codes if question.rule else set()
    return needed[::-1]


def _check_ends(rule: Rule, needed: Sequence[Asked]) -> None:
    choices = [_possible(question) for question in needed]
    if prod(map(len, choices)) > MAX_TRIES:
        return
    for chosen in product(*choices):
        answers = dict(zip((each.code for each in needed), chosen, strict=True))
        kept = {code: answers[code] for code in asked_codes(needed, answers)}
        if rule.holds(kept):
            return
    raise RuleError("never", str(rule))


def _possible(question: Asked) -> list[tuple[str, ...]]:
    """Ways to answer: nothing, each value, and of several boxes all of them."""
    single = [(value,) for value in sorted(question.values)]
    all_boxes = [tuple(sorted(question.values))] if question.takes_several else []
    return [(), *single, *all_boxes]
