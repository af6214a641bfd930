"""Pages of waves: the list, one run, and what can be done with it.

Whatever mails people or ends something has a page of its own that says so first; with JavaScript
the same text stands in a dialog.
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.errors import FieldError, NothingToAsk, WaveStateError
from surveys.i18n import gettext, ngettext
from surveys.invitations import LinkKeys
from surveys.pauses import resume_run
from surveys.permissions import (
    Permission,
    survey_for,
    survey_for_writing,
    wave_for,
    wave_for_running,
)
from surveys.pool_words import pool_text
from surveys.pools import pool_status
from surveys.reminders import remind_now
from surveys.runtime import now, settings
from surveys.terms import Audience
from surveys.wave_pages import open_page, run_page, waves_page
from surveys.waves import Opened, Run, close_run, extend_run, open_run, open_runs, run_of
from surveys.web import schedules, wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in
from surveys.web.wave_forms import ExtendForm, RemindForm, extension_problem

bp = Blueprint("waves", __name__)
schedules.add_routes(bp)
MAX_PAGE = 10_000


@bp.get("/waves")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Schedules, and every run, newest first."""
    number = min(max(request.args.get("page", 1, type=int), 1), MAX_PAGE)
    page = waves_page(db.session(), number=number, now=now())
    return render_template("manage/waves/index.html", page=page, words=wave_words, now=now())


@bp.get("/waves/<int:wave_id>")
@signed_in(Permission.RUN_SURVEYS)
def show(wave_id: int) -> str:
    """One run: how far both audiences came, what became of its mails, what can be done."""
    run = run_of(db.session(), wave_for(db.session(), current_user(), wave_id))
    return _render("manage/waves/show.html", run, ExtendForm())


@bp.get("/waves/<int:wave_id>/close")
@signed_in(Permission.RUN_SURVEYS)
def confirm_close(wave_id: int) -> str:
    """Say what closing does."""
    return _confirm("close", wave_id, EmptyForm())


@bp.post("/waves/<int:wave_id>/close")
@signed_in(Permission.RUN_SURVEYS)
def close(wave_id: int) -> Response | tuple[str, int]:
    """Close a run for both audiences."""
    form = EmptyForm()
    if not form.validate():
        return _confirm("close", wave_id, form), 422
    session = db.session()
    run = run_of(session, wave_for_running(session, current_user(), wave_id))
    try:
        close_run(session, run, now=now())
    except WaveStateError:
        return _was_over(run.id)
    _audit("wave.close", run.id)
    db.session.commit()
    _say_closed(run)
    return redirect(url_for(".show", wave_id=run.id), 303)


@bp.post("/waves/<int:wave_id>/resume")
@signed_in(Permission.RUN_SURVEYS)
def resume(wave_id: int) -> Response | tuple[str, int]:
    """Go on sending the mails of a run that was paused."""
    session = db.session()
    run = run_of(session, wave_for_running(session, current_user(), wave_id))
    if not EmptyForm().validate():
        return _render("manage/waves/show.html", run, ExtendForm()), 422
    try:
        again = resume_run(session, run, now=now())
    except WaveStateError:
        db.session.rollback()
        return redirect(url_for(".show", wave_id=run.id), 303)
    _audit("wave.resume", run.id, mails=again)
    db.session.commit()
    flash(gettext("The wave goes on. Mails that were refused as unwanted are tried again."), "ok")
    return redirect(url_for(".show", wave_id=run.id), 303)


@bp.get("/waves/<int:wave_id>/extend")
@signed_in(Permission.RUN_SURVEYS)
def confirm_extend(wave_id: int) -> str:
    """Ask for the new last day."""
    return _confirm("extend", wave_id, ExtendForm())


@bp.post("/waves/<int:wave_id>/extend")
@signed_in(Permission.RUN_SURVEYS)
def extend(wave_id: int) -> Response | tuple[str, int]:
    """Take answers until a later day."""
    form = ExtendForm()
    if not form.validate() or form.closes_on.data is None:
        return _confirm("extend", wave_id, form), 422
    session = db.session()
    run = run_of(session, wave_for_running(session, current_user(), wave_id))
    try:
        extend_run(session, run, form.closes_on.data, now=now())
    except WaveStateError:
        return _was_over(run.id)
    except FieldError as error:
        db.session.rollback()
        form.closes_on.errors = [extension_problem(error.reason)]
        return _confirm("extend", wave_id, form), 422
    _audit("wave.extend", run.id, closes_on=form.closes_on.data.isoformat())
    db.session.commit()
    flash(gettext("The wave is extended."), "ok")
    return redirect(url_for(".show", wave_id=run.id), 303)


@bp.get("/waves/<int:wave_id>/remind")
@signed_in(Permission.RUN_SURVEYS)
def confirm_remind(wave_id: int) -> str:
    """Say how many people get a mail."""
    return _confirm("remind", wave_id, RemindForm())


@bp.post("/waves/<int:wave_id>/remind")
@signed_in(Permission.RUN_SURVEYS)
def remind(wave_id: int) -> Response | tuple[str, int]:
    """Queue the reminder that was agreed to, for those who have not answered."""
    form = RemindForm()
    if not form.validate():
        return _confirm("remind", wave_id, form), 422
    session = db.session()
    run = run_of(session, wave_for_running(session, current_user(), wave_id))
    queued = _queue_reminders(session, run, form)
    if queued:
        _audit("wave.remind", run.id, people=queued)
    db.session.commit()
    _say_reminded(queued)
    return redirect(url_for(".show", wave_id=run.id), 303)


@bp.get("/waves/open")
@signed_in(Permission.RUN_SURVEYS)
def confirm_open() -> Response | str:
    """Say how many people get a mail if a wave opens now."""
    survey_id = request.args.get("survey", type=int)
    if survey_id is None:
        return redirect(url_for(".index"), 303)
    return _confirm_open(survey_id)


@bp.post("/waves/open")
@signed_in(Permission.RUN_SURVEYS)
def open_now() -> Response | tuple[str, int]:
    """Open a wave of a survey for both audiences; a second click opens nothing."""
    session = db.session()
    survey_id = request.form.get("survey", 0, type=int)
    survey = survey_for_writing(session, current_user(), survey_id)
    if not EmptyForm().validate():
        return _confirm_open(survey_id), 422
    try:
        opened = open_run(
            session, survey, scheduled_at=now().replace(microsecond=0), keys=_keys(), now=now()
        )
        _audit("wave.open", opened.run.id)
        db.session.commit()
    except (NothingToAsk, IntegrityError):
        db.session.rollback()
        return _not_opened(survey_id)
    _say_opened(opened)
    return redirect(url_for(".show", wave_id=opened.run.id), 303)


def _render(template: str, run: Run, form: ExtendForm | EmptyForm | RemindForm, **more: str) -> str:
    page = run_page(db.session(), run, now=now())
    return render_template(template, page=page, form=form, words=wave_words, now=now(), **more)


def _confirm(action: str, wave_id: int, form: ExtendForm | EmptyForm | RemindForm) -> str:
    run = run_of(db.session(), wave_for_running(db.session(), current_user(), wave_id))
    return _render("manage/waves/confirm.html", run, form, action=action)


def _confirm_open(survey_id: int) -> str:
    survey = survey_for(db.session(), current_user(), survey_id)
    page = open_page(db.session(), survey, now=now())
    return render_template(
        "manage/waves/open.html", page=page, survey=survey, form=EmptyForm(), words=wave_words
    )


def _not_opened(survey_id: int) -> Response | tuple[str, int]:
    running = open_runs(db.session(), survey_id)
    if running:
        flash(gettext("This wave is open already."), "warn")
        return redirect(url_for(".show", wave_id=running[0].id), 303)
    return _confirm_open(survey_id), 409


def _was_over(wave_id: int) -> Response:
    db.session.rollback()
    flash(gettext("The wave had ended already. Nothing was changed."), "warn")
    return redirect(url_for(".show", wave_id=wave_id), 303)


def _queue_reminders(session: Session, run: Run, form: RemindForm) -> int:
    queued = 0
    try:
        with session.begin_nested():
            for wave in run.waves:
                kind = form.kind_for(wave.audience)
                if kind is not None:
                    queued += remind_now(session, wave, kind, keys=_keys(), now=now())
    except IntegrityError:
        # The worker, or a second click, queued the same reminders a moment earlier.
        return 0
    return queued


def _say_closed(run: Run) -> None:
    pool = pool_status(db.session(), run.partner)
    if pool is not None and pool.position < pool.size:
        flash(f"{gettext('The wave is closed.')} {pool_text(pool)}", "ok")
        return
    flash(gettext("The wave is closed. Its results appear as soon as they are computed."), "ok")


def _say_reminded(queued: int) -> None:
    if queued:
        text = ngettext(
            "A reminder goes to %(num)s person.", "A reminder goes to %(num)s people.", queued
        )
        flash(text, "ok")
    else:
        flash(gettext("No reminder was sent: nobody is left to remind."), "warn")


def _say_opened(opened: Opened) -> None:
    people = {audience: invited.people for audience, invited in opened.invited.items()}
    text = gettext(
        "The wave is open. Invitations on their way: partners %(partners)s, our team %(staff)s.",
        partners=people[Audience.PARTNER],
        staff=people[Audience.INTERNAL],
    )
    flash(text, "ok")


def _keys() -> LinkKeys:
    return LinkKeys(settings().secret_key, settings().mail_domain)


def _audit(action: str, wave_id: int, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="wave",
        object_id=wave_id,
        **detail,
    )
