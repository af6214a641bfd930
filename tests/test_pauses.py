"""A wave whose mails are refused as unwanted stops mailing, and goes on when a person says so."""

import logging
from collections import Counter
from dataclasses import replace

import pytest
from factories import MONDAY, SetClock, csrf_token, links_of, make_user, open_survey, sign_in
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from mail_answers import Answering, send, sender_of
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from surveys.errors import WaveStateError
from surveys.invitations import LinkKeys
from surveys.mail.transport import Delivery, Envelope, MemoryTransport, Outcome, Step
from surveys.models import AuditEvent, OutgoingMail, Suppression, Wave
from surveys.pauses import MOST_REFUSED, WINDOW, is_policy_refusal, resume_run
from surveys.terms import MailState, PauseReason, WaveState
from surveys.waves import close_run, run_by_id

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


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, "5.7.1 blocked", True),
        (554, "5.7.26 not authenticated", True),
        (554, "transaction failed", True),
        (554, "5.6.0 cannot read the message", False),
        (550, "5.1.1 no such user, see 5.7.1", False),
        (552, "5.2.2 mailbox full", False),
        (550, "no such user", False),
        (None, None, False),
    ],
)
def test_a_refusal_by_policy_is_told_from_one_of_a_mailbox(
    code: int | None, text: str | None, expected: bool
) -> None:
    assert is_policy_refusal(code, text) is expected


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
    sender = replace(sender_of(app, transport), clock=lambda: clock.move(seconds=1))

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


@given(st.integers(0, 99), st.integers(0, 999), st.text(max_size=20))
def test_no_status_but_those_of_policy_pauses(subject: int, detail: int, words: str) -> None:
    expected = subject == 7
    assert is_policy_refusal(550, f"5.{subject}.{detail} {words}") is expected
    assert not is_policy_refusal(450, f"4.{subject}.{detail} {words}")
