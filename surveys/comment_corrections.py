"""A person's verdict on a comment: facts, kept beside the text and above every analyser's score.

A correction is a row; the newest that was not taken back counts. What it leaves open (None) is the
analyser's. Which verdict follows is worked out in analysis/verdicts.py, also after rescoring.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.models import CommentCorrection, User
from surveys.terms import Sentiment


@dataclass(frozen=True, slots=True)
class CorrectedBy:
    """Whose correction counts, and since when."""

    name: str
    at: datetime


def correct_comment(
    session: Session,
    comment_id: bytes,
    *,
    user_id: int,
    now: datetime,
    label: Sentiment,
    drivers: Sequence[str] | None = None,
    quiet_exit: bool | None = None,
) -> bool:
    """Keep what a person says of a comment; False where that is what counts already.

    Drivers and quiet exit that are not said stay as a person said them before.
    """
    before = standing_correction(session, comment_id)
    if before is not None:
        drivers = before.drivers if drivers is None else drivers
        quiet_exit = before.quiet_exit if quiet_exit is None else quiet_exit
    listed = None if drivers is None else sorted(set(drivers))
    if before and (before.label, before.drivers, before.quiet_exit) == (label, listed, quiet_exit):
        return False
    session.add(
        CommentCorrection(
            comment_id=comment_id,
            user_id=user_id,
            created_at=now,
            label=label.value,
            drivers=listed,
            quiet_exit=quiet_exit,
        )
    )
    session.flush()
    return True


def undo_correction(session: Session, comment_id: bytes, *, now: datetime) -> bool:
    """Take the correction that counts back, so that the one before or the analyser's does.

    False without any.
    """
    standing = standing_correction(session, comment_id)
    if standing is None:
        return False
    standing.undone_at = now
    session.flush()
    return True


def standing_correction(session: Session, comment_id: bytes) -> CommentCorrection | None:
    """The correction of a comment that counts."""
    return session.scalars(
        select(CommentCorrection)
        .where(CommentCorrection.comment_id == comment_id, CommentCorrection.undone_at.is_(None))
        .order_by(CommentCorrection.id.desc())
        .limit(1)
    ).first()


def corrected_by(session: Session, comment_ids: Sequence[bytes]) -> dict[bytes, CorrectedBy]:
    """Whose correction counts, of those comments that have one."""
    rows = session.execute(
        select(CommentCorrection.comment_id, User.name, CommentCorrection.created_at)
        .join(User, User.id == CommentCorrection.user_id)
        .where(CommentCorrection.comment_id.in_(comment_ids), CommentCorrection.undone_at.is_(None))
        .order_by(CommentCorrection.id)
    )
    return {row.comment_id: CorrectedBy(row.name, row.created_at) for row in rows}
