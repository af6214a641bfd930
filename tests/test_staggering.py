"""Invitations that leave over several days: a company at once, reminders as long after."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from factories import MONDAY, make_programme, make_schedule, make_survey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.models import Invitation, OutgoingMail
from surveys.reminders import queue_due_reminders, remind_now
from surveys.sending_hours import (
    MOST_SPREAD_DAYS,
    WORKING_HOURS,
    SendingHours,
    part_of,
    sending_instants,
)
from surveys.terms import MailKind, MailState
from surveys.waves import Run, open_run

WARSAW = ZoneInfo("Europe/Warsaw")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@given(
    naive=st.datetimes(datetime(2027, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    days=st.integers(1, MOST_SPREAD_DAYS),
    weekends=st.booleans(),
)
def test_parts_follow_each_other_on_working_days_at_the_same_hour(
    naive: datetime, days: int, weekends: bool
) -> None:
    first = naive.replace(minute=0, second=0, microsecond=0, hour=9, tzinfo=UTC)
    sending = SendingHours(weekends=weekends, spread_days=days)

    instants = sending_instants(sending, first, WARSAW)

    assert len(instants) == days
    assert instants[0] == first
    assert instants == sorted(set(instants))
    local = [each.astimezone(WARSAW) for each in instants]
    assert {each.time() for each in local} == {local[0].time()}
    assert all(weekends or each.weekday() < 5 for each in local[1:])


@given(secret=st.binary(min_size=1, max_size=32), company=st.integers(), n=st.integers(1, 4))
def test_a_company_is_in_one_part_of_its_wave(secret: bytes, company: int, n: int) -> None:
    assert part_of(secret, company, n) == part_of(secret, company, n) in range(n)


def test_companies_are_spread_evenly_and_differently_in_each_wave() -> None:
    parts = [[part_of(secret, company, 4) for company in range(400)] for secret in (b"1", b"2")]

    assert all(70 <= parts[0].count(part) <= 130 for part in range(4))
    assert parts[0] != parts[1]


def open_over(session: Session, keys: LinkKeys, days: int) -> Run:
    """A run of twelve companies with two people each."""
    make_programme(session, companies=12, people=2, staff=2)
    survey = make_survey(session)
    sending = SendingHours(8, 17, weekends=False, spread_days=days)
    make_schedule(session, survey, sending=sending)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return run


def due_by_company(session: Session, kind: MailKind) -> dict[int | None, set[date]]:
    found: dict[int | None, set[date]] = defaultdict(set)
    rows = session.execute(
        select(Invitation.partner_id, OutgoingMail.due_at)
        .join(OutgoingMail, OutgoingMail.invitation_id == Invitation.id)
        .where(OutgoingMail.kind == kind)
    )
    for partner_id, due_at in rows:
        found[partner_id].add(due_at.date())
    session.rollback()
    return found


def test_a_wave_is_mailed_over_its_days_and_colleagues_on_the_same_one(
    session: Session, keys: LinkKeys
) -> None:
    open_over(session, keys, 3)

    days = due_by_company(session, MailKind.INVITATION)

    assert len(days) == 12
    assert {len(each) for each in days.values()} == {1}
    monday = MONDAY.date()
    used = {day for each in days.values() for day in each}
    assert used == {monday, monday + timedelta(days=1), monday + timedelta(days=2)}


@on_sqlite
def test_the_first_reminder_comes_as_long_after_the_invitation_for_everyone(
    session: Session, keys: LinkKeys
) -> None:
    wave = open_over(session, keys, 2).partner
    session.execute(update(OutgoingMail).values(state=MailState.SENT, sent_at=MONDAY))
    queue_due_reminders(session, wave, keys=keys, now=MONDAY + timedelta(days=7))
    session.commit()

    invited = due_by_company(session, MailKind.INVITATION)
    reminded = due_by_company(session, MailKind.REMINDER_1)

    assert reminded.keys() == invited.keys()
    assert {min(reminded[each]) - min(invited[each]) for each in invited} == {timedelta(days=7)}


@on_sqlite
def test_a_person_who_reminds_by_hand_reminds_at_once(session: Session, keys: LinkKeys) -> None:
    wave = open_over(session, keys, 3).partner
    session.execute(update(OutgoingMail).values(state=MailState.SENT, sent_at=MONDAY))
    later = MONDAY + timedelta(days=3)

    assert remind_now(session, wave, MailKind.REMINDER_1, keys=keys, now=later) == 24
    session.commit()

    days = due_by_company(session, MailKind.REMINDER_1)
    assert {day for each in days.values() for day in each} == {later.date()}


def test_a_first_schedule_proposes_working_days_without_public_holidays() -> None:
    assert WORKING_HOURS.rest.rests(date(2027, 11, 11), "PL")
    assert not WORKING_HOURS.rest.rests(date(2027, 11, 12), "PL")
