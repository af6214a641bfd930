"""Pages of partner companies: the list, one company with its people and waves, and editing it."""

import unicodedata

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import or_, select
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.contact_list import Reach
from surveys.db import db
from surveys.errors import FieldError
from surveys.i18n import gettext
from surveys.models import Partner, User
from surveys.partner_changes import add_partner, change_partner, partner_facts
from surveys.partner_pages import (
    PartnerFilter,
    Standing,
    list_partners,
    partner_choices,
    partner_page,
)
from surveys.permissions import Permission, partner_for
from surveys.runtime import now
from surveys.web import wave_words
from surveys.web.people_forms import REVENUE_BANDS, PartnerForm
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("partners", __name__)
PARTNER = "/partners/<int:partner_id>"
MAX_SEARCH_LENGTH = 100


@bp.get("/partners")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Companies, a page at a time."""
    wanted = _wanted()
    return render_template(
        "manage/partners/index.html",
        page=list_partners(db.session(), wanted, number=request.args.get("page", 1, type=int)),
        wanted=wanted,
        standings={
            Standing.PRESENT: gettext("In the programme"),
            Standing.LEFT: gettext("Left the programme"),
            Standing.ARCHIVED: gettext("Put aside"),
        },
    )


@bp.get(PARTNER)
@signed_in(Permission.RUN_SURVEYS)
def show(partner_id: int) -> str:
    """One company: facts, people, and the waves in which it was asked."""
    partner = partner_for(db.session(), current_user(), partner_id)
    return render_template(
        "manage/partners/show.html",
        page=partner_page(db.session(), partner),
        reaches={
            Reach.STOPPED: gettext("Stopped"),
            Reach.BOUNCED: gettext("Bounced"),
            Reach.NO_ADDRESS: gettext("No address"),
        },
        wave_words=wave_words,
    )


@bp.get("/partners/new")
@signed_in(Permission.RUN_SURVEYS)
def new() -> str:
    """The form of a new company."""
    return _form_page(PartnerForm(), None)


@bp.post("/partners/new")
@signed_in(Permission.RUN_SURVEYS)
def add() -> Response | tuple[str, int]:
    """Take a company into the programme."""
    session = db.session()
    form = PartnerForm()
    if not form.validate():
        return _form_page(form, None), 422
    try:
        partner_id = add_partner(session, form.facts(), now=now()).id
    except FieldError as error:
        session.rollback()
        form.refuse(error.field, error.reason)
        return _form_page(form, None), 422
    _audit("partner.add", partner_id)
    session.commit()
    flash(gettext("The company is added. Its people can be added now."), "ok")
    return redirect(url_for(".show", partner_id=partner_id), 303)


@bp.get(f"{PARTNER}/edit")
@signed_in(Permission.RUN_SURVEYS)
def edit(partner_id: int) -> str:
    """The facts of a company, to be changed."""
    partner = partner_for(db.session(), current_user(), partner_id)
    facts = partner_facts(partner)
    values = {name: getattr(facts, name) for name in facts.__slots__}
    return _form_page(PartnerForm(**values | {"owner_id": str(facts.owner_id or "")}), partner)


@bp.post(f"{PARTNER}/edit")
@signed_in(Permission.RUN_SURVEYS)
def save(partner_id: int) -> Response | tuple[str, int]:
    """Store the facts of a company."""
    session = db.session()
    partner = partner_for(session, current_user(), partner_id)
    form = PartnerForm()
    if not form.validate():
        return _form_page(form, partner), 422
    try:
        changed = change_partner(session, partner, form.facts(), now=now())
    except FieldError as error:
        session.rollback()
        form.refuse(error.field, error.reason)
        return _form_page(form, partner_for(session, current_user(), partner_id)), 422
    if changed:
        _audit("partner.change", partner_id, fields=list(changed))
    session.commit()
    flash(gettext("Saved"), "ok")
    return redirect(url_for(".show", partner_id=partner_id), 303)


def _wanted() -> PartnerFilter:
    """The filter in the address; what cannot be meant is left out."""
    standing = request.args.get("standing", "")
    return PartnerFilter(
        text=_plain("q")[:MAX_SEARCH_LENGTH],
        tier=_plain("tier"),
        region=_plain("region"),
        type=_plain("type"),
        standing=Standing(standing) if standing in set(Standing) else Standing.PRESENT,
    )


def _plain(name: str) -> str:
    """A word of the address without control characters, which PostgreSQL refuses."""
    text = request.args.get(name, "")
    return "".join(c for c in text if unicodedata.category(c) not in {"Cc", "Cs"}).strip()


def _form_page(form: PartnerForm, partner: Partner | None) -> str:
    return render_template(
        "manage/partners/edit.html",
        partner_id=partner.id if partner else None,
        name=partner.name if partner else "",
        form=form,
        choices=partner_choices(db.session()),
        bands={"": "–"} | {band: band for band in REVENUE_BANDS},
        owners={"": gettext("Nobody")} | _owners(partner.owner_id if partner else None),
    )


def _owners(present: int | None) -> dict[str, str]:
    """Who can be an account manager: everybody who is not disabled, and who it is now."""
    users = db.session.execute(
        select(User.id, User.name)
        .where(or_(User.disabled_at.is_(None), User.id == present))
        .order_by(User.name)
    )
    return {str(row.id): row.name for row in users}


def _audit(action: str, partner_id: int, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="partner",
        object_id=partner_id,
        **detail,
    )
