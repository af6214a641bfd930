"""Stored cells of answers, and the sample each of them describes.

Cells are exact integers: counts of answers, and sizes and totals of companies. Answers of one
company resemble each other, so companies, not people, are the independent units, and a sample
knows what that costs. It does not turn answers into scores or intervals (`stats.py`).
Source: method of statistics, sections 1 and 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

COMPANY_CORRELATION = 0.3
"""Correlation of answers within a company where it cannot be measured (0.20 to 0.32 seen)."""

SMALL_CELL = 20
"""Below this a published figure uses the wave's pooled variance instead of its own."""


class FigureError(Exception):
    """A figure cannot be computed from what was given; the children say why."""


class TooFewAnswers(FigureError):
    """Fewer answers (or pairs, or people) than the figure needs."""

    def __init__(self, found: int, needed: int = 2) -> None:
        super().__init__(f"{found} answers, {needed} needed")
        self.found = found
        self.needed = needed


class TooFewCompanies(FigureError):
    """All answers come from one company: nothing says how companies differ."""

    def __init__(self, found: int, needed: int = 2) -> None:
        super().__init__(f"{found} companies, {needed} needed")
        self.found = found
        self.needed = needed


class CellsDisagree(FigureError):
    """Two stored counts that must be equal (or ordered) are not: the cells are stale or broken."""

    def __init__(self, what: str, expected: int, found: int) -> None:
        super().__init__(f"{what}: {found} where {expected} was expected")
        self.what = what
        self.expected = expected
        self.found = found


class NotComparable(FigureError):
    """Wording or scale differ, so a difference would mean nothing."""


@dataclass(frozen=True, slots=True)
class SizeCell:
    """`g` companies with exactly `m` scored answers each; `s` = sum, `q` = sum of squares of their
    totals, in raw steps and without 'don't know'."""

    m: int
    g: int
    s: int
    q: int


@dataclass(frozen=True, slots=True)
class LinkCell:
    """Products over companies in two waves, 1 = earlier, 2 = later, m = answers, S = total:
    `mm` = sum m1 m2, `ms` = sum m1 S2, `sm` = sum S1 m2, `ss` = sum S1 S2."""

    mm: int
    ms: int
    sm: int
    ss: int


@dataclass(frozen=True, slots=True)
class PairCell:
    """Sums over the `n` answers that have both a driver (x) and an outcome (y)."""

    n: int
    x: int
    y: int
    xx: int
    yy: int
    xy: int


@dataclass(frozen=True, slots=True)
class AnswerCells:
    """What is stored of one question in one segment.

    `histogram` counts the scored answers by raw value, `dont_know` stands apart. Exactly one of
    three things is known about companies: `sizes` (partners of a linked wave), `company_counts`
    (anonymous: answers per company from the marks, one number per company), or nothing, and then
    each person counts as a company of one (staff).
    """

    histogram: Mapping[int, int]
    dont_know: int = 0
    sizes: Sequence[SizeCell] | None = None
    company_counts: Sequence[int] | None = None

    @property
    def n(self) -> int:
        """Number of scored answers."""
        return sum(self.histogram.values())

    def sample(self) -> Sample:
        """The sample these cells describe, by the rule that fits what they know.

        Raises TooFewAnswers, TooFewCompanies or CellsDisagree.
        """
        if self.sizes is not None:
            return Sample.of_companies(self.histogram, self.sizes)
        if self.company_counts is not None:
            return Sample.of_anonymous(self.histogram, self.company_counts)
        return Sample.of_people(self.histogram)


def merged(cells: Iterable[AnswerCells]) -> AnswerCells:
    """Cells of several disjoint segments as one; a company in two of them counts in each.

    Raises ValueError if they know different things about companies.
    """
    parts = list(cells)
    histogram: Counter[int] = Counter()
    for part in parts:
        histogram.update(part.histogram)
    sizes = [part.sizes for part in parts if part.sizes is not None]
    counts = [part.company_counts for part in parts if part.company_counts is not None]
    if len(sizes) not in (0, len(parts)) or len(counts) not in (0, len(parts)):
        raise ValueError("cells with and without companies cannot be merged")
    return AnswerCells(
        histogram=dict(histogram),
        dont_know=sum(part.dont_know for part in parts),
        sizes=tuple(cell for part in sizes for cell in part) if sizes else None,
        company_counts=tuple(count for part in counts for count in part) if counts else None,
    )


def recommendation_signs(histogram: Mapping[int, int]) -> dict[int, int]:
    """The 0..10 histogram as promoters (9, 10: 1), passives (7, 8: 0) and detractors (-1)."""
    signs = {-1: 0, 0: 0, 1: 0}
    for value, count in histogram.items():
        signs[recommendation_sign(value)] += count
    return signs


def recommendation_sign(value: int) -> int:
    """1 for a promoter (9, 10), 0 for a passive (7, 8), -1 for a detractor."""
    return (value >= 9) - (value <= 6)


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers to one question in one group, in raw steps, with what clustering does to them.

    `variance` has the divisor n - 1; `weighted_company_size` (m_w) is the size of the company of
    an average answer; `design_effect` says by how much clustering inflates the variance of the
    mean, at least 1; `df` belongs to that estimate. `mean_variance` is the CR2 variance of the
    mean itself, None where companies' totals are not kept (anonymous).
    """

    n: int
    mean: float
    variance: float
    n_companies: int
    weighted_company_size: float
    design_effect: float
    df: float
    mean_variance: float | None
    histogram: Mapping[int, int]

    @property
    def effective_n(self) -> float:
        """Number of independent answers worth as much: n / design effect."""
        return self.n / self.design_effect

    @classmethod
    def of_companies(cls, histogram: Mapping[int, int], sizes: Sequence[SizeCell]) -> Sample:
        """Answers of partners, whose companies' sizes and totals are known.

        CR2 variance of the mean with the degrees of freedom of Bell & McCaffrey 2002; n companies
        of equal size give n - 1. If all answers are equal the design effect is Kish's (1965) with
        COMPANY_CORRELATION. Raises TooFewAnswers (n < 2), TooFewCompanies (one company) or
        CellsDisagree (sizes and histogram count different answers).
        """
        n, total, mean, variance = _moments(histogram)
        _check_sizes(sizes, n=n, total=total)
        weights = _company_weights(((cell.m, cell.g) for cell in sizes), total=n)
        mean_variance = _cluster_variance(sizes, n=n, total=total)
        company_size = n * weights.squares
        if variance > 0:
            design_effect = max(1.0, mean_variance * n / variance)
        else:
            design_effect = kish_effect(company_size)
        return cls(
            n=n,
            mean=mean,
            variance=variance,
            n_companies=weights.n_companies,
            weighted_company_size=company_size,
            design_effect=design_effect,
            df=weights.df,
            mean_variance=mean_variance,
            histogram=histogram,
        )

    @classmethod
    def of_people(cls, histogram: Mapping[int, int]) -> Sample:
        """Answers of staff: each person is a company of one. Raises TooFewAnswers (n < 2)."""
        return cls.of_companies(histogram, [person_sizes(histogram)])

    @classmethod
    def of_anonymous(cls, histogram: Mapping[int, int], company_counts: Sequence[int]) -> Sample:
        """Anonymous answers: only the number of marks per company is known, no totals.

        The design effect is Kish's with COMPANY_CORRELATION. Marks include people who answered
        'don't know', so they may sum to more than n. Raises TooFewAnswers or TooFewCompanies.
        """
        n, _, mean, variance = _moments(histogram)
        counts = Counter(count for count in company_counts if count > 0)
        if counts.total() < 2:
            raise TooFewCompanies(counts.total())
        weights = _company_weights(
            counts.items(), total=sum(size * companies for size, companies in counts.items())
        )
        company_size = n * weights.squares
        return cls(
            n=n,
            mean=mean,
            variance=variance,
            n_companies=weights.n_companies,
            weighted_company_size=company_size,
            design_effect=kish_effect(company_size),
            # With many 'don't know' the marked companies may outnumber the answers.
            df=min(weights.df, n - 1.0),
            mean_variance=None,
            histogram=histogram,
        )

    def for_publication(self, pooled_variance: float) -> Sample:
        """This sample as the confidential modes may publish it.

        Under SMALL_CELL answers its variance becomes the wave's pooled one for the question and
        audience (its own, with mean and n, would give the answers back); effective_n and df stay.
        """
        return self if self.n >= SMALL_CELL else replace(self, variance=pooled_variance)


def person_sizes(histogram: Mapping[int, int]) -> SizeCell:
    """The one size cell of a group in which everybody is a company of one."""
    return SizeCell(
        m=1,
        g=sum(histogram.values()),
        s=sum(value * count for value, count in histogram.items()),
        q=sum(value * value * count for value, count in histogram.items()),
    )


def kish_effect(weighted_company_size: float) -> float:
    """Design effect 1 + 0.3 (m_w - 1) where it cannot be measured; at least 1 (Kish 1965)."""
    return max(1.0, 1.0 + COMPANY_CORRELATION * (weighted_company_size - 1.0))


def weighted_company_size(counts: Iterable[int]) -> float:
    """Size of the company of an average person, sum m^2 / sum m, from the counts per company.

    Raises TooFewAnswers if they sum to 0.
    """
    sizes = list(counts)
    if sum(sizes) == 0:
        raise TooFewAnswers(0, 1)
    return sum(size * size for size in sizes) / sum(sizes)


def _moments(histogram: Mapping[int, int]) -> tuple[int, int, float, float]:
    n = sum(histogram.values())
    if n < 2:
        raise TooFewAnswers(n)
    total = sum(value * count for value, count in histogram.items())
    squares = sum(value * value * count for value, count in histogram.items())
    return n, total, total / n, (n * squares - total * total) / (n * (n - 1))


def _check_sizes(sizes: Sequence[SizeCell], *, n: int, total: int) -> None:
    answers = sum(cell.m * cell.g for cell in sizes)
    if answers != n:
        raise CellsDisagree("answers of companies", n, answers)
    if (totals := sum(cell.s for cell in sizes)) != total:
        raise CellsDisagree("totals of companies", total, totals)
    for cell in sizes:
        if cell.m < 1 or cell.g < 1:
            raise CellsDisagree("companies in a size cell", 1, min(cell.m, cell.g))
    if (companies := sum(cell.g for cell in sizes)) < 2:
        raise TooFewCompanies(companies)


@dataclass(frozen=True, slots=True)
class _CompanyWeights:
    n_companies: int
    squares: float
    df: float


def _company_weights(groups: Iterable[tuple[int, int]], *, total: int) -> _CompanyWeights:
    """Sum of squared weights, and the df of CR2: 1 / (sum w^2 + B^2 - B4), from (size, companies).

    B^2 - B4 is summed as products of different companies: subtracting the two cancels badly when
    one company has nearly all answers.
    """
    companies, squares, so_far, products = 0, 0.0, 0.0, 0.0
    for size, number in groups:
        weight = size / total
        leverage = weight * size / (total - size)
        companies += number
        squares += number * weight * weight
        products += number * (number - 1) * leverage * leverage + 2 * so_far * number * leverage
        so_far += number * leverage
    df = 1.0 / (squares + products)
    return _CompanyWeights(companies, squares, min(max(df, 1.0), companies - 1.0))


def _cluster_variance(sizes: Sequence[SizeCell], *, n: int, total: int) -> float:
    """CR2 variance of the mean; the squares are summed in integers, so nothing cancels."""
    variance = 0.0
    for cell in sizes:
        residuals = n * n * cell.q - 2 * cell.m * n * total * cell.s
        residuals += cell.m * cell.m * total * total * cell.g
        variance += max(0, residuals) / (n**3 * (n - cell.m))
    return variance
