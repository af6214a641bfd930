"""Mails that are to leave, and what came back about them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from surveys.db import TINY_TEXT, Base
from surveys.terms import MailKind, MailState


class OutgoingMail(Base):
    """One message to one person. The Message-ID is fixed when the row is made.

    `owner`, `lease_until` and `fence` belong to the sender that holds the row; a sender whose fence
    is older writes nothing. `tried_at` is when the last attempt ended. `step`, `reply_code` and
    `reply_text` say how far SMTP came: after a 250 to the final dot, the text is the proof of
    delivery to the next server. `n_uncertain` counts how often a sender died or lost the line
    between the final dot and the reply. `bounce` is the gravest that was said of it, by a refusal
    or by what came back: hard, policy or soft. `period` is the first day of what a digest tells;
    a person gets one of each. `bounced_at`: it came back, or its address is none.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        UniqueConstraint("invitation_id", "kind"),
        CheckConstraint(
            "(state IN ('claimed', 'in_data')) = (owner IS NOT NULL AND lease_until IS NOT NULL)",
            name="held_iff_owner",
        ),
        Index("uq_outgoing_mails_digest", "user_id", "kind", "period", unique=True),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_iff_sent_at"),
        Index(
            "ix_outgoing_mails_due",
            "due_at",
            sqlite_where=text("state IN ('queued', 'deferred')"),
            postgresql_where=text("state IN ('queued', 'deferred')"),
        ),
        Index(
            "ix_outgoing_mails_held",
            "lease_until",
            sqlite_where=text("state IN ('claimed', 'in_data')"),
            postgresql_where=text("state IN ('claimed', 'in_data')"),
        ),
        Index("ix_outgoing_mails_wave_id_state", "wave_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[MailKind]
    invitation_id: Mapped[int | None] = mapped_column(
        ForeignKey("invitations.id", ondelete="SET NULL")
    )
    wave_id: Mapped[int | None] = mapped_column(ForeignKey("waves.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    period: Mapped[date | None]
    locale: Mapped[str]
    email: Mapped[str | None]
    email_hash: Mapped[bytes] = mapped_column(index=True)
    values: Mapped[dict[str, Any] | None]
    state: Mapped[MailState]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    tried_at: Mapped[datetime | None] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str | None] = mapped_column(TINY_TEXT)
    n_uncertain: Mapped[int] = mapped_column(SmallInteger, default=0)
    step: Mapped[str | None] = mapped_column(TINY_TEXT)
    reply_code: Mapped[int | None] = mapped_column(SmallInteger)
    reply_text: Mapped[str | None]


class MailEvent(Base):
    """What came back: a bounce, a complaint, an opt-out by mail. Unmatched ones have no mail.

    The same message is kept once: by the place where it was found (`source`, `source_key`) and by
    the SHA-256 of its bytes (`digest`), since a mailbox that is rebuilt numbers its mails anew.
    """

    __tablename__ = "mail_events"
    __table_args__ = (UniqueConstraint("source", "source_key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int | None] = mapped_column(
        ForeignKey("outgoing_mails.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(TINY_TEXT)
    source: Mapped[str] = mapped_column(TINY_TEXT)
    source_key: Mapped[str | None]
    status: Mapped[str | None] = mapped_column(TINY_TEXT)
    detail: Mapped[str | None]
    digest: Mapped[bytes | None] = mapped_column(unique=True, index=True)
    created_at: Mapped[datetime]


class MailboxPosition(Base):
    """How far a mailbox has been read; another `uid_validity` makes every UID new (RFC 9051)."""

    __tablename__ = "mailbox_positions"

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger)
    last_uid: Mapped[int] = mapped_column(BigInteger)
    read_at: Mapped[datetime]
