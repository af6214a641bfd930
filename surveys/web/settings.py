"""The vendor's own settings page: name, sender, replies, postal address, colour.

Everybody who is signed in may read it, administrators may change it.
"""

import unicodedata
from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms import Field, StringField
from wtforms.validators import ValidationError

from surveys.audit import record_event
from surveys.db import db
from surveys.digests import last_digest
from surveys.email_addresses import normalise_email
from surveys.i18n import gettext
from surveys.permissions import Permission, allows
from surveys.runtime import now
from surveys.terms import Digest, WhenUncertain
from surveys.vendor_colour import READABLE_CONTRAST, WHITE, contrast, readable_vendor_colour
from surveys.web.forms import BaseForm
from surveys.web.sign_in import current_user, signed_in
from surveys.workspace import Workspace, save_workspace, workspace

bp = Blueprint("settings", __name__)
MAX_LENGTH = 100
MAX_ADDRESS_LENGTH = 200
#: Categories of characters that nobody sees, and that a mail header must not hold.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _trimmed(text: str | None) -> str:
    return unicodedata.normalize("NFC", text or "").strip()


class SettingsForm(BaseForm):
    """What the vendor decides; each error says what to do."""

    vendor = StringField(filters=[_trimmed])
    sender_name = StringField(filters=[_trimmed])
    sender_email = StringField(filters=[_trimmed])
    reply_to = StringField(filters=[_trimmed])
    postal_address = StringField(filters=[_trimmed])
    colour = StringField(filters=[_trimmed])
    when_uncertain = StringField(default=WhenUncertain.RESEND.value)

    def validate_vendor(self, field: Field) -> None:
        """Needed: every mail and survey begins with it."""
        if not field.data:
            raise ValidationError(gettext("Enter the name as your partners know it."))
        _refuse_unfit(field.data, MAX_LENGTH)

    def validate_sender_name(self, field: Field) -> None:
        """A line of text."""
        _refuse_unfit(field.data, MAX_LENGTH)

    def validate_sender_email(self, field: Field) -> None:
        """Needed: without it no mail leaves."""
        if not field.data:
            raise ValidationError(gettext("Enter the address that mails come from."))
        _refuse_no_address(field.data)

    def validate_reply_to(self, field: Field) -> None:
        """An address, if any."""
        if field.data:
            _refuse_no_address(field.data)

    def validate_postal_address(self, field: Field) -> None:
        """A line of text."""
        _refuse_unfit(field.data, MAX_ADDRESS_LENGTH)

    def validate_when_uncertain(self, field: Field) -> None:
        """One of the two."""
        if field.data and field.data not in list(WhenUncertain):
            raise ValidationError(gettext("Choose one of the two."))

    def validate_colour(self, field: Field) -> None:
        """Hexadecimal."""
        try:
            readable_vendor_colour(field.data)
        except ValueError:
            text = gettext("Write the colour as # and six signs, for example #0E4B5A.")
            raise ValidationError(text) from None


@bp.get("/settings")
@signed_in(Permission.SEE_RESULTS)
def show() -> str:
    """The settings; a form for those who may change them."""
    stored = workspace(db.session())
    return _page(SettingsForm(**asdict(stored)), stored)


@bp.post("/settings")
@signed_in(Permission.CHANGE_WORKSPACE)
def save() -> Response | tuple[str, int]:
    """Store the settings."""
    form = SettingsForm()
    stored = workspace(db.session())
    if not form.validate():
        return _page(form, stored), 422
    new = _chosen(form)
    changed = [name for name, value in asdict(new).items() if value != getattr(stored, name)]
    if changed:
        save_workspace(db.session(), new, now=now(), user_id=current_user().id)
        record_event(
            db.session(),
            "workspace.change",
            actor=f"user {current_user().id}",
            now=now(),
            object_type="settings",
            fields=changed,
        )
    db.session.commit()
    flash(_saved_words(form, new), "ok")
    return redirect(url_for(".show"), 303)


def _chosen(form: SettingsForm) -> Workspace:
    """What a valid form says, in the form in which it is stored."""
    return Workspace(
        vendor=_trimmed(form.vendor.data),
        sender_name=_trimmed(form.sender_name.data),
        sender_email=normalise_email(form.sender_email.data or "") or "",
        reply_to=normalise_email(form.reply_to.data or "") or "",
        postal_address=_trimmed(form.postal_address.data),
        colour=readable_vendor_colour(form.colour.data or ""),
        when_uncertain=form.when_uncertain.data or WhenUncertain.RESEND,
    )


def _saved_words(form: SettingsForm, new: Workspace) -> str:
    if contrast(WHITE, form.colour.data or "") >= READABLE_CONTRAST:
        return gettext("Saved")
    return gettext(
        "Saved. The colour became %(colour)s, so that white letters on it can be read.",
        colour=new.colour,
    )


def _page(form: SettingsForm, stored: Workspace) -> str:
    return render_template(
        "manage/settings/show.html",
        form=form,
        stored=stored,
        colour=readable_vendor_colour(stored.colour),
        when_uncertain={
            WhenUncertain.RESEND.value: gettext("Send it once more"),
            WhenUncertain.HOLD.value: gettext("Leave it to me"),
        },
        may_change=allows(current_user(), Permission.CHANGE_WORKSPACE),
        digest=current_user().digest,
        digest_choices=_digest_choices(),
        last_digest=last_digest(db.session(), current_user().id),
    )


def _digest_choices() -> dict[str, str]:
    return {
        Digest.WEEKLY.value: gettext("Every Monday"),
        Digest.DAILY.value: gettext("Monday to Friday"),
        Digest.NEVER.value: gettext("Never"),
    }


def _refuse_unfit(text: str, limit: int) -> None:
    if any(unicodedata.category(c) in INVISIBLE for c in text):
        raise ValidationError(
            gettext("There are invisible characters in it. Type it again instead of pasting it.")
        )
    if len(text) > limit:
        raise ValidationError(gettext("Use at most %(most)s characters.", most=limit))


def _refuse_no_address(text: str) -> None:
    address = normalise_email(text)
    if address is None or not address.isascii():
        raise ValidationError(gettext("Enter an email address, for example name@company.com."))
