"""Cells of a wave: equal to a plain count, whatever came before, beside or during a build."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from answered_waves import Fixed, answer_all, answer_one, next_wave, open_wave, run_worker
from factories import MONDAY, SetClock, make_contact, make_partner, make_survey
from flask import Flask
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from analysis.cells import (
    build_due,
    build_wave,
    differing_cells,
    store_built,
    waves_to_build,
)
from analysis.models import ScoreCell
from surveys.invitations import LinkKeys
from surveys.models import (
    Answer,
    Invitation,
    Question,
    Response,
    SegmentProfile,
    Wave,
    WaveChange,
)
from surveys.questionnaires import read_questionnaire
from surveys.responses import Filled
from surveys.terms import Audience, Mode, QuestionType
from surveys.waves import Run

Key = tuple[str, str, int]
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def cells_of(session: Session, wave_id: int) -> dict[Key, ScoreCell]:
    """The stored cells of a wave."""
    rows = session.scalars(select(ScoreCell).where(ScoreCell.wave_id == wave_id))
    return {(row.dimension, row.segment, row.question_id): row for row in rows}


def people_of(session: Session, wave_id: int) -> list[dict[str, Any]]:
    """Everybody who answered: company, segments and value by question."""
    rows = session.execute(
        select(
            Invitation.id,
            Invitation.partner_id,
            SegmentProfile.segments,
            Answer.question_id,
            Answer.value,
        )
        .join(
            SegmentProfile,
            (SegmentProfile.wave_id == Invitation.wave_id)
            & (SegmentProfile.profile_no == Invitation.profile_no),
        )
        .join(Answer, Answer.response_id == Invitation.id)
        .where(Invitation.wave_id == wave_id, Answer.item == 0)
    )
    people: dict[int, dict[str, Any]] = {}
    for row in rows:
        person = people.setdefault(
            row.id, {"company": row.partner_id, "segments": row.segments, "values": {}}
        )
        person["values"][row.question_id] = row.value
    return list(people.values())


def members(people: list[dict[str, Any]], dimension: str, segment: str) -> list[dict[str, Any]]:
    """The people of one row."""
    if not dimension:
        return people
    return [person for person in people if person["segments"].get(dimension) == segment]


def histogram_of(people: list[dict[str, Any]], question_id: int) -> dict[str, int]:
    """A plain count of one question."""
    values = [p["values"][question_id] for p in people if question_id in p["values"]]
    return dict(Counter("dk" if value is None else str(value) for value in values))


def company_totals(
    people: list[dict[str, Any]], question_id: int, *, signs: bool = False
) -> dict[Any, tuple[int, int]]:
    """Answers and their sum of each company."""
    totals: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for person in people:
        value = person["values"].get(question_id)
        if value is not None:
            entry = totals[person["company"]]
            entry[0] += 1
            entry[1] += ((value >= 9) - (value <= 6)) if signs else value
    return {company: (m, total) for company, (m, total) in totals.items()}


def sizes_of(totals: Mapping[Any, tuple[int, int]]) -> list[list[int]]:
    """Companies, sum and sum of squares by number of answers."""
    found: dict[int, list[int]] = {}
    for m, total in totals.values():
        entry = found.setdefault(m, [0, 0, 0])
        for place, added in enumerate((1, total, total * total)):
            entry[place] += added
    return [[m, *entry] for m, entry in sorted(found.items())]


def question(session: Session, code: str) -> int:
    """The id of a question."""
    return session.scalars(select(Question.id).where(Question.code == code)).one()


def uneven(questionnaire: Any, number: int, dice: random.Random) -> Filled:
    """Answers with gaps and 'don't know', so that no two questions have the same people."""
    values = {
        item.code: ["dk"] if dice.random() < 0.1 else [str(dice.randint(1, 5))]
        for item in questionnaire.items
        if item.type is QuestionType.AGREE5 and dice.random() < 0.9
    }
    values["recommend"] = [str(dice.randint(0, 10))]
    if number % 3 == 0:
        values["intent"] = ["2"]
    return Filled(values=values, texts={})


@pytest.fixture
def answered(app: Flask, session: Session, keys: LinkKeys, clock: SetClock) -> Run:
    """Two runs of ten companies with up to three people; the second one has links to the first."""
    survey = make_survey(session)
    for number in range(10):
        partner = make_partner(
            session, tier=("gold", "silver")[number % 2], region=("north", "south")[number % 3 == 0]
        )
        for _ in range(1 + number % 3):
            make_contact(session, partner)
    make_contact(session, None, team="support")
    session.commit()
    next_wave(app, session, keys, clock, survey, seed=4, fill=uneven)
    clock.move(days=90)
    return next_wave(
        app,
        session,
        keys,
        clock,
        survey,
        seed=5,
        fill=uneven,
        only=lambda _wave, number: number != 3,
    )


def test_cells_are_what_a_plain_count_gives(session: Session, answered: Run) -> None:
    people = people_of(session, answered.id)
    recommend = question(session, "recommend")
    before_id = answered.id - 2
    before = people_of(session, before_id)
    stored = cells_of(session, answered.id)

    rows = {("", "")} | {(d, s) for p in people for d, s in p["segments"].items()}
    asked = {question_id for person in people for question_id in person["values"]}
    assert set(stored) == {
        (dimension, segment, question_id)
        for dimension, segment in rows
        for question_id in asked
        if histogram_of(members(people, dimension, segment), question_id)
    }
    for (dimension, segment, question_id), cell in stored.items():
        here = members(people, dimension, segment)
        assert cell.histogram == histogram_of(here, question_id)
        if question_id == question(session, "intent"):
            assert cell.sizes is None
            continue
        totals = company_totals(here, question_id)
        assert cell.sizes is not None
        assert cell.sizes["raw"] == sizes_of(totals)
        assert ("sign" in cell.sizes) == (question_id == recommend)
        earlier = company_totals(members(before, dimension, segment), question_id)
        assert (cell.links or {}).get("raw") == linked(earlier, totals)
        if question_id == recommend:
            signs = company_totals(here, recommend, signs=True)
            assert cell.sizes["sign"] == sizes_of(signs)
            old_signs = company_totals(members(before, dimension, segment), recommend, signs=True)
            assert (cell.links or {}).get("sign") == linked(old_signs, signs)
            assert cell.pairs is None
        else:
            assert (cell.pairs or {}).get("recommend") == paired(here, question_id, recommend)


def linked(old: Mapping[Any, tuple[int, int]], new: Mapping[Any, tuple[int, int]]) -> Any:
    """Products over companies in both waves; None if there is no such company."""
    shared = old.keys() & new.keys()
    if not shared:
        return None
    return [
        sum(old[company][first] * new[company][second] for company in shared)
        for first, second in ((0, 0), (0, 1), (1, 0), (1, 1))
    ]


def paired(people: list[dict[str, Any]], x: int, y: int) -> Any:
    """Sums over people who answered both questions; None if nobody did."""
    both = [
        (p["values"][x], p["values"][y])
        for p in people
        if p["values"].get(x) is not None and p["values"].get(y) is not None
    ]
    if not both:
        return None
    return [
        len(both),
        sum(a for a, _ in both),
        sum(b for _, b in both),
        sum(a * a for a, _ in both),
        sum(b * b for _, b in both),
        sum(a * b for a, b in both),
    ]


@on_sqlite
def test_cells_of_staff_have_no_companies(session: Session, answered: Run) -> None:
    assert answered.internal is not None

    cells = cells_of(session, answered.internal.id)

    assert cells
    assert all(cell.sizes is None and cell.links is None for cell in cells.values())
    assert all(cell.pairs is None for cell in cells.values())


def test_changed_and_erased_answers_count_as_if_they_had_never_been_others(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock, answered: Run
) -> None:
    wave_id = answered.id
    ids = session.scalars(
        select(Response.id)
        .join(Invitation, Invitation.id == Response.id)
        .where(Invitation.wave_id == wave_id)
    ).all()
    session.execute(delete(Response).where(Response.id == ids[0]))
    agree = question(session, "incentives")
    for answer in session.scalars(
        select(Answer).where(Answer.response_id == ids[1], Answer.question_id == agree)
    ):
        answer.value = 1 if answer.value != 1 else 5
    session.add(WaveChange(wave_id=wave_id))
    session.commit()
    assert differing_cells(session, wave_id)
    session.rollback()
    clock.move(minutes=5)
    run_worker(app, 1)

    assert differing_cells(session, wave_id) == []
    people = people_of(session, wave_id)
    assert cells_of(session, wave_id)["", "", agree].histogram == histogram_of(people, agree)


def test_a_change_of_the_earlier_wave_rebuilds_the_links_of_the_later_one(
    app: Flask, session: Session, clock: SetClock, answered: Run
) -> None:
    earlier, later = answered.id - 2, answered.id
    before = {key: cell.links for key, cell in cells_of(session, later).items()}
    session.execute(
        delete(Response).where(
            Response.id.in_(
                select(Invitation.id)
                .where(Invitation.wave_id == earlier)
                .order_by(Invitation.id)
                .limit(4)
            )
        )
    )
    session.add(WaveChange(wave_id=earlier))
    session.commit()
    clock.move(minutes=5)
    run_worker(app, 1)
    assert list(waves_to_build(session)) == [later]
    session.rollback()
    clock.move(minutes=5)
    run_worker(app, 1)
    session.expire_all()

    assert {key: cell.links for key, cell in cells_of(session, later).items()} != before
    assert differing_cells(session, later) == []
    assert list(waves_to_build(session)) == []


def test_an_answer_that_comes_during_a_build_only_causes_another_one(
    session: Session, keys: LinkKeys
) -> None:
    run = open_wave(session, keys, companies=3, people=1, staff=1)
    wave_id = run.id
    answer_all(session, run, keys, fill=Fixed(), only=lambda _wave, number: number == 0)
    built = build_wave(session, wave_id)

    questionnaire = read_questionnaire(
        session, run.partner.version_id, audience=Audience.PARTNER, locale="en"
    )
    late = session.scalars(
        select(Invitation.id)
        .where(Invitation.wave_id == wave_id, Invitation.answered_on.is_(None))
        .limit(1)
    ).one()
    given = Filled(values={"recommend": ["9"]}, texts={})
    answer_one(session, keys, late, questionnaire, given, at=MONDAY + timedelta(hours=2))
    session.commit()
    assert store_built(session, built, now=MONDAY)
    session.commit()

    assert wave_id in waves_to_build(session)
    assert differing_cells(session, wave_id)
    assert store_built(session, build_wave(session, wave_id), now=MONDAY)
    session.commit()
    assert wave_id not in waves_to_build(session)
    assert differing_cells(session, wave_id) == []


@on_sqlite
def test_a_build_that_is_never_stored_leaves_everything_as_it_was(
    session: Session, answered: Run
) -> None:
    wave_id = answered.id
    before = {key: cell.histogram for key, cell in cells_of(session, wave_id).items()}
    session.execute(delete(Answer))
    session.add(WaveChange(wave_id=wave_id))
    session.commit()

    build_wave(session, wave_id)
    session.rollback()

    assert {key: cell.histogram for key, cell in cells_of(session, wave_id).items()} == before
    assert session.scalar(select(func.count()).select_from(WaveChange)) == 1


@on_sqlite
def test_building_twice_gives_the_same(session: Session, answered: Run) -> None:
    wave_id, engine = answered.id, session.get_bind()
    first, second = (build_wave(session, wave_id) for _ in range(2))

    assert first.cells == second.cells
    assert first.n_people == second.n_people == len(people_of(session, wave_id))
    session.rollback()
    assert build_due(lambda: Session(engine), wave_id, now=MONDAY) is not None


@on_sqlite
def test_anonymous_cells_know_no_company(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = make_survey(session, mode=Mode.ANONYMOUS)
    for number in range(6):
        partner = make_partner(session, tier=("gold", "silver")[number % 2])
        make_contact(session, partner)
    session.commit()
    run = next_wave(app, session, keys, clock, survey, fill=Fixed())

    cells = cells_of(session, run.id)

    recommend = question(session, "recommend")
    assert sum(cells["", "", recommend].histogram.values()) == 6
    assert all(cell.sizes is None and cell.links is None for cell in cells.values())
    assert cells["", "", question(session, "incentives")].pairs is not None


@on_sqlite
def test_missing_and_surplus_cells_are_found(session: Session, answered: Run) -> None:
    wave_id = answered.id
    agree, other = question(session, "incentives"), question(session, "comment")
    session.execute(
        delete(ScoreCell).where(
            ScoreCell.wave_id == wave_id,
            ScoreCell.dimension == "",
            ScoreCell.question_id == agree,
        )
    )
    session.add(
        ScoreCell(wave_id=wave_id, dimension="", segment="", question_id=other, histogram={"1": 1})
    )
    session.flush()

    assert sorted(differing_cells(session, wave_id)) == sorted([("", "", agree), ("", "", other)])
    assert session.get_one(Wave, wave_id).cells_built_at is not None
    session.rollback()
