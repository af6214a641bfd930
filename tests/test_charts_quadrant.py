"""The quadrant puts drivers at their true place and lets none cover another."""

from typing import Any

import pytest
from drawn import by_class, place
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from analysis.charts import Axis, Corner, QuadrantPoint, QuadrantWords, quadrant, whole_number

WORDS = QuadrantWords(
    top_left="Fix first", top_right="Protect", bottom_left="Watch", bottom_right="Keep going"
)


def plotted(*points: tuple[float, float]) -> Markup:
    return quadrant(
        [QuadrantPoint(i + 1, x, y) for i, (x, y) in enumerate(points)],
        x_axis=Axis(40, 80),
        y_axis=Axis(0.1, 0.7, 0.1),
        middle=(56.6, 0.41),
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


def moving(*points: QuadrantPoint, **values: Any) -> Markup:
    """Level across, change up: the corner of what is low and falls presses."""
    return quadrant(
        points,
        x_axis=Axis(40, 80),
        y_axis=Axis(-20, 20),
        middle=(60, 0),
        words=WORDS,
        label="level and change",
        pressing=Corner.BOTTOM_LEFT,
        **values,
    )


def kinds(drawn: Markup) -> dict[str | None, str | None]:
    """The class of each numbered disc."""
    return {part.text: part.get("class") for part in by_class(drawn, "ptt")}


def test_the_pressing_corner_can_be_the_one_of_what_is_low_and_falls() -> None:
    drawn = moving(
        QuadrantPoint(1, 50, -10, is_proven=True),
        QuadrantPoint(2, 50, 10, is_proven=True),
        QuadrantPoint(3, 70, -10, is_proven=True),
    )

    assert kinds(drawn) == {"1": "ptt fix", "2": "ptt sure", "3": "ptt sure"}
    (tint,) = by_class(drawn, "q-fix")
    assert (tint.get("y"), tint.get("height")) == ("165", "165")
    assert place(tint, "width") == 50


def test_what_may_be_chance_is_hollow_even_in_the_pressing_corner() -> None:
    drawn = moving(QuadrantPoint(1, 50, -10, is_proven=False))

    assert kinds(drawn) == {"1": "ptt maybe"}
    assert not by_class(drawn, "fix")


def test_the_most_pressing_disc_keeps_its_place() -> None:
    low, lower = QuadrantPoint(1, 50, -9, is_proven=True), QuadrantPoint(2, 50, -10, is_proven=True)

    drawn = moving(low, lower)

    (lead,) = by_class(drawn, "lead-d")
    assert float(lead.get("cy") or "nan") == pytest.approx(330 * 29 / 40)


def test_a_moved_disc_keeps_off_the_names_of_the_corners() -> None:
    drawn = plotted((50, 0.63), (50, 0.63), (50, 0.63))

    heights = sorted(y for _, y in discs(drawn))
    assert heights == pytest.approx([38.5, 64.5, 90.5])


def test_numbers_of_the_upright_axis_are_drawn_where_they_are_asked_for() -> None:
    point = QuadrantPoint(1, 50, -10)

    written = [part.text for part in by_class(moving(point, y_number=whole_number), "ax")]

    assert written[:5] == ["\u221220", "\u221210", "0", "10", "20"]
    assert "\u221210" not in [part.text for part in by_class(moving(point), "ax")]
