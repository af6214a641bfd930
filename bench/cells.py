"""Score cells of one wave: CPU time per response, against a limit measured in the same run.

A wave of partners with five segment dimensions and companies of three, twelve answers each, after
an earlier wave of the same companies, so that links are counted too. The limit is the bare walk:
the same answers read from the same statement, counted by nobody. Goal: at most 0.1 ms CPU for all
cells of a response. What is counted is checked against the number of responses.

Source: performance, "analyse".
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from flask_migrate import upgrade
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from analysis.answer_stream import companies_of, wave_shape
from analysis.cells import build_wave, store_built
from analysis.models import ScoreCell
from bench.filled_waves import START, FilledWave, bench_application, fill_waves
from surveys.db import begin_read_only, db
from surveys.models import Wave

GOAL_MS = 0.1
SIZES = {"small": 3_000, "medium": 30_000, "large": 100_000}


def run(responses: int, *, url: str | None = None, repeats: int = 3) -> dict[str, object]:
    """Fill a database, build the cells of its later wave, and say what that took."""
    with tempfile.TemporaryDirectory() as folder:
        app = bench_application(url or f"sqlite:///{folder}/bench.db", Path(folder))
        with app.app_context():
            upgrade()
            engine = db.engine
            _, later = fill_waves(engine, waves=2, responses=responses)
            result = _measure(engine, later, repeats)
            db.session.remove()
            engine.dispose()
    return result


def _measure(engine: Engine, filled: FilledWave, repeats: int) -> dict[str, object]:
    builds, walks, stores = [], [], []
    built = None
    before = _peak_mb()
    for _ in range(repeats):
        walks.append(_cpu_of_walk(engine, filled.partner))
        started = time.process_time()
        with Session(engine) as session:
            begin_read_only(session)
            built = build_wave(session, filled.partner)
        builds.append(time.process_time() - started)
    assert built is not None
    peak = _peak_mb()
    started = time.process_time()
    with Session(engine) as session:
        assert store_built(session, built, now=START)
        session.commit()
    stores.append(time.process_time() - started)
    _check(engine, filled)
    n = filled.responses
    build_ms = 1000 * _median(builds) / n
    return {
        "benchmark": "cells",
        "database": engine.dialect.name,
        "responses": n,
        "cells": len(built.cells),
        "cpu_ms_per_response": round(build_ms, 4),
        "bare_walk_ms_per_response": round(1000 * _median(walks) / n, 4),
        "store_ms_per_response": round(1000 * _median(stores) / n, 4),
        "times_the_walk": round(_median(builds) / _median(walks), 1),
        "peak_mb": round(peak),
        "peak_growth_mb": round(peak - before),
        "goal_ms": GOAL_MS,
        "reached": build_ms <= GOAL_MS,
    }


def _cpu_of_walk(engine: Engine, wave_id: int) -> float:
    """CPU seconds of reading every answer of the wave, company by company, and nothing else."""
    started = time.process_time()
    with Session(engine) as session:
        begin_read_only(session)
        shape = wave_shape(session, session.get_one(Wave, wave_id))
        for _company in companies_of(session, shape):
            pass
    return time.process_time() - started


def _check(engine: Engine, filled: FilledWave) -> None:
    """Every response is in the total of every driver, and linked to the earlier wave."""
    with Session(engine) as session:
        cells = session.scalars(
            select(ScoreCell).where(ScoreCell.wave_id == filled.partner, ScoreCell.dimension == "")
        ).all()
    for cell in cells:
        assert sum(cell.histogram.values()) == filled.responses
        assert bool(cell.links) == bool(cell.sizes)
    assert sum(bool(cell.links) for cell in cells) >= 11


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if the goal is missed."""
    parser = argparse.ArgumentParser(description="CPU time of all score cells of a wave.")
    parser.add_argument("--size", choices=list(SIZES), default="large")
    parser.add_argument("--database", metavar="URL", help="an empty database; default: SQLite")
    options = parser.parse_args(argv)
    result = run(SIZES[options.size], url=options.database)
    print(json.dumps(result))
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
