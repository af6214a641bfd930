"""Refusals while sending carry the same verdict as bounces; when a paused wave was resumed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waves", sa.Column("mail_resumed_at", sa.DateTime(timezone=True), nullable=True))
    # Until now these were told by the words of the reply, at each look.
    refused = "state = 'failed' AND bounce IS NULL AND step IN ('rcpt', 'data', 'dot')"
    op.execute(
        "UPDATE outgoing_mails SET bounce = 'policy'"
        f" WHERE {refused} AND (reply_text LIKE '5.7.%'"
        " OR (reply_code = 554 AND reply_text NOT LIKE '5.%'))"
    )
    op.execute(
        f"UPDATE outgoing_mails SET bounce = 'soft' WHERE {refused} AND reply_code IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_column("waves", "mail_resumed_at")
