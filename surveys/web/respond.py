"""Answering on a personal link, and the thank-you. The token in the path is the permission.

No sign-in, no cookie, and therefore no CSRF token. GET and HEAD show and never store; what a mail's
link names is only preselected until its reader acts.
"""

import logging

from flask import Blueprint, abort, redirect, request, url_for
from sqlalchemy.exc import OperationalError
from werkzeug.wrappers import Response

from surveys.db import begin_read_only, db
from surveys.drafts import save_draft, saved_answers
from surveys.errors import AlreadyAnswered, NothingAnswered, WaveNotOpen
from surveys.i18n import gettext, use_locale
from surveys.preferences import MAX_TOPIC_LENGTH, request_contact, withdraw_call
from surveys.question_types import allowed_values, has_values
from surveys.questionnaires import Questionnaire
from surveys.responses import Door, Filled, mark_opened, open_door, record_response
from surveys.runtime import now
from surveys.web.answer_pages import (
    Wish,
    answer_page,
    channel,
    closed_page,
    language_of,
    may_ask_for_call,
    thanks_page,
)
from surveys.web.response_form import filled_from, posted_form
from surveys.web.survey_page import survey_page
from surveys.web.write_turn import in_turn

bp = Blueprint("respond", __name__)
#: The language buttons send the page as it is; it comes back in the other language.
SWITCH = "switch"
CONSENT_APART = "contact_apart/1"
Page = Response | str | tuple[str, int]
logger = logging.getLogger(__name__)


@bp.get("/s/<token>")
def show(token: str) -> Page:
    """The survey, with what was answered before."""
    return _show(token, preselected=None)


@bp.get("/s/<token>/a/<question>/<value>")
def preselect(token: str, question: str, value: str) -> Page:
    """The survey with the answer that a link in the mail names; nothing is stored."""
    return _show(token, preselected=(question, value))


@bp.post("/s/<token>")
@in_turn
def submit(token: str) -> Page:
    """Store what was sent, and say thank you once it is on disk."""
    try:
        return _submit(token)
    except OperationalError as error:
        db.session.rollback()
        logger.error("a response could not be stored: %s", type(error.orig).__name__)
        return _not_stored(token)


@bp.post("/s/<token>/draft")
@in_turn
def autosave(token: str) -> tuple[str, int]:
    """Keep the fields that changed on the page."""
    door = open_door(db.session(), token)
    page = survey_page(door, language_of(door))
    form, errors = posted_form(page.form, request.form)
    if errors:
        return "", 422
    filled = filled_from(form, page.questionnaire, request.form.keys())
    save_draft(
        db.session(),
        door,
        page.questionnaire,
        filled,
        locale=page.questionnaire.locale,
        channel=channel(),
        now=now(),
    )
    db.session.commit()
    return "", 204


@bp.post("/s/<token>/opened")
@in_turn
def opened(token: str) -> tuple[str, int]:
    """The first touch, key or click on the page, posted by its script."""
    mark_opened(db.session(), open_door(db.session(), token), now=now())
    db.session.commit()
    return "", 204


@bp.get("/s/<token>/thanks")
def thanks(token: str) -> Response | str:
    """What happens next, and the separate form for being called."""
    door = open_door(db.session(), token)
    if door.answered_on is None:
        return redirect(url_for(".show", token=token, lang=language_of(door)), 303)
    return thanks_page(token, door, wish=Wish(), is_new=request.args.get("sent") == "1")


@bp.post("/s/<token>/contact")
@in_turn
def ask_for_call(token: str) -> Page:
    """'Please call me', stored apart from the answers; or that wish taken back."""
    door = open_door(db.session(), token)
    if door.answered_on is None or not may_ask_for_call(door):
        abort(404)
    use_locale(language_of(door))
    if request.form.get("do") == "withdraw":
        withdraw_call(db.session(), door, now=now())
        db.session.commit()
        return _to_thanks(token, door, is_new=True)
    wish = _wish(request.form.get("topic", ""), is_agreed=request.form.get("agree") == "1")
    if wish.agree_error or wish.topic_error:
        return thanks_page(token, door, wish=wish, is_new=True), 422
    request_contact(db.session(), door, topic=wish.topic, consent_key=CONSENT_APART, now=now())
    db.session.commit()
    return _to_thanks(token, door, is_new=True)


def _show(token: str, *, preselected: tuple[str, str] | None) -> Page:
    door = open_door(db.session(), token)
    if door.is_used_up:
        return _to_thanks(token, door, is_new=False)
    if not door.takes_answers(now()):
        return closed_page(token, door, Filled())
    page = survey_page(door, language_of(door))
    filled = saved_answers(db.session(), door, page.questionnaire)
    if preselected:
        filled = _with_preselected(page.questionnaire, filled, preselected)
    return answer_page(token, door, page, filled)


def _submit(token: str) -> Page:
    door = open_door(db.session(), token)
    if door.is_used_up:
        return _to_thanks(token, door, is_new=False)
    page = survey_page(door, language_of(door))
    form, errors = posted_form(page.form, request.form)
    filled = filled_from(form, page.questionnaire, form._fields)
    if not door.takes_answers(now()):
        return closed_page(token, door, filled)
    if SWITCH in request.form:
        return answer_page(token, door, page, filled)
    if errors:
        return answer_page(token, door, page, filled, errors=errors), 422
    try:
        record_response(
            db.session(),
            door,
            page.questionnaire,
            filled,
            locale=page.questionnaire.locale,
            channel=channel(),
            now=now(),
        )
    except NothingAnswered:
        db.session.rollback()
        use_locale(page.questionnaire.locale)
        alert = gettext("Please answer at least one question before you send.")
        return answer_page(token, door, page, filled, alert=alert), 422
    except AlreadyAnswered:
        db.session.rollback()
        return _to_thanks(token, door, is_new=False)
    except WaveNotOpen:
        db.session.rollback()
        return closed_page(token, door, filled)
    db.session.commit()
    return _to_thanks(token, door, is_new=True)


def _not_stored(token: str) -> tuple[str, int]:
    """The page with everything that was typed, from a database that can be read at least."""
    begin_read_only(db.session())
    door = open_door(db.session(), token)
    page = survey_page(door, language_of(door))
    form, _ = posted_form(page.form, request.form)
    filled = filled_from(form, page.questionnaire, form._fields)
    use_locale(page.questionnaire.locale)
    alert = gettext(
        "Your answers could not be stored just now. They are all on this page: wait a minute, then"
        " send again."
    )
    return answer_page(token, door, page, filled, alert=alert), 503


def _to_thanks(token: str, door: Door, *, is_new: bool) -> Response:
    sent = "1" if is_new else None
    return redirect(url_for(".thanks", token=token, lang=language_of(door), sent=sent), 303)


def _with_preselected(
    questionnaire: Questionnaire, filled: Filled, preselected: tuple[str, str]
) -> Filled:
    code, value = preselected
    item = questionnaire.item(code)
    if item is None or not has_values(item) or value not in allowed_values(item):
        return filled
    return Filled(values={**filled.values, code: [value]}, texts=filled.texts)


def _wish(topic: str, *, is_agreed: bool) -> Wish:
    topic = topic.replace("\r\n", "\n").strip()
    limit = gettext("Shorten the text to %(limit)s characters.", limit=MAX_TOPIC_LENGTH)
    return Wish(
        topic=topic,
        agree_error=None if is_agreed else gettext("Tick the box if we may contact you."),
        topic_error=limit if len(topic) > MAX_TOPIC_LENGTH else None,
    )
