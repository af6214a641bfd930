"""Fixtures: a database of its own for each test, on SQLite and PostgreSQL alike; a clock to set.

A test that asks for `database` (or anything made from it) runs twice. The schema comes from the
migrations, once a run; each test gets a copy.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from factories import SECRET, SetClock, make_settings
from flask import Flask, has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade
from postgres_server import PostgresServer, PostgresUnavailable
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import create_app
from surveys.db import db
from surveys.invitations import LinkKeys

pytest_plugins = ["required"]

# A shared machine may take long over one example; that is no fault of the rule under test.
hypothesis.settings.register_profile("shared machine", deadline=None)
# Where a run decides over a change, its examples are those of the run before; here they are new.
hypothesis.settings.register_profile("required", deadline=None, derandomize=True, database=None)
is_required = os.environ.get("PULSE_TESTS_REQUIRE_ALL") == "1"
hypothesis.settings.load_profile("required" if is_required else "shared machine")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a test's own, migrated database is."""

    url: str
    kind: str


def migrate(url: str, instance: Path) -> None:
    """Bring the database at this address to the newest schema."""
    app = create_app(make_settings(url, instance))
    with app.app_context():
        upgrade()
        db.engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    folder = tmp_path_factory.mktemp("sqlite")
    path = folder / "template.db"
    migrate(f"sqlite:///{path}", folder)
    return path


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A running PostgreSQL server with a migrated database named `template`."""
    try:
        server = PostgresServer()
        server.__enter__()
    except PostgresUnavailable as error:
        # Imported late: pytest wants to load its plugins itself.
        import required

        required.missing("PostgreSQL", str(error))
    try:
        server.create_database("migrated")
        migrate(server.url("migrated"), tmp_path_factory.mktemp("postgres"))
        yield server
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)],
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of this test alone."""
    if request.param == "sqlite":
        path = tmp_path / "pulse.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield Database(f"sqlite:///{path}", "sqlite")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = f"test_{abs(hash(request.node.nodeid)) % 10**12}"
    server.create_database(name, template="migrated")
    yield Database(server.url(name), "postgresql")
    server.drop_database(name)


class FailedParts(logging.Handler):
    """Remembers parts of pages that could not be drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what was logged."""
        self.found.append(record.getMessage())


@pytest.fixture(autouse=True)
def failed_parts() -> Iterator[list[str]]:
    """No page may hide that a part of it failed; a test of that empties the list."""
    handler = FailedParts()
    logger = logging.getLogger("analysis.web.parts")
    logger.addHandler(handler)
    yield handler.found
    logger.removeHandler(handler)
    assert handler.found == []


@pytest.fixture(autouse=True)
def _no_context_is_left() -> Iterator[None]:
    """A context left open would hand this test's application to the commands of later tests."""
    yield
    assert not has_app_context(), "this test left an application context open"


@pytest.fixture
def clock() -> SetClock:
    """The application's clock: Monday, 8 February 2027, 8:00 UTC."""
    return SetClock()


@pytest.fixture
def app(database: Database, clock: SetClock, tmp_path: Path) -> Iterator[Flask]:
    """An application on the test's own database."""
    app = create_app(make_settings(database.url, tmp_path / "instance"), clock=clock)
    app.testing = False
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without JavaScript."""
    return app.test_client()


@pytest.fixture
def engine(app: Flask) -> Engine:
    """The application's engine."""
    with app.app_context():
        return db.engine


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session as operations get it.

    No application context stays open beside it: a test client's requests would run inside that
    one and share its session. End a transaction (commit, rollback) before a request writes.
    """
    with Session(engine) as session:
        yield session


@pytest.fixture
def keys() -> LinkKeys:
    """What links are made of, as the test application's settings say."""
    return LinkKeys(SECRET, "localhost")


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements that run from here on."""
    from sqlalchemy import event

    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("PRAGMA"):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
