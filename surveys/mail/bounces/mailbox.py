"""The IMAP mailbox that bounces arrive in: what is new, message by message.

Nothing is ever deleted or moved. A message is fetched without marking it; what needs nobody's
attention is marked as seen afterwards, so that the unread ones are those to look at. A read timeout
is not enough against a server that drips, so a timer ends the connection at a total deadline.
Source: RFC 9051 (UID, UIDVALIDITY, BODY.PEEK).
"""

import imaplib
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any, Self

from surveys.config import ImapSettings
from surveys.errors import SurveyError
from surveys.mail.bounces.reading import MAX_BYTES

DEADLINE_SECONDS = 60.0
READ_TIMEOUT_SECONDS = 20.0
_FAULTS = (OSError, imaplib.IMAP4.error, ValueError)


class MailboxAway(SurveyError):
    """The mailbox cannot be read now. Attribute `reason`: a word for the log, without addresses."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the bounce mailbox cannot be read: {reason}")
        self.reason = reason


class BounceMailbox:
    """One visit to the mailbox, as a context; every method raises MailboxAway when it fails."""

    def __init__(
        self, settings: ImapSettings, *, deadline_seconds: float = DEADLINE_SECONDS
    ) -> None:
        self._settings = settings
        self._end = _Deadline(deadline_seconds)
        self._timeout = min(READ_TIMEOUT_SECONDS, deadline_seconds)
        self._connection: imaplib.IMAP4 | None = None
        self.uid_validity = 0

    def __enter__(self) -> Self:
        self._end.start()
        try:
            self._connection = self._connect()
            self._sign_in(self._connection)
        except _FAULTS as error:
            self.__exit__()
            raise MailboxAway(type(error).__name__) from error
        except MailboxAway:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end.cancel()
        if self._connection is not None:
            try:
                # LOGOUT alone: CLOSE would remove what others have marked as deleted.
                self._connection.logout()
            except _FAULTS:
                self._connection.shutdown()
        self._connection = None

    def uids_after(self, last_uid: int, *, limit: int) -> list[int]:
        """The next UIDs above this one, at most `limit`, in ascending order."""
        data = self._command("SEARCH", f"UID {last_uid + 1}:*")
        found = {int(each) for each in re.findall(rb"\d+", b" ".join(_plain(data)))}
        # `n:*` names the last message even where its UID is below n.
        return sorted(uid for uid in found if uid > last_uid)[:limit]

    def fetch(self, uid: int) -> bytes | None:
        """The beginning of one message; None when somebody has taken it away."""
        data = self._command("FETCH", str(uid), f"(UID BODY.PEEK[]<0.{MAX_BYTES}>)")
        return next((each[1] for each in data if isinstance(each, tuple)), None)

    def mark_seen(self, uid: int) -> None:
        """Nobody needs to look at this message."""
        self._command("STORE", str(uid), r"+FLAGS.SILENT", r"(\Seen)")

    def _connect(self) -> imaplib.IMAP4:
        settings = self._settings
        kind = _WatchedTls if settings.security == "tls" else _Watched
        connection = kind(self._end.watch, settings, timeout=self._timeout)
        if settings.security == "starttls":
            connection.starttls(ssl_context=ssl.create_default_context())
        return connection

    def _sign_in(self, connection: imaplib.IMAP4) -> None:
        connection.login(_quoted(self._settings.username), self._settings.password)
        answer, _ = connection.select(_quoted(self._settings.folder))
        values = _plain(connection.response("UIDVALIDITY")[1])
        if answer != "OK" or not values or not values[0].isdigit():
            raise MailboxAway("the folder cannot be opened")
        self.uid_validity = int(values[0])

    def _command(self, name: str, *words: str) -> list[Any]:
        assert self._connection is not None, "used outside of its context"
        try:
            answer, data = self._connection.uid(name, *words)
        except _FAULTS as error:
            raise MailboxAway(type(error).__name__) from error
        if answer != "OK":
            raise MailboxAway(f"{name} was refused")
        return list(data)


def _plain(data: Any) -> list[bytes]:
    return [each for each in data or () if isinstance(each, bytes)]


def _quoted(text: str) -> str:
    """A string of RFC 9051, 4.3. Raises ValueError for what it cannot hold."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("not a quoted string of IMAP")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


class _Deadline:
    """Shuts the connection when the time is over, whatever is being waited for."""

    def __init__(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True
        self._watched: socket.socket | None = None
        self._lock = threading.Lock()
        self._is_over = False

    def start(self) -> None:
        self._timer.start()

    def watch(self, connection: socket.socket) -> None:
        with self._lock:
            # A second name for the same connection: TLS takes the first one away.
            self._watched = socket.socket(fileno=os.dup(connection.fileno()))
        if self._is_over:
            self._shut()

    def cancel(self) -> None:
        self._timer.cancel()
        with self._lock:
            if self._watched is not None:
                self._watched.close()
            self._watched = None

    def _shut(self) -> None:
        with self._lock:
            self._is_over = True
            if self._watched is None:
                return
            try:
                self._watched.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # it has ended by itself


class _Watched(imaplib.IMAP4):
    """Shows its socket to the deadline before the greeting is read."""

    def __init__(
        self, watch: Callable[[socket.socket], None], settings: ImapSettings, *, timeout: float
    ) -> None:
        self._watch = watch
        super().__init__(settings.host, settings.port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        # A command leaves in two pieces; without this the second waits 40 ms for the first.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._watch(sock)
        return sock


class _WatchedTls(_Watched):
    """The same, with TLS from the first byte."""

    def _create_socket(self, timeout: float | None) -> socket.socket:
        sock = super()._create_socket(timeout)
        return ssl.create_default_context().wrap_socket(sock, server_hostname=self.host)
