"""The trend joins only what may be compared, and keeps values and names readable."""

import re

import pytest
from drawn import TENS, by_class, marks, parsed, place, printed, scores, stretch
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from analysis.charts import Axis, Mark, TrendPoint, trend


def waves(*values: float | None, breaks: tuple[int, ...] = ()) -> list[TrendPoint]:
    return [
        TrendPoint(f"W{i}", None if v is None else Mark(v, v - 5, v + 5), None, i in breaks)
        for i, v in enumerate(values)
    ]


def lines(drawn: Markup) -> list[list[tuple[float, ...]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in (part.get("points") or "").split()]
        for part in by_class(drawn, "ln-p")
    ]


def test_trend_puts_waves_evenly_and_high_values_up() -> None:
    drawn = trend(waves(60, 50), axis=TENS, label="fell")

    assert lines(drawn) == [[(25, 40), (75, 50)]]
    assert [place(part, "cx") for part in by_class(drawn, "m-p")] == [25, 75]
    band = by_class(drawn, "bd-p")[0].get("points")
    assert band == "25,35 75,45 75,55 25,45"


def test_a_wave_with_too_few_answers_breaks_the_line_and_is_not_nought() -> None:
    drawn = trend(waves(60, 61, None, 55, 54), axis=TENS, label="")

    assert [[x for x, _ in run] for run in lines(drawn)] == [[10, 30], [70, 90]]
    assert len(by_class(drawn, "m-p")) == 4


def test_new_wording_breaks_the_line_and_says_so() -> None:
    drawn = trend(
        waves(60, 61, 55, 54, breaks=(2,)), axis=TENS, label="", new_wording="nowe pytanie"
    )

    assert [[x for x, _ in run] for run in lines(drawn)] == [[12.5, 37.5], [62.5, 87.5]]
    assert "nowe pytanie" in printed(drawn)
    assert [stretch(part) for part in by_class(drawn, "brk")] == [(50, 50)]


def test_the_first_wave_shown_has_nothing_to_break_from() -> None:
    drawn = trend(waves(60, 61, breaks=(0,)), axis=TENS, label="", new_wording="new")

    assert len(lines(drawn)) == 1
    assert "new" not in printed(drawn)


def test_one_wave_is_a_point_with_its_interval() -> None:
    drawn = trend(waves(50), axis=TENS, label="")

    assert not lines(drawn)
    assert len(by_class(drawn, "m-p")) == 1
    assert len(by_class(drawn, "ci-p")) == 1


def test_last_shown_value_of_each_voice_is_printed() -> None:
    points = [
        TrendPoint("Q1", Mark(61), Mark(74)),
        TrendPoint("Q2", Mark(49), Mark(77)),
        TrendPoint("Q3", None, Mark(78)),
    ]

    drawn = trend(points, axis=TENS, label="")

    assert [part.text for part in by_class(drawn, "v-p")] == ["49"]
    assert [part.text for part in by_class(drawn, "v-s")] == ["78"]


@given(scores, scores)
def test_last_values_never_overlap_and_keep_their_order(partner: float, staff: float) -> None:
    drawn = trend([TrendPoint("Q", Mark(partner), Mark(staff))], axis=TENS, label="")

    above = float(by_class(drawn, "v-p")[0].get("y") or "nan")
    below = float(by_class(drawn, "v-s")[0].get("y") or "nan")
    assert abs(above - below) >= 13.9
    if abs(partner - staff) > 0.1:
        assert (above < below) == (partner > staff)


@given(st.integers(1, 40))
def test_names_of_waves_fit_and_the_last_is_always_there(count: int) -> None:
    drawn = trend(waves(*[50.0] * count), axis=TENS, label="")

    names = [part for part in by_class(drawn, "ax") if (part.text or "").startswith("W")]
    on_phone = [part for part in names if part.get("class") == "ax"]
    assert len(names) <= 12
    assert len(on_phone) <= 6
    assert on_phone[-1].text == f"W{count - 1}"


def test_a_trend_without_waves_is_refused() -> None:
    with pytest.raises(ValueError, match="wave"):
        trend([], axis=TENS, label="")


@given(
    st.lists(
        st.tuples(marks() | st.none(), marks() | st.none(), st.booleans()), min_size=1, max_size=9
    )
)
def test_a_trend_never_leaves_its_axis_and_draws_each_mark_once(
    values: list[tuple[Mark | None, Mark | None, bool]],
) -> None:
    points = [TrendPoint("Q", partner, staff, new) for partner, staff, new in values]

    drawn = trend(points, axis=Axis(20, 80), label="")

    assert len(by_class(drawn, "m-p")) == sum(partner is not None for partner, _, _ in values)
    assert len(by_class(drawn, "m-s")) == sum(staff is not None for _, staff, _ in values)
    inside = parsed(drawn).find(".//svg[@viewBox]")
    assert inside is not None
    numbers = re.findall(r"[\d.-]+", " ".join(part.get("points") or "" for part in inside))
    assert all(0 <= float(written) <= 100 for written in numbers)
