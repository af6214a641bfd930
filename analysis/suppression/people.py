"""Who takes part, as bits of an integer: people, their companies and their segments.

Sets of people are plain integers here, so that unions, differences and counts of ten thousand
people cost a microsecond. Nothing in this module decides what may be shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Value = tuple[str, ...]
"""One value of a dimension: a label for each of its columns."""

_MANY_PEOPLE = 500
"""From here on, going through people one by one takes less time than through whole sets."""


@dataclass(frozen=True, slots=True)
class Participant:
    """One person of a wave: a key that is the same in every wave, the company, frozen segments."""

    key: Hashable
    company: Hashable
    segments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to split a wave that was declared at launch: one segment column, or two as a table."""

    name: str
    columns: tuple[str, ...]


class People:
    """Everyone a survey ever asked: one bit each, kept through all its waves.

    Enter the wave to be published first: a person keeps the company of the first entry.
    """

    __slots__ = ("_company_of", "_index", "_key_of", "_members")

    def __init__(self) -> None:
        self._index: dict[Hashable, int] = {}
        self._key_of: list[Hashable] = []
        self._company_of: list[Hashable] = []
        self._members: dict[Hashable, int] = {}

    def enter(self, key: Hashable, company: Hashable) -> int:
        """The number of the person's bit; the same key always gets the same bit."""
        known = self._index.get(key)
        if known is not None:
            return known
        self._index[key] = self._append(key, company)
        return self._index[key]

    def enter_nameless(self, company: Hashable = None) -> int:
        """A bit for somebody who was erased: it stays in its wave and can repeat in no other."""
        return self._append(None, company)

    def _append(self, key: Hashable, company: Hashable) -> int:
        position = len(self._company_of)
        self._key_of.append(key)
        self._company_of.append(company)
        self._members[company] = self._members.get(company, 0) | 1 << position
        return position

    def bits(self, keys: Iterable[Hashable]) -> int:
        """The set of these people. Raises KeyError for somebody who never entered."""
        return bit_set(self._index[key] for key in keys)

    def key_of(self, position: int) -> Hashable:
        """The key of the person with this bit; None for the nameless."""
        return self._key_of[position]

    def company_of(self, position: int) -> Hashable:
        """The company of the person with this bit."""
        return self._company_of[position]

    def sizes(self, bits: int) -> list[int]:
        """How many of these people each of their companies has, largest first."""
        return self.weights(bits, 0)

    def are_of_few(self, bits: int, n_companies: int) -> bool:
        """True if these people belong to so many companies or fewer."""
        for _ in range(n_companies):
            if not bits:
                break
            lowest = (bits & -bits).bit_length() - 1
            bits &= ~self._members[self._company_of[lowest]]
        return not bits

    def weights(self, bits: int, doubled: int) -> list[int]:
        """As `sizes`, with those in `doubled` counted twice."""
        if bits.bit_count() > _MANY_PEOPLE:
            counted = Counter(map(self._company_of.__getitem__, positions_of(bits)))
            again = map(self._company_of.__getitem__, positions_of(doubled))
            counted.update(company for company in again if company in counted)
            return sorted(counted.values(), reverse=True)
        weights = []
        while bits:
            lowest = (bits & -bits).bit_length() - 1
            members = self._members[self._company_of[lowest]]
            weights.append((bits & members).bit_count() + (doubled & members).bit_count())
            bits &= ~members
        return sorted(weights, reverse=True)


@dataclass(frozen=True, slots=True)
class Frame:
    """The people of one wave, invited or answering, by the dimensions declared at launch.

    `columns` are the segment columns used by any dimension; `profiles` holds who shares all of
    their labels; `values` holds, for each dimension, who has each value.
    """

    people: People
    columns: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    everyone: int
    profiles: Mapping[Value, int]
    values: Mapping[str, Mapping[Value, int]]


def bit_set(positions: Iterable[int]) -> int:
    """The integer with exactly these bits."""
    listed = list(positions)
    if not listed:
        return 0
    octets = bytearray(max(listed) // 8 + 1)
    for position in listed:
        octets[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(octets, "little")


def positions_of(bits: int) -> list[int]:
    """The numbers of the bits that are set, ascending."""
    return [position for position, digit in enumerate(reversed(f"{bits:b}")) if digit == "1"]


def build_frame(
    participants: Iterable[Participant],
    dimensions: Sequence[Dimension],
    *,
    people: People | None = None,
) -> Frame:
    """The frame of a wave; pass the `people` of the wave to be published when adding earlier ones.

    A participant without a label for a column has the label "". Raises ValueError for two
    dimensions of one name, or one that is neither a column nor a table of two.
    """
    _check(dimensions)
    crowd = People() if people is None else people
    columns = tuple(dict.fromkeys(column for each in dimensions for column in each.columns))
    gathered: dict[Value, list[int]] = {}
    for person in participants:
        profile = tuple(person.segments.get(column, "") for column in columns)
        gathered.setdefault(profile, []).append(crowd.enter(person.key, person.company))
    profiles = {profile: bit_set(gathered[profile]) for profile in sorted(gathered)}
    return Frame(
        people=crowd,
        columns=columns,
        dimensions=tuple(dimensions),
        everyone=_union(profiles.values()),
        profiles=profiles,
        values={each.name: _values(each, columns, profiles) for each in dimensions},
    )


def _check(dimensions: Sequence[Dimension]) -> None:
    names = [each.name for each in dimensions]
    if len(set(names)) != len(names) or "" in names:
        raise ValueError(f"dimensions need different names, not {names}")
    for each in dimensions:
        if not 1 <= len(set(each.columns)) == len(each.columns) <= 2:
            raise ValueError(f"dimension {each.name!r} must have one column, or two different ones")


def _values(
    dimension: Dimension, columns: Sequence[str], profiles: Mapping[Value, int]
) -> dict[Value, int]:
    places = [columns.index(column) for column in dimension.columns]
    values: dict[Value, int] = {}
    for profile, bits in profiles.items():
        value = tuple(profile[place] for place in places)
        values[value] = values.get(value, 0) | bits
    return dict(sorted(values.items()))


def _union(sets: Iterable[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union
