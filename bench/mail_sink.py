"""A mail server that writes down what it takes, and fails as the recipient's name says.

    python -m bench.mail_sink LOG PORT [EXTENSION]...

Offers these extensions (PIPELINING). Prints its port when it listens. What it accepts stands in LOG
before the client hears of it, one JSON object a line, in the order in which it happened:

- `copy`: a whole message was taken, with its Message-ID;
- `confirmed`: the client went on after our 250, so it has read and noted it;
- `rcpt`: the name of a recipient that is being held.

A local part is `<anything>.<fault>` or `<anything>.<fault>x<times>`; after so many tries of this
recipient it is taken. Faults: see FAULTS. It knows nothing of the product.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

#: Replies at RCPT; 421 also ends the connection.
RCPT_REPLIES = {
    "r421": b"421 4.3.2 closing\r\n",
    "r451": b"451 4.7.1 greylisted\r\n",
    "r452": b"452 4.2.2 mailbox full\r\n",
    "r550": b"550 5.1.1 no such user\r\n",
    "r552": b"552 5.2.2 mailbox full for good\r\n",
}
#: Replies after the final dot.
DOT_REPLIES = {
    "spam": b"554 5.7.1 refused as spam\r\n",
    "late451": b"451 4.3.0 try later\r\n",
}
#: Lines that break, and answers that do not come.
BREAKS = (
    "drip",  # one byte at a time, at RCPT
    "data",  # dropped instead of a 354
    "mid",  # dropped inside the text
    "dot",  # taken, then dropped instead of a 250
    "lost",  # not taken, dropped after the final dot
    "hang",  # taken, then no word for ever
    "slow",  # taken, and a moment later said so: the moment in which a sender must not die
    "hold",  # waits at RCPT until the file LOG.go exists
)
FAULTS = (*RCPT_REPLIES, *DOT_REPLIES, *BREAKS)
SLOW_SECONDS = 0.03
_NAME = re.compile(r"(?:.*\.)?(?P<fault>[a-z0-9]+?)(?:x(?P<times>[0-9]+))?@")
_ADDRESS = re.compile(rb"<([^>]*)>")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


class Sink:
    """What was taken, and how often each recipient has been tried."""

    def __init__(self, log: TextIO, go: Path, offers: Sequence[str] = ()) -> None:
        self.offers = offers
        self._log = log
        self._go = go
        self._tries: Counter[str] = Counter()

    def note(self, event: str, subject: str) -> None:
        """Write one line down before anybody hears of it."""
        self._log.write(json.dumps({"event": event, "subject": subject}) + "\n")
        self._log.flush()

    def fault_of(self, recipient: str) -> str:
        """What goes wrong at this try; "" when nothing does."""
        found = _NAME.match(recipient)
        if found is None or found["fault"] not in FAULTS:
            return ""
        self._tries[recipient] += 1
        times = found["times"]
        return found["fault"] if times is None or self._tries[recipient] <= int(times) else ""

    def take_back(self, recipient: str) -> None:
        """The sender withdrew before DATA: that was no try."""
        self._tries[recipient] -= 1

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _Conversation(self, reader, writer).run()
        writer.close()

    async def released(self) -> None:
        """Wait until held recipients may go on."""
        while not self._go.exists():
            await asyncio.sleep(0.02)


class _Conversation:
    def __init__(
        self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._sink = sink
        self._reader = reader
        self._writer = writer
        self._fault = ""
        self._unconfirmed = ""
        self._accepted = ""

    async def run(self) -> None:
        await self._say(b"220 sink ESMTP\r\n")
        while line := await self._reader.readline():
            if self._unconfirmed:
                self._sink.note("confirmed", self._unconfirmed)
                self._unconfirmed = ""
            if not await self._answer(line):
                return

    async def _answer(self, line: bytes) -> bool:
        """Whether the conversation goes on."""
        command = line[:4].upper()
        if command == b"RCPT":
            return await self._recipient(line)
        if command == b"RSET" and self._accepted:
            self._sink.take_back(self._accepted)
        self._accepted = ""
        if command == b"DATA":
            return await self._text()
        if command == b"QUIT":
            await self._say(b"221 bye\r\n")
            return False
        offers = ("sink", *self._sink.offers) if command == b"EHLO" else ()
        await self._say("".join(f"250-{each}\r\n" for each in offers).encode() + b"250 ok\r\n")
        return True

    async def _recipient(self, line: bytes) -> bool:
        found = _ADDRESS.search(line)
        recipient = found[1].decode() if found else ""
        self._fault = self._sink.fault_of(recipient)
        if self._fault == "hold":
            self._sink.note("rcpt", recipient)
            await self._sink.released()
        if self._fault == "drip":
            return await self._drip()
        reply = RCPT_REPLIES.get(self._fault, b"250 ok\r\n")
        await self._say(reply)
        self._accepted = recipient if reply.startswith(b"250") else ""
        return not reply.startswith(b"421")

    async def _text(self) -> bool:
        if self._fault == "data":
            return False
        await self._say(b"354 go on\r\n")
        if self._fault == "mid":
            await self._reader.readline()
            self._writer.transport.abort()
            return False
        text = await self._reader.readuntil(b"\r\n.\r\n")
        if self._fault == "lost":
            return False
        refusal = DOT_REPLIES.get(self._fault)
        if refusal:
            await self._say(refusal)
            return True
        return await self._take(text)

    async def _take(self, text: bytes) -> bool:
        found = _MESSAGE_ID.search(text)
        message_id = found[1].decode() if found else ""
        self._sink.note("copy", message_id)
        if self._fault == "dot":
            return False
        if self._fault == "hang":
            await self._reader.read()
            return False
        if self._fault == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        await self._say(b"250 2.0.0 taken\r\n")
        self._unconfirmed = message_id
        return True

    async def _drip(self) -> bool:
        while not self._reader.at_eof():
            await self._say(b"2")
            await asyncio.sleep(0.1)
        return False

    async def _say(self, words: bytes) -> None:
        self._writer.write(words)
        await self._writer.drain()


async def listen(log_path: Path, port: int, offers: Sequence[str]) -> None:
    """Serve until the process is ended."""
    with log_path.open("a", encoding="utf-8") as log:
        sink = Sink(log, log_path.with_suffix(".go"), offers)
        server = await asyncio.start_server(sink.serve, "127.0.0.1", port, limit=2**22)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(listen(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
