"""The `pulse` command: every name leads to its command, and none pays for another one."""

import subprocess
import sys

import click
import pytest
from flask import Flask
from flask.cli import ScriptInfo

from app import COMMANDS, cli

LOADED_LATE = (
    "aiosmtpd",
    "analysis.demo",
    "analysis.simulator",
    "apscheduler",
    "pandas",
    "pyreadstat",
    "textblob",
    "xlsxwriter",
)


def called(app: Flask) -> click.Context:
    """A call of the command line for this application."""
    return click.Context(cli, obj=ScriptInfo(create_app=lambda: app))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_name_leads_to_the_command_of_that_name(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert command.name == name
    assert command.help


def test_an_unknown_name_leads_nowhere(app: Flask) -> None:
    with called(app) as context:
        assert cli.get_command(context, "no-such-command") is None


def test_all_commands_are_listed_in_order(app: Flask) -> None:
    with called(app) as context:
        listed = cli.list_commands(context)

    assert set(COMMANDS) < set(listed)
    assert listed == sorted(listed)


def test_a_web_process_loads_nothing_that_only_a_command_needs() -> None:
    show = "import app, sys; print(*sys.modules)"

    loaded = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", show], check=True, capture_output=True, text=True
    ).stdout.split()

    assert "analysis.web" in loaded
    assert not set(LOADED_LATE) & set(loaded)
