"""The exact check against brute force, and the linear algebra below it."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.suppression import linear
from analysis.suppression.elimination import PRIME, Echelon, inverse
from analysis.suppression.linear import linear_leak, rows_adding_up_to
from analysis.suppression.people import People, bit_set
from analysis.suppression.policy import Policy, for_staff
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, Row, RowKey
from analysis.suppression.views import ViewCheck, views_of

N_PEOPLE = 12
PATTERNS = st.lists(st.integers(0, 2**N_PEOPLE - 1), min_size=1, max_size=5)
COMPANIES = st.lists(st.integers(0, 6), min_size=N_PEOPLE, max_size=N_PEOPLE)


def crowd_of(companies: list[int], policy: Policy) -> Crowd:
    people = People()
    for number, company in enumerate(companies):
        people.enter(number, company)
    return Crowd(people, policy, everyone=2 ** len(companies) - 1)


def rows_of(patterns: list[int]) -> list[Row]:
    """The patterns as rows of dimensions of their own, so that nothing is known of them."""
    distinct = sorted({pattern for pattern in patterns if pattern})
    return [
        Row(RowKey(f"d{place}", (("x",),)), pattern, pattern.bit_count())
        for place, pattern in enumerate(distinct)
    ]


def rank(vectors: list[list[int]]) -> int:
    echelon = Echelon(len(vectors[0]) if vectors else 0)
    return sum(echelon.add(vector) for vector in vectors)


def carries_combination(rows: list[Row], group: int, n_people: int) -> bool:
    """By definition: some combination of rows is zero for all outside the group, not inside."""
    everybody = [[row.bits >> person & 1 for row in rows] for person in range(n_people)]
    outside = [vector for person, vector in enumerate(everybody) if not group >> person & 1]
    return rank(outside) < rank(everybody)


def small_groups(companies: list[int], policy: Policy) -> set[int]:
    """All groups of the largest size that is too small, by people and by companies."""
    by_people = {
        bit_set(chosen) for chosen in combinations(range(len(companies)), policy.min_people - 1)
    }
    names = sorted(set(companies))
    by_companies = {
        bit_set(person for person, company in enumerate(companies) if company in chosen)
        for chosen in combinations(names, min(policy.min_companies - 1, len(names)))
    }
    return by_people | by_companies


@settings(max_examples=120, deadline=None)
@given(PATTERNS, COMPANIES)
def test_linear_leak_agrees_with_trying_every_small_group(
    patterns: list[int], companies: list[int]
) -> None:
    policy = Policy(min_people=4)
    rows = rows_of(patterns)

    found = linear_leak(rows, crowd_of(companies, policy))

    expected = any(
        carries_combination(rows, group, N_PEOPLE) for group in small_groups(companies, policy)
    )
    assert (found is not None) == expected


@settings(max_examples=80, deadline=None)
@given(PATTERNS, COMPANIES)
def test_a_leak_names_a_small_group_that_a_combination_really_weighs(
    patterns: list[int], companies: list[int]
) -> None:
    crowd = crowd_of(companies, Policy(min_people=4))
    rows = rows_of(patterns)

    found = linear_leak(rows, crowd)

    if found is not None:
        assert crowd.is_small(found.people)
        assert carries_combination(rows, found.people, N_PEOPLE)
        assert {row for _, row in found.terms} <= set(rows)


@settings(max_examples=80, deadline=None)
@given(PATTERNS, COMPANIES, st.data())
def test_a_subset_of_safe_rows_is_safe(
    patterns: list[int], companies: list[int], data: st.DataObject
) -> None:
    crowd = crowd_of(companies, Policy(min_people=4))
    rows = rows_of(patterns)
    some = data.draw(st.lists(st.sampled_from(rows), unique=True)) if rows else []

    if linear_leak(rows, crowd) is None:
        assert linear_leak(some, crowd) is None
    if ViewCheck(crowd).leak(views_of(rows, crowd, [])) is None:
        assert ViewCheck(crowd).leak(views_of(some, crowd, [])) is None


def test_four_overlapping_rows_are_caught_though_no_three_of_them_leak() -> None:
    # Two dimensions cross such that a + b - c - d weighs one person only, twice.
    blocks = {"ac": range(8), "ad": range(8, 16), "bc": range(16, 24), "bd": range(24, 32)}
    a, b = bit_set([*blocks["ac"], *blocks["ad"]]), bit_set([*blocks["bc"], *blocks["bd"], 32])
    c, d = bit_set([*blocks["ac"], *blocks["bc"]]), bit_set([*blocks["ad"], *blocks["bd"]])
    crowd = crowd_of(list(range(33)), Policy())
    rows = rows_of([a, b, c, d])

    assert ViewCheck(crowd).leak(views_of(rows, crowd, [])) is None
    found = linear_leak(rows, crowd)
    assert found is not None
    assert found.people == 1 << 32
    assert sorted(sign for sign, _ in found.terms) == [-1, -1, 1, 1]


def test_staff_are_checked_by_people_alone() -> None:
    whole, part = bit_set(range(12)), bit_set(range(7))
    rows = [Row(TOTAL, whole, 12), Row(RowKey("team", (("a",),)), part, 7)]
    staff = crowd_of([0] * 12, for_staff(Policy()))
    partners = crowd_of([0] * 12, Policy())

    assert linear_leak(rows, staff) is None
    assert linear_leak(rows, partners) is not None


def test_a_search_without_end_counts_as_a_leak_of_every_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(linear, "MAX_STEPS", 3)
    rows = [Row(TOTAL, bit_set(range(24)), 24)]
    rows += [
        Row(RowKey(f"d{start}", (("x",),)), bit_set(range(start, start + 12)), 12)
        for start in range(0, 12, 2)
    ]

    found = linear_leak(rows, crowd_of(list(range(24)), Policy()))

    assert found is not None
    assert [row for _, row in found.terms] == rows


@settings(max_examples=60, deadline=None)
@given(PATTERNS, st.integers(1, 2**N_PEOPLE - 1))
def test_rows_add_up_exactly_when_the_target_raises_no_rank(
    patterns: list[int], target: int
) -> None:
    crowd = crowd_of(list(range(N_PEOPLE)), Policy())
    rows = rows_of(patterns)
    row = Row(RowKey("target", (("x",),)), target, target.bit_count())

    found = rows_adding_up_to(row, rows, crowd)

    vectors = [[each.bits >> p & 1 for p in range(N_PEOPLE)] for each in rows]
    goal = [target >> p & 1 for p in range(N_PEOPLE)]
    assert bool(found) == bool(rank(vectors) == rank([*vectors, goal]))
    kept = [[each.bits >> p & 1 for p in range(N_PEOPLE)] for each in found]
    assert not found or rank(kept) == rank([*kept, goal])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=4, max_size=4))
def test_the_inverse_undoes_the_matrix(matrix: list[list[int]]) -> None:
    if rank(matrix) < 4:
        with pytest.raises(ZeroDivisionError):
            inverse(matrix)
        return

    turned = inverse(matrix)

    product = [
        [
            sum(a * b for a, b in zip(row, column, strict=True)) % PRIME
            for column in zip(*turned, strict=True)
        ]
        for row in matrix
    ]
    assert product == [[int(i == j) for j in range(4)] for i in range(4)]


def test_a_dependency_is_orthogonal_to_every_vector() -> None:
    echelon = Echelon(3)
    vectors = [[1, 1, 0], [0, 1, 1], [1, 2, 1]]
    for vector in vectors:
        echelon.add(vector)

    found = echelon.dependency()

    assert found is not None
    assert any(found)
    assert all(sum(a * b for a, b in zip(found, v, strict=True)) % PRIME == 0 for v in vectors)
    echelon.add([0, 0, 1])
    assert echelon.dependency() is None
