"""Before a wave: how small a change or a gap its answers will be able to show.

Shown with the schedule ('Enough answers?'), so that nobody launches a wave that cannot answer the
question it is for. It promises nothing about one wave: real power was 0.77 to 0.90 in simulation.
Source: method of statistics, section 4, planning.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from analysis.stats import TooFewAnswers, critical_value, kish_effect

SCORE_DEVIATION = 25.0
NPS_DEVIATION = 80.0
"""Standard deviations of single answers, in points, while no earlier wave gives its own."""

POWER_QUANTILE = NormalDist().inv_cdf(0.9)
"""Plans for 90%, because estimated variances and few companies cost some: with 80% the real power
was 0.65 to 0.79."""


def expected_answers(invited: int, last_response_rate: float) -> int:
    """Answers to plan with: the invited times the last response rate (0..1), rounded down.

    Raises ValueError for a rate outside 0..1 or a negative number.
    """
    if invited < 0 or not 0 <= last_response_rate <= 1:
        raise ValueError("a rate lies between 0 and 1, and nobody is invited negatively often")
    return math.floor(invited * last_response_rate + 1e-9)


def detectable_change(
    n: int, *, company_size: float, deviation: float = SCORE_DEVIATION, k: int = 1
) -> float:
    """Smallest change between two waves of n answers each that is likely to be marked, in points.

    `deviation` = standard deviation of single answers in the last wave, in points; `company_size`
    = weighted company size; k = comparisons made together. Raises TooFewAnswers under 2 answers.
    """
    _check(n)
    return _quantiles(k) * deviation * math.sqrt(2 * kish_effect(company_size) / n)


def detectable_gap(
    n_partners: int,
    n_staff: int,
    *,
    company_size: float,
    deviation: float = SCORE_DEVIATION,
    k: int = 1,
) -> float:
    """Smallest gap between partners and staff that is likely to be marked, in points.

    Raises TooFewAnswers under 2 answers on either side.
    """
    _check(n_partners)
    _check(n_staff)
    root = math.sqrt(kish_effect(company_size) / n_partners + 1 / n_staff)
    return _quantiles(k) * deviation * root


def _check(n: int) -> None:
    if n < 2:
        raise TooFewAnswers(n)


def _quantiles(k: int) -> float:
    return critical_value(k, math.inf) + POWER_QUANTILE
