"""Workbooks: what a sheet holds is what the table held, and nothing in it is a formula."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheet_reader import SPACE, Value, sheets, trees

from analysis.export_table import Cell, RowOfCells, Table
from analysis.xlsx_export import xlsx_bytes

POLISH = "Zażółć gęślą jaźń, ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż"
TEXTS = (
    "=1+1",
    '=HYPERLINK("http://x.example","click")',
    "+48 600 100 200",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "'=1",
    "{=1}",
    "http://x.example",
    "mailto:x@x.example",
    "5",
    "  spaces  ",
    'two\r\nlines\nand <b>marks</b> & "quotes"',
    "<r>not marked up</r>",
    "<r><t>a & b</t></r>",
    "\x00\x07",
    "_x0041_",
    POLISH,
)


def written(rows: Sequence[RowOfCells], headings: Sequence[str] = ("a", "b")) -> bytes:
    """The whole file."""
    return b"".join(xlsx_bytes(Table(headings, rows)))


def padded(row: Sequence[Cell]) -> list[Value]:
    """A row as a sheet gives it back: numbers as float, nothing at the end."""
    found: list[Value] = [value if isinstance(value, str | None) else float(value) for value in row]
    while found and found[-1] is None:
        found.pop()
    return found


@pytest.mark.parametrize("text", TEXTS)
def test_every_text_stays_the_text_that_it_was(text: str) -> None:
    ((headings, row),) = sheets(written([[text, 1]], (text, "b")))

    assert headings == [text, "b"]
    assert row == [text, 1.0]


def test_numbers_are_numbers_and_what_is_missing_is_no_cell() -> None:
    (rows,) = sheets(written([[-5, 1.5], [None, 0], [60.0, None], [None, None]]))

    assert rows[1:4] == [[-5.0, 1.5], [None, 0.0], [60.0]]
    assert all(cell is None for row in rows[4:] for cell in row)


def test_headings_stay_in_view() -> None:
    (tree,) = trees(written([[1, 2]]))

    pane = tree.find("m:sheetViews/m:sheetView/m:pane", SPACE)
    assert pane is not None
    assert (pane.get("ySplit"), pane.get("state"), pane.get("xSplit")) == ("1", "frozen", None)


def test_a_table_without_rows_is_a_sheet_of_headings() -> None:
    assert sheets(written([], ("a", POLISH))) == [[["a", POLISH]]]


@pytest.mark.parametrize(("n_rows", "expected"), [(3, [3]), (4, [3, 1]), (7, [3, 3, 1])])
def test_what_one_sheet_cannot_hold_goes_on_in_the_next(n_rows: int, expected: list[int]) -> None:
    rows: list[RowOfCells] = [[number, "x"] for number in range(n_rows)]

    found = sheets(b"".join(xlsx_bytes(Table(("a", "b"), rows), sheet_rows=3)))

    assert [len(sheet) - 1 for sheet in found] == expected
    assert [sheet[0] for sheet in found] == [["a", "b"]] * len(expected)
    assert [row[0] for sheet in found for row in sheet[1:]] == [float(n) for n in range(n_rows)]


def test_no_text_is_held_in_a_list_of_all_texts() -> None:
    """Such a list would grow with the file; each cell holds its own."""
    with ZipFile(BytesIO(written([["x", "y"]]))) as archive:
        assert "xl/sharedStrings.xml" not in archive.namelist()


def test_rows_are_read_once_and_in_order() -> None:
    def rows() -> Iterator[RowOfCells]:
        for number in range(100):
            yield [number, str(number)]

    (found,) = sheets(b"".join(xlsx_bytes(Table(("a", "b"), rows()))))

    assert found[1:] == [[float(number), str(number)] for number in range(100)]


cells = st.one_of(
    st.none(),
    st.integers(-1000, 1000),
    # A text that imitates the format's own escapes twice over is read differently by programs.
    st.text(max_size=12).filter(lambda text: "_x" not in text),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5))
def test_every_table_comes_back(rows: list[list[Cell]]) -> None:
    (found,) = sheets(written(rows, ("a", "b", "c")))

    expected = [padded(row) for row in rows]
    assert [padded(row) for row in found[1:]] == expected[: len(found) - 1]
    assert not any(expected[len(found) - 1 :])
