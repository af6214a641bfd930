"""The error file: refused rows as they were, with the reasons, to be corrected and uploaded again.

It is a CSV in UTF-8 with a mark, so that a spreadsheet opens it with its letters intact, and with
the separator of the uploaded file. Two columns are added, `error_code` and `error_text`; the reader
leaves them out, and a second error file replaces them. Text that looks like a formula is written as
`formulas.py` says, and read back as it was.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO

from surveys.contact_file.formulas import as_text_cell
from surveys.contact_file.headings import fold
from surveys.contact_file.problems import RowError, error_text
from surveys.contact_file.rows import BadRow
from surveys.contact_file.table import Separator, Table

ERROR_COLUMNS = ("error_code", "error_text")

_ADDED = frozenset(map(fold, ERROR_COLUMNS))


def error_file(
    table: Table, rows: Iterable[BadRow], *, describe: Callable[[RowError], str] = error_text
) -> Iterator[bytes]:
    """The error file in pieces, one a row; `describe` gives the sentence in the reader's language.

    Several reasons of one row stand in one cell, each sentence after the heading of its column.
    """
    kept = [at for at, heading in enumerate(table.header) if fold(heading) not in _ADDED]
    header = [*(table.header[at] for at in kept), *ERROR_COLUMNS]
    yield b"\xef\xbb\xbf" + _line(header, table.separator)
    for row in rows:
        codes = " ".join(error.code for error in row.errors)
        texts = " ".join(_described(error, describe) for error in row.errors)
        own = [row.cells[at] if at < len(row.cells) else "" for at in kept]
        # Cells beyond the headings stay beyond them, where the person who corrects sees them.
        beyond = row.cells[len(table.header) :]
        yield _line([*own, codes, texts, *beyond], table.separator)


def _described(error: RowError, describe: Callable[[RowError], str]) -> str:
    return f"{error.column}: {describe(error)}" if error.column else describe(error)


def _line(cells: Sequence[str], separator: Separator) -> bytes:
    line = StringIO()
    writer = csv.writer(line, delimiter=separator.value, lineterminator="\r\n")
    writer.writerow([as_text_cell(cell) for cell in cells])
    return line.getvalue().encode("utf-8", "replace")
