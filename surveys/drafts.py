"""What is not sent yet: a draft, field by field, and what a page shows again.

A draft is one row apart from the answers: nothing unsent is counted by a slip, and a half-done
change leaves the sent answers in force. Anonymous mode has none. Sending is surveys/responses.py.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.errors import AlreadyAnswered
from surveys.models import Answer, Comment, CommentAuthor, ContactRequest, Draft, Invitation
from surveys.question_types import filled_fields, has_values
from surveys.questionnaires import Questionnaire
from surveys.responses import TICKED, Door, Filled, require_open
from surveys.terms import Channel, Mode, QuestionType


def saved_answers(session: Session, door: Door, questionnaire: Questionnaire) -> Filled:
    """What the page shows again: the draft, else the sent answers; nothing in anonymous mode."""
    if door.mode is Mode.ANONYMOUS:
        return Filled()
    if door.draft is not None:
        return _filled(door.draft)
    return sent_answers(session, door, questionnaire)


def sent_answers(session: Session, door: Door, questionnaire: Questionnaire) -> Filled:
    """What was sent and is in force; empty before the first response and in anonymous mode."""
    if door.mode is Mode.ANONYMOUS or door.answered_on is None:
        return Filled()
    rows = _answer_rows(session, door.invitation_id)
    texts = _comment_texts(session, door.invitation_id)
    values: dict[str, list[str]] = {}
    for item in questionnaire.items:
        if item.question_id in rows and has_values(item):
            values |= filled_fields(item, rows[item.question_id])
    words = {
        (item.comment_code if has_values(item) else item.code): texts[item.question_id]
        for item in questionnaire.items
        if item.question_id in texts
    }
    wish = _contact_wish(session, door, questionnaire)
    return Filled(values=values | dict(wish.values), texts=words | dict(wish.texts))


def save_draft(
    session: Session,
    door: Door,
    questionnaire: Questionnaire,
    filled: Filled,
    *,
    locale: str,
    channel: Channel,
    now: datetime,
) -> None:
    """Keep what was given so far, field by field: another tab's fields stay.

    The first draft after a response was sent starts from what was sent.

    Raises WaveNotOpen, or AlreadyAnswered where nothing is kept before the submit (anonymous mode)
    or nothing can be changed after it.
    """
    require_open(door, now)
    if door.mode is Mode.ANONYMOUS or door.is_used_up:
        raise AlreadyAnswered
    connection = session.connection()
    # Two tabs that save their first fields at once would both find no draft; they queue here.
    connection.execute(
        select(Invitation.id).where(Invitation.id == door.invitation_id).with_for_update()
    )
    stored = connection.execute(
        select(Draft.values).where(Draft.invitation_id == door.invitation_id)
    ).scalar_one_or_none()
    base = _filled(stored) if stored is not None else sent_answers(session, door, questionnaire)
    merged = {
        "values": dict(base.values) | {code: list(v) for code, v in filled.values.items()},
        "texts": dict(base.texts) | dict(filled.texts),
    }
    _upsert_draft(connection, door, merged, locale=locale, channel=channel, now=now)
    connection.execute(
        update(Invitation)
        .where(Invitation.id == door.invitation_id, Invitation.started_on.is_(None))
        .values(started_on=now.date(), opened_on=door.opened_on or now.date())
    )


def _filled(draft: Mapping[str, Any]) -> Filled:
    return Filled(values=draft.get("values", {}), texts=draft.get("texts", {}))


def _answer_rows(session: Session, response_id: int) -> dict[int, dict[int, int | None]]:
    rows: dict[int, dict[int, int | None]] = {}
    for row in session.execute(
        select(Answer.question_id, Answer.item, Answer.value).where(
            Answer.response_id == response_id
        )
    ):
        rows.setdefault(row.question_id, {})[row.item] = row.value
    return rows


def _comment_texts(session: Session, response_id: int) -> dict[int, str]:
    found = session.execute(
        select(CommentAuthor.question_id, Comment.text)
        .join(Comment, Comment.id == CommentAuthor.comment_id)
        .where(CommentAuthor.response_id == response_id)
    )
    return {row.question_id: row.text for row in found}


def _contact_wish(session: Session, door: Door, questionnaire: Questionnaire) -> Filled:
    ticks = [item for item in questionnaire.items if item.type is QuestionType.TICK]
    if not ticks:
        return Filled()
    standing = session.execute(
        select(ContactRequest.topic).where(
            ContactRequest.response_id == door.invitation_id,
            ContactRequest.withdrawn_on.is_(None),
        )
    ).one_or_none()
    if standing is None:
        return Filled()
    item = ticks[0]
    return Filled(
        values={item.code: [TICKED]},
        texts={item.comment_code: standing.topic} if standing.topic else {},
    )


def _upsert_draft(
    connection: Connection,
    door: Door,
    values: Mapping[str, Any],
    *,
    locale: str,
    channel: Channel,
    now: datetime,
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Draft).values(
        invitation_id=door.invitation_id,
        mode=door.mode,
        values=values,
        is_provisional=False,
        locale=locale,
        channel=channel,
        started_at=now,
        saved_at=now,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Draft.invitation_id],
            set_={"values": values, "locale": locale, "saved_at": now, "is_provisional": False},
        )
    )
