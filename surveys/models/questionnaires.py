"""The question bank, surveys, and their frozen versions."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from surveys.db import Base
from surveys.terms import (
    Audience,
    MailKind,
    Mode,
    QuestionKind,
    QuestionStatus,
    QuestionType,
    SurveyStatus,
)


class Driver(Base):
    """One of the principles of a good partner programme; `names` by locale."""

    __tablename__ = "drivers"

    code: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(unique=True)
    names: Mapped[dict[str, Any]]
    is_standard: Mapped[bool] = mapped_column(default=True)


class Question(Base):
    """A question of the bank. Its code never changes its meaning."""

    __tablename__ = "questions"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    driver_code: Mapped[str | None] = mapped_column(ForeignKey("drivers.code"), index=True)
    kind: Mapped[QuestionKind]
    status: Mapped[QuestionStatus] = mapped_column(default=QuestionStatus.ACTIVE)
    wordings: Mapped[list["Wording"]] = relationship(back_populates="question")


class Wording(Base):
    """How a question is put to one audience. Equal `series` means comparable across waves.

    `options` holds the stored values in order; texts are in `wording_texts`.
    """

    __tablename__ = "wordings"
    __table_args__ = (UniqueConstraint("question_id", "audience", "revision"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)
    audience: Mapped[Audience]
    revision: Mapped[int]
    series: Mapped[int]
    type: Mapped[QuestionType]
    options: Mapped[list[Any] | None]
    allows_unknown: Mapped[bool] = mapped_column(default=False)
    warnings_confirmed: Mapped[dict[str, Any] | None]
    frozen_at: Mapped[datetime | None]
    question: Mapped[Question] = relationship(back_populates="wordings")
    texts: Mapped[list["WordingText"]] = relationship(
        back_populates="wording", cascade="all, delete-orphan", passive_deletes=True
    )


class WordingText(Base):
    """One wording in one language.

    `heading` stands once above neighbours that share it; `labels` are the listed answers by stored
    value; `prompts` ask for a comment after a low, middle or high rating.
    """

    __tablename__ = "wording_texts"

    wording_id: Mapped[int] = mapped_column(
        ForeignKey("wordings.id", ondelete="CASCADE"), primary_key=True
    )
    locale: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    heading: Mapped[str | None]
    labels: Mapped[dict[str, Any] | None]
    prompts: Mapped[dict[str, Any] | None]
    wording: Mapped[Wording] = relationship(back_populates="texts")


class Survey(Base):
    """A recurring intention to ask; each dated run of it is a wave."""

    __tablename__ = "surveys"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    status: Mapped[SurveyStatus]
    mode: Mapped[Mode]
    time_zone: Mapped[str]
    locales: Mapped[list[Any]]
    policy: Mapped[dict[str, Any]] = mapped_column(default=dict)
    may_change: Mapped[bool] = mapped_column(default=True)
    retention_months: Mapped[int | None]
    created_at: Mapped[datetime]
    versions: Mapped[list["SurveyVersion"]] = relationship(
        back_populates="survey", order_by="SurveyVersion.number"
    )


class SurveyVersion(Base):
    """The questionnaire of a survey at one time; frozen once published, at most one draft."""

    __tablename__ = "survey_versions"
    __table_args__ = (
        UniqueConstraint("survey_id", "number"),
        Index(
            "uq_survey_versions_draft",
            "survey_id",
            unique=True,
            sqlite_where=text("published_at IS NULL"),
            postgresql_where=text("published_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int] = mapped_column(ForeignKey("surveys.id"), index=True)
    number: Mapped[int]
    template_key: Mapped[str | None]
    sections: Mapped[dict[str, Any] | None]
    published_at: Mapped[datetime | None]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    survey: Mapped[Survey] = relationship(back_populates="versions")
    items: Mapped[list["VersionItem"]] = relationship(
        back_populates="version",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="VersionItem.audience, VersionItem.position",
    )


class VersionItem(Base):
    """One question in one version for one audience, at its place."""

    __tablename__ = "version_items"
    __table_args__ = (UniqueConstraint("version_id", "audience", "question_id"),)

    version_id: Mapped[int] = mapped_column(
        ForeignKey("survey_versions.id", ondelete="CASCADE"), primary_key=True
    )
    audience: Mapped[Audience] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id"), index=True)
    wording_id: Mapped[int] = mapped_column(ForeignKey("wordings.id"), index=True)
    section: Mapped[str | None]
    rule: Mapped[dict[str, Any] | None]
    has_comment: Mapped[bool] = mapped_column(default=False)
    version: Mapped[SurveyVersion] = relationship(back_populates="items")
    question: Mapped[Question] = relationship()
    wording: Mapped[Wording] = relationship()


class MailTextRow(Base):
    """The survey's own text of one mail in one language, in place of the standard text."""

    __tablename__ = "mail_texts"

    survey_id: Mapped[int] = mapped_column(
        ForeignKey("surveys.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[MailKind] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    body: Mapped[str]
    edited_at: Mapped[datetime]
    edited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
