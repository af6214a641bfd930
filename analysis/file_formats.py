"""The formats that a table can be written in, by the names that the command line knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from analysis.csv_export import EXCEL, PLAIN, csv_bytes
from analysis.export_table import Table
from analysis.sav_export import can_write_sav, sav_bytes
from analysis.xlsx_export import xlsx_bytes
from surveys.errors import SurveyError

XLSX = "xlsx"
SAV = "sav"


class FormatNotInstalled(SurveyError):
    """The format needs an extra that is not installed. Attributes: `wanted`, `extra`."""

    def __init__(self, wanted: str, extra: str) -> None:
        super().__init__(
            f"{wanted} files need the extra '{extra}', which is not installed:"
            f" pip install 'partner-pulse[{extra}]'"
        )
        self.wanted = wanted
        self.extra = extra


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
        FileFormat(SAV, "sav", "application/x-spss-sav", sav_bytes),
    )
}


def available_formats() -> dict[str, FileFormat]:
    """The formats that can be written here, in the order in which they are offered."""
    return {name: each for name, each in FORMATS.items() if name != SAV or can_write_sav()}


def require_available(name: str) -> FileFormat:
    """The format of this name. Raises FormatNotInstalled where its library is missing."""
    found = available_formats().get(name)
    if found is None:
        raise FormatNotInstalled(name, "spss")
    return found
