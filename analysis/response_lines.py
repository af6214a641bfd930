"""The lines of a CSV file of sent responses, written by PostgreSQL, block by block.

Its COPY gives wide rows out as CSV; Python passes the lines on and looks closer only where a cell
could be taken for a formula. Memory does not grow with the wave, and no row is skipped over: a
block begins after the last id of the one before. Blocks are read on the session's snapshot, which
must stay the same for all of them.

Source: performance, "export" (stream COPY on PostgreSQL, never by OFFSET).
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.response_columns import Column
from analysis.wide_responses import Span, WideRows
from surveys.contact_file.formulas import FORMULA_BEGINNING, as_text_cell
from surveys.models import Invitation, Wave

#: Responses of the first block, so that the first line comes at once, and of those after it.
FIRST_BLOCK, NEXT_BLOCKS = 2_000, 50_000
LINES_AT_ONCE = 250


def response_lines(
    session: Session,
    wave: Wave,
    columns: Sequence[Column],
    separator: str,
    *,
    with_addresses: bool,
) -> Iterator[bytes]:
    """Lines of the wave's sent responses in the order of their ids, several at once."""
    checked = _Checked(separator)
    for span in _spans(session, wave):
        rows = WideRows(span, columns, with_addresses=with_addresses)
        lines = _copied(session, rows, separator)
        while some := list(islice(lines, LINES_AT_ONCE)):
            yield checked.finished(some)


def _spans(session: Session, wave: Wave) -> Iterator[Span]:
    """Ranges of ids that hold so many invitations of the wave each."""
    of_wave = Invitation.wave_id + 0 == wave.id
    first = session.scalar(select(func.min(Invitation.id)).where(Invitation.wave_id == wave.id))
    if first is None:
        return
    after, size = first - 1, FIRST_BLOCK
    while True:
        ids = select(Invitation.id).where(of_wave, Invitation.id > after)
        block = ids.order_by(Invitation.id).limit(size).subquery()
        last = session.scalar(select(func.max(block.c.id)))
        if last is None:
            return
        yield Span(wave, after, last)
        after, size = last, NEXT_BLOCKS


# Lines end with \n here; `_Checked` gives them the ends of RFC 4180.


def _copied(session: Session, rows: WideRows, separator: str) -> Iterator[str]:
    """Lines as PostgreSQL's COPY writes them, one message each."""
    query = rows.select(*(cell.label(f"c{n}") for n, cell in enumerate(rows.cells())))
    compiled = query.compile(dialect=session.get_bind().dialect)
    statement = f"COPY ({compiled}) TO STDOUT WITH (FORMAT csv, DELIMITER '{separator}')"
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(statement, compiled.params) as copy:
        for message in copy:
            yield bytes(message).decode()


class _Checked:
    """Lines made safe for spreadsheets, with the ends that RFC 4180 asks for."""

    def __init__(self, separator: str) -> None:
        self._separator = separator
        # May also hit within a quoted cell; then the line is read, and comes out as it was.
        self._suspicious = re.compile(f'[{separator}]"?{FORMULA_BEGINNING}').search

    def finished(self, lines: list[str]) -> bytes:
        """The lines as they go into the file."""
        text = "".join(lines)
        if self._suspicious(text):
            text = "".join(self._safe(line) for line in lines)
        return _with_line_ends(text).encode("utf-8")

    def _safe(self, line: str) -> str:
        if not self._suspicious(line):
            return line
        written = StringIO(newline="")
        writer = csv.writer(written, delimiter=self._separator, lineterminator="\n")
        reader = csv.reader(StringIO(line, newline=""), delimiter=self._separator)
        writer.writerows(map(as_text_cell, row) for row in reader)
        return written.getvalue()


def _with_line_ends(text: str) -> str:
    """\\r\\n at the end of each line, and none within quotes."""
    if '"' not in text:
        return text.replace("\n", "\r\n")
    # Every second part stands outside of quotes; two quotes in a cell have an empty part between.
    parts = text.split('"')
    parts[::2] = (part.replace("\n", "\r\n") for part in parts[::2])
    return '"'.join(parts)
