"""Partner companies, everybody who can be asked, who must not be mailed, and orders."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveys.db import TINY_TEXT, Base
from surveys.terms import Audience, ImportKind, ImportState, SuppressionReason

#: Columns of a partner that can be a segment dimension of a wave.
PARTNER_DIMENSIONS = ("type", "tier", "region", "size_band", "revenue_band", "country")


class Partner(Base):
    """A company that sells for the vendor. `search_key` is the folded name."""

    __tablename__ = "partners"

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    search_key: Mapped[str] = mapped_column(index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    type: Mapped[str | None]
    tier: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str | None]
    size_band: Mapped[str | None]
    revenue_band: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    left_on: Mapped[date | None]
    archived_at: Mapped[datetime | None]
    contacts: Mapped[list["Contact"]] = relationship(back_populates="partner")


class Contact(Base):
    """Everybody who can be asked: a person at a partner, or one of the vendor's own staff.

    `email_hash` is a keyed hash of the normalised address whose key is never rotated: identity,
    suppression and erasure in one form that outlives the address itself.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        CheckConstraint(
            "(audience = 'partner') = (partner_id IS NOT NULL)", name="partner_iff_partner"
        ),
        CheckConstraint("(email IS NULL) = (email_hash IS NULL)", name="email_pair"),
        # All that the list asks of a person who is not on the page: else each row is fetched.
        Index(
            "ix_contacts_listing",
            "audience",
            "search_key",
            "id",
            "partner_id",
            "left_on",
            "merged_into_id",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    audience: Mapped[Audience]
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    email: Mapped[str | None]
    email_hash: Mapped[bytes | None] = mapped_column(unique=True)
    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    search_key: Mapped[str] = mapped_column(index=True)
    locale: Mapped[str]
    time_zone: Mapped[str | None]
    country: Mapped[str | None]
    role: Mapped[str | None]
    job_title: Mapped[str | None]
    team: Mapped[str | None]
    sells_now: Mapped[str | None]
    profile_on: Mapped[date | None]
    is_main: Mapped[bool] = mapped_column(default=False)
    consent_basis: Mapped[str | None]
    do_not_survey_until: Mapped[date | None]
    preferences_hash: Mapped[bytes | None] = mapped_column(unique=True)
    token_version: Mapped[int] = mapped_column(default=1)
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="SET NULL"), index=True
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    left_on: Mapped[date | None]
    created_at: Mapped[datetime]
    partner: Mapped[Partner | None] = relationship(back_populates="contacts")


class Suppression(Base):
    """Nothing is mailed to this address, for one survey or for all (`survey_id` NULL).

    Two partial unique indexes, since NULL defeats a plain one, and since lifting a bounce must not
    lift an opt-out.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint("(lifted_at IS NULL) = (lifted_by_id IS NULL)", name="lifted_pair"),
        Index(
            "uq_suppressions_everywhere",
            "email_hash",
            "reason",
            unique=True,
            sqlite_where=text("survey_id IS NULL AND lifted_at IS NULL"),
            postgresql_where=text("survey_id IS NULL AND lifted_at IS NULL"),
        ),
        Index(
            "uq_suppressions_survey",
            "email_hash",
            "survey_id",
            "reason",
            unique=True,
            sqlite_where=text("survey_id IS NOT NULL AND lifted_at IS NULL"),
            postgresql_where=text("survey_id IS NOT NULL AND lifted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email_hash: Mapped[bytes] = mapped_column(index=True)
    email: Mapped[str | None]
    survey_id: Mapped[int | None] = mapped_column(
        ForeignKey("surveys.id", ondelete="CASCADE"), index=True
    )
    reason: Mapped[SuppressionReason]
    source: Mapped[str] = mapped_column(TINY_TEXT)
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Import(Base):
    """An uploaded file between upload, check and confirmation.

    The bytes are kept here because the next request may reach another web machine.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ImportKind]
    state: Mapped[ImportState]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    file_name: Mapped[str]
    file: Mapped[bytes | None]
    errors_csv: Mapped[bytes | None]
    mapping: Mapped[dict[str, Any] | None]
    n_rows: Mapped[int | None]
    n_done: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class Order(Base):
    """What one partner ordered in one month of one product line ('' when unknown)."""

    __tablename__ = "orders"

    partner_id: Mapped[int] = mapped_column(
        ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True
    )
    month: Mapped[date] = mapped_column(primary_key=True)
    product_line: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[Decimal]
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("imports.id", ondelete="SET NULL"), index=True
    )
