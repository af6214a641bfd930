"""Mails after a wave: who is sent its results, and digests for staff, one a period."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = ("outgoing_mails", "mail_texts")
BEFORE = (
    "invitation",
    "reminder_1",
    "reminder_last",
    "thanks",
    "results",
    "staff_invitation",
    "staff_reminder",
    "password_reset",
    "test",
)
AFTER = (*BEFORE, "staff_digest")


def upgrade() -> None:
    op.add_column("outgoing_mails", sa.Column("period", sa.Date(), nullable=True))
    op.create_index(
        "uq_outgoing_mails_digest", "outgoing_mails", ["user_id", "kind", "period"], unique=True
    )
    op.add_column("waves", sa.Column("results_to", sa.String(length=20), nullable=True))
    # Nobody waits for the results of a wave that was over before they could be mailed.
    op.execute("UPDATE waves SET results_to = 'nobody' WHERE state = 'closed'")
    _allow_kinds(BEFORE, AFTER)


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DELETE FROM {table} WHERE kind = 'staff_digest'")  # noqa: S608 - our own names
    _allow_kinds(AFTER, BEFORE)
    op.drop_column("waves", "results_to")
    op.drop_index("uq_outgoing_mails_digest", table_name="outgoing_mails")
    op.drop_column("outgoing_mails", "period")


def _allow_kinds(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    for table in TABLES:
        if op.get_bind().dialect.name == "postgresql":
            # The naming convention puts the table before these names.
            op.drop_constraint("mailkind", table, type_="check")
            op.create_check_constraint("mailkind", table, f"kind IN ({_listed(new)})")
        else:
            _rewrite_check(table, old, new)


def _rewrite_check(table: str, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Change the text of a CHECK in place, as SQLite's page "ALTER TABLE" describes (section 7).

    To make the table anew would delete what refers to its rows by ON DELETE CASCADE.
    """
    bind = op.get_bind()
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar_one()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (f"({_listed(old)})", f"({_listed(new)})", table),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = OFF")


def _listed(kinds: tuple[str, ...]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
