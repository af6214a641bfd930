"""Whether the database has the tables that this program needs."""

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from surveys.config import ROOT
from surveys.errors import SurveyError


class SchemaTooOld(SurveyError):
    """The database lacks migrations; attribute `found` is its revision, None for an empty one."""

    def __init__(self, found: str | None) -> None:
        state = "is empty" if found is None else f"is at revision {found}, older than the program"
        super().__init__(f"the database {state}; run 'pulse db upgrade' first")
        self.found = found


def require_schema(engine: Engine) -> None:
    """Raise SchemaTooOld unless every migration of this program has run.

    A newer database is fine: while processes are replaced one by one, the old ones go on working
    on it, since a release only adds what the one before it does not miss.
    """
    newest, known = _revisions()
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found is None or (found != newest and found in known):
        raise SchemaTooOld(found)


@cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """The newest migration, and the names of all."""
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    return scripts.get_current_head(), frozenset(each.revision for each in scripts.walk_revisions())
