"""What is printed of a row: how far a mean is rounded."""

import pytest

from analysis.figures import Measure, measure_for
from analysis.models import ScoreCell
from analysis.published_figures import published_figure
from analysis.row_cells import RowCells
from analysis.suppression import TOTAL, Verdict
from surveys.terms import QuestionType


def printed(type_: QuestionType, answers: dict[str, int]) -> float | None:
    """The mean that is published of these answers, each of a company of its own."""
    measure = measure_for(type_)
    assert isinstance(measure, Measure)
    n = sum(answers.values())
    cells = RowCells(measure, [ScoreCell(histogram=answers, sizes=None)], [1] * n)
    return published_figure(TOTAL, Verdict("exact", n=n, n_companies=n), cells).value


@pytest.mark.parametrize(
    ("type_", "answers", "value"),
    [
        (QuestionType.AGREE5, {"4": 7, "5": 13}, 91),
        (QuestionType.SHARE11, {"30": 11, "40": 9}, 34),
        (QuestionType.IMP7, {"6": 7, "7": 13}, 6.7),
        (QuestionType.IMP7, {"5": 19, "6": 1}, 5.0),
    ],
)
def test_importance_keeps_a_decimal_and_every_other_mean_none(
    type_: QuestionType, answers: dict[str, int], value: float
) -> None:
    assert printed(type_, answers) == value
