"""Figures, marks and findings in words: right signs, plurals and reasons, in English."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_figures import (
    INCENTIVES,
    LISTENING,
    RULES,
    at_most,
    both,
    coarse,
    estimate,
    exact,
    hidden,
    in_words,
    overview,
    page_of,
    run_of,
)

from analysis import driver_findings, findings, words
from analysis.dashboard import DriverFigures, DriverSentiment, ImportancePoint, StatedImportance
from analysis.driver_page import AnswerShare, answer_rows
from analysis.figures import GUESS, NPS, ClassShare, Figure
from analysis.gap import Mark, difference
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import TOTAL, CommentCounts, WaveTotals
from analysis.stats import Interval
from surveys.terms import CellState

ANALYSIS = Path(__file__).resolve().parent.parent / "analysis"
GOLD, SILVER, NORTH = ("tier", "gold"), ("tier", "silver"), ("region", "north")


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """All words of these tests are English."""
    with in_words():
        yield


def mentions(negative: int, other: int) -> CommentCounts:
    """Comments on a driver, so many of them negative."""
    return CommentCounts(SentimentCounts(negative, 0, 0, other), 9, 1.2)


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (exact(49.4), "49"),
        (exact(-8), "−8"),
        (coarse(60), "about 60"),
        (at_most(8), "8 or less"),
        (Figure(state=CellState.BOUND, n=6, at_least=92), "92 or more"),
        (hidden(), "–"),
        (None, "–"),
        (Figure(state=CellState.EXACT, n=3), "–"),
    ],
)
def test_a_figure_reads_as_it_may_be_shown(figure: Figure | None, text: str) -> None:
    assert words.figure_text(figure) == text


def test_a_recommendation_carries_its_sign() -> None:
    assert words.figure_text(exact(7, scale=NPS), sign=True) == "+7"
    assert words.figure_text(exact(-7, scale=NPS), sign=True) == "−7"
    assert words.figure_text(exact(0, scale=NPS), sign=True) == "0"


@pytest.mark.parametrize(
    ("figure", "reason"),
    [
        (None, "Not asked in this wave"),
        (hidden("few_people"), "Hidden to protect anonymity"),
        (hidden("large_share"), "Hidden to protect anonymity"),
        (hidden("few_invited"), "Hidden to protect anonymity"),
        (hidden("would_follow"), "Hidden: another hidden figure would follow"),
        (hidden("near_unanimous"), "Hidden: another hidden figure would follow"),
        (coarse(60), "Rounded: few people changed since the last wave"),
        (at_most(8), "A bound: nearly everybody answered the same"),
        (exact(50), ""),
        (Figure(state=CellState.EXACT, n=3), "Too few to say"),
    ],
)
def test_whatever_is_not_exact_says_why(figure: Figure | None, reason: str) -> None:
    assert words.reason_words(figure) == reason


def test_intervals_and_percents_have_one_percent_sign() -> None:
    assert words.interval_words(Interval(44.2, 53.6)) == "95% confidence: 44 to 54"
    assert words.interval_words(None) == "Too few to say"
    assert words.share_interval_words(Interval(0.333, 0.654)) == "95% confidence: 33% to 65%"
    assert words.range_words(Interval(-4.4, 0.2)) == "−4 to 0"
    assert words.range_words(None) == words.printed_range_words(None) == "–"


def test_a_limit_that_is_not_zero_never_reads_zero() -> None:
    assert words.printed_range_words(Interval(-40, -0.3)) == "−40 to −0.3"
    assert words.printed_range_words(Interval(0.04, 9)) == "0.04 to 9"
    assert words.printed_range_words(Interval(-40, 0)) == "−40 to 0"
    assert words.printed_range_words(Interval(-1.34, -0.04), decimals=1) == "−1.3 to −0.04"


@given(st.floats(-60, 60), st.floats(1, 20))
@settings(max_examples=80)
def test_a_printed_interval_excludes_zero_exactly_where_the_gap_is_marked(
    value: float, half: float
) -> None:
    gap = difference(estimate(50 + value / 2, half=half), estimate(50 - value / 2, half=half))

    printed = words.printed_range_words(gap.printed(10)).replace("−", "-")
    low, high = (float(limit) for limit in printed.split(" to "))

    assert (low > 0 or high < 0) == (gap.mark(10) is Mark.BIGGER)


def test_changes_say_what_may_be_claimed() -> None:
    clear = difference(estimate(40, half=2), estimate(60, half=2))
    unclear = difference(estimate(49, half=9), estimate(52, half=9))
    vague = difference(estimate(49, half=60), estimate(20, half=60))

    assert words.change_words(clear, since="Q3 2026") == "−20 since Q3 2026"
    assert words.change_words(unclear, since="Q3 2026") == "−3 since Q3 2026, may be chance"
    assert words.change_words(vague, since="Q3 2026") == "+29 since Q3 2026, too few to say"
    assert words.change_words(None, since="Q3 2026") == ""


def test_names_of_waves_get_short() -> None:
    assert words.short_wave("2026-Q4") == "Q4 26"
    assert words.short_wave("2026-11") == "2026-11"
    assert words.short_wave("2026-11-02") == "2026-11-02"


def test_segments_are_named_and_merged_ones_say_what_they_hold() -> None:
    assert words.segment_name(TOTAL) == words.row_name(TOTAL) == "All partners"
    assert words.segment_name(("tier", "gold")) == "Gold"
    assert words.segment_name(("country", "poland")) == "Poland"
    assert words.segment_name(("tier", "")) == "not given"
    assert words.row_name(("tier", '["gold", "new"]')) == "Tier: Other (Gold, New)"
    assert words.is_merged(("tier", '["gold", "new"]'))
    assert not words.is_merged(("tier", "gold"))


def test_parts_of_answers_are_percents_or_bounds() -> None:
    assert words.share_text(AnswerShare("exact", 9, 25)) == "36%"
    assert words.share_text(AnswerShare("at_most_one", None, 12)) == "at most 1 of 12"
    assert words.share_text(AnswerShare("all_but_one", None, 12)) == "at least 11 of 12"


def test_few_answers_are_those_under_fifteen() -> None:
    assert words.is_few(exact(50, n=14))
    assert not words.is_few(exact(50, n=15))
    assert not words.is_few(hidden())
    assert not words.is_few(None)


def test_counts_and_languages_in_words() -> None:
    assert words.count_text(1200) == "n\N{NO-BREAK SPACE}1,200"
    assert words.count_text(None) == ""
    assert words.language_words("pl") == "In Polish"
    assert words.language_words("de") == "In another language (de)"


@pytest.mark.parametrize(
    ("partners", "staff", "sentence"),
    [
        (40, 60, "Partners rate us 20 points lower than our own team thinks."),
        (51, 50, "Our team sees us much as partners do."),
        (60, 40, "Partners rate us 20 points higher than our own team thinks."),
    ],
)
def test_the_headline_says_the_finding(partners: float, staff: float, sentence: str) -> None:
    page = overview(both({"incentives": exact(partners)}, {"incentives": exact(staff)}))

    assert findings.headline_words(page) == sentence


def test_one_point_is_singular() -> None:
    ours, theirs = exact(49.4, half=0.2), exact(50.6, half=0.2)

    page = overview(both({"incentives": ours}, {"incentives": theirs}))

    assert findings.headline_words(page).startswith("Partners rate us 1 point lower")


def test_without_proof_no_difference_is_claimed() -> None:
    page = overview(both({"incentives": exact(40, half=20)}, {"incentives": exact(60, half=20)}))

    assert findings.headline_words(page).startswith("No proven difference")


def test_drivers_that_clearly_differ_are_named_even_where_the_whole_does_not() -> None:
    partners = {"incentives": exact(40), "listening": exact(80)}
    staff = {"incentives": exact(60), "listening": exact(60)}

    page = overview(both(partners, staff))

    assert page.n_bigger == 2
    assert findings.headline_words(page) == (
        "Partners and our own team clearly differ on 2 drivers, though not overall."
    )


def test_a_hidden_page_says_so_and_why() -> None:
    page = overview(both({"incentives": hidden()}, {"incentives": hidden()}))

    assert findings.headline_words(page) == "All figures are hidden to protect anonymity."
    assert findings.gaps_words(page) == ""
    why = findings.missing_words(page, min_people=6, min_companies=4)
    assert "6 answers from 4 companies" in why
    assert "8 people who were asked" in why
    assert findings.chart_words(page) == findings.headline_words(page)


def test_a_page_with_a_comparison_needs_no_reason() -> None:
    page = overview(both({"incentives": exact(40)}, {"incentives": exact(60)}))

    assert findings.missing_words(page, min_people=5, min_companies=3) == ""
    assert findings.gaps_words(page) == "1 of 1 gaps is bigger than chance."


def test_the_gap_chart_in_words_counts_what_it_shows() -> None:
    figures = both(
        {"incentives": exact(40), "listening": exact(80), "direct_rules": hidden()},
        {"incentives": exact(60), "listening": exact(60), "direct_rules": exact(60)},
    )

    assert findings.chart_words(overview(figures)) == (
        "Partners are lower on 1 driver, clearly so on 1."
        " They rate us clearly higher on: Listening."
        " 1 driver has no exact figure of both and so no gap."
    )


def test_a_row_is_a_sentence_for_those_who_do_not_see_it() -> None:
    figures = both(
        {"incentives": exact(40), "listening": hidden(), "direct_rules": at_most(8)},
        {"incentives": exact(60), "listening": exact(60), "direct_rules": exact(60)},
    )
    page = overview(figures)
    labels = {
        row.code: findings.row_label(row, page.drivers[row.code].name, page.figures[row.code])
        for row in page.gaps
    }

    assert labels["incentives"] == (
        "Incentives: partners 40, our team 60, difference −20, bigger than chance."
    )
    assert "partners –, our team 60, no difference: hidden to protect" in labels["listening"]
    assert "partners 8 or less, our team 60, no difference: not shown" in labels["direct_rules"]


def test_one_side_only_is_told_from_a_hidden_one() -> None:
    assert findings.no_gap_reason(DriverFigures(exact(50), None)) == "one side only"
    assert "anonymity" in findings.no_gap_reason(DriverFigures(None, hidden()))


def test_the_recommendation_tile_says_why_it_claims_nothing() -> None:
    nps = {TOTAL: exact(10, scale=NPS), GOLD: exact(20, scale=NPS)}
    mean = exact(7.2, scale=GUESS, half=0.3)
    claimed = both(
        {"recommend": nps, "recommend.mean": mean}, {"recommend": nps, "recommend.mean": mean}
    )

    assert findings.recommendation_words(overview(claimed)) == ""
    assert "all partners" in findings.recommendation_words(overview(claimed, row=GOLD))
    not_asked = overview(both({"recommend": nps}, None, internal=False))
    assert findings.recommendation_words(not_asked) == "Our team was not asked."
    waiting = overview(both({"recommend": nps}, None))
    assert "when its wave has closed" in findings.recommendation_words(waiting)
    kept = overview(both({"recommend": nps}, {"recommend": hidden()}))
    assert "hidden to protect anonymity" in findings.recommendation_words(kept)
    rounded = overview(both({"recommend": coarse(10)}, {"recommend": nps}))
    assert "not shown exactly" in findings.recommendation_words(rounded)


def test_what_to_fix_first_is_named_in_order() -> None:
    points = [
        ImportancePoint(INCENTIVES, 30, 0.5),
        ImportancePoint(LISTENING, 35, 0.8),
        ImportancePoint(RULES, 90, 0.1),
    ]

    assert findings.fix_first_words(points) == "Fix first: 6 Listening, 1 Incentives."
    assert findings.fix_first_words(points[:1]).startswith("No driver is both")
    assert findings.fix_first_words([]) == ""


def test_sentiment_in_words_names_the_largest_negative_part() -> None:
    rows = [DriverSentiment(RULES, mentions(9, 3)), DriverSentiment(LISTENING, mentions(2, 9))]

    assert findings.sentiment_words(rows) == (
        "The largest part of negative mentions: Direct-sales rules, 9 of 12."
    )
    assert findings.sentiment_words([DriverSentiment(RULES, None)]).startswith("Each driver has")
    none_bad = [DriverSentiment(RULES, mentions(0, 9))]
    assert findings.sentiment_words(none_bad) == "No driver has a negative mention."


def test_the_share_of_negative_comments_is_left_out_with_a_reason() -> None:
    def reason(comments: CommentCounts | None, *, is_hidden: bool = False) -> str:
        figures = both(
            {"incentives": exact(50)}, None, comments=comments, comments_hidden=is_hidden
        )
        return findings.no_shares_words(overview(figures))

    assert reason(None) == "No comments in this wave."
    assert reason(None, is_hidden=True) == ""
    assert reason(mentions(1, 0)) == "1 comment with a clear rating. A share needs 10."
    unsure = CommentCounts(SentimentCounts(6, 0, 0, 6, unsure=8), 9, 1.0)
    assert reason(unsure) == "Too few to say: 8 of 20 comments are unsure."


def test_missing_importance_counts_answers_only_where_they_are_shown() -> None:
    few = overview(both({"participants": exact(18, n=18), "incentives": exact(50)}, None))
    kept = overview(both({"participants": hidden(), "incentives": hidden()}, None))

    assert findings.no_importance_words(few) == "Importance needs 30 answers; you have 18."
    assert "you have" not in findings.no_importance_words(kept)


def test_gaps_by_size_alone_say_why() -> None:
    staff = {"incentives": exact(60)}
    unknown = overview(both({"incentives": exact(40)}, staff))
    unlinked = overview(both({"incentives": exact(40, r=-0.2)}, staff))

    assert "needs 30 answers" in findings.no_weights_words(unknown)
    assert findings.no_weights_words(unlinked).startswith("No driver goes with")


def test_blind_spots_say_when_partners_were_asked_what_matters() -> None:
    figures = both({"incentives": exact(40)}, {"incentives": exact(70)})
    earlier = run_of(1, label="2026-Q2")
    page = overview(figures, stated=StatedImportance(earlier, {"incentives": 6.0}))

    said = findings.spots_words(page)

    assert "on a scale from 1 to 7 (Q2 2026)" in said


def test_a_blind_spot_quotes_comments_else_both_scores() -> None:
    partners, staff = {"incentives": exact(40, r=0.5)}, {"incentives": exact(60)}
    bare = overview(both(partners, staff))
    said = overview(both(partners, staff, driver_comments={"incentives": mentions(9, 3)}))

    assert findings.spot_words(bare, "incentives") == "We say 60, partners say 40."
    assert findings.spot_words(said, "incentives") == "9 of 12 comments about it are negative."


def trend_page(*waves: tuple[float | None, int], before: float = 50) -> str:
    """The trend in words; each wave with its value (None: hidden) and its series."""
    history = [
        WaveTotals(
            run_of(number, label=f"2026-Q{number}"),
            {"incentives": hidden() if value is None else exact(value)},
            {},
            {"incentives": series},
        )
        for number, (value, series) in enumerate(waves, start=1)
    ]
    now = both({"incentives": exact(waves[-1][0] or 0)}, None, number=9)
    page = page_of(now, both({"incentives": exact(before)}, None), history=history)
    return driver_findings.trend_words(page)


def test_a_trend_goes_from_to_over_its_waves_and_marks_the_last_step() -> None:
    assert trend_page((61, 1), (None, 1), (53, 1), (30, 1), before=53) == (
        "Partners: from 61 to 30 over 3 waves. Partners since Q1 2027: −23, bigger than chance."
    )
    assert trend_page((50, 1), (49, 1)).endswith("since Q1 2027: −1, may be chance.")


def test_a_trend_is_not_told_across_a_new_wording() -> None:
    told = trend_page((90, 1), (50, 2), (49, 2))

    assert "from 50 to 49 over 2 waves" in told
    assert "90" not in told
    assert "The wording was new in Q2 2026" in told


def test_a_trend_starts_with_the_second_wave() -> None:
    assert trend_page((50, 1)) == "The trend starts with the second wave."


def test_answers_in_words_add_single_answers_up() -> None:
    counts = {"1": 2, "2": 3, "3": 5, "4": 7, "5": 3}
    whole = exact(60, n=20, classes=(5, 5, 10), histogram=counts)
    bounds = Figure(
        state=CellState.EXACT,
        n=12,
        classes=(ClassShare("at_most_one"), ClassShare("blank"), ClassShare("blank")),
    )

    assert driver_findings.answer_words(answer_rows(whole, None)) == (
        "Partners: agree 50%, disagree 25%."
    )
    assert driver_findings.answer_words(answer_rows(exact(9, classes=(30, 20, 10)), bounds)) == (
        "Partners: agree 17%, disagree 50%. Our team: disagree at most 1 of 12."
    )


def test_the_heatmap_in_words_claims_only_what_is_marked() -> None:
    def told(gold: float, silver: float) -> str:
        by_row = {TOTAL: exact(50), GOLD: exact(gold), SILVER: exact(silver), NORTH: hidden()}
        return driver_findings.heat_words(page_of(both({"incentives": by_row}, None)).heat)

    assert told(60, 30) == (
        "Lowest 30 (Tier: Silver), highest 60 (Tier: Gold)."
        " Clearly lower than the rest: Tier: Silver. Clearly higher than the rest: Tier: Gold."
        " 1 segment is hidden to protect anonymity."
    )
    assert "No segment clearly differs from the rest." in told(52, 49)


def test_mentions_of_a_driver_are_counted_by_kind() -> None:
    counts = CommentCounts(SentimentCounts(17, 4, 3, 2, unsure=1), 9, 1.2)
    page = page_of(both({"incentives": exact(50)}, None, driver_comments={"incentives": counts}))

    assert driver_findings.polarity_words(page) == (
        "Mentions: negative 17, mixed 4, neutral 3, positive 2, unsure 1."
    )
    assert driver_findings.polarity_words(page_of(both({"incentives": exact(50)}, None))) == ""


def test_a_percent_sign_is_doubled_exactly_where_values_are_filled_in() -> None:
    for path in sorted(ANALYSIS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id == "gettext" and isinstance(node.args[0], ast.Constant):
                message = str(node.args[0].value)
                bare = message.replace("%(", "")
                expected = "%%" if node.keywords else "%"
                assert bare.count("%") == len(expected) * bare.count(expected), (path, message)


def test_rare_combinations_of_an_anonymous_survey_are_named_in_the_language_of_the_page() -> None:
    assert words.value_name("tier", "Other") == "Other"
    with in_words("pl"):
        assert words.value_name("tier", "Other") == "Pozostałe"
