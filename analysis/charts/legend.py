"""Legends of the charts, and the patterns that charts on a page refer to."""

from markupsafe import Markup

from analysis.charts.svg import Attributes, element, escaped, rectangle

_PLAIN = {"viewBox": "0 0 18 14", "aria-hidden": "true"}


def voices_legend(
    partner: str, staff: str, *, interval: str | None = None, bigger_than_chance: str | None = None
) -> Markup:
    """The list of signs: the two voices, and where words are given, interval and clear gap."""
    entries = [
        (_sample(element("circle", {"class": "m-p", "cx": 9, "cy": 7, "r": 6})), partner),
        (_sample(element("path", {"class": "m-s", "d": "M9 1l6 6-6 6-6-6z"})), staff),
    ]
    if interval is not None:
        entries.append((_sample(element("path", {"class": "ci-p", "d": "M2 7h14"})), interval))
    if bigger_than_chance is not None:
        stroke = element("path", {"class": "gapline sig", "d": "M1 7h16"})
        entries.append((_sample(stroke), bigger_than_chance))
    return _list(entries)


def sentiment_legend(*, negative: str, mixed: str, neutral: str, positive: str) -> Markup:
    """The list of the four kinds in their fixed order, negative with its hatched edge."""
    kinds = (("neg", negative), ("mix", mixed), ("neu", neutral), ("pos", positive))
    return _list([(_sample(*_swatch(kind)), words) for kind, words in kinds])


def chart_patterns() -> Markup:
    """The hatches `#hatch` (negative) and `#hidden`; once a page, before the first chart."""
    hatch = _pattern("hatch", width=6, css_class="hatch")
    hidden = _pattern("hidden", width=10, css_class="hatch-h")
    frame: Attributes = {"class": "vh", "width": 0, "height": 0, "aria-hidden": "true"}
    return element("svg", frame, element("defs", {}, hatch, hidden))


def _pattern(name: str, *, width: int, css_class: str) -> Markup:
    attributes: Attributes = {
        "id": name,
        "width": width,
        "height": width,
        "patternUnits": "userSpaceOnUse",
        "patternTransform": "rotate(45)",
    }
    stroke = element("path", {"class": css_class, "d": f"M0 0V{width}"})
    return element("pattern", attributes, stroke)


def _swatch(kind: str) -> list[Markup]:
    parts = [rectangle(f"f-{kind}", width=18, height=14, rx=3)]
    if kind == "neg":
        parts.append(rectangle(None, width=18, height=5, y=9, fill="url(#hatch)"))
    return parts


def _sample(*shapes: Markup) -> Markup:
    return element("svg", _PLAIN, *shapes)


def _list(entries: list[tuple[Markup, str]]) -> Markup:
    items = [element("li", {}, drawing, escaped(words)) for drawing, words in entries]
    return element("ul", {"class": "legend"}, *items)
