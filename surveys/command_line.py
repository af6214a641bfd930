"""What all commands share: errors in one line with exit code 2, and a command's audit entry."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from surveys.audit import record_event
from surveys.contact_file import FileRefused, file_text
from surveys.db import db
from surveys.errors import SurveyError
from surveys.runtime import now

ACTOR = "command line"


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
