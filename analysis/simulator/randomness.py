"""Dice that fall the same way on every machine: one stream for each subject.

A stream is named, "company/17" say, so more companies never change earlier ones and a new
feature takes a new stream. Only `Random.random` is called, the one method whose sequence
Python promises to keep across versions; the clock, `hash` and set order decide nothing.
Source: method of the simulator, section 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from hashlib import sha256
from itertools import accumulate
from random import Random
from statistics import NormalDist
from typing import Generic, TypeVar

T = TypeVar("T")

Dice = Callable[[], float]
"""The bound `random` of one stream: uniform in [0, 1)."""

TABLE_SIZE = 4096
"""Entries of every table of ready draws: a draw is 12 bits."""

_QUANTILE = NormalDist().inv_cdf

NORMALS: tuple[float, ...] = tuple(
    round(_QUANTILE((index + 0.5) / TABLE_SIZE), 4) for index in range(TABLE_SIZE)
)
"""Normal quantiles, rounded so that no platform's last bit can show."""


def stream(seed: int, subject: str) -> Dice:
    """The dice of one subject, seeded with the first 8 bytes of SHA-256 of "seed/subject"."""
    digest = sha256(f"{seed}/{subject}".encode()).digest()
    # The draws are of a demo, not of a secret: a repeatable generator is the point.
    return Random(int.from_bytes(digest[:8], "big")).random  # noqa: S311


def normal(dice: Dice) -> float:
    """One standard normal draw from the table (between -3.7 and 3.7)."""
    return NORMALS[int(dice() * TABLE_SIZE)]


def uniform_int(dice: Dice, low: int, high: int) -> int:
    """One of the whole numbers `low`..`high`, both included."""
    return low + int(dice() * (high - low + 1))


def one_of(dice: Dice, items: Sequence[T]) -> T:
    """One item, all equally likely."""
    return items[int(dice() * len(items))]


class Weighted(Generic[T]):
    """A choice with fixed weights, by cumulated weights and bisection."""

    __slots__ = ("_bounds", "_items")

    def __init__(self, items: Sequence[T], weights: Sequence[float]) -> None:
        total = sum(weights)
        self._items = tuple(items)
        self._bounds = tuple(part / total for part in accumulate(weights))

    def draw(self, dice: Dice) -> T:
        """One item by its weight."""
        # Rounding may leave the last bound a hair under 1.
        index = bisect_right(self._bounds, dice())
        return self._items[min(index, len(self._items) - 1)]


def ready_table(items: Sequence[T], weights: Sequence[float]) -> tuple[T, ...]:
    """`TABLE_SIZE` ready draws in which each item stands by its weight, as near as can be.

    The places left by rounding down go to the largest remainders, earlier items first.
    """
    total = sum(weights)
    exact = [weight * TABLE_SIZE / total for weight in weights]
    counts = [int(share) for share in exact]
    by_remainder = sorted(range(len(items)), key=lambda index: counts[index] - exact[index])
    for index in by_remainder[: TABLE_SIZE - sum(counts)]:
        counts[index] += 1
    table: tuple[T, ...] = ()
    for item, count in zip(items, counts, strict=True):
        table += (item,) * count
    return table
