"""The pages of mail texts: editing, the letter in its frame, tests that are sent."""

import email
import email.policy
import html
import re
from pathlib import Path

import pytest
from factories import (
    MONDAY,
    NORDVIK,
    SetClock,
    csrf_token,
    make_settings,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump
from test_transport import real_server

from surveys.invitations import LinkKeys
from surveys.mail.own_texts import SURVEY_KINDS, OwnText
from surveys.mail.sending import Sender, send_due
from surveys.mail.transport import MailTransport, MemoryTransport, SmtpTransport
from surveys.mail_texts import own_texts, save_mail_text, standard
from surveys.models import AuditEvent, OutgoingMail, Survey
from surveys.terms import MailKind, MailState, Role
from surveys.workspace import save_workspace

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SUBJECT = "{first_name}, three minutes?"
BODY = "we ask you.\r\n\r\n{promise}\r\n\r\nYour link:\r\n{SURVEYURL}"
STORED = "we ask you.\n\n{promise}\n\nYour link:\n{link}"


@pytest.fixture
def survey_id(session: Session, client: FlaskClient, keys: LinkKeys) -> int:
    """A survey with an open wave; Alicja is signed in."""
    make_user(session)
    run = open_survey(session, keys)
    found = run.partner.survey_id
    save_workspace(session, NORDVIK, now=MONDAY, user_id=None)
    session.commit()
    sign_in(client)
    return found


def address(survey_id: int, kind: str = "invitation", locale: str = "en", tail: str = "") -> str:
    return f"/surveys/{survey_id}/mails/{kind}/{locale}{tail}"


def form(client: FlaskClient, path: str, **values: str) -> dict[str, str]:
    token = csrf_token(client.get(path).text)
    return {"csrf_token": token, "subject": SUBJECT, "body": BODY} | values


def actions(session: Session) -> list[str]:
    found = session.scalars(
        select(AuditEvent.action)
        .where(AuditEvent.action.startswith("mail_text"))
        .order_by(AuditEvent.id)
    )
    return list(found)


def sender(app: Flask, transport: MailTransport, clock: SetClock) -> Sender:
    own = make_settings(app.config["SQLALCHEMY_DATABASE_URI"], Path(app.instance_path))
    return Sender(own, transport, app.jinja_env, "a", clock)


def texts_of(session: Session, survey_id: int) -> dict[tuple[MailKind, str], OwnText]:
    found = dict(own_texts(session, survey_id))
    session.rollback()
    return found


# Reading and saving


@on_sqlite
def test_every_mail_of_a_survey_is_listed_with_whose_words_it_is_in(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    page = client.get(f"/surveys/{survey_id}/mails").text
    links = re.findall(rf'href="/surveys/{survey_id}/mails/(\w+)/(\w\w)"', page)

    assert {(kind, locale) for kind, locale in links} == {
        (kind.value, locale) for kind in SURVEY_KINDS for locale in ("pl", "en")
    }
    assert "Own text" not in page

    path = address(survey_id)
    client.post(path, data=form(client, path))
    page = client.get(f"/surveys/{survey_id}/mails").text

    assert page.count("Own text") == 1
    assert "Alicja Nowak" in page


def test_a_saved_text_is_stored_in_our_own_placeholders(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    path = address(survey_id)

    reply = client.post(path, data=form(client, path))

    assert (reply.status_code, reply.location) == (303, path)
    assert texts_of(session, survey_id) == {(MailKind.INVITATION, "en"): OwnText(SUBJECT, STORED)}
    assert actions(session) == ["mail_text.save"]
    assert html.escape(STORED.splitlines()[-2]) in client.get(path).text


@on_sqlite
def test_the_schedule_shows_the_own_subject(client: FlaskClient, survey_id: int) -> None:
    path = address(survey_id)
    client.post(path, data=form(client, path))

    page = client.get(f"/surveys/{survey_id}/schedule").text

    assert html.escape(SUBJECT) in page
    assert "współpraca z firmą Nordvik" in page


@on_sqlite
def test_saving_the_standard_text_ends_the_own_one(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    path = address(survey_id)
    client.post(path, data=form(client, path))
    usual = standard(session.get_one(Survey, survey_id), MailKind.INVITATION, "en")
    session.rollback()
    shown = client.get(path + "?text=standard").text

    assert html.escape(usual.subject) in shown
    assert "This is the standard text." in shown
    client.post(path, data=form(client, path, subject=usual.subject, body=usual.body))

    assert texts_of(session, survey_id) == {}
    assert actions(session) == ["mail_text.save", "mail_text.standard"]


@on_sqlite
@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"body": "{promise}"}, "Nobody could open the survey from this mail: insert {link}."),
        ({"body": "{link}"}, "An invitation says what happens to the answers"),
        ({"subject": " "}, "Write a subject."),
        ({"subject": "s" * 151}, "Use at most 150 characters."),
        ({"body": BODY + "\n{frist_name}"}, "{frist_name} cannot be filled in this mail."),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_and_kept(
    client: FlaskClient, session: Session, survey_id: int, values: dict[str, str], words: str
) -> None:
    path = address(survey_id)

    reply = client.post(path, data=form(client, path, **values))

    page = html.unescape(reply.text)
    assert reply.status_code == 422
    assert words in page
    for given in values.values():
        assert given.strip().splitlines()[-1] if given.strip() else True
        assert given in page.replace("\n", "\r\n") or given in page
    assert texts_of(session, survey_id) == {}
    assert actions(session) == []


@on_sqlite
def test_only_mails_of_a_survey_in_its_languages_have_a_page(
    client: FlaskClient, survey_id: int
) -> None:
    for path in (
        address(survey_id, "test"),
        address(survey_id, "password_reset"),
        address(survey_id, "staff_digest"),
        address(survey_id, locale="de"),
        address(9999),
    ):
        assert client.get(path).status_code == 404, path


@on_sqlite
def test_who_may_not_run_surveys_may_not_reword_them(
    client: FlaskClient, session: Session, engine: Engine, survey_id: int
) -> None:
    path = address(survey_id)
    given = form(client, path)
    client.post("/logout", data=given)
    make_user(session, email="celina@nordvik.example", role=Role.VIEWER)
    session.commit()
    sign_in(client, "celina@nordvik.example")
    before = dump(engine)

    for tail in ("", "/test", "/letter"):
        assert client.post(path + tail, data=given).status_code == 403
    assert client.get(path).status_code == 403
    assert changed_tables(before, dump(engine)) == set()


# What leaves


def test_an_edit_reaches_mails_that_have_not_left(
    app: Flask, session: Session, survey_id: int, clock: SetClock
) -> None:
    survey = session.get_one(Survey, survey_id)
    for kind, locale in ((MailKind.INVITATION, "pl"), (MailKind.INVITATION, "en")):
        text = OwnText("Own {survey} {last_name}", STORED)
        save_mail_text(session, survey, kind, locale, text, now=MONDAY, user_id=1)
    session.commit()
    memory = MemoryTransport()
    with app.app_context():
        send_due(session, sender(app, memory, clock))

    read = [email.message_from_bytes(raw, policy=email.policy.default) for _, raw in memory.sent]
    subjects = {str(message["Subject"]).split()[0] for message in read}
    own = [message for message in read if str(message["Subject"]).startswith("Own ")]
    assert len(own) > 1
    # The mirror's invitation is another mail, and has its standard text.
    assert len(subjects) > 1
    for message in own:
        body = message.get_body(("plain",))
        assert body
        assert "we ask you." in body.get_content()
        assert "/s/" in body.get_content()


# The letter


@on_sqlite
def test_the_letter_in_the_frame_can_do_nothing(client: FlaskClient, survey_id: int) -> None:
    reply = client.get(address(survey_id, tail="/letter"))

    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert re.search(r"sandbox allow-popups allow-popups-to-escape-sandbox(;|$)", policy)
    assert reply.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in reply.text
    page = client.get(address(survey_id))
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-src" not in client.get("/questionnaires").headers["Content-Security-Policy"]


@on_sqlite
@pytest.mark.parametrize("locale", ["en", "pl"])
@pytest.mark.parametrize("kind", SURVEY_KINDS)
def test_no_link_of_a_preview_can_answer_or_stop_anything(
    client: FlaskClient, survey_id: int, kind: MailKind, locale: str
) -> None:
    path = address(survey_id, kind.value, locale)

    letter = client.get(path + "/letter")

    links = re.findall(r'href="http://localhost(/[^"]*)"', letter.text)
    assert letter.status_code == 200
    assert len(links) >= 3
    assert {link.partition("?")[0] for link in links} == {path + "/link"}
    assert client.get(html.unescape(links[0])).status_code == 200


@on_sqlite
def test_the_frame_shows_what_stands_in_the_form(
    client: FlaskClient, engine: Engine, survey_id: int
) -> None:
    path = address(survey_id)
    given = form(client, path, body=BODY + "\n\n<script>alert(1)</script>")
    before = dump(engine)

    light = client.post(path + "/letter", data=given | {"view": "light"})
    dark = client.post(path + "/letter", data=given | {"view": "dark"})
    text = client.post(path + "/letter", data=given | {"view": "text"})
    wrong = client.post(path + "/letter", data=given | {"body": "nothing"})

    assert "we ask you." in light.text
    assert "<script" not in light.text
    assert "@media not all" in light.text
    assert "@media all" in dark.text
    assert text.mimetype == "text/plain"
    assert text.text.startswith("Anna, three minutes?\n\nHello Anna,")
    assert (wrong.status_code, wrong.mimetype) == (422, "text/plain")
    assert client.post(path + "/letter", data=given | {"csrf_token": "x"}).status_code == 422
    assert changed_tables(before, dump(engine)) == set()


# Tests that are sent


def test_a_test_leaves_by_the_outbox_in_the_words_of_the_form(
    app: Flask, client: FlaskClient, session: Session, survey_id: int, clock: SetClock
) -> None:
    path = address(survey_id)

    reply = client.post(path + "/test", data=form(client, path, to="alicja@nordvik.example"))

    assert (reply.status_code, reply.location) == (303, path + "?text=test")
    page = client.get(reply.location).text
    assert "It is not saved yet." in page
    assert html.escape(SUBJECT) in page
    assert texts_of(session, survey_id) == {}
    memory = MemoryTransport()
    with app.app_context():
        send_due(session, sender(app, memory, clock))
    (raw,) = [raw for envelope, raw in memory.sent if "alicja" in envelope.recipient]
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message["Subject"] == "[Test] Anna, three minutes?"
    assert message["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body
        assert set(re.findall(r"http://localhost/(\w+)", body.get_content())) == {"surveys"}
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "mail_text.test")).one()
    assert event.detail["to_oneself"] is True
    assert "alicja@nordvik.example" not in str(event.detail)
    assert "Accepted by the mail server." in client.get(path).text


@on_sqlite
def test_a_test_arrives_at_a_real_mail_server(
    app: Flask, client: FlaskClient, survey_id: int, session: Session, clock: SetClock
) -> None:
    path = address(survey_id, locale="pl")
    client.post(path + "/test", data=form(client, path, to="lucja@nordvik.example"))

    with real_server() as (mailbox, smtp), app.app_context():
        send_due(session, sender(app, SmtpTransport(smtp), clock))

    (envelope,) = [each for each in mailbox.envelopes if each.rcpt_tos == ["lucja@nordvik.example"]]
    assert isinstance(envelope.content, bytes)
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == "[Test] Anna, three minutes?"
    assert message["Content-Language"] == "pl"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.defects == []


@on_sqlite
def test_a_test_needs_an_address_and_a_text_that_can_be_sent(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    path = address(survey_id)

    nobody = client.post(path + "/test", data=form(client, path, to="alicja"))
    unsendable = client.post(
        path + "/test", data=form(client, path, to="a@nordvik.example", body="x")
    )

    assert (nobody.status_code, unsendable.status_code) == (422, 422)
    assert html.escape(SUBJECT) in nobody.text
    kinds = session.scalars(select(OutgoingMail.kind)).all()
    assert MailKind.TEST not in kinds


@on_sqlite
def test_tests_are_few_a_minute(client: FlaskClient, session: Session, survey_id: int) -> None:
    path = address(survey_id)
    given = form(client, path, to="somebody@elsewhere.example")

    statuses = [client.post(path + "/test", data=given).status_code for _ in range(6)]

    assert statuses == [303, 303, 303, 303, 303, 429]
    states = session.scalars(
        select(OutgoingMail.state).where(OutgoingMail.kind == MailKind.TEST)
    ).all()
    assert states == [MailState.QUEUED] * 5


@on_sqlite
def test_an_example_is_in_the_language_of_its_reader(
    app: Flask, client: FlaskClient, session: Session, survey_id: int
) -> None:
    english = client.get(address(survey_id, locale="en", tail="/letter") + "?lang=pl").text
    polish = client.get(address(survey_id, locale="pl", tail="/letter")).text

    assert "Open the survey" in english
    assert "Otwórz ankietę" in polish
