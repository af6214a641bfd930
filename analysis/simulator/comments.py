"""Writes comments from blocks whose driver and polarity are known: the planted truth of text.

The blocks (`data/comments_pl.tsv`, `data/comments_en.tsv`) are lines of partners' own talk, none
of which the classifier has been taught; accuracy on them is a smoke test and says nothing about
real comments. `[a|b]` in a block is one or the other.
Source: method of the simulator, section 6.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise, product
from typing import Literal, cast, get_args

from analysis.simulator.data_files import rows_of
from analysis.simulator.randomness import Dice, Weighted, one_of
from analysis.simulator.rows import DRIVERS, Answers, Comment, Label, Language, Mention, Polarity

COMMENT_SHARE = 0.35
LEAVING_WORDS = 0.015
"""Answers of steady partners with words of leaving, which mean nothing."""
LEAVING_WORDS_TURNED_AWAY = 0.10

Kind = Literal["clause", "quiet", "fact", "opening", "contrast", "join", "closing", "whole"]

_CLAUSES = Weighted((1, 2, 3), (0.55, 0.35, 0.10))
_OPPOSITE_SHARE = 0.5
_WHOLE_SHARE = 0.06
_OPENING_SHARE = 0.18
_CLOSING_SHARE = 0.10
_PLAIN_JOIN_SHARE = 0.6
_UNDER_RATING_SHARE = 0.4
_WITHOUT_MARKS_SHARE = 0.30
_SWAPPED_SHARE = 0.05
_LEAST_DISTANCE = 0.15
"""So that an answer equal to the person's mean may still be spoken of."""

_WITHOUT_MARKS = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
_ALTERNATIVES = re.compile(r"\[([^]]*)\]")


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of text with what it says; `parts` are the alternatives of each stretch."""

    language: Language
    kind: Kind
    text: str
    mentions: tuple[Mention, ...]
    polarity: Label
    quiet_exit: bool
    parts: tuple[tuple[str, ...], ...]

    def variants(self) -> Iterator[str]:
        """Every text the block can give."""
        return ("".join(choice) for choice in product(*self.parts))

    def draw(self, dice: Dice) -> str:
        """One of the texts."""
        if len(self.parts) == 1:
            return self.text
        return "".join(part[0] if len(part) == 1 else one_of(dice, part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class _Clause:
    text: str
    block: Block


@cache
def comment_blocks(language: Language) -> tuple[Block, ...]:
    """All blocks of a language in the order of the file."""
    return tuple(_block(language, row) for row in rows_of(f"comments_{language}.tsv"))


def write_comment(
    dice: Dice, answers: Answers, *, language: Language, leaving_words: float
) -> Comment | None:
    """A comment that fits the answers, or None for the 65 % who write none.

    `leaving_words` is the chance, of all answers, that it speaks of leaving.
    """
    if dice() >= COMMENT_SHARE:
        return None
    is_leaving = dice() < leaving_words / COMMENT_SHARE
    if not is_leaving and dice() < _WHOLE_SHARE:
        whole = _fitting_whole(dice, answers, language)
        if whole is not None:
            return _finished(dice, [whole], whole.text, language)
    clauses = _draw_clauses(dice, answers, language, is_leaving=is_leaving)
    return _finished(dice, clauses, _joined(dice, clauses, language), language)


def _draw_clauses(
    dice: Dice, answers: Answers, language: Language, *, is_leaving: bool
) -> list[_Clause]:
    count = _CLAUSES.draw(dice)
    wants_contrast = count == 2 and dice() < _OPPOSITE_SHARE
    drivers = _draw_drivers(dice, answers, count - is_leaving, wants_contrast=wants_contrast)
    clauses: list[_Clause] = []
    for driver in drivers:
        polarity = _polarity(answers[driver])
        pool = _pool(language, "fact") if polarity is None else _about(language, driver, polarity)
        clauses.append(_unused(dice, pool, clauses))
    if is_leaving or not clauses:
        clauses.append(_unused(dice, _pool(language, "quiet" if is_leaving else "fact"), clauses))
    return clauses


def _unused(dice: Dice, pool: tuple[Block, ...], clauses: list[_Clause]) -> _Clause:
    place = int(dice() * len(pool))
    while any(clause.block is pool[place] for clause in clauses):
        place = (place + 1) % len(pool)
    return _Clause(pool[place].draw(dice), pool[place])


def _draw_drivers(dice: Dice, answers: Answers, count: int, *, wants_contrast: bool) -> list[int]:
    """Places of different drivers, by distance of the answer from the person's own mean."""
    known = {place: step for place, step in enumerate(answers[: len(DRIVERS)]) if step is not None}
    mean = sum(known.values()) / max(1, len(known))
    distances = {place: abs(step - mean) + _LEAST_DISTANCE for place, step in known.items()}
    chosen: list[int] = []
    while distances and len(chosen) < count:
        pool = list(distances)
        if wants_contrast and chosen:
            pool = _opposite(answers, chosen[-1], pool)
        bounds = list(accumulate([distances[place] for place in pool]))
        drawn = bisect_right(bounds, dice() * bounds[-1])
        chosen.append(pool[min(drawn, len(pool) - 1)])
        del distances[chosen[-1]]
    return chosen


def _opposite(answers: Answers, place: int, known: list[int]) -> list[int]:
    """Those that point the other way, or all if none does."""
    polarity = _polarity(answers[place])
    other = [p for p in known if {polarity, _polarity(answers[p])} == {"negative", "positive"}]
    return other or known


def _polarity(step: int | None) -> Polarity | None:
    if step is None or step == 3:
        return None
    return "negative" if step < 3 else "positive"


def _fitting_whole(dice: Dice, answers: Answers, language: Language) -> _Clause | None:
    """An ironic or mixed text whose claims the answers bear out, if the dice hit one."""
    block = one_of(dice, _pool(language, "whole"))
    said = [_polarity(step) for step in answers[: len(DRIVERS)]]
    by_driver = dict(zip(DRIVERS, said, strict=True))
    fits = all(by_driver[mention.driver] == mention.polarity for mention in block.mentions)
    if not block.mentions and block.polarity == "negative":
        fits = said.count("negative") > said.count("positive")
    return _Clause(block.draw(dice), block) if fits else None


def _joined(dice: Dice, clauses: Sequence[_Clause], language: Language) -> str:
    text = clauses[0].text
    if dice() < _OPENING_SHARE:
        text = f"{one_of(dice, _pool(language, 'opening')).draw(dice)} {text}"
    for before, after in pairwise(clauses):
        link = _link(dice, before.block, after.block, language)
        text += f"{link} {after.text}" if link else f". {_capital(after.text)}"
    text = f"{_capital(text)}."
    if dice() < _CLOSING_SHARE:
        text = f"{text} {one_of(dice, _pool(language, 'closing')).draw(dice)}"
    return text


def _link(dice: Dice, before: Block, after: Block, language: Language) -> str:
    if {before.polarity, after.polarity} == {"negative", "positive"}:
        return one_of(dice, _pool(language, "contrast")).text
    if dice() < _PLAIN_JOIN_SHARE:
        return ""
    return one_of(dice, _pool(language, "join")).text


def _finished(dice: Dice, clauses: Sequence[_Clause], text: str, language: Language) -> Comment:
    mentions = tuple(mention for clause in clauses for mention in clause.block.mentions)
    stands_under_rating = len(clauses) == len(mentions) == 1 and dice() < _UNDER_RATING_SHARE
    return Comment(
        question=mentions[0].driver if stands_under_rating else "comment",
        language=language,
        text=_as_typed(dice, text, language),
        label=_label([clause.block.polarity for clause in clauses]),
        mentions=mentions,
        quiet_exit=any(clause.block.quiet_exit for clause in clauses),
    )


def _label(polarities: Sequence[Label]) -> Label:
    has_negative = "negative" in polarities or "mixed" in polarities
    has_positive = "positive" in polarities or "mixed" in polarities
    if has_negative and has_positive:
        return "mixed"
    return "negative" if has_negative else "positive" if has_positive else "neutral"


def _as_typed(dice: Dice, text: str, language: Language) -> str:
    """Three in ten Poles write without diacritics; one comment in twenty has swapped letters."""
    if language == "pl" and dice() < _WITHOUT_MARKS_SHARE:
        text = text.translate(_WITHOUT_MARKS)
    return _swapped(dice, text) if dice() < _SWAPPED_SHARE else text


def _swapped(dice: Dice, text: str) -> str:
    """Two different neighbours inside a word change places; first and last letters stay."""
    start = int(dice() * len(text))
    for place in (*range(start, len(text) - 3), *range(min(start, len(text) - 3))):
        window = text[place : place + 4]
        if window.isalpha() and window[1] != window[2]:
            return text[: place + 1] + window[2] + window[1] + text[place + 3 :]
    return text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@cache
def _pool(language: Language, kind: Kind) -> tuple[Block, ...]:
    return tuple(block for block in comment_blocks(language) if block.kind == kind)


@cache
def _about(language: Language, driver: int, polarity: Polarity) -> tuple[Block, ...]:
    mention = Mention(DRIVERS[driver], polarity)
    return tuple(block for block in _pool(language, "clause") if block.mentions == (mention,))


def _block(language: Language, row: dict[str, str]) -> Block:
    if row["kind"] not in get_args(Kind) or row["polarity"] not in get_args(Label):
        raise ValueError(f"unknown kind or polarity in a comment block: {row}")
    signs: dict[str, Polarity] = {"-": "negative", "+": "positive"}
    # Splitting at the brackets leaves plain stretches at even places.
    stretches = _ALTERNATIVES.split(row["text"])
    return Block(
        language=language,
        kind=cast(Kind, row["kind"]),
        text=row["text"],
        mentions=tuple(Mention(d[:-1], signs[d[-1]]) for d in row["drivers"].split()),
        polarity=cast(Label, row["polarity"]),
        quiet_exit=row["quiet_exit"] == "yes",
        parts=tuple(
            tuple(stretch.split("|")) if place % 2 else (stretch,)
            for place, stretch in enumerate(stretches)
        ),
    )
