"""What a planned wave will be able to show."""

from __future__ import annotations

import math

import pytest
from company_answers import unhurried
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from analysis.planning import detectable_change, detectable_gap, expected_answers
from analysis.stats import TooFewAnswers

sizes = st.floats(1, 10)
numbers = st.integers(2, 5000)


@unhurried
@given(n=numbers, size=sizes, k=st.integers(1, 50), deviation=st.floats(5, 50))
def test_detectable_change_is_the_formula_of_the_method(
    n: int, size: float, k: int, deviation: float
) -> None:
    quantiles = norm.ppf(1 - 0.025 / k) + norm.ppf(0.9)
    expected = quantiles * deviation * math.sqrt(2 * (1 + 0.3 * (size - 1)) / n)

    planned = detectable_change(n, company_size=size, deviation=deviation, k=k)

    assert planned == pytest.approx(expected)


@unhurried
@given(n=numbers, size=sizes, k=st.integers(1, 50))
def test_more_answers_show_less_and_more_questions_and_larger_companies_show_more(
    n: int, size: float, k: int
) -> None:
    planned = detectable_change(n, company_size=size, k=k)

    assert detectable_change(n + 1, company_size=size, k=k) < planned
    assert detectable_change(n, company_size=size, k=k + 1) > planned
    assert detectable_change(n, company_size=size + 1, k=k) > planned


@unhurried
@given(n=numbers, size=sizes)
def test_gap_against_as_many_single_people_is_no_harder_than_a_change(n: int, size: float) -> None:
    gap = detectable_gap(n, n, company_size=size)

    assert gap <= detectable_change(n, company_size=size) + 1e-9
    assert detectable_gap(n, n, company_size=1) == pytest.approx(
        detectable_change(n, company_size=1)
    )


def test_small_team_limits_the_gap_however_many_partners_answer() -> None:
    assert detectable_gap(10**6, 10, company_size=2) == pytest.approx(
        (norm.ppf(0.975) + norm.ppf(0.9)) * 25 / math.sqrt(10), rel=1e-3
    )


def test_fewer_than_two_answers_cannot_be_planned_with() -> None:
    with pytest.raises(TooFewAnswers):
        detectable_change(1, company_size=1)
    with pytest.raises(TooFewAnswers):
        detectable_gap(20, 1, company_size=1)
    with pytest.raises(TooFewAnswers):
        detectable_gap(1, 20, company_size=1)


def test_expected_answers_are_whole_people() -> None:
    assert expected_answers(184, 0.53) == 97
    assert expected_answers(100, 0.29) == 29
    assert expected_answers(0, 0.5) == 0


@pytest.mark.parametrize(("invited", "rate"), [(10, 1.1), (10, -0.1), (-1, 0.5)])
def test_impossible_plans_are_refused(invited: int, rate: float) -> None:
    with pytest.raises(ValueError, match="rate lies between"):
        expected_answers(invited, rate)
