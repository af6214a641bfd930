"""Question cells made from joined answers are those that a row of the file would have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.answer_lines import ITEMS, AnswerLines
from analysis.csv_export import CSV_KINDS, CsvKind, csv_bytes
from analysis.export_table import Table
from analysis.response_columns import Column, Filled, Text
from surveys.terms import QuestionType

KINDS = pytest.mark.parametrize("kind", CSV_KINDS.values(), ids=CSV_KINDS)
COLUMNS = [
    Column(7, "recommend", QuestionType.NPS11, [], has_comment=False),
    Column(2, "listening", QuestionType.AGREE5, [], has_comment=True),
    Column(5, "breach", QuestionType.MANY, [1, 2, 30], has_comment=True),
    Column(3, "intent", QuestionType.ONE, [1, 2], has_comment=False),
    Column(9, "contact", QuestionType.TICK, [], has_comment=False),
    Column(4, "comment", QuestionType.TEXT, [], has_comment=False),
]
SINGLE = st.one_of(st.none(), st.integers(0, 100)).map(lambda value: {0: value})
#: An option that the version no longer has is an answer, too.
CHOSEN = st.sets(st.sampled_from([1, 2, 30, 31]), min_size=1).map(
    lambda each: dict.fromkeys(each, 1)
)
MULTIPLE = st.one_of(st.just({0: None}), CHOSEN)
WRITTEN = st.builds(
    Text,
    st.text(alphabet="aŁ ,;\"\r\n='", min_size=1, max_size=5),
    st.sampled_from([None, "negative"]),
    st.lists(st.sampled_from(["listening", "no_sabotage"]), unique=True),
)
FILLED = st.builds(
    Filled,
    st.fixed_dictionaries({}, optional={7: SINGLE, 2: SINGLE, 5: MULTIPLE, 3: SINGLE}),
    st.dictionaries(st.sampled_from([2, 5, 4]), WRITTEN),
    st.booleans(),
)


def joined(filled: Filled) -> tuple[str | None, str | None]:
    """Keys and values of the answers as the database joins them; none of none."""
    rows = [
        (question_id * ITEMS + item, "NA" if value is None else value)
        for question_id, items in filled.answers.items()
        for item, value in items.items()
    ]
    if not rows:
        return None, None
    return ",".join(str(key) for key, _ in rows), ",".join(str(value) for _, value in rows)


@KINDS
@given(filled=FILLED)
def test_piece_holds_the_cells_of_a_row(kind: CsvKind, filled: Filled) -> None:
    row = [cell for column in COLUMNS for cell in column.cells(filled)]
    expected = b"".join(csv_bytes(Table(["h"], [row]), kind)).partition(b"h\r\n")[2]

    piece = AnswerLines(COLUMNS, kind.separator).piece(
        *joined(filled), texts=filled.texts.items(), may_contact=filled.may_contact
    )

    assert f"{piece}\r\n".encode() == expected
