"""The gap of one row: two marks, their intervals, and the line that joins them.

The row's name, the printed gap and the table belong to the template.
"""

from markupsafe import Markup

from analysis.charts.marks import Voice, band, hidden_band, printed, sign
from analysis.charts.scale import Axis, Mark, WriteNumber, whole_number
from analysis.charts.svg import Anchor, chart, line, text

# How far a grid line reaches beyond its row, so that lines of neighbouring rows meet.
_GRID_OVERHANG = 8
# A number stands beside its interval; beside the mark if the interval hardly reaches beyond it.
_WIDE_BAND = 3  # percent of the width
_SHIFT_FROM_BAND = 8
_SHIFT_FROM_MARK = 12
_LIMITS_HEIGHT = 16


def dumbbell(
    partner: Mark | None,
    staff: Mark | None,
    *,
    axis: Axis,
    label: str,
    bigger_than_chance: bool = False,
    number: WriteNumber = whole_number,
    height: int = 38,
) -> Markup:
    """One row of the gap chart over vertical grid lines, `height` pixels high.

    Values and axis are on one display scale. None hides a voice; with both hidden the row is
    hatched. The line between the marks is dark if the gap is `bigger_than_chance`, else thin and
    grey. Numbers stand outside the intervals; a mark's own `text` above or below it. `label` is
    the row as a sentence.
    """
    grid = [
        line("gl", x=(place, place), y=(-_GRID_OVERHANG, height + _GRID_OVERHANG))
        for place in map(axis.percent, axis.ticks())
    ]
    drawn = _drawing(partner, staff, axis=axis, height=height, clear=bigger_than_chance)
    numbers = _numbers(partner, staff, axis=axis, y=height / 2, number=number)
    return chart(*grid, *drawn, *numbers, height=height, label=label)


def small_dumbbell(
    partner: Mark | None,
    staff: Mark | None,
    *,
    axis: Axis,
    label: str,
    bigger_than_chance: bool = False,
    number: WriteNumber = whole_number,
    numbers: bool = False,
    limits: bool = True,
    height: int = 30,
) -> Markup:
    """The gap of a tile: a plain track instead of a grid, as `dumbbell` else.

    `numbers` prints the two values; `limits` prints the ends of the axis under the track and
    makes the chart 16 pixels higher (leave it out above an `axis_row`).
    """
    track = line("trk", x=(0, 100), y=(height / 2, height / 2))
    parts = [track, *_drawing(partner, staff, axis=axis, height=height, clear=bigger_than_chance)]
    if numbers:
        parts += _numbers(partner, staff, axis=axis, y=height / 2, number=number)
    if limits:
        parts += _limits(axis, y=height + _LIMITS_HEIGHT - 4, number=number)
    return chart(*parts, height=height + (_LIMITS_HEIGHT if limits else 0), label=label)


def axis_row(
    axis: Axis, *, number: WriteNumber = whole_number, step: float | None = None
) -> Markup:
    """The numbers of an axis under rows that share it, 22 pixels high; `step` thins them out.

    Hidden from screen readers: every row says its own values.
    """
    labels = [
        text(number(tick), "ax", x=axis.percent(tick), y=15) for tick in axis.ticks(step=step)
    ]
    return chart(*labels, height=22, label=None)


def _drawing(
    partner: Mark | None, staff: Mark | None, *, axis: Axis, height: int, clear: bool
) -> list[Markup]:
    """Intervals below, then the joining line, then the marks: partners on top."""
    if partner is None and staff is None:
        return list(hidden_band(height=16, y=height / 2 - 8))
    y = height / 2
    parts = [*_bands("partner", partner, axis=axis, y=y), *_bands("staff", staff, axis=axis, y=y)]
    if partner is not None and staff is not None:
        ends = (axis.percent(partner.value), axis.percent(staff.value))
        parts.append(line("gapline sig" if clear else "gapline", x=ends, y=(y, y)))
    if staff is not None:
        parts.append(sign("staff", x=axis.percent(staff.value), y=y))
    if partner is not None:
        parts.append(sign("partner", x=axis.percent(partner.value), y=y))
    return parts


def _bands(voice: Voice, mark: Mark | None, *, axis: Axis, y: float) -> list[Markup]:
    if mark is None or mark.low is None or mark.high is None:
        return []
    return [band(voice, x=(axis.percent(mark.low), axis.percent(mark.high)), y=(y, y))]


def _numbers(
    partner: Mark | None, staff: Mark | None, *, axis: Axis, y: float, number: WriteNumber
) -> list[Markup]:
    """The lower voice's number stands at its left, the higher one's at its right."""
    partner_left = partner is not None and staff is not None and partner.value <= staff.value
    staff_left = partner is not None and staff is not None and not partner_left
    parts = []
    if partner is not None:
        parts.append(_number("partner", partner, axis=axis, y=y, left=partner_left, write=number))
    if staff is not None:
        parts.append(_number("staff", staff, axis=axis, y=y, left=staff_left, write=number))
    return parts


def _number(
    voice: Voice, mark: Mark, *, axis: Axis, y: float, left: bool, write: WriteNumber
) -> Markup:
    if mark.text is not None:
        return _words(voice, mark.text, x=axis.percent(mark.value), y=y)
    end = axis.percent(mark.extent[0 if left else 1])
    is_wide = abs(end - axis.percent(mark.value)) >= _WIDE_BAND
    shift = _SHIFT_FROM_BAND if is_wide else _SHIFT_FROM_MARK
    if left:
        return printed(voice, write(mark.value), x=end, y=y, shift=-shift, anchor="end")
    return printed(voice, write(mark.value), x=end, y=y, shift=shift, anchor="start")


def _words(voice: Voice, words: str, *, x: float, y: float) -> Markup:
    """Words instead of a number are long: partners' above the mark, the team's below it."""
    anchor: Anchor = "start" if x < 20 else "end" if x > 80 else "middle"
    height = y - 16 if voice == "partner" else y + 16
    return printed(voice, words, x=x, y=height, shift=0, anchor=anchor)


def _limits(axis: Axis, *, y: float, number: WriteNumber) -> list[Markup]:
    low = text(number(axis.low), "ax", x=0, y=y, anchor="start")
    return [low, text(number(axis.high), "ax", x=100, y=y, anchor="end")]
