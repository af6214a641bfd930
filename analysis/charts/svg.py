"""Writing SVG elements as text. The one place of the charts where markup is made.

Knows nothing of charts. All text and attribute values are escaped here, whatever they are.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Literal

from markupsafe import Markup

Attributes = Mapping[str, str | float | None]
Anchor = Literal["start", "middle", "end"]

# What XML 1.0 forbids even as a reference; surrogates alone would also break the response.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, attributes: Attributes, *children: Markup) -> Markup:
    """One element. Attributes that are None are left out; numbers get at most two decimals.

    Element and attribute names are ours, never from outside; values may be anything.
    """
    written = "".join(
        f' {key}="{_escaped(value)}"' for key, value in attributes.items() if value is not None
    )
    if not children:
        return _markup(f"<{name}{written}/>")
    # Children are Markup already; joined as plain text they are not looked through again.
    return _markup(f"<{name}{written}>{''.join(children)}</{name}>")


def escaped(words: str) -> Markup:
    """The words as content of an element."""
    return _markup(_escaped(words))


def text(
    words: str,
    css_class: str,
    *,
    x: float,
    y: float,
    anchor: Anchor = "middle",
    shift: float | None = None,
) -> Markup:
    """Words at `x` percent (and `shift` pixels from there), their base line at `y` pixels."""
    place: Attributes = {"x": percent(x), "dx": shift, "y": y, "text-anchor": anchor}
    return element("text", {"class": css_class, **place}, escaped(words))


def rectangle(css_class: str | None, **attributes: str | float | None) -> Markup:
    """A rectangle; without a width of its own it is as wide as the chart."""
    return element("rect", {"class": css_class, "width": "100%", **attributes})


def chart(*children: Markup, height: float, label: str | None) -> Markup:
    """The outer svg of a chart, `height` pixels high and as wide as there is room.

    `label` is the whole finding in a sentence, read out instead of the drawing; None hides the
    drawing from screen readers, for drawings whose number stands beside them.
    """
    spoken: Attributes = (
        {"aria-hidden": "true"} if label is None else {"role": "img", "aria-label": label}
    )
    frame: Attributes = {"class": "ch", "width": "100%", "height": height}
    return element("svg", {**frame, **spoken}, *children)


def line(css_class: str, *, x: tuple[float, float], y: tuple[float, float]) -> Markup:
    """A straight line; `x` from and to in percent, `y` from and to in pixels."""
    ends: Attributes = {
        "x1": percent(x[0]),
        "x2": percent(x[1]),
        "y1": number(y[0]),
        "y2": number(y[1]),
    }
    return element("line", {"class": css_class, **ends})


def percent(value: float) -> str:
    """A horizontal place or width as SVG writes it."""
    return f"{number(value)}%"


def number(value: float) -> str:
    """At most two decimals, no trailing noughts, no minus before nought."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _markup(written: str) -> Markup:
    # Building with Markup.format() escapes too, but took 2.3 ms a row of the gap chart, not 0.6.
    return Markup(written)  # noqa: S704 - every value passed through _escaped


def _escaped(value: str | float) -> str:
    """The value as text or attribute. Translations may come as Markup, escaped once already."""
    if isinstance(value, Markup):
        value = value.unescape()
    if isinstance(value, str):
        return escape(_FORBIDDEN.sub("", value))
    return number(value)
