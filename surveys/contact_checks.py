"""What is known of an uploaded contact file before it is imported: columns, counts, refused rows.

Plain values, made of the report of a dry run, shown by a page and stored as JSON, because a page
is fetched without reading the file again. Nothing here touches the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from surveys.contact_file import (
    BadRow,
    ColumnMapping,
    ColumnState,
    ContactField,
    Encoding,
    ErrorCode,
    ImportCounts,
    RowError,
    Separator,
    Table,
    count_rows,
    example_cells,
)
from surveys.contacts import ImportReport

SHOWN_ROWS = 50
SHOWN_PARTNERS = 10
SHOWN_CELL_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """How a person wants the file read; what is not chosen is found out.

    `targets` by position of the column; `default_locale` is for new people without a language.
    """

    default_locale: str
    targets: Mapping[int, str] = field(default_factory=dict)
    encoding: Encoding | None = None
    separator: Separator | None = None


@dataclass(frozen=True, slots=True)
class CheckedColumn:
    """A column of the file, the first thing that stands in it, and what it is taken for."""

    position: int
    heading: str
    example: str
    target: str
    state: ColumnState

    @property
    def is_open(self) -> bool:
        """Whether a person must choose."""
        return self.state in {ColumnState.NEEDS_CHOICE, ColumnState.REPEATED}


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row that cannot be taken, as far as a page shows it."""

    number: int
    name: str
    email: str
    company: str
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True)
class ImportCheck:
    """What is known of an uploaded file.

    `missing` are groups of fields, one of each is needed; without them rows cannot be judged, and
    of `counts` only `n_rows` is set. `rows` and `new_partners` hold the first ones only.
    """

    encoding: Encoding
    separator: Separator
    is_certain: bool
    default_locale: str
    columns: tuple[CheckedColumn, ...]
    missing: tuple[tuple[str, ...], ...]
    counts: ImportCounts
    rows: tuple[ShownRow, ...] = ()
    new_partners: tuple[str, ...] = ()

    @property
    def open_columns(self) -> tuple[CheckedColumn, ...]:
        """The columns for which a person must choose."""
        return tuple(column for column in self.columns if column.is_open)

    @property
    def is_ready(self) -> bool:
        """Whether the file can be imported as it is matched now."""
        return not self.missing and not self.open_columns and self.counts.n_good > 0

    @property
    def reading(self) -> Reading:
        """What to read the file with so that the result is this one."""
        targets = {column.position: column.target for column in self.columns}
        return Reading(self.default_locale, targets, self.encoding, self.separator)

    def to_json(self) -> dict[str, Any]:
        """What is stored of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ImportCheck":
        """The check that `to_json` stored."""
        return cls(
            encoding=Encoding(stored["encoding"]),
            separator=Separator(stored["separator"]),
            is_certain=stored["is_certain"],
            default_locale=stored["default_locale"],
            columns=tuple(
                CheckedColumn(**{**each, "state": ColumnState(each["state"])})
                for each in stored["columns"]
            ),
            missing=tuple(tuple(group) for group in stored["missing"]),
            counts=ImportCounts(**stored["counts"]),
            rows=tuple(_shown_row_from_json(each) for each in stored["rows"]),
            new_partners=tuple(stored["new_partners"]),
        )


def checked(
    table: Table, mapping: ColumnMapping, *, report: ImportReport | None, default_locale: str
) -> ImportCheck:
    """What is known of a file; without a report where a needed column is missing."""
    examples = example_cells(table)
    return ImportCheck(
        encoding=table.decoded.encoding,
        separator=table.separator,
        is_certain=table.decoded.is_certain,
        default_locale=default_locale,
        columns=tuple(
            CheckedColumn(
                position=column.position,
                heading=_short(column.heading),
                example=_short(examples[column.position]),
                target=column.target,
                state=column.state,
            )
            for column in mapping.columns
        ),
        missing=mapping.missing,
        counts=report.counts if report else ImportCounts(n_rows=count_rows(table)),
        rows=_shown_rows(report.refused, mapping) if report else (),
        new_partners=tuple(map(_short, report.new_partners[:SHOWN_PARTNERS])) if report else (),
    )


def _shown_rows(refused: Sequence[BadRow], mapping: ColumnMapping) -> tuple[ShownRow, ...]:
    def cell(row: BadRow, *targets: str) -> str:
        cells = (_cell_of(row, mapping, target) for target in targets)
        return _short(" ".join(filter(None, cells)))

    return tuple(
        ShownRow(
            number=row.number,
            name=cell(row, ContactField.FIRST_NAME, ContactField.LAST_NAME, ContactField.FULL_NAME),
            email=cell(row, ContactField.EMAIL),
            company=cell(row, ContactField.PARTNER_NAME),
            errors=tuple(map(_shown_error, row.errors)),
        )
        for row in refused[:SHOWN_ROWS]
    )


def _cell_of(row: BadRow, mapping: ColumnMapping, target: str) -> str:
    if target not in mapping.targets:
        return ""
    position = mapping.targets.index(target)
    return row.cells[position].strip() if position < len(row.cells) else ""


def _shown_error(error: RowError) -> RowError:
    parameters = {
        name: _short(value) if isinstance(value, str) else value
        for name, value in error.parameters.items()
    }
    return RowError(error.code, _short(error.column) if error.column else None, parameters)


def _short(text: str) -> str:
    """A text as a page shows it: on one line, and without NUL, which PostgreSQL cannot keep."""
    shown = " ".join(text.replace("\x00", "\N{REPLACEMENT CHARACTER}").split())
    return shown if len(shown) <= SHOWN_CELL_LENGTH else shown[: SHOWN_CELL_LENGTH - 1] + "…"


def without_cells(check: ImportCheck) -> ImportCheck:
    """Figures and headings, which stay; no cell of the file."""
    columns = tuple(replace(column, example="") for column in check.columns)
    return replace(check, columns=columns, rows=())


def _shown_row_from_json(stored: Mapping[str, Any]) -> ShownRow:
    errors = tuple(
        RowError(ErrorCode(each["code"]), each["column"], each["parameters"])
        for each in stored["errors"]
    )
    return ShownRow(**{**stored, "errors": errors})
