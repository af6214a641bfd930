"""The board page: what we believe and what partners say, on one sheet of paper."""

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from analysis import board_findings, drawings, findings, words
from analysis.gap import Mark
from analysis.web.choice import (
    Choice,
    chosen,
    newest,
    picked,
    picked_run,
    segment_options,
)
from analysis.web.overview_page import overview_page
from surveys.db import db
from surveys.i18n import gettext
from surveys.permissions import Permission
from surveys.web.sign_in import signed_in
from surveys.workspace import workspace

bp = Blueprint("board", __name__)


@bp.get("/board")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The sheet of the newest results."""
    return _sheet(newest())


@bp.get("/board/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The sheet of one run, for everybody or for one published segment."""
    return _sheet(chosen(run_id))


@bp.get("/board/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the pickers to an address that can be kept and sent."""
    run_id = picked_run()
    return redirect(url_for(".show", run_id=run_id, **picked(run_id)), 303)


def _sheet(choice: Choice | None) -> str:
    if choice is None or not choice.has_results:
        title = gettext("Board page")
        return render_template("dashboard/no_results.html", choice=choice, title=title)
    page = overview_page(choice)
    return render_template(
        "dashboard/board.html",
        choice=choice,
        page=page,
        vendor=workspace(db.session()).vendor,
        segments=segment_options(page.rows),
        axis=drawings.gap_axis(page),
        board=board_findings,
        findings=findings,
        drawings=drawings,
        words=words,
        Mark=Mark,
    )
