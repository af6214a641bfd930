"""Sending what is due: each mail once, one bad row alone, a server that is away without harm."""

import email
import email.policy
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from factories import MONDAY, SECRET, SetClock, make_user, open_survey
from flask import Flask
from mail_answers import Answering, send, sender_of
from smtp_faults import FaultServer
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

import surveys.mail.letter_writer
import surveys.mail.sending
import surveys.promises
from surveys.i18n import page_locale
from surveys.invitations import LinkKeys, queue_reminders
from surveys.mail.outbox import LEASE_SECONDS, MAX_ATTEMPTS, settle
from surveys.mail.transport import (
    Delivery,
    Envelope,
    MemoryTransport,
    Outcome,
    SmtpTransport,
    Step,
)
from surveys.mail.verp import mail_of_bounce_address, mail_of_envelope_id
from surveys.models import Contact, OutgoingMail, Suppression, Wave
from surveys.preferences import suppress
from surveys.terms import MailKind, MailState, Mode, SuppressionReason
from surveys.tokens import identity_hash

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MAIL_SENDER = Path(__file__).with_name("mail_sender.py")


def states(session: Session) -> Counter[MailState]:
    session.rollback()
    found = Counter(session.scalars(select(OutgoingMail.state)))
    session.rollback()
    return found


def rows(session: Session) -> list[OutgoingMail]:
    session.rollback()
    found = session.scalars(
        select(OutgoingMail).order_by(OutgoingMail.id).execution_options(populate_existing=True)
    ).all()
    return list(found)


def parsed(message: bytes) -> email.message.EmailMessage:
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, email.message.EmailMessage)
    return found


def text_of(message: bytes) -> str:
    body = parsed(message).get_body(("plain",))
    assert body
    return str(body.get_content())


def test_everybody_invited_gets_one_mail_and_a_second_round_sends_none(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    memory = MemoryTransport()

    first = send(app, engine, sender_of(app, memory))
    second = send(app, engine, sender_of(app, memory))

    assert (first.by_outcome, second.by_outcome) == ({"sent": 4}, {})
    assert states(session) == {MailState.SENT: 4}
    assert [parsed(message)["Message-ID"] for _, message in memory.sent] == [
        row.message_id for row in rows(session)
    ]
    assert [envelope.recipient for envelope, _ in memory.sent] == [
        row.email for row in rows(session)
    ]


def test_senders_at_once_send_each_mail_once(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=40, staff=0)
    memory = MemoryTransport()
    gate = threading.Barrier(3)

    def work(owner: str) -> None:
        gate.wait()
        send(app, engine, sender_of(app, memory, owner=owner))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert states(session) == {MailState.SENT: 40}
    ids = Counter(parsed(message)["Message-ID"] for _, message in memory.sent)
    assert len(ids) == 40
    assert set(ids.values()) == {1}


@on_sqlite
def test_the_rate_cap_counts_the_last_minute(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=6, staff=0)
    memory = MemoryTransport()
    sender = sender_of(app, memory, mails_per_minute=2)

    sent = []
    for seconds in (0, 30, 31, 61):
        send(app, engine, sender)
        clock.move(seconds=seconds)
        sent.append(len(memory.sent))

    assert sent == [2, 2, 2, 4]


@pytest.mark.parametrize("step", [Step.CONNECT, Step.MAIL])
@on_sqlite
def test_a_server_that_is_away_costs_one_try_a_round(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, step: Step
) -> None:
    open_survey(session, keys, companies=30, staff=0)
    away = Answering(lambda _: Delivery(Outcome.LATER, step, None, "ConnectionRefusedError"))

    send(app, engine, sender_of(app, away))

    assert len(away.tried) == 1
    assert states(session) == {MailState.DEFERRED: 1, MailState.QUEUED: 29}
    assert sorted(row.attempts for row in rows(session)) == [0] * 29 + [1]


@on_sqlite
def test_a_greylisted_recipient_delays_nobody_else(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys)
    grey = rows(session)[0].email
    session.rollback()
    later = Delivery(Outcome.LATER, Step.RCPT, 451, "4.7.1 greylisted")
    sent = Delivery(Outcome.SENT, Step.DOT, 250, "ok")
    transport = Answering(lambda envelope: later if envelope.recipient == grey else sent)
    sender = sender_of(app, transport)

    send(app, engine, sender)
    assert states(session) == {MailState.DEFERRED: 1, MailState.SENT: 3}
    first_id = rows(session)[0].message_id
    session.rollback()
    transport.answer = lambda _: sent
    clock.move(minutes=5)
    send(app, engine, sender)

    assert states(session) == {MailState.SENT: 4}
    assert parsed(transport.sent[-1])["Message-ID"] == first_id


@on_sqlite
def test_a_mail_that_cannot_be_written_fails_alone_and_unnamed(
    app: Flask,
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_survey(session, keys)
    bad = rows(session)[1]
    bad.email = "not an address@@partner.example"
    session.commit()
    memory = MemoryTransport()

    with caplog.at_level(logging.INFO):
        send(app, engine, sender_of(app, memory))

    assert states(session) == {MailState.SENT: 3, MailState.FAILED: 1}
    assert rows(session)[1].reply_text == "could not be composed"
    assert "cannot be composed: ValueError" in caplog.text
    assert "partner.example" not in caplog.text


def test_only_an_unknown_mailbox_is_never_written_to_again(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    replies = iter(["5.1.1 no such user", "5.2.2 mailbox full", "5.7.1 listed at 5.1.1.1"])
    transport = Answering(lambda _: Delivery(Outcome.REFUSED, Step.RCPT, 550, next(replies)))

    send(app, engine, sender_of(app, transport))

    assert states(session) == {MailState.FAILED: 3}
    assert [row.bounce for row in rows(session)] == ["hard", "soft", "policy"]
    assert [row.bounced_at for row in rows(session)] == [MONDAY, None, None]
    assert rows(session)[1].reply_text == "5.2.2 mailbox full"
    entries = session.scalars(select(Suppression)).all()
    assert [(each.reason, each.email_hash) for each in entries] == [
        (SuppressionReason.HARD_BOUNCE, rows(session)[0].email_hash)
    ]


@on_sqlite
def test_a_refusal_by_a_server_of_ours_says_nothing_of_an_address(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=1, staff=0)
    away = Delivery(Outcome.LATER, Step.CONNECT, None, "ConnectionRefusedError")
    transport = Answering(lambda _: away)
    session.execute(update(OutgoingMail).values(attempts=MAX_ATTEMPTS - 1))
    session.commit()

    send(app, engine, sender_of(app, transport))

    assert states(session) == {MailState.FAILED: 1}
    assert rows(session)[0].bounce is None


@on_sqlite
def test_an_address_that_takes_nothing_for_days_is_given_up_for_this_wave(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=1, staff=0)
    full = Delivery(Outcome.LATER, Step.RCPT, 452, "4.2.2 mailbox full")
    session.execute(update(OutgoingMail).values(attempts=MAX_ATTEMPTS - 1))
    session.commit()

    send(app, engine, sender_of(app, Answering(lambda _: full)))

    assert (states(session), rows(session)[0].bounce) == ({MailState.FAILED: 1}, "soft")


def test_an_opt_out_between_claim_and_data_is_obeyed(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=3, staff=0)

    def opt_out_first(envelope: Envelope) -> Delivery:
        with Session(engine) as other:
            suppress(
                other,
                identity_hash(SECRET, envelope.recipient),
                email=None,
                reason=SuppressionReason.OPT_OUT,
                source="page",
                now=MONDAY,
            )
            other.commit()
        return Delivery(Outcome.SENT, Step.DOT, 250, "ok")

    transport = Answering(opt_out_first)
    send(app, engine, sender_of(app, transport))
    send(app, engine, sender_of(app, transport))

    assert transport.sent == []
    assert states(session) == {MailState.SUPPRESSED: 3}


@on_sqlite
def test_a_sender_that_died_is_followed_by_one_that_repeats_the_same_mail(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=3, staff=0)

    def die(_envelope: Envelope) -> Delivery:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(app, engine, sender_of(app, Answering(die)))
    memory = MemoryTransport()
    send(app, engine, sender_of(app, memory, owner="b"))
    assert memory.sent == []
    clock.move(seconds=LEASE_SECONDS + 1)
    send(app, engine, sender_of(app, memory, owner="b"))

    assert states(session) == {MailState.SENT: 3}
    assert len(memory.sent) == 3


def test_senders_that_are_killed_lose_no_mail_and_send_none_three_times(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=160, staff=0)
    dice = random.Random(7)
    with FaultServer() as server:
        arguments = [str(server.settings.port), engine.url.render_as_string(hide_password=False)]
        command = [sys.executable, str(MAIL_SENDER), *arguments, app.instance_path]
        environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
        processes = [subprocess.Popen(command, env=environment) for _ in range(2)]  # noqa: S603 - our own script
        for process in processes:
            _wait_until_more(server.received, dice.randint(3, 12))
            process.send_signal(signal.SIGKILL)
            process.wait()
        for _ in range(3):
            clock.move(seconds=LEASE_SECONDS + 1)
            send(app, engine, sender_of(app, SmtpTransport(server.settings), owner="last"))
        copies = Counter(parsed(each.text)["Message-ID"] for each in server.received)

    assert states(session) == {MailState.SENT: 160}
    assert set(copies) == {row.message_id for row in rows(session)}
    assert max(copies.values()) <= 2


def _wait_until_more(received: Sequence[object], more: int) -> None:
    enough = len(received) + more
    deadline = time.monotonic() + 30
    while len(received) < enough:
        assert time.monotonic() < deadline, "nothing was sent for half a minute"
        time.sleep(0.002)


@on_sqlite
def test_a_database_that_is_away_costs_no_second_copy(
    app: Flask,
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    away = [OperationalError("UPDATE", {}, Exception("the server closed"))] * 2

    def settle_later(*args: Any, **values: Any) -> bool:
        if away:
            raise away.pop()
        return settle(*args, **values)

    monkeypatch.setattr(surveys.mail.sending, "settle", settle_later)
    monkeypatch.setattr(surveys.mail.sending, "DATABASE_WAIT_SECONDS", 0.01)
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    assert away == []
    assert len(memory.sent) == 3
    assert states(session) == {MailState.SENT: 3}


@on_sqlite
def test_a_database_that_stays_away_fails_no_mail(
    app: Flask,
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    monkeypatch: pytest.MonkeyPatch,
    clock: SetClock,
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    sender = sender_of(app, MemoryTransport())

    def gone(*_args: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed"))

    with monkeypatch.context() as broken:
        broken.setattr(surveys.mail.letter_writer.LetterWriter, "facts", gone)
        with pytest.raises(OperationalError):
            send(app, engine, sender)
    assert states(session) == {MailState.CLAIMED: 3}
    clock.move(seconds=LEASE_SECONDS + 1)
    send(app, engine, sender)

    assert states(session) == {MailState.SENT: 3}


# What a letter says


@on_sqlite
def test_each_reads_the_promise_in_their_own_language(
    app: Flask,
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_survey(session, keys, mode=Mode.ANONYMOUS, companies=6, staff=0)
    monkeypatch.setattr(surveys.promises, "gettext", lambda word: f"{word}/{page_locale()}")
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    for _, message in memory.sent:
        locale = parsed(message)["Content-Language"]
        assert f"partner type/{locale}" in " ".join(text_of(message).split())


@on_sqlite
def test_a_reminder_says_by_its_link_which_mail_it_was(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=3, staff=1)
    session.execute(update(OutgoingMail).values(state=MailState.CANCELLED))
    for kind in (MailKind.REMINDER_1, MailKind.REMINDER_LAST):
        queue_reminders(session, run.partner, kind, keys=keys, now=MONDAY)
    internal = session.get_one(Wave, run.id + 1)
    queue_reminders(session, internal, MailKind.STAFF_REMINDER, keys=keys, now=MONDAY)
    session.commit()
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    marks = Counter(text_of(message).partition("?via=")[2].split()[0] for _, message in memory.sent)
    assert marks == {"reminder_1": 4, "reminder_last": 3}


@on_sqlite
def test_a_domain_beyond_ascii_is_written_as_servers_know_it(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    session.execute(update(OutgoingMail).values(email="Jan.Kowalski@Żółw.pl"))
    session.commit()
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    envelope, message = memory.sent[0]
    assert envelope.recipient == "Jan.Kowalski@xn--w-uga1v8h.pl"
    assert parsed(message)["To"].addresses[0].addr_spec == "Jan.Kowalski@xn--w-uga1v8h.pl"


@on_sqlite
def test_a_reset_mail_leaves_before_the_vendor_has_named_its_sender(
    app: Flask, engine: Engine, session: Session
) -> None:
    user = make_user(session, email="jörg@nordvik.example")
    session.add(
        OutgoingMail(
            message_id="<1@localhost>",
            kind=MailKind.PASSWORD_RESET,
            user_id=user.id,
            locale="pl",
            email=user.email,
            email_hash=b"x" * 32,
            state=MailState.QUEUED,
            due_at=MONDAY,
        )
    )
    session.commit()
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    envelope, message = memory.sent[0]
    assert envelope == Envelope("pulse@localhost", "jörg@nordvik.example")
    assert "http://localhost/password/" in text_of(message)
    assert parsed(message)["List-Unsubscribe"] is None


@on_sqlite
def test_what_bounces_comes_back_to_an_address_that_names_its_mail(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory, bounce_address="bounces@pulse.example.com"))

    ids = [row.id for row in rows(session)]
    senders = [envelope.sender for envelope, _ in memory.sent]
    notes = [envelope.envelope_id or "" for envelope, _ in memory.sent]
    assert [mail_of_bounce_address(SECRET, each) for each in senders] == ids
    assert [mail_of_envelope_id(SECRET, each) for each in notes] == ids
    # The From that people see stays the vendor's.
    assert parsed(memory.sent[0][1])["From"].addresses[0].addr_spec == "tomasz@nordvik.example"


@on_sqlite
def test_an_erased_person_gets_no_mail(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=3, staff=0)
    session.execute(update(Contact).values(email=None, email_hash=None))
    session.execute(update(OutgoingMail).values(email=None))
    session.commit()
    memory = MemoryTransport()

    send(app, engine, sender_of(app, memory))

    assert memory.sent == []
    assert states(session) == {MailState.CANCELLED: 3}


def test_a_wave_that_sends_few_mails_needs_few_statements(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    open_survey(session, keys, companies=19, staff=0)
    statements.clear()

    send(app, engine, sender_of(app, MemoryTransport()))

    per_mail = len([each for each in statements if not each.startswith("BEGIN")]) / 19
    assert per_mail < 10
