"""The formats that a table can be written in, by the names that the command line knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from analysis.csv_export import EXCEL, PLAIN, csv_bytes
from analysis.export_table import Table
from analysis.xlsx_export import xlsx_bytes

XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """Name, ending and media type of a format, and what writes it in pieces."""

    name: str
    ending: str
    media_type: str
    pieces: Callable[[Table], Iterator[bytes]]


def _csv(name: str, pieces: Callable[[Table], Iterator[bytes]]) -> FileFormat:
    return FileFormat(name, "csv", "text/csv; charset=utf-8", pieces)


FORMATS = {
    each.name: each
    for each in (
        _csv(PLAIN.name, partial(csv_bytes, kind=PLAIN)),
        _csv(EXCEL.name, partial(csv_bytes, kind=EXCEL)),
        FileFormat(
            XLSX,
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            xlsx_bytes,
        ),
    )
}
