"""The page behind 'stop survey emails' in every mail. The token in the path is the permission.

GET only shows; POST acts, at once and without a CSRF token when a mail program sends it (RFC 8058).
"""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.db import db
from surveys.i18n import LANGUAGE_NAMES, use_locale
from surveys.preferences import Preferences, open_preferences, resume_mails, stop_mails
from surveys.question_bank import LOCALES
from surveys.runtime import now
from surveys.vendor_colour import readable_vendor_colour
from surveys.web.write_turn import in_turn
from surveys.workspace import workspace

bp = Blueprint("preferences", __name__)


@bp.get("/u/<token>")
def show(token: str) -> str:
    """Confirm that mails shall stop, or see that they have."""
    found = open_preferences(db.session(), token)
    return _preferences_page(token, found)


@bp.post("/u/<token>")
@in_turn
def change(token: str) -> Response | tuple[str, int]:
    """Stop mails at once (also by RFC 8058's one click), or take that back.

    A request that says neither (a mail program that sends no body) is shown the page with the
    button.
    """
    found = open_preferences(db.session(), token)
    wanted = request.form.get("do")
    if request.form.get("List-Unsubscribe") == "One-Click":
        stop_mails(db.session(), found, source="one_click", now=now())
        db.session.commit()
        return "", 200
    if wanted == "stop":
        stop_mails(db.session(), found, source="page", now=now())
    elif wanted == "resume":
        resume_mails(db.session(), found, now=now())
    else:
        return _preferences_page(token, found), 200
    db.session.commit()
    return redirect(url_for(".show", token=token, lang=request.args.get("lang")), 303)


def _preferences_page(token: str, found: Preferences) -> str:
    wanted = request.args.get("lang")
    use_locale(wanted if wanted in LOCALES else found.locale)
    vendor = workspace(db.session())
    return render_template(
        "respond/preferences.html",
        token=token,
        found=found,
        vendor=vendor,
        vendor_colour=readable_vendor_colour(vendor.colour),
        languages=list(LANGUAGE_NAMES.items()),
    )
