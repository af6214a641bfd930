"""On which day of several each company's invitations leave: a wave's mails spread over days.

The people of one company are written to on the same day, so that they can speak of it. Reads the
schedule; which days there are is worked out by sending_hours.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.models import Schedule, Wave
from surveys.sending_hours import part_of, sending_hours, sending_instants

LAST_DAY = timedelta(days=1)
"""Nothing is put off into a wave's last day."""


@dataclass(frozen=True, slots=True)
class Stagger:
    """When the mails of each part of a wave's companies are due."""

    secret: bytes
    instants: Sequence[datetime]

    @classmethod
    def none(cls, now: datetime) -> "Stagger":
        """All at once."""
        return cls(b"", [now])

    @classmethod
    def of(cls, session: Session, wave: Wave, now: datetime) -> "Stagger":
        """From now on, over as many days as the survey's schedule says."""
        schedule = session.execute(
            select(Schedule.sending, Schedule.time_zone).where(Schedule.survey_id == wave.survey_id)
        ).one_or_none()
        if schedule is None:
            return cls.none(now)
        sending, zone = sending_hours(schedule.sending), ZoneInfo(schedule.time_zone)
        instants = sending_instants(sending, now, zone)
        in_time = [each for each in instants if each < wave.closes_at - LAST_DAY]
        return cls(wave.secret, in_time or [now])

    def due_for(self, person: Any) -> datetime:
        """The instant for a row with `partner_id`, None for staff, and `email_hash`."""
        company = person.partner_id or person.email_hash
        return self.instants[part_of(self.secret, company, len(self.instants))]
