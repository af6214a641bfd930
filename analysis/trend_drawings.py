"""Charts of the trend page with their words: all drivers together, NPS, and one for each driver."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from analysis import charts
from analysis.drawings import SCORE_LIMITS, trend_points
from analysis.gap import Composite
from analysis.trend_findings import driver_words, overall_words, recommendation_words
from analysis.trend_page import DriverTrend, TrendPage
from analysis.words import short_wave
from surveys.i18n import format_number, format_signed, gettext

NPS_LIMITS = (-100.0, 100.0)
SMALL_HEIGHT = 170


def score_axis(page: TrendPage) -> charts.Axis:
    """One axis for the charts of all drivers, so that they can be compared by eye."""
    points = [point for each in page.drivers for point in trend_points(each.trend)]
    return charts.axis_for_marks(_marks(points), limits=SCORE_LIMITS, step=20, minimum_span=60)


def driver_drawing(trend: DriverTrend, axis: charts.Axis) -> Markup | None:
    """One driver, small; None where no wave shows a figure."""
    points = trend_points(trend.trend)
    if not _marks(points):
        return None
    return charts.trend(
        points,
        axis=axis,
        label=f"{trend.driver.name}. {driver_words(trend)}",
        new_wording=gettext("new wording"),
        number=format_number,
        height=SMALL_HEIGHT,
    )


def overall_drawing(page: TrendPage) -> Markup | None:
    """The mean of the drivers that every wave shows; None where there is none."""
    points = [
        charts.TrendPoint(
            short_wave(step.run.partner.label), _mean_mark(step.partners), _mean_mark(step.staff)
        )
        for step in page.overall.steps
    ]
    marks = _marks(points)
    if not marks:
        return None
    return charts.trend(
        points,
        axis=charts.axis_for_marks(marks, limits=SCORE_LIMITS, step=20, minimum_span=60),
        label=overall_words(page),
        number=format_number,
    )


def recommendation_drawing(page: TrendPage) -> Markup | None:
    """NPS of partners and of the team's guesses; None where no wave shows either."""
    points = trend_points(page.recommendation)
    marks = _marks(points)
    if not marks:
        return None
    return charts.trend(
        points,
        axis=charts.axis_for_marks(marks, limits=NPS_LIMITS, step=20, minimum_span=80),
        label=recommendation_words(page),
        new_wording=gettext("new wording"),
        number=format_signed,
    )


def interval_legend() -> Markup:
    """The two marks, and what the bands mean."""
    return charts.voices_legend(
        gettext("Partner reality"),
        gettext("Internal perception"),
        interval=gettext("%(level)s%% confidence", level="95"),
    )


def _marks(points: Sequence[charts.TrendPoint]) -> list[charts.Mark]:
    return list(_shown(mark for point in points for mark in (point.partner, point.staff)))


def _shown(marks: Iterable[charts.Mark | None]) -> Iterable[charts.Mark]:
    return (mark for mark in marks if mark is not None)


def _mean_mark(figure: Composite | None) -> charts.Mark | None:
    if figure is None:
        return None
    interval = figure.interval()
    return charts.Mark(figure.value, interval.low, interval.high)
