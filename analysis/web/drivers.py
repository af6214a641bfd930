"""The drivers: the gap chart as a page, and one driver with its history and segments."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from analysis import (
    charts,
    drawings,
    driver_findings,
    findings,
    priority_drawings,
    priority_findings,
    priority_tables,
    words,
)
from analysis.comment_filters import CommentFilter
from analysis.comment_list import (
    may_read_comments,
    shown_comments,
)
from analysis.dashboard import build_overview
from analysis.driver_page import DriverPage, build_driver_page
from analysis.gap import Mark
from analysis.priorities import Priorities, build_priorities, stated_metrics
from analysis.queries import driver_statements, drivers, trend_figures
from analysis.shown_figures import TOTAL, DriverInfo, WaveTotals
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
from surveys.errors import NotFound
from surveys.i18n import gettext, page_locale
from surveys.participation import participation
from surveys.permissions import Permission
from surveys.question_bank import fill
from surveys.web.sign_in import signed_in
from surveys.workspace import workspace

bp = Blueprint("drivers", __name__)
SHOWN_COMMENTS = 4


@bp.get("/drivers")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """Gap chart, quadrants and weighted score of the newest results."""
    return _chart_page(newest())


@bp.get("/drivers/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def chart(run_id: int) -> str:
    """Gap chart, quadrants and weighted score of one run."""
    return _chart_page(chosen(run_id))


@bp.get("/drivers/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the pickers to an address that can be kept and sent; a new wave drops the segment."""
    run_id = picked_run()
    code = request.args.get("driver")
    kept = picked(run_id)
    if not code:
        return redirect(url_for(".chart", run_id=run_id, **kept), 303)
    return redirect(url_for(".show", run_id=run_id, code=code, **kept), 303)


@bp.get("/drivers/<int:run_id>/<code>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int, code: str) -> str:
    """One driver: both voices, trend, answers, segments, comments."""
    choice = chosen(run_id)
    all_drivers = drivers(db.session(), page_locale())
    driver = next((each for each in all_drivers if each.code == code), None)
    if driver is None:
        raise NotFound("driver", code)
    if not choice.has_results:
        return render_template("dashboard/no_results.html", choice=choice, title=driver.name)
    page = build_driver_page(
        choice.figures,
        choice.before,
        driver=driver,
        drivers=all_drivers,
        row=choice.row,
        **_history(choice, driver, all_drivers),
    )
    return render_template("dashboard/driver.html", **_context(choice, page, all_drivers))


def _chart_page(choice: Choice | None) -> str:
    if choice is None or not choice.has_results:
        title = gettext("Drivers")
        return render_template("dashboard/no_results.html", choice=choice, title=title)
    all_drivers = drivers(db.session(), page_locale())
    page = build_overview(
        choice.figures,
        choice.before,
        drivers=all_drivers,
        row=choice.row,
        participation=participation(db.session(), choice.run.partner),
        participation_before=None,
    )
    return render_template(
        "dashboard/drivers.html",
        choice=choice,
        page=page,
        words=words,
        findings=findings,
        drawings=drawings,
        axis=drawings.gap_axis(page),
        Mark=Mark,
        segments=segment_options(page.rows),
        export_kinds=export_kinds(choice),
        priorities=_priorities(choice, all_drivers),
        priority_findings=priority_findings,
        priority_drawings=priority_drawings,
        priority_tables=priority_tables,
    )


def _priorities(choice: Choice, all_drivers: Sequence[DriverInfo]) -> Priorities:
    """Quadrants and weighted scores, for the chosen segment and comparison."""
    return build_priorities(
        choice.figures,
        choice.before,
        drivers=all_drivers,
        row=choice.row,
        history=_stated(choice, all_drivers),
    )


def _history(
    choice: Choice, driver: DriverInfo, all_drivers: Sequence[DriverInfo]
) -> dict[str, Sequence[WaveTotals]]:
    """The driver's own waves and what partners said matters: for everybody both in one read."""
    metrics = [driver.code, *stated_metrics(all_drivers)]
    if choice.row == TOTAL:
        both = trend_figures(db.session(), choice.history, metrics=metrics)
        return {"history": both, "stated": both}
    own = trend_figures(db.session(), choice.history, metrics=[driver.code], row=choice.row)
    return {"history": own, "stated": _stated(choice, all_drivers)}


def _stated(choice: Choice, all_drivers: Sequence[DriverInfo]) -> Sequence[WaveTotals]:
    """What all partners said of the importance of each driver, in this wave and before it."""
    return trend_figures(db.session(), choice.history, metrics=stated_metrics(all_drivers))


def _context(choice: Choice, page: DriverPage, all_drivers: Sequence[DriverInfo]) -> dict[str, Any]:
    return {
        "choice": choice,
        "page": page,
        "all_drivers": all_drivers,
        "drivers_by_code": {each.code: each for each in all_drivers},
        "segments": segment_options(page.heat.columns),
        "words": words,
        "findings": driver_findings,
        "priority_findings": priority_findings,
        "drawings": drawings,
        "charts": charts,
        "Mark": Mark,
        "statements": _statements(choice, page.driver.code),
        "comments": _comments(choice, page.driver.code),
        "export_kinds": export_kinds(choice),
    }


def _statements(choice: Choice, code: str) -> dict[str, str]:
    """How both audiences were asked, in the language of the page."""
    vendor = workspace(db.session()).vendor
    found = driver_statements(db.session(), choice.run, code, locale=page_locale())
    return {audience.value: fill(text, vendor=vendor) for audience, text in found.items()}


def _comments(choice: Choice, code: str) -> Sequence[Any] | None:
    """A few comments about this driver; None where the wave's comments may not be read."""
    if not may_read_comments(choice.run.partner, choice.figures.partner):
        return None
    return shown_comments(
        db.session(),
        choice.run.partner,
        CommentFilter(driver=code),
        name_removed=gettext("[Name removed]"),
        limit=SHOWN_COMMENTS,
    )
