"""The vendor's settings page: who may change it, what it refuses, what it stores."""

import html
import re

import pytest
from factories import MONDAY, NORDVIK, csrf_token, make_user, sign_in
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from surveys.models import AuditEvent, Setting
from surveys.terms import Role
from surveys.vendor_colour import READABLE_CONTRAST, WHITE, contrast
from surveys.workspace import Workspace, save_workspace, workspace

GOOD = {
    "vendor": "Nordvik",
    "sender_name": "Tomasz Wróbel",
    "sender_email": "tomasz@nordvik.example",
    "reply_to": "partners@nordvik.example",
    "postal_address": "ul. Przykładowa 12, 00-001 Warszawa",
    "colour": "#0E4B5A",
}


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of an administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


def text_of(reply: TestResponse) -> str:
    """What a person reads on a page, on one line."""
    main = reply.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def save(client: FlaskClient, **changes: str) -> TestResponse:
    """Send the form of the page."""
    token = csrf_token(client.get("/settings").text)
    return client.post("/settings", data={**GOOD, **changes, "csrf_token": token})


def stored(session: Session) -> Workspace:
    """What is stored now."""
    found = workspace(session)
    session.rollback()
    return found


def test_the_settings_are_stored_and_shown(alicja: FlaskClient, session: Session) -> None:
    reply = save(alicja)

    page = alicja.get(reply.location)
    assert reply.status_code == 303
    assert stored(session) == NORDVIK
    assert "Saved" in text_of(page)
    assert 'value="tomasz@nordvik.example"' in page.text
    assert 'fill="#0E4B5A"' in page.text


def test_a_change_is_in_the_audit_log_by_its_fields_not_its_values(
    alicja: FlaskClient, session: Session
) -> None:
    save(alicja)
    save(alicja)
    save(alicja, vendor="Nordvik Systems", reply_to="")

    events = session.scalars(
        select(AuditEvent).where(AuditEvent.action == "workspace.change").order_by(AuditEvent.id)
    ).all()
    row = session.get_one(Setting, "workspace")
    assert [event.detail["fields"] for event in events][1:] == [["vendor", "reply_to"]]
    assert "Nordvik" not in str([event.detail for event in events])
    assert events[0].actor == f"user {row.changed_by_id}"
    assert row.changed_at == MONDAY


MISTAKES = [
    ("vendor", "", "Enter the name as your partners know it."),
    ("vendor", "   ", "Enter the name as your partners know it."),
    ("vendor", "x" * 101, "Use at most 100 characters."),
    ("vendor", "Nord\u202evik", "There are invisible characters in it."),
    ("sender_name", "Tomasz\r\nBcc: all@nordvik.example", "There are invisible characters"),
    ("sender_email", "", "Enter the address that mails come from."),
    ("sender_email", "tomasz", "Enter an email address"),
    ("sender_email", "wróbel@nordvik.example", "Enter an email address"),
    ("sender_email", "a@b.example, c@d.example", "Enter an email address"),
    ("reply_to", "partners@", "Enter an email address"),
    ("postal_address", "x" * 201, "Use at most 200 characters."),
    ("colour", "", "Write the colour as # and six signs"),
    ("colour", "teal", "Write the colour as # and six signs"),
    ("colour", "#0E4B5A;} body {", "Write the colour as # and six signs"),
]


def test_a_mistake_is_said_at_its_field_and_what_was_typed_stays(
    alicja: FlaskClient, session: Session
) -> None:
    typed = {"vendor": "Typed <Vendor>", "postal_address": "Typed address"}
    for field, value, words in MISTAKES:
        reply = save(alicja, **{**typed, field: value})

        assert reply.status_code == 422, (field, value)
        assert text_of(reply).count(words) == 2  # in the summary, and at the field
        assert f'id="{field}-note"' in reply.text
        kept = re.search(rf'id="{field}"[^>]* value="([^"]*)"', reply.text)
        assert kept
        assert html.unescape(kept[1]).split() == value.split()
        for other in typed.keys() - {field}:
            assert html.escape(typed[other]) in reply.text
    assert stored(session) == Workspace()


def test_a_colour_on_which_white_is_unreadable_is_darkened_and_said(
    alicja: FlaskClient, session: Session
) -> None:
    for typed in ("#FFAA00", "fa0", "#ffffff"):
        page = alicja.get(save(alicja, colour=typed).location)

        colour = stored(session).colour
        assert contrast(WHITE, colour) >= READABLE_CONTRAST
        assert f"The colour became {colour}" in text_of(page)
        assert f'fill="{colour}"' in page.text


def test_addresses_are_stored_in_their_normal_form(alicja: FlaskClient, session: Session) -> None:
    save(alicja, sender_email="  Tomasz@NORDVIK.example ", reply_to="", sender_name="  Tomasz ")

    found = stored(session)
    assert (found.sender_email, found.reply_to) == ("tomasz@nordvik.example", "")
    assert found.sender_name == "Tomasz"


def test_others_read_the_settings_and_cannot_change_them(app: Flask, session: Session) -> None:
    save_workspace(session, NORDVIK, now=MONDAY, user_id=None)
    for role in (Role.MANAGER, Role.ANALYST, Role.VIEWER):
        make_user(session, f"{role.value}@nordvik.example", role=role)
    session.commit()
    for role in (Role.MANAGER, Role.ANALYST, Role.VIEWER):
        borys = app.test_client()
        sign_in(borys, f"{role.value}@nordvik.example")

        page = borys.get("/settings")
        refused = borys.post("/settings", data={**GOOD, "vendor": "Mine"})

        assert "Only an administrator can change these." in text_of(page)
        assert "Company name Nordvik Sender name Tomasz Wróbel" in text_of(page)
        fields = set(re.findall(r'name="([^"]+)"', page.text.partition("<main")[2]))
        assert fields & GOOD.keys() == set()
        assert refused.status_code == 403
    assert stored(session) == NORDVIK


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/settings").location.startswith("/login")
    assert client.post("/settings", data=GOOD).location.startswith("/login")


def test_a_form_without_the_guard_stores_nothing(alicja: FlaskClient, session: Session) -> None:
    reply = alicja.post("/settings", data=GOOD)

    assert reply.status_code == 422
    assert "open for too long" in text_of(reply)
    assert stored(session) == Workspace()


def test_what_becomes_of_an_uncertain_invitation_is_chosen_here(
    alicja: FlaskClient, session: Session
) -> None:
    assert stored(session).when_uncertain == "resend"

    page = alicja.get(save(alicja, when_uncertain="hold").location)

    assert stored(session).when_uncertain == "hold"
    assert '<option value="hold" selected>Leave it to me' in page.text
    assert save(alicja, when_uncertain="twice").status_code == 422
    assert stored(session).when_uncertain == "hold"
