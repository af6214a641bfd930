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
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.orm import Session

from surveys.errors import AlreadyAnswered, NothingAnswered, TokenUnknown, WaveNotOpen
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
    ContactRequest,
    Draft,
    InboxResponse,
    Invitation,
    Response,
    Survey,
    Wave,
    WaveChange,
)
from surveys.question_types import has_values, stored_rows
from surveys.questionnaires import Item, Questionnaire
from surveys.terms import Audience, Channel, Mode, QuestionType, WaveState
from surveys.tokens import hash_token, is_token

#: The form value of a ticked box.
TICKED = "1"
#: The wording that a tick agrees to: the question "may contact me about my answers", first text.
CONSENT_IN_SURVEY = "contact/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a personal link opens: the invitation and what its wave allows now."""

    invitation_id: int
    wave_id: int
    survey_id: int
    version_id: int
    audience: Audience
    mode: Mode
    state: WaveState
    locale: str
    locales: tuple[str, ...]
    profile_no: int
    contact_id: int | None
    partner_id: int | None
    opens_at: datetime
    closes_at: datetime
    grace_until: datetime
    may_change: bool
    min_people: int
    min_companies: int
    dimensions: tuple[str, ...]
    time_zone: str
    opened_on: date | None
    started_on: date | None
    answered_on: date | None

    def takes_answers(self, now: datetime) -> bool:
        """Whether an answer sent now is accepted: open, or in its grace time."""
        return self.state is WaveState.OPEN and self.opens_at <= now < self.grace_until

    def is_late(self, now: datetime) -> bool:
        """Whether an answer accepted now came after the close, in the grace time."""
        return now >= self.closes_at

    @property
    def is_used_up(self) -> bool:
        """Whether the link was used and nothing more can be done with it."""
        if self.answered_on is None:
            return False
        return self.mode is Mode.ANONYMOUS or not self.may_change


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


def open_door(session: Session, token: str) -> Door:
    """Find what a link opens; the token is the permission. Raises TokenUnknown."""
    if not is_token(token):
        raise TokenUnknown
    row = session.execute(_DOOR.where(Invitation.token_hash == hash_token(token))).one_or_none()
    if row is None:
        raise TokenUnknown
    return _door(row)


def require_open(door: Door, now: datetime) -> None:
    """Raise WaveNotOpen unless the wave takes answers now."""
    if not door.takes_answers(now):
        state = door.state if door.state is not WaveState.OPEN else WaveState.CLOSED
        raise WaveNotOpen(state.value)


def mark_opened(session: Session, door: Door, *, now: datetime) -> None:
    """Note the day of the first human act on an open page; never in anonymous mode."""
    if door.mode is Mode.ANONYMOUS or door.opened_on is not None or not door.takes_answers(now):
        return
    session.execute(
        update(Invitation)
        .where(Invitation.id == door.invitation_id, Invitation.opened_on.is_(None))
        .values(opened_on=now.date())
        .execution_options(synchronize_session=False)
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

    Raises WaveNotOpen, NothingAnswered, or AlreadyAnswered.
    """
    require_open(door, now)
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
    connection.execute(insert(WaveChange).values(wave_id=door.wave_id))
    connection.execute(delete(Draft).where(Draft.invitation_id == door.invitation_id))


_DOOR = (
    select(
        Invitation.id.label("invitation_id"),
        Invitation.locale,
        Invitation.profile_no,
        Invitation.contact_id,
        Invitation.partner_id,
        Invitation.opened_on,
        Invitation.started_on,
        Invitation.answered_on,
        Wave.id.label("wave_id"),
        Wave.survey_id,
        Wave.version_id,
        Wave.audience,
        Wave.mode,
        Wave.state,
        Wave.opens_at,
        Wave.closes_at,
        Wave.grace_until,
        Wave.min_people,
        Wave.min_companies,
        Wave.dimensions,
        Survey.locales,
        Survey.may_change,
        Survey.time_zone,
    )
    .join(Wave, Wave.id == Invitation.wave_id)
    .join(Survey, Survey.id == Wave.survey_id)
)


def _door(row: Any) -> Door:
    values = dict(row._mapping)
    values["dimensions"] = tuple(values["dimensions"])
    values["locales"] = tuple(values["locales"])
    return Door(**values)


def _mark_answered(connection: Connection, door: Door, now: datetime) -> bool:
    """True for the one submit that comes first; the day is all that is kept."""
    today = now.date()
    marks: dict[str, Any] = {"answered_on": today}
    if door.mode is Mode.ANONYMOUS:
        marks["is_waiting"] = True
    else:
        marks["started_on"] = door.started_on or today
        marks["opened_on"] = door.opened_on or today
    result = connection.execute(
        update(Invitation)
        .where(Invitation.id == door.invitation_id, Invitation.answered_on.is_(None))
        .values(**marks)
    )
    return result.rowcount == 1


def _insert_response(
    connection: Connection, door: Door, *, locale: str, channel: Channel, now: datetime
) -> None:
    draft = connection.execute(
        select(Draft.started_at, Draft.channel).where(Draft.invitation_id == door.invitation_id)
    ).one_or_none()
    connection.execute(
        insert(Response).values(
            id=door.invitation_id,
            mode=door.mode,
            locale=locale,
            channel=draft.channel if draft else channel,
            started_at=min(draft.started_at, now) if draft else now,
            submitted_at=now,
            is_late=door.is_late(now),
        )
    )


def _reopen_response(connection: Connection, door: Door, now: datetime) -> None:
    """Empty a sent response of its answers, so that the new ones replace them as a whole."""
    connection.execute(
        update(Response).where(Response.id == door.invitation_id).values(changed_at=now)
    )
    connection.execute(delete(Answer).where(Answer.response_id == door.invitation_id))
    connection.execute(
        delete(Comment).where(
            Comment.id.in_(
                select(CommentAuthor.comment_id).where(
                    CommentAuthor.response_id == door.invitation_id
                )
            )
        )
    )


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
        for number, value in stored_rows(item, filled.values.get(item.code, ()))
    ]
    if rows:
        connection.execute(insert(Answer), rows)


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
        connection.execute(insert(Comment), comments)
        connection.execute(insert(CommentAuthor), authors)


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
            kind="call_me",
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
        if has_values(item) and (rows := stored_rows(item, filled.values.get(item.code, ())))
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
