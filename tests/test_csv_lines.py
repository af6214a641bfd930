"""Cells and lines made one by one are, to the byte, what the writer of files makes of them."""

import csv
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.csv_export import CSV_KINDS, CsvKind, csv_bytes
from analysis.csv_lines import SafeLines, TextCells
from analysis.export_table import Table

KINDS = pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=CSV_KINDS)
#: What breaks files, beside letters: often enough to stand at the beginning, and to meet.
BREAKING = st.text(alphabet="ab1Łś„ \u3000\xa0\x85\x1f\r\n\t\x00,;\"'=+-@＝＋", max_size=6)
TEXTS = st.one_of(BREAKING, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))


def in_whole_file(kind: CsvKind, rows: list[list[str | int]]) -> bytes:
    """The rows as the writer of files makes them, without mark and headings."""
    pieces = b"".join(csv_bytes(Table(["h"], rows), kind))
    return pieces.removeprefix(b"\xef\xbb\xbf").removeprefix(b"h\r\n")


def copied(separator: str, row: list[str | int]) -> bytes:
    """A line as COPY gives it: quoted where it must be, ended by \\n, nothing escaped."""
    written = StringIO(newline="")
    csv.writer(written, delimiter=separator, lineterminator="\r\n").writerow(row)
    return (written.getvalue().removesuffix("\r\n") + "\n").encode()


@KINDS
@given(text=TEXTS)
@example(text="\r=1")
@example(text="  ＝1")
@example(text="'@sum")
@example(text='say "yes"')
def test_cell_is_that_of_the_file(kind: CsvKind, text: str) -> None:
    line = f"7{kind.separator}{TextCells(kind.separator).written(text)}\r\n"

    assert line.encode() == in_whole_file(kind, [[7, text]])


def test_nothing_is_an_empty_cell() -> None:
    assert TextCells(",").written(None) == ""


@KINDS
@given(rows=st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=4))
@example(rows=[["a", "\r=1"], ["b", "-2"]])
@example(rows=[["\n=1"], ["", ""]])
@example(rows=[['",=1', "x"]])
def test_copied_lines_become_those_of_the_file(kind: CsvKind, rows: list[list[str]]) -> None:
    numbered: list[list[str | int]] = [[number, *row] for number, row in enumerate(rows)]

    lines = [copied(kind.separator, row) for row in numbered]

    assert SafeLines(kind.separator).finished(lines) == in_whole_file(kind, numbered)
