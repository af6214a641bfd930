"""Comments cut at what led to their verdict and at names, and the same words as a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comment_pieces import Piece, pieces_of, reasons_of

REMOVED = "[Name removed]"


def test_evidence_is_cut_out_with_its_polarity() -> None:
    pieces = pieces_of("so slow and dull", [[3, 7, "sentiment", "negative"]], [], REMOVED)

    assert pieces == [Piece("so ", ""), Piece("slow", "negative"), Piece(" and dull", "")]


def test_exit_words_are_marked_as_such_and_names_win_over_all() -> None:
    evidence = [[0, 17, "quiet_exit", "negative"]]

    pieces = pieces_of(
        "leave Kowalski to", evidence, [[6, 14]], REMOVED, drivers=[[0, 14, "listening"]]
    )

    assert pieces == [
        Piece("leave ", "exit", ("listening",)),
        Piece(REMOVED, "name"),
        Piece(" to", "exit"),
    ]


def test_words_that_name_a_driver_are_kept_beside_a_polarity() -> None:
    pieces = pieces_of(
        "the portal is slow",
        [[4, 18, "sentiment", "negative"]],
        [],
        REMOVED,
        drivers=[[4, 10, "monitoring"], [4, 10, "listening"]],
    )

    assert pieces[1] == Piece("portal", "negative", ("monitoring", "listening"))
    assert pieces[2] == Piece(" is slow", "negative")
    reasons = reasons_of(pieces)
    assert reasons.by_kind == {"negative": ["portal is slow"]}
    assert reasons.by_driver == {"monitoring": ["portal"], "listening": ["portal"]}


def test_a_comment_without_evidence_has_no_reasons() -> None:
    pieces = pieces_of("Ask Kowalski", [], [[4, 12]], REMOVED)

    assert not reasons_of(pieces)
    assert reasons_of(pieces_of("x", [], [], REMOVED, drivers=[[0, 1, "listening"]]))


def test_reasons_say_each_words_once_and_never_a_name() -> None:
    evidence = [[0, 4, "sentiment", "negative"], [9, 13, "sentiment", "negative"]]

    pieces = pieces_of("slow and slow Kowalski", evidence, [[14, 22]], REMOVED)

    assert reasons_of(pieces).by_kind == {"negative": ["slow"]}


@pytest.mark.parametrize("text", ["", "x"])
def test_short_texts_have_as_many_pieces_as_they_need(text: str) -> None:
    assert "".join(piece.text for piece in pieces_of(text, [], [], REMOVED)) == text


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40))),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(-5, 40))),
)
def test_marks_change_no_letter_wherever_they_point(
    text: str, evidence: list[tuple[int, int]], drivers: list[tuple[int, int]]
) -> None:
    marked = pieces_of(
        text,
        [[*span, "sentiment", "positive"] for span in evidence],
        [],
        REMOVED,
        drivers=[[*span, "listening"] for span in drivers],
    )

    assert "".join(piece.text for piece in marked) == text
