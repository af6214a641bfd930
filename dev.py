#!/usr/bin/env python3
"""The developer's commands: environment, demo, tests, checks, benchmarks, pictures, lock files.

    python3 dev.py            lists them

Needs git and Python 3.11 or newer, nothing else: this file uses the standard library only, makes
`.venv/` from the locked requirements and runs everything else inside it. It knows how to start and
end the application's processes, and nothing of what they do.
"""

import sys

# One clear line for an old Python 3, so nothing in this file may be a syntax error there.
if sys.version_info < (3, 11):  # noqa: UP036 - see above
    sys.exit("dev.py needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])  # noqa: UP031
if sys.platform == "win32":
    sys.exit("dev.py runs on Linux and macOS; on Windows, run it inside WSL.")

import argparse
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from surveys.demo_processes import (
    Ports,
    TroubleError,
    child_environment,
    choose_ports,
    commands,
    make_secret_key,
    only_one,
    preferred_ports,
    read_settings_file,
    run_together,
    signals_interrupt,
    workspace_settings,
    write_settings_file,
)

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
PULSE = VENV / "bin" / "pulse"
INSTANCE = ROOT / "instance"

EXTRAS = {"app": ("build", "postgres", "demo"), "test": ("spss", "test", "check")}
SAME_ORDER = "--randomly-seed=1"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
NETWORK_SIGNS = (
    "name resolution",
    "NewConnectionError",
    "ConnectTimeout",
    "dns error",
    "error sending request",
    "Could not connect",
    "from versions: none",  # an index that cannot be reached looks empty to pip
)


# --- The environment ------------------------------------------------------------------------------


def expected_record(root: Path, wanted: str, *, version: str = sys.version) -> dict[str, str]:
    """What must have been installed into `.venv/` for the set `wanted` (app or test), as hashes.

    `base` changes with Python, with the place of the checkout and with the locked application: then
    the environment is made anew.
    """
    locked = (root / "requirements" / "app.txt").read_text()
    record = {
        "base": _digest(version, str(root), locked),
        "project": _digest((root / "pyproject.toml").read_text()),
    }
    if wanted == "test":
        record["test"] = _digest((root / "requirements" / "test.txt").read_text())
    return record


def steps_to_install(recorded: Mapping[str, str], expected: Mapping[str, str]) -> list[str]:
    """What is to be done, in order: some of venv, requirements, project."""
    changed = {key for key, value in expected.items() if recorded.get(key) != value}
    if "base" in changed:
        return ["venv", "requirements", "project"]
    parts = {"test": "requirements", "project": "project"}
    return [step for key, step in parts.items() if key in changed]


def install_command(arguments: Iterable[str], *, uv: str | None) -> list[str]:
    """The command that installs into `.venv/`: by uv where there is one, else by pip."""
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", str(PYTHON), *arguments]
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    return [*pip, "--quiet", "--no-compile", *arguments]


def explain_failure(output: str) -> str:
    """What went wrong with an installation, and the mend, from what the installer printed."""
    if any(sign.lower() in output.lower() for sign in NETWORK_SIGNS):
        return (
            "The packages could not be downloaded: there is no way to the package index.\n"
            "Connect this machine, or name your proxy in HTTPS_PROXY, and run the command again."
        )
    if "hash" in output.lower() and "match" in output.lower():
        return (
            "A downloaded package is not the one that was locked (its hash differs).\n"
            "A proxy or a mirror may have changed it; nothing was installed from it."
        )
    return "The installation failed:\n" + "\n".join(output.strip().splitlines()[-15:])


def prepare(wanted: str) -> None:
    """Make `.venv/` what the set `wanted` (app or test) asks for; a second time costs nothing."""
    record_file = VENV / "installed.json"
    recorded = _read_json(record_file) if PYTHON.exists() else {}
    expected = expected_record(ROOT, wanted)
    steps = steps_to_install(recorded, expected)
    if steps:
        record_file.unlink(missing_ok=True)
        _install(steps, wanted)
        kept = {} if "venv" in steps else recorded
        record_file.write_text(json.dumps({**kept, **expected}))
    compile_catalogues(ROOT / "translations")


def _install(steps: list[str], wanted: str) -> None:
    uv = shutil.which("uv")
    print(f"Preparing .venv with {'uv' if uv else 'pip; the first time takes about a minute'} ...")
    if "venv" in steps:
        _make_venv(uv)
    if "requirements" in steps:
        locked = str(ROOT / "requirements" / f"{wanted}.txt")
        _installed(install_command(["--require-hashes", "--no-deps", "-r", locked], uv=uv))
    if "project" in steps:
        editable = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
        _installed(install_command(editable, uv=uv))
    # Without bytecode the first start takes ten seconds; a file that cannot be compiled is no harm.
    folders = [str(VENV / "lib"), *(str(ROOT / name) for name in ("app.py", "surveys", "analysis"))]
    subprocess.run([PYTHON, "-m", "compileall", "-q", "-j", "0", *folders], capture_output=True)


def _make_venv(uv: str | None) -> None:
    if uv is None and importlib.util.find_spec("ensurepip") is None:
        raise TroubleError(
            "This Python cannot make virtual environments: its module ensurepip is missing.\n"
            "On Debian and Ubuntu: apt install python3-venv (or install uv), then run this again."
        )
    _installed([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if uv is None:
        _installed([str(PYTHON), "-m", "ensurepip", "--default-pip"])


def _installed(command: list[str]) -> None:
    result = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    if result.returncode != 0:
        raise TroubleError(explain_failure(result.stdout))


def stale_catalogues(folder: Path) -> list[Path]:
    """The translation sources (.po) whose compiled form is missing or older."""
    sources = sorted(folder.glob("*/LC_MESSAGES/*.po"))
    return [source for source in sources if _is_stale(source, source.with_suffix(".mo"))]


def compile_catalogues(folder: Path) -> None:
    """Compile what is stale. Raises TroubleError for a source that cannot be compiled."""
    babel = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet", "compile"]
    for source in stale_catalogues(folder):
        target = source.with_suffix(".mo")
        _installed([*babel, "-i", str(source), "-o", str(target)])
        if not target.exists():
            raise TroubleError(f"{source} was passed over: is its first entry marked fuzzy?")


def _is_stale(source: Path, compiled: Path) -> bool:
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _read_json(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# --- up: the demo ---------------------------------------------------------------------------------


def up(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Bring the demo up, and keep it up until it is told to end."""
    prepare("app")
    INSTANCE.mkdir(exist_ok=True)
    with only_one(INSTANCE):
        preferred = preferred_ports(read_settings_file(INSTANCE), web=arguments.port)
        ports = choose_ports(preferred)
        settings = workspace_settings(INSTANCE, ports, os.environ)
        make_secret_key(INSTANCE / "secret_key")
        write_settings_file(INSTANCE, settings)
        environment = child_environment(os.environ, settings)
        fill_workspace(environment, size=None if arguments.empty else arguments.size)
        run_together(
            commands(ports, pulse=PULSE),
            environment=environment,
            logs=INSTANCE / "log",
            # By the name of the settings: the application answers to no other.
            ready_urls=[f"http://localhost:{port}/healthz" for port in (ports.catcher, ports.web)],
            announce=lambda: print(announcement(ports, _read_json(INSTANCE / "demo.json"))),
        )
    print("\nEnded.")
    return 0


def fill_workspace(environment: Mapping[str, str], *, size: str | None) -> None:
    """Make or upgrade the database; put the demo in if a size is given and nobody is in there."""
    print("Preparing the database ...")
    _pulse(["db", "upgrade"], environment)
    if size is None or (INSTANCE / "demo.json").exists():
        return
    if "@" not in _pulse(["users", "list"], environment):
        print(f"Making the demo workspace (size {size}) ...")
        done = subprocess.run([PULSE, "demo", "--size", size], env=environment, cwd=ROOT)
        if done.returncode != 0:
            raise TroubleError("The demo workspace could not be made; see the lines above.")


def _pulse(arguments: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [PULSE, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise TroubleError(f"pulse {' '.join(arguments)} failed:\n{said}")
    return done.stdout


def announcement(ports: Ports, account: Mapping[str, str]) -> str:
    """What is printed when everything answers: addresses, sign-in, how to end it."""
    sign_in = "make the first account on the page above"
    if account:
        sign_in = f"{account.get('email')}   password: {account.get('password')}"
    return (
        "\nPartner Pulse is running.\n\n"
        f"    Pages         http://localhost:{ports.web}\n"
        f"    Sign-in       {sign_in}\n"
        f"    Mail catcher  http://localhost:{ports.catcher}   (SMTP on port {ports.smtp})\n\n"
        "Data and logs are kept in instance/. Ctrl-C ends everything."
    )


# --- test, check, bench, pictures, lock -----------------------------------------------------------


def pytest_command(arguments: list[str]) -> list[str]:
    """The run of the suite: what takes minutes waits for a marker expression of one's own."""
    pytest = [str(PYTHON), "-m", "pytest"]
    if any(argument.startswith("-m") for argument in arguments):
        return [*pytest, *arguments]
    side_by_side = ["-n", "auto", "--maxprocesses", "4", "--dist", "worksteal"]
    return [*pytest, *side_by_side, "-m", "not slow", *arguments]


def test(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Run the whole suite, or what the pytest arguments select of it."""
    prepare("test")
    environment = dict(os.environ)
    chromium = find_chromium() or install_chromium()
    if chromium is None:
        print("Chromium is missing: browser tests are skipped (Debian: apt install chromium).")
    else:
        environment["PULSE_CHROMIUM"] = chromium
    if arguments.require_all:
        environment["PULSE_TESTS_REQUIRE_ALL"] = "1"
        extra = [SAME_ORDER, *extra]
    return _run(pytest_command(extra), environment)


def find_chromium() -> str | None:
    found = (shutil.which(name) for name in CHROMIUM)
    return next((path for path in found if path), None)


def install_chromium() -> str | None:
    """Install Debian's chromium where that is allowed; None where it is not, or did not work."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    print("Installing Debian's chromium for the browser tests ...")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    packages = ["chromium", "fonts-liberation"]
    for command in ([apt, "update"], [apt, "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            print("\n".join(done.stderr.strip().splitlines()[-5:]))
            return None
    return find_chromium()


def check(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Check lint, formatting, types and templates."""
    prepare("test")
    tools = (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy"],
        ["djlint", "templates", "--lint", "--quiet"],
    )
    failed = []
    for tool in tools:
        print(f"$ {' '.join(tool)}", flush=True)
        if _run([str(VENV / "bin" / tool[0]), *tool[1:]], os.environ) != 0:
            failed.append(" ".join(tool))
    print(f"Found something: {', '.join(failed)}" if failed else "All checks are clean.")
    return 1 if failed else 0


def bench_names(folder: Path) -> list[str]:
    """The benchmarks: the modules of bench/ that have a main function."""
    modules = sorted(folder.glob("*.py"))
    return [path.stem for path in modules if "\ndef main(" in path.read_text()]


def bench(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Run one benchmark of bench/ by its name."""
    names = bench_names(ROOT / "bench")
    name = arguments.name.replace("-", "_")
    if name not in names:
        print("Name one of the benchmarks:", ", ".join(names) or "there are none", file=sys.stderr)
        return 2
    prepare("test")
    return _run([str(PYTHON), "-m", f"bench.{name}", *extra], os.environ)


def pictures(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Take pictures of the pages into pictures/."""
    prepare("test")
    chromium = find_chromium() or install_chromium()
    if chromium is None:
        raise TroubleError("Pictures need Chromium (Debian: apt install chromium).")
    environment = {**os.environ, "PULSE_CHROMIUM": chromium}
    return _run([str(PYTHON), "-m", "bench.pictures", *extra], environment)


def lock_command(uv: str, name: str) -> list[str]:
    """The command that resolves one set for all supported Pythons and platforms, with hashes."""
    flags = "--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header"
    sets = EXTRAS["app"] if name == "app" else EXTRAS["app"] + EXTRAS["test"]
    extras = [part for extra in sets for part in ("--extra", extra)]
    same_as_app = [] if name == "app" else ["-c", "requirements/app.txt"]
    target = ["pyproject.toml", "-o", f"requirements/{name}.txt"]
    return [uv, "pip", "compile", *flags.split(), "--no-annotate", *extras, *same_as_app, *target]


def lock(arguments: argparse.Namespace, extra: list[str]) -> int:
    """Resolve the dependencies anew into requirements/."""
    uv = shutil.which("uv")
    if uv is None:
        raise TroubleError("Locking needs uv on the PATH (for example: pipx install uv).")
    for name in EXTRAS:
        if _run([*lock_command(uv, name), "--quiet", *extra], os.environ) != 0:
            return 1
        if "://" in (ROOT / "requirements" / f"{name}.txt").read_text():
            raise TroubleError(f"requirements/{name}.txt holds an address; it must not.")
    return 0


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    return subprocess.run(command, env=environment, cwd=ROOT).returncode


# --- The command line -----------------------------------------------------------------------------


def parser() -> argparse.ArgumentParser:
    """The verbs and their options; what a verb passes on to another program is left over."""
    top = argparse.ArgumentParser(
        prog="dev.py", description="Developer's commands of Partner Pulse.", allow_abbrev=False
    )
    verbs = top.add_subparsers(metavar="VERB", required=False)

    def add(run: Callable[..., int], *, more: str = "") -> argparse.ArgumentParser:
        summary = (run.__doc__ or "").splitlines()[0]
        verb = verbs.add_parser(
            run.__name__, help=summary, description=summary, epilog=more, allow_abbrev=False
        )
        verb.set_defaults(run=run, passes_on=bool(more))
        return verb

    verb = add(up)
    verb.add_argument("--empty", action="store_true", help="no demo data: see the first run")
    verb.add_argument(
        "--port", type=port_number, help="of the pages; the next free one if it is in use"
    )
    verb.add_argument("--size", choices=("small", "medium"), default="medium")
    verb = add(test, more="All other arguments go to pytest.")
    verb.add_argument("--require-all", action="store_true", help="a skipped test is a failure")
    add(check)
    verb = add(bench, more="All other arguments go to the benchmark.")
    verb.add_argument("name", nargs="?", default="", help="without it: lists them")
    add(pictures, more="All other arguments go to bench/pictures.py.")
    add(lock, more="All other arguments go to uv, for example --upgrade.")
    return top


def port_number(text: str) -> int:
    """A port a person may ask for. Raises ValueError, which argparse tells as a wrong value."""
    number = int(text)
    if not 1 <= number <= 65535:
        raise ValueError(text)
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0 well, 1 trouble, 2 wrong usage."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in a pipe, too, our lines come before theirs
    commands_of_dev = parser()
    known, extra = commands_of_dev.parse_known_args(arguments)
    if "run" not in known:
        commands_of_dev.print_help()
        return 0
    if extra and not known.passes_on:
        commands_of_dev.error(f"unknown argument: {' '.join(extra)}")
    try:
        with signals_interrupt():
            return int(known.run(known, extra))
    except TroubleError as trouble:
        print(f"dev.py: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
