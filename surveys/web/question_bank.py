"""The page of the question bank: every question with its status, which a person can change."""

from itertools import groupby

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.editor_pages import bank_entries
from surveys.i18n import gettext, page_locale
from surveys.permissions import Permission
from surveys.question_bank import fill
from surveys.question_settings import set_status
from surveys.runtime import now
from surveys.terms import QuestionStatus
from surveys.web.accounts import EmptyForm
from surveys.web.questionnaire_words import type_word
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import workspace

bp = Blueprint("bank", __name__, url_prefix="/question-bank")


@bp.get("")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Questions by driver."""
    return _render()


@bp.post("/<code>/status")
@signed_in(Permission.RUN_SURVEYS)
def change_status(code: str) -> Response | tuple[str, int]:
    """Retire a question, so that no draft can add it, or take it back."""
    wanted = request.form.get("status")
    if not EmptyForm().validate() or wanted not in set(QuestionStatus):
        return _render(is_stale=True), 422
    set_status(db.session(), code, QuestionStatus(wanted))
    record_event(
        db.session(),
        "question.status",
        actor=f"user {current_user().id}",
        now=now(),
        object_type="question",
        question=code,
        status=wanted,
    )
    db.session.commit()
    if wanted == QuestionStatus.RETIRED:
        flash(gettext("Question %(code)s is retired from the bank.", code=code), "ok")
    else:
        flash(gettext("Question %(code)s can be asked again.", code=code), "ok")
    return redirect(url_for(".index", _anchor=f"q-{code}"), 303)


def _render(*, is_stale: bool = False) -> str:
    session = db.session()
    entries = bank_entries(session, locale=page_locale())
    vendor = workspace(session).vendor or gettext("Your company")
    return render_template(
        "manage/questionnaires/bank.html",
        groups=[(name, list(own)) for name, own in groupby(entries, lambda each: each.driver_name)],
        filled=lambda text: fill(text, vendor=vendor),
        type_word=type_word,
        form=EmptyForm(),
        is_stale=is_stale,
    )
