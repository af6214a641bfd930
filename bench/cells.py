"""Score cells of one wave: CPU time per response, against a limit measured in the same run.

A wave of partners with five segment dimensions and companies of three, twelve answers each, after
an earlier wave of the same companies, so that links are counted too. The limit is the bare walk:
the same answers read from the same statement, counted by nobody. Goal: at most 0.1 ms CPU for all
cells of a response. What is counted is checked against the number of responses.

Source: performance, "analyse".
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import Engine, func, insert, select
from sqlalchemy.orm import Session

from analysis.answer_stream import companies_of, wave_shape
from analysis.cells import build_wave, store_built
from analysis.models import ScoreCell
from app import create_app
from surveys.config import Settings
from surveys.db import begin_read_only, db
from surveys.models import (
    Answer,
    Contact,
    Invitation,
    Partner,
    Question,
    Response,
    SegmentProfile,
    VersionItem,
    Wave,
    WaveChange,
    Wording,
)
from surveys.question_bank import load_bank
from surveys.questionnaires import (
    create_survey,
    draft_from_template,
    install_bank,
    publish_version,
)
from surveys.terms import Audience, Channel, Mode, QuestionType, WaveState

GOAL_MS = 0.1
SIZES = {"small": 3_000, "medium": 30_000, "large": 100_000}
PEOPLE_PER_COMPANY = 3
DIMENSIONS = {
    "type": ("reseller", "integrator", "msp", "distributor"),
    "tier": ("gold", "silver", "registered"),
    "region": ("north", "south", "west", "east", "central"),
    "size_band": ("micro", "small", "medium", "large"),
    "revenue_band": ("A", "B", "C"),
}
START = datetime(2027, 2, 8, 8, tzinfo=UTC)
BLOCK = 2_000
SECRET = "a secret of a benchmark, long enough to pass"  # noqa: S105 - protects nothing


@dataclass(frozen=True, slots=True)
class Filled:
    """The two waves that were made."""

    earlier: int
    later: int
    responses: int


def run(responses: int, *, url: str | None = None, repeats: int = 3) -> dict[str, object]:
    """Fill a database, build the cells of its later wave, and say what that took."""
    with tempfile.TemporaryDirectory() as folder:
        app = _application(url or f"sqlite:///{folder}/bench.db", Path(folder))
        with app.app_context():
            upgrade()
            engine = db.engine
            filled = _fill(engine, responses)
            result = _measure(engine, filled, repeats)
            db.session.remove()
            engine.dispose()
    return result


def _application(url: str, folder: Path) -> Flask:
    settings = Settings(
        environment="test",
        secret_key=SECRET,
        identity_key=SECRET,
        database_url=url,
        base_url="http://localhost",
        instance=folder,
        smtp=None,
        mails_per_minute=1,
        late_limit_hours=12,
    )
    return create_app(settings)


def _measure(engine: Engine, filled: Filled, repeats: int) -> dict[str, object]:
    builds, walks, stores = [], [], []
    built = None
    before = _peak_mb()
    for _ in range(repeats):
        walks.append(_cpu_of_walk(engine, filled.later))
        started = time.process_time()
        with Session(engine) as session:
            begin_read_only(session)
            built = build_wave(session, filled.later)
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


def _check(engine: Engine, filled: Filled) -> None:
    """Every response is in the total of every driver, and linked to the earlier wave."""
    with Session(engine) as session:
        cells = session.scalars(
            select(ScoreCell).where(ScoreCell.wave_id == filled.later, ScoreCell.dimension == "")
        ).all()
    for cell in cells:
        assert sum(cell.histogram.values()) == filled.responses
        assert bool(cell.links) == bool(cell.sizes)
    assert sum(bool(cell.links) for cell in cells) >= 11


def _fill(engine: Engine, responses: int) -> Filled:
    with Session(engine) as session:
        version_id, survey_id, questions = _survey(session)
        waves = [_wave(session, survey_id, version_id, number) for number in (1, 2)]
        session.commit()
        profiles = _profiles(session, waves)
        _people(session, responses)
        for wave_id in waves:
            _answers(session, wave_id, responses, questions, profiles)
            session.add(WaveChange(wave_id=wave_id))
            session.commit()
        with_answers = session.scalar(
            select(func.count())
            .select_from(Response)
            .join(Invitation, Invitation.id == Response.id)
            .where(Invitation.wave_id == waves[1])
        )
        assert with_answers == responses
        session.commit()
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return Filled(waves[0], waves[1], responses)


def _survey(session: Session) -> tuple[int, int, list[tuple[int, QuestionType]]]:
    """A published quarterly pulse; ids of version and survey, and the twelve numbered questions."""
    install_bank(session, load_bank())
    survey = create_survey(
        session,
        slug="bench",
        name="Bench",
        mode=Mode.CONFIDENTIAL,
        time_zone="Europe/Warsaw",
        now=START,
    )
    version = draft_from_template(session, survey, bank=load_bank(), template_key="quarterly_pulse")
    publish_version(session, version, now=START)
    rows = session.execute(
        select(Question.id, Wording.type)
        .join(VersionItem, VersionItem.question_id == Question.id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id == version.id, VersionItem.audience == Audience.PARTNER)
        .order_by(VersionItem.position)
    )
    questions = [(row.id, row.type) for row in rows if row.type is not QuestionType.TEXT]
    return version.id, survey.id, questions


def _wave(session: Session, survey_id: int, version_id: int, number: int) -> int:
    opens_at = START + timedelta(days=90 * number)
    wave = Wave(
        survey_id=survey_id,
        version_id=version_id,
        audience=Audience.PARTNER,
        number=number,
        label=f"2027-Q{number}",
        mode=Mode.CONFIDENTIAL,
        state=WaveState.CLOSED,
        scheduled_at=opens_at,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=12),
        grace_until=opens_at + timedelta(days=12),
        dimensions=list(DIMENSIONS),
        min_people=5,
        min_companies=3,
        max_share_pct=50,
        min_comments=8,
        secret=b"x" * 32,
    )
    session.add(wave)
    session.flush()
    return wave.id


def _profiles(session: Session, waves: Sequence[int]) -> int:
    """Profiles of both waves; how many. Some hundreds occur, as in a real programme."""
    dice = random.Random(1)
    profiles = [
        {name: dice.choice(values) for name, values in DIMENSIONS.items()} for _ in range(240)
    ]
    for wave_id in waves:
        session.execute(
            insert(SegmentProfile),
            [
                {"wave_id": wave_id, "profile_no": number, "segments": segments}
                for number, segments in enumerate(profiles, start=1)
            ],
        )
    session.commit()
    return len(profiles)


def _people(session: Session, responses: int) -> None:
    n_companies = -(-responses // PEOPLE_PER_COMPANY)
    for block in _blocks(range(1, n_companies + 1)):
        session.execute(
            insert(Partner),
            [{"id": n, "name": f"P{n}", "search_key": f"p{n}", "attributes": {}} for n in block],
        )
    for block in _blocks(range(1, responses + 1)):
        session.execute(
            insert(Contact),
            [
                {
                    "id": n,
                    "audience": Audience.PARTNER,
                    "partner_id": 1 + (n - 1) // PEOPLE_PER_COMPANY,
                    "search_key": f"c{n}",
                    "locale": "en",
                    "attributes": {},
                    "created_at": START,
                }
                for n in block
            ],
        )
    session.commit()


def _answers(
    session: Session,
    wave_id: int,
    responses: int,
    questions: Sequence[tuple[int, QuestionType]],
    n_profiles: int,
) -> None:
    dice = random.Random(wave_id)
    first = (wave_id - 1) * responses
    for block in _blocks(range(1, responses + 1)):
        session.execute(
            insert(Invitation),
            [
                {
                    "id": first + n,
                    "wave_id": wave_id,
                    "mode": Mode.CONFIDENTIAL,
                    "contact_id": n,
                    "partner_id": 1 + (n - 1) // PEOPLE_PER_COMPANY,
                    "profile_no": 1 + (n - 1) // PEOPLE_PER_COMPANY % n_profiles,
                    "locale": "en",
                    "token_version": 1,
                    "answered_on": START.date(),
                }
                for n in block
            ],
        )
        session.execute(
            insert(Response),
            [
                {
                    "id": first + n,
                    "mode": Mode.CONFIDENTIAL,
                    "locale": "en",
                    "channel": Channel.EMAIL,
                    "started_at": START,
                    "submitted_at": START,
                }
                for n in block
            ],
        )
        session.execute(insert(Answer), _answer_rows(dice, first, block, questions))
    session.commit()


def _answer_rows(
    dice: random.Random, first: int, block: Sequence[int], questions: Any
) -> list[dict[str, int]]:
    return [
        {
            "response_id": first + n,
            "question_id": question_id,
            "item": 0,
            "value": dice.randint(0, 10) if type_ is QuestionType.NPS11 else dice.randint(1, 5),
        }
        for n in block
        for question_id, type_ in questions
    ]


def _blocks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), BLOCK):
        yield numbers[start : start + BLOCK]


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
