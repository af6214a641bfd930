"""Mails after an answer and after a wave: thanks, and the results.

Partners only; staff see the results where they work. What a survey sends is in its `policy`.

Thanks must not tell when somebody answered. In an identified survey they leave at once; in the
other modes they are queued once the day is over, all in the order of the invitations, so that they
say no more than the mark on the invitation: the day.

Results go out once, when a wave is published, to those who took part or to all who were invited.
In an anonymous survey they go to all: a list of those who answered is not used for anything but
reminders there. Answers of an identified survey are never published, so there is nothing to open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from surveys.doors import Door
from surveys.invitations import LinkKeys, queue_mails
from surveys.models import Invitation, Survey, Wave
from surveys.pools import pool_status
from surveys.recurrence import local_instant
from surveys.rest_days import next_working_day
from surveys.schedules import schedule_of
from surveys.sending_hours import sending_hours
from surveys.terms import Audience, MailKind, Mode, ResultsTo, WaveState

#: Whoever answers on the last day is thanked after the close; what is older waits for nobody.
THANKS_END = timedelta(days=3)
#: Results that nobody could send for so long are no news.
RESULTS_END = timedelta(days=14)
MORNING = time(9)
THANKS = "thanks"
RESULTS_TO = "results_to"


@dataclass(frozen=True, slots=True)
class FollowUps:
    """What a survey mails afterwards; `results_to` as it is done, whatever was stored."""

    thanks: bool
    results_to: ResultsTo


def follow_ups(survey: Survey) -> FollowUps:
    """What this survey mails afterwards: no thanks, and results to those who took part, unless it
    says otherwise."""
    stored = ResultsTo(survey.policy.get(RESULTS_TO, ResultsTo.PARTICIPANTS))
    offered = results_choices(survey.mode)
    return FollowUps(
        thanks=bool(survey.policy.get(THANKS, False)),
        results_to=stored if stored in offered else offered[-1],
    )


def results_choices(mode: Mode) -> tuple[ResultsTo, ...]:
    """To whom a survey of this mode can send its results."""
    if mode is Mode.IDENTIFIED:
        return (ResultsTo.NOBODY,)
    if mode is Mode.ANONYMOUS:
        return (ResultsTo.NOBODY, ResultsTo.INVITED)
    return (ResultsTo.NOBODY, ResultsTo.PARTICIPANTS, ResultsTo.INVITED)


def save_follow_ups(session: Session, survey: Survey, chosen: FollowUps) -> None:
    """Store what a survey mails afterwards; it holds for every mail that is queued from now on."""
    survey.policy = survey.policy | {
        THANKS: chosen.thanks,
        RESULTS_TO: chosen.results_to.value,
    }
    session.flush()


def waves_to_thank(session: Session, *, now: datetime) -> Sequence[int]:
    """Waves whose answers may have to be thanked for."""
    waves = session.scalars(
        select(Wave)
        .where(
            Wave.audience == Audience.PARTNER,
            Wave.state.in_((WaveState.OPEN, WaveState.CLOSED)),
            Wave.grace_until > now - THANKS_END,
        )
        .order_by(Wave.id)
    )
    return [wave.id for wave in waves if follow_ups(wave.survey).thanks]


def queue_thanks(session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> int:
    """Queue thanks for everybody who has answered and has not been thanked; how many mails."""
    if not follow_ups(wave.survey).thanks:
        return 0
    answered: list[ColumnElement[bool]] = [Invitation.answered_on.is_not(None)]
    if wave.mode is not Mode.IDENTIFIED:
        answered.append(Invitation.answered_on < now.date())
    return queue_mails(session, wave, MailKind.THANKS, answered, keys=keys, now=now)


def waves_with_new_results(session: Session) -> Sequence[int]:
    """Published waves of partners whose results have not been mailed, nor decided not to be."""
    return session.scalars(
        select(Wave.id)
        .where(
            Wave.audience == Audience.PARTNER,
            Wave.state == WaveState.CLOSED,
            Wave.published_at.is_not(None),
            Wave.results_to.is_(None),
        )
        .order_by(Wave.id)
    ).all()


def queue_results(session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> int:
    """Queue the results mail of a wave, once; how many mails. They leave on the next working day.

    So somebody of the vendor can see the results first, and nobody gets them at night.
    """
    results_to = _results_to(wave, now)
    if not _decide(session, wave, results_to) or results_to is ResultsTo.NOBODY:
        return 0
    took_part = [Invitation.answered_on.is_not(None)]
    return queue_mails(
        session,
        wave,
        MailKind.RESULTS,
        took_part if results_to is ResultsTo.PARTICIPANTS else [],
        keys=keys,
        now=now,
        due_at=_next_working_morning(session, wave, now),
    )


def results_wave(session: Session, door: Door) -> Wave | None:
    """The published wave whose results the reader of this link may see; of a pool its last one.

    None where the vendor does not have them mailed, or not to this reader.
    """
    if door.audience is not Audience.PARTNER or door.state is not WaveState.CLOSED:
        return None
    wave = session.get_one(Wave, door.wave_id)
    pool = pool_status(session, wave)
    if pool is not None and pool.results_id is not None:
        wave = session.get_one(Wave, pool.results_id)
    is_for_all = wave.results_to == ResultsTo.INVITED
    took_part = wave.results_to == ResultsTo.PARTICIPANTS and door.answered_on is not None
    return wave if wave.published_at is not None and (is_for_all or took_part) else None


def results_will_come(session: Session, door: Door) -> bool:
    """Whether somebody who has answered will be mailed the results."""
    if door.audience is not Audience.PARTNER:
        return False
    survey = session.get_one(Survey, door.survey_id)
    return follow_ups(survey).results_to is not ResultsTo.NOBODY


def _results_to(wave: Wave, now: datetime) -> ResultsTo:
    is_late = wave.published_at is None or now - wave.published_at > RESULTS_END
    return ResultsTo.NOBODY if is_late else follow_ups(wave.survey).results_to


def _decide(session: Session, wave: Wave, results_to: ResultsTo) -> bool:
    """True for the one worker that comes first."""
    decided = session.execute(
        update(Wave)
        .where(Wave.id == wave.id, Wave.results_to.is_(None))
        .values(results_to=results_to.value)
        .returning(Wave.id)
        .execution_options(synchronize_session=False)
    )
    return decided.one_or_none() is not None


def _next_working_morning(session: Session, wave: Wave, now: datetime) -> datetime:
    schedule = schedule_of(session, wave.survey_id)
    zone = ZoneInfo(schedule.time_zone if schedule else wave.survey.time_zone)
    # Public holidays differ by reader; the statement that sends keeps them.
    rest = replace(sending_hours(schedule.sending if schedule else None).rest, weekends=True)
    day = next_working_day(rest, now.astimezone(zone).date() + timedelta(days=1), ())
    at = time.fromisoformat(schedule.local_time) if schedule else MORNING
    return local_instant(day, at, zone)
