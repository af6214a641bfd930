"""Everything a database holds, for tests that say what must not change."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from surveys.db import Base


def dump(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in an order that does not depend on where it lies."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in Base.metadata.sorted_tables
        }


def changed_tables(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Names of the tables whose rows differ between two dumps."""
    return {name for name in before if before[name] != after[name]}
