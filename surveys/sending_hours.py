"""At which hours and on which days of their readers the mails of a survey leave. Pure.

What a schedule keeps of it is {"from_hour": 8, "until_hour": 17, "weekends": false, "holidays":
true, "blackout": ["2027-09-08"], "spread_days": 2}, or nothing where mails leave at any hour and on
the day they are due. How it is kept to is in surveys/mail/quiet_hours.py.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from surveys.recurrence import local_instant
from surveys.rest_days import RestDays, next_working_day

DAY_HOURS = 24
MOST_SPREAD_DAYS = 4
"""As many days as there are before the first reminder."""
MOST_BLACKOUT_DATES = 100


@dataclass(frozen=True, slots=True)
class SendingHours:
    """Mails leave from one full hour (0 to 23) until before another (1 to 24), local time.

    Not on weekends or on public holidays of the reader's country unless these are working days
    (`holidays`: whether they are kept free), and on no `blackout` date. Invitations leave over
    `spread_days` days, the people of a company on the same one.
    """

    from_hour: int = 0
    until_hour: int = DAY_HOURS
    weekends: bool = True
    holidays: bool = False
    blackout: tuple[date, ...] = ()
    spread_days: int = 1

    @property
    def is_in_order(self) -> bool:
        """Whether there is any hour at which mails leave."""
        return 0 <= self.from_hour < self.until_hour <= DAY_HOURS

    @property
    def rest(self) -> RestDays:
        """The days that are kept free."""
        return RestDays(not self.weekends, self.holidays, frozenset(self.blackout))

    def is_quiet(self, instant: datetime, zone: str, country: str | None = None) -> bool:
        """Whether nothing may leave at this instant for somebody in this zone and country."""
        local = instant.astimezone(ZoneInfo(zone))
        if self.rest.rests(local.date(), country):
            return True
        return not self.from_hour <= local.hour < self.until_hour

    def to_json(self) -> dict[str, Any]:
        """As a schedule keeps it; empty where mails leave at any hour."""
        if self == ANY_HOUR:
            return {}
        return {
            "from_hour": self.from_hour,
            "until_hour": self.until_hour,
            "weekends": self.weekends,
            "holidays": self.holidays,
            "blackout": [day.isoformat() for day in self.blackout],
            "spread_days": self.spread_days,
        }


def sending_instants(sending: SendingHours, first: datetime, zone: ZoneInfo) -> list[datetime]:
    """When the parts of a wave's invitations are due: at the hour of the first, on working days."""
    local = first.astimezone(zone)
    instants, day = [first], local.date()
    for _ in range(sending.spread_days - 1):
        day = next_working_day(sending.rest, day + timedelta(days=1), ())
        instants.append(local_instant(day, local.time(), zone))
    return instants


def part_of(secret: bytes, company: object, n_parts: int) -> int:
    """In which part, from 0, a company's people are; another one in each wave (by its secret)."""
    digest = hmac.digest(secret, repr(company).encode(), "sha256")
    return int.from_bytes(digest[:8], "big") % n_parts


def sending_hours(stored: Mapping[str, Any] | None) -> SendingHours:
    """What a schedule keeps, read back."""
    if not stored:
        return ANY_HOUR
    return SendingHours(
        from_hour=stored.get("from_hour", 0),
        until_hour=stored.get("until_hour", DAY_HOURS),
        weekends=stored.get("weekends", False),
        holidays=stored.get("holidays", False),
        blackout=tuple(date.fromisoformat(day) for day in stored.get("blackout", ())),
        spread_days=stored.get("spread_days", 1),
    )


ANY_HOUR = SendingHours()
#: What a first schedule proposes; reader's time, Monday to Friday, no public holidays.
WORKING_HOURS = SendingHours(8, 17, weekends=False, holidays=True)
