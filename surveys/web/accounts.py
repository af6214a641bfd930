"""Signing in and out, and setting a new password by a link in a mail."""

from datetime import datetime
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired

from surveys.accounts import set_password, user_for_reset, user_with_password
from surveys.audit import record_event
from surveys.db import begin_read_only, db
from surveys.email_addresses import normalise_email
from surveys.errors import FieldError
from surveys.i18n import gettext
from surveys.invitations import LinkKeys, message_id
from surveys.models import OutgoingMail, User
from surveys.question_bank import LOCALES
from surveys.rate_limits import (
    admit_try,
    bucket_name,
    forget_old_tries,
    forget_tries,
    recent_tries,
)
from surveys.runtime import now, settings
from surveys.terms import MailKind, MailState
from surveys.tokens import identity_hash
from surveys.web.forms import BaseForm
from surveys.web.sign_in import current_user, is_signed_in, sign_in, sign_out

bp = Blueprint("accounts", __name__)
FREE_TRIES_A_MINUTE = 5
FREE_TRIES = 10


class SignInForm(BaseForm):
    """Address and password."""

    email = EmailField(validators=[InputRequired()])
    password = PasswordField(validators=[InputRequired()])
    next = HiddenField()


class ForgotForm(BaseForm):
    """Only the address."""

    email = EmailField(validators=[InputRequired()])


class NewPasswordForm(BaseForm):
    """Only the new password."""

    password = PasswordField(validators=[InputRequired()])


class EmptyForm(BaseForm):
    """Nothing but the guard against requests from elsewhere."""


@bp.get("/login")
def show_sign_in() -> Response | str:
    """The sign-in form."""
    if is_signed_in():
        return redirect(url_for("overview.start"), 303)
    form = SignInForm(next=request.args.get("next", ""))
    return render_template("accounts/login.html", form=form)


@bp.post("/login")
def enter() -> Response | tuple[str, int]:
    """Sign in; the same words and about the same time for every wrong pair."""
    form = SignInForm()
    if not form.validate():
        error = _stale() if form.is_stale else _wrong()
        return render_template("accounts/login.html", form=form, error=error), 422
    bucket = _bucket("sign_in", form.email.data or "")
    present = now()
    if not _is_admitted(bucket, present):
        text = gettext("Too many tries. Wait a minute, then try again.")
        return render_template("accounts/login.html", form=form, error=text), 429
    user_id = _user_with_password(form.email.data or "", form.password.data or "")
    if user_id is None:
        return render_template("accounts/login.html", form=form, error=_wrong()), 422
    user = db.session.get_one(User, user_id)
    forget_tries(db.session(), bucket)
    forget_old_tries(db.session(), now=present)
    record_event(
        db.session(),
        "user.sign_in",
        actor=f"user {user.id}",
        now=present,
        object_type="user",
        object_id=user.id,
    )
    db.session.commit()
    sign_in(user)
    return redirect(_safe_next(form.next.data), 303)


@bp.post("/logout")
def leave() -> Response:
    """Sign out."""
    form = EmptyForm()
    if form.validate():
        sign_out()
    return redirect(url_for(".show_sign_in"), 303)


@bp.post("/language")
def choose_language() -> Response:
    """Remember the language of this person's pages."""
    wanted = request.form.get("locale")
    if wanted in LOCALES and EmptyForm().validate():
        session["locale"] = wanted
        if is_signed_in():
            current_user().locale = wanted
            db.session.commit()
    return redirect(_safe_next(request.form.get("next")), 303)


@bp.get("/forgot")
def show_forgot() -> str:
    """Ask for the address to send a link to."""
    return render_template("accounts/forgot.html", form=ForgotForm())


@bp.post("/forgot")
def send_reset() -> str | tuple[str, int]:
    """Queue the reset mail, if the address is known; the page says the same either way."""
    form = ForgotForm()
    if not form.validate():
        error = _stale() if form.is_stale else None
        return render_template("accounts/forgot.html", form=form, error=error), 422
    bucket = _bucket("reset", form.email.data or "")
    present = now()
    if recent_tries(db.session(), bucket, now=present) < FREE_TRIES_A_MINUTE:
        admit_try(db.session(), bucket, now=present, limit=FREE_TRIES_A_MINUTE)
        _queue_reset(form.email.data or "")
        db.session.commit()
    return render_template("accounts/forgot.html", form=form, is_sent=True)


@bp.get("/password/<token>")
def show_new_password(token: str) -> str | tuple[str, int]:
    """The form for a new password, while the link is good."""
    user = user_for_reset(db.session(), settings().secret_key, token, now=now())
    status = 200 if user else 410
    return (
        render_template(
            "accounts/password.html", form=NewPasswordForm(), token=token, is_good=bool(user)
        ),
        status,
    )


@bp.post("/password/<token>")
def change_password(token: str) -> Response | tuple[str, int]:
    """Set the new password and sign in."""
    form = NewPasswordForm()
    user = user_for_reset(db.session(), settings().secret_key, token, now=now())
    if user is None:
        return (
            render_template("accounts/password.html", form=form, token=token, is_good=False),
            410,
        )
    error = None
    if not form.validate():
        error = _stale() if form.is_stale else gettext("Enter a new password.")
    if error is None:
        try:
            set_password(db.session(), user, form.password.data or "")
        except FieldError as refused:
            error = password_error(refused.reason)
    if error is not None:
        db.session.rollback()
        page = render_template(
            "accounts/password.html", form=form, token=token, is_good=True, error=error
        )
        return page, 422
    record_event(
        db.session(),
        "user.password",
        actor=f"user {user.id}",
        now=now(),
        object_type="user",
        object_id=user.id,
    )
    db.session.commit()
    sign_in(user)
    return redirect(url_for("overview.start"), 303)


def password_error(reason: str) -> str:
    """The words for a password that cannot be taken."""
    if reason == "too_common":
        return gettext("This password is on every list of leaked ones. Choose another.")
    return gettext("Use at least 12 characters. A few words in a row are easy to remember.")


def _wrong() -> str:
    return gettext("Email or password is wrong.")


def _stale() -> str:
    return gettext("This page was open for too long, so nothing was changed. Please send it again.")


def _is_admitted(bucket: str, present: datetime) -> bool:
    """Count this try before it is looked at: many at the same moment must not all be."""
    if _must_wait(recent_tries(db.session(), bucket, now=present), present):
        return False
    is_admitted = admit_try(db.session(), bucket, now=present, limit=FREE_TRIES_A_MINUTE)
    db.session.commit()
    return is_admitted


def _user_with_password(email: str, password: str) -> int | None:
    """Their id. Hashing takes a tenth of a second, in which nobody's answer shall have to wait."""
    begin_read_only(db.session())
    user = user_with_password(db.session(), email=email, password=password)
    user_id = user.id if user else None
    db.session.rollback()
    return user_id


def _bucket(purpose: str, email: str) -> str:
    address = normalise_email(email) or email.strip().casefold()[:200]
    return bucket_name(settings().secret_key, purpose, address, request.remote_addr or "")


def _must_wait(in_quarter: int, present: datetime) -> bool:
    """After ten wrong tries in a quarter of an hour a growing part of each minute is closed.

    Never a lock for good: somebody else's guessing must not keep a person out.
    """
    closed_seconds = min(55, 5 * (in_quarter - FREE_TRIES + 1))
    return in_quarter >= FREE_TRIES and present.second < closed_seconds


def _queue_reset(email: str) -> None:
    address = normalise_email(email)
    user = db.session.scalar(select(User).where(User.email == address)) if address else None
    if user is None or user.disabled_at is not None:
        return
    keys = LinkKeys(settings().secret_key, settings().mail_domain)
    db.session.add(
        OutgoingMail(
            message_id=message_id(keys, None, user.id),
            kind=MailKind.PASSWORD_RESET,
            user_id=user.id,
            locale=user.locale,
            email=user.email,
            email_hash=identity_hash(settings().identity_key, user.email),
            state=MailState.QUEUED,
            due_at=now(),
        )
    )


def _safe_next(wanted: str | None) -> str:
    """Only a path of our own: one slash first, no host, no backslash."""
    if wanted and wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted:
        parts = urlsplit(wanted)
        if not parts.scheme and not parts.netloc and wanted.isprintable():
            return wanted
    return url_for("overview.start")
