"""An attacker of our own on published surveys: it bites where rules are left out, only there."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis.suppression import TOTAL, Policy, RowKey, Verdict, hiding
from bench import attacker, confidentiality
from bench.attacker import Cell, Finding, Person, Rules, attack
from bench.confidentiality import by_threshold, make_pooled_survey, make_survey, published
from bench.shown_cells import CountedWave

SURVEYS = range(1, 41)
SEED = 20
RULES = Rules()


def crowd(
    groups: Mapping[tuple[str, str], Sequence[int]], *, wave: int = 1, start: int = 0
) -> list[Person]:
    """People by (tier, region), each with an answer and a company of their own."""
    people: list[Person] = []
    for (tier, region), answers in groups.items():
        for answer in answers:
            name = str(start + len(people))
            segments = {"tier": tier, "region": region}
            people.append(Person(wave, f"firm {name}", f"p{name}", segments, {"q": answer}))
    return people


def cell(
    n: int, *, wave: int = 1, figure: Mapping[str, object] | None = None, **dims: object
) -> Cell:
    everywhere: dict[str, object] = {"tier": "*", "region": "*"}
    shown = {"mean": 50} if figure is None else figure
    return {"wave": wave, "question": "q", "dims": everywhere | dims, "n": n, **shown}


def kinds(cells: Sequence[Cell], people: Sequence[Person], rules: Rules = RULES) -> set[str]:
    return {finding.kind for finding in attack(cells, people, rules)}


MIXED = [1, 2, 3, 4, 5, 3, 2, 4, 3, 1]


def test_a_cell_of_four_people_is_found() -> None:
    people = crowd({("Gold", "N"): MIXED, ("Silver", "N"): [2, 3, 4, 2]})

    assert "sum of 1" in kinds([cell(4, tier="Silver")], people)
    assert kinds([cell(10, tier="Gold")], people) == set()


def test_what_is_left_of_the_total_is_found() -> None:
    people = crowd({("Gold", "N"): MIXED, ("Silver", "N"): [2, 3, 4, 2]})

    found = list(attack([cell(14), cell(10, tier="Gold")], people, RULES))

    assert {finding.n_people for finding in found} == {4}


def test_two_dimensions_that_differ_by_two_people_are_found() -> None:
    people = crowd({("Gold", "N"): MIXED[:8], ("Gold", "S"): [2, 3], ("Silver", "S"): MIXED})

    assert "sum of 2" in kinds([cell(10, tier="Gold"), cell(8, region="N")], people)


def test_a_company_of_more_than_half_is_found() -> None:
    people = crowd({("Gold", "N"): MIXED})
    people = [
        Person(p.wave, "giant" if place < 6 else p.company, p.person, p.segments, p.answers)
        for place, p in enumerate(people)
    ]

    assert "sum of 1" in kinds([cell(10)], people)
    assert kinds([cell(10)], people, Rules(min_companies=None)) == set()


def test_a_combination_of_four_cells_is_found_though_no_three_of_them_leak() -> None:
    groups = {(t, r): [2, 3, 4, 2, 3, 4, 2, 3] for t in "AB" for r in "CD"}
    people = [*crowd(groups), *crowd({("B", "E"): [4]}, start=100)]
    cells = [cell(16, tier="A"), cell(17, tier="B"), cell(16, region="C"), cell(16, region="D")]

    assert kinds(cells, people) == {"rational combination"}


def test_a_unanimous_cell_and_a_bound_that_follows_are_found() -> None:
    people = crowd({("Gold", "N"): MIXED, ("Silver", "N"): [1] * 6, ("Bronze", "N"): MIXED})
    bound = cell(6, figure={"interval": [0, 8]}, tier="Silver")
    others = [cell(26), cell(10, tier="Gold"), cell(10, tier="Bronze")]

    assert "nearly unanimous" in kinds([cell(6, tier="Silver")], people)
    assert "bound follows" in kinds([bound, *others], people)
    assert kinds([bound, *others[:2]], people) == set()


def test_a_joiner_is_found_unless_many_would_have_to_repeat_their_answer() -> None:
    first = crowd({("Gold", "N"): MIXED * 2})
    second = crowd({("Gold", "N"): MIXED * 2 + [5]}, wave=2)
    cells = [cell(20), cell(21, wave=2)]
    guess = attacker.Guess()

    found = list(attack(cells, [*first, *second], Rules(), guess=guess))

    assert found == []
    assert (guess.n, guess.n_true) == (1, 1)
    assert kinds(cells, [*first, *second], Rules(min_repeaters=21)) == {"difference of waves"}
    assert kinds(cells, [*first, *second], Rules(min_repeaters=None)) == {"difference of waves"}


def test_a_wrong_n_is_found() -> None:
    assert kinds([cell(11)], crowd({("Gold", "N"): MIXED})) == {"wrong n"}


def test_other_holds_all_its_members() -> None:
    people = crowd({("Gold", "N"): MIXED, ("Silver", "N"): MIXED, ("Bronze", "N"): [1, 2, 4]})

    assert kinds([cell(13, tier=["Silver", "Bronze"])], people) == set()


def first_finding(cells: Sequence[Cell], number: int, rules: Rules = RULES) -> Finding | None:
    return next(attack(cells, make_survey(SEED, number).people, rules), None)


def test_the_engine_gives_nothing_away_in_forty_surveys() -> None:
    found = {
        number: first_finding(published(make_survey(SEED, number), Policy()).cells, number)
        for number in SURVEYS
    }

    assert {number: finding for number, finding in found.items() if finding} == {}


def test_the_strict_guard_gives_nothing_away_however_many_repeat() -> None:
    strict, rules = Policy(is_strict=True), Rules(min_repeaters=None)

    found = [
        first_finding(published(make_survey(SEED, number), strict).cells, number, rules)
        for number in SURVEYS[:15]
    ]

    assert [finding for finding in found if finding] == []


@pytest.mark.parametrize("answers", [(1, 2), (3,), (4, 5)])
def test_shares_tell_of_no_group_under_ten_nor_that_all_or_none_are_of_a_class(
    answers: tuple[int, ...],
) -> None:
    rules = Rules(min_people=10, lowest=0, highest=1, slack=1)
    for number in SURVEYS[:20]:
        survey = make_survey(SEED, number)
        cells = [each for each in published(survey, Policy()).cells if "counts" in each]
        people = [in_class(person, answers) for person in survey.people]

        assert next(attack(cells, people, rules, between=False), None) is None


def in_class(person: Person, chosen: Sequence[int]) -> Person:
    """The same person, with 1 for an answer in the class and 0 for another."""
    known = {name: answer for name, answer in person.answers.items() if answer is not None}
    answers = {name: int(answer in chosen) for name, answer in known.items()}
    unknown = dict.fromkeys(person.answers.keys() - known.keys())
    return replace(person, answers={**answers, **unknown})


@pytest.mark.parametrize("companies", [False, True])
def test_thresholds_alone_give_something_away_in_most_surveys(companies: bool) -> None:
    leaking = [
        number
        for number in SURVEYS
        if first_finding(by_threshold(make_survey(SEED, number), companies=companies).cells, number)
    ]

    assert len(leaking) > len(SURVEYS) / 2


def test_without_the_guard_waves_give_something_away() -> None:
    leaking = [
        number
        for number in SURVEYS
        if first_finding(
            published(make_survey(SEED, number), Policy(), guarded=False).cells, number
        )
    ]

    assert len(leaking) > len(SURVEYS) / 4


def test_a_question_without_the_exact_check_gives_a_combination_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    survey = make_survey(SEED, 16)
    checked = published(survey, Policy(), guarded=False).cells
    monkeypatch.setattr(hiding, "linear_leak", lambda rows, crowd: None)
    unchecked = published(survey, Policy(), guarded=False).cells

    assert next(attack(checked, survey.people, RULES, between=False), None) is None
    found = next(attack(unchecked, survey.people, RULES, between=False))
    assert found.kind == "rational combination"


def test_pooled_waves_give_nothing_away_and_without_the_guard_they_do() -> None:
    kept: list[int] = []
    unguarded: list[int] = []
    for number in SURVEYS:
        survey = make_pooled_survey(SEED, number)
        for policy_guards, found in ((True, kept), (False, unguarded)):
            cells = published(survey, Policy(), guarded=policy_guards).cells
            if next(attack(cells, survey.people, RULES), None):
                found.append(number)

    assert kept == []
    assert unguarded != []


def test_everybody_is_once_in_a_pool_with_their_latest_answer() -> None:
    single, pooled = make_survey(SEED, 3), make_pooled_survey(SEED, 3)

    pool = {person.person: person for person in pooled.waves[0]}
    first, second = ({person.person: person for person in wave} for wave in single.waves[:2])

    assert len(pool) == len(pooled.waves[0])
    assert pool.keys() == first.keys() | second.keys()
    for key, person in pool.items():
        latest = second.get(key) or first[key]
        assert (person.answers, person.segments) == (latest.answers, latest.segments)


def test_the_attacker_shares_no_code_with_the_engine() -> None:
    tree = ast.parse(Path(attacker.__file__).read_text(encoding="utf-8"))

    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert not imported & {"analysis", "surveys", "bench", "app"}


def test_the_benchmark_prints_one_line_and_dumps_what_was_seen_and_the_truth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = confidentiality.main(["--surveys", "4", "--seed", "4", "--dump", str(tmp_path)])

    lines = capsys.readouterr().out.splitlines()
    result = json.loads(lines[-1])
    assert (status, len(lines), result["leaks"], result["surveys"]) == (0, 1, 0, 4)
    ways = {"plain", "companies", "in_wave", "5", "10", "20", "strict", "pooled"}
    assert set(result["ways"]) == ways
    cells = json.loads((tmp_path / "1.cells.json").read_text(encoding="utf-8"))
    with (tmp_path / "1.micro.csv").open(encoding="utf-8", newline="") as file:
        header, *people = csv.reader(file)
    survey = make_survey(4, 1)
    columns = [dimension.name for dimension in survey.dimensions]
    assert header == ["wave", "company", "person", *columns, "d1"]
    assert len(people) == len(survey.people)
    assert cells
    assert all({"wave", "question", "dims", "n"} <= set(each) for each in cells)
    assert all(set(each["dims"]) == set(columns) for each in cells)
    assert cells == published(survey, Policy()).cells


def test_every_cell_of_the_dump_is_true_of_the_people_behind_it(tmp_path: Path) -> None:
    confidentiality.run(5, 4, str(tmp_path))

    kinds_found = set()
    for number in range(1, 6):
        cells = json.loads((tmp_path / f"{number}.cells.json").read_text(encoding="utf-8"))
        with (tmp_path / f"{number}.micro.csv").open(encoding="utf-8", newline="") as file:
            people = list(csv.DictReader(file))
        for each in cells:
            answers = answers_of(each, people)
            (kind,) = {"mean", "interval", "counts"} & each.keys()
            kinds_found.add(kind)
            assert each["n"] == len(answers)
            assert is_true(each, kind, answers)
    assert kinds_found == {"mean", "interval", "counts"}


def answers_of(cell: Mapping[str, Any], people: Sequence[Mapping[str, str]]) -> list[int]:
    """Answers of those in a dumped cell, found in the dumped truth alone."""
    return [
        int(person[cell["question"]])
        for person in people
        if int(person["wave"]) == cell["wave"]
        and person[cell["question"]]
        and all(
            value == "*" or person[name] in (value if isinstance(value, list) else [value])
            for name, value in cell["dims"].items()
        )
    ]


def is_true(cell: Mapping[str, Any], kind: str, answers: Sequence[int]) -> bool:
    # One division at the end: 45 must not become 44.999999999999993.
    mean = 25 * (sum(answers) - len(answers)) / len(answers)
    if kind == "mean":
        classes = [count_of(answers, *each) for each in ((1, 2), (3,), (4, 5))]
        bounds = cell.get("shares", [[0, len(answers)]] * 3)
        is_inside = all(low <= n <= high for n, (low, high) in zip(classes, bounds, strict=True))
        return is_inside and abs(cell["mean"] - mean) <= 0.5 and cell["ci"][0] <= cell["mean"]
    if kind == "interval":
        low, high = cell["interval"]
        return bool(low <= mean <= high)
    if len(cell["counts"]) == 5:
        return bool(cell["counts"] == [answers.count(value) for value in range(1, 6)])
    return bool(
        cell["counts"] == [count_of(answers, 1, 2), answers.count(3), count_of(answers, 4, 5)]
    )


def count_of(answers: Sequence[int], *values: int) -> int:
    return sum(answer in values for answer in answers)


def one_row(answers: Sequence[int], verdict: Verdict) -> Mapping[str, Any]:
    """What is seen of a wave of which only the total is decided upon."""
    people = crowd({("Gold", "N"): answers})
    people = [replace(each, answers={"d1": each.answers["q"]}) for each in people]
    (seen,) = CountedWave(1, people, ["tier"]).shown({TOTAL: verdict}, {})
    return seen


def test_bounds_and_rounded_figures_are_dumped_as_the_interval_that_they_stand_for() -> None:
    low = one_row([1, 1, 1, 1, 2, 2], Verdict("bound", None, 6, 6, at_most=50 / 6))
    high = one_row([5, 5, 5, 5, 4, 4], Verdict("bound", None, 6, 6, at_least=100 - 50 / 6))
    about = one_row(MIXED[:9], Verdict("coarse", "few_changed", 9, 9))

    assert low["interval"] == [0, 8.34]
    assert high["interval"] == [91.66, 100]
    assert about["interval"] == [45, 55]
    assert not {"mean", "ci", "counts"} & (low.keys() | high.keys() | about.keys())


def test_merged_segments_are_dumped_as_a_list_and_hidden_ones_not_at_all() -> None:
    people = crowd({("Gold", "N"): MIXED, ("Silver", "N"): MIXED, ("Bronze", "N"): [1, 2, 4]})
    people = [replace(each, answers={"d1": each.answers["q"]}) for each in people]
    other = RowKey("tier", (("Bronze",), ("Silver",)))
    verdicts = {other: Verdict("exact", None, 13, 13), TOTAL: Verdict("hidden", "few_people")}

    (seen,) = CountedWave(1, people, ["tier", "region"]).shown(verdicts, {})

    assert seen["dims"] == {"tier": ["Bronze", "Silver"], "region": "*"}
    assert seen["n"] == 13
