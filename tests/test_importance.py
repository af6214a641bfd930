"""Importance, weights, blind spots, level and momentum."""

from __future__ import annotations

import math

import pytest
from company_answers import pair_cell, partner_scores, unhurried
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import pearsonr

from analysis.gap import Gap, Mark
from analysis.importance import (
    Correlation,
    DriverGap,
    Level,
    Momentum,
    Position,
    WeightSource,
    blind_spots,
    correlation,
    derived_weights,
    momentum,
    positions,
    stated_weights,
    weighted_score,
)
from analysis.stats import Estimate, Interval, PairCell, Scale, TooFewAnswers

pairs_of_answers = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 10)), min_size=30, max_size=80
)


def a_gap(value: float, *, error: float = 3.0) -> Gap:
    return Gap(value, value, error**2, 20, Scale(-100, 100), few=False)


def a_correlation(value: float) -> Correlation:
    return Correlation(value, 60, 60)


# Derived importance


@unhurried
@given(pairs=pairs_of_answers)
def test_correlation_and_interval_are_scipy_s(pairs: list[tuple[int, int]]) -> None:
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    assume(len(set(xs)) > 1 and len(set(ys)) > 1)
    expected = pearsonr(xs, ys)
    assume(abs(expected.statistic) < 0.999)

    r = correlation(pair_cell(xs, ys), company_size=1)

    assert r is not None
    assert r.value == pytest.approx(expected.statistic, abs=1e-9)
    low, high = expected.confidence_interval()
    assert r.interval().low == pytest.approx(low, abs=1e-9)
    assert r.interval().high == pytest.approx(high, abs=1e-9)


@unhurried
@given(pairs=pairs_of_answers, factor=st.integers(1, 9), shift=st.integers(-5, 5))
def test_correlation_is_bounded_symmetric_and_unchanged_by_rescaling(
    pairs: list[tuple[int, int]], factor: int, shift: int
) -> None:
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]

    plain = correlation(pair_cell(xs, ys), company_size=2)
    swapped = correlation(pair_cell(ys, xs), company_size=2)
    rescaled = correlation(pair_cell([factor * x + shift for x in xs], ys), company_size=2)

    assert plain == swapped
    if plain is None or rescaled is None:
        assert plain is rescaled
        return
    assert abs(plain.value) <= 1
    assert rescaled.value == pytest.approx(plain.value, abs=1e-12)
    assert plain.interval().low <= plain.value <= plain.interval().high


def test_correlation_needs_thirty_pairs() -> None:
    with pytest.raises(TooFewAnswers) as refusal:
        correlation(PairCell(29, 90, 200, 300, 1500, 640), company_size=1)

    assert (refusal.value.found, refusal.value.needed) == (29, 30)


def test_answers_without_variance_have_no_correlation() -> None:
    equal = pair_cell([4] * 30, [number % 11 for number in range(30)])

    assert correlation(equal, company_size=1) is None


def test_large_companies_widen_the_interval_of_a_correlation() -> None:
    pairs = pair_cell([1, 2, 3, 4, 5] * 8, [2, 5, 4, 8, 9, 1, 6, 7] * 5)

    alone, clustered = (correlation(pairs, company_size=size) for size in (1, 5))

    assert alone is not None
    assert clustered is not None
    assert clustered.effective_n == pytest.approx(40 / (1 + 0.09 * 4))
    assert alone.interval().within(clustered.interval())
    assert alone.interval() != clustered.interval()


def test_correlation_of_almost_one_company_says_nothing() -> None:
    assert Correlation(0.7, 30, 2.9).interval() == Interval(-1, 1)


def test_perfect_correlation_keeps_its_interval_in_range() -> None:
    assert Correlation(1.0, 40, 40).interval() == Interval(1, 1)


def test_published_correlation_has_one_decimal() -> None:
    assert a_correlation(0.449).published().value == 0.4
    assert math.copysign(1, a_correlation(-0.04).published().value) == 1


# Weights


@unhurried
@given(values=st.lists(st.floats(-1, 1), min_size=1, max_size=10))
def test_weights_average_one_and_unlinked_drivers_have_none(values: list[float]) -> None:
    weights = derived_weights({f"d{i}": a_correlation(value) for i, value in enumerate(values)})

    if max(values) <= 0:
        assert weights is None
        return
    assert weights is not None
    assert sum(weights.values()) / len(weights) == pytest.approx(1)
    assert all(weight >= 0 for weight in weights.values())
    assert all(weights[f"d{i}"] == 0 for i, value in enumerate(values) if value <= 0)


def test_driver_without_a_correlation_has_no_weight() -> None:
    weights = derived_weights({"d1": a_correlation(0.2), "d2": None, "d3": a_correlation(0.6)})

    assert weights == pytest.approx({"d1": 0.5, "d3": 1.5})


def test_stated_weights_are_importance_over_its_mean() -> None:
    weights = stated_weights({"d1": 6.0, "d2": 3.0, "d3": 4.5})

    assert weights == pytest.approx({"d1": 4 / 3, "d2": 2 / 3, "d3": 1.0})
    assert stated_weights({}) is None


@unhurried
@given(
    scores=st.lists(partner_scores(), min_size=1, max_size=6),
    importances=st.lists(st.floats(1, 7), min_size=6, max_size=6),
)
def test_weighted_score_lies_between_lowest_and_highest(
    scores: list[Estimate], importances: list[float]
) -> None:
    weights = stated_weights({f"d{i}": value for i, value in enumerate(importances)})
    assert weights is not None

    weighted = weighted_score({f"d{i}": score for i, score in enumerate(scores)}, weights)

    assert weighted is not None
    values = [score.value for score in scores]
    assert min(values) - 1e-9 <= weighted.value <= max(values) + 1e-9


def test_weighted_score_without_common_drivers_is_none() -> None:
    assert weighted_score({}, {"d1": 1.0}) is None


# Blind spots


def gaps_of(**values: float) -> list[DriverGap]:
    return [
        DriverGap(code, number, a_gap(value))
        for number, (code, value) in enumerate(values.items(), start=1)
    ]


def test_blind_spots_are_proven_negative_and_important() -> None:
    gaps = gaps_of(proven=-30, small=-2, positive=30, unimportant=-40, average=-40)
    derived = {"proven": 1.2, "small": 1.2, "positive": 1.2, "unimportant": 0.4, "average": 1.0}

    found = blind_spots(gaps, k=10, derived=derived, stated=None)

    assert [spot.code for spot in found.spots] == ["proven"]
    assert found.source is WeightSource.DERIVED


def test_blind_spots_are_the_three_most_pressing_then_by_number() -> None:
    gaps = gaps_of(d1=-20, d2=-20, d3=-40, d4=-50, d5=-15)
    stated = {"d1": 1.5, "d2": 1.5, "d3": 1.01, "d4": 1.01, "d5": 1.1}

    found = blind_spots(gaps, k=10, derived=None, stated=stated)

    assert [spot.code for spot in found.spots] == ["d4", "d3", "d1"]
    assert found.source is WeightSource.STATED


def test_derived_weights_win_over_stated_ones() -> None:
    found = blind_spots(gaps_of(d1=-30), k=10, derived={"d1": 0.5}, stated={"d1": 1.5})

    assert found.spots == ()
    assert found.source is WeightSource.DERIVED


def test_without_weights_the_largest_gaps_are_listed_and_named_so() -> None:
    found = blind_spots(gaps_of(d1=-20, d2=-50, d3=-1), k=10, derived=None, stated=None)

    assert [spot.code for spot in found.spots] == ["d2", "d1"]
    assert found.source is WeightSource.NONE
    assert found.spots[0].weight is None


def test_blind_spot_must_hold_among_all_comparisons() -> None:
    gap = a_gap(-8)
    assert gap.mark(1) is Mark.BIGGER
    assert gap.mark(10) is Mark.CHANCE

    found = blind_spots([DriverGap("d1", 1, gap)], k=10, derived=None, stated=None)

    assert found.spots == ()


# Level and momentum


def test_momentum_needs_a_change_bigger_than_chance() -> None:
    assert momentum(a_gap(20), k=10) is Momentum.UP
    assert momentum(a_gap(-20), k=10) is Momentum.DOWN
    assert momentum(a_gap(2), k=10) is Momentum.STEADY
    assert momentum(None, k=10) is Momentum.STEADY


def test_level_is_against_the_mean_of_what_is_plotted() -> None:
    placed = positions({"d1": 80.0, "d2": 40.0, "d3": 60.0}, {"d1": a_gap(-20)}, k=10)

    assert placed == {
        "d1": Position(Level.ABOVE, Momentum.DOWN),
        "d2": Position(Level.BELOW, Momentum.STEADY),
        "d3": Position(Level.ABOVE, Momentum.STEADY),
    }
    assert positions({}, {}, k=10) == {}
