"""The planted values: what partners and staff think on average, worked out, not drawn.

An answer is a latent normal value in points, cut into five steps. The dissatisfied answer less,
so the planted value of a driver is what *those likely to answer* think in wave 0: a mean over
partner types and a grid of satisfaction, weighted by the chance of answering. It is the same
for every seed; the latent means that give it are found by bisection.
Source: method of the simulator, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import erf, exp, sqrt

from analysis.simulator.companies import TIER_SHARES, TYPE_SHARES
from analysis.simulator.participation import (
    BASE_LOGIT,
    COMPANY_SD,
    COMPANY_WAVE_SD,
    PERSON_SD,
    SATISFACTION_LOGIT,
    TASTE_SD,
    TIER_LOGIT,
    WAVE_SD,
)
from analysis.simulator.randomness import NORMALS
from analysis.simulator.rows import DRIVERS, PartnerType
from analysis.simulator.truth import PlantedRecommendation, PlantedScore

CUTS = (12.5, 37.5, 62.5, 87.5)
"""Latent points between the five steps of an answer."""

DONT_KNOW = 0.04
SATISFACTION_SD = 15
ANSWER_SD = 18
STAFF_SD = 9
STAFF_ANSWER_SD = 15

PARTNERS: tuple[float, ...] = (66, 58, 62, 75, 52, 51, 57, 53, 47, 49)
"""Planted scores of wave 0 by driver, 0..100."""
GAPS: tuple[float, ...] = (-6, -14, 0, 12, -26, -22, 0, -23, -20, -33)
"""Planted partners - staff by driver; they stay while both sides drift."""
DRIFTS: tuple[float, ...] = (-0.5, 0, 0, 0.3, 0, -0.3, 0, 0, 0, -0.4)
"""Latent points a wave by driver."""
TYPE_SHIFTS: dict[PartnerType, float] = {
    "reseller": 0,
    "integrator": -4,
    "msp": 3,
    "distributor": 5,
}

HELPFUL_DRIVER = DRIVERS.index("direct_rules")
HELPFUL_TYPE: PartnerType = "integrator"
HELPFUL_SHIFT = 15.0
HELPFUL_FROM_WAVE = 5

STRENGTHS: tuple[float, ...] = (0.42, 0.10, 0.06, 0.50, 0.34, 0.26, 0.12, 0.46, 0.20, 0.14)
"""Points of the recommendation (0..10) that one answer step of each driver is worth."""
SATISFACTION_STRENGTH = 0.25
RECOMMEND_BASE = 6.8
RECOMMEND_SD = 1.1
STAFF_OPTIMISM_NPS = 30
STAFF_RECOMMEND_PERSON_SD = 1.0
"""How colleagues differ in their guess of the recommendation, beside the noise of an answer."""

_STAFF_GUESS_SD = sqrt(STAFF_RECOMMEND_PERSON_SD**2 + RECOMMEND_SD**2)
_GRID = tuple(-4 + 0.2 * step for step in range(41))
_TASTE_GRID = NORMALS[227::455]
"""Nine normal draws that are equally likely."""
_LOWEST, _HIGHEST = -150.0, 250.0
_STEPS = 60


def normal_cdf(value: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1 + erf(value / sqrt(2)))


def step_chances(mean: float, sd: float) -> tuple[float, ...]:
    """Chances of the answers 1..5 for a latent normal value."""
    below = [0.0, *(normal_cdf((cut - mean) / sd) for cut in CUTS), 1.0]
    return tuple(high - low for low, high in pairwise(below))


def score_of(mean: float, sd: float) -> float:
    """Mean score 0..100 of a latent normal value: 100 - 25 times the sum of P(below a cut)."""
    return 100 - 25 * sum(normal_cdf((cut - mean) / sd) for cut in CUTS)


@dataclass(frozen=True, slots=True)
class LatentPlan:
    """Latent means for drawing answers, and the truth they plant.

    `partners[wave][type][driver]` and `staff[wave][driver]` are in latent points,
    `staff_recommend[wave]` in points of the recommendation, before rounding to 0..10.
    """

    partners: tuple[dict[PartnerType, tuple[float, ...]], ...]
    staff: tuple[tuple[float, ...], ...]
    staff_recommend: tuple[float, ...]
    scores: tuple[PlantedScore, ...]
    recommendations: tuple[PlantedRecommendation, ...]


@cache
def latent_plan(n_waves: int) -> LatentPlan:
    """The plan for so many waves; the same for every seed and world."""
    partners = tuple(_partner_latents(wave) for wave in range(n_waves))
    scores = tuple(score for wave in range(n_waves) for score in _scores(wave, partners[wave]))
    beliefs = [
        [s.staff for s in scores if s.wave == w and s.segment == "all"] for w in range(n_waves)
    ]
    recommendations = tuple(_recommendation(wave, latents) for wave, latents in enumerate(partners))
    return LatentPlan(
        partners=partners,
        staff=tuple(tuple(_staff_latent(belief) for belief in wave) for wave in beliefs),
        staff_recommend=tuple(_staff_guess(r.staff_nps) for r in recommendations),
        scores=scores,
        recommendations=recommendations,
    )


def helpful_effect(wave: int) -> float:
    """Points by which the action that helps moves its driver among its partners in a wave."""
    latent = _partner_latents(wave)[HELPFUL_TYPE][HELPFUL_DRIVER]
    before = _segment_score(latent - HELPFUL_SHIFT, _likely_weights())
    return _segment_score(latent, _likely_weights()) - before


def solve(function: Callable[[float], float], target: float) -> float:
    """Where a growing function meets `target`, by bisection between -150 and 250."""
    low, high = _LOWEST, _HIGHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


def _partner_latents(wave: int) -> dict[PartnerType, tuple[float, ...]]:
    bases = _base_latents()
    return {
        kind: tuple(
            bases[driver] + shift + DRIFTS[driver] * wave + _action_shift(kind, driver, wave)
            for driver in range(len(DRIVERS))
        )
        for kind, shift in TYPE_SHIFTS.items()
    }


def _action_shift(kind: PartnerType, driver: int, wave: int) -> float:
    is_helped = kind == HELPFUL_TYPE and driver == HELPFUL_DRIVER and wave >= HELPFUL_FROM_WAVE
    return HELPFUL_SHIFT if is_helped else 0.0


@cache
def _base_latents() -> tuple[float, ...]:
    weights = _likely_weights()

    def mean_of_all(latent: float) -> float:
        return sum(
            TYPE_SHARES[kind] * _segment_score(latent + shift, weights)
            for kind, shift in TYPE_SHIFTS.items()
        )

    return tuple(solve(mean_of_all, target) for target in PARTNERS)


def _scores(wave: int, latents: dict[PartnerType, tuple[float, ...]]) -> Iterator[PlantedScore]:
    for driver, code in enumerate(DRIVERS):
        likely = {k: _segment_score(latents[k][driver], _likely_weights()) for k in TYPE_SHARES}
        every = {k: _segment_score(latents[k][driver], _density_weights()) for k in TYPE_SHARES}
        belief = _over_types(likely) - GAPS[driver]
        rows = [("all", _over_types(likely), _over_types(every))]
        rows += [(kind, likely[kind], every[kind]) for kind in TYPE_SHARES]
        for segment, mean, everyone in rows:
            yield PlantedScore(
                wave=wave,
                driver=code,
                segment=segment,
                likely=round(mean, 4),
                everyone=round(everyone, 4),
                staff=round(belief, 4),
                gap=round(mean - belief, 4),
            )


def _over_types(values: dict[PartnerType, float]) -> float:
    return sum(TYPE_SHARES[kind] * value for kind, value in values.items())


def _segment_score(latent: float, weights: tuple[float, ...]) -> float:
    sd = sqrt(TASTE_SD**2 + ANSWER_SD**2)
    return sum(
        weight * score_of(latent + SATISFACTION_SD * satisfaction, sd)
        for satisfaction, weight in zip(_GRID, weights, strict=True)
    )


def _staff_latent(belief: float) -> float:
    sd = sqrt(STAFF_SD**2 + STAFF_ANSWER_SD**2)
    return solve(lambda latent: score_of(latent, sd), belief)


@cache
def _density_weights() -> tuple[float, ...]:
    return _shares([exp(-satisfaction * satisfaction / 2) for satisfaction in _GRID])


@cache
def _likely_weights() -> tuple[float, ...]:
    return _shares(
        [
            density * _chance_of_answering(satisfaction)
            for satisfaction, density in zip(_GRID, _density_weights(), strict=True)
        ]
    )


def _shares(weights: list[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def _chance_of_answering(satisfaction: float) -> float:
    """Chance in wave 0, before anybody has left, over tiers and all that is random."""
    sd = sqrt(COMPANY_SD**2 + PERSON_SD**2 + COMPANY_WAVE_SD**2 + WAVE_SD**2)
    logit = BASE_LOGIT + SATISFACTION_LOGIT * satisfaction
    return sum(
        share * weight / (1 + exp(-logit - TIER_LOGIT[tier] - sd * noise))
        for tier, share in TIER_SHARES.items()
        for noise, weight in zip(_GRID, _density_weights(), strict=True)
    )


def _recommendation(
    wave: int, latents: dict[PartnerType, tuple[float, ...]]
) -> PlantedRecommendation:
    """NPS and mean of partners; given satisfaction and taste the sum of drivers is near normal."""
    nps = mean = 0.0
    for kind, share in TYPE_SHARES.items():
        for satisfaction, weight in zip(_GRID, _likely_weights(), strict=True):
            for taste in _TASTE_GRID:
                shift = SATISFACTION_SD * satisfaction + TASTE_SD * taste
                centre, sd = _recommend_moments(latents[kind], shift)
                centre += SATISFACTION_STRENGTH * satisfaction
                part = share * weight / len(_TASTE_GRID)
                nps += part * nps_of(centre, sd)
                mean += part * recommend_mean(centre, sd)
    staff_nps = min(nps + STAFF_OPTIMISM_NPS, 99.0)
    guess = _staff_guess(staff_nps)
    return PlantedRecommendation(
        wave=wave,
        partners_nps=round(nps, 4),
        staff_nps=round(staff_nps, 4),
        partners_mean=round(mean, 4),
        staff_mean=round(recommend_mean(guess, _STAFF_GUESS_SD), 4),
    )


def nps_of(centre: float, sd: float) -> float:
    """NPS (-100..100) of a normal value rounded to 0..10."""
    return 100 * (1 - normal_cdf((8.5 - centre) / sd) - normal_cdf((6.5 - centre) / sd))


def recommend_mean(centre: float, sd: float) -> float:
    """Mean of a normal value rounded to 0..10."""
    return 10 - sum(normal_cdf((value + 0.5 - centre) / sd) for value in range(10))


def _staff_guess(nps: float) -> float:
    return solve(lambda centre: nps_of(centre, _STAFF_GUESS_SD), nps)


def _recommend_moments(latents: tuple[float, ...], shift: float) -> tuple[float, float]:
    centre, variance = RECOMMEND_BASE, RECOMMEND_SD**2
    for latent, strength in zip(latents, STRENGTHS, strict=True):
        first, second = _step_moments(round(latent + shift))
        centre += strength * first
        variance += strength**2 * (second - first**2)
    return centre, sqrt(variance)


@cache
def _step_moments(latent: int) -> tuple[float, float]:
    """Mean and mean square of answer - 3, "don't know" counting as 0, at a whole latent value."""
    chances = step_chances(latent, ANSWER_SD)
    first = sum(chance * step for step, chance in enumerate(chances, start=-2))
    second = sum(chance * step * step for step, chance in enumerate(chances, start=-2))
    known = 1 - DONT_KNOW
    return known * first, known * second
