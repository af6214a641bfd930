"""'Enough answers?': how small a change or gap the answers to expect of a wave could show. Pure.

The formulas are in planning.py; here they meet a survey: who would be asked, how many answered the
last time and how far their answers lay apart. Which groups may be shown is in exposure.py.
Source: method of statistics, section 4, planning.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from analysis.dashboard import RECOMMEND
from analysis.figures import MEASURES, Measure
from analysis.gap import NPS_UNIT, SCORE_UNIT, family_size
from analysis.planning import (
    NPS_DEVIATION,
    SCORE_DEVIATION,
    detectable_change,
    detectable_gap,
    expected_answers,
)
from analysis.samples import TooFewAnswers
from analysis.shown_figures import WaveFigures
from analysis.suppression import RATES_PCT
from surveys.terms import QuestionType


@dataclass(frozen=True, slots=True)
class Deviations:
    """Standard deviations of single answers, in points of the printed scales.

    `is_known`: from the last wave, not the values to plan with while there is none.
    """

    score: float = SCORE_DEVIATION
    nps: float = NPS_DEVIATION
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What a plan is made from.

    `company_counts` are the people to be asked of each company. The rates (0..1) are those of the
    last wave, None before the first. `n_drivers` are asked of partners, `n_compared` of both
    audiences.
    """

    company_counts: Sequence[int]
    n_staff: int
    partner_rate: float | None
    staff_rate: float | None
    deviations: Deviations
    n_drivers: int
    n_compared: int

    @property
    def n_partners(self) -> int:
        """Partner contacts who would be asked."""
        return sum(self.company_counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStep:
    """What so many answers could show; a figure is None where too few answers are expected.

    `company_size` is that of an average answer. Figures are points of the printed scales.
    """

    rate: float
    n_answers: int
    n_staff: int
    company_size: float
    driver_change: float | None
    nps_change: float | None
    driver_gap: float | None


def plan_wave(facts: PlanFacts) -> list[PlanStep]:
    """One step at the last wave's response rate, or three before a first wave."""
    if not facts.n_partners:
        return []
    if facts.partner_rate is not None:
        return [_step(facts, facts.partner_rate)]
    return [_step(facts, rate / 100) for rate in RATES_PCT]


def expected_company_size(company_counts: Iterable[int], rate: float) -> float:
    """Answers of the company of an average answer, when each person answers at this rate (0..1).

    A colleague of somebody who answers has answered, too, with the probability `rate`.
    """
    counts = list(company_counts)
    people = sum(counts)
    mean = sum(m * m for m in counts) / people if people else 1.0
    return 1 + rate * (mean - 1)


def deviations_of(figures: WaveFigures | None, drivers: Iterable[str]) -> Deviations:
    """How far single answers of partners lay apart in a wave, from its published distributions.

    Drivers are taken together. What is not published keeps the value to plan with.
    """
    if figures is None:
        return Deviations()
    score = _pooled(_deviation(figures, code, QuestionType.AGREE5, SCORE_UNIT) for code in drivers)
    nps = _pooled([_deviation(figures, RECOMMEND, QuestionType.NPS11, NPS_UNIT)])
    return Deviations(
        score=score or SCORE_DEVIATION,
        nps=nps or NPS_DEVIATION,
        is_known=score is not None,
    )


def _deviation(figures: WaveFigures, code: str, type_: QuestionType, unit: float) -> float | None:
    figure = figures.figure(code)
    if figure is None or not figure.histogram:
        return None
    return unit * _step_deviation(figure.histogram, MEASURES[type_])


def _step_deviation(histogram: Mapping[str, int], measure: Measure) -> float:
    steps = {value: measure.steps(int(value)) for value in histogram}
    n = sum(histogram.values())
    if n < 2:
        return 0.0
    mean = sum(steps[value] * count for value, count in histogram.items()) / n
    squares = sum((steps[value] - mean) ** 2 * count for value, count in histogram.items())
    return math.sqrt(squares / (n - 1))


def _pooled(deviations: Iterable[float | None]) -> float | None:
    squares = [each * each for each in deviations if each is not None]
    return math.sqrt(fmean(squares)) if squares else None


def _step(facts: PlanFacts, rate: float) -> PlanStep:
    size = expected_company_size(facts.company_counts, rate)
    n = expected_answers(facts.n_partners, rate)
    staff_rate = rate if facts.staff_rate is None else facts.staff_rate
    n_staff = expected_answers(facts.n_staff, staff_rate)
    score, nps = facts.deviations.score, facts.deviations.nps
    k_change = family_size(drivers=max(1, facts.n_drivers))
    k_gap = family_size(drivers=max(1, facts.n_compared))
    return PlanStep(
        rate=rate,
        n_answers=n,
        n_staff=n_staff,
        company_size=size,
        driver_change=_or_none(
            lambda: detectable_change(n, company_size=size, deviation=score, k=k_change)
        ),
        nps_change=_or_none(lambda: detectable_change(n, company_size=size, deviation=nps)),
        driver_gap=_or_none(
            lambda: detectable_gap(n, n_staff, company_size=size, deviation=score, k=k_gap)
        ),
    )


def _or_none(figure: Callable[[], float]) -> float | None:
    try:
        return figure()
    except TooFewAnswers:
        return None
