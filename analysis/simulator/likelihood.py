"""Who is likely to answer: the chance of answering by satisfaction, worked out, not drawn.

The dissatisfied answer less, and those who are leaving less and less, so the people who answer
a wave are happier than all. The weights here say by how much, for every wave; they are the same
for every seed.
Source: method of the simulator, sections 3 to 5.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import product
from math import exp, sqrt

from analysis.simulator.companies import (
    KIND_SHARES,
    LAST_ORDER,
    MONTHS_BEFORE,
    TIER_SHARES,
    Exit,
    exit_chance,
)
from analysis.simulator.participation import (
    BASE_LOGIT,
    COMPANY_SD,
    COMPANY_WAVE_SD,
    PERSON_SD,
    SATISFACTION_LOGIT,
    TIER_LOGIT,
    WAVE_SD,
    exit_effect,
    expected_effect,
)
from analysis.simulator.timeline import field_month
from analysis.simulator.worlds import Size, World

GRID = tuple(-4 + 0.2 * step for step in range(41))
"""Satisfaction from -4 to 4 in 41 steps."""

_STEPS_A_LOGIT = 20
"""The chance is tabled at every twentieth of a logit; between, the nearest counts."""


@cache
def everyone_weights() -> tuple[float, ...]:
    """Shares of all companies at each point of `GRID`."""
    return _shares([exp(-satisfaction * satisfaction / 2) for satisfaction in GRID])


@cache
def likely_weights(size: Size, world: World, wave: int) -> tuple[float, ...]:
    """Shares of the answers of a wave that come from each point of `GRID`."""
    effects = _exit_effects(field_month(size, wave), world)
    wave_effect = expected_effect(size, wave)
    return _shares(
        [
            density * _chance(satisfaction, wave_effect, effects, world)
            for satisfaction, density in zip(GRID, everyone_weights(), strict=True)
        ]
    )


def _chance(
    satisfaction: float, wave_effect: float, effects: dict[float, float], world: World
) -> float:
    logit = BASE_LOGIT + SATISFACTION_LOGIT * satisfaction + wave_effect
    leaving = exit_chance(satisfaction, world)
    of_leavers = sum(share * _mean_chance(logit + effect) for effect, share in effects.items())
    return (1 - leaving) * _mean_chance(logit) + leaving * of_leavers


@cache
def _exit_effects(month: int, world: World) -> dict[float, float]:
    """How those who leave are spread over the effects on their logit in a month."""
    shares: dict[float, float] = defaultdict(float)
    low, high = LAST_ORDER
    quiet = {True: world.quiet_share, False: 1 - world.quiet_share}
    for (kind, kind_share), (goes_quiet, quiet_share) in product(
        KIND_SHARES.items(), quiet.items()
    ):
        first, last = MONTHS_BEFORE[kind]
        ways = (high - low + 1) * (last - first + 1)
        for last_order, before in product(range(low, high + 1), range(first, last + 1)):
            leaving = Exit(kind, last_order - before, last_order, goes_quiet=goes_quiet)
            shares[exit_effect(leaving, month, world)] += kind_share * quiet_share / ways
    return dict(shares)


def _mean_chance(logit: float) -> float:
    return _tabled_chance(round(logit * _STEPS_A_LOGIT))


@cache
def _tabled_chance(twentieths: int) -> float:
    """Chance over tiers and everything that is random between companies, people and waves."""
    logit = twentieths / _STEPS_A_LOGIT
    sd = sqrt(COMPANY_SD**2 + PERSON_SD**2 + COMPANY_WAVE_SD**2 + WAVE_SD**2)
    return sum(
        share * weight / (1 + exp(-logit - TIER_LOGIT[tier] - sd * noise))
        for tier, share in TIER_SHARES.items()
        for noise, weight in zip(GRID, everyone_weights(), strict=True)
    )


def _shares(weights: list[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(weight / total for weight in weights)
