"""From sent answers to frozen results: the worker's way through a whole wave."""

import pytest
from answered_waves import answer_all, run_worker, whole_wave
from factories import MONDAY, SetClock, make_programme, make_survey
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from analysis.cells import build_wave, differing_cells, store_built
from analysis.models import PublishedCell, ScoreCell
from surveys.invitations import LinkKeys
from surveys.models import Wave
from surveys.terms import Audience, CellState, Mode
from surveys.waves import close_run, open_run


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_a_closed_wave_is_published_with_every_driver(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock, mode: Mode
) -> None:
    run = whole_wave(app, session, keys, clock, mode)

    for wave in run.waves:
        stored = session.get_one(Wave, wave.id)
        assert stored.published_at == clock()
        totals = session.scalars(
            select(PublishedCell).where(
                PublishedCell.wave_id == wave.id, PublishedCell.dimension == ""
            )
        ).all()
        by_metric = {cell.metric: cell for cell in totals}
        assert by_metric["participants"].n == (24 if wave.audience is Audience.PARTNER else 8)
        assert by_metric["incentives"].state is CellState.EXACT
        assert by_metric["incentives"].figures is not None
        assert by_metric["recommend"].value is not None


def test_stored_cells_equal_a_recount(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = whole_wave(app, session, keys, clock, Mode.CONFIDENTIAL)

    for wave in run.waves:
        assert differing_cells(session, wave.id) == []
    cell = session.scalars(select(ScoreCell).where(ScoreCell.wave_id == run.id)).first()
    assert cell is not None
    cell.histogram = {"1": 99}
    session.flush()
    assert differing_cells(session, run.id) == [(cell.dimension, cell.segment, cell.question_id)]


def test_a_published_wave_cannot_be_changed(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = whole_wave(app, session, keys, clock, Mode.CONFIDENTIAL)

    cell = session.scalars(select(PublishedCell).where(PublishedCell.wave_id == run.id)).first()
    assert cell is not None
    cell.n = 7
    with pytest.raises(DatabaseError):
        session.flush()


def test_an_identified_wave_is_never_published(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = whole_wave(app, session, keys, clock, Mode.IDENTIFIED)

    partner = session.get_one(Wave, run.id)
    assert partner.published_at is None
    count = session.scalar(
        select(func.count()).select_from(ScoreCell).where(ScoreCell.wave_id == run.id)
    )
    assert count


def test_a_wave_of_four_people_shows_nothing(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = make_survey(session)
    make_programme(session, companies=4, staff=3)
    session.commit()
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    answer_all(session, run, keys)
    clock.move(days=1)
    close_run(session, run, now=clock())
    session.commit()
    run_worker(app)

    states = set(session.scalars(select(PublishedCell.state)))
    assert states == {CellState.HIDDEN}


def test_a_build_that_was_overtaken_is_thrown_away(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session)
    make_programme(session)
    session.commit()
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    slow = build_wave(session, run.id)
    fast = build_wave(session, run.id)

    assert store_built(session, fast, now=MONDAY)
    assert not store_built(session, slow, now=MONDAY)
