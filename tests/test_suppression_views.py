"""Sums and differences of two and three views."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.suppression.people import People, bit_set
from analysis.suppression.policy import Policy
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, Row, RowKey
from analysis.suppression.views import Leak, ViewCheck, subtractions, views_of
from analysis.suppression.wave_guard import Earlier, WaveGuard

DIMENSIONS = ("d", "e", "table")


def crowd(n: int, **of_company: range) -> Crowd:
    """So many people, each of an own company unless a company is given a range of them."""
    firms = {person: name for name, members in of_company.items() for person in members}
    people = People()
    for person in range(n):
        people.enter(person, firms.get(person, person))
    return Crowd(people, Policy(), everyone=(1 << n) - 1)


def row(dimension: str, *members: range, label: str = "x") -> Row:
    bits = bit_set(person for each in members for person in each)
    return Row(RowKey(dimension, ((label,),)), bits, bits.bit_count())


def leak(everybody: Crowd, *rows: Row) -> Leak | None:
    dimensions = {each.key.dimension for each in rows} - {""}
    return ViewCheck(everybody).leak(views_of(rows, everybody, dimensions))


def test_a_difference_of_three_shows_a_company_with_more_than_half() -> None:
    whole, first, second = row("a", range(30)), row("b", range(12)), row("c", range(12, 24))

    found = leak(crowd(30, giant=range(24, 28)), whole, first, second)

    assert found is not None
    assert found.people == bit_set(range(24, 30))
    assert {each.key.dimension: sign for sign, each in found.terms} == {
        "a": 1,
        "b": -1,
        "c": -1,
    }
    assert leak(crowd(30, large=range(24, 27)), whole, first, second) is None


def test_people_who_count_twice_weigh_twice_in_their_company() -> None:
    # 20-23 are in both parts and not in the whole; 24-29 are in the whole only.
    whole = row("a", range(20), range(24, 30))
    first, second = row("b", range(10), range(20, 24)), row("c", range(10, 24))

    assert leak(crowd(30, giant=range(20, 24)), whole, first, second) is not None
    assert leak(crowd(30, large=range(20, 23)), whole, first, second) is None


PATTERNS = st.lists(st.integers(1, 2**14 - 1), min_size=1, max_size=5, unique=True)
SIGNS = [(1,), (1, 1), (1, -1), (1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1)]


@settings(max_examples=150, deadline=None)
@given(PATTERNS, st.lists(st.integers(0, 8), min_size=14, max_size=14))
def test_views_agree_with_adding_up_everybody(patterns: list[int], firms: list[int]) -> None:
    people = People()
    for person, firm in enumerate(firms):
        people.enter(person, firm)
    everybody = Crowd(people, Policy(min_people=4), everyone=2**14 - 1)
    rows = [
        Row(RowKey(f"d{place}", (("x",),)), bits, bits.bit_count())
        for place, bits in enumerate(patterns)
    ]

    found = ViewCheck(everybody).leak(views_of(rows, everybody, []))

    expected = any(
        breaks(
            [
                sum(s * (bits >> p & 1) for s, bits in zip(signs, some, strict=True))
                for p in range(14)
            ],
            firms,
        )
        for signs in SIGNS
        for some in combinations(patterns, len(signs))
    )
    assert (found is not None) == expected


def breaks(weights: list[int], firms: list[int]) -> bool:
    """True if the people who do not cancel are too few, or a company is over half of them."""
    heads: Counter[int] = Counter()
    heavy: Counter[int] = Counter()
    for weight, firm in zip(weights, firms, strict=True):
        heads[firm] += weight != 0
        heavy[firm] += abs(weight)
    heads = +heads
    if not heads:
        return False
    over_half = any(2 * max(each.values()) > each.total() for each in (heads, heavy))
    return heads.total() < 4 or len(heads) < 3 or over_half


def test_the_smallest_row_of_a_leak_is_given_up_and_never_the_total() -> None:
    total = Row(TOTAL, bit_set(range(20)), 20)
    found = leak(crowd(20), total, row("a", range(17)), row("b", range(18)))

    assert found is not None
    victim = found.victim()
    assert victim is not None
    assert victim.key.dimension == "a"
    assert Leak("few_changed", ((1, total),), total.bits).victim() is None


def test_of_rows_of_one_size_a_single_column_goes_before_a_table() -> None:
    one = Row(RowKey("region", (("South",),)), bit_set(range(9)), 9)
    table = Row(RowKey("tier x region", (("Gold", "North"),)), bit_set(range(9, 18)), 9)

    assert Leak("would_follow", ((1, table), (-1, one)), 0).victim() == one


def test_a_block_of_hidden_rows_is_a_view_like_any_other() -> None:
    total = Row(TOTAL, bit_set(range(24)), 24)
    gold, north = row("tier", range(12)), row("region", range(12, 21))

    found = leak(crowd(24), total, gold, north)

    # All but Gold are 12-23; without the North 3 people are left.
    assert found is not None
    assert found.people == bit_set(range(21, 24))


def test_a_block_may_leave_in_the_people_whom_another_dimension_prints_too() -> None:
    tier = {"Gold": 0b0011, "Silver": 0b1100}
    table = {"Gold in the North": 0b0001, "Silver anywhere": 0b1100}

    assert [list(each) for each in subtractions({"tier": tier, "table": table})] == [
        ["Gold", "Silver"],
        ["Gold"],
        ["Gold in the North", "Silver anywhere"],
        ["Gold in the North"],
    ]


def test_what_a_block_with_doubled_people_leaves_beside_an_earlier_wave_is_found() -> None:
    everybody, total = crowd(60), Row(TOTAL, bit_set(range(60)), 60)
    first, second = row("table", range(19), label="1"), row("table", range(19, 38), label="2")
    other, again = row("table", range(48, 60), label="other"), row("d", range(48, 60))
    tier = row("e", range(38, 50))
    guard = WaveGuard(everybody, [Earlier((bit_set(range(50, 57)),))])

    # The table leaves 10 people; whoever counts the twelve of 'd' only once is left with 22.
    found = guard.leak(views_of([total, first, second, other, again, tier], everybody, DIMENSIONS))
    without = [total, first, second, other, tier]

    assert found is not None
    assert found.people == bit_set(range(57, 60))
    assert (
        WaveGuard(everybody, [Earlier((bit_set(range(50, 57)),))]).leak(
            views_of(without, everybody, DIMENSIONS)
        )
        is None
    )


def test_what_is_new_is_tried_with_what_was_found_safe_before() -> None:
    everybody = crowd(20)
    check = ViewCheck(everybody)
    first, second = row("a", range(12)), row("b", range(10))

    assert check.leak(views_of([first], everybody, [])) is None
    found = check.leak(views_of([first, second], everybody, []))

    assert found is not None
    assert check.leak(views_of([second], everybody, [])) is None
