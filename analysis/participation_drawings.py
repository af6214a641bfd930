"""Charts of participation with their words: counts in, finished drawings out."""

from markupsafe import Markup

from analysis import charts
from analysis.participation_findings import finished_steps, row_label, trend_words
from analysis.participation_page import DimensionPart, ParticipationPage, SegmentRow, Voice
from analysis.words import short_wave
from surveys.i18n import format_number, gettext, pgettext
from surveys.participation import Participation
from surveys.terms import Audience

PERCENT_LIMITS = (0.0, 100.0)


def finished_title() -> str:
    """The heading of those who sent their answers, apart from mails that were sent."""
    return pgettext("answers", "Finished")


def steps_of(voice: Voice) -> list[tuple[str, int]]:
    """From invitation to answer: name and count of each step that is known."""
    funnel = voice.funnel
    steps = [
        (gettext("Invited"), funnel.invited),
        (gettext("Sent"), voice.sent),
        (gettext("Delivered"), funnel.delivered),
    ]
    if funnel.opened is not None and funnel.started is not None:
        steps += [
            (gettext("Opened the link"), funnel.opened),
            (gettext("Started"), funnel.started),
        ]
    return [*steps, (finished_title(), funnel.completed)]


def funnel_drawings(voice: Voice) -> list[tuple[str, int, Markup]]:
    """Name, count and bar of each step; answers have the colour of their voice."""
    steps = steps_of(voice)
    return [
        (name, count, _funnel_bar(voice, name, count, is_last=position == len(steps) - 1))
        for position, (name, count) in enumerate(steps)
    ]


def rate_axis(page: ParticipationPage) -> charts.Axis:
    """One axis for the groups of all dimensions: rates with their bands, at least 60 points."""
    marks = [_mark(part, row) for part in page.parts for row in part.rows]
    return charts.axis_for_marks(marks, limits=PERCENT_LIMITS, step=20, minimum_span=60)


def rate_drawing(part: DimensionPart, row: SegmentRow, axis: charts.Axis) -> Markup:
    """The share of a group that took part, with a band that holds for all its groups together."""
    mark = _mark(part, row)
    is_partner = part.audience is Audience.PARTNER
    return charts.dumbbell(
        mark if is_partner else None,
        None if is_partner else mark,
        axis=axis,
        label=row_label(row, part.k),
        number=_percent,
    )


def axis_drawing(axis: charts.Axis) -> Markup:
    """The numbers under the groups."""
    return charts.axis_row(axis, number=_percent)


def voices_legend() -> Markup:
    """The two marks."""
    return charts.voices_legend(gettext("Partners"), gettext("Our team"))


def trend_drawing(page: ParticipationPage) -> Markup | None:
    """Response rates of both voices by closed wave; None before there are two."""
    steps = finished_steps(page.trend)
    if len(steps) < 2:
        return None
    points = [
        charts.TrendPoint(
            short_wave(step.run.partner.label), _rate(step.partners), _rate(step.staff)
        )
        for step in steps
    ]
    marks = [mark for point in points for mark in (point.partner, point.staff) if mark]
    return charts.trend(
        points,
        axis=charts.axis_for_marks(marks, limits=PERCENT_LIMITS, step=20, minimum_span=60),
        label=trend_words(page.trend),
        number=_percent,
        height=200,
    )


def _funnel_bar(voice: Voice, name: str, count: int, *, is_last: bool) -> Markup:
    label = gettext("%(step)s: %(count)s", step=name, count=format_number(count))
    invited = voice.funnel.invited
    if is_last and voice.wave.audience is not Audience.PARTNER:
        return charts.bar(count, maximum=max(invited, 1), fill="staff", label=label, height=18)
    return charts.funnel_bar(count, invited=invited, label=label, last=is_last)


def _mark(part: DimensionPart, row: SegmentRow) -> charts.Mark:
    interval = row.rate.interval(part.k)
    return charts.Mark(100 * row.rate.value, 100 * interval.low, 100 * interval.high)


def _rate(counts: Participation | None) -> charts.Mark | None:
    rate = counts.response_rate if counts else None
    return None if rate is None else charts.Mark(100 * rate)


def _percent(value: float) -> str:
    return f"{format_number(value)}%"
