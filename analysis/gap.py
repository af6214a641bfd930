"""Differences between two figures, and the word each of them deserves.

Perception against reality per driver and segment, a segment against the rest, a wave against the
one before, a guess against what came: each is one `Gap`, marked by one rule. A difference is
called bigger than chance exactly when the interval that is printed excludes zero.

How many comparisons stand behind a question (`k`) follows from the question asked, never from
what is visible or filtered: the caller passes `family_size(...)`.
Source: method of statistics, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from analysis.stats import (
    AnswerCells,
    Estimate,
    Interval,
    LinkCell,
    NotComparable,
    Sample,
    Scale,
    TooFewAnswers,
    TooFewCompanies,
    critical_value,
    driver_score,
    merged,
)

_Cell = TypeVar("_Cell", AnswerCells, Estimate)

TOO_WIDE = 0.4
"""Half width, as a part of the scale's span, above which nothing can be said."""

ALIKE_WITHIN = Interval(-10, 10)

SCORE_UNIT = 25.0
NPS_UNIT = 100.0
RECOMMENDATION_UNIT = 1.0


class Mark(StrEnum):
    """Word keys of a difference; NO_GAP is of a whole page."""

    BIGGER = "bigger"
    CHANCE = "chance"
    TOO_FEW = "too_few"
    HIDDEN = "hidden"
    NO_GAP = "no_gap"


class Headline(StrEnum):
    """What the page says first: partners rate us lower or higher than the team thinks, or alike."""

    LOWER = "lower"
    HIGHER = "higher"
    ALIKE = "alike"
    NO_PROVEN_GAP = "no_proven_gap"


def family_size(*, drivers: int, segments: int = 1) -> int:
    """k of a table of comparisons: all drivers the version asks, times all segments of the table.

    A page filtered to one segment keeps the k of its table; a change of NPS or of the overall
    figure has k = 1. Raises ValueError below 1.
    """
    if drivers < 1 or segments < 1:
        raise ValueError("a table has at least one driver and one segment")
    return drivers * segments


@dataclass(frozen=True, slots=True)
class Gap:
    """Difference of two estimates of one scale; `scale` is that scale's span both ways."""

    value: float
    centre: float
    variance: float
    df: float
    scale: Scale
    few: bool

    def half_width(self, k: int = 1) -> float:
        """Half width before it is cut to the range; raises ValueError if k < 1."""
        return critical_value(k, self.df) * math.sqrt(self.variance)

    def interval(self, k: int = 1) -> Interval:
        """95% interval that holds for k comparisons together, cut to the range."""
        return self.scale.clip(self.centre, self.half_width(k))

    def printed(self, k: int = 1, *, decimals: int = 0) -> Interval:
        """The interval as it is printed: it excludes zero exactly when `interval(k)` does."""
        return _printed(self.interval(k), decimals)

    def mark(self, k: int = 1) -> Mark:
        """The word key of this difference among k comparisons."""
        return word_key(self.interval(k), half_width=self.half_width(k), span=self.scale.high)

    def bigger_than_chance(self, k: int = 1) -> bool:
        """Whether the interval for k comparisons excludes zero."""
        return self.interval(k).excludes(0)


def word_key(interval: Interval, *, half_width: float, span: float) -> Mark:
    """The word key of anything that is claimed to differ from 0, on a scale of the given span."""
    if interval.excludes(0):
        return Mark.BIGGER
    return Mark.TOO_FEW if half_width > TOO_WIDE * span else Mark.CHANCE


def _printed(interval: Interval, decimals: int) -> Interval:
    return interval.rounded(decimals, away_from_zero=interval.excludes(0))


def difference(a: Estimate, b: Estimate, *, covariance: float = 0.0) -> Gap:
    """a - b, with unequal variances; `covariance` of the two only ever narrows the interval.

    Raises NotComparable if the scales differ. Source: Welch 1947.
    """
    if a.scale != b.scale:
        raise NotComparable("the two figures have different scales")
    together = a.variance + b.variance
    return Gap(
        value=a.value - b.value,
        centre=a.centre - b.centre,
        variance=max(together - 2 * max(covariance, 0.0), together / 4),
        df=_combined_df([a.variance, b.variance], [a.df, b.df]),
        scale=Scale(-a.scale.span, a.scale.span),
        few=a.few or b.few,
    )


def _combined_df(variances: Sequence[float], dfs: Sequence[float]) -> float:
    """df of a sum of independent variances (Satterthwaite 1946); infinite if all of them are."""
    parts = sum(variance**2 / df for variance, df in zip(variances, dfs, strict=True))
    return sum(variances) ** 2 / parts if parts else math.inf


def mark_of(gap: Gap | None, k: int = 1) -> Mark:
    """The word key of a difference that may be suppressed (None)."""
    return Mark.HIDDEN if gap is None else gap.mark(k)


def page_mark(marks: Iterable[Mark]) -> Mark:
    """One key for all rows of a page: BIGGER if any row is, HIDDEN if all are, else NO_GAP."""
    seen = set(marks)
    if Mark.BIGGER in seen:
        return Mark.BIGGER
    return Mark.HIDDEN if seen == {Mark.HIDDEN} else Mark.NO_GAP


@dataclass(frozen=True, slots=True)
class DriverPair:
    """What partners and staff say about one driver; None = suppressed or not asked."""

    code: str
    number: int
    partners: Estimate | None
    staff: Estimate | None


@dataclass(frozen=True, slots=True)
class GapRow:
    """One row of the gap chart: both figures with bands that hold for all rows together.

    `interval` is the printed one (whole points); it excludes zero exactly when the mark is BIGGER.
    """

    code: str
    number: int
    partners: Estimate | None
    staff: Estimate | None
    partners_band: Interval | None
    staff_band: Interval | None
    gap: Gap | None
    interval: Interval | None
    mark: Mark
    few: bool


def gap_row(pair: DriverPair, *, k: int) -> GapRow:
    """The row of one driver among k comparisons."""
    partners, staff = pair.partners, pair.staff
    gap = difference(partners, staff) if partners and staff else None
    return GapRow(
        code=pair.code,
        number=pair.number,
        partners=partners,
        staff=staff,
        partners_band=partners.interval(k) if partners else None,
        staff_band=staff.interval(k) if staff else None,
        gap=gap,
        interval=gap.printed(k) if gap else None,
        mark=mark_of(gap, k),
        few=any(estimate.few for estimate in (partners, staff) if estimate),
    )


def gap_rows(pairs: Iterable[DriverPair], *, k: int) -> list[GapRow]:
    """Rows of the gap chart, most negative gap first, equal ones by number, hidden ones last."""
    return sorted((gap_row(pair, k=k) for pair in pairs), key=_row_order)


def _row_order(row: GapRow) -> tuple[bool, float, int]:
    return row.gap is None, row.gap.value if row.gap else 0.0, row.number


@dataclass(frozen=True, slots=True)
class Composite:
    """Weighted mean of figures of one scale; `weights` sum to 1.

    The half width is the weighted mean of the parts' half widths: a bound that holds however the
    parts are correlated.
    """

    parts: Sequence[Estimate | Gap]
    weights: Sequence[float]
    value: float
    centre: float
    scale: Scale

    @property
    def few(self) -> bool:
        """Whether any part has few answers."""
        return any(part.few for part in self.parts)

    def half_width(self, k: int = 1) -> float:
        """Weighted mean of the parts' half widths; raises ValueError if k < 1."""
        return _weighted((part.half_width(k) for part in self.parts), self.weights)

    def interval(self, k: int = 1) -> Interval:
        """95% interval, cut to the range."""
        return self.scale.clip(self.centre, self.half_width(k))

    def printed(self, k: int = 1, *, decimals: int = 0) -> Interval:
        """The interval as it is printed: it excludes zero exactly when `interval(k)` does."""
        return _printed(self.interval(k), decimals)

    def mark(self, k: int = 1) -> Mark:
        """The word key of a composite of gaps or changes."""
        return word_key(self.interval(k), half_width=self.half_width(k), span=self.scale.high)


def composite(parts: Sequence[Estimate | Gap], weights: Sequence[float] | None = None) -> Composite:
    """Weighted mean of figures (equal weights if None), with the mean of their half widths.

    Raises NotComparable if the scales differ, ValueError if there are no parts, or as many weights
    as parts are not given, or a weight is negative or all are zero.
    """
    given = [1.0] * len(parts) if weights is None else list(weights)
    if len(given) != len(parts) or min(given, default=-1.0) < 0 or sum(given) == 0:
        raise ValueError("a composite needs parts, and one weight for each")
    if len({part.scale for part in parts}) > 1:
        raise NotComparable("the figures have different scales")
    shares = [weight / sum(given) for weight in given]
    return Composite(
        parts=tuple(parts),
        weights=tuple(shares),
        value=_weighted((part.value for part in parts), shares),
        centre=_weighted((part.centre for part in parts), shares),
        scale=parts[0].scale,
    )


def _weighted(values: Iterable[float], weights: Iterable[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True))


def overall_gap(rows: Iterable[GapRow]) -> Composite | None:
    """Plain mean of the gaps that are shown; None if all are hidden."""
    gaps = [row.gap for row in rows if row.gap is not None]
    return composite(gaps) if gaps else None


def headline(overall: Composite) -> Headline:
    """The first sentence of the page, from the overall gap with k = 1."""
    interval = overall.interval()
    if interval.high < 0:
        return Headline.LOWER
    if interval.low > 0:
        return Headline.HIGHER
    return Headline.ALIKE if interval.within(ALIKE_WITHIN) else Headline.NO_PROVEN_GAP


def linked_covariance(
    links: LinkCell, *, earlier: Sample, later: Sample, unit: float = SCORE_UNIT
) -> float:
    """Covariance of two waves' means through the companies that answered in both.

    `unit` is the size of a raw step on the shown scale: 25 for scores, 100 for NPS (samples of
    signs), 1 for recommendation means. Waves that cannot be linked, and staff, have 0.
    """
    together = (
        links.ss
        - later.mean * links.sm
        - earlier.mean * links.ms
        + earlier.mean * later.mean * links.mm
    )
    return unit * unit * together / (earlier.n * later.n)


def change(new: Estimate, old: Estimate, *, same_wording: bool, covariance: float = 0.0) -> Gap:
    """new - old of one question.

    Raises NotComparable if the wording or the scale changed between the waves.
    """
    if not same_wording:
        raise NotComparable("the wording changed between the waves")
    return difference(new, old, covariance=covariance)


def segments_against_rest(
    segments: Mapping[str, AnswerCells], *, estimate: Callable[[Sample], Estimate] = driver_score
) -> dict[str, Gap | None]:
    """Heatmap: each segment of one dimension minus the sum of the other segments' cells.

    None where the segment or its rest has too few answers or companies. With `gap.mark(k)`,
    k = family_size of drivers and segments, BIGGER becomes an arrow, up if the value is positive.
    """
    return {
        segment: _against(cells, _others(segments, segment), estimate=estimate)
        for segment, cells in segments.items()
    }


def _against(
    cells: AnswerCells, others: Sequence[AnswerCells], *, estimate: Callable[[Sample], Estimate]
) -> Gap | None:
    try:
        return difference(estimate(cells.sample()), estimate(merged(others).sample()))
    except (TooFewAnswers, TooFewCompanies):
        return None


def _others(segments: Mapping[str, _Cell], segment: str) -> list[_Cell]:
    return [cells for name, cells in segments.items() if name != segment]


def published_against_rest(segments: Mapping[str, Estimate]) -> dict[str, Gap | None]:
    """The same from frozen figures, where no cells may be read: the rest is `pooled` from them.

    None if there is only one segment.
    """
    gaps: dict[str, Gap | None] = {}
    for segment, estimate in segments.items():
        others = _others(segments, segment)
        gaps[segment] = difference(estimate, pooled(others)) if others else None
    return gaps


def pooled(estimates: Sequence[Estimate]) -> Estimate:
    """Estimates of disjoint groups as one of all their people: means weighted by n.

    Raises ValueError without estimates, NotComparable across scales.
    """
    if not estimates:
        raise ValueError("nothing to pool")
    if len({estimate.scale for estimate in estimates}) > 1:
        raise NotComparable("the figures have different scales")
    n = sum(estimate.n for estimate in estimates)
    shares = [estimate.n / n for estimate in estimates]
    variances = [
        share * share * estimate.variance for share, estimate in zip(shares, estimates, strict=True)
    ]
    return Estimate(
        value=_weighted((estimate.value for estimate in estimates), shares),
        centre=_weighted((estimate.centre for estimate in estimates), shares),
        variance=sum(variances),
        df=_combined_df(variances, [estimate.df for estimate in estimates]),
        scale=estimates[0].scale,
        n=n,
        n_companies=sum(estimate.n_companies for estimate in estimates),
    )
