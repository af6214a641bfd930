"""The laws of section 8 of the method of confidentiality, as properties of drawn waves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from drawn_waves import Person, answers_of, belongs, frame_of, waves
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.suppression import (
    TOTAL,
    Answers,
    Policy,
    PublishedRows,
    RowKey,
    Verdict,
    publish_question,
    publish_wave,
)

POLICY = Policy()
few = settings(max_examples=40, deadline=None)


def published(wave: Sequence[Person]) -> tuple[PublishedRows, dict[RowKey, Verdict]]:
    frame = frame_of(wave)
    rows = publish_wave(frame, POLICY)
    return rows, publish_question(rows, answers_of(wave, frame, rows), POLICY)


def answering(wave: Sequence[Person], key: RowKey) -> list[Person]:
    return [p for p in wave if p.steps is not None and (key == TOTAL or belongs(p, key))]


def passes(group: Sequence[Person]) -> bool:
    companies = [person.company for person in group]
    largest = max((companies.count(company) for company in companies), default=0)
    return len(group) >= 5 and len(set(companies)) >= 3 and 2 * largest <= len(group)


def sets_of(rows: PublishedRows) -> dict[RowKey, set[object]]:
    """Rows as sets of people's keys, whatever their bits."""
    return {
        row.key: {rows.people.key_of(p) for p in range(row.bits.bit_length()) if row.bits >> p & 1}
        for row in rows
    }


@few
@given(waves(), st.randoms(use_true_random=False))
def test_the_order_of_people_changes_nothing(wave: list[Person], stream: Random) -> None:
    shuffled = sorted(wave, key=lambda _: stream.random())

    rows, verdicts = published(wave)
    other_rows, other_verdicts = published(shuffled)

    assert sets_of(rows) == sets_of(other_rows)
    assert (rows.dropped, rows.merged, rows.refused) == (
        other_rows.dropped,
        other_rows.merged,
        other_rows.refused,
    )
    assert verdicts == other_verdicts


@few
@given(waves())
def test_shown_rows_pass_the_primary_rule(wave: list[Person]) -> None:
    rows, verdicts = published(wave)

    for row in rows:
        assert passes([p for p in wave if row.key == TOTAL or belongs(p, row.key)])
    for key, verdict in verdicts.items():
        if verdict.state != "hidden":
            group = answering(wave, key)
            assert passes(group)
            assert verdict.n == len(group)
            assert verdict.n_companies == len({person.company for person in group})


@few
@given(waves())
def test_rows_of_a_published_dimension_partition_the_participants(wave: list[Person]) -> None:
    rows, _ = published(wave)

    for dimension in {row.key.dimension for row in rows} - {""}:
        parts = rows.of(dimension)
        assert len(parts) > 1
        assert sum(row.n for row in parts) == len(wave)
        assert all(sum(belongs(p, row.key) for row in parts) == 1 for p in wave)
        assert dimension not in rows.dropped


@few
@given(waves())
def test_every_dimension_is_published_or_has_a_reason(wave: list[Person]) -> None:
    rows, _ = published(wave)

    if rows.refused is None:
        shown = {row.key.dimension for row in rows} - {""}
        assert shown | set(rows.dropped) == {"tier", "region", "tier x region"}


@few
@given(waves())
def test_a_question_has_the_rows_of_its_wave_and_no_more_answers(wave: list[Person]) -> None:
    rows, verdicts = published(wave)

    assert list(verdicts) == [row.key for row in rows]
    for row in rows:
        assert (verdicts[row.key].n or 0) <= row.n


@few
@given(waves())
def test_a_hidden_cell_tells_nothing_but_a_reason(wave: list[Person]) -> None:
    _, verdicts = published(wave)

    for verdict in verdicts.values():
        if verdict.state == "hidden":
            assert verdict == Verdict("hidden", verdict.reason)
            assert verdict.reason is not None


@few
@given(waves())
def test_what_a_dimension_hides_is_nobody_or_a_group_that_passes(wave: list[Person]) -> None:
    rows, verdicts = published(wave)

    for dimension in {key.dimension for key in verdicts} - {""}:
        keys = [row.key for row in rows.of(dimension)]
        hidden = [key for key in keys if verdicts[key].state == "hidden"]
        if len(hidden) < len(keys):
            rest = [person for key in hidden for person in answering(wave, key)]
            assert not rest or passes(rest)


@few
@given(waves())
def test_answers_in_the_middle_of_the_scale_play_no_part(wave: list[Person]) -> None:
    middling = [p if p.steps is None else replace(p, steps=2) for p in wave]
    frame = frame_of(middling)
    rows = publish_wave(frame, POLICY)
    answers = answers_of(middling, frame, rows)

    seen = publish_question(rows, answers, POLICY)

    assert seen == publish_question(rows, replace(answers, sums=None), POLICY)


@few
@given(waves())
def test_answers_near_an_end_only_take_figures_away(wave: list[Person]) -> None:
    frame = frame_of(wave)
    rows = publish_wave(frame, POLICY)
    answers = answers_of(wave, frame, rows)

    seen = publish_question(rows, answers, POLICY)

    blind = publish_question(rows, replace(answers, sums=None), POLICY)
    for key, verdict in seen.items():
        assert verdict == blind[key] or verdict.state in ("bound", "hidden")
        if blind[key].state == "hidden":
            assert verdict.state == "hidden"


@few
@given(waves(may_skip=False))
def test_a_question_that_all_answered_hides_nothing_more(wave: list[Person]) -> None:
    frame = frame_of(wave)
    rows = publish_wave(frame, POLICY)

    verdicts = publish_question(rows, Answers(frame.everyone), POLICY)

    assert {verdict.state for verdict in verdicts.values()} <= {"exact"}


@few
@given(waves())
def test_stricter_thresholds_publish_only_what_is_mixed_enough(wave: list[Person]) -> None:
    strict = Policy(min_people=8, min_companies=5, max_share_pct=30)

    for row in publish_wave(frame_of(wave), strict):
        companies = [p.company for p in wave if row.key == TOTAL or belongs(p, row.key)]
        assert len(companies) >= 8
        assert len(set(companies)) >= 5
        assert max(companies.count(c) for c in companies) <= 0.3 * len(companies)
