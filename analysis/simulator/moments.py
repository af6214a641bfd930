"""When people act within a wave: day, hour, how long they take, whether they want a call.

Ready tables of 4,096 draws, so that one `random()` gives a whole moment.
Source: method of the simulator, section 3; days, hours and durations are free.
"""

from __future__ import annotations

from math import exp, log

from analysis.simulator.randomness import NORMALS, TABLE_SIZE, Dice, ready_table
from analysis.simulator.rows import Channel
from analysis.simulator.timeline import REMINDER_DAYS

CHANNEL_SHARES: dict[Channel, float] = {
    "invitation": 0.5,
    "reminder_1": 0.3,
    "reminder_last": 0.2,
}
MAIL_MINUTE = 9 * 60
"""Minute of the day at which mails leave; on those days nobody acts before ten."""
CONTACT_SHARE = 0.15
"""Answers with the consent to be contacted."""

_MAIL_DAYS = (0, *REMINDER_DAYS)
# A wave opens on a Tuesday, the first reminder leaves on one, the last on a Monday.
_DAY_WEIGHTS: dict[Channel, tuple[int, ...]] = {
    "invitation": (40, 24, 13, 8, 1, 1, 13),
    "reminder_1": (45, 25, 14, 10, 3, 3),
    "reminder_last": (48, 24, 14, 9, 5),
}
_HOUR_WEIGHTS: dict[int, int] = {7: 3, 8: 10, 9: 16, 10: 15, 11: 12, 12: 8, 13: 10} | {
    14: 9,
    15: 6,
    16: 4,
    17: 1,
    18: 1,
    19: 1,
    20: 2,
    21: 2,
}
_MEDIAN_SECONDS = 150
_SECONDS_SD = 0.45  # of the logarithm
_EARLIEST_ON_MAIL_DAYS = MAIL_MINUTE + 60
_LATER_MINUTES = 3 * 60

_MASK = TABLE_SIZE - 1
_FOUR_DRAWS = 1 << 48


def _days() -> tuple[tuple[Channel, int], ...]:
    items: list[tuple[Channel, int]] = []
    weights: list[float] = []
    for (channel, share), first in zip(CHANNEL_SHARES.items(), _MAIL_DAYS, strict=True):
        by_day = _DAY_WEIGHTS[channel]
        items += [(channel, first + day) for day in range(len(by_day))]
        weights += [share * weight / sum(by_day) for weight in by_day]
    return ready_table(items, weights)


def _minutes() -> tuple[int, ...]:
    items = [60 * hour + minute for hour in _HOUR_WEIGHTS for minute in range(60)]
    return ready_table(items, [_HOUR_WEIGHTS[minute // 60] for minute in items])


_DAYS = _days()
_MINUTES = _minutes()
_SECONDS = tuple(round(exp(log(_MEDIAN_SECONDS) + _SECONDS_SD * draw)) for draw in NORMALS)
_CONTACT_DRAWS = round(CONTACT_SHARE * TABLE_SIZE)
_REPLIES: tuple[int | None, ...] = ready_table(
    (*range(1, 26), None), (*[0.09] * 10, *[0.07 / 15] * 15, 0.03)
)
"""Working days until the vendor calls back; a tenth takes over ten, or never happens."""


def draw_day(dice: Dice) -> tuple[Channel, int]:
    """The mail that led to an act, and its day."""
    return _DAYS[int(dice() * TABLE_SIZE)]


def draw_moment(dice: Dice, day: int) -> tuple[int, int, bool]:
    """Minute of the day, seconds it took, and whether the person agrees to be contacted."""
    bits = int(dice() * _FOUR_DRAWS)
    minute = _MINUTES[bits & _MASK]
    if day in _MAIL_DAYS and minute < _EARLIEST_ON_MAIL_DAYS:
        minute += _LATER_MINUTES
    return minute, _SECONDS[bits >> 12 & _MASK], (bits >> 24 & _MASK) < _CONTACT_DRAWS


def draw_reply(dice: Dice) -> int | None:
    """Working days until the vendor replies to somebody who asked (None: not so far)."""
    return _REPLIES[int(dice() * TABLE_SIZE)]
