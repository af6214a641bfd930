"""Waves: opened once, missed with a reason, closed, extended, reminded, counted."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import (
    MONDAY,
    SetClock,
    make_contact,
    make_partner,
    make_programme,
    make_schedule,
    make_survey,
    open_survey,
)
from flask import Flask
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from surveys.errors import FieldError, NotFound, NothingToAsk, WaveStateError
from surveys.invitations import LinkKeys
from surveys.jobs import JobContext, close_due_waves, open_due_waves, queue_reminders_due
from surveys.mail.transport import MemoryTransport
from surveys.models import Invitation, OutgoingMail, Schedule, Survey, Wave, WaveChange
from surveys.participation import Participation, participation, participations
from surveys.processes import job_context
from surveys.reminders import next_reminder, remind_now, reminder_plan
from surveys.schedules import Reminders, pause_schedule
from surveys.terms import Audience, MailKind, MailState, Mode, SurveyStatus, WaveState
from surveys.waves import (
    Opened,
    close_run,
    extend_run,
    open_run,
    open_scheduled,
    run_by_id,
    run_of,
)
from surveys.workspace import Workspace, save_workspace

LATE_LIMIT = timedelta(hours=12)


@pytest.fixture
def context(app: Flask) -> JobContext:
    """What the worker's jobs get, with the clock of the test."""
    return job_context(app, transport=MemoryTransport())


def scheduled(session: Session, **values: Any) -> Schedule:
    """A schedule due on Monday, of a survey with a small programme to ask; committed."""
    make_programme(session, companies=3, staff=2)
    schedule = make_schedule(session, make_survey(session), **values)
    session.commit()
    return schedule


def waves_of(session: Session) -> list[Wave]:
    """Every wave, oldest first, as it is stored now."""
    query = select(Wave).order_by(Wave.scheduled_at, Wave.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def count_of_mails(session: Session, *conditions: object) -> int:
    """How many mails there are of this kind."""
    query = select(func.count()).select_from(OutgoingMail)
    return session.scalar(query.where(*conditions)) or 0  # type: ignore[arg-type] # conditions


def as_if_sent(session: Session) -> None:
    """As if the sender had sent everything that is queued."""
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.state == MailState.QUEUED)
        .values(state=MailState.SENT, sent_at=MONDAY)
    )
    session.commit()


def answer(session: Session, wave: Wave, count: int) -> None:
    """The first of the invited answer."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
    ).all()
    session.execute(
        update(Invitation).where(Invitation.id.in_(ids[:count])).values(answered_on=MONDAY.date())
    )
    session.commit()


def at_once(engine: Engine, work: Callable[[Session], object], *, times: int = 2) -> list[object]:
    """Run this in several threads at the same moment; results, or the errors raised."""
    start = threading.Barrier(times)
    results: list[object] = []

    def run() -> None:
        with Session(engine) as session:
            start.wait()
            try:
                results.append(work(session))
                session.commit()
            except Exception as error:  # noqa: BLE001 - what was raised is what the test looks at
                session.rollback()
                results.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


# --- opening ------------------------------------------------------------------------------------


def test_a_due_wave_opens_by_the_job_for_both_audiences(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    clock.instant = MONDAY - timedelta(minutes=1)
    assert open_due_waves(context) == 0
    clock.instant = MONDAY

    assert open_due_waves(context) == 1

    partner, internal = waves_of(session)
    assert [partner.audience, internal.audience] == [Audience.PARTNER, Audience.INTERNAL]
    assert {partner.number, internal.number} == {1}
    assert {partner.label, internal.label} == {"2027-Q1"}
    assert {partner.state, internal.state} == {WaveState.OPEN}
    assert participation(session, partner).invited == 3
    assert participation(session, internal).invited == 2
    assert session.scalar(select(Schedule.next_run_at)) == datetime(2027, 5, 10, 7, tzinfo=UTC)


def test_a_second_tick_opens_nothing(session: Session, context: JobContext) -> None:
    scheduled(session)

    assert [open_due_waves(context) for _ in range(3)] == [1, 0, 0]
    assert len(waves_of(session)) == 2


def test_a_wave_closes_at_the_end_of_its_last_day_and_keeps_the_grace_time(
    session: Session, context: JobContext
) -> None:
    scheduled(session, open_days=12, grace_hours=24)

    open_due_waves(context)

    wave = waves_of(session)[0]
    assert wave.closes_at == datetime(2027, 2, 20, 22, 59, tzinfo=UTC)
    assert wave.grace_until == wave.closes_at + timedelta(hours=24)


def test_two_workers_at_once_open_a_due_wave_once(
    session: Session, engine: Engine, keys: LinkKeys
) -> None:
    schedule_id = scheduled(session).id
    session.rollback()

    results = at_once(
        engine,
        lambda own: open_scheduled(own, schedule_id, keys=keys, now=MONDAY, late_limit=LATE_LIMIT),
        times=4,
    )

    assert sum(isinstance(each, Opened) for each in results) == 1
    assert results.count(None) == 3
    assert len(waves_of(session)) == 2
    assert count_of_mails(session) == 5


def test_two_people_at_once_open_one_wave(session: Session, engine: Engine, keys: LinkKeys) -> None:
    make_programme(session, companies=3, staff=2)
    survey_id = make_survey(session).id
    session.commit()
    seconds = iter(range(10))

    def open_by_hand(own: Session) -> Opened:
        instant = MONDAY + timedelta(seconds=next(seconds))
        survey = own.get_one(Survey, survey_id)
        return open_run(own, survey, scheduled_at=instant, keys=keys, now=instant)

    results = at_once(engine, open_by_hand, times=3)

    assert sum(isinstance(each, Opened) for each in results) == 1
    refusals = [each.reason for each in results if isinstance(each, NothingToAsk)]
    assert refusals == ["already_open", "already_open"]
    assert len(waves_of(session)) == 2


def test_a_person_and_the_worker_at_once_open_one_wave(
    session: Session, engine: Engine, keys: LinkKeys
) -> None:
    schedule = scheduled(session)
    schedule_id, survey_id = schedule.id, schedule.survey_id
    session.rollback()
    turns = iter(["worker", "person"])

    def work(own: Session) -> object:
        if next(turns) == "worker":
            return open_scheduled(own, schedule_id, keys=keys, now=MONDAY, late_limit=LATE_LIMIT)
        late = MONDAY + timedelta(seconds=3)
        return open_run(own, own.get_one(Survey, survey_id), scheduled_at=late, keys=keys, now=late)

    results = at_once(engine, work)

    assert sum(isinstance(each, Opened) for each in results) == 1
    held = [wave for wave in waves_of(session) if wave.state is WaveState.OPEN]
    assert len(held) == 2
    assert count_of_mails(session) == 5


def test_a_worker_that_wakes_too_late_stores_the_wave_as_missed(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    clock.move(hours=13)

    assert open_due_waves(context) == 0

    waves = waves_of(session)
    assert {wave.state for wave in waves} == {WaveState.MISSED}
    assert {wave.pause_reason for wave in waves} == {"too_late"}
    assert {wave.label for wave in waves} == {"2027-Q1"}
    assert count_of_mails(session) == 0


def test_a_worker_within_the_late_limit_opens_the_wave(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    clock.move(hours=11)

    assert open_due_waves(context) == 1

    assert waves_of(session)[0].opens_at == clock()


def test_each_wave_of_a_long_standstill_is_stored_as_missed(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    clock.instant = datetime(2027, 8, 20, tzinfo=UTC)

    for _ in range(5):
        open_due_waves(context)

    partners = [wave for wave in waves_of(session) if wave.audience is Audience.PARTNER]
    assert [(wave.label, wave.state.value) for wave in partners] == [
        ("2027-Q1", "missed"),
        ("2027-Q2", "missed"),
        ("2027-Q3", "missed"),
    ]


def test_a_due_wave_without_anybody_to_ask_is_missed_and_the_schedule_goes_on(
    session: Session, context: JobContext
) -> None:
    survey = make_survey(session)
    make_schedule(session, survey)
    partner = make_partner(session)
    make_contact(session, partner).do_not_survey_until = date(2028, 1, 1)
    session.commit()

    assert open_due_waves(context) == 0

    waves = waves_of(session)
    assert [(wave.state.value, wave.pause_reason) for wave in waves] == [
        ("missed", "no_contacts"),
        ("missed", "no_contacts"),
    ]
    assert session.scalar(select(Schedule.next_run_at)) == datetime(2027, 5, 10, 7, tzinfo=UTC)


def test_a_due_wave_while_the_one_before_is_open_is_missed(
    session: Session, context: JobContext, keys: LinkKeys
) -> None:
    schedule = scheduled(session)
    sunday = MONDAY - timedelta(days=1)
    survey = session.get_one(Survey, schedule.survey_id)
    open_run(session, survey, scheduled_at=sunday, keys=keys, now=sunday)
    session.commit()

    assert open_due_waves(context) == 0

    reasons = [wave.pause_reason for wave in waves_of(session)]
    assert reasons == [None, None, "already_open", "already_open"]


@pytest.mark.parametrize("stop", ["paused", "draft", "archived"])
def test_a_schedule_that_is_stopped_opens_nothing(
    session: Session, context: JobContext, stop: str
) -> None:
    schedule = scheduled(session)
    if stop == "paused":
        pause_schedule(session, schedule, now=MONDAY)
    else:
        schedule.survey.status = SurveyStatus(stop)
    session.commit()

    assert open_due_waves(context) == 0
    assert waves_of(session) == []


def test_a_vendor_without_a_sender_opens_nothing(session: Session, keys: LinkKeys) -> None:
    make_programme(session, companies=3)
    survey = make_survey(session)
    save_workspace(session, Workspace(vendor="Nordvik"), now=MONDAY, user_id=None)

    with pytest.raises(NothingToAsk) as caught:
        open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY)

    assert caught.value.reason == "no_sender"


def test_staff_are_asked_confidentially_whatever_partners_were_promised(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, mode=Mode.ANONYMOUS)

    assert run.internal
    assert [run.partner.mode, run.internal.mode] == [Mode.ANONYMOUS, Mode.CONFIDENTIAL]
    assert run.internal.dimensions == ["team"]


def test_an_extra_wave_in_the_same_quarter_is_named_by_its_day(
    session: Session, context: JobContext, keys: LinkKeys, clock: SetClock
) -> None:
    schedule = scheduled(session)
    open_due_waves(context)
    run = run_of(session, waves_of(session)[0])
    close_run(session, run, now=clock.move(days=3))
    survey = session.get_one(Survey, schedule.survey_id)

    extra = open_run(session, survey, scheduled_at=clock(), keys=keys, now=clock.move(days=1)).run

    assert {wave.label for wave in extra.waves} == {"2027-02-11"}


def test_a_wave_in_place_of_a_missed_one_takes_its_name(
    session: Session, context: JobContext, keys: LinkKeys, clock: SetClock
) -> None:
    schedule = scheduled(session)
    clock.move(days=2)
    open_due_waves(context)
    survey = session.get_one(Survey, schedule.survey_id)

    run = open_run(session, survey, scheduled_at=clock(), keys=keys, now=clock()).run

    assert run.partner.label == "2027-Q1"


def test_either_id_of_a_run_finds_it(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys)
    assert run.internal

    assert run_by_id(session, run.internal.id).id == run.partner.id
    with pytest.raises(NotFound):
        run_by_id(session, 10**6)


# --- closing and extending ----------------------------------------------------------------------


def test_closing_withdraws_queued_mails_and_leaves_sent_ones(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=3, staff=1)
    first = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).first()
    assert first
    first.state, first.sent_at = MailState.SENT, MONDAY
    session.commit()

    close_run(session, run, now=MONDAY + timedelta(hours=1))
    session.commit()

    assert count_of_mails(session, OutgoingMail.state == MailState.CANCELLED) == 3
    assert count_of_mails(session, OutgoingMail.state == MailState.SENT) == 1
    assert count_of_mails(session, OutgoingMail.state == MailState.QUEUED) == 0


def test_closing_ends_the_grace_time_and_asks_for_new_cells(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys)
    before = session.scalar(select(func.count()).select_from(WaveChange)) or 0
    now = MONDAY + timedelta(days=1)

    close_run(session, run, now=now)
    session.commit()

    for wave in run.waves:
        assert wave.state is WaveState.CLOSED
        assert wave.closes_at == wave.grace_until == now
    assert session.scalar(select(func.count()).select_from(WaveChange)) == before + 2


def test_a_closed_wave_cannot_be_closed_or_extended(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys)
    close_run(session, run, now=MONDAY + timedelta(days=1))

    with pytest.raises(WaveStateError):
        close_run(session, run, now=MONDAY + timedelta(days=2))
    with pytest.raises(WaveStateError):
        extend_run(session, run, date(2027, 3, 1), now=MONDAY + timedelta(days=2))


def test_the_job_closes_a_wave_when_its_grace_time_is_over(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session, grace_hours=24)
    open_due_waves(context)
    clock.instant = waves_of(session)[0].grace_until - timedelta(seconds=1)
    session.rollback()
    assert close_due_waves(context) == 0
    clock.move(seconds=1)

    assert close_due_waves(context) == 2

    assert {each.state for each in waves_of(session)} == {WaveState.CLOSED}


def test_an_extension_moves_the_close_and_its_grace_time(
    session: Session, context: JobContext
) -> None:
    scheduled(session, grace_hours=24)
    open_due_waves(context)
    run = run_of(session, waves_of(session)[0])

    extend_run(session, run, date(2027, 2, 25), now=MONDAY + timedelta(days=1))
    session.commit()

    for wave in run.waves:
        assert wave.closes_at == datetime(2027, 2, 25, 22, 59, tzinfo=UTC)
        assert wave.grace_until == wave.closes_at + timedelta(hours=24)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (date(2027, 2, 20), "not_later"),
        (date(2027, 2, 1), "not_later"),
        (date(2027, 5, 9), "overlaps_next"),
        (date(2027, 6, 1), "too_far"),
    ],
)
def test_an_extension_is_later_near_and_ends_before_the_next_wave(
    session: Session, context: JobContext, day: date, reason: str
) -> None:
    scheduled(session)
    open_due_waves(context)
    run = run_of(session, waves_of(session)[0])

    with pytest.raises(FieldError) as caught:
        extend_run(session, run, day, now=MONDAY + timedelta(days=1))

    assert (caught.value.field, caught.value.reason) == ("closes_on", reason)


def test_a_wave_extended_in_the_moment_of_its_close_stays_open(
    session: Session, engine: Engine, context: JobContext, clock: SetClock
) -> None:
    scheduled(session, grace_hours=0)
    open_due_waves(context)
    wave = waves_of(session)[0]
    wave_id, ends_at = wave.id, wave.grace_until
    session.rollback()
    clock.instant = ends_at
    with Session(engine) as other:
        extend_run(other, run_by_id(other, wave_id), date(2027, 2, 25), now=ends_at)
        closing = threading.Thread(target=close_due_waves, args=(context,))
        closing.start()
        closing.join(timeout=1)
        other.commit()
        closing.join(timeout=30)

    assert {each.state for each in waves_of(session)} == {WaveState.OPEN}


# --- reminders ----------------------------------------------------------------------------------


def test_reminders_are_planned_on_day_four_and_two_days_before_the_close(
    session: Session, context: JobContext
) -> None:
    scheduled(session)
    open_due_waves(context)
    partner, internal = waves_of(session)

    assert reminder_plan(session, partner) == {
        MailKind.REMINDER_1: datetime(2027, 2, 12, 8, tzinfo=UTC),
        MailKind.REMINDER_LAST: datetime(2027, 2, 18, 8, tzinfo=UTC),
    }
    assert reminder_plan(session, internal) == {
        MailKind.STAFF_REMINDER: datetime(2027, 2, 12, 8, tzinfo=UTC)
    }


@pytest.mark.parametrize("days", [5, 6])
def test_a_short_wave_has_one_reminder_and_it_is_the_last(
    session: Session, context: JobContext, days: int
) -> None:
    scheduled(session, open_days=days)
    open_due_waves(context)

    plan = reminder_plan(session, waves_of(session)[0])

    assert list(plan) == [MailKind.REMINDER_LAST]


def test_a_schedule_without_reminders_plans_none(session: Session, context: JobContext) -> None:
    scheduled(session, reminders=Reminders.NONE)
    open_due_waves(context)

    assert [reminder_plan(session, wave) for wave in waves_of(session)] == [{}, {}]


def test_due_reminders_go_once_to_those_without_an_answer(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    answer(session, waves_of(session)[0], 1)
    clock.move(days=3, hours=23)
    assert queue_reminders_due(context) == 0
    clock.move(hours=1)

    counts = [queue_reminders_due(context) for _ in range(2)]

    # Two partners without an answer and two colleagues.
    assert counts == [4, 0]
    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_1) == 2
    assert count_of_mails(session, OutgoingMail.kind == MailKind.STAFF_REMINDER) == 2


def test_a_worker_that_slept_over_both_reminders_sends_only_the_last(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    clock.move(days=11)

    for _ in range(3):
        queue_reminders_due(context)

    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_LAST) == 3
    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_1) == 0


def test_two_workers_at_once_queue_each_reminder_once(
    session: Session, context: JobContext, clock: SetClock
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    clock.move(days=4)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        queue_reminders_due(context)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_1) == 3


def test_reminding_by_hand_takes_the_next_reminder_and_the_planned_one_stays_out(
    session: Session, context: JobContext, keys: LinkKeys, clock: SetClock
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    wave = waves_of(session)[0]
    clock.move(days=2)
    kind = next_reminder(session, wave, now=clock())
    assert kind is MailKind.REMINDER_1

    assert remind_now(session, wave, kind, keys=keys, now=clock()) == 3
    session.commit()
    as_if_sent(session)
    clock.move(days=2)
    queue_reminders_due(context)

    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_1) == 3
    assert count_of_mails(session, OutgoingMail.kind == MailKind.REMINDER_LAST) == 0


def test_a_second_click_on_remind_sends_nothing_more(
    session: Session, context: JobContext, keys: LinkKeys
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    wave = waves_of(session)[0]

    counts = [
        remind_now(session, wave, MailKind.REMINDER_1, keys=keys, now=MONDAY) for _ in range(2)
    ]

    assert counts == [3, 0]


def test_after_the_last_reminder_nobody_can_be_reminded(
    session: Session, context: JobContext, keys: LinkKeys
) -> None:
    scheduled(session)
    open_due_waves(context)
    as_if_sent(session)
    wave = waves_of(session)[0]
    for kind in (MailKind.REMINDER_1, MailKind.REMINDER_LAST):
        assert next_reminder(session, wave, now=MONDAY) is kind
        remind_now(session, wave, kind, keys=keys, now=MONDAY)

    assert next_reminder(session, wave, now=MONDAY) is None


def test_a_wave_past_its_close_reminds_nobody(session: Session, context: JobContext) -> None:
    scheduled(session)
    open_due_waves(context)
    wave = waves_of(session)[0]

    assert next_reminder(session, wave, now=wave.closes_at) is None


# --- participation ------------------------------------------------------------------------------


def test_delivered_leaves_out_what_has_not_left_or_came_back(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=6, staff=0)
    mails = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
    for mail in mails[:3]:
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    mails[2].bounced_at = MONDAY
    mails[3].state = MailState.UNCERTAIN
    mails[4].state = MailState.FAILED
    session.commit()

    counts = participation(session, run.partner)

    # Two sent and one uncertain; one bounced, one refused, one still waits.
    assert (counts.invited, counts.delivered) == (6, 3)


def test_counts_never_rise_along_the_way(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, companies=4, staff=0)
    answer(session, run.partner, 2)

    counts = participation(session, run.partner)

    assert counts == Participation(invited=4, delivered=2, opened=2, started=2, answered=2)
    assert counts.response_rate == 1.0


def test_a_wave_without_anybody_counts_nothing(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, staff=0)
    assert run.internal

    counts = participations(session, [run.internal.id])

    assert counts == {run.internal.id: Participation()}
    assert counts[run.internal.id].response_rate is None


def test_counting_many_waves_takes_three_statements(
    session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    run = open_survey(session, keys)
    ids = [wave.id for wave in run.waves]
    statements.clear()

    participations(session, ids)

    assert len([each for each in statements if each.startswith("SELECT")]) == 3


def test_a_closed_wave_keeps_its_counts_and_nobody_counts_it_again(
    session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    run = open_survey(session, keys, companies=4)
    answer(session, run.partner, 2)
    before = participations(session, [wave.id for wave in run.waves])
    close_run(session, run, now=MONDAY + timedelta(days=1))
    session.commit()
    statements.clear()

    after = participations(session, [wave.id for wave in run.waves])

    assert after == before
    assert after[run.partner.id].answered == 2
    assert not [each for each in statements if "FROM invitations" in each]
