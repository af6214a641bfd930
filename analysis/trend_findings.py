"""What the trend page shows, in words: what moved, what did not, where a gap stays and since when.

Fixed sentences, as in findings.py: nothing is claimed that an interval does not carry.
"""

from collections.abc import Iterable, Sequence

from analysis.driver_findings import trend_words, way_words
from analysis.driver_page import TrendStep
from analysis.figures import Figure
from analysis.gap import Composite, Gap, Mark
from analysis.trend_page import DriverTrend, GapHistory, TrendPage
from analysis.words import figure_text, mark_words
from surveys.i18n import format_number, format_signed, gettext, ngettext, wave_title


def headline_words(page: TrendPage) -> str:
    """How many drivers partners rate really differently than in the compared wave."""
    if page.since is None or not any(each.partners_change for each in page.drivers):
        return gettext("No two waves can be compared.")
    since = wave_title(page.since)
    moved = sum(_is_moved(each.partners_change, each.k) for each in page.drivers)
    if not moved:
        return gettext("Since %(wave)s no driver moved by more than chance.", wave=since)
    return ngettext(
        "Since %(wave)s %(num)d of %(all)s drivers moved by more than chance.",
        "Since %(wave)s %(num)d of %(all)s drivers moved by more than chance.",
        moved,
        wave=since,
        all=len(page.drivers),
    )


def moved_words(page: TrendPage) -> str:
    """Which drivers moved for partners, how many did not, and which cannot be compared."""
    if page.since is None:
        return ""
    compared = [each for each in page.drivers if each.partners_change is not None]
    steady = sum(not _is_moved(each.partners_change, each.k) for each in compared)
    sentences = [
        _partners_moved(page),
        _steady_words(steady if steady < len(compared) else 0),
        _not_compared_words([each for each in page.drivers if each.partners_change is None]),
        _staff_moved(page),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _partners_moved(page: TrendPage) -> str:
    names = _moved((each, each.partners_change) for each in page.drivers)
    return gettext("Partners: %(names)s.", names=names) if names else ""


def _staff_moved(page: TrendPage) -> str:
    names = _moved((each, each.staff_change) for each in page.drivers)
    return gettext("Our team’s picture: %(names)s.", names=names) if names else ""


def _moved(changes: Iterable[tuple[DriverTrend, Gap | None]]) -> str:
    """The drivers that moved by more than chance, each with its change."""
    return ", ".join(
        f"{each.driver.name} {format_signed(change.value)}"
        for each, change in changes
        if change is not None and _is_moved(change, each.k)
    )


def _steady_words(count: int) -> str:
    if not count:
        return ""
    return ngettext(
        "On %(num)d driver no change is proven.",
        "On %(num)d drivers no change is proven.",
        count,
    )


def _not_compared_words(trends: Sequence[DriverTrend]) -> str:
    if not trends:
        return ""
    return gettext(
        "Not compared, for a new wording or a figure that is not exact: %(names)s.",
        names=", ".join(each.driver.name for each in trends),
    )


def since_words(page: TrendPage) -> str:
    """Which gaps are there now, and since when; the longest first."""
    present = [each for each in page.drivers if each.gaps.is_present]
    if not any(each.gaps.n_known for each in page.drivers):
        return gettext("No wave shows both voices exactly, so no gap can be told.")
    if not present:
        return gettext("In this wave no gap is bigger than chance.")
    present.sort(key=lambda each: (-each.gaps.n_since, each.driver.number))
    names = ", ".join(f"{each.driver.name} ({_since(each.gaps)})" for each in present)
    return gettext("Gaps bigger than chance now: %(names)s.", names=names)


def gap_words(gaps: GapHistory) -> str:
    """How often the gap of one driver was bigger than chance, and since when without a break."""
    if not gaps.n_known:
        return gettext("No wave shows both voices exactly.")
    if not gaps.n_bigger:
        return ngettext(
            "Gap: not bigger than chance in %(num)d wave.",
            "Gap: not bigger than chance in any of %(num)d waves.",
            gaps.n_known,
        )
    often = ngettext(
        "Gap: bigger than chance in %(bigger)s of %(num)d wave",
        "Gap: bigger than chance in %(bigger)s of %(num)d waves",
        gaps.n_known,
        bigger=format_number(gaps.n_bigger),
    )
    now = _since(gaps) if gaps.is_present else gettext("not in the newest")
    return f"{often}, {now}."


def _since(gaps: GapHistory) -> str:
    """since Q1 2024; new in this wave."""
    if gaps.since is None or gaps.n_since < 2:
        return gettext("new in this wave") if gaps.n_known > 1 else gettext("in this wave")
    return gettext("since %(wave)s", wave=wave_title(gaps.since.partner.label))


def driver_words(trend: DriverTrend) -> str:
    """One driver: the way of both voices, the last change, and its gap."""
    return f"{trend_words(trend)} {gap_words(trend.gaps)}"


def covers_words(page: TrendPage) -> str:
    """Over how many drivers the overall line is the mean."""
    count = len(page.overall.drivers)
    if not count:
        return gettext(
            "No driver has the same wording and exact figures in every wave,"
            " so there is no line over all drivers."
        )
    return ngettext(
        "Mean of %(num)d driver, of %(all)s, that has the same wording and exact figures in every"
        " wave that shows any.",
        "Mean of %(num)d drivers, of %(all)s, that have the same wording and exact figures in"
        " every wave that shows any.",
        count,
        all=len(page.drivers),
    )


def overall_words(page: TrendPage) -> str:
    """From where to where both voices went over the same drivers, and whether that is proven."""
    steps, overall = page.overall.steps, page.overall
    sentences = [
        way_words(gettext("Partners"), _values([step.partners for step in steps])),
        way_words(gettext("Our team"), _values([step.staff for step in steps])),
        _change_words(gettext("Partners"), overall.partners_change, page.since),
        _change_words(gettext("Our team"), overall.staff_change, page.since),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def recommendation_words(page: TrendPage) -> str:
    """The same of NPS, where the team's side are its guesses."""
    steps = page.recommendation
    sentences = [
        way_words(gettext("Partners"), _texts([step.partners for step in steps])),
        way_words(gettext("Our team’s guesses"), _texts([step.staff for step in steps])),
        _change_words(gettext("Partners"), page.recommendation_change, page.since),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def gap_text(step: TrendStep) -> str:
    """The difference of both voices in one wave, for a table; a dash where it is not known."""
    partners, staff = step.partners, step.staff
    if partners is None or staff is None or not partners.estimate or not staff.estimate:
        return "–"
    return format_signed(partners.estimate.value - staff.estimate.value)


def mark_text(mark: Mark) -> str:
    """The mark of one wave's gap, for a table."""
    return "–" if mark is Mark.HIDDEN else mark_words(mark)


def composite_text(figure: Composite | None) -> str:
    """A mean over drivers as it is printed."""
    return "–" if figure is None else format_number(figure.value)


def _is_moved(change: Gap | None, k: int) -> bool:
    return change is not None and change.mark(k) is Mark.BIGGER


def _change_words(voice: str, change: Gap | Composite | None, since: str | None) -> str:
    if change is None or since is None:
        return ""
    return gettext(
        "%(voice)s since %(wave)s: %(value)s, %(mark)s.",
        voice=voice,
        wave=wave_title(since),
        value=format_signed(change.value),
        mark=mark_words(change.mark()),
    )


def _values(figures: Sequence[Composite | None]) -> list[str]:
    return [format_number(figure.value) for figure in figures if figure is not None]


def _texts(figures: Sequence[Figure | None]) -> list[str]:
    return [figure_text(f, sign=True) for f in figures if f is not None and f.is_shown]
