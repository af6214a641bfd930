"""People who sign in, and keys that programs use."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import Base
from surveys.terms import Role


class User(Base):
    """One person of the vendor. Without password and OIDC subject: an owner named by an import.

    Disabled, never deleted: actions, exclusions and the audit log keep naming them.
    """

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="oidc_pair"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    locale: Mapped[str]
    role: Mapped[Role]
    scope: Mapped[dict[str, Any] | None]
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    session_version: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(default="weekly")
    disabled_at: Mapped[datetime | None]


class ApiKey(Base):
    """A program's right to read or write; only the hash of the key is kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    name: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    scopes: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_on: Mapped[date | None]
