"""Charts of the pages: what is drawn, what is left out, what is said instead."""

import re
from collections.abc import Iterator

import pytest
from made_figures import (
    INCENTIVES,
    LISTENING,
    at_most,
    both,
    coarse,
    exact,
    hidden,
    in_words,
    overview,
    page_of,
    run_of,
)

from analysis import drawings
from analysis.dashboard import DriverSentiment, ImportancePoint
from analysis.driver_page import answer_rows
from analysis.figures import NPS, ClassShare, Figure
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import CommentCounts, WaveTotals
from surveys.participation import Participation
from surveys.terms import CellState


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """All words of these drawings are English."""
    with in_words():
        yield


def labels(drawn: str) -> list[str]:
    """What a drawing says to those who do not see it."""
    return re.findall(r'aria-label="([^"]*)"', drawn)


def test_the_gap_axis_holds_every_band() -> None:
    page = overview(both({"incentives": exact(30, half=20)}, {"incentives": exact(80, half=20)}))

    axis = drawings.gap_axis(page)

    bands = [page.gaps[0].partners_band, page.gaps[0].staff_band]
    assert all(band is not None for band in bands)
    assert axis.low <= min(band.low for band in bands if band)
    assert axis.high >= min(100, max(band.high for band in bands if band))
    assert axis.high - axis.low >= 60


def test_a_row_shows_both_numbers_and_says_itself() -> None:
    page = overview(both({"incentives": exact(40)}, {"incentives": exact(60)}))
    row = page.gaps[0]

    drawn = str(
        drawings.gap_drawing(row, page.figures["incentives"], drawings.gap_axis(page), "Incentives")
    )

    assert ">40<" in drawn
    assert ">60<" in drawn
    assert "gapline sig" in drawn
    assert labels(drawn) == [
        "Incentives: partners 40, our team 60, difference −20, bigger than chance."
    ]


@pytest.mark.parametrize(("figure", "words"), [(coarse(60), "about 60"), (at_most(8), "8 or less")])
def test_a_figure_that_is_not_exact_stands_in_the_chart_with_its_words(
    figure: Figure, words: str
) -> None:
    page = overview(both({"incentives": figure}, {"incentives": exact(50)}))

    drawn = str(
        drawings.gap_drawing(
            page.gaps[0], page.figures["incentives"], drawings.gap_axis(page), "Incentives"
        )
    )

    assert words in drawn
    assert "gapline sig" not in drawn


def test_a_hidden_voice_is_not_drawn() -> None:
    page = overview(both({"incentives": hidden()}, {"incentives": exact(50)}))

    drawn = str(
        drawings.gap_drawing(
            page.gaps[0], page.figures["incentives"], drawings.gap_axis(page), "Incentives"
        )
    )

    assert "m-p" not in drawn
    assert "m-s" in drawn


def test_the_headline_is_drawn_only_where_something_is_compared() -> None:
    shown = overview(both({"incentives": exact(40)}, {"incentives": exact(60)}))
    kept = overview(both({"incentives": hidden()}, {"incentives": exact(60)}))

    assert labels(str(drawings.headline_drawing(shown))) == [
        "All drivers: partners 40, our team 60."
    ]
    assert str(drawings.headline_drawing(kept)) == ""


def test_the_recommendation_shows_both_facts_and_a_dark_line_only_for_a_claim() -> None:
    nps = {"recommend": exact(10, scale=NPS, half=20)}
    page = overview(both(nps, {"recommend": exact(40, scale=NPS, half=20)}))

    drawn = str(drawings.recommendation_drawing(page))

    assert labels(drawn) == ["NPS of partners +10, NPS of our team’s guesses +40."]
    assert "gapline sig" not in drawn
    empty = overview(both({"recommend": hidden()}, {"recommend": hidden()}))
    assert str(drawings.recommendation_drawing(empty)) == ""


def test_the_trend_leaves_out_a_wave_that_shows_nothing() -> None:
    history = [
        WaveTotals(run_of(1, label="2026-Q1"), {"incentives": exact(60)}, {}, {"incentives": 1}),
        WaveTotals(run_of(2, label="2026-Q2"), {"incentives": hidden()}, {}, {"incentives": 1}),
        WaveTotals(run_of(3, label="2026-Q3"), {"incentives": exact(50)}, {}, {"incentives": 1}),
    ]
    page = page_of(both({"incentives": exact(50)}, None), history=history)

    drawn = str(drawings.trend_drawing(page))

    assert drawn.count('class="m-p"') == 2
    assert "Q2 26" in drawn
    assert labels(drawn)[0].startswith("Partners: from 60 to 50 over 2 waves.")


def test_a_history_without_figures_has_no_trend() -> None:
    history = [WaveTotals(run_of(1), {"incentives": hidden()}, {}, {"incentives": 1})]

    page = page_of(both({"incentives": hidden()}, None), history=history)

    assert drawings.trend_drawing(page) is None


def test_bars_are_drawn_for_exact_shares_only() -> None:
    bounds = Figure(
        state=CellState.EXACT,
        n=12,
        classes=(ClassShare("at_most_one"), ClassShare("blank"), ClassShare("blank")),
    )

    drawn = drawings.answer_drawings(answer_rows(exact(60, n=20, classes=(4, 6, 10)), bounds))

    assert [row.key for row, _, _ in drawn] == ["agree", "neither", "disagree"]
    assert labels(str(drawn[0][1])) == ["Partners: 50%"]
    assert all(str(theirs) == "" for _, _, theirs in drawn)
    assert "#hidden" not in "".join(str(ours) + str(theirs) for _, ours, theirs in drawn)


def test_both_voices_of_a_distribution_share_one_scale() -> None:
    rows = answer_rows(exact(60, n=100, classes=(20, 30, 50)), exact(70, n=10, classes=(1, 1, 8)))

    (_, ours, theirs), *_ = drawings.answer_drawings(rows)

    assert 'width="50%"' in str(ours)
    assert 'width="80%"' in str(theirs)


def test_steps_of_an_anonymous_wave_leave_out_what_is_not_known() -> None:
    counts = Participation(10, 9, 4, 4, 4)

    known = [name for name, _, _ in drawings.funnel_steps(counts, is_anonymous=False)]
    anonymous = [name for name, _, _ in drawings.funnel_steps(counts, is_anonymous=True)]

    assert known == ["Invited", "Delivered", "Opened the link", "Started", "Finished"]
    assert anonymous == ["Invited", "Delivered", "Finished"]


def test_sentiment_bars_say_their_counts_and_hidden_ones_say_that() -> None:
    counts = CommentCounts(SentimentCounts(6, 1, 1, 4), 9, 1.2)

    shown = str(drawings.driver_sentiment_drawing(DriverSentiment(LISTENING, counts)))
    kept = str(drawings.driver_sentiment_drawing(DriverSentiment(LISTENING, None)))

    assert "negative 6, mixed 1, neutral 1, positive 4 of 12 mentions" in labels(shown)[0]
    assert labels(kept) == ["Listening: too few comments to say."]


def test_the_quadrant_names_its_corners_and_numbers_its_points() -> None:
    points = [ImportancePoint(INCENTIVES, 40, 0.6), ImportancePoint(LISTENING, 70, 0.2)]

    drawn = str(drawings.quadrant_drawing(points, "Fix first: 1 Incentives."))

    for words in ("Fix first", "Protect", "Watch", "Keep going", ">1<", ">6<"):
        assert words in drawn


def test_the_example_of_an_empty_workspace_shows_no_number() -> None:
    drawn = str(drawings.example_drawing())

    assert not re.findall(r">[−+]?\d+<", drawn)
    assert "Partner reality" in drawn
