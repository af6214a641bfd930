"""Pages of the suppression list: who gets no mail, and lifting an entry by a named person."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import EmailField
from wtforms.validators import ValidationError

from surveys.audit import record_event
from surveys.db import db
from surveys.email_addresses import normalise_email
from surveys.errors import NotFound
from surveys.i18n import gettext
from surveys.permissions import Permission
from surveys.preferences import lift_suppression, suppress
from surveys.runtime import now, settings
from surveys.suppression_list import (
    ListedSuppression,
    SuppressionFilter,
    suppression_entry,
    suppression_page,
)
from surveys.terms import SuppressionReason
from surveys.tokens import identity_hash
from surveys.web import delivery_words
from surveys.web.accounts import EmptyForm
from surveys.web.forms import BaseForm
from surveys.web.sign_in import current_user, signed_in
from surveys.web.wave_forms import Filled

bp = Blueprint("suppressions", __name__)
MAX_SEARCH_LENGTH = 100


class StopForm(BaseForm):
    """An address that shall get no more mail."""

    email = EmailField(validators=[Filled()])

    def validate_email(self, field: Any) -> None:
        """The address must be one."""
        if normalise_email(field.data or "") is None:
            raise ValidationError(
                gettext("This is not an email address. Write one like anna@company.example.")
            )


@bp.get("/contacts/stopped")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Who gets no mail, the newest first."""
    return _list_page(StopForm())


@bp.post("/contacts/stopped")
@signed_in(Permission.RUN_SURVEYS)
def stop() -> Response | tuple[str, int]:
    """Put an address on the list by hand; once is enough."""
    form = StopForm()
    key = normalise_email(form.email.data or "") if form.validate() else None
    if key is None:
        return _list_page(form), 422
    session = db.session()
    suppress(
        session,
        identity_hash(settings().identity_key, key),
        email=key,
        reason=SuppressionReason.MANUAL,
        source="manual",
        now=now(),
    )
    record_event(session, "suppression.add", actor=f"user {current_user().id}", now=now())
    session.commit()
    flash(gettext("This address gets no more survey mail."), "ok")
    return redirect(url_for(".index"), 303)


@bp.get("/contacts/stopped/<int:suppression_id>")
@signed_in(Permission.RUN_SURVEYS)
def confirm_lift(suppression_id: int) -> str:
    """Say what lifting an entry means."""
    return _lift_page(_entry(suppression_id), EmptyForm())


@bp.post("/contacts/stopped/<int:suppression_id>")
@signed_in(Permission.RUN_SURVEYS)
def lift(suppression_id: int) -> Response | tuple[str, int]:
    """Lift one entry, by the name of who is signed in."""
    entry = _entry(suppression_id)
    form = EmptyForm()
    if not form.validate() or not entry.may_be_lifted:
        return _lift_page(entry, form), 422
    session = db.session()
    lift_suppression(session, suppression_id, user_id=current_user().id, now=now())
    record_event(
        session,
        "suppression.lift",
        actor=f"user {current_user().id}",
        now=now(),
        object_type="suppression",
        object_id=suppression_id,
        reason=entry.reason.value,
    )
    session.commit()
    flash(gettext("The entry is lifted. Other entries for the same address stay."), "ok")
    return redirect(url_for(".index"), 303)


def _entry(suppression_id: int) -> ListedSuppression:
    found = suppression_entry(db.session(), suppression_id)
    if found is None:
        raise NotFound("suppression", suppression_id)
    return found


def _list_page(form: StopForm) -> str:
    wanted = _wanted()
    number = request.args.get("page", 1, type=int)
    return render_template(
        "manage/suppressions/index.html",
        page=suppression_page(db.session(), wanted, number=number),
        wanted=wanted,
        reasons=list(SuppressionReason),
        form=form,
        words=delivery_words,
    )


def _lift_page(entry: ListedSuppression, form: EmptyForm) -> str:
    return render_template(
        "manage/suppressions/lift.html", entry=entry, form=form, words=delivery_words
    )


def _wanted() -> SuppressionFilter:
    reason = request.args.get("reason", "")
    return SuppressionFilter(
        reason=SuppressionReason(reason) if reason in set(SuppressionReason) else None,
        text=request.args.get("q", "")[:MAX_SEARCH_LENGTH],
    )
