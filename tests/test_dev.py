"""The developer's commands: what they install and run, and what they say when they cannot."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dev
from surveys.demo_processes import Ports, TroubleError

ROOT = Path(__file__).resolve().parent.parent
PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "Gap"
msgstr "Różnica"
"""
VERBS = {"up", "test", "check", "bench", "pictures", "lock"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The files that decide what an environment holds."""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "app.txt").write_text("flask==3.1\n")
    (tmp_path / "requirements" / "test.txt").write_text("flask==3.1\npytest==9\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collects the commands that a verb would run, and lets each succeed."""
    commands: list[list[str]] = []

    def record(command: list[str], environment: object) -> int:
        commands.append([str(part) for part in command])
        return 0

    monkeypatch.setattr(dev, "_run", record)
    monkeypatch.setattr(dev, "prepare", lambda wanted: None)
    return commands


def record_of(checkout: Path, wanted: str) -> dict[str, str]:
    return dev.expected_record(checkout, wanted)


def steps_after(checkout: Path, recorded: dict[str, str], wanted: str) -> list[str]:
    return dev.steps_to_install(recorded, record_of(checkout, wanted))


# The environment


def test_empty_checkout_gets_everything(checkout: Path) -> None:
    assert steps_after(checkout, {}, "app") == ["venv", "requirements", "project"]


def test_second_run_installs_nothing(checkout: Path) -> None:
    assert steps_after(checkout, record_of(checkout, "app"), "app") == []


def test_environment_of_the_tests_serves_the_demo_too(checkout: Path) -> None:
    assert steps_after(checkout, record_of(checkout, "test"), "app") == []


def test_environment_of_the_demo_is_extended_for_the_tests(checkout: Path) -> None:
    assert steps_after(checkout, record_of(checkout, "app"), "test") == ["requirements"]


def test_changed_application_lock_makes_the_environment_anew(checkout: Path) -> None:
    recorded = record_of(checkout, "test")
    (checkout / "requirements" / "app.txt").write_text("flask==3.2\n")

    assert steps_after(checkout, recorded, "app") == ["venv", "requirements", "project"]


def test_changed_test_lock_leaves_the_demo_alone(checkout: Path) -> None:
    recorded = record_of(checkout, "test")
    (checkout / "requirements" / "test.txt").write_text("pytest==10\n")

    assert steps_after(checkout, recorded, "app") == []
    assert steps_after(checkout, recorded, "test") == ["requirements"]


def test_changed_project_is_installed_again_and_nothing_else(checkout: Path) -> None:
    recorded = record_of(checkout, "app")
    (checkout / "pyproject.toml").write_text("[project]\nname = 'x'\n")

    assert steps_after(checkout, recorded, "app") == ["project"]


def test_other_python_makes_the_environment_anew(checkout: Path) -> None:
    recorded = dev.expected_record(checkout, "app", version="3.11.2")
    expected = dev.expected_record(checkout, "app", version="3.12.0")

    assert "venv" in dev.steps_to_install(recorded, expected)


def test_moved_checkout_makes_the_environment_anew(checkout: Path) -> None:
    recorded = record_of(checkout, "app")
    moved = checkout.rename(checkout.with_name("moved"))

    assert "venv" in steps_after(moved, recorded, "app")


def test_packages_are_installed_by_hash_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(dev, "_installed", commands.append)
    monkeypatch.setattr(dev, "VENV", tmp_path)

    dev._install(["requirements"], "app")

    [command] = commands
    assert "--require-hashes" in command
    assert command[-2:] == ["-r", str(ROOT / "requirements" / "app.txt")]


def test_project_is_installed_without_downloading_anything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(dev, "_installed", commands.append)
    monkeypatch.setattr(dev, "VENV", tmp_path)

    dev._install(["project"], "app")

    [command] = commands
    assert {"--no-deps", "--no-build-isolation", "--editable"} <= set(command)


def test_uv_installs_where_there_is_one() -> None:
    command = dev.install_command(["-r", "x.txt"], uv="/bin/uv")

    assert command[:3] == ["/bin/uv", "pip", "install"]
    assert command[-2:] == ["-r", "x.txt"]
    assert str(dev.PYTHON) in command


def test_pip_of_the_environment_installs_where_there_is_no_uv() -> None:
    command = dev.install_command(["-r", "x.txt"], uv=None)

    assert command[:3] == [str(dev.PYTHON), "-m", "pip"]
    assert command[-2:] == ["-r", "x.txt"]


def test_python_without_venv_is_told_with_debians_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(TroubleError, match="apt install python3-venv"):
        dev._make_venv(None)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("Failed to establish: [Errno -3] Temporary failure in name resolution", "HTTPS_PROXY"),
        ("error: client error (Connect): dns error: failed to lookup", "HTTPS_PROXY"),
        ("ERROR: Could not find a version of flask==3.1.3 (from versions: none)", "HTTPS_PROXY"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "hash differs"),
        ("Hash mismatch for `flask==3.1.3`", "hash differs"),
        ("error: command 'gcc' failed", "command 'gcc' failed"),
    ],
)
def test_failed_installation_is_explained(output: str, words: str) -> None:
    assert words in dev.explain_failure(output)


def test_long_output_of_a_failed_installation_is_cut() -> None:
    output = "\n".join(f"line {number}" for number in range(100))

    explained = dev.explain_failure(output)

    assert "line 99" in explained
    assert "line 50" not in explained


def test_failing_installer_is_trouble_with_its_words() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('gcc is missing')"]

    with pytest.raises(TroubleError, match="gcc is missing"):
        dev._installed(command)


def catalogue(folder: Path, *, language: str = "pl") -> Path:
    source = folder / language / "LC_MESSAGES" / "messages.po"
    source.parent.mkdir(parents=True)
    source.write_text(PO)
    return source


def test_catalogue_without_a_compiled_form_is_stale(tmp_path: Path) -> None:
    source = catalogue(tmp_path)

    assert dev.stale_catalogues(tmp_path) == [source]


def test_catalogue_changed_after_compiling_is_stale(tmp_path: Path) -> None:
    source = catalogue(tmp_path)
    source.with_suffix(".mo").touch()
    later = time.time() + 10
    os.utime(source, (later, later))

    assert dev.stale_catalogues(tmp_path) == [source]


def test_stale_catalogue_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    source = catalogue(tmp_path)

    dev.compile_catalogues(tmp_path)

    assert "Różnica".encode() in source.with_suffix(".mo").read_bytes()
    assert dev.stale_catalogues(tmp_path) == []


def test_catalogue_that_babel_passes_over_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    source = catalogue(tmp_path)
    source.write_text("#, fuzzy" + PO)

    with pytest.raises(TroubleError, match="fuzzy"):
        dev.compile_catalogues(tmp_path)


# up


def test_running_demo_is_announced_with_addresses_and_sign_in() -> None:
    said = dev.announcement(
        Ports(web=8100, catcher=8125, smtp=1125), {"email": "ala@example.com", "password": "kot"}
    )

    assert "http://localhost:8100" in said
    assert "http://localhost:8125" in said
    assert "1125" in said
    assert "ala@example.com" in said
    assert "kot" in said


def test_empty_workspace_is_announced_without_a_sign_in() -> None:
    assert "first account" in dev.announcement(Ports(), {})


@pytest.fixture
def pulse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the application's command: writes down its calls, lists users from a file."""
    program = tmp_path / "pulse"
    program.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {tmp_path}/calls\n'
        f'if [ "$1" = users ]; then cat {tmp_path}/users; fi\n'
        f'if [ "$1" = demo ]; then exit $(cat {tmp_path}/demo-exit); fi\n'
    )
    program.chmod(0o755)
    (tmp_path / "users").write_text("id  email  role\n")
    (tmp_path / "demo-exit").write_text("0")
    monkeypatch.setattr(dev, "PULSE", program)
    monkeypatch.setattr(dev, "INSTANCE", tmp_path / "instance")
    (tmp_path / "instance").mkdir()
    return tmp_path


def calls(pulse: Path) -> list[str]:
    return (pulse / "calls").read_text().splitlines()


def test_first_start_makes_the_database_and_the_demo(pulse: Path) -> None:
    dev.fill_workspace(os.environ, size="medium")

    assert calls(pulse) == ["db upgrade", "users list", "demo --size medium"]


def test_second_start_keeps_the_demo_as_it_is(pulse: Path) -> None:
    (pulse / "instance" / "demo.json").write_text("{}")

    dev.fill_workspace(os.environ, size="medium")

    assert calls(pulse) == ["db upgrade"]


def test_workspace_with_people_in_it_gets_no_demo(pulse: Path) -> None:
    (pulse / "users").write_text("1  ala@example.com  admin\n")

    dev.fill_workspace(os.environ, size="medium")

    assert calls(pulse) == ["db upgrade", "users list"]


def test_empty_start_makes_no_demo(pulse: Path) -> None:
    dev.fill_workspace(os.environ, size=None)

    assert calls(pulse) == ["db upgrade"]


def test_demo_that_cannot_be_made_stops_the_start(pulse: Path) -> None:
    (pulse / "demo-exit").write_text("2")

    with pytest.raises(TroubleError, match="could not be made"):
        dev.fill_workspace(os.environ, size="small")


def test_failing_command_of_the_application_is_quoted(
    pulse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pulse / "pulse").write_text("#!/bin/sh\necho 'database is locked' >&2; exit 1\n")

    with pytest.raises(TroubleError, match=r"pulse db upgrade failed:\ndatabase is locked"):
        dev.fill_workspace(os.environ, size=None)


# test


def test_suite_runs_side_by_side_without_what_takes_minutes() -> None:
    command = dev.pytest_command(["-q", "tests/test_stats.py"])

    assert command[3:] == [
        *("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"),
        *("-m", "not slow", "-q", "tests/test_stats.py"),
    ]


@pytest.mark.parametrize("arguments", [["-m", "slow"], ["-mslow"]])
def test_marker_expression_of_ones_own_is_the_only_one(arguments: list[str]) -> None:
    assert dev.pytest_command(arguments)[3:] == arguments


def test_first_chromium_on_the_path_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("google-chrome", "chromium-browser"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert dev.find_chromium() == str(tmp_path / "chromium-browser")


def test_chromium_is_not_installed_where_that_is_not_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert dev.install_chromium() is None


def test_chromium_is_not_installed_without_apt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert dev.install_chromium() is None


def test_chromium_is_installed_by_apt_as_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(
        f'#!/bin/sh\nif [ "$1" = install ]; then\n'
        f"  : > {tmp_path}/chromium; /bin/chmod 755 {tmp_path}/chromium\nfi\n"
    )
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert dev.install_chromium() == str(tmp_path / "chromium")


def test_refusing_apt_means_no_chromium(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho 'no such package' >&2\nexit 100\n")
    (tmp_path / "apt-get").chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert dev.install_chromium() is None
    assert "no such package" in capsys.readouterr().out


def test_missing_chromium_is_named_before_the_tests_run(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "find_chromium", lambda: None)
    monkeypatch.setattr(dev, "install_chromium", lambda: None)

    assert dev.main(["test"]) == 0

    assert "Chromium is missing" in capsys.readouterr().out
    assert len(ran) == 1


def test_required_tests_and_chromium_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, str]] = []

    def run(command: list[str], environment: dict[str, str]) -> int:
        seen.append(environment)
        return 0

    monkeypatch.setattr(dev, "_run", run)
    monkeypatch.setattr(dev, "prepare", lambda wanted: None)
    monkeypatch.setattr(dev, "find_chromium", lambda: "/bin/chromium")

    dev.main(["test", "--require-all"])

    assert all(environment["PULSE_TESTS_REQUIRE_ALL"] == "1" for environment in seen)
    assert all(environment["PULSE_CHROMIUM"] == "/bin/chromium" for environment in seen)


# check, bench, pictures, lock


def test_check_runs_all_tools_even_if_one_finds_something(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tools: list[str] = []

    def run(command: list[str], environment: object) -> int:
        tools.append(Path(command[0]).name)
        return 1 if command[1:] == ["check", "."] else 0

    monkeypatch.setattr(dev, "_run", run)
    monkeypatch.setattr(dev, "prepare", lambda wanted: None)

    assert dev.main(["check"]) == 1

    assert tools == ["ruff", "ruff", "mypy", "djlint"]
    assert "Found something: ruff check ." in capsys.readouterr().out


def test_clean_check_says_so(ran: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["check"]) == 0
    assert "All checks are clean." in capsys.readouterr().out


def test_benchmarks_are_the_modules_with_a_main_function(tmp_path: Path) -> None:
    (tmp_path / "submit.py").write_text("import sys\n\ndef main() -> None:\n    pass\n")
    (tmp_path / "timing.py").write_text("def measure() -> None:\n    pass\n")

    assert dev.bench_names(tmp_path) == ["submit"]


def test_unknown_benchmark_lists_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "bench_names", lambda folder: ["cells", "submit"])

    assert dev.main(["bench", "nonsense"]) == 2

    assert "cells, submit" in capsys.readouterr().err


def test_benchmark_gets_its_arguments(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "bench_names", lambda folder: ["cells"])

    dev.main(["bench", "cells", "--rows", "5"])

    assert ran == [[str(dev.PYTHON), "-m", "bench.cells", "--rows", "5"]]


def test_a_benchmark_of_two_words_may_be_named_with_a_hyphen(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "bench_names", lambda folder: ["mail_faults"])

    dev.main(["bench", "mail-faults", "--size", "small"])

    assert ran == [[str(dev.PYTHON), "-m", "bench.mail_faults", "--size", "small"]]


def test_pictures_need_chromium(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "find_chromium", lambda: None)
    monkeypatch.setattr(dev, "install_chromium", lambda: None)

    assert dev.main(["pictures"]) == 1

    assert "Pictures need Chromium" in capsys.readouterr().err
    assert ran == []


def test_pictures_are_taken_by_the_module_of_that_name(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dev, "find_chromium", lambda: "/bin/chromium")

    assert dev.main(["pictures", "--width", "390"]) == 0

    assert ran == [[str(dev.PYTHON), "-m", "bench.pictures", "--width", "390"]]


@pytest.mark.parametrize("name", ["app", "test"])
def test_lock_holds_hashes_for_every_python_and_no_address(name: str) -> None:
    command = dev.lock_command("uv", name)

    assert {"--universal", "--generate-hashes", "--no-emit-index-url"} <= set(command)
    assert command[-3:] == ["pyproject.toml", "-o", f"requirements/{name}.txt"]


def test_test_set_is_locked_to_the_versions_of_the_application() -> None:
    command = dev.lock_command("uv", "test")

    assert command[command.index("-c") + 1] == "requirements/app.txt"
    assert "-c" not in dev.lock_command("uv", "app")


def test_all_extras_of_the_project_are_locked() -> None:
    names = re.findall(r"^(\w+) = \[", (ROOT / "pyproject.toml").read_text().split(
        "[project.optional-dependencies]")[1].split("[project.scripts]")[0], re.M)  # fmt: skip

    locked = dev.lock_command("uv", "test")

    assert sorted(names) == sorted(
        locked[i + 1] for i, part in enumerate(locked) if part == "--extra"
    )


@pytest.mark.parametrize("name", ["app", "test"])
def test_locked_files_name_no_address_and_hash_every_package(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    packages = re.split(r"\n(?=\S)", text.strip())

    assert "://" not in text
    assert all("--hash=sha256:" in package for package in packages)


def test_locking_without_uv_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert dev.main(["lock"]) == 1
    assert "needs uv" in capsys.readouterr().err


# The command line


def test_bare_command_lists_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main([]) == 0

    listed = capsys.readouterr().out
    assert all(re.search(rf"^ +{verb} ", listed, re.M) for verb in VERBS)


def test_unknown_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        dev.main(["up", "--nonsense"])

    assert ended.value.code == 2
    assert "--nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_impossible_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        dev.main(["up", "--port", port])

    assert ended.value.code == 2
    assert "port" in capsys.readouterr().err


def test_demo_is_of_medium_size_unless_told() -> None:
    known = dev.parser().parse_args(["up"])

    assert (known.size, known.empty, known.port) == ("medium", False, None)


def test_trouble_is_told_in_one_breath(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(wanted: str) -> None:
        raise TroubleError("no network")

    monkeypatch.setattr(dev, "prepare", prepare)

    assert dev.main(["check"]) == 1
    assert capsys.readouterr().err == "dev.py: no network\n"


def test_interrupt_ends_without_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(wanted: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(dev, "prepare", interrupted)

    assert dev.main(["check"]) == 130


def test_command_needs_nothing_but_the_standard_library() -> None:
    isolated = [sys.executable, "-S", str(ROOT / "dev.py")]

    result = subprocess.run(isolated, capture_output=True, text=True)  # noqa: S603 - our own command

    assert result.returncode == 0
    assert "bench" in result.stdout


def test_old_python_is_told_in_one_line() -> None:
    script = (
        "import runpy, sys; sys.version_info = (3, 8, 1)\n"
        f"runpy.run_path({str(ROOT / 'dev.py')!r}, run_name='__main__')"
    )

    result = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", script], capture_output=True, text=True
    )

    assert result.returncode == 1
    assert result.stderr == "dev.py needs Python 3.11 or newer; this is 3.8.\n"


def test_damaged_record_of_the_environment_is_no_record(tmp_path: Path) -> None:
    (tmp_path / "installed.json").write_text(json.dumps(["not", "a", "record"]))

    assert dev._read_json(tmp_path / "installed.json") == {}
    assert dev._read_json(tmp_path / "none.json") == {}


def test_ci_runs_the_tests_and_lets_none_be_skipped() -> None:
    text = (ROOT / ".ci" / "run").read_text()

    assert "set -euo pipefail" in text
    assert "python3 dev.py test --require-all" in text
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
