"""Promises to partners ('you said, we did'), marks on the radar, and alerts to people."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import TINY_TEXT, Base
from surveys.terms import ActionStatus


class Action(Base):
    """A promise tied to a driver and a segment ('' = all), tested by the next wave.

    `wave_id` is the baseline: the wave whose result the action answers. `texts` by locale.
    """

    __tablename__ = "actions"
    __table_args__ = (
        CheckConstraint("(status = 'done') = (done_on IS NOT NULL)", name="done_iff_done_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), index=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"))
    driver_code: Mapped[str] = mapped_column(ForeignKey("drivers.code"))
    dimension: Mapped[str] = mapped_column(default="")
    segment: Mapped[str] = mapped_column(default="")
    status: Mapped[ActionStatus]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    due_on: Mapped[date | None]
    done_on: Mapped[date | None]
    texts: Mapped[dict[str, Any]]
    published_at: Mapped[datetime | None]
    position: Mapped[int]


class RadarMark(Base):
    """What a manager knows of a partner on the radar: a talk, a snooze, a false alarm, an exit."""

    __tablename__ = "radar_marks"
    __table_args__ = (
        CheckConstraint(
            "kind <> 'snooze' OR (until_on IS NOT NULL AND reason IS NOT NULL)",
            name="snooze_has_end_and_reason",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column(
        ForeignKey("partners.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(TINY_TEXT)
    reason: Mapped[str | None] = mapped_column(TINY_TEXT)
    note: Mapped[str | None]
    risk: Mapped[int | None] = mapped_column(SmallInteger)
    until_on: Mapped[date | None]
    happened_on: Mapped[date | None]
    undone_at: Mapped[datetime | None]


class AlertRule(Base):
    """When this is said, that person hears of it."""

    __tablename__ = "alert_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id", ondelete="CASCADE"), index=True)
    condition: Mapped[dict[str, Any]]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    due_days: Mapped[int]
    is_digest: Mapped[bool] = mapped_column(default=True)
    disabled_at: Mapped[datetime | None]


class Alert(Base):
    """Something to follow up, raised by a rule or marked by a person (no rule)."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("rule_id", "comment_id"),
        UniqueConstraint("rule_id", "partner_id", "wave_id"),
        Index(
            "uq_alerts_marked_comment",
            "comment_id",
            unique=True,
            sqlite_where=text("rule_id IS NULL"),
            postgresql_where=text("rule_id IS NULL"),
        ),
        CheckConstraint(
            "(comment_id IS NULL) <> (partner_id IS NULL)", name="about_comment_or_partner"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("alert_rules.id"))
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), index=True)
    comment_id: Mapped[bytes | None] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(TINY_TEXT)
    created_at: Mapped[datetime]
    due_on: Mapped[date | None]
    note: Mapped[str | None]
    done_at: Mapped[datetime | None]
