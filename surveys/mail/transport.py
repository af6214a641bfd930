"""Hands one finished message to a mail server, step by step, and says exactly how far it came.

smtplib's own `sendmail` hides what matters: a refused recipient and a closing server raise the same
error, and so do a line lost before the text was sent (safe to repeat) and one lost after the final
dot (perhaps delivered). Here each command is sent alone and the step and the reply are returned as
data. MAIL and RCPT go together where the server takes that; DATA never, since whether a mail may
leave is asked after its recipient was accepted. The whole conversation has a deadline
(smtp_connection.py); a sender's lease must be longer than that.
"""

import re
import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from surveys.config import SmtpSettings
from surveys.mail.smtp_connection import (
    READ_TIMEOUT_SECONDS,
    Connection,
    Reply,
    Watchdog,
    connect,
)

DEADLINE_SECONDS = 60
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)
_LONE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
#: RFC 5321, 4.2.2: "service not available, closing transmission channel".
CLOSING = 421


class Step(StrEnum):
    """How far a conversation came."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    TEXT = "text"
    DOT = "dot"


class Outcome(StrEnum):
    """What that means for the message."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Delivery:
    """The result of one attempt. `code` and `text` are the server's last reply, if it gave one.

    LATER: nothing was accepted, and trying again is safe. REFUSED: the server will not take it.
    UNCERTAIN: the whole text was sent and no reply came. ABANDONED: the caller withdrew before
    DATA.
    """

    outcome: Outcome
    step: Step
    code: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who the server is told; the addresses in the headers may differ.

    With an `envelope_id` (xtext), bounces and notes of delay are asked for by RFC 3461, where the
    server offers that.
    """

    sender: str
    recipient: str
    envelope_id: str | None = None


class MailTransport(Protocol):
    """Where the outbox hands its messages; declared here, used by surveys/mail/outbox.py."""

    def send(
        self, envelope: Envelope, message: bytes, *, may_send_data: Callable[[], bool]
    ) -> Delivery:
        """Try once. `may_send_data` is asked after RCPT was accepted, before DATA."""

    def close(self) -> None:
        """End the connection, if there is one."""


class SmtpTransport:
    """One SMTP connection, opened when first needed and reused until it fails."""

    def __init__(
        self, settings: SmtpSettings, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._settings = settings
        self._deadline_seconds = deadline_seconds
        self._watchdog = Watchdog()
        self._connection: Connection | None = None

    def send(
        self, envelope: Envelope, message: bytes, *, may_send_data: Callable[[], bool]
    ) -> Delivery:
        """Try once, within the deadline; see MailTransport."""
        conversation = _Conversation(envelope, message, may_send_data)
        with self._watchdog.limit(self._deadline_seconds):
            if self._connection is not None:
                delivery = self._converse(conversation)
                if not _is_stale(delivery):
                    return delivery
                # A server ends a connection after some minutes or mails; that says nothing about
                # this one, of which it has heard nothing.
                self._drop()
            return self._converse(conversation)

    def close(self) -> None:
        """Say goodbye, if there is still somebody to say it to."""
        if self._connection is not None:
            try:
                with self._watchdog.limit(self._deadline_seconds):
                    self._connection.quit()
            except (OSError, smtplib.SMTPException):
                self._drop()
        self._connection = None
        self._watchdog.end()

    def _converse(self, conversation: "_Conversation") -> Delivery:
        conversation.step = Step.CONNECT
        try:
            if self._connection is None:
                timeout = min(READ_TIMEOUT_SECONDS, self._deadline_seconds)
                self._connection = connect(self._settings, self._watchdog, timeout=timeout)
            delivery = conversation.run(self._connection)
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            self._start_anew()
            return _not_possible(conversation.step, error)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return _lost(conversation.step, error)
        if delivery.outcome is not Outcome.SENT:
            self._start_anew()
        return delivery

    def _start_anew(self) -> None:
        # A refused message must not leave its half-finished envelope to the next one.
        try:
            if self._connection is not None:
                self._connection.start_anew()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._watchdog.forget()


class MemoryTransport:
    """Keeps what was sent; for tests and for a preview without a mail server."""

    def __init__(self) -> None:
        self.sent: list[tuple[Envelope, bytes]] = []

    def send(
        self, envelope: Envelope, message: bytes, *, may_send_data: Callable[[], bool]
    ) -> Delivery:
        """Accept everything that the caller still wants to send."""
        if not may_send_data():
            return Delivery(Outcome.ABANDONED, Step.RCPT)
        self.sent.append((envelope, message))
        return Delivery(Outcome.SENT, Step.DOT, 250, "kept in memory")

    def close(self) -> None:
        """Nothing to end."""


class _Conversation:
    """One message through one connection; `step` is true at every moment, also after an error."""

    def __init__(
        self, envelope: Envelope, message: bytes, may_send_data: Callable[[], bool]
    ) -> None:
        self.step = Step.CONNECT
        self._envelope = envelope
        self._message = message
        self._may_send_data = may_send_data

    def run(self, connection: Connection) -> Delivery:
        self.step = Step.MAIL
        replies = connection.say(self._commands(connection))
        reply = next(replies)
        if reply[0] // 100 != 2:
            # Whatever it says, it is about us, not about this recipient: nothing is lost by it.
            return Delivery(Outcome.LATER, self.step, reply[0], _text(reply))
        self.step = Step.RCPT
        reply = next(replies)
        if reply[0] // 100 != 2:
            return self._refused(reply)
        if not self._may_send_data():
            return Delivery(Outcome.ABANDONED, self.step)
        return self._send_text(connection)

    def _commands(self, connection: Connection) -> tuple[str, str]:
        envelope = self._envelope
        options, notes = "", ""
        if not (envelope.sender + envelope.recipient).isascii():
            if not connection.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError("no SMTPUTF8")
            options = " SMTPUTF8"
        if envelope.envelope_id is not None and connection.has_extn("dsn"):
            options += f" RET=HDRS ENVID={envelope.envelope_id}"
            notes = " NOTIFY=FAILURE,DELAY"
        return (
            f"MAIL FROM:{smtplib.quoteaddr(envelope.sender)}{options}",
            f"RCPT TO:{smtplib.quoteaddr(envelope.recipient)}{notes}",
        )

    def _send_text(self, connection: Connection) -> Delivery:
        self.step = Step.DATA
        reply = connection.docmd("DATA")
        if reply[0] != 354:
            return self._refused(reply)
        self.step = Step.TEXT
        connection.send(_dot_stuffed(self._message))
        self.step = Step.DOT
        connection.send(b".\r\n")
        reply = connection.getreply()
        if reply[0] // 100 != 2:
            return self._refused(reply)
        return Delivery(Outcome.SENT, self.step, reply[0], _text(reply))

    def _refused(self, reply: Reply) -> Delivery:
        if reply[0] // 100 not in (4, 5):
            # No reply of SMTP; what it means for the message is decided by how far we came.
            raise smtplib.SMTPServerDisconnected("the server's reply cannot be understood")
        outcome = Outcome.LATER if reply[0] // 100 == 4 else Outcome.REFUSED
        return Delivery(outcome, self.step, reply[0], _text(reply))


def _lost(step: Step, error: Exception) -> Delivery:
    """The line broke. Only after the final dot can the message have been accepted."""
    if step is Step.DOT:
        return Delivery(Outcome.UNCERTAIN, step, None, type(error).__name__)
    if isinstance(error, smtplib.SMTPResponseException):
        text = _text((error.smtp_code, error.smtp_error))
        # Also a permanent refusal at the greeting or sign-in is the server's trouble with us, not
        # with this recipient: the operator mends it, and nothing is lost.
        return Delivery(Outcome.LATER, step, error.smtp_code, text)
    return Delivery(Outcome.LATER, step, None, type(error).__name__)


def _not_possible(step: Step, error: Exception) -> Delivery:
    """Something this server cannot do: at sign-in the operator's, at a name the recipient's."""
    outcome = Outcome.LATER if step is Step.CONNECT else Outcome.REFUSED
    return Delivery(outcome, step, None, f"not possible with this server: {type(error).__name__}")


def _is_stale(delivery: Delivery) -> bool:
    """Whether a reused connection had ended, before anything of this message was said."""
    is_lost = delivery.code is None or delivery.code == CLOSING
    return delivery.step is Step.MAIL and delivery.outcome is Outcome.LATER and is_lost


def _dot_stuffed(message: bytes) -> bytes:
    """RFC 5321, 4.5.2: CRLF line ends, a leading dot doubled, the text ended by CRLF."""
    if not message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        message = _LONE_BREAK.sub(b"\r\n", message)
    if b"\n." in message or message.startswith(b"."):
        message = _LEADING_DOT.sub(b"..", message)
    return message if message.endswith(b"\r\n") or not message else message + b"\r\n"


def _text(reply: tuple[int, bytes | str]) -> str:
    raw = reply[1]
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return " ".join(text.split())[:500]
