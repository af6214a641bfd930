"""A small IMAP server for tests: one folder, and only the commands that our reader uses.

It keeps what it was told, so that a test can see that nothing was deleted.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from surveys.config import ImapSettings

USERNAME = 'bounces "of" pulse'
PASSWORD = "a password of the tests"


@dataclass
class ImapServer:
    """The folder, and how the server behaves. `messages` maps UIDs to messages."""

    messages: dict[int, bytes] = field(default_factory=dict)
    uid_validity: int = 7
    refused: frozenset[str] = frozenset()
    drips: bool = False
    ends_after_fetches: int | None = None
    seen: set[int] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)
    port: int = 0

    def settings(self, **changes: str) -> ImapSettings:
        """How to reach it."""
        given = {"username": USERNAME, "password": PASSWORD, "folder": "INBOX"} | changes
        return ImapSettings("127.0.0.1", self.port, "none", **given)

    def add(self, *messages: bytes) -> None:
        """Deliver messages, with the next UIDs."""
        for message in messages:
            self.messages[max(self.messages, default=0) + 1] = message.replace(b"\n", b"\r\n")


@contextmanager
def running_imap_server() -> Iterator[ImapServer]:
    """A server on a free port of loopback until the end of the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    server = ImapServer(port=listener.getsockname()[1])
    stop = threading.Event()
    thread = threading.Thread(target=_accept, args=(server, listener, stop))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()
        listener.close()


def _accept(server: ImapServer, listener: socket.socket, stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        connection.settimeout(10)
        with connection:
            try:
                _serve(server, connection, stop)
            except OSError:
                continue


def _serve(server: ImapServer, connection: socket.socket, stop: threading.Event) -> None:
    if server.drips:
        while not stop.wait(0.05):
            connection.sendall(b"*")
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"* OK ready\r\n")
    n_fetched = 0
    with connection.makefile("rb") as lines:
        for line in lines:
            tag, _, command = line.decode().strip().partition(" ")
            server.commands.append(re.sub(r"^LOGIN .*", "LOGIN", command))
            name = " ".join(command.split()[: 2 if command.startswith("UID") else 1])
            if name == "UID FETCH":
                n_fetched += 1
                if server.ends_after_fetches is not None and n_fetched > server.ends_after_fetches:
                    return
            is_refused = name in server.refused or (
                name == "LOGIN" and command != f'LOGIN {_quote(USERNAME)} "{PASSWORD}"'
            )
            if not is_refused:
                connection.sendall(_answer(server, name, command))
            word = "NO refused" if is_refused else "OK done"
            connection.sendall(f"{tag} {word}\r\n".encode())
            if name == "LOGOUT":
                return


def _quote(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _answer(server: ImapServer, name: str, command: str) -> bytes:
    if name == "CAPABILITY":
        return b"* CAPABILITY IMAP4rev1\r\n"
    if name == "SELECT":
        head = f"* {len(server.messages)} EXISTS\r\n* OK [UIDVALIDITY {server.uid_validity}] Ok\r\n"
        return head.encode()
    if name == "UID SEARCH":
        return _search(server, int(command.split()[-1].partition(":")[0]))
    if name == "UID FETCH":
        return _fetch(server, int(command.split()[2]))
    if name == "UID STORE":
        assert command.endswith(r"+FLAGS.SILENT (\Seen)")
        server.seen.add(int(command.split()[2]))
    return b"* BYE\r\n" if name == "LOGOUT" else b""


def _search(server: ImapServer, first: int) -> bytes:
    # As RFC 9051 has it, the last message belongs to `n:*` even where its UID is below n.
    found = [uid for uid in sorted(server.messages) if uid >= first] or sorted(server.messages)[-1:]
    return b"* SEARCH " + b" ".join(str(uid).encode() for uid in found) + b"\r\n"


def _fetch(server: ImapServer, uid: int) -> bytes:
    message = server.messages.get(uid)
    if message is None:
        return b""
    cut = message[:262_144]
    return b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, len(cut), cut)
