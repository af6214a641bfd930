"""Rates, and whether those who answered represent the invited."""

from __future__ import annotations

import pytest
from company_answers import unhurried
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis.participation import (
    ClassCount,
    Funnel,
    difference_of_shares,
    representativeness,
    response_share,
    reweighted_score,
)
from analysis.stats import SCORE, CellsDisagree, Estimate, TooFewAnswers, share_of_count


def a_score(value: float) -> Estimate:
    return Estimate(value, value, 9.0, 20, SCORE, 40, 20)


counts = st.integers(1, 200).flatmap(
    lambda invited: st.builds(ClassCount, st.just(invited), st.integers(0, invited))
)
dimensions = st.dictionaries(st.sampled_from("abcdef"), counts, min_size=1, max_size=6).filter(
    lambda classes: sum(count.answered for count in classes.values()) > 0
)


def test_rates_are_parts_of_the_right_whole() -> None:
    funnel = Funnel(invited=100, delivered=80, opened=60, started=50, completed=40)

    assert funnel.participation == 0.5
    assert funnel.response_rate == 0.5
    assert funnel.completion == 0.8


def test_rates_of_nobody_are_none() -> None:
    funnel = Funnel(invited=0, delivered=0, opened=0, started=0, completed=0)

    assert (funnel.participation, funnel.response_rate, funnel.completion) == (None, None, None)


def test_anonymous_wave_knows_only_who_completed() -> None:
    funnel = Funnel(invited=100, delivered=80, completed=40)

    assert funnel.response_rate == 0.5
    assert (funnel.participation, funnel.completion) == (None, None)


@pytest.mark.parametrize(
    "steps",
    [
        {"delivered": 11, "completed": 2},
        {"delivered": 9, "opened": 10, "started": 3, "completed": 2},
        {"delivered": 9, "opened": 8, "started": 3, "completed": 4},
        {"delivered": 9, "completed": 10},
    ],
)
def test_nobody_gets_further_than_the_step_before(steps: dict[str, int]) -> None:
    with pytest.raises(CellsDisagree):
        Funnel(invited=10, **steps)


def test_response_rate_of_companies_is_less_certain_than_of_people() -> None:
    funnel = Funnel(invited=100, delivered=80, completed=40)

    people, companies = (response_share(funnel, company_size=size) for size in (1, 4))

    assert people.value == companies.value == 0.5
    assert people.interval().within(companies.interval())
    with pytest.raises(TooFewAnswers):
        response_share(Funnel(invited=3, delivered=0, completed=0), company_size=1)


@unhurried
@given(first=counts, second=counts)
def test_difference_of_shares_is_newcombe_s(first: ClassCount, second: ClassCount) -> None:
    low, high = confint_proportions_2indep(
        first.answered, first.invited, second.answered, second.invited, method="newcomb"
    )

    interval = difference_of_shares(
        share_of_count(first.answered, first.invited, company_size=1),
        share_of_count(second.answered, second.invited, company_size=1),
    )

    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)


@unhurried
@given(classes=dimensions)
def test_shares_sum_to_one_and_a_warning_needs_both_conditions(
    classes: dict[str, ClassCount],
) -> None:
    result = representativeness(classes, company_size=2)

    balances = result.classes.values()
    assert sum(balance.invited_share for balance in balances) == pytest.approx(1)
    assert sum(balance.answered_share for balance in balances) == pytest.approx(1)
    for balance in balances:
        notable = abs(balance.answered_share - balance.invited_share) >= 0.05
        clear = balance.interval is not None and balance.interval.excludes(0)
        assert balance.warn == (notable and clear)
    assert result.warn == any(balance.warn for balance in balances)


@unhurried
@given(classes=dimensions)
def test_r_indicator_is_one_only_if_all_classes_answer_alike(
    classes: dict[str, ClassCount],
) -> None:
    result = representativeness(classes, company_size=1)

    alike = all(
        count.answered * other.invited == other.answered * count.invited
        for count in classes.values()
        for other in classes.values()
    )
    assert result.r_indicator >= -1e-9
    assert (result.r_indicator > 1 - 1e-7) == alike


def test_small_imbalance_is_not_warned_about_however_certain() -> None:
    classes = {"gold": ClassCount(50_000, 30_000), "silver": ClassCount(50_000, 25_500)}

    balance = representativeness(classes, company_size=1).classes["gold"]

    assert balance.interval is not None
    assert balance.interval.excludes(0)
    assert not balance.warn


def test_large_imbalance_of_few_people_may_be_chance() -> None:
    classes = {"gold": ClassCount(4, 3), "silver": ClassCount(6, 2)}

    assert not representativeness(classes, company_size=1).warn


def test_class_that_is_all_there_is_has_nothing_to_be_compared_with() -> None:
    balance = representativeness({"gold": ClassCount(10, 4)}, company_size=1).classes["gold"]

    assert (balance.difference, balance.interval, balance.warn) == (None, None, False)


def test_more_answers_than_invited_or_none_at_all_is_refused() -> None:
    with pytest.raises(CellsDisagree):
        representativeness({"gold": ClassCount(3, 4)}, company_size=1)
    with pytest.raises(TooFewAnswers):
        representativeness({"gold": ClassCount(3, 0)}, company_size=1)


def test_reweighted_score_gives_each_class_its_share_of_the_invited() -> None:
    classes = {"gold": ClassCount(30, 20), "silver": ClassCount(10, 10), "none": ClassCount(0, 0)}

    score = reweighted_score({"gold": a_score(40), "silver": a_score(80)}, classes)

    assert score is not None
    assert score.value == pytest.approx(50)


def test_reweighted_score_is_unknown_if_a_class_is_hidden() -> None:
    classes = {"gold": ClassCount(30, 20), "silver": ClassCount(10, 3)}

    assert reweighted_score({"gold": a_score(40), "silver": None}, classes) is None
    assert reweighted_score({"gold": a_score(40)}, classes) is None
    assert reweighted_score({}, {}) is None
