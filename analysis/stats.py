"""Figures with their uncertainty: driver scores, means, shares and NPS, and their intervals.

Every claim of the product is an interval that excludes 'no difference'; there are no p-values, so
a drawn interval and a mark cannot disagree. Cells and samples (`samples.py`) are importable from
here too. It does not decide what may be shown (`suppression.py`), compare two figures (`gap.py`)
or read the database, and receives only groups that suppression lets through.
Source: method of statistics, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from analysis.samples import (
    COMPANY_CORRELATION,
    SMALL_CELL,
    AnswerCells,
    CellsDisagree,
    FigureError,
    LinkCell,
    NotComparable,
    PairCell,
    Sample,
    SizeCell,
    TooFewAnswers,
    TooFewCompanies,
    kish_effect,
    merged,
    person_sizes,
    recommendation_signs,
    weighted_company_size,
)
from analysis.student import t_quantile

__all__ = [
    "COMPANY_CORRELATION", "FAVOURABLE", "FEW_ANSWERS", "NPS", "RECOMMENDATION", "SCORE", "SHARE",
    "SMALL_CELL", "AnswerCells", "CellsDisagree", "Estimate", "FigureError", "Interval",
    "LinkCell", "NotComparable", "PairCell", "Sample", "Scale", "Share", "SizeCell",
    "TooFewAnswers", "TooFewCompanies", "critical_value", "driver_score", "favourable_share",
    "kish_effect", "mean_estimate", "merged", "net_estimate", "nps", "person_sizes",
    "recommendation_mean", "recommendation_signs", "share_of", "share_of_count", "t_quantile",
    "weighted_company_size",
]  # fmt: skip

FEW_ANSWERS = 15
"""Below this a figure carries the tag 'few answers'."""

FAVOURABLE = frozenset({4, 5})
PSEUDO_ANSWER = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95% interval; both limits belong to it."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether the value lies outside."""
        return not self.low <= value <= self.high

    def within(self, outer: Interval) -> bool:
        """Whether all of this interval lies in the other."""
        return outer.low <= self.low and self.high <= outer.high

    def apart_from(self, other: Interval) -> bool:
        """Whether the two have no point in common."""
        return self.low > other.high or other.low > self.high

    def rounded(self, decimals: int = 0, *, away_from_zero: bool = False) -> Interval:
        """The limits as printed, whole points unless decimals are asked for.

        With `away_from_zero` a limit that is not 0 keeps as many decimals as it needs not to
        print as 0.
        """
        return Interval(
            _rounded(self.low, decimals, away_from_zero=away_from_zero),
            _rounded(self.high, decimals, away_from_zero=away_from_zero),
        )


def _rounded(limit: float, decimals: int, *, away_from_zero: bool) -> float:
    rounded = round(limit, decimals)
    while away_from_zero and rounded == 0 and limit != 0:
        decimals += 1
        rounded = round(limit, decimals)
    return rounded + 0.0  # no minus zero


@dataclass(frozen=True, slots=True)
class Scale:
    """The range of a figure."""

    low: float
    high: float

    @property
    def span(self) -> float:
        """Length of the range: 100 for scores, 200 for NPS, 10 for recommendation means."""
        return self.high - self.low

    @property
    def middle(self) -> float:
        """The value towards which a small sample is drawn."""
        return (self.low + self.high) / 2

    def clip(self, centre: float, half_width: float) -> Interval:
        """The interval centre +- half width, cut to the range for display."""
        return Interval(max(self.low, centre - half_width), min(self.high, centre + half_width))


SCORE = Scale(0.0, 100.0)
NPS = Scale(-100.0, 100.0)
RECOMMENDATION = Scale(0.0, 10.0)
SHARE = Scale(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its uncertainty: the plain value for display, centre and variance for claims.

    `n_companies` equals n for staff. Build one from a sample (`driver_score`, `nps`,
    `recommendation_mean`), or from a frozen published cell with `from_figures`.
    """

    value: float
    centre: float
    variance: float
    df: float
    scale: Scale
    n: int
    n_companies: int

    @property
    def few(self) -> bool:
        """Whether the figure carries the tag 'few answers'."""
        return self.n < FEW_ANSWERS

    def half_width(self, k: int = 1) -> float:
        """Half width before it is cut to the range; raises ValueError if k < 1."""
        return critical_value(k, self.df) * math.sqrt(self.variance)

    def interval(self, k: int = 1) -> Interval:
        """95% interval that holds for k comparisons together (Bonferroni), cut to the range."""
        return self.scale.clip(self.centre, self.half_width(k))

    def published(self, decimals: int = 0) -> Estimate:
        """The same with the value rounded as it is published; claims keep the exact centre."""
        return replace(self, value=round(self.value, decimals) + 0.0)

    def figures(self) -> dict[str, float | None]:
        """Numbers to freeze with a published cell, JSON-ready; `from_figures` reads them back.

        An infinite df (sentiment) becomes None, which JSON can hold.
        """
        return {
            "value": self.value,
            "c": self.centre,
            "v": self.variance,
            "df": _finite(self.df),
            "n": float(self.n),
            "n_companies": float(self.n_companies),
        }

    @classmethod
    def from_figures(cls, figures: Mapping[str, float | None], *, scale: Scale) -> Estimate:
        """An estimate from a frozen cell; KeyError if a number is missing."""
        return cls(
            value=_number(figures["value"]),
            centre=_number(figures["c"]),
            variance=_number(figures["v"]),
            df=_number(figures["df"]),
            scale=scale,
            n=int(_number(figures["n"])),
            n_companies=int(_number(figures["n_companies"])),
        )


def _finite(df: float) -> float | None:
    return None if math.isinf(df) else df


def _number(figure: float | None) -> float:
    return math.inf if figure is None else figure


def driver_score(sample: Sample) -> Estimate:
    """Score 0..100 of an agreement question (answers 1..5)."""
    return mean_estimate(sample, lowest=1, highest=5, scale=SCORE)


def recommendation_mean(sample: Sample) -> Estimate:
    """Mean 0..10 of the recommendation question, or of the team's guess of it."""
    return mean_estimate(sample, lowest=0, highest=10, scale=RECOMMENDATION)


def mean_estimate(sample: Sample, *, lowest: int, highest: int, scale: Scale) -> Estimate:
    """Mean of answers between `lowest` and `highest`, mapped linearly onto the scale.

    Half a pseudo-answer, split between both ends (after Agresti & Coull 1998), keeps the interval
    from vanishing when all answers are equal.
    """
    unit = scale.span / (highest - lowest)
    value = scale.low + unit * (sample.mean - lowest)
    size = sample.effective_n
    weight = size + PSEUDO_ANSWER
    centre = (size * value + PSEUDO_ANSWER * scale.middle) / weight
    ends = ((scale.high - centre) ** 2 + (centre - scale.low) ** 2) / 2
    variance = (size * unit * unit * sample.variance + PSEUDO_ANSWER * ends) / weight**2
    return _estimate(sample, value=value, centre=centre, variance=variance, scale=scale)


def nps(signs: Sample) -> Estimate:
    """NPS -100..100 from a sample of signs (`recommendation_signs`), see `net_estimate`."""
    value, centre, variance = net_estimate(
        signs.mean, spread=signs.variance * (signs.n - 1) / signs.n, size=signs.effective_n
    )
    return _estimate(signs, value=value, centre=centre, variance=variance, scale=NPS)


def net_estimate(mean: float, *, spread: float, size: float) -> tuple[float, float, float]:
    """Value, centre and variance (points, -100..100) of a mean of signs -1, 0 and 1.

    Adjusted Wald: three pseudo-answers, a quarter positive, a quarter negative (Rocks 2016).
    `spread` is the variance of the signs with divisor n, `size` the effective number. Written
    with mean and spread rather than shares, so that `for_publication` works here as for scores.
    """
    weight = size + 3
    centre = size * mean / weight
    squares = (size * (spread + mean**2) + 1.5) / weight
    return 100 * mean, 100 * centre, 1e4 * (squares - centre**2) / weight


def _estimate(
    sample: Sample, *, value: float, centre: float, variance: float, scale: Scale
) -> Estimate:
    return Estimate(value, centre, variance, sample.df, scale, sample.n, sample.n_companies)


@dataclass(frozen=True, slots=True)
class Share:
    """A share 0..1 with the interval of Wilson 1927 on the effective number of answers.

    `df` is infinite where only Kish's rule speaks for companies (participation, sentiment).
    """

    value: float
    n: int
    effective_n: float
    df: float = math.inf

    @property
    def few(self) -> bool:
        """Whether the figure carries the tag 'few answers'."""
        return self.n < FEW_ANSWERS

    def figures(self) -> dict[str, float | None]:
        """Numbers to freeze with a published cell, JSON-ready; `from_figures` reads them back."""
        return {
            "value": self.value,
            "n": float(self.n),
            "n_eff": self.effective_n,
            "df": _finite(self.df),
        }

    @classmethod
    def from_figures(cls, figures: Mapping[str, float | None]) -> Share:
        """A share from a frozen cell; KeyError if a number is missing."""
        return cls(
            value=_number(figures["value"]),
            n=int(_number(figures["n"])),
            effective_n=_number(figures["n_eff"]),
            df=_number(figures["df"]),
        )

    def interval(self, k: int = 1) -> Interval:
        """95% interval for k comparisons together; it always holds the share itself."""
        quantile = critical_value(k, self.df)
        square = quantile * quantile / self.effective_n
        centre = (self.value + square / 2) / (1 + square)
        root = self.value * (1 - self.value) / self.effective_n + square / (4 * self.effective_n)
        half_width = quantile * math.sqrt(root) / (1 + square)
        limits = SHARE.clip(centre, half_width)
        return Interval(min(limits.low, self.value), max(limits.high, self.value))


def favourable_share(sample: Sample) -> Share:
    """Share 0..1 of the answers 4 and 5 of an agreement question."""
    return share_of(sample, FAVOURABLE)


def share_of(sample: Sample, values: Collection[int]) -> Share:
    """Share 0..1 of the given raw answers, for example one intent, among the scored ones."""
    chosen = sum(sample.histogram.get(value, 0) for value in set(values))
    return Share(chosen / sample.n, sample.n, sample.effective_n, sample.df)


def share_of_count(count: int, total: int, *, company_size: float) -> Share:
    """Share 0..1 of `count` in `total` people or comments, whose companies weigh `company_size`.

    Effective number by Kish's rule, normal quantile. Raises TooFewAnswers if total is 0.
    """
    if total < 1:
        raise TooFewAnswers(total, 1)
    return Share(count / total, total, total / kish_effect(company_size))


def critical_value(k: int, df: float) -> float:
    """t(1 - 0.025 / k, df): the multiplier of a 95% interval for k comparisons together.

    Infinite df gives the normal quantile. Raises ValueError if k < 1.
    """
    if k < 1:
        raise ValueError(f"k = {k}: an interval answers at least one question")
    return t_quantile(1 - 0.025 / k, df)
