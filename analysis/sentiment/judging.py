"""What each clause of a text says: how much good, how much bad, and in which words.

Handles negation, intensifiers, wishes, questions, and the pairs of a direction and a thing ("the
margin falls", "low prices"). The verdict on the whole comment is made from these in `features`.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.sentiment import cues
from analysis.sentiment.patterns import Word
from analysis.sentiment.reading import Found, Reading, Stretch
from analysis.sentiment.types import Label

NEGATION_REACH = 5  # words behind a negation that it still denies
_TAIL_REACH = 3  # words behind a pattern with its own negation that cannot be praise
_DIRECTION_REACH = 4
_DIRECTION_WEIGHT = 1.4
_BOOSTED, _SOFTENED = 1.4, 0.6
_WISHED, _ASKED = 0.25, 0.5  # what is left of praise inside a wish or a question
_VADER_SCALE, _BLOB_SCALE = 0.55, 1.2  # onto our scale of about -3 to 3
_LEAST_OUTSIDE = 0.4  # below, an outside list's word is only noise
_LEAST = 0.45  # a clause with less than this on both sides says nothing


@dataclass(slots=True)
class Hit:
    """Words `first` to `last` that say something good (positive value) or bad."""

    first: int
    last: int
    value: float


@dataclass(slots=True)
class Judged:
    """A clause with its hits; `good` and `bad` are sums, both positive numbers."""

    stretch: Stretch
    hits: Sequence[Hit]
    good: float
    bad: float
    bits: int
    polarity: Label

    @property
    def value(self) -> float:
        """Balance of the clause: above zero it praises."""
        return self.good - self.bad


def judge(reading: Reading, *, keeps: Callable[[Hit], bool] | None = None) -> list[Judged]:
    """The clauses of a text in order, split further where `and` parts opposite judgements.

    `keeps` may forget hits: training does so, because the words of the seeds are better known to
    the lists than those of a comment that nobody has seen yet.
    """
    judged: list[Judged] = []
    for stretch in reading.stretches:
        hits = _hits(reading, stretch) if _bits(reading, stretch) & cues.READ else []
        if keeps is not None:
            hits = [hit for hit in hits if keeps(hit)]
        parting = _parting(hits, reading.cues)
        if parting is None:
            judged.append(_sum_up(reading, stretch, hits))
        else:
            judged.extend(_parted(reading, stretch, hits, at=parting))
    return judged


def _parted(
    reading: Reading, stretch: Stretch, hits: Sequence[Hit], *, at: int
) -> Iterator[Judged]:
    before = Stretch(stretch.first, at, stretch.sentence, stretch.is_contrast)
    after = Stretch(at, stretch.stop, stretch.sentence, False)
    yield _sum_up(reading, before, [hit for hit in hits if hit.first < at])
    yield _sum_up(reading, after, [hit for hit in hits if hit.first >= at])


def _parting(hits: Sequence[Hit], bits: Sequence[int]) -> int | None:
    for left, right in pairwise(hits):
        if left.value * right.value < 0:
            for position in range(left.last + 1, right.first):
                if bits[position] & cues.JOIN:
                    return position
    return None


def _sum_up(reading: Reading, stretch: Stretch, hits: Sequence[Hit]) -> Judged:
    bits = _bits(reading, stretch)
    kept = _WISHED if bits & cues.REQUEST else _ASKED if bits & cues.QUESTION else 1.0
    good = bad = 0.0
    for hit in hits:
        if hit.value > 0:
            good += hit.value * kept
        else:
            bad -= hit.value
    return Judged(stretch, hits, good, bad, bits, _polarity(good, bad))


def _bits(reading: Reading, stretch: Stretch) -> int:
    bits = 0
    for bit in reading.cues[stretch.first : stretch.stop]:
        bits |= bit
    return bits


def _polarity(good: float, bad: float) -> Label:
    if good < _LEAST and bad < _LEAST:
        return Label.NEUTRAL
    if min(good, bad) > 0.6 * max(good, bad):
        return Label.MIXED
    return Label.POSITIVE if good > bad else Label.NEGATIVE


@dataclass(slots=True)
class _Scan:
    """What still has an effect on the words to come, while a clause is read from left to right."""

    denied_until: int = -1
    denied_by: int = -1
    praise_denied_until: int = -1
    factor: float = 1.0
    factor_until: int = -1

    def denies(self, position: int, weight: float) -> bool:
        """Whether a negation before `position` turns a word of this weight."""
        return position <= self.denied_until or (
            weight > 0 and position <= self.praise_denied_until
        )

    def note(self, bits: int, position: int) -> None:
        """Take account of the cues of a single word."""
        if bits & cues.NEGATION:
            self.denied_until, self.denied_by = position + NEGATION_REACH, position
        elif bits & cues.JOIN:
            self.denied_until = self.praise_denied_until = -1
        if bits & (cues.BOOST | cues.SOFTEN):
            self.factor = _BOOSTED if bits & cues.BOOST else _SOFTENED
            self.factor_until = position + 2


def _hits(reading: Reading, stretch: Stretch) -> list[Hit]:
    hits: list[Hit] = []
    directions: list[tuple[int, bool]] = []
    things: list[int] = []
    words, bits, polar = reading.words, reading.cues, reading.polar
    scan = _Scan()
    covered_until = -1
    for position in range(stretch.first, stretch.stop):
        bit = bits[position]
        if position <= covered_until or not bit & cues.READ:
            continue
        found = polar.get(position)
        if found is not None:
            hit = _pattern_hit(found, bit, scan)
            covered_until = found.last
        else:
            hit = _word_hit(words[position], position, scan)
            scan.note(bit, position)
            if bit & (cues.UP | cues.DOWN):
                directions.append((position, position <= scan.denied_until))
            if bit & (cues.GOOD | cues.BAD):
                things.append(position)
        if hit is not None:
            hits.append(hit)
    if directions and things:
        hits.extend(_direction_hits(directions, things, bits))
        hits.sort(key=lambda hit: hit.first)
    return hits


def _pattern_hit(found: Found, bits: int, scan: _Scan) -> Hit | None:
    """A pattern that brings its own negation ("nobody answers") is not denied once more."""
    if bits & cues.NEGATION:
        if found.rule.weight < 0:
            scan.praise_denied_until = found.last + _TAIL_REACH
        return Hit(found.first, found.last, found.rule.weight) if found.rule.weight else None
    return _hit(found.first, found.last, found.rule.weight, found.rule.negated, scan)


def _word_hit(word: Word, position: int, scan: _Scan) -> Hit | None:
    if word.weight is None and not word.vader and not word.blob:
        return None
    weight, negated = _weights(word)
    return _hit(position, position, weight, negated, scan)


def _hit(first: int, last: int, weight: float, negated: float, scan: _Scan) -> Hit | None:
    if scan.denies(first, weight):
        begin = scan.denied_by if 0 <= first - scan.denied_by <= 2 else first
        return Hit(begin, last, negated) if negated else None
    if not weight:
        return None
    return Hit(first, last, weight * (scan.factor if first <= scan.factor_until else 1.0))


def _weights(word: Word) -> tuple[float, float]:
    """Polarity of a single word, plain and denied: our own list first, then the outside ones."""
    if word.weight is not None:
        return word.weight, word.negated
    if word.cues:
        return 0.0, 0.0
    vader, blob = word.vader * _VADER_SCALE, word.blob * _BLOB_SCALE
    weight = (vader + blob) / 2 if vader and blob else vader or 0.6 * blob
    if abs(weight) < _LEAST_OUTSIDE:
        return 0.0, 0.0
    return weight, -0.6 * weight


def _direction_hits(
    directions: Sequence[tuple[int, bool]], things: Sequence[int], bits: Sequence[int]
) -> Iterator[Hit]:
    """Each direction word with the nearest thing: "margins | fall", "high | prices"."""
    for position, is_denied in directions:
        at = bisect_left(things, position)
        thing = min(things[max(0, at - 1) : at + 2], key=lambda other: abs(other - position))
        if thing == position or abs(thing - position) > _DIRECTION_REACH:
            continue
        is_more = bool(bits[position] & cues.UP)
        is_welcome = bool(bits[thing] & cues.GOOD)
        value = _DIRECTION_WEIGHT if is_more == is_welcome else -_DIRECTION_WEIGHT
        first, last = sorted((position, thing))
        yield Hit(first, last, -0.8 * value if is_denied else value)
