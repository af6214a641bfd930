"""Marks, axes and numbers of the charts: where a value lies and how it is written."""

import pytest
from drawn import scores
from hypothesis import given
from hypothesis import strategies as st

from analysis.charts import (
    Axis,
    Mark,
    axis_for,
    axis_for_marks,
    heat_class,
    whole_number,
    whole_percent,
)


def test_mark_refuses_what_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="finite"):
        Mark(float("nan"))
    with pytest.raises(ValueError, match="finite"):
        Mark(1, 0, float("inf"))
    with pytest.raises(ValueError, match="two ends"):
        Mark(1, low=0)
    with pytest.raises(ValueError, match="low end"):
        Mark(1, 3, 2)


def test_axis_refuses_to_run_backwards_or_stand_still() -> None:
    for low, high, step in [(1, 1, 1), (2, 1, 1), (0, 1, 0), (0, 1, -1)]:
        with pytest.raises(ValueError, match="axis"):
            Axis(low, high, step)


def test_axis_goes_out_to_tens_and_is_at_least_sixty_long() -> None:
    assert axis_for([41.6, 81.9]) == Axis(30, 90)
    assert axis_for([50, 55]) == Axis(20, 80)
    assert axis_for([97, 100]) == Axis(40, 100)
    assert axis_for([0, 3]) == Axis(0, 60)
    assert axis_for([3, 97]) == Axis(0, 100)
    assert axis_for([]) == Axis(0, 100)


def test_nps_axis_is_cut_to_the_data_within_its_own_limits() -> None:
    drawn = [Mark(7, -10, 24), None, Mark(38, 17, 59)]

    assert axis_for_marks(drawn, limits=(-100, 100), step=20) == Axis(-20, 60, 20)
    assert axis_for_marks([Mark(-100)], limits=(-100, 100), step=20) == Axis(-100, -40, 20)


def test_axis_of_small_steps_has_no_stray_decimals() -> None:
    axis = axis_for([0.3, 0.61], limits=(-1, 1), step=0.1, minimum_span=0.4, margin=0.05)

    assert axis == Axis(0.2, 0.7, 0.1)
    assert axis.ticks() == (0.2, 0.3, 0.4, 0.5, 0.6, 0.7)


@given(
    st.lists(st.floats(-300, 300), min_size=1, max_size=8),
    st.sampled_from([10.0, 20.0]),
    st.sampled_from([20.0, 60.0, 100.0]),
)
def test_axis_holds_its_values_and_keeps_to_its_rules(
    values: list[float], step: float, span: float
) -> None:
    axis = axis_for(values, limits=(-100, 100), step=step, minimum_span=span)

    inside = [min(max(value, -100), 100) for value in values]
    assert -100 <= axis.low <= min(inside) + 1e-6
    assert max(inside) - 1e-6 <= axis.high <= 100
    assert axis.high - axis.low >= span
    assert axis.low % step == axis.high % step == 0


@given(st.lists(scores, min_size=1))
def test_axis_does_not_depend_on_the_order_of_values(values: list[float]) -> None:
    assert axis_for(values) == axis_for(sorted(values))


def test_ticks_start_at_the_low_end_and_can_be_thinned() -> None:
    assert Axis(30, 90).ticks() == (30, 40, 50, 60, 70, 80, 90)
    assert Axis(30, 90).ticks(step=20) == (30, 50, 70, 90)


def test_numbers_have_a_true_minus_and_no_minus_nought() -> None:
    written = [whole_number(value) for value in (-28, -0.4, 0.5, -0.5, 2.5, 49.49)]

    assert written == ["−28", "0", "1", "−1", "3", "49"]
    assert whole_percent(64.7) == "65%"


def test_heat_goes_by_the_printed_number() -> None:
    steps = [heat_class(score) for score in (0, 44.4, 44.6, 54.4, 55, 65, 74.4, 74.6, 100)]

    assert steps == ["h1", "h1", "h2", "h2", "h3", "h4", "h4", "h5", "h5"]
