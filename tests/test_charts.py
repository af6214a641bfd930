"""Charts are well-formed drawings whose places, words and order say what the values say.

Axes, trend and quadrant have files of their own beside this one.
"""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import (
    TENS,
    by_class,
    marks,
    parsed,
    partner_place,
    place,
    printed,
    scores,
    staff_place,
    stretch,
)
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from analysis.charts import (
    Axis,
    Mark,
    QuadrantPoint,
    QuadrantWords,
    SentimentCounts,
    TrendPoint,
    axis_row,
    bar,
    chart_patterns,
    distribution_bars,
    distribution_maximum,
    dumbbell,
    funnel_bar,
    quadrant,
    sentiment_bar,
    sentiment_legend,
    small_dumbbell,
    trend,
    voices_legend,
)

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
HOSTILE = '"><script>alert(\'1\')</script><b style="x">&amp;{{7*7}}\x00\ud800'

texts = st.text(max_size=40) | st.just(HOSTILE)


def spoken(markup: Markup) -> str | None:
    return parsed(markup)[0].get("aria-label")


# Every chart with one word or sentence from outside.
WITH_WORDS: dict[str, Callable[[str], Markup]] = {
    "dumbbell": lambda t: dumbbell(Mark(1, text=t), Mark(2, 1, 3), axis=TENS, label=t),
    "small_dumbbell": lambda t: small_dumbbell(Mark(1), None, axis=TENS, label=t),
    "axis_row": lambda t: axis_row(TENS, number=lambda _: t),
    "sentiment_bar": lambda t: sentiment_bar(
        SentimentCounts(1, 1), label=t, percent_text=lambda _: t
    ),
    "bar": lambda t: bar(3, label=t),
    "hidden bar": lambda t: bar(None, label=t),
    "funnel_bar": lambda t: funnel_bar(3, invited=4, label=t),
    "distribution_bars": lambda t: distribution_bars(
        1, None, maximum=25, partner_label=t, staff_label=t
    ),
    "trend": lambda t: trend(
        [TrendPoint(t, Mark(1, text=t), None), TrendPoint(t, None, Mark(2), new_wording=True)],
        axis=TENS,
        label=t,
        new_wording=t,
    ),
    "quadrant": lambda t: quadrant(
        [QuadrantPoint(1, 40, 0.5)],
        x_axis=TENS,
        y_axis=Axis(0, 1, 0.1),
        middle=(50, 0.4),
        words=QuadrantWords(top_left=t, top_right=t, bottom_left=t, bottom_right=t),
        label=t,
    ),
    "voices_legend": lambda t: voices_legend(t, t, interval=t, bigger_than_chance=t),
    "sentiment_legend": lambda t: sentiment_legend(negative=t, mixed=t, neutral=t, positive=t),
    "chart_patterns": lambda _: chart_patterns(),
}
SPEAKING = sorted(
    WITH_WORDS.keys() - {"axis_row", "voices_legend", "sentiment_legend", "chart_patterns"}
)


@pytest.mark.parametrize("name", WITH_WORDS)
@given(words=texts)
def test_any_words_leave_a_well_formed_drawing_of_ours_alone(name: str, words: str) -> None:
    drawing = parsed(WITH_WORDS[name](words))

    allowed = {"all", "svg", "g", "line", "circle", "path", "rect", "text", "polygon", "polyline"}
    allowed |= {"defs", "pattern", "ul", "li"}
    assert {part.tag for part in drawing.iter()} <= allowed
    attributes = {key for part in drawing.iter() for key in part.attrib}
    assert not {key for key in attributes if key == "style" or key.startswith("on")}


@pytest.mark.parametrize("name", SPEAKING)
def test_a_chart_is_an_image_with_its_sentence(name: str) -> None:
    drawing = parsed(WITH_WORDS[name]('R&D: "6 < 7"'))[0]

    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == 'R&D: "6 < 7"'
    assert drawing.get("width") == "100%"


def test_words_from_a_translation_are_not_escaped_twice() -> None:
    translated = Markup("Gap of {}").format("R&D")

    assert spoken(bar(3, label=translated)) == "Gap of R&D"


def test_tags_in_a_translation_are_text_and_not_markup() -> None:
    drawn = voices_legend(Markup("<b>Partners</b>"), "Team")

    assert "<b>" not in drawn
    assert "Partners" in drawn


def test_a_bar_without_label_is_hidden_from_screen_readers() -> None:
    drawing = parsed(bar(3))[0]

    assert drawing.get("aria-hidden") == "true"
    assert drawing.get("role") is None


# Dumbbell


def test_dumbbell_puts_marks_and_intervals_at_their_percent() -> None:
    drawn = dumbbell(Mark(49, 44, 54), Mark(77, 72, 82), axis=Axis(30, 90, 10), label="gap")

    assert partner_place(drawn) == pytest.approx(31.67)
    assert staff_place(drawn) == pytest.approx(78.33)
    assert stretch(by_class(drawn, "ci-p")[0]) == pytest.approx((23.33, 40))
    assert stretch(by_class(drawn, "ci-s")[0]) == pytest.approx((70, 86.67))
    assert stretch(by_class(drawn, "gapline")[0]) == pytest.approx((31.67, 78.33))
    assert printed(drawn) == ["49", "77"]


def test_numbers_stand_outside_the_intervals_whoever_is_higher() -> None:
    for partner, staff in [(40, 60), (60, 40)]:
        drawn = dumbbell(
            Mark(partner, partner - 5, partner + 5),
            Mark(staff, staff - 5, staff + 5),
            axis=TENS,
            label="gap",
        )

        texts_by_place = sorted(
            (place(part, "x"), part.get("text-anchor")) for part in parsed(drawn).iter("text")
        )
        assert texts_by_place == [(35, "end"), (65, "start")]


def test_only_a_gap_bigger_than_chance_is_dark() -> None:
    for clear in (True, False):
        drawn = dumbbell(Mark(1), Mark(9), axis=TENS, label="gap", bigger_than_chance=clear)

        assert len(by_class(drawn, "gapline")) == 1
        assert bool(by_class(drawn, "sig")) is clear


def test_a_hidden_voice_leaves_neither_mark_nor_number_nor_gap() -> None:
    drawn = dumbbell(None, Mark(72, 65, 80), axis=TENS, label="gap")

    assert not by_class(drawn, "m-p")
    assert not by_class(drawn, "gapline")
    assert printed(drawn) == ["72"]


def test_a_wholly_hidden_row_is_hatched_and_has_a_dash() -> None:
    drawn = dumbbell(None, None, axis=TENS, label="hidden to protect anonymity")

    assert printed(drawn) == ["–"]
    assert 'fill="url(#hidden)"' in drawn
    assert spoken(drawn) == "hidden to protect anonymity"


def test_words_of_a_coarse_figure_stand_instead_of_its_number() -> None:
    drawn = dumbbell(Mark(60, text="about 60"), Mark(72, 70, 74), axis=TENS, label="gap")

    assert printed(drawn) == ["about 60", "72"]
    assert not by_class(drawn, "ci-p")


def test_grid_lines_stand_at_the_ticks_of_the_axis_row() -> None:
    axis = Axis(30, 90, 20)

    grid = [place(part, "x1") for part in by_class(dumbbell(None, None, axis=axis, label=""), "gl")]
    row = [place(part, "x") for part in parsed(axis_row(axis)).iter("text")]

    assert grid == row == pytest.approx([0, 33.33, 66.67, 100])
    assert printed(axis_row(axis)) == ["30", "50", "70", "90"]


def test_small_dumbbell_prints_the_limits_of_its_axis_with_a_true_minus() -> None:
    axis = Axis(-40, 80, 20)

    assert printed(small_dumbbell(Mark(7, -10, 24), None, axis=axis, label="NPS")) == ["−40", "80"]
    assert printed(small_dumbbell(Mark(7), None, axis=axis, label="NPS", limits=False)) == []


def test_numbers_are_written_by_the_callers_function() -> None:
    drawn = dumbbell(
        Mark(7.25),
        Mark(8.5),
        axis=Axis(0, 10, 1),
        label="",
        number=lambda v: f"{v:.1f}".replace(".", ","),
    )

    assert printed(drawn) == ["7,2", "8,5"]


@given(marks() | st.none(), marks() | st.none(), st.booleans())
def test_everything_of_a_dumbbell_lies_on_the_axis(
    partner: Mark | None, staff: Mark | None, clear: bool
) -> None:
    drawn = dumbbell(partner, staff, axis=Axis(20, 80), label="", bigger_than_chance=clear)

    for part in parsed(drawn).iter():
        for attribute in ("x", "cx", "x1", "x2"):
            if (part.get(attribute) or "").endswith("%"):
                assert 0 <= place(part, attribute) <= 100


@given(scores, scores)
def test_marks_stand_in_the_order_of_their_values(partner: float, staff: float) -> None:
    drawn = dumbbell(Mark(partner), Mark(staff), axis=TENS, label="")

    assert (partner_place(drawn) - staff_place(drawn)) * (partner - staff) >= 0


# Bars


def test_sentiment_is_always_negative_mixed_neutral_positive() -> None:
    drawn = sentiment_bar(SentimentCounts(17, 4, 3, 2), label="sentiment")

    parts = parsed(drawn)[0].findall("svg")
    fills = [part[0].get("class") for part in parts]
    assert fills == ["f-neg", "f-mix", "f-neu", "f-pos"]
    assert [place(part, "width") for part in parts] == pytest.approx([65.38, 15.38, 11.54, 7.69])
    assert [place(part, "x") for part in parts] == pytest.approx([0, 65.38, 80.77, 92.31])


def test_shares_are_printed_from_thirteen_percent_on() -> None:
    assert printed(sentiment_bar(SentimentCounts(74, 13, 12.9, 0.1), label="")) == ["74%", "13%"]
    assert printed(sentiment_bar(SentimentCounts(1), label="", shares=False)) == []


def test_only_the_negative_part_has_a_hatched_edge() -> None:
    drawn = sentiment_bar(SentimentCounts(1, 1, 1, 1), label="")

    hatched = [
        part for part in parsed(drawn)[0].findall("svg") if part.find("rect[@fill]") is not None
    ]
    assert [part[0].get("class") for part in hatched] == ["f-neg"]


def test_hidden_sentiment_is_hatched_and_no_comments_leave_an_empty_track() -> None:
    assert 'url(#hidden)"' in sentiment_bar(None, label="hidden")
    assert [part.tag for part in parsed(sentiment_bar(SentimentCounts(), label=""))[0]] == ["rect"]


def test_counts_below_nought_are_refused() -> None:
    with pytest.raises(ValueError, match="counts"):
        SentimentCounts(negative=-1)


@given(st.tuples(*[st.integers(0, 500)] * 4))
def test_parts_of_sentiment_fill_the_bar_without_gaps(counts: tuple[int, int, int, int]) -> None:
    parts = parsed(sentiment_bar(SentimentCounts(*counts), label=""))[0].findall("svg")

    end = 0.0
    for part in parts:
        assert place(part, "x") == pytest.approx(end, abs=0.02)
        end = place(part, "x") + place(part, "width")
    assert end == pytest.approx(100 if sum(counts) else 0, abs=0.02)


@given(st.floats(-50, 400), st.floats(0.1, 300))
def test_a_bar_is_as_long_as_its_share_and_never_longer_than_its_track(
    value: float, maximum: float
) -> None:
    filled = by_class(bar(value, maximum=maximum), "f-ink")

    width = place(filled[0], "width") if filled else 0
    assert width == pytest.approx(min(max(value / maximum * 100, 0), 100), abs=0.01)


def test_funnel_counts_from_those_invited_and_colours_the_answers() -> None:
    drawn = funnel_bar(96, invited=184, label="Finished: 96 of 184", last=True)

    assert place(by_class(drawn, "f-p")[0], "width") == pytest.approx(52.17)
    assert not by_class(funnel_bar(0, invited=0, label="Invited: 0 of 0"), "f-ink")


def test_distribution_keeps_partners_above_and_solid_and_the_team_below_and_hollow() -> None:
    drawn = distribution_bars(12, 36, maximum=50, partner_label="a", staff_label="b")

    above, below = parsed(drawn)
    assert (above.get("aria-label"), above[0].get("class")) == ("a", "f-p")
    assert (below.get("aria-label"), below[0].get("class")) == ("b", "f-so")
    assert place(above[0], "width") == 24
    assert place(below[0], "width") == 72


def test_scale_of_a_distribution_holds_its_longest_bar() -> None:
    assert distribution_maximum([12, 43, None]) == 50
    assert distribution_maximum([25]) == 25
    assert distribution_maximum([100]) == 100
    assert distribution_maximum([None]) == 25


# Legends


def test_legend_says_only_what_has_words() -> None:
    assert len(by_class(voices_legend("Partners", "Team"), "legend")[0]) == 2
    full = voices_legend("Partners", "Team", interval="95%", bigger_than_chance="clear")
    assert [item[0].tail for item in by_class(full, "legend")[0]] == [
        "Partners",
        "Team",
        "95%",
        "clear",
    ]


def test_legend_and_page_show_the_same_signs_of_the_voices() -> None:
    macros = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    logo = macros.get_template("macros/logo.html").module
    legend = voices_legend("Partners", "Team")

    for voice in ("partner", "staff"):
        assert str(logo.voice_mark(voice)) in legend  # type: ignore[attr-defined]


def test_patterns_used_by_charts_are_defined_once() -> None:
    used = set(
        re.findall(r"url\(#(\w+)\)", sentiment_bar(SentimentCounts(1), label="") + bar(None))
    )

    defined = [part.get("id") for part in parsed(chart_patterns()).iter("pattern")]
    assert set(defined) == used
    assert len(defined) == len(used)
