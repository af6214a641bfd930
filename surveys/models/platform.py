"""What every part of the product leans on: audit, erasures, webhooks, leases, limits, settings."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import TINY_TEXT, Base


class Benchmark(Base):
    """A published figure to compare with; always shown with its source and date."""

    __tablename__ = "benchmarks"

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)
    label: Mapped[str]
    value: Mapped[float]
    source: Mapped[str]
    published_on: Mapped[date]


class AuditEvent(Base):
    """Who did what, when, to which object. Append-only and chained by hash; ids only, no texts.

    The unique `prev_hash` refuses a fork of the chain: of two writers at once, one loses and
    repeats.
    """

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    object_type: Mapped[str | None]
    object_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]]
    prev_hash: Mapped[bytes] = mapped_column(unique=True)
    hash: Mapped[bytes] = mapped_column(unique=True)


class Erasure(Base):
    """Somebody was erased; the journal that a restored backup replays."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    email_hash: Mapped[bytes] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(TINY_TEXT)
    created_at: Mapped[datetime]
    counts: Mapped[dict[str, Any]]


class Webhook(Base):
    """An address that hears of events, signed with its secret."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[Any]]
    disabled_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event on its way to one webhook; the same lease protocol as the outbox."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (UniqueConstraint("webhook_id", "event_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_key: Mapped[str]
    payload: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(TINY_TEXT)
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    reply_code: Mapped[int | None] = mapped_column(SmallInteger)


class Lease(Base):
    """Who holds a named duty until when; the fence rises with every new holder."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)


class RateLimit(Base):
    """How often something was tried in one window; shared by all web processes."""

    __tablename__ = "rate_limits"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    hits: Mapped[int]


class Setting(Base):
    """A setting that people change on a page; what operators set is in the environment."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
