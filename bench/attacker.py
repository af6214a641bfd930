"""An attacker: finds out what published cells give away, knowing who answered.

Written apart from the engine and sharing no line with it; everything is exact (integers
only) and as brute as time allows. Input is what `confidentiality.py --dump` writes: cells that
a manager can see, and the people behind them. What it looks for, for each question:

- cells whose own group is too small, or whose n is not that of the group;
- sums and differences of two or three cells of a wave, complements of a dimension's cells included;
- any rational combination of a wave's cells that weighs too few people or companies;
- differences of two or three cells of several waves, if few people need to repeat their answer;
- exact means so close to an end of the scale that each answer is known, and bounds that follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import gcd

Cell = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Person:
    """One line of the hidden truth: somebody in one wave."""

    wave: int
    company: str
    person: str
    segments: Mapping[str, str]
    answers: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as a leak. `min_companies` None: companies and shares do not matter.

    `min_repeaters` None: a difference between waves leaks however many must repeat their answer.
    Answers run from `lowest` to `highest`.
    """

    min_people: int = 5
    min_companies: int | None = 3
    max_share_pct: int = 50
    min_repeaters: int | None = 20
    lowest: int = 1
    highest: int = 5
    slack: int = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing given away: how, by which cells, about how many people and companies."""

    kind: str
    wave: int
    question: str
    cells: tuple[str, ...]
    n_people: int
    n_companies: int


@dataclass(slots=True)
class Guess:
    """Differences between waves that are a guess, since many must have repeated their answer."""

    n: int = 0
    n_true: int = 0


@dataclass(frozen=True, slots=True)
class _Figure:
    """An exact figure: who is behind it (bits over all persons), its wave, the sum of answers.

    `answers` are those of everybody in the wave.
    """

    name: str
    wave: int
    group: int
    total: int
    answers: Mapping[int, int]


@dataclass(slots=True)
class _World:
    """The truth, with a number for each person (the same in all waves)."""

    people: Sequence[Person]
    rules: Rules
    numbers: dict[str, int] = field(default_factory=dict)
    company: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for each in self.people:
            number = self.numbers.setdefault(each.person, len(self.numbers))
            company = seen.setdefault(each.person, each.company)
            self.company[company] = self.company.get(company, 0) | 1 << number

    def companies(self, group: int) -> Counter[str]:
        sizes = {name: (group & people).bit_count() for name, people in self.company.items()}
        return Counter({name: size for name, size in sizes.items() if size})

    def is_small(self, group: int) -> bool:
        if group.bit_count() < self.rules.min_people:
            return True
        m = self.rules.min_companies
        return m is not None and len(self.companies(group)) < m

    def breaks_rule(self, group: int, heavier: Sequence[int] = ()) -> bool:
        """True if the people are too few, or one company is too much of them.

        Whoever is in sets of `heavier` weighs one more for each. Both the share of heads and that
        of weights must be in order.
        """
        if self.rules.min_companies is None or self.is_small(group):
            return self.is_small(group)
        heads = self.companies(group)
        shares = [heads]
        if any(heavier):
            shares.append(sum((self.companies(part) for part in heavier), heads))
        return any(
            100 * max(each.values()) > self.rules.max_share_pct * each.total() for each in shares
        )


def _members(group: int) -> Iterator[int]:
    while group:
        low = group & -group
        yield low.bit_length() - 1
        group ^= low


def attack(
    cells: Iterable[Cell],
    people: Sequence[Person],
    rules: Rules,
    *,
    within: bool = True,
    between: bool = True,
    guess: Guess | None = None,
) -> Iterator[Finding]:
    """All that is given away within waves and between them, unless one of the two is not asked.

    `guess` counts differences between waves that would leak if enough people repeated their answer.
    """
    world, listed = _World(people, rules), list(cells)
    waves = sorted({each.wave for each in people})
    for question in sorted({str(cell["question"]) for cell in listed}):
        figures: list[_Figure] = []
        for wave in waves:
            asked = [each for each in people if each.wave == wave]
            mine = [c for c in listed if c["question"] == question and c["wave"] == wave]
            new = _with_complements(_exact(world, mine, asked, question, wave))
            if within:
                yield from _wave(world, mine, new, asked, question, wave)
            figures += new
        if between:
            yield from _between_waves(world, figures, question, guess)


def _wave(
    world: _World,
    cells: Sequence[Cell],
    figures: Sequence[_Figure],
    asked: Sequence[Person],
    question: str,
    wave: int,
) -> Iterator[Finding]:
    for cell in cells:
        group = _group(world, cell, asked, question)
        if cell["n"] != group.bit_count():
            yield _finding(world, "wrong n", wave, question, [_name(cell)], group)
    yield from _few_views(world, figures, question, wave)
    yield from _linear(world, figures, question, wave)
    yield from _near_ends(world, figures, question, wave)
    yield from _bounds_that_follow(world, cells, figures, asked, question, wave)


def _name(cell: Cell) -> str:
    dims = cell["dims"]
    assert isinstance(dims, Mapping)
    return ", ".join(f"{key}={value}" for key, value in dims.items() if value != "*") or "all"


def _group(world: _World, cell: Cell, asked: Sequence[Person], question: str) -> int:
    """Those who answered the question and belong to the cell."""
    dims = cell["dims"]
    assert isinstance(dims, Mapping)
    group = sum(1 << world.numbers[p.person] for p in asked if p.answers[question] is not None)
    for key, value in dims.items():
        if value != "*":
            labels = value if isinstance(value, list) else [value]
            group &= sum(1 << world.numbers[p.person] for p in asked if p.segments[key] in labels)
    return group


def _exact(
    world: _World, cells: Sequence[Cell], asked: Sequence[Person], question: str, wave: int
) -> list[_Figure]:
    answers = {
        world.numbers[each.person]: answer
        for each in asked
        if (answer := each.answers[question]) is not None
    }
    figures: dict[int, _Figure] = {}
    for cell in cells:
        if "mean" in cell or "counts" in cell:
            group = _group(world, cell, asked, question)
            total = sum(answers[number] for number in _members(group))
            figures.setdefault(group, _Figure(_name(cell), wave, group, total, answers))
    return list(figures.values())


def _with_complements(figures: Sequence[_Figure]) -> list[_Figure]:
    """The figures and, for each dimension, what its exact cells leave of the total."""
    whole = next((figure for figure in figures if figure.name == "all"), None)
    result = {figure.group: figure for figure in figures}
    if whole is None:
        return list(result.values())
    by_dimension: dict[str, list[_Figure]] = {}
    for figure in figures:
        if figure is not whole:
            by_dimension.setdefault(figure.name.split("=")[0], []).append(figure)
    for dimension, shown in by_dimension.items():
        rest, total = whole.group, whole.total
        for figure in shown:
            rest &= ~figure.group
            total -= figure.total
        if rest:
            name = f"all but the cells of {dimension}"
            result.setdefault(rest, _Figure(name, whole.wave, rest, total, whole.answers))
    return list(result.values())


def _finding(
    world: _World, kind: str, wave: int, question: str, names: Sequence[str], group: int
) -> Finding:
    return Finding(
        kind, wave, question, tuple(names), group.bit_count(), len(world.companies(group))
    )


# Sums and differences

_SIGNS = {1: ((1,),), 2: ((1, 1), (1, -1)), 3: ((1, 1, 1), (1, 1, -1), (1, -1, 1), (1, -1, -1))}


def _few_views(
    world: _World, figures: Sequence[_Figure], question: str, wave: int
) -> Iterator[Finding]:
    plain_limit, limit = _limit(world, figures, 1), _limit(world, figures, 3)
    for count in (1, 2, 3):
        for chosen in combinations(figures, count):
            groups = [figure.group for figure in chosen]
            for signs in _SIGNS[count]:
                left, heavier = _left(signs, groups)
                if not left or left.bit_count() > (limit if any(heavier) else plain_limit):
                    continue
                if world.breaks_rule(left, heavier):
                    names = [f"{s:+d} {f.name}" for s, f in zip(signs, chosen, strict=True)]
                    yield _finding(world, f"sum of {count}", wave, question, names, left)


def _limit(world: _World, figures: Sequence[_Figure], heaviest: int) -> int:
    """No larger group breaks a rule, if nobody weighs more than `heaviest` heads."""
    sizes = sorted(world.companies(_union(figures)).values(), reverse=True)
    few = sum(sizes[: (world.rules.min_companies or 1) - 1])
    return max(world.rules.min_people, few, 2 * heaviest * sizes[0] if sizes else 0)


def _left(signs: Sequence[int], groups: Sequence[int]) -> tuple[int, list[int]]:
    """Those whose weights do not cancel, and sets of those who weigh more than one."""
    if len(groups) == 1:
        return groups[0], []
    if len(groups) == 2:
        a, b = groups
        return (a | b, [a & b]) if signs[1] > 0 else (a ^ b, [])
    if signs == (1, 1, 1):
        a, b, c = groups
        return a | b | c, [a & b | a & c | b & c, a & b & c]
    odd = next(i for i in range(3) if signs.count(signs[i]) == 1)
    whole = groups[odd]
    a, b = (group for i, group in enumerate(groups) if i != odd)
    only_whole = whole & ~a & ~b
    in_a, in_b = a & ~b & ~whole, b & ~a & ~whole
    return only_whole | in_a | in_b | (a & b), [a & b & ~whole]


def _union(figures: Iterable[_Figure]) -> int:
    union = 0
    for figure in figures:
        union |= figure.group
    return union


# Rational combinations

_Vector = list[int]


def _linear(
    world: _World, figures: Sequence[_Figure], question: str, wave: int
) -> Iterator[Finding]:
    atoms = _atoms(figures)
    large = [atom for atom in atoms if not world.is_small(atom)]
    small = [atom for atom in atoms if world.is_small(atom)]
    small.sort(key=lambda atom: -atom.bit_count())
    rows = [[int(bool(atom & f.group)) for atom in large + small] for f in figures]
    reduced, pivots = _row_echelon(rows)
    # Combinations that vanish on all large atoms are those of the rows with a small pivot.
    kept = [i for i, pivot in enumerate(pivots) if pivot >= len(large)]
    space = [reduced[i][len(large) :] for i in kept]
    within = [pivots[i] - len(large) for i in kept]
    hit = _of_few_people(small, space, 0, world.rules.min_people - 1)
    if hit is None and world.rules.min_companies is not None:
        hit = _of_few_companies(world, small, space, within)
    if hit is not None:
        yield _finding(world, "rational combination", wave, question, [], hit)


def _atoms(figures: Sequence[_Figure]) -> list[int]:
    atoms = [_union(figures)]
    for figure in figures:
        atoms = [
            part for atom in atoms for part in (atom & figure.group, atom & ~figure.group) if part
        ]
    return atoms


def _row_echelon(rows: Sequence[_Vector]) -> tuple[list[_Vector], list[int]]:
    """Reduced row echelon form in integers (each row by its own denominator), and the pivots."""
    matrix = [list(row) for row in rows]
    pivots: list[int] = []
    width = len(matrix[0]) if matrix else 0
    for column in range(width):
        rank = len(pivots)
        chosen = next((i for i in range(rank, len(matrix)) if matrix[i][column]), None)
        if chosen is None:
            continue
        matrix[rank], matrix[chosen] = matrix[chosen], matrix[rank]
        for i, row in enumerate(matrix):
            if i != rank and row[column]:
                matrix[i] = _eliminated(row, matrix[rank], column)
        pivots.append(column)
        if len(pivots) == len(matrix):
            break
    return matrix[: len(pivots)], pivots


def _eliminated(row: _Vector, by: _Vector, column: int) -> _Vector:
    a, b = by[column], row[column]
    result = [a * x - b * y for x, y in zip(row, by, strict=True)]
    divisor = gcd(*result)
    return [x // divisor for x in result] if divisor > 1 else result


def _of_few_people(
    atoms: Sequence[int], space: list[_Vector], start: int, budget: int
) -> int | None:
    """A union of atoms with at most `budget` people outside which a combination vanishes.

    Atom by atom: either its people are paid for, or the combinations are cut to those that vanish.
    """
    if not space:
        return None
    at = next((i for i in range(start, len(atoms)) if any(v[i] for v in space)), None)
    if at is None:
        return 0
    chosen = next(v for v in space if v[at])
    cut = [_eliminated(v, chosen, at) if v[at] else v for v in space if v is not chosen]
    found = _of_few_people(atoms, cut, at + 1, budget)
    if found is None and atoms[at].bit_count() <= budget:
        rest = _of_few_people(atoms, space, at + 1, budget - atoms[at].bit_count())
        found = None if rest is None else rest | atoms[at]
    return found


def _of_few_companies(
    world: _World, atoms: Sequence[int], space: Sequence[_Vector], pivots: Sequence[int]
) -> int | None:
    """A union of atoms of fewer companies than allowed outside which a combination vanishes."""
    companies = [frozenset(world.companies(atom)) for atom in atoms]
    names = sorted(set().union(*companies))
    assert world.rules.min_companies is not None
    for few in combinations(names, min(world.rules.min_companies - 1, len(names))):
        inside = [companies[i] <= set(few) for i in range(len(atoms))]
        rows = [v for v, pivot in zip(space, pivots, strict=True) if inside[pivot]]
        if rows:
            outside = [[x for i, x in enumerate(v) if not inside[i]] for v in rows]
            if len(_row_echelon(outside)[1]) < len(rows):
                return sum(atom for i, atom in enumerate(atoms) if inside[i])
    return None


# Near the ends of the scale


def _near_ends(
    world: _World, figures: Sequence[_Figure], question: str, wave: int
) -> Iterator[Finding]:
    for count in (1, 2, 3):
        for chosen in combinations(figures, count):
            for signs in _SIGNS[count]:
                left, heavier = _left(signs, [figure.group for figure in chosen])
                total = sum(s * f.total for s, f in zip(signs, chosen, strict=True))
                n = sum(s * f.group.bit_count() for s, f in zip(signs, chosen, strict=True))
                weight = left.bit_count() + sum(part.bit_count() for part in heavier)
                if left and _is_extreme(world.rules, total, n, weight):
                    names = [f"{s:+d} {f.name}" for s, f in zip(signs, chosen, strict=True)]
                    yield _finding(world, "nearly unanimous", wave, question, names, left)


def _is_extreme(rules: Rules, total: int, n: int, weight: int) -> bool:
    """True if the sum is close to the least or most that these weights can give.

    Positive weights p and negative ones q follow from p - q = n and p + q = weight.
    """
    p, q = (weight + n) // 2, (weight - n) // 2
    least = p * rules.lowest - q * rules.highest
    most = p * rules.highest - q * rules.lowest
    return min(total - least, most - total) <= rules.slack


def _bounds_that_follow(
    world: _World,
    cells: Sequence[Cell],
    figures: Sequence[_Figure],
    asked: Sequence[Person],
    question: str,
    wave: int,
) -> Iterator[Finding]:
    """Cells shown inexactly whose exact value is a combination of exact ones."""
    for cell in cells:
        if "interval" in cell:
            group = _group(world, cell, asked, question)
            atoms = _atoms([*figures, _Figure("", wave, group, 0, {})])
            rows = [[int(bool(atom & f.group)) for atom in atoms] for f in figures]
            target = [int(bool(atom & group)) for atom in atoms]
            if len(_row_echelon(rows)[1]) == len(_row_echelon([*rows, target])[1]):
                yield _finding(world, "bound follows", wave, question, [_name(cell)], group)


# Between waves


def _between_waves(
    world: _World, figures: Sequence[_Figure], question: str, guess: Guess | None
) -> Iterator[Finding]:
    reach = _reach(world, figures)
    for a, b in combinations(figures, 2):
        if a.wave != b.wave:
            yield from _difference(world, [(1, a), (-1, b)], reach, question, guess)
    for a, b, c in combinations(figures, 3):
        if a.wave == b.wave == c.wave:
            continue
        for whole, one, two in ((a, b, c), (b, a, c), (c, a, b)):
            w, x, y = whole.group, one.group, two.group
            if ((w ^ x ^ y) | (x & y)).bit_count() <= reach:
                parts = [(1, whole), (-1, one), (-1, two)]
                yield from _difference(world, parts, reach, question, guess)


def _reach(world: _World, figures: Sequence[_Figure]) -> int:
    """No larger group is too small."""
    few = (world.rules.min_companies or 1) - 1
    largest = world.companies(_union(figures)).most_common(few)
    return max(world.rules.min_people - 1, sum(n for _, n in largest) if few else 0)


def _difference(
    world: _World,
    parts: Sequence[tuple[int, _Figure]],
    reach: int,
    question: str,
    guess: Guess | None,
) -> Iterator[Finding]:
    left, _ = _left([sign for sign, _ in parts], [figure.group for _, figure in parts])
    if not left or left.bit_count() > reach or not world.is_small(left):
        return
    by_wave: dict[int, Counter[int]] = {}
    for sign, figure in parts:
        weights = by_wave.setdefault(figure.wave, Counter())
        for number in _members(figure.group):
            weights[number] += sign
    moved = {n for weights in by_wave.values() for n, weight in weights.items() if weight}
    repeaters = [number for number in moved if not left >> number & 1]
    needed = world.rules.min_repeaters
    if needed is None or len(repeaters) < needed:
        names = [f"{sign:+d} {f.name} (wave {f.wave})" for sign, f in parts]
        wave = max(figure.wave for _, figure in parts)
        yield _finding(world, "difference of waves", wave, question, names, left)
    elif guess is not None:
        guess.n += 1
        guess.n_true += _is_true(world, parts, left)


def _is_true(world: _World, parts: Sequence[tuple[int, _Figure]], left: int) -> bool:
    """True if the people who cancel really add up to nothing."""
    drift = 0
    for sign, figure in parts:
        for number in _members(figure.group & ~left):
            drift += sign * figure.answers[number]
    return drift == 0
