"""Puts values into texts with `{placeholders}`.

Not `str.format`: a vendor's name may itself hold braces, and a text must never reach into an
object. A text is read once from left to right, so nothing inside a value is ever replaced.
"""

import re

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class PlaceholderWithoutValue(LookupError):
    """A text names a placeholder that no value was given for; attribute `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no value for {{{name}}}")
        self.name = name


def placeholders(text: str) -> frozenset[str]:
    """Names of the placeholders in a text, without braces."""
    return frozenset(_PLACEHOLDER.findall(text))


def fill(text: str, *, vendor: str, **values: str | int) -> str:
    """The text with every placeholder replaced; values stand exactly as given, never inflected.

    `vendor` fills both `{v}` (questions, promises) and `{vendor}` (mails). Raises
    PlaceholderWithoutValue rather than showing a brace to a reader. The result is plain text: a
    page still has to escape it.
    """
    known = {"v": vendor, "vendor": vendor, **values}

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in known:
            raise PlaceholderWithoutValue(name)
        return str(known[name])

    return _PLACEHOLDER.sub(value_of, text)
