"""The list of contacts is walked along an index that holds all that its filter asks of a person."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_contacts_listing",
        "contacts",
        ["audience", "search_key", "id", "partner_id", "left_on", "merged_into_id"],
    )


def downgrade() -> None:
    op.drop_index("ix_contacts_listing", table_name="contacts")
