"""Hands one finished message to a mail server, step by step, and says exactly how far it came.

smtplib's own `sendmail` hides what matters: a refused recipient and a closing server raise the same
error, and so do a line lost before the text was sent (safe to repeat) and one lost after the final
dot (perhaps delivered). Here each command is sent alone and the step and the reply are returned as
data. A read timeout is not enough against a server that drips one byte a second, so a watchdog
closes the connection at a total deadline; a sender's lease must be longer than that.
"""

import os
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol, Self

from surveys.config import SmtpSettings

DEADLINE_SECONDS = 60
READ_TIMEOUT_SECONDS = 30
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
        self._connection: smtplib.SMTP | None = None

    def send(
        self, envelope: Envelope, message: bytes, *, may_send_data: Callable[[], bool]
    ) -> Delivery:
        """Try once, within the deadline; see MailTransport."""
        conversation = _Conversation(envelope, message, may_send_data)
        with _Watchdog(self._deadline_seconds) as watchdog:
            if self._connection is not None:
                delivery = self._converse(conversation, watchdog)
                if not _is_stale(delivery):
                    return delivery
                # A server ends a connection after some minutes or mails; that says nothing about
                # this one, of which it has heard nothing.
                self._drop()
            return self._converse(conversation, watchdog)

    def close(self) -> None:
        """Say goodbye, if there is still somebody to say it to."""
        if self._connection is not None:
            try:
                self._connection.quit()
            except (OSError, smtplib.SMTPException):
                self._drop()
        self._connection = None

    def _converse(self, conversation: "_Conversation", watchdog: "_Watchdog") -> Delivery:
        conversation.step = Step.CONNECT
        try:
            if self._connection is None:
                self._connection = self._connect(watchdog)
            watchdog.watch(self._connection.sock)
            delivery = conversation.run(self._connection)
        except (smtplib.SMTPNotSupportedError, UnicodeError) as error:
            self._reset()
            return _not_possible(conversation.step, error)
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            return _lost(conversation.step, error)
        if delivery.outcome is not Outcome.SENT:
            self._reset()
        return delivery

    def _connect(self, watchdog: "_Watchdog") -> smtplib.SMTP:
        settings = self._settings
        timeout = min(READ_TIMEOUT_SECONDS, self._deadline_seconds)
        if settings.security == "tls":
            connection: smtplib.SMTP = _WatchedTls(watchdog, settings, timeout=timeout)
        else:
            connection = _Watched(watchdog, settings, timeout=timeout)
        try:
            if settings.security == "starttls":
                connection.starttls(context=_tls())
            connection.ehlo_or_helo_if_needed()
            if settings.username and settings.password:
                connection.login(settings.username, settings.password)
        except (OSError, smtplib.SMTPException, UnicodeError):
            connection.close()
            raise
        return connection

    def _reset(self) -> None:
        # A refused message must not leave its half-finished envelope to the next one.
        try:
            if self._connection is not None:
                self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


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

    def run(self, connection: smtplib.SMTP) -> Delivery:
        self.step = Step.MAIL
        reply = connection.mail(self._envelope.sender, self._mail_options(connection))
        if reply[0] // 100 != 2:
            # Whatever it says, it is about us, not about this recipient: nothing is lost by it.
            return Delivery(Outcome.LATER, self.step, reply[0], _text(reply))
        self.step = Step.RCPT
        options = ["NOTIFY=FAILURE,DELAY"] if self._asks_for_notes(connection) else []
        reply = connection.rcpt(self._envelope.recipient, options)
        if reply[0] // 100 != 2:
            return self._refused(reply)
        if not self._may_send_data():
            return Delivery(Outcome.ABANDONED, self.step)
        return self._send_text(connection)

    def _mail_options(self, connection: smtplib.SMTP) -> list[str]:
        options = ["SMTPUTF8"] if _needs_utf8(self._envelope) else []
        if self._asks_for_notes(connection):
            options += ["RET=HDRS", f"ENVID={self._envelope.envelope_id}"]
        return options

    def _asks_for_notes(self, connection: smtplib.SMTP) -> bool:
        return self._envelope.envelope_id is not None and connection.has_extn("dsn")

    def _send_text(self, connection: smtplib.SMTP) -> Delivery:
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

    def _refused(self, reply: tuple[int, bytes]) -> Delivery:
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
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)


def _needs_utf8(envelope: Envelope) -> bool:
    return not (envelope.sender + envelope.recipient).isascii()


def _text(reply: tuple[int, bytes | str]) -> str:
    raw = reply[1]
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    return " ".join(text.split())[:500]


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Watchdog:
    """Shuts a connection when the time is over, whatever is being waited for."""

    def __init__(self, seconds: float) -> None:
        self._watched: socket.socket | None = None
        self._is_over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._watch(None)

    def watch(self, sock: socket.socket | None) -> None:
        """Watch this connection from now on; it ends at once if the time is over already."""
        # A second name for the same connection: STARTTLS takes the first one away, and the
        # handshake is as good a place to drip bytes as any.
        self._watch(socket.socket(fileno=os.dup(sock.fileno())) if sock else None)

    def _watch(self, connection: socket.socket | None) -> None:
        with self._lock:
            if self._watched is not None:
                self._watched.close()
            self._watched = connection
            if self._is_over:
                self._shut()

    def _end(self) -> None:
        with self._lock:
            self._is_over = True
            self._shut()

    def _shut(self) -> None:
        if self._watched is None:
            return
        try:
            self._watched.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself


def _watched_socket(watchdog: _Watchdog, host: str, port: int, timeout: float) -> socket.socket:
    sock = socket.create_connection((host, port), timeout)
    # Text and final dot are sent apart; without this each mail would wait 40 ms between them.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    watchdog.watch(sock)
    return sock


class _WholeLines:
    """Replies line by line; one that the end of the connection cut is none.

    smtplib would read `250 queu`, or even `25`, as the server's word.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readline(self, limit: int) -> bytes:
        line = self._file.readline(limit)
        return line if line.endswith(b"\n") or len(line) >= limit else b""

    def close(self) -> None:
        self._file.close()


class _Watched(smtplib.SMTP):
    """Shows its socket to the watchdog before the greeting is read; takes only whole replies."""

    def __init__(self, watchdog: _Watchdog, settings: SmtpSettings, *, timeout: float) -> None:
        self._watchdog = watchdog
        super().__init__(
            settings.host, settings.port, local_hostname=settings.helo_name, timeout=timeout
        )

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _WholeLines(self.sock.makefile("rb"))
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _watched_socket(self._watchdog, host, port, timeout)


class _WatchedTls(_Watched):
    """The same, with TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = super()._get_socket(host, port, timeout)
        return _tls().wrap_socket(sock, server_hostname=host)
