"""The quadrants and the weighted score in words and drawings, in English."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from made_figures import DRIVERS, both, exact, hidden, in_words, run_of

from analysis import priority_drawings, priority_tables
from analysis import priority_findings as findings
from analysis.figures import IMPORTANCE
from analysis.priorities import Priorities, build_priorities, stated_metrics
from analysis.shown_figures import TOTAL, RunFigures, WaveTotals


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """All words of these tests are English."""
    with in_words():
        yield


def page_of(figures: RunFigures, before: RunFigures | None = None, **values: Any) -> Priorities:
    given: dict[str, Any] = {"drivers": DRIVERS, "row": TOTAL, "history": []}
    return build_priorities(figures, before, **(given | values))


def asked(number: int, label: str, *, shown: bool = True) -> WaveTotals:
    figures = {
        metric: exact(5 + place / 2, scale=IMPORTANCE, half=1) if shown else hidden()
        for place, metric in enumerate(stated_metrics(DRIVERS))
    }
    return WaveTotals(run_of(number, label=label), figures, {}, dict.fromkeys(figures, 1))


def partners(*scores: float | None, r: float | None = None, n: int = 60) -> dict[str, Any]:
    return {
        driver.code: hidden() if score is None else exact(score, r=r, n=n)
        for driver, score in zip(DRIVERS, scores, strict=True)
    }


def moved(now: dict[str, Any], before: dict[str, Any]) -> Priorities:
    earlier = both(before, None, number=1, label="2026-Q4")
    return page_of(both(now, None, number=2, label="2027-Q1"), earlier)


def test_the_page_says_how_importance_is_known_and_why() -> None:
    def said(*, r: float | None = None, history: Any = ()) -> str:
        page = page_of(both(partners(40, 50, 60, r=r), None), history=history)
        return findings.source_words(page.importance, run_label="2027-Q1")

    assert said(history=[asked(1, "2027-Q1")]) == (
        "Importance is what partners said on a scale from 1 to 7 in this wave."
    )
    assert "in the last wave that asked (Q3 2026)." in said(history=[asked(1, "2026-Q3")])
    assert said(r=0.3) == (
        "No wave has asked partners yet how important each driver is."
        " Importance is how strongly each driver goes with recommending us."
    )
    assert said(r=0.3, history=[asked(1, "2027-Q1", shown=False)]).startswith(
        "What partners said about importance may not be shown exactly."
    )


def test_the_evidence_for_one_driver_names_statement_and_link() -> None:
    page = page_of(both(partners(40, 50, 60, r=0.3), None), history=[asked(1, "2026-Q3")])

    assert findings.evidence_words(page.importance, "listening") == (
        "Stated importance: 5.5 of 7 (Q3 2026). Link with recommending us: 0.3"
    )


def test_what_cannot_be_drawn_is_said() -> None:
    few = page_of(both(partners(40, 50, 60, n=18), None))
    weak = page_of(both(partners(40, 50, 60, r=-0.1), None))
    kept = page_of(both(partners(None, None, 60), None), history=[asked(1, "2027-Q1")])
    drawn = page_of(both(partners(40, 50, 60, r=0.3), None))

    assert findings.no_points_words(few) == "Importance needs 30 answers; you have 18."
    assert findings.no_points_words(weak).startswith("No driver goes with recommending us")
    assert findings.no_points_words(kept) == "Too few drivers have an exact score for a chart."
    assert findings.no_points_words(drawn) == ""
    assert findings.no_momentum_words(drawn) == "Momentum starts with the second wave."


def test_drivers_that_are_left_out_stand_under_their_reason() -> None:
    page = moved(partners(None, None, 60), partners(40, 50, 60))

    assert findings.absent_words(page.unmoved) == (
        "Not in the chart: 1 Incentives, 6 Listening (hidden to protect anonymity)."
    )
    assert findings.absent_words([]) == ""
    assert findings.no_momentum_words(page) == (
        "Too few drivers can be compared with Q4 2026 for a chart."
    )


def test_momentum_claims_only_what_is_bigger_than_chance() -> None:
    proven = moved(partners(20, 80, 50), partners(60, 40, 51))
    nothing = moved(partners(40, 51, 60), partners(40, 50, 60))
    high = moved(partners(20, 30, 60), partners(20, 30, 90))

    assert findings.momentum_words(proven) == (
        "Low and clearly falling since Q4 2026: 1 Incentives."
        " Clearly rising since Q4 2026: 6 Listening."
        " 1 other change cannot be told from chance."
    )
    assert findings.momentum_words(nothing) == "No change since Q4 2026 is bigger than chance."
    assert findings.momentum_words(high).startswith(
        "High, but clearly falling since Q4 2026: 8 Direct-sales rules."
    )


def test_weights_are_named_with_the_drivers_they_go_over() -> None:
    def said(*, r: float | None = None, history: Any = ()) -> str:
        return findings.weights_words(
            page_of(both(partners(40, 50, 60, r=r), None), history=history)
        )

    assert said(history=[asked(1, "2026-Q3")]) == (
        "Over 3 drivers, weighted by the importance that partners stated (Q3 2026)."
    )
    assert said(r=0.4) == (
        "Over 3 drivers, weighted by how strongly each goes with recommending us."
        " No wave has asked partners yet how important each driver is."
    )
    assert said() == "Importance is not known, so there are no weights: all drivers count alike."


def test_the_tables_have_every_driver_with_number_or_reason() -> None:
    page = moved(partners(20, None, 50, r=0.3), partners(60, 40, 51))

    placed, change = priority_tables.importance_table(page), priority_tables.momentum_table(page)

    assert placed.headings == ["Driver", "Score", "Importance, average 1", "Link, −1 to 1"]
    assert placed.rows == [
        ["1 Incentives", "20", "1.00", "0.3"],
        ["8 Direct-sales rules", "50", "1.00", "0.3"],
        ["6 Listening", "–", "–", "–"],
    ]
    assert [row[0] for row in change.rows] == [
        "1 Incentives",
        "8 Direct-sales rules",
        "6 Listening",
    ]
    assert change.rows[0][2:] == ["−40", "−50 to −30", "bigger than chance"]
    assert change.rows[2][1:] == ["–", "–", "–", "hidden to protect anonymity"]


def test_a_voice_without_a_score_says_why() -> None:
    def said(figures: RunFigures, *, is_staff: bool = True) -> str:
        return findings.no_score_words(figures, is_staff=is_staff)

    assert said(both(partners(40, 50, 60), None, internal=False)) == "Our team was not asked."
    assert said(both(partners(40, 50, 60), None)) == "Appears when the wave has closed"
    shown = both(partners(None, None, None), partners(None, None, None))
    assert said(shown) == "No driver is shown exactly."
    assert said(both(partners(None, None, None), None), is_staff=False) == said(shown)


def test_voices_over_unequal_drivers_are_not_set_side_by_side_in_silence() -> None:
    equal = page_of(both(partners(40, 50, 60), partners(40, 50, 60)))
    unequal = page_of(both(partners(40, 50, 60), partners(40, None, 60)))

    assert findings.fewer_drivers_words(equal) == ""
    assert findings.fewer_drivers_words(unequal).startswith(
        "Partners over 3 drivers, our team over 2"
    )


def test_what_may_be_chance_is_drawn_hollow() -> None:
    page = moved(partners(20, 80, 50), partners(60, 40, 51))

    drawn = str(priority_drawings.momentum_drawing(page, findings.momentum_words(page)))

    kinds = re.findall(r'class="ptt ?(\w*)"[^>]*>(\d+)<', drawn)
    assert {number: kind for kind, number in kinds} == {"1": "fix", "6": "sure", "8": "maybe"}
    assert 'aria-label="Low and clearly falling since Q4 2026: 1 Incentives.' in drawn
    assert ">−40<" in drawn
    assert ">+40<" in drawn


def test_weights_above_one_stay_within_the_plot() -> None:
    page = page_of(both(partners(40, 50, 60), None), history=[asked(1, "2027-Q1")])

    drawn = str(priority_drawings.priority_drawing(page.points, "Fix first."))

    heights = [float(y) for y in re.findall(r'class="pt[^"]*" cx="[^"]*" cy="([\d.]+)"', drawn)]
    assert len(heights) == 3
    assert len(set(heights)) == 3
    assert all(12 <= height <= 318 for height in heights)
