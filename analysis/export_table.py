"""A table on its way into a file: headings and rows of plain values, and what the columns mean."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import IO

Cell = str | int | float | None
RowOfCells = Sequence[Cell]
PIECE_BYTES = 64 * 1024


class Sort(StrEnum):
    """What a column holds. An instant is text in ISO 8601 with its offset."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"


class Measure(StrEnum):
    """What may be done with a column's numbers, in the words of SPSS."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SCALE = "scale"


@dataclass(frozen=True, slots=True)
class Variable:
    """What a statistics program is told of a column, beside its heading.

    `values` names stored numbers; `missing` gives each word that may stand in place of a number the
    number that is stored for it and not counted with.
    """

    sort: Sort = Sort.TEXT
    label: str = ""
    measure: Measure = Measure.NOMINAL
    values: Mapping[int, str] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    decimals: int = 0


@dataclass(frozen=True, slots=True)
class ReadyLines:
    """The same rows as finished lines of a CSV file, many times faster; then the rows left over.

    `pieces` gives the lines for a separator: safe for spreadsheets, ended by a line end of RFC
    4180, in UTF-8. Only a table without fractions may have them, since nobody looks at its numbers.
    """

    pieces: Callable[[str], Iterator[bytes]]
    rest: Iterable[RowOfCells] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; rows may be a stream. Without variables, all columns are text."""

    headings: Sequence[str]
    rows: Iterable[RowOfCells]
    variables: Sequence[Variable] = ()
    lines: ReadyLines | None = None


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """What is left of a file that was written as a whole; it is closed after the last piece."""
    with file:
        while piece := file.read(PIECE_BYTES):
            yield piece
