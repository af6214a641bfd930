"""What every request and reply goes through: host, body, transaction, headers.

GET and HEAD run in a read-only transaction, so that "GET changes nothing" is held by the database.
The content security policy allows no inline script or style and nothing from another host.
"""

from flask import Flask, Response, abort, request
from flask_talisman import Talisman

from surveys.config import Settings
from surveys.db import begin_read_only, db

CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
PERMISSIONS_POLICY = {"camera": "()", "geolocation": "()", "microphone": "()", "payment": "()"}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 200_000
MAX_FORM_PARTS = 256
MAX_UPLOAD_BYTES = 50_000_000
PERSONAL_PATHS = ("/s/", "/u/", "/password/")
URLENCODED = "application/x-www-form-urlencoded"


def set_up_security(app: Flask, settings: Settings) -> None:
    """Bind limits, cookies, headers and the read-only rule to the application."""
    is_https = settings.base_url.startswith("https://")
    app.config.update(
        TRUSTED_HOSTS=[settings.host.rpartition(":")[0] or settings.host, settings.host],
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        SESSION_COOKIE_NAME="__Host-session" if is_https else "session",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
    )
    Talisman(
        app,
        force_https=False,
        strict_transport_security=is_https,
        content_security_policy=CONTENT_SECURITY_POLICY,
        permissions_policy=PERMISSIONS_POLICY,
        referrer_policy="no-referrer",
        session_cookie_secure=is_https,
        x_content_type_options=True,
        frame_options="DENY",
    )
    app.before_request(_start_transaction)
    app.before_request(_refuse_broken_text)
    app.after_request(_protect_personal_pages)


def _start_transaction() -> None:
    if request.method in SAFE_METHODS and request.endpoint not in ("static", None):
        begin_read_only(db.session())


def _refuse_broken_text() -> None:
    """Werkzeug reads a body that is not UTF-8 as an empty form: an answer would vanish silently."""
    if request.method in SAFE_METHODS or request.mimetype != URLENCODED:
        return
    try:
        request.get_data(cache=True).decode("utf-8")
    except UnicodeDecodeError:
        abort(400)
    if any("\x00" in value for value in request.form.values()):
        abort(400)


def _protect_personal_pages(response: Response) -> Response:
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith(PERSONAL_PATHS):
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
