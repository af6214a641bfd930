"""The small pattern language of the lexicons, and its matcher.

A pattern is a row of elements separated by blanks, written in ordinary spelling and folded when
read: `word` matches that word, `stem*` any word that begins with it, `*end` any word of at least
six letters that ends with it, `a/b*/c` any of them; `..` lets up to three words stand between its
neighbours and `...` up to six. So `nie .. odpowiada*` matches "nie zawsze odpowiada". Every
element takes the nearest word that fits and never looks back, therefore matching is bounded by the
length of the pattern, whatever the text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from analysis.sentiment.words import fold

GAPS = {"..": 3, "...": 6}
_SHORTEST_WITH_ENDING = 6  # in shorter words an ending is mostly the stem
_LONGEST_ENDING = 6


class Kind(StrEnum):
    """What a matched pattern means."""

    POLARITY = "polarity"
    CUE = "cue"
    DRIVER = "driver"
    QUIET_EXIT = "quiet_exit"


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled pattern: `first` and the `rest` name elements, each with the gap before it.

    `weight` and `negated` are the polarity (about -3 to 3) plain and after a negation; `cues` is a
    set of bits; `name` is a driver code or the name of a quiet-exit rule. A weak rule counts only
    where no other driver is named.
    """

    kind: Kind
    first: int
    rest: tuple[tuple[int, int], ...] = ()
    weight: float = 0.0
    negated: float = 0.0
    cues: int = 0
    name: str = ""
    is_weak: bool = False


@dataclass(frozen=True, slots=True)
class Word:
    """Everything one language's lexicon knows of one word; the same for every place it stands in.

    `weight` is None where the lexicon gives the word no polarity of its own. Patterns of several
    words that may begin here stand in `followed`, by their second element, or, where a gap comes
    before that, in `gapped`; `singles` are the drivers and quiet-exit rules that this word alone
    speaks for. `vader`, `blob`, `subjectivity` are zero outside English. `stem` is what the model
    calls the word. `bits` are the cues and what else concerns whoever reads on.
    """

    elements: frozenset[int] = frozenset()
    weight: float | None = None
    negated: float = 0.0
    cues: int = 0
    followed: Mapping[int, tuple[Rule, ...]] = field(default_factory=dict)
    gapped: Mapping[int, tuple[Rule, ...]] = field(default_factory=dict)
    singles: tuple[Rule, ...] = ()
    bits: int = 0
    stem: str = ""
    vader: float = 0.0
    blob: float = 0.0
    subjectivity: float = 0.0


class ElementIndex:
    """Numbers the distinct elements of all patterns and finds those that a word matches."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._exact: dict[str, list[int]] = {}
        self._stems: dict[str, list[int]] = {}
        self._endings: dict[str, list[int]] = {}
        self._longest_stem = 0

    def number(self, element: str) -> int:
        """The number of an element, the same for the same element."""
        known = self._numbers.get(element)
        if known is None:
            known = self._numbers[element] = len(self._numbers)
            for choice in element.split("/"):
                self._add(choice, known)
        return known

    def _add(self, choice: str, number: int) -> None:
        if choice.endswith("*"):
            stem = fold(choice[:-1])
            self._stems.setdefault(stem, []).append(number)
            self._longest_stem = max(self._longest_stem, len(stem))
        elif choice.startswith("*"):
            self._endings.setdefault(fold(choice[1:]), []).append(number)
        else:
            self._exact.setdefault(fold(choice), []).append(number)

    def matching(self, folded: str) -> dict[int, int]:
        """Elements that match a folded word, with the length that spoke for each.

        An exact word counts as one longer than the word, so that it beats every stem of it; an
        ending counts as nothing.
        """
        found: dict[int, int] = {}
        if len(folded) >= _SHORTEST_WITH_ENDING:
            for length in range(2, _LONGEST_ENDING + 1):
                for number in self._endings.get(folded[-length:], ()):
                    found[number] = 0
        for length in range(1, min(len(folded), self._longest_stem) + 1):
            for number in self._stems.get(folded[:length], ()):
                found[number] = length
        for number in self._exact.get(folded, ()):
            found[number] = len(folded) + 1
        return found


def compile_elements(pattern: str, index: ElementIndex) -> tuple[int, tuple[tuple[int, int], ...]]:
    """First element and the rest of a written pattern, as `Rule` wants them.

    Raises ValueError where a pattern is empty, or begins or ends with a gap.
    """
    words = pattern.split()
    if not words or words[0] in GAPS or words[-1] in GAPS:
        raise ValueError(f"a pattern begins and ends with a word: {pattern!r}")
    rest: list[tuple[int, int]] = []
    gap = 0
    for word in words[1:]:
        if word in GAPS:
            gap = GAPS[word]
            continue
        rest.append((gap, index.number(word)))
        gap = 0
    return index.number(words[0]), tuple(rest)


def match_rest(
    rest: Sequence[tuple[int, int]], words: Sequence[Word], *, after: int, stop: int
) -> int:
    """Position of the last word of a pattern whose earlier words end at `after`; -1 if it fails.

    Words from `stop` on are out of reach.
    """
    position = after
    for gap, wanted in rest:
        for candidate in range(position + 1, min(position + gap + 2, stop)):
            if wanted in words[candidate].elements:
                position = candidate
                break
        else:
            return -1
    return position


def followers(word: Word, neighbour: Word) -> Sequence[Rule]:
    """Patterns that begin at `word` and have their second element in the very next word."""
    followed, elements = word.followed, neighbour.elements
    # The very common words begin hundreds of patterns; most neighbours fit none of them.
    if not followed or followed.keys().isdisjoint(elements):
        return ()
    return [rule for element in elements for rule in followed.get(element, ())]


def reachers(word: Word, within: frozenset[int]) -> Sequence[Rule]:
    """Patterns that begin at `word` with a gap and have their second element in the sentence."""
    gapped = word.gapped
    if gapped.keys().isdisjoint(within):
        return ()
    return [rule for element, rules in gapped.items() if element in within for rule in rules]
