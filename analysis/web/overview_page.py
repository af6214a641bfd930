"""The figures of the overview for the chosen run, shown by the overview and the board page.

Both pages take them from here, so that no figure of one can differ from the other.
"""

from collections.abc import Sequence

from analysis.dashboard import (
    NOT_STATED,
    OverviewPage,
    StatedImportance,
    build_overview,
    knows_links,
)
from analysis.priorities import last_stated, stated_metrics
from analysis.queries import drivers, trend_figures
from analysis.shown_figures import DriverInfo
from analysis.web.choice import Choice
from surveys.db import db
from surveys.i18n import page_locale
from surveys.participation import participations


def overview_page(choice: Choice) -> OverviewPage:
    """What the overview shows of a run that has results, in the language of the page."""
    before = choice.before.run.partner if choice.before else None
    waves = [choice.run.partner, *([before] if before else [])]
    counts = participations(db.session(), [wave.id for wave in waves])
    all_drivers = drivers(db.session(), page_locale())
    return build_overview(
        choice.figures,
        choice.before,
        drivers=all_drivers,
        row=choice.row,
        participation=counts[choice.run.partner.id],
        participation_before=counts[before.id] if before else None,
        stated=_stated(choice, all_drivers),
    )


def _stated(choice: Choice, all_drivers: Sequence[DriverInfo]) -> StatedImportance:
    """What partners said matters to them, read only where links cannot say it."""
    if knows_links(choice.figures, all_drivers):
        return NOT_STATED
    metrics = stated_metrics(all_drivers)
    history = trend_figures(db.session(), choice.history, metrics=metrics)
    return StatedImportance(*last_stated(all_drivers, history))
