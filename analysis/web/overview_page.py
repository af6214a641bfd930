"""The figures of the overview for the chosen run, shown by the overview and the board page.

Both pages take them from here, so that no figure of one can differ from the other.
"""

from analysis.dashboard import OverviewPage, build_overview
from analysis.queries import drivers
from analysis.web.choice import Choice
from surveys.db import db
from surveys.i18n import page_locale
from surveys.participation import participations


def overview_page(choice: Choice) -> OverviewPage:
    """What the overview shows of a run that has results, in the language of the page."""
    before = choice.before.run.partner if choice.before else None
    waves = [choice.run.partner, *([before] if before else [])]
    counts = participations(db.session(), [wave.id for wave in waves])
    return build_overview(
        choice.figures,
        choice.before,
        drivers=drivers(db.session(), page_locale()),
        row=choice.row,
        participation=counts[choice.run.partner.id],
        participation_before=counts[before.id] if before else None,
    )
