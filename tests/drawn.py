"""Reads the charts' drawings back: parsing, parts by class, places in percent."""

from xml.etree.ElementTree import Element, fromstring

from hypothesis import strategies as st
from markupsafe import Markup

from analysis.charts import Axis, Mark

TENS = Axis(0, 100)

scores = st.floats(0, 100)


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    """Marks of all kinds: with an interval, without, and with words instead of a number."""
    low, value, high = sorted(draw(st.tuples(scores, scores, scores)))
    return draw(st.sampled_from([Mark(value, low, high), Mark(value), Mark(value, text="about")]))


def parsed(markup: Markup) -> Element:
    # Our own output, a few kilobytes, never a file from outside.
    return fromstring(f"<all>{markup}</all>")  # noqa: S314


def by_class(markup: Markup, css_class: str) -> list[Element]:
    return [
        part for part in parsed(markup).iter() if css_class in (part.get("class") or "").split()
    ]


def place(part: Element, attribute: str) -> float:
    written = part.get(attribute)
    assert written is not None
    assert written.endswith("%")
    return float(written[:-1])


def stretch(part: Element) -> tuple[float, float]:
    return place(part, "x1"), place(part, "x2")


def partner_place(markup: Markup) -> float:
    return place(by_class(markup, "m-p")[0], "cx")


def staff_place(markup: Markup) -> float:
    inner = [
        part for part in parsed(markup).iter("svg") if part.find("path[@class='m-s']") is not None
    ]
    return place(inner[0], "x")


def printed(markup: Markup) -> list[str]:
    return [part.text or "" for part in parsed(markup).iter("text")]
