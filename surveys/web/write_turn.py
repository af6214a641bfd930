"""One respondent's write at a time on SQLite.

SQLite has one writer. Others wait by sleeping longer and longer, and whoever comes last often takes
the turn of those who slept: with eight respondents at once one submit in twenty took a quarter of a
second. Within a process a lock hands the turn on at once. PostgreSQL needs none.
"""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

from flask import current_app

from surveys.db import BUSY_TIMEOUT_SECONDS, db

TURN = "pulse write turn"
P = ParamSpec("P")
T = TypeVar("T")


def in_turn(view: Callable[P, T]) -> Callable[P, T]:
    """Let a view that stores what a respondent sends wait for its turn.

    After the database's own patience it goes on without: then somebody else holds the database, and
    it says so itself.
    """

    @wraps(view)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        if db.engine.dialect.name != "sqlite":
            return view(*args, **kwargs)
        turn: Lock = current_app.extensions.setdefault(TURN, Lock())
        is_mine = turn.acquire(timeout=BUSY_TIMEOUT_SECONDS)
        try:
            return view(*args, **kwargs)
        finally:
            if is_mine:
                turn.release()

    return waiting
