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
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from surveys.errors import NotFound, NothingToAsk, WaveStateError
from surveys.invitations import Invited, LinkKeys, invite, queue_reminders
from surveys.models import Invitation, OutgoingMail, Schedule, Survey, Wave, WaveChange
from surveys.questionnaires import published_version
from surveys.recurrence import (
    RecurrenceRule,
    closing_instant,
    local_instant,
    next_occurrences,
    wave_label,
)
from surveys.terms import Audience, MailKind, MailState, Mode, SurveyStatus, WaveState
from surveys.workspace import workspace

STAFF_DIMENSIONS = ("team",)
DEFAULT_OPEN_DAYS = 12
END_OF_DAY = time(23, 59)
REMINDER_KINDS = {
    Audience.PARTNER: (MailKind.REMINDER_1, MailKind.REMINDER_LAST),
    Audience.INTERNAL: (MailKind.STAFF_REMINDER,),
}
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


@dataclass(frozen=True, slots=True)
class Participation:
    """Counts of one wave: who was asked, and what their marks say. Facts, no estimate."""

    invited: int
    delivered: int
    opened: int
    started: int
    answered: int


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
    schedule never stops silently.
    """
    schedule = session.scalar(select(Schedule).where(Schedule.id == schedule_id).with_for_update())
    if schedule is None or schedule.next_run_at is None or schedule.next_run_at > now:
        return None
    scheduled_at = schedule.next_run_at
    plan_next_run(session, schedule, after=max(scheduled_at, now - late_limit))
    if now - scheduled_at > late_limit:
        _store_missed(session, schedule.survey, scheduled_at, "too_late")
        return None
    try:
        return open_run(session, schedule.survey, scheduled_at=scheduled_at, keys=keys, now=now)
    except NothingToAsk as error:
        _store_missed(session, schedule.survey, scheduled_at, error.reason)
        return None


def plan_next_run(session: Session, schedule: Schedule, *, after: datetime) -> None:
    """Compute the schedule's next instant strictly after this one; None when the rule has ended."""
    following = next_runs(schedule, after=after, count=1)
    schedule.next_run_at = following[0] if following else None
    session.flush()


def next_runs(schedule: Schedule, *, after: datetime, count: int) -> list[datetime]:
    """The next instants at which this schedule opens a wave, in UTC."""
    occurrences = next_occurrences(
        RecurrenceRule.from_json(schedule.rule),
        starts_on=schedule.starts_on,
        local_time=time.fromisoformat(schedule.local_time),
        time_zone=ZoneInfo(schedule.time_zone),
        after=after,
        count=count,
        ends_on=schedule.ends_on,
    )
    return [occurrence.instant_utc for occurrence in occurrences]


def open_run(
    session: Session, survey: Survey, *, scheduled_at: datetime, keys: LinkKeys, now: datetime
) -> Opened:
    """Open a run for both audiences and queue its invitations.

    Raises NothingToAsk (`no_version`, `no_contacts`, `no_sender`, `already_open`).
    """
    if not workspace(session).is_ready:
        raise NothingToAsk("no_sender")
    if published_version(session, survey.id) is None:
        raise NothingToAsk("no_version")
    if open_runs(session, survey.id):
        raise NothingToAsk("already_open")
    partner = _new_wave(session, survey, Audience.PARTNER, scheduled_at, now)
    invited = {Audience.PARTNER: invite(session, partner, keys=keys, now=now)}
    if invited[Audience.PARTNER].people == 0:
        raise NothingToAsk("no_contacts")
    internal = _new_wave(session, survey, Audience.INTERNAL, scheduled_at, now)
    invited[Audience.INTERNAL] = invite(session, internal, keys=keys, now=now)
    for wave in (partner, internal):
        session.add(WaveChange(wave_id=wave.id))
    session.flush()
    return Opened(Run(partner, internal), invited)


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
    if run.partner.state not in RUNNING:
        raise WaveStateError(run.partner.state.value, "close")
    for wave in run.waves:
        ends_at = max(now, wave.opens_at + timedelta(seconds=1))
        wave.closes_at = min(wave.closes_at, ends_at)
        wave.grace_until = ends_at if wave.closes_at == ends_at else now
        _close(session, wave)


def close_due(session: Session, *, now: datetime) -> list[int]:
    """Close every wave whose grace time is over; their ids."""
    due = session.scalars(
        select(Wave).where(Wave.state.in_(RUNNING), Wave.grace_until <= now).order_by(Wave.id)
    ).all()
    for wave in due:
        _close(session, wave)
    return [wave.id for wave in due]


def reopen_until(session: Session, run: Run, closes_at: datetime, *, now: datetime) -> None:
    """Extend a running run to a later closing. Raises WaveStateError unless it is running."""
    if run.partner.state not in RUNNING or closes_at <= now:
        raise WaveStateError(run.partner.state.value, "extend")
    for wave in run.waves:
        grace = wave.grace_until - wave.closes_at
        wave.closes_at = closes_at
        wave.grace_until = closes_at + grace


def queue_due_reminders(session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> int:
    """Queue the reminders of a wave whose day has come; how many."""
    queued = 0
    for kind, instant in reminder_plan(session, wave).items():
        if instant <= now < wave.closes_at and not _was_queued(session, wave, kind):
            queued += queue_reminders(session, wave, kind, keys=keys, now=now)
    return queued


def reminder_plan(session: Session, wave: Wave) -> dict[MailKind, datetime]:
    """When each reminder of a wave is due, by the rules of its survey's schedule."""
    schedule = session.scalar(select(Schedule).where(Schedule.survey_id == wave.survey_id))
    rules = schedule.reminders if schedule else DEFAULT_REMINDERS
    zone = ZoneInfo(schedule.time_zone if schedule else wave.survey.time_zone)
    plan = {}
    for kind in REMINDER_KINDS[wave.audience]:
        rule = rules.get(kind.value)
        if rule is not None and (instant := _reminder_instant(wave, rule, zone)):
            plan[kind] = instant
    return plan


DEFAULT_REMINDERS: dict[str, dict[str, int]] = {
    MailKind.REMINDER_1.value: {"after_days": 4},
    MailKind.REMINDER_LAST.value: {"before_days": 2},
    MailKind.STAFF_REMINDER.value: {"after_days": 4},
}


def running_waves(session: Session) -> Sequence[Wave]:
    """Waves that take answers now."""
    return session.scalars(select(Wave).where(Wave.state == WaveState.OPEN).order_by(Wave.id)).all()


def participation(session: Session, wave: Wave) -> Participation:
    """Invited, delivered, opened, started, answered; in anonymous mode opened = started = answered.

    Delivered = invited without hard bounces and without mails that never left.
    """
    marks = session.execute(
        select(
            func.count().label("invited"),
            func.count(Invitation.opened_on).label("opened"),
            func.count(Invitation.started_on).label("started"),
            func.count(Invitation.answered_on).label("answered"),
        ).where(Invitation.wave_id == wave.id)
    ).one()
    lost = session.scalar(
        select(func.count(func.distinct(OutgoingMail.invitation_id))).where(
            OutgoingMail.wave_id == wave.id,
            OutgoingMail.kind.in_((MailKind.INVITATION, MailKind.STAFF_INVITATION)),
            (OutgoingMail.state == MailState.FAILED)
            | (OutgoingMail.state == MailState.SUPPRESSED)
            | (OutgoingMail.state == MailState.CANCELLED)
            | OutgoingMail.bounced_at.is_not(None),
        )
    )
    started = max(marks.started, marks.answered)
    return Participation(
        invited=marks.invited,
        delivered=max(marks.invited - (lost or 0), max(marks.opened, started)),
        opened=max(marks.opened, started),
        started=started,
        answered=marks.answered,
    )


def _new_wave(
    session: Session, survey: Survey, audience: Audience, scheduled_at: datetime, now: datetime
) -> Wave:
    schedule = session.scalar(select(Schedule).where(Schedule.survey_id == survey.id))
    zone = ZoneInfo(schedule.time_zone if schedule else survey.time_zone)
    open_days = schedule.open_days if schedule else DEFAULT_OPEN_DAYS
    closes_at = closing_instant(now, open_days, zone, at=END_OF_DAY)
    grace = timedelta(hours=schedule.grace_hours if schedule else 0)
    wave = _wave_from_policy(survey, audience)
    wave.version_id = _require_version(session, survey.id)
    wave.number = _next_number(session, survey, audience, scheduled_at)
    wave.label = _label(schedule, scheduled_at, zone)
    wave.state = WaveState.OPEN
    wave.scheduled_at = scheduled_at
    wave.opens_at = now
    wave.closes_at = closes_at
    wave.grace_until = closes_at + grace
    session.add(wave)
    session.flush()
    return wave


def _wave_from_policy(survey: Survey, audience: Audience) -> Wave:
    policy = survey.policy
    is_partner = audience is Audience.PARTNER
    return Wave(
        survey_id=survey.id,
        survey=survey,
        audience=audience,
        # Staff are promised confidentiality whatever partners were promised: nobody is rated.
        mode=survey.mode if is_partner else Mode.CONFIDENTIAL,
        dimensions=list(policy["dimensions"] if is_partner else STAFF_DIMENSIONS),
        sample={"frame": "all", "min_repeaters": policy["min_repeaters"]},
        min_people=policy["min_people"],
        min_companies=policy["min_companies"] if is_partner else 1,
        max_share_pct=policy["max_share_pct"] if is_partner else 100,
        min_comments=policy["min_comments"],
        is_strict=policy["is_strict"],
        secret=secrets.token_bytes(32),
    )


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


def _label(schedule: Schedule | None, scheduled_at: datetime, zone: ZoneInfo) -> str:
    day = scheduled_at.astimezone(zone).date()
    if schedule is None:
        return day.isoformat()
    return wave_label(day, RecurrenceRule.from_json(schedule.rule)).key


def _store_missed(session: Session, survey: Survey, scheduled_at: datetime, reason: str) -> None:
    if published_version(session, survey.id) is None:
        return
    for audience in Audience:
        wave = _new_wave(session, survey, audience, scheduled_at, scheduled_at)
        wave.state = WaveState.MISSED
        wave.pause_reason = reason


def _close(session: Session, wave: Wave) -> None:
    wave.state = WaveState.CLOSED
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


def _was_queued(session: Session, wave: Wave, kind: MailKind) -> bool:
    found = session.scalar(
        select(OutgoingMail.id)
        .where(OutgoingMail.wave_id == wave.id, OutgoingMail.kind == kind)
        .limit(1)
    )
    return found is not None


def _reminder_instant(wave: Wave, rule: dict[str, int], zone: ZoneInfo) -> datetime | None:
    """The rule's day at the local time of opening; None when that is outside the wave."""
    opened = wave.opens_at.astimezone(zone)
    closing = wave.closes_at.astimezone(zone)
    if "after_days" in rule:
        day = opened.date() + timedelta(days=rule["after_days"])
    else:
        day = closing.date() - timedelta(days=rule["before_days"])
    instant = local_instant(day, opened.time(), zone)
    return instant if wave.opens_at < instant < wave.closes_at else None
