"""A wave whose mails are refused as unwanted stops mailing, and goes on when a person says so."""

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from bounce_mails import KEYS, report
from factories import MONDAY, SetClock, csrf_token, links_of, make_user, open_survey, sign_in
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from mail_answers import Answering, send, sender_of
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from surveys.bounces import Arrival, record_bounce
from surveys.errors import WaveStateError
from surveys.invitations import LinkKeys
from surveys.mail.bounces.reading import read_bounce
from surveys.mail.transport import Delivery, Envelope, MemoryTransport, Outcome, Step
from surveys.models import AuditEvent, OutgoingMail, Suppression, Wave
from surveys.pauses import MOST_REFUSED, WINDOW, most_in_a_row, resume_run
from surveys.terms import MailState, PauseReason, WaveState
from surveys.waves import Run, close_run, run_by_id

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SPAM = Delivery(Outcome.REFUSED, Step.DOT, 554, "5.7.1 message refused as spam")
SENT = Delivery(Outcome.SENT, Step.DOT, 250, "ok")


def spam_for(transport: "Answering", refused: set[int]) -> None:
    """Refuse the n-th mails (from 1) as spam, take the others."""

    def answer(_envelope: Envelope) -> Delivery:
        return SPAM if len(transport.tried) in refused else SENT

    transport.answer = answer


def wave_states(session: Session) -> list[tuple[WaveState, str | None]]:
    session.rollback()
    found = session.execute(select(Wave.state, Wave.pause_reason).order_by(Wave.id)).all()
    session.rollback()
    return [(row.state, row.pause_reason) for row in found]


def mail_states(session: Session) -> Counter[MailState]:
    session.rollback()
    found = Counter(session.scalars(select(OutgoingMail.state)))
    session.rollback()
    return found


def test_a_wave_pauses_when_its_mails_are_refused_as_spam(
    app: Flask,
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = open_survey(session, keys, companies=60, staff=3)
    transport = Answering(lambda _: SENT)
    refused = {1, 5, 9, 20, 21, 33}
    spam_for(transport, refused)

    with caplog.at_level(logging.WARNING):
        send(app, engine, sender_of(app, transport))

    # The sixth refusal is one too many: no further text is sent, to either audience.
    assert len(transport.sent) + len(refused) == max(refused) <= WINDOW
    paused = (WaveState.PAUSED, PauseReason.MAIL_POLICY)
    assert wave_states(session) == [paused, paused]
    assert mail_states(session) == {
        MailState.SENT: 27,
        MailState.FAILED: MOST_REFUSED + 1,
        MailState.QUEUED: 30,
    }
    assert f"wave {run.id} paused" in caplog.text
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "wave.pause")).all()
    assert [(each.object_id, each.actor) for each in events] == [(run.id, "worker")]
    # Spam is no word about an address.
    assert session.scalars(select(Suppression.id)).all() == []


@on_sqlite
def test_refusals_that_are_few_among_the_last_hundred_pause_nothing(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=230, staff=0)
    transport = Answering(lambda _: SENT)
    # Five, then five more after the first have left the window.
    spam_for(transport, {10, 12, 14, 16, 18, 118, 120, 122, 124, 126})
    sender = replace(sender_of(app, transport), clock=lambda: clock.move(seconds=0.1))

    send(app, engine, sender)

    assert len(transport.tried) == 230
    assert wave_states(session)[0] == (WaveState.OPEN, None)


@on_sqlite
def test_refusals_of_one_mailbox_after_another_pause_nothing(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=12, staff=0)
    unknown = Delivery(Outcome.REFUSED, Step.RCPT, 550, "5.1.1 no such user")

    send(app, engine, sender_of(app, Answering(lambda _: unknown)))

    assert mail_states(session) == {MailState.FAILED: 12}
    assert wave_states(session)[0] == (WaveState.OPEN, None)


def _pause(app: Flask, engine: Engine) -> None:
    send(app, engine, sender_of(app, Answering(lambda _: SPAM)))


def test_a_resumed_wave_sends_the_rest_and_tries_the_refused_again(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_survey(session, keys, companies=10, staff=0)
    ids = set(session.scalars(select(OutgoingMail.message_id)))
    session.rollback()
    _pause(app, engine)
    memory = MemoryTransport()
    send(app, engine, sender_of(app, memory))
    assert memory.sent == []

    assert resume_run(session, run_by_id(session, run.id), now=clock.move(hours=1)) == 6
    session.commit()
    send(app, engine, sender_of(app, memory))

    assert mail_states(session) == {MailState.SENT: 10}
    assert len(memory.sent) == 10
    assert all(any(each.encode() in text for _, text in memory.sent) for each in ids)
    with pytest.raises(WaveStateError):
        resume_run(session, run_by_id(session, run.id), now=MONDAY)


@on_sqlite
def test_a_paused_wave_can_be_closed_and_says_nothing_of_it_later(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_survey(session, keys, companies=10, staff=1)
    _pause(app, engine)

    close_run(session, run_by_id(session, run.id), now=clock.move(hours=1))
    session.commit()

    assert wave_states(session) == [(WaveState.CLOSED, None)] * 2
    assert mail_states(session)[MailState.QUEUED] == 0


@on_sqlite
def test_trouble_with_mails_turns_away_nobody_who_has_a_link(
    app: Flask, engine: Engine, client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=10, staff=0)
    token = links_of(session, keys, run.partner)[0]
    _pause(app, engine)
    assert client.get(f"/s/{token}?lang=en").status_code == 200

    # Paused for another reason, it is.
    session.execute(update(Wave).values(pause_reason=None))
    session.commit()
    assert client.get(f"/s/{token}?lang=en").status_code == 410


@on_sqlite
def test_the_page_says_why_a_wave_is_paused_and_lets_it_go_on(
    app: Flask, engine: Engine, client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, companies=10, staff=0)
    make_user(session)
    session.commit()
    run_id = run.id
    session.rollback()
    _pause(app, engine)
    sign_in(client)

    page = client.get(f"/waves/{run_id}?lang=en").text
    assert "Mail servers refuse its mails as unwanted." in page
    assert f"/waves/{run_id}/resume" in page
    reply = client.post(f"/waves/{run_id}/resume", data={"csrf_token": csrf_token(page)})

    assert reply.status_code == 303
    assert wave_states(session)[0] == (WaveState.OPEN, None)
    assert f"/waves/{run_id}/resume" not in client.get(f"/waves/{run_id}").text
    actions = session.scalars(select(AuditEvent.action)).all()
    assert "wave.resume" in actions
    session.rollback()
    # A second press finds it running.
    again = client.post(f"/waves/{run_id}/resume", data={"csrf_token": csrf_token(page)})
    assert again.status_code == 303
    assert session.scalars(select(AuditEvent.action)).all() == actions


@given(st.lists(st.booleans(), max_size=250))
def test_refusals_are_counted_within_any_hundred_that_follow_one_another(flags: list[bool]) -> None:
    spans = [flags[start : start + WINDOW] for start in range(len(flags))]

    assert most_in_a_row(flags) == max((sum(span) for span in spans), default=0)


# Refusals that come back later


def bounced(session: Session, numbers: Iterable[int], *, now: datetime) -> None:
    """The n-th mails (from 0) come back as spam, an hour after they were taken."""
    mails = session.execute(select(OutgoingMail.id, OutgoingMail.email).order_by(OutgoingMail.id))
    sent = [(row.id, row.email) for row in mails]
    for number in numbers:
        mail_id, email = sent[number]
        bounce = read_bounce(report(mail_id, email, status="5.7.1", text="550 5.7.1 spam"))
        arrival = Arrival("imap", f"{now.isoformat()}:{number}")
        record_bounce(session, bounce, arrival=arrival, keys=KEYS, now=now)
        session.commit()


def open_sent(session: Session, keys: LinkKeys, companies: int) -> Run:
    """A wave whose mails were all taken, one a second."""
    run = open_survey(session, keys, companies=companies, staff=1)
    for number, mail in enumerate(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id))):
        mail.state = MailState.SENT
        mail.sent_at = mail.tried_at = MONDAY + timedelta(seconds=number)
    session.commit()
    return run


def test_a_wave_pauses_when_what_was_taken_comes_back_as_spam(
    session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_sent(session, keys, 12)

    bounced(session, range(MOST_REFUSED), now=clock.move(hours=1))
    assert [state for state, _ in wave_states(session)] == [WaveState.OPEN] * 2
    bounced(session, [MOST_REFUSED], now=clock.move(hours=1))

    assert wave_states(session) == [(WaveState.PAUSED, PauseReason.MAIL_POLICY)] * 2
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "wave.pause")).all()
    assert [each.object_id for each in events] == [run.id]
    assert session.scalars(select(Suppression.id)).all() == []


def test_refusals_on_the_spot_and_later_ones_are_counted_together(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys, companies=12, staff=0)
    transport = Answering(lambda _: SENT)
    spam_for(transport, {1, 2, 3})
    send(app, engine, sender_of(app, transport))

    bounced(session, [5, 6], now=clock.move(hours=1))
    assert wave_states(session)[0] == (WaveState.OPEN, None)
    bounced(session, [7], now=clock.move(hours=1))

    assert wave_states(session)[0] == (WaveState.PAUSED, PauseReason.MAIL_POLICY)


@on_sqlite
@pytest.mark.parametrize(
    ("numbers", "is_paused"),
    [
        # The last to come back may have been the first, the last or any of those sent together.
        ((0, 20, 40, 60, 80, 99), True),
        ((99, 80, 60, 40, 20, 0), True),
        ((0, 99, 20, 80, 60, 40), True),
        # A hundred later ones were taken: it is not the last hundred that count, but a hundred.
        ((10, 20, 30, 40, 50, 60), True),
        ((0, 20, 40, 60, 80, 100), False),
        ((100, 40, 20, 60, 80, 0), False),
        ((0, 30, 60, 90, 120, 129), False),
    ],
)
def test_what_comes_back_late_counts_among_those_it_was_sent_with(
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    numbers: tuple[int, ...],
    is_paused: bool,
) -> None:
    open_sent(session, keys, 130)

    bounced(session, numbers, now=clock.move(hours=1))

    expected = WaveState.PAUSED if is_paused else WaveState.OPEN
    assert wave_states(session)[0][0] is expected


def test_what_came_back_before_a_person_let_mails_go_on_counts_no_more(
    session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_sent(session, keys, 20)
    bounced(session, range(6), now=clock.move(hours=1))

    # What was taken and came back may have reached somebody on its way: it is not sent again.
    assert resume_run(session, run_by_id(session, run.id), now=clock.move(hours=1)) == 0
    session.commit()
    bounced(session, range(6, 12), now=clock.move(hours=1))

    assert wave_states(session)[0] == (WaveState.OPEN, None)
    assert mail_states(session) == {MailState.SENT: 21}


@on_sqlite
def test_a_mail_that_was_refused_and_then_taken_counts_as_taken(
    app: Flask, engine: Engine, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_survey(session, keys, companies=10, staff=0)
    _pause(app, engine)
    resume_run(session, run_by_id(session, run.id), now=clock.move(hours=1))
    session.commit()

    send(app, engine, sender_of(app, MemoryTransport()))

    assert session.scalars(select(OutgoingMail.bounce)).all() == [None] * 10


@on_sqlite
def test_a_closed_wave_is_not_paused_by_what_comes_back(
    session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_sent(session, keys, 12)
    close_run(session, run_by_id(session, run.id), now=clock.move(hours=1))
    session.commit()

    bounced(session, range(8), now=clock.move(hours=1))

    assert wave_states(session) == [(WaveState.CLOSED, None)] * 2
