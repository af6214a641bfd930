"""Comments that a person marked for follow-up: to do, then done.

A mark is an alert that no rule raised. The person who set it owns it. A comment has one at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, CursorResult, Delete, Update, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.models import Alert, Comment, User
from surveys.terms import FollowUpState


class FollowUpStep(StrEnum):
    """What can be done with the mark of a comment."""

    MARK = "mark"
    DONE = "done"
    REOPEN = "reopen"
    REMOVE = "remove"


#: The step that takes another one back.
BACK = {
    FollowUpStep.MARK: FollowUpStep.REMOVE,
    FollowUpStep.DONE: FollowUpStep.REOPEN,
    FollowUpStep.REOPEN: FollowUpStep.DONE,
    FollowUpStep.REMOVE: FollowUpStep.MARK,
}


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The mark of a comment: who set it and when, and when it was done."""

    state: FollowUpState
    name: str
    at: datetime
    done_at: datetime | None


def follow_up(
    session: Session, comment: Comment, step: FollowUpStep, *, user_id: int, now: datetime
) -> bool:
    """Set, finish, reopen or remove the mark of a comment; False where it is so already."""
    if step is FollowUpStep.MARK:
        return _mark(session, comment, user_id=user_id, now=now)
    if step is FollowUpStep.REMOVE:
        return _changed(session, delete(Alert).where(*_mark_of(comment.id)))
    is_done = step is FollowUpStep.DONE
    before, after = FollowUpState.OPEN, FollowUpState.DONE
    if not is_done:
        before, after = after, before
    changed = (
        update(Alert)
        .where(*_mark_of(comment.id), Alert.state == before.value)
        .values(state=after.value, done_at=now if is_done else None)
    )
    return _changed(session, changed)


def follow_ups_of(session: Session, comment_ids: Sequence[bytes]) -> dict[bytes, FollowUp]:
    """The marks of those comments that have one."""
    rows = session.execute(
        select(Alert.comment_id, Alert.state, User.name, Alert.created_at, Alert.done_at)
        .join(User, User.id == Alert.owner_id)
        .where(Alert.rule_id.is_(None), Alert.comment_id.in_(comment_ids))
    )
    return {
        row.comment_id: FollowUp(FollowUpState(row.state), row.name, row.created_at, row.done_at)
        for row in rows
    }


def _mark(session: Session, comment: Comment, *, user_id: int, now: datetime) -> bool:
    mark = Alert(
        wave_id=comment.wave_id,
        comment_id=comment.id,
        owner_id=user_id,
        state=FollowUpState.OPEN.value,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(mark)
    except IntegrityError:
        # Somebody else was first; their mark stands.
        return False
    return True


def _mark_of(comment_id: bytes) -> tuple[ColumnElement[bool], ...]:
    return Alert.rule_id.is_(None), Alert.comment_id == comment_id


def _changed(session: Session, statement: Delete | Update) -> bool:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount > 0
