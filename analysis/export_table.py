"""A table on its way into a file: headings and rows of plain values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Cell = str | int | float | None
RowOfCells = Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows; rows may be a stream."""

    headings: Sequence[str]
    rows: Iterable[RowOfCells]
