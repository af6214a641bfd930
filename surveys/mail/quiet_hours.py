"""When a wave's mails may leave, by the clock and the calendar where their readers are.

A schedule's `sending` says the hours and the days that are kept free (surveys/sending_hours.py);
where it is empty, mails leave at any time. Zone and country are the contact's own where they are
known, else the schedule's zone and the country of the company. It is asked at the moment of
sending, so that a queue that took long, or a server that was away, sends nobody a mail at night.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from surveys.mail.wanted import OF_WAVES
from surveys.models import Contact, Invitation, OutgoingMail, Partner, Schedule, Wave
from surveys.rest_days import resting
from surveys.sending_hours import sending_hours
from surveys.terms import MailState

WAITING = (MailState.QUEUED, MailState.DEFERRED)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where contacts are: all zones and countries that any of them has."""

    zones: Sequence[str]
    countries: Sequence[str]


def is_in_quiet_hours(session: Session, *, now: datetime) -> ColumnElement[bool]:
    """The condition for the claiming statement: it is night or a free day at the recipient's."""
    waves = session.execute(
        select(Wave.id, Schedule.sending, Schedule.time_zone)
        .join(Schedule, Schedule.survey_id == Wave.survey_id)
        .where(exists().where(OutgoingMail.wave_id == Wave.id, OutgoingMail.state.in_(WAITING)))
    ).all()
    limited = [row for row in waves if row.sending]
    if not limited:
        return false()
    places = _Places(
        zones=_known(session, Contact.time_zone),
        countries=contact_countries(session)
        if any(sending_hours(row.sending).holidays for row in limited)
        else (),
    )
    return or_(false(), *(each for row in limited for each in _conditions(row, places, now)))


def contact_countries(session: Session) -> Sequence[str]:
    """The countries in which contacts or their companies are, each once, in order."""
    return sorted({*_known(session, Contact.country), *_known(session, Partner.country)})


def _known(session: Session, column: InstrumentedAttribute[str | None]) -> list[str]:
    found = session.scalars(select(column).where(column.is_not(None)).distinct())
    return [value for value in found if value]


def _conditions(wave: Any, places: _Places, now: datetime) -> Iterator[ColumnElement[bool]]:
    sending = sending_hours(wave.sending)
    zones = {wave.time_zone, *places.zones}
    quiet = {zone for zone in zones if sending.is_quiet(now, zone)}
    of_wave = and_(OutgoingMail.wave_id == wave.id, OutgoingMail.kind.in_(OF_WAVES))
    own_zone = func.coalesce(_of_reader(Contact.time_zone), wave.time_zone)
    if quiet:
        yield and_(of_wave, own_zone.in_(quiet))
    for day, awake in _by_day(zones - quiet, now).items():
        free = resting(sending.rest, day, places.countries)
        if free:
            yield and_(of_wave, own_zone.in_(awake), _own_country().in_(free))


def _by_day(zones: set[str], now: datetime) -> dict[date, list[str]]:
    """At one instant there are two dates on earth, at times three."""
    days: dict[date, list[str]] = defaultdict(list)
    for zone in zones:
        days[now.astimezone(ZoneInfo(zone)).date()].append(zone)
    return days


def _own_country() -> ColumnElement[str]:
    # Nothing known is no country, and never NULL: that would hold the mail for ever.
    return func.coalesce(_of_reader(Contact.country), _of_reader(Partner.country), "")


def _of_reader(column: InstrumentedAttribute[str | None]) -> ColumnElement[str | None]:
    return (
        select(column)
        .select_from(Invitation)
        .join(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Contact.partner_id)
        .where(Invitation.id == OutgoingMail.invitation_id)
        .correlate(OutgoingMail)
        .scalar_subquery()
    )
