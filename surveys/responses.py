"""Recording what a respondent sends: responses, answers, comments, the wish to be contacted.

What is not sent yet is kept by surveys/drafts.py. One transaction per submit, and nothing that all
submits of a wave would queue for: the conditional UPDATE of one's own invitation decides who is
first, everything else is inserted. What a response means is worked out later, by the worker; a
submit neither waits for that nor fails because of it.

Source of the modes: method of confidentiality, section 5; data model, "one answer in three modes".
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from surveys.asked_questions import not_asked
from surveys.db import Base
from surveys.doors import Door, mark_opened, open_door, require_open
from surveys.errors import AlreadyAnswered, NothingAnswered
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
    ContactRequest,
    InboxResponse,
    Response,
)
from surveys.question_types import field_names, given_rows, has_values
from surveys.questionnaires import Item, Questionnaire
from surveys.terms import Channel, Mode, QuestionType, RequestKind

__all__ = [
    "CONSENT_IN_SURVEY",
    "TICKED",
    "Door",
    "Filled",
    "mark_opened",
    "open_door",
    "record_response",
    "require_open",
]

#: The form value of a ticked box.
TICKED = "1"
#: The wording that a tick agrees to: the question "may contact me about my answers", first text.
CONSENT_IN_SURVEY = "contact/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """Form values by question code, texts by form field, as a page shows them again."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was answered."""
        return not any(self.values.values()) and not any(
            text.strip() for text in self.texts.values()
        )


def record_response(
    session: Session,
    door: Door,
    questionnaire: Questionnaire,
    filled: Filled,
    *,
    locale: str,
    channel: Channel,
    now: datetime,
) -> None:
    """Store a sent response; a second one replaces the first where the survey allows changes.

    What the answers do not lead to is not kept.
    Raises WaveNotOpen, NothingAnswered, or AlreadyAnswered.
    """
    require_open(door, now)
    filled = _asked_only(questionnaire, filled)
    if filled.is_empty:
        raise NothingAnswered
    connection = session.connection()
    is_first = _mark_answered(connection, door, now)
    if not is_first and (door.mode is Mode.ANONYMOUS or not door.may_change):
        raise AlreadyAnswered
    if door.mode is Mode.ANONYMOUS:
        _put_into_inbox(connection, door, questionnaire, filled, locale)
        return
    if is_first:
        _insert_response(connection, door, locale=locale, channel=channel, now=now)
    else:
        _reopen_response(connection, door, now)
    _insert_answers(connection, door.invitation_id, questionnaire, filled)
    _insert_comments(connection, door, questionnaire, filled, locale)
    _store_contact_wish(connection, door, questionnaire, filled, now)
    connection.execute(_INSERT_CHANGE, {"wave_id": door.wave_id})


def _asked_only(questionnaire: Questionnaire, filled: Filled) -> Filled:
    unasked = not_asked(questionnaire.items, filled.values)
    if not unasked:
        return filled
    names = {
        name
        for item in questionnaire.items
        if item.code in unasked
        for name in (item.code, *field_names(item), item.comment_code)
    }
    return Filled(
        values={code: own for code, own in filled.values.items() if code not in names},
        texts={name: text for name, text in filled.texts.items() if name not in names},
    )


# The path of every submit: statements on tables, built once. Building one from mapped classes at
# each request costs more than running it.
_INVITATIONS = Base.metadata.tables["invitations"]
_DRAFTS = Base.metadata.tables["drafts"]

_FIRST_ANSWER = (
    update(_INVITATIONS)
    .where(_INVITATIONS.c.id == bindparam("own"), _INVITATIONS.c.answered_on.is_(None))
    .values(
        answered_on=bindparam("today"),
        opened_on=bindparam("opened"),
        started_on=bindparam("started"),
        is_waiting=bindparam("waits"),
    )
)
_END_DRAFT = (
    delete(_DRAFTS)
    .where(_DRAFTS.c.invitation_id == bindparam("own"))
    .returning(_DRAFTS.c.started_at, _DRAFTS.c.channel)
)
_INSERT_RESPONSE = insert(Base.metadata.tables["responses"])
_INSERT_ANSWER = insert(Base.metadata.tables["answers"])
_INSERT_COMMENT = insert(Base.metadata.tables["comments"])
_INSERT_AUTHOR = insert(Base.metadata.tables["comment_authors"])
_INSERT_CHANGE = insert(Base.metadata.tables["wave_changes"])


def _mark_answered(connection: Connection, door: Door, now: datetime) -> bool:
    """True for the one submit that comes first; the day is all that is kept."""
    today = now.date()
    is_anonymous = door.mode is Mode.ANONYMOUS
    marks = {
        "own": door.invitation_id,
        "today": today,
        "opened": None if is_anonymous else door.opened_on or today,
        "started": None if is_anonymous else door.started_on or today,
        "waits": is_anonymous,
    }
    return connection.execute(_FIRST_ANSWER, marks).rowcount == 1


def _insert_response(
    connection: Connection, door: Door, *, locale: str, channel: Channel, now: datetime
) -> None:
    draft = connection.execute(_END_DRAFT, {"own": door.invitation_id}).one_or_none()
    connection.execute(
        _INSERT_RESPONSE,
        {
            "id": door.invitation_id,
            "mode": door.mode,
            "locale": locale,
            "channel": draft.channel if draft else channel,
            "started_at": min(draft.started_at, now) if draft else now,
            "submitted_at": now,
            "is_late": door.is_late(now),
        },
    )


def _reopen_response(connection: Connection, door: Door, now: datetime) -> None:
    """Empty a sent response of its answers, so that the new ones replace them as a whole."""
    own = door.invitation_id
    connection.execute(update(Response).where(Response.id == own).values(changed_at=now))
    connection.execute(delete(Answer).where(Answer.response_id == own))
    of_response = select(CommentAuthor.comment_id).where(CommentAuthor.response_id == own)
    connection.execute(delete(Comment).where(Comment.id.in_(of_response)))
    connection.execute(_END_DRAFT, {"own": own})


def _insert_answers(
    connection: Connection, response_id: int, questionnaire: Questionnaire, filled: Filled
) -> None:
    rows = [
        {
            "response_id": response_id,
            "question_id": item.question_id,
            "item": number,
            "value": value,
        }
        for item in questionnaire.items
        if has_values(item)
        for number, value in given_rows(item, filled.values)
    ]
    if rows:
        connection.execute(_INSERT_ANSWER, rows)


def _insert_comments(
    connection: Connection, door: Door, questionnaire: Questionnaire, filled: Filled, locale: str
) -> None:
    comments, authors = [], []
    for item, text in _texts(questionnaire, filled):
        key = secrets.token_bytes(16)
        comments.append(
            {
                "id": key,
                "wave_id": door.wave_id,
                "question_id": item.question_id,
                "text": text,
                "locale": locale,
            }
        )
        authors.append(
            {
                "comment_id": key,
                "response_id": door.invitation_id,
                "question_id": item.question_id,
            }
        )
    if comments:
        connection.execute(_INSERT_COMMENT, comments)
        connection.execute(_INSERT_AUTHOR, authors)


def _store_contact_wish(
    connection: Connection, door: Door, questionnaire: Questionnaire, filled: Filled, now: datetime
) -> None:
    """'May contact me about my answers', asked in identified surveys only; a change replaces it."""
    items = [item for item in questionnaire.items if item.type is QuestionType.TICK]
    if not items or door.mode is not Mode.IDENTIFIED or door.contact_id is None:
        return
    wished = next((i for i in items if TICKED in filled.values.get(i.code, ())), None)
    topic = filled.texts.get(wished.comment_code, "").strip() if wished else ""
    standing = (
        update(ContactRequest)
        .where(
            ContactRequest.response_id == door.invitation_id,
            ContactRequest.withdrawn_on.is_(None),
        )
        .values(topic=topic or None, withdrawn_on=None if wished else now.date())
    )
    if connection.execute(standing).rowcount or not wished:
        return
    connection.execute(
        insert(ContactRequest).values(
            contact_id=door.contact_id,
            wave_id=door.wave_id,
            kind=RequestKind.CALL_ME,
            response_id=door.invitation_id,
            topic=topic or None,
            consent_key=CONSENT_IN_SURVEY,
            asked_on=now.date(),
        )
    )


def _put_into_inbox(
    connection: Connection, door: Door, questionnaire: Questionnaire, filled: Filled, locale: str
) -> None:
    values = {
        str(item.question_id): {str(number): value for number, value in rows}
        for item in questionnaire.items
        if has_values(item) and (rows := given_rows(item, filled.values))
    }
    comments = {str(item.question_id): text for item, text in _texts(questionnaire, filled)}
    connection.execute(
        insert(InboxResponse).values(
            id=secrets.token_bytes(16),
            wave_id=door.wave_id,
            mode=door.mode,
            profile_no=door.profile_no,
            locale=locale,
            values=values,
            comments=comments,
        )
    )


def _texts(questionnaire: Questionnaire, filled: Filled) -> list[tuple[Item, str]]:
    """Each question's text: its own answer, or the comment under its rating."""
    found = []
    for item in questionnaire.items:
        key = item.comment_code if has_values(item) else item.code
        text = filled.texts.get(key, "").strip()
        if text:
            found.append((item, text))
    return found
