"""The overview: where the team is wrong about its partners, how sure that is, what to fix first."""

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as Reply

from analysis import drawings, words
from analysis.csv_export import CSV_KINDS, PLAIN, csv_bytes
from analysis.dashboard import MIN_FOR_IMPORTANCE, OverviewPage, build_overview, change_of
from analysis.exports import IDENTIFIED_ONLY, Kind, export_table, file_name
from analysis.gap import Mark
from analysis.queries import drivers
from analysis.web.choice import Choice, chosen, segment_options
from surveys.audit import record_event
from surveys.db import db
from surveys.i18n import page_locale
from surveys.models import Contact, Schedule, SurveyVersion
from surveys.participation import participation
from surveys.permissions import Permission
from surveys.runtime import now
from surveys.terms import Mode
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import workspace

bp = Blueprint("overview", __name__)


@bp.get("/")
@bp.get("/overview")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The newest results, or the first steps of an empty workspace."""
    choice = chosen(None)
    return _first_run() if choice is None else _page(choice)


@bp.get("/overview/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Reply:
    """From the two pickers to an address that can be kept and sent."""
    run_id = request.args.get("run", type=int)
    segment = request.args.get("segment") or None
    changed = request.args.get("was") != str(run_id)
    return redirect(url_for(".show", run_id=run_id, segment=None if changed else segment), 303)


@bp.get("/overview/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The results of one run, for everybody or for one published segment."""
    choice = chosen(run_id)
    assert choice is not None
    return _page(choice)


@bp.post("/overview/<int:run_id>/export")
@signed_in(Permission.EXPORT)
def export(run_id: int) -> Reply:
    """A file of the run; a POST, since each export is written to the audit log."""
    choice = chosen(run_id)
    assert choice is not None
    if not EmptyForm().validate():
        return redirect(url_for(".show", run_id=run_id), 303)
    kind = Kind(request.form.get("kind", Kind.SCORES))
    csv_kind = CSV_KINDS.get(request.form.get("format", ""), PLAIN)
    table = export_table(db.session(), kind, choice.figures)
    record_event(
        db.session(),
        "export",
        actor=f"user {current_user().id}",
        now=now(),
        object_type="wave",
        object_id=choice.run.id,
        kind=kind.value,
    )
    body = b"".join(csv_bytes(table, csv_kind))
    db.session.commit()
    name = file_name(choice.run, kind, now())
    return Response(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(choice: Choice) -> str:
    partner = choice.run.partner
    took_part = participation(db.session(), partner)
    if not choice.has_results:
        staff = choice.run.internal
        return render_template(
            "dashboard/waiting.html",
            choice=choice,
            participation=took_part,
            staff_participation=participation(db.session(), staff) if staff else None,
            steps=drawings.funnel_steps(took_part, is_anonymous=partner.mode is Mode.ANONYMOUS),
        )
    before = choice.before.run.partner if choice.before else None
    page = build_overview(
        choice.figures,
        choice.before,
        drivers=drivers(db.session(), page_locale()),
        row=choice.row,
        participation=took_part,
        participation_before=participation(db.session(), before) if before else None,
    )
    return render_template("dashboard/overview.html", **_context(choice, page))


def _context(choice: Choice, page: OverviewPage) -> dict[str, Any]:
    axis = drawings.gap_axis(page.gaps)
    return {
        "choice": choice,
        "page": page,
        "words": words,
        "drawings": drawings,
        "axis": axis,
        "Mark": Mark,
        "segments": segment_options(page.rows),
        "steps": drawings.funnel_steps(
            page.participation, is_anonymous=choice.run.partner.mode is Mode.ANONYMOUS
        ),
        "rate": _rate(page),
        "min_for_importance": MIN_FOR_IMPORTANCE,
        "export_kinds": export_kinds(choice),
        "since": choice.before.run.partner.label if choice.before else None,
        "change_of": change_of,
    }


def export_kinds(choice: Choice) -> list[Kind]:
    """The files that this run can be exported to."""
    return [kind for kind in Kind if choice.is_identified or kind not in IDENTIFIED_ONLY]


def _rate(page: OverviewPage) -> tuple[float | None, float | None]:
    """Response rate (completed / delivered, 0..1) and its change in points since before."""
    now_ = page.participation
    rate = now_.answered / now_.delivered if now_.delivered else None
    before = page.participation_before
    if rate is None or before is None or not before.delivered:
        return rate, None
    return rate, 100 * (rate - before.answered / before.delivered)


def _first_run() -> str:
    """Which of the first steps are done: name, contacts, questionnaire, schedule."""
    session = db.session()
    vendor = workspace(session)
    done = {
        "workspace": vendor.is_ready,
        "contacts": bool(session.scalar(select(func.count()).select_from(Contact))),
        "questionnaire": bool(
            session.scalar(
                select(func.count())
                .select_from(SurveyVersion)
                .where(SurveyVersion.published_at.is_not(None))
            )
        ),
        "schedule": bool(session.scalar(select(func.count()).select_from(Schedule))),
    }
    return render_template(
        "dashboard/first_run.html", vendor=vendor, done=done, example=drawings.example_drawing()
    )
