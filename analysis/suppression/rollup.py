"""Which rows of a wave are published: small ones are rolled up into 'Other', once a wave.

Rows are settled on the participants alone, before any question is looked at. A question may hide
rows later, it never merges others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from analysis.suppression.linear import linear_leak
from analysis.suppression.people import Dimension, Frame, Value
from analysis.suppression.policy import Policy
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, PublishedRows, Reason, Row, RowKey, Term
from analysis.suppression.views import Leak, ViewCheck, views_of


def publish_wave(
    frame: Frame,
    policy: Policy,
    *,
    present: int | None = None,
    n_invited: int | None = None,
) -> PublishedRows:
    """The rows of a wave that may be shown, with a reason for each that may not.

    `present` are those of the frame who take part (default: all of it), `n_invited` how many were
    asked (default: the whole frame). Deterministic, whatever the order of people.
    Source: method of confidentiality, section 4.
    """
    everyone = frame.everyone if present is None else present & frame.everyone
    asked = frame.everyone.bit_count() if n_invited is None else n_invited
    crowd = Crowd(frame.people, policy, everyone=everyone)
    total = Row(TOTAL, everyone, everyone.bit_count())
    if asked < policy.min_invited:
        refused = Reason("few_invited", (Term(1, TOTAL),), asked)
        return PublishedRows(frame.people, everyone, (), refused=refused)
    fault = crowd.reason(total)
    if fault is not None:
        return PublishedRows(frame.people, everyone, (), refused=fault)
    return _Wave(frame, crowd, total).published()


class _Wave:
    """The rows of a wave while they are being settled."""

    def __init__(self, frame: Frame, crowd: Crowd, total: Row) -> None:
        self._crowd = crowd
        self._total = total
        self._rows: dict[str, list[Row]] = {}
        self._dropped: dict[str, Reason] = {}
        self._merged: dict[tuple[str, Value], Reason] = {}
        self._people = frame.people
        for dimension in frame.dimensions:
            self._enter(dimension, frame.values[dimension.name])

    def published(self) -> PublishedRows:
        check = ViewCheck(self._crowd)
        while (leak := self._leak(check)) is not None:
            self._give_up(leak)
        rows = [self._total, *(row for rows in self._rows.values() for row in rows)]
        return PublishedRows(
            self._people, self._total.bits, tuple(rows), self._dropped, self._merged
        )

    def _enter(self, dimension: Dimension, values: Mapping[Value, int]) -> None:
        parts = ((value, bits & self._total.bits) for value, bits in values.items())
        rows = [
            Row(RowKey(dimension.name, (value,)), bits, bits.bit_count())
            for value, bits in parts
            if bits
        ]
        rolled, reasons = roll_up(rows, self._crowd)
        if len(rolled) > 1:
            self._rows[dimension.name] = rolled
            self._merged.update(reasons)
        else:
            self._dropped[dimension.name] = _first(reasons.values()) or Reason(
                "one_value", (Term(1, TOTAL),), self._total.n
            )

    def _leak(self, check: ViewCheck) -> Leak | None:
        rows = [self._total, *(row for rows in self._rows.values() for row in rows)]
        views = views_of(rows, self._crowd, self._rows)
        return check.leak(views) or linear_leak(rows, self._crowd)

    def _give_up(self, leak: Leak) -> None:
        victim = leak.victim()
        if victim is None:
            raise AssertionError("the total alone gives nothing away")
        name, reason = victim.key.dimension, leak.reason(self._crowd)
        rows = self._rows[name]
        if len(rows) == 2:
            del self._rows[name]
            self._dropped[name] = reason
            return
        rest = [row for row in rows if row is not victim]
        other = [row for row in rest if row.key.is_other] or sorted(rest, key=lambda row: row.order)
        joined = union_of((victim, other[0]))
        for member in joined.key.members:
            self._merged.setdefault((name, member), reason)
        self._rows[name] = [row for row in rest if row is not other[0]] + [joined]


def roll_up(rows: Sequence[Row], crowd: Crowd) -> tuple[list[Row], dict[tuple[str, Value], Reason]]:
    """The rows of one dimension with those that fail merged into 'Other', and why each is in it.

    While 'Other' itself fails, the smallest row that passes joins it. One row at the end means that
    the dimension cannot be shown.
    """
    faults = {row: reason for row in rows if (reason := crowd.reason(row)) is not None}
    passing = sorted((row for row in rows if row not in faults), key=lambda row: row.order)
    if not faults:
        return passing, {}
    reasons = {(row.key.dimension, row.key.members[0]): reason for row, reason in faults.items()}
    other = union_of(faults)
    while passing and (reason := crowd.reason(other)) is not None:
        smallest = passing.pop(0)
        reasons[smallest.key.dimension, smallest.key.members[0]] = Reason(
            "joined", reason.terms, reason.n_people, reason.n_companies
        )
        other = union_of((other, smallest))
    return [*passing, other], reasons


def union_of(rows: Iterable[Row]) -> Row:
    """One row of all these rows of a dimension."""
    listed = list(rows)
    members = tuple(sorted(member for row in listed for member in row.key.members))
    bits = 0
    for row in listed:
        bits |= row.bits
    return Row(RowKey(listed[0].key.dimension, members), bits, sum(row.n for row in listed))


def _first(reasons: Iterable[Reason]) -> Reason | None:
    return next(iter(reasons), None)


def coarse_profiles(frame: Frame, policy: Policy, *, other: str = "Other") -> dict[Value, Value]:
    """The coarse labels an anonymous wave stores in place of the invited people's own.

    `frame` holds the invited with the one or two columns chosen at launch. Every combination of
    labels that remains covers enough invited people from enough companies; all others become
    `other` in each column. Raises ValueError for more than two columns.
    Source: method of confidentiality, section 5.2.
    """
    if len(frame.columns) > 2:
        raise ValueError(f"an anonymous survey keeps at most 2 dimensions, not {frame.columns}")
    crowd = Crowd(frame.people, policy, everyone=frame.everyone)
    by_size = sorted(frame.profiles.items(), key=lambda item: (item[1].bit_count(), item[0]))
    kept = [(value, bits) for value, bits in by_size if not crowd.is_small(bits)]
    pooled = frame.everyone
    for _, bits in kept:
        pooled &= ~bits
    while kept and pooled and crowd.is_small(pooled):
        pooled |= kept.pop(0)[1]
    shown = {value for value, _ in kept}
    hidden = (other,) * len(frame.columns)
    return {value: value if value in shown else hidden for value in frame.profiles}
