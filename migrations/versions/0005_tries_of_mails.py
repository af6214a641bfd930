"""When a mail was last tried: what rate caps count, and the order of a wave's last hundred."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "outgoing_mails", sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.execute("UPDATE outgoing_mails SET tried_at = sent_at WHERE sent_at IS NOT NULL")
    op.create_index("ix_outgoing_mails_tried_at", "outgoing_mails", ["tried_at"])


def downgrade() -> None:
    op.drop_index("ix_outgoing_mails_tried_at", table_name="outgoing_mails")
    op.drop_column("outgoing_mails", "tried_at")
