"""Notices of bounces by a provider: signed, fresh, once; everything else changes nothing."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Database
from factories import (
    MONDAY,
    SECRET,
    SetClock,
    make_settings,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump
from werkzeug.test import TestResponse

from app import create_app
from surveys.bounces import unmatched_bounces
from surveys.db import db
from surveys.invitations import LinkKeys
from surveys.mail.bounces.notices import NoticeRefused, SignedNotice, read_notice, signature_of
from surveys.mail.bounces.verdicts import BounceKind
from surveys.mail.verp import envelope_id
from surveys.models import MailEvent, OutgoingMail, Suppression
from surveys.terms import MailState, Role, SuppressionReason

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
BOUNCE_SECRET = "whsec_" + b64encode(b"a secret of the provider, 32 bytes").decode()


@pytest.fixture
def app(database: Database, clock: SetClock, tmp_path: Path) -> Iterator[Flask]:
    """An application whose provider posts notices."""
    settings = make_settings(database.url, tmp_path / "instance", bounce_secret=BOUNCE_SECRET)
    app = create_app(settings, clock=clock)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def mail(session: Session, keys: LinkKeys) -> tuple[int, str]:
    """Id and address of a mail that has left."""
    open_survey(session, keys)
    session.execute(
        update(OutgoingMail).values(state=MailState.SENT, sent_at=MONDAY, tried_at=MONDAY)
    )
    row = session.execute(select(OutgoingMail.id, OutgoingMail.email).limit(1)).one()
    session.commit()
    return row.id, row.email or ""


def notice(mail: tuple[int, str], **changes: Any) -> bytes:
    given = {
        "type": "bounce",
        "recipient": mail[1],
        "status": "5.1.1",
        "diagnostic": f"550 5.1.1 <{mail[1]}> user unknown",
        "envelope_id": envelope_id(SECRET, mail[0]),
    }
    return json.dumps(given | changes).encode()


def post(
    client: FlaskClient,
    body: bytes,
    *,
    notice_id: str = "evt_1",
    at: float = MONDAY.timestamp(),
    secret: str = BOUNCE_SECRET,
    signature: str | None = None,
) -> TestResponse:
    timestamp = str(int(at))
    signed = signature or signature_of(notice_id, timestamp, body, secret=secret)
    headers = {
        "Webhook-Id": notice_id,
        "Webhook-Timestamp": timestamp,
        "Webhook-Signature": signed,
        "Content-Type": "application/json",
    }
    return client.post("/bounces", data=body, headers=headers)


def test_a_signed_notice_does_what_a_bounce_does(
    client: FlaskClient, session: Session, mail: tuple[int, str]
) -> None:
    reply = post(client, notice(mail))

    assert (reply.status_code, reply.data) == (204, b"")
    (entry,) = session.scalars(select(Suppression))
    assert (entry.reason, entry.source) == (SuppressionReason.HARD_BOUNCE, "webhook")
    (event,) = session.scalars(select(MailEvent))
    assert (event.mail_id, event.kind, event.source_key) == (mail[0], "hard", "evt_1")
    assert mail[1] not in (event.detail or "")


def test_the_same_notice_once_more_is_taken_and_changes_nothing(
    client: FlaskClient, engine: Engine, clock: SetClock, mail: tuple[int, str]
) -> None:
    post(client, notice(mail))
    before = dump(engine)
    clock.move(seconds=200)

    replayed = post(client, notice(mail))
    sent_again = post(client, notice(mail), at=clock().timestamp())

    assert [replayed.status_code, sent_again.status_code] == [204, 204]
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_a_stale_notice_is_refused(
    client: FlaskClient, engine: Engine, mail: tuple[int, str], seconds: int
) -> None:
    before = dump(engine)

    reply = post(client, notice(mail), at=MONDAY.timestamp() + seconds)

    assert reply.status_code == 401
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_notice_with_another_time_or_id_or_body_than_was_signed_is_refused(
    client: FlaskClient, engine: Engine, mail: tuple[int, str]
) -> None:
    body = notice(mail)
    stamp = str(int(MONDAY.timestamp()))
    signed = signature_of("evt_1", stamp, body, secret=BOUNCE_SECRET)
    before = dump(engine)

    replies = [
        post(client, body, signature=signed, at=MONDAY.timestamp() + 1),
        post(client, body, signature=signed, notice_id="evt_2"),
        post(client, body + b" ", signature=signed),
        post(client, body, secret="another secret"),
        post(client, body, signature="v1,"),
        post(client, body, signature="zażółć"),
        client.post("/bounces", data=body),
    ]

    assert [reply.status_code for reply in replies] == [401, 401, 401, 401, 401, 401, 400]
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_one_right_signature_among_several_is_enough(
    client: FlaskClient, mail: tuple[int, str]
) -> None:
    body = notice(mail)
    right = signature_of("evt_1", str(int(MONDAY.timestamp())), body, secret=BOUNCE_SECRET)

    assert post(client, body, signature=f"v1,b2xk v1a,x {right}").status_code == 204


@on_sqlite
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"bounce"', b"{}", b'{"type": 5}', b"\xff\xfe", b"[" * 100_000],
)
def test_a_signed_body_that_is_no_notice_is_said_to_be_none(
    client: FlaskClient, engine: Engine, mail: tuple[int, str], body: bytes
) -> None:
    before = dump(engine)

    assert post(client, body).status_code == 400
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_notice_too_long_to_be_one_is_refused(client: FlaskClient) -> None:
    assert post(client, b'{"type": "' + b"a" * 300_000 + b'"}').status_code == 413


@on_sqlite
def test_a_signed_notice_with_a_forged_mark_is_kept_and_suppresses_nobody(
    client: FlaskClient, session: Session, mail: tuple[int, str]
) -> None:
    reply = post(client, notice(mail, envelope_id=f"{mail[0]}-{'0' * 20}"))

    assert reply.status_code == 204
    assert list(session.scalars(select(Suppression))) == []
    (listed,) = unmatched_bounces(session)
    assert (listed.source, listed.key) == ("webhook", "evt_1")


@on_sqlite
def test_what_happened_otherwise_is_taken_without_consequence(
    client: FlaskClient, engine: Engine, mail: tuple[int, str]
) -> None:
    before = dump(engine)

    assert post(client, notice(mail, type="opened")).status_code == 204
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_without_a_secret_there_is_no_such_address(
    database: Database, tmp_path: Path, clock: SetClock
) -> None:
    app = create_app(make_settings(database.url, tmp_path / "other"), clock=clock)

    assert post(app.test_client(), b"{}").status_code == 404
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"type": "bounce", "status": "5.1.1"}, BounceKind.HARD),
        ({"type": "bounce", "status": "5.2.2"}, BounceKind.SOFT),
        ({"type": "bounce", "diagnostic": "550 blocked by spamhaus"}, BounceKind.POLICY),
        ({"type": "bounce", "status": 5, "recipient": ["x"], "diagnostic": None}, BounceKind.SOFT),
        ({"type": "complaint"}, BounceKind.COMPLAINT),
        ({"type": "delayed", "status": "4.2.0"}, BounceKind.DELAYED),
        ({"type": "clicked"}, BounceKind.NONE),
    ],
)
def test_a_notice_is_judged_by_the_rules_of_a_bounce(
    values: dict[str, Any], kind: BounceKind
) -> None:
    assert read(json.dumps(values).encode()).kind is kind


def read(body: bytes) -> Any:
    stamp = str(int(MONDAY.timestamp()))
    signed = signature_of("a", stamp, body, secret="plain secret")
    return read_notice(SignedNotice("a", stamp, signed, body), secret="plain secret", now=MONDAY)


@given(
    st.dictionaries(
        st.sampled_from(["recipient", "status", "diagnostic", "envelope_id", "message_id"]),
        st.one_of(st.text(), st.none(), st.integers(), st.lists(st.text())),
    ),
    st.sampled_from(["bounce", "complaint", "delayed", "x"]),
)
def test_no_signed_object_breaks_the_reading(values: dict[str, Any], kind: str) -> None:
    bounce = read(json.dumps(values | {"type": kind}).encode())

    assert all(report.diagnostic.isprintable() for report in bounce.reports)


@given(st.binary(max_size=60), st.text(max_size=30), st.text(max_size=15), st.text(max_size=60))
def test_nothing_unsigned_is_believed(
    body: bytes, notice_id: str, timestamp: str, signatures: str
) -> None:
    with pytest.raises(NoticeRefused):
        read_notice(
            SignedNotice(notice_id, timestamp, signatures, body), secret="a secret", now=MONDAY
        )


# The page


@on_sqlite
def test_what_names_no_mail_is_shown_to_who_runs_surveys(
    client: FlaskClient, session: Session, mail: tuple[int, str]
) -> None:
    make_user(session)
    session.commit()
    sign_in(client)
    empty = client.get("/contacts/unmatched").text
    body = notice(mail, envelope_id="", diagnostic="550 5.1.1 <b>gone</b> <a@b.example>")
    post(client, body, notice_id="evt_77")

    page = client.get("/contacts/unmatched").text

    assert "Everything found its mail" in empty
    assert "evt_77" in page
    assert "Came back for good" in page
    assert "&lt;b&gt;gone&lt;/b&gt; &lt;…&gt;" in page
    assert "a@b.example" not in page


@on_sqlite
def test_who_may_not_run_surveys_sees_no_bounces(
    client: FlaskClient, session: Session, mail: tuple[int, str]
) -> None:
    make_user(session, role=Role.ANALYST)
    session.commit()
    sign_in(client)

    assert client.get("/contacts/unmatched").status_code == 403
