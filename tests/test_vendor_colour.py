"""The vendor's colour is kept when white is readable on it, and darkened in its hue if not."""

import colorsys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.vendor_colour import READABLE_CONTRAST, WHITE, contrast, readable_vendor_colour

colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: "#{:02X}{:02X}{:02X}".format(*rgb))


def shares(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_black_on_white_has_the_largest_contrast() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)


def test_known_contrast_of_wcag_grey() -> None:
    # #767676 is the well-known lightest grey that passes on white, #777777 just fails.
    assert contrast("#767676", WHITE) >= 4.5
    assert contrast("#777777", WHITE) < 4.5


@pytest.mark.parametrize("written", ["#0E4B5A", "0e4b5a", " #0E4B5A "])
def test_a_readable_colour_is_kept_however_it_is_written(written: str) -> None:
    assert readable_vendor_colour(written) == "#0E4B5A"


def test_three_digits_mean_each_digit_twice() -> None:
    assert readable_vendor_colour("#025") == "#002255"


def test_white_becomes_a_grey_that_carries_white_text() -> None:
    assert readable_vendor_colour("#FFFFFF") == "#767676"


@pytest.mark.parametrize(
    "text", ["", "#", "#12345", "#GGGGGG", "red", "#0E4B5A;", 'x"onload="', "#١٢٣"]
)
def test_what_is_not_a_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal colour"):
        readable_vendor_colour(text)


@given(colours)
def test_white_is_always_readable_on_the_result(colour: str) -> None:
    assert contrast(WHITE, readable_vendor_colour(colour)) >= READABLE_CONTRAST


@given(colours)
def test_a_result_is_not_darkened_again(colour: str) -> None:
    once = readable_vendor_colour(colour)

    assert readable_vendor_colour(once) == once


@given(colours)
def test_darkening_is_no_stronger_than_needed(colour: str) -> None:
    result = readable_vendor_colour(colour)

    if result != colour:
        # One step of a channel is up to 0.09 of contrast in this range.
        assert contrast(WHITE, result) < READABLE_CONTRAST + 0.1


@given(colours)
def test_hue_stays_the_vendors(colour: str) -> None:
    before = colorsys.rgb_to_hsv(*shares(colour))
    after = colorsys.rgb_to_hsv(*shares(readable_vendor_colour(colour)))

    if before[1] > 0.2 and before[2] > 0.2:
        distance = abs(before[0] - after[0])
        assert min(distance, 1 - distance) < 0.02


@given(colours, colours)
def test_contrast_does_not_depend_on_the_order(first: str, second: str) -> None:
    assert contrast(first, second) == contrast(second, first)
