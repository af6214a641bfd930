"""Charts of a page with their words: figures in, finished drawings out.

`analysis/charts` draws and knows no language; here its callers put marks, axes and labels together.
"""

from collections.abc import Sequence
from typing import Literal

from markupsafe import Markup

from analysis import charts
from analysis.dashboard import (
    DriverFigures,
    DriverSentiment,
    ImportancePoint,
    OverviewPage,
    importance_average,
)
from analysis.driver_findings import share_label, trend_words
from analysis.driver_page import AnswerRow, AnswerShare, DriverPage, TrendStep
from analysis.figures import Figure
from analysis.findings import row_label, sentiment_label
from analysis.gap import GapRow, Mark
from analysis.shown_figures import CommentCounts
from analysis.words import figure_text, short_wave
from surveys.i18n import format_number, format_signed, gettext, pgettext
from surveys.participation import Participation

SCORE_LIMITS = (0.0, 100.0)


def gap_axis(page: OverviewPage) -> charts.Axis:
    """One axis for all rows: the data with their bands, out to tens, at least 60 points."""
    marks = [mark for row in page.gaps for mark in _marks(row, page.figures[row.code])]
    return charts.axis_for_marks(marks, limits=SCORE_LIMITS, step=10, minimum_span=60)


def gap_drawing(row: GapRow, shown: DriverFigures, axis: charts.Axis, name: str) -> Markup:
    """One row of the gap chart; a rounded or bounded figure stands there with its words."""
    partner, staff = _marks(row, shown)
    return charts.dumbbell(
        partner,
        staff,
        axis=axis,
        label=row_label(row, name, shown),
        bigger_than_chance=row.mark is Mark.BIGGER,
        number=format_number,
    )


def board_drawing(row: GapRow, shown: DriverFigures, axis: charts.Axis, name: str) -> Markup:
    """The same row where both numbers stand beside the drawing, and paper is short."""
    partner, staff = _marks(row, shown)
    return charts.small_dumbbell(
        partner,
        staff,
        axis=axis,
        label=row_label(row, name, shown),
        bigger_than_chance=row.mark is Mark.BIGGER,
        limits=False,
        height=24,
    )


def axis_drawing(axis: charts.Axis, *, step: float | None = None) -> Markup:
    """The numbers under the gap chart; `step` thins them out where there is little room."""
    return charts.axis_row(axis, number=format_number, step=step)


def headline_drawing(page: OverviewPage) -> Markup:
    """All drivers together, beside the first sentence."""
    rows = [row for row in page.gaps if row.partners and row.staff]
    if not rows:
        return Markup()
    partners = sum(row.partners.value for row in rows if row.partners) / len(rows)
    staff = sum(row.staff.value for row in rows if row.staff) / len(rows)
    label = gettext(
        "All drivers: partners %(partners)s, our team %(staff)s.",
        partners=format_number(partners),
        staff=format_number(staff),
    )
    marks = [charts.Mark(partners), charts.Mark(staff)]
    axis = charts.axis_for_marks(marks, limits=SCORE_LIMITS, step=10, minimum_span=60)
    return charts.small_dumbbell(*marks, axis=axis, label=label, number=format_number, numbers=True)


def recommendation_drawing(page: OverviewPage) -> Markup:
    """Partners' NPS beside the NPS of the team's guesses, both as facts."""
    tile = page.recommendation
    partner, staff = figure_mark(tile.partners), figure_mark(tile.staff)
    marks = [mark for mark in (partner, staff) if mark is not None]
    if not marks:
        return Markup()
    axis = charts.axis_for_marks(marks, limits=(-100, 100), step=10, minimum_span=60)
    label = gettext(
        "NPS of partners %(partners)s, NPS of our team’s guesses %(staff)s.",
        partners=figure_text(tile.partners, sign=True),
        staff=figure_text(tile.staff, sign=True),
    )
    return charts.small_dumbbell(
        partner,
        staff,
        axis=axis,
        label=label,
        number=format_signed,
        bigger_than_chance=tile.mark is Mark.BIGGER,
    )


def figure_mark(figure: Figure | None) -> charts.Mark | None:
    """A figure with its interval as a mark of a chart; a coarse or bounded one by its words."""
    if figure is None or not figure.is_shown:
        return None
    if figure.estimate is not None:
        interval = figure.estimate.interval()
        return charts.Mark(figure.estimate.value, interval.low, interval.high)
    for value in (figure.value, figure.at_most, figure.at_least):
        if value is not None:
            return charts.Mark(value, text=figure_text(figure))
    return None


def sentiment_drawing(counts: CommentCounts | None, label: str) -> Markup:
    """A bar of the four sentiments in their fixed order."""
    if counts is None:
        return charts.sentiment_bar(None, label=label)
    given = counts.counts
    return charts.sentiment_bar(
        charts.SentimentCounts(given.negative, given.mixed, given.neutral, given.positive),
        label=label,
        percent_text=lambda share: f"{format_number(share)}%",
    )


def driver_sentiment_drawing(row: DriverSentiment) -> Markup:
    """The sentiment bar of one driver."""
    return sentiment_drawing(row.counts, sentiment_label(row))


def sentiment_legend() -> Markup:
    """What the four parts of a sentiment bar mean."""
    return charts.sentiment_legend(
        negative=gettext("Negative"),
        mixed=gettext("Mixed"),
        neutral=gettext("Neutral"),
        positive=gettext("Positive"),
    )


def voices_legend(*, with_interval: bool = True, with_gap: bool = False) -> Markup:
    """The two marks, and what the bands and the dark line mean."""
    return charts.voices_legend(
        gettext("Partner reality"),
        gettext("Internal perception"),
        interval=gettext("%(level)s%% for all rows together", level=95) if with_interval else None,
        bigger_than_chance=gettext("Gap bigger than chance") if with_gap else None,
    )


def funnel_steps(p: Participation, *, is_anonymous: bool) -> list[tuple[str, int, Markup]]:
    """From invitation to answer: name, count and bar of each step that is known."""
    steps = [(gettext("Invited"), p.invited), (gettext("Delivered"), p.delivered)]
    if not is_anonymous:
        steps += [(gettext("Opened the link"), p.opened), (gettext("Started"), p.started)]
    steps.append((pgettext("answers", "Finished"), p.answered))
    return [
        (
            name,
            count,
            charts.funnel_bar(
                count,
                invited=p.invited,
                label=gettext("%(step)s: %(count)s", step=name, count=count),
                last=position == len(steps) - 1,
            ),
        )
        for position, (name, count) in enumerate(steps)
    ]


def quadrant_drawing(points: Sequence[ImportancePoint], label: str) -> Markup:
    """What to fix first: importance against score."""
    averages = importance_average(points)
    x_axis = charts.axis_for([p.score for p in points], minimum_span=30, margin=5)
    y_axis = charts.axis_for(
        [p.importance for p in points], limits=(-1, 1), step=0.1, minimum_span=0.3, margin=0.05
    )
    return charts.quadrant(
        [charts.QuadrantPoint(p.driver.number, p.score, p.importance) for p in points],
        x_axis=x_axis,
        y_axis=y_axis,
        middle=averages,
        words=charts.QuadrantWords(
            top_left=gettext("Fix first"),
            top_right=gettext("Protect"),
            bottom_left=gettext("Watch"),
            bottom_right=gettext("Keep going"),
        ),
        label=label,
        number=format_number,
    )


def trend_points(steps: Sequence[TrendStep]) -> list[charts.TrendPoint]:
    """A metric's history as a trend chart takes it."""
    return [
        charts.TrendPoint(
            short_wave(step.run.partner.label),
            figure_mark(step.partners),
            figure_mark(step.staff),
            step.is_new_wording,
        )
        for step in steps
    ]


def trend_drawing(page: DriverPage) -> Markup | None:
    """Both voices over the waves; a wave that shows nothing is left out, not drawn as zero."""
    points = trend_points(page.trend)
    marks = [mark for point in points for mark in (point.partner, point.staff) if mark]
    if not marks:
        return None
    return charts.trend(
        points,
        axis=charts.axis_for_marks(marks, limits=SCORE_LIMITS, step=20, minimum_span=60),
        label=trend_words(page),
        new_wording=gettext("new wording"),
        number=format_number,
    )


def answer_drawings(rows: Sequence[AnswerRow]) -> list[tuple[AnswerRow, Markup, Markup]]:
    """The two bars of each group of answers; empty where the share is not exact: words say it."""
    shares = [share for row in rows for share in (row.partners, row.staff)]
    known = [share.percent for share in shares if share is not None and share.percent is not None]
    maximum = charts.distribution_maximum(known)
    return [
        (
            row,
            _answer_bar(row.partners, "partner", maximum, gettext("Partners")),
            _answer_bar(row.staff, "staff", maximum, gettext("Our team")),
        )
        for row in rows
    ]


def _answer_bar(
    share: AnswerShare | None, fill: Literal["partner", "staff"], maximum: float, voice: str
) -> Markup:
    if share is None or share.percent is None:
        return Markup()
    return charts.bar(
        share.percent,
        maximum=maximum,
        fill=fill,
        label=share_label(voice, share),
        track=False,
        height=11,
    )


def example_drawing() -> Markup:
    """What the gap chart will look like: marks without any number, for an empty workspace."""
    axis = charts.Axis(0, 100)
    label = gettext("Example of the gap chart")
    rows = [(34, 74), (47, 66), (70, 56)]
    drawn = [
        charts.small_dumbbell(
            charts.Mark(ours),
            charts.Mark(theirs),
            axis=axis,
            label=label,
            limits=False,
            bigger_than_chance=True,
            height=44,
        )
        for ours, theirs in rows
    ]
    return Markup().join([*drawn, voices_legend(with_interval=False)])


def _marks(row: GapRow, shown: DriverFigures) -> tuple[charts.Mark | None, charts.Mark | None]:
    """Both marks of a row, with bands that hold for all rows together."""
    partner, staff = figure_mark(shown.partners), figure_mark(shown.staff)
    if row.partners is not None and row.partners_band is not None:
        band = row.partners_band
        partner = charts.Mark(row.partners.value, band.low, band.high)
    if row.staff is not None and row.staff_band is not None:
        band = row.staff_band
        staff = charts.Mark(row.staff.value, band.low, band.high)
    return partner, staff
