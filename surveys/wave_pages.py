"""What the staff pages show of schedules and runs: typed values, read in a few statements.

How many statements a page takes does not depend on how many surveys or waves there are. Words are
made at the edge; nothing is written here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, aliased

from surveys.invitations import AudienceSize, audience_sizes, count_to_remind
from surveys.mail.outbox import counts_by_state
from surveys.mail.wanted import AFTER_ANSWERS
from surveys.models import Exclusion, OutgoingMail, Schedule, Survey, SurveyVersion, Wave
from surveys.participation import Participation, participations
from surveys.pools import PoolStatus, pool_status
from surveys.recurrence import RecurrenceRule
from surveys.reminders import REMINDER_KINDS, next_reminder, reminder_plan
from surveys.schedules import (
    PlannedWave,
    ScheduleState,
    described_rule,
    planned_waves,
    schedule_of,
    schedule_state,
)
from surveys.terms import Audience, MailKind, MailState, Mode, SurveyStatus, WaveState
from surveys.waves import RUNNING, Run, closing_if_opened, meets_next, open_runs, reason_not_to_open

RUNS_A_PAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleLine:
    """One survey with its schedule; without one, `rule` is None."""

    survey_id: int
    survey_name: str
    is_published: bool
    zone: ZoneInfo
    rule: RecurrenceRule | None
    next_run_at: datetime | None
    state: ScheduleState | None
    partners: AudienceSize
    staff: AudienceSize


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One run, by the id of its partner wave; `internal` is None where staff are not asked."""

    id: int
    survey_id: int
    survey_name: str
    label: str
    mode: Mode
    state: WaveState
    missed_reason: str | None
    opens_at: datetime
    closes_at: datetime
    grace_until: datetime
    zone: ZoneInfo
    partner: Participation
    internal: Participation | None

    @property
    def is_running(self) -> bool:
        """Whether it still takes answers."""
        return self.state in RUNNING

    @property
    def was_held(self) -> bool:
        """Whether anybody was asked."""
        return self.state in (*RUNNING, WaveState.CLOSED)


@dataclass(frozen=True, slots=True)
class WavesPage:
    """The list of schedules and a page of runs, newest first."""

    schedules: Sequence[ScheduleLine]
    runs: Sequence[RunLine]
    number: int
    has_older: bool


@dataclass(frozen=True, slots=True)
class ReminderLine:
    """One reminder of one audience: when it is planned, and how many mails it has made."""

    audience: Audience
    kind: MailKind
    planned_at: datetime | None
    n_mails: int


@dataclass(frozen=True, slots=True)
class FollowUpLine:
    """Thanks or results of a run: how many mails there are and have left, and when the next is
    due; None when none waits."""

    kind: MailKind
    n_mails: int
    n_sent: int
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReminderNow:
    """What reminding now would send to one audience."""

    audience: Audience
    kind: MailKind
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPage:
    """All that is shown of one run."""

    line: RunLine
    version_number: int
    left_out: Mapping[Audience, Mapping[str, int]]
    mails: Mapping[MailState, int]
    reminders: Sequence[ReminderLine]
    reminders_now: Sequence[ReminderNow]
    follow_ups: Sequence[FollowUpLine] = ()
    pool: PoolStatus | None = None

    @property
    def waits_for_pool(self) -> bool:
        """Whether its results come with a later wave."""
        return self.pool is not None and self.pool.position < self.pool.size

    @property
    def n_waiting(self) -> int:
        """Mails that have not left; closing withdraws them."""
        return sum(self.mails.get(state, 0) for state in (MailState.QUEUED, MailState.DEFERRED))

    @property
    def n_uncertain(self) -> int:
        """Mails of which nobody can tell whether they arrived."""
        return self.mails.get(MailState.UNCERTAIN, 0)

    @property
    def n_to_remind(self) -> int:
        """How many people get a mail if reminded now."""
        return sum(each.people for each in self.reminders_now)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPage:
    """What opening a wave now would do, or why it cannot; `collides_at`: the scheduled wave that
    would find this one open."""

    reason: str | None
    running_id: int | None
    partners: AudienceSize
    staff: AudienceSize
    closes_at: datetime
    collides_at: datetime | None
    zone: ZoneInfo


def waves_page(session: Session, *, number: int, now: datetime) -> WavesPage:
    """Schedules of all surveys in use, and the `number`-th page of runs (from 1)."""
    runs = _run_lines(session, offset=(number - 1) * RUNS_A_PAGE, limit=RUNS_A_PAGE + 1)
    return WavesPage(
        schedules=_schedule_lines(session, now),
        runs=runs[:RUNS_A_PAGE],
        number=number,
        has_older=len(runs) > RUNS_A_PAGE,
    )


def run_page(session: Session, run: Run, *, now: datetime) -> RunPage:
    """Both audiences of a run: how far they came, who was left out, what became of the mails."""
    ids = {wave.id: wave.audience for wave in run.waves}
    version = session.scalar(
        select(SurveyVersion.number).where(SurveyVersion.id == run.partner.version_id)
    )
    return RunPage(
        line=_run_lines(session, wave_id=run.id)[0],
        version_number=version or 0,
        left_out=_left_out(session, ids),
        mails=counts_by_state(session, list(ids)),
        reminders=_reminders(session, run),
        reminders_now=_reminders_now(session, run, now),
        follow_ups=_follow_ups(session, run),
        pool=pool_status(session, run.partner),
    )


def open_page(session: Session, survey: Survey, *, now: datetime) -> OpenPage:
    """What opening a wave of this survey now would do."""
    schedule = schedule_of(session, survey.id)
    sizes = audience_sizes(session, [survey.id], now=now)
    partners = sizes[survey.id, Audience.PARTNER]
    running = open_runs(session, survey.id)
    closes_at = closing_if_opened(survey, schedule, now=now)
    grace = timedelta(hours=schedule.grace_hours if schedule else 0)
    reason = reason_not_to_open(session, survey.id)
    if reason is None and partners.people == 0:
        reason = "no_contacts"
    return OpenPage(
        reason=reason,
        running_id=running[0].id if running else None,
        partners=partners,
        staff=sizes[survey.id, Audience.INTERNAL],
        closes_at=closes_at,
        collides_at=(
            schedule.next_run_at if schedule and meets_next(schedule, closes_at + grace) else None
        ),
        zone=ZoneInfo(schedule.time_zone if schedule else survey.time_zone),
    )


def last_response_rate(session: Session, survey_id: int) -> float | None:
    """answered / delivered (0..1) of the survey's last closed run, partners only; None before."""
    wave_id = session.scalar(
        select(Wave.id)
        .where(
            Wave.survey_id == survey_id,
            Wave.audience == Audience.PARTNER,
            Wave.state == WaveState.CLOSED,
        )
        .order_by(Wave.scheduled_at.desc())
        .limit(1)
    )
    return participations(session, [wave_id])[wave_id].response_rate if wave_id else None


def coming_waves(schedule: Schedule | None, *, now: datetime) -> Sequence[PlannedWave]:
    """The next waves of a schedule; none while it is paused."""
    if schedule is None or schedule.paused_at is not None:
        return ()
    return planned_waves(schedule, now=now)


def _schedule_lines(session: Session, now: datetime) -> list[ScheduleLine]:
    rows = session.execute(
        select(Survey, Schedule)
        .outerjoin(Schedule, Schedule.survey_id == Survey.id)
        .where(Survey.status != SurveyStatus.ARCHIVED)
        .order_by(Survey.id)
    ).all()
    sizes = audience_sizes(session, [survey.id for survey, _ in rows], now=now)
    return [_schedule_line(survey, schedule, sizes) for survey, schedule in rows]


def _schedule_line(
    survey: Survey,
    schedule: Schedule | None,
    sizes: Mapping[tuple[int, Audience], AudienceSize],
) -> ScheduleLine:
    is_published = survey.status is SurveyStatus.ACTIVE
    state = schedule_state(schedule, survey) if schedule else None
    if schedule is None and not is_published:
        state = ScheduleState.DRAFT
    return ScheduleLine(
        survey_id=survey.id,
        survey_name=survey.name,
        is_published=is_published,
        zone=ZoneInfo(schedule.time_zone if schedule else survey.time_zone),
        rule=described_rule(schedule) if schedule else None,
        next_run_at=schedule.next_run_at if schedule else None,
        state=state,
        partners=sizes[survey.id, Audience.PARTNER],
        staff=sizes[survey.id, Audience.INTERNAL],
    )


def _run_lines(
    session: Session, *, wave_id: int | None = None, offset: int = 0, limit: int = 1
) -> list[RunLine]:
    mirror = aliased(Wave)
    query = (
        select(
            Wave,
            mirror.id,
            Survey.name,
            func.coalesce(Schedule.time_zone, Survey.time_zone),
        )
        .join(Survey, Survey.id == Wave.survey_id)
        .outerjoin(Schedule, Schedule.survey_id == Survey.id)
        .outerjoin(
            mirror,
            and_(
                mirror.survey_id == Wave.survey_id,
                mirror.number == Wave.number,
                mirror.audience == Audience.INTERNAL,
            ),
        )
        .where(Wave.audience == Audience.PARTNER)
        .order_by(Wave.scheduled_at.desc(), Wave.id.desc())
        .offset(offset)
        .limit(limit)
    )
    if wave_id is not None:
        query = query.where(Wave.id == wave_id)
    rows = session.execute(query).all()
    ids = [each for wave, mirror_id, *_ in rows for each in (wave.id, mirror_id) if each]
    counts = participations(session, ids)
    return [
        _run_line(wave, name, ZoneInfo(zone), counts[wave.id], counts.get(mirror_id))
        for wave, mirror_id, name, zone in rows
    ]


def _run_line(
    wave: Wave, name: str, zone: ZoneInfo, partner: Participation, internal: Participation | None
) -> RunLine:
    return RunLine(
        id=wave.id,
        survey_id=wave.survey_id,
        survey_name=name,
        label=wave.label,
        mode=wave.mode,
        state=wave.state,
        missed_reason=wave.pause_reason,
        opens_at=wave.opens_at,
        closes_at=wave.closes_at,
        grace_until=wave.grace_until,
        zone=zone,
        partner=partner,
        internal=internal,
    )


def _left_out(session: Session, ids: Mapping[int, Audience]) -> dict[Audience, dict[str, int]]:
    found: dict[Audience, dict[str, int]] = {audience: {} for audience in ids.values()}
    rows = session.execute(
        select(Exclusion.wave_id, Exclusion.reason, func.count().label("people"))
        .where(Exclusion.wave_id.in_(list(ids)))
        .group_by(Exclusion.wave_id, Exclusion.reason)
        .order_by(Exclusion.reason)
    )
    for row in rows:
        found[ids[row.wave_id]][row.reason] = row.people
    return found


def _reminders(session: Session, run: Run) -> list[ReminderLine]:
    kinds = [kind for each in REMINDER_KINDS.values() for kind in each]
    counted = session.execute(
        select(OutgoingMail.kind, func.count())
        .where(
            OutgoingMail.wave_id.in_([wave.id for wave in run.waves]),
            OutgoingMail.kind.in_(kinds),
        )
        .group_by(OutgoingMail.kind)
    )
    mails = dict(counted.all())
    lines = []
    for wave in run.waves:
        plan = reminder_plan(session, wave)
        lines += [
            ReminderLine(wave.audience, kind, plan.get(kind), mails.get(kind, 0))
            for kind in REMINDER_KINDS[wave.audience]
            if kind in plan or kind in mails
        ]
    return sorted(lines, key=lambda line: line.planned_at or run.partner.opens_at)


def _follow_ups(session: Session, run: Run) -> list[FollowUpLine]:
    waits = OutgoingMail.state.in_((MailState.QUEUED, MailState.DEFERRED))
    rows = session.execute(
        select(
            OutgoingMail.kind,
            func.count().label("mails"),
            func.count(OutgoingMail.sent_at).label("sent"),
            func.min(case((waits, OutgoingMail.due_at))).label("due_at"),
        )
        .where(OutgoingMail.wave_id == run.partner.id, OutgoingMail.kind.in_(AFTER_ANSWERS))
        .group_by(OutgoingMail.kind)
    )
    lines = [FollowUpLine(row.kind, row.mails, row.sent, row.due_at) for row in rows]
    return sorted(lines, key=lambda line: AFTER_ANSWERS.index(line.kind))


def _reminders_now(session: Session, run: Run, now: datetime) -> list[ReminderNow]:
    kinds = {wave: next_reminder(session, wave, now=now) for wave in run.waves}
    return [
        ReminderNow(wave.audience, kind, count_to_remind(session, wave, kind, now=now))
        for wave, kind in kinds.items()
        if kind
    ]
