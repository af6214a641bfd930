"""One text as a row of known words, with its sentences, its clauses and the patterns found in it.

Says where things stand, not what they mean for the verdict (see `judging`).
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from re import Match

from analysis.sentiment import cues
from analysis.sentiment.lexicon import Lexicon
from analysis.sentiment.patterns import Kind, Rule, Word, candidates, match_rest
from analysis.sentiment.words import fold

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


@dataclass(frozen=True, slots=True)
class Found:
    """A pattern that was found: its rule and the first and last word it covers."""

    rule: Rule
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A clause: words `first` to `stop` - 1, and whether a contrast word opens it."""

    first: int
    stop: int
    sentence: int
    is_contrast: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """`cues` holds one set of bits a word; `polar` the polarity patterns by their first word."""

    words: Sequence[Word]
    starts: Sequence[int]
    ends: Sequence[int]
    cues: Sequence[int]
    stretches: Sequence[Stretch]
    polar: dict[int, Found]
    drivers: Sequence[Found]
    exits: Sequence[Found]
    n_questions: int
    n_exclamations: int
    n_numbers: int


@dataclass(slots=True)
class _Cut:
    """Words of a text while they are being collected; the breaks are numbers of words before."""

    words: list[Word]
    starts: list[int]
    ends: list[int]
    sentence_breaks: list[int]
    pauses: set[int]
    n_questions: int = 0
    n_exclamations: int = 0
    n_numbers: int = 0


def read(matches: Sequence[Match[str]], lexicon: Lexicon) -> Reading:
    """Read a text that has been cut into matches (see `words.cut`) with one language's lexicon."""
    cut = _collect(matches, lexicon)
    bits = [word.cues for word in cut.words]
    polar: dict[int, Found] = {}
    drivers: list[Found] = []
    exits: list[Found] = []
    _find_patterns(cut, bits, polar, drivers, exits)
    return Reading(
        words=cut.words,
        starts=cut.starts,
        ends=cut.ends,
        cues=bits,
        stretches=_stretches(cut, bits, polar),
        polar=polar,
        drivers=drivers,
        exits=exits,
        n_questions=cut.n_questions,
        n_exclamations=cut.n_exclamations,
        n_numbers=cut.n_numbers,
    )


def is_word(piece: str) -> bool:
    """Whether a piece of a cut text is a word, a number or a sign, not a boundary or markup."""
    first = piece[0]
    if first in _SENTENCE_ENDS or first in _PAUSES:
        return len(piece) > 1 and piece[-1] not in _SENTENCE_ENDS and piece[-1] not in "-–—"
    return first not in _SKIPPED and not piece.startswith(("http", "www."))


def _collect(matches: Sequence[Match[str]], lexicon: Lexicon) -> _Cut:
    cut = _Cut([], [], [], [], set())
    look_up = lexicon.word
    previous = ""
    for match in matches:
        piece = match.group()
        if is_word(piece):
            cut.words.append(look_up(piece))
            cut.starts.append(match.start())
            cut.ends.append(match.end())
            if piece[0].isdigit():
                cut.n_numbers += 1
        else:
            _note_boundary(cut, piece, previous)
        previous = piece
    return cut


def _note_boundary(cut: _Cut, piece: str, previous: str) -> None:
    first = piece[0]
    n_words = len(cut.words)
    if first in _SENTENCE_ENDS:
        if piece == "." and fold(previous) in _ABBREVIATIONS:
            return
        cut.n_questions += "?" in piece
        cut.n_exclamations += "!" in piece
        if n_words and cut.sentence_breaks[-1:] != [n_words]:
            cut.sentence_breaks.append(n_words)
    elif first in _PAUSES and n_words:
        cut.pauses.add(n_words)


def _find_patterns(
    cut: _Cut,
    bits: list[int],
    polar: dict[int, Found],
    drivers: list[Found],
    exits: list[Found],
) -> None:
    words, breaks = cut.words, [*cut.sentence_breaks, len(cut.words)]
    for position, word in enumerate(words):
        for rule in word.singles:
            target = drivers if rule.kind is Kind.DRIVER else exits
            target.append(Found(rule, position, position))
        if not (word.followed or word.gapped):
            continue
        stop = breaks[bisect_right(breaks, position)]
        for rule in candidates(words, position, stop=stop):
            last = match_rest(rule, words, after=position, stop=stop)
            if last < 0:
                continue
            found = Found(rule, position, last)
            if rule.kind is Kind.POLARITY:
                if position not in polar or last > polar[position].last:
                    polar[position] = found
                if not rule.weight and not rule.negated:
                    _clear_negation(bits, found)
            elif rule.kind is Kind.DRIVER:
                drivers.append(found)
            elif rule.kind is Kind.QUIET_EXIT:
                exits.append(found)
            elif rule.cues & cues.PLAIN:
                bits[position] &= ~cues.NEGATION
            else:
                bits[position] |= rule.cues


def _clear_negation(bits: list[int], neutral: Found) -> None:
    """A neutral set phrase ("no comment") denies nothing."""
    for position in range(neutral.first, neutral.last + 1):
        bits[position] &= ~cues.NEGATION


def _stretches(cut: _Cut, bits: Sequence[int], polar: dict[int, Found]) -> list[Stretch]:
    """Clauses: cut at sentence ends, at pauses that no linking word follows, before contrast."""
    found: list[Stretch] = []
    first, sentence, is_contrast, has_judged = 0, 0, False, False
    breaks, pauses = set(cut.sentence_breaks), cut.pauses
    for position, word in enumerate(cut.words):
        bit = bits[position]
        if position in breaks or (
            position > first and _begins(bit, position in pauses, has_judged)
        ):
            if position > first:
                found.append(Stretch(first, position, sentence, is_contrast))
            first, has_judged, is_contrast = position, False, False
            sentence += position in breaks
        if bit & (cues.CONTRAST | cues.TURN):
            is_contrast = True
        if word.weight or position in polar:
            has_judged = True
    if cut.words:
        found.append(Stretch(first, len(cut.words), sentence, is_contrast))
    return found


def _begins(bits: int, is_paused: bool, has_judged: bool) -> bool:
    """Whether a word begins a clause; `has_judged`: the clause so far has said good or bad."""
    if bits & cues.CONTRAST:
        return True
    if bits & cues.TURN:
        return is_paused or has_judged
    return is_paused and not bits & cues.LINK
