"""The overview as a value: gaps, what is missing, blind spots, changes."""

from typing import Any

import pytest
from made_figures import (
    DRIVERS,
    INCENTIVES,
    LISTENING,
    RULES,
    at_most,
    both,
    coarse,
    exact,
    hidden,
    overview,
)

from analysis.dashboard import (
    ImportancePoint,
    Missing,
    StatedImportance,
    change_of,
    fix_first_codes,
    gap_family,
    knows_links,
    shares_of,
)
from analysis.figures import GUESS, NPS
from analysis.gap import Headline, Mark
from analysis.importance import WeightSource
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import TOTAL, CommentCounts
from surveys.participation import Participation
from surveys.terms import CellState

GOLD = ("tier", "gold")


def test_gaps_stand_widest_first_and_hidden_ones_last() -> None:
    figures = both(
        {"incentives": exact(60), "listening": exact(40), "direct_rules": hidden()},
        {"incentives": exact(65), "listening": exact(75), "direct_rules": exact(70)},
    )

    page = overview(figures)

    assert [row.code for row in page.gaps] == ["listening", "incentives", "direct_rules"]
    assert [row.mark for row in page.gaps] == [Mark.BIGGER, Mark.CHANCE, Mark.HIDDEN]
    assert page.n_bigger == 1


def test_every_gap_counts_all_drivers_that_both_were_asked() -> None:
    figures = both(
        {"incentives": exact(60), "listening": hidden(), "direct_rules": exact(50)},
        {"incentives": exact(65), "listening": exact(75)},
    )

    page = overview(figures)

    assert page.k == gap_family(figures, DRIVERS) == 2
    assert {row.code for row in page.gaps} == {"incentives", "listening"}


def test_a_segment_keeps_the_number_of_comparisons() -> None:
    by_row = {TOTAL: exact(50), GOLD: exact(40)}
    figures = both(
        {"incentives": by_row, "listening": by_row},
        {"incentives": exact(60), "listening": exact(60)},
    )

    whole, gold = overview(figures), overview(figures, row=GOLD)

    assert whole.k == gold.k == 2
    assert gold.gaps[0].gap is not None
    assert gold.gaps[0].gap.value == -20


@pytest.mark.parametrize(
    ("partners", "staff", "internal", "missing"),
    [
        ({}, None, True, Missing.NOBODY),
        ({"incentives": exact(50)}, None, False, Missing.STAFF_NOT_ASKED),
        ({"incentives": exact(50)}, None, True, Missing.STAFF_WAITING),
        ({"incentives": hidden()}, {"incentives": exact(60)}, True, Missing.PARTNERS_HIDDEN),
        ({"incentives": exact(50)}, {"incentives": hidden()}, True, Missing.STAFF_HIDDEN),
        ({"incentives": hidden()}, {"incentives": hidden()}, True, Missing.BOTH_HIDDEN),
        ({"incentives": at_most(8)}, {"incentives": exact(60)}, True, Missing.INEXACT),
    ],
)
def test_a_page_without_comparison_says_what_is_missing(
    partners: Any, staff: Any, internal: bool, missing: Missing
) -> None:
    page = overview(both(partners, staff, internal=internal))

    assert page.overall is None
    assert page.verdict is None
    assert page.missing is missing


def test_one_comparison_is_enough_for_a_headline() -> None:
    figures = both(
        {"incentives": exact(40), "listening": hidden()},
        {"incentives": exact(70), "listening": exact(60)},
    )

    page = overview(figures)

    assert page.missing is None
    assert page.verdict is Headline.LOWER


def test_rounded_and_bounded_figures_stand_beside_a_row_without_gap() -> None:
    figures = both({"incentives": coarse(60)}, {"incentives": exact(65)})

    page = overview(figures)

    assert page.gaps[0].gap is None
    shown = page.figures["incentives"]
    assert shown.partners is not None
    assert (shown.partners.state, shown.partners.value) == (CellState.COARSE, 60)


def test_blind_spots_are_important_and_clearly_lower() -> None:
    figures = both(
        {
            "incentives": exact(40, r=0.6),
            "listening": exact(40, r=0.1),
            "direct_rules": exact(70, r=0.7),
        },
        {"incentives": exact(70), "listening": exact(75), "direct_rules": exact(71)},
    )

    page = overview(figures)

    assert [spot.code for spot in page.spots.spots] == ["incentives"]


def test_what_partners_said_is_important_counts_where_links_cannot_tell() -> None:
    figures = both(
        {"incentives": exact(40), "listening": exact(40)},
        {"incentives": exact(70), "listening": exact(75)},
    )
    said = StatedImportance(figures.run, {"incentives": 6.2, "listening": 4.1})

    page = overview(figures, stated=said)

    assert [spot.code for spot in page.spots.spots] == ["incentives"]
    assert page.spots.source is WeightSource.STATED
    assert not knows_links(figures, DRIVERS)


def test_the_claim_on_recommendation_is_of_the_means_and_of_everybody() -> None:
    recommend = {TOTAL: exact(-10, scale=NPS, half=20), GOLD: exact(0, scale=NPS, half=30)}
    figures = both(
        {"recommend": recommend, "recommend.mean": exact(6.5, scale=GUESS, half=0.4)},
        {
            "recommend": exact(20, scale=NPS, half=20),
            "recommend.mean": exact(8.1, scale=GUESS, half=0.4),
        },
    )

    whole, gold = overview(figures), overview(figures, row=GOLD)

    assert whole.recommendation.claim is not None
    assert whole.recommendation.claim.value == pytest.approx(-1.6)
    assert whole.recommendation.mark is Mark.BIGGER
    assert gold.recommendation.claim is None
    assert gold.recommendation.partners is not None
    assert gold.recommendation.partners.value == 0


def test_a_change_is_claimed_only_where_the_wording_stayed() -> None:
    now = both({"recommend": exact(10, scale=NPS)}, None, number=2, series=2)
    before = both({"recommend": exact(40, scale=NPS)}, None)

    assert overview(now, before).recommendation.change is None
    same = both({"recommend": exact(10, scale=NPS)}, None, number=2)
    change = overview(same, before).recommendation.change
    assert change is not None
    assert change.value == -30
    assert change_of(exact(50), coarse(60), same_wording=True) is None
    assert change_of(exact(50), None, same_wording=True) is None


def test_participants_stay_hidden_where_the_wave_hides_them() -> None:
    figures = both({"participants": hidden(), "incentives": hidden()}, None)

    assert overview(figures).n_partners is None


def test_live_figures_tell_participants_by_the_question_answered_most() -> None:
    figures = both({"incentives": exact(50, n=18), "listening": exact(50, n=20)}, None)

    assert overview(figures).n_partners == 20


def test_importance_is_drawn_for_everybody_only() -> None:
    by_row = {TOTAL: exact(50, r=0.4), GOLD: exact(60)}
    figures = both({"incentives": by_row}, {"incentives": exact(60)})

    assert [point.driver.code for point in overview(figures).points] == ["incentives"]
    assert list(overview(figures, row=GOLD).points) == []


def test_fix_first_is_below_the_mean_score_and_above_the_mean_importance() -> None:
    points = [
        ImportancePoint(INCENTIVES, 60, 0.6),
        ImportancePoint(LISTENING, 40, 0.7),
        ImportancePoint(RULES, 45, 0.1),
    ]

    assert fix_first_codes(points) == ["listening"]
    assert fix_first_codes([]) == []


def test_drivers_stand_by_their_share_of_negative_mentions() -> None:
    def counted(negative: int, positive: int) -> CommentCounts:
        return CommentCounts(SentimentCounts(negative, 0, 0, positive), 9, 1.2)

    figures = both(
        {"incentives": exact(50)},
        None,
        driver_comments={
            "incentives": counted(3, 9),
            "listening": counted(9, 3),
            "direct_rules": None,
        },
    )

    rows = overview(figures).sentiment_by_driver

    assert [row.driver.code for row in rows] == ["listening", "incentives", "direct_rules"]


def test_shares_of_comments_need_ten_sure_ones_and_few_unsure() -> None:
    def shares(negative: int, positive: int, unsure: int) -> Any:
        counts = SentimentCounts(negative, 0, 0, positive, unsure)
        return shares_of(CommentCounts(counts, 8, 1.0))

    assert shares(6, 4, 0) is not None
    assert shares(5, 4, 0) is None
    assert shares(6, 4, 5) is None
    assert shares_of(None) is None


def test_the_response_rate_changes_by_points_of_delivered_invitations() -> None:
    figures = both({"incentives": exact(50)}, None)
    before = Participation(80, 80, 60, 50, 40)

    page = overview(figures, participation_before=before)

    assert page.participation.response_rate == pytest.approx(60 / 90)
    assert page.rate_change == pytest.approx(100 * (60 / 90 - 0.5))
    assert overview(figures).rate_change is None
