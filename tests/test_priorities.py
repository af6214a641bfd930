"""What to fix first, level and momentum, and the weighted score as one value."""

from dataclasses import replace
from typing import Any

import pytest
from made_figures import DRIVERS, RULES, at_most, both, coarse, exact, hidden, run_of

from analysis.figures import IMPORTANCE, Figure
from analysis.importance import Level, Momentum, WeightSource
from analysis.priorities import (
    Absence,
    Absent,
    Priorities,
    build_priorities,
    stated_metrics,
)
from analysis.shown_figures import TOTAL, RunFigures, WaveTotals
from surveys.terms import CellState

GOLD = ("tier", "gold")
SCORES = {"incentives": exact(40), "listening": exact(60), "direct_rules": exact(80)}


def stated(number: int, *means: float | None, label: str = "2027-Q1") -> WaveTotals:
    """A wave that asked how important each driver is; None: hidden."""
    figures = {
        metric: hidden() if mean is None else exact(mean, scale=IMPORTANCE, half=1)
        for metric, mean in zip(stated_metrics(DRIVERS), means, strict=True)
    }
    return WaveTotals(run_of(number, label=label), figures, {}, dict.fromkeys(figures, 1))


def silent(number: int) -> WaveTotals:
    """A wave that did not ask for importance."""
    return WaveTotals(run_of(number), {}, {}, {})


def page_of(figures: RunFigures, before: RunFigures | None = None, **values: Any) -> Priorities:
    """The priorities of everybody, without stated importance."""
    given: dict[str, Any] = {"drivers": DRIVERS, "row": TOTAL, "history": [silent(1)]}
    return build_priorities(figures, before, **(given | values))


def linked(*correlations: float | None) -> RunFigures:
    """A run of partners with these links to the recommendation answer."""
    scores = zip(SCORES.items(), correlations, strict=True)
    figures = {code: exact(figure.value or 0, r=r) for (code, figure), r in scores}
    return both(figures, None)


def reasons(absent: Any) -> dict[str, Absence]:
    return {each.driver.code: each.why for each in absent}


def test_stated_importance_goes_before_derived() -> None:
    page = page_of(linked(0.1, 0.2, 0.3), history=[stated(1, 6, 4, 2)])

    assert page.importance.source is WeightSource.STATED
    assert [point.importance for point in page.points] == [1.5, 1.0, 0.5]
    assert page.importance.links == {"incentives": 0.1, "listening": 0.2, "direct_rules": 0.3}


def test_the_last_wave_that_asked_says_what_matters() -> None:
    asked = [stated(1, 2, 2, 2), stated(2, 6, 4, 2, label="2027-Q2"), silent(3)]

    found = page_of(both(SCORES, None), history=asked).importance

    assert found.asked_in is not None
    assert found.asked_in.partner.label == "2027-Q2"
    assert found.stated == {"incentives": 6, "listening": 4, "direct_rules": 2}


def test_a_wave_that_may_not_show_importance_is_passed_over() -> None:
    found = page_of(
        both(SCORES, None), history=[stated(1, 6, 4, 2), stated(2, None, None, None)]
    ).importance

    assert found.asked_in is not None
    assert found.asked_in.id == run_of(1).id
    none = page_of(linked(0.1, 0.2, 0.3), history=[stated(1, None, None, None)]).importance
    assert (none.source, none.was_asked) == (WeightSource.DERIVED, True)


def test_links_weigh_where_nobody_was_asked() -> None:
    page = page_of(linked(0.6, 0.3, -0.2))

    assert page.importance.source is WeightSource.DERIVED
    assert not page.importance.was_asked
    assert [point.importance for point in page.points] == pytest.approx([2, 1, 0])


@pytest.mark.parametrize("links", [(None, None, None), (-0.1, -0.2, 0.0)])
def test_without_importance_nothing_is_placed(links: tuple[float | None, ...]) -> None:
    page = page_of(linked(*links))

    assert page.importance.source is WeightSource.NONE
    assert page.points == []
    assert set(reasons(page.unweighed).values()) == {Absence.NO_IMPORTANCE}


def test_what_is_not_shown_exactly_has_no_place_and_says_why() -> None:
    partners = {"incentives": hidden(), "listening": coarse(60), "direct_rules": exact(80)}

    page = page_of(both(partners, None), history=[stated(1, 6, 4, None)])

    assert page.points == []
    assert reasons(page.unweighed) == {
        "incentives": Absence.HIDDEN,
        "listening": Absence.INEXACT,
        "direct_rules": Absence.NO_IMPORTANCE,
    }


def test_a_driver_is_ranked_by_the_importance_that_weighs() -> None:
    said = page_of(linked(0.1, 0.2, 0.3), history=[stated(1, 6, 4, None)]).importance
    links = page_of(linked(0.1, -0.2, None)).importance

    assert [said.rank(driver.code) for driver in DRIVERS] == [1, 2, None]
    assert said.n_ranked == 2
    assert [links.rank(driver.code) for driver in DRIVERS] == [1, 2, None]


def test_a_segment_has_its_own_scores_and_the_importance_of_all() -> None:
    figures = {code: {TOTAL: figure, GOLD: exact(30)} for code, figure in SCORES.items()}

    page = page_of(both(figures, None), row=GOLD, history=[stated(1, 6, 4, 2)])

    assert page.is_filtered
    assert [(point.score, point.importance) for point in page.points] == [
        (30, 1.5),
        (30, 1.0),
        (30, 0.5),
    ]


def moved(now: dict[str, Any], before: dict[str, Any] | None, **values: Any) -> Priorities:
    earlier = None if before is None else both(before, None, number=1, label="2026-Q4")
    return page_of(both(now, None, number=2), earlier, **values)


def test_level_is_against_the_mean_and_momentum_must_be_bigger_than_chance() -> None:
    page = moved(
        {"incentives": exact(40), "listening": exact(60), "direct_rules": exact(80)},
        {"incentives": exact(70), "listening": exact(59), "direct_rules": exact(50)},
    )

    places = {each.driver.code: each.position for each in page.moving}
    assert page.average_level == 60
    assert [(p.level, p.momentum) for p in places.values()] == [
        (Level.BELOW, Momentum.DOWN),
        (Level.ABOVE, Momentum.STEADY),
        (Level.ABOVE, Momentum.UP),
    ]
    assert [each.is_pressing for each in page.moving] == [True, False, False]
    assert [each.is_proven for each in page.moving] == [True, False, True]
    assert page.since == "2026-Q4"


def test_a_driver_without_a_comparable_change_is_named_with_its_reason() -> None:
    now = both(SCORES, None, number=2)
    assert now.partner is not None
    now = replace(now, partner=replace(now.partner, series={**now.partner.series, "listening": 2}))
    before = both({"incentives": at_most(9), "listening": exact(50)}, None)

    page = page_of(now, before)

    assert page.moving == []
    assert reasons(page.unmoved) == {
        "incentives": Absence.INEXACT_BEFORE,
        "listening": Absence.NEW_WORDING,
        "direct_rules": Absence.NOT_ASKED_BEFORE,
    }


def test_a_driver_hidden_in_either_wave_does_not_move() -> None:
    page = moved(
        {"incentives": exact(40), "listening": hidden(), "direct_rules": exact(80)},
        {"incentives": hidden(), "listening": exact(50), "direct_rules": exact(80)},
    )

    assert reasons(page.unmoved) == {
        "incentives": Absence.HIDDEN_BEFORE,
        "listening": Absence.HIDDEN,
    }
    assert [each.driver for each in page.moving] == [RULES]


def test_the_change_is_that_of_the_chosen_segment() -> None:
    page = moved(
        {"incentives": {TOTAL: exact(40), GOLD: exact(20)}},
        {"incentives": {TOTAL: exact(40), GOLD: exact(50)}},
        row=GOLD,
    )

    assert [(each.score, each.change.value) for each in page.moving] == [(20, -30)]


def test_the_first_wave_has_no_momentum() -> None:
    page = moved(SCORES, None)

    assert page.since is None
    assert page.moving == []
    with pytest.raises(ValueError, match="no driver"):
        _ = page.average_level


def test_the_weighted_score_leans_to_what_matters() -> None:
    page = page_of(
        both(SCORES, {"incentives": exact(90), "listening": exact(60), "direct_rules": exact(30)}),
        history=[stated(1, 6, 4, 2)],
    )

    assert page.partners is not None
    assert page.partners.weighted is not None
    assert page.partners.weighted.value == pytest.approx((40 * 6 + 60 * 4 + 80 * 2) / 12)
    assert page.partners.plain.value == pytest.approx(60)
    assert page.staff is not None
    assert page.staff.weighted is not None
    assert page.staff.weighted.value == pytest.approx((90 * 6 + 60 * 4 + 30 * 2) / 12)


def test_weighted_and_unweighted_go_over_the_same_drivers() -> None:
    page = page_of(both(SCORES, None), history=[stated(1, 6, 4, None)])

    assert page.partners is not None
    assert page.partners.n_drivers == 2
    assert page.partners.plain.value == 50
    assert page.staff is None


def test_without_weights_only_the_unweighted_score_is_left() -> None:
    page = page_of(both(SCORES, None))

    assert page.partners is not None
    assert page.partners.weighted is None
    assert page.partners.plain.value == pytest.approx(60)
    assert page.partners.n_drivers == 3


def test_a_voice_without_an_exact_score_has_no_number() -> None:
    page = page_of(both({"incentives": hidden()}, {"incentives": coarse(60)}))

    assert page.partners is None
    assert page.staff is None


def test_a_figure_shown_without_an_estimate_is_not_exact() -> None:
    bare = Figure(state=CellState.EXACT, n=1, n_companies=1, value=50)

    page = page_of(both({"incentives": bare}, None))

    assert list(page.unweighed) == [Absent(DRIVERS[0], bare, Absence.INEXACT)]
