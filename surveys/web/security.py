"""What every request and reply goes through: host, body, transaction, headers.

GET and HEAD run in a read-only transaction, so that "GET changes nothing" is held by the database.
The content security policy allows no inline script or style and nothing from another host.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Response, abort, request
from flask_talisman import Talisman
from werkzeug.routing import IntegerConverter, Map

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
#: What a page may hold that shows a letter in a frame.
PAGE_WITH_FRAME = CONTENT_SECURITY_POLICY | {"frame-src": "'self'"}
#: A letter brings its own styles; it runs nothing, loads nothing, and opens its links elsewhere.
FRAME_SANDBOX = "allow-popups allow-popups-to-escape-sandbox"
LETTER_IN_FRAME = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "data:",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    "base-uri": "'none'",
    "sandbox": FRAME_SANDBOX,
}
View = TypeVar("View", bound=Callable[..., Any])
PERMISSIONS_POLICY = {"camera": "()", "geolocation": "()", "microphone": "()", "payment": "()"}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 200_000
MAX_FORM_PARTS = 256
MAX_UPLOAD_BYTES = 50_000_000
ANSWER_PATHS = ("/s/", "/u/")
PERSONAL_PATHS = (*ANSWER_PATHS, "/password/")
URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
#: What werkzeug's reader of multipart bodies puts in place of bytes that are not UTF-8.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: Endpoints that must answer while the database does not.
WITHOUT_DATABASE = frozenset({None, "static", "health.alive"})


class IdConverter(IntegerConverter):
    """An id in a path; no larger than the databases store, so that others are simply not found."""

    def __init__(self, map: Map, **options: Any) -> None:
        super().__init__(map, **{"max": 2**31 - 1, **options})


def set_up_security(app: Flask, settings: Settings) -> None:
    """Bind limits, cookies, headers and the read-only rule to the application."""
    is_https = settings.base_url.startswith("https://")
    app.url_map.converters["int"] = IdConverter
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


def shows_frame(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let the page of this view hold a frame with something of our own."""
    return _with_options(view, content_security_policy=PAGE_WITH_FRAME)


def in_frame(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a page of our own show what this view sends in a frame, where it can do nothing."""
    return _with_options(view, content_security_policy=LETTER_IN_FRAME, frame_options="SAMEORIGIN")


def _with_options(view: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    # Where the extension looks for what one view has of its own.
    view.__dict__["talisman_view_options"] = options
    return view


def framed_by_own_pages(view: View) -> View:
    """Let our own pages, and no others, show this one in a frame."""
    policy = CONTENT_SECURITY_POLICY | {"frame-ancestors": "'self'"}
    options = {"frame_options": "SAMEORIGIN", "content_security_policy": policy}
    view.talisman_view_options = options  # type: ignore[attr-defined] # where Talisman looks
    return view


def with_own_frames(view: View) -> View:
    """Let this page show pages of ours in a frame."""
    policy = CONTENT_SECURITY_POLICY | {"frame-src": "'self'"}
    options = {"content_security_policy": policy}
    view.talisman_view_options = options  # type: ignore[attr-defined] # where Talisman looks
    return view


def _start_transaction() -> None:
    if request.method in SAFE_METHODS and request.endpoint not in WITHOUT_DATABASE:
        begin_read_only(db.session())


def _refuse_broken_text() -> None:
    """Werkzeug reads a body that is not UTF-8 as an empty form: an answer would vanish silently.

    A null character can be stored by no database of ours.
    """
    if request.method in SAFE_METHODS:
        return
    if request.mimetype == URLENCODED:
        try:
            request.get_data(cache=True).decode("utf-8")
        except UnicodeDecodeError:
            abort(400)
        _refuse_characters("\x00")
    elif request.mimetype == MULTIPART and (request.content_length or 0) <= MAX_BODY_BYTES:
        # A longer body is an upload, whose view sets its own limit, or is refused when it is read.
        is_personal = request.path.startswith(PERSONAL_PATHS)
        _refuse_characters("\x00" + REPLACEMENT if is_personal else "\x00")


def _refuse_characters(unwanted: str) -> None:
    for _, values in request.form.lists():
        if any(character in value for value in values for character in unwanted):
            abort(400)


def _protect_personal_pages(response: Response) -> Response:
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if request.path.startswith(PERSONAL_PATHS):
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
