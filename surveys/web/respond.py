"""The pages of a respondent: answer, and thank-you. The token in the path is the permission.

No sign-in, no cookie, and therefore no CSRF token. GET and HEAD show and never store; what a mail's
link names is only preselected until its reader acts.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, redirect, render_template, request, url_for
from markupsafe import Markup
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from surveys.db import db
from surveys.errors import AlreadyAnswered, NothingAnswered, WaveNotOpen
from surveys.i18n import gettext, use_locale
from surveys.models import Invitation
from surveys.preferences import MAX_TOPIC_LENGTH, request_contact
from surveys.question_bank import LOCALES, fill, load_bank
from surveys.question_types import allowed_values, has_values
from surveys.questionnaires import Questionnaire
from surveys.responses import (
    Door,
    Filled,
    mark_opened,
    open_door,
    record_response,
    save_draft,
    saved_answers,
)
from surveys.runtime import now
from surveys.terms import Audience, Channel, Mode
from surveys.web.response_form import filled_from, posted_form
from surveys.web.response_page import slots_for
from surveys.web.survey_page import SurveyPage, frame, survey_page
from surveys.workspace import workspace

bp = Blueprint("respond", __name__)


@bp.get("/s/<token>")
def show(token: str) -> Response | str | tuple[str, int]:
    """The survey, with what was answered before."""
    return _show(token, preselected=None)


@bp.get("/s/<token>/a/<question>/<value>")
def preselect(token: str, question: str, value: str) -> Response | str | tuple[str, int]:
    """The survey with the answer that a link in the mail names; nothing is stored."""
    return _show(token, preselected=(question, value))


@bp.post("/s/<token>")
def submit(token: str) -> Response | str | tuple[str, int]:
    """Store what was sent, and say thank you once it is on disk."""
    door = open_door(db.session(), token)
    page = survey_page(door, _locale(door))
    form, errors = posted_form(page.form, request.form)
    filled = filled_from(form, page.questionnaire, form._fields)
    if errors:
        return _answer_page(token, door, page, filled, errors=errors), 422
    try:
        record_response(
            db.session(),
            door,
            page.questionnaire,
            filled,
            locale=page.questionnaire.locale,
            channel=_channel(),
            now=now(),
        )
    except NothingAnswered:
        db.session.rollback()
        alert = gettext("Please answer at least one question before you send.")
        return _answer_page(token, door, page, filled, alert=alert), 422
    except AlreadyAnswered:
        db.session.rollback()
        return redirect(url_for(".thanks", token=token, lang=_locale(door)), 303)
    except WaveNotOpen:
        db.session.rollback()
        return _closed_page(token, door, filled)
    db.session.commit()
    return redirect(url_for(".thanks", token=token, lang=_locale(door)), 303)


@bp.post("/s/<token>/draft")
def autosave(token: str) -> tuple[str, int]:
    """Keep the fields that changed on the page."""
    door = open_door(db.session(), token)
    page = survey_page(door, _locale(door))
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
        channel=_channel(),
        now=now(),
    )
    db.session.commit()
    return "", 204


@bp.post("/s/<token>/opened")
def opened(token: str) -> tuple[str, int]:
    """The first touch, key or click on the page, posted by its script."""
    mark_opened(db.session(), open_door(db.session(), token), now=now())
    db.session.commit()
    return "", 204


@bp.get("/s/<token>/thanks")
def thanks(token: str) -> Response | str:
    """What happens next, and the separate form for being called."""
    door = open_door(db.session(), token)
    use_locale(_locale(door))
    if door.answered_on is None:
        return redirect(url_for(".show", token=token, lang=_locale(door)), 303)
    bank = load_bank().page
    vendor = workspace(db.session())
    locale = _locale(door)
    return render_template(
        "respond/thanks.html",
        **frame(token, door, vendor),
        closes_on=_closing_day(door),
        can_change=door.mode is not Mode.ANONYMOUS and door.may_change and _is_open(door),
        is_waiting_for_call=request.args.get("called") == "1",
        contact_text=fill(bank.contact_apart[locale], vendor=vendor.vendor),
        contact_topic=fill(bank.contact_topic[locale], vendor=vendor.vendor),
        may_ask_for_call=door.audience is Audience.PARTNER and door.mode is not Mode.IDENTIFIED,
        max_topic=MAX_TOPIC_LENGTH,
    )


@bp.post("/s/<token>/contact")
def ask_for_call(token: str) -> Response:
    """'Please call me': stored apart from the answers."""
    door = open_door(db.session(), token)
    if door.answered_on is None or door.audience is not Audience.PARTNER:
        abort(404)
    if request.form.get("agree") == "1":
        topic = request.form.get("topic", "")
        request_contact(db.session(), door, topic=topic, consent_key="contact_apart/1", now=now())
        db.session.commit()
    return redirect(url_for(".thanks", token=token, lang=_locale(door), called=1), 303)


def _show(token: str, *, preselected: tuple[str, str] | None) -> Response | str | tuple[str, int]:
    door = open_door(db.session(), token)
    locale = _locale(door)
    use_locale(locale)
    if door.is_used_up:
        return redirect(url_for(".thanks", token=token, lang=locale), 303)
    if not _is_open(door):
        return _closed_page(token, door, Filled())
    page = survey_page(door, locale)
    filled = saved_answers(db.session(), door, page.questionnaire)
    if preselected:
        filled = _with_preselected(page.questionnaire, filled, preselected)
    return _answer_page(token, door, page, filled)


def _with_preselected(
    questionnaire: Questionnaire, filled: Filled, preselected: tuple[str, str]
) -> Filled:
    code, value = preselected
    item = questionnaire.item(code)
    if item is None or not has_values(item) or value not in allowed_values(item):
        return filled
    return Filled(values={**filled.values, code: [value]}, texts=filled.texts)


def _answer_page(
    token: str,
    door: Door,
    page: SurveyPage,
    filled: Filled,
    *,
    errors: Mapping[str, Sequence[str]] | None = None,
    alert: str | None = None,
) -> str:
    use_locale(page.questionnaire.locale)
    slots = slots_for(page.questionnaire, filled, errors or {})
    slots["token"] = token
    slots["via"] = _channel().value
    slots["only_contact"] = _only_contact_text(door, page.questionnaire.locale)
    if errors:
        alert = gettext("Some answers need a change. They are marked below.")
    if alert:
        slots["notice"] = _notice(alert, "bad")
    elif door.answered_on is not None:
        text = gettext("Your answers are saved. Change what you like and send again.")
        slots["notice"] = _notice(text, "ok")
    elif door.is_late(now()):
        text = gettext("This survey has just closed. You can still send your answers now.")
        slots["notice"] = _notice(text, "warn")
    return page.html.fill(slots)


def _notice(text: str, kind: str) -> str:
    role = "alert" if kind == "bad" else "status"
    return str(Markup('<div class="alert {}" role="{}"><p>{}</p></div>').format(kind, role, text))


def _closed_page(token: str, door: Door, filled: Filled) -> tuple[str, int]:
    """The wave takes nothing now; what was typed stays readable for its writer."""
    use_locale(_locale(door))
    html = render_template(
        "respond/closed.html",
        **frame(token, door, workspace(db.session())),
        closed_on=_closing_day(door),
        is_over=now() >= door.grace_until or door.state.value == "closed",
        texts=[text for text in filled.texts.values() if text.strip()],
    )
    return html, 410


def _only_contact_text(door: Door, locale: str) -> str:
    """'You are the only person we ask in your company', where that is so."""
    if door.audience is not Audience.PARTNER or door.partner_id is None:
        return ""
    asked = db.session.scalar(
        select(func.count())
        .select_from(Invitation)
        .where(Invitation.wave_id == door.wave_id, Invitation.partner_id == door.partner_id)
    )
    return load_bank().page.disclosure.only_contact[locale] if asked == 1 else ""


def _locale(door: Door) -> str:
    wanted = request.args.get("lang")
    return wanted if wanted in LOCALES else door.locale


def _channel() -> Channel:
    wanted = request.values.get("via", "")
    return Channel(wanted) if wanted in set(Channel) else Channel.EMAIL


def _is_open(door: Door) -> bool:
    return door.takes_answers(now())


def _closing_day(door: Door) -> date:
    return door.closes_at.astimezone(ZoneInfo(door.time_zone)).date()
