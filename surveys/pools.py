"""Pools: waves in a row of a small programme whose results are published as one.

How many waves a pool has is chosen in the schedule and fixed when its first wave opens. The single
waves show participation only; all results come with the last wave. Here is told where a wave stands
in its pool and when the pool is over; what is published is analysis/publishing.py's.

Source: method of confidentiality, section 2 (pooled waves).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveys.models import Schedule, Survey, Wave
from surveys.terms import Mode, SurveyStatus, WaveState

MAX_POOLED_WAVES = 4
#: What a missed wave would have been is the next one that opens.
HELD = (WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED)


@dataclass(frozen=True, slots=True)
class PoolPlace:
    """Where a wave stands: the how manieth of how many, and the number of the pool's first wave."""

    size: int
    position: int
    start: int | None


ALONE = PoolPlace(size=1, position=1, start=None)


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """A wave's place for those who look at it.

    `n_held` waves of the pool have been held so far; `results_id` is the wave that has the results
    of all of them, None until they are published.
    """

    position: int
    size: int
    n_held: int
    results_id: int | None
    wave_id: int

    @property
    def has_results(self) -> bool:
        """Whether the results are this very wave's."""
        return self.results_id == self.wave_id


def pool_status(session: Session, wave: Wave) -> PoolStatus | None:
    """Where a wave stands in its pool and what became of it; None for a wave on its own."""
    if not wave.is_pooled:
        return None
    waves = session.scalars(select(Wave).where(*_in_pool(wave)).order_by(Wave.number)).all()
    last = waves[-1]
    return PoolStatus(
        position=wave.pool_position,
        size=wave.pool_size,
        n_held=len(waves),
        results_id=None if last.published_at is None else last.id,
        wave_id=wave.id,
    )


def place_in_pool(session: Session, survey: Survey, *, number: int, wanted: int) -> PoolPlace:
    """Where the run that opens now with this number stands; the same for both audiences.

    It goes on with the pool of the run before, or begins one of `wanted` waves. A pool that was
    published early, since its survey had ended, takes no further wave.
    """
    before = _run_before(session, survey.id, number)
    if before and _goes_on(before):
        pool = before[0]
        return PoolPlace(pool.pool_size, pool.pool_position + 1, pool.pool_start)
    if wanted == 1 or survey.mode is not Mode.CONFIDENTIAL:
        return ALONE
    return PoolPlace(wanted, 1, number)


def pool_waves(session: Session, wave: Wave) -> Sequence[Wave]:
    """The waves of a wave's pool that were held up to it, oldest first; or the wave alone."""
    if not wave.is_pooled:
        return [wave]
    return session.scalars(
        select(Wave).where(*_in_pool(wave), Wave.number <= wave.number).order_by(Wave.number)
    ).all()


def of_pool(column: InstrumentedAttribute[int], wave: Wave) -> ColumnElement[bool]:
    """Whether a column of wave ids names a wave that is published with this one, or this one."""
    if not wave.is_pooled:
        return column == wave.id
    return column.in_(select(Wave.id).where(*_in_pool(wave), Wave.number <= wave.number))


def is_pool_over(session: Session, wave: Wave) -> bool:
    """Whether no later wave joins the pool, so that this one's results are those of the pool.

    It is full, or a later run has begun another, or the survey has ended with it.
    """
    if wave.pool_position == wave.pool_size:
        return True
    following = session.execute(
        select(Wave.pool_start)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.audience == wave.audience,
            Wave.number > wave.number,
            Wave.state.in_(HELD),
        )
        .order_by(Wave.number)
        .limit(1)
    ).first()
    if following is not None:
        return bool(following.pool_start != wave.pool_start)
    return _has_ended(session, wave.survey_id)


def _goes_on(before: Sequence[Wave]) -> bool:
    pool = before[0]
    return pool.pool_position < pool.pool_size and all(w.published_at is None for w in before)


def _run_before(session: Session, survey_id: int, number: int) -> Sequence[Wave]:
    """Both waves of the run that was held last before this number."""
    held = (Wave.survey_id == survey_id, Wave.state.in_(HELD))
    last = select(func.max(Wave.number)).where(*held, Wave.number < number).scalar_subquery()
    return session.scalars(
        select(Wave).where(*held, Wave.number == last).order_by(Wave.audience.desc())
    ).all()


def _in_pool(wave: Wave) -> tuple[ColumnElement[bool], ...]:
    found: tuple[Any, ...] = (
        Wave.survey_id == wave.survey_id,
        Wave.audience == wave.audience,
        Wave.pool_start == wave.pool_start,
        Wave.state.in_(HELD),
    )
    return found


def _has_ended(session: Session, survey_id: int) -> bool:
    """Whether no further wave is planned; a paused schedule still has one."""
    row = session.execute(
        select(Survey.status, Schedule.next_run_at)
        .outerjoin(Schedule, Schedule.survey_id == Survey.id)
        .where(Survey.id == survey_id)
    ).one()
    return row.status is SurveyStatus.ARCHIVED or row.next_run_at is None
