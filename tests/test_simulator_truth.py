"""What was planted in a simulated workspace is found again by a plain reference calculation.

The calculation is that of `bench/planted.py`, which also has the full number of seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import sqrt
from statistics import fmean

import pytest

from analysis.simulator import DRIVERS, Response, build
from bench.planted import MEDIUM, QUICK_SIZES, SEEDS, SeedResult, missed_limits, results


@pytest.mark.parametrize("size", QUICK_SIZES)
def test_planted_gaps_and_effects_are_found_in_twenty_workspaces(size: str) -> None:
    assert missed_limits(results(size, SEEDS["small"]), size, has_slack=True) == []


@pytest.mark.parametrize("size", QUICK_SIZES)
def test_a_gap_that_is_not_as_planted_is_noticed(size: str) -> None:
    found = [turned(result) for result in results(size, SEEDS["small"])]

    missed = missed_limits(found, size, has_slack=True)

    assert {"all_inside", "least_inside", "least_marked_of_strong"} <= set(missed)


def turned(result: SeedResult) -> SeedResult:
    """The same with every verdict on a gap turned round."""
    gaps = {
        driver: replace(gap, is_inside=not gap.is_inside, is_marked=not gap.is_marked)
        for driver, gap in result.gaps.items()
    }
    return replace(result, gaps=gaps)


def test_planted_values_are_the_same_for_every_seed() -> None:
    first, second = build(1).truth, build(2, MEDIUM).truth

    assert first.scores == second.scores
    assert first.recommendations == second.recommendations


def test_wave_zero_has_the_stated_scores_and_every_wave_the_stated_gaps() -> None:
    truth = build(1).truth
    of_all = [score for score in truth.scores if score.segment == "all"]
    stated = dict(zip(DRIVERS, (-6, -14, 0, 12, -26, -22, 0, -23, -20, -33), strict=True))

    started = [round(score.likely, 2) for score in of_all if score.wave == 0]

    assert started == [66, 58, 62, 75, 52, 51, 57, 53, 47, 49]
    assert {score.wave for score in of_all} == set(range(8))
    assert all(round(score.gap, 2) == stated[score.driver] for score in of_all)
    assert all(score.everyone < score.likely for score in truth.scores)


def test_only_the_helped_segment_moves_when_the_action_is_done() -> None:
    truth = build(1).truth
    by_key = {(s.wave, s.segment): s.likely for s in truth.scores if s.driver == "direct_rules"}
    change = {
        kind: by_key[5, kind] - by_key[4, kind]
        for kind in ("reseller", "integrator", "msp", "distributor")
    }

    assert change.pop("integrator") == pytest.approx(15, abs=0.5)
    assert all(abs(value) < 0.5 for value in change.values())


def net_promoter(responses: Iterable[Response]) -> float:
    marks = [r.answers[10] for r in responses if r.answers[10] is not None]
    return 100 * fmean((mark >= 9) - (mark <= 6) for mark in marks)


def test_staff_guess_a_recommendation_thirty_points_too_high() -> None:
    workspace = build(5, (1500, 600))
    run = next(workspace.runs())
    planted = workspace.truth.recommendations[0]

    assert planted.staff_nps - planted.partners_nps == pytest.approx(30)
    assert net_promoter(run.responses) == pytest.approx(planted.partners_nps, abs=5)
    assert net_promoter(run.staff_responses) == pytest.approx(planted.staff_nps, abs=8)


def test_stronger_drivers_go_more_closely_with_the_recommendation() -> None:
    truth = build(5, (1500, 20))
    responses = [response for run in truth.runs() for response in run.responses]
    found = {}
    for place, driver in enumerate(DRIVERS):
        pairs = [(r.answers[place], r.answers[10]) for r in responses]
        known = [(x, y) for x, y in pairs if x is not None and y is not None]
        mean_x, mean_y = fmean(x for x, _ in known), fmean(y for _, y in known)
        cross = sum((x - mean_x) * (y - mean_y) for x, y in known)
        spread = sum((x - mean_x) ** 2 for x, _ in known) * sum((y - mean_y) ** 2 for _, y in known)
        found[driver] = cross / sqrt(spread)

    strongest = sorted(DRIVERS, key=lambda d: -found[d])[:3]
    planted = sorted(DRIVERS, key=lambda d: -truth.truth.driver_strengths[DRIVERS.index(d)])

    assert set(strongest) == set(planted[:3])
    assert found[planted[0]] - found[planted[-1]] > 0.1
