"""Near-unanimity: an exact sum close to an end of the scale tells what each person answered.

This is the only rule that looks at answers, and it sees nothing but sums. A row that is nearly
unanimous gets a bound in place of its mean, and then it must not follow from exact rows either; a
group that is not printed but follows as a sum or difference of up to three views is treated alike.
Source: method of confidentiality, section 2 (near-unanimity).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from analysis.suppression.primary import Crowd
from analysis.suppression.rows import Row, RowKey
from analysis.suppression.views import Leak, Triple, View, combined, distinct

SLACK = 2
"""Steps from an end of the scale within which a sum of answers is as good as unanimous."""


@dataclass(frozen=True, slots=True)
class Sums:
    """The sum of answers of each row, in steps above the lowest answer.

    `n_steps` is how many steps one answer can be above the lowest: 4 on five points, 2 for NPS (-1,
    0, +1), 1 for 'is in this class'. `slack` is the distance from an end that is too close.
    """

    by_row: Mapping[RowKey, int]
    n_steps: int
    slack: int = SLACK

    def of(self, view: View) -> int:
        """The sum of a view."""
        return sum(sign * self.by_row[row.key] for sign, row in view.terms)

    def is_close(self, total: int, *, added: int, taken: int) -> bool:
        """True if a sum over `added` answers less one over `taken` is nearly as extreme as can be.

        The same number on both sides at the two ends: all added answers lowest and all taken ones
        highest, or the reverse.
        """
        above = total + self.n_steps * taken
        below = self.n_steps * added - total
        return min(above, below) <= self.slack


def row_is_close(row: Row, sums: Sums) -> bool:
    """True if the row's own mean is within the slack of an end."""
    return sums.is_close(sums.by_row[row.key], added=row.n, taken=0)


def close_combination(views: Sequence[View], sums: Sequence[Sums], crowd: Crowd) -> Leak | None:
    """A view, pair or triple of views whose sum is nearly unanimous by any of `sums`, or None."""
    shown = distinct(views)
    for counted in sums:
        finder = _Finder(shown, counted, crowd)
        for found in (finder.views(), finder.pairs(), finder.triples()):
            for leak in found:
                return leak
    return None


class _Finder:
    """Combinations of views that are nearly unanimous by one kind of sum."""

    def __init__(self, views: Sequence[View], sums: Sums, crowd: Crowd) -> None:
        self._views = views
        self._sums = sums
        self._crowd = crowd
        self._value = {view.bits: sums.of(view) for view in views}

    def views(self) -> Iterator[Leak]:
        for view in self._views:
            if self._sums.is_close(self._value[view.bits], added=view.n, taken=0):
                yield Leak("would_follow", view.terms, view.bits)

    def pairs(self) -> Iterator[Leak]:
        for one, other in combinations(self._views, 2):
            common = self._crowd.size(one.bits & other.bits)
            added, taken = one.n - common, other.n - common
            total = self._value[one.bits] - self._value[other.bits]
            if added + taken and self._sums.is_close(total, added=added, taken=taken):
                terms = combined((1, one), (-1, other))
                yield Leak("would_follow", terms, one.bits ^ other.bits)

    def triples(self) -> Iterator[Leak]:
        for whole in self._views:
            parts = [
                (self._crowd.size(whole.bits & view.bits), view)
                for view in self._views
                if view is not whole
            ]
            for (n_first, first), (n_second, second) in combinations(parts, 2):
                total = self._value[whole.bits]
                total -= self._value[first.bits] + self._value[second.bits]
                added = whole.n - n_first - n_second
                taken = first.n - n_first + second.n - n_second
                # Those in all three stand on both sides; without them the ends are only closer.
                if self._sums.is_close(total, added=max(added, 0), taken=taken):
                    yield from self._triple(Triple(whole, first, second), total, added, taken)

    def _triple(self, triple: Triple, total: int, added: int, taken: int) -> Iterator[Leak]:
        in_all = triple.whole.bits & triple.first.bits & triple.second.bits
        n_in_all = self._crowd.size(in_all)
        close = self._sums.is_close(total, added=added + n_in_all, taken=taken + n_in_all)
        if close and self._crowd.size(triple.bits):
            yield Leak("would_follow", triple.terms, triple.bits)
