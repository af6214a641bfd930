"""The signs of the two voices and of hidden figures, drawn at a place of a chart.

Partner reality: filled circle, solid line, class suffix `p`. Internal perception: hollow diamond,
dashed line, class suffix `s`. The two are never swapped. Where a place is comes from the caller,
x in percent, y in pixels.
"""

from typing import Literal

from markupsafe import Markup

from analysis.charts.svg import Anchor, element, line, number, percent, rectangle, text

Voice = Literal["partner", "staff"]


def suffix(voice: Voice) -> str:
    """The end of the voice's class names (`m-p`, `ci-s`)."""
    return "p" if voice == "partner" else "s"


def sign(voice: Voice, *, x: float, y: float, radius: float = 7) -> Markup:
    """The mark of one voice with its middle at x, y."""
    if voice == "partner":
        return element("circle", {"class": "m-p", "cx": percent(x), "cy": y, "r": radius})
    # A path has no percentages: an svg inside carries the place, the path is drawn around 0, 0.
    r = number(radius)
    shape = element("path", {"class": "m-s", "d": f"M0 -{r}L{r} 0L0 {r}L-{r} 0Z"})
    return element("svg", {"x": percent(x), "y": y, "overflow": "visible"}, shape)


def printed(
    voice: Voice, words: str, *, x: float, y: float, shift: float, anchor: Anchor
) -> Markup:
    """The number of one voice beside its mark, `shift` pixels from x and centred on y."""
    return text(words, f"v-{suffix(voice)}", x=x, y=y + 4.5, anchor=anchor, shift=shift)


def band(voice: Voice, *, x: tuple[float, float], y: tuple[float, float]) -> Markup:
    """The pale stroke of an interval, from the first x and y to the second."""
    return line(f"ci-{suffix(voice)}", x=x, y=y)


def hidden_band(*, height: float, y: float = 0) -> tuple[Markup, Markup]:
    """Hatched, with a dash: something is there and is not shown (pattern: chart_patterns)."""
    ground = rectangle(None, y=y, height=height, rx=3, fill="url(#hidden)")
    return ground, text("\u2013", "ax", x=50, y=y + height / 2 + 4)
