"""Pieces of CSV lines, and finished lines made safe, where rows do not pass `csv.writer` whole.

Cells and lines are, to the byte, those of csv_export.py: the same quotes, the same apostrophe in
front of what a spreadsheet could take for a formula. Pure; knows nothing of responses.

Source: RFC 4180; method of reliability, section 2d.
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO

from surveys.contact_file.formulas import FORMULA_BEGINNING, as_text_cell

#: Bytes that a formula's cell can begin with in UTF-8, all made the same one: the marks themselves,
#: apostrophes and white space but the line break, and the first bytes of white space and full-width
#: marks beyond ASCII.
_FIRST_BYTES = b"=+-@\t\r\x00' \x0b\x0c\x1c\x1d\x1e\x1f\xc2\xe1\xe2\xe3\xef"
_BEGINNINGS = bytes.maketrans(_FIRST_BYTES, b"=" * len(_FIRST_BYTES))


class TextCells:
    """Texts as cells of a line with this separator."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        self._needs_quotes = re.compile(f'[{separator}"\r\n]').search

    def written(self, text: str | None) -> str:
        """The cell of a text; that of none is empty."""
        if not text:
            return ""
        # What most texts are like, told without the rules: nothing in it to quote or to escape.
        is_plain = text[0].isalnum() and text.isprintable() and '"' not in text
        if is_plain and self._separator not in text:
            return text
        return self._quoted(as_text_cell(text))

    def _quoted(self, text: str) -> str:
        if not self._needs_quotes(text):
            return text
        doubled = text.replace('"', '""')
        return f'"{doubled}"'


class SafeLines:
    """Lines of CSV as PostgreSQL's COPY gives them, made safe for spreadsheets.

    Their ends become those that RFC 4180 asks for.
    """

    def __init__(self, separator: str) -> None:
        self._separator = separator
        mark = separator.encode()
        self._marks = (mark + b"=", mark + b'"=')
        self._line_break = mark + b'"\n'
        # May also hit within a quoted cell; then the line is read, and comes out as it was.
        self._suspicious = re.compile(f'[{separator}]"?{FORMULA_BEGINNING}').search

    def finished(self, lines: Sequence[bytes]) -> bytes:
        """The lines as they go into the file; their first cells are numbers, each ends with \\n."""
        text = b"".join(lines)
        if self._may_hold_formula(text):
            text = b"".join(self._safe(line.decode()).encode() for line in lines)
        return _with_line_ends(text)

    def _may_hold_formula(self, text: bytes) -> bool:
        """A look at bytes: many times cheaper than the rule, and misses nothing that it finds."""
        alike = text.translate(_BEGINNINGS)
        return any(mark in alike for mark in self._marks) or self._line_break in text

    def _safe(self, line: str) -> str:
        if not self._suspicious(line):
            return line
        written = StringIO(newline="")
        # Cells with a lone \r or \n must stay in quotes, hence both in the line's own end.
        writer = csv.writer(written, delimiter=self._separator, lineterminator="\r\n")
        reader = csv.reader(StringIO(line, newline=""), delimiter=self._separator)
        writer.writerows(map(as_text_cell, row) for row in reader)
        return written.getvalue().removesuffix("\r\n") + "\n"


def _with_line_ends(text: bytes) -> bytes:
    """\\r\\n at the end of each line, and none within quotes."""
    if b'"' not in text:
        return text.replace(b"\n", b"\r\n")
    # Every second part stands outside of quotes; two quotes in a cell have an empty part between.
    parts = text.split(b'"')
    parts[::2] = (part.replace(b"\n", b"\r\n") for part in parts[::2])
    return b'"'.join(parts)
