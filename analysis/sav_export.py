"""An SPSS file of a table: columns are numbers, instants or texts, and say what they mean.

A word that stands in place of a number ("NA", "hidden") is stored as the number that its column
declares missing, so that no mean can include it. Needs the extra `spss`: its library makes the file
from all rows at once, so memory grows with the table, other than for the other formats.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from analysis.export_table import Cell, Sort, Table, Variable, pieces_of

#: What instants are counted from, in seconds: the beginning of the Gregorian calendar.
EPOCH = datetime(1582, 10, 14, tzinfo=UTC)
LIBRARIES = ("pandas", "pyreadstat")
LONGEST_NAME = 64
#: Bytes of UTF-8.
LONGEST_LABEL, LONGEST_WORD = 255, 120
RESERVED = frozenset(
    ("all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with")
)
NO_NUMBER = float("nan")


def can_write_sav() -> bool:
    """Whether the extra `spss` is installed."""
    return all(find_spec(name) is not None for name in LIBRARIES)


def sav_bytes(table: Table) -> Iterator[bytes]:
    """The file in pieces; it is written before the first piece is taken."""
    variables = table.variables or [Variable() for _ in table.headings]
    columns = [_Column(variable) for variable in variables]
    for row in table.rows:
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.sav")
        _write(path, legal_names(table.headings), columns)
        file = path.open("rb")  # still readable when its folder is gone
    return pieces_of(file)


def legal_names(headings: Sequence[str]) -> list[str]:
    """The headings as variable names that SPSS takes, each once, whatever the letters' case.

    A heading that is such a name stays as it is. Source: IBM, "variable names".
    """
    taken: set[str] = set()
    return [_free_name(_legal(heading), taken) for heading in headings]


def _legal(heading: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]", "_", heading)
    if not re.match(r"[A-Za-z]", name) or name.lower() in RESERVED:
        name = f"v_{name}"
    return name[:LONGEST_NAME].rstrip("_")


def _free_name(name: str, taken: set[str]) -> str:
    found, number = name, 1
    while found.lower() in taken:
        number += 1
        ending = f"_{number}"
        found = name[: LONGEST_NAME - len(ending)] + ending
    taken.add(found.lower())
    return found


class _Column:
    """The values of one column, as close together as they can be."""

    def __init__(self, variable: Variable) -> None:
        self.variable = variable
        self._numbers = array("d")
        self._texts: list[str] = []
        self._seen: dict[str, str] = {}

    def append(self, cell: Cell) -> None:
        """Add a row's cell."""
        if self.variable.sort is Sort.TEXT:
            text = "" if cell is None else str(cell)
            self._texts.append(self._seen.setdefault(text, text) if len(text) < 100 else text)
        else:
            self._numbers.append(self._number(cell))

    @property
    def values(self) -> Sequence[float] | Sequence[str]:
        """All rows."""
        return self._texts if self.variable.sort is Sort.TEXT else self._numbers

    def _number(self, cell: Cell) -> float:
        if cell is None:
            return NO_NUMBER
        if not isinstance(cell, str):
            return float(cell)
        if self.variable.sort is Sort.INSTANT:
            return (datetime.fromisoformat(cell) - EPOCH).total_seconds()
        return self.variable.missing[cell]


def _write(path: Path, names: Sequence[str], columns: Sequence[_Column]) -> None:
    # Loaded by whoever asks for such a file; every process would wait for them.
    import pyreadstat
    from pandas import DataFrame, Series  # type: ignore[import-untyped] # it has no types

    told = dict(zip(names, (column.variable for column in columns), strict=True))
    numbers = {name: each for name, each in told.items() if each.sort is not Sort.TEXT}
    pyreadstat.write_sav(
        DataFrame(
            {
                name: Series(column.values, dtype=_type(column.variable))
                for name, column in zip(names, columns, strict=True)
            }
        ),
        path,
        column_labels=[_cut(each.label, LONGEST_LABEL) or None for each in told.values()],
        variable_value_labels={name: _words(each) for name, each in numbers.items()},
        missing_ranges={name: [*each.missing.values()] for name, each in numbers.items()},
        variable_measure={name: each.measure.value for name, each in told.items()},
        variable_format={name: _format(each) for name, each in numbers.items()},
        row_compress=True,
    )


def _type(variable: Variable) -> str:
    return "object" if variable.sort is Sort.TEXT else "float64"


def _format(variable: Variable) -> str:
    return "DATETIME20" if variable.sort is Sort.INSTANT else f"F12.{variable.decimals}"


def _words(variable: Variable) -> dict[int | float, str]:
    return {float(number): _cut(word, LONGEST_WORD) for number, word in variable.values.items()}


def _cut(text: str, longest: int) -> str:
    """As much of the text as fits into so many bytes, ending with a whole letter."""
    return text.encode()[:longest].decode(errors="ignore")
