"""From text to rows of cells: separator, heading row, quotation marks, line breaks in cells.

A row that cannot be cut into cells never swallows the rows below it. Rows are numbered as a
spreadsheet numbers them, the heading row among them. Nothing here knows what a column means.
"""

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TextIO

from surveys.contact_file.decoding import Decoded
from surveys.contact_file.formulas import from_text_cell
from surveys.contact_file.problems import FileProblem, FileRefused

MAX_COLUMNS = 200
MAX_LINES_IN_ROW = 100

_SAMPLE_ROWS = 50
_HINT = "sep="
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_BLANK = " \t\r\n\x1a\ufeff\u00a0"


class Separator(StrEnum):
    """What stands between the cells of a row."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in the file; number 1 is the first row of the file.

    `is_broken` when its quotation marks do not pair up; its cells are then cut at each separator.
    """

    number: int
    cells: Sequence[str]
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A text file with a heading row. Its rows are read as often as asked, never kept."""

    decoded: Decoded
    separator: Separator
    header: tuple[str, ...]
    header_number: int

    def records(self) -> Iterator[Record]:
        """The rows below the heading row, blank ones left out."""
        for record in _records(self.decoded, self.separator):
            if record.number > self.header_number and not is_blank(record.cells):
                yield record


def open_table(decoded: Decoded, *, separator: Separator | None = None) -> Table:
    """Find separator (or take the one that a person chose) and heading row.

    Raises FileRefused: no heading row, one that is broken, or more than 200 columns.
    """
    chosen = separator or _detected_separator(decoded)
    rows = (row for row in _records(decoded, chosen) if not is_blank(row.cells))
    record = next(rows, None)
    if record is None:
        raise FileRefused(FileProblem.EMPTY)
    header = _trimmed(record.cells)
    if record.is_broken:
        raise FileRefused(FileProblem.HEADER_BROKEN)
    if len(header) > MAX_COLUMNS:
        raise FileRefused(FileProblem.TOO_MANY_COLUMNS, found=len(header), limit=MAX_COLUMNS)
    if any(_ADDRESS.fullmatch(heading) for heading in header):
        raise FileRefused(FileProblem.NO_HEADER)
    return Table(decoded, chosen, header=header, header_number=record.number)


def count_rows(table: Table) -> int:
    """How many rows stand below the heading row; reads the file once."""
    return sum(1 for _ in table.records())


def example_cells(table: Table) -> tuple[str, ...]:
    """For each column the first cell of the first rows that holds something, else ''."""
    rows = [record.cells for record in islice(table.records(), _SAMPLE_ROWS)]
    return tuple(
        next((row[at].strip() for row in rows if at < len(row) and row[at].strip()), "")
        for at in range(len(table.header))
    )


def is_blank(cells: Sequence[str]) -> bool:
    """Whether a row holds nothing at all."""
    return not any(cell.strip(_BLANK) for cell in cells)


class _Lines:
    """The lines of a file; those that were read ahead in vain can be put back."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self._waiting: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return self._waiting.popleft() if self._waiting else next(self._lines)

    def put_back(self, lines: Sequence[str]) -> None:
        self._waiting.extendleft(reversed(lines))


def _records(decoded: Decoded, separator: Separator) -> Iterator[Record]:
    """All rows of a file, blank ones too; a first line 'sep=;' is no row."""
    with decoded.open() as text:
        lines = _Lines(text)
        first = next(lines, "")
        if not _hinted(first):
            lines.put_back([first])
        for number, line in enumerate(lines, start=1):
            if '"' in line:
                yield _quoted_record(number, line, lines, separator)
            else:
                yield Record(number, _plain_cells(line, separator))


def _quoted_record(number: int, line: str, lines: _Lines, separator: Separator) -> Record:
    """A row with quotation marks, which may go on over the next lines.

    A mark that is never closed would swallow the rest of the file: then this line alone is a
    broken row, and what was read ahead is put back.
    """
    ahead: list[str] = []

    def lines_of_row() -> Iterator[str]:
        yield line
        for following in islice(lines, MAX_LINES_IN_ROW):
            ahead.append(following)
            yield following

    try:
        cells = next(csv.reader(lines_of_row(), delimiter=separator, strict=True))
    except csv.Error:
        lines.put_back(ahead)
        return Record(number, _plain_cells(line, separator), is_broken=True)
    return Record(number, [from_text_cell(cell) for cell in cells])


def _plain_cells(line: str, separator: Separator) -> list[str]:
    cells = line.rstrip("\r\n").split(separator)
    return [from_text_cell(cell) for cell in cells] if "'" in line else cells


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    """Headings without the empty ones at the end, which spreadsheets like to add."""
    header = [cell.strip(_BLANK) for cell in cells]
    while not header[-1]:
        header.pop()
    return tuple(header)


def _hinted(first_line: str) -> Separator | None:
    """The separator that a first line 'sep=;' names, as spreadsheets understand it."""
    line = first_line.strip(" \r\n\ufeff").strip('"').lower()
    hint = line.removeprefix(_HINT)
    if hint == line or hint not in set(Separator):
        return None
    return Separator(hint)


def _detected_separator(decoded: Decoded) -> Separator:
    """The separator that cuts most rows into as many cells as the first row, and into more."""
    with decoded.open() as text:
        hinted = _hinted(text.readline())
    return hinted or max(Separator, key=lambda separator: _fit(decoded, separator))


def _fit(decoded: Decoded, separator: Separator) -> tuple[float, int]:
    rows = (record.cells for record in _records(decoded, separator))
    lengths = [len(cells) for cells in islice(rows, _SAMPLE_ROWS) if not is_blank(cells)]
    if not lengths or lengths[0] == 1:
        return (0.0, 1)
    alike = sum(length == lengths[0] for length in lengths) / len(lengths)
    return (round(alike, 1), lengths[0])
