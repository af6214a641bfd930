"""One line to a mail server: commands together where it allows that, and an end to all waiting.

A read timeout is not enough against a server that drips one byte a second, so a watchdog shuts the
connection at a total deadline. Whole replies only are taken for replies. What an answer means for a
message is decided in transport.py.
"""

import os
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from surveys.config import SmtpSettings

READ_TIMEOUT_SECONDS = 30
Reply = tuple[int, bytes]


class Watchdog:
    """Shuts a connection when the time is over, whatever is being waited for.

    One thread serves all messages of a transport: starting one for each would cost more than the
    rest of a conversation. It ends by itself when nothing was sent for as long as a deadline.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ends_at: float | None = None
        self._watched: socket.socket | None = None
        self._is_over = False

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """End the connection that is watched, now or later, after so many seconds in here."""
        with self._changed:
            self._is_over = False
            self._ends_at = time.monotonic() + seconds
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._ends_at = None

    def watch(self, connection: socket.socket) -> None:
        """Watch this connection from now on; it ends at once if the time is over already."""
        # A second name for the same connection: STARTTLS takes the first one away, and the
        # handshake is as good a place to drip bytes as any.
        second = socket.socket(fileno=os.dup(connection.fileno()))
        self.forget()
        with self._changed:
            self._watched = second
            if self._is_over:
                self._shut()

    def forget(self) -> None:
        """The connection has ended; without this its server would not notice."""
        with self._changed:
            if self._watched is not None:
                self._watched.close()
            self._watched = None

    def end(self) -> None:
        """Nothing is sent any more."""
        self.forget()
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while self._ends_at is not None:
                left = self._ends_at - time.monotonic()
                if left > 0:
                    # Deadlines only move away, so a new one is seen in time when this one is over.
                    self._changed.wait(left)
                    continue
                self._is_over, self._ends_at = True, None
                self._shut()
            self._thread = None

    def _shut(self) -> None:
        if self._watched is None:
            return
        try:
            self._watched.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended by itself


class Connection(smtplib.SMTP):
    """Shows its socket to the watchdog before the greeting is read; takes only whole replies."""

    def __init__(self, watchdog: Watchdog, settings: SmtpSettings, *, timeout: float) -> None:
        self._watchdog = watchdog
        self._n_unread = 0
        super().__init__(
            settings.host, settings.port, local_hostname=settings.helo_name, timeout=timeout
        )

    def say(self, commands: Sequence[str]) -> Iterator[Reply]:
        """Say these commands and give their replies: one by one, or all at once where the server
        takes that (RFC 2920). Raises ValueError for a command with a line break in it.
        """
        if any("\r" in command or "\n" in command for command in commands):
            raise ValueError("a command of SMTP is one line")
        together = self.has_extn("pipelining")
        if together:
            self._n_unread = len(commands)
            self.send("".join(f"{command}\r\n" for command in commands).encode())
        for command in commands:
            if not together:
                self.send(f"{command}\r\n".encode())
            reply = self.getreply()
            self._n_unread = max(0, self._n_unread - 1)
            yield reply

    def start_anew(self) -> None:
        """Forget the message that was begun, and what the server still says of it."""
        while self._n_unread:
            self._n_unread -= 1
            self.getreply()
        self.rset()

    def getreply(self) -> Reply:
        if self.file is None and self.sock is not None:
            self.file = _WholeLines(self.sock.makefile("rb"))
        return super().getreply()

    def close(self) -> None:
        super().close()
        self._watchdog.forget()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = socket.create_connection((host, port), timeout)
        # Text and final dot are sent apart; without this each mail would wait 40 ms between them.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watchdog.watch(sock)
        return sock


class _TlsConnection(Connection):
    """The same, with TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = super()._get_socket(host, port, timeout)
        return _tls().wrap_socket(sock, server_hostname=host)


def connect(settings: SmtpSettings, watchdog: Watchdog, *, timeout: float) -> Connection:
    """Open a connection and sign in. Raises what smtplib does, OSError and UnicodeError."""
    kind = _TlsConnection if settings.security == "tls" else Connection
    connection = kind(watchdog, settings, timeout=timeout)
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


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


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
