"""Schedules: what can be saved, what follows from it, pause and resume."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from factories import MONDAY, make_schedule, make_survey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.models import Schedule, Survey
from surveys.recurrence import LAST, Frequency, RecurrenceRule
from surveys.schedules import (
    MAX_OPEN_DAYS,
    MIN_OPEN_DAYS,
    Reminders,
    ScheduleRefused,
    ScheduleState,
    ScheduleWish,
    check_schedule,
    described_rule,
    drafted,
    pause_schedule,
    planned_waves,
    resume_schedule,
    schedule_state,
    wish_of,
)
from surveys.sending_hours import SendingHours
from surveys.terms import SurveyStatus

SUNDAY = MONDAY - timedelta(days=1)


def wish(**values: Any) -> ScheduleWish:
    """Each quarter on the second Monday at nine, from 8 February 2027."""
    given: dict[str, Any] = {
        "frequency": Frequency.QUARTERLY,
        "is_by_weekday": True,
        "starts_on": date(2027, 2, 8),
        "local_time": time(9),
        "open_days": 12,
        "grace_hours": 24,
        "reminders": Reminders.BOTH,
    }
    return ScheduleWish(**(given | values))


def warsaw_survey() -> Survey:
    """A survey that is nowhere stored."""
    return Survey(time_zone="Europe/Warsaw", status=SurveyStatus.ACTIVE)


def problems(**values: Any) -> dict[str, str]:
    """Why this wish is refused on the Sunday before its first wave."""
    try:
        check_schedule(drafted(warsaw_survey(), wish(**values), None), now=SUNDAY)
    except ScheduleRefused as error:
        return error.problems
    return {}


def test_a_saved_schedule_knows_its_next_wave_in_utc(session: Session) -> None:
    schedule = make_schedule(session, make_survey(session), now=SUNDAY)
    session.commit()

    assert schedule.next_run_at == datetime(2027, 2, 8, 8, tzinfo=UTC)
    assert schedule.rule == {"frequency": "quarterly", "interval": 1, "weekday": 0, "nth": 2}


def test_the_next_four_waves_keep_their_wall_time_through_the_change_of_clocks(
    session: Session,
) -> None:
    schedule = make_schedule(session, make_survey(session), now=SUNDAY)

    waves = planned_waves(schedule, now=SUNDAY)

    assert [(wave.label, wave.opens_at.isoformat()[:16]) for wave in waves] == [
        ("2027-Q1", "2027-02-08T08:00"),
        ("2027-Q2", "2027-05-10T07:00"),
        ("2027-Q3", "2027-08-09T07:00"),
        ("2027-Q4", "2027-11-08T08:00"),
    ]
    # 20 February, 23:59 in Warsaw.
    assert waves[0].closes_at == datetime(2027, 2, 20, 22, 59, tzinfo=UTC)


def test_saving_again_changes_the_one_schedule(session: Session) -> None:
    survey = make_survey(session)
    make_schedule(session, survey)
    session.commit()

    changed = make_schedule(session, survey, frequency=Frequency.MONTHLY, is_by_weekday=False)
    session.commit()

    assert session.scalar(select(func.count()).select_from(Schedule)) == 1
    assert changed.rule == {"frequency": "monthly", "interval": 1, "day_of_month": 8}


def test_a_refused_schedule_changes_nothing(session: Session) -> None:
    survey = make_survey(session)
    make_schedule(session, survey)
    session.commit()

    with pytest.raises(ScheduleRefused):
        make_schedule(session, survey, open_days=2)
    session.rollback()

    assert session.scalar(select(Schedule.open_days)) == 12


def test_every_wrong_value_is_named_at_once() -> None:
    assert problems(open_days=2, grace_hours=100) == {
        "open_days": "out_of_range",
        "grace_hours": "out_of_range",
    }


@pytest.mark.parametrize("days", [MIN_OPEN_DAYS, MAX_OPEN_DAYS])
def test_the_least_and_the_most_days_are_taken(days: int) -> None:
    assert problems(open_days=days) == {}


def test_a_single_wave_must_lie_ahead() -> None:
    assert problems(frequency=Frequency.ONCE, starts_on=date(2027, 2, 6)) == {
        "starts_on": "in_past"
    }
    assert problems(frequency=Frequency.ONCE) == {}


def test_a_repeating_schedule_may_have_begun_in_the_past() -> None:
    assert problems(starts_on=date(2025, 2, 10)) == {}


def test_waves_that_would_run_into_each_other_are_refused() -> None:
    assert problems(frequency=Frequency.MONTHLY, open_days=28) == {"open_days": "overlaps_next"}
    assert problems(frequency=Frequency.MONTHLY, open_days=26, grace_hours=24) == {}


def test_a_short_february_is_seen_years_before() -> None:
    # The next February, of 2028, has 29 days; the one after it has 28.
    found = problems(
        frequency=Frequency.MONTHLY,
        is_by_weekday=False,
        starts_on=date(2027, 4, 1),
        open_days=27,
        grace_hours=12,
    )

    assert found == {"open_days": "overlaps_next"}


@settings(max_examples=60)
@given(
    frequency=st.sampled_from([Frequency.MONTHLY, Frequency.QUARTERLY, Frequency.YEARLY]),
    is_by_weekday=st.booleans(),
    starts_on=st.dates(date(2027, 2, 8), date(2030, 12, 31)),
    open_days=st.integers(0, 40),
    grace_hours=st.integers(0, 72),
)
def test_no_accepted_schedule_has_a_wave_that_finds_another_open(
    frequency: Frequency, is_by_weekday: bool, starts_on: date, open_days: int, grace_hours: int
) -> None:
    chosen = wish(
        frequency=frequency,
        is_by_weekday=is_by_weekday,
        starts_on=starts_on,
        open_days=open_days,
        grace_hours=grace_hours,
    )
    schedule = drafted(warsaw_survey(), chosen, None)
    try:
        check_schedule(schedule, now=SUNDAY)
    except ScheduleRefused:
        return

    waves = planned_waves(schedule, now=SUNDAY, count=24)
    ends = [wave.closes_at + timedelta(hours=grace_hours) for wave in waves]
    assert all(end < wave.opens_at for end, wave in zip(ends, waves[1:], strict=False))


@settings(max_examples=60)
@given(
    frequency=st.sampled_from([f for f in Frequency if f is not Frequency.WEEKLY]),
    is_by_weekday=st.booleans(),
    starts_on=st.dates(date(2027, 2, 8), date(2030, 12, 31)),
    reminders=st.sampled_from(list(Reminders)),
    sending=st.builds(SendingHours, st.integers(0, 11), st.integers(12, 24), st.booleans()),
)
def test_what_was_chosen_can_be_read_back(
    frequency: Frequency,
    is_by_weekday: bool,
    starts_on: date,
    reminders: Reminders,
    sending: SendingHours,
) -> None:
    is_once = frequency is Frequency.ONCE
    chosen = wish(
        frequency=frequency,
        is_by_weekday=is_by_weekday and not is_once,
        starts_on=starts_on,
        reminders=reminders,
        sending=sending,
    )

    assert wish_of(drafted(warsaw_survey(), chosen, None)) == chosen


def test_a_rule_that_says_more_than_its_first_date_survives_a_save_of_something_else() -> None:
    known = drafted(warsaw_survey(), wish(starts_on=date(2027, 2, 26)), None)
    known.rule = RecurrenceRule(Frequency.QUARTERLY, weekday=4, nth=LAST).to_json()
    shown = wish_of(known)
    assert shown

    changed = drafted(warsaw_survey(), wish(starts_on=shown.starts_on, open_days=9), known)

    assert changed.rule["nth"] == LAST
    assert changed.open_days == 9


def test_a_rule_that_the_form_cannot_say_is_not_forced_into_it() -> None:
    schedule = drafted(warsaw_survey(), wish(), None)
    schedule.rule = RecurrenceRule(Frequency.WEEKLY, interval=2).to_json()

    assert wish_of(schedule) is None
    assert described_rule(schedule) == RecurrenceRule(Frequency.WEEKLY, interval=2, weekday=0)


def test_a_described_rule_leaves_nothing_implicit() -> None:
    schedule = drafted(warsaw_survey(), wish(), None)
    schedule.rule = {"frequency": "monthly"}

    assert described_rule(schedule).day_of_month == 8


def test_a_paused_schedule_plans_on_from_the_day_it_is_resumed(session: Session) -> None:
    survey = make_survey(session)
    schedule = make_schedule(session, survey)
    pause_schedule(session, schedule, now=SUNDAY)
    assert schedule_state(schedule, survey) is ScheduleState.PAUSED

    resume_schedule(session, schedule, now=MONDAY + timedelta(days=30))

    assert schedule_state(schedule, survey) is ScheduleState.ACTIVE
    assert schedule.next_run_at == datetime(2027, 5, 10, 7, tzinfo=UTC)


def test_pausing_twice_keeps_the_first_instant(session: Session) -> None:
    schedule = make_schedule(session, make_survey(session))

    pause_schedule(session, schedule, now=SUNDAY)
    pause_schedule(session, schedule, now=MONDAY)

    assert schedule.paused_at == SUNDAY


def test_resuming_what_runs_does_not_skip_a_due_wave(session: Session) -> None:
    schedule = make_schedule(session, make_survey(session))

    resume_schedule(session, schedule, now=MONDAY + timedelta(minutes=1))

    assert schedule.next_run_at == MONDAY


def test_saving_while_a_wave_is_due_does_not_lose_it(session: Session) -> None:
    survey = make_survey(session)
    make_schedule(session, survey)
    a_minute_late = MONDAY + timedelta(minutes=1)

    kept = make_schedule(session, survey, now=a_minute_late, open_days=10)
    assert kept.next_run_at == MONDAY
    assert planned_waves(kept, now=a_minute_late)[0].opens_at == MONDAY

    moved = make_schedule(session, survey, now=a_minute_late, local_time=time(15))
    assert moved.next_run_at == MONDAY + timedelta(hours=6)


def test_a_schedule_waits_for_its_questionnaire_and_ends_with_its_rule(session: Session) -> None:
    survey = make_survey(session)
    schedule = make_schedule(session, survey, frequency=Frequency.ONCE)

    survey.status = SurveyStatus.DRAFT
    assert schedule_state(schedule, survey) is ScheduleState.DRAFT
    survey.status = SurveyStatus.ACTIVE
    schedule.next_run_at = None
    assert schedule_state(schedule, survey) is ScheduleState.ENDED


@pytest.mark.parametrize(
    ("reminders", "kinds"),
    [
        (Reminders.NONE, set()),
        (Reminders.FIRST, {"reminder_1", "staff_reminder"}),
        (Reminders.BOTH, {"reminder_1", "reminder_last", "staff_reminder"}),
    ],
)
def test_the_chosen_reminders_are_stored(reminders: Reminders, kinds: set[str]) -> None:
    assert set(drafted(warsaw_survey(), wish(reminders=reminders), None).reminders) == kinds
