"""Server time of the result pages, on two databases of which one has ten times the responses.

Ten closed runs, each counted and published by the worker's own functions, then every page of the
newest run is asked for as a signed-in manager does, through the WSGI application in this process.
Goals: under 50 ms at the 95th percentile with a million responses, and at most 1.2 times the same
page with a tenth of them, measured turn by turn in the same run.

    python3 dev.py bench dashboard --size small     1,000 against 10,000 responses
    python3 dev.py bench dashboard                  100,000 against 1,000,000 responses

`--database` names a PostgreSQL server's address with `{}` where the name of an empty database goes;
default: SQLite files.

Source: performance, "dashboard".
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.cells import build_wave, store_built
from analysis.models import PublishedCell
from analysis.publishing import publish
from analysis.scoring import read_comments, unread_comments
from bench.filled_waves import START, FilledWave, bench_application, fill_waves
from surveys.accounts import add_user
from surveys.db import db
from surveys.terms import Role
from surveys.web_server import settle_memory

GOAL_MS = 50.0
GOAL_RATIO = 1.2
RUNS = 10
STAFF = 40
SIZES = {"small": (1_000, 10_000), "full": (100_000, 1_000_000)}
ROUNDS = {"small": 10, "full": 40}
PAGES = ("/overview/{}", "/drivers/{}", "/drivers/{}/incentives", "/comments/{}")
EMAIL, PASSWORD = "bench@vendor.example", "a password of a benchmark"


@dataclass(frozen=True, slots=True)
class Side:
    """One database: how much is in it, who asks, and for which run."""

    responses: int
    client: FlaskClient
    run: int
    published: int


def measure(sides: Sequence[Side], rounds: int) -> dict[str, list[list[float]]]:
    """Milliseconds of each page on each side, asked for in turn."""
    times: dict[str, list[list[float]]] = {page: [[] for _ in sides] for page in PAGES}
    for turn in range(rounds + 1):
        if turn == 1:
            settle_memory()  # as the server does; this process has filled databases before
        for page in PAGES:
            for place, side in enumerate(sides):
                taken = _asked(side, page.format(side.run))
                if turn:  # the first time fills caches of templates and statements
                    times[page][place].append(taken)
    return times


def _asked(side: Side, address: str) -> float:
    started = time.perf_counter()
    reply = side.client.get(address)
    taken = 1000 * (time.perf_counter() - started)
    assert reply.status_code == 200, address
    assert "chart" in reply.text or "comment" in reply.text, address
    return taken


def prepared(app: Flask, responses: int) -> Side:
    """Fill, count and publish; then sign in."""
    with app.app_context():
        upgrade()
        runs = fill_waves(
            db.engine, waves=RUNS, responses=responses // RUNS, staff=STAFF, has_comments=True
        )
        with Session(db.engine) as session:
            for run in runs:
                _worked_out(session, run)
            while comments := unread_comments(session):
                read_comments(session, comments)
                session.commit()
            for run in runs:
                _published(session, run)
            add_user(session, email=EMAIL, name="Bench", role=Role.ADMIN, password=PASSWORD)
            published = session.scalar(select(func.count()).select_from(PublishedCell)) or 0
            session.commit()
        db.session.remove()
    return Side(responses, _signed_in(app), runs[-1].partner, published)


def _worked_out(session: Session, run: FilledWave) -> None:
    for wave_id in filter(None, (run.partner, run.internal)):
        store_built(session, build_wave(session, wave_id), now=START)
    session.commit()


def _published(session: Session, run: FilledWave) -> None:
    for wave_id in filter(None, (run.partner, run.internal)):
        publish(session, wave_id, now=START)
    session.commit()


def _signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    assert token
    reply = client.post(
        "/login", data={"email": EMAIL, "password": PASSWORD, "csrf_token": token[1]}
    )
    assert reply.status_code == 303, "the benchmark's account cannot sign in"
    return client


def summary(sides: Sequence[Side], times: dict[str, list[list[float]]]) -> dict[str, object]:
    """The printed line: medians, 95th percentiles and ratio of each page."""
    pages = {}
    for page, (few, many) in times.items():
        pages[page.format("RUN")] = {
            "median_ms": [round(_at(each, 0.5), 1) for each in (few, many)],
            "p95_ms": [round(_at(each, 0.95), 1) for each in (few, many)],
            "ratio": round(_at(many, 0.5) / _at(few, 0.5), 2),
        }
    slowest = max(_at(many, 0.95) for _, many in times.values())
    ratio = max(_at(many, 0.5) / _at(few, 0.5) for few, many in times.values())
    return {
        "responses": [side.responses for side in sides],
        "published_cells": [side.published for side in sides],
        "pages": pages,
        "slowest_p95_ms": round(slowest, 1),
        "largest_ratio": round(ratio, 2),
        "goals": {"p95_ms": GOAL_MS, "ratio": GOAL_RATIO},
        "reached": slowest <= GOAL_MS and ratio <= GOAL_RATIO,
    }


def _at(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description="Server time of the result pages.")
    parser.add_argument("--size", choices=list(SIZES), default="full")
    parser.add_argument("--database", metavar="URL", help="with {} for the name; default: SQLite")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        url = options.database or f"sqlite:///{folder}/{{}}.db"
        apps = [bench_application(url.format(name), Path(folder, name)) for name in ("few", "many")]
        sides = [
            prepared(app, responses)
            for app, responses in zip(apps, SIZES[options.size], strict=True)
        ]
        times = measure(sides, ROUNDS[options.size])
        result = summary(sides, times)
        for app in apps:
            with app.app_context():
                db.engine.dispose()
    print(json.dumps({"benchmark": "dashboard", "size": options.size, **result}))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
