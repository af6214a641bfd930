"""Near-unanimity of groups that are not printed but follow."""

from __future__ import annotations

from itertools import count

import pytest

from analysis.suppression.people import People
from analysis.suppression.policy import Policy
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import Row, RowKey
from analysis.suppression.unanimity import Sums, close_combination
from analysis.suppression.views import row_view

Group = list[int]  # answers of its people, in steps above the lowest
MIDDLING = [1, 2, 3, 2, 1, 3, 2, 2]


def found(*rows: list[Group], n_steps: int = 4) -> list[int]:
    """How many people a nearly unanimous combination of these unions of groups weighs, or none."""
    people, bits = People(), count()
    members: dict[int, list[int]] = {}
    for group in (group for row in rows for group in row):
        if id(group) not in members:
            members[id(group)] = [people.enter(next(bits), None) for _ in group]
    views, sums = [], {}
    for place, row in enumerate(rows):
        key = RowKey(f"d{place}", (("x",),))
        positions = [p for group in row for p in members[id(group)]]
        views.append(row_view(Row(key, sum(1 << p for p in positions), len(positions))))
        sums[key] = sum(sum(group) for group in row)
    crowd = Crowd(people, Policy(), everyone=people.bits(range(next(bits))))
    leak = close_combination(views, [Sums(sums, n_steps)], crowd)
    return [] if leak is None else [leak.people.bit_count()]


@pytest.mark.parametrize("answer", [0, 4])
def test_what_one_row_has_more_than_another_may_not_be_unanimous(answer: int) -> None:
    rest, same = [answer] * 6, list(MIDDLING)

    assert found([same, rest], [same]) == [6]
    assert found([same, [2] * 6], [same]) == []


@pytest.mark.parametrize(("last", "is_found"), [([4, 2], True), ([4, 1], False)])
def test_two_steps_from_the_end_are_too_close_and_three_are_not(
    last: Group, is_found: bool
) -> None:
    same = list(MIDDLING)

    assert bool(found([same, [4, 4, 4, 4, *last]], [same])) == is_found


def test_opposite_ends_on_both_sides_of_a_difference_are_as_good_as_unanimous() -> None:
    high, low, same = [4] * 5, [0] * 5, list(MIDDLING)

    assert found([same, high], [same, low]) == [10]
    assert found([same, high], [same, [4] * 5]) == []


@pytest.mark.parametrize("answer", [0, 4])
def test_what_two_rows_leave_of_a_third_may_not_be_unanimous(answer: int) -> None:
    one, two, rest = list(MIDDLING), list(MIDDLING), [answer] * 6

    assert found([one, two, rest], [one], [two]) == [6]
    assert found([one, two, [2] * 6], [one], [two]) == []


def test_people_in_all_three_rows_weigh_against_the_whole() -> None:
    # one + two + all - (one + all) - (two + all) leaves the people in all three, taken away.
    one, two, everywhere = list(MIDDLING), list(MIDDLING), [4] * 5

    assert found([one, two, everywhere], [one, everywhere], [two, everywhere]) == [5]
    assert found([one, two, [2] * 5], [one, everywhere], [two, everywhere]) == []


def test_a_class_may_not_hold_all_or_none_of_a_group_that_follows() -> None:
    same, rest = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1], [1] * 10

    assert found([same, rest], [same], n_steps=1) == [10]
