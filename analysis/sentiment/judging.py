"""What each clause of a text says: how much good, how much bad, and in which words.

Handles negation, intensifiers, wishes, questions, and the pairs of a direction and a thing ("the
margin falls", "low prices"). The verdict on the whole comment is made from these in `features`.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from analysis.sentiment import cues
from analysis.sentiment.patterns import Word
from analysis.sentiment.reading import Reading, Stretch
from analysis.sentiment.types import Label

NEGATION_REACH = 5  # words behind a negation that it still denies
_DIRECTION_REACH = 4
_DIRECTION_WEIGHT = 1.4
_BOOSTED, _SOFTENED = 1.4, 0.6
_WISHED, _ASKED = 0.25, 0.5  # what is left of praise inside a wish or a question
_VADER_SCALE, _BLOB_SCALE = 0.55, 1.2  # onto our scale of about -3 to 3
_LEAST = 0.45  # a clause with less than this on both sides says nothing


@dataclass(frozen=True, slots=True)
class Hit:
    """Words `first` to `last` that say something good (positive value) or bad."""

    first: int
    last: int
    value: float


@dataclass(frozen=True, slots=True)
class Judged:
    """A clause with its hits; `good` and `bad` are sums, both positive numbers."""

    stretch: Stretch
    hits: Sequence[Hit]
    good: float
    bad: float
    bits: int

    @property
    def value(self) -> float:
        """Balance of the clause: above zero it praises."""
        return self.good - self.bad

    @property
    def polarity(self) -> Label:
        """What the clause says as a whole."""
        if max(self.good, self.bad) < _LEAST:
            return Label.NEUTRAL
        if min(self.good, self.bad) > 0.6 * max(self.good, self.bad):
            return Label.MIXED
        return Label.POSITIVE if self.good > self.bad else Label.NEGATIVE


def judge(reading: Reading) -> list[Judged]:
    """The clauses of a text in order, split further where `and` parts opposite judgements."""
    judged: list[Judged] = []
    for stretch in reading.stretches:
        hits = _hits(reading, stretch)
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
    bits = 0
    for position in range(stretch.first, stretch.stop):
        bits |= reading.cues[position]
    kept = _WISHED if bits & cues.REQUEST else _ASKED if bits & cues.QUESTION else 1.0
    good = bad = 0.0
    for hit in hits:
        if hit.value > 0:
            good += hit.value * kept
        else:
            bad -= hit.value
    return Judged(stretch=stretch, hits=hits, good=good, bad=bad, bits=bits)


def _hits(reading: Reading, stretch: Stretch) -> list[Hit]:
    hits: list[Hit] = []
    directions: list[tuple[int, bool]] = []
    things: list[int] = []
    words, bits, polar = reading.words, reading.cues, reading.polar
    denied_until, denied_by = -1, -1
    factor, factor_until = 1.0, -1
    position = stretch.first
    while position < stretch.stop:
        word, cue = words[position], bits[position]
        found = polar.get(position)
        is_denied = position <= denied_until
        if found is not None:
            last = found.last
            weight, negated = found.rule.weight, found.rule.negated
            is_denied = is_denied and not cue & cues.NEGATION
        else:
            last = position
            weight, negated = _weights(word)
        value = negated if is_denied else weight
        if value:
            strength = factor if position <= factor_until and not is_denied else 1.0
            first = denied_by if is_denied and position - denied_by <= 2 else position
            hits.append(Hit(first, last, value * strength))
        if found is None and cue:
            if cue & cues.NEGATION:
                denied_until, denied_by = position + NEGATION_REACH, position
            elif cue & cues.JOIN:
                denied_until = -1
            if cue & (cues.BOOST | cues.SOFTEN):
                factor = _BOOSTED if cue & cues.BOOST else _SOFTENED
                factor_until = position + 2
            if cue & (cues.UP | cues.DOWN):
                directions.append((position, is_denied))
            if cue & (cues.GOOD | cues.BAD):
                things.append(position)
        position = last + 1
    if directions and things:
        hits.extend(_direction_hits(directions, things, bits))
        hits.sort(key=lambda hit: hit.first)
    return hits


def _weights(word: Word) -> tuple[float, float]:
    """Polarity of a single word, plain and denied: our own list first, then the outside ones."""
    if word.weight is not None:
        return word.weight, word.negated
    if word.cues or not (word.vader or word.blob):
        return 0.0, 0.0
    vader, blob = word.vader * _VADER_SCALE, word.blob * _BLOB_SCALE
    weight = (vader + blob) / 2 if vader and blob else vader or 0.6 * blob
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
