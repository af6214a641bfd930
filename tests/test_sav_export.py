"""SPSS files: read back by a library, they hold the table and say what its columns mean."""

import math
import re
from pathlib import Path
from typing import Any

import pyreadstat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.export_table import Measure, RowOfCells, Sort, Table, Variable
from analysis.response_columns import UNKNOWN_NUMBER, Column, Meaning
from analysis.sav_export import RESERVED, legal_names, sav_bytes
from analysis.variables import HIDDEN_NUMBER, fixed_variables
from surveys.terms import QuestionType

POLISH = "Zażółć gęślą jaźń, ĄĆĘŁŃÓŚŹŻ ąćęłńóśźż"
LEGAL = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]{0,62}[A-Za-z0-9])?")


def read_back(table: Table, tmp_path: Path) -> tuple[dict[str, list[Any]], Any]:
    """The columns of the written file, with what was declared missing, and what is said of them."""
    path = tmp_path / "table.sav"
    path.write_bytes(b"".join(sav_bytes(table)))
    frame, said = pyreadstat.read_sav(path, user_missing=True)
    return {name: list(frame[name]) for name in frame.columns}, said


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    texts = ["=1+1", POLISH, "two\nlines", "ż" * 4000, "'", "NA"]
    rows: list[RowOfCells] = [[text] for text in texts]

    columns, said = read_back(Table(("a",), [*rows, [None]]), tmp_path)

    assert columns["a"] == [*texts, ""]
    assert said.file_encoding == "UTF-8"


def test_numbers_are_numbers_and_what_is_missing_stays_missing(tmp_path: Path) -> None:
    number = Variable(Sort.NUMBER, measure=Measure.SCALE)

    columns, said = read_back(Table(("a",), [[-5], [1.5], [None], [0]], [number]), tmp_path)

    assert columns["a"][:2] == [-5.0, 1.5]
    assert math.isnan(columns["a"][2])
    assert columns["a"][3] == 0.0
    assert said.variable_measure == {"a": "scale"}


def test_instants_are_instants_in_utc(tmp_path: Path) -> None:
    rows: list[RowOfCells] = [["2027-02-08T09:00:05+00:00"], ["2027-02-08T09:00:05+01:00"], [None]]

    columns, said = read_back(Table(("a",), rows, [Variable(Sort.INSTANT)]), tmp_path)

    assert [str(each) for each in columns["a"]] == [
        "2027-02-08 09:00:05",
        "2027-02-08 08:00:05",
        "NaT",
    ]
    assert said.original_variable_types["a"].startswith("DATETIME")


def test_a_word_for_no_number_is_declared_missing_and_explained(tmp_path: Path) -> None:
    column = Column(1, "incentives", QuestionType.AGREE5, [], has_comment=False)
    meaning = Meaning("Marże są dobre.", {1: "nie", 5: "tak"}, "Nie wiem")
    table = Table(column.headings, [["NA"], [4], [None]], column.variables(meaning))

    columns, said = read_back(table, tmp_path)

    assert columns["incentives"][:2] == [UNKNOWN_NUMBER, 4.0]
    assert said.missing_ranges["incentives"] == [{"lo": UNKNOWN_NUMBER, "hi": UNKNOWN_NUMBER}]
    assert said.variable_value_labels["incentives"] == {
        1.0: "nie",
        5.0: "tak",
        UNKNOWN_NUMBER: "Nie wiem",
    }
    assert said.column_names_to_labels["incentives"] == "Marże są dobre."
    assert said.variable_measure["incentives"] == "ordinal"


def test_a_hidden_figure_is_declared_missing(tmp_path: Path) -> None:
    headings = ("segment", "score")
    table = Table(headings, [["gold", "hidden"], ["silver", -11.5]], fixed_variables(headings))

    columns, said = read_back(table, tmp_path)

    assert columns["score"] == [HIDDEN_NUMBER, -11.5]
    assert said.variable_value_labels["score"] == {HIDDEN_NUMBER: "hidden"}
    assert said.missing_ranges["score"] == [{"lo": HIDDEN_NUMBER, "hi": HIDDEN_NUMBER}]
    assert said.original_variable_types["score"] == "F12.1"


def test_a_table_without_rows_keeps_its_columns(tmp_path: Path) -> None:
    headings = ("segment", "score")

    columns, _ = read_back(Table(headings, [], fixed_variables(headings)), tmp_path)

    assert columns == {"segment": [], "score": []}


@pytest.mark.parametrize("kind", QuestionType)
@pytest.mark.parametrize("has_comment", [True, False])
def test_every_column_of_a_question_is_explained(kind: QuestionType, has_comment: bool) -> None:
    column = Column(1, "q", kind, [1, 2], has_comment=has_comment)

    variables = column.variables(Meaning("Why?", {1: "a", 2: "b"}, "don't know"))

    if kind is not QuestionType.TICK:
        assert len(variables) == len(column.headings)
    assert variables[0].label.startswith("Why?")


def test_names_that_are_legal_stay_and_others_become_legal() -> None:
    headings = ["recommend", "incentives_why__drivers", "5th", "By", "zażółć", "A", "a", "x_", ""]

    assert legal_names(headings) == [
        "recommend",
        "incentives_why__drivers",
        "v_5th",
        "v_By",
        "za",
        "A",
        "a_2",
        "x",
        "v",
    ]


@given(st.lists(st.text(max_size=80), max_size=30))
def test_names_are_legal_and_each_stands_once(headings: list[str]) -> None:
    names = legal_names(headings)

    assert len({name.lower() for name in names}) == len(headings)
    for name in names:
        assert LEGAL.fullmatch(name)
        assert name.lower() not in RESERVED
