"""Values, axes and numbers of the charts: where a value lies, and how it is written.

No markup is made here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, floor, isfinite

MINUS = "\u2212"

WriteNumber = Callable[[float], str]
"""Writes a number for the reader: decimal comma, true minus sign, unit."""

# Guards quotients such as 0.3 / 0.1 = 2.9999999999999996 against the next lower whole step.
_ROUNDING_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Mark:
    """One value with its interval, on the display scale (score 0..100, NPS -100..100).

    `low` and `high` are the ends of the interval, both or neither: a bound or a coarse figure
    has none. The value may lie outside, since an interval is centred on the shrunken estimate.
    `text` is printed instead of the value, for "about 60" or "8 or less".
    Raises ValueError for a number that is not finite, one end alone, or ends in wrong order.
    """

    value: float
    low: float | None = None
    high: float | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if not all(isfinite(number) for number in self.numbers):
            raise ValueError(f"a mark needs finite numbers: {self!r}")
        if (self.low is None) != (self.high is None):
            raise ValueError(f"an interval has two ends or none: {self!r}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"the low end is above the high one: {self!r}")

    @property
    def numbers(self) -> tuple[float, ...]:
        """The value and, where it has them, the ends of its interval."""
        return tuple(number for number in (self.value, self.low, self.high) if number is not None)

    @property
    def extent(self) -> tuple[float, float]:
        """Lowest and highest of value and interval: what the drawn mark covers."""
        return min(self.numbers), max(self.numbers)


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of the scale, `low` to `high`, with a tick every `step` from `low` on.

    Raises ValueError if `low` is not below `high`, or `step` not above 0.
    """

    low: float
    high: float
    step: float = 10

    def __post_init__(self) -> None:
        if not self.low < self.high or not self.step > 0:
            raise ValueError(f"an axis needs low < high and a step above 0: {self!r}")

    def percent(self, value: float) -> float:
        """Place of a value from the low end, 0..100; what lies beyond is put at the end."""
        share = (value - self.low) / (self.high - self.low) * 100
        return min(max(share, 0.0), 100.0)

    def ticks(self, *, step: float | None = None) -> tuple[float, ...]:
        """Values of the ticks, `low` first; another `step` thins them out."""
        distance = step or self.step
        count = floor((self.high - self.low) / distance + _ROUNDING_SLACK)
        return tuple(round(self.low + index * distance, 10) for index in range(count + 1))


def axis_for(
    values: Iterable[float],
    *,
    limits: tuple[float, float] = (0, 100),
    step: float = 10,
    minimum_span: float = 60,
    margin: float = 0,
) -> Axis:
    """The axis that shows all values: out to whole steps, at least `minimum_span` long.

    `limits` are the ends of the scale (whole steps) and are never passed; values beyond them do
    not widen the axis. A short axis grows by one step down, one up, in turn, where there is room.
    `margin` keeps values that far from the ends. Without values the axis is the whole scale.
    All numbers are on the display scale.
    Raises ValueError if the limits leave no room.
    """
    lowest, highest = round(limits[0] / step), round(limits[1] / step)
    inside = [min(max(value, limits[0]), limits[1]) for value in values]
    if not inside:
        return Axis(limits[0], limits[1], step)
    low = max(floor((min(inside) - margin) / step + _ROUNDING_SLACK), lowest)
    high = min(ceil((max(inside) + margin) / step - _ROUNDING_SLACK), highest)
    needed = min(ceil(minimum_span / step - _ROUNDING_SLACK), highest - lowest)
    low, high = _grown(low, high, needed, within=(lowest, highest))
    return Axis(round(low * step, 10), round(high * step, 10), step)


def axis_for_marks(
    marks: Iterable[Mark | None],
    *,
    limits: tuple[float, float] = (0, 100),
    step: float = 10,
    minimum_span: float = 60,
) -> Axis:
    """The axis for marks with their intervals, as `axis_for`; hidden marks (None) do not count."""
    numbers = [number for mark in marks if mark is not None for number in mark.numbers]
    return axis_for(numbers, limits=limits, step=step, minimum_span=minimum_span)


def _grown(low: int, high: int, needed: int, *, within: tuple[int, int]) -> tuple[int, int]:
    while high - low < needed:
        if low > within[0]:
            low -= 1
        if high - low < needed and high < within[1]:
            high += 1
    return low, high


def whole_number(value: float) -> str:
    """A whole number with a true minus sign, halves away from zero, never minus nought."""
    size = floor(abs(value) + 0.5)
    return f"{MINUS if value < 0 and size else ''}{size}"


def whole_percent(value: float) -> str:
    """A share of 0..100 as a whole number with the percent sign, as English writes it."""
    return f"{whole_number(value)}%"


def heat_class(score: float) -> str:
    """Class of a heatmap cell, `h1` (under 45) to `h5` (75 and more), for a score 0..100.

    The steps go by the printed whole number, so that a cell reading 45 never has the colour of
    those under 45.
    """
    printed = floor(score + 0.5)
    return f"h{1 + sum(printed >= edge for edge in (45, 55, 65, 75))}"
