"""What matters to partners: importance of drivers, blind spots, level and momentum.

Importance is derived (correlation of a driver with the recommendation answer, partners only) or
stated (asked on a 1..7 scale). Both are associations to think about, not proof of cause.
Source: method of statistics, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from analysis.gap import Composite, Gap, composite
from analysis.stats import Estimate, Interval, PairCell, TooFewAnswers, critical_value

MINIMUM_PAIRS = 30
MOST_BLIND_SPOTS = 3

PAIR_CORRELATION = 0.09
"""Correlation within a company of products of two answers: 0.3 squared."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Pearson's r of `n` pairs; `effective_n` counts them as if they were independent."""

    value: float
    n: int
    effective_n: float

    def interval(self, k: int = 1) -> Interval:
        """95% interval by Fisher's transformation (1921), for k comparisons together."""
        if self.effective_n <= 3:
            return Interval(-1.0, 1.0)
        if abs(self.value) == 1:
            return Interval(self.value, self.value)
        half_width = critical_value(k, math.inf) / math.sqrt(self.effective_n - 3)
        centre = math.atanh(self.value)
        return Interval(math.tanh(centre - half_width), math.tanh(centre + half_width))

    def published(self, decimals: int = 1) -> Correlation:
        """The same with r rounded as the confidential modes publish it; weights follow."""
        return replace(self, value=round(self.value, decimals) + 0.0)


def correlation(
    pairs: PairCell, *, company_size: float, minimum: int = MINIMUM_PAIRS
) -> Correlation | None:
    """Derived importance: r of a driver and the recommendation answer; None without variance.

    `company_size` is the sample's weighted company size. Raises TooFewAnswers under `minimum`.
    """
    n = pairs.n
    if n < max(minimum, 2):
        raise TooFewAnswers(n, max(minimum, 2))
    spread_x = n * pairs.xx - pairs.x**2
    spread_y = n * pairs.yy - pairs.y**2
    if spread_x <= 0 or spread_y <= 0:
        return None
    r = (n * pairs.xy - pairs.x * pairs.y) / math.sqrt(spread_x * spread_y)
    inflation = max(1.0, 1 + PAIR_CORRELATION * (company_size - 1))
    return Correlation(min(1.0, max(-1.0, r)), n, n / inflation)


def derived_weights(correlations: Mapping[str, Correlation | None]) -> dict[str, float] | None:
    """max(r, 0) of each driver over the mean of these; None if no driver has r above 0.

    Drivers whose r is unknown (None) have no weight and are left out of the mean.
    """
    known = {code: r for code, r in correlations.items() if r is not None}
    return _normalised({code: max(r.value, 0.0) for code, r in known.items()})


def stated_weights(importances: Mapping[str, float]) -> dict[str, float] | None:
    """Mean stated importance of each driver over the mean of these; None if nothing was asked."""
    return _normalised(importances)


def _normalised(values: Mapping[str, float]) -> dict[str, float] | None:
    total = sum(values.values())
    if total == 0:
        return None
    return {code: value * len(values) / total for code, value in values.items()}


def weighted_score(
    scores: Mapping[str, Estimate], weights: Mapping[str, float]
) -> Composite | None:
    """Score 0..100 of all drivers that have both a shown score and a weight; None if none has."""
    codes = [code for code in scores if weights.get(code, 0.0) > 0]
    if not codes:
        return None
    return composite([scores[code] for code in codes], [weights[code] for code in codes])


class WeightSource(StrEnum):
    """Where the weights of a list of blind spots come from; NONE titles it 'largest gaps'."""

    DERIVED = "derived"
    STATED = "stated"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class DriverGap:
    """The gap of one driver, partners minus staff."""

    code: str
    number: int
    gap: Gap


@dataclass(frozen=True, slots=True)
class BlindSpot:
    """One driver partners rate clearly lower than staff believe; weight None: not known."""

    code: str
    number: int
    gap: Gap
    weight: float | None


@dataclass(frozen=True, slots=True)
class BlindSpots:
    """At most three blind spots, the most pressing first, and what their weights rest on."""

    spots: tuple[BlindSpot, ...]
    source: WeightSource


def blind_spots(
    gaps: Iterable[DriverGap],
    *,
    k: int,
    derived: Mapping[str, float] | None,
    stated: Mapping[str, float] | None,
) -> BlindSpots:
    """Drivers with a negative gap bigger than chance among k, and more than average importance.

    Derived weights go first, stated ones stand in where there are none (under 30 pairs); without
    either these are just the largest gaps. Ordered by |gap| x weight, then by driver number.
    """
    weights, source = _chosen_weights(derived, stated)
    spots = [
        BlindSpot(row.code, row.number, row.gap, weights.get(row.code))
        for row in gaps
        if row.gap.value < 0 and row.gap.bigger_than_chance(k)
    ]
    if source is not WeightSource.NONE:
        spots = [spot for spot in spots if (spot.weight or 0.0) > 1]
    spots.sort(key=lambda spot: (spot.gap.value * (spot.weight or 1.0), spot.number))
    return BlindSpots(tuple(spots[:MOST_BLIND_SPOTS]), source)


def _chosen_weights(
    derived: Mapping[str, float] | None, stated: Mapping[str, float] | None
) -> tuple[Mapping[str, float], WeightSource]:
    if derived:
        return derived, WeightSource.DERIVED
    if stated:
        return stated, WeightSource.STATED
    return {}, WeightSource.NONE


class Level(StrEnum):
    """Where a driver stands among those plotted with it; a description, not a claim."""

    ABOVE = "above"
    BELOW = "below"


class Momentum(StrEnum):
    """Where a driver moves; up and down only if the change is bigger than chance."""

    UP = "up"
    DOWN = "down"
    STEADY = "steady"


@dataclass(frozen=True, slots=True)
class Position:
    """Place of one driver or segment in the quadrant of level and momentum."""

    level: Level
    momentum: Momentum


def momentum(change: Gap | None, *, k: int) -> Momentum:
    """Direction of a change among k; without an earlier wave (None) it is steady."""
    if change is None or not change.bigger_than_chance(k):
        return Momentum.STEADY
    return Momentum.UP if change.centre > 0 else Momentum.DOWN


def positions(
    scores: Mapping[str, float], changes: Mapping[str, Gap | None], *, k: int
) -> dict[str, Position]:
    """Level against the mean of the scores plotted, and momentum, for each of them."""
    mean = sum(scores.values()) / len(scores) if scores else 0.0
    return {
        code: Position(
            Level.ABOVE if score >= mean else Level.BELOW, momentum(changes.get(code), k=k)
        )
        for code, score in scores.items()
    }
