"""A comment is marked for follow-up once, however many people press the button."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "uq_alerts_marked_comment",
        "alerts",
        ["comment_id"],
        unique=True,
        sqlite_where=sa.text("rule_id IS NULL"),
        postgresql_where=sa.text("rule_id IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_alerts_marked_comment", table_name="alerts")
