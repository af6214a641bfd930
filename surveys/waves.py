"""Waves: planning, opening and closing the dated runs of a survey.

A run asks both audiences: two waves that share their number, opened in one transaction. Opening is
safe to try twice and from several machines, since a wave is unique by (survey, audience, scheduled
instant): whoever comes second writes nothing.

The id of a run is the id of its partner wave; it stands for both audiences in commands and
addresses.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveys.errors import FieldError, NotFound, NothingToAsk, WaveStateError
from surveys.invitations import Invited, LinkKeys, invite
from surveys.models import OutgoingMail, Schedule, Survey, Wave, WaveChange
from surveys.participation import keep_participation
from surveys.pools import PoolPlace, place_in_pool
from surveys.predictions import lock_predictions
from surveys.questionnaires import published_version
from surveys.recurrence import RecurrenceRule, closing_instant, local_instant, wave_label
from surveys.schedules import END_OF_DAY, lock_survey, plan_next_run, schedule_of
from surveys.segments import MAX_ANONYMOUS_DIMENSIONS
from surveys.terms import Audience, MailKind, MailState, Mode, SurveyStatus, WaveState
from surveys.workspace import workspace

STAFF_DIMENSIONS = ("team",)
DEFAULT_OPEN_DAYS = 12
MAX_EXTENSION = timedelta(days=90)
RUNNING = (WaveState.OPEN, WaveState.PAUSED)


@dataclass(frozen=True, slots=True)
class Run:
    """One dated run of a survey: its partner wave and, when staff are asked, its internal one."""

    partner: Wave
    internal: Wave | None

    @property
    def id(self) -> int:
        """The id by which commands and pages call this run."""
        return self.partner.id

    @property
    def waves(self) -> tuple[Wave, ...]:
        """Both waves, the partners' first."""
        return (self.partner,) if self.internal is None else (self.partner, self.internal)


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that was opened now, with how many were asked of each audience."""

    run: Run
    invited: dict[Audience, Invited]


def due_schedules(session: Session, *, now: datetime) -> Sequence[int]:
    """Ids of the schedules whose next wave should be open by now."""
    return session.scalars(
        select(Schedule.id)
        .join(Schedule.survey)
        .where(
            Schedule.next_run_at <= now,
            Schedule.paused_at.is_(None),
            Survey.status == SurveyStatus.ACTIVE,
        )
        .order_by(Schedule.next_run_at)
    ).all()


def open_scheduled(
    session: Session, schedule_id: int, *, keys: LinkKeys, now: datetime, late_limit: timedelta
) -> Opened | None:
    """Open the wave that a schedule has due, and plan the next one; None if there is none.

    A wave that is too late, or that has nobody to ask, is stored as missed with the reason: a
    schedule never stops silently. After a long standstill each call stores one missed wave more.
    """
    schedule = session.get(Schedule, schedule_id)
    if schedule is None:
        return None
    lock_survey(session, schedule.survey_id)
    session.refresh(schedule)
    if schedule.next_run_at is None or schedule.next_run_at > now or schedule.paused_at:
        return None
    scheduled_at = schedule.next_run_at
    plan_next_run(schedule, after=scheduled_at)
    if now - scheduled_at > late_limit:
        _store_missed(session, schedule.survey, scheduled_at, "too_late")
        return None
    try:
        # What was written before the reason was found must not stand beside the missed wave.
        with session.begin_nested():
            return open_run(session, schedule.survey, scheduled_at=scheduled_at, keys=keys, now=now)
    except NothingToAsk as error:
        _store_missed(session, schedule.survey, scheduled_at, error.reason)
        return None


def open_run(
    session: Session, survey: Survey, *, scheduled_at: datetime, keys: LinkKeys, now: datetime
) -> Opened:
    """Open a run for both audiences and queue its invitations.

    Two at once wait for each other, so that the second sees the first's wave as open. Raises
    NothingToAsk (`no_version`, `no_contacts`, `no_sender`, `already_open`).
    """
    lock_survey(session, survey.id)
    reason = reason_not_to_open(session, survey.id)
    if reason:
        raise NothingToAsk(reason)
    partner = _new_wave(session, survey, Audience.PARTNER, scheduled_at, now)
    place = _place_in_pool(session, survey, partner.number)
    _join_pool(partner, place)
    invited = {Audience.PARTNER: invite(session, partner, keys=keys, now=now)}
    if invited[Audience.PARTNER].people == 0:
        raise NothingToAsk("no_contacts")
    internal = _new_wave(session, survey, Audience.INTERNAL, scheduled_at, now)
    _join_pool(internal, place)
    invited[Audience.INTERNAL] = invite(session, internal, keys=keys, now=now)
    for wave in (partner, internal):
        session.add(WaveChange(wave_id=wave.id))
    session.flush()
    return Opened(Run(partner, internal), invited)


def reason_not_to_open(session: Session, survey_id: int) -> str | None:
    """Why no wave of this survey can open now, before anybody is counted; None if it can."""
    if not workspace(session).is_ready:
        return "no_sender"
    if published_version(session, survey_id) is None:
        return "no_version"
    return "already_open" if open_runs(session, survey_id) else None


def closing_if_opened(survey: Survey, schedule: Schedule | None, *, now: datetime) -> datetime:
    """When a wave of this survey that opens now stops taking answers in time."""
    zone = ZoneInfo(schedule.time_zone if schedule else survey.time_zone)
    open_days = schedule.open_days if schedule else DEFAULT_OPEN_DAYS
    return closing_instant(now, open_days, zone, at=END_OF_DAY)


def open_runs(session: Session, survey_id: int) -> list[Run]:
    """Runs of a survey that still take answers."""
    partners = session.scalars(
        select(Wave).where(
            Wave.survey_id == survey_id,
            Wave.audience == Audience.PARTNER,
            Wave.state.in_(RUNNING),
        )
    )
    return [run_of(session, wave) for wave in partners]


def run_by_id(session: Session, wave_id: int) -> Run:
    """The run that this id stands for; either of its waves' ids will do. Raises NotFound."""
    wave = session.get(Wave, wave_id)
    if wave is None:
        raise NotFound("wave", wave_id)
    return run_of(session, wave)


def run_of(session: Session, wave: Wave) -> Run:
    """The run that a wave belongs to. Raises NotFound for a wave without a partner sibling."""
    siblings = {
        each.audience: each
        for each in session.scalars(
            select(Wave).where(Wave.survey_id == wave.survey_id, Wave.number == wave.number)
        )
    }
    if Audience.PARTNER not in siblings:
        raise NotFound("wave", wave.id)
    return Run(siblings[Audience.PARTNER], siblings.get(Audience.INTERNAL))


def all_runs(session: Session, survey_id: int | None = None) -> list[Run]:
    """Every run, oldest first; of one survey or of all."""
    query = select(Wave).order_by(Wave.scheduled_at, Wave.id)
    if survey_id is not None:
        query = query.where(Wave.survey_id == survey_id)
    waves = session.scalars(query).all()
    internal = {(w.survey_id, w.number): w for w in waves if w.audience is Audience.INTERNAL}
    return [
        Run(wave, internal.get((wave.survey_id, wave.number)))
        for wave in waves
        if wave.audience is Audience.PARTNER
    ]


def close_run(session: Session, run: Run, *, now: datetime) -> None:
    """End a run by hand, its grace time too. Raises WaveStateError unless it is running."""
    _lock(session, run)
    if run.partner.state not in RUNNING:
        raise WaveStateError(run.partner.state.value, "close")
    for wave in run.waves:
        ends_at = max(now, wave.opens_at + timedelta(seconds=1))
        wave.closes_at = min(wave.closes_at, ends_at)
        wave.grace_until = ends_at if wave.closes_at == ends_at else now
        _close(session, wave, now=now)


def close_due(session: Session, *, now: datetime) -> list[int]:
    """Close every wave whose grace time is over; their ids."""
    # The lock reads a wave again that was extended while this statement waited for it.
    due = session.scalars(
        select(Wave)
        .where(Wave.state.in_(RUNNING), Wave.grace_until <= now)
        .order_by(Wave.id)
        .with_for_update()
    ).all()
    for wave in due:
        _close(session, wave, now=now)
    return [wave.id for wave in due]


def extend_run(session: Session, run: Run, closes_on: date, *, now: datetime) -> None:
    """Take answers until the end of a later day; the grace time follows.

    Raises WaveStateError unless the run is running, FieldError (`not_later`, `too_far`,
    `overlaps_next`: the schedule's next wave would find this one open).
    """
    _lock(session, run)
    if run.partner.state not in RUNNING:
        raise WaveStateError(run.partner.state.value, "extend")
    schedule = schedule_of(session, run.partner.survey_id)
    zone = ZoneInfo(schedule.time_zone if schedule else run.partner.survey.time_zone)
    closes_at = local_instant(closes_on, END_OF_DAY, zone)
    grace = run.partner.grace_until - run.partner.closes_at
    if closes_at <= max(now, run.partner.closes_at):
        raise FieldError("closes_on", "not_later")
    if closes_at > now + MAX_EXTENSION:
        raise FieldError("closes_on", "too_far")
    if meets_next(schedule, closes_at + grace):
        raise FieldError("closes_on", "overlaps_next")
    for wave in run.waves:
        wave.closes_at = closes_at
        wave.grace_until = closes_at + grace


def _lock(session: Session, run: Run) -> None:
    """Read both waves as they are now, and keep others from changing them."""
    for wave in run.waves:
        session.refresh(wave, with_for_update=True)


def meets_next(schedule: Schedule | None, ends_at: datetime) -> bool:
    """Whether a wave that ends at this instant would still be open when the next one is due."""
    if schedule is None or schedule.next_run_at is None or schedule.paused_at is not None:
        return False
    return ends_at >= schedule.next_run_at


def running_waves(session: Session) -> Sequence[Wave]:
    """Waves that take answers now."""
    return session.scalars(select(Wave).where(Wave.state == WaveState.OPEN).order_by(Wave.id)).all()


def _new_wave(
    session: Session, survey: Survey, audience: Audience, scheduled_at: datetime, now: datetime
) -> Wave:
    schedule = schedule_of(session, survey.id)
    zone = ZoneInfo(schedule.time_zone if schedule else survey.time_zone)
    closes_at = closing_if_opened(survey, schedule, now=now)
    grace = timedelta(hours=schedule.grace_hours if schedule else 0)
    wave = wave_by_policy(survey, audience)
    wave.version_id = _require_version(session, survey.id)
    wave.number = _next_number(session, survey, audience, scheduled_at)
    wave.label = _label(session, wave, schedule, scheduled_at.astimezone(zone).date())
    wave.state = WaveState.OPEN
    wave.scheduled_at = scheduled_at
    wave.opens_at = now
    wave.closes_at = closes_at
    wave.grace_until = closes_at + grace
    session.add(wave)
    session.flush()
    return wave


def wave_by_policy(survey: Survey, audience: Audience) -> Wave:
    """A wave with the mode, thresholds and dimensions that opening now would fix; not stored."""
    policy = survey.policy
    is_partner = audience is Audience.PARTNER
    # Staff are promised confidentiality whatever partners were promised: nobody is rated.
    mode = survey.mode if is_partner else Mode.CONFIDENTIAL
    return Wave(
        survey_id=survey.id,
        survey=survey,
        audience=audience,
        mode=mode,
        dimensions=_dimensions(policy["dimensions"] if is_partner else STAFF_DIMENSIONS, mode),
        sample={"frame": "all", "min_repeaters": policy["min_repeaters"]},
        min_people=policy["min_people"],
        min_companies=policy["min_companies"] if is_partner else 1,
        max_share_pct=policy["max_share_pct"] if is_partner else 100,
        min_comments=policy["min_comments"],
        is_strict=policy["is_strict"],
        secret=secrets.token_bytes(32),
    )


def _place_in_pool(session: Session, survey: Survey, number: int) -> PoolPlace:
    schedule = schedule_of(session, survey.id)
    wanted = schedule.pooled_waves if schedule else 1
    return place_in_pool(session, survey, number=number, wanted=wanted)


def _join_pool(wave: Wave, place: PoolPlace) -> None:
    wave.pool_size = place.size
    wave.pool_position = place.position
    wave.pool_start = place.start


def _dimensions(chosen: Sequence[str], mode: Mode) -> list[str]:
    """What the promise names is what is stored: an anonymous profile has fewer dimensions."""
    return list(chosen[:MAX_ANONYMOUS_DIMENSIONS] if mode is Mode.ANONYMOUS else chosen)


def _require_version(session: Session, survey_id: int) -> int:
    version = published_version(session, survey_id)
    if version is None:
        raise NothingToAsk("no_version")
    return version.id


def _next_number(
    session: Session, survey: Survey, audience: Audience, scheduled_at: datetime
) -> int:
    # The sibling of the same run gives its number; without one, the survey's next.
    sibling = session.scalar(
        select(Wave.number).where(
            Wave.survey_id == survey.id,
            Wave.audience != audience,
            Wave.scheduled_at == scheduled_at,
        )
    )
    if sibling is not None:
        return sibling
    last = session.scalar(select(func.max(Wave.number)).where(Wave.survey_id == survey.id))
    return (last or 0) + 1


def _label(session: Session, wave: Wave, schedule: Schedule | None, day: date) -> str:
    """The rule's name for this day; the day itself if a run of that name has been held already."""
    if schedule is None:
        return day.isoformat()
    label = wave_label(day, RecurrenceRule.from_json(schedule.rule)).key
    is_taken = session.scalar(
        select(Wave.id)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.number != wave.number,
            Wave.label == label,
            Wave.state.not_in((WaveState.MISSED, WaveState.CANCELLED)),
        )
        .limit(1)
    )
    return day.isoformat() if is_taken else label


def _store_missed(session: Session, survey: Survey, scheduled_at: datetime, reason: str) -> None:
    if published_version(session, survey.id) is None:
        return
    for audience in Audience:
        wave = _new_wave(session, survey, audience, scheduled_at, scheduled_at)
        wave.state = WaveState.MISSED
        wave.pause_reason = reason


def _close(session: Session, wave: Wave, *, now: datetime) -> None:
    wave.state = WaveState.CLOSED
    wave.pause_reason = None
    lock_predictions(session, wave, now=now)
    session.add(WaveChange(wave_id=wave.id))
    session.flush()
    session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.wave_id == wave.id,
            OutgoingMail.state.in_((MailState.QUEUED, MailState.DEFERRED)),
            OutgoingMail.kind.not_in((MailKind.THANKS, MailKind.RESULTS)),
        )
        .values(state=MailState.CANCELLED)
        .execution_options(synchronize_session=False)
    )
    keep_participation(session, wave)
