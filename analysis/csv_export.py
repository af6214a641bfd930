"""CSV in two kinds, streamed: RFC 4180 for machines, and one that Polish Excel opens as it is.

Text cells and headings that a spreadsheet could take for a formula get an apostrophe in front;
numbers stay numbers. Source: RFC 4180; reliability, section 2d ("formula on export").
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from analysis.export_table import Cell, Table
from surveys.contact_file.formulas import as_text_cell

BLOCK_ROWS = 200


@dataclass(frozen=True, slots=True)
class CsvKind:
    """Separator, byte order mark and decimal sign of one kind of CSV."""

    name: str
    separator: str
    has_mark: bool
    decimal: str


PLAIN = CsvKind("csv", ",", has_mark=False, decimal=".")
EXCEL = CsvKind("csv-excel", ";", has_mark=True, decimal=",")
CSV_KINDS = {kind.name: kind for kind in (PLAIN, EXCEL)}


def csv_bytes(table: Table, kind: CsvKind) -> Iterator[bytes]:
    """The file in pieces; memory does not grow with its length."""
    if kind.has_mark:
        yield b"\xef\xbb\xbf"
    block = StringIO()
    writer = csv.writer(block, delimiter=kind.separator, lineterminator="\r\n")
    writer.writerow([as_text_cell(heading) for heading in table.headings])
    rows = table.rows
    if table.lines is not None:
        yield _taken(block)
        yield from table.lines.pieces(kind.separator)
        rows = table.lines.rest
    for number, row in enumerate(rows, start=1):
        writer.writerow(_written(row, kind))
        if number % BLOCK_ROWS == 0:
            yield _taken(block)
    yield _taken(block)


def _written(row: Sequence[Cell], kind: CsvKind) -> list[str]:
    return [_cell(value, kind) for value in row]


def _cell(value: Cell, kind: CsvKind) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return as_text_cell(value)
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace(".", kind.decimal)


def _taken(block: StringIO) -> bytes:
    text = block.getvalue()
    block.seek(0)
    block.truncate()
    return text.encode("utf-8")
