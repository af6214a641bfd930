"""Importance against score: what to fix first.

How importance is measured, and from how many answers on it may be drawn, is not decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from analysis.charts.scale import Axis, WriteNumber, whole_number
from analysis.charts.svg import Attributes, chart, element, line, percent, rectangle, text

_RADIUS = 12
_APART = 26  # between middles of discs that share a column: two radii and their strokes
# The plot on the narrowest phone we draw for; discs apart at this width are apart at every other.
_NARROWEST = 260
_TICKS_HEIGHT = 30
_CORNER = 10


@dataclass(frozen=True, slots=True)
class QuadrantPoint:
    """One driver: its printed number, its score (x) and its importance (y), as on the axes."""

    number: int
    score: float
    importance: float


@dataclass(frozen=True, slots=True)
class QuadrantWords:
    """Names of the corners, translated: top left, top right, bottom left, bottom right."""

    fix_first: str
    protect: str
    watch: str
    keep_going: str


@dataclass(frozen=True, slots=True)
class _Field:
    """Places in the plot: x in percent, y in pixels, and where the two averages cross."""

    x_axis: Axis
    y_axis: Axis
    height: int
    middle: tuple[float, float]

    def x(self, score: float) -> float:
        return self.x_axis.percent(score)

    def y(self, importance: float) -> float:
        return self.height * (1 - self.y_axis.percent(importance) / 100)

    def is_fix_first(self, point: QuadrantPoint) -> bool:
        return point.score < self.middle[0] and point.importance > self.middle[1]


def quadrant(
    points: Sequence[QuadrantPoint],
    *,
    x_axis: Axis,
    y_axis: Axis,
    averages: tuple[float, float],
    words: QuadrantWords,
    label: str,
    number: WriteNumber = whole_number,
    height: int = 330,
) -> Markup:
    """The priority quadrant, `height` pixels plus 30 for the numbers of the x axis.

    `averages` are score and importance at the dashed lines. Drivers below the average score and
    above the average importance are filled, on the tinted corner. A disc that would cover another
    moves up or down; a thin line then leads to a dot at its true place. `label` is the finding
    as a sentence.
    """
    field = _Field(x_axis, y_axis, height, averages)
    return chart(
        *_corners(field, words),
        *_discs(points, field),
        *_ticks(field, number=number),
        height=height + _TICKS_HEIGHT,
        label=label,
    )


def _corners(field: _Field, words: QuadrantWords) -> list[Markup]:
    x, y = field.x(field.middle[0]), field.y(field.middle[1])
    return [
        rectangle("q-o", height=field.height, rx=8),
        rectangle("q-fix", width=percent(x), height=y, rx=8),
        _average(x=(x, x), y=(0, field.height)),
        _average(x=(0, 100), y=(y, y)),
        _corner(words.fix_first, y=20, right=False),
        _corner(words.protect, y=20, right=True),
        _corner(words.watch, y=field.height - _CORNER, right=False),
        _corner(words.keep_going, y=field.height - _CORNER, right=True),
    ]


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

    The most important points choose first; equal ones in the order of their numbers.
    """
    placed: list[tuple[QuadrantPoint, float]] = []
    for point in sorted(points, key=lambda each: (-each.importance, each.number)):
        taken = [
            y
            for other, y in placed
            if abs(field.x(point.score) - field.x(other.score)) / 100 * _NARROWEST < _APART
        ]
        placed.append((point, _free_height(field.y(point.importance), taken, field)))
    return placed


def _free_height(wanted: float, taken: Sequence[float], field: _Field) -> float:
    """The nearest height to the wanted one whose disc covers no other, within the plot."""
    touching = [y + side * _APART for y in taken for side in (-1, 1)]
    candidates = [y for y in touching if _RADIUS <= y <= field.height - _RADIUS]
    free = [
        y for y in (wanted, *candidates) if all(abs(y - other) > _APART - 0.01 for other in taken)
    ]
    return min(free, key=lambda y: abs(y - wanted), default=wanted)


def _lead(point: QuadrantPoint, y: float, field: _Field) -> list[Markup]:
    true_y = field.y(point.importance)
    if y == true_y:
        return []
    x = field.x(point.score)
    dot: Attributes = {"class": "lead-d", "cx": percent(x), "cy": true_y, "r": 2.5}
    return [line("lead-l", x=(x, x), y=(true_y, y)), element("circle", dot)]


def _disc(point: QuadrantPoint, y: float, field: _Field) -> list[Markup]:
    x = field.x(point.score)
    fix = " fix" if field.is_fix_first(point) else ""
    disc: Attributes = {"class": f"pt{fix}", "cx": percent(x), "cy": y, "r": _RADIUS}
    return [element("circle", disc), text(str(point.number), f"ptt{fix}", x=x, y=y + 4.2)]


def _ticks(field: _Field, *, number: WriteNumber) -> list[Markup]:
    """Numbers of the x axis; those at the very ends would hang over the plot."""
    places = [(tick, field.x(tick)) for tick in field.x_axis.ticks()]
    return [text(number(tick), "ax", x=x, y=field.height + 18) for tick, x in places if 4 < x < 97]
