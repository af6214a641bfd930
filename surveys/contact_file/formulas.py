"""Text that a spreadsheet would take for a formula, written so that it stays text, and read back.

Rule, in both directions: a cell that begins with = + - @, tab, carriage return or NUL (also in
full-width form, also after spaces) gets one apostrophe in front; a cell that begins with an
apostrophe before such a beginning loses one. Numbers are written by whoever knows that they are
numbers, and do not pass here. Source: method of reliability, section 2d.
"""

import re

#: What a spreadsheet could take for a formula begins like this.
FORMULA_BEGINNING = r"'*\s*[=+\-@\t\r\x00＝＋－＠]"
_FORMULA = re.compile(FORMULA_BEGINNING)


def as_text_cell(text: str) -> str:
    """The text as it can be written to a file that a spreadsheet will open."""
    return "'" + text if _FORMULA.match(text) else text


def from_text_cell(cell: str) -> str:
    """The text that `as_text_cell` wrote; every text comes back as it was."""
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell, 1) else cell
