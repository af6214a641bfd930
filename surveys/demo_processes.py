"""The processes of the demo, started together and ended together: web server, worker, mail catcher.

Free ports, the settings that the processes share, one run per workspace, and an end that leaves
nothing behind. Standard library only, since dev.py imports this before anything is installed. What
the processes do, and how an installation in earnest runs them, is no matter of this module.
"""

import contextlib
import ctypes
import fcntl
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from surveys.config import WORKSPACE_FILE

READY_SECONDS = 60.0
GRACE_SECONDS = 10.0
FOREIGN = frozenset({"PULSE_SMTP_USERNAME", "PULSE_SMTP_PASSWORD"})  # the catcher asks for none
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


class TroubleError(Exception):
    """Something the person at the terminal can mend; the message says what it is and how."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the three servers of the demo listen, on this machine only."""

    web: int = 8000
    catcher: int = 8025
    smtp: int = 1025


@dataclass(frozen=True, slots=True)
class Child:
    """A started process, leader of its own group, and the file that its output goes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def is_free(port: int) -> bool:
    """Whether nothing listens there, on IPv4 and IPv6: 'localhost' may mean either."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(1)
            if probe.connect_ex((host, port)) == 0:
                return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_ports(preferred: Ports, *, free: Callable[[int], bool] = is_free) -> Ports:
    """The preferred ports, each moved up to the next free one if it is in use."""
    chosen: list[int] = []
    for port in (preferred.web, preferred.catcher, preferred.smtp):
        candidates = range(port, min(port + 200, 65536))
        found = next((one for one in candidates if one not in chosen and free(one)), None)
        if found is None:
            raise TroubleError(f"No free port from {port} on. Name another with --port.")
        chosen.append(found)
    return Ports(*chosen)


def preferred_ports(written: Mapping[str, str], *, web: int | None) -> Ports:
    """The ports of the last run, so that links in mails already caught still work; else ours."""
    usual = Ports()
    return Ports(
        web=web or urlsplit(written.get("PULSE_BASE_URL", "")).port or usual.web,
        catcher=urlsplit(written.get("PULSE_CATCHER_URL", "")).port or usual.catcher,
        smtp=int(written.get("PULSE_SMTP_PORT", usual.smtp)),
    )


def workspace_settings(instance: Path, ports: Ports, environ: Mapping[str, str]) -> dict[str, str]:
    """The settings of the demo's processes; SQLite in `instance` unless DATABASE_URL is set."""
    settings = {
        "PULSE_ENV": "demo",
        "PULSE_INSTANCE": str(instance),
        "PULSE_BASE_URL": f"http://localhost:{ports.web}",
        "PULSE_CATCHER_URL": f"http://localhost:{ports.catcher}",
        "PULSE_SECRET_KEY_FILE": str(instance / "secret_key"),
        "PULSE_SMTP_HOST": "127.0.0.1",
        "PULSE_SMTP_PORT": str(ports.smtp),
        "PULSE_SMTP_SECURITY": "none",
    }
    if environ.get("DATABASE_URL"):
        settings["DATABASE_URL"] = environ["DATABASE_URL"]
    return settings


def child_environment(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """`environ` with the settings, and without whatever could contradict them."""
    from_files = {f"{name}_FILE" for name in (*settings, *FOREIGN)}
    without_file = {name.removesuffix("_FILE") for name in settings}
    dropped = from_files | without_file | FOREIGN
    kept = {key: value for key, value in environ.items() if key not in dropped}
    return {**kept, "PYTHONUNBUFFERED": "1", **settings}


def commands(ports: Ports, *, pulse: Path) -> dict[str, list[str]]:
    """The processes of the demo by name; the catcher first, since the others mail to it."""
    catcher_ports = ["--smtp-port", str(ports.smtp), "--web-port", str(ports.catcher)]
    return {
        "catcher": [str(pulse), "catcher", *catcher_ports],
        "web": [str(pulse), "web", "--port", str(ports.web)],
        "worker": [str(pulse), "worker"],
    }


def read_settings_file(instance: Path) -> dict[str, str]:
    """What the last `up` wrote down for this workspace; empty before the first."""
    try:
        lines = (instance / WORKSPACE_FILE).read_text().splitlines()
    except FileNotFoundError:
        return {}
    return {name: value for name, sign, value in (line.partition("=") for line in lines) if sign}


def write_settings_file(instance: Path, settings: Mapping[str, str]) -> None:
    text = "".join(f"{name}={value}\n" for name, value in settings.items())
    path = instance / WORKSPACE_FILE
    path.touch(mode=0o600)  # an address of a database may hold its password
    path.write_text(text)


def make_secret_key(path: Path) -> None:
    """Write a random key, readable by its owner only, unless there is one."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))


@contextlib.contextmanager
def only_one(instance: Path) -> Iterator[None]:
    """Hold the workspace: the lock is the process's own, so it is free again however that ends.

    Raises TroubleError, with the address, if another `up` runs on this workspace.
    """
    with (instance / "dev.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            address = read_settings_file(instance).get("PULSE_BASE_URL", "just starting")
            raise TroubleError(
                f"Partner Pulse already runs from this folder: {address}\n"
                "Press Ctrl-C where it was started to end it."
            ) from None
        yield


def start(name: str, command: list[str], *, environment: Mapping[str, str], logs: Path) -> Child:
    """Start a process in a group of its own; its output goes to `logs`/`name`.log.

    Call it from the main thread: on Linux the process is told to end when that thread does.
    """
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )
    return Child(name, process, log)


def _end_with_parent() -> None:
    # So that nothing stays behind even when the parent is killed outright. Linux alone knows it.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def check_alive(children: Iterable[Child]) -> None:
    """Raises TroubleError, with its last lines, for the first child that has ended by itself."""
    for child in children:
        code = child.process.poll()
        if code is not None:
            said = last_lines(child.log)
            raise TroubleError(f"The {child.name} ended (exit {code}). It said last:\n{said}")


def last_lines(log: Path, *, count: int = 20) -> str:
    lines = log.read_text(errors="replace").rstrip().splitlines()[-count:]
    return "\n".join(f"    {line}" for line in lines) or "    (nothing)"


def wait_until_answering(
    url: str, children: list[Child], *, seconds: float = READY_SECONDS
) -> None:
    """Wait until `url` answers 200.

    Raises TroubleError if a child ends meanwhile, or if it takes longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not _answers(url):
        check_alive(children)
        if time.monotonic() > deadline:
            raise TroubleError(f"{url} did not answer within {seconds:.0f} seconds; see the logs.")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with no_proxy.open(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def end(children: list[Child], *, grace_seconds: float = GRACE_SECONDS) -> None:
    """End each child and all it started: politely, then, after `grace_seconds`, by force.

    A second Ctrl-C shortens the wait.
    """
    _signal_groups(children, signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < deadline and any(_group_exists(child) for child in children):
            time.sleep(0.05)
    _signal_groups(children, signal.SIGKILL)
    for child in children:
        child.process.wait()


def _group_exists(child: Child) -> bool:
    child.process.poll()  # a leader that ended stays in its group until it is waited for
    try:
        os.killpg(child.process.pid, 0)
    except (ProcessLookupError, PermissionError):
        # 'Not permitted' is what macOS says of a group whose members have all ended.
        return False
    return True


def _signal_groups(children: Iterable[Child], number: signal.Signals) -> None:
    for child in children:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, number)


def run_together(
    processes: Mapping[str, list[str]],
    *,
    environment: Mapping[str, str],
    logs: Path,
    ready_urls: Iterable[str],
    announce: Callable[[], None],
) -> None:
    """Run the processes until KeyboardInterrupt (see `signals_interrupt`), then end them all.

    `announce` is called once, when each of the addresses answers 200. Raises TroubleError, after
    ending the others, if one of them ends by itself.
    """
    logs.mkdir(parents=True, exist_ok=True)
    children: list[Child] = []
    try:
        for name, command in processes.items():
            children.append(start(name, command, environment=environment, logs=logs))
        for url in ready_urls:
            wait_until_answering(url, children)
        announce()
        _watch(children)
    except KeyboardInterrupt:
        return
    finally:
        end(children)


def _watch(children: list[Child]) -> NoReturn:
    while True:
        check_alive(children)
        time.sleep(0.25)


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Let SIGTERM and the closing of the terminal (SIGHUP) end the block as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
