"""Charts of the team's predictions with their words: figures in, finished drawings out."""

from collections.abc import Sequence

from markupsafe import Markup

from analysis import charts
from analysis.calibration_findings import row_label, trend_words
from analysis.calibration_page import CalibrationPage, CalibrationStep, DriverGuess
from analysis.words import short_wave
from surveys.i18n import format_number, gettext

SCORE_LIMITS = (0.0, 100.0)


def guess_axis(page: CalibrationPage) -> charts.Axis:
    """One axis for all rows: scores with their intervals and guesses, at least 60 points."""
    marks = [mark for row in page.rows for mark in _marks(row)]
    return charts.axis_for_marks(marks, limits=SCORE_LIMITS, step=10, minimum_span=60)


def guess_drawing(row: DriverGuess, axis: charts.Axis) -> Markup:
    """The partners' score with its interval, and the mean of the team's guesses."""
    partner, staff = _marks(row)
    return charts.dumbbell(partner, staff, axis=axis, label=row_label(row), number=format_number)


def axis_drawing(axis: charts.Axis) -> Markup:
    """The numbers under the rows."""
    return charts.axis_row(axis, number=format_number)


def guess_legend() -> Markup:
    """The two marks, and what the band means."""
    return charts.voices_legend(
        gettext("Partner reality"),
        gettext("Our team’s guess"),
        interval=gettext("%(level)s%% confidence", level="95"),
    )


def miss_drawing(steps: Sequence[CalibrationStep]) -> Markup | None:
    """The mean miss of the group by wave; None before there are two."""
    points = [
        charts.TrendPoint(
            short_wave(step.run.partner.label),
            None,
            charts.Mark(step.result.mean_error) if step.result else None,
        )
        for step in steps
    ]
    marks = [point.staff for point in points if point.staff]
    if len(marks) < 2:
        return None
    return charts.trend(
        points,
        axis=charts.axis_for_marks([*marks, charts.Mark(0)], step=10, minimum_span=20),
        label=trend_words(steps),
        number=format_number,
        height=180,
    )


def _marks(row: DriverGuess) -> tuple[charts.Mark, charts.Mark | None]:
    interval = row.actual.interval()
    partner = charts.Mark(row.actual.value, interval.low, interval.high)
    return partner, None if row.guess is None else charts.Mark(row.guess)
