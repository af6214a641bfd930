"""Mails that ask to get no more: believed by the address they come to, and each counts once."""

import email
import email.policy
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from bounce_mails import KEYS, report
from factories import MONDAY, SECRET, SetClock, make_settings, make_user, open_survey
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from imap_server import running_imap_server
from mail_answers import send, sender_of
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from surveys.bounces import Arrival, Outcome
from surveys.config import ImapSettings
from surveys.digests import due_digests, queue_digest
from surveys.invitations import LinkKeys
from surveys.mail.bounces.jobs import read_mailbox
from surveys.mail.bounces.opt_outs import opt_out_addresses
from surveys.mail.transport import MemoryTransport
from surveys.mail.verp import bounce_address
from surveys.mail_retention import KEPT, forget_old_mails
from surveys.models import MailEvent, OutgoingMail, Suppression, User
from surveys.opt_outs import record_opt_out
from surveys.terms import Digest, MailKind, MailState, SuppressionReason

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MAILBOX = "bounces@pulse.example"
IMAP = ImapSettings("imap.example", 993, "tls", "bounces", "secret")


def request(
    to: str, *, subject: str = "unsubscribe", sender: str = "anna@partner.example"
) -> bytes:
    return f"From: {sender}\nTo: {to}\nSubject: {subject}\n\nplease\n".encode()


def first_mail(session: Session, keys: LinkKeys) -> int:
    open_survey(session, keys)
    mail_id = session.scalars(select(OutgoingMail.id).order_by(OutgoingMail.id)).first()
    session.rollback()
    assert mail_id
    return mail_id


def record(session: Session, raw: bytes, key: str = "1:1") -> Outcome:
    addresses = opt_out_addresses(raw)
    assert addresses is not None
    outcome = record_opt_out(
        session,
        addresses,
        digest=key.encode(),
        arrival=Arrival("imap", key),
        secret_key=SECRET,
        now=MONDAY,
    )
    session.commit()
    return outcome


def suppressions(session: Session) -> list[tuple[SuppressionReason, str]]:
    session.rollback()
    rows = session.execute(select(Suppression.reason, Suppression.source)).all()
    session.rollback()
    return [(row.reason, row.source) for row in rows]


# What is a request


@pytest.mark.parametrize(
    "raw",
    [
        request(MAILBOX, subject="Re: survey"),
        request(MAILBOX, subject="unsubscribe me from the list of holidays"),
        request(MAILBOX, sender="MAILER-DAEMON@mx.example"),
        report(1, "gone@partner.example"),
        b"",
        b"\x00\xff",
    ],
)
def test_nothing_else_is_taken_for_a_request(raw: bytes) -> None:
    assert opt_out_addresses(raw) is None


def test_a_request_says_by_its_recipient_which_mail_it_is_about() -> None:
    address = bounce_address(SECRET, 17, mailbox=MAILBOX)

    assert opt_out_addresses(request(f"<{address}>")) == (address,)
    assert opt_out_addresses(request(MAILBOX, subject=" Unsubscribe ")) == ()


@given(st.binary(max_size=300))
def test_no_bytes_are_too_odd_to_be_read(raw: bytes) -> None:
    found = opt_out_addresses(b"Subject: unsubscribe\n\n" + raw)

    assert found == ()


# What it does


def test_a_request_stops_the_address_of_its_mail_once(session: Session, keys: LinkKeys) -> None:
    mail_id = first_mail(session, keys)
    raw = request(bounce_address(SECRET, mail_id, mailbox=MAILBOX), sender="x@elsewhere.example")

    outcomes = [record(session, raw), record(session, raw)]

    assert outcomes == [Outcome.RECORDED, Outcome.KNOWN]
    assert suppressions(session) == [(SuppressionReason.OPT_OUT, "mail")]
    of_mail = select(OutgoingMail.email_hash).where(OutgoingMail.id == mail_id)
    assert session.scalar(select(Suppression.email_hash)) == session.scalar(of_mail)
    assert session.scalars(select(MailEvent.kind)).all() == ["opt_out"]


@on_sqlite
def test_nothing_leaves_any_more_for_who_asked_so(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    mail_id = first_mail(session, keys)
    record(session, request(bounce_address(SECRET, mail_id, mailbox=MAILBOX)))

    send(app, engine, sender_of(app, MemoryTransport()))

    assert session.get_one(OutgoingMail, mail_id).state is MailState.SUPPRESSED


@pytest.mark.parametrize("forge", ["another key", "no mark", "another mail"])
@on_sqlite
def test_a_request_to_an_address_that_is_not_ours_stops_nobody(
    session: Session, keys: LinkKeys, forge: str
) -> None:
    mail_id = first_mail(session, keys)
    sound = bounce_address(SECRET, mail_id, mailbox=MAILBOX)
    address = {
        "another key": bounce_address("another key", mail_id, mailbox=MAILBOX),
        "no mark": MAILBOX,
        "another mail": sound.replace(f"+{mail_id}-", f"+{mail_id + 1}-"),
    }[forge]

    assert record(session, request(address)) is Outcome.UNMATCHED
    assert suppressions(session) == []


def test_a_request_about_a_digest_ends_digests_and_no_survey_mail(
    session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    user_id = make_user(session).id
    (due,) = due_digests(session, now=MONDAY)
    queue_digest(session, due, [{"state": "open"}], keys=keys, identity_key=SECRET, now=MONDAY)
    session.commit()
    mail_id = session.scalar(
        select(OutgoingMail.id).where(OutgoingMail.kind == MailKind.STAFF_DIGEST)
    )
    session.rollback()
    assert mail_id

    record(session, request(bounce_address(SECRET, mail_id, mailbox=MAILBOX)))

    assert session.get_one(User, user_id).digest == Digest.NEVER
    assert suppressions(session) == []


# The mailbox, and the header that leads there


@on_sqlite
def test_the_bounce_mailbox_is_read_for_requests_too(
    engine: Engine, session: Session, keys: LinkKeys
) -> None:
    mail_id = first_mail(session, keys)
    sound = request(bounce_address(SECRET, mail_id, mailbox=MAILBOX))
    with running_imap_server() as server:
        server.add(sound, request(MAILBOX))
        outcomes = read_mailbox(
            lambda: Session(engine),
            server.settings(),
            keys=KEYS,
            clock=lambda: MONDAY,
            deadline_seconds=20,
        )
        seen = set(server.seen)

    assert outcomes == Counter({Outcome.RECORDED: 1, Outcome.UNMATCHED: 1})
    # What names nobody is left for a person to look at.
    assert seen == {1}
    assert suppressions(session) == [(SuppressionReason.OPT_OUT, "mail")]


@pytest.mark.parametrize("is_read", [True, False])
@on_sqlite
def test_a_mail_names_an_address_that_somebody_reads(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, is_read: bool
) -> None:
    mail_id = first_mail(session, keys)
    memory = MemoryTransport()
    sender = sender_of(app, memory)
    own = make_settings(
        app.config["SQLALCHEMY_DATABASE_URI"],
        Path(app.instance_path),
        bounce_address=MAILBOX,
        imap=IMAP if is_read else None,
    )

    send(app, engine, replace(sender, settings=own))

    named = [
        email.message_from_bytes(raw, policy=email.policy.default)["List-Unsubscribe"]
        for _, raw in memory.sent
    ]
    address = bounce_address(SECRET, mail_id, mailbox=MAILBOX) if is_read else "partners@nordvik"
    assert f"<mailto:{address}" in named[0]
    assert len(set(named)) == len(named)


# Forgetting


def test_after_three_months_nobody_can_tell_whom_a_mail_went_to(
    session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    mail_id = first_mail(session, keys)
    session.execute(
        update(OutgoingMail).values(state=MailState.SENT, sent_at=MONDAY, tried_at=MONDAY)
    )
    session.add_all(
        [
            MailEvent(
                mail_id=known,
                kind="hard",
                source="imap",
                source_key=key,
                digest=key.encode(),
                detail="the words of a server",
                created_at=MONDAY,
            )
            for known, key in ((mail_id, "1"), (None, "2"))
        ]
    )
    session.commit()

    early = forget_old_mails(session, now=MONDAY + KEPT)
    late = forget_old_mails(session, now=MONDAY + KEPT + timedelta(seconds=1))
    session.commit()
    again = forget_old_mails(session, now=MONDAY + KEPT + timedelta(seconds=1))

    assert (early, late, again) == (0, 6, 0)
    assert set(session.scalars(select(OutgoingMail.email))) == {None}
    assert [mail.values for mail in session.scalars(select(OutgoingMail))] == [None] * 4
    # That it bounced stays, and that it is known; what named nobody goes.
    kept = session.scalars(select(MailEvent)).all()
    assert [(each.source_key, each.detail, each.digest) for each in kept] == [("1", None, b"1")]


@on_sqlite
def test_what_waits_is_not_forgotten(session: Session, keys: LinkKeys) -> None:
    first_mail(session, keys)

    assert forget_old_mails(session, now=MONDAY + 2 * KEPT) == 0
