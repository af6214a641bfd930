"""The quadrant puts drivers at their true place and lets none cover another."""

import pytest
from drawn import by_class, place
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from analysis.charts import Axis, QuadrantPoint, QuadrantWords, quadrant

WORDS = QuadrantWords("Fix first", "Protect", "Watch", "Keep going")


def plotted(*points: tuple[float, float]) -> Markup:
    return quadrant(
        [QuadrantPoint(i + 1, x, y) for i, (x, y) in enumerate(points)],
        x_axis=Axis(40, 80),
        y_axis=Axis(0.1, 0.7, 0.1),
        averages=(56.6, 0.41),
        words=WORDS,
        label="what to fix first",
    )


def discs(drawn: Markup) -> list[tuple[float, float]]:
    return [(place(part, "cx"), float(part.get("cy") or "nan")) for part in by_class(drawn, "pt")]


def test_quadrant_puts_score_across_and_importance_up() -> None:
    ((across, down),) = discs(plotted((50, 0.6)))

    assert across == 25
    assert down == pytest.approx(55)


def test_only_important_and_low_drivers_are_to_fix_first() -> None:
    drawn = plotted((49, 0.61), (66, 0.52), (54, 0.18), (61, 0.22))

    assert [part.text for part in by_class(drawn, "ptt") if part.get("class") == "ptt fix"] == ["1"]
    assert len(by_class(drawn, "pt")) == 4


def test_corners_carry_the_given_words() -> None:
    drawn = plotted((50, 0.6))

    corners = {part.text: part.get("text-anchor") for part in by_class(drawn, "axs")}
    assert corners == {
        "Fix first": "start",
        "Protect": "end",
        "Watch": "start",
        "Keep going": "end",
    }


def test_a_moved_disc_is_led_back_to_its_true_place() -> None:
    drawn = plotted((50, 0.6), (50, 0.6))

    (lead,) = by_class(drawn, "lead-d")
    assert place(lead, "cx") == 25
    assert float(lead.get("cy") or "nan") == pytest.approx(55)
    assert not by_class(plotted((50, 0.6), (70, 0.2)), "lead-d")


@given(st.lists(st.tuples(st.integers(40, 80), st.integers(1, 7)), min_size=1, max_size=10))
def test_ten_discs_never_cover_one_another_on_a_phone(points: list[tuple[int, int]]) -> None:
    drawn = plotted(*[(x, y / 10) for x, y in points])

    seen = discs(drawn)
    assert len(seen) == len(points)
    for i, (x, y) in enumerate(seen):
        for other_x, other_y in seen[:i]:
            across = (x - other_x) / 100 * 260
            assert (across**2 + (y - other_y) ** 2) ** 0.5 > 23.9
