"""An Excel workbook of a table: text stays text, numbers are numbers, the headings stay in view.

Text needs no apostrophe here: a cell says itself that it holds text, so nothing is taken for a
formula, a link or a number. Memory does not grow with the table: rows go to a file, which is read
out once it is whole. Source: ECMA-376 (SpreadsheetML); limits of a sheet as Excel gives them.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO, Any
from xml.sax.saxutils import escape

from analysis.export_table import RowOfCells, Table, pieces_of

#: Rows below the headings of one sheet; what is more goes to the next sheet.
SHEET_ROWS = 1_048_575
NARROWEST, WIDEST = 8, 40
#: Two code points that XML cannot hold in any spelling.
NOT_IN_XML = str.maketrans({"\ufffe": "\ufffd", "\uffff": "\ufffd"})


def xlsx_bytes(table: Table, *, sheet_rows: int = SHEET_ROWS) -> Iterator[bytes]:
    """The workbook in pieces; it is written before the first piece is taken."""
    file = TemporaryFile()  # noqa: SIM115 - closed when the last piece is taken
    _write(file, table, sheet_rows)
    file.seek(0)
    return pieces_of(file)


def _write(file: IO[bytes], table: Table, sheet_rows: int) -> None:
    # Loaded by whoever asks for a workbook; every process would wait for it.
    from xlsxwriter import Workbook  # type: ignore[import-untyped] # it has no types

    with TemporaryDirectory() as folder:
        options = {"constant_memory": True, "tmpdir": folder}
        with Workbook(file, options) as workbook:
            workbook.use_zip64()
            bold = workbook.add_format({"bold": True})
            for rows in _sheets(table.rows, sheet_rows):
                _write_sheet(workbook, table.headings, rows, bold)


def _sheets(rows: Iterable[RowOfCells], sheet_rows: int) -> Iterator[Iterable[RowOfCells]]:
    """The rows of each sheet; at least one sheet, and none without rows after it."""
    left = iter(rows)
    yield islice(left, sheet_rows)
    for row in left:
        yield chain([row], islice(left, sheet_rows - 1))


def _write_sheet(
    workbook: Any, headings: Iterable[str], rows: Iterable[RowOfCells], bold: Any
) -> None:
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    for column, heading in enumerate(headings):
        sheet.set_column(column, column, min(max(len(heading) + 2, NARROWEST), WIDEST))
        sheet.write_string(0, column, _text(heading), bold)
    for number, row in enumerate(rows, start=1):
        _write_row(sheet, number, row)


def _write_row(sheet: Any, number: int, row: RowOfCells) -> None:
    for column, value in enumerate(row):
        if isinstance(value, str):
            sheet.write_string(number, column, _text(value))
        elif value is not None:
            sheet.write_number(number, column, value)


def _text(text: str) -> str:
    """The text as the library shall take it."""
    text = text.translate(NOT_IN_XML)
    if text.startswith("<r>") and text.endswith("</r>"):
        # The library takes such a text for finished XML and would not escape it.
        return f'<r><t xml:space="preserve">{escape(text)}</t></r>'
    return text
