"""Who took part in a run, and whether they stand for everybody who was asked."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from analysis import participation_drawings, participation_findings, words
from analysis.participation_page import ParticipationPage, WaveCounts, build_participation
from analysis.queries import drivers, runs_with_results
from analysis.web.choice import Choice, chosen, picked_run
from surveys.db import db
from surveys.i18n import gettext, page_locale
from surveys.models import Wave
from surveys.participation import Participation, participation_detail, participations
from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("participation", __name__)


@bp.get("/participation")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The newest run, open or not: who takes part may be seen at once."""
    runs = runs_with_results(db.session())
    if not runs:
        title = gettext("Participation")
        return render_template("dashboard/no_results.html", choice=None, title=title)
    return _page(chosen(runs[0].id))


@bp.get("/participation/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """One run."""
    return _page(chosen(run_id))


@bp.get("/participation/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the picker to an address that can be kept and sent."""
    return redirect(url_for(".show", run_id=picked_run()), 303)


def _page(choice: Choice) -> str:
    page = _built(choice)
    return render_template(
        "dashboard/participation.html",
        choice=choice,
        page=page,
        words=words,
        findings=participation_findings,
        drawings=participation_drawings,
        axis=participation_drawings.rate_axis(page) if any(p.rows for p in page.parts) else None,
    )


def _built(choice: Choice) -> ParticipationPage:
    session, run = db.session(), choice.run
    waves = [wave for each in choice.history for wave in each.waves]
    counts = participations(session, [wave.id for wave in waves])
    return build_participation(
        choice.figures,
        partners=_counts(run.partner, counts[run.partner.id]),
        staff=_counts(run.internal, counts[run.internal.id]) if run.internal else None,
        drivers=drivers(session, page_locale()),
        history=[
            (each, counts[each.partner.id], counts[each.internal.id] if each.internal else None)
            for each in choice.history
        ],
    )


def _counts(wave: Wave, counts: Participation) -> WaveCounts:
    return WaveCounts(wave, counts, participation_detail(db.session(), wave))
