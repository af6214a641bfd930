"""Exporting the responses of one identified run as CSV, beside what the database's own tool needs.

The product's export runs in a process of its own, as `pulse export` does, and counts its bytes, its
first byte and its memory over that of the started application. The limit is the same wide rows by
`psql`'s COPY, or by the sqlite3 command line; both sides must give as many lines. Turn by turn, the
medians count.

    python3 dev.py bench export --size small       5,000 responses
    python3 dev.py bench export                    200,000 responses
    python3 dev.py bench export --responses 1000000

`--database` names a PostgreSQL server's address with `{}` where the name of an empty database goes;
default: an SQLite file.

Goals: at least 0.8 times the speed of COPY, 0.7 times that of the sqlite3 command line; under 64
MB; the first byte within 1 s. Source: performance, "export".
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from analysis.exports import Kind, export_table
from analysis.file_formats import require_available
from analysis.queries import run_figures
from analysis.response_exports import asked_columns
from analysis.scoring import read_comments, unread_comments
from analysis.wide_responses import Span, WideRows
from bench.filled_waves import bench_application, fill_waves
from surveys.db import begin_read_only, db
from surveys.models import Question, VersionItem, Wave
from surveys.terms import Audience, Mode
from surveys.waves import run_by_id

SIZES = {"small": 5_000, "full": 200_000}
ROUNDS = 3
GOALS = {"postgresql": 0.8, "sqlite": 0.7}
GOAL_MB, GOAL_FIRST_BYTE = 64.0, 1.0
LAST = 2**31 - 1
WIDE_ON_SQLITE = """
SELECT r.id, r.locale, r.channel, r.started_at, r.submitted_at, p.name, p.tier, p.region, c.email,
       %(pivot)s
FROM invitations i
JOIN responses r ON r.id = i.id
JOIN answers a ON a.response_id = r.id
LEFT JOIN contacts c ON c.id = i.contact_id
LEFT JOIN partners p ON p.id = i.partner_id
WHERE i.wave_id = %(wave)s
GROUP BY r.id
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """One export: seconds, seconds to the first byte, lines, megabytes above the start."""

    seconds: float
    first_byte: float
    lines: int
    megabytes: float


def exported(app: Flask, run_id: int) -> Exported:
    """Export once in this process; nothing is kept of the bytes."""
    with app.app_context():
        begin_read_only(db.session())
        before = _start_peak()
        started = time.perf_counter()
        figures = run_figures(db.session(), run_by_id(db.session(), run_id))
        pieces = require_available("csv").pieces(
            export_table(db.session(), Kind.RESPONSES, figures)
        )
        first, lines = 0.0, 0
        for piece in pieces:
            first = first or time.perf_counter() - started
            lines += piece.count(b"\r\n")
        seconds = time.perf_counter() - started
        db.session.rollback()
    return Exported(seconds, first, lines - 1, _peak_mb() - before)


def _start_peak() -> float:
    """Forget the peak of the start (Linux: proc_pid_clear_refs), and say what is in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak_mb()


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def by_tool(url: str, statement: str) -> tuple[float, int]:
    """Seconds and lines of the database's own tool for the same wide rows."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        command = ["sqlite3", "-csv", str(address.database), statement]
    else:
        plain = address.set(drivername="postgresql").render_as_string(hide_password=False)
        command = ["psql", plain, "-qc", f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)"]
    started = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - started, done.stdout.count(b"\n")


def wide_statement(session: Session, wave: Wave) -> str:
    """The wide rows as one statement of the database's own tool."""
    if session.get_bind().dialect.name == "postgresql":
        rows = WideRows(Span(wave, 0, LAST), asked_columns(session, wave), with_addresses=True)
        query = rows.select(*(cell.label(f"c{n}") for n, cell in enumerate(rows.cells())))
        compiled = query.compile(
            dialect=postgresql.dialect(),  # type: ignore[no-untyped-call] # untyped upstream
            compile_kwargs={"literal_binds": True},
        )
        return str(compiled)
    pivot = ", ".join(
        f"max(CASE WHEN a.question_id = {number} THEN a.value END)"
        for number in session.scalars(
            select(Question.id)
            .join(VersionItem, VersionItem.question_id == Question.id)
            .where(
                VersionItem.version_id == wave.version_id,
                VersionItem.audience == Audience.PARTNER,
            )
        )
    )
    return WIDE_ON_SQLITE % {"pivot": pivot, "wave": wave.id}


def prepared(app: Flask, responses: int) -> tuple[int, str]:
    """Fill the database; the run, and the statement of the limit."""
    with app.app_context():
        upgrade()
        runs = fill_waves(
            db.engine, waves=1, responses=responses, has_comments=True, mode=Mode.IDENTIFIED
        )
        with Session(db.engine) as session:
            while comments := unread_comments(session):
                read_comments(session, comments)
                session.commit()
            statement = wide_statement(session, session.get_one(Wave, runs[0].partner))
        db.engine.dispose()
    return runs[0].partner, statement


def _in_own_process(url: str, run_id: int) -> Exported:
    command = [sys.executable, "-m", "bench.export", "--once", str(run_id), "--database", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ)
    return Exported(**json.loads(done.stdout.splitlines()[-1]))


def measured(url: str, run_id: int, statement: str) -> Iterator[tuple[Exported, float, int]]:
    """Both sides, turn by turn."""
    for _ in range(ROUNDS):
        ours = _in_own_process(url, run_id)
        yield ours, *by_tool(url, statement)


def summary(backend: str, rounds: Sequence[tuple[Exported, float, int]]) -> dict[str, object]:
    """The printed line."""
    assert {ours.lines for ours, _, _ in rounds} == {lines for _, _, lines in rounds}
    seconds = statistics.median(ours.seconds for ours, _, _ in rounds)
    limit = statistics.median(taken for _, taken, _ in rounds)
    first = max(ours.first_byte for ours, _, _ in rounds)
    peak = max(ours.megabytes for ours, _, _ in rounds)
    speed = limit / seconds
    return {
        "database": backend,
        "responses": rounds[0][0].lines,
        "seconds": round(seconds, 2),
        "limit_seconds": round(limit, 2),
        "speed_to_limit": round(speed, 3),
        "first_byte_seconds": round(first, 2),
        "peak_mb": round(peak, 1),
        "goals": {"speed": GOALS[backend], "first_byte": GOAL_FIRST_BYTE, "peak_mb": GOAL_MB},
        "reached": speed >= GOALS[backend] and first <= GOAL_FIRST_BYTE and peak <= GOAL_MB,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="Exporting responses against COPY and sqlite3.")
    parser.add_argument("--size", choices=list(SIZES), default="full")
    parser.add_argument("--responses", type=int)
    parser.add_argument("--database", metavar="URL", help="with {} for the name; default: SQLite")
    parser.add_argument("--once", type=int, metavar="RUN", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        if options.once:
            app = bench_application(options.database, Path(folder))
            values = exported(app, options.once)
            print(json.dumps({name: getattr(values, name) for name in Exported.__slots__}))
            return 0
        url = (options.database or f"sqlite:///{folder}/{{}}.db").format("export")
        app = bench_application(url, Path(folder))
        run_id, statement = prepared(app, options.responses or SIZES[options.size])
        result = summary(make_url(url).get_backend_name(), list(measured(url, run_id, statement)))
    print(json.dumps({"benchmark": "export", **result}))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
