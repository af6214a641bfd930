"""Waves in a row can be published as one; which wave is which of its pool stands on the wave."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Written out: SQLite takes a CHECK with a new column, where Alembic would copy the whole table.
_COLUMNS = (
    (
        "schedules",
        "pooled_waves",
        (
            "SMALLINT DEFAULT 1 NOT NULL CONSTRAINT ck_schedules_pooled_waves_in_range"
            " CHECK (pooled_waves BETWEEN 1 AND 4)"
        ),
    ),
    (
        "waves",
        "pool_size",
        (
            "SMALLINT DEFAULT 1 NOT NULL CONSTRAINT ck_waves_pool_size_only_confidential"
            " CHECK (pool_size = 1 OR (pool_size BETWEEN 2 AND 4 AND mode = 'confidential'))"
        ),
    ),
    (
        "waves",
        "pool_position",
        (
            "SMALLINT DEFAULT 1 NOT NULL CONSTRAINT ck_waves_pool_position_in_pool"
            " CHECK (pool_position BETWEEN 1 AND pool_size)"
        ),
    ),
    (
        "waves",
        "pool_start",
        (
            "INTEGER CONSTRAINT ck_waves_pool_start_iff_pooled"
            " CHECK ((pool_size = 1) = (pool_start IS NULL))"
        ),
    ),
)


def upgrade() -> None:
    for table, column, definition in _COLUMNS:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")


def downgrade() -> None:
    for table, column, _ in reversed(_COLUMNS):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
