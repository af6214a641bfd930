"""The demo's processes: free ports, shared settings, one run at a time, and a complete end."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from required import missing

from surveys.config import read_settings, with_workspace
from surveys.demo_processes import (
    Child,
    Ports,
    TroubleError,
    check_alive,
    child_environment,
    choose_ports,
    commands,
    end,
    is_free,
    last_lines,
    make_secret_key,
    only_one,
    preferred_ports,
    read_settings_file,
    start,
    wait_until_answering,
    workspace_settings,
    write_settings_file,
)

ROOT = Path(__file__).resolve().parent.parent
PORTS = Ports(web=8100, catcher=8125, smtp=1125)

SLEEPER = "import signal; print('started', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT_OF_STUBBORN = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {STUBBORN!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""
ANSWERING = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
# Stands for `dev.py up`: the same supervision, with tiny processes.
RUN = """
import json, sys
from pathlib import Path
from surveys.demo_processes import TroubleError, run_together, signals_interrupt
task = json.loads(sys.argv[1])
try:
    with signals_interrupt():
        run_together(task["processes"], environment=task["environment"], logs=Path(task["logs"]),
                     ready_urls=task["urls"], announce=lambda: print("ready", flush=True))
except TroubleError as trouble:
    sys.exit(str(trouble))
"""


def eventually(statement: Callable[[], bool], *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not statement():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def runs(process_id: int) -> bool:
    """Whether the process exists and is more than a zombie that its parent has not waited for."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python(script: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", script, *arguments]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[[str], Child]]:
    """Starts scripts as children and waits for their first line; ends them after the test."""
    with ExitStack() as stack:

        def started(script: str) -> Child:
            child = start("child", python(script), environment=dict(os.environ), logs=tmp_path)
            stack.callback(end, [child], grace_seconds=0)
            assert eventually(lambda: "\n" in child.log.read_text())
            return child

        yield started


def test_port_with_a_listener_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert not is_free(listener.getsockname()[1])


def test_port_with_a_listener_on_ipv6_is_not_free() -> None:
    with socket.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(("::1", 0))
        except OSError as error:
            missing("IPv6", str(error))
        listener.listen()

        assert not is_free(listener.getsockname()[1])


def test_port_that_nobody_uses_is_free() -> None:
    assert is_free(free_port())


def test_free_ports_are_taken_as_preferred() -> None:
    assert choose_ports(PORTS, free=lambda port: True) == PORTS


def test_port_in_use_is_replaced_by_the_next_free_one() -> None:
    chosen = choose_ports(PORTS, free=lambda port: port not in (8100, 8101))

    assert chosen == Ports(web=8102, catcher=8125, smtp=1125)


@given(
    web=st.integers(1, 65535), catcher=st.integers(1, 65535), smtp=st.integers(1, 65535),
    used=st.sets(st.integers(1, 65535)),
)  # fmt: skip
def test_chosen_ports_are_free_and_three(web: int, catcher: int, smtp: int, used: set[int]) -> None:
    try:
        chosen = choose_ports(Ports(web, catcher, smtp), free=lambda port: port not in used)
    except TroubleError:
        assert max(web, catcher, smtp) > 65535 - 200
        return

    ports = {chosen.web, chosen.catcher, chosen.smtp}
    assert len(ports) == 3
    assert not ports & used


def test_no_free_port_is_told_with_the_mend() -> None:
    with pytest.raises(TroubleError, match="--port"):
        choose_ports(PORTS, free=lambda port: False)


def test_ports_of_the_last_run_are_preferred_so_that_links_in_mails_keep_working() -> None:
    written = workspace_settings(Path("instance"), PORTS, {})

    assert preferred_ports(written, web=None) == PORTS


def test_asked_port_comes_before_the_one_of_the_last_run() -> None:
    written = workspace_settings(Path("instance"), PORTS, {})

    assert preferred_ports(written, web=9000).web == 9000


def test_first_run_has_ports_of_its_own() -> None:
    assert preferred_ports({}, web=None) == Ports()


def test_application_accepts_the_settings_of_the_demo(tmp_path: Path) -> None:
    make_secret_key(tmp_path / "secret_key")

    settings = read_settings(workspace_settings(tmp_path, PORTS, {}))

    assert settings.is_demo
    assert settings.base_url == "http://localhost:8100"
    assert settings.database_url == f"sqlite:///{tmp_path}/pulse.db"
    assert settings.smtp is not None
    assert (settings.smtp.host, settings.smtp.port) == ("127.0.0.1", 1125)
    assert settings.smtp.security == "none"


def test_database_named_by_the_caller_is_used(tmp_path: Path) -> None:
    settings = workspace_settings(tmp_path, PORTS, {"DATABASE_URL": "postgresql://localhost/demo"})

    assert settings["DATABASE_URL"] == "postgresql://localhost/demo"


def test_command_typed_by_hand_finds_the_workspace_of_the_demo(tmp_path: Path) -> None:
    make_secret_key(tmp_path / "secret_key")
    write_settings_file(tmp_path, workspace_settings(tmp_path, PORTS, {}))

    settings = read_settings(with_workspace({"PULSE_INSTANCE": str(tmp_path)}))

    assert settings.base_url == "http://localhost:8100"


def test_settings_of_the_shell_do_not_contradict_those_of_the_demo() -> None:
    shell = {
        "PATH": "/bin",
        "PULSE_SECRET_KEY": "of another installation",
        "PULSE_BASE_URL_FILE": "/etc/pulse/address",
        "PULSE_SMTP_PASSWORD": "secret",
        "PULSE_SMTP_PASSWORD_FILE": "/etc/pulse/password",
    }

    environment = child_environment(shell, workspace_settings(Path("instance"), PORTS, {}))

    assert environment["PATH"] == "/bin"
    assert environment["PULSE_SECRET_KEY_FILE"] == "instance/secret_key"
    assert not set(shell) - {"PATH"} & set(environment)


def test_written_settings_are_read_back(tmp_path: Path) -> None:
    settings = workspace_settings(tmp_path, PORTS, {"DATABASE_URL": "sqlite:///a=b"})

    write_settings_file(tmp_path, settings)

    assert read_settings_file(tmp_path) == settings


def test_settings_and_key_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    make_secret_key(tmp_path / "secret_key")
    write_settings_file(tmp_path, {})

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_secret_key_is_made_once(tmp_path: Path) -> None:
    make_secret_key(tmp_path / "key")
    first = (tmp_path / "key").read_text()

    make_secret_key(tmp_path / "key")

    assert (tmp_path / "key").read_text() == first
    assert len(first) >= 32


def test_workspace_without_settings_has_none(tmp_path: Path) -> None:
    assert read_settings_file(tmp_path) == {}


def test_each_process_is_told_its_ports() -> None:
    found = commands(PORTS, pulse=Path("pulse"))

    assert found == {
        "catcher": ["pulse", "catcher", "--smtp-port", "1125", "--web-port", "8125"],
        "web": ["pulse", "web", "--port", "8100"],
        "worker": ["pulse", "worker"],
    }


def test_second_run_on_a_workspace_is_refused_with_the_address_of_the_first(
    tmp_path: Path,
) -> None:
    write_settings_file(tmp_path, workspace_settings(tmp_path, PORTS, {}))

    with (
        only_one(tmp_path),
        pytest.raises(TroubleError, match=r"already runs.*http://localhost:8100"),
        only_one(tmp_path),
    ):
        pass


def test_workspace_is_free_again_after_a_run(tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass

    with only_one(tmp_path):
        pass


def test_ended_child_is_told_with_its_last_lines(launch: Callable[[str], Child]) -> None:
    child = launch("print('no such table: waves'); raise SystemExit(3)")
    child.process.wait()

    with pytest.raises(TroubleError, match=r"child ended \(exit 3\).*\n.*no such table: waves"):
        check_alive([child])


def test_running_child_is_no_trouble(launch: Callable[[str], Child]) -> None:
    check_alive([launch(SLEEPER)])


def test_only_the_last_lines_are_shown(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(
        b"".join(b"line %d\n" % number for number in range(50)) + b"\xff"
    )

    shown = last_lines(tmp_path / "log", count=2)

    assert shown.splitlines() == ["    line 49", "    \ufffd"]


def test_silent_child_has_said_nothing(tmp_path: Path) -> None:
    (tmp_path / "log").touch()

    assert "nothing" in last_lines(tmp_path / "log")


def test_child_ends_politely_when_it_obeys(launch: Callable[[str], Child]) -> None:
    child = launch(SLEEPER)

    end([child])

    assert child.process.returncode == -signal.SIGTERM


def test_child_that_ignores_the_polite_signal_is_ended_by_force(
    launch: Callable[[str], Child],
) -> None:
    child = launch(STUBBORN)

    end([child], grace_seconds=0.2)

    assert child.process.returncode == -signal.SIGKILL


def test_what_a_child_has_started_ends_with_it(launch: Callable[[str], Child]) -> None:
    child = launch(PARENT_OF_STUBBORN)
    grandchild = int(child.log.read_text())

    end([child], grace_seconds=0.2)

    assert eventually(lambda: not runs(grandchild))


def test_ending_an_ended_child_does_no_harm(launch: Callable[[str], Child]) -> None:
    child = launch(SLEEPER)
    end([child])

    end([child])

    assert child.process.returncode == -signal.SIGTERM


def test_answering_address_is_waited_for(tmp_path: Path) -> None:
    port = free_port()
    child = start("web", python(ANSWERING, str(port)), environment=dict(os.environ), logs=tmp_path)
    try:
        wait_until_answering(f"http://127.0.0.1:{port}/healthz", [child])

        assert not is_free(port)
    finally:
        end([child], grace_seconds=0)


def test_address_that_answers_an_error_is_not_ready(tmp_path: Path) -> None:
    port = free_port()
    child = start("web", python(ANSWERING, str(port)), environment=dict(os.environ), logs=tmp_path)
    try:
        with pytest.raises(TroubleError, match=r"did not answer within 1 seconds"):
            wait_until_answering(f"http://127.0.0.1:{port}/broken", [child], seconds=1)
    finally:
        end([child], grace_seconds=0)


def test_child_that_dies_is_not_waited_for(launch: Callable[[str], Child]) -> None:
    child = launch("print('port in use')")
    child.process.wait()

    with pytest.raises(TroubleError, match="port in use"):
        wait_until_answering(f"http://127.0.0.1:{free_port()}/healthz", [child])


class Run:
    """A process that stands for `dev.py up`, with a web server and a worker below it."""

    def __init__(self, folder: Path, *, worker: str = SLEEPER) -> None:
        self.folder = folder
        port = free_port()
        task = {
            "processes": {
                "web": python("import os; print(os.getpid(), flush=True)" + ANSWERING, str(port)),
                "worker": python("import os; print(os.getpid(), flush=True); " + worker),
            },
            "environment": dict(os.environ),
            "logs": str(folder),
            "urls": [f"http://127.0.0.1:{port}/healthz"],
        }
        self.process = subprocess.Popen(  # noqa: S603 - ours
            python(RUN, json.dumps(task)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        assert eventually(lambda: len(self.children()) == 2)

    def children(self) -> list[int]:
        logs = [self.folder / "web.log", self.folder / "worker.log"]
        words = [log.read_text().split() for log in logs]
        return [int(found[0]) for found in words if found]

    def finish(self) -> tuple[int, str]:
        errors = self.process.communicate(timeout=20)[1]
        return self.process.returncode, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_all_processes(tmp_path: Path, number: signal.Signals) -> None:
    run = Run(tmp_path)
    run.wait_until_ready()
    children = run.children()

    run.process.send_signal(number)

    assert run.finish() == (0, "")
    assert not any(runs(child) for child in children)


def test_process_that_dies_ends_the_others_and_is_quoted(tmp_path: Path) -> None:
    run = Run(tmp_path, worker="import sys; sys.stdin.close(); raise RuntimeError('lost its way')")
    code, errors = run.finish()

    assert code == 1
    assert "The worker ended (exit 1)" in errors
    assert "lost its way" in errors
    assert not any(runs(child) for child in run.children())


def test_second_interrupt_does_not_wait_for_a_stubborn_process(tmp_path: Path) -> None:
    run = Run(tmp_path, worker=STUBBORN)
    run.wait_until_ready()
    children = run.children()
    assert eventually(lambda: "started" in (tmp_path / "worker.log").read_text())
    begun = time.monotonic()

    run.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    run.process.send_signal(signal.SIGINT)

    assert run.finish()[0] == 0
    assert time.monotonic() - begun < 8
    assert not any(runs(child) for child in children)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a killed parent")
def test_processes_end_even_when_their_parent_is_killed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.wait_until_ready()
    children = run.children()

    run.process.kill()
    run.finish()

    assert eventually(lambda: not any(runs(child) for child in children))
