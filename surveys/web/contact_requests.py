"""The page of what respondents asked for in their own name, and seeing to it."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.contact_requests import (
    RequestFilter,
    RequestState,
    finish_request,
    reopen_request,
    request_page,
    take_request,
)
from surveys.db import db
from surveys.i18n import gettext
from surveys.permissions import Permission
from surveys.runtime import now
from surveys.terms import RequestKind
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("contact_requests", __name__)
STEPS = ("take", "finish", "reopen")


@bp.get("/requests")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Who waits for a word from us, the longest waiting first."""
    wanted = _wanted()
    return render_template(
        "manage/requests/index.html",
        page=request_page(db.session(), wanted, number=request.args.get("page", 1, type=int)),
        wanted=wanted,
        states={each: state_word(each) for each in RequestState},
        kinds={each: kind_word(each) for each in RequestKind},
        RequestState=RequestState,
        form=EmptyForm(),
    )


@bp.post("/requests/<int:request_id>")
@signed_in(Permission.RUN_SURVEYS)
def change(request_id: int) -> Response:
    """Take a request, say that it is done, or take that back; then the same list again."""
    step = request.form.get("do", "")
    if step not in STEPS:
        abort(400)
    if EmptyForm().validate():
        _change(request_id, step)
        record_event(
            db.session(),
            f"request.{step}",
            actor=f"user {current_user().id}",
            now=now(),
            object_type="contact_request",
            object_id=request_id,
        )
        db.session.commit()
        flash(_said(step), "ok")
    else:
        flash(gettext("The page was open for too long. Nothing was changed; do it again."), "warn")
    wanted = _wanted()
    return redirect(
        url_for(
            ".index",
            state=wanted.state.value if wanted.state else None,
            kind=wanted.kind.value if wanted.kind else None,
        ),
        303,
    )


def state_word(state: RequestState) -> str:
    """How far the vendor is, in the language of the page."""
    return {
        RequestState.OPEN: gettext("Waiting"),
        RequestState.TAKEN: gettext("Taken"),
        RequestState.DONE: gettext("Done"),
    }[state]


def kind_word(kind: RequestKind) -> str:
    """What was asked for, in the language of the page."""
    return {
        RequestKind.CALL_ME: gettext("Asks for a call"),
        RequestKind.WRONG_PERSON: gettext("Ask somebody else"),
    }[kind]


def _change(request_id: int, step: str) -> None:
    session, user_id = db.session(), current_user().id
    if step == "take":
        take_request(session, request_id, user_id=user_id)
    elif step == "finish":
        finish_request(session, request_id, user_id=user_id, now=now())
    else:
        reopen_request(session, request_id)


def _said(step: str) -> str:
    return {
        "take": gettext("The request is yours."),
        "finish": gettext("The request is done."),
        "reopen": gettext("The request is waiting again."),
    }[step]


def _wanted() -> RequestFilter:
    state, kind = request.args.get("state", ""), request.args.get("kind", "")
    return RequestFilter(
        state=RequestState(state) if state in set(RequestState) else None,
        kind=RequestKind(kind) if kind in set(RequestKind) else None,
    )
