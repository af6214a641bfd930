"""Quantiles of Student's t for real degrees of freedom, in the standard library only.

The only distribution the method needs: the normal one is its limit. A page asks for the same few
quantiles again and again, so they are remembered.
Source: method of statistics, section 3.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

# Above this Student's t and the normal distribution agree to six digits.
_NORMAL_FROM = 1e7


@lru_cache(maxsize=65_536)
def t_quantile(probability: float, df: float) -> float:
    """Quantile of Student's t for real df >= 1 and 0 < probability < 1.

    Newton's method on the upper tail, from the normal quantile, which lies below: the tail is
    convex there, so the steps rise towards the root and never pass it.
    Raises ValueError outside the ranges. Checked against scipy in tests/test_stats.py.
    """
    if not (0 < probability < 1 and df >= 1):
        raise ValueError(f"no t quantile for probability {probability}, df {df}")
    if probability < 0.5:
        return -t_quantile(1 - probability, df)
    t = NormalDist().inv_cdf(probability)
    if df > _NORMAL_FROM:
        return t
    step = t
    while step > 1e-12 * max(t, 1.0):
        tail, density = _tail_and_density(t, df)
        step = (tail - (1 - probability)) / density
        t += step
    return t


def _tail_and_density(t: float, df: float) -> tuple[float, float]:
    """P(T > t), half the incomplete beta function at df / (df + t^2), and the density, t > 0."""
    a, b, odds = df / 2, 0.5, t * t / df
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    kernel = math.exp(b * math.log(odds) - (a + b) * math.log1p(odds) - log_beta)
    x = 1 / (1 + odds)
    if x < (a + 1) / (a + b + 2):
        tail = kernel / (a * _beta_fraction(a, b, x)) / 2
    else:
        tail = (1 - kernel / (b * _beta_fraction(b, a, odds / (1 + odds)))) / 2
    return tail, kernel / t


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Denominator of the continued fraction of I_x(a, b), by Lentz's method.

    Converges fast for x < (a + 1) / (a + b + 2), the swapped arguments serve the rest.
    Source: DLMF 8.17.22.
    """
    fraction, upper, lower, change, step = 1.0, 1.0, 0.0, 0.0, 1
    while abs(change - 1) > 1e-14:
        term = _beta_coefficient(a, b, x, step)
        lower = 1 / (1 + term * lower)
        upper = 1 + term / upper
        change = upper * lower
        fraction *= change
        step += 1
    return fraction


def _beta_coefficient(a: float, b: float, x: float, step: int) -> float:
    """d(step) of DLMF 8.17.23."""
    m = step // 2
    if step % 2:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
