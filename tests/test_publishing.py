"""From sent answers to frozen results: the worker's way through a whole wave."""

import random
from datetime import timedelta

import pytest
from factories import MONDAY, SetClock, make_programme, make_survey
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from analysis.cells import build_wave, differing_cells
from analysis.models import PublishedCell, ScoreCell
from surveys.invitations import LinkKeys, answer_token
from surveys.mail.transport import MemoryTransport
from surveys.models import Invitation, Wave
from surveys.processes import job_context, jobs_of
from surveys.questionnaires import read_questionnaire
from surveys.responses import Filled, open_door, record_response
from surveys.terms import Audience, CellState, Channel, Mode
from surveys.waves import Run, close_run, open_run
from surveys.worker import run_jobs


def answer_all(
    session: Session, run: Run, keys: LinkKeys, *, seed: int = 1, comments: bool = True
) -> None:
    """Everybody who was asked answers; staff three quarters of a step higher."""
    dice = random.Random(seed)
    for wave in run.waves:
        ids = session.scalars(
            select(Invitation.id).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
        ).all()
        questionnaire = read_questionnaire(
            session, wave.version_id, audience=wave.audience, locale="en"
        )
        for number, invitation_id in enumerate(ids):
            lift = 1 if wave.audience is Audience.INTERNAL else 0
            values = {
                item.code: [str(min(5, dice.randint(1, 4) + lift))]
                for item in questionnaire.items
                if item.type.value == "agree5"
            }
            values["recommend"] = [str(min(10, dice.randint(2, 9) + lift))]
            texts = {"comment": f"The portal is slow and nobody answers, number {number}."}
            record_response(
                session,
                open_door(session, answer_token(keys, invitation_id, 1)),
                questionnaire,
                Filled(values=values, texts=texts if comments else {}),
                locale="en",
                channel=Channel.EMAIL,
                now=MONDAY + timedelta(hours=1),
            )
    session.commit()


def run_worker(app: Flask, times: int = 2) -> None:
    """Tick as the worker does; mails go to memory."""
    context = job_context(app, transport=MemoryTransport())
    for _ in range(times):
        run_jobs(jobs_of(app), context)


def whole_wave(app: Flask, session: Session, keys: LinkKeys, clock: SetClock, mode: Mode) -> Run:
    """A wave of twelve companies and eight staff, answered by all, closed and worked through."""
    survey = make_survey(session, mode=mode)
    make_programme(session, companies=12, people=2)
    session.commit()
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    answer_all(session, run, keys)
    run_worker(app)
    clock.move(days=1)
    close_run(session, run, now=clock())
    session.commit()
    run_worker(app)
    session.expire_all()
    return run


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
    from analysis.cells import store_built

    slow = build_wave(session, run.id)
    fast = build_wave(session, run.id)

    assert store_built(session, fast, now=MONDAY)
    assert not store_built(session, slow, now=MONDAY)
