"""Schedules, waves, who was invited with which segments, and who was left out."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveys.db import TINY_TEXT, Base
from surveys.models.partners import Contact
from surveys.models.questionnaires import Survey, SurveyVersion
from surveys.terms import Audience, Mode, WaveState


class Schedule(Base):
    """When a survey's waves open: a rule, a local wall time and its zone (surveys/recurrence.py).

    `next_run_at` is the UTC instant of the next wave, computed from the rule and kept for the
    query.
    """

    __tablename__ = "schedules"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(
        ForeignKey("surveys.id", ondelete="CASCADE"), unique=True
    )
    rule: Mapped[dict[str, Any]]
    local_time: Mapped[str]
    time_zone: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    open_days: Mapped[int]
    grace_hours: Mapped[int] = mapped_column(default=0)
    reminders: Mapped[dict[str, Any]]
    sending: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sample: Mapped[dict[str, Any]] = mapped_column(default=dict)
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    paused_at: Mapped[datetime | None]
    pooled_waves: Mapped[int] = mapped_column(
        SmallInteger,
        CheckConstraint("pooled_waves BETWEEN 1 AND 4", name="pooled_waves_in_range"),
        default=1,
        server_default=text("1"),
    )
    survey: Mapped[Survey] = relationship()


class Wave(Base):
    """One dated run of a survey for one audience; the two audiences of a run share `number`.

    Mode, thresholds and dimensions are copied from the survey when the wave opens: what was
    promised before the first question holds for this wave whatever is changed later.

    After a pause because of refused mails, `mail_resumed_at` is when a person let them go on.

    `results_to`: who was sent the results, once that is decided.

    Waves of one pool share `pool_start`, the number of its first wave, and are published as one
    with the last of them (surveys/pools.py); a wave that is published alone has none.
    """

    __tablename__ = "waves"
    __table_args__ = (
        UniqueConstraint("survey_id", "audience", "scheduled_at"),
        UniqueConstraint("survey_id", "audience", "number"),
        UniqueConstraint("id", "mode"),
        CheckConstraint("opens_at < closes_at AND closes_at <= grace_until", name="times_in_order"),
        CheckConstraint(
            "min_people >= 4 AND min_comments >= 8 AND (audience = 'internal' OR"
            " (min_companies >= 3 AND max_share_pct <= 50))",
            name="thresholds_not_under_floor",
        ),
        CheckConstraint(
            "mode <> 'identified' OR published_at IS NULL", name="identified_never_published"
        ),
        Index("ix_waves_state_closes_at", "state", "closes_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("survey_versions.id"), index=True)
    audience: Mapped[Audience]
    number: Mapped[int]
    label: Mapped[str]
    mode: Mapped[Mode]
    state: Mapped[WaveState]
    scheduled_at: Mapped[datetime]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    grace_until: Mapped[datetime]
    asked: Mapped[list[Any] | None]
    dimensions: Mapped[list[Any]]
    sample: Mapped[dict[str, Any]] = mapped_column(default=dict)
    min_people: Mapped[int] = mapped_column(SmallInteger)
    min_companies: Mapped[int] = mapped_column(SmallInteger)
    max_share_pct: Mapped[int] = mapped_column(SmallInteger)
    min_comments: Mapped[int] = mapped_column(SmallInteger)
    is_strict: Mapped[bool] = mapped_column(default=False)
    secret: Mapped[bytes]
    pause_reason: Mapped[str | None]
    mail_resumed_at: Mapped[datetime | None]
    cells_built_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    results_to: Mapped[str | None] = mapped_column(TINY_TEXT)
    participation: Mapped[dict[str, Any] | None]
    pool_size: Mapped[int] = mapped_column(
        SmallInteger,
        CheckConstraint(
            "pool_size = 1 OR (pool_size BETWEEN 2 AND 4 AND mode = 'confidential')",
            name="pool_size_only_confidential",
        ),
        default=1,
        server_default=text("1"),
    )
    pool_position: Mapped[int] = mapped_column(
        SmallInteger,
        CheckConstraint("pool_position BETWEEN 1 AND pool_size", name="pool_position_in_pool"),
        default=1,
        server_default=text("1"),
    )
    pool_start: Mapped[int | None] = mapped_column(
        CheckConstraint("(pool_size = 1) = (pool_start IS NULL)", name="pool_start_iff_pooled")
    )
    survey: Mapped[Survey] = relationship()
    version: Mapped[SurveyVersion] = relationship()

    @property
    def is_pooled(self) -> bool:
        """Whether it is published together with other waves."""
        return self.pool_start is not None

    @property
    def first_number(self) -> int:
        """The number of the first wave of its pool; its own where it is published alone."""
        return self.number if self.pool_start is None else self.pool_start


class SegmentProfile(Base):
    """One combination of segment values that occurs among a wave's invited people.

    Statistics count per combination first, so a segment is one small number on the invitation.
    """

    __tablename__ = "segment_profiles"

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    profile_no: Mapped[int] = mapped_column(primary_key=True)
    segments: Mapped[dict[str, Any]]


class Invitation(Base):
    """One person asked in one wave. Marks are days, in every mode."""

    __tablename__ = "invitations"
    __table_args__ = (
        ForeignKeyConstraint(["wave_id", "mode"], ["waves.id", "waves.mode"]),
        ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
        ),
        UniqueConstraint("contact_id", "wave_id"),
        UniqueConstraint("id", "mode"),
        CheckConstraint(
            "mode <> 'anonymous' OR (opened_on IS NULL AND started_on IS NULL)",
            name="anonymous_has_no_marks_before_answer",
        ),
        CheckConstraint(
            "NOT is_waiting OR (mode = 'anonymous' AND answered_on IS NOT NULL)",
            name="waiting_is_anonymous_and_answered",
        ),
        Index("ix_invitations_wave_id_partner_id", "wave_id", "partner_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    mode: Mapped[Mode]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    partner_id: Mapped[int | None] = mapped_column(ForeignKey("partners.id"), index=True)
    profile_no: Mapped[int]
    locale: Mapped[str]
    token_hash: Mapped[bytes | None] = mapped_column(unique=True)
    token_version: Mapped[int] = mapped_column(default=1)
    opened_on: Mapped[date | None]
    started_on: Mapped[date | None]
    answered_on: Mapped[date | None]
    is_waiting: Mapped[bool] = mapped_column(default=False)
    wave: Mapped[Wave] = relationship(
        foreign_keys="Invitation.wave_id", primaryjoin="Wave.id == Invitation.wave_id"
    )
    contact: Mapped[Contact | None] = relationship()


class Exclusion(Base):
    """A person who could have been asked in a wave and was not; shown beside the result."""

    __tablename__ = "exclusions"
    __table_args__ = (
        CheckConstraint(
            "(reason = 'manual') = (user_id IS NOT NULL AND note IS NOT NULL)",
            name="manual_iff_author_and_note",
        ),
    )

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    reason: Mapped[str] = mapped_column(TINY_TEXT)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str | None]
    created_at: Mapped[datetime]
