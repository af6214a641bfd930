"""The trend as a value and in words: what moved, where a gap stays, what is left out."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from made_figures import DRIVERS, INCENTIVES, LISTENING, both, exact, hidden, in_words, run_of

from analysis import trend_drawings, trend_findings
from analysis.dashboard import RECOMMEND, gap_family
from analysis.figures import NPS, Figure
from analysis.gap import Mark
from analysis.shown_figures import TOTAL, RunFigures, WaveTotals
from analysis.trend_page import DriverTrend, TrendPage, build_trend, gap_history


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """All words of this file are English."""
    with in_words():
        yield


def wave(
    number: int,
    partners: Mapping[str, Figure],
    staff: Mapping[str, Figure] | None = None,
    *,
    series: Mapping[str, int] | None = None,
) -> WaveTotals:
    """One wave of the history; wordings are the first ones unless `series` says more."""
    codes = dict.fromkeys(partners, 1)
    label = f"2027-Q{number}"
    return WaveTotals(
        run_of(number, label=label), partners, staff or {}, codes | dict(series or {})
    )


def trend(history: list[WaveTotals], **values: Any) -> TrendPage:
    """The page of the last of these waves, compared with the one before."""
    made = [_figures(each) for each in history]
    given: dict[str, Any] = {
        "drivers": DRIVERS,
        "row": TOTAL,
        "history": history,
        "participation": {},
    }
    before = made[-2] if len(made) > 1 else None
    return build_trend(made[-1], before, **(given | values))


def _figures(totals: WaveTotals) -> RunFigures:
    label, number = totals.run.partner.label, totals.run.partner.number
    return both(dict(totals.partners), dict(totals.staff), number=number, label=label)


def driver(page: TrendPage, code: str) -> DriverTrend:
    """One driver of a page."""
    return next(each for each in page.drivers if each.driver.code == code)


def two(first: float, second: float) -> dict[str, Figure]:
    """Figures of two drivers."""
    return {"incentives": exact(first), "listening": exact(second)}


def test_a_driver_moved_only_by_the_rule_over_all_drivers() -> None:
    page = trend([wave(1, two(50, 50), two(60, 60)), wave(2, two(70, 53), two(60, 61))])

    moved, steady = driver(page, "incentives"), driver(page, "listening")
    assert moved.k == steady.k == 2
    assert moved.partners_change
    assert moved.partners_change.mark(moved.k) is Mark.BIGGER
    assert steady.partners_change
    assert steady.partners_change.mark(steady.k) is Mark.CHANCE
    assert trend_findings.headline_words(page) == (
        "Since Q1 2027 1 of 2 drivers moved by more than chance."
    )
    assert trend_findings.moved_words(page) == (
        "Partners: Incentives +20. On 1 driver no change is proven."
    )


def test_a_picture_of_the_team_that_moved_is_named() -> None:
    page = trend([wave(1, two(50, 50), two(60, 60)), wave(2, two(50, 50), two(60, 90))])

    assert trend_findings.headline_words(page) == (
        "Since Q1 2027 no driver moved by more than chance."
    )
    assert trend_findings.moved_words(page) == "Our team’s picture: Listening +30."


def test_a_new_wording_is_never_a_change_and_is_named() -> None:
    first, second = wave(1, two(50, 50)), wave(2, two(80, 50), series={"incentives": 2})
    before = both(dict(first.partners), None, number=1, label="2027-Q1")
    now = both(dict(second.partners), None, number=2, label="2027-Q2", series=2)

    page = build_trend(
        now, before, drivers=DRIVERS, row=TOTAL, history=[first, second], participation={}
    )

    assert driver(page, "incentives").partners_change is None
    assert driver(page, "incentives").trend[1].is_new_wording
    assert "Not compared, for a new wording or a figure that is not exact: Incentives" in (
        trend_findings.moved_words(page)
    )
    assert trend_findings.headline_words(page) == "No two waves can be compared."


def test_the_overall_line_covers_drivers_that_every_wave_shows_and_asked_alike() -> None:
    three = {"incentives": exact(40), "listening": exact(60), "direct_rules": exact(80)}
    page = trend(
        [
            wave(1, three, three),
            wave(2, three | {"listening": hidden()}, three),
            wave(3, three, three, series={"direct_rules": 2}),
        ]
    )

    assert [each.code for each in page.overall.drivers] == ["incentives"]
    assert [step.partners.value for step in page.overall.steps if step.partners] == [40, 40, 40]
    assert trend_findings.covers_words(page).startswith("Mean of 1 driver, of 3, that has the same")


def test_a_wave_that_shows_nothing_is_a_gap_of_the_line_and_not_a_reason_to_drop_it() -> None:
    nothing = {"incentives": hidden(), "listening": hidden()}
    page = trend(
        [wave(1, two(50, 60), two(70, 80)), wave(2, nothing, nothing), wave(3, two(52, 62))]
    )

    values = [step.partners.value if step.partners else None for step in page.overall.steps]
    assert len(page.overall.drivers) == 2
    assert values == [55, None, 57]
    assert [bool(step.staff) for step in page.overall.steps] == [True, False, False]


def test_the_overall_change_is_the_mean_of_the_changes_of_its_drivers() -> None:
    page = trend([wave(1, two(50, 50)), wave(2, two(70, 60))])

    assert page.overall.partners_change
    assert page.overall.partners_change.value == 15
    assert page.overall.staff_change is None
    assert "Partners: from 50 to 65 over 2 waves." in trend_findings.overall_words(page)
    assert "Partners since Q1 2027: +15, bigger than chance." in trend_findings.overall_words(page)


def test_no_common_driver_means_no_line_and_says_so() -> None:
    page = trend([wave(1, {"incentives": exact(50)}), wave(2, {"listening": exact(50)})])

    assert page.overall.drivers == []
    assert trend_drawings.overall_drawing(page) is None
    assert "there is no line over all drivers" in trend_findings.covers_words(page)


def test_a_gap_is_there_since_the_first_wave_of_the_unbroken_row() -> None:
    wide, narrow = two(40, 60), two(66, 60)
    staff = two(70, 60)
    page = trend(
        [wave(1, wide, staff), wave(2, narrow, staff), wave(3, wide, staff), wave(4, wide, staff)]
    )

    gaps = driver(page, "incentives").gaps
    assert (gaps.n_bigger, gaps.n_known, gaps.n_since) == (3, 4, 2)
    assert trend_findings.gap_words(gaps) == (
        "Gap: bigger than chance in 3 of 4 waves, since Q3 2027."
    )
    assert trend_findings.since_words(page) == (
        "Gaps bigger than chance now: Incentives (since Q3 2027)."
    )
    assert trend_findings.gap_words(driver(page, "listening").gaps) == (
        "Gap: not bigger than chance in any of 4 waves."
    )


def test_a_gap_that_closed_and_a_gap_that_is_new_are_told_apart() -> None:
    wide, narrow, staff = two(40, 68), two(68, 40), two(70, 70)
    page = trend([wave(1, wide, staff), wave(2, narrow, staff)])

    assert trend_findings.gap_words(driver(page, "incentives").gaps) == (
        "Gap: bigger than chance in 1 of 2 waves, not in the newest."
    )
    assert trend_findings.gap_words(driver(page, "listening").gaps) == (
        "Gap: bigger than chance in 1 of 2 waves, new in this wave."
    )


def test_a_hidden_wave_does_not_break_the_row_of_a_gap() -> None:
    staff = two(70, 60)
    gone = {"incentives": hidden(), "listening": exact(60)}
    page = trend([wave(1, two(40, 60), staff), wave(2, gone, staff), wave(3, two(40, 60), staff)])

    gaps = driver(page, "incentives").gaps
    assert (gaps.n_bigger, gaps.n_known) == (2, 2)
    assert gaps.since
    assert gaps.since.partner.label == "2027-Q1"


def test_a_gap_counts_from_the_present_wording() -> None:
    staff = two(70, 60)
    page = trend(
        [
            wave(1, two(40, 60), staff),
            wave(2, two(40, 60), staff, series={"incentives": 2}),
            wave(3, two(40, 60), staff, series={"incentives": 2}),
        ]
    )

    gaps = driver(page, "incentives").gaps
    assert (gaps.n_bigger, gaps.n_known) == (2, 2)
    assert gap_history([], []).n_known == 0


def test_the_newest_gaps_are_marked_as_on_the_overview() -> None:
    partners, staff = two(52, 60), two(70, 60)
    page = trend([wave(1, partners, staff), wave(2, partners, staff)])

    figures = both(partners, staff)
    assert driver(page, "incentives").k == gap_family(figures, DRIVERS)
    assert [each.marks[-1] for each in page.drivers] == [Mark.BIGGER, Mark.CHANCE]


def test_nothing_both_say_means_that_no_gap_can_be_told() -> None:
    page = trend([wave(1, two(50, 60)), wave(2, two(50, 60))])

    assert trend_findings.since_words(page) == (
        "No wave shows both voices exactly, so no gap can be told."
    )
    assert trend_findings.gap_words(page.drivers[0].gaps) == "No wave shows both voices exactly."
    same = trend([wave(1, two(60, 60), two(60, 60)), wave(2, two(60, 60), two(60, 60))])
    assert trend_findings.since_words(same) == "In this wave no gap is bigger than chance."


def test_every_small_chart_has_the_axis_of_all_drivers_and_breaks_at_a_new_wording() -> None:
    page = trend(
        [
            wave(1, two(10, 90), two(70, 60)),
            wave(2, two(12, 88), two(70, 60), series={"listening": 2}),
        ]
    )

    axis = trend_drawings.score_axis(page)
    drawn = [trend_drawings.driver_drawing(each, axis) for each in page.drivers]

    assert (axis.low, axis.high) == (0, 100)
    assert drawn[0]
    assert "polyline" in drawn[0]
    assert "brk" not in drawn[0]
    assert drawn[1]
    assert "polyline" not in drawn[1], "neither line leads over the break"
    assert 'class="brk"' in drawn[1]


def test_a_driver_that_no_wave_shows_has_no_chart() -> None:
    gone = {"incentives": hidden(), "listening": exact(50)}
    page = trend([wave(1, gone), wave(2, gone)])

    axis = trend_drawings.score_axis(page)
    assert trend_drawings.driver_drawing(driver(page, "incentives"), axis) is None
    assert trend_drawings.driver_drawing(driver(page, "listening"), axis)
    assert page.has_figures
    assert not trend([wave(1, {INCENTIVES.code: hidden()})]).has_figures


def test_nps_is_told_with_signs_and_marked_alone() -> None:
    first = two(50, 50) | {RECOMMEND: exact(-20, scale=NPS, half=10)}
    second = two(50, 50) | {RECOMMEND: exact(30, scale=NPS, half=10)}
    page = trend([wave(1, first), wave(2, second)])

    said = trend_findings.recommendation_words(page)
    assert said == (
        "Partners: from −20 to +30 over 2 waves. Partners since Q1 2027: +50, bigger than chance."
    )
    drawn = trend_drawings.recommendation_drawing(page)
    assert drawn
    assert re.search(r'aria-label="Partners: from −20 to \+30', drawn)
    assert trend_drawings.recommendation_drawing(trend([wave(1, two(50, 50))])) is None


def test_one_wave_is_no_trend() -> None:
    page = trend([wave(1, two(50, 50))])

    assert not page.has_trend
    assert page.since is None
    assert trend_findings.moved_words(page) == ""
    assert LISTENING in [each.driver for each in page.drivers]
