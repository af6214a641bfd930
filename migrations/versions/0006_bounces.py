"""What came back about a mail, each message once, and how far the bounce mailbox has been read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outgoing_mails", sa.Column("bounce", sa.String(length=20), nullable=True))
    # Until now a bounce could only be an address that was refused for good while sending.
    op.execute("UPDATE outgoing_mails SET bounce = 'hard' WHERE bounced_at IS NOT NULL")
    op.add_column("mail_events", sa.Column("digest", sa.LargeBinary(), nullable=True))
    op.create_index("ix_mail_events_digest", "mail_events", ["digest"], unique=True)
    op.create_table(
        "mailbox_positions",
        sa.Column("mailbox", sa.Text(), nullable=False),
        sa.Column("uid_validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox", name=op.f("pk_mailbox_positions")),
    )


def downgrade() -> None:
    op.drop_table("mailbox_positions")
    op.drop_index("ix_mail_events_digest", table_name="mail_events")
    op.drop_column("mail_events", "digest")
    op.drop_column("outgoing_mails", "bounce")
