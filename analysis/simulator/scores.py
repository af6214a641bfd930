"""The planted values: what partners and staff think on average, worked out, not drawn.

An answer is a latent normal value in points, cut into five steps. The planted value of a driver
is what *those likely to answer* a wave think: a mean over partner types and a grid of
satisfaction, weighted by the chance of answering. It is the same for every seed; the latent
means that give the values of wave 0 are found by bisection.
Source: method of the simulator, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import erf, sqrt

from analysis.simulator.companies import TYPE_SHARES
from analysis.simulator.likelihood import GRID, everyone_weights, likely_weights
from analysis.simulator.participation import TASTE_SD
from analysis.simulator.randomness import NORMALS
from analysis.simulator.rows import DRIVERS, PartnerType
from analysis.simulator.truth import PlantedRecommendation, PlantedScore
from analysis.simulator.worlds import Size, World

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
HELPFUL_FROM_WAVE = 5
HELPFUL_EFFECT = 15.0
"""Points by which the action that helps lifts the score of its segment from then on."""

STRENGTHS: tuple[float, ...] = (0.60, 0.05, 0.00, 0.70, 0.40, 0.20, 0.05, 0.55, 0.10, 0.05)
"""Points of the recommendation (0..10) that one answer step of each driver is worth."""
SATISFACTION_STRENGTH = 0.15
RECOMMEND_BASE = 6.4
RECOMMEND_SD = 1.1
STAFF_OPTIMISM_NPS = 30
STAFF_RECOMMEND_PERSON_SD = 1.0
"""How colleagues differ in their guess of the recommendation, beside the noise of an answer."""

_STAFF_GUESS_SD = sqrt(STAFF_RECOMMEND_PERSON_SD**2 + RECOMMEND_SD**2)
_PARTNER_SD = sqrt(TASTE_SD**2 + ANSWER_SD**2)
_TASTE_GRID = NORMALS[227::455]
"""Nine normal draws that are equally likely."""
_LOWEST, _HIGHEST = -150.0, 250.0
_STEPS = 60

Latents = dict[PartnerType, tuple[float, ...]]
Weights = tuple[float, ...]


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

    partners: tuple[Latents, ...]
    staff: tuple[tuple[float, ...], ...]
    staff_recommend: tuple[float, ...]
    helpful_shift: float
    scores: tuple[PlantedScore, ...]
    recommendations: tuple[PlantedRecommendation, ...]


@cache
def latent_plan(size: Size, world: World) -> LatentPlan:
    """The plan for a rhythm of waves and a world; companies and staff of `size` do not matter."""
    weights = [likely_weights(size, world, wave) for wave in range(size.waves)]
    bases = _base_latents(weights[0])
    helpful_shift = _helpful_shift(bases, weights[HELPFUL_FROM_WAVE])
    partners = tuple(_latents(bases, wave, helpful_shift) for wave in range(size.waves))
    scores, staff, recommendations = [], [], []
    for wave, (latents, likely) in enumerate(zip(partners, weights, strict=True)):
        of_wave = list(_scores(wave, latents, likely))
        scores += of_wave
        staff.append(tuple(_staff_latent(s.staff) for s in of_wave if s.segment == "all"))
        recommendations.append(_recommendation(wave, latents, likely))
    return LatentPlan(
        partners=partners,
        staff=tuple(staff),
        staff_recommend=tuple(_staff_guess(r.staff_nps) for r in recommendations),
        helpful_shift=helpful_shift,
        scores=tuple(scores),
        recommendations=tuple(recommendations),
    )


def solve(function: Callable[[float], float], target: float) -> float:
    """Where a growing function meets `target`, by bisection between -150 and 250."""
    low, high = _LOWEST, _HIGHEST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < target else (low, middle)
    return (low + high) / 2


def _base_latents(likely: Weights) -> tuple[float, ...]:
    def mean_of_all(latent: float) -> float:
        return _over_types(
            {k: _segment_score(latent + shift, likely) for k, shift in TYPE_SHIFTS.items()}
        )

    return tuple(solve(mean_of_all, target) for target in PARTNERS)


def _helpful_shift(bases: tuple[float, ...], likely: Weights) -> float:
    """Latent points that lift the score of the helped segment by the planted effect."""
    before = (
        bases[HELPFUL_DRIVER]
        + TYPE_SHIFTS[HELPFUL_TYPE]
        + DRIFTS[HELPFUL_DRIVER] * HELPFUL_FROM_WAVE
    )
    target = _segment_score(before, likely) + HELPFUL_EFFECT
    return solve(lambda latent: _segment_score(latent, likely), target) - before


def _latents(bases: tuple[float, ...], wave: int, helpful_shift: float) -> Latents:
    latents = {}
    for kind, shift in TYPE_SHIFTS.items():
        values = [base + shift + drift * wave for base, drift in zip(bases, DRIFTS, strict=True)]
        if kind == HELPFUL_TYPE and wave >= HELPFUL_FROM_WAVE:
            values[HELPFUL_DRIVER] += helpful_shift
        latents[kind] = tuple(values)
    return latents


def _scores(wave: int, latents: Latents, weights: Weights) -> Iterator[PlantedScore]:
    for driver, code in enumerate(DRIVERS):
        likely = {k: _segment_score(latents[k][driver], weights) for k in TYPE_SHARES}
        every = {k: _segment_score(latents[k][driver], everyone_weights()) for k in TYPE_SHARES}
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


def _segment_score(latent: float, weights: Weights) -> float:
    return sum(
        weight * score_of(latent + SATISFACTION_SD * satisfaction, _PARTNER_SD)
        for satisfaction, weight in zip(GRID, weights, strict=True)
    )


def _staff_latent(belief: float) -> float:
    sd = sqrt(STAFF_SD**2 + STAFF_ANSWER_SD**2)
    return solve(lambda latent: score_of(latent, sd), belief)


def _recommendation(wave: int, latents: Latents, weights: Weights) -> PlantedRecommendation:
    """NPS and mean of partners; given satisfaction and taste the sum of drivers is near normal."""
    nps = mean = 0.0
    for kind, share in TYPE_SHARES.items():
        for satisfaction, weight in zip(GRID, weights, strict=True):
            for taste in _TASTE_GRID:
                shift = SATISFACTION_SD * satisfaction + TASTE_SD * taste
                centre, sd = _recommend_moments(latents[kind], shift)
                centre += SATISFACTION_STRENGTH * satisfaction
                part = share * weight / len(_TASTE_GRID)
                nps += part * nps_of(centre, sd)
                mean += part * recommend_mean(centre, sd)
    staff_nps = nps + STAFF_OPTIMISM_NPS
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
