"""Months and wave dates of the two simulated years.

Month 0 is the January of the first year; orders start twelve months earlier.
Source: method of the simulator, sections 1, 3 and 4.
"""

from __future__ import annotations

from datetime import date, timedelta

from analysis.simulator.rows import Wave
from analysis.simulator.worlds import EVENT_QUARTER_MONTHS, Size

FIRST_ORDER_MONTH = -12
LAST_SEEN_MONTH = 23
"""Last month whose orders a vendor could have imported; later ones are truth only."""
LAST_PLANTED_MONTH = 38

REMINDER_DAYS = (7, 13)
"""Days after opening on which the two reminders leave."""
OPEN_DAYS = 17
"""A wave opens on a Tuesday and closes this many days later, on a Friday."""

_TUESDAY = 1
_SUMMER = (6, 7)  # July and August, counted from January = 0


def month_start(month: int, *, until: int) -> date:
    """First day of a month counted from the January of the year before `until`."""
    years, index = divmod(month, 12)
    return date(until - 1 + years, index + 1, 1)


def is_summer(month: int) -> bool:
    """Whether the month is July or August."""
    return month % 12 in _SUMMER


def field_month(size: Size, wave: int) -> int:
    """Month in which a wave is in the field: 1, 4, 7 ... or, monthly, 1, 2, 3 ..."""
    return 1 + wave * size.months_between_waves


def wave_dates(size: Size, number: int, *, until: int) -> Wave:
    """The dates of one wave: from the first Tuesday after the third of the month."""
    is_quarterly = size.months_between_waves == EVENT_QUARTER_MONTHS
    is_open = size.response_goal is not None and number == size.waves - 1
    return _wave(
        field_month(size, number),
        number,
        until=until,
        is_quarterly=is_quarterly,
        is_open=is_open,
    )


def wave_in_month(month: int, *, until: int) -> Wave:
    """The closed wave 0 of a survey that was in the field in one month only."""
    return _wave(month, 0, until=until, is_quarterly=False, is_open=False)


def _wave(month: int, number: int, *, until: int, is_quarterly: bool, is_open: bool) -> Wave:
    fourth = month_start(month, until=until) + timedelta(days=3)
    opens_on = fourth + timedelta(days=(_TUESDAY - fourth.weekday()) % 7)
    first, last = REMINDER_DAYS
    quarter = f"Q{(opens_on.month + 2) // 3} {opens_on.year}"
    return Wave(
        number=number,
        label=quarter if is_quarterly else opens_on.isoformat()[:7],
        field_month=month,
        opens_on=opens_on,
        reminds_on=(opens_on + timedelta(days=first), opens_on + timedelta(days=last)),
        closes_on=opens_on + timedelta(days=OPEN_DAYS),
        is_open=is_open,
    )
