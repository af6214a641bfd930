"""The tables under the two quadrants: the same numbers as drawn, and why a driver is not there."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.priorities import Importance, Priorities
from analysis.priority_findings import absence_words
from analysis.shown_figures import DriverInfo
from analysis.words import figure_text, mark_words, printed_range_words
from surveys.i18n import format_number, format_signed, gettext

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """Headings and rows of texts, the first cell of each naming it."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def importance_table(page: Priorities) -> Table:
    """Score and importance of every driver; what importance rests on where anything is known."""
    found = page.importance
    headings = [gettext("Driver"), gettext("Score"), gettext("Importance, average 1")]
    if found.stated:
        headings.append(gettext("Stated, 1 to 7"))
    if found.links:
        headings.append(gettext("Link, −1 to 1"))
    placed = [
        [
            _name(point.driver),
            format_number(point.score),
            format_number(point.importance, 2),
            *_evidence(found, point.driver),
        ]
        for point in page.points
    ]
    others = [
        [_name(each.driver), figure_text(each.figure), NOTHING, *_evidence(found, each.driver)]
        for each in page.unweighed
    ]
    return Table(headings, [*placed, *others])


def momentum_table(page: Priorities) -> Table:
    """Score and change of every driver, and whether the change is bigger than chance."""
    headings = [
        gettext("Driver"),
        gettext("Score"),
        gettext("Change in points"),
        gettext("%(level)s%% of the change", level=95),
        gettext("Bigger than chance?"),
    ]
    moving = [
        [
            _name(each.driver),
            format_number(each.score),
            format_signed(each.change.value),
            printed_range_words(each.change.printed(page.k)),
            mark_words(each.change.mark(page.k)),
        ]
        for each in page.moving
    ]
    others = [
        [
            _name(each.driver),
            figure_text(each.figure),
            NOTHING,
            NOTHING,
            absence_words(each.why),
        ]
        for each in page.unmoved
    ]
    return Table(headings, [*moving, *others])


def _evidence(found: Importance, driver: DriverInfo) -> list[str]:
    known = [values for values in (found.stated, found.links) if values]
    return [
        format_number(values[driver.code], 1) if driver.code in values else NOTHING
        for values in known
    ]


def _name(driver: DriverInfo) -> str:
    return f"{driver.number} {driver.name}"
