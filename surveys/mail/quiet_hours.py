"""When a wave's mails may leave, by the clock on the wall where their readers are.

A schedule's `sending` says the hours, {"from_hour": 8, "until_hour": 17, "weekends": false}; where
it is empty, mails leave at any hour. The zone is the contact's own where it is known, else the
schedule's. It is asked at the moment of sending, so that a queue that took long, or a server that
was away, sends nobody a mail at night. Public holidays are not known here.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import Session

from surveys.mail.wanted import OF_WAVES
from surveys.models import Contact, Invitation, OutgoingMail, Schedule, Wave
from surveys.terms import MailState

SATURDAY = 5
WAITING = (MailState.QUEUED, MailState.DEFERRED)


def is_quiet(sending: Mapping[str, Any], instant: datetime, zone: str) -> bool:
    """Whether nothing may leave at this instant for somebody in this zone."""
    if not sending:
        return False
    local = instant.astimezone(ZoneInfo(zone))
    if local.weekday() >= SATURDAY and not sending.get("weekends", False):
        return True
    return not sending.get("from_hour", 0) <= local.hour < sending.get("until_hour", 24)


def is_in_quiet_hours(session: Session, *, now: datetime) -> ColumnElement[bool]:
    """The condition for the claiming statement: it is night, or a weekend, at the recipient's."""
    waves = session.execute(
        select(Wave.id, Schedule.sending, Schedule.time_zone)
        .join(Schedule, Schedule.survey_id == Wave.survey_id)
        .where(exists().where(OutgoingMail.wave_id == Wave.id, OutgoingMail.state.in_(WAITING)))
    ).all()
    limited = [row for row in waves if row.sending]
    if not limited:
        return false()
    zones = session.scalars(
        select(Contact.time_zone).where(Contact.time_zone.is_not(None)).distinct()
    ).all()
    known = [zone for zone in zones if zone]
    return or_(false(), *_conditions(limited, known, now))


def _conditions(
    waves: Sequence[Any], zones: Sequence[str], now: datetime
) -> Iterator[ColumnElement[bool]]:
    own_zone = (
        select(Contact.time_zone)
        .join(Invitation, Invitation.contact_id == Contact.id)
        .where(Invitation.id == OutgoingMail.invitation_id)
        .correlate(OutgoingMail)
        .scalar_subquery()
    )
    for wave in waves:
        quiet = [zone for zone in {wave.time_zone, *zones} if is_quiet(wave.sending, now, zone)]
        if quiet:
            yield and_(
                OutgoingMail.wave_id == wave.id,
                OutgoingMail.kind.in_(OF_WAVES),
                func.coalesce(own_zone, wave.time_zone).in_(quiet),
            )
