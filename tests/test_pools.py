"""Where waves stand in a pool: chosen in the schedule, fixed with the first wave, until it ends."""

from datetime import timedelta

import pytest
from factories import MONDAY, make_programme, make_schedule, make_survey
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.models import Schedule, Survey, Wave
from surveys.pools import is_pool_over, pool_waves
from surveys.recurrence import Frequency
from surveys.schedules import ScheduleRefused, wish_of
from surveys.terms import Mode, SurveyStatus, WaveState
from surveys.waves import Run, close_run, open_run


def pooled_survey(session: Session, pooled_waves: int = 3) -> Survey:
    """A survey whose schedule publishes that many waves together."""
    survey = make_survey(session)
    make_programme(session)
    make_schedule(session, survey, pooled_waves=pooled_waves)
    session.commit()
    return survey


def hold(session: Session, keys: LinkKeys, survey: Survey, month: int) -> Run:
    """A run that is opened in a month and closed a day later."""
    at = MONDAY + timedelta(days=31 * month)
    run = open_run(session, survey, scheduled_at=at, keys=keys, now=at).run
    close_run(session, run, now=at + timedelta(days=1))
    session.commit()
    return run


def places(runs: list[Run]) -> list[tuple[int, int, int | None]]:
    """Position, size and start of each run's waves, which must agree."""
    found: list[tuple[int, int, int | None]] = []
    for run in runs:
        both = {(w.pool_position, w.pool_size, w.pool_start) for w in run.waves}
        assert len(both) == 1
        found += both
    return found


def end_schedule(session: Session, survey: Survey) -> None:
    session.execute(
        update(Schedule).where(Schedule.survey_id == survey.id).values(next_run_at=None)
    )
    session.commit()


def test_waves_without_a_choice_are_published_alone(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session, 1)

    runs = [hold(session, keys, survey, month) for month in range(2)]

    assert places(runs) == [(1, 1, None), (1, 1, None)]
    assert all(is_pool_over(session, run.partner) for run in runs)
    assert list(pool_waves(session, runs[1].partner)) == [runs[1].partner]


def test_three_waves_make_a_pool_and_the_fourth_begins_the_next(
    session: Session, keys: LinkKeys
) -> None:
    survey = pooled_survey(session)

    runs = [hold(session, keys, survey, month) for month in range(4)]

    assert places(runs) == [(1, 3, 1), (2, 3, 1), (3, 3, 1), (1, 3, 4)]
    assert [is_pool_over(session, run.partner) for run in runs] == [False, False, True, False]
    assert [wave.number for wave in pool_waves(session, runs[2].waves[1])] == [1, 2, 3]
    assert [wave.number for wave in pool_waves(session, runs[1].partner)] == [1, 2]


def test_a_changed_choice_holds_from_the_next_pool_on(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session)
    first = hold(session, keys, survey, 0)
    make_schedule(session, survey, pooled_waves=1)

    later = [hold(session, keys, survey, month) for month in range(1, 4)]

    assert places([first, *later]) == [(1, 3, 1), (2, 3, 1), (3, 3, 1), (1, 1, None)]


def test_a_missed_wave_takes_no_place(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session)
    first = hold(session, keys, survey, 0)
    missed = hold(session, keys, survey, 1)
    for wave in missed.waves:
        wave.state = WaveState.MISSED
        wave.pool_size, wave.pool_position, wave.pool_start = 1, 1, None
    session.commit()

    second = hold(session, keys, survey, 2)

    assert places([first, second]) == [(1, 3, 1), (2, 3, 1)]
    assert [wave.number for wave in pool_waves(session, second.partner)] == [1, 3]


def test_a_pool_is_over_when_its_survey_has_ended(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session)
    first, second = (hold(session, keys, survey, month) for month in range(2))

    end_schedule(session, survey)

    assert not is_pool_over(session, first.partner)
    assert is_pool_over(session, second.partner)


def test_a_pool_is_over_when_its_survey_was_put_aside(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session)
    run = hold(session, keys, survey, 0)

    survey.status = SurveyStatus.ARCHIVED
    session.commit()

    assert is_pool_over(session, run.partner)


def test_a_pool_waits_while_its_schedule_is_paused(session: Session, keys: LinkKeys) -> None:
    survey = pooled_survey(session)
    run = hold(session, keys, survey, 0)

    session.execute(update(Schedule).values(paused_at=MONDAY))
    session.commit()

    assert not is_pool_over(session, run.partner)


def test_a_pool_that_was_published_early_takes_no_further_wave(
    session: Session, keys: LinkKeys
) -> None:
    survey = pooled_survey(session)
    first = hold(session, keys, survey, 0)
    first.partner.published_at = MONDAY
    session.commit()

    second = hold(session, keys, survey, 1)

    assert places([first, second]) == [(1, 3, 1), (1, 3, 2)]
    # What staff said in the first wave is published too, though it was not yet.
    assert is_pool_over(session, first.waves[1])


@pytest.mark.parametrize("mode", [Mode.ANONYMOUS, Mode.IDENTIFIED])
def test_only_confidential_waves_can_be_pooled(session: Session, mode: Mode) -> None:
    survey = make_survey(session, mode=mode)

    with pytest.raises(ScheduleRefused) as refused:
        make_schedule(session, survey, pooled_waves=2)

    assert refused.value.problems == {"pooled_waves": mode.value}


def test_a_pool_of_five_is_refused(session: Session) -> None:
    survey = make_survey(session)

    with pytest.raises(ScheduleRefused) as refused:
        make_schedule(session, survey, pooled_waves=5)

    assert refused.value.problems == {"pooled_waves": "out_of_range"}


def test_a_single_wave_cannot_be_pooled(session: Session) -> None:
    survey = make_survey(session)

    with pytest.raises(ScheduleRefused) as refused:
        make_schedule(session, survey, pooled_waves=2, frequency=Frequency.ONCE)

    assert refused.value.problems == {"pooled_waves": "once"}


def test_what_was_chosen_is_read_back_from_the_schedule(session: Session) -> None:
    schedule = make_schedule(session, make_survey(session), pooled_waves=4)

    wish = wish_of(schedule)

    assert wish is not None
    assert wish.pooled_waves == 4


def test_waves_of_an_older_release_stay_alone(app: Flask, session: Session, keys: LinkKeys) -> None:
    run = hold(session, keys, pooled_survey(session, 2), 0)
    ids = [wave.id for wave in run.waves]
    session.rollback()

    with app.app_context():
        downgrade(revision="0003")
        upgrade()
    session.expire_all()

    waves = session.scalars(select(Wave).order_by(Wave.id)).all()
    assert [wave.id for wave in waves] == ids
    assert {(w.pool_size, w.pool_position, w.pool_start) for w in waves} == {(1, 1, None)}
    assert session.scalars(select(Schedule.pooled_waves)).all() == [1]


@pytest.mark.parametrize(
    "values",
    [
        {"pool_size": 5, "pool_start": 1},
        {"pool_size": 2},
        {"pool_start": 1},
        {"pool_size": 2, "pool_start": 1, "pool_position": 3},
    ],
)
def test_the_database_refuses_a_place_that_is_none(
    session: Session, keys: LinkKeys, values: dict[str, int]
) -> None:
    run = hold(session, keys, pooled_survey(session, 1), 0)

    with pytest.raises(DatabaseError):
        session.execute(update(Wave).where(Wave.id == run.id).values(**values))


def test_the_database_refuses_to_pool_anonymous_waves(session: Session, keys: LinkKeys) -> None:
    survey = make_survey(session, mode=Mode.ANONYMOUS)
    make_programme(session)
    run = hold(session, keys, survey, 0)

    with pytest.raises(DatabaseError):
        session.execute(update(Wave).where(Wave.id == run.id).values(pool_size=2, pool_start=1))
