"""The page of participation from made counts: groups, balance, scores in proportion, words."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_figures import DRIVERS, both, exact, hidden, in_words, run_of

from analysis import participation_drawings, participation_findings
from analysis.participation_page import (
    ParticipationPage,
    WaveCounts,
    build_participation,
    shown_groups,
)
from analysis.segment_keys import members_of
from analysis.shown_figures import TOTAL, Row, RunFigures
from surveys.participation import GroupCount, Participation, ParticipationDetail
from surveys.terms import Mode, WaveState

COUNTS = Participation(invited=300, delivered=290, opened=200, started=160, answered=150)
TIERS = {
    "gold": GroupCount(100, 80, 60),
    "silver": GroupCount(100, 60, 70),
    "registered": GroupCount(100, 20, 80),
}


def page_of(
    groups: Mapping[str, Mapping[str, GroupCount]] | None = None,
    *,
    counts: Participation = COUNTS,
    figures: RunFigures | None = None,
    history: Any = None,
    company_size: float = 1.4,
    sent: int = 295,
) -> ParticipationPage:
    """The page of a closed confidential run with these groups of partners and ten staff."""
    figures = figures or both(None, None)
    run = figures.run
    run.partner.min_people, run.partner.min_companies = 5, 3
    if run.internal:
        run.internal.min_people, run.internal.min_companies = 5, 1
    own = ParticipationDetail(
        sent=sent,
        n_companies=210,
        n_companies_took_part=90,
        company_size=company_size,
        groups={"tier": TIERS} if groups is None else groups,
    )
    team = Participation(10, 10, 9, 8, 8)
    return build_participation(
        figures,
        partners=WaveCounts(run.partner, counts, own),
        staff=WaveCounts(
            run.internal,
            team,
            ParticipationDetail(10, 10, 8, 1.0, {"team": {"sales": GroupCount(10, 8, 10)}}),
        )
        if run.internal
        else None,
        drivers=DRIVERS,
        history=[(run, counts, team)] if history is None else history,
    )


def by_tier(**values: float | None) -> Mapping[Row, Any]:
    """A driver's figures: 50 for everybody, and of each tier; None is hidden."""
    rows: dict[Row, Any] = {TOTAL: exact(50, n=160)}
    for tier, value in values.items():
        rows["tier", tier] = hidden() if value is None else exact(value)
    return rows


def words_of(page: ParticipationPage) -> str:
    with in_words():
        return participation_findings.headline_words(page)


def test_the_funnel_tells_bounced_from_not_sent() -> None:
    page = page_of()

    voice = page.partners
    assert (voice.sent, voice.bounced, voice.n_unsent) == (295, 5, 5)
    with in_words():
        assert participation_findings.mail_words(voice) == (
            "5 invitations came back as undeliverable. 5 invitations were not sent."
        )
        assert [count for _, count in participation_drawings.steps_of(voice)] == [
            300, 295, 290, 200, 160, 150,
        ]  # fmt: skip


def test_an_answer_through_a_link_that_was_handed_on_never_bounces() -> None:
    counts = Participation(invited=10, delivered=6, opened=6, started=6, answered=6)

    voice = page_of({}, counts=counts, sent=4).partners

    assert (voice.sent, voice.bounced) == (6, 0)


def test_an_anonymous_wave_shows_neither_openings_nor_starts() -> None:
    figures = both(None, None)
    figures.run.partner.mode = Mode.ANONYMOUS

    page = page_of(figures=figures)

    assert (page.partners.funnel.opened, page.partners.funnel.started) == (None, None)
    with in_words():
        names = [name for name, _ in participation_drawings.steps_of(page.partners)]
        text = participation_findings.voice_words(page.partners)
    assert names == ["Invited", "Sent", "Delivered", "Finished"]
    assert "200" not in text
    assert "160" not in text


def test_a_group_that_answers_less_than_the_rest_is_named() -> None:
    page = page_of()

    (part,) = page.partner_parts
    assert [row.row[1] for row in part.rows] == ["registered", "silver", "gold"]
    assert [row.row[1] for row in part.under] == ["registered"]
    assert [row.row[1] for row in part.over] == ["gold"]
    assert words_of(page) == "Underrepresented: Registered (tier)."
    with in_words():
        assert participation_findings.verdict_words(part.rows[0]) == "underrepresented"
        assert participation_findings.verdict_words(part.rows[1]) in (
            "may be chance",
            "clear, but of little weight",
        )
        assert "Lowest: Registered, 20%. Highest: Gold, 80%." in participation_findings.part_words(
            part
        )


def test_a_difference_of_small_groups_may_be_chance() -> None:
    groups = {"tier": {"gold": GroupCount(10, 6, 9), "silver": GroupCount(10, 4, 9)}}

    page = page_of(groups)

    assert page.under == page.over == []
    assert words_of(page) == "No group of partners is clearly under- or overrepresented."
    with in_words():
        assert {participation_findings.verdict_words(row) for row in page.parts[0].rows} == {
            "may be chance"
        }


def test_a_clear_difference_of_little_weight_is_no_warning() -> None:
    groups = {"tier": {"gold": GroupCount(20_000, 10_800, 9000), "new": GroupCount(300, 60, 290)}}

    page = page_of(groups, company_size=1.0)

    assert page.under == page.over == []
    with in_words():
        assert participation_findings.verdict_words(page.parts[0].rows[0]) == (
            "clear, but of little weight"
        )


def test_small_groups_are_merged_before_they_are_shown() -> None:
    groups = {
        "gold": GroupCount(30, 10, 20),
        "silver": GroupCount(20, 8, 12),
        "bronze": GroupCount(4, 4, 4),
        "new": GroupCount(9, 0, 2),
    }

    shown = shown_groups(groups, min_people=5, min_companies=3)

    assert shown == {
        "gold": GroupCount(30, 10, 20),
        "silver": GroupCount(20, 8, 12),
        '["bronze", "new"]': GroupCount(13, 4, 6),
    }


def test_a_merged_group_that_is_too_small_takes_the_smallest_other() -> None:
    groups = {
        "gold": GroupCount(30, 10, 20),
        "silver": GroupCount(20, 8, 12),
        "new": GroupCount(2, 2, 1),
    }

    shown = shown_groups(groups, min_people=5, min_companies=3)

    assert shown == {
        "gold": GroupCount(30, 10, 20),
        '["new", "silver"]': GroupCount(22, 10, 13),
    }


def test_two_groups_of_which_one_is_too_small_are_not_told_apart() -> None:
    groups = {"gold": GroupCount(30, 10, 20), "new": GroupCount(4, 1, 4)}

    assert shown_groups(groups, min_people=5, min_companies=3) == {}
    page = page_of({"tier": groups})
    assert page.parts[0].rows == []
    assert page.partner_parts == []
    assert words_of(page) == "150 of 300 partner contacts answered."


def test_an_identified_survey_shows_every_group() -> None:
    figures = both(None, None)
    figures.run.partner.mode = Mode.IDENTIFIED

    page = page_of(
        {"tier": {"gold": GroupCount(30, 10, 20), "new": GroupCount(1, 1, 1)}}, figures=figures
    )

    assert [row.row for row in page.parts[0].rows] == [("tier", "gold"), ("tier", "new")]


group_counts = st.integers(1, 30).flatmap(
    lambda invited: st.builds(
        GroupCount, st.just(invited), st.integers(0, invited), st.integers(1, invited)
    )
)


@given(st.dictionaries(st.sampled_from("abcdefgh"), group_counts, max_size=8))
def test_shown_groups_are_large_enough_and_hold_everybody_or_nobody(
    groups: dict[str, GroupCount],
) -> None:
    shown = shown_groups(groups, min_people=5, min_companies=3)

    assert all(count.invited >= 5 and count.n_companies >= 3 for count in shown.values())
    assert len(shown) != 1
    if shown:
        assert sorted(member for key in shown for member in members_of(key)) == sorted(groups)
        assert sum(shown.values(), GroupCount()) == sum(groups.values(), GroupCount())


def test_scores_are_weighted_by_the_invited_of_each_group() -> None:
    rows = by_tier(gold=70, silver=50, registered=30)
    page = page_of(figures=both({"incentives": rows}, None))

    reweighting = page.parts[0].reweighting

    assert reweighting is not None
    assert reweighting.score == 50
    assert reweighting.reweighted == pytest.approx(50)
    uneven = (
        page_of(
            {"tier": TIERS | {"gold": GroupCount(300, 80, 200)}},
            figures=both({"incentives": rows}, None),
        )
        .parts[0]
        .reweighting
    )
    assert uneven is not None
    assert uneven.reweighted == pytest.approx((3 * 70 + 50 + 30) / 5)
    with in_words():
        assert participation_findings.reweighting_words(uneven) == (
            "Had every group answered in proportion, the mean of the drivers would be"
            " 58 instead of 50."
        )


def test_a_hidden_group_keeps_the_weight_from_going_to_the_others() -> None:
    figures = both(
        {
            "incentives": by_tier(gold=70, silver=50, registered=None),
            "listening": by_tier(gold=60, silver=50, registered=40),
        },
        None,
    )

    reweighting = page_of(figures=figures).parts[0].reweighting

    assert reweighting is not None
    assert [each.reweighted for each in reweighting.drivers] == [None, pytest.approx(50)]
    with in_words():
        assert "1 driver is left out" in participation_findings.reweighting_words(reweighting)


def test_a_group_that_nobody_answered_for_is_said_in_words() -> None:
    figures = both({"incentives": by_tier(gold=70, silver=50)}, None)

    reweighting = page_of(figures=figures).parts[0].reweighting

    assert reweighting is not None
    assert reweighting.reweighted is None
    with in_words():
        assert "cannot be worked out" in participation_findings.reweighting_words(reweighting)


def test_merged_published_rows_are_weighted_by_all_their_members() -> None:
    rows = {
        TOTAL: exact(50, n=160),
        ("tier", "gold"): exact(80),
        ("tier", '["registered", "silver"]'): exact(20),
    }

    reweighting = page_of(figures=both({"incentives": rows}, None)).parts[0].reweighting

    assert reweighting is not None
    assert reweighting.reweighted == pytest.approx((80 + 2 * 20) / 3)


def test_before_results_nothing_is_said_about_scores() -> None:
    assert page_of(figures=both(None, None)).parts[0].reweighting is None


def test_groups_that_nobody_took_part_in_have_no_balance() -> None:
    groups = {"tier": {"gold": GroupCount(30, 0, 20), "silver": GroupCount(20, 0, 12)}}
    counts = Participation(invited=50, delivered=50)

    page = page_of(groups, counts=counts)

    assert page.nobody_took_part
    assert page.parts[0].r_indicator is None
    assert words_of(page) == "Nobody answered."
    with in_words():
        assert participation_findings.part_words(page.parts[0]) == (
            "Nobody of these groups has taken part yet."
        )
        assert participation_findings.indicator_words(page.parts[0]) == ""


def test_an_open_wave_speaks_of_the_present() -> None:
    figures = both(None, None)
    figures.run.partner.state = WaveState.OPEN

    assert words_of(page_of(figures=figures)) == "Underrepresented so far: Registered (tier)."
    nobody = page_of({}, counts=Participation(invited=9, delivered=9), figures=figures)
    assert words_of(nobody) == "Nobody has answered yet."


def test_nobody_invited_is_a_state_of_its_own() -> None:
    figures = both(None, None, internal=False)

    page = page_of({}, counts=Participation(), figures=figures, sent=0)

    assert page.nobody_invited
    assert page.staff is None


def history(*rates: float) -> list[Any]:
    """Closed runs with these response rates."""
    return [
        (
            run_of(number, label=f"2027-Q{number}"),
            Participation(200, 100, 100, 100, round(100 * rate)),
            None,
        )
        for number, rate in enumerate(rates, start=1)
    ]


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (0.40, 0.50, "The response rate is 10 points higher than in Q1 2027."),
        (0.50, 0.49, "The response rate is 1 point lower than in Q1 2027."),
        (0.50, 0.50, "The response rate is the same as in Q1 2027."),
    ],
)
def test_the_change_since_the_wave_before_is_told(before: float, now: float, words: str) -> None:
    steps = history(before, now)
    page = page_of(figures=both(None, None, number=2, label="2027-Q2"), history=steps)

    with in_words():
        assert participation_findings.change_words(page) == words


def test_a_wave_that_is_open_is_not_compared_or_drawn() -> None:
    steps = history(0.4, 0.5, 0.1)
    steps[-1][0].partner.state = WaveState.OPEN
    figures = both(None, None, number=3, label="2027-Q3")
    figures.run.partner.state = WaveState.OPEN
    page = page_of(figures=figures, history=steps)

    with in_words():
        assert participation_findings.change_words(page) == ""
        assert participation_findings.trend_words(page.trend) == (
            "Partners: 40% in Q1 2027, 50% in Q2 2027."
        )
        drawing = participation_drawings.trend_drawing(page)
    assert drawing is not None
    assert "Q3 27" not in drawing


def test_one_closed_wave_is_no_trend() -> None:
    page = page_of()

    with in_words():
        assert participation_drawings.trend_drawing(page) is None
        assert participation_findings.trend_words(page.trend) == (
            "The trend starts with the second wave that has closed."
        )


def test_a_row_is_drawn_in_its_voice_with_its_band() -> None:
    page = page_of({"tier": TIERS})
    row = page.parts[0].rows[0]

    with in_words():
        axis = participation_drawings.rate_axis(page)
        drawing = participation_drawings.rate_drawing(page.parts[0], row, axis)

    assert "ci-p" in drawing
    assert "m-s" not in drawing
    assert "Registered: 20 of 100 took part, 20%" in drawing


@pytest.mark.parametrize(
    ("difference", "text"), [(0.123, "+12"), (-0.2, "−20"), (0.004, "+0.4"), (0.0, "0")]
)
def test_points_keep_their_sign_and_never_read_nought(difference: float, text: str) -> None:
    with in_words():
        assert participation_findings.format_points(difference) == text
