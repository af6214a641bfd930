"""Reading a table row by row: each row is good, with its values, or bad, with all its reasons.

This is the part that contact files and orders files have in common; what their rows mean is in
`contacts.py` and `orders.py`. Rows come as a stream and nothing is written anywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any, Generic, TypeVar

from surveys.contact_file.columns import SKIP, UNDECIDED, ColumnMapping, ColumnState
from surveys.contact_file.problems import CellRefused, ErrorCode, RowError
from surveys.contact_file.table import Record, Table, is_blank
from surveys.contact_file.values import Parser

Values = TypeVar("Values")

# Most columns repeat a few values; remembering what they mean halves the time of a large file.
_REMEMBERED_CELLS = 256


@dataclass(frozen=True, slots=True)
class GoodRow(Generic[Values]):
    """A row that can be taken; `number` as a spreadsheet counts, the heading row included."""

    number: int
    values: Values


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is refused, with its cells as they were and everything that is wrong with it."""

    number: int
    cells: tuple[str, ...]
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What became of a file; parts of it can be added up.

    `n_rows` = `n_good` + `n_bad`. Of the good ones contacts are new, changed or as they were;
    `n_suppressed` are those to whom nothing may be mailed, whatever the file says.
    """

    n_rows: int = 0
    n_good: int = 0
    n_bad: int = 0
    n_created: int = 0
    n_changed: int = 0
    n_unchanged: int = 0
    n_suppressed: int = 0
    n_partners_created: int = 0

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        names = [field.name for field in fields(self)]
        return ImportCounts(*(getattr(self, name) + getattr(other, name) for name in names))

    def to_json(self) -> dict[str, int]:
        """What is stored of an import."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column that is read: where it is, what it is called in the file, and how."""

    position: int
    heading: str
    target: str
    parse: Parser


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A row whose cells were read one by one.

    `values` by target, empty cells left out, for `build` to use up; `refused` are the targets
    whose cells could not be read, so that they need not be called missing as well.
    """

    number: int
    values: dict[str, Any]
    refused: frozenset[str]


class RowRefused(Exception):
    """Raised for reasons that lie between the cells of a row; carries them all."""

    def __init__(self, errors: Iterable[RowError]) -> None:
        super().__init__()
        self.errors = tuple(errors)


def mapped_columns(
    mapping: ColumnMapping, parser_of: Callable[[str], Parser]
) -> tuple[MappedColumn, ...]:
    """The columns that are read. Of two with one target the first, as the mapping shows."""
    return tuple(
        MappedColumn(
            column.position,
            column.heading,
            column.target,
            lru_cache(_REMEMBERED_CELLS)(parser_of(column.target)),
        )
        for column in mapping.columns
        if column.target not in {SKIP, UNDECIDED} and column.state is not ColumnState.REPEATED
    )


def read_table(
    table: Table,
    columns: Sequence[MappedColumn],
    build: Callable[[ParsedRow], Values],
) -> Iterator[GoodRow[Values] | BadRow]:
    """Read every row: parse its cells, then `build` its values from what they held.

    `build` raises RowRefused. It is called for rows with bad cells too, so that all reasons are
    known at once.
    """
    n_columns = len(table.header)
    for record in table.records():
        errors = _shape_errors(record, n_columns)
        if not errors:
            parsed, errors = _parsed(record, columns)
            try:
                values = build(parsed)
            except RowRefused as refused:
                errors += refused.errors
        if errors:
            yield BadRow(record.number, tuple(record.cells), tuple(errors))
        else:
            yield GoodRow(record.number, values)


def _parsed(record: Record, columns: Sequence[MappedColumn]) -> tuple[ParsedRow, list[RowError]]:
    values: dict[str, Any] = {}
    refused: list[str] = []
    errors: list[RowError] = []
    cells = record.cells
    for column in columns:
        cell = cells[column.position].strip()
        if cell:
            try:
                values[column.target] = column.parse(cell)
            except CellRefused as refusal:
                refused.append(column.target)
                errors.append(RowError(refusal.code, column.heading, refusal.parameters))
    return ParsedRow(record.number, values, frozenset(refused)), errors


def _shape_errors(record: Record, n_columns: int) -> list[RowError]:
    if record.is_broken:
        return [RowError(ErrorCode.BROKEN_QUOTES)]
    found = len(record.cells)
    if found < n_columns:
        code = ErrorCode.TOO_FEW_CELLS
    elif found > n_columns and not is_blank(record.cells[n_columns:]):
        code = ErrorCode.TOO_MANY_CELLS
    else:
        return []
    return [RowError(code, parameters={"found": found, "expected": n_columns})]
