"""Bars: a single share, the funnel, the distribution of answers, and sentiment.

Counts and shares come from outside and are drawn as given.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from typing import Literal

from markupsafe import Markup

from analysis.charts.marks import hidden_band
from analysis.charts.scale import Axis, WriteNumber, whole_percent
from analysis.charts.svg import Attributes, chart, element, percent, rectangle, text

Fill = Literal["ink", "partner", "staff"]

# Bars of the team are hollow, as its mark is.
_FILL_CLASSES: dict[Fill, str] = {"ink": "f-ink", "partner": "f-p", "staff": "f-so"}
_LEAST_SHARE_WITH_NUMBER = 13
_HATCH_HEIGHT = 5
_DISTRIBUTION_STEPS = (25, 50, 75, 100)


@dataclass(frozen=True, slots=True)
class SentimentCounts:
    """How many of each kind, comments or mentions; the order of the fields is the drawn one.

    Raises ValueError for a negative or endless count.
    """

    negative: float = 0
    mixed: float = 0
    neutral: float = 0
    positive: float = 0

    def __post_init__(self) -> None:
        if not all(isfinite(count) and count >= 0 for _, count in self.parts):
            raise ValueError(f"counts are finite and not below 0: {self!r}")

    @property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """Class suffix and count of each kind, in the fixed order."""
        return (
            ("neg", self.negative),
            ("mix", self.mixed),
            ("neu", self.neutral),
            ("pos", self.positive),
        )

    @property
    def total(self) -> float:
        """All kinds together."""
        return sum(count for _, count in self.parts)


def sentiment_bar(
    counts: SentimentCounts | None,
    *,
    label: str,
    shares: bool = True,
    percent_text: WriteNumber = whole_percent,
    height: int = 22,
) -> Markup:
    """One bar of four parts: negative, mixed, neutral, positive, always in this order.

    Negative has a hatched lower edge, so that nothing rests on hue. `shares` prints the share of
    a part (0..100 through `percent_text`) where it is 13% wide or more. None is hidden: hatched.
    Without any comment only the empty track is drawn. `label` says all shares as a sentence.
    """
    if counts is None:
        return chart(*hidden_band(height=height), height=height, label=label)
    if not counts.total:
        return chart(_track(height), height=height, label=label)
    widths = [count / counts.total * 100 for _, count in counts.parts]
    starts = accumulate(widths, initial=0.0)
    parts = [
        _sentiment_part(
            kind, start, width, height=height, words=percent_text(width) if shares else None
        )
        for (kind, _), start, width in zip(counts.parts, starts, widths, strict=False)
        if width
    ]
    return chart(*parts, height=height, label=label)


def _sentiment_part(
    kind: str, start: float, width: float, *, height: int, words: str | None
) -> Markup:
    # One pixel to the left of each part stays free: it tells neighbours of like lightness apart.
    inner = [rectangle(f"f-{kind}", x=1, height=height, rx=3)]
    if kind == "neg":
        top = height - _HATCH_HEIGHT
        inner.append(rectangle(None, y=top, height=_HATCH_HEIGHT, fill="url(#hatch)"))
    if words is not None and width >= _LEAST_SHARE_WITH_NUMBER:
        inner.append(text(words, "on-mark", x=50, y=height / 2 + 4))
    frame: Attributes = {"x": percent(start), "width": percent(width), "height": height}
    return element("svg", {**frame, "overflow": "hidden"}, *inner)


def bar(
    value: float | None,
    *,
    maximum: float = 100,
    fill: Fill = "ink",
    label: str | None = None,
    track: bool = True,
    height: int = 12,
) -> Markup:
    """One horizontal bar: `value` of `maximum`, both in one unit, cut at either end.

    None is hidden: hatched. `label` None hides the bar from screen readers, for bars whose number
    stands beside them. `track` shows the rest of the maximum.
    Raises ValueError if `maximum` is not above 0.
    """
    if value is None:
        return chart(*hidden_band(height=height), height=height, label=label)
    width = Axis(0, maximum).percent(value)
    parts = [_track(height)] if track else []
    if width:
        parts.append(_filled(width, fill=fill, height=height))
    return chart(*parts, height=height, label=label)


def funnel_bar(count: float, *, invited: float, label: str, last: bool = False) -> Markup:
    """One step from invitation to answer, as a share of those invited, 18 pixels high.

    The `last` step, answers, has the partners' colour. With nobody invited the track is empty.
    """
    fill: Fill = "partner" if last else "ink"
    return bar(count, maximum=max(invited, 1), fill=fill, label=label, height=18)


def distribution_bars(
    partner: float | None,
    staff: float | None,
    *,
    maximum: float,
    partner_label: str,
    staff_label: str,
) -> Markup:
    """Two bars for one answer, partners solid above, team hollow below, 11 pixels each.

    Shares are 0..100; `maximum` is the same for all rows (`distribution_maximum`). None is
    hidden. The two drawings stand side by side in the result; the style sheet stacks them.
    """
    above = bar(
        partner, maximum=maximum, fill="partner", label=partner_label, track=False, height=11
    )
    below = bar(staff, maximum=maximum, fill="staff", label=staff_label, track=False, height=11)
    return above + below


def distribution_maximum(shares: Iterable[float | None]) -> int:
    """The scale for all rows of a distribution: the least of 25, 50, 75, 100 that holds them."""
    largest = max((share for share in shares if share is not None), default=0)
    return next((step for step in _DISTRIBUTION_STEPS if step >= largest), 100)


def _track(height: int) -> Markup:
    return rectangle("f-sunk", height=height, rx=3)


def _filled(width: float, *, fill: Fill, height: int) -> Markup:
    # The stroke of a hollow bar is centred on its edge: one pixel inside keeps it in the row.
    inset = 1 if fill == "staff" else 0
    return rectangle(
        _FILL_CLASSES[fill],
        x=inset or None,
        y=inset or None,
        width=percent(width),
        height=height - 2 * inset,
        rx=3,
    )
