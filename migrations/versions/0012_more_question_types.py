"""Ratings, rankings and matrices as types of questions."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BEFORE = ("agree5", "nps11", "share11", "imp7", "one", "many", "text", "tick")
AFTER = (*BEFORE, "rate5", "rank", "matrix5")


def upgrade() -> None:
    _allow_types(BEFORE, AFTER)


def downgrade() -> None:
    _allow_types(AFTER, BEFORE)


def _allow_types(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        # The naming convention puts the table before this name.
        op.drop_constraint("questiontype", "wordings", type_="check")
        op.create_check_constraint("questiontype", "wordings", f"type IN ({_listed(new)})")
    else:
        _rewrite_check(old, new)


def _rewrite_check(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Change the text of the CHECK in place, as SQLite's page "ALTER TABLE" describes (section 7).

    To make the table anew would need every version to let go of its wordings.
    """
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (f"({_listed(old)})", f"({_listed(new)})", "wordings"),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _listed(types: tuple[str, ...]) -> str:
    return ", ".join(f"'{type_}'" for type_ in types)
