"""The page of one person, and editing what is known of them."""

import html
import re
from datetime import timedelta

import pytest
from factories import (
    MONDAY,
    csrf_token,
    links_of,
    make_contact,
    make_partner,
    make_user,
    open_survey,
    sign_in,
)
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from surveys.invitations import LinkKeys, queue_reminders
from surveys.models import AuditEvent, Contact, Invitation, OutgoingMail
from surveys.preferences import suppress
from surveys.terms import MailKind, MailState, Mode, Role, SuppressionReason

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


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


def edited(client: FlaskClient, contact_id: int, **changes: str) -> TestResponse:
    """Send the form as it stands, with these changes."""
    url = f"/contacts/{contact_id}/edit"
    page = client.get(url).text
    values = {
        name: html.unescape(value)
        for name, value in re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page)
        if name != "is_main"
    }
    locale = re.search(r'value="(\w+)" selected', page)
    given = values | {"locale": locale[1] if locale else "en"} | changes
    return client.post(url, data=given | {"csrf_token": csrf_token(page)})


def answered(client: FlaskClient, session: Session, keys: LinkKeys, mode: Mode) -> int:
    """The first invited person of a wave, who has answered; invitation sent, reminder queued."""
    run = open_survey(session, keys, mode=mode, companies=4)
    contact_id = session.scalars(
        select(Invitation.contact_id).where(Invitation.wave_id == run.partner.id)
    ).first()
    assert contact_id is not None
    for mail in session.scalars(select(OutgoingMail)):
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    session.flush()
    queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)
    session.commit()
    token = links_of(session, keys, run.partner)[0]
    assert client.post(f"/s/{token}", data={"recommend": "8"}).status_code == 303
    return contact_id


def test_the_page_shows_facts_and_why_no_mail_goes_there(
    alicja: FlaskClient, session: Session
) -> None:
    partner = make_partner(session, "Sieć <Plus>")
    ewa = make_contact(session, partner, first_name="Ewa", last_name="Żuk", role="sales")
    ewa.do_not_survey_until = (MONDAY + timedelta(days=9)).date()
    assert ewa.email_hash is not None
    suppress(
        session,
        ewa.email_hash,
        email=ewa.email,
        reason=SuppressionReason.OPT_OUT,
        source="one_click",
        now=MONDAY,
    )
    contact_id = ewa.id
    session.commit()

    page = alicja.get(f"/contacts/{contact_id}")

    text = text_of(page)
    assert "Ewa Żuk Sieć <Plus>" in text
    assert "Unsubscribed, in the mail program, 8 February 2027. No survey mails this" in text
    assert "Blocked until 17 February 2027 because" in text
    assert f'href="/contacts/{contact_id}"' in alicja.get("/contacts").text


@on_sqlite
@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_nothing_on_the_page_tells_who_answered_where_that_was_promised(
    alicja: FlaskClient, session: Session, keys: LinkKeys, mode: Mode
) -> None:
    contact_id = answered(alicja, session, keys, mode)
    others = session.scalars(select(Contact.id).where(Contact.id != contact_id)).all()
    session.rollback()

    mine = text_of(alicja.get(f"/contacts/{contact_id}"))
    theirs = text_of(alicja.get(f"/contacts/{others[0]}"))

    assert mine.count("Not told") == theirs.count("Not told") == 1
    assert "Answered on" not in mine
    assert "First reminder" not in mine + theirs
    assert mine.count("Invitation") == theirs.count("Invitation") == 1


@on_sqlite
def test_an_identified_survey_tells_the_day_of_the_answer_and_every_mail(
    alicja: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    contact_id = answered(alicja, session, keys, Mode.IDENTIFIED)

    page = alicja.get(f"/contacts/{contact_id}")

    assert "Answered on 8 February 2027" in text_of(page)
    assert "First reminder" in text_of(page)
    assert re.search(r'href="/mails/\d+"', page.text)


def test_what_is_edited_is_stored_once_and_noted_without_its_text(
    alicja: FlaskClient, session: Session
) -> None:
    partner = make_partner(session, "Integra")
    contact_id = make_contact(session, partner, first_name="Ewa").id
    session.commit()

    reply = edited(alicja, contact_id, last_name="Żuk", country="Polska", time_zone="europe/warsaw")

    assert reply.status_code == 303
    ewa = session.get_one(Contact, contact_id)
    assert (ewa.last_name, ewa.country, ewa.time_zone) == ("Żuk", "PL", "Europe/Warsaw")
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "contact.change")).one()
    assert set(event.detail["fields"]) == {"time_zone", "country", "last_name"}


@on_sqlite
@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("email", "anna", "This is not an email address"),
        ("email", "jan@halo.example", "Somebody else in the list has this address"),
        ("email", "", "Fill this in"),
        ("company", "Nobody & Sons", "No company has this name"),
        ("time_zone", "Mars/Base", "Enter a time zone"),
        ("country", "Atlantis", "Enter the two letters of a country"),
        ("locale", "xx", "Choose one of the list"),
        ("first_name", "Ewa\u202e", "There are invisible characters in it"),
        ("first_name", "x" * 101, "Use at most 100 characters"),
        ("left_on", "yesterday", "Enter a date"),
    ],
)
def test_a_bad_value_is_named_and_what_was_typed_is_kept(
    alicja: FlaskClient, session: Session, field: str, value: str, said: str
) -> None:
    partner = make_partner(session, "Integra")
    make_contact(session, partner, email="jan@halo.example")
    contact_id = make_contact(session, partner, email="ewa@halo.example").id
    session.commit()

    reply = edited(alicja, contact_id, **{"job_title": "Head of <sales>", field: value})

    assert reply.status_code == 422
    assert said in text_of(reply)
    assert 'value="Head of &lt;sales&gt;"' in reply.text
    if field != "locale":
        assert f'value="{html.escape(value)}"' in reply.text
    assert session.get_one(Contact, contact_id).job_title is None


@on_sqlite
def test_only_who_runs_surveys_sees_a_person(client: FlaskClient, session: Session) -> None:
    contact_id = make_contact(session, make_partner(session)).id
    make_user(session, "borys@nordvik.example", role=Role.ANALYST)
    session.commit()
    sign_in(client, "borys@nordvik.example")

    for path in (f"/contacts/{contact_id}", f"/contacts/{contact_id}/edit"):
        assert client.get(path).status_code == 403
    assert f'href="/contacts/{contact_id}"' not in client.get("/contacts").text


@on_sqlite
def test_an_unknown_person_is_not_found(alicja: FlaskClient) -> None:
    assert alicja.get("/contacts/9999").status_code == 404
    assert alicja.get("/contacts/9999/edit").status_code == 404
