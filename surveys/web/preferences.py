"""The page behind 'stop survey emails' in every mail: stop, pause, or name somebody else.

The token in the path is the permission.

GET only shows; POST acts, at once and without a CSRF token when a mail program sends it (RFC 8058).
"""

from datetime import date

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.db import db
from surveys.i18n import LANGUAGE_NAMES, format_day, gettext, use_locale
from surveys.preferences import (
    PauseRefused,
    Preferences,
    end_pause,
    name_somebody_else,
    open_preferences,
    pause_mails,
    resume_mails,
    stop_mails,
)
from surveys.question_bank import LOCALES
from surveys.runtime import now
from surveys.vendor_colour import readable_vendor_colour
from surveys.web.write_turn import in_turn
from surveys.workspace import workspace

bp = Blueprint("preferences", __name__)
MAX_NAME_LENGTH = 300


@bp.get("/u/<token>")
def show(token: str) -> str:
    """Confirm that mails shall stop, or see that they have."""
    found = open_preferences(db.session(), token)
    return _preferences_page(token, found)


@bp.post("/u/<token>")
@in_turn
def change(token: str) -> Response | tuple[str, int]:
    """Do what a button says; RFC 8058's one click stops mails at once.

    A request that says nothing (a mail program that sends no body) is shown the page with the
    buttons.
    """
    found = open_preferences(db.session(), token)
    if request.form.get("List-Unsubscribe") == "One-Click":
        stop_mails(db.session(), found, source="one_click", now=now())
        db.session.commit()
        return "", 200
    _use_language_of(found)
    if request.form.get("do") == "pause":
        error = _paused(found)
        if error is not None:
            return _preferences_page(token, found, error=error), 422
    elif not _done(found, request.form.get("do", "")):
        return _preferences_page(token, found), 200
    db.session.commit()
    return redirect(url_for(".show", token=token, lang=request.args.get("lang")), 303)


def _done(found: Preferences, wanted: str) -> bool:
    session = db.session()
    survey_id = request.form.get("survey", type=int)
    if survey_id not in {None, *(each.survey_id for each in found.surveys)}:
        return False
    if wanted == "stop":
        stop_mails(session, found, source="page", now=now(), survey_id=survey_id)
    elif wanted == "resume":
        resume_mails(session, found, now=now(), survey_id=survey_id)
    elif wanted == "unpause":
        end_pause(session, found)
    elif wanted == "wrong_person" and found.may_name_another:
        whom = request.form.get("whom", "")[:MAX_NAME_LENGTH]
        name_somebody_else(session, found, whom=whom, now=now())
    else:
        return False
    return True


def _paused(found: Preferences) -> str | None:
    """Pause until the chosen day; what is wrong with it, if anything is."""
    try:
        until = date.fromisoformat(request.form.get("until", ""))
    except ValueError:
        return gettext("Enter a day, for example 31 January 2027.")
    try:
        pause_mails(db.session(), found, until=until, now=now())
    except PauseRefused as refused:
        return gettext(
            "Choose a day from %(earliest)s to %(latest)s.",
            earliest=format_day(refused.earliest),
            latest=format_day(refused.latest),
        )
    return None


def _use_language_of(found: Preferences) -> None:
    wanted = request.args.get("lang")
    use_locale(wanted if wanted in LOCALES else found.locale)


def _preferences_page(token: str, found: Preferences, *, error: str | None = None) -> str:
    _use_language_of(found)
    vendor = workspace(db.session())
    return render_template(
        "respond/preferences.html",
        token=token,
        found=found,
        is_paused=found.not_before is not None and found.not_before > now().date(),
        until=request.form.get("until", ""),
        error=error,
        max_name=MAX_NAME_LENGTH,
        vendor=vendor,
        vendor_colour=readable_vendor_colour(vendor.colour),
        languages=list(LANGUAGE_NAMES.items()),
    )
