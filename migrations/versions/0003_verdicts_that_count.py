"""Which verdict on a comment counts is kept in rows of its own, with the names left out."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    # The worker fills both: a comment without its row here is read again.
    op.create_table(
        "comment_verdicts",
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column(
            "label",
            sa.Enum(
                "negative",
                "mixed",
                "neutral",
                "positive",
                name="sentiment",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("is_unsure", sa.Boolean(), nullable=False),
        sa.Column("quiet_exit", sa.Boolean(), nullable=False),
        sa.Column("is_corrected", sa.Boolean(), nullable=False),
        sa.Column("analyser", sa.Text(), nullable=False),
        sa.Column("names", JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comments.id"],
            name=op.f("fk_comment_verdicts_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"],
            ["waves.id"],
            name=op.f("fk_comment_verdicts_wave_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", name=op.f("pk_comment_verdicts")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_comment_verdicts_wave_id_place", "comment_verdicts", ["wave_id", "place"])
    op.create_index(
        "ix_comment_verdicts_wave_id_label", "comment_verdicts", ["wave_id", "is_unsure", "label"]
    )
    op.create_table(
        "verdict_drivers",
        sa.Column("comment_id", sa.LargeBinary(), nullable=False),
        sa.Column("driver_code", sa.Text(), nullable=False),
        sa.Column("wave_id", sa.Integer(), nullable=False),
        sa.Column("polarity", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["comment_id"],
            ["comment_verdicts.comment_id"],
            name=op.f("fk_verdict_drivers_comment_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["driver_code"], ["drivers.code"], name=op.f("fk_verdict_drivers_driver_code")
        ),
        sa.ForeignKeyConstraint(
            ["wave_id"],
            ["waves.id"],
            name=op.f("fk_verdict_drivers_wave_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("comment_id", "driver_code", name=op.f("pk_verdict_drivers")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_verdict_drivers_wave_id_driver_code", "verdict_drivers", ["wave_id", "driver_code"]
    )


def downgrade() -> None:
    op.drop_table("verdict_drivers")
    op.drop_table("comment_verdicts")
