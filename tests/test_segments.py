"""Segment profiles: what is stored beside an answer, and how coarse it is in anonymous mode."""

import random
from collections import Counter, defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.segments import (
    MAX_ANONYMOUS_DIMENSIONS,
    MIN_INVITED,
    MIN_INVITED_COMPANIES,
    OTHER,
    Person,
    coarse_profiles,
    exact_profiles,
)

DIMENSIONS = ("type", "tier", "region")


def people(
    count: int, *, first: int = 0, companies: int | None = None, **segments: str
) -> list[Person]:
    """This many people of one combination, one company each unless said."""
    numbers = range(first, first + count)
    return [Person(n, n % companies if companies else n, segments) for n in numbers]


@st.composite
def programmes(draw: st.DrawFn) -> list[Person]:
    """People of few companies and few values, so that every kind of group comes up."""
    count = draw(st.integers(1, 40))
    return [
        Person(
            key=number,
            company=draw(st.integers(0, 9)),
            segments={
                "type": draw(st.sampled_from(["reseller", "integrator", "", OTHER])),
                "tier": draw(st.sampled_from(["gold", "silver"])),
                "region": draw(st.sampled_from(["north", "south"])),
            },
        )
        for number in range(count)
    ]


def test_exact_profiles_give_each_combination_one_number() -> None:
    asked = [*people(2, tier="gold"), *people(1, first=2, tier="silver")]

    profiles = exact_profiles(asked, ["tier"])

    assert profiles.segments == ({"tier": "gold"}, {"tier": "silver"})
    assert profiles.numbers == {0: 0, 1: 0, 2: 1}


def test_an_unknown_value_is_kept_as_empty() -> None:
    profiles = exact_profiles(people(1, tier="gold"), ["tier", "region"])

    assert profiles.segments == ({"tier": "gold", "region": ""},)


def test_a_small_group_becomes_other_together_with_the_smallest_that_passes() -> None:
    asked = [
        *people(9, tier="gold"),
        *people(6, first=10, tier="silver"),
        *people(2, first=20, tier="bronze"),
    ]

    profiles = coarse_profiles(asked, ["tier"])

    sizes = Counter(profiles.segments[number]["tier"] for number in profiles.numbers.values())
    assert sizes == {"gold": 9, OTHER: 8}


def test_many_people_of_two_companies_are_no_group() -> None:
    asked = [*people(8, companies=2, tier="gold"), *people(9, first=20, tier="silver")]

    profiles = coarse_profiles(asked, ["tier"])

    assert profiles.segments == ({"tier": OTHER},)


@settings(max_examples=200)
@given(programmes())
def test_every_anonymous_profile_is_shared_by_enough_people_and_companies(
    asked: list[Person],
) -> None:
    profiles = coarse_profiles(asked, DIMENSIONS)

    members: dict[int, list[Person]] = defaultdict(list)
    for person in asked:
        members[profiles.numbers[person.key]].append(person)
    if len(members) > 1:
        for group in members.values():
            assert len(group) >= MIN_INVITED
            assert len({person.company for person in group}) >= MIN_INVITED_COMPANIES


@settings(max_examples=100)
@given(programmes())
def test_an_anonymous_profile_has_at_most_two_dimensions_and_everybody_has_one(
    asked: list[Person],
) -> None:
    profiles = coarse_profiles(asked, DIMENSIONS)

    assert set(profiles.numbers) == {person.key for person in asked}
    for segments in profiles.segments:
        assert list(segments) == list(DIMENSIONS[:MAX_ANONYMOUS_DIMENSIONS])


@settings(max_examples=100)
@given(programmes(), st.randoms(use_true_random=False))
def test_profiles_do_not_depend_on_the_order_of_people(
    asked: list[Person], dice: random.Random
) -> None:
    shuffled = list(asked)
    dice.shuffle(shuffled)

    for make in (exact_profiles, coarse_profiles):
        assert make(asked, DIMENSIONS) == make(shuffled, DIMENSIONS)
