"""Guards a wave against its predecessors: what changed in between must not show a few people.

Somebody who assumes that people repeat their answers can subtract last wave's figure from this
one's; all repeaters cancel, and joiners and leavers remain. The guard looks at pairs and triples of
this wave's views and of all earlier exact ones. A combination is harmless if enough people remain,
or if so many would have to repeat their answer that the result is a guess.

Which answers are repeated is never looked at. Within one wave: `views` and `linear`.
Source: method of confidentiality, section 4 (wave guard).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.suppression.people import Frame
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, RowKey
from analysis.suppression.views import Leak, View, combined, distinct


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
    for dimension in dict.fromkeys(key.dimension for key in rows if key != TOTAL):
        hidden = total
        for key, bits in rows.items():
            if key.dimension == dimension:
                hidden &= ~bits
        if hidden:
            yield hidden


@dataclass(frozen=True, slots=True)
class _Figure:
    """A view with its wave: 0 is the one to be published, earlier ones count from 1."""

    view: View
    wave: int

    @property
    def bits(self) -> int:
        return self.view.bits

    @property
    def n(self) -> int:
        return self.view.n


class WaveGuard:
    """Looks for a combination of waves that shows a few people; remembers what was found safe."""

    __slots__ = ("_admitted", "_crowd", "_earlier", "_parts", "_reach")

    def __init__(self, crowd: Crowd, before: Sequence[Earlier]) -> None:
        self._crowd = crowd
        self._earlier = [
            _Figure(View(bits, bits.bit_count(), ()), wave)
            for wave, earlier in enumerate(before, start=1)
            for bits in dict.fromkeys(earlier.views)
            if bits
        ]
        everyone = 0
        for figure in self._earlier:
            everyone |= figure.bits
        largest = crowd.people.sizes(everyone | crowd.everyone)
        few = sum(largest[: crowd.policy.min_companies - 1])
        self._reach = max(crowd.policy.min_people - 1, few)
        self._admitted: list[_Figure] = []
        self._parts: dict[int, list[tuple[int, _Figure]]] = {}

    def leak(self, views: Sequence[View]) -> Leak | None:
        """The first combination with an earlier wave that shows too few, or None.

        Its terms are rows of this wave only, since no other can still be hidden.
        """
        if not self._earlier:
            return None
        current = {view.bits: view for view in distinct(views)}
        self._admitted = [
            _Figure(current.pop(each.bits), 0) for each in self._admitted if each.bits in current
        ]
        for view in current.values():
            figure = _Figure(View(view.bits, view.bits.bit_count(), view.terms), 0)
            found = self._pair(figure) or self._as_whole(figure) or self._as_part(figure)
            if found is not None:
                return found
            self._admitted.append(figure)
        return None

    def _pair(self, figure: _Figure) -> Leak | None:
        for old in self._earlier:
            common = figure.bits & old.bits
            if figure.n + old.n - 2 * common.bit_count() <= self._reach:
                apart = figure.bits ^ old.bits
                if self._shows(apart, repeated=common):
                    return Leak("few_changed", figure.view.terms, apart)
        return None

    def _as_whole(self, figure: _Figure) -> Leak | None:
        """The figure less two others, of which at least one is of an earlier wave."""
        parts = self._parts_of(figure, [*self._earlier, *self._admitted])
        for i, (n_in_first, first) in enumerate(parts):
            for n_in_second, second in parts[:i]:
                if figure.n - n_in_first - n_in_second > self._reach:
                    break
                if (first.wave or second.wave) and (found := self._triple(figure, first, second)):
                    return found
        return None

    def _as_part(self, figure: _Figure) -> Leak | None:
        """Another view less the figure and a third one, not both of this wave."""
        for whole in [*self._earlier, *self._admitted]:
            inside = (whole.bits & figure.bits).bit_count()
            if figure.n - inside > self._reach:
                continue
            others = self._earlier_parts(whole)
            if whole.wave:
                others = others + self._parts_of(whole, self._admitted)
            least = whole.n - inside - self._reach
            for n_in_second, second in others:
                if n_in_second >= least and (found := self._triple(whole, figure, second)):
                    return found
        return None

    def _earlier_parts(self, whole: _Figure) -> list[tuple[int, _Figure]]:
        if whole.bits not in self._parts:
            self._parts[whole.bits] = self._parts_of(whole, self._earlier)
        return self._parts[whole.bits]

    def _parts_of(self, whole: _Figure, figures: Sequence[_Figure]) -> list[tuple[int, _Figure]]:
        """Figures that lie in the whole but for a few people, those that share most with it first.

        Whoever is in a part and not in the whole never cancels.
        """
        shared = [((whole.bits & each.bits).bit_count(), each) for each in figures]
        parts = [(n, each) for n, each in shared if each.n - n <= self._reach]
        return sorted(parts, key=lambda part: -part[0])

    def _triple(self, whole: _Figure, first: _Figure, second: _Figure) -> Leak | None:
        both = first.bits & second.bits
        left = (whole.bits ^ first.bits ^ second.bits) | both
        repeated = 0
        if first.wave != whole.wave:
            repeated |= whole.bits & first.bits & ~both
        if second.wave != whole.wave:
            repeated |= whole.bits & second.bits & ~both
        if not self._shows(left, repeated=repeated):
            return None
        ours = [
            (sign, each.view)
            for sign, each in ((1, whole), (-1, first), (-1, second))
            if each.wave == 0
        ]
        return Leak("few_changed", combined(*ours), left)

    def _shows(self, left: int, *, repeated: int) -> bool:
        """True if the people left are too few and too few others need to repeat their answer."""
        if not left or left.bit_count() > self._reach or not self._crowd.is_small(left):
            return False
        policy = self._crowd.policy
        return policy.is_strict or repeated.bit_count() < policy.min_repeaters
