"""Thresholds, staff, anonymous waves, comments, and the question before launch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from analysis.suppression import (
    TOTAL,
    Dimension,
    Frame,
    Participant,
    Policy,
    Pool,
    RowExposure,
    RowKey,
    anonymous_answers,
    build_frame,
    check_exposure,
    coarse_profiles,
    comment_rank,
    for_comments,
    for_staff,
    publish_comments,
    publish_question,
    publish_wave,
)
from analysis.suppression.primary import group_fault

POLICY = Policy()
TIER, REGION = Dimension("tier", ("tier",)), Dimension("region", ("region",))
TABLE = Dimension("tier x region", ("tier", "region"))


def frame_of(groups: Mapping[str, int | Sequence[int]], *dimensions: Dimension) -> Frame:
    return build_frame(participants(groups), dimensions or [TIER])


def participants(groups: Mapping[str, int | Sequence[int]]) -> Iterator[Participant]:
    """`tier` or `tier/region`: so many people of companies of their own, or sizes of companies."""
    for name, sizes in groups.items():
        labels = dict(zip(("tier", "region"), name.split("/"), strict=False))
        listed = [1] * sizes if isinstance(sizes, int) else sizes
        for company, size in enumerate(listed):
            for number in range(size):
                yield Participant(f"{name} {company}.{number}", f"{name} {company}", labels)


@pytest.mark.parametrize(
    "laxer",
    [
        {"min_people": 3},
        {"min_companies": 2},
        {"max_share_pct": 51},
        {"max_share_pct": 0},
        {"min_comments": 7},
        {"min_repeaters": 0},
    ],
)
def test_no_threshold_can_be_laxer_than_promised(laxer: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(laxer))):
        Policy(**laxer)


def test_staff_have_no_companies_and_comments_need_more_people() -> None:
    staff = for_staff(Policy(min_people=6))

    assert (staff.min_people, staff.min_companies, staff.max_share_pct) == (6, 1, 100)
    assert staff.min_invited == 8
    assert for_comments(POLICY).min_people == 8


@pytest.mark.parametrize(
    ("n", "companies", "fault"),
    [
        (4, [1, 1, 1, 1], "few_people"),
        (5, [1, 1, 1, 1, 1], None),
        (8, [4, 4], "few_companies"),
        (9, [4, 4, 1], None),
        (7, [4, 2, 1], "large_share"),
        (8, [4, 2, 2], None),
        (8, [5, 4, 4], "few_companies"),  # marks: two companies may have given all
        (10, [6, 3, 3], "large_share"),
        (12, [6, 3, 3, 3], None),
    ],
)
def test_a_group_needs_people_companies_and_no_giant(
    n: int, companies: list[int], fault: str | None
) -> None:
    assert group_fault(n, companies, policy=POLICY) == fault


def test_staff_teams_roll_up_whatever_their_company() -> None:
    team = Dimension("team", ("team",))
    people = [
        Participant(f"{name} {i}", "vendor", {"team": name})
        for name, n in {"Sales": 9, "Support": 6, "Marketing": 3}.items()
        for i in range(n)
    ]

    rows = publish_wave(build_frame(people, [team]), for_staff(POLICY))

    assert [(row.key.members, row.n) for row in rows] == [
        ((), 18),
        ((("Sales",),), 9),
        ((("Marketing",), ("Support",)), 9),
    ]


def test_under_eight_invited_staff_see_participation_only() -> None:
    frame = frame_of({"Sales": 7})
    staff = for_staff(POLICY)

    refused = publish_wave(frame, staff)

    assert list(refused) == []
    assert refused.refused is not None
    assert refused.refused.code == "few_invited"
    assert [row.key for row in publish_wave(frame, staff, n_invited=8)] == [TOTAL]


def test_a_label_that_is_missing_is_a_value_of_its_own() -> None:
    people = [*participants({"Gold": 6}), *(Participant(i, i, {}) for i in range(5))]

    rows = publish_wave(build_frame(people, [TIER]), POLICY)

    assert {row.key.members: row.n for row in rows.of("tier")} == {(("",),): 5, (("Gold",),): 6}


def test_dimensions_need_different_names_and_one_or_two_columns() -> None:
    with pytest.raises(ValueError, match="different names"):
        build_frame([], [TIER, TIER])
    with pytest.raises(ValueError, match="one column, or two"):
        build_frame([], [Dimension("three", ("a", "b", "c"))])


def test_coarse_profiles_keep_only_combinations_of_five_from_three_companies() -> None:
    frame = frame_of(
        {
            "Gold/North": 9,
            "Gold/South": [4, 4],
            "Silver/North": 7,
            "Silver/South": 2,
        },
        TIER,
        REGION,
    )

    coarse = coarse_profiles(frame, POLICY)

    assert coarse == {
        ("Gold", "North"): ("Gold", "North"),
        ("Silver", "North"): ("Silver", "North"),
        ("Gold", "South"): ("Other", "Other"),
        ("Silver", "South"): ("Other", "Other"),
    }


def test_a_small_rest_takes_the_smallest_profile_with_it() -> None:
    frame = frame_of({"Gold": 9, "Silver": 6, "Bronze": 2})

    coarse = coarse_profiles(frame, POLICY)

    assert coarse == {("Gold",): ("Gold",), ("Silver",): ("Other",), ("Bronze",): ("Other",)}


def test_an_anonymous_wave_has_at_most_two_columns() -> None:
    columns = [Dimension(name, (name,)) for name in "abc"]

    with pytest.raises(ValueError, match="at most 2"):
        coarse_profiles(build_frame([], columns), POLICY)


def test_anonymous_groups_pass_only_if_they_surely_do() -> None:
    # Of Silver's nine people two companies are four each: eight answers may all be theirs.
    frame = frame_of({"Gold": 12, "Silver": [4, 4, 2, 2]})
    rows = publish_wave(frame, POLICY)

    eight = publish_question(
        rows, anonymous_answers(frame, {("Gold",): 12, ("Silver",): 8}), POLICY
    )
    nine = publish_question(rows, anonymous_answers(frame, {("Gold",): 12, ("Silver",): 9}), POLICY)

    silver = RowKey("tier", (("Silver",),))
    assert (eight[silver].state, eight[silver].reason) == ("hidden", "few_companies")
    assert (nine[silver].state, nine[silver].n) == ("exact", 9)


def test_anonymous_answers_cannot_outnumber_those_who_took_part() -> None:
    frame = frame_of({"Gold": 6})

    with pytest.raises(ValueError, match="7 answers of 6 people"):
        anonymous_answers(frame, {("Gold",): 7})
    with pytest.raises(KeyError):
        anonymous_answers(frame, {("Silver",): 1})


def pool(n: int, *companies: int, authors: int | None = None) -> Pool:
    return Pool(n, {str(place): size for place, size in enumerate(companies)}, authors)


@pytest.mark.parametrize(
    ("comments", "is_shown"),
    [
        (pool(7, 3, 2, 2), False),
        (pool(8, 4, 2, 2), True),
        (pool(8, 4, 4), False),
        (pool(9, 5, 2, 2), False),
        (pool(8, 3, 3, 2, authors=4), False),
        (pool(8, 3, 3, 2, authors=5), True),
    ],
)
def test_a_list_of_comments_needs_eight_from_three_companies(
    comments: Pool, is_shown: bool
) -> None:
    lists = publish_comments({"incentives": comments}, POLICY)

    assert lists.has_wave == is_shown
    assert lists.drivers == ({"incentives"} if is_shown else set())


def test_a_list_is_kept_back_when_the_rest_of_the_comments_are_few() -> None:
    lists = publish_comments(
        {"one": pool(9, 3, 3, 3), "two": pool(12, 4, 4, 4), "three": pool(3, 1, 1, 1)}, POLICY
    )

    assert lists.has_wave
    assert lists.drivers == {"two"}


def test_the_order_of_comments_hangs_on_the_secret_of_the_wave() -> None:
    ids = [bytes([number]) * 16 for number in range(20)]

    one = sorted(ids, key=lambda each: comment_rank(b"one", each))
    two = sorted(ids, key=lambda each: comment_rank(b"two", each))

    assert one != two
    assert one != ids


def exposure(groups: Mapping[str, int], *dimensions: Dimension) -> dict[str, RowExposure]:
    """At a response rate of 60 %, by label."""
    found = check_exposure(frame_of(groups, *dimensions), POLICY, seed=1, n_draws=60)
    return {
        "/".join(each.key.members[0]) if each.key.members else "total": each
        for each in found
        if each.rate_pct == 60
    }


def test_before_launch_a_row_is_said_to_be_shown_usually_sometimes_or_never() -> None:
    found = exposure({"Gold": 60, "Silver": 9, "Bronze": 4})

    assert found["total"].frequency == "usually"
    assert found["Gold"].frequency == "usually"
    assert found["Silver"].frequency == "sometimes"
    assert found["Bronze"].frequency == "never"
    bronze = found["Bronze"].reason
    assert bronze is not None
    assert bronze.code == "few_people"
    assert bronze.n_people < 5
    assert found["Bronze"].joined_pct > 50


def test_before_launch_a_lost_dimension_names_the_difference() -> None:
    found = exposure({"Gold/North": 30, "Gold/South": 3, "Silver/South": 40}, TIER, REGION)

    north = found["North"].reason
    assert found["North"].frequency != "usually"
    assert north is not None
    assert north.code == "would_follow"
    assert [term.sign for term in north.terms] == [1, -1]
    assert north.n_people <= 3


def test_before_launch_the_order_of_people_changes_nothing() -> None:
    people = list(participants({"Gold": 20, "Silver": 12, "Bronze": 7}))

    one = check_exposure(build_frame(people, [TIER]), POLICY, seed=3, n_draws=20)
    two = check_exposure(build_frame(reversed(people), [TIER]), POLICY, seed=3, n_draws=20)

    assert one == two
    assert {each.rate_pct for each in one} == {20, 40, 60}
