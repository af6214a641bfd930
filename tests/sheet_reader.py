"""Reads a workbook back with the standard library alone: what each cell says that it holds."""

import re
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

SPACE = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")

Value = str | float | None


def sheets(file: bytes) -> list[list[list[Value]]]:
    """The rows of every sheet, with text as str and numbers as float; gaps are None."""
    return [_rows(tree) for tree in trees(file)]


def trees(file: bytes) -> list[ElementTree.Element]:
    """The sheets as XML, in their order."""
    with ZipFile(BytesIO(file)) as archive:
        assert archive.testzip() is None
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        by_number = sorted(names, key=lambda name: int(re.findall(r"\d+", name)[-1]))
        return [ElementTree.fromstring(archive.read(name)) for name in by_number]  # noqa: S314 - our own file


def _rows(tree: ElementTree.Element) -> list[list[Value]]:
    rows: list[list[Value]] = []
    for row in tree.iterfind("m:sheetData/m:row", SPACE):
        rows += [[] for _ in range(int(row.get("r", "")) - 1 - len(rows))]
        values: list[Value] = []
        for cell in row.iterfind("m:c", SPACE):
            values += [None] * (_column(cell) - len(values))
            values.append(_value(cell))
        rows.append(values)
    return rows


def _column(cell: ElementTree.Element) -> int:
    """The place of a cell in its row, from its name: B7 is 1."""
    number = 0
    for letter in re.findall("[A-Z]", cell.get("r", "")):
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ElementTree.Element) -> Value:
    assert cell.find("m:f", SPACE) is None, "a formula"
    if cell.get("t") == "inlineStr":
        text = "".join(part.text or "" for part in cell.iterfind("m:is//m:t", SPACE))
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    assert cell.get("t") in (None, "n")
    value = cell.find("m:v", SPACE)
    return None if value is None or value.text is None else float(value.text)
