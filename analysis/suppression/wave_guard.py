"""Guards a wave against its predecessors: what changed in between must not show a few people.

Somebody who assumes that people repeat their answers can subtract last wave's figure from this
one's; all repeaters cancel, and joiners and leavers remain. The guard looks at pairs and triples of
this wave's views and of all earlier exact ones. A combination is harmless if enough people remain,
or if so many would have to repeat their answer that the result is a guess.

Which answers are repeated is never looked at. Within one wave: `views` and `linear`.
Source: method of confidentiality, section 4 (wave guard).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import islice
from operator import or_

from analysis.suppression.people import Frame
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, RowKey
from analysis.suppression.views import Leak, View, combined, distinct, subtractions


@dataclass(frozen=True, slots=True)
class Earlier:
    """The people behind each exact figure of a question in an earlier wave, hidden blocks too.

    In anonymous surveys these are all who took part in the group, as its answers are not known by
    person.
    """

    views: tuple[int, ...]


def earlier_wave(frame: Frame, answered: int, exact: Mapping[RowKey, int]) -> Earlier:
    """What an earlier wave said exactly of a question: `exact` are its published rows with their n.

    `frame` is of that wave, on the same `People` as the wave to be published. Where fewer people
    than the published n are left, since some were erased, nameless ones stand in for them: they are
    still part of the figure and can repeat in no other wave. Raises KeyError for an unknown row.
    """
    known = {key: _bits_of(frame, key) & answered for key in exact}
    n_erased = max((n - known[key].bit_count() for key, n in exact.items()), default=0)
    nameless = [1 << frame.people.enter_nameless() for _ in range(max(n_erased, 0))]
    rows = dict(known)
    for dimension in dict.fromkeys(key.dimension for key in exact):
        spare = iter(nameless)
        for key in (key for key in exact if key.dimension == dimension):
            for _, bit in zip(range(exact[key] - known[key].bit_count()), spare, strict=False):
                rows[key] |= bit
    return Earlier(tuple(dict.fromkeys([*rows.values(), *_blocks(rows)])))


def _bits_of(frame: Frame, key: RowKey) -> int:
    if key == TOTAL:
        return frame.everyone
    bits = 0
    for member in key.members:
        bits |= frame.values[key.dimension].get(member, 0)
    return bits


def _blocks(rows: Mapping[RowKey, int]) -> Iterator[int]:
    total = rows.get(TOTAL)
    if total is None:
        return
    dimensions = dict.fromkeys(key.dimension for key in rows if key != TOTAL)
    by_dimension = {
        name: {key: bits for key, bits in rows.items() if key.dimension == name}
        for name in dimensions
    }
    for subtracted in subtractions(by_dimension):
        left = reduce(lambda left, key: left & ~rows[key], subtracted, total)
        if left:
            yield left


@dataclass(frozen=True, slots=True)
class _Figure:
    """A view with its wave: 0 is the one to be published, earlier ones count from 1."""

    bits: int
    n: int
    wave: int
    view: View | None = None


_Part = tuple[int, _Figure]  # how many people of a whole are in the figure


class WaveGuard:
    """Looks for a combination of waves that shows a few people; remembers what was found safe."""

    __slots__ = ("_admitted", "_crowd", "_earlier", "_limit", "_parts", "_reach")

    def __init__(self, crowd: Crowd, before: Sequence[Earlier]) -> None:
        self._crowd = crowd
        self._earlier = [
            _Figure(bits, bits.bit_count(), wave)
            for wave, earlier in enumerate(before, start=1)
            for bits in dict.fromkeys(earlier.views)
            if bits
        ]
        policy = crowd.policy
        everyone = reduce(or_, (figure.bits for figure in self._earlier), crowd.everyone)
        few = sum(crowd.people.sizes(everyone)[: policy.min_companies - 1]) if before else 0
        # No larger group is of too few people or companies; no larger figure meets another wave's
        # in a combination that needs too few repeaters.
        self._reach = max(policy.min_people - 1, few)
        self._limit = everyone.bit_count()
        if not policy.is_strict:
            self._limit = self._reach + policy.min_repeaters - 1
        self._admitted: list[_Figure] = []
        self._parts: dict[_Figure, list[_Part]] = {}

    def leak(self, views: Sequence[View]) -> Leak | None:
        """The first combination with an earlier wave that shows too few, or None.

        Its terms are rows of this wave only, since no other can still be hidden.
        """
        if not self._earlier:
            return None
        current = {view.bits: view for view in distinct(views)}
        self._admitted = [
            replace(each, view=current.pop(each.bits))
            for each in self._admitted
            if each.bits in current
        ]
        for view in current.values():
            figure = _Figure(view.bits, view.bits.bit_count(), 0, view)
            found = self._pair(figure) or self._as_whole(figure) or self._as_part(figure)
            if found is not None:
                return found
            self._admitted.append(figure)
        return None

    def _pair(self, figure: _Figure) -> Leak | None:
        for old in self._earlier:
            apart = figure.bits ^ old.bits
            is_close = apart.bit_count() <= self._reach
            if is_close and self._shows(apart, repeated=figure.bits & old.bits):
                return Leak("few_changed", combined((1, _view(figure))), apart)
        return None

    def _as_whole(self, figure: _Figure) -> Leak | None:
        """The figure less two others, of which at least one is of an earlier wave."""
        ours = self._parts_of(figure, self._admitted)
        earlier = self._parts_of(figure, self._earlier)
        for inside, first in ours:
            found = self._with_parts(figure, first, inside, earlier)
            if found is not None:
                return found
        if figure.n > self._limit:
            return None
        for i, (inside, first) in enumerate(earlier):
            found = self._with_parts(figure, first, inside, islice(earlier, i))
            if found is not None:
                return found
        return None

    def _as_part(self, figure: _Figure) -> Leak | None:
        """Another view less the figure and a third one, not all of this wave."""
        for whole in self._admitted:
            inside = (whole.bits & figure.bits).bit_count()
            if figure.n - inside <= self._reach:
                found = self._with_parts(whole, figure, inside, self._earlier_parts(whole))
                if found is not None:
                    return found
        return self._as_part_of_earlier(figure) if figure.n <= self._limit else None

    def _as_part_of_earlier(self, figure: _Figure) -> Leak | None:
        for whole in self._earlier:
            inside = (whole.bits & figure.bits).bit_count()
            if figure.n - inside <= self._reach:
                found = self._with_parts(whole, figure, inside, self._earlier_parts(whole))
                if found is None and whole.n <= self._limit:
                    ours = self._parts_of(whole, self._admitted)
                    found = self._with_parts(whole, figure, inside, ours)
                if found is not None:
                    return found
        return None

    def _earlier_parts(self, whole: _Figure) -> list[_Part]:
        if whole not in self._parts:
            self._parts[whole] = self._parts_of(whole, self._earlier)
        return self._parts[whole]

    def _parts_of(self, whole: _Figure, figures: Sequence[_Figure]) -> list[_Part]:
        """Figures that lie in the whole but for a few people, those that share most with it first.

        Whoever is in a part and not in the whole never cancels.
        """
        reach, limit, bits = self._reach, self._limit, whole.bits
        parts = [
            (inside, each)
            for each in figures
            if (each.n <= limit or each.wave == whole.wave)
            and each.n - (inside := (bits & each.bits).bit_count()) <= reach
        ]
        return sorted(parts, key=lambda part: -part[0])

    def _with_parts(
        self, whole: _Figure, first: _Figure, inside: int, seconds: Iterable[_Part]
    ) -> Leak | None:
        """The whole less the first part and any of the second ones. Most time is spent here."""
        reach, first_bits = self._reach, first.bits
        least = whole.n - inside - reach
        apart = whole.bits ^ first_bits
        for n_in_second, second in seconds:
            if n_in_second < least:
                break
            left = (apart ^ second.bits) | (first_bits & second.bits)
            if left.bit_count() <= reach and self._triple_shows(whole, first, second, left):
                ours = [(1, whole.view), (-1, first.view), (-1, second.view)]
                terms = combined(*((sign, view) for sign, view in ours if view is not None))
                return Leak("few_changed", terms, left)
        return None

    def _triple_shows(self, whole: _Figure, first: _Figure, second: _Figure, left: int) -> bool:
        repeated = 0
        if first.wave != whole.wave:
            repeated |= whole.bits & first.bits & ~second.bits
        if second.wave != whole.wave:
            repeated |= whole.bits & second.bits & ~first.bits
        return self._shows(left, repeated=repeated)

    def _shows(self, left: int, *, repeated: int) -> bool:
        """True if the people left are too few and too few others need to repeat their answer."""
        policy = self._crowd.policy
        is_guess = not policy.is_strict and repeated.bit_count() >= policy.min_repeaters
        return bool(left) and not is_guess and self._crowd.is_small(left)


def _view(figure: _Figure) -> View:
    if figure.view is None:
        raise AssertionError("an earlier figure is made of no rows that could be hidden")
    return figure.view
