"""The bounce mailbox: each message once, nothing deleted, and a server that fails without harm."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bounce_mails import KEYS, report
from factories import MONDAY, SetClock, make_settings, open_survey
from flask import Flask
from imap_server import ImapServer, running_imap_server
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from surveys.bounces import Outcome
from surveys.config import ImapSettings
from surveys.invitations import LinkKeys
from surveys.jobs import JobContext, read_bounces
from surveys.mail.bounces.jobs import BATCH, read_mailbox
from surveys.mail.bounces.mailbox import BounceMailbox, MailboxAway
from surveys.models import MailboxPosition, MailEvent, OutgoingMail, Suppression
from surveys.terms import MailState

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ABSENCE = b"From: a@partner.example\nSubject: Out of office\n\nAway.\n"
READING = ("LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE", "LOGOUT", "CAPABILITY")


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with running_imap_server() as server:
        yield server


@pytest.fixture
def mails(session: Session, keys: LinkKeys) -> list[tuple[int, str]]:
    """Ids and addresses of mails that have left."""
    open_survey(session, keys)
    session.execute(
        update(OutgoingMail).values(state=MailState.SENT, sent_at=MONDAY, tried_at=MONDAY)
    )
    rows = session.execute(
        select(OutgoingMail.id, OutgoingMail.email).order_by(OutgoingMail.id)
    ).all()
    found = [(row.id, row.email or "") for row in rows]
    session.commit()
    return found


@pytest.fixture
def read(engine: Engine, server: ImapServer) -> Callable[[], Counter[Outcome]]:
    def read() -> Counter[Outcome]:
        return read_mailbox(
            lambda: Session(engine),
            server.settings(),
            keys=KEYS,
            clock=lambda: MONDAY,
            deadline_seconds=20,
        )

    return read


def count(session: Session, table: type[MailEvent | Suppression]) -> int:
    session.rollback()
    found = session.scalar(select(func.count()).select_from(table)) or 0
    session.rollback()
    return found


def test_each_message_is_read_once_and_none_is_deleted(
    session: Session,
    engine: Engine,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(report(*mails[0]), ABSENCE, report(None, "gone@partner.example"))

    first = read()
    before = dump(engine)
    second = read()

    assert first == {Outcome.RECORDED: 1, Outcome.IGNORED: 1, Outcome.UNMATCHED: 1}
    assert second == {}
    assert changed_tables(before, dump(engine)) == set()
    assert (count(session, MailEvent), count(session, Suppression)) == (2, 1)
    assert sorted(server.messages) == [1, 2, 3]
    assert {command for command in server.commands if not command.startswith(READING)} == set()


def test_only_what_a_person_should_look_at_stays_unread(
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(report(*mails[0]), ABSENCE, report(None, "gone@partner.example"))

    read()

    assert server.seen == {1, 2}
    assert not any("FETCH" in each and "PEEK" not in each for each in server.commands)


def test_what_comes_later_is_read_from_where_the_last_visit_ended(
    session: Session,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(report(*mails[0]))
    read()
    server.add(report(*mails[1]))
    server.commands.clear()

    read()

    assert [each for each in server.commands if "SEARCH" in each] == ["UID SEARCH UID 2:*"]
    assert sum("UID FETCH" in each for each in server.commands) == 1
    assert count(session, MailEvent) == 2


def test_a_rebuilt_mailbox_is_read_again_and_changes_nothing(
    session: Session,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(report(*mails[0]), report(*mails[1], status="5.2.2"))
    read()
    server.uid_validity = 8

    assert read() == {Outcome.KNOWN: 2}
    assert count(session, MailEvent) == 2
    position = session.scalars(select(MailboxPosition)).one()
    assert (position.uid_validity, position.last_uid) == (8, 2)


@on_sqlite
def test_another_mailbox_with_the_same_numbers_is_another(
    session: Session,
    engine: Engine,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(report(*mails[0]))
    read()
    server.messages.clear()
    server.add(report(*mails[1]))

    outcomes = read_mailbox(
        lambda: Session(engine), server.settings(folder="Other"), keys=KEYS, clock=lambda: MONDAY
    )

    assert outcomes == {Outcome.RECORDED: 1}


@on_sqlite
def test_a_line_that_breaks_keeps_what_was_read_and_goes_on_there(
    session: Session,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(*(report(*mail) for mail in mails[:3]))
    server.ends_after_fetches = 2

    with pytest.raises(MailboxAway):
        read()
    kept = count(session, MailEvent)
    server.ends_after_fetches = None
    rest = read()

    assert kept == 2
    assert rest == {Outcome.RECORDED: 1}


@on_sqlite
def test_a_message_that_somebody_took_away_is_passed(
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.add(report(*mails[0]), report(*mails[1]))
    monkeypatch.setattr(BounceMailbox, "uids_after", lambda *_args, **_limit: [1, 2, 99])

    assert read() == {Outcome.RECORDED: 2, Outcome.IGNORED: 1}


@on_sqlite
def test_a_full_mailbox_is_read_in_batches(
    server: ImapServer, mails: list[tuple[int, str]], read: Callable[[], Counter[Outcome]]
) -> None:
    server.add(*([ABSENCE] * (BATCH + 5)))

    assert [read().total() for _ in range(3)] == [BATCH, 5, 0]


def test_two_workers_at_once_record_each_message_once(
    session: Session,
    server: ImapServer,
    mails: list[tuple[int, str]],
    read: Callable[[], Counter[Outcome]],
) -> None:
    server.add(*(report(*mail) for mail in mails))
    results: list[Counter[Outcome]] = []
    threads = [threading.Thread(target=lambda: results.append(read())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(each[Outcome.RECORDED] for each in results) == len(mails)
    assert count(session, MailEvent) == len(mails)


@on_sqlite
def test_a_long_message_is_read_by_its_beginning(
    server: ImapServer, mails: list[tuple[int, str]], read: Callable[[], Counter[Outcome]]
) -> None:
    raw = report(*mails[0])
    server.add(raw.replace(b"Subject: Hello", b"Subject: " + b"long line\n x" * 60_000))

    assert read() == {Outcome.RECORDED: 1}


# Servers that fail


@pytest.mark.parametrize("refused", ["LOGIN", "SELECT", "UID SEARCH"])
def test_a_server_that_refuses_is_named_as_away(server: ImapServer, refused: str) -> None:
    server.refused = frozenset({refused})

    with pytest.raises(MailboxAway) as caught, BounceMailbox(server.settings()) as mailbox:
        mailbox.uids_after(0, limit=10)

    assert "bounces" not in caught.value.reason


def test_a_wrong_password_is_not_written_anywhere(server: ImapServer) -> None:
    settings = server.settings(password="wrong but secret")

    with pytest.raises(MailboxAway) as caught, BounceMailbox(settings):
        pass

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["bounces\r\nA1 LOGOUT", "skrzynka-żółta"])
def test_what_is_no_string_of_imap_is_never_sent(server: ImapServer, name: str) -> None:
    with pytest.raises(MailboxAway), BounceMailbox(server.settings(username=name)):
        pass

    assert server.commands == ["CAPABILITY", "LOGOUT"]


def test_a_server_that_drips_ends_at_the_deadline(server: ImapServer) -> None:
    server.drips = True
    started = time.monotonic()

    with pytest.raises(MailboxAway), BounceMailbox(server.settings(), deadline_seconds=0.5):
        pass

    assert time.monotonic() - started < 5


def test_nobody_at_home_is_away() -> None:
    with pytest.raises(MailboxAway), BounceMailbox(ImapSettings("127.0.0.1", 1, "tls", "a", "b")):
        pass


# The job


def context_of(
    app: Flask, engine: Engine, clock: SetClock, imap: ImapSettings | None
) -> JobContext:
    return JobContext(
        new_session=lambda: Session(engine),
        clock=clock,
        settings=make_settings(str(engine.url), Path(app.instance_path), imap=imap),
        transport=None,
        environment=app.jinja_env,
        owner="a",
    )


@on_sqlite
def test_the_worker_visits_once_a_minute_and_rests_when_nobody_is_there(
    app: Flask,
    engine: Engine,
    clock: SetClock,
    server: ImapServer,
    mails: list[tuple[int, str]],
) -> None:
    server.add(report(*mails[0]))
    context = context_of(app, engine, clock, server.settings())

    first = read_bounces(context)
    server.add(report(*mails[1]))
    at_once = read_bounces(context)
    clock.move(minutes=1)
    server.refused = frozenset({"SELECT"})
    away = read_bounces(context)
    server.refused = frozenset()
    clock.move(minutes=2)
    still_resting = read_bounces(context)
    clock.move(minutes=3)
    again = read_bounces(context)

    assert [first, at_once, away, still_resting, again] == [1, 0, 0, 0, 1]


@on_sqlite
def test_without_a_mailbox_there_is_nothing_to_do(
    app: Flask, engine: Engine, clock: SetClock
) -> None:
    assert read_bounces(context_of(app, engine, clock, None)) == 0
