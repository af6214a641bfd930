"""Segment profiles: which combination of segment values each invited person has. Pure.

A profile is one small number on an invitation. In anonymous mode it is stored with the answers, so
there it is made coarse first: a combination that fits too few people or companies becomes 'Other'.
Source: method of confidentiality, section 5.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

OTHER = "Other"
MAX_ANONYMOUS_DIMENSIONS = 2
MIN_INVITED = 5
MIN_INVITED_COMPANIES = 3

_Values = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to invite; a segment value is empty where it is unknown."""

    key: int
    company: Hashable
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profiles:
    """Numbered combinations, and the number of each person by key."""

    segments: tuple[Mapping[str, str], ...]
    numbers: Mapping[int, int]


def exact_profiles(people: Sequence[Person], dimensions: Sequence[str]) -> Profiles:
    """Each combination that occurs gets a number, in the order of its values."""
    values = {person.key: _values(person, dimensions) for person in people}
    return _numbered(values, dimensions)


def coarse_profiles(people: Sequence[Person], dimensions: Sequence[str]) -> Profiles:
    """At most two dimensions; combinations of under 5 people or 3 companies become 'Other'.

    While 'Other' itself is too small, the smallest passing combination joins it.
    """
    kept = dimensions[:MAX_ANONYMOUS_DIMENSIONS]
    groups: dict[_Values, list[Person]] = defaultdict(list)
    for person in people:
        groups[_values(person, kept)].append(person)
    other = (OTHER,) * len(kept)
    merged = {values for values, members in groups.items() if not _passes(members)}
    for values in sorted(set(groups) - merged, key=lambda v: (len(groups[v]), v)):
        members = [person for each in merged for person in groups[each]]
        if not merged or _passes(members):
            break
        merged.add(values)
    values_of = {
        person.key: other if values in merged else values
        for values, members in groups.items()
        for person in members
    }
    return _numbered(values_of, kept)


def _values(person: Person, dimensions: Sequence[str]) -> _Values:
    return tuple(person.segments.get(dimension, "") for dimension in dimensions)


def _passes(members: Sequence[Person]) -> bool:
    companies = {person.company for person in members}
    return len(members) >= MIN_INVITED and len(companies) >= MIN_INVITED_COMPANIES


def _numbered(values: Mapping[int, _Values], dimensions: Sequence[str]) -> Profiles:
    order = sorted(set(values.values()))
    number_of = {combination: number for number, combination in enumerate(order)}
    return Profiles(
        segments=tuple(dict(zip(dimensions, each, strict=True)) for each in order),
        numbers={key: number_of[combination] for key, combination in values.items()},
    )
