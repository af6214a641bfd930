"""Skips are counted by name, and fail where everything must run."""

from __future__ import annotations

from pathlib import Path

import pytest
from required import names_of_skips

pytest_plugins = ["pytester"]

SUITE = """
    import pytest
    from required import missing

    @pytest.fixture
    def browser():
        missing("Chromium", "not on PATH")

    def test_one(browser): pass

    def test_two(browser): pass

    def test_three():
        missing("PostgreSQL", "no wheel (for this system)")

    @pytest.mark.skip(reason="it is Tuesday")
    def test_four(): pass

    @pytest.mark.xfail(reason="known", strict=True)
    def test_five(): assert False

    def test_six(): pass
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    monkeypatch.delenv("PULSE_TESTS_REQUIRE_ALL", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest('pytest_plugins = ["required"]')
    pytester.makepyfile(SUITE)
    return pytester


def test_skips_are_counted_by_what_was_missing(suite: pytest.Pytester) -> None:
    result = suite.runpytest_inprocess()

    result.assert_outcomes(passed=1, skipped=4, xfailed=1)
    result.stdout.fnmatch_lines(["Skipped by name: Chromium 2, PostgreSQL 1, other reasons 1"])
    assert result.ret == 0


def test_skips_of_parallel_workers_are_counted_too(suite: pytest.Pytester) -> None:
    result = suite.runpytest_subprocess("-n", "1")

    result.stdout.fnmatch_lines(["Skipped by name: Chromium 2, PostgreSQL 1, other reasons 1"])


def test_each_skip_fails_where_everything_must_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_TESTS_REQUIRE_ALL", "1")

    result = suite.runpytest_inprocess()

    outcomes = result.parseoutcomes()
    assert outcomes["failed"] + outcomes.get("errors", 0) == 4
    assert outcomes["passed"] == 1
    assert outcomes["xfailed"] == 1
    result.stdout.fnmatch_lines(["*asks for every test: *missing: Chromium (not on PATH)*"])
    assert result.ret == 1


def test_skipped_module_fails_where_everything_must_run(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_TESTS_REQUIRE_ALL", "1")
    suite.makepyfile(test_module='from required import missing\nmissing("Chromium", "none")')

    result = suite.runpytest_inprocess("test_module.py")

    assert result.ret != 0
    result.stdout.fnmatch_lines(["*asks for every test: *missing: Chromium (none)*"])


def test_nothing_is_said_when_nothing_was_skipped(suite: pytest.Pytester) -> None:
    result = suite.runpytest_inprocess("-k", "six")

    result.stdout.no_fnmatch_line("Skipped by name*")


def test_reason_in_other_words_is_counted_as_other() -> None:
    counts = names_of_skips(["Skipped: missing: Chromium (x)", "Skipped: too late"])

    assert counts == {"Chromium": 1, "other reasons": 1}
