"""Who is signed in. Flask-Login is used here only; views ask `current_user()`.

A session names its user and the user's session version, so that a changed password ends it
everywhere; it also ends after eight idle hours or seven days.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, cast

import flask_login
from flask import Flask, redirect, request, session, url_for
from werkzeug.wrappers import Response

from surveys.db import db
from surveys.models import User
from surveys.permissions import Permission, require
from surveys.runtime import now

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=5)


class SignedIn(flask_login.UserMixin):  # type: ignore[misc] # the library has no types
    """A user as the sign-in library knows them."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.id = f"{user.id}.{user.session_version}"


def set_up_sign_in(app: Flask) -> None:
    """Bind the sign-in library to the application."""
    manager = flask_login.LoginManager()
    manager.session_protection = None
    manager.init_app(app)
    manager.user_loader(_load)
    app.before_request(_end_old_session)
    app.config["PERMANENT_SESSION_LIFETIME"] = ABSOLUTE


def sign_in(user: User) -> None:
    """Start a new session for this user; whatever the old one held is gone."""
    locale = session.get("locale")
    session.clear()
    session.permanent = True
    session["started"] = session["seen"] = now().timestamp()
    if locale:
        session["locale"] = locale
    flask_login.login_user(SignedIn(user))


def sign_out() -> None:
    """End this session."""
    flask_login.logout_user()
    session.clear()


def current_user() -> User:
    """The person of this request; views behind `signed_in` always have one."""
    return cast(User, flask_login.current_user.user)


def is_signed_in() -> bool:
    """Whether this request comes with a valid session."""
    return bool(flask_login.current_user.is_authenticated)


def signed_in(permission: Permission) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let only people with this permission through; others sign in, or are told why not."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not is_signed_in():
                return _to_sign_in()
            require(current_user(), permission)
            return view(*args, **kwargs)

        return guarded

    return decorate


def _to_sign_in() -> Response:
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.show_sign_in", next=wanted), 303)


def _load(key: str) -> SignedIn | None:
    user_id, _, version = key.partition(".")
    if not (user_id.isdigit() and version.isdigit()):
        return None
    user = db.session.get(User, int(user_id))
    if user is None or user.disabled_at or user.session_version != int(version):
        return None
    return SignedIn(user)


def _end_old_session() -> None:
    if "started" not in session:
        return
    present = now()
    started, seen = (datetime.fromtimestamp(session[name], UTC) for name in ("started", "seen"))
    if present - started > ABSOLUTE or present - seen > IDLE:
        session.clear()
    elif present - seen > TOUCH_EVERY:
        session["seen"] = present.timestamp()
