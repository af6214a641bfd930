"""The page of one driver as a value: trend, distribution, heatmap."""

from dataclasses import replace

import pytest
from made_figures import DRIVERS, INCENTIVES, both, exact, hidden, page_of, run_of

from analysis.driver_page import (
    answer_rows,
    heatmap,
    trend_steps,
)
from analysis.figures import ClassShare, Figure
from analysis.shown_figures import TOTAL, WaveTotals
from surveys.terms import CellState

GOLD, SILVER, NORTH = ("tier", "gold"), ("tier", "silver"), ("region", "north")


def totals(number: int, value: float | None, *, series: int = 1) -> WaveTotals:
    """One wave of a history; None: hidden."""
    figure = hidden() if value is None else exact(value)
    return WaveTotals(run_of(number), {"incentives": figure}, {}, {"incentives": series})


def test_tile_gap_and_change_are_of_the_chosen_segment() -> None:
    now = both({"incentives": {TOTAL: exact(50), GOLD: exact(40)}}, {"incentives": exact(60)})
    before = both({"incentives": {TOTAL: exact(50), GOLD: exact(46)}}, {"incentives": exact(61)})

    page = page_of(now, before, row=GOLD)

    assert page.partners is not None
    assert page.partners.value == 40
    assert page.gap.gap is not None
    assert page.gap.gap.value == -20
    assert page.partners_change is not None
    assert page.partners_change.value == -6
    assert page.staff_change is not None
    assert page.staff_change.value == -1


def test_rank_goes_by_the_link_with_recommending_us() -> None:
    figures = both(
        {
            "incentives": exact(50, r=0.3),
            "listening": exact(50, r=0.6),
            "direct_rules": exact(50),
        },
        None,
    )

    page = page_of(figures)

    found = page.importance
    assert (found.rank("incentives"), found.n_ranked, found.links["incentives"]) == (2, 2, 0.3)
    assert page_of(both({"incentives": exact(50)}, None)).importance.rank("incentives") is None


def test_new_wording_breaks_the_trend_where_it_begins() -> None:
    steps = trend_steps(
        [
            totals(1, 50),
            totals(2, 52, series=2),
            totals(3, None, series=2),
            totals(4, 55, series=2),
        ],
        "incentives",
    )

    assert [step.is_new_wording for step in steps] == [False, True, False, False]
    assert steps[2].partners is not None
    assert not steps[2].partners.is_shown


def test_a_wave_that_did_not_ask_does_not_break_the_trend() -> None:
    unasked = WaveTotals(run_of(2), {}, {}, {})

    steps = trend_steps([totals(1, 50), unasked, totals(3, 51)], "incentives")

    assert [step.is_new_wording for step in steps] == [False, False, False]
    assert steps[1].partners is None


def test_groups_of_answers_stand_from_agree_to_disagree() -> None:
    rows = answer_rows(exact(60, n=20, classes=(4, 6, 10)), exact(70, n=10, classes=(2, 2, 6)))

    assert [row.key for row in rows] == ["agree", "neither", "disagree"]
    assert [row.partners.percent for row in rows if row.partners] == [50, 30, 20]
    assert [row.staff.percent for row in rows if row.staff] == [60, 20, 20]


def test_each_answer_stands_where_all_voices_may_show_it() -> None:
    counts = {"1": 1, "2": 3, "3": 6, "4": 8, "5": 2}
    whole = exact(60, n=20, classes=(4, 6, 10), histogram=counts)

    assert [row.key for row in answer_rows(whole, None)] == ["5", "4", "3", "2", "1"]
    assert [row.key for row in answer_rows(whole, whole)] == ["5", "4", "3", "2", "1"]
    assert [row.key for row in answer_rows(whole, hidden())] == ["5", "4", "3", "2", "1"]
    grouped = answer_rows(whole, exact(70, n=10, classes=(2, 2, 6)))
    assert [row.key for row in grouped] == ["agree", "neither", "disagree"]


def test_an_answer_nobody_gave_is_zero_and_not_missing() -> None:
    figure = exact(60, n=4, classes=(0, 2, 2), histogram={"3": 2, "4": 2})

    shares = {row.key: row.partners for row in answer_rows(figure, None)}

    assert shares["5"] is not None
    assert shares["5"].percent == 0


def test_bounds_keep_their_state_and_other_groups_stay_blank() -> None:
    figure = Figure(
        state=CellState.EXACT,
        n=12,
        classes=(ClassShare("at_most_one"), ClassShare("blank"), ClassShare("all_but_one")),
    )

    rows = {row.key: row.partners for row in answer_rows(figure, hidden())}

    assert rows["neither"] is None
    for key, state in (("disagree", "at_most_one"), ("agree", "all_but_one")):
        share = rows[key]
        assert share is not None
        assert (share.state, share.percent, share.n) == (state, None, 12)


def test_nothing_is_drawn_where_no_share_is_shown() -> None:
    assert answer_rows(exact(60), hidden()) == []
    assert answer_rows(None, None) == []


def test_heatmap_has_every_published_segment_by_dimension() -> None:
    by_row = {TOTAL: exact(50), NORTH: exact(50), GOLD: exact(50), SILVER: hidden()}
    figures = both({"incentives": by_row, "participants": by_row}, None)

    heat = heatmap(figures.partner, DRIVERS, INCENTIVES)

    assert heat.columns == [NORTH, GOLD, SILVER]
    assert heat.groups == [("region", 1), ("tier", 2)]
    assert heat.counts[TOTAL] == 60
    assert heat.counts[SILVER] is None
    assert heat.this is not None
    assert [cell.figure is not None and cell.figure.is_shown for cell in heat.this.cells] == [
        True,
        True,
        False,
    ]


def test_merged_segments_stand_after_the_others() -> None:
    other = ("tier", '["new", "silver"]')
    figures = both({"incentives": {TOTAL: exact(50), other: exact(40), GOLD: exact(60)}}, None)

    assert heatmap(figures.partner, DRIVERS, INCENTIVES).columns == [GOLD, other]


def test_arrows_mark_what_differs_from_the_rest_of_its_dimension() -> None:
    def heat_of(gold: float, silver: float) -> list[int]:
        by_row = {TOTAL: exact(50), GOLD: exact(gold), SILVER: exact(silver), NORTH: exact(10)}
        row = heatmap(both({"incentives": by_row}, None).partner, DRIVERS, INCENTIVES).this
        assert row is not None
        return [cell.direction for cell in row.cells]

    assert heat_of(60, 30) == [0, 1, -1]
    assert heat_of(52, 48) == [0, 0, 0]


def test_a_figure_that_is_not_exact_takes_no_part_in_the_comparison() -> None:
    by_row = {
        TOTAL: exact(50),
        GOLD: exact(90),
        SILVER: replace(exact(10), estimate=None, state=CellState.COARSE),
    }

    row = heatmap(both({"incentives": by_row}, None).partner, DRIVERS, INCENTIVES).this

    assert row is not None
    assert [cell.direction for cell in row.cells] == [0, 0]


def test_without_figures_there_is_no_heatmap() -> None:
    heat = heatmap(None, DRIVERS, INCENTIVES)

    assert (heat.rows, heat.columns, heat.this) == ([], [], None)


@pytest.mark.parametrize(("score", "first"), [(30, True), (70, False)])
def test_fix_first_follows_the_quadrant(score: float, first: bool) -> None:
    figures = both(
        {"incentives": exact(score, r=0.7), "listening": exact(50, r=0.2)},
        None,
    )

    assert page_of(figures).is_fix_first is first
