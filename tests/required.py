"""Skips that are counted by name, and that fail where everything must run.

A test that needs Chromium or PostgreSQL calls `missing` when the machine has none: the test is
skipped, and the last lines of the run say how many tests were skipped for the lack of what. With
PULSE_TESTS_REQUIRE_ALL=1 (`python3 dev.py test --require-all`, as in CI) each skip, this one or any
other, is a failure: a suite that ran only in part must not look green.

A pytest plugin; tests/conftest.py loads it. Whether PostgreSQL runs is known to postgres_server.py.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Generator
from typing import NoReturn, TypeVar

import pytest

VARIABLE = "PULSE_TESTS_REQUIRE_ALL"
WORDING = re.compile(r"missing: (?P<name>[^(]+) \(")

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def missing(name: str, why: str) -> NoReturn:
    """Skip the running test, or its whole module, since `name` is missing; `why` is one line."""
    pytest.skip(f"missing: {name} ({why})", allow_module_level=True)


def chromium_path() -> str:
    """The browser that dev.py found, or the one on the PATH; without one the test is skipped."""
    found = os.environ.get("PULSE_CHROMIUM") or shutil.which("chromium")
    return found or missing("Chromium", "not on the PATH")


def names_of_skips(reasons: list[str]) -> Counter[str]:
    """How many tests were skipped for each missing thing; the rest are 'other reasons'."""
    found = (WORDING.search(reason) for reason in reasons)
    return Counter(match["name"] if match else "other reasons" for match in found)


def everything_is_required() -> bool:
    return os.environ.get(VARIABLE) == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skipped test into a failed one where everything must run."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failed one where everything must run."""
    return _failed_if_skipped((yield))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what was missing and how many tests did not run for it."""
    reasons = [_reason(report) for report in terminalreporter.stats.get("skipped", [])]
    counts = sorted(names_of_skips(reasons).items())
    if counts:
        said = ", ".join(f"{name} {count}" for name, count in counts)
        terminalreporter.write_line(f"Skipped by name: {said}", yellow=True)


def _failed_if_skipped(report: Report) -> Report:
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped and not expected_failure and everything_is_required():
        report.outcome = "failed"
        report.longrepr = f"skipped, but {VARIABLE}=1 asks for every test: {_reason(report)}"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    place_and_reason = report.longrepr
    return place_and_reason[2] if isinstance(place_and_reason, tuple) else str(place_and_reason)
