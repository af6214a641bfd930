"""A mail server that fails as it is told: by the recipient's local part, or at its greeting.

`ok` accepts. Other local parts name a reply at RCPT ("451", "550-5.1.1", "550-5.7.1") or a fault:
`drop-at-data`, `drop-mid-text`, `drop-after-dot`, `drip-at-rcpt`, `drip-after-dot`, `late-451`
(refused after the dot), `data-554` (refused at DATA).
"""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from surveys.config import SmtpSettings

DRIP_SECONDS = 0.05
_RCPT = re.compile(rb"RCPT TO:<([^@>]+)@", re.IGNORECASE)
_REPLY = re.compile(r"(\d{3})(?:-(.+))?")


@dataclass(slots=True)
class Received:
    """One message as it came through: who it was for, and its text without the dot stuffing."""

    recipient: str
    text: bytes


@dataclass(slots=True)
class FaultServer:
    """A context manager; `settings` says how to reach it.

    `mails_per_connection`: after so many a further MAIL is answered by `at_limit`, or with the end
    of the connection. `offers`: extensions named in the answer to EHLO.
    """

    offers: tuple[str, ...] = ()
    greeting: bytes = b"220 faults ESMTP\r\n"
    mails_per_connection: int = 1_000_000
    at_limit: bytes = b""
    mail_reply: bytes = b"250 ok\r\n"
    closes_after_mail: bool = False
    received: list[Received] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    connections: int = 0
    _listener: socket.socket = field(default_factory=socket.socket)
    _threads: list[threading.Thread] = field(default_factory=list)
    _is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> SmtpSettings:
        return SmtpSettings(
            host="127.0.0.1",
            port=self._listener.getsockname()[1],
            security="none",
            username=None,
            password=None,
            helo_name="tests.example",
        )

    def __enter__(self) -> Self:
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self._listener.settimeout(0.05)
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _start(self, target: object, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments)  # type: ignore[arg-type] # a method
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        with connection, connection.makefile("rb") as lines:
            try:
                self._converse(connection, lines)
            except (OSError, StopIteration):
                return

    def _converse(self, connection: socket.socket, lines: Iterator[bytes]) -> None:
        if self.greeting == b"drip":
            return self._drip(connection)
        connection.sendall(self.greeting)
        fault = ""
        mails = 0
        for line in lines:
            command = line[:4].upper()
            self.commands.append(line.strip())
            if command == b"MAIL":
                mails += 1
                if mails > self.mails_per_connection:
                    connection.sendall(self.at_limit)
                    return None
                connection.sendall(self.mail_reply)
                if self.closes_after_mail:
                    return None
            elif command == b"RCPT":
                match = _RCPT.match(line)
                assert match
                fault = match[1].decode()
                if fault == "drip-at-rcpt":
                    return self._drip(connection)
                connection.sendall(_rcpt_reply(fault))
            elif command == b"DATA":
                if not self._take_text(connection, lines, fault):
                    return None
            elif command == b"EHLO":
                features = "".join(f"250-{each}\r\n" for each in self.offers)
                connection.sendall(f"250-faults\r\n{features}250 8BITMIME\r\n".encode())
            elif command == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return None
            elif command == b"STAR":
                connection.sendall(b"502 not here\r\n")
            else:
                connection.sendall(b"250 ok\r\n")
        return None

    def _take_text(self, connection: socket.socket, lines: Iterator[bytes], fault: str) -> bool:
        """Whether the conversation goes on."""
        if fault == "drop-at-data":
            return False
        if fault == "data-554":
            connection.sendall(b"554 5.6.0 no text wanted\r\n")
            return True
        connection.sendall(b"354 go on\r\n")
        if fault == "drop-mid-text":
            next(lines)
            _reset(connection)
            return False
        text = b"".join(iter(lambda: next(lines), b".\r\n"))
        if fault == "drop-after-dot":
            return False
        if fault == "drip-after-dot":
            self._drip(connection)
            return False
        if fault == "late-451":
            connection.sendall(b"451 4.3.0 try later\r\n")
            return True
        unstuffed = re.sub(rb"(?m)^\.\.", b".", text)
        self.received.append(Received(fault, unstuffed))
        connection.sendall(b"250 2.0.0 queued as 17\r\n")
        return True

    def _drip(self, connection: socket.socket) -> None:
        while not self._is_over.is_set():
            connection.sendall(b"2")
            time.sleep(DRIP_SECONDS)


def _rcpt_reply(fault: str) -> bytes:
    match = _REPLY.fullmatch(fault)
    if match is None:
        return b"250 ok\r\n"
    return f"{match[1]} {match[2] or 'as told'}\r\n".encode()


def _reset(connection: socket.socket) -> None:
    """End it with a reset, as a crashing machine does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextmanager
def closed_port() -> Iterator[SmtpSettings]:
    """Settings of a server that is not there."""
    with FaultServer() as server:
        settings = server.settings
    yield settings
