"""The values that pass between the rules and their callers: rows, reasons, verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from analysis.suppression.people import People, Value

Fault = Literal["few_people", "few_companies", "large_share"]
"""What a group breaks: too few answers, too few companies, one company too large."""

Code = Literal[
    "few_people",
    "few_companies",
    "large_share",
    "few_invited",
    "one_value",
    "joined",
    "would_follow",
    "few_changed",
    "near_unanimous",
]
"""Why something is merged, not exact or not shown.

`one_value`: a dimension with a single row; `joined`: a row merged so that 'Other' may be shown;
`would_follow`: another hidden figure would follow by arithmetic; `few_changed`: so few people
changed since an earlier wave that they would show; `near_unanimous`: the mean tells what each
person said. The first three are the faults of a group.
"""

State = Literal["exact", "bound", "coarse", "hidden"]


@dataclass(frozen=True, slots=True, order=True)
class RowKey:
    """A row by name: the dimension and the values it covers, several of them for 'Other'."""

    dimension: str
    members: tuple[Value, ...]

    @property
    def is_other(self) -> bool:
        """True when the row stands for several values."""
        return len(self.members) > 1


TOTAL = RowKey("", ())


@dataclass(frozen=True, slots=True)
class Row:
    """A row with its people as bits and its number of answers."""

    key: RowKey
    bits: int
    n: int

    @property
    def is_total(self) -> bool:
        """True for the row of everybody."""
        return self.key == TOTAL

    @property
    def order(self) -> tuple[int, int, tuple[Value, ...], str]:
        """Smallest row first; of equal ones a single column before a table, then by label."""
        n_columns = len(self.key.members[0]) if self.key.members else 0
        return (self.n, n_columns, self.key.members, self.key.dimension)


@dataclass(frozen=True, slots=True)
class Term:
    """A row in a combination of rows; sign 0 stands for some other multiple of it."""

    sign: int
    key: RowKey


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in figures: `terms` add up to a group of `n_people` from `n_companies` companies.

    For the time before launch only; after it the figures of a hidden group stay hidden too.
    """

    code: Code
    terms: tuple[Term, ...] = ()
    n_people: int = 0
    n_companies: int = 0


@dataclass(frozen=True, slots=True)
class PublishedRows:
    """The rows of a wave that questions may fill.

    `rows` begins with the total and is empty if not even that may be shown. `dropped` names each
    dimension that is not published, `merged` each value that is part of 'Other', with the reason.
    """

    people: People
    everyone: int
    rows: tuple[Row, ...]
    dropped: Mapping[str, Reason] = field(default_factory=dict)
    merged: Mapping[tuple[str, Value], Reason] = field(default_factory=dict)
    refused: Reason | None = None

    def of(self, dimension: str) -> tuple[Row, ...]:
        """The rows of one dimension."""
        return tuple(row for row in self.rows if row.key.dimension == dimension)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be shown in one cell.

    `exact`: the figures. `bound`: only that the mean is `at_most` or `at_least` so much, on the
    printed scale and unrounded. `coarse`: only the mean rounded to the nearest ten. `hidden`:
    nothing, not even n. `n_companies` is unknown (None) in anonymous surveys.
    """

    state: State
    reason: Code | None = None
    n: int | None = None
    n_companies: int | None = None
    at_most: float | None = None
    at_least: float | None = None
