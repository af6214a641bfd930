"""Enough answers: what a plan expects and what that could show."""

from statistics import stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.figures import Figure
from analysis.planning import detectable_change, detectable_gap
from analysis.shown_figures import TOTAL, WaveFigures
from analysis.wave_plan import (
    Deviations,
    PlanFacts,
    deviations_of,
    expected_company_size,
    plan_wave,
)
from surveys.terms import Audience, CellState

ASSUMED = Deviations(25, 80, is_known=False)


def facts(
    counts: list[int],
    *,
    n_staff: int = 20,
    partner_rate: float | None = None,
    staff_rate: float | None = None,
    deviations: Deviations = ASSUMED,
) -> PlanFacts:
    return PlanFacts(
        company_counts=counts,
        n_staff=n_staff,
        partner_rate=partner_rate,
        staff_rate=staff_rate,
        deviations=deviations,
        n_drivers=10,
        n_compared=9,
    )


def wave(**histograms: dict[str, int] | None) -> WaveFigures:
    figures = {
        code: {
            TOTAL: Figure(state=CellState.EXACT, histogram=histogram)
            if histogram
            else Figure(state=CellState.HIDDEN, reason="few_people")
        }
        for code, histogram in histograms.items()
    }
    return WaveFigures(1, Audience.PARTNER, True, figures, {})


def test_a_first_wave_is_planned_at_three_rates() -> None:
    steps = plan_wave(facts([1] * 100))

    assert [(step.rate, step.n_answers, step.n_staff) for step in steps] == [
        (0.2, 20, 4),
        (0.4, 40, 8),
        (0.6, 60, 12),
    ]
    # Ten drivers are compared; 60 single answers of a deviation of 25 points.
    assert steps[2].driver_change == detectable_change(60, company_size=1, k=10)
    assert steps[2].nps_change == pytest.approx(2**0.5 * 80 * (1.959964 + 1.281552) / 60**0.5)
    assert steps[2].driver_gap == detectable_gap(60, 12, company_size=1, k=9)


def test_a_later_wave_is_planned_at_the_last_rates_and_deviations() -> None:
    (step,) = plan_wave(
        facts([2] * 50, partner_rate=0.5, staff_rate=0.8, deviations=Deviations(20, 70, True))
    )

    assert (step.n_answers, step.n_staff, step.company_size) == (50, 16, 1.5)
    assert step.driver_change == detectable_change(50, company_size=1.5, deviation=20, k=10)
    assert step.nps_change == detectable_change(50, company_size=1.5, deviation=70)
    assert step.driver_gap == detectable_gap(50, 16, company_size=1.5, deviation=20, k=9)


def test_what_too_few_would_answer_shows_nothing() -> None:
    assert plan_wave(facts([])) == []
    (step,) = plan_wave(facts([1] * 9, partner_rate=0.2))
    assert (step.driver_change, step.nps_change, step.driver_gap) == (None, None, None)
    (step,) = plan_wave(facts([1] * 20, n_staff=0, partner_rate=0.5))
    assert step.driver_change is not None
    assert step.driver_gap is None


def test_company_size_to_expect_is_that_of_an_average_answer() -> None:
    assert expected_company_size([1, 2, 3], 0.5) == pytest.approx(1 + 0.5 * (14 / 6 - 1))
    assert expected_company_size([], 0.5) == 1
    assert expected_company_size([4, 4], 0) == 1
    assert expected_company_size([4, 4], 1) == 4


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=30),
    rate=st.floats(0, 1),
    more=st.floats(0, 1),
)
def test_company_size_lies_between_one_and_the_largest(
    counts: list[int], rate: float, more: float
) -> None:
    size = expected_company_size(counts, rate)

    assert 1 <= size <= max(counts) + 1e-9
    assert expected_company_size(counts, max(rate, more)) >= size


def test_deviations_come_from_the_published_distributions() -> None:
    found = deviations_of(
        wave(
            incentives={"1": 5, "3": 10, "5": 15},
            listening={"4": 20, "5": 10},
            tools=None,
            recommend={"3": 10, "7": 10, "10": 10},
        ),
        ["incentives", "listening", "tools"],
    )

    one = stdev([0] * 5 + [50] * 10 + [100] * 15)
    two = stdev([75] * 20 + [100] * 10)
    assert found.is_known
    assert found.score == pytest.approx(((one**2 + two**2) / 2) ** 0.5)
    assert found.nps == pytest.approx(stdev([-100] * 10 + [0] * 10 + [100] * 10))


def test_without_published_distributions_a_plan_assumes_what_the_method_says() -> None:
    assert deviations_of(None, ["incentives"]) == ASSUMED
    assert deviations_of(wave(incentives=None), ["incentives"]) == ASSUMED
