"""The style sheets keep the promises of the design: contrast, size, one set of tokens, icons.

The wanted ratios are the table of the design document, section 2; the sheets are read as text.
"""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from jinja2.exceptions import UndefinedError

from surveys.vendor_colour import READABLE_CONTRAST, WHITE, contrast

ROOT = Path(__file__).resolve().parent.parent
CSS = ROOT / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text(encoding="utf-8")
SHEETS = ["base.css", "respond.css", "dashboard.css", "manage.css"]
MACROS = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)

# What stands on what: token, ground, least ratio. Text needs 4.5, marks and borders 3.
PAIRS = [
    ("ink", "surface", 4.5),
    ("ink-2", "canvas", 4.5),
    ("ink-3", "surface", 4.5),
    ("ink-3", "canvas", 4.5),
    ("ink-3", "sunken", 4.5),
    ("line-strong", "surface", 3),
    ("accent", "surface", 4.5),
    ("accent", "canvas", 4.5),
    ("accent", "accent-soft", 4.5),
    ("btn-ink", "btn", 4.5),
    ("btn-ink", "btn-hover", 4.5),
    ("partner", "surface", 3),
    ("partner", "canvas", 3),
    ("partner", "sunken", 3),
    ("partner-ink", "surface", 4.5),
    ("partner-ink", "partner-soft", 4.5),
    ("staff", "surface", 3),
    ("staff", "canvas", 3),
    ("staff", "sunken", 3),
    ("staff-ink", "surface", 4.5),
    ("staff-ink", "staff-soft", 4.5),
    ("pos", "surface", 3),
    ("pos-ink", "pos-soft", 4.5),
    ("pos-ink", "surface", 4.5),
    ("neg", "surface", 3),
    ("neg-ink", "neg-soft", 4.5),
    ("neg-ink", "surface", 4.5),
    ("neu", "surface", 3),
    ("neu-ink", "neu-soft", 4.5),
    ("mix", "surface", 3),
    ("mix-ink", "mix-soft", 4.5),
    ("warn-ink", "warn-soft", 4.5),
    ("ink", "heat-1", 4.5),
    ("ink", "heat-2", 4.5),
    ("ink", "heat-3", 4.5),
    ("ink", "heat-4", 4.5),
    ("ink", "heat-5", 4.5),
    # Shares printed on the bars of sentiment, and numbers on filled points of the quadrant.
    ("surface", "neg", 4.5),
    ("surface", "mix", 4.5),
    ("surface", "neu", 4.5),
    ("surface", "pos", 4.5),
    # The toast: ground and text swapped.
    ("surface", "ink", 4.5),
    # Hidden cells: the dash on either stripe.
    ("ink-3", "line", 3),
]

# The published figures: token, ground, ratio in light, ratio in dark.
PUBLISHED = [
    ("ink", "surface", 16.1, 14.4),
    ("ink-2", "canvas", 7.9, 10.8),
    ("ink-3", "canvas", 5.3, 7.5),
    ("line-strong", "surface", 3.9, 4.4),
    ("accent", "canvas", 7.9, 8.2),
    ("btn-ink", "btn", 16.1, 15.6),
    ("partner", "surface", 5.2, 7.2),
    ("partner-ink", "surface", 7.3, 9.1),
    ("staff", "surface", 4.8, 7.2),
    ("staff-ink", "surface", 6.8, 9.0),
    ("neg", "surface", 7.8, 5.1),
    ("neg-ink", "neg-soft", 7.2, 7.3),
    ("mix", "surface", 5.1, 8.5),
    ("mix-ink", "mix-soft", 6.9, 8.1),
    ("neu", "surface", 5.0, 6.4),
    ("neu-ink", "neu-soft", 7.4, 7.8),
    ("pos", "surface", 4.9, 10.8),
    ("pos-ink", "pos-soft", 7.0, 7.2),
    ("warn-ink", "warn-soft", 7.4, 8.7),
    ("ink", "heat-1", 8.5, 7.8),
    ("ink", "heat-5", 9.1, 5.6),
]


def without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)


def declarations(block: str) -> dict[str, str]:
    """Custom properties of one rule; the image of a select's arrow holds no semicolon."""
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


def scheme(opening: str) -> dict[str, str]:
    start = TOKENS.index(opening) + len(opening)
    return declarations(TOKENS[start : TOKENS.index("\n}", start)])


LIGHT = scheme(":root {")
DARK = scheme(":root:not([data-theme=light]) {")
SCHEMES = {"light": LIGHT, "dark": DARK}


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize(("token", "ground", "least"), PAIRS)
def test_what_stands_on_a_ground_can_be_read(
    name: str, token: str, ground: str, least: float
) -> None:
    colours = SCHEMES[name]

    assert contrast(colours[token], colours[ground]) >= least


@pytest.mark.parametrize(("token", "ground", "light", "dark"), PUBLISHED)
def test_contrast_is_what_the_design_publishes(
    token: str, ground: str, light: float, dark: float
) -> None:
    measured = [round(contrast(each[token], each[ground]), 1) for each in (LIGHT, DARK)]

    assert measured == [light, dark]


def test_dark_is_the_same_whether_the_system_or_the_page_asks_for_it() -> None:
    assert scheme(":root[data-theme=dark] {") == DARK


def test_dark_gives_every_colour_a_value_of_its_own() -> None:
    colours = {token for token, value in LIGHT.items() if value.startswith("#")}

    # White text stands on the vendor's colour in both schemes.
    assert colours - DARK.keys() == {"vendor"}
    assert DARK.keys() <= LIGHT.keys()


def test_dark_never_reaches_paper() -> None:
    opened = re.findall(r"(@media [^{]+)\{ :root", TOKENS)

    assert len(opened) == 2
    assert all("screen" in query for query in opened)


def test_white_is_readable_on_the_standing_vendor_colour() -> None:
    assert contrast(WHITE, LIGHT["vendor"]) >= READABLE_CONTRAST


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_uses_only_tokens_that_exist(sheet: str) -> None:
    css = without_comments((CSS / sheet).read_text(encoding="utf-8"))
    used = set(re.findall(r"var\(--([\w-]+)\)", css))
    own = set(re.findall(r"[{;]\s*--([\w-]+):", css))

    assert used - LIGHT.keys() - own == set()


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_names_no_colour_of_its_own(sheet: str) -> None:
    css = without_comments((CSS / sheet).read_text(encoding="utf-8"))
    named = set(re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\([^)]*\)|hsla?\(", css))

    # White text on the vendor's square, and the veil behind a dialog, are the same in both.
    assert named <= {"#fff", "rgb(0 0 0/.4)"}


@pytest.mark.parametrize("sheet", [*SHEETS, "tokens.css"])
def test_a_sheet_loads_nothing_from_elsewhere(sheet: str) -> None:
    css = (CSS / sheet).read_text(encoding="utf-8")

    assert "@import" not in css
    assert "@font-face" not in css
    assert all(target.startswith('"data:') for target in re.findall(r"url\(([^)]*)", css))


@pytest.mark.parametrize("sheet", [*SHEETS, "tokens.css"])
def test_braces_of_a_sheet_are_balanced(sheet: str) -> None:
    css = without_comments((CSS / sheet).read_text(encoding="utf-8"))

    assert css.count("{") == css.count("}")


@pytest.mark.parametrize("sheet", ["base.css", "respond.css"])
def test_motion_stops_for_people_who_ask_for_it(sheet: str) -> None:
    assert "prefers-reduced-motion" in (CSS / sheet).read_text(encoding="utf-8")


def test_styles_of_the_survey_page_stay_under_14_kilobytes() -> None:
    sizes = [(CSS / name).stat().st_size for name in ("tokens.css", "respond.css")]

    assert sum(sizes) < 14_000


def call(template: str, name: str, *arguments: object) -> str:
    return str(getattr(MACROS.get_template(f"macros/{template}").module, name)(*arguments))


def test_a_sprite_holds_each_named_icon_once_and_no_other() -> None:
    sprite = call("icons.html", "icon_sprite", ["lock", "check", "lock"])

    assert re.findall(r'id="i-(\w+)"', sprite) == ["check", "lock"]


def test_an_icon_is_drawn_from_the_sprite_and_hidden_from_screen_readers() -> None:
    icon = call("icons.html", "icon", "lock", "i-s")

    assert icon == '<svg class="i i-s" aria-hidden="true"><use href="#i-lock"/></svg>'


@pytest.mark.parametrize(("name", "argument"), [("icon_sprite", ["nonsense"]), ("glyph", "odd")])
def test_an_unknown_icon_is_an_error(name: str, argument: object) -> None:
    with pytest.raises(UndefinedError):
        call("icons.html", name, argument)


def test_signs_of_sentiment_differ_in_shape() -> None:
    assert len({call("icons.html", "glyph", kind) for kind in ("neg", "mix", "neu", "pos")}) == 4


def test_the_voices_keep_their_marks() -> None:
    assert '<circle class="m-p"' in call("logo.html", "voice_mark", "partner")
    assert '<path class="m-s"' in call("logo.html", "voice_mark", "staff")


def test_a_vendors_initial_and_colour_are_escaped() -> None:
    square = call("logo.html", "vendor_square", "<b>", '"><script>')

    assert "<b>" not in square
    assert "<script>" not in square


@pytest.mark.parametrize("template", ["icons.html", "logo.html"])
def test_drawings_carry_no_style_and_no_script(template: str) -> None:
    source = (ROOT / "templates" / "macros" / template).read_text(encoding="utf-8")

    assert "style=" not in source
    assert "<script" not in source
