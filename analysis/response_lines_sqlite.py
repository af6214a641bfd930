"""The lines of a CSV file of sent responses, on SQLite: one statement, its texts beside it.

SQLite walks the invitations in the order of their ids and joins a response's answers into two
strings, so that one row is read for each line, and nothing is sorted. What Python adds is what SQL
cannot say exactly: quotes, formulas, segments. The cells are those of response_exports.py.

Source: performance, "export" (a cursor on SQLite, never by OFFSET).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session

from analysis.answer_lines import ITEMS, AnswerLines
from analysis.csv_lines import TextCells
from analysis.response_columns import NOT_APPLICABLE, Column
from analysis.response_streams import Following, texts_of_responses
from analysis.variables import HIDDEN
from analysis.wide_responses import SEGMENTS
from surveys.models import (
    Answer,
    Contact,
    ContactRequest,
    Invitation,
    Partner,
    Response,
    SegmentProfile,
    User,
    Wave,
)
from surveys.terms import QuestionType

LINES_AT_ONCE = 250
#: Combinations of segments remembered at a time.
KNOWN_SEGMENTS = 5_000

Segments = tuple[Any, ...]


def response_lines(
    session: Session,
    wave: Wave,
    columns: Sequence[Column],
    separator: str,
    *,
    with_addresses: bool,
) -> Iterator[bytes]:
    """Lines of the wave's sent responses in the order of their ids, several at once."""
    people = _PeopleLines(session, wave, separator, with_addresses=with_addresses)
    answers = AnswerLines(columns, separator)
    texts = Following(texts_of_responses(session, wave))
    for rows in _blocks(session, _sent(session, wave, columns)):
        lines = []
        for *person, wish, keys, values in rows:
            piece = answers.piece(keys, values, texts=texts.take(person[0]), may_contact=bool(wish))
            lines.append(f"{people.piece(person)}{separator}{piece}\r\n")
        yield "".join(lines).encode()


def _blocks(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
    """Rows as the driver gives them: values as they are stored."""
    compiled = query.compile(dialect=sqlite.dialect(paramstyle="named"))
    cursor = session.connection().connection.cursor()
    try:
        cursor.execute(str(compiled), compiled.params)
        while rows := cursor.fetchmany(LINES_AT_ONCE):
            yield list(rows)
    finally:
        cursor.close()


def _sent(session: Session, wave: Wave, columns: Sequence[Column]) -> Select[*tuple[Any, ...]]:
    """A row for each sent response: the person, the wish for a contact, keys and values."""
    first, last = session.execute(
        select(func.min(Invitation.id), func.max(Invitation.id)).where(
            Invitation.wave_id == wave.id
        )
    ).one()
    has_tick = any(column.type is QuestionType.TICK for column in columns)
    return (
        select(
            *_PERSON,
            _wish(wave) if has_tick else literal(0),
            func.group_concat(Answer.question_id * ITEMS + Answer.item),
            func.group_concat(func.ifnull(Answer.value, NOT_APPLICABLE)),
        )
        .select_from(Invitation)
        .join(Response, Response.id == Invitation.id)
        .outerjoin(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Invitation.partner_id)
        .outerjoin(User, User.id == Partner.owner_id)
        .outerjoin(Answer, Answer.response_id == Invitation.id)
        # The sum keeps the wave's index out: by it, every row would have to be sorted first.
        .where(Invitation.wave_id + 0 == wave.id, Invitation.id.between(first, last))
        .group_by(Invitation.id)
        .order_by(Invitation.id)
    )


_PERSON = (
    Invitation.id,
    Response.started_at,
    Response.submitted_at,
    Response.changed_at,
    Response.is_late,
    Response.locale,
    Response.channel,
    Partner.external_id,
    Partner.name,
    Contact.external_id,
    Contact.email,
    User.name,
    Invitation.profile_no,
    *(getattr(Partner, name) for name in SEGMENTS),
)


def _wish(wave: Wave) -> Any:
    return exists().where(
        ContactRequest.response_id == Invitation.id,
        ContactRequest.wave_id == wave.id,
        ContactRequest.withdrawn_on.is_(None),
    )


class _PeopleLines:
    """The leading cells: who answered, when, in which segments."""

    def __init__(
        self, session: Session, wave: Wave, separator: str, *, with_addresses: bool
    ) -> None:
        self._separator = separator
        self._written = TextCells(separator).written
        self._with_addresses = with_addresses
        self._of_wave = self._wave_cells(wave)
        query = select(SegmentProfile.profile_no, SegmentProfile.segments)
        rows = session.execute(query.where(SegmentProfile.wave_id == wave.id))
        self._profiles = {row.profile_no: row.segments or {} for row in rows}
        self._known: dict[Segments, str] = {}

    def piece(self, person: Sequence[Any]) -> str:
        """The cells with separators between them."""
        (
            response_id,
            started_at,
            submitted_at,
            changed_at,
            is_late,
            locale,
            channel,
            partner_external_id,
            partner_name,
            contact_external_id,
            email,
            manager,
            *segments,
        ) = person
        if email is not None and not self._with_addresses:
            email = HIDDEN
        written = self._written
        return self._separator.join(
            (
                str(response_id),
                self._of_wave,
                str(is_late),
                _instant(started_at),
                _instant(submitted_at),
                _instant(changed_at or submitted_at),
                _seconds(started_at, submitted_at),
                written(locale),
                written(channel),
                written(partner_external_id),
                written(partner_name),
                written(contact_external_id),
                written(email),
                self._segments(tuple(segments)),
                written(manager),
            )
        )

    def _wave_cells(self, wave: Wave) -> str:
        texts = [
            wave.survey.slug,
            wave.label,
            str(wave.version.number),
            wave.audience.value,
            wave.mode.value,
            "complete",
            "0",
        ]
        return self._separator.join(map(self._written, texts))

    def _segments(self, stored: Segments) -> str:
        """Cells of the segments at the opening; of the partner's own where nothing was kept."""
        cells = self._known.get(stored)
        if cells is None:
            profile_no, *own = stored
            profile = self._profiles.get(profile_no, {})
            found = [profile.get(name, mine) for name, mine in zip(SEGMENTS, own, strict=True)]
            cells = self._separator.join(map(self._written, found))
            if len(self._known) >= KNOWN_SEGMENTS:
                self._known.clear()
            self._known[stored] = cells
        return cells


# Instants are stored as text in UTC: 2026-11-24 10:15:00.000000.


def _instant(stored: str) -> str:
    return f"{stored[:10]}T{stored[11:19]}+00:00"


def _seconds(started_at: str, submitted_at: str) -> str:
    taken = datetime.fromisoformat(submitted_at) - datetime.fromisoformat(started_at)
    return str(round(taken.total_seconds()))
