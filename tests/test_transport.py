"""One message through real SMTP: how far it came, and what that means for it."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from aiosmtpd.smtp import Envelope as SessionEnvelope
from hypothesis import given
from hypothesis import strategies as st
from smtp_faults import FaultServer, closed_port

from surveys.config import SmtpSettings
from surveys.mail.transport import (
    DEADLINE_SECONDS,
    Delivery,
    Envelope,
    MemoryTransport,
    Outcome,
    SmtpTransport,
    Step,
    _dot_stuffed,
)

MESSAGE = b"Subject: Hello\r\n\r\nHow is working with us going?\r\n"
SHORT_DEADLINE = 0.5
OK = b"250 ok\r\n"


class Recorder(FaultServer):
    """A server that keeps what came in one piece, and takes everything."""

    def __init__(self, offers: tuple[str, ...]) -> None:
        super().__init__(offers=offers)
        self.said: list[bytes] = []

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection:
            connection.sendall(b"220 recorder\r\n")
            while said := connection.recv(65_536):
                self.said.append(said)
                is_text = said.startswith(b"Subject:") or said == b".\r\n"
                for line in [said] if is_text else said.splitlines():
                    connection.sendall(self._reply(line))

    def _reply(self, line: bytes) -> bytes:
        if line.startswith(b"ehlo"):
            return "".join(f"250-{each}\r\n" for each in ("recorder", *self.offers)).encode() + OK
        if line.startswith(b"Subject:") and not line.endswith(b"\r\n.\r\n"):
            return b""
        return b"354 go on\r\n" if line == b"DATA" else OK


def always() -> bool:
    return True


def send(
    transport: SmtpTransport,
    local_part: str,
    message: bytes = MESSAGE,
    may_send_data: Callable[[], bool] = always,
) -> Delivery:
    envelope = Envelope("pulse@nordvik.example", f"{local_part}@partner.example")
    return transport.send(envelope, message, may_send_data=may_send_data)


PIPELINING = ((), ("PIPELINING",))
either_way = pytest.mark.parametrize("offers", PIPELINING, ids=["one by one", "together"])


@pytest.fixture(params=PIPELINING, ids=["one by one", "together"])
def server(request: pytest.FixtureRequest) -> Iterator[FaultServer]:
    """A server that takes commands one by one, and one that takes them together."""
    with FaultServer(offers=request.param) as server:
        yield server


@pytest.fixture
def transport(server: FaultServer) -> Iterator[SmtpTransport]:
    transport = SmtpTransport(server.settings, deadline_seconds=SHORT_DEADLINE)
    yield transport
    transport.close()


# Accepted


def test_an_accepted_message_keeps_the_servers_words_as_proof(
    server: FaultServer, transport: SmtpTransport
) -> None:
    delivery = send(transport, "ok")

    assert delivery == Delivery(Outcome.SENT, Step.DOT, 250, "2.0.0 queued as 17")
    assert [each.text for each in server.received] == [MESSAGE]


def test_one_connection_carries_many_messages_and_says_goodbye(
    server: FaultServer, transport: SmtpTransport
) -> None:
    for _ in range(5):
        assert send(transport, "ok").outcome is Outcome.SENT
    transport.close()
    transport.close()

    assert server.connections == 1
    assert server.commands[-1] == b"quit"


def test_nothing_is_left_open_behind_the_transport(server: FaultServer) -> None:
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the system's own list

    for recipient in ("ok", "451", "drop-at-data", "drop-after-dot") * 3:
        transport = SmtpTransport(server.settings, deadline_seconds=SHORT_DEADLINE)
        send(transport, recipient)
        transport.close()

    time.sleep(0.05)
    assert len(set(os.listdir("/proc/self/fd")) - before) <= 1  # noqa: PTH208 - the same list


@given(st.lists(st.text("ab. \t", max_size=6), max_size=8), st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_that_begin_with_a_dot_arrive_as_written(lines: list[str], end: str) -> None:
    sent = _dot_stuffed(end.join(lines).encode())

    wire = sent.decode().split("\r\n")
    assert wire.pop() == ""
    assert "." not in wire
    received = [line[1:] if line.startswith(".") else line for line in wire]
    expected = end.join(lines).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert received == (expected[:-1] if expected[-1] == "" else expected)


def test_a_text_of_dots_arrives_as_written(server: FaultServer, transport: SmtpTransport) -> None:
    send(transport, "ok", b"Subject: x\n\n.\n..\n.a\nlast line without end")

    assert (
        server.received[0].text == b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\nlast line without end\r\n"
    )


# Refused, or to be tried later


@pytest.mark.parametrize(
    ("recipient", "outcome", "step", "code"),
    [
        ("451", Outcome.LATER, Step.RCPT, 451),
        ("452", Outcome.LATER, Step.RCPT, 452),
        ("421", Outcome.LATER, Step.RCPT, 421),
        ("550-5.1.1", Outcome.REFUSED, Step.RCPT, 550),
        ("550-5.7.1", Outcome.REFUSED, Step.RCPT, 550),
        ("data-554", Outcome.REFUSED, Step.DATA, 554),
        ("late-451", Outcome.LATER, Step.DOT, 451),
    ],
)
def test_a_refusal_names_its_step_and_code(
    server: FaultServer,
    transport: SmtpTransport,
    recipient: str,
    outcome: Outcome,
    step: Step,
    code: int,
) -> None:
    delivery = send(transport, recipient)

    assert (delivery.outcome, delivery.step, delivery.code) == (outcome, step, code)
    # The next message does not suffer from it.
    assert send(transport, "ok").outcome is Outcome.SENT
    assert [each.recipient for each in server.received] == ["ok"]


@either_way
def test_a_sender_that_is_refused_costs_no_recipient(offers: tuple[str, ...]) -> None:
    with FaultServer(offers=offers, mail_reply=b"550 5.7.1 sender not allowed\r\n") as strict:
        transport = SmtpTransport(strict.settings)
        delivery = send(transport, "ok")
        again = send(transport, "550-5.1.1")
        transport.close()

    assert (delivery.outcome, delivery.step, delivery.code) == (Outcome.LATER, Step.MAIL, 550)
    # The reply to a RCPT that went along is not taken for one of the next message.
    assert (again.step, again.code, strict.connections) == (Step.MAIL, 550, 1)


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"421 busy\r\n", b"220"])
def test_a_server_that_does_not_want_us_costs_no_recipient(greeting: bytes) -> None:
    with FaultServer(greeting=greeting) as away:
        transport = SmtpTransport(away.settings, deadline_seconds=SHORT_DEADLINE)
        delivery = send(transport, "ok")
        transport.close()

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.CONNECT)


def test_a_server_that_is_not_there_is_tried_later() -> None:
    with closed_port() as settings:
        delivery = send(SmtpTransport(settings), "ok")

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.CONNECT)


# Lost lines


@pytest.mark.parametrize(
    ("recipient", "outcome", "step"),
    [
        ("drop-at-data", Outcome.LATER, Step.DATA),
        ("drop-after-dot", Outcome.UNCERTAIN, Step.DOT),
    ],
)
def test_a_lost_line_is_uncertain_only_after_the_final_dot(
    transport: SmtpTransport, recipient: str, outcome: Outcome, step: Step
) -> None:
    delivery = send(transport, recipient)

    assert (delivery.outcome, delivery.step) == (outcome, step)
    assert send(transport, "ok").outcome is Outcome.SENT


def test_a_line_lost_inside_a_long_text_is_safe_to_repeat(
    server: FaultServer, transport: SmtpTransport
) -> None:
    delivery = send(transport, "drop-mid-text", MESSAGE + b"x" * 70 * 400_000)

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.TEXT)
    assert server.received == []


@pytest.mark.parametrize(
    ("recipient", "outcome", "step"),
    [
        ("drip-at-rcpt", Outcome.LATER, Step.RCPT),
        ("drip-after-dot", Outcome.UNCERTAIN, Step.DOT),
    ],
)
def test_a_server_that_drips_bytes_is_ended_by_the_deadline(
    transport: SmtpTransport, recipient: str, outcome: Outcome, step: Step
) -> None:
    started = time.monotonic()

    delivery = send(transport, recipient)

    assert (delivery.outcome, delivery.step) == (outcome, step)
    assert SHORT_DEADLINE * 0.9 < time.monotonic() - started < SHORT_DEADLINE + 2


def test_a_greeting_that_drips_is_ended_by_the_deadline() -> None:
    with FaultServer(greeting=b"drip") as slow:
        started = time.monotonic()
        delivery = send(SmtpTransport(slow.settings, deadline_seconds=SHORT_DEADLINE), "ok")

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.CONNECT)
    assert time.monotonic() - started < SHORT_DEADLINE + 2


def test_the_deadline_leaves_a_lease_time_to_settle() -> None:
    from surveys.mail.outbox import LEASE_SECONDS

    assert LEASE_SECONDS >= 3 * DEADLINE_SECONDS


@either_way
@pytest.mark.parametrize("at_limit", [b"", b"421 4.7.0 too many mails, bye\r\n"])
def test_a_connection_that_the_server_ended_costs_no_attempt(
    at_limit: bytes, offers: tuple[str, ...]
) -> None:
    with FaultServer(offers=offers, mails_per_connection=2, at_limit=at_limit) as server:
        transport = SmtpTransport(server.settings)
        outcomes = [send(transport, "ok").outcome for _ in range(7)]
        transport.close()

    assert outcomes == [Outcome.SENT] * 7
    assert len(server.received) == 7
    assert server.connections == 4


@either_way
@pytest.mark.parametrize("reply", [b"hello\r\n", b"25", b"250-never ends", b"99 what\r\n"])
def test_a_reply_that_is_none_is_not_taken_for_one(reply: bytes, offers: tuple[str, ...]) -> None:
    with FaultServer(offers=offers, mail_reply=reply, closes_after_mail=True) as odd:
        transport = SmtpTransport(odd.settings, deadline_seconds=SHORT_DEADLINE)
        delivery = send(transport, "ok")
        transport.close()

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.MAIL)


def test_commands_go_together_only_where_the_server_takes_that_and_data_never() -> None:
    for offers in PIPELINING:
        with Recorder(offers) as recorder:
            transport = SmtpTransport(recorder.settings)
            delivery = send(transport, "ok")
            transport.close()

        words = [[line[:4] for line in said.split(b"\r\n")[:-1]] for said in recorder.said]
        envelope = [[b"MAIL", b"RCPT"]] if offers else [[b"MAIL"], [b"RCPT"]]
        assert delivery.outcome is Outcome.SENT
        assert words[: 2 + len(envelope)] == [[b"ehlo"], *envelope, [b"DATA"]]


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_a_line_break_smuggles_no_command_to_the_server(line_break: str) -> None:
    with FaultServer(offers=("DSN",)) as server:
        transport = SmtpTransport(server.settings)
        bad = Envelope("pulse@nordvik.example", "ok@partner.example", f"17-a{line_break}RSET")
        with pytest.raises(ValueError, match="one line"):
            transport.send(bad, MESSAGE, may_send_data=always)
        transport.close()

    assert [command[:4].lower() for command in server.commands] == [b"ehlo", b"quit"]


# The caller's last word, and what the server cannot do


def test_a_mail_that_is_withdrawn_before_data_is_not_sent(
    server: FaultServer, transport: SmtpTransport
) -> None:
    delivery = send(transport, "ok", may_send_data=lambda: False)

    assert (delivery.outcome, delivery.step) == (Outcome.ABANDONED, Step.RCPT)
    assert b"DATA" not in {command.upper() for command in server.commands}
    assert send(transport, "ok").outcome is Outcome.SENT
    assert len(server.received) == 1


def test_the_last_word_is_asked_after_the_recipient_was_accepted_and_once(
    server: FaultServer, transport: SmtpTransport
) -> None:
    asked: list[bytes] = []

    def may_send_data() -> bool:
        asked.append(server.commands[-1])
        return True

    send(transport, "451", may_send_data=may_send_data)
    assert asked == []
    send(transport, "ok", may_send_data=may_send_data)
    assert [command[:4].upper() for command in asked] == [b"RCPT"]


def test_a_password_is_not_said_to_a_server_without_starttls(server: FaultServer) -> None:
    settings = replace(server.settings, security="starttls", username="pulse", password="secret")
    transport = SmtpTransport(settings)

    delivery = send(transport, "ok")

    assert (delivery.outcome, delivery.step) == (Outcome.LATER, Step.CONNECT)
    assert not any(b"AUTH" in command.upper() for command in server.commands)
    assert server.received == []


class Mailbox:
    """What a real server's session does with a message: keep it."""

    def __init__(self) -> None:
        self.envelopes: list[SessionEnvelope] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for it
        self, _server: Any, _session: Any, envelope: SessionEnvelope
    ) -> str:
        self.envelopes.append(envelope)
        return "250 kept"


@contextmanager
def real_server(**options: Any) -> Iterator[tuple[Mailbox, SmtpSettings]]:
    """aiosmtpd with these options."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield mailbox, SmtpSettings("127.0.0.1", port, "none", None, None, "tests.example")
    finally:
        controller.stop()


def test_a_real_server_takes_the_message_byte_for_byte() -> None:
    with real_server() as (mailbox, settings):
        transport = SmtpTransport(settings)
        delivery = send(transport, "anna", MESSAGE + b"..dots\r\n.\r\n")
        transport.close()

    assert delivery == Delivery(Outcome.SENT, Step.DOT, 250, "kept")
    assert mailbox.envelopes[0].content == MESSAGE + b"..dots\r\n.\r\n"
    assert mailbox.envelopes[0].rcpt_tos == ["anna@partner.example"]
    assert mailbox.envelopes[0].mail_from == "pulse@nordvik.example"


@pytest.mark.parametrize(
    ("offers", "envelope_id", "mail_options", "rcpt_options"),
    [
        (("DSN",), "17-ab", b" RET=HDRS ENVID=17-ab", b" NOTIFY=FAILURE,DELAY"),
        (("DSN",), None, b"", b""),
        ((), "17-ab", b"", b""),
    ],
)
def test_notes_of_failure_are_asked_for_where_the_server_offers_them(
    offers: tuple[str, ...], envelope_id: str | None, mail_options: bytes, rcpt_options: bytes
) -> None:
    with FaultServer(offers=offers) as server:
        transport = SmtpTransport(server.settings)
        envelope = Envelope("bounces+17-ab@nordvik.example", "ok@partner.example", envelope_id)
        delivery = transport.send(envelope, MESSAGE, may_send_data=always)
        transport.close()

    assert delivery.outcome is Outcome.SENT
    assert b"MAIL FROM:<bounces+17-ab@nordvik.example>" + mail_options in server.commands
    assert b"RCPT TO:<ok@partner.example>" + rcpt_options in server.commands


@pytest.mark.parametrize("can_unicode", [True, False])
def test_an_address_beyond_ascii_needs_a_server_that_takes_it(can_unicode: bool) -> None:
    with real_server(enable_SMTPUTF8=can_unicode) as (mailbox, settings):
        transport = SmtpTransport(settings)
        delivery = send(transport, "jörg")
        following = send(transport, "anna")
        transport.close()

    assert delivery.outcome is (Outcome.SENT if can_unicode else Outcome.REFUSED)
    assert following.outcome is Outcome.SENT
    assert len(mailbox.envelopes) == (2 if can_unicode else 1)


@pytest.mark.parametrize("password", ["right", "wrong"])
def test_signing_in_is_the_operators_matter(password: str) -> None:
    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=data.password == b"right", handled=False)

    with real_server(auth_require_tls=False, authenticator=check) as (
        mailbox,
        settings,
    ):
        transport = SmtpTransport(replace(settings, username="pulse", password=password))
        delivery = send(transport, "anna")
        transport.close()

    if password == "right":
        assert delivery.outcome is Outcome.SENT
    else:
        assert (delivery.outcome, delivery.step, delivery.code) == (
            Outcome.LATER,
            Step.CONNECT,
            535,
        )
    assert len(mailbox.envelopes) == (password == "right")


def test_the_memory_transport_asks_too() -> None:
    memory = MemoryTransport()
    envelope = Envelope("a@b.example", "c@d.example")

    refused = memory.send(envelope, MESSAGE, may_send_data=lambda: False)
    accepted = memory.send(envelope, MESSAGE, may_send_data=always)

    assert (refused.outcome, accepted.outcome) == (Outcome.ABANDONED, Outcome.SENT)
    assert memory.sent == [(envelope, MESSAGE)]
