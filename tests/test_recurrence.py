"""Recurrence: dates of a rule, wall time and daylight saving, closes and reminders."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.recurrence import (
    LAST,
    Frequency,
    InvalidRule,
    LabelKind,
    Occurrence,
    RecurrenceRule,
    WaveLabel,
    closing_instant,
    local_instant,
    next_occurrences,
    planned_dates,
    reminder_instants,
    rule_from_first_date,
    wave_label,
)

WARSAW = ZoneInfo("Europe/Warsaw")
NEW_YORK = ZoneInfo("America/New_York")
ODD_ZONES = ["Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "Africa/Cairo"]
ZONES = ["Europe/Warsaw", "America/New_York", *ODD_ZONES]
TEN_YEARS = timedelta(days=3653)
SECOND_MONDAY_QUARTERLY = RecurrenceRule(Frequency.QUARTERLY, weekday=0, nth=2)


def openings(
    rule: RecurrenceRule, *, starts_on: date, years: int = 10, zone: ZoneInfo, at: time
) -> list[Occurrence]:
    return next_occurrences(
        rule,
        starts_on=starts_on,
        local_time=at,
        time_zone=zone,
        after=datetime(starts_on.year - 1, 1, 1, tzinfo=UTC),
        count=100_000,
        ends_on=starts_on.replace(year=starts_on.year + years, day=1),
    )


def first_dates(rule: RecurrenceRule, starts_on: date, count: int) -> list[date]:
    return list(islice(planned_dates(rule, starts_on=starts_on), count))


def test_second_monday_of_each_quarter_month_is_planned() -> None:
    dates = first_dates(SECOND_MONDAY_QUARTERLY, date(2027, 2, 8), 4)

    assert dates == [date(2027, 2, 8), date(2027, 5, 10), date(2027, 8, 9), date(2027, 11, 8)]


def test_last_friday_of_the_month_is_planned() -> None:
    rule = RecurrenceRule(Frequency.MONTHLY, weekday=4, nth=LAST)

    dates = first_dates(rule, date(2027, 1, 1), 3)

    assert dates == [date(2027, 1, 29), date(2027, 2, 26), date(2027, 3, 26)]


def test_january_31_clamps_to_the_month_end_and_does_not_drift() -> None:
    dates = first_dates(RecurrenceRule(Frequency.MONTHLY), date(2027, 1, 31), 5)

    assert dates == [
        date(2027, 1, 31),
        date(2027, 2, 28),
        date(2027, 3, 31),
        date(2027, 4, 30),
        date(2027, 5, 31),
    ]


def test_29_february_is_planned_every_year_and_clamped_in_common_years() -> None:
    dates = first_dates(RecurrenceRule(Frequency.YEARLY), date(2028, 2, 29), 5)

    assert [day.isoformat() for day in dates] == [
        "2028-02-29",
        "2029-02-28",
        "2030-02-28",
        "2031-02-28",
        "2032-02-29",
    ]


def test_interval_multiplies_the_frequency() -> None:
    two_months = RecurrenceRule(Frequency.MONTHLY, interval=2, day_of_month=15)
    three_weeks = RecurrenceRule(Frequency.WEEKLY, interval=3)

    assert first_dates(two_months, date(2026, 11, 15), 3) == [
        date(2026, 11, 15),
        date(2027, 1, 15),
        date(2027, 3, 15),
    ]
    assert first_dates(three_weeks, date(2026, 11, 16), 3) == [
        date(2026, 11, 16),
        date(2026, 12, 7),
        date(2026, 12, 28),
    ]


def test_weekly_rule_begins_on_its_weekday_after_the_start() -> None:
    rule = RecurrenceRule(Frequency.WEEKLY, weekday=1)

    assert first_dates(rule, date(2026, 11, 18), 2) == [date(2026, 11, 24), date(2026, 12, 1)]


def test_a_date_of_the_rule_before_the_start_is_not_planned() -> None:
    dates = first_dates(SECOND_MONDAY_QUARTERLY, date(2027, 2, 15), 2)

    assert dates == [date(2027, 5, 10), date(2027, 8, 9)]


def test_single_wave_is_planned_once() -> None:
    rule = RecurrenceRule(Frequency.ONCE)

    assert first_dates(rule, date(2027, 2, 8), 5) == [date(2027, 2, 8)]
    assert list(planned_dates(rule, starts_on=date(2027, 2, 8), earliest=date(2027, 2, 9))) == []


def test_rules_end_with_the_calendar_instead_of_failing() -> None:
    weekly = planned_dates(RecurrenceRule(Frequency.WEEKLY), starts_on=date(9999, 12, 20))
    monthly = planned_dates(RecurrenceRule(Frequency.MONTHLY), starts_on=date(9999, 11, 20))

    assert list(weekly) == [date(9999, 12, 20), date(9999, 12, 27)]
    assert list(monthly) == [date(9999, 11, 20), date(9999, 12, 20)]


def test_occurrences_come_after_the_given_instant_and_not_at_it() -> None:
    opening = datetime(2027, 5, 10, 7, 0, tzinfo=UTC)

    at_it, before_it = (
        next_occurrences(
            SECOND_MONDAY_QUARTERLY,
            starts_on=date(2027, 2, 8),
            local_time=time(9),
            time_zone=WARSAW,
            after=after,
            count=1,
        )
        for after in (opening, opening - timedelta(seconds=1))
    )

    assert at_it == [Occurrence(date(2027, 8, 9), datetime(2027, 8, 9, 7, 0, tzinfo=UTC))]
    assert before_it == [Occurrence(date(2027, 5, 10), opening)]


def test_occurrences_stop_at_the_end_date_which_is_included() -> None:
    found = next_occurrences(
        SECOND_MONDAY_QUARTERLY,
        starts_on=date(2027, 2, 8),
        local_time=time(9),
        time_zone=WARSAW,
        after=datetime(2027, 1, 1, tzinfo=UTC),
        count=10,
        ends_on=date(2027, 8, 9),
    )

    assert [item.local_date for item in found] == [
        date(2027, 2, 8),
        date(2027, 5, 10),
        date(2027, 8, 9),
    ]


def test_opening_keeps_nine_o_clock_on_both_sides_of_the_clock_change() -> None:
    found = openings(
        RecurrenceRule(Frequency.WEEKLY), starts_on=date(2027, 3, 22), zone=WARSAW, at=time(9)
    )

    assert found[0].instant_utc == datetime(2027, 3, 22, 8, 0, tzinfo=UTC)
    assert found[1].instant_utc == datetime(2027, 3, 29, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "wall_time", "expected"),
    [
        # Clocks go forward: 02:00 to 03:00 in Warsaw, by half an hour on Lord Howe Island, over
        # midnight in Cairo. The wave opens in the first minute that exists.
        ("Europe/Warsaw", date(2027, 3, 28), time(2, 30), "2027-03-28T01:00+00:00"),
        ("Europe/Warsaw", date(2027, 3, 28), time(2, 0), "2027-03-28T01:00+00:00"),
        ("Europe/Warsaw", date(2027, 3, 28), time(1, 59), "2027-03-28T00:59+00:00"),
        ("Europe/Warsaw", date(2027, 3, 28), time(3, 0), "2027-03-28T01:00+00:00"),
        ("America/New_York", date(2027, 3, 14), time(2, 30), "2027-03-14T07:00+00:00"),
        ("Australia/Lord_Howe", date(2027, 10, 3), time(2, 15), "2027-10-02T15:30+00:00"),
        ("Africa/Cairo", date(2027, 4, 30), time(0, 10), "2027-04-29T22:00+00:00"),
        # Clocks go back: the first of the two.
        ("Europe/Warsaw", date(2027, 10, 31), time(2, 30), "2027-10-31T00:30+00:00"),
        ("America/New_York", date(2027, 11, 7), time(1, 30), "2027-11-07T05:30+00:00"),
        ("Australia/Lord_Howe", date(2027, 4, 4), time(1, 45), "2027-04-03T14:45+00:00"),
        # Samoa left 30 December 2011 out altogether.
        ("Pacific/Apia", date(2011, 12, 30), time(9, 0), "2011-12-30T10:00+00:00"),
        ("Asia/Kolkata", date(2027, 3, 28), time(2, 30), "2027-03-27T21:00+00:00"),
    ],
)
def test_wall_time_becomes_the_right_instant_at_clock_changes(
    zone: str, day: date, wall_time: time, expected: str
) -> None:
    instant = local_instant(day, wall_time, ZoneInfo(zone))

    assert instant.isoformat(timespec="minutes") == expected


def test_opening_planned_for_a_date_that_a_zone_leaves_out_happens_as_the_next_one_begins() -> None:
    found = next_occurrences(
        RecurrenceRule(Frequency.WEEKLY),
        starts_on=date(2011, 12, 16),
        local_time=time(9),
        time_zone=ZoneInfo("Pacific/Apia"),
        after=datetime(2011, 12, 30, 9, 59, tzinfo=UTC),
        count=2,
    )

    assert found == [
        Occurrence(date(2011, 12, 30), datetime(2011, 12, 30, 10, 0, tzinfo=UTC)),
        Occurrence(date(2012, 1, 6), datetime(2012, 1, 5, 19, 0, tzinfo=UTC)),
    ]


def test_wall_time_with_a_zone_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        local_instant(date(2027, 3, 28), time(9, tzinfo=UTC), WARSAW)


def test_instant_without_a_zone_is_refused() -> None:
    naive = datetime(2027, 3, 28)  # noqa: DTZ001 - a naive instant is what is tested

    with pytest.raises(ValueError, match="carries its zone"):
        next_occurrences(
            SECOND_MONDAY_QUARTERLY,
            starts_on=date(2027, 2, 8),
            local_time=time(9),
            time_zone=WARSAW,
            after=naive,
            count=1,
        )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("wall_time", [time(0), time(0, 30), time(1, 30), time(2, 30), time(9)])
def test_asking_again_after_each_opening_meets_every_planned_date_once(
    zone: str, wall_time: time
) -> None:
    """The worker asks again after each opening: ten years of Sundays, when clocks change."""
    place = ZoneInfo(zone)
    rule = RecurrenceRule(Frequency.WEEKLY, weekday=6)
    starts_on, ends_on = date(2024, 1, 1), date(2033, 12, 31)
    instant = datetime(2023, 12, 31, tzinfo=UTC)
    walked: list[date] = []

    while found := next_occurrences(
        rule,
        starts_on=starts_on,
        local_time=wall_time,
        time_zone=place,
        after=instant,
        count=1,
        ends_on=ends_on,
    ):
        walked.append(found[0].local_date)
        instant = found[0].instant_utc

    days = [starts_on + timedelta(days=n) for n in range((ends_on - starts_on).days + 1)]
    assert walked == [day for day in days if day.weekday() == 6]


rules = st.one_of(
    st.builds(
        RecurrenceRule,
        frequency=st.just(Frequency.WEEKLY),
        interval=st.integers(1, 8),
        weekday=st.none() | st.integers(0, 6),
    ),
    st.builds(
        RecurrenceRule,
        frequency=st.sampled_from([Frequency.MONTHLY, Frequency.QUARTERLY, Frequency.YEARLY]),
        interval=st.integers(1, 4),
        day_of_month=st.none() | st.integers(1, 31),
    ),
    st.builds(
        RecurrenceRule,
        frequency=st.sampled_from([Frequency.MONTHLY, Frequency.QUARTERLY, Frequency.YEARLY]),
        interval=st.integers(1, 4),
        weekday=st.integers(0, 6),
        nth=st.sampled_from([1, 2, 3, 4, LAST]),
    ),
)
starts = st.dates(date(2024, 1, 1), date(2030, 12, 31))
wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(ZONES).map(ZoneInfo)


def exists(day: date, wall_time: time, zone: ZoneInfo) -> bool:
    wall = datetime.combine(day, wall_time, tzinfo=zone)
    return wall.astimezone(UTC).astimezone(zone).replace(fold=0, tzinfo=None) == wall.replace(
        tzinfo=None
    )


@given(rule=rules, starts_on=starts, wall_time=wall_times, zone=zones)
@settings(max_examples=120, deadline=None)
def test_openings_of_ten_years_follow_rule_and_wall_time(
    rule: RecurrenceRule, starts_on: date, wall_time: time, zone: ZoneInfo
) -> None:
    ends_on = starts_on + TEN_YEARS

    found = next_occurrences(
        rule,
        starts_on=starts_on,
        local_time=wall_time,
        time_zone=zone,
        after=datetime(2023, 1, 1, tzinfo=UTC),
        count=10_000,
        ends_on=ends_on,
    )

    planned = planned_dates(rule, starts_on=starts_on)
    assert [item.local_date for item in found] == [
        day for day in islice(planned, len(found) + 1) if day <= ends_on
    ]
    assert all(one.local_date < two.local_date for one, two in pairwise(found))
    assert all(one.instant_utc < two.instant_utc for one, two in pairwise(found))
    for item in found:
        shown = item.instant_utc.astimezone(zone)
        assert shown.date() == item.local_date
        if exists(item.local_date, wall_time, zone):
            assert (shown.time(), shown.fold) == (wall_time, 0)
        else:
            minute_before = (item.instant_utc - timedelta(minutes=1)).astimezone(zone)
            wanted = datetime.combine(item.local_date, wall_time)
            assert minute_before.replace(tzinfo=None) < wanted < shown.replace(tzinfo=None)


@given(rule=rules, starts_on=starts, skipped=st.integers(0, 4000))
@settings(max_examples=150, deadline=None)
def test_jumping_ahead_gives_the_dates_that_walking_gives(
    rule: RecurrenceRule, starts_on: date, skipped: int
) -> None:
    earliest = starts_on + timedelta(days=skipped)

    jumped = list(islice(planned_dates(rule, starts_on=starts_on, earliest=earliest), 3))

    walked = (day for day in planned_dates(rule, starts_on=starts_on) if day >= earliest)
    assert jumped == list(islice(walked, 3))


@given(rule=rules, starts_on=starts)
@settings(max_examples=100, deadline=None)
def test_dates_fall_where_the_rule_says(rule: RecurrenceRule, starts_on: date) -> None:
    for day in first_dates(rule, starts_on, 12):
        assert day >= starts_on
        if rule.nth == LAST:
            assert day.weekday() == rule.weekday
            assert (day + timedelta(days=7)).month != day.month
        elif rule.nth is not None:
            assert (day.weekday(), (day.day + 6) // 7) == (rule.weekday, rule.nth)
        elif rule.frequency is Frequency.WEEKLY:
            wanted = starts_on.weekday() if rule.weekday is None else rule.weekday
            assert day.weekday() == wanted
        else:
            wanted = rule.day_of_month or starts_on.day
            assert day.day == wanted or (day.day < wanted and (day + timedelta(1)).day == 1)


@given(rule=rules)
def test_rule_survives_storage(rule: RecurrenceRule) -> None:
    assert RecurrenceRule.from_json(rule.to_json()) == rule


@given(
    starts_on=st.dates(date(2024, 1, 1), date(2035, 12, 31)),
    frequency=st.sampled_from(list(Frequency)),
    by_weekday=st.booleans(),
)
def test_rule_made_from_the_first_date_plans_that_date_first(
    starts_on: date, frequency: Frequency, by_weekday: bool
) -> None:
    rule = rule_from_first_date(starts_on, frequency, by_weekday=by_weekday)

    assert next(planned_dates(rule, starts_on=starts_on)) == starts_on


def test_rule_from_a_second_monday_says_second_monday() -> None:
    rule = rule_from_first_date(date(2027, 2, 8), Frequency.QUARTERLY, by_weekday=True)

    assert rule == SECOND_MONDAY_QUARTERLY


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({}, "frequency"),
        ({"frequency": "daily"}, "frequency"),
        ({"frequency": "monthly", "interval": 0}, "interval"),
        ({"frequency": "monthly", "interval": 61}, "interval"),
        ({"frequency": "monthly", "interval": True}, "interval"),
        ({"frequency": "monthly", "interval": "2"}, "interval"),
        ({"frequency": "once", "interval": 2}, "interval"),
        ({"frequency": "once", "weekday": 1}, "weekday"),
        ({"frequency": "monthly", "day_of_month": 0}, "day_of_month"),
        ({"frequency": "monthly", "day_of_month": 32}, "day_of_month"),
        ({"frequency": "weekly", "day_of_month": 3}, "day_of_month"),
        ({"frequency": "monthly", "day_of_month": 3, "weekday": 1, "nth": 1}, "day_of_month"),
        ({"frequency": "monthly", "weekday": 7, "nth": 1}, "weekday"),
        ({"frequency": "monthly", "weekday": 1}, "nth"),
        ({"frequency": "monthly", "nth": 1}, "weekday"),
        ({"frequency": "monthly", "weekday": 1, "nth": 5}, "nth"),
        ({"frequency": "weekly", "weekday": 1, "nth": 1}, "nth"),
        ({"frequency": "monthly", "on": "Tuesday"}, "keys"),
    ],
)
def test_wrong_rule_is_refused_and_the_part_named(stored: dict[str, object], problem: str) -> None:
    with pytest.raises(InvalidRule) as refused:
        RecurrenceRule.from_json(stored)

    assert refused.value.problem == problem


@pytest.mark.parametrize(
    ("frequency", "kind", "key"),
    [
        (Frequency.QUARTERLY, LabelKind.QUARTER, "2026-Q4"),
        (Frequency.MONTHLY, LabelKind.MONTH, "2026-11"),
        (Frequency.YEARLY, LabelKind.YEAR, "2026"),
        (Frequency.WEEKLY, LabelKind.DAY, "2026-11-09"),
        (Frequency.ONCE, LabelKind.MONTH, "2026-11"),
    ],
)
def test_wave_is_named_by_its_quarter_month_year_or_day(
    frequency: Frequency, kind: LabelKind, key: str
) -> None:
    label = wave_label(date(2026, 11, 9), RecurrenceRule(frequency))

    assert label == WaveLabel(kind=kind, on=date(2026, 11, 9))
    assert (label.key, label.quarter) == (key, 4)


@given(rule=rules, starts_on=starts)
@settings(max_examples=60, deadline=None)
def test_label_keys_of_a_schedule_are_distinct_and_sort_by_time(
    rule: RecurrenceRule, starts_on: date
) -> None:
    keys = [wave_label(day, rule).key for day in first_dates(rule, starts_on, 30)]

    assert all(one < two for one, two in pairwise(keys))


def test_wave_closes_at_the_same_wall_time_across_the_clock_change() -> None:
    opens_at = local_instant(date(2027, 3, 22), time(9), WARSAW)

    closes_at = closing_instant(opens_at, 11, WARSAW)

    assert closes_at.astimezone(WARSAW).replace(tzinfo=None) == datetime(2027, 4, 2, 9)  # noqa: DTZ001 - wall time


def test_wave_can_close_at_the_end_of_its_last_day() -> None:
    opens_at = local_instant(date(2027, 2, 8), time(9), WARSAW)

    closes_at = closing_instant(opens_at, 11, WARSAW, at=time(23, 59))

    assert closes_at == datetime(2027, 2, 19, 22, 59, tzinfo=UTC)


def test_wave_that_is_open_for_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one day"):
        closing_instant(datetime(2027, 2, 8, tzinfo=UTC), 0, WARSAW)


def test_reminders_come_on_day_four_and_two_days_before_the_close() -> None:
    opens_at = local_instant(date(2027, 3, 22), time(9), WARSAW)
    closes_at = closing_instant(opens_at, 11, WARSAW, at=time(23, 59))

    reminders = reminder_instants(opens_at, closes_at, WARSAW)

    assert [instant.astimezone(WARSAW).isoformat() for instant in reminders] == [
        "2027-03-26T09:00:00+01:00",
        "2027-03-31T09:00:00+02:00",
    ]


def test_two_reminders_on_one_day_become_one() -> None:
    opens_at = local_instant(date(2027, 2, 8), time(9), NEW_YORK)

    reminders = reminder_instants(opens_at, closing_instant(opens_at, 6, NEW_YORK), NEW_YORK)

    assert [instant.astimezone(NEW_YORK).date() for instant in reminders] == [date(2027, 2, 12)]


@given(
    opens_on=starts,
    wall_time=wall_times,
    open_days=st.integers(1, 40),
    zone=zones,
    after=st.lists(st.integers(-3, 45), max_size=4),
    before=st.lists(st.integers(-3, 45), max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_reminders_lie_inside_the_wave_one_a_day_and_ascending(
    opens_on: date,
    wall_time: time,
    open_days: int,
    zone: ZoneInfo,
    after: list[int],
    before: list[int],
) -> None:
    opens_at = local_instant(opens_on, wall_time, zone)
    closes_at = closing_instant(opens_at, open_days, zone)

    reminders = reminder_instants(
        opens_at, closes_at, zone, days_after_opening=after, days_before_close=before
    )

    dates = [instant.astimezone(zone).date() for instant in reminders]
    assert all(opens_at < instant < closes_at for instant in reminders)
    assert all(one < two for one, two in pairwise(reminders))
    assert len(set(dates)) == len(dates)
    assert opens_at.astimezone(zone).date() not in dates
    wanted = {opens_on + timedelta(days=days) for days in after if 0 < days < open_days}
    assert wanted.issubset(dates)
