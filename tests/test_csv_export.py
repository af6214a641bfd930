"""CSV in two kinds: Polish letters survive, formulas stay text, numbers stay numbers."""

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.csv_export import BLOCK_ROWS, CSV_KINDS, EXCEL, PLAIN, CsvKind, csv_bytes
from analysis.export_table import Cell, RowOfCells, Table
from surveys.contact_file.formulas import from_text_cell

POLISH = "Zażółć gęślą jaźń, ĄĆĘŁŃÓŚŹŻ"
DANGEROUS = (
    "=1+1",
    '=HYPERLINK("http://x.example","click")',
    "+48 600 100 200",
    "-5",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "＝1",
    "＋1",
    "'=1",
    "\x00=1",
)


def written(rows: list[RowOfCells], kind: CsvKind, headings: tuple[str, ...] = ("a", "b")) -> bytes:
    """The whole file."""
    return b"".join(csv_bytes(Table(headings, rows), kind))


def read_back(file: bytes, kind: CsvKind) -> list[list[str]]:
    """What a program reads from it."""
    text = file.decode("utf-8-sig" if kind.has_mark else "utf-8")
    return list(csv.reader(StringIO(text, newline=""), delimiter=kind.separator))


def test_the_plain_kind_is_rfc_4180() -> None:
    file = written([["x,y", 'say "hi"'], ["two\r\nlines", None]], PLAIN)

    assert file == b'a,b\r\n"x,y","say ""hi"""\r\n"two\r\nlines",\r\n'


def test_the_excel_kind_has_a_mark_semicolons_and_decimal_commas() -> None:
    file = written([[1.5, -0.3], [60.0, "x;y"]], EXCEL)

    assert file == b'\xef\xbb\xbfa;b\r\n1,5;-0,3\r\n60;"x;y"\r\n'


@pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=str)
def test_polish_letters_come_back_as_they_were(kind: CsvKind) -> None:
    file = written([[POLISH, POLISH.upper()]], kind, (POLISH, "b"))

    assert read_back(file, kind) == [[POLISH, "b"], [POLISH, POLISH.upper()]]


@pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=str)
@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_cell_and_no_heading_is_a_formula(kind: CsvKind, text: str) -> None:
    headings, row = read_back(written([[text, "b"]], kind, (text, "b")), kind)

    for cell in (headings[0], row[0]):
        assert cell.startswith("'")
        assert from_text_cell(cell) == text


@pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=str)
def test_numbers_stay_numbers_even_below_zero(kind: CsvKind) -> None:
    (_, row) = read_back(written([[-5, -5.5]], kind), kind)

    assert row == ["-5", f"-5{kind.decimal}5"]


def test_only_values_that_are_missing_are_empty() -> None:
    assert read_back(written([[None, 0], ["", "hidden"]], PLAIN), PLAIN)[1:] == [
        ["", "0"],
        ["", "hidden"],
    ]


def test_the_file_comes_in_pieces_while_rows_are_read() -> None:
    taken: list[int] = []

    def rows() -> object:
        for number in range(3 * BLOCK_ROWS):
            taken.append(number)
            yield [number, "x"]

    pieces = csv_bytes(Table(("a", "b"), rows()), PLAIN)  # type: ignore[arg-type] # a generator
    first = next(pieces)

    assert first.startswith(b"a,b\r\n0,x\r\n")
    assert len(taken) == BLOCK_ROWS
    rest = b"".join(pieces)
    assert (first + rest).count(b"\r\n") == 3 * BLOCK_ROWS + 1


cells = st.one_of(
    st.none(),
    st.integers(-1000, 1000),
    st.text(max_size=20),
)


@given(
    st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6), st.sampled_from([PLAIN, EXCEL])
)
def test_every_text_round_trips(rows: list[list[Cell]], kind: CsvKind) -> None:
    found = read_back(written([list(row) for row in rows], kind), kind)[1:]

    for row, cells_read in zip(rows, found, strict=True):
        for value, cell in zip(row, cells_read, strict=True):
            if isinstance(value, str):
                assert from_text_cell(cell) == value
            else:
                assert cell == ("" if value is None else str(value))
