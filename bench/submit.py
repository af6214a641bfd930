"""What one submitted response costs: CPU time against a no-op page, and waiting time at 8 clients.

    python -m bench.submit [--size small|full]

A submission is what a respondent's browser does: load the form, send 12 answers and a comment. Two
servers run side by side, each one process of the product's own web server: the application, and a
Flask page that does nothing. CPU is the server process's own, asked of it before and after blocks
of requests that alternate between the two; medians of blocks. The waiting time is of the POST, with
8 clients that answer at once; SQLite commits to the disk, the tests' PostgreSQL does not wait for
it. Before anything is printed, every response is looked for in the database, with all its answers.

Prints one JSON line. Goals: at most 8 times the no-op page on SQLite, 11 times on PostgreSQL; 95 %
of submits within 100 ms.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the factories and the PostgreSQL server of the tests

from factories import SECRET, SetClock, links_of, make_settings, open_survey  # noqa: E402
from flask import Flask  # noqa: E402
from flask_migrate import upgrade  # noqa: E402
from postgres_server import PostgresServer, PostgresUnavailable  # noqa: E402
from sqlalchemy import func, select  # noqa: E402
from sqlalchemy.orm import Session  # noqa: E402

from app import create_app  # noqa: E402
from surveys.db import db  # noqa: E402
from surveys.invitations import LinkKeys  # noqa: E402
from surveys.models import Answer, Comment, Response, WaveChange  # noqa: E402
from surveys.web_server import serve  # noqa: E402

CLIENTS = 8
ANSWERS = {
    "recommend": "8",
    "incentives": "4",
    "executive_backing": "3",
    "solutions": "5",
    "channel_people": "4",
    "no_sabotage": "2",
    "listening": "dk",
    "marketing": "4",
    "direct_rules": "3",
    "owning_mistakes": "4",
    "monitoring": "2",
    "intent": "2",
    "comment": "Deal registration takes too long, and nobody tells us why.",
}
VALUES = len(ANSWERS) - 1
WARM_UP = 5
CPU_PATH = "/cpu-seconds-of-this-process"


@dataclass(frozen=True, slots=True)
class Size:
    """How many submissions: blocks of so many for the CPU, so many for each waiting client."""

    blocks: int
    in_block: int
    by_client: int

    @property
    def submissions(self) -> int:
        """All that are stored in one database."""
        return WARM_UP + self.blocks * self.in_block + CLIENTS * self.by_client


SIZES = {"small": Size(5, 12, 5), "full": Size(15, 40, 50)}


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU milliseconds of one submission, of the no-op page beside it, and the 95th percentile of
    waiting in wall milliseconds.
    """

    form_ms: float
    post_ms: float
    noop_ms: float
    p95_ms: float

    def as_json(self) -> dict[str, float]:
        """Rounded, with the ratio that the goal is about."""
        whole = self.form_ms + self.post_ms
        return {
            "form_ms": round(self.form_ms, 2),
            "post_ms": round(self.post_ms, 2),
            "submit_ms": round(whole, 2),
            "noop_ms": round(self.noop_ms, 2),
            "ratio": round(whole / self.noop_ms, 1),
            "p95_ms": round(self.p95_ms, 1),
        }


@dataclass(frozen=True, slots=True)
class Client:
    """A browser that asks for nothing but pages.

    Each request has a connection of its own: between form and submit lie minutes.
    """

    port: int

    def get(self, path: str) -> bytes:
        """The body of a page that must be there."""
        return self._ask("GET", path, None, expected=200)

    def send(self, token: str) -> None:
        """Send all answers; they must be thanked for."""
        self._ask("POST", f"/s/{token}?lang=en", urlencode(ANSWERS), expected=303)

    def cpu_seconds(self) -> float:
        """How long the server has computed since it started."""
        return float(self.get(CPU_PATH))

    def _ask(self, method: str, path: str, body: str | None, *, expected: int) -> bytes:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        headers = {"Host": "localhost", "Connection": "close", **kind}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        _expect(reply.status, expected)
        return content


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; the figures are for people to judge."""
    parser = argparse.ArgumentParser(description="Measure what a submitted response costs.")
    parser.add_argument("--size", choices=sorted(SIZES), default="full")
    parser.add_argument("--serve", nargs=3, metavar=("PORT", "URL", "FOLDER"), help="(own use)")
    options = parser.parse_args(argv)
    if options.serve:
        _serve(*options.serve)
        return 0
    print(json.dumps(run(options.size)))
    return 0


def run(size_name: str) -> dict[str, Any]:
    """Figures for SQLite, and for PostgreSQL where it can be started."""
    size = SIZES[size_name]
    with tempfile.TemporaryDirectory() as folder:
        sqlite = _measure(f"sqlite:///{folder}/pulse.db", Path(folder), size)
        postgresql = _measure_postgresql(Path(folder), size)
    return {
        "benchmark": "submit",
        "size": size_name,
        "answers": VALUES,
        "clients": CLIENTS,
        "submissions": size.submissions,
        "sqlite": sqlite.as_json(),
        "postgresql": postgresql.as_json() if postgresql else None,
        "goals": {"sqlite_ratio": 8, "postgresql_ratio": 11, "p95_ms": 100},
    }


def _measure_postgresql(folder: Path, size: Size) -> Cost | None:
    try:
        with PostgresServer() as server:
            return _measure(server.create_database("submit"), folder, size)
    except PostgresUnavailable:
        return None


def _measure(url: str, folder: Path, size: Size) -> Cost:
    app = _application(url, folder)
    tokens = _prepare(app, size.submissions)
    with _server(url, folder) as port, _server("", folder) as idle_port:
        client, idle = Client(port), Client(idle_port)
        for token in tokens[:WARM_UP]:
            client.get(f"/s/{token}?lang=en")
            client.send(token)
            idle.get("/")
        rest = tokens[WARM_UP:]
        in_blocks = size.blocks * size.in_block
        form, post, noop = _cpu(client, idle, rest[:in_blocks], size)
        p95 = _waiting(port, rest[in_blocks:])
    _check(app, size.submissions)
    with app.app_context():
        db.engine.dispose()
    return Cost(form, post, noop, p95)


def _application(url: str, folder: Path) -> Flask:
    return create_app(make_settings(url, folder), clock=SetClock())


def _prepare(app: Flask, people: int) -> list[str]:
    """A migrated database with an open wave, and a link for everybody."""
    with app.app_context():
        upgrade()
        keys = LinkKeys(SECRET, "localhost")
        with Session(db.engine) as session:
            run = open_survey(session, keys, companies=(people + 4) // 5, people=5, staff=1)
            tokens = links_of(session, keys, run.partner)[:people]
        db.engine.dispose()
    return tokens


@contextmanager
def _server(url: str, folder: Path) -> Iterator[int]:
    """A server process of its own; without a database it serves the page that does nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "bench.submit", "--serve", str(port), url, str(folder)]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        _wait_until_open(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _serve(port: str, url: str, folder: str) -> None:
    """Serve one application with one process and as many threads as there are clients."""
    app = _application(url, Path(folder)) if url else _noop()
    inner = app.wsgi_app

    def with_cpu(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != CPU_PATH:
            return inner(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr(time.process_time()).encode()]

    app.wsgi_app = with_cpu  # type: ignore[method-assign] # how Flask documents it
    serve(app, bind=f"127.0.0.1:{port}", workers=1, threads=CLIENTS)


def _noop() -> Flask:
    app = Flask("noop")
    app.add_url_rule("/", view_func=lambda: "ok")
    return app


def _cpu(
    client: Client, idle: Client, tokens: Sequence[str], size: Size
) -> tuple[float, float, float]:
    """CPU milliseconds of form, POST and no-op page: medians of blocks that alternate."""
    costs: list[tuple[float, float, float]] = []
    for number in range(size.blocks):
        block = tokens[number * size.in_block : (number + 1) * size.in_block]
        form = _block(client, lambda token: client.get(f"/s/{token}?lang=en"), block)
        post = _block(client, client.send, block)
        noop = _block(idle, lambda _: idle.get("/"), block)
        costs.append((form, post, noop))
    form, post, noop = (statistics.median(column) for column in zip(*costs, strict=True))
    return form, post, noop


def _block(client: Client, work: Callable[[str], object], tokens: Sequence[str]) -> float:
    started = client.cpu_seconds()
    for token in tokens:
        work(token)
    return 1000 * (client.cpu_seconds() - started) / len(tokens)


def _waiting(port: int, tokens: Sequence[str]) -> float:
    """The 95th percentile of a POST in milliseconds, with all clients at once."""
    waits: list[float] = []
    gate = threading.Barrier(CLIENTS)

    def answer(own: Sequence[str]) -> None:
        client = Client(port)
        gate.wait()
        for token in own:
            client.get(f"/s/{token}?lang=en")
            started = time.perf_counter()
            client.send(token)
            waits.append(1000 * (time.perf_counter() - started))

    threads = [
        threading.Thread(target=answer, args=(tokens[each::CLIENTS],)) for each in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _expect(len(waits), len(tokens))
    return statistics.quantiles(waits, n=20)[-1]


def _check(app: Flask, submissions: int) -> None:
    """Every response is there with all its parts: fast and wrong does not count."""
    expected = {Response: 1, Answer: VALUES, Comment: 1}
    with app.app_context(), Session(db.engine) as session:
        for model, each in expected.items():
            found = session.scalar(select(func.count()).select_from(model))
            _expect(found or 0, each * submissions)
        changes = session.scalar(select(func.count()).select_from(WaveChange)) or 0
        _expect(changes >= submissions, True)


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"the work was not done: {found} instead of {expected}")


if __name__ == "__main__":
    sys.exit(main())
