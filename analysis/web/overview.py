"""The overview: where the team is wrong about its partners, how sure that is, what to fix first."""

from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import exists, select
from werkzeug.wrappers import Response

from analysis import drawings, findings, words
from analysis.dashboard import OverviewPage
from analysis.gap import Mark
from analysis.web.choice import (
    Choice,
    chosen,
    newest,
    picked,
    picked_run,
    segment_options,
)
from analysis.web.export import export_kinds
from analysis.web.overview_page import overview_page
from analysis.web.parts import part
from surveys.db import db
from surveys.models import Contact, Schedule, SurveyVersion
from surveys.participation import participations
from surveys.permissions import Permission, allows
from surveys.pool_words import pool_text
from surveys.terms import Mode
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import workspace

bp = Blueprint("overview", __name__)
bp.add_app_template_global(pool_text, "pool_text")
bp.add_app_template_global(part, "part")


@bp.get("/")
@bp.get("/overview")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The newest results, or the first steps of an empty workspace."""
    choice = newest()
    return _first_run() if choice is None else _page(choice)


@bp.get("/overview/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the pickers to an address that can be kept and sent."""
    run_id = picked_run()
    return redirect(url_for(".show", run_id=run_id, **picked(run_id)), 303)


@bp.get("/overview/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The results of one run, for everybody or for one published segment."""
    return _page(chosen(run_id))


def _page(choice: Choice) -> str:
    return _results(choice) if choice.has_results else _waiting(choice)


def _waiting(choice: Choice) -> str:
    """Who took part, while nothing else may be shown."""
    counts = participations(db.session(), [wave.id for wave in choice.run.waves])
    took_part = counts[choice.run.partner.id]
    return render_template(
        "dashboard/waiting.html",
        choice=choice,
        participation=took_part,
        staff_participation=counts[choice.run.internal.id] if choice.run.internal else None,
        steps=_steps(choice, took_part),
        may_run=allows(current_user(), Permission.RUN_SURVEYS),
    )


def _results(choice: Choice) -> str:
    page = overview_page(choice)
    return render_template("dashboard/overview.html", **_context(choice, page))


def _context(choice: Choice, page: OverviewPage) -> dict[str, Any]:
    return {
        "choice": choice,
        "page": page,
        "words": words,
        "findings": findings,
        "drawings": drawings,
        "axis": drawings.gap_axis(page),
        "Mark": Mark,
        "segments": segment_options(page.rows),
        "steps": _steps(choice, page.participation),
        "export_kinds": export_kinds(choice),
    }


def _steps(choice: Choice, took_part: Any) -> Any:
    is_anonymous = choice.run.partner.mode is Mode.ANONYMOUS
    return drawings.funnel_steps(took_part, is_anonymous=is_anonymous)


def _first_run() -> str:
    """Which of the first steps are done: name, contacts, questionnaire, schedule."""
    session = db.session()
    vendor = workspace(session)
    row = session.execute(
        select(
            exists(select(Contact.id)).label("contacts"),
            exists(select(SurveyVersion.id).where(SurveyVersion.published_at.is_not(None))).label(
                "questionnaire"
            ),
            exists(select(Schedule.id)).label("schedule"),
        )
    ).one()
    done = {
        "workspace": vendor.is_ready,
        "contacts": row.contacts,
        "questionnaire": row.questionnaire,
        "schedule": row.schedule,
    }
    return render_template(
        "dashboard/first_run.html",
        vendor=vendor,
        done=done,
        example=drawings.example_drawing(),
        may_run=allows(current_user(), Permission.RUN_SURVEYS),
    )
