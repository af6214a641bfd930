"""Schedules: the rule by which a survey's waves open, saved, paused, and told in advance.

A schedule is stored as a rule, a wall time and a zone (surveys/recurrence.py); the next instant is
computed from them and kept for the query. What opens a wave is surveys/waves.py. Words for people
are made at the edge from the data given here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.errors import SurveyError
from surveys.models import Schedule, Survey
from surveys.pools import MAX_POOLED_WAVES
from surveys.recurrence import (
    Frequency,
    RecurrenceRule,
    closing_instant,
    next_occurrences,
    planned_dates,
    rule_from_first_date,
    wave_label,
)
from surveys.sending_hours import ANY_HOUR, SendingHours, sending_hours
from surveys.terms import MailKind, Mode, SurveyStatus

END_OF_DAY = time(23, 59)
MIN_OPEN_DAYS, MAX_OPEN_DAYS = 5, 30
MAX_GRACE_HOURS = 72
SHOWN_WAVES = 4
#: Enough openings of a monthly rule to meet every length of February.
CHECKED_WAVES = 50

_CHOSEN = (
    "rule",
    "starts_on",
    "local_time",
    "time_zone",
    "ends_on",
    "open_days",
    "grace_hours",
    "reminders",
    "sending",
    "pooled_waves",
)

_FIRST = {MailKind.REMINDER_1.value: {"after_days": 4}}
_STAFF = {MailKind.STAFF_REMINDER.value: {"after_days": 4}}
_LAST = {MailKind.REMINDER_LAST.value: {"before_days": 2}}


class Reminders(StrEnum):
    """Which reminders a schedule sends, to those who have not answered."""

    NONE = "none"
    FIRST = "first"
    BOTH = "both"


REMINDER_RULES: Mapping[Reminders, Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        Reminders.NONE: {},
        Reminders.FIRST: _FIRST | _STAFF,
        Reminders.BOTH: _FIRST | _LAST | _STAFF,
    }
)


class ScheduleState(StrEnum):
    """What a schedule does now; a draft waits for its survey's questionnaire to be published."""

    ACTIVE = "active"
    PAUSED = "paused"
    DRAFT = "draft"
    ENDED = "ended"


class ScheduleRefused(SurveyError):
    """A schedule that cannot be followed. Attribute `problems`: a reason key by field.

    `starts_on`: in_past; `open_days`: out_of_range, overlaps_next; `grace_hours`: out_of_range;
    `sending_until`: not_later;
    `pooled_waves`: out_of_range, once, anonymous, identified.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in problems.items()))
        self.problems = dict(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleWish:
    """What a person chooses; the rule follows from the first date.

    `open_days` = local dates from opening to closing, `grace_hours` = hours after that in which
    late answers are taken. `is_by_weekday`: 'second Monday', not 'day 8'. `pooled_waves` = how many
    waves in a row are published as one, from the next pool on.
    """

    frequency: Frequency
    is_by_weekday: bool
    starts_on: date
    local_time: time
    open_days: int
    grace_hours: int
    reminders: Reminders
    pooled_waves: int = 1
    sending: SendingHours = ANY_HOUR


@dataclass(frozen=True, slots=True)
class PlannedWave:
    """One wave to come: its instants in UTC, and the key of its name."""

    opens_at: datetime
    closes_at: datetime
    label: str


def schedule_of(session: Session, survey_id: int) -> Schedule | None:
    """The schedule of a survey, as it is stored now; it has at most one."""
    return session.scalar(
        select(Schedule)
        .where(Schedule.survey_id == survey_id)
        .execution_options(populate_existing=True)
    )


def save_schedule(
    session: Session, survey: Survey, wish: ScheduleWish, *, now: datetime
) -> Schedule:
    """Store what was chosen and plan the next wave; a pause stays. Raises ScheduleRefused.

    A wave that is due at this moment stays due if the new rule plans it too.
    """
    lock_survey(session, survey.id)
    known = schedule_of(session, survey.id)
    schedule = known or Schedule(survey_id=survey.id, survey=survey)
    due = schedule.next_run_at
    changed = drafted(survey, wish, known)
    check_schedule(changed, now=now, mode=survey.mode)
    for name in _CHOSEN:
        setattr(schedule, name, getattr(changed, name))
    session.add(schedule)
    plan_next_run(schedule, after=_before_due(schedule, due, now))
    session.flush()
    return schedule


def drafted(survey: Survey, wish: ScheduleWish, known: Schedule | None) -> Schedule:
    """The schedule that a wish makes, not stored; the rule of `known` stays where it is the same.

    A rule can say more than a first date does ('last Friday' is often the fourth as well).
    """
    shown = wish_of(known) if known else None
    is_kept = known is not None and shown is not None and _same_rule(shown, wish)
    rule = rule_from_first_date(
        wish.starts_on, wish.frequency, by_weekday=wish.is_by_weekday
    ).to_json()
    return Schedule(
        rule=known.rule if known and is_kept else rule,
        starts_on=known.starts_on if known and is_kept else wish.starts_on,
        local_time=wish.local_time.isoformat(timespec="minutes"),
        time_zone=survey.time_zone,
        ends_on=known.ends_on if known and is_kept else None,
        open_days=wish.open_days,
        grace_hours=wish.grace_hours,
        reminders={kind: dict(rule) for kind, rule in REMINDER_RULES[wish.reminders].items()},
        sending=wish.sending.to_json(),
        pooled_waves=wish.pooled_waves,
    )


def check_schedule(schedule: Schedule, *, now: datetime, mode: Mode = Mode.CONFIDENTIAL) -> None:
    """Raise ScheduleRefused if a schedule would open no wave, one into another, or pool in vain.

    `mode` is the survey's. Only confidential waves can be pooled: an anonymous person cannot be
    known again, so nobody could be counted once, and identified results are never held back.
    """
    problems = dict(_problems(schedule, now)) | dict(_pool_problems(schedule, mode))
    if problems:
        raise ScheduleRefused(problems)


def pause_schedule(session: Session, schedule: Schedule, *, now: datetime) -> None:
    """Open no wave until the schedule is resumed; pausing twice keeps the first instant."""
    lock_survey(session, schedule.survey_id)
    session.refresh(schedule)
    schedule.paused_at = schedule.paused_at or now
    session.flush()


def resume_schedule(session: Session, schedule: Schedule, *, now: datetime) -> None:
    """Go on with the next wave from now; what fell into the pause is not made up for."""
    lock_survey(session, schedule.survey_id)
    session.refresh(schedule)
    if schedule.paused_at is not None:
        schedule.paused_at = None
        plan_next_run(schedule, after=now)
    session.flush()


def plan_next_run(schedule: Schedule, *, after: datetime) -> None:
    """Compute the schedule's next instant strictly after this one; None when the rule has ended."""
    following = next_runs(schedule, after=after, count=1)
    schedule.next_run_at = following[0] if following else None


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


def planned_waves(
    schedule: Schedule, *, now: datetime, count: int = SHOWN_WAVES
) -> list[PlannedWave]:
    """The waves to come, the one that is due now included."""
    zone = ZoneInfo(schedule.time_zone)
    rule = RecurrenceRule.from_json(schedule.rule)
    after = _before_due(schedule, schedule.next_run_at, now)
    return [
        PlannedWave(
            opens_at=opens_at,
            closes_at=closing_instant(opens_at, schedule.open_days, zone, at=END_OF_DAY),
            label=wave_label(opens_at.astimezone(zone).date(), rule).key,
        )
        for opens_at in next_runs(schedule, after=after, count=count)
    ]


def described_rule(schedule: Schedule) -> RecurrenceRule:
    """The rule with nothing left implicit: what the first date decides is filled in."""
    rule = RecurrenceRule.from_json(schedule.rule)
    if rule.frequency is Frequency.ONCE or rule.weekday is not None:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, weekday=schedule.starts_on.weekday())
    return replace(rule, day_of_month=rule.day_of_month or schedule.starts_on.day)


def wish_of(schedule: Schedule) -> ScheduleWish | None:
    """What a person would choose to get this schedule; None when its rule says more than that."""
    rule = RecurrenceRule.from_json(schedule.rule)
    reminders = next(
        (key for key, rules in REMINDER_RULES.items() if rules == schedule.reminders), None
    )
    first = next(planned_dates(rule, starts_on=schedule.starts_on), None)
    is_simple = rule.frequency is not Frequency.WEEKLY and rule.interval == 1
    if first is None or reminders is None or not is_simple:
        return None
    return ScheduleWish(
        frequency=rule.frequency,
        is_by_weekday=rule.nth is not None,
        starts_on=first,
        local_time=time.fromisoformat(schedule.local_time),
        open_days=schedule.open_days,
        grace_hours=schedule.grace_hours,
        reminders=reminders,
        pooled_waves=schedule.pooled_waves,
        sending=sending_hours(schedule.sending),
    )


def schedule_state(schedule: Schedule, survey: Survey) -> ScheduleState:
    """What this schedule does now."""
    if survey.status is SurveyStatus.DRAFT:
        return ScheduleState.DRAFT
    if schedule.next_run_at is None:
        return ScheduleState.ENDED
    return ScheduleState.PAUSED if schedule.paused_at else ScheduleState.ACTIVE


def lock_survey(session: Session, survey_id: int) -> None:
    """Wait for whoever opens a wave of this survey or plans it, until the transaction ends.

    SQLite's writers wait for each other anyway. The weak form of the lock lets rows that refer to
    the survey be inserted meanwhile.
    """
    session.execute(select(Survey.id).where(Survey.id == survey_id).with_for_update(key_share=True))


def _same_rule(one: ScheduleWish, other: ScheduleWish) -> bool:
    return (one.frequency, one.is_by_weekday, one.starts_on) == (
        other.frequency,
        other.is_by_weekday,
        other.starts_on,
    )


def _before_due(schedule: Schedule, due: datetime | None, now: datetime) -> datetime:
    """From when to look for the next wave: before the one that is due now, if it is planned."""
    if due is None or due > now or schedule.paused_at is not None:
        return now
    just_before = due - timedelta(microseconds=1)
    return just_before if next_runs(schedule, after=just_before, count=1) == [due] else now


def _problems(schedule: Schedule, now: datetime) -> Iterator[tuple[str, str]]:
    if not 0 <= schedule.grace_hours <= MAX_GRACE_HOURS:
        yield "grace_hours", "out_of_range"
    if not sending_hours(schedule.sending).is_in_order:
        yield "sending_until", "not_later"
    if not next_runs(schedule, after=now, count=1):
        yield "starts_on", "in_past"
    if not MIN_OPEN_DAYS <= schedule.open_days <= MAX_OPEN_DAYS:
        yield "open_days", "out_of_range"
    elif _overlaps(schedule, next_runs(schedule, after=now, count=CHECKED_WAVES)):
        yield "open_days", "overlaps_next"


def _pool_problems(schedule: Schedule, mode: Mode) -> Iterator[tuple[str, str]]:
    if schedule.pooled_waves == 1:
        return
    if not 1 <= schedule.pooled_waves <= MAX_POOLED_WAVES:
        yield "pooled_waves", "out_of_range"
    elif mode is not Mode.CONFIDENTIAL:
        yield "pooled_waves", mode.value
    elif RecurrenceRule.from_json(schedule.rule).frequency is Frequency.ONCE:
        yield "pooled_waves", "once"


def _overlaps(schedule: Schedule, openings: Sequence[datetime]) -> bool:
    zone = ZoneInfo(schedule.time_zone)
    grace = timedelta(hours=schedule.grace_hours)
    return any(
        closing_instant(opens_at, schedule.open_days, zone, at=END_OF_DAY) + grace >= following
        for opens_at, following in pairwise(openings)
    )
