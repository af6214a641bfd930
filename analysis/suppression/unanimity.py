"""Near-unanimity: an exact sum close to an end of the scale tells what each person answered.

This is the only rule that looks at answers, and it sees nothing but sums. A row that is nearly
unanimous gets a bound in place of its mean, and then it must not follow from exact rows either; a
group that is not printed but follows as a sum or difference of up to three views is treated alike.
Source: method of confidentiality, section 2 (near-unanimity).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

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


def row_is_close(row: Row, sums: Sums) -> bool:
    """True if the row's own mean is within the slack of an end."""
    total = sums.by_row[row.key]
    return min(total, sums.n_steps * row.n - total) <= sums.slack


def close_combination(views: Sequence[View], sums: Sequence[Sums], crowd: Crowd) -> Leak | None:
    """A view, pair or triple of views whose sum is nearly unanimous by any of `sums`, or None."""
    shown = distinct(views)
    for counted in sums:
        for whole in shown:
            for end in (_lowest(whole, counted), _highest(whole, counted)):
                found = end.combination(shown, crowd)
                if found is not None:
                    return found
    return None


@dataclass(frozen=True, slots=True)
class _End:
    """One view less none, one or two others, held against one end of what its sum can be.

    The distance from that end is a sum over people: of answers above the lowest for some, of
    steps missing to the highest for the others. It starts as `distance` of the whole view alone;
    each part adds `gain` times its own sum, and `inside` and `outside` steps for each of its people
    in and not in the whole.
    """

    whole: View
    sums: Sums
    distance: int
    gain: int
    inside: int
    outside: int

    def combination(self, views: Sequence[View], crowd: Crowd) -> Leak | None:
        """The first combination that comes too close to the end, or None."""
        slack = self.sums.slack
        if self.distance <= slack:
            return Leak("would_follow", self.whole.terms, self.whole.bits)
        parts = self._parts(views, crowd)
        for i, (cost, first) in enumerate(parts):
            if self.distance + cost <= slack and (first.bits ^ self.whole.bits):
                terms = combined((1, self.whole), (-1, first))
                return Leak("would_follow", terms, first.bits ^ self.whole.bits)
            for other_cost, second in islice(parts, i):
                if self.distance + cost + other_cost > slack:
                    break
                left = slack - self.distance - cost - other_cost
                triple = Triple(self.whole, first, second)
                if self._is_close(triple, left, crowd):
                    return Leak("would_follow", triple.terms, triple.bits)
        return None

    def _is_close(self, triple: Triple, left: int, crowd: Crowd) -> bool:
        """Those in all three weigh against the whole, so the distance grows by their steps."""
        in_all = triple.whole.bits & triple.first.bits & triple.second.bits
        steps = self.sums.n_steps * crowd.size(in_all)
        return steps <= left and crowd.size(triple.bits) > 0

    def _parts(self, views: Sequence[View], crowd: Crowd) -> list[tuple[int, View]]:
        """The other views with what each adds to the distance, least first."""
        parts = []
        for view in views:
            if view is not self.whole:
                n_in = crowd.size(view.bits & self.whole.bits)
                cost = self.gain * self.sums.of(view)
                cost += self.inside * n_in + self.outside * (view.n - n_in)
                parts.append((cost, view))
        return sorted(parts, key=lambda part: part[0])


def _lowest(whole: View, sums: Sums) -> _End:
    """The lower end: people of the whole answer lowest, others of the parts highest."""
    return _End(whole, sums, sums.of(whole), gain=-1, inside=0, outside=sums.n_steps)


def _highest(whole: View, sums: Sums) -> _End:
    """The upper end: people of the whole answer highest, others of the parts lowest."""
    missing = sums.n_steps * whole.n - sums.of(whole)
    return _End(whole, sums, missing, gain=1, inside=-sums.n_steps, outside=0)
