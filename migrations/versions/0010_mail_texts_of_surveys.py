"""Texts of mails belong to a survey, so that an edit reaches mails that have not left.

They belonged to a frozen version. No release wrote or read any, so there is nothing to carry over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = (
    "invitation",
    "reminder_1",
    "reminder_last",
    "thanks",
    "results",
    "staff_invitation",
    "staff_reminder",
    "password_reset",
    "test",
    "staff_digest",
)


def upgrade() -> None:
    op.drop_table("mail_texts")
    op.create_table(
        "mail_texts",
        sa.Column("survey_id", sa.Integer(), nullable=False),
        *_words(),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["edited_by_id"], ["users.id"], name=op.f("fk_mail_texts_edited_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"],
            ["surveys.id"],
            name=op.f("fk_mail_texts_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("survey_id", "kind", "locale", name=op.f("pk_mail_texts")),
    )


def downgrade() -> None:
    op.drop_table("mail_texts")
    op.create_table(
        "mail_texts",
        sa.Column("version_id", sa.Integer(), nullable=False),
        *_words(),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["survey_versions.id"],
            name=op.f("fk_mail_texts_version_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "kind", "locale", name=op.f("pk_mail_texts")),
    )


def _words() -> tuple[sa.Column[str], ...]:
    kind = sa.Enum(*KINDS, name="mailkind", native_enum=False, create_constraint=True, length=20)
    return (
        sa.Column("kind", kind, nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
