"""Derived tables (rebuilt at will) and records (what was shown; never changed).

`published_cells` is guarded by triggers in the migrations: no UPDATE, no DELETE, and no INSERT once
the wave says that it is published.
"""

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import TINY_TEXT, Base
from surveys.terms import CellState, Sentiment


class CommentScore(Base):
    """What one version of the analyser made of one comment (derived).

    `clauses` keeps offsets, polarity, drivers and evidence spans into the comment's text.
    """

    __tablename__ = "comment_scores"

    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    analyser: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[Sentiment]
    score: Mapped[float]
    confidence: Mapped[float]
    is_unsure: Mapped[bool]
    language: Mapped[str]
    quiet_exit: Mapped[bool]
    clauses: Mapped[dict[str, Any]]


class CommentDriver(Base):
    """A driver that a comment speaks of, and how (derived)."""

    __tablename__ = "comment_drivers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["comment_id", "analyser"],
            ["comment_scores.comment_id", "comment_scores.analyser"],
            ondelete="CASCADE",
        ),
    )

    comment_id: Mapped[bytes] = mapped_column(primary_key=True)
    analyser: Mapped[str] = mapped_column(primary_key=True)
    driver_code: Mapped[str] = mapped_column(
        ForeignKey("drivers.code"), primary_key=True, index=True
    )
    polarity: Mapped[str] = mapped_column(TINY_TEXT)


class CommentVerdict(Base):
    """The verdict on a comment that counts, ready for lists (derived, except for `names`).

    `place` orders the wave's list and tells nothing; `names` are the (start, end) of what is left
    out where the text is shown, fixed when the wave is published, since an erased person's name is
    known to nobody later.
    """

    __tablename__ = "comment_verdicts"
    __table_args__ = (
        Index("ix_comment_verdicts_wave_id_place", "wave_id", "place"),
        Index("ix_comment_verdicts_wave_id_label", "wave_id", "is_unsure", "label"),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(BigInteger)
    label: Mapped[Sentiment]
    is_unsure: Mapped[bool]
    quiet_exit: Mapped[bool]
    is_corrected: Mapped[bool]
    analyser: Mapped[str]
    names: Mapped[list[Any] | None]


class VerdictDriver(Base):
    """A driver of the verdict that counts, and how the comment speaks of it (derived)."""

    __tablename__ = "verdict_drivers"
    __table_args__ = (
        Index("ix_verdict_drivers_wave_id_driver_code", "wave_id", "driver_code"),
        {"sqlite_with_rowid": False},
    )

    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comment_verdicts.comment_id", ondelete="CASCADE"), primary_key=True
    )
    driver_code: Mapped[str] = mapped_column(ForeignKey("drivers.code"), primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id", ondelete="CASCADE"))
    polarity: Mapped[str] = mapped_column(TINY_TEXT)


class ScoreCell(Base):
    """The sufficient statistics of one question in one segment of one wave (derived).

    Exact integers, written and read whole: `histogram` counts each value and `dk`; `sizes` are
    company totals, `links` join a wave to the one before, `pairs` join a driver to an outcome.
    Anonymous waves keep no sizes and no links. Source: method of statistics, section 1.
    """

    __tablename__ = "score_cells"

    wave_id: Mapped[int] = mapped_column(
        ForeignKey("waves.id", ondelete="CASCADE"), primary_key=True
    )
    dimension: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), primary_key=True)
    histogram: Mapped[dict[str, Any]]
    sizes: Mapped[dict[str, Any] | None]
    links: Mapped[dict[str, Any] | None]
    pairs: Mapped[dict[str, Any] | None]


class PublishedCell(Base):
    """One figure as it was published when the wave closed (record).

    `metric` is a question code, or a name such as `participants`, `sentiment`, `comments.<driver>`.
    """

    __tablename__ = "published_cells"
    __table_args__ = (
        CheckConstraint(
            "(state = 'hidden') = (n IS NULL)",
            name="hidden_iff_no_n",
        ),
        CheckConstraint(
            "state <> 'hidden' OR (reason IS NOT NULL AND value IS NULL AND figures IS NULL"
            " AND n_companies IS NULL)",
            name="hidden_says_why_and_no_figure",
        ),
    )

    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    segment: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[CellState]
    reason: Mapped[str | None]
    n: Mapped[int | None]
    n_companies: Mapped[int | None]
    value: Mapped[float | None]
    figures: Mapped[dict[str, Any] | None]


class RadarEvaluation(Base):
    """What the quiet-exit radar said of one partner on one day, with its reasons (record)."""

    __tablename__ = "radar_evaluations"
    __table_args__ = (
        CheckConstraint("risk BETWEEN 0 AND 100", name="risk_in_range"),
        Index("ix_radar_evaluations_evaluated_on_risk", "evaluated_on", "risk"),
    )

    partner_id: Mapped[int] = mapped_column(
        ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True
    )
    evaluated_on: Mapped[date] = mapped_column(primary_key=True)
    wave_id: Mapped[int | None] = mapped_column(ForeignKey("waves.id"))
    risk: Mapped[int] = mapped_column(SmallInteger)
    level: Mapped[str] = mapped_column(TINY_TEXT)
    is_listed: Mapped[bool]
    reasons: Mapped[dict[str, Any]]
