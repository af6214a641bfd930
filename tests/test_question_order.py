"""One order for two audiences, and moving a row in it."""

from hypothesis import given
from hypothesis import strategies as st

from surveys.question_order import merged_codes, moved


def test_what_only_staff_are_asked_follows_the_question_before_it() -> None:
    partner = {"recommend": 1, "incentives": 2, "comment": 3}
    internal = {"recommend": 1, "recommend_high": 2, "incentives": 3, "unsaid": 4}

    order = merged_codes(partner, internal)

    assert order == ["recommend", "recommend_high", "incentives", "unsaid", "comment"]


def test_rows_that_count_alike_keep_their_place_whoever_is_asked() -> None:
    assert merged_codes({"a": 1, "b": 2, "d": 4}, {"a": 1, "c": 3, "d": 4}) == ["a", "b", "c", "d"]


@given(
    st.lists(
        st.tuples(st.integers(0, 99), st.sampled_from(["partner", "internal", "both"])),
        unique_by=lambda row: row[0],
    )
)
def test_a_stored_order_is_read_as_it_was_written(rows: list[tuple[int, str]]) -> None:
    partner = {str(c): place for place, (c, who) in enumerate(rows) if who != "internal"}
    internal = {str(c): place for place, (c, who) in enumerate(rows) if who != "partner"}

    assert merged_codes(partner, internal) == [str(code) for code, _ in rows]


@given(st.lists(st.integers(), unique=True, min_size=1), st.data())
def test_moving_up_and_down_again_changes_nothing(rows: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(rows) - 1))

    down = moved(rows, place, by=1)

    if place == len(rows) - 1:
        assert down == rows
    else:
        assert down[place + 1] == rows[place]
        assert moved(down, place + 1, by=-1) == rows
