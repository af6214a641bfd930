"""The vendor's colour on survey and mail: is white readable on it, and what to use if not.

Contrast as WCAG 2.2 defines it. This module does not store a colour and knows no page.
"""

import re

WHITE = "#FFFFFF"
READABLE_CONTRAST = 4.5

_HEX = re.compile(r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", re.ASCII)


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 (equal) to 21 (black on white); order does not matter.

    Colours are hexadecimal, `#RRGGBB` or `#RGB`. Raises ValueError for anything else.
    Source: WCAG 2.2, "contrast ratio" and "relative luminance".
    """
    darker, lighter = sorted((_luminance(_channels(first)), _luminance(_channels(second))))
    return (lighter + 0.05) / (darker + 0.05)


def readable_vendor_colour(colour: str) -> str:
    """The colour as `#RRGGBB`, darkened just enough that white on it reaches 4.5:1.

    A colour that is dark enough comes back as it is. Darkening multiplies the three channels by
    one factor, so hue and saturation stay the vendor's.
    Raises ValueError if the text is not a hexadecimal colour.
    """
    channels = _channels(colour)
    # 256 steps are finer than a channel can show, and end at black, which always passes.
    darkened = (_hexadecimal(channels, step / 256) for step in range(256, -1, -1))
    return next(candidate for candidate in darkened if _is_readable(candidate))


def _is_readable(colour: str) -> bool:
    return contrast(WHITE, colour) >= READABLE_CONTRAST


def _channels(colour: str) -> tuple[int, int, int]:
    match = _HEX.fullmatch(colour.strip())
    if match is None:
        raise ValueError(f"not a hexadecimal colour: {colour!r}")
    digits = match[1] if len(match[1]) == 6 else "".join(digit * 2 for digit in match[1])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _hexadecimal(channels: tuple[int, int, int], factor: float) -> str:
    return "#" + "".join(f"{round(channel * factor):02X}" for channel in channels)


def _luminance(channels: tuple[int, int, int]) -> float:
    red, green, blue = (_linear(channel / 255) for channel in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4
