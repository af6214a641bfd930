"""Both voices over the waves: points, intervals as bands, lines that break where they must.

Which waves may be shown and what changed between them is the caller's knowledge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from markupsafe import Markup

from analysis.charts.marks import Voice, band, printed, sign, suffix
from analysis.charts.scale import Axis, Mark, WriteNumber, whole_number
from analysis.charts.svg import Attributes, chart, element, line, text
from analysis.charts.svg import number as plain_number

_BOTTOM = 28  # room for the names of the waves
_TOP = 8
_TOP_WITH_WORDS = 22  # room for the words at a break
_NAMES_ON_A_SCREEN = 12
_NAMES_ON_A_PHONE = 6
_NUMBER_HEIGHT = 14

Run = list[tuple[int, Mark]]


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One wave: its name and the value of each voice, None if hidden or with too few answers.

    `new_wording` says that the question read differently in the wave before, so that no line may
    lead here from there.
    """

    wave: str
    partner: Mark | None
    staff: Mark | None
    new_wording: bool = False

    def of(self, voice: Voice) -> Mark | None:
        """The mark of one voice."""
        return self.partner if voice == "partner" else self.staff


@dataclass(frozen=True, slots=True)
class _Plot:
    """Turns a wave's index into percent and a value into pixels from the top."""

    waves: int
    axis: Axis
    top: int
    height: int

    def x(self, index: float) -> float:
        return (index + 0.5) / self.waves * 100

    def y(self, value: float) -> float:
        return self.top + self.share_down(value) / 100 * self.height

    def share_down(self, value: float) -> float:
        return 100 - self.axis.percent(value)


def trend(
    points: Sequence[TrendPoint],
    *,
    axis: Axis,
    label: str,
    new_wording: str = "",
    number: WriteNumber = whole_number,
    height: int = 230,
) -> Markup:
    """The trend chart, oldest wave first, `height` pixels with the names of the waves.

    Values and `axis` are on one display scale. A line and its band join neighbouring waves only:
    both end at a wave whose mark is None and before a new wording, where a thin upright line
    carries the words `new_wording`. A wave without neighbours shows its interval as an upright
    stroke. The last value of each voice is printed. Of many names only some are printed, the last
    one always. `label` is the finding as a sentence. Stands in a `figure class="chart pl"`.
    Raises ValueError without any wave.
    """
    if not points:
        raise ValueError("a trend needs at least one wave")
    breaks = [index for index, point in enumerate(points) if index and point.new_wording]
    top = _TOP_WITH_WORDS if breaks else _TOP
    plot = _Plot(waves=len(points), axis=axis, top=top, height=height - top - _BOTTOM)
    runs: dict[Voice, list[Run]] = {"staff": _runs(points, "staff")}
    runs["partner"] = _runs(points, "partner")
    return chart(
        *_grid(plot, number=number),
        *_breaks(breaks, plot, words=new_wording),
        _lines(runs, plot),
        *_lonely_intervals(runs, plot),
        *_signs(runs, plot),
        *_last_values(runs, plot, number=number),
        *_names(points, plot, y=height - 6),
        height=height,
        label=label,
    )


def _runs(points: Sequence[TrendPoint], voice: Voice) -> list[Run]:
    """Stretches of neighbouring waves that one line may join."""
    runs: list[Run] = []
    open_run = False
    for index, point in enumerate(points):
        mark = point.of(voice)
        if mark is not None:
            if not open_run or point.new_wording:
                runs.append([])
            runs[-1].append((index, mark))
        open_run = mark is not None
    return runs


def _grid(plot: _Plot, *, number: WriteNumber) -> list[Markup]:
    parts = []
    for tick in plot.axis.ticks():
        y = plot.y(tick)
        parts.append(line("gl", x=(0, 100), y=(y, y)))
        parts.append(text(number(tick), "ax", x=0, y=y + 4, anchor="end", shift=-10))
    return parts


def _breaks(indices: Sequence[int], plot: _Plot, *, words: str) -> list[Markup]:
    """Where the wording changed: half-way between two waves."""
    parts = []
    for index in indices:
        x = plot.x(index - 0.5)
        parts.append(line("brk", x=(x, x), y=(plot.top - 6, plot.top + plot.height)))
        parts.append(text(words, "ax", x=x, y=plot.top - 10))
    return parts


def _lines(runs: dict[Voice, list[Run]], plot: _Plot) -> Markup:
    """Bands and lines, in a drawing that may be stretched; strokes keep their width."""
    shapes = [
        shape
        for voice, of_voice in runs.items()
        for run in of_voice
        if len(run) > 1
        for shape in _line_and_band(voice, run, plot)
    ]
    frame: Attributes = {
        "x": 0,
        "y": plot.top,
        "width": "100%",
        "height": plot.height,
        "viewBox": "0 0 100 100",
        "preserveAspectRatio": "none",
        "overflow": "visible",
    }
    return element("svg", frame, *shapes)


def _line_and_band(voice: Voice, run: Run, plot: _Plot) -> list[Markup]:
    end = suffix(voice)
    upper = [_place(plot, index, mark.extent[1]) for index, mark in run]
    lower = [_place(plot, index, mark.extent[0]) for index, mark in reversed(run)]
    middle = [_place(plot, index, mark.value) for index, mark in run]
    return [
        element("polygon", {"class": f"bd-{end}", "points": " ".join(upper + lower)}),
        element("polyline", {"class": f"ln-{end}", "points": " ".join(middle)}),
    ]


def _place(plot: _Plot, index: int, value: float) -> str:
    return f"{plain_number(plot.x(index))},{plain_number(plot.share_down(value))}"


def _lonely_intervals(runs: dict[Voice, list[Run]], plot: _Plot) -> list[Markup]:
    """A single wave has no band to stand in, and still no number without its interval."""
    lonely = [(voice, run[0]) for voice in runs for run in runs[voice] if len(run) == 1]
    return [
        band(
            voice,
            x=(plot.x(index), plot.x(index)),
            y=(plot.y(mark.extent[0]), plot.y(mark.extent[1])),
        )
        for voice, (index, mark) in lonely
        if mark.low is not None
    ]


def _signs(runs: dict[Voice, list[Run]], plot: _Plot) -> list[Markup]:
    radius: dict[Voice, float] = {"partner": 5, "staff": 5.5}
    return [
        sign(voice, x=plot.x(index), y=round(plot.y(mark.value), 1), radius=radius[voice])
        for voice in runs
        for run in runs[voice]
        for index, mark in run
    ]


def _last_values(runs: dict[Voice, list[Run]], plot: _Plot, *, number: WriteNumber) -> list[Markup]:
    last = {voice: of_voice[-1][-1] for voice, of_voice in runs.items() if of_voice}
    heights = {voice: plot.y(mark.value) for voice, (_, mark) in last.items()}
    if len({index for index, _ in last.values()}) == 1:
        heights = _apart(heights)
    return [
        printed(
            voice,
            number(mark.value) if mark.text is None else mark.text,
            x=plot.x(index),
            y=heights[voice],
            shift=11,
            anchor="start",
        )
        for voice, (index, mark) in last.items()
    ]


def _apart(heights: dict[Voice, float]) -> dict[Voice, float]:
    """The printed numbers of one wave, moved away from each other if they would overlap."""
    if len(heights) < 2 or abs(heights["partner"] - heights["staff"]) >= _NUMBER_HEIGHT:
        return heights
    middle = (heights["partner"] + heights["staff"]) / 2
    half = _NUMBER_HEIGHT / 2 * (-1 if heights["partner"] < heights["staff"] else 1)
    return {"partner": middle + half, "staff": middle - half}


def _names(points: Sequence[TrendPoint], plot: _Plot, *, y: float) -> list[Markup]:
    """Names of the waves, counted from the last one so that it is always there.

    Class `alt` marks those that a phone leaves out.
    """
    on_screen = ceil(len(points) / _NAMES_ON_A_SCREEN)
    on_phone = on_screen * ceil(len(points) / on_screen / _NAMES_ON_A_PHONE)
    parts = []
    for index, point in enumerate(points):
        from_last = len(points) - 1 - index
        if from_last % on_screen == 0:
            css_class = "ax alt" if from_last % on_phone else "ax"
            parts.append(text(point.wave, css_class, x=plot.x(index), y=y))
    return parts
