"""The drivers: the gap chart as a page, and one driver with its history and segments."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from analysis import charts, drawings, words
from analysis.comment_list import (
    CommentFilter,
    filtered,
    may_read_comments,
    shown_comments,
)
from analysis.dashboard import build_overview
from analysis.driver_page import DriverPage, build_driver_page, trend_steps
from analysis.gap import Mark
from analysis.queries import DriverInfo, drivers, trend_figures
from analysis.web.choice import Choice, chosen, segment_options
from analysis.web.overview import export_kinds
from surveys.db import db
from surveys.errors import NotFound
from surveys.i18n import format_number, gettext, page_locale, wave_title
from surveys.participation import participation
from surveys.permissions import Permission
from surveys.question_bank import fill
from surveys.questionnaires import read_questionnaire
from surveys.terms import Audience
from surveys.web.sign_in import signed_in
from surveys.workspace import workspace

bp = Blueprint("drivers", __name__)
SHOWN_COMMENTS = 4


@bp.get("/drivers")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The gap chart of the newest results as a full page."""
    return _chart_page(chosen(None))


@bp.get("/drivers/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def chart(run_id: int) -> str:
    """The gap chart of one run."""
    return _chart_page(chosen(run_id))


@bp.get("/drivers/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the pickers to an address that can be kept and sent."""
    return redirect(
        url_for(
            ".show",
            run_id=request.args.get("run", type=int),
            code=request.args.get("driver"),
            segment=request.args.get("segment") or None,
        ),
        303,
    )


@bp.get("/drivers/<int:run_id>/<code>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int, code: str) -> str:
    """One driver: both voices, trend, answers, segments, comments."""
    choice = chosen(run_id)
    assert choice is not None
    all_drivers = drivers(db.session(), page_locale())
    driver = next((each for each in all_drivers if each.code == code), None)
    if driver is None:
        raise NotFound("driver", code)
    if not choice.has_results:
        return render_template("dashboard/no_results.html", choice=choice)
    history = trend_figures(db.session(), choice.run, metrics=[code])
    page = build_driver_page(
        choice.figures,
        choice.before,
        driver=driver,
        drivers=all_drivers,
        row=choice.row,
        trend=trend_steps(history, code),
    )
    return render_template("dashboard/driver.html", **_context(choice, page, all_drivers))


def _chart_page(choice: Choice | None) -> str:
    if choice is None or not choice.has_results:
        return render_template("dashboard/no_results.html", choice=choice)
    page = build_overview(
        choice.figures,
        choice.before,
        drivers=drivers(db.session(), page_locale()),
        row=choice.row,
        participation=participation(db.session(), choice.run.partner),
        participation_before=None,
    )
    return render_template(
        "dashboard/drivers.html",
        choice=choice,
        page=page,
        words=words,
        drawings=drawings,
        axis=drawings.gap_axis(page.gaps),
        Mark=Mark,
        segments=segment_options(page.rows),
    )


def _context(choice: Choice, page: DriverPage, all_drivers: list[DriverInfo]) -> dict[str, Any]:
    partner = choice.figures.partner
    assert partner is not None
    return {
        "choice": choice,
        "page": page,
        "all_drivers": all_drivers,
        "drivers_by_code": {each.code: each for each in all_drivers},
        "segments": segment_options(partner.rows()),
        "words": words,
        "drawings": drawings,
        "charts": charts,
        "Mark": Mark,
        "trend": trend_drawing(page),
        "distribution": distribution(page),
        "statements": _statements(choice, page.driver.code),
        "comments": _comments(choice, page.driver.code),
        "export_kinds": export_kinds(choice),
        "since": choice.before.run.partner.label if choice.before else None,
    }


def trend_drawing(page: DriverPage) -> Any:
    """Both voices over the waves; a wave that shows nothing is left out, not drawn as zero."""
    points = [
        charts.TrendPoint(
            wave_title(step.run.partner.label),
            drawings.figure_mark(step.partners),
            drawings.figure_mark(step.staff),
            step.is_new_wording,
        )
        for step in page.trend
    ]
    marks = [mark for point in points for mark in (point.partner, point.staff) if mark]
    if not marks:
        return None
    axis = charts.axis_for_marks(marks, limits=(0, 100), step=20, minimum_span=60)
    label = gettext("Score of partners and of our team by wave; the table holds the values.")
    return charts.trend(
        points, axis=axis, label=label, new_wording=gettext("new wording"), number=format_number
    )


def distribution(page: DriverPage) -> list[dict[str, Any]]:
    """Share of each class of answers, both voices; unfavourable last, as people read a scale."""
    names = [gettext("Disagree"), gettext("Neither"), gettext("Agree")]
    shares = [
        (names[place], _share(page.partners, place), _share(page.staff, place))
        for place in (2, 1, 0)
    ]
    known = [value for _, ours, theirs in shares for value in (ours, theirs) if value is not None]
    maximum = charts.distribution_maximum(known) if known else 100
    rows = [
        {
            "name": name,
            "partner": ours,
            "staff": theirs,
            "drawing": charts.distribution_bars(
                ours,
                theirs,
                maximum=maximum,
                partner_label=_share_words(gettext("Partners"), ours),
                staff_label=_share_words(gettext("Our team"), theirs),
            ),
        }
        for name, ours, theirs in shares
    ]
    return rows if known else []


def _share(figure: Any, place: int) -> float | None:
    if figure is None or len(figure.classes) != 3 or not figure.n:
        return None
    count = figure.classes[place].count
    return None if count is None else 100 * count / figure.n


def _share_words(voice: str, share: float | None) -> str:
    if share is None:
        return gettext("%(voice)s: hidden to protect anonymity", voice=voice)
    return gettext("%(voice)s: %(share)s%%", voice=voice, share=format_number(share))


def _statements(choice: Choice, code: str) -> dict[str, str]:
    """How both audiences were asked, in the language of the page."""
    vendor = workspace(db.session()).vendor
    found = {}
    for audience in Audience:
        asked = read_questionnaire(
            db.session(),
            choice.run.partner.version_id,
            audience=audience,
            locale=page_locale(),
        )
        item = asked.item(code)
        if item is not None:
            heading = f"{item.heading} " if item.heading and item.heading.endswith("…") else ""
            found[audience.value] = fill(heading + item.text, vendor=vendor)
    return found


def _comments(choice: Choice, code: str) -> list[Any] | None:
    """A few comments about this driver; None where the wave's comments may not be read."""
    if not may_read_comments(choice.run.partner, choice.figures.partner):
        return None
    comments = shown_comments(
        db.session(), choice.run.partner, name_removed=gettext("[Name removed]")
    )
    return filtered(comments, CommentFilter(driver=code))[:SHOWN_COMMENTS]
