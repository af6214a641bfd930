"""The exact check: does any rational combination of published rows single out too few people?

Multiply rows by any numbers and add them up: the result is a weight for each person, and the
figures give the sum of the answers by these weights. If these are zero outside a group of too few
people or companies, the group's answers are given away. `linear_leak` finds such a combination or
proves that there is none. Shares of a company are the business of `views`.

People who are equal in all rows always weigh the same; together they are one *atom*. A combination
is settled by its weights on a *basis*, as many atoms as there are independent rows. A combination
that is zero outside a set S of atoms exists exactly when the atoms outside S contain no basis. So S
must hit every basis, and the search branches over the atoms of a basis that avoids what is in S so
far. It ends soon, since large atoms can never be in S.

All arithmetic is modulo the prime 2^61 - 1. A rank can only come out too small, which hides more.
Source: method of confidentiality, section 4 (linear_leak).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from analysis.suppression.elimination import PRIME, Echelon, Vector, inverse
from analysis.suppression.people import bit_set
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, Row
from analysis.suppression.views import Leak

MAX_STEPS = 400_000
"""Atoms to be tried; a search that is longer counts as a leak of every row (the safe side)."""


class _Exhausted(Exception):
    """The search took more than MAX_STEPS."""


@dataclass(frozen=True, slots=True)
class _Atom:
    """People in the same rows: columns they are in, answers, people of each company."""

    columns: tuple[int, ...]
    bits: int
    n: int
    companies: Mapping[Hashable, int]

    def can_be_of(self, chosen: frozenset[Hashable]) -> bool:
        """True if all its answers may come from the chosen companies."""
        return self.n <= sum(self.companies.get(company, 0) for company in chosen)

    def least_companies(self, n_companies: int) -> bool:
        """True if as few as `n_companies` companies may have given all its answers."""
        largest = sorted(self.companies.values(), reverse=True)[:n_companies]
        return self.n <= sum(largest)


def linear_leak(rows: Sequence[Row], crowd: Crowd) -> Leak | None:
    """A combination of exact rows that weighs too few people or companies, or None.

    The total, if exact, is among the rows.
    """
    columns = _independent(rows)
    if not columns:
        return None
    bases = _Bases(_atoms(columns, crowd), columns)
    few_companies = crowd.policy.min_companies - 1
    try:
        found = _few_people(bases, crowd.policy.min_people - 1)
        if found is None and few_companies:
            found = _few_companies(bases, few_companies)
    except _Exhausted:
        return Leak("would_follow", tuple((0, row) for row in rows), rows[0].bits)
    return None if found is None else _leak(bases, found, rows)


def _independent(rows: Sequence[Row]) -> list[Row]:
    """The rows without those that are the total less the others of their dimension."""
    total = next((row for row in rows if row.key == TOTAL), None)
    kept: list[Row] = [] if total is None else [total]
    for dimension in dict.fromkeys(row.key.dimension for row in rows if row is not total):
        shown = sorted((r for r in rows if r.key.dimension == dimension), key=lambda r: r.order)
        covers = total is not None and sum(row.n for row in shown) == total.n
        kept += shown[:-1] if covers else shown
    return kept


def _atoms(columns: Sequence[Row], crowd: Crowd) -> list[_Atom]:
    """The atoms with answers; those that fewest groups can consist of come first."""
    groups: dict[tuple[str, ...], list[int]] = {}
    width = max(row.bits.bit_length() for row in columns)
    digits = [f"{row.bits:0{width}b}" for row in columns]
    for place, signature in enumerate(zip(*digits, strict=True)):
        groups.setdefault(signature, []).append(width - 1 - place)
    groups.pop(("0",) * len(columns), None)
    atoms = [_atom(signature, people, crowd) for signature, people in groups.items()]
    n_companies = crowd.policy.min_companies - 1
    return sorted(
        (atom for atom in atoms if atom.n),
        key=lambda atom: (atom.least_companies(n_companies), -atom.n, atom.columns),
    )


def _atom(signature: Sequence[str], people: Sequence[int], crowd: Crowd) -> _Atom:
    bits = bit_set(people)
    return _Atom(
        columns=tuple(place for place, digit in enumerate(signature) if digit == "1"),
        bits=bits,
        n=crowd.size(bits),
        companies=Counter(crowd.people.company_of(position) for position in people),
    )


class _Bases:
    """Bases among the atoms, found by exchanging atoms of a first one."""

    def __init__(self, atoms: Sequence[_Atom], columns: Sequence[Row]) -> None:
        self.atoms = atoms
        self.columns = columns
        echelon = Echelon(len(columns))
        self._first: list[int] = []
        for place, atom in enumerate(atoms):
            if echelon.add([int(column in atom.columns) for column in range(len(columns))]):
                self._first.append(place)
            if echelon.rank == len(columns):
                break
        self._in_first = frozenset(self._first)
        matrix = [[int(c in atoms[place].columns) for c in echelon.pivots] for place in self._first]
        self._column_weights = dict(zip(echelon.pivots, inverse(matrix), strict=True))
        self._coordinates: dict[int, Vector] = {}
        self._steps = 0

    def avoiding(self, gone: Collection[int]) -> list[int] | None:
        """A basis without the atoms that are gone, or None if there is none."""
        lost = [rank for rank, place in enumerate(self._first) if place in gone]
        added = self._replacements(gone, lost)
        if added is None:
            return None
        return [place for place in self._first if place not in gone] + added

    def _replacements(self, gone: Collection[int], lost: Sequence[int]) -> list[int] | None:
        echelon, added = Echelon(len(lost)), list[int]()
        for place in range(len(self.atoms)):
            if len(added) == len(lost):
                return added
            if place not in gone and place not in self._in_first:
                coordinates = self._of_first(place)
                vector = [coordinates[rank] for rank in lost]
                if any(vector):
                    self._step()
                    if echelon.add(vector):
                        added.append(place)
        return added if len(added) == len(lost) else None

    def _of_first(self, place: int) -> Vector:
        """The atom as a combination of the atoms of the first basis."""
        known = self._coordinates.get(place)
        if known is None:
            parts = [
                self._column_weights[column]
                for column in self.atoms[place].columns
                if column in self._column_weights
            ]
            known = [sum(column) % PRIME for column in zip(*parts, strict=True)]
            self._coordinates[place] = known
        return known

    def _step(self) -> None:
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _Exhausted

    def factors(self, gone: Collection[int]) -> dict[Row, int]:
        """Factors of rows that weigh only atoms that are gone, where no basis avoids these."""
        lost = [rank for rank, place in enumerate(self._first) if place in gone]
        echelon = Echelon(len(lost))
        for place in range(len(self.atoms)):
            if place not in gone and place not in self._in_first:
                coordinates = self._of_first(place)
                echelon.add([coordinates[rank] for rank in lost])
        weights = dict(zip(lost, echelon.dependency() or (), strict=True))
        factors = {
            self.columns[column]: sum(vector[rank] * weight for rank, weight in weights.items())
            % PRIME
            for column, vector in self._column_weights.items()
        }
        return {row: factor for row, factor in factors.items() if factor}


def _few_people(bases: _Bases, most: int) -> frozenset[int] | None:
    """Atoms of at most `most` answers that hit every basis, or None."""
    return _hit_by_people(bases, frozenset(), kept=frozenset(), left=most)


def _hit_by_people(
    bases: _Bases, gone: frozenset[int], *, kept: frozenset[int], left: int
) -> frozenset[int] | None:
    """Branch over a basis: one of its atoms must go too; those tried before are kept for good."""
    found = _disjoint_bases(bases, gone, kept=kept, left=left)
    if not found:
        return gone
    if len(found) > left:
        return None
    branches = [
        [place for place in basis if place not in kept and bases.atoms[place].n <= left]
        for basis in found
    ]
    for place in min(branches, key=len):
        more = gone | {place}
        hit = _hit_by_people(bases, more, kept=kept, left=left - bases.atoms[place].n)
        if hit is not None:
            return hit
        kept |= {place}
    return None


def _disjoint_bases(
    bases: _Bases, gone: frozenset[int], *, kept: frozenset[int], left: int
) -> list[list[int]]:
    """Up to left + 1 bases of which no person is in two; one more than `left` cannot be hit.

    An atom serves as often as it has answers; one that can never go serves always.
    """
    found: list[list[int]] = []
    used: Counter[int] = Counter()
    missing = set(gone)
    while len(found) <= left and (basis := bases.avoiding(missing)) is not None:
        found.append(basis)
        for place in basis:
            n = bases.atoms[place].n
            if n <= left and place not in kept:
                used[place] += 1
                if used[place] == n:
                    missing.add(place)
    return found


def _few_companies(bases: _Bases, most: int) -> frozenset[int] | None:
    """Atoms whose answers may all come from `most` companies and that hit every basis, or None."""
    atoms_of: dict[Hashable, list[int]] = {}
    for place, atom in enumerate(bases.atoms):
        if atom.least_companies(most):
            for company in atom.companies:
                atoms_of.setdefault(company, []).append(place)
    if _bases_of_different_companies(bases, atoms_of, most=most) > most:
        return None
    return _hit_by_companies(bases, atoms_of, chosen=frozenset(), most=most, seen=set())


def _bases_of_different_companies(
    bases: _Bases, atoms_of: Mapping[Hashable, Sequence[int]], *, most: int
) -> int:
    """How many bases (up to most + 1) were found such that no company can hit two of them."""
    found, missing = 0, set[int]()
    while found <= most and (basis := bases.avoiding(missing)) is not None:
        found += 1
        for place in basis:
            if bases.atoms[place].least_companies(most):
                for company in bases.atoms[place].companies:
                    missing.update(atoms_of[company])
    return found


def _hit_by_companies(
    bases: _Bases,
    atoms_of: Mapping[Hashable, Sequence[int]],
    *,
    chosen: frozenset[Hashable],
    most: int,
    seen: set[frozenset[Hashable]],
) -> frozenset[int] | None:
    """Branch over the companies that can take an atom out of one basis."""
    seen.add(chosen)
    gone = frozenset(
        place
        for company in chosen
        for place in atoms_of.get(company, ())
        if bases.atoms[place].can_be_of(chosen)
    )
    basis = bases.avoiding(gone)
    if basis is None:
        return gone
    if len(chosen) == most:
        return None
    for company in _companies_in_reach(bases, basis, chosen=chosen, most=most):
        more = chosen | {company}
        if more not in seen:
            hit = _hit_by_companies(bases, atoms_of, chosen=more, most=most, seen=seen)
            if hit is not None:
                return hit
    return None


def _companies_in_reach(
    bases: _Bases, basis: Sequence[int], *, chosen: frozenset[Hashable], most: int
) -> list[Hashable]:
    """Companies that, together with the chosen ones, can give all answers of an atom here."""
    found: set[Hashable] = set()
    for place in basis:
        atom = bases.atoms[place]
        others = {c: n for c, n in atom.companies.items() if c not in chosen}
        missing = atom.n - sum(n for c, n in atom.companies.items() if c in chosen)
        if missing <= sum(sorted(others.values(), reverse=True)[: most - len(chosen)]):
            found.update(others)
    return sorted(found, key=repr)


def _leak(bases: _Bases, gone: Collection[int], rows: Sequence[Row]) -> Leak:
    factors = _fewest_rows(bases.factors(gone), rows)
    bits = 0
    for place in gone:
        bits |= bases.atoms[place].bits
    scale = pow(next(iter(factors.values())), -1, PRIME)
    signs = {1: 1, PRIME - 1: -1}
    terms = tuple(
        (signs.get(factor * scale % PRIME, 0), row) for row, factor in factors.items() if factor
    )
    return Leak("would_follow", terms, bits)


def _fewest_rows(factors: Mapping[Row, int], rows: Sequence[Row]) -> dict[Row, int]:
    """The same combination with as few rows as can be.

    All rows of a dimension add up to the total; taking the commonest factor of the dimension from
    each of its rows and giving it to the total changes nothing.
    """
    total = next((row for row in rows if row.key == TOTAL), None)
    if total is None:
        return dict(factors)
    light = {total: factors.get(total, 0)}
    for dimension in dict.fromkeys(row.key.dimension for row in rows if row is not total):
        shown = [row for row in rows if row.key.dimension == dimension]
        common = _commonest(factors, shown) if sum(row.n for row in shown) == total.n else 0
        light[total] += common
        light |= {row: (factors.get(row, 0) - common) % PRIME for row in shown}
    light[total] %= PRIME
    return {row: factor for row, factor in light.items() if factor}


def _commonest(factors: Mapping[Row, int], rows: Sequence[Row]) -> int:
    """The factor of most rows; of several that of the larger rows, so that small ones remain."""
    n_rows, n_answers = Counter[int](), Counter[int]()
    for row in rows:
        factor = factors.get(row, 0)
        n_rows[factor] += 1
        n_answers[factor] += row.n
    return max(n_rows, key=lambda factor: (n_rows[factor], n_answers[factor], factor))


def rows_adding_up_to(target: Row, rows: Sequence[Row], crowd: Crowd) -> list[Row]:
    """Rows of which some multiples add up to the target's people; none if there are no such."""
    columns = [*rows, target]
    digits = {atom.columns for atom in _atoms(columns, crowd)}
    echelon = Echelon(len(columns))
    for places in sorted(digits):
        echelon.add([int(column in places) for column in range(len(columns))])
        if echelon.has_pivot(len(rows)):
            return []
    factors = [echelon.row(pivot)[-1] for pivot in echelon.pivots]
    return [rows[pivot] for pivot, factor in zip(echelon.pivots, factors, strict=True) if factor]
