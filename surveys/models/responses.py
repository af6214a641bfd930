"""What people said.

Linked answers (identified, confidential) hang on their invitation. Anonymous ones live in two
tables of their own, because a nullable link is still a path: no key leads from them to an
invitation, a contact or a partner, and they hold no instant, no sequence and no date.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import TINY_TEXT, Base
from surveys.terms import Channel, Mode

MAX_COMMENT_LENGTH = 5000


class Draft(Base):
    """Answers saved while they are given; counted by nothing until they are sent.

    `is_provisional` while it holds only the value that a link in the mail preselected.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["invitation_id", "mode"], ["invitations.id", "invitations.mode"], ondelete="CASCADE"
        ),
        CheckConstraint("mode <> 'anonymous'", name="never_anonymous"),
    )

    invitation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mode: Mapped[Mode]
    values: Mapped[dict[str, Any]]
    is_provisional: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str]
    channel: Mapped[Channel]
    started_at: Mapped[datetime]
    saved_at: Mapped[datetime]


class Response(Base):
    """One sent response; its key is its invitation's, so there cannot be two."""

    __tablename__ = "responses"
    __table_args__ = (
        ForeignKeyConstraint(
            ["id", "mode"], ["invitations.id", "invitations.mode"], ondelete="CASCADE"
        ),
        CheckConstraint("mode <> 'anonymous'", name="never_anonymous"),
        CheckConstraint("submitted_at >= started_at", name="submitted_not_before_start"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mode: Mapped[Mode]
    locale: Mapped[str]
    channel: Mapped[Channel]
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime]
    changed_at: Mapped[datetime | None]
    is_late: Mapped[bool] = mapped_column(default=False)


class Answer(Base):
    """One answer. No row: not answered. `value` NULL: don't know or does not apply.

    `item` is 0, or the option of a multiple choice, or the ranked thing (value = rank).
    """

    __tablename__ = "answers"
    __table_args__ = (
        CheckConstraint("value BETWEEN 0 AND 100", name="value_in_range"),
        {"sqlite_with_rowid": False},
    )

    response_id: Mapped[int] = mapped_column(
        ForeignKey("responses.id", ondelete="CASCADE"), primary_key=True
    )
    question_id: Mapped[int] = mapped_column(
        ForeignKey("questions.id"), primary_key=True, index=True
    )
    item: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=0)
    value: Mapped[int | None] = mapped_column(SmallInteger)


class Comment(Base):
    """A text in a respondent's own words, in every mode; the key is 16 random bytes."""

    __tablename__ = "comments"
    __table_args__ = (
        CheckConstraint(f"length(text) BETWEEN 1 AND {MAX_COMMENT_LENGTH}", name="text_length"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), index=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)
    text: Mapped[str]
    locale: Mapped[str]
    thread_hash: Mapped[bytes | None] = mapped_column(unique=True)


class CommentAuthor(Base):
    """The link from a comment to its response, kept outside; anonymous comments have none."""

    __tablename__ = "comment_authors"
    __table_args__ = (
        UniqueConstraint("response_id", "question_id"),
        CheckConstraint("(company_named_on IS NULL) = (consent_key IS NULL)", name="consent_pair"),
    )

    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    response_id: Mapped[int] = mapped_column(ForeignKey("responses.id", ondelete="CASCADE"))
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)
    company_named_on: Mapped[date | None]
    consent_key: Mapped[str | None]


class InboxResponse(Base):
    """An anonymous response until the shuffle; the only place that still knows an order."""

    __tablename__ = "response_inbox"
    __table_args__ = (
        ForeignKeyConstraint(["wave_id", "mode"], ["waves.id", "waves.mode"]),
        ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
        ),
        CheckConstraint("mode = 'anonymous'", name="only_anonymous"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(index=True)
    mode: Mapped[Mode]
    profile_no: Mapped[int]
    locale: Mapped[str]
    values: Mapped[dict[str, Any]]
    comments: Mapped[dict[str, Any]]


class AnonymousResponse(Base):
    """An anonymous response after the shuffle; no children that would need shuffling too."""

    __tablename__ = "anonymous_responses"
    __table_args__ = (
        ForeignKeyConstraint(["wave_id", "mode"], ["waves.id", "waves.mode"]),
        ForeignKeyConstraint(
            ["wave_id", "profile_no"],
            ["segment_profiles.wave_id", "segment_profiles.profile_no"],
        ),
        CheckConstraint("mode = 'anonymous'", name="only_anonymous"),
        Index("ix_anonymous_responses_wave_id_profile_no", "wave_id", "profile_no"),
        {"sqlite_with_rowid": False},
    )

    id: Mapped[bytes] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    mode: Mapped[Mode]
    profile_no: Mapped[int]
    values: Mapped[dict[str, Any]]


class ThreadMessage(Base):
    """One message of the two-way thread under a comment; dated by day."""

    __tablename__ = "thread_messages"
    __table_args__ = (
        CheckConstraint("author IN ('vendor', 'partner')", name="author"),
        CheckConstraint("(author = 'vendor') = (user_id IS NOT NULL)", name="user_iff_vendor"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )
    author: Mapped[str] = mapped_column(TINY_TEXT)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str]
    posted_on: Mapped[date]


class CommentCorrection(Base):
    """A person's verdict on a comment; wins over every score and survives rescoring."""

    __tablename__ = "comment_corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    comment_id: Mapped[bytes] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), index=True
    )
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    label: Mapped[str | None] = mapped_column(TINY_TEXT)
    drivers: Mapped[list[Any] | None]
    quiet_exit: Mapped[bool | None]
    undone_at: Mapped[datetime | None]


class ContactRequest(Base):
    """'Please call me', or 'wrong person': a form of its own, without a key to the answers."""

    __tablename__ = "contact_requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), index=True
    )
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"))
    kind: Mapped[str] = mapped_column(TINY_TEXT)
    response_id: Mapped[int | None] = mapped_column(
        ForeignKey("responses.id", ondelete="SET NULL"), index=True
    )
    topic: Mapped[str | None]
    consent_key: Mapped[str]
    asked_on: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    replied_on: Mapped[date | None]
    withdrawn_on: Mapped[date | None]


class Prediction(Base):
    """What one of the staff expects a driver's score to be, before results open."""

    __tablename__ = "predictions"
    __table_args__ = (
        CheckConstraint("score BETWEEN 0 AND 100", name="score_in_range"),
        CheckConstraint("margin IN (5, 10, 20)", name="margin"),
    )

    invitation_id: Mapped[int] = mapped_column(
        ForeignKey("invitations.id", ondelete="CASCADE"), primary_key=True
    )
    driver_code: Mapped[str] = mapped_column(ForeignKey("drivers.code"), primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)
    margin: Mapped[int] = mapped_column(SmallInteger)
    locked_at: Mapped[datetime | None]


class WaveChange(Base):
    """Something in this wave changed since its cells were built. Inserted and deleted, never
    updated.

    An UPDATE of the wave's own row would make all submits of the wave queue for it.
    """

    __tablename__ = "wave_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id", ondelete="CASCADE"), index=True)


class BotHit(Base):
    """How many POSTs a wave refused on one day for one reason; open to audit, no content."""

    __tablename__ = "bot_hits"
    __table_args__ = (UniqueConstraint("wave_id", "reason", "seen_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(TINY_TEXT)
    seen_on: Mapped[date]
    hits: Mapped[int]
