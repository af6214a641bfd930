"""Pages of one person who can be asked: what is known, where they were asked, and editing it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.contact_changes import add_contact, change_contact, facts_of
from surveys.contact_pages import contact_page, full_name
from surveys.contacts import ContactKeys
from surveys.db import db
from surveys.errors import FieldError
from surveys.i18n import gettext, page_locale
from surveys.mail.contact_mails import contact_mails
from surveys.models import Contact, Partner
from surveys.permissions import Permission, contact_for, partner_for
from surveys.runtime import now, settings
from surveys.terms import Audience
from surveys.web import delivery_words, import_words, wave_words
from surveys.web.people_forms import PersonForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("people", __name__)
PERSON = "/contacts/<int:contact_id>"


@bp.get("/contacts/new")
@signed_in(Permission.RUN_SURVEYS)
def new() -> str:
    """The form of somebody new; `partner` in the address names the company."""
    partner_id = request.args.get("partner", type=int)
    partner = partner_for(db.session(), current_user(), partner_id) if partner_id else None
    named = (partner.external_id or partner.name) if partner else ""
    return _new_page(PersonForm(company=named, locale=page_locale()))


@bp.post("/contacts/new")
@signed_in(Permission.RUN_SURVEYS)
def add() -> Response | tuple[str, int]:
    """Take somebody into the list."""
    session = db.session()
    form = PersonForm()
    if not form.validate():
        return _new_page(form), 422
    try:
        contact = add_contact(session, form.facts(), audience=_audience(), keys=_keys(), now=now())
    except FieldError as error:
        session.rollback()
        form.refuse(error.field, error.reason)
        return _new_page(form), 422
    contact_id = contact.id
    _audit("contact.add", contact_id)
    session.commit()
    flash(gettext("Added to the contacts."), "ok")
    return redirect(url_for(".show", contact_id=contact_id), 303)


@bp.get(PERSON)
@signed_in(Permission.RUN_SURVEYS)
def show(contact_id: int) -> str:
    """One person: facts, what keeps mail from them, waves and mails."""
    contact = contact_for(db.session(), current_user(), contact_id)
    number = request.args.get("page", 1, type=int)
    return render_template(
        "manage/people/show.html",
        page=contact_page(db.session(), contact, now=now()),
        mails=contact_mails(db.session(), contact.id, number=number),
        languages=dict(import_words.language_choices()),
        words=delivery_words,
        wave_words=wave_words,
    )


@bp.get(f"{PERSON}/edit")
@signed_in(Permission.RUN_SURVEYS)
def edit(contact_id: int) -> str:
    """The facts of a person, to be changed."""
    contact = contact_for(db.session(), current_user(), contact_id)
    partner = db.session().get(Partner, contact.partner_id) if contact.partner_id else None
    facts = facts_of(contact, partner)
    values = {name: getattr(facts, name) for name in facts.__slots__}
    return _edit_page(contact, PersonForm(**values))


@bp.post(f"{PERSON}/edit")
@signed_in(Permission.RUN_SURVEYS)
def save(contact_id: int) -> Response | tuple[str, int]:
    """Store the facts of a person."""
    session = db.session()
    contact = contact_for(session, current_user(), contact_id)
    form = PersonForm()
    if not form.validate():
        return _edit_page(contact, form), 422
    try:
        changed = change_contact(session, contact, form.facts(), keys=_keys(), now=now())
    except FieldError as error:
        session.rollback()
        form.refuse(error.field, error.reason)
        return _edit_page(contact_for(session, current_user(), contact_id), form), 422
    if changed:
        _audit("contact.change", contact_id, fields=list(changed))
    session.commit()
    flash(gettext("Saved"), "ok")
    return redirect(url_for(".show", contact_id=contact_id), 303)


def _audience() -> Audience:
    """The audience in the address: staff or, without a word, partners."""
    is_staff = request.args.get("audience") == Audience.INTERNAL
    return Audience.INTERNAL if is_staff else Audience.PARTNER


def _new_page(form: PersonForm) -> str:
    return render_template(
        "manage/people/new.html",
        is_staff=_audience() is Audience.INTERNAL,
        form=form,
        languages=dict(import_words.language_choices()),
    )


def _edit_page(contact: Contact, form: PersonForm) -> str:
    return render_template(
        "manage/people/edit.html",
        contact_id=contact.id,
        name=full_name(contact),
        is_staff=contact.audience is Audience.INTERNAL,
        form=form,
        languages=dict(import_words.language_choices()),
    )


def _audit(action: str, contact_id: int, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="contact",
        object_id=contact_id,
        **detail,
    )


def _keys() -> ContactKeys:
    return ContactKeys(settings().secret_key, settings().identity_key)
