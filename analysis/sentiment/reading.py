"""One text as a row of known words, with its sentences, its clauses and the patterns found in it.

Says where things stand, not what they mean for the verdict (see `judging`). The values that are
made for every word or clause are not frozen: that alone would cost a tenth of the time. Nobody
changes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from re import Match

from analysis.sentiment import cues
from analysis.sentiment.lexicon import Lexicon
from analysis.sentiment.patterns import Kind, Rule, Word, followers, match_rest, reachers
from analysis.sentiment.words import fold, pieces

_SENTENCE_ENDS = frozenset(".!?…\n")
_PAUSES = frozenset(',;:()"„”“|-–—')
_SKIPPED = frozenset("</&")

# A full stop behind these ends no sentence.
_ABBREVIATIONS = frozenset(
    {
        "np",
        "tzn",
        "tzw",
        "itd",
        "itp",
        "m",
        "ds",
        "dot",
        "max",
        "min",
        "nr",
        "tys",
        "mln",
        "godz",
        "mies",
        "szt",
        "ul",
        "sp",
        "o",
        "z",
        "mgr",
        "inz",
        "dr",
        "e",
        "g",
        "i",
        "eg",
        "ie",
        "etc",
        "approx",
        "vs",
        "mr",
        "mrs",
        "ltd",
        "inc",
        "co",
        "dept",
    }
)


@dataclass(slots=True)
class Found:
    """A pattern that was found: its rule and the first and last word it covers."""

    rule: Rule
    first: int
    last: int


@dataclass(slots=True)
class Stretch:
    """A clause: words `first` to `stop` - 1, and whether a contrast word opens it."""

    first: int
    stop: int
    sentence: int
    is_contrast: bool


@dataclass(slots=True)
class Cut:
    """A text cut into words, whatever its language; the breaks are numbers of words before."""

    written: list[str]
    matches: list[Match[str]]
    sentence_breaks: list[int]
    pauses: set[int]
    marks: list[str]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Where words `first` to `last` begin and end in the text."""
        return self.matches[first].start(), self.matches[last].end()


@dataclass(slots=True)
class Reading:
    """`cues` holds one set of bits a word; `polar` the polarity patterns by their first word.

    `has_outside`: the words carry what VADER and TextBlob know of them.
    """

    cut: Cut
    words: Sequence[Word]
    stems: Sequence[str]
    cues: Sequence[int]
    stretches: Sequence[Stretch]
    polar: dict[int, Found]
    drivers: Sequence[Found]
    exits: Sequence[Found]
    has_outside: bool


def cut(text: str) -> Cut:
    """Words of a text with their places, and where sentences end and speakers pause."""
    found = Cut([], [], [], set(), [])
    keep_word, keep_match = found.written.append, found.matches.append
    for match in pieces(text):
        piece = match.group()
        if piece.isalnum() or is_word(piece):
            keep_word(piece)
            keep_match(match)
        else:
            _note_boundary(found, piece, match.start())
    return found


def is_word(piece: str) -> bool:
    """Whether a piece of a cut text is a word, a number or a sign, not a boundary or markup."""
    first = piece[0]
    if first in _SENTENCE_ENDS or first in _PAUSES:
        return len(piece) > 1 and piece[-1] not in _SENTENCE_ENDS and piece[-1] not in "-–—"
    return first not in _SKIPPED and not piece.startswith(("http:", "https:", "www."))


def _note_boundary(found: Cut, piece: str, start: int) -> None:
    n_words = len(found.written)
    first = piece[0]
    if first in _SENTENCE_ENDS:
        if piece == "." and n_words and _is_abbreviation(found, start):
            return
        found.marks.append(piece)
        if n_words and found.sentence_breaks[-1:] != [n_words]:
            found.sentence_breaks.append(n_words)
    elif first in _PAUSES and n_words:
        found.pauses.add(n_words)


def _is_abbreviation(found: Cut, dot: int) -> bool:
    return found.matches[-1].end() == dot and fold(found.written[-1]) in _ABBREVIATIONS


def read(cut: Cut, lexicon: Lexicon) -> Reading:
    """Read a text that has been cut with one language's lexicon."""
    words = list(map(lexicon.__getitem__, cut.written))
    bits = [word.bits for word in words]
    found = _Patterns({}, [], [])
    first = 0
    for stop in (*cut.sentence_breaks, len(words)):
        _find_patterns(words, first, stop, bits, found)
        first = stop
    return Reading(
        cut=cut,
        words=words,
        stems=[word.stem for word in words],
        cues=bits,
        stretches=_stretches(cut, words, bits, found.polar),
        polar=found.polar,
        drivers=found.drivers,
        exits=found.exits,
        has_outside=lexicon.has_outside,
    )


@dataclass(slots=True)
class _Patterns:
    """What has been found so far, as in `Reading`."""

    polar: dict[int, Found]
    drivers: list[Found]
    exits: list[Found]


def _find_patterns(
    words: Sequence[Word], first: int, stop: int, bits: list[int], found: _Patterns
) -> None:
    """Patterns of drivers and quiet exit, and those of several words, in one sentence."""
    within: frozenset[int] | None = None
    for position in range(first, stop):
        word = words[position]
        for rule in word.singles:
            _note(Found(rule, position, position), bits, found)
        if word.followed and position + 1 < stop:
            for rule in followers(word, words[position + 1]):
                last = position + 1
                if len(rule.rest) > 1:
                    last = match_rest(rule.rest[1:], words, after=last, stop=stop)
                if last > 0:
                    _note(Found(rule, position, last), bits, found)
        if word.gapped:
            if within is None:
                within = frozenset().union(*[word.elements for word in words[first:stop]])
            for rule in reachers(word, within):
                last = match_rest(rule.rest, words, after=position, stop=stop)
                if last > 0:
                    _note(Found(rule, position, last), bits, found)


def _note(one: Found, bits: list[int], found: _Patterns) -> None:
    kind = one.rule.kind
    if kind is Kind.POLARITY:
        _keep_longest(found.polar, one, bits)
    elif kind is Kind.DRIVER:
        found.drivers.append(one)
    elif kind is Kind.QUIET_EXIT:
        found.exits.append(one)
    elif one.rule.cues & cues.PLAIN:
        bits[one.first] &= ~cues.NEGATION
    else:
        bits[one.first] |= one.rule.cues


def _keep_longest(polar: dict[int, Found], found: Found, bits: list[int]) -> None:
    known = polar.get(found.first)
    if known is None or found.last > known.last:
        polar[found.first] = found
        bits[found.first] |= cues.SPEAKS
    if not found.rule.weight and not found.rule.negated:
        # A neutral set phrase ("no comment") denies nothing.
        for position in range(found.first, found.last + 1):
            bits[position] &= ~cues.NEGATION


def _stretches(
    cut: Cut, words: Sequence[Word], bits: Sequence[int], polar: dict[int, Found]
) -> list[Stretch]:
    """Clauses: cut at sentence ends, at pauses that no linking word follows, before contrast."""
    if not words:
        return []
    found: list[Stretch] = []
    breaks, pauses = set(cut.sentence_breaks), cut.pauses
    turning = [at for at, bit in enumerate(bits) if bit & (cues.CONTRAST | cues.TURN)]
    if not turning and not pauses and not breaks:
        return [Stretch(0, len(words), 0, False)]
    first, sentence, is_contrast = 0, 0, False
    for position in sorted({*breaks, *pauses, *turning}):
        if position >= len(words):
            break
        bit = bits[position]
        is_new_sentence = position in breaks
        if is_new_sentence or (
            position > first
            and _begins(bit, position in pauses, has_judged=_judges(words, polar, first, position))
        ):
            found.append(Stretch(first, position, sentence, is_contrast))
            first, is_contrast = position, False
            sentence += is_new_sentence
        if bit & (cues.CONTRAST | cues.TURN):
            is_contrast = True
    found.append(Stretch(first, len(words), sentence, is_contrast))
    return found


def _judges(words: Sequence[Word], polar: dict[int, Found], first: int, stop: int) -> bool:
    return any(words[at].weight or at in polar for at in range(first, stop))


def _begins(bits: int, is_paused: bool, *, has_judged: bool) -> bool:
    """Whether a word begins a clause; `has_judged`: the clause so far has said good or bad."""
    if bits & cues.CONTRAST:
        return True
    if bits & cues.TURN:
        return is_paused or has_judged
    return is_paused and not bits & cues.LINK
