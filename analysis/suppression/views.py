"""Sums and differences of up to three published figures, as somebody with a calculator makes them.

A view is a figure that is printed or follows directly: a row, or a block, the total less exact rows
of one dimension (`subtractions`). Two or three views, each added or subtracted, give the sum over a
smaller group; this module looks for groups that may not be shown. Longer combinations: `linear`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, Code, Reason, Row, Term

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class View:
    """People whose sum is printed or follows, and the rows (with sign) it is made of."""

    bits: int
    n: int
    terms: tuple[tuple[int, Row], ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """A combination of rows (with sign, 0: some multiple) that tells too much about `people`."""

    code: Code
    terms: tuple[tuple[int, Row], ...]
    people: int

    def victim(self) -> Row | None:
        """The smallest row of a segment in it, whose removal costs least; None: only the total."""
        return min(
            (row for _, row in self.terms if not row.is_total),
            key=lambda row: row.order,
            default=None,
        )

    def reason(self, crowd: Crowd) -> Reason:
        """The combination and the size of the group it gives away."""
        return Reason(
            self.code,
            tuple(Term(sign, row.key) for sign, row in self.terms),
            crowd.size(self.people),
            crowd.n_companies(self.people),
        )


@dataclass(frozen=True, slots=True)
class Triple:
    """One view less two others: `whole` - `first` - `second`."""

    whole: View
    first: View
    second: View

    @property
    def bits(self) -> int:
        """Those who do not cancel: in one part only and not the whole, in both, or in neither."""
        first, second = self.first.bits, self.second.bits
        return (self.whole.bits ^ first ^ second) | (first & second)

    @property
    def doubled(self) -> int:
        """Those counted twice: in both parts, not in the whole."""
        return self.first.bits & self.second.bits & ~self.whole.bits

    @property
    def terms(self) -> tuple[tuple[int, Row], ...]:
        """The rows of the combination with their signs."""
        return combined((1, self.whole), (-1, self.first), (-1, self.second))


def row_view(row: Row) -> View:
    """A row that is printed exactly, as a view."""
    return View(row.bits, row.n, ((1, row),))


def views_of(exact: Sequence[Row], crowd: Crowd, dimensions: Collection[str]) -> list[View]:
    """All views of these exact rows: rows from small to large, the total, blocks.

    The order is the order of search, so that what can be blamed on a row is not blamed on the total
    or on a block.
    """
    views = [row_view(row) for row in sorted(exact, key=lambda row: (row.is_total, row.order))]
    total = next((row for row in exact if row.key == TOTAL), None)
    if total is not None:
        by_dimension = {
            name: {row: row.bits for row in exact if row.key.dimension == name}
            for name in dimensions
        }
        blocks = (_block(total, rows, crowd) for rows in subtractions(by_dimension))
        views += [block for block in blocks if block]
    return views


def subtractions(by_dimension: Mapping[str, Mapping[Key, int]]) -> Iterator[Sequence[Key]]:
    """The rows that somebody takes from the total, as one sum, to see what a dimension leaves.

    All exact rows of the dimension, given with their people; and, where other dimensions print
    the same people once more, the rows without these: whoever counts each group only once, under
    the first dimension that names it, is left with a larger block.
    """
    for name, rows in by_dimension.items():
        elsewhere = [other.values() for key, other in by_dimension.items() if key != name]
        doubled = [frozenset(k for k, bits in rows.items() if bits in other) for other in elsewhere]
        left_out: list[frozenset[Key]] = [frozenset()]
        for keys in dict.fromkeys(doubled):
            left_out += [keys | before for before in left_out]
        for keys in dict.fromkeys(left_out):
            if len(keys) < len(rows):
                yield [key for key in rows if key not in keys]


def _block(total: Row, subtracted: Sequence[Row], crowd: Crowd) -> View | None:
    left = total.bits
    for row in subtracted:
        left &= ~row.bits
    n = crowd.size(left)
    return View(left, n, ((1, total), *((-1, row) for row in subtracted))) if n else None


def combined(*parts: tuple[int, View]) -> tuple[tuple[int, Row], ...]:
    """The rows of a signed sum of views; a row that cancels is left out."""
    rows: dict[Row, int] = {}
    for sign, view in parts:
        for inner, row in view.terms:
            rows[row] = rows.get(row, 0) + sign * inner
    return tuple((factor, row) for row, factor in rows.items() if factor)


def distinct(views: Sequence[View]) -> list[View]:
    """The views without those that repeat the people of an earlier one."""
    found: dict[int, View] = {}
    for view in views:
        found.setdefault(view.bits, view)
    return list(found.values())


class ViewCheck:
    """Looks for a view, pair or triple that may not be shown; remembers what was found safe.

    Views are admitted one by one and each is tried with all admitted before. When rows are hidden
    or merged between two calls, only the views that are new since are tried again.
    """

    __slots__ = ("_admitted", "_common", "_crowd")

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._admitted: list[View] = []
        self._common: list[list[int]] = []  # answers shared with each view admitted before

    def leak(self, views: Sequence[View]) -> Leak | None:
        """The first combination that breaks a threshold, or None; `views` as from `views_of`."""
        current = distinct(views)
        self._forget_others(current)
        known = {view.bits for view in self._admitted}
        for view in current:
            if view.bits in known:
                continue
            shared = [self._crowd.size(view.bits & other.bits) for other in self._admitted]
            found = self._alone(view) or self._pair(view, shared) or self._triple(view, shared)
            if found is not None:
                return found
            self._admitted.append(view)
            self._common.append(shared)
        return None

    def _forget_others(self, views: Sequence[View]) -> None:
        current = {view.bits: view for view in views}
        kept = [place for place, view in enumerate(self._admitted) if view.bits in current]
        self._common = [
            [self._common[place][other] for other in kept[:rank]] for rank, place in enumerate(kept)
        ]
        self._admitted = [current[self._admitted[place].bits] for place in kept]

    def _alone(self, view: View) -> Leak | None:
        fault = self._crowd.fault(view.bits)
        return Leak("would_follow", view.terms, view.bits) if fault else None

    def _pair(self, view: View, shared: Sequence[int]) -> Leak | None:
        for other, common in zip(self._admitted, shared, strict=True):
            if view.n + other.n - 2 * common < self._crowd.sure:
                apart = view.bits ^ other.bits
                if self._crowd.size(apart) and self._crowd.fault(apart):
                    larger, smaller = (view, other) if view.n > other.n else (other, view)
                    return Leak("would_follow", combined((1, larger), (-1, smaller)), apart)
            if view.n + other.n - common < self._crowd.sure:
                together = view.bits | other.bits
                if self._crowd.fault(together):
                    return Leak("would_follow", combined((1, view), (1, other)), together)
        return None

    def _triple(self, view: View, shared: Sequence[int]) -> Leak | None:
        found = self._sum_of_three(view, shared)
        if found is not None:
            return found
        for triple in self._close_triples(view, shared):
            bits = triple.bits
            if self._crowd.size(bits) and self._crowd.fault(bits, triple.doubled):
                return Leak("would_follow", triple.terms, bits)
        return None

    def _sum_of_three(self, view: View, shared: Sequence[int]) -> Leak | None:
        """Only a company's share can be wrong in a sum, as people and companies never get fewer."""
        small = [
            (other, view.bits | other.bits)
            for other, common in zip(self._admitted, shared, strict=True)
            if view.n + other.n - common < self._crowd.sure
        ]
        for (a, with_a), (b, with_b) in combinations(small, 2):
            together = with_a | with_b
            if self._crowd.size(together) < self._crowd.sure and self._crowd.fault(together):
                return Leak("would_follow", combined((1, view), (1, a), (1, b)), together)
        return None

    def _close_triples(self, view: View, shared: Sequence[int]) -> Iterator[Triple]:
        """Triples in which so few people may be left that the rule has to look at them.

        At least |a| + |b| + |c| - 2|a and b| - 2|a and c| - |b and c| people do not cancel in
        a - b - c; the counts are at hand, and most triples end here.
        """
        sure = self._crowd.sure_doubled
        for i, a in enumerate(self._admitted):
            in_a, common = shared[i], self._common[i]
            for j in range(i):
                b, in_b, in_both = self._admitted[j], shared[j], common[j]
                rest = view.n + a.n + b.n - 2 * (in_a + in_b + in_both) - sure
                if rest + in_both < 0:
                    yield Triple(view, a, b)
                if rest + in_b < 0:
                    yield Triple(a, view, b)
                if rest + in_a < 0:
                    yield Triple(b, view, a)
