"""Charts as SVG text, drawn on the server.

Every horizontal place is a percentage and every vertical one a pixel, so a chart stretches to any
width without JavaScript, its text never scales, and it needs neither a style nor a script of its
own (colours and fonts: static/css/base.css and dashboard.css).

Callers give values on the display scale, words already translated, and a function that writes
numbers the reader's way; None stands for what is hidden or was not measured. Results are Markup,
with everything from outside escaped. The package reads no data, decides nothing about what may be
shown, and draws neither the name of a row nor the table beside a chart: that is the template's.

Where things are: scale (marks, axes, numbers), svg (the one place that makes markup), marks
(signs of the two voices), dumbbell, bars, trend, quadrant, legend.
Source: design of the product, section 5.
"""

from analysis.charts.bars import (
    SentimentCounts,
    bar,
    distribution_bars,
    distribution_maximum,
    funnel_bar,
    sentiment_bar,
)
from analysis.charts.dumbbell import axis_row, dumbbell, small_dumbbell
from analysis.charts.legend import chart_patterns, sentiment_legend, voices_legend
from analysis.charts.quadrant import Corner, QuadrantPoint, QuadrantWords, quadrant
from analysis.charts.scale import (
    Axis,
    Mark,
    axis_for,
    axis_for_marks,
    heat_class,
    whole_number,
    whole_percent,
)
from analysis.charts.trend import TrendPoint, trend

__all__ = [
    "Axis",
    "Corner",
    "Mark",
    "QuadrantPoint",
    "QuadrantWords",
    "SentimentCounts",
    "TrendPoint",
    "axis_for",
    "axis_for_marks",
    "axis_row",
    "bar",
    "chart_patterns",
    "distribution_bars",
    "distribution_maximum",
    "dumbbell",
    "funnel_bar",
    "heat_class",
    "quadrant",
    "sentiment_bar",
    "sentiment_legend",
    "small_dumbbell",
    "trend",
    "voices_legend",
    "whole_number",
    "whole_percent",
]
