"""The trend: where a survey with history begins to read, its last eight waves."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from analysis import trend_drawings, trend_findings, words
from analysis.dashboard import RECOMMEND
from analysis.gap import Mark
from analysis.queries import drivers, trend_figures
from analysis.trend_page import TrendPage, build_trend
from analysis.web.choice import (
    Choice,
    chosen,
    newest,
    picked,
    picked_run,
    segment_options,
)
from analysis.web.export import export_kinds
from surveys.db import db
from surveys.i18n import gettext, page_locale
from surveys.participation import participations
from surveys.permissions import Permission
from surveys.schedules import schedule_of
from surveys.terms import WaveState
from surveys.waves import Run
from surveys.web.sign_in import signed_in

bp = Blueprint("trend", __name__)


@bp.get("/trend")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The waves up to the newest results."""
    return _trend(newest())


@bp.get("/trend/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The waves up to one run, for everybody or for one published segment."""
    return _trend(chosen(run_id))


@bp.get("/trend/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the pickers to an address that can be kept and sent."""
    run_id = picked_run()
    return redirect(url_for(".show", run_id=run_id, **picked(run_id)), 303)


def _trend(choice: Choice | None) -> str:
    if choice is None or not choice.has_results:
        title = gettext("Trend")
        return render_template("dashboard/no_results.html", choice=choice, title=title)
    page = _page(choice)
    return render_template("dashboard/trend.html", **_context(choice, page))


def _page(choice: Choice) -> TrendPage:
    session = db.session()
    all_drivers = drivers(session, page_locale())
    metrics = [*(driver.code for driver in all_drivers), RECOMMEND]
    return build_trend(
        choice.figures,
        choice.before,
        drivers=all_drivers,
        row=choice.row,
        history=trend_figures(session, choice.history, metrics=metrics, row=choice.row),
        participation=participations(session, [run.partner.id for run in choice.history]),
    )


def _context(choice: Choice, page: TrendPage) -> dict[str, Any]:
    return {
        "choice": choice,
        "page": page,
        "later": _later(choice),
        "running": _running(choice),
        "next_opens_at": None if page.has_trend else _next_opening(choice),
        "segments": segment_options(page.rows),
        "axis": trend_drawings.score_axis(page),
        "findings": trend_findings,
        "drawings": trend_drawings,
        "words": words,
        "Mark": Mark,
        "export_kinds": export_kinds(choice),
    }


def _later(choice: Choice) -> Run | None:
    """The newest wave of the same survey with results, if it is another one: there is its trend."""
    closed = (run for run in _of_survey(choice) if run.partner.state is WaveState.CLOSED)
    newest_run = next(closed, None)
    return None if newest_run is None or newest_run.id == choice.run.id else newest_run


def _running(choice: Choice) -> Run | None:
    """The wave of the same survey that is open now: the next point of the trend."""
    others = (run for run in _of_survey(choice) if run.id != choice.run.id)
    return next((run for run in others if run.partner.state is not WaveState.CLOSED), None)


def _of_survey(choice: Choice) -> Iterator[Run]:
    """All runs of the chosen survey, the newest first."""
    survey_id = choice.run.partner.survey_id
    return (run for run in choice.runs if run.partner.survey_id == survey_id)


def _next_opening(choice: Choice) -> datetime | None:
    """When the schedule opens the next wave; None without one, or while it is paused."""
    schedule = schedule_of(db.session(), choice.run.partner.survey_id)
    return None if schedule is None or schedule.paused_at else schedule.next_run_at
