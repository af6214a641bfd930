"""What all commands share: how they are found, errors in one line, a command's audit entry."""

from collections.abc import Callable, Mapping
from functools import wraps
from importlib import import_module
from typing import Any

import click
from flask.cli import FlaskGroup, with_appcontext

from surveys.audit import record_event
from surveys.contact_file import FileRefused, file_text
from surveys.db import db
from surveys.errors import SurveyError
from surveys.runtime import now
from surveys.schema import require_schema

ACTOR = "command line"


class LateCommands(FlaskGroup):
    """A group whose commands are imported when they are called.

    A web process has no use for the demo's writer, nor any command for another one's libraries.

    Args:
        late: the place of each command, "module:name", under the name that people type.
    """

    def __init__(self, *args: Any, late: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._late = late

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands, sorted."""
        return sorted({*super().list_commands(ctx), *self._late})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name, or None."""
        place = self._late.get(name)
        if place is None:
            return super().get_command(ctx, name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


def says_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn an error of the domain into one line and exit code 2."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except SurveyError as error:
            db.session.rollback()
            words = file_text(error) if isinstance(error, FileRefused) else str(error)
            click.echo(f"pulse: {words}", err=True)
            raise SystemExit(2) from error

    return run


def on_database(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a command inside the application, with a migrated database, and say its errors."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        require_schema(db.engine)
        return command(*args, **kwargs)

    with_application: Callable[..., Any] = with_appcontext(says_errors(run))
    return with_application


def audit_command(
    action: str, object_type: str | None, object_id: int | None, **detail: Any
) -> None:
    """Write what a command did into the audit log, in the command's own transaction."""
    record_event(
        db.session(),
        action,
        actor=ACTOR,
        now=now(),
        object_type=object_type,
        object_id=object_id,
        **detail,
    )
