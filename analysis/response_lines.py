"""The lines of a CSV file of sent responses, written by PostgreSQL, block by block.

Its COPY gives wide rows out as CSV; Python passes the lines on and looks closer only where a cell
could be taken for a formula. Memory does not grow with the wave, and no row is skipped over: a
block begins after the last id of the one before. Blocks are read on the session's snapshot, which
must stay the same for all of them.

Source: performance, "export" (stream COPY on PostgreSQL, never by OFFSET).
"""

from collections.abc import Iterator, Sequence
from itertools import chain, islice, repeat
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.csv_lines import SafeLines
from analysis.response_columns import Column
from analysis.wide_responses import Span, WideRows, of_wave_in_order
from surveys.models import Invitation, Wave

#: Responses of the first block, so that the first line comes at once, of the one after it, and so
#: on; the last number holds for all that follow.
BLOCKS = (2_000, 20_000, 200_000)
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
    safe = SafeLines(separator)
    for span in _spans(session, wave):
        rows = WideRows(span, columns, with_addresses=with_addresses)
        lines = _copied(session, rows, separator)
        while some := list(islice(lines, LINES_AT_ONCE)):
            yield safe.finished(some)


def _spans(session: Session, wave: Wave) -> Iterator[Span]:
    """Ranges of ids that hold so many invitations of the wave each."""
    first = session.scalar(select(func.min(Invitation.id)).where(Invitation.wave_id == wave.id))
    if first is None:
        return
    after = first - 1
    for size in chain(BLOCKS, repeat(BLOCKS[-1])):
        ids = select(Invitation.id).where(of_wave_in_order(wave), Invitation.id > after)
        block = ids.order_by(Invitation.id).limit(size).subquery()
        last = session.scalar(select(func.max(block.c.id)))
        if last is None:
            return
        yield Span(wave, after, last)
        after = last


def _copied(session: Session, rows: WideRows, separator: str) -> Iterator[bytes]:
    """Lines as PostgreSQL's COPY writes them, one message each."""
    query = rows.select(*(cell.label(f"c{n}") for n, cell in enumerate(rows.cells())))
    compiled = query.compile(dialect=session.get_bind().dialect)
    statement = f"COPY ({compiled}) TO STDOUT WITH (FORMAT csv, DELIMITER '{separator}')"
    connection: Any = session.connection().connection.driver_connection
    with connection.cursor() as cursor, cursor.copy(statement, compiled.params) as copy:
        for message in copy:
            yield bytes(message)
