"""Differences and their marks: laws of the gap, of its printed interval, and of change."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from company_answers import (
    cells_of,
    companies,
    comparisons,
    link_cell,
    partner_scores,
    sample_of,
    score_of,
    staff_score,
    staff_scores,
    unhurried,
)
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from analysis.gap import (
    Composite,
    DriverPair,
    Gap,
    Headline,
    Mark,
    change,
    composite,
    difference,
    family_size,
    gap_row,
    gap_rows,
    headline,
    linked_covariance,
    mark_of,
    overall_gap,
    page_mark,
    pooled,
    published_against_rest,
    segments_against_rest,
)
from analysis.stats import (
    NPS,
    RECOMMENDATION,
    SCORE,
    AnswerCells,
    Estimate,
    LinkCell,
    NotComparable,
    Scale,
    driver_score,
    t_quantile,
)

scores = partner_scores() | staff_scores()


def an_estimate(
    value: float, *, error: float = 3.0, df: float = 20, n: int = 40, scale: Scale = SCORE
) -> Estimate:
    return Estimate(value, value, error**2, df, scale, n, n)


def a_gap(value: float, *, error: float = 3.0, few: bool = False) -> Gap:
    return Gap(value, value, error**2, 20, Scale(-100, 100), few)


# Difference


@unhurried
@given(a=scores, b=scores, k=comparisons)
def test_gap_is_mirrored_when_its_sides_are_swapped(a: Estimate, b: Estimate, k: int) -> None:
    gap, mirrored = difference(a, b), difference(b, a)

    assert mirrored.value == -gap.value
    assert mirrored.interval(k).low == pytest.approx(-gap.interval(k).high)
    assert mirrored.interval(k).high == pytest.approx(-gap.interval(k).low)
    assert mirrored.mark(k) == gap.mark(k)


@unhurried
@given(
    means=st.tuples(st.floats(0, 100), st.floats(0, 100)),
    deviations=st.tuples(st.floats(1, 40), st.floats(1, 40)),
    sizes=st.tuples(st.integers(3, 200), st.integers(3, 200)),
)
def test_difference_of_plain_samples_is_welch_s(
    means: tuple[float, float], deviations: tuple[float, float], sizes: tuple[int, int]
) -> None:
    a, b = (
        Estimate(mean, mean, deviation**2 / n, n - 1, SCORE, n, n)
        for mean, deviation, n in zip(means, deviations, sizes, strict=True)
    )
    expected = scipy_stats.ttest_ind_from_stats(
        means[0], deviations[0], sizes[0], means[1], deviations[1], sizes[1], equal_var=False
    )

    gap = difference(a, b)

    test_statistic = gap.value / math.sqrt(gap.variance)
    assert test_statistic == pytest.approx(expected.statistic)
    probability = 2 * scipy_stats.t.sf(abs(test_statistic), gap.df)
    assert probability == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-300)
    half_width = t_quantile(0.975, gap.df) * math.sqrt(gap.variance)
    assert gap.half_width() == pytest.approx(half_width)


def test_figures_with_infinite_df_are_compared_with_the_normal_quantile() -> None:
    a, b = an_estimate(30, df=math.inf, scale=NPS), an_estimate(20, df=math.inf, scale=NPS)

    assert difference(a, b).half_width() == pytest.approx(1.959964 * math.sqrt(18))
    assert pooled([a, b]).df == math.inf


@unhurried
@given(a=scores, b=scores, k=comparisons)
def test_marked_among_many_is_marked_among_fewer(a: Estimate, b: Estimate, k: int) -> None:
    gap = difference(a, b)

    assert gap.interval().within(gap.interval(k))
    if gap.mark(k + 1) is Mark.BIGGER:
        assert gap.mark(k) is Mark.BIGGER


@unhurried
@given(a=scores, b=scores, k=comparisons)
def test_bands_apart_mean_a_marked_row(a: Estimate, b: Estimate, k: int) -> None:
    if a.interval(k).apart_from(b.interval(k)):
        assert difference(a, b).mark(k) is Mark.BIGGER


def test_bands_of_random_groups_that_stand_apart_are_always_marked() -> None:
    dice = random.Random(3)
    apart = 0

    for _ in range(1500):
        partners = score_of(random_companies(dice))
        staff = staff_score([dice.choice([3, 4, 4, 5]) for _ in range(dice.randint(4, 30))])
        if partners.interval(10).apart_from(staff.interval(10)):
            apart += 1
            assert difference(partners, staff).bigger_than_chance(10)

    assert apart > 200


def random_companies(dice: random.Random) -> list[list[int]]:
    return [
        [dice.choice([1, 1, 2, 3]) for _ in range(dice.choice([1, 1, 2, 4]))]
        for _ in range(dice.randint(3, 25))
    ]


@unhurried
@given(a=scores, b=scores, k=comparisons, decimals=st.integers(0, 2))
def test_row_is_marked_exactly_when_zero_is_outside_the_printed_interval(
    a: Estimate, b: Estimate, k: int, decimals: int
) -> None:
    gap = difference(a, b)

    assert gap.printed(k, decimals=decimals).excludes(0) == (gap.mark(k) is Mark.BIGGER)


def test_limit_that_would_print_as_zero_on_a_marked_row_gets_a_decimal() -> None:
    half_width = a_gap(0).half_width()

    marked = a_gap(half_width + 0.3)

    assert marked.mark() is Mark.BIGGER
    assert marked.printed().low == 0.3
    assert marked.printed().high == round(2 * half_width + 0.3)


def test_figures_of_different_scales_are_not_compared() -> None:
    with pytest.raises(NotComparable):
        difference(an_estimate(50), an_estimate(5, scale=RECOMMENDATION))


@pytest.mark.parametrize(
    ("scale", "limit"), [(SCORE, 40), (NPS, 80), (RECOMMENDATION, 4)], ids=["score", "nps", "mean"]
)
def test_intervals_wider_than_four_tenths_of_the_span_say_too_few(
    scale: Scale, limit: float
) -> None:
    z = t_quantile(0.975, math.inf)
    narrow, wide = (
        difference(
            an_estimate(scale.middle, error=times * limit / z / math.sqrt(2), df=1e9, scale=scale),
            an_estimate(scale.middle, error=times * limit / z / math.sqrt(2), df=1e9, scale=scale),
        )
        for times in (0.99, 1.01)
    )

    assert narrow.mark() is Mark.CHANCE
    assert wide.mark() is Mark.TOO_FEW


def test_wide_interval_that_excludes_zero_is_still_bigger_than_chance() -> None:
    gap = a_gap(95, error=21)

    assert gap.half_width() > 40
    assert gap.mark() is Mark.BIGGER


def test_gap_carries_the_few_answers_of_either_side() -> None:
    many, few = an_estimate(50), an_estimate(50, n=14)

    assert difference(many, few).few
    assert difference(few, many).few
    assert not difference(many, many).few


def test_table_counts_all_its_drivers_and_segments() -> None:
    assert family_size(drivers=10) == 10
    assert family_size(drivers=10, segments=5) == 50
    with pytest.raises(ValueError, match="at least one"):
        family_size(drivers=0)


# Rows and page


def test_rows_are_sorted_from_the_most_negative_gap_and_hidden_ones_come_last() -> None:
    pairs = [
        DriverPair("hidden", 1, None, an_estimate(70)),
        DriverPair("strength", 2, an_estimate(90), an_estimate(60)),
        DriverPair("equal_late", 9, an_estimate(60), an_estimate(60)),
        DriverPair("equal_early", 3, an_estimate(50), an_estimate(50)),
        DriverPair("worst", 4, an_estimate(20), an_estimate(80)),
    ]

    rows = gap_rows(pairs, k=10)

    codes = [row.code for row in rows]
    assert codes == ["worst", "equal_early", "equal_late", "strength", "hidden"]
    assert [row.mark for row in rows] == ["bigger", "chance", "chance", "bigger", "hidden"]


def test_row_bands_hold_for_all_rows_together() -> None:
    partners, staff = an_estimate(40), an_estimate(60)

    row = gap_row(DriverPair("d1", 1, partners, staff), k=10)

    assert row.partners_band == partners.interval(10)
    assert row.staff_band == staff.interval(10)
    assert row.gap is not None
    assert row.interval == row.gap.printed(10)


def test_hidden_row_shows_the_side_that_may_be_shown_and_no_gap() -> None:
    staff = an_estimate(70, n=9)

    row = gap_row(DriverPair("d1", 1, None, staff), k=10)

    assert (row.mark, row.gap, row.interval, row.partners_band) == (Mark.HIDDEN, None, None, None)
    assert row.staff_band == staff.interval(10)
    assert row.few


def test_page_without_a_marked_row_has_no_proven_gap() -> None:
    assert page_mark([Mark.CHANCE, Mark.TOO_FEW, Mark.HIDDEN]) is Mark.NO_GAP
    assert page_mark([Mark.CHANCE, Mark.BIGGER]) is Mark.BIGGER
    assert page_mark([Mark.HIDDEN, Mark.HIDDEN]) is Mark.HIDDEN
    assert mark_of(None, 10) is Mark.HIDDEN


# Composite and headline


@unhurried
@given(
    parts=st.lists(partner_scores(), min_size=1, max_size=5),
    weights=st.lists(st.floats(0.1, 5), min_size=5, max_size=5),
    k=comparisons,
)
def test_composite_lies_between_its_parts_and_is_no_narrower_than_their_mean(
    parts: list[Estimate], weights: list[float], k: int
) -> None:
    whole = composite(parts, weights[: len(parts)])

    values = [part.value for part in parts]
    half_widths = [part.half_width(k) for part in parts]
    assert min(values) - 1e-9 <= whole.value <= max(values) + 1e-9
    assert min(half_widths) - 1e-9 <= whole.half_width(k) <= max(half_widths) + 1e-9
    assert whole.interval(k).low - 1e-9 <= whole.value <= whole.interval(k).high + 1e-9


@unhurried
@given(parts=st.lists(partner_scores(), min_size=2, max_size=5), factor=st.floats(0.1, 50))
def test_only_the_ratio_of_weights_counts(parts: list[Estimate], factor: float) -> None:
    weights = [1.0 + number for number in range(len(parts))]

    plain, scaled = composite(parts, weights), composite(parts, [factor * w for w in weights])

    assert scaled.value == pytest.approx(plain.value)
    assert scaled.half_width() == pytest.approx(plain.half_width())


def test_composite_bounds_the_mean_of_perfectly_correlated_parts() -> None:
    part = an_estimate(50)

    assert composite([part, part, part]).half_width() == pytest.approx(part.half_width())


@pytest.mark.parametrize(
    "weights", [[1.0], [1.0, -1.0], [0.0, 0.0]], ids=["one missing", "negative", "all zero"]
)
def test_composite_without_proper_weights_is_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="one weight for each"):
        composite([an_estimate(50), an_estimate(60)], weights)


def test_composite_of_nothing_or_of_two_scales_is_refused() -> None:
    with pytest.raises(ValueError, match="needs parts"):
        composite([])
    with pytest.raises(NotComparable):
        composite([an_estimate(50), an_estimate(5, scale=NPS)])


@pytest.mark.parametrize(
    ("value", "error", "verdict"),
    [
        (-11, 3, Headline.LOWER),
        (11, 3, Headline.HIGHER),
        (2, 3, Headline.ALIKE),
        (-5, 4, Headline.NO_PROVEN_GAP),
    ],
)
def test_headline_follows_the_overall_interval(
    value: float, error: float, verdict: Headline
) -> None:
    assert headline(composite([a_gap(value, error=error)])) is verdict


def test_overall_gap_is_the_mean_of_the_shown_gaps() -> None:
    rows = gap_rows(
        [
            DriverPair("d1", 1, an_estimate(40), an_estimate(60)),
            DriverPair("d2", 2, an_estimate(50), an_estimate(60, n=9)),
            DriverPair("d3", 3, None, an_estimate(60)),
        ],
        k=10,
    )

    overall = overall_gap(rows)

    assert isinstance(overall, Composite)
    assert overall.value == -15
    assert overall.few
    assert overall.mark() is Mark.BIGGER
    assert overall.printed().excludes(0)
    assert overall_gap(rows[2:]) is None


# Change between waves

two_waves = st.integers(2, 10).flatmap(
    lambda n: st.tuples(
        st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=n, max_size=n),
        st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=4), min_size=n, max_size=n),
    )
)


@unhurried
@given(waves=two_waves, k=comparisons)
def test_linked_change_is_never_wider_than_unlinked(
    waves: tuple[list[list[int]], list[list[int]]], k: int
) -> None:
    earlier, later = (sample_of(wave) for wave in waves)
    links = link_cell(dict(enumerate(waves[0])), dict(enumerate(waves[1])))
    covariance = linked_covariance(links, earlier=earlier, later=later)
    new, old = driver_score(later), driver_score(earlier)

    unlinked = change(new, old, same_wording=True)
    linked = change(new, old, same_wording=True, covariance=covariance)

    assert linked.half_width(k) <= unlinked.half_width(k)
    if covariance <= 0:
        assert linked == unlinked


@unhurried
@given(waves=two_waves)
def test_covariance_is_the_sum_over_companies_of_their_joint_deviations(
    waves: tuple[list[list[int]], list[list[int]]],
) -> None:
    earlier, later = (sample_of(wave) for wave in waves)
    expected = sum(
        (25 * sum(answer - earlier.mean for answer in old))
        * (25 * sum(answer - later.mean for answer in new))
        for old, new in zip(*waves, strict=True)
    )

    links = link_cell(dict(enumerate(waves[0])), dict(enumerate(waves[1])))
    covariance = linked_covariance(links, earlier=earlier, later=later)

    assert covariance == pytest.approx(expected / (earlier.n * later.n), abs=1e-9)


def test_same_answers_again_keep_at_least_a_quarter_of_the_variance() -> None:
    score = an_estimate(50, error=2)

    linked = difference(score, score, covariance=4)

    assert linked.variance == pytest.approx(2)


def test_waves_without_a_company_in_both_have_no_covariance() -> None:
    earlier, later = sample_of([[3, 4], [5]]), sample_of([[2], [4]])

    assert linked_covariance(LinkCell(0, 0, 0, 0), earlier=earlier, later=later) == 0


def test_new_wording_is_not_compared_with_the_old() -> None:
    with pytest.raises(NotComparable):
        change(an_estimate(60), an_estimate(50), same_wording=False)


# Segments against the rest


def test_segment_is_compared_with_all_other_answers_together() -> None:
    segments = {"gold": [[5, 5], [4], [5]], "silver": [[2], [3]], "bronze": [[1, 2], [2]]}

    gaps = segments_against_rest({name: cells_of(own) for name, own in segments.items()})

    rest = score_of([*segments["silver"], *segments["bronze"]])
    assert gaps["gold"] == difference(score_of(segments["gold"]), rest)


def test_segment_that_is_too_small_or_alone_has_no_gap() -> None:
    gaps = segments_against_rest(
        {"gold": cells_of([[5], [4]]), "silver": AnswerCells({3: 1}, 0, [])}
    )

    assert gaps == {"gold": None, "silver": None}
    assert segments_against_rest({"gold": cells_of([[5], [4]])}) == {"gold": None}
    assert published_against_rest({"gold": an_estimate(50)}) == {"gold": None}


@unhurried
@given(first=companies(), second=companies())
def test_two_segments_have_opposite_gaps(first: list[list[int]], second: list[list[int]]) -> None:
    gaps = segments_against_rest({"a": cells_of(first), "b": cells_of(second)})

    assert gaps["a"] is not None
    assert gaps["b"] is not None
    assert gaps["a"].value == pytest.approx(-gaps["b"].value)
    assert gaps["a"].mark(10) == gaps["b"].mark(10)


def test_published_rest_is_close_to_the_rest_of_its_cells() -> None:
    dice = random.Random(8)
    segments = {name: random_companies(dice) for name in ("gold", "silver", "bronze", "new")}
    published = {name: score_of(own) for name, own in segments.items()}

    from_figures = published_against_rest(published)
    from_cells = segments_against_rest({name: cells_of(own) for name, own in segments.items()})

    for name in segments:
        first, second = from_figures[name], from_cells[name]
        assert first is not None
        assert second is not None
        assert first.value == pytest.approx(second.value)
        assert first.half_width(10) == pytest.approx(second.half_width(10), rel=0.25)


@unhurried
@given(estimates=st.lists(scores, min_size=1, max_size=5))
def test_pooled_figure_counts_everybody_and_lies_between_its_parts(
    estimates: Sequence[Estimate],
) -> None:
    whole = pooled(estimates)

    values = [estimate.value for estimate in estimates]
    assert whole.n == sum(estimate.n for estimate in estimates)
    assert min(values) - 1e-9 <= whole.value <= max(values) + 1e-9
    assert min(e.df for e in estimates) - 1e-9 <= whole.df <= sum(e.df for e in estimates) + 1e-6


def test_pooling_nothing_or_two_scales_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        pooled([])
    with pytest.raises(NotComparable):
        pooled([an_estimate(50), replace(an_estimate(50), scale=NPS)])
