"""Quiet hours: nobody gets a mail at night or on a weekend where the schedule says so."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from factories import MONDAY, make_schedule, make_user, open_survey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.mail.outbox import claim_due
from surveys.models import Contact, Invitation, OutgoingMail, Partner, Schedule, Survey
from surveys.sending_hours import ANY_HOUR, SendingHours, sending_hours
from surveys.terms import MailKind, MailState

OFFICE = {"from_hour": 8, "until_hour": 17, "weekends": False}
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("instant", "zone", "expected"),
    [
        # Monday, 8 February 2027.
        (datetime(2027, 2, 8, 6, 59, tzinfo=UTC), "Europe/Warsaw", True),
        (datetime(2027, 2, 8, 7, 0, tzinfo=UTC), "Europe/Warsaw", False),
        (datetime(2027, 2, 8, 15, 59, tzinfo=UTC), "Europe/Warsaw", False),
        (datetime(2027, 2, 8, 16, 0, tzinfo=UTC), "Europe/Warsaw", True),
        (datetime(2027, 2, 8, 8, 0, tzinfo=UTC), "America/New_York", True),
        (datetime(2027, 2, 6, 10, 0, tzinfo=UTC), "Europe/Warsaw", True),
        # The clocks go forward on Sunday, 28 March: on Monday eight o'clock is an hour earlier.
        (datetime(2027, 3, 26, 7, 0, tzinfo=UTC), "Europe/Warsaw", False),
        (datetime(2027, 3, 26, 6, 0, tzinfo=UTC), "Europe/Warsaw", True),
        (datetime(2027, 3, 29, 6, 0, tzinfo=UTC), "Europe/Warsaw", False),
    ],
)
def test_hours_are_those_of_the_wall_clock(instant: datetime, zone: str, expected: bool) -> None:
    assert sending_hours(OFFICE).is_quiet(instant, zone) is expected
    assert not ANY_HOUR.is_quiet(instant, zone)


@given(st.datetimes(datetime(2027, 1, 1), datetime(2030, 1, 1)), st.integers(0, 23))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_mails_leave_only_inside_the_window(naive: datetime, hour: int) -> None:
    instant = naive.replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo("Europe/Warsaw"))
    window = SendingHours(hour, hour + 1)

    assert window.is_quiet(instant, "Europe/Warsaw") is (local.hour != hour)


def _with_hours(session: Session, sending: Mapping[str, Any] = OFFICE) -> None:
    survey = session.scalars(select(Survey)).one()
    make_schedule(session, survey)
    session.execute(update(Schedule).values(sending=sending))
    session.commit()


def test_a_mail_waits_until_it_is_day_at_its_readers(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, companies=3, staff=0)
    _with_hours(session)
    far = session.scalars(
        select(Invitation.contact_id).where(Invitation.wave_id == run.id).limit(1)
    ).one()
    session.execute(update(Contact).where(Contact.id == far).values(time_zone="America/New_York"))
    session.commit()

    # Half past seven in Warsaw, then nine; in New York it is night until 13:00 UTC.
    early = datetime(2027, 2, 9, 6, 30, tzinfo=UTC)
    assert claim_due(session, owner="a", now=early, limit=9) == []
    assert len(claim_due(session, owner="a", now=MONDAY, limit=9)) == 2
    assert claim_due(session, owner="a", now=MONDAY + timedelta(hours=4), limit=9) == []
    assert len(claim_due(session, owner="a", now=MONDAY + timedelta(hours=5), limit=9)) == 1


def test_a_mail_waits_while_it_is_a_holiday_where_its_reader_is(
    session: Session, keys: LinkKeys
) -> None:
    # Thursday, 11 November 2027 is Independence Day in Poland.
    holiday = datetime(2027, 11, 11, 9, tzinfo=UTC)
    run = open_survey(session, keys, companies=3, staff=0, now=holiday - timedelta(days=1))
    _with_hours(session, OFFICE | {"holidays": True})
    people = session.scalars(
        select(Invitation.contact_id).where(Invitation.wave_id == run.id).order_by(Invitation.id)
    ).all()
    last = select(Contact.partner_id).where(Contact.id == people[2]).scalar_subquery()
    session.execute(update(Partner).values(country="PL"))
    session.execute(update(Partner).where(Partner.id == last).values(country=None))
    session.execute(update(Contact).where(Contact.id == people[0]).values(country="DE"))
    session.commit()

    # The first is in Germany though the company is not; of the last no country is known.
    assert len(claim_due(session, owner="a", now=holiday, limit=9)) == 2
    assert claim_due(session, owner="a", now=holiday + timedelta(hours=5), limit=9) == []
    assert len(claim_due(session, owner="a", now=holiday + timedelta(days=1), limit=9)) == 1


@on_sqlite
def test_nothing_leaves_on_a_blackout_date(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys, companies=3, staff=0)
    _with_hours(session, OFFICE | {"blackout": [MONDAY.date().isoformat()]})

    assert claim_due(session, owner="a", now=MONDAY, limit=9) == []
    assert len(claim_due(session, owner="a", now=MONDAY + timedelta(days=1), limit=9)) == 3


@on_sqlite
def test_a_password_reset_leaves_at_night(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys, companies=3, staff=0)
    _with_hours(session)
    user = make_user(session)
    session.add(
        OutgoingMail(
            message_id="<1@x>",
            kind=MailKind.PASSWORD_RESET,
            user_id=user.id,
            locale="en",
            email=user.email,
            email_hash=b"x" * 32,
            state=MailState.QUEUED,
            due_at=MONDAY,
        )
    )
    session.commit()

    night = MONDAY + timedelta(hours=14)
    assert len(claim_due(session, owner="a", now=night, limit=9)) == 1
