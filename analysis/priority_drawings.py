"""The two quadrants of the drivers with their words: importance, and level with momentum.

What they show is worked out in priorities.py; `analysis/charts` draws and knows no language.
"""

from collections.abc import Sequence

from markupsafe import Markup

from analysis import charts
from analysis.dashboard import ImportancePoint, importance_average
from analysis.priorities import Priorities
from surveys.i18n import format_number, format_signed, gettext

#: No weight passes the number of drivers that share the mean of 1.
_MOST_WEIGHT = 100
#: Changes of fewer points than this are not blown up to the height of the chart.
_SHORTEST_CHANGE_AXIS = 20


def priority_drawing(points: Sequence[ImportancePoint], label: str) -> Markup:
    """Importance, as weights with the mean 1, against score; low and important presses."""
    return charts.quadrant(
        [charts.QuadrantPoint(p.driver.number, p.score, p.importance) for p in points],
        x_axis=_score_axis([point.score for point in points]),
        y_axis=charts.axis_for(
            [point.importance for point in points],
            limits=(0, _MOST_WEIGHT),
            step=0.1,
            minimum_span=0.4,
            margin=_clear_of_corners([point.importance for point in points]),
        ),
        middle=importance_average(points),
        words=charts.QuadrantWords(
            top_left=gettext("Fix first"),
            top_right=gettext("Protect"),
            bottom_left=gettext("Watch"),
            bottom_right=gettext("Keep going"),
        ),
        label=label,
        number=format_number,
    )


def momentum_drawing(page: Priorities, label: str) -> Markup:
    """Change since the earlier wave against score; low and falling presses.

    A change that may be chance is drawn hollow with a broken edge.
    """
    changes = [each.change.value for each in page.moving]
    return charts.quadrant(
        [
            charts.QuadrantPoint(each.driver.number, each.score, each.change.value, each.is_proven)
            for each in page.moving
        ],
        x_axis=_score_axis([each.score for each in page.moving]),
        y_axis=charts.axis_for(
            [*changes, 0],
            limits=(-100, 100),
            step=_change_step(changes),
            minimum_span=_SHORTEST_CHANGE_AXIS,
            margin=_clear_of_corners([*changes, 0]),
        ),
        middle=(page.average_level, 0),
        words=charts.QuadrantWords(
            top_left=gettext("Low, rising"),
            top_right=gettext("High, rising"),
            bottom_left=gettext("Low, falling"),
            bottom_right=gettext("High, falling"),
        ),
        label=label,
        pressing=charts.Corner.BOTTOM_LEFT,
        number=format_number,
        y_number=format_signed,
    )


def _clear_of_corners(values: Sequence[float]) -> float:
    """Room above and below the outermost discs, so that they do not cover the corners' words."""
    return 0.16 * (max(values) - min(values))


def _change_step(changes: Sequence[float]) -> float:
    """Few enough numbers that they have room beside the chart."""
    farthest = max(map(abs, changes))
    return 5 if farthest <= 15 else 10 if farthest <= 40 else 20


def _score_axis(scores: Sequence[float]) -> charts.Axis:
    return charts.axis_for(scores, minimum_span=30, margin=5)
