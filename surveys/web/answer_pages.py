"""The pages behind a personal link: the survey filled for its reader, thank-you, and closed.

They only draw. What is stored, and when, is decided in surveys/web/respond.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from flask import render_template, request
from markupsafe import Markup

from surveys.db import db
from surveys.follow_ups import results_wave, results_will_come
from surveys.i18n import gettext, page_locale, use_locale
from surveys.predictions import Stage, guesses_of, prediction_stage
from surveys.preferences import MAX_TOPIC_LENGTH, has_asked_for_call
from surveys.question_bank import fill, load_bank
from surveys.questionnaires import Questionnaire
from surveys.responses import Door, Filled
from surveys.runtime import now, settings
from surveys.terms import Audience, Channel, Mode, WaveState
from surveys.tokens import PREFERENCES, make_token
from surveys.web.response_page import slots_for
from surveys.web.survey_page import SurveyPage, frame

Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands in the form 'may contact me', and what is wrong with it."""

    topic: str = ""
    agree_error: str | None = None
    topic_error: str | None = None


def language_of(door: Door) -> str:
    """The language of this request's page: as its address says, else the invitation's."""
    wanted = request.args.get("lang")
    return wanted if wanted in door.locales else door.locale


def channel() -> Channel:
    """Which link brought the reader."""
    wanted = request.values.get("via", "")
    return Channel(wanted) if wanted in set(Channel) else Channel.EMAIL


def may_ask_for_call(door: Door) -> bool:
    """Whether 'may contact me' stands on the thanks page; identified surveys ask it themselves."""
    return (
        door.audience is Audience.PARTNER
        and door.mode is not Mode.IDENTIFIED
        and door.contact_id is not None
    )


def answer_page(
    token: str,
    door: Door,
    page: SurveyPage,
    filled: Filled,
    *,
    errors: Errors | None = None,
    alert: str | None = None,
) -> str:
    """The survey with one reader's answers, and what is to be said about them."""
    use_locale(page.questionnaire.locale)
    slots = slots_for(page.questionnaire, filled, errors or {})
    slots["token"] = token
    slots["via"] = channel().value
    slots["only_contact"] = _only_contact_text(door, page.questionnaire.locale)
    slots["stop"] = _stop_link(door)
    slots["notice"] = _notice(door, page.questionnaire, errors or {}, alert)
    return page.html.fill(slots)


def closed_page(token: str, door: Door, filled: Filled) -> tuple[str, int]:
    """The wave takes nothing now; what was typed stays readable for its writer."""
    use_locale(language_of(door))
    html = render_template(
        "respond/closed.html",
        **frame(token, door),
        closed_on=closing_day(door),
        is_over=now() >= door.grace_until or door.state is not WaveState.PAUSED,
        texts=[text for text in filled.texts.values() if text.strip()],
        guessing=guessing(door),
        has_results=results_wave(db.session(), door) is not None,
    )
    return html, 410


def thanks_page(token: str, door: Door, *, wish: Wish, is_new: bool) -> str:
    """What happens next, and the separate form for being called."""
    locale = language_of(door)
    use_locale(locale)
    vendor = door.vendor
    bank = load_bank().page
    can_change = not door.is_used_up and door.takes_answers(now())
    return render_template(
        "respond/thanks.html",
        **frame(token, door),
        closes_on=closing_day(door),
        is_new=is_new or can_change,
        can_change=can_change,
        guessing=guessing(door),
        has_results=results_wave(db.session(), door) is not None,
        results_will_come=results_will_come(db.session(), door),
        may_ask_for_call=may_ask_for_call(door),
        has_asked=has_asked_for_call(db.session(), door),
        wish=wish,
        contact_text=fill(bank.contact_apart[locale], vendor=vendor.vendor),
        contact_topic=fill(bank.contact_topic[locale], vendor=vendor.vendor),
        max_topic=MAX_TOPIC_LENGTH,
    )


def guessing(door: Door) -> str | None:
    """What a member of staff can do with guesses now: `offer`, `change`, `result`, or nothing."""
    if door.audience is not Audience.INTERNAL:
        return None
    stage = prediction_stage(db.session(), door, now=now())
    if stage is Stage.ABSENT:
        return None
    has_guessed = bool(guesses_of(db.session(), door.invitation_id))
    if stage is Stage.OPEN:
        return "change" if has_guessed else "offer"
    return "result" if has_guessed else None


def closing_day(door: Door) -> date:
    """The day of the close, where the survey is at home."""
    return door.closes_at.astimezone(ZoneInfo(door.time_zone)).date()


def _notice(door: Door, questionnaire: Questionnaire, errors: Errors, alert: str | None) -> str:
    if errors:
        text = gettext("Some answers need a change. They are marked below.")
        wrong = _wrong_questions(questionnaire, errors)
        return render_template("respond/notice.html", kind="bad", text=text, wrong=wrong)
    if alert:
        return render_template("respond/notice.html", kind="bad", text=alert)
    if door.answered_on is not None:
        text = gettext("Your answers are saved. Change what you like and send again.")
        return render_template("respond/notice.html", kind="ok", text=text)
    if door.is_late(now()):
        text = gettext("This survey has just closed. You can still send your answers now.")
        return render_template("respond/notice.html", kind="warn", text=text)
    return ""


def _wrong_questions(questionnaire: Questionnaire, errors: Errors) -> list[tuple[int, str, str]]:
    """Number, code and message of each question with an error."""
    return [
        (number, item.code, errors[name][0])
        for number, item in enumerate(questionnaire.items, start=1)
        for name in (item.code, item.comment_code)
        if name in errors
    ]


def _stop_link(door: Door) -> str:
    """The way to one's mail settings, as in the foot of every mail."""
    if door.contact_id is None or door.contact_version is None:
        return ""
    token = make_token(settings().secret_key, PREFERENCES, door.contact_id, door.contact_version)
    words = gettext("Stop survey emails")
    return Markup(' · <a href="/u/{}?lang={}">{}</a>').format(token, page_locale(), words)


def _only_contact_text(door: Door, locale: str) -> str:
    """'You are the only person we ask in your company', where that is so."""
    is_alone = door.audience is Audience.PARTNER and door.asked_in_company == 1
    return load_bank().page.disclosure.only_contact[locale] if is_alone else ""
