"""A program on a database that it was not made for."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from factories import make_settings
from flask import Flask
from flask.cli import ScriptInfo
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from app import cli, create_app
from surveys.schema import SchemaTooOld, require_schema


def set_revision(engine: Engine, revision: str) -> None:
    """Claim that another migration was the last one."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_a_migrated_database_will_do(engine: Engine) -> None:
    require_schema(engine)


def test_a_newer_database_will_do(engine: Engine) -> None:
    set_revision(engine, "from_tomorrow")

    require_schema(engine)


@pytest.fixture
def empty(tmp_path: Path) -> Flask:
    """An application whose database has no tables."""
    return create_app(make_settings(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "instance"))


@pytest.mark.parametrize("command", [["users", "list"], ["worker", "--once"], ["demo"]])
def test_a_command_on_an_empty_database_says_what_to_run(empty: Flask, command: list[str]) -> None:
    called = CliRunner().invoke(cli, command, obj=ScriptInfo(create_app=lambda: empty))

    assert called.exit_code == 2
    assert called.output == "pulse: the database is empty; run 'pulse db upgrade' first\n"


def test_a_process_on_an_empty_database_is_not_ready(empty: Flask) -> None:
    reply = empty.test_client().get("/readyz")

    assert (reply.status_code, reply.text) == (
        503,
        "the database is empty; run 'pulse db upgrade' first\n",
    )


def test_a_process_on_its_own_database_is_ready(client: FlaskClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_an_older_database_is_named_with_its_revision() -> None:
    assert "revision 0001" in str(SchemaTooOld("0001"))
