"""The comments of a wave, with their sentiment and the words that led to it."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from analysis import words
from analysis.comment_list import (
    CommentFilter,
    comment_page,
    may_read_comments,
)
from analysis.queries import drivers
from analysis.scoring import unread_count
from analysis.web.choice import Choice, chosen, newest, picked_run
from analysis.web.export import export_kinds
from surveys.db import db
from surveys.i18n import gettext, page_locale
from surveys.models import Wave
from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("comments", __name__)
LABELS = ("negative", "mixed", "neutral", "positive", "unsure")
FILTERS = ("label", "driver", "q", "exit", "voice")
TEAM = "team"


@bp.get("/comments")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The comments of the newest results."""
    return _page(newest())


@bp.get("/comments/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the form to an address that can be kept and sent."""
    kept: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    return redirect(url_for(".show", run_id=picked_run(), **kept), 303)


@bp.get("/comments/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The comments of one run."""
    return _page(chosen(run_id))


def _page(choice: Choice | None) -> str:
    if choice is None or not choice.has_results:
        title = gettext("Comments")
        return render_template("dashboard/no_results.html", choice=choice, title=title)
    lists = _lists(choice)
    voice = TEAM if request.args.get("voice") == TEAM else ""
    wave = lists.get(voice)
    if wave is None:
        return render_template("dashboard/no_comments.html", choice=choice, voice=voice)
    wanted = _filter()
    page = comment_page(
        db.session(),
        wave,
        wanted,
        number=request.args.get("page", 1, type=int),
        name_removed=gettext("[Name removed]"),
    )
    return render_template(
        "dashboard/comments.html",
        choice=choice,
        wanted=wanted,
        voice=voice,
        voices=lists,
        page=page,
        n_unread=unread_count(db.session(), wave.id) if choice.is_identified else 0,
        labels=LABELS,
        drivers={driver.code: driver for driver in drivers(db.session(), page_locale())},
        words=words,
        export_kinds=export_kinds(choice),
    )


def _lists(choice: Choice) -> dict[str, Wave]:
    """The waves of the run whose comments may be read, by what the address calls them."""
    run, figures = choice.run, choice.figures
    lists = {}
    if may_read_comments(run.partner, figures.partner):
        lists[""] = run.partner
    if run.internal is not None and may_read_comments(run.internal, figures.internal):
        lists[TEAM] = run.internal
    return lists


def _filter() -> CommentFilter:
    label = request.args.get("label", "")
    return CommentFilter(
        label=label if label in LABELS else "",
        driver=request.args.get("driver", ""),
        words=request.args.get("q", "")[:100],
        only_quiet_exit=request.args.get("exit") == "1",
    )
