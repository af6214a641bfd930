"""What the running process knows: its settings and its clock. Only edges ask here.

Operations take `session`, `now` and settings as arguments, so that tests, benchmarks and the worker
call the same functions; this module is where an edge gets them from.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

from flask import current_app

from surveys.config import Settings

Clock = Callable[[], datetime]


def utc_clock() -> datetime:
    """The present instant, aware and in UTC."""
    return datetime.now(UTC)


def settings() -> Settings:
    """The settings of the current application."""
    return cast(Settings, current_app.config["PULSE_SETTINGS"])


def now() -> datetime:
    """The present instant by the application's clock."""
    return cast(Clock, current_app.config["PULSE_CLOCK"])()
