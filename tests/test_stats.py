"""Samples, scores, shares and NPS: laws, refusals, and checks against scipy and statsmodels."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from company_answers import (
    cells_of,
    companies,
    comparisons,
    histogram_of,
    partner_scores,
    people,
    sample_of,
    score_of,
    signs_of,
    staff_score,
    staff_scores,
    unhurried,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from analysis.stats import (
    FEW_ANSWERS,
    NPS,
    SCORE,
    AnswerCells,
    CellsDisagree,
    Estimate,
    Interval,
    Sample,
    Share,
    SizeCell,
    TooFewAnswers,
    TooFewCompanies,
    critical_value,
    driver_score,
    favourable_share,
    kish_effect,
    merged,
    nps,
    recommendation_mean,
    recommendation_signs,
    share_of,
    share_of_count,
    t_quantile,
    weighted_company_size,
)

recommendations = companies(0, 10)


def signs_sample(answers: Sequence[Sequence[int]]) -> Sample:
    return sample_of(signs_of(answers))


# Quantiles


@unhurried
@given(
    df=st.one_of(st.floats(1, 10), st.floats(10, 1e6)),
    probability=st.floats(0.0001, 0.9999),
)
def test_t_quantile_agrees_with_scipy(df: float, probability: float) -> None:
    expected = scipy_stats.t.ppf(probability, df)

    assert t_quantile(probability, df) == pytest.approx(expected, rel=1e-8, abs=1e-12)


@unhurried
@given(k=comparisons, df=st.floats(1, 200))
def test_critical_value_grows_with_comparisons_and_shrinks_with_df(k: int, df: float) -> None:
    assert critical_value(k + 1, df) > critical_value(k, df)
    assert critical_value(k, df + 1) < critical_value(k, df)


def test_critical_value_of_infinite_df_is_the_normal_one() -> None:
    assert critical_value(1, math.inf) == pytest.approx(1.959963985, abs=1e-9)
    assert critical_value(10, math.inf) == pytest.approx(scipy_stats.norm.ppf(0.9975), abs=1e-9)


@pytest.mark.parametrize(("probability", "df"), [(0.0, 5), (1.0, 5), (0.9, 0.5), (-0.1, 5)])
def test_t_quantile_outside_its_range_is_refused(probability: float, df: float) -> None:
    with pytest.raises(ValueError, match="no t quantile"):
        t_quantile(probability, df)


@pytest.mark.parametrize("k", [0, -1])
def test_an_interval_for_no_comparison_is_refused(k: int) -> None:
    score = staff_score([3, 4, 5])

    with pytest.raises(ValueError, match="at least one"):
        score.interval(k)


# Samples


@unhurried
@given(answers=companies())
def test_mean_and_variance_are_those_of_the_answers(answers: list[list[int]]) -> None:
    flat = [answer for company in answers for answer in company]

    sample = sample_of(answers)

    assert sample.mean == pytest.approx(np.mean(flat))
    assert sample.variance == pytest.approx(np.var(flat, ddof=1), abs=1e-12)


def cr2_by_matrices(answers: Sequence[Sequence[int]]) -> tuple[float, float]:
    """Variance and df of a mean by the general matrix formulas of Bell & McCaffrey 2002."""
    flat = np.array([answer for company in answers for answer in company], dtype=float)
    firms = np.concatenate([[i] * len(company) for i, company in enumerate(answers)])
    n = len(flat)
    design = np.ones((n, 1))
    bread = np.linalg.inv(design.T @ design)
    residual_maker = np.eye(n) - design @ bread @ design.T
    residuals = residual_maker @ flat
    variance, vectors = 0.0, []
    for firm in range(len(answers)):
        own = firms == firm
        block = residual_maker[np.ix_(own, own)]
        values, basis = np.linalg.eigh(block)
        adjusted = basis @ np.diag(values**-0.5) @ basis.T
        weights = bread @ design[own].T @ adjusted
        variance += float((weights @ residuals[own])[0] ** 2)
        vectors.append((residual_maker[:, own] @ weights.T)[:, 0])
    products = np.array([[a @ b for a in vectors] for b in vectors])
    return variance, float(np.trace(products) ** 2 / np.sum(products**2))


@settings(unhurried, max_examples=50)
@given(answers=companies())
def test_variance_and_df_are_those_of_the_general_cr2_formulas(answers: list[list[int]]) -> None:
    variance, df = cr2_by_matrices(answers)

    sample = sample_of(answers)

    assert sample.mean_variance == pytest.approx(variance, rel=1e-9, abs=1e-12)
    assert sample.df == pytest.approx(df, rel=1e-9)


@settings(unhurried, max_examples=50)
@given(size=st.integers(1, 4), data=st.data())
def test_variance_of_equal_companies_is_that_of_statsmodels(size: int, data: st.DataObject) -> None:
    company = st.lists(st.integers(1, 5), min_size=size, max_size=size)
    answers = data.draw(st.lists(company, min_size=2, max_size=10))
    flat = [answer for own in answers for answer in own]
    firms = [number for number, own in enumerate(answers) for _ in own]

    model = OLS(flat, np.ones(len(flat))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(firms)}
    )

    sample = sample_of(answers)
    assert sample.mean_variance == pytest.approx(model.cov_params()[0, 0], rel=1e-9, abs=1e-12)
    assert sample.df == pytest.approx(len(answers) - 1)


@unhurried
@given(answers=companies(), seed=st.randoms(use_true_random=False))
def test_order_of_answers_and_companies_changes_nothing(
    answers: list[list[int]], seed: random.Random
) -> None:
    shuffled = [seed.sample(company, len(company)) for company in answers]
    seed.shuffle(shuffled)

    assert sample_of(shuffled) == sample_of(answers)


@unhurried
@given(answers=companies())
def test_clustering_costs_and_df_lies_between_one_and_companies_less_one(
    answers: list[list[int]],
) -> None:
    sample = sample_of(answers)

    assert 1 <= sample.df <= len(answers) - 1
    assert sample.effective_n <= sample.n
    assert driver_score(sample).variance > 0


@unhurried
@given(answers=people())
def test_people_alone_count_as_simple_random_answers(answers: list[int]) -> None:
    sample = Sample.of_people(histogram_of([answers]))

    assert sample.mean_variance == pytest.approx(sample.variance / sample.n)
    assert sample.df == pytest.approx(sample.n - 1)
    assert sample.effective_n == pytest.approx(sample.n)


@unhurried
@given(answers=companies())
def test_doubling_every_company_does_not_widen_the_interval(answers: list[list[int]]) -> None:
    once, twice = score_of(answers), score_of([*answers, *answers])

    assert twice.half_width() <= once.half_width() + 1e-9


@unhurried
@given(answers=companies())
def test_doubling_answers_inside_companies_adds_no_certainty(answers: list[list[int]]) -> None:
    once, twice = sample_of(answers), sample_of([[*own, *own] for own in answers])

    assert twice.mean_variance == pytest.approx(once.mean_variance, abs=1e-12)
    assert twice.df == pytest.approx(once.df)


def test_df_stays_one_when_one_company_has_nearly_all_answers() -> None:
    histogram = {4: 10**6, 5: 1}
    sizes = [SizeCell(10**6, 1, 4 * 10**6, 16 * 10**12), SizeCell(1, 1, 5, 25)]

    assert Sample.of_companies(histogram, sizes).df == 1


def test_equal_answers_take_the_design_effect_from_company_sizes() -> None:
    sample = sample_of([[5, 5, 5], [5], [5]])

    assert sample.design_effect == pytest.approx(1 + 0.3 * (2.2 - 1))


def test_anonymous_sample_uses_marks_only() -> None:
    sample = Sample.of_anonymous({2: 3, 5: 5}, [3, 3, 2])

    assert sample.weighted_company_size == pytest.approx(22 / 8)
    assert sample.design_effect == pytest.approx(kish_effect(22 / 8))
    assert sample.mean_variance is None
    assert sample.n_companies == 3


@unhurried
@given(answers=companies())
def test_anonymous_df_is_that_of_the_same_companies_linked(answers: list[list[int]]) -> None:
    linked = sample_of(answers)

    anonymous = Sample.of_anonymous(histogram_of(answers), [len(own) for own in answers])

    assert anonymous.df == pytest.approx(linked.df)
    assert anonymous.weighted_company_size == pytest.approx(linked.weighted_company_size)


@unhurried
@given(
    answers=people(),
    marks=st.lists(st.integers(1, 9), min_size=2, max_size=40),
)
def test_anonymous_marks_never_add_certainty(answers: list[int], marks: list[int]) -> None:
    sample = Sample.of_anonymous(histogram_of([answers]), marks)

    assert sample.effective_n <= sample.n
    assert 1 <= sample.df <= min(len(marks), len(answers)) - 1


def test_one_answer_is_too_few() -> None:
    with pytest.raises(TooFewAnswers) as refusal:
        Sample.of_people({4: 1})

    assert (refusal.value.found, refusal.value.needed) == (1, 2)


def test_one_company_is_too_few() -> None:
    with pytest.raises(TooFewCompanies):
        sample_of([[3, 4, 5]])
    with pytest.raises(TooFewCompanies):
        Sample.of_anonymous({3: 1, 4: 2}, [3, 0])


@pytest.mark.parametrize(
    "sizes",
    [
        [SizeCell(1, 2, 7, 25)],
        [SizeCell(1, 3, 11, 41)],
        [SizeCell(1, 3, 12, 50), SizeCell(0, 1, 0, 0)],
    ],
    ids=["answers missing", "totals differ", "company without answers"],
)
def test_sizes_that_do_not_fit_the_histogram_are_refused(sizes: list[SizeCell]) -> None:
    with pytest.raises(CellsDisagree):
        Sample.of_companies({3: 1, 4: 1, 5: 1}, sizes)


def test_cells_choose_the_rule_that_fits_what_they_know() -> None:
    answers = [[5, 5, 4], [2], [1, 3]]
    histogram = histogram_of(answers)

    assert cells_of(answers).sample() == sample_of(answers)
    assert AnswerCells(histogram).sample() == Sample.of_people(histogram)
    anonymous = AnswerCells(histogram, company_counts=[3, 1, 2])
    assert anonymous.sample() == Sample.of_anonymous(histogram, [3, 1, 2])


def test_partners_without_any_company_are_not_taken_for_staff() -> None:
    with pytest.raises(CellsDisagree):
        AnswerCells({4: 3}, sizes=[]).sample()


@unhurried
@given(first=companies(), second=companies())
def test_merged_segments_equal_their_answers_together(
    first: list[list[int]], second: list[list[int]]
) -> None:
    both = merged([cells_of(first, dont_know=1), cells_of(second, dont_know=2)])

    together, expected = both.sample(), sample_of([*first, *second])
    assert both.dont_know == 3
    assert both.n == expected.n
    assert together.mean_variance == pytest.approx(expected.mean_variance)
    assert together.df == pytest.approx(expected.df)


def test_segments_of_different_kinds_are_not_merged() -> None:
    with pytest.raises(ValueError, match="cannot be merged"):
        merged([cells_of([[3], [4]]), AnswerCells({3: 2})])


def test_anonymous_segments_merge_their_marks() -> None:
    both = merged(
        [AnswerCells({3: 2}, company_counts=[1, 1]), AnswerCells({4: 3}, company_counts=[3])]
    )

    assert both.company_counts == (1, 1, 3)


def test_weighted_company_size_is_that_of_an_average_person() -> None:
    assert weighted_company_size([3, 1]) == pytest.approx(2.5)
    with pytest.raises(TooFewAnswers):
        weighted_company_size([0, 0])


# Scores and recommendation


@unhurried
@given(score=partner_scores() | staff_scores(), k=comparisons)
def test_score_lies_inside_its_interval_and_the_interval_inside_the_range(
    score: Estimate, k: int
) -> None:
    interval = score.interval(k)

    assert 0 <= interval.low <= score.value <= interval.high <= 100


@unhurried
@given(answers=recommendations, k=comparisons)
def test_nps_and_mean_lie_inside_their_intervals(answers: list[list[int]], k: int) -> None:
    net, mean = nps(signs_sample(answers)), recommendation_mean(sample_of(answers))

    assert -100 <= net.interval(k).low <= net.value <= net.interval(k).high <= 100
    assert 0 <= mean.interval(k).low <= mean.value <= mean.interval(k).high <= 10


@unhurried
@given(answers=companies(), k=comparisons)
def test_mirrored_answers_mirror_the_interval(answers: list[list[int]], k: int) -> None:
    plain = score_of(answers)
    mirrored = score_of([[6 - answer for answer in own] for own in answers])

    assert mirrored.value == pytest.approx(100 - plain.value)
    assert mirrored.interval(k).low == pytest.approx(100 - plain.interval(k).high, abs=1e-9)
    assert mirrored.interval(k).high == pytest.approx(100 - plain.interval(k).low, abs=1e-9)


@unhurried
@given(score=partner_scores() | staff_scores(), k=comparisons)
def test_interval_of_many_comparisons_holds_that_of_one(score: Estimate, k: int) -> None:
    assert score.interval().within(score.interval(k))


@unhurried
@given(answers=recommendations)
def test_nps_follows_the_published_formula(answers: list[list[int]]) -> None:
    sample = signs_sample(answers)
    promoters = sample.histogram.get(1, 0) / sample.n
    detractors = sample.histogram.get(-1, 0) / sample.n
    size = sample.effective_n
    adjusted_promoters = (size * promoters + 0.75) / (size + 3)
    adjusted_detractors = (size * detractors + 0.75) / (size + 3)
    net = adjusted_promoters - adjusted_detractors

    estimate = nps(sample)

    assert estimate.centre == pytest.approx(100 * net, abs=1e-9)
    variance = 1e4 * (adjusted_promoters + adjusted_detractors - net**2) / (size + 3)
    assert estimate.variance == pytest.approx(variance)


def test_recommendations_are_counted_as_promoters_passives_and_detractors() -> None:
    signs = recommendation_signs({0: 1, 6: 2, 7: 3, 8: 4, 9: 5, 10: 6})

    assert signs == {-1: 3, 0: 7, 1: 11}


def test_intervals_of_five_staff_cover_the_truth_at_least_as_often_as_they_say() -> None:
    dice = random.Random(5)
    weights = [1, 1, 2, 3, 5]
    truth = sum(25 * (value - 1) * weight for value, weight in enumerate(weights, 1)) / 12

    hits = 0
    for _ in range(2000):
        score = staff_score(dice.choices([1, 2, 3, 4, 5], weights, k=5))
        hits += not score.interval().excludes(truth)

    assert 0.95 <= hits / 2000 <= 1


def test_intervals_of_clustered_partners_cover_the_truth() -> None:
    dice = random.Random(15)
    truth = 62.5

    hits = 0
    for _ in range(2000):
        moods = [dice.choice([(2, 3, 4), (3, 4, 5)]) for _ in range(15)]
        sizes = [dice.choice([1, 1, 2, 3, 6]) for _ in range(15)]
        answers = [dice.choices(mood, k=size) for mood, size in zip(moods, sizes, strict=True)]
        hits += not score_of(answers).interval().excludes(truth)

    assert 0.93 <= hits / 2000 <= 0.98


def test_few_answers_are_flagged_below_fifteen() -> None:
    assert staff_score([4] * (FEW_ANSWERS - 1)).few
    assert not staff_score([4] * FEW_ANSWERS).few


# Published cells


@unhurried
@given(answers=companies(), pooled=st.floats(0.1, 4))
def test_small_published_cell_uses_the_pooled_variance_only(
    answers: list[list[int]], pooled: float
) -> None:
    sample = sample_of(answers)

    published = sample.for_publication(pooled)

    assert published.variance == (pooled if sample.n < 20 else sample.variance)
    assert (published.effective_n, published.df) == (sample.effective_n, sample.df)


@unhurried
@given(answers=companies(), pooled=st.floats(0, 4))
def test_published_score_still_lies_in_its_interval(
    answers: list[list[int]], pooled: float
) -> None:
    score = driver_score(sample_of(answers).for_publication(pooled))

    assert score.interval().low <= score.value <= score.interval().high


def test_published_nps_of_a_small_cell_does_not_show_its_own_spread() -> None:
    all_passive = Sample.of_people({0: 10})
    half_and_half = Sample.of_people({1: 5, -1: 5})

    first, second = (nps(sample.for_publication(0.6)) for sample in (all_passive, half_and_half))

    assert first == second
    assert nps(all_passive) != nps(half_and_half)


def test_published_value_is_rounded_and_its_claims_are_not() -> None:
    score = score_of([[4, 3, 4], [2, 2], [5], [4]])

    published = score.published()

    assert published.value == 61
    assert published.interval() == score.interval()


@unhurried
@given(score=partner_scores())
def test_frozen_figures_give_the_estimate_back(score: Estimate) -> None:
    frozen = json.loads(json.dumps(score.figures()))

    assert Estimate.from_figures(frozen, scale=SCORE) == score


def test_infinite_df_survives_json() -> None:
    estimate = Estimate(4.0, 3.5, 20.0, math.inf, NPS, 12, 4)
    share = share_of_count(3, 9, company_size=1.5)

    assert Estimate.from_figures(json.loads(json.dumps(estimate.figures())), scale=NPS) == estimate
    assert Share.from_figures(json.loads(json.dumps(share.figures()))) == share
    assert "Infinity" not in json.dumps(estimate.figures())


# Shares


@unhurried
@given(count=st.integers(0, 200), rest=st.integers(0, 200))
def test_share_of_independent_people_is_wilson_s(count: int, rest: int) -> None:
    total = count + rest or 1

    interval = share_of_count(count, total, company_size=1).interval()

    low, high = proportion_confint(count, total, method="wilson")
    assert interval.low == pytest.approx(low, abs=1e-9)
    assert interval.high == pytest.approx(high, abs=1e-9)


@unhurried
@given(answers=companies(), k=comparisons)
def test_share_lies_inside_its_interval_and_more_comparisons_widen_it(
    answers: list[list[int]], k: int
) -> None:
    share = favourable_share(sample_of(answers))

    assert 0 <= share.interval(k).low <= share.value <= share.interval(k).high <= 1
    assert share.interval().within(share.interval(k))


def test_favourable_are_fours_and_fives() -> None:
    share = favourable_share(sample_of([[1, 2, 3], [4], [5], [5]]))

    assert share.value == 0.5
    assert share.n == 6


def test_shares_of_all_answers_sum_to_one() -> None:
    sample = sample_of([[1, 2, 2], [3], [5, 5]])

    assert sum(share_of(sample, {value}).value for value in range(1, 6)) == pytest.approx(1)
    assert share_of(sample, {4}).value == 0


def test_share_of_nobody_is_refused() -> None:
    with pytest.raises(TooFewAnswers):
        share_of_count(0, 0, company_size=1)


# Intervals as printed


def test_printed_limits_are_whole_points_without_minus_zero() -> None:
    printed = Interval(-0.4, 12.6).rounded()

    assert (printed.low, printed.high) == (0, 13)
    assert math.copysign(1, printed.low) == 1


def test_limit_next_to_zero_keeps_the_decimals_it_needs() -> None:
    assert Interval(0.4, 12.6).rounded(away_from_zero=True) == Interval(0.4, 13)
    assert Interval(-12.6, -0.04).rounded(away_from_zero=True) == Interval(-13, -0.04)


@unhurried
@given(limits=st.lists(st.floats(-100, 100), min_size=4, max_size=4))
def test_intervals_are_apart_when_no_point_is_in_both(limits: list[float]) -> None:
    first, second = Interval(*sorted(limits[:2])), Interval(*sorted(limits[2:]))
    middle = max(first.low, second.low)

    assert first.apart_from(second) == (first.excludes(middle) or second.excludes(middle))
    assert first.apart_from(second) == second.apart_from(first)
