"""Days on which people are left alone: weekends, public holidays of their country, blackout dates.

Pure, from a table of public holidays (the holidays library); what is sent when is decided in
mail/quiet_hours.py. A country that the table does not know, or none, has no public holidays.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holidays import HolidayBase

SATURDAY = 5
LONGEST_REST = 31
"""No calendar rests for more days in a row; a list of blackout dates could."""


@dataclass(frozen=True, slots=True)
class RestDays:
    """Which days are kept free. `blackout` are the vendor's own dates, in every country."""

    weekends: bool = True
    holidays: bool = True
    blackout: frozenset[date] = frozenset()

    def rests(self, day: date, country: str | None) -> bool:
        """Whether nobody in this country (ISO 3166 alpha-2, None: unknown) is mailed that day."""
        if day in self.blackout or (self.weekends and day.weekday() >= SATURDAY):
            return True
        return self.holidays and is_holiday(day, country)


def is_holiday(day: date, country: str | None) -> bool:
    """Whether the day is a public holiday in the whole country."""
    table = _table(country.upper()) if country else None
    return table is not None and day in table


def resting(rest: RestDays, day: date, countries: Iterable[str]) -> list[str]:
    """Which of these countries rest that day."""
    return [country for country in countries if rest.rests(day, country)]


def delays(rest: RestDays, day: date, countries: Iterable[str]) -> dict[date, list[str]]:
    """Who is mailed later than that day, and when: countries by their next working day.

    No country: everybody, as on a weekend or a blackout date.
    """
    if rest.rests(day, None):
        return {next_working_day(rest, day, ()): []}
    later: dict[date, list[str]] = {}
    for country in resting(rest, day, countries):
        later.setdefault(next_working_day(rest, day, [country]), []).append(country)
    return later


def next_working_day(rest: RestDays, day: date, countries: Collection[str | None]) -> date:
    """The first day from this one on on which none of the countries rests.

    After `LONGEST_REST` days without one the day itself, so that nothing waits for ever.
    """
    for ahead in range(LONGEST_REST):
        candidate = day + timedelta(days=ahead)
        if not any(rest.rests(candidate, country) for country in countries or (None,)):
            return candidate
    return day


@lru_cache(maxsize=300)
def _table(country: str) -> "HolidayBase | None":
    # Takes an eighth of a second to load, and only senders and the page of a schedule ask.
    from holidays import country_holidays

    try:
        return country_holidays(country)
    except NotImplementedError:
        return None
