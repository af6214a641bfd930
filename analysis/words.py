"""Figures, marks, segments and sentiments in words, in the language of the page.

Whole sentences about what a chart shows are in findings.py.
"""

from collections.abc import Callable, Mapping

from analysis.driver_page import AnswerShare
from analysis.figures import Figure
from analysis.gap import Gap, Mark
from analysis.segment_keys import is_other, members_of
from analysis.shown_figures import Row
from analysis.stats import FEW_ANSWERS, Interval
from surveys.i18n import (
    NO_BREAK,
    format_number,
    format_percent,
    format_signed,
    gettext,
    wave_title,
)
from surveys.promises import dimension_name
from surveys.segments import OTHER
from surveys.terms import CellState


def interval_words(interval: Interval | None) -> str:
    """95% confidence: 44 to 54."""
    if interval is None:
        return gettext("Too few to say")
    return gettext(
        "95%% confidence: %(low)s to %(high)s",
        low=format_number(interval.low),
        high=format_number(interval.high),
    )


def share_interval_words(interval: Interval) -> str:
    """95% confidence: 33% to 65%, of a share of 0 to 1."""
    return gettext(
        "95%% confidence: %(low)s to %(high)s",
        low=format_percent(interval.low),
        high=format_percent(interval.high),
    )


def range_words(interval: Interval | None) -> str:
    """A band for a table cell: 44 to 54, with a word between where a sign may stand."""
    if interval is None:
        return "–"
    return _range(format_number(interval.low), format_number(interval.high))


def printed_range_words(interval: Interval | None, *, decimals: int = 0) -> str:
    """The interval of a claim as `Gap.printed` gives it: no limit reads 0 that is not 0."""
    if interval is None:
        return "–"
    return _range(_limit(interval.low, decimals), _limit(interval.high, decimals))


def _range(low: str, high: str) -> str:
    return gettext("%(low)s to %(high)s", low=low, high=high)


def _limit(value: float, decimals: int) -> str:
    while value and round(value, decimals) == 0:
        decimals += 1
    return format_number(value, decimals)


def mark_words(mark: Mark) -> str:
    """The word key of a difference, in words."""
    return _MARK_WORDS[mark]()


def change_words(change: Gap | None, *, since: str, k: int = 1) -> str:
    """What became of a figure since an earlier wave, and whether that may be claimed among k."""
    if change is None:
        return ""
    value, mark = format_signed(change.value), change.mark(k)
    if mark is Mark.BIGGER:
        return gettext("%(value)s since %(wave)s", value=value, wave=since)
    return gettext(
        "%(value)s since %(wave)s, %(mark)s", value=value, wave=since, mark=mark_words(mark)
    )


def short_wave(label: str) -> str:
    """A wave's name where there is little room: Q4 26, else its key (2026-11, 2026-11-02)."""
    year, _, rest = label.partition("-")
    if rest.startswith("Q"):
        return wave_title(f"{year}-{rest}").replace(year, year[-2:])
    return label


def figure_text(figure: Figure | None, *, decimals: int = 0, sign: bool = False) -> str:
    """A figure as it may be printed: the number, 'about 60', '8 or less', or a dash."""
    if figure is None or not figure.is_shown:
        return "–"
    write = format_signed if sign else format_number
    if figure.state is CellState.COARSE and figure.value is not None:
        return gettext("about %(value)s", value=write(figure.value))
    if figure.at_most is not None:
        return gettext("%(value)s or less", value=write(figure.at_most))
    if figure.at_least is not None:
        return gettext("%(value)s or more", value=write(figure.at_least))
    return "–" if figure.value is None else write(figure.value, decimals)


def reason_words(figure: Figure | None) -> str:
    """Why a figure is not shown exactly; empty where it is."""
    if figure is None:
        return gettext("Not asked in this wave")
    if figure.state is CellState.HIDDEN:
        if figure.reason in (
            "too_few",
            "few_people",
            "few_companies",
            "large_share",
            "few_invited",
        ):
            return gettext("Hidden to protect anonymity")
        return gettext("Hidden: another hidden figure would follow")
    if figure.state is CellState.COARSE:
        return gettext("Rounded: few people changed since the last wave")
    if figure.state is CellState.BOUND:
        return gettext("A bound: nearly everybody answered the same")
    return "" if figure.value is not None else gettext("Too few to say")


def segment_name(row: Row) -> str:
    """A row of figures by name; merged values as 'Other (…)'."""
    dimension, segment = row
    if not dimension:
        return gettext("All partners")
    members = [value_name(dimension, member) for member in members_of(segment)]
    if is_other(segment):
        return gettext("Other (%(members)s)", members=", ".join(members))
    return members[0]


def is_merged(row: Row) -> bool:
    """Whether a row holds several segment values, so that its name is long."""
    return is_other(row[1])


def row_name(row: Row) -> str:
    """A segment with its dimension in front: 'Tier: Gold'."""
    dimension, _ = row
    if not dimension:
        return segment_name(row)
    return f"{dimension_title(dimension)}: {segment_name(row)}"


def value_name(dimension: str, value: str) -> str:
    """A segment value as people read it; stored values of the standard lists are translated.

    In anonymous surveys rare combinations are stored as `OTHER`.
    """
    if not value:
        return gettext("not given")
    if value == OTHER:
        return gettext("Other")
    known = _VALUE_NAMES.get((dimension, value.casefold()))
    return known() if known else value[:1].upper() + value[1:]


_MARK_WORDS: Mapping[Mark, Callable[[], str]] = {
    Mark.BIGGER: lambda: gettext("bigger than chance"),
    Mark.CHANCE: lambda: gettext("may be chance"),
    Mark.TOO_FEW: lambda: gettext("too few to say"),
    Mark.HIDDEN: lambda: gettext("hidden to protect anonymity"),
    Mark.NO_GAP: lambda: gettext("no proven gap"),
}
#: Functions, so that a name is looked up in the page's language, and only the one that is wanted.
_VALUE_NAMES: Mapping[tuple[str, str], Callable[[], str]] = {
    ("type", "reseller"): lambda: gettext("Reseller"),
    ("type", "integrator"): lambda: gettext("Integrator"),
    ("type", "msp"): lambda: gettext("MSP"),
    ("type", "distributor"): lambda: gettext("Distributor"),
    ("tier", "gold"): lambda: gettext("Gold"),
    ("tier", "silver"): lambda: gettext("Silver"),
    ("tier", "registered"): lambda: gettext("Registered"),
    ("size_band", "micro"): lambda: gettext("Micro"),
    ("size_band", "small"): lambda: gettext("Small"),
    ("size_band", "medium"): lambda: gettext("Medium"),
    ("size_band", "large"): lambda: gettext("Large"),
    ("team", "channel_sales"): lambda: gettext("Channel sales"),
    ("team", "marketing"): lambda: gettext("Marketing"),
    ("team", "support"): lambda: gettext("Support"),
    ("team", "management"): lambda: gettext("Management"),
}


def dimension_title(dimension: str) -> str:
    """The name of a dimension as a heading."""
    name = dimension_name(dimension)
    return name[:1].upper() + name[1:]


def answer_name(key: str) -> str:
    """A group of answers, or one answer of the agreement scale."""
    return {
        "agree": gettext("Agree"),
        "neither": gettext("Neither"),
        "disagree": gettext("Disagree"),
        "5": gettext("Strongly agree"),
        "4": gettext("Agree"),
        "3": gettext("Neither"),
        "2": gettext("Disagree"),
        "1": gettext("Strongly disagree"),
    }[key]


def share_text(share: AnswerShare) -> str:
    """A part of the answers as it may be printed: 36%, at most 1 of 12, at least 11 of 12."""
    if share.percent is not None:
        return format_percent(share.percent / 100)
    if share.state == "at_most_one":
        return gettext("at most 1 of %(n)s", n=share.n)
    return gettext("at least %(count)s of %(n)s", count=share.n - 1, n=share.n)


def count_text(n: int | None) -> str:
    """How many answers stand behind a figure: n 12, or nothing."""
    return (
        "" if n is None else gettext("n %(count)s", count=format_number(n)).replace(" ", NO_BREAK)
    )


def few_text() -> str:
    """What the tag 'few answers' means."""
    return gettext("Few answers. Treat as a hint.")


def is_few(figure: Figure | None) -> bool:
    """Whether a figure carries the tag 'few answers'."""
    return figure is not None and figure.n is not None and figure.n < FEW_ANSWERS


def sentiment_name(label: str) -> str:
    """A sentiment label in words."""
    return {
        "negative": gettext("Negative"),
        "mixed": gettext("Mixed"),
        "neutral": gettext("Neutral"),
        "positive": gettext("Positive"),
        "unsure": gettext("Unsure"),
    }[label]


def language_words(code: str) -> str:
    """Which language a comment is in."""
    known = {"pl": gettext("In Polish"), "en": gettext("In English")}
    return known.get(code, gettext("In another language (%(code)s)", code=code))
