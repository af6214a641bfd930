"""Findings in words: fixed sentences, filled with figures, in the language of the page.

Every sentence follows the marks of the statistics: nothing is claimed that the interval does not
carry.
"""

from collections.abc import Sequence

from analysis.dashboard import DriverSentiment, ImportancePoint, OverviewPage, importance_average
from analysis.figures import Figure
from analysis.gap import Gap, GapRow, Headline, Mark
from analysis.queries import Row
from analysis.segment_keys import is_other, members_of
from analysis.stats import Interval
from surveys.i18n import format_number, format_signed, gettext, ngettext
from surveys.promises import dimension_name
from surveys.terms import CellState


def headline_words(page: OverviewPage) -> str:
    """The first sentence of the overview."""
    if page.verdict is None or page.overall is None:
        return gettext("Too few answers to compare the two pictures.")
    points = abs(round(page.overall.value))
    if page.verdict is Headline.LOWER:
        return ngettext(
            "Partners rate us %(num)d point lower than our own team thinks.",
            "Partners rate us %(num)d points lower than our own team thinks.",
            points,
        )
    if page.verdict is Headline.HIGHER:
        return ngettext(
            "Partners rate us %(num)d point higher than our own team thinks.",
            "Partners rate us %(num)d points higher than our own team thinks.",
            points,
        )
    if page.verdict is Headline.ALIKE:
        return gettext("Our team sees us much as partners do.")
    return gettext("No proven difference between what partners say and what our team thinks.")


def gaps_words(page: OverviewPage) -> str:
    """How many gaps are bigger than chance."""
    return ngettext(
        "%(num)d of %(all)s gaps is bigger than chance.",
        "%(num)d of %(all)s gaps are bigger than chance.",
        page.n_bigger,
        all=len(page.gaps),
    )


def chart_words(page: OverviewPage) -> str:
    """What the gap chart shows."""
    shown = [row for row in page.gaps if row.gap is not None]
    lower = sum(row.gap.value < 0 for row in shown if row.gap)
    clearly = sum(row.mark is Mark.BIGGER and row.gap.value < 0 for row in shown if row.gap)
    text = ngettext(
        "Partners are lower on %(num)d driver, clearly so on %(clearly)s.",
        "Partners are lower on %(num)d drivers, clearly so on %(clearly)s.",
        lower,
        clearly=clearly,
    )
    names = [page.drivers[row.code].name for row in page.strengths]
    if names:
        text += " " + gettext(
            "They rate us higher than we expect on: %(names)s.", names=", ".join(names)
        )
    hidden = len(page.gaps) - len(shown)
    if hidden:
        text += " " + ngettext(
            "%(num)d driver is hidden to protect anonymity.",
            "%(num)d drivers are hidden to protect anonymity.",
            hidden,
        )
    return text


def interval_words(interval: Interval | None) -> str:
    """95% confidence: 44 to 54."""
    if interval is None:
        return gettext("Too few to say")
    return gettext(
        "95%% confidence: %(low)s to %(high)s",
        low=format_number(interval.low),
        high=format_number(interval.high),
    )


def range_words(interval: Interval | None) -> str:
    """An interval for a table cell: 44–54, with words between where a sign stands."""
    if interval is None:
        return "–"
    low, high = format_number(interval.low), format_number(interval.high)
    return gettext("%(low)s to %(high)s", low=low, high=high)


def mark_words(mark: Mark) -> str:
    """The word key of a difference, in words."""
    return {
        Mark.BIGGER: gettext("bigger than chance"),
        Mark.CHANCE: gettext("may be chance"),
        Mark.TOO_FEW: gettext("too few to say"),
        Mark.HIDDEN: gettext("hidden to protect anonymity"),
        Mark.NO_GAP: gettext("no proven gap"),
    }[mark]


def row_label(row: GapRow, name: str) -> str:
    """One row of the gap chart as a sentence, for those who do not see it."""
    if row.partners is None or row.staff is None or row.gap is None:
        return gettext("%(driver)s: hidden to protect anonymity.", driver=name)
    return gettext(
        "%(driver)s: partners %(partners)s, our team %(staff)s, difference %(gap)s, %(mark)s.",
        driver=name,
        partners=format_number(row.partners.value),
        staff=format_number(row.staff.value),
        gap=format_signed(row.gap.value),
        mark=mark_words(row.mark),
    )


def change_words(change: Gap | None, *, since: str) -> str:
    """What became of a figure since the wave before."""
    if change is None:
        return ""
    value = format_signed(change.value)
    if change.mark() is Mark.BIGGER:
        return gettext("%(value)s since %(wave)s", value=value, wave=since)
    return gettext("%(value)s since %(wave)s, may be chance", value=value, wave=since)


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
    return ""


def segment_name(row: Row) -> str:
    """A row of figures by name; merged values as 'Other (…)'."""
    dimension, segment = row
    if not dimension:
        return gettext("All partners")
    members = [value_name(dimension, member) for member in members_of(segment)]
    if is_other(segment):
        return gettext("Other (%(members)s)", members=", ".join(members))
    return members[0]


def value_name(dimension: str, value: str) -> str:
    """A segment value as people read it; stored values of the standard lists are translated."""
    if not value:
        return gettext("not given")
    known = {
        ("type", "reseller"): gettext("Reseller"),
        ("type", "integrator"): gettext("Integrator"),
        ("type", "msp"): gettext("MSP"),
        ("type", "distributor"): gettext("Distributor"),
        ("tier", "gold"): gettext("Gold"),
        ("tier", "silver"): gettext("Silver"),
        ("tier", "registered"): gettext("Registered"),
        ("size_band", "micro"): gettext("Micro"),
        ("size_band", "small"): gettext("Small"),
        ("size_band", "medium"): gettext("Medium"),
        ("size_band", "large"): gettext("Large"),
        ("team", "channel_sales"): gettext("Channel sales"),
        ("team", "marketing"): gettext("Marketing"),
        ("team", "support"): gettext("Support"),
        ("team", "management"): gettext("Management"),
    }
    return known.get((dimension, value.casefold()), value[:1].upper() + value[1:])


def dimension_title(dimension: str) -> str:
    """The name of a dimension as a heading."""
    name = dimension_name(dimension)
    return name[:1].upper() + name[1:]


def fix_first_words(points: Sequence[ImportancePoint]) -> str:
    """What the quadrant says: the drivers that are important and score low."""
    if not points:
        return ""
    score, importance = importance_average(points)
    first = [p for p in points if p.score < score and p.importance > importance]
    if not first:
        return gettext("No driver is both more important and lower than average.")
    names = ", ".join(
        f"{p.driver.number} {p.driver.name}"
        for p in sorted(first, key=lambda p: p.importance - p.score / 100, reverse=True)
    )
    return gettext("Fix first: %(names)s.", names=names)


def sentiment_label(row: DriverSentiment) -> str:
    """One sentiment bar as a sentence."""
    if row.counts is None:
        return gettext("%(driver)s: too few comments to say.", driver=row.driver.name)
    counts = row.counts.counts
    return gettext(
        "%(driver)s: negative %(negative)s, mixed %(mixed)s, neutral %(neutral)s,"
        " positive %(positive)s of %(total)s mentions.",
        driver=row.driver.name,
        negative=counts.negative,
        mixed=counts.mixed,
        neutral=counts.neutral,
        positive=counts.positive,
        total=counts.classified,
    )


def sentiment_name(label: str) -> str:
    """A sentiment label in words."""
    return {
        "negative": gettext("Negative"),
        "mixed": gettext("Mixed"),
        "neutral": gettext("Neutral"),
        "positive": gettext("Positive"),
        "unsure": gettext("Unsure"),
    }[label]
