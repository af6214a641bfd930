"""Sets of people: the sizes of their companies, whatever their number."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from analysis.suppression.people import People, positions_of

COMPANIES = st.lists(st.integers(0, 40), min_size=1, max_size=1200)


def crowd(companies: list[int]) -> People:
    """One person of each company named."""
    people = People()
    for person, company in enumerate(companies):
        people.enter(person, company)
    return people


@given(companies=COMPANIES)
def test_companies_are_counted_the_same_in_a_crowd_as_in_a_group(companies: list[int]) -> None:
    people = crowd(companies)
    everyone = people.bits(range(len(companies)))

    assert people.sizes(everyone) == sorted(Counter(companies).values(), reverse=True)


@given(companies=COMPANIES, every=st.integers(1, 7))
def test_a_doubled_person_weighs_two(companies: list[int], every: int) -> None:
    people = crowd(companies)
    everyone = people.bits(range(len(companies)))
    doubled = people.bits(range(0, len(companies), every))

    expected = Counter(companies)
    expected.update(companies[position] for position in positions_of(doubled))

    assert people.weights(everyone, doubled) == sorted(expected.values(), reverse=True)


@given(companies=COMPANIES)
def test_a_doubled_person_of_a_company_outside_weighs_nothing(companies: list[int]) -> None:
    people = crowd([*companies, -1])
    inside = people.bits(range(len(companies)))
    outside = people.bits([len(companies)])

    assert people.weights(inside, outside) == people.sizes(inside)
