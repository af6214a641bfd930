"""How often a person gets the digest: chosen on the page Settings, or ended by the mail's own link.

The link's token is the permission to end digests and nothing else. GET only shows; POST acts, at
once and without a CSRF token when a mail program sends it (RFC 8058).
"""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import StringField

from surveys.audit import record_event
from surveys.db import db
from surveys.digests import choose_digest, reader_of
from surveys.i18n import LANGUAGE_NAMES, gettext, use_locale
from surveys.models import User
from surveys.permissions import Permission
from surveys.question_bank import LOCALES
from surveys.runtime import now, settings
from surveys.terms import Digest
from surveys.vendor_colour import readable_vendor_colour
from surveys.web.forms import BaseForm
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import workspace

bp = Blueprint("digests", __name__)


class DigestForm(BaseForm):
    """How often."""

    digest = StringField()


@bp.post("/settings/digest")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """Get digests so often from now on."""
    form = DigestForm()
    wanted = form.digest.data
    if form.validate() and wanted in set(Digest):
        _store(current_user().id, Digest(wanted), actor=f"user {current_user().id}")
        flash(gettext("Saved"), "ok")
    else:
        flash(gettext("Nothing was changed. Please try again."), "warn")
    return redirect(url_for("settings.show"), 303)


@bp.get("/digest/<token>")
def show(token: str) -> str:
    """Confirm that digests shall end, or see that they have."""
    return _page(token, _reader(token))


@bp.post("/digest/<token>")
def stop(token: str) -> Response | tuple[str, int]:
    """End digests at once, also by RFC 8058's one click; a request that says neither is asked."""
    reader = _reader(token)
    is_one_click = request.form.get("List-Unsubscribe") == "One-Click"
    if not is_one_click and request.form.get("do") != "stop":
        return _page(token, reader), 200
    _store(reader.id, Digest.NEVER, actor="one_click" if is_one_click else "page")
    if is_one_click:
        return "", 200
    return redirect(url_for(".show", token=token, lang=request.args.get("lang")), 303)


def _reader(token: str) -> User:
    reader = reader_of(db.session(), settings().secret_key, token)
    if reader is None:
        abort(404)
    return reader


def _store(user_id: int, wanted: Digest, *, actor: str) -> None:
    choose_digest(db.session(), user_id, wanted)
    record_event(
        db.session(),
        "user.digest",
        actor=actor,
        now=now(),
        object_type="user",
        object_id=user_id,
        digest=wanted.value,
    )
    db.session.commit()


def _page(token: str, reader: User) -> str:
    wanted = request.args.get("lang")
    use_locale(wanted if wanted in LOCALES else reader.locale)
    vendor = workspace(db.session())
    return render_template(
        "respond/digest.html",
        token=token,
        is_stopped=reader.digest == Digest.NEVER,
        vendor=vendor,
        vendor_colour=readable_vendor_colour(vendor.colour),
        languages=list(LANGUAGE_NAMES.items()),
    )
