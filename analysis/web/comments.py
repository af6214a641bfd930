"""The comments of a wave, with their sentiment and the words that led to it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from analysis import words
from analysis.comment_filters import CommentFilter, may_filter_by_segment
from analysis.comment_list import (
    comment_page,
    may_read_comments,
)
from analysis.queries import drivers
from analysis.scoring import unread_count
from analysis.shown_figures import TOTAL, Row
from analysis.web.choice import Choice, chosen, newest, picked, picked_run, row_key, segment_options
from analysis.web.comment_notice import take_notice
from analysis.web.export import export_kinds
from surveys.comment_corrections import corrected_by
from surveys.comment_follow_ups import follow_ups_of
from surveys.db import db
from surveys.i18n import gettext, page_locale
from surveys.models import Wave
from surveys.permissions import Permission, allows
from surveys.terms import FollowUpState
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("comments", __name__)
LABELS = ("negative", "mixed", "neutral", "positive", "unsure")
#: What of the address chooses comments, besides the segment, which depends on the wave.
FILTERS = ("label", "driver", "q", "exit", "language", "follow", "voice")
TEAM = "team"
MAX_WORDS = 100


@bp.get("/comments")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The comments of the newest results."""
    return list_page(newest())


@bp.get("/comments/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the form to an address that can be kept and sent; another wave drops the segment."""
    run_id = picked_run()
    kept: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    segment = picked(run_id)["segment"]
    return redirect(url_for(".show", run_id=run_id, segment=segment, **kept), 303)


@bp.get("/comments/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The comments of one run."""
    return list_page(chosen(run_id), edited=request.args.get("edit", ""))


def list_page(choice: Choice | None, *, edited: str = "", is_refused: bool = False) -> str:
    """The list that the address asks for, or why there is none.

    `edited` is the comment whose form is open, `is_refused` whether what it sent does not do.
    """
    if choice is None or not choice.has_results:
        title = gettext("Comments")
        return render_template("dashboard/no_results.html", choice=choice, title=title)
    lists = lists_of(choice)
    voice = voice_of(request.args)
    wave = lists.get(voice)
    if wave is None:
        return render_template("dashboard/no_comments.html", choice=choice, voice=voice)
    has_segments = may_filter_by_segment(wave) and not voice
    wanted = filter_of(request.args, row=choice.row if has_segments else TOTAL)
    page = comment_page(
        db.session(),
        wave,
        wanted,
        number=request.args.get("page", 1, type=int),
        name_removed=gettext("[Name removed]"),
    )
    ids = [comment.id for comment in page.comments]
    return render_template(
        "dashboard/comments.html",
        choice=choice,
        wanted=wanted,
        address=address_of(wanted, voice),
        voice=voice,
        voices=lists,
        page=page,
        segments=_segments(choice) if has_segments else [],
        is_unsegmented=choice.row != TOTAL and not has_segments,
        n_unread=unread_count(db.session(), wave.id) if choice.is_identified else 0,
        labels=LABELS,
        may_correct=allows(current_user(), Permission.CORRECT_COMMENTS),
        corrected=corrected_by(db.session(), ids),
        follow_ups=follow_ups_of(db.session(), ids),
        notice=take_notice(),
        edited=edited,
        is_refused=is_refused,
        FollowUpState=FollowUpState,
        drivers={driver.code: driver for driver in drivers(db.session(), page_locale())},
        words=words,
        export_kinds=export_kinds(choice),
    )


def lists_of(choice: Choice) -> dict[str, Wave]:
    """The waves of the run whose comments may be read, by what the address calls them."""
    run, figures = choice.run, choice.figures
    lists = {}
    if may_read_comments(run.partner, figures.partner):
        lists[""] = run.partner
    if run.internal is not None and may_read_comments(run.internal, figures.internal):
        lists[TEAM] = run.internal
    return lists


def _segments(choice: Choice) -> list[tuple[str, list[tuple[str, str]]]]:
    partner = choice.figures.partner
    return segment_options(partner.rows()) if partner else []


def voice_of(values: Mapping[str, str]) -> str:
    """Whose comments an address or a form asks for: the partners' (empty) or the team's."""
    return TEAM if values.get("voice") == TEAM else ""


def filter_of(values: Mapping[str, str], *, row: Row) -> CommentFilter:
    """What an address or a form asks for; what does not exist is not asked for."""
    label, follow_up = values.get("label", ""), values.get("follow", "")
    return CommentFilter(
        label=label if label in LABELS else "",
        driver=values.get("driver", ""),
        words=values.get("q", "")[:MAX_WORDS],
        only_quiet_exit=values.get("exit") == "1",
        language=values.get("language", ""),
        row=row,
        follow_up=FollowUpState(follow_up) if follow_up in set(FollowUpState) else None,
    )


def address_of(wanted: CommentFilter, voice: str) -> dict[str, Any]:
    """A filter as it stands in an address; None where it leaves nothing out."""
    return {
        "label": wanted.label or None,
        "driver": wanted.driver or None,
        "q": wanted.words or None,
        "exit": "1" if wanted.only_quiet_exit else None,
        "language": wanted.language or None,
        "segment": row_key(wanted.row) or None,
        "follow": wanted.follow_up.value if wanted.follow_up else None,
        "voice": voice or None,
    }
