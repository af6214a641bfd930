"""Attacks what the confidentiality engine publishes, on random surveys.

    python -m bench.confidentiality [--surveys N] [--seed S] [--dump DIR]

Prints one JSON line: leaks found and share of cells shown, for the plain threshold, with each rule
added, and for guards that ask for 5, 10, 20 repeaters and strict, by number of answering companies;
and for the default policy with each two waves of a survey published as one.
Ends with status 1 if the engine leaks, or if the attacker finds nothing where only the plain
threshold is applied (then it does not bite). With --dump, N.cells.json holds all that a manager
could see of survey N (default policy) and N.micro.csv the truth behind it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import median

from analysis.figures import class_counts
from analysis.suppression import (
    TOTAL,
    Answers,
    Dimension,
    Earlier,
    Frame,
    Participant,
    People,
    Policy,
    PublishedRows,
    Row,
    RowKey,
    Sums,
    build_frame,
    earlier_wave,
    publish_question,
    publish_shares,
    publish_wave,
)
from bench.attacker import Cell, Guess, Person, Rules, attack
from bench.shown_cells import MEASURE, QUESTION, CountedWave, write_files

N_WAVES = 3
LOWEST, HIGHEST = 1, 5
POLICIES = {
    "5": Policy(min_repeaters=5),
    "10": Policy(min_repeaters=10),
    "20": Policy(),
    "strict": Policy(is_strict=True),
}
DEFAULT = "20"
POOLED = "pooled"
POOL_SIZE = 2
BANDS = ("under_20", "20_59", "60_up")


# Random surveys


@dataclass(frozen=True, slots=True)
class Survey:
    """Three waves of one question: who took part, with frozen segments and an answer or None."""

    dimensions: tuple[Dimension, ...]
    waves: tuple[tuple[Person, ...], ...]

    @property
    def people(self) -> list[Person]:
        """All waves together."""
        return [person for wave in self.waves for person in wave]


@dataclass(slots=True)
class _Contact:
    number: int
    company: int
    own: dict[str, str]
    willing: float
    leaning: int
    last: int | None = None
    takes_part: bool | None = None


class _Field:
    """A programme from which survey waves are drawn."""

    def __init__(self, stream: Random) -> None:
        self._stream = stream
        self._columns = {
            f"s{number}": [f"{chr(65 + number)}{label}" for label in range(stream.randint(2, 6))]
            for number in range(stream.randint(1, 4))
        }
        self._by_company = {name: stream.random() < 0.7 for name in self._columns}
        self._n_companies = round(8 * (140 / 8) ** stream.random())
        self._segments = [self._labels(by_company=True) for _ in range(self._n_companies)]
        self._churn = stream.uniform(0, 0.15)
        self._repeats = stream.uniform(0.6, 0.95)
        self._rate = stream.uniform(0.25, 0.95)
        self._habit = stream.uniform(0.5, 1)
        self._contacts: list[_Contact] = []
        self._n_ever = 0
        for company in range(self._n_companies):
            for _ in range(self._skewed(10) + 1):
                self._join(company)

    def _skewed(self, count: int) -> int:
        weights = [1 / (place + 1) ** 1.3 for place in range(count)]
        return self._stream.choices(range(count), cum_weights=list(accumulate(weights)))[0]

    def _labels(self, *, by_company: bool) -> dict[str, str]:
        return {
            name: labels[self._skewed(len(labels))]
            for name, labels in self._columns.items()
            if self._by_company[name] == by_company
        }

    def _join(self, company: int) -> None:
        leaning = min(max(round(self._stream.gauss(3.2, 1.1)), LOWEST), HIGHEST)
        own = self._labels(by_company=False)
        willing = self._stream.random()
        self._contacts.append(_Contact(self._n_ever, company, own, willing, leaning))
        self._n_ever += 1

    def wave(self, number: int) -> tuple[Person, ...]:
        if number > 1:
            self._move_on()
        for contact in self._contacts:
            if contact.takes_part is None or self._stream.random() >= self._habit:
                chance = self._rate * (0.5 + contact.willing)
                contact.takes_part = self._stream.random() < chance
        return tuple(self._person(each, number) for each in self._contacts if each.takes_part)

    def _move_on(self) -> None:
        stayed = [each for each in self._contacts if self._stream.random() >= self._churn]
        n_left = len(self._contacts) - len(stayed)
        self._contacts = stayed
        for _ in range(n_left + self._stream.randint(-1, 1)):
            self._join(self._stream.randrange(self._n_companies))
        for company in range(self._n_companies):
            if self._stream.random() < 0.02:
                self._segments[company] = self._labels(by_company=True)

    def _person(self, contact: _Contact, wave: int) -> Person:
        segments = {**self._segments[contact.company], **contact.own}
        labels = {name: segments[name] for name in self._columns}
        for first, second in self.tables:
            labels[f"{first} x {second}"] = f"{segments[first]} / {segments[second]}"
        answer = self._answer(contact)
        return Person(wave, f"c{contact.company}", f"p{contact.number}", labels, {QUESTION: answer})

    def _answer(self, contact: _Contact) -> int | None:
        if contact.last is None or self._stream.random() >= self._repeats:
            drawn = round(self._stream.gauss(contact.leaning, 0.8))
            contact.last = min(max(drawn, LOWEST), HIGHEST)
        return None if self._stream.random() < 0.04 else contact.last

    @property
    def tables(self) -> list[tuple[str, str]]:
        names = list(self._columns)
        return [(names[0], names[1])] if len(names) == 2 else []

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        tables = [f"{first} x {second}" for first, second in self.tables]
        return tuple(Dimension(name, (name,)) for name in [*self._columns, *tables])


def make_survey(seed: int, number: int) -> Survey:
    """Survey `number` of a seed: 8 to 140 companies of 1 to 10 contacts, up to four dimensions.

    Panels change between waves, companies change segments, people mostly repeat their answer.
    """
    field_ = _Field(Random(f"{seed}/{number}"))
    return Survey(field_.dimensions, tuple(field_.wave(wave) for wave in range(1, N_WAVES + 1)))


def make_pooled_survey(seed: int, number: int) -> Survey:
    """Survey `number` of a seed, as pools of two waves each: everybody once, by the latest answer.

    Its single waves begin with those of `make_survey`.
    """
    field_ = _Field(Random(f"{seed}/{number}"))
    waves = [field_.wave(wave) for wave in range(1, POOL_SIZE * N_WAVES + 1)]
    pools = tuple(
        _pool(waves[POOL_SIZE * pool : POOL_SIZE * (pool + 1)], pool + 1) for pool in range(N_WAVES)
    )
    return Survey(field_.dimensions, pools)


def _pool(waves: Sequence[Sequence[Person]], number: int) -> tuple[Person, ...]:
    latest = {person.person: person for wave in waves for person in wave}
    return tuple(replace(person, wave=number) for person in latest.values())


# What a manager sees


@dataclass(slots=True)
class _Shown:
    """Cells of a survey and how many of those that are not empty are shown."""

    cells: list[Cell] = field(default_factory=list)
    n_shown: list[int] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    seconds: float = 0.0


def published(survey: Survey, policy: Policy, *, guarded: bool = True) -> _Shown:
    """All cells of the survey as the engine publishes them, wave after wave."""
    people, shown = People(), _Shown()
    counted = _counted(survey)
    history: list[Earlier] = []
    started = time.perf_counter()
    frames = [_frame(survey, wave, people) for wave in survey.waves]
    decided = []
    for wave, frame, cells in zip(survey.waves, frames, counted, strict=True):
        rows = publish_wave(frame, policy)
        answers = _answers(wave, frame, rows)
        before = history if guarded else []
        verdicts = publish_question(rows, answers, policy, before=before)
        counts = {key: class_counts(MEASURE, cells.row_cells(key).raw) for key in verdicts}
        shares = publish_shares(rows, answers, policy, verdicts=verdicts, counts=counts)
        exact = {key: each.n or 0 for key, each in verdicts.items() if each.state == "exact"}
        history.append(earlier_wave(frame, answers.people, exact))
        decided.append((cells, verdicts, shares))
        shown.n_shown.append(sum(each.state != "hidden" for each in verdicts.values()))
        shown.totals += [each.state for key, each in verdicts.items() if key == TOTAL]
    shown.seconds = time.perf_counter() - started
    for cells, verdicts, shares in decided:
        shown.cells += cells.shown(verdicts, shares)
    return shown


def _counted(survey: Survey) -> list[CountedWave]:
    columns = [dimension.name for dimension in survey.dimensions]
    return [CountedWave(number, wave, columns) for number, wave in enumerate(survey.waves, 1)]


def _frame(survey: Survey, wave: Sequence[Person], people: People) -> Frame:
    participants = [Participant(each.person, each.company, each.segments) for each in wave]
    return build_frame(participants, survey.dimensions, people=people)


def _members(wave: Sequence[Person], key: RowKey) -> list[int]:
    """Answers of those in a row."""
    labels = {member[0] for member in key.members}
    return [
        answer
        for each in wave
        if (answer := each.answers[QUESTION]) is not None
        and (key == TOTAL or each.segments[key.dimension] in labels)
    ]


def _answers(wave: Sequence[Person], frame: Frame, rows: PublishedRows) -> Answers:
    answered = [each.person for each in wave if each.answers[QUESTION] is not None]
    sums = {row.key: _steps(wave, row) for row in rows}
    return Answers(frame.people.bits(answered), Sums(sums, HIGHEST - LOWEST))


def _steps(wave: Sequence[Person], row: Row) -> int:
    return sum(answer - LOWEST for answer in _members(wave, row.key))


def _dims(survey: Survey, key: RowKey) -> dict[str, object]:
    dims: dict[str, object] = {dimension.name: "*" for dimension in survey.dimensions}
    if key != TOTAL:
        labels = [member[0] for member in key.members]
        dims[key.dimension] = labels if key.is_other else labels[0]
    return dims


def by_threshold(survey: Survey, *, companies: bool) -> _Shown:
    """What a plain threshold shows: each label with five answers, and the whole wave.

    With `companies` a row needs three companies as well, none with more than half.
    """
    shown = _Shown()
    for number, wave in enumerate(survey.waves, start=1):
        cells = [
            {"wave": number, "question": QUESTION, "dims": _dims(survey, key), "n": n, "mean": 0}
            for key, n in _plain_rows(survey, wave, companies=companies)
        ]
        shown.cells += cells
        shown.n_shown.append(len(cells))
    return shown


def _plain_rows(
    survey: Survey, wave: Sequence[Person], *, companies: bool
) -> Iterator[tuple[RowKey, int]]:
    for key in _all_keys(survey, wave):
        names = [
            each.company
            for each in wave
            if each.answers[QUESTION] is not None
            and (key == TOTAL or each.segments[key.dimension] == key.members[0][0])
        ]
        sizes = [names.count(name) for name in set(names)]
        is_mixed = len(sizes) >= 3 and 2 * max(sizes) <= len(names)
        if len(names) >= 5 and (is_mixed or not companies):
            yield key, len(names)


def _all_keys(survey: Survey, wave: Sequence[Person]) -> list[RowKey]:
    """The total and each label that somebody who answered has."""
    answered = [each for each in wave if each.answers[QUESTION] is not None]
    labels = {(d.name, each.segments[d.name]) for d in survey.dimensions for each in answered}
    return [TOTAL, *(RowKey(name, ((label,),)) for name, label in sorted(labels))]


# Measuring


@dataclass(slots=True)
class _Tally:
    """What was found for one way to publish."""

    n_leaking: int = 0
    n_leaking_between: int = 0
    n_shown: dict[str, int] = field(default_factory=lambda: dict.fromkeys(BANDS, 0))
    totals: Counter[str] = field(default_factory=Counter)
    guess: Guess = field(default_factory=Guess)
    examples: list[str] = field(default_factory=list)

    def add(self, survey: Survey, shown: _Shown, number: int, rules: Rules, *, deep: bool) -> None:
        people, guess = survey.people, self.guess if deep else None
        within = next(attack(shown.cells, people, rules, between=False), None)
        between = None
        if within is None:
            between = next(attack(shown.cells, people, rules, within=False, guess=guess), None)
        self.n_leaking += within is not None
        self.n_leaking_between += (within or between) is not None
        if within or between:
            self.examples.append(f"survey {number}: {within or between}")
        for wave, n in zip(survey.waves, shown.n_shown, strict=True):
            self.n_shown[_band(wave)] += n
        self.totals.update(shown.totals)


def _band(wave: Sequence[Person]) -> str:
    n = len({each.company for each in wave if each.answers[QUESTION] is not None})
    return BANDS[0] if n < 20 else BANDS[1] if n < 60 else BANDS[2]


def run(surveys: int = 2000, seed: int = 1, dump: str | None = None) -> dict[str, object]:
    """Publish and attack that many random surveys; the result is what `main` prints."""
    ways = ["plain", "companies", "in_wave", *POLICIES]
    tallies = {way: _Tally() for way in [*ways, POOLED]}
    cells = dict.fromkeys(BANDS, 0)
    pooled_cells = dict.fromkeys(BANDS, 0)
    seconds: list[float] = []
    for number in range(1, surveys + 1):
        survey = make_survey(seed, number)
        _count_cells(survey, cells)
        pooled = make_pooled_survey(seed, number)
        _count_cells(pooled, pooled_cells)
        shown = published(pooled, POLICIES[DEFAULT])
        tallies[POOLED].add(pooled, shown, number, Rules(), deep=True)
        for way in ways:
            shown = _publish(survey, way)
            repeaters = None if way == "strict" else int(way) if way.isdigit() else 20
            rules = Rules(min_repeaters=repeaters)
            tallies[way].add(survey, shown, number, rules, deep=way in POLICIES)
            if way == DEFAULT:
                seconds.append(shown.seconds)
                if dump is not None:
                    _write(Path(dump), number, survey, shown.cells)
    by_way = dict.fromkeys(ways, cells) | {POOLED: pooled_cells}
    return _summary(surveys, seed, tallies, by_way, seconds)


def _count_cells(survey: Survey, cells: dict[str, int]) -> None:
    """Add how many cells each wave has that are not empty."""
    for wave in survey.waves:
        cells[_band(wave)] += len(_all_keys(survey, wave))


def _publish(survey: Survey, way: str) -> _Shown:
    if way in POLICIES:
        return published(survey, POLICIES[way])
    if way == "in_wave":
        return published(survey, Policy(), guarded=False)
    return by_threshold(survey, companies=way == "companies")


def _summary(
    surveys: int,
    seed: int,
    tallies: Mapping[str, _Tally],
    cells: Mapping[str, Mapping[str, int]],
    seconds: Sequence[float],
) -> dict[str, object]:
    ordered = sorted(seconds)
    guarded = [*POLICIES, POOLED]
    return {
        "benchmark": "confidentiality",
        "surveys": surveys,
        "seed": seed,
        "leaks": sum(tallies[way].n_leaking_between for way in guarded),
        "plain_leaks": tallies["plain"].n_leaking,
        "ways": {way: _way(tally, cells[way], surveys) for way, tally in tallies.items()},
        "cells": _with_sum(cells[DEFAULT]),
        "cells_pooled": _with_sum(cells[POOLED]),
        "seconds_per_survey": {
            "median": round(median(ordered), 4),
            "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 4),
            "slowest": round(ordered[-1], 4),
        },
        "examples": [text for way in guarded for text in tallies[way].examples][:5],
    }


def _with_sum(cells: Mapping[str, int]) -> dict[str, int]:
    return {"all": sum(cells.values()), **cells}


def _way(tally: _Tally, cells: Mapping[str, int], surveys: int) -> dict[str, object]:
    shown = {band: _pct(tally.n_shown[band], cells[band]) for band in BANDS}
    return {
        "leaking_in_a_wave_pct": _pct(tally.n_leaking, surveys),
        "leaking_pct": _pct(tally.n_leaking_between, surveys),
        "shown_pct": {"all": _pct(sum(tally.n_shown.values()), sum(cells.values())), **shown},
        "totals": dict(sorted(tally.totals.items())),
        "guesses": tally.guess.n,
        "guesses_true_pct": _pct(tally.guess.n_true, tally.guess.n),
    }


def _pct(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _write(folder: Path, number: int, survey: Survey, cells: Sequence[Cell]) -> None:
    columns = [dimension.name for dimension in survey.dimensions]
    write_files(folder, number, cells=cells, people=survey.people, dimensions=columns)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if something leaks or the attacker does not bite."""
    parser = argparse.ArgumentParser(description="Attack the cells of random surveys.")
    parser.add_argument("--surveys", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dump", metavar="DIR")
    options = parser.parse_args(argv)
    result = run(options.surveys, options.seed, options.dump)
    print(json.dumps(result))
    return 0 if result["leaks"] == 0 and result["plain_leaks"] else 1


if __name__ == "__main__":
    sys.exit(main())
