"""How fast mails leave, with the whole protocol, beside clients that only talk to the same server.

    python3 dev.py bench mail [--mails N] [--rounds N]

The limits are a client that keeps nothing: postfix's `smtp-source` on one connection where it is
installed, else a loop of smtplib (the line says which), and a raw client that sends MAIL, RCPT and
DATA together. The product claims, composes, commits before DATA and after the reply, durably on
both databases. All send to the same server process (bench/mail_sink.py), messages of the same size,
turn by turn; medians count, and the server must have taken what each side says it sent. Databases
are made in the system's temporary folder (TMPDIR), whose disk counts: `sync_ms`.

Goals: 0.25 of smtp-source; 0.5 of the pipelined client; at most 0.3 ms of processor for building a
message; more with each worker process on PostgreSQL. Source: performance, "send".
"""

import argparse
import json
import os
import shutil
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the factories and the PostgreSQL server of the tests

from postgres_server import PostgresServer  # noqa: E402
from sqlalchemy import create_engine, select, text, update  # noqa: E402

from bench.mail_rig import Rig, migrate  # noqa: E402
from surveys.mail.letter_writer import LetterWriter  # noqa: E402
from surveys.mail.outbox import LEASE  # noqa: E402
from surveys.mail.splicing import LetterPress  # noqa: E402
from surveys.models import OutgoingMail  # noqa: E402
from surveys.terms import MailState  # noqa: E402

WORKERS = (1, 2, 4)
GOALS = {"to_one_connection": 0.25, "to_pipelined": 0.5, "build_ms": 0.3}
SENDER, RECIPIENT = "sender@bench.example", "person@bench.example"
MESSAGES_BUILT = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """One message of the product, and the processor time of building one like it, in ms."""

    message: bytes
    build_ms: float


def by_smtp_source(port: int, message: bytes, mails: int) -> None:
    """Postfix's own load generator, one connection."""
    options = ["-d", "-s", "1", "-m", str(mails), "-l", str(len(message)), "-f", SENDER]
    command = ["smtp-source", *options, "-t", RECIPIENT, f"127.0.0.1:{port}"]
    subprocess.run(command, check=True)


def by_smtplib(port: int, message: bytes, mails: int) -> None:
    """The standard library in a loop, one connection."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench.example") as connection:
        for _ in range(mails):
            connection.sendmail(SENDER, [RECIPIENT], message)


def by_pipelining(port: int, message: bytes, mails: int) -> None:
    """MAIL, RCPT and DATA in one write, then the text: two waits for the server a message."""
    envelope = f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n".encode()
    body = message.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    with socket.create_connection(("127.0.0.1", port)) as line, line.makefile("rb") as replies:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        replies.readline()
        line.sendall(b"HELO bench.example\r\n")
        replies.readline()
        for _ in range(mails):
            line.sendall(envelope)
            said = [replies.readline()[:3] for _ in range(3)]
            line.sendall(body)
            assert [*said, replies.readline()[:3]] == [b"250", b"250", b"354", b"250"]
        line.sendall(b"QUIT\r\n")


def letter_of(rig: Rig) -> Letter:
    """Build the letters of mails that wait, each from its own facts."""
    with rig.app.app_context(), rig.session() as session:
        press = LetterPress(rig.app.jinja_env)
        letters = LetterWriter(session, rig.settings, press, clock=rig.clock)
        ids = session.scalars(select(OutgoingMail.id).limit(MESSAGES_BUILT)).all()
        letters.read(ids)
        facts = [letters.facts(letters.queued(mail_id)) for mail_id in ids]
        message = letters.message(facts[0])
        started = time.process_time()
        for each in facts:
            letters.message(each)
        return Letter(message, (time.process_time() - started) * 1_000 / len(facts))


def sync_ms(folder: Path) -> float:
    """How long the disk takes to keep one page, median of many; each mail needs two such."""
    taken = []
    with (folder / "page").open("wb", buffering=0) as file:
        for _ in range(100):
            started = time.perf_counter()
            file.write(bytes(4_096))
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - started) * 1_000)
    return statistics.median(taken)


class Bench:
    """The rigs of both databases and the clients, all at one server process."""

    def __init__(self, folder: Path, postgres: PostgresServer, mails: int) -> None:
        self.mails = mails
        urls = {
            "sqlite": f"sqlite:///{folder / 'bench.db'}",
            "postgresql": postgres.create_database("bench"),
        }
        _make_durable(urls["postgresql"])
        self.rigs: dict[str, Rig] = {}
        for name, url in urls.items():
            migrate(url, folder)
            self.rigs[name] = Rig(url, folder / name, lease=LEASE)
            self.rigs[name].queue([f"p{number}.ok" for number in range(mails)])
        self.sink = self.rigs["sqlite"].sink
        self.sync_ms = sync_ms(folder)
        self.rigs["postgresql"].use(self.sink)
        self.letter = letter_of(self.rigs["sqlite"])

    def by_client(self, client: Callable[[int, bytes, int], None]) -> float:
        """Mails a second of a client without a protocol."""
        return self._rate(lambda: client(self.sink.port, self.letter.message, self.mails))

    def by_product(self, database: str, workers: int = 1) -> float:
        """Mails a second of the product; its outbox is full again afterwards."""
        rig = self.rigs[database]
        rate = self._rate(lambda: rig.finish(workers))
        with rig.session() as session:
            session.execute(
                update(OutgoingMail).values(
                    state=MailState.QUEUED, sent_at=None, tried_at=None, attempts=0
                )
            )
            session.commit()
        return rate

    def _rate(self, send: Callable[[], object]) -> float:
        before = self.sink.copies()
        started = time.perf_counter()
        send()
        seconds = time.perf_counter() - started
        taken = self.sink.copies() - before
        assert taken == self.mails, f"{taken} of {self.mails} arrived"
        return self.mails / seconds

    def close(self) -> None:
        """End the server and forget the databases."""
        for rig in self.rigs.values():
            rig.close()


def _make_durable(url: str) -> None:
    """The server of the tests does not sync to disk; a sender's commits must."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = on"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def measured(bench: Bench, rounds: int) -> Mapping[str, Sequence[float]]:
    """Every side, turn by turn: mails a second."""
    has_source = shutil.which("smtp-source") is not None
    sides: dict[str, Callable[[], float]] = {
        "smtplib loop": partial(bench.by_client, by_smtplib),
        "pipelined client": partial(bench.by_client, by_pipelining),
        "sqlite": partial(bench.by_product, "sqlite"),
        **{f"postgresql, {n}": partial(bench.by_product, "postgresql", n) for n in WORKERS},
    }
    if has_source:
        sides["smtp-source"] = partial(bench.by_client, by_smtp_source)
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            rates[name].append(side())
    return rates


def summary(rates: Mapping[str, Sequence[float]], letter: Letter, mails: int) -> dict[str, Any]:
    """The printed line."""
    medians = {name: statistics.median(each) for name, each in rates.items()}
    limit = "smtp-source" if "smtp-source" in medians else "smtplib loop"
    own = {"sqlite": medians["sqlite"], "postgresql": medians["postgresql, 1"]}
    to_limit = {name: rate / medians[limit] for name, rate in own.items()}
    to_pipelined = {name: rate / medians["pipelined client"] for name, rate in own.items()}
    growth = [medians[f"postgresql, {count}"] for count in WORKERS]
    reached = {
        "to_one_connection": min(to_limit.values()) >= GOALS["to_one_connection"],
        "to_pipelined": min(to_pipelined.values()) >= GOALS["to_pipelined"],
        "build_ms": letter.build_ms <= GOALS["build_ms"],
        "growth": growth == sorted(growth),
    }
    return {
        "mails": mails,
        "message_bytes": len(letter.message),
        "per_second": {name: round(each) for name, each in medians.items()},
        "one_connection": limit,
        "to_one_connection": {name: round(each, 2) for name, each in to_limit.items()},
        "to_pipelined": {name: round(each, 2) for name, each in to_pipelined.items()},
        "build_ms": round(letter.build_ms, 3),
        "by_workers": {str(n): round(rate) for n, rate in zip(WORKERS, growth, strict=True)},
        "goals": GOALS,
        "reached": reached,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="Sending mails against clients without a protocol")
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(argv)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(folder, stack.enter_context(PostgresServer()), options.mails)
        stack.callback(bench.close)
        rates = measured(bench, options.rounds)
        result = summary(rates, bench.letter, options.mails)
        result["sync_ms"] = round(bench.sync_ms, 3)
    print(json.dumps({"benchmark": "mail", **result}))
    return 0 if all(result["reached"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
