"""Three waves make a cycle; every second cycle may give a slot to a follow-up."""

import pytest

from surveys.question_bank import (
    cycle_of,
    items_of_wave,
    load_bank,
    rotation_wave,
    slot_question,
    version_items,
)
from surveys.question_bank.model import Rotation
from surveys.terms import Audience, QuestionKind

BANK = load_bank()


def monthly() -> Rotation:
    rotation = BANK.template("monthly_pulse").rotation
    assert rotation is not None
    return rotation


def slot(number: int, gaps: dict[str, float], asked: dict[str, int] | None = None) -> str | None:
    return slot_question(
        monthly(),
        number,
        questions=BANK.questions,
        proven_gaps=gaps,
        last_asked=asked or {},
    )


def test_a_cycle_asks_every_driver_once() -> None:
    asked = [driver for wave in monthly().waves for driver in wave.drivers]

    assert sorted(asked) == sorted(driver.code for driver in BANK.drivers)


def test_waves_follow_each_other_round_the_cycle() -> None:
    assert [rotation_wave(monthly(), number).key for number in range(1, 8)] == list("ABCABCA")
    assert [cycle_of(monthly(), number) for number in (1, 3, 4, 6, 7)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize(("number", "expected"), [(1, None), (2, "intent"), (3, "first_offer")])
def test_first_cycle_asks_the_outcomes_whatever_the_gaps(number: int, expected: str | None) -> None:
    gaps = {driver.code: 20.0 for driver in BANK.drivers}

    assert slot(number, gaps) == expected


def test_second_cycle_follows_up_the_largest_proven_gap_of_the_wave() -> None:
    gaps = {"no_sabotage": 12.0, "owning_mistakes": -19.0, "marketing": 40.0}

    assert slot(5, gaps) == "owning_mistakes_1"


def test_follow_up_asked_longest_ago_comes_first() -> None:
    gaps = {"listening": -8.0}

    assert slot(6, gaps, {"listening_1": 6}) == "listening_2"
    assert slot(12, gaps, {"listening_1": 6, "listening_2": 12}) == "listening_1"


def test_without_a_proven_gap_the_outcome_stays() -> None:
    assert slot(5, {"marketing": 30.0}) == "intent"
    assert slot(4, {"incentives": 30.0}) is None


def test_a_wave_asks_its_drivers_its_slot_and_what_every_wave_asks() -> None:
    items = [
        item
        for item in version_items(BANK, BANK.template("monthly_pulse"))
        if item.audience is Audience.INTERNAL
    ]

    asked = items_of_wave(items, monthly().waves[2], slot="solutions_1")

    assert [item.question for item in asked] == [
        "recommend",
        "solutions",
        "listening",
        "direct_rules",
        "solutions_1",
        "comment",
    ]
    assert all(i.kind is not QuestionKind.OUTCOME or i.question == "recommend" for i in asked)
