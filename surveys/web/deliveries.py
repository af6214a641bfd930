"""Pages of single mails: what became of each, and the decision about an uncertain one."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.errors import NotFound
from surveys.i18n import gettext
from surveys.mail.deliveries import (
    Decision,
    DeliveryFilter,
    DeliveryStory,
    Group,
    delivery_page,
    delivery_story,
    leave,
    resend,
)
from surveys.models import OutgoingMail
from surveys.permissions import Permission, wave_for_running
from surveys.runtime import now
from surveys.wave_pages import run_page
from surveys.waves import Run, run_of
from surveys.web import delivery_words, wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("deliveries", __name__)
MAX_SEARCH_LENGTH = 100


@bp.get("/waves/<int:wave_id>/mails")
@signed_in(Permission.RUN_SURVEYS)
def index(wave_id: int) -> str:
    """Every mail of a run that may be seen, a page at a time."""
    run = run_of(db.session(), wave_for_running(db.session(), current_user(), wave_id))
    wanted = _wanted()
    number = request.args.get("page", 1, type=int)
    return render_template(
        "manage/deliveries/index.html",
        line=run_page(db.session(), run, now=now()).line,
        page=delivery_page(db.session(), run, wanted, number=number),
        wanted=wanted,
        words=delivery_words,
        wave_words=wave_words,
        groups=list(Group),
    )


@bp.get("/mails/<int:mail_id>")
@signed_in(Permission.RUN_SURVEYS)
def show(mail_id: int) -> str:
    """One mail from the queue to the last word about it."""
    return _page(*_found(mail_id), EmptyForm())


@bp.post("/mails/<int:mail_id>")
@signed_in(Permission.RUN_SURVEYS)
def decide(mail_id: int) -> Response | tuple[str, int]:
    """Send a mail in trouble once more, or let an uncertain one be."""
    run, story = _found(mail_id)
    form = EmptyForm()
    wanted = request.form.get("do")
    if not form.validate() or wanted not in set(Decision):
        return _page(run, story, form), 422
    decision = Decision(wanted or "")
    operation = resend if decision is Decision.RESEND else leave
    if operation(db.session(), mail_id, user_id=current_user().id, now=now()):
        record_event(
            db.session(),
            f"mail.{decision.value}",
            actor=f"user {current_user().id}",
            now=now(),
            object_type="mail",
            object_id=mail_id,
        )
        flash(delivery_words.decided_text(decision), "ok")
    else:
        flash(gettext("Nothing was changed: this mail has moved on since the page opened."), "warn")
    db.session.commit()
    return redirect(url_for(".show", mail_id=mail_id), 303)


def _found(mail_id: int) -> tuple[Run, DeliveryStory]:
    session = db.session()
    wave_id = session.scalar(select(OutgoingMail.wave_id).where(OutgoingMail.id == mail_id))
    if wave_id is None:
        raise NotFound("mail", mail_id)
    run = run_of(session, wave_for_running(session, current_user(), wave_id))
    story = delivery_story(session, run, mail_id)
    if story is None:
        raise NotFound("mail", mail_id)
    return run, story


def _page(run: Run, story: DeliveryStory, form: EmptyForm) -> str:
    return render_template(
        "manage/deliveries/show.html",
        line=run_page(db.session(), run, now=now()).line,
        story=story,
        form=form,
        words=delivery_words,
        wave_words=wave_words,
    )


def _wanted() -> DeliveryFilter:
    group = request.args.get("group", "")
    return DeliveryFilter(
        group=Group(group) if group in set(Group) else None,
        text=request.args.get("q", "")[:MAX_SEARCH_LENGTH],
    )
