"""What is counted of a wave's invitations is kept with the wave when it closes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    op.add_column("waves", sa.Column("participation", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("waves", "participation")
