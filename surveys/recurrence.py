"""When a schedule's waves open: calendar rules, local wall time, daylight saving.

Everything here is pure: a rule, a zone and an instant in, dates and UTC instants out. What is due
is decided in `surveys/waves.py`; weekends, holidays and quiet hours belong to sending, not to the
rule. Words for people ('second Tuesday', 'Q1 2027') are made from this data elsewhere, since they
exist in two languages.

Time is treated so, wherever a wall time and a zone meet (method of reliability, section 1):

- a wall time that does not exist (clocks go forward over it) means the first minute after the gap;
- a wall time that exists twice (clocks go back over it) means its first occurrence;
- a day of the month that a month does not have means its last day, and does not drift: 31 January
  is followed by 28 February and 31 March.
"""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count as count_from
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

MAX_INTERVAL = 60
LAST = -1

_WEEK = timedelta(days=7)
_MINUTE = timedelta(minutes=1)


class Frequency(StrEnum):
    """How often a wave opens; the interval multiplies it (every second month)."""

    ONCE = "once"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


_MONTHS = {Frequency.MONTHLY: 1, Frequency.QUARTERLY: 3, Frequency.YEARLY: 12}
_RULE_KEYS = frozenset({"frequency", "interval", "day_of_month", "weekday", "nth"})


class InvalidRule(ValueError):
    """A rule that cannot be followed; attribute `problem` names the part that is wrong.

    One of `frequency`, `interval`, `day_of_month`, `weekday`, `nth`, `keys`.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"the recurrence rule is wrong: {problem}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """Which local dates a schedule plans, counted from its first date `starts_on`.

    Months are counted from the month of `starts_on`: a quarterly rule that starts in February plans
    February, May, August, November. Within the month the day is either the `nth` `weekday` (nth 1
    to 4, or -1 for the last; weekday 0 for Monday to 6 for Sunday) or `day_of_month` (1 to 31,
    clamped to the end of the month), and when neither is given the day of `starts_on`. A weekly
    rule takes `weekday`, else the weekday of `starts_on`. Raises InvalidRule.
    """

    frequency: Frequency
    interval: int = 1
    day_of_month: int | None = None
    weekday: int | None = None
    nth: int | None = None

    def __post_init__(self) -> None:
        problem = _problem(self)
        if problem:
            raise InvalidRule(problem)

    def to_json(self) -> dict[str, str | int]:
        """What is stored; only what is set."""
        parts: dict[str, str | int | None] = {
            "frequency": self.frequency.value,
            "interval": self.interval,
            "day_of_month": self.day_of_month,
            "weekday": self.weekday,
            "nth": self.nth,
        }
        return {key: value for key, value in parts.items() if value is not None}

    @classmethod
    def from_json(cls, stored: Mapping[str, object]) -> "RecurrenceRule":
        """The rule that `to_json` stored. Raises InvalidRule for anything else."""
        if not _RULE_KEYS.issuperset(stored):
            raise InvalidRule("keys")
        interval = _whole(stored, "interval")
        return cls(
            frequency=_frequency(stored.get("frequency")),
            interval=1 if interval is None else interval,
            day_of_month=_whole(stored, "day_of_month"),
            weekday=_whole(stored, "weekday"),
            nth=_whole(stored, "nth"),
        )


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One planned opening: the local date of the rule, and the instant, aware and in UTC.

    The instant lies on that local date, unless a zone leaves the whole date out.
    """

    local_date: date
    instant_utc: datetime


class LabelKind(StrEnum):
    """What names a wave of a schedule: its quarter, month, year, or the day itself."""

    QUARTER = "quarter"
    MONTH = "month"
    YEAR = "year"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class WaveLabel:
    """The name of a wave as data; `on` is its planned local date."""

    kind: LabelKind
    on: date

    @property
    def quarter(self) -> int:
        """The quarter of the year, 1 to 4."""
        return (self.on.month + 2) // 3

    @property
    def key(self) -> str:
        """Unique within a schedule and sorting by time: 2027-Q1, 2026-11, 2027, 2027-02-08."""
        if self.kind is LabelKind.QUARTER:
            return f"{self.on.year}-Q{self.quarter}"
        if self.kind is LabelKind.MONTH:
            return f"{self.on:%Y-%m}"
        return str(self.on.year) if self.kind is LabelKind.YEAR else self.on.isoformat()


_LABEL_KINDS = {
    Frequency.ONCE: LabelKind.MONTH,
    Frequency.WEEKLY: LabelKind.DAY,
    Frequency.MONTHLY: LabelKind.MONTH,
    Frequency.QUARTERLY: LabelKind.QUARTER,
    Frequency.YEARLY: LabelKind.YEAR,
}


def wave_label(day: date, rule: RecurrenceRule) -> WaveLabel:
    """What the wave planned for this local date is called."""
    return WaveLabel(kind=_LABEL_KINDS[rule.frequency], on=day)


def rule_from_first_date(
    starts_on: date, frequency: Frequency, *, interval: int = 1, by_weekday: bool = False
) -> RecurrenceRule:
    """The rule of which `starts_on` is the first date.

    By weekday, 8 February 2027 gives 'second Monday'; a fifth weekday of its month gives 'last',
    because most months have no fifth. Weekly rules and single waves need no such choice.
    """
    if frequency not in _MONTHS:
        return RecurrenceRule(frequency=frequency, interval=interval)
    if not by_weekday:
        return RecurrenceRule(frequency=frequency, interval=interval, day_of_month=starts_on.day)
    nth = (starts_on.day + 6) // 7
    return RecurrenceRule(
        frequency=frequency,
        interval=interval,
        weekday=starts_on.weekday(),
        nth=nth if nth < 5 else LAST,
    )


def planned_dates(
    rule: RecurrenceRule, *, starts_on: date, earliest: date | None = None
) -> Iterator[date]:
    """The local dates of the rule, ascending, none before `starts_on` or `earliest`.

    `starts_on` itself is planned only if the rule plans it. The iterator ends with the calendar.
    """
    floor = max(starts_on, earliest or starts_on)
    if rule.frequency is Frequency.ONCE:
        return iter([starts_on] if starts_on >= floor else [])
    if rule.frequency is Frequency.WEEKLY:
        return _weekly_dates(rule, starts_on, floor)
    return (day for day in _monthly_dates(rule, starts_on, floor) if day >= floor)


def next_occurrences(
    rule: RecurrenceRule,
    *,
    starts_on: date,
    local_time: time,
    time_zone: ZoneInfo,
    after: datetime,
    count: int,
    ends_on: date | None = None,
) -> list[Occurrence]:
    """The next `count` openings whose instant is later than `after`; fewer where the rule ends.

    `after` is aware; `ends_on` is the last date that may be planned. No local date comes twice and
    none of the rule is left out, whatever the clocks of the zone do. Source: method of reliability,
    sections 0.7 and 2a.
    """
    # An opening planned for an earlier local date cannot be later than `after`: gaps only move it
    # to the change of clocks, which is the first instant of the later date.
    earliest = _aware(after).astimezone(time_zone).date()
    planned = planned_dates(rule, starts_on=starts_on, earliest=earliest)
    allowed = takewhile(lambda day: ends_on is None or day <= ends_on, planned)
    openings = (Occurrence(day, local_instant(day, local_time, time_zone)) for day in allowed)
    return list(islice((item for item in openings if item.instant_utc > after), count))


def local_instant(day: date, wall_time: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which clocks of the zone show this time on this date.

    In a gap the first valid minute after it, in an overlap the first of the two. Raises ValueError
    for a wall time that carries a zone of its own.
    """
    if wall_time.tzinfo is not None:
        raise ValueError("a wall time has no zone of its own")
    first = datetime.combine(day, wall_time.replace(fold=0), tzinfo=zone)
    instant = first.astimezone(UTC)
    shown = instant.astimezone(zone)
    if shown.replace(tzinfo=None, fold=0) == first.replace(tzinfo=None):
        return instant
    return _end_of_gap(first, zone)


def closing_instant(
    opens_at: datetime, open_days: int, zone: ZoneInfo, *, at: time | None = None
) -> datetime:
    """When a wave that opened at this instant closes, in UTC.

    That is `open_days` (at least 1) local dates later, at the wall time of the opening, or at the
    wall time `at` if it is given: 23:59 makes 'open until 20 November' true for the whole day.
    """
    if open_days < 1:
        raise ValueError("a wave is open for at least one day")
    opening = _aware(opens_at).astimezone(zone)
    closes_on = opening.date() + timedelta(days=open_days)
    return local_instant(closes_on, at or _wall_time(opening), zone)


def reminder_instants(
    opens_at: datetime,
    closes_at: datetime,
    zone: ZoneInfo,
    *,
    days_after_opening: Iterable[int] = (4,),
    days_before_close: Iterable[int] = (2,),
) -> list[datetime]:
    """When the reminders of a wave are due: UTC instants, ascending, one a local date at most.

    Each is at the wall time of the opening. What would not fall after the opening's date and before
    the close is left out, so that a short window has fewer reminders.
    """
    opening, close = (_aware(instant).astimezone(zone) for instant in (opens_at, closes_at))
    dates = {opening.date() + timedelta(days=days) for days in days_after_opening}
    dates |= {close.date() - timedelta(days=days) for days in days_before_close}
    wall_time = _wall_time(opening)
    due = (local_instant(day, wall_time, zone) for day in sorted(dates) if day > opening.date())
    return [instant for instant in due if instant < closes_at]


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant carries its zone")
    return instant


def _wall_time(local: datetime) -> time:
    return local.time().replace(fold=0)


def _end_of_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute after the gap that swallows this wall time.

    Read with the offset after the gap (fold 1) the wall time lies before the change of clocks, read
    with the offset before it (fold 0) it lies after: the change is between the two.
    """
    before = wall.replace(fold=1, second=0, microsecond=0).astimezone(UTC)
    after = wall.replace(fold=0).astimezone(UTC)
    new_offset = after.astimezone(zone).utcoffset()
    minutes = range((after - before) // _MINUTE + 1)
    first = bisect_left(
        minutes,
        True,
        key=lambda minute: (before + minute * _MINUTE).astimezone(zone).utcoffset() == new_offset,
    )
    return before + first * _MINUTE


def _weekly_dates(rule: RecurrenceRule, starts_on: date, floor: date) -> Iterator[date]:
    weekday = starts_on.weekday() if rule.weekday is None else rule.weekday
    first = starts_on + timedelta(days=(weekday - starts_on.weekday()) % 7)
    step = rule.interval * _WEEK
    skipped = max(0, -((first - floor) // step))
    day = first + skipped * step
    while day <= date.max - step:
        yield day
        day += step
    yield day


def _monthly_dates(rule: RecurrenceRule, starts_on: date, floor: date) -> Iterator[date]:
    step = rule.interval * _MONTHS[rule.frequency]
    first = _month_number(starts_on)
    skipped = (_month_number(floor) - first) // step
    months = count_from(first + skipped * step, step)
    for month in takewhile(lambda number: number <= _month_number(date.max), months):
        yield _day_in_month(rule, starts_on, *divmod(month, 12))


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _day_in_month(rule: RecurrenceRule, starts_on: date, year: int, month_index: int) -> date:
    month = month_index + 1
    first_weekday, length = monthrange(year, month)
    if rule.nth is None or rule.weekday is None:
        return date(year, month, min(rule.day_of_month or starts_on.day, length))
    first = 1 + (rule.weekday - first_weekday) % 7
    if rule.nth == LAST:
        return date(year, month, first + (length - first) // 7 * 7)
    return date(year, month, first + (rule.nth - 1) * 7)


def _problem(rule: RecurrenceRule) -> str | None:
    """The first part of a rule that is out of range or does not belong to its frequency."""
    repeats = rule.frequency is not Frequency.ONCE
    if not 1 <= rule.interval <= (MAX_INTERVAL if repeats else 1):
        return "interval"
    if rule.weekday is not None and not 0 <= rule.weekday <= 6:
        return "weekday"
    if rule.frequency in _MONTHS:
        return _problem_in_month(rule)
    if rule.day_of_month is not None:
        return "day_of_month"
    if rule.nth is not None:
        return "nth"
    return "weekday" if rule.weekday is not None and not repeats else None


def _problem_in_month(rule: RecurrenceRule) -> str | None:
    if (rule.weekday is None) != (rule.nth is None):
        return "nth" if rule.nth is None else "weekday"
    if rule.nth is not None and rule.nth not in {1, 2, 3, 4, LAST}:
        return "nth"
    if rule.day_of_month is None:
        return None
    return None if rule.nth is None and 1 <= rule.day_of_month <= 31 else "day_of_month"


def _frequency(stored: object) -> Frequency:
    try:
        return Frequency(str(stored))
    except ValueError:
        raise InvalidRule("frequency") from None


def _whole(stored: Mapping[str, object], key: str) -> int | None:
    value = stored.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidRule(key)
    return value
