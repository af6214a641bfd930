"""Drivers on two axes, in four corners, one of which presses.

Importance against score, or change against level. What the axes mean, how their values are
measured, and from how many answers on they may be drawn, is not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from analysis.charts.scale import Axis, WriteNumber, whole_number
from analysis.charts.svg import Attributes, chart, element, line, percent, rectangle, text

_RADIUS = 12
_APART = 26  # between middles of discs that share a column: two radii and their strokes
# The plot on the narrowest phone we draw for; discs apart at this width are apart at every other.
_NARROWEST = 260
_TICKS_HEIGHT = 30
_CORNER = 10
_NAMES_HEIGHT = 36  # the row of the corners' names, and half a disc


class Corner(StrEnum):
    """The corner that presses: low on x, and high (importance) or low (falling) on y."""

    TOP_LEFT = "top_left"
    BOTTOM_LEFT = "bottom_left"


@dataclass(frozen=True, slots=True)
class QuadrantPoint:
    """One driver: its printed number and its place as on the axes.

    `is_proven` says whether the place on y may be claimed: False is drawn hollow, with a broken
    edge, and never as pressing; True filled. None where the question does not arise.
    """

    number: int
    x: float
    y: float
    is_proven: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuadrantWords:
    """Names of the corners, translated."""

    top_left: str
    top_right: str
    bottom_left: str
    bottom_right: str


@dataclass(frozen=True, slots=True)
class _Field:
    """Places in the plot: x in percent, y in pixels, and where the two dashed lines cross."""

    x_axis: Axis
    y_axis: Axis
    height: int
    middle: tuple[float, float]
    pressing: Corner

    def x(self, value: float) -> float:
        return self.x_axis.percent(value)

    def y(self, value: float) -> float:
        return self.height * (1 - self.y_axis.percent(value) / 100)

    def is_pressing(self, point: QuadrantPoint) -> bool:
        if point.x >= self.middle[0] or point.is_proven is False:
            return False
        if self.pressing is Corner.TOP_LEFT:
            return point.y > self.middle[1]
        return point.y < self.middle[1]


def quadrant(
    points: Sequence[QuadrantPoint],
    *,
    x_axis: Axis,
    y_axis: Axis,
    middle: tuple[float, float],
    words: QuadrantWords,
    label: str,
    pressing: Corner = Corner.TOP_LEFT,
    number: WriteNumber = whole_number,
    y_number: WriteNumber | None = None,
    height: int = 330,
) -> Markup:
    """A quadrant, `height` pixels plus 30 for the numbers of the x axis.

    `middle` is the place of the dashed lines. The `pressing` corner is tinted and its drivers are
    filled, but for those whose place may be chance. A disc that would cover another moves up or
    down; a thin line then leads to a dot at its true place. `label` is the finding as a sentence.
    `y_number` writes the numbers of the y axis, left of the plot (class `pl` makes room); without
    it there are none.
    """
    field = _Field(x_axis, y_axis, height, middle, pressing)
    return chart(
        *_corners(field, words),
        *(_y_ticks(field, number=y_number) if y_number else []),
        *_discs(points, field),
        *_x_ticks(field, number=number),
        height=height + _TICKS_HEIGHT,
        label=label,
    )


def _corners(field: _Field, words: QuadrantWords) -> list[Markup]:
    x, y = field.x(field.middle[0]), field.y(field.middle[1])
    return [
        rectangle("q-o", height=field.height, rx=8),
        _tint(field, x, y),
        _average(x=(x, x), y=(0, field.height)),
        _average(x=(0, 100), y=(y, y)),
        _corner(words.top_left, y=20, right=False),
        _corner(words.top_right, y=20, right=True),
        _corner(words.bottom_left, y=field.height - _CORNER, right=False),
        _corner(words.bottom_right, y=field.height - _CORNER, right=True),
    ]


def _tint(field: _Field, x: float, y: float) -> Markup:
    if field.pressing is Corner.TOP_LEFT:
        return rectangle("q-fix", width=percent(x), height=y, rx=8)
    return rectangle("q-fix", width=percent(x), y=y, height=field.height - y, rx=8)


def _average(*, x: tuple[float, float], y: tuple[float, float]) -> Markup:
    return line("gl0 avg", x=x, y=y)


def _corner(words: str, *, y: float, right: bool) -> Markup:
    if right:
        return text(words, "axs", x=100, y=y, anchor="end", shift=-_CORNER)
    return text(words, "axs", x=0, y=y, anchor="start", shift=_CORNER)


def _discs(points: Sequence[QuadrantPoint], field: _Field) -> list[Markup]:
    """Lines to moved discs first, so that no disc is crossed."""
    placed = _placed(points, field)
    leads = [part for point, y in placed for part in _lead(point, y, field)]
    return [*leads, *(part for point, y in placed for part in _disc(point, y, field))]


def _placed(points: Sequence[QuadrantPoint], field: _Field) -> list[tuple[QuadrantPoint, float]]:
    """Each point with the height of its disc: its own, or the nearest that is free.

    The points nearest to the pressing edge choose first; equal ones in the order of their numbers.
    """
    placed: list[tuple[QuadrantPoint, float]] = []
    upwards = 1 if field.pressing is Corner.TOP_LEFT else -1
    for point in sorted(points, key=lambda each: (-upwards * each.y, each.number)):
        taken = [
            y
            for other, y in placed
            if abs(field.x(point.x) - field.x(other.x)) / 100 * _NARROWEST < _APART
        ]
        placed.append((point, _free_height(field.y(point.y), taken, field)))
    return placed


def _free_height(wanted: float, taken: Sequence[float], field: _Field) -> float:
    """The nearest height to the wanted one whose disc covers no other, within the plot.

    A disc that has to move keeps out of the rows of the corners' names, if there is room elsewhere.
    """
    touching = [y + side * _APART for y in taken for side in (-1, 1)]
    candidates = [y for y in touching if _RADIUS <= y <= field.height - _RADIUS]
    free = [
        y for y in (wanted, *candidates) if all(abs(y - other) > _APART - 0.01 for other in taken)
    ]
    return min(free, key=lambda y: (_worse(y, wanted, field), abs(y - wanted)), default=wanted)


def _worse(y: float, wanted: float, field: _Field) -> bool:
    return y != wanted and not _NAMES_HEIGHT <= y <= field.height - _NAMES_HEIGHT


def _lead(point: QuadrantPoint, y: float, field: _Field) -> list[Markup]:
    true_y = field.y(point.y)
    if y == true_y:
        return []
    x = field.x(point.x)
    dot: Attributes = {"class": "lead-d", "cx": percent(x), "cy": true_y, "r": 2.5}
    return [line("lead-l", x=(x, x), y=(true_y, y)), element("circle", dot)]


def _disc(point: QuadrantPoint, y: float, field: _Field) -> list[Markup]:
    x = field.x(point.x)
    kind = _kind(point, field)
    disc: Attributes = {"class": f"pt{kind}", "cx": percent(x), "cy": y, "r": _RADIUS}
    return [element("circle", disc), text(str(point.number), f"ptt{kind}", x=x, y=y + 4.2)]


def _kind(point: QuadrantPoint, field: _Field) -> str:
    if point.is_proven is False:
        return " maybe"
    if field.is_pressing(point):
        return " fix"
    return " sure" if point.is_proven else ""


def _x_ticks(field: _Field, *, number: WriteNumber) -> list[Markup]:
    """Numbers of the x axis; those at the very ends would hang over the plot."""
    places = [(tick, field.x(tick)) for tick in field.x_axis.ticks()]
    return [text(number(tick), "ax", x=x, y=field.height + 18) for tick, x in places if 4 < x < 97]


def _y_ticks(field: _Field, *, number: WriteNumber) -> list[Markup]:
    """Numbers of the y axis; the outermost stay beside the plot."""
    places = [(tick, field.y(tick) + 4) for tick in field.y_axis.ticks()]
    return [
        text(number(tick), "ax", x=0, y=min(max(y, 12), field.height), anchor="end", shift=-8)
        for tick, y in places
    ]
