"""Exports of single responses: identified surveys only; `exports.py` lets nobody else in here.

Rows, answers and texts are streams in the order of the responses and meet like sorted lists, so
that memory does not grow with the wave. For CSV the lines of what was sent are made many times
faster, by PostgreSQL (response_lines.py) or with SQLite (response_lines_sqlite.py); tests hold all
ways to the same bytes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session

from analysis import response_lines, response_lines_sqlite
from analysis.codebook import meanings
from analysis.export_table import Cell, ReadyLines, RowOfCells, Table, Variable
from analysis.response_columns import NOT_APPLICABLE, Column, Filled, of_draft
from analysis.response_streams import Following, stream, texts_of_responses
from analysis.variables import HIDDEN, fixed_variables
from surveys.i18n import DEFAULT_LOCALE
from surveys.models import (
    Answer,
    Contact,
    ContactRequest,
    Draft,
    Invitation,
    Partner,
    Question,
    Response,
    SegmentProfile,
    User,
    VersionItem,
    Wave,
    Wording,
)
from surveys.question_shapes import PER_ROW
from surveys.waves import Run

_LINES = {
    "postgresql": response_lines.response_lines,
    "sqlite": response_lines_sqlite.response_lines,
}

RESPONSE_HEADINGS = (
    "response_id",
    "survey",
    "wave",
    "survey_version",
    "audience",
    "mode",
    "status",
    "provisional",
    "is_late",
    "started_at",
    "completed_at",
    "last_activity_at",
    "duration_seconds",
    "language",
    "channel",
    "partner_external_id",
    "partner_name",
    "contact_external_id",
    "email",
    "partner_type",
    "tier",
    "region",
    "size_band",
    "account_manager",
)
ANSWER_HEADINGS = (
    "response_id",
    "question_code",
    "driver",
    "value_code",
    "value_num",
    "value_text",
)
_SEGMENTS = ("type", "tier", "region", "size_band")


def responses_table(
    session: Session, run: Run, *, with_addresses: bool, locale: str = DEFAULT_LOCALE
) -> Table:
    """One row for each response of the partners: the sent ones, then the begun ones.

    Segments are those of the invitation, frozen when the wave opened. Without addresses the column
    `email` says 'hidden'. Questions are explained in the language of the locale.
    """
    columns = asked_columns(session, run.partner)
    headings = [*RESPONSE_HEADINGS, *(name for column in columns for name in column.headings)]
    people = _People(run, with_addresses=with_addresses)
    variables = [*fixed_variables(RESPONSE_HEADINGS), *_explained(session, run, columns, locale)]
    rows = chain(_sent_rows(session, people, columns), _begun_rows(session, people, columns))
    lines_of = _LINES[session.get_bind().dialect.name]
    lines = ReadyLines(
        partial(lines_of, session, run.partner, columns, with_addresses=with_addresses),
        rest=_begun_rows(session, people, columns),
    )
    return Table(headings, rows, variables, lines)


def answers_table(session: Session, run: Run) -> Table:
    """One row for each answer and each text of the sent responses, response by response."""
    return Table(ANSWER_HEADINGS, _answer_rows(session, run.partner))


def _explained(
    session: Session, run: Run, columns: Sequence[Column], locale: str
) -> Iterator[Variable]:
    known = meanings(session, run.partner, locale)
    for column in columns:
        yield from column.variables(known[column.code])


class _People:
    """The leading columns: who answered, when, in which segments."""

    def __init__(self, run: Run, *, with_addresses: bool) -> None:
        self._wave = run.partner
        self._with_addresses = with_addresses

    @property
    def wave(self) -> Wave:
        return self._wave

    def sent(self, row: Any) -> list[Cell]:
        return self._head(
            row,
            status="complete",
            completed_at=row.submitted_at,
            last_at=row.changed_at or row.submitted_at,
            seconds=round((row.submitted_at - row.started_at).total_seconds()),
            flags=(0, int(row.is_late)),
        )

    def begun(self, row: Any) -> list[Cell]:
        return self._head(
            row,
            status="partial",
            completed_at=None,
            last_at=row.saved_at,
            seconds=None,
            flags=(int(row.is_provisional), 0),
        )

    def _head(
        self,
        row: Any,
        *,
        status: str,
        completed_at: datetime | None,
        last_at: datetime,
        seconds: int | None,
        flags: tuple[int, int],
    ) -> list[Cell]:
        wave = self._wave
        segments = row.segments or {}
        return [
            row.id,
            wave.survey.slug,
            wave.label,
            wave.version.number,
            wave.audience.value,
            wave.mode.value,
            status,
            *flags,
            _instant(row.started_at),
            _instant(completed_at),
            _instant(last_at),
            seconds,
            row.locale,
            row.channel.value,
            row.partner_external_id,
            row.partner_name,
            row.contact_external_id,
            row.email if self._with_addresses or row.email is None else HIDDEN,
            *(segments.get(name, getattr(row, name)) or None for name in _SEGMENTS),
            row.manager,
        ]


def _sent_rows(
    session: Session, people: _People, columns: Sequence[Column]
) -> Iterator[RowOfCells]:
    wave = people.wave
    answers = Following((row.response_id, row) for row in stream(session, _answers(wave)))
    texts = Following(texts_of_responses(session, wave))
    wishes = _contact_wishes(session, wave)
    for row in stream(session, _sent(wave)):
        filled = Filled(texts=dict(texts.take(row.id)), may_contact=row.id in wishes)
        for answer in answers.take(row.id):
            filled.answers.setdefault(answer.question_id, {})[answer.item] = answer.value
        yield [*people.sent(row), *(cell for column in columns for cell in column.cells(filled))]


def _begun_rows(
    session: Session, people: _People, columns: Sequence[Column]
) -> Iterator[RowOfCells]:
    for row in stream(session, _begun(people.wave)):
        draft = of_draft(row.values, columns)
        yield [*people.begun(row), *(cell for column in columns for cell in column.cells(draft))]


def _answer_rows(session: Session, wave: Wave) -> Iterator[RowOfCells]:
    per_row = set(session.scalars(select(Wording.question_id).where(Wording.type.in_(PER_ROW))))
    names = {
        row.id: (row.code, row.driver_code, row.id in per_row)
        for row in session.execute(select(Question.id, Question.code, Question.driver_code))
    }
    texts = Following(texts_of_responses(session, wave))
    for response_id, answers in groupby(
        stream(session, _answers(wave, with_empty=True)), key=lambda row: row.response_id
    ):
        for row in answers:
            if row.question_id is not None:
                name, driver, is_per_row = names[row.question_id]
                if is_per_row:
                    name = f"{name}__{row.item}"
                code = str(row.value if is_per_row else row.item or row.value)
                code = NOT_APPLICABLE if row.value is None else code
                yield [response_id, name, driver, code, row.value, None]
        for question_id, text in texts.take(response_id):
            yield [response_id, *names[question_id][:2], None, None, text.text]


def _sent(wave: Wave) -> Select[*tuple[Any, ...]]:
    return _with_people(
        select(
            Response.id,
            Response.locale,
            Response.channel,
            Response.started_at,
            Response.submitted_at,
            Response.changed_at,
            Response.is_late,
            *_PERSON_COLUMNS,
        ).join(Invitation, Invitation.id == Response.id),
        wave,
    )


def _begun(wave: Wave) -> Select[*tuple[Any, ...]]:
    """Drafts of people who sent nothing yet; an edit of sent answers is no response of its own."""
    return _with_people(
        select(
            Draft.invitation_id.label("id"),
            Draft.values,
            Draft.is_provisional,
            Draft.locale,
            Draft.channel,
            Draft.started_at,
            Draft.saved_at,
            *_PERSON_COLUMNS,
        ).join(Invitation, Invitation.id == Draft.invitation_id),
        wave,
    ).where(Invitation.answered_on.is_(None))


_PERSON_COLUMNS = (
    Partner.external_id.label("partner_external_id"),
    Partner.name.label("partner_name"),
    Contact.external_id.label("contact_external_id"),
    Contact.email,
    Partner.type,
    Partner.tier,
    Partner.region,
    Partner.size_band,
    SegmentProfile.segments,
    User.name.label("manager"),
)


def _with_people(query: Select[*tuple[Any, ...]], wave: Wave) -> Select[*tuple[Any, ...]]:
    profile = and_(
        SegmentProfile.wave_id == Invitation.wave_id,
        SegmentProfile.profile_no == Invitation.profile_no,
    )
    return (
        query.outerjoin(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Invitation.partner_id)
        .outerjoin(User, User.id == Partner.owner_id)
        .outerjoin(SegmentProfile, profile)
        .where(Invitation.wave_id == wave.id)
        .order_by(Invitation.id)
    )


def _answers(wave: Wave, *, with_empty: bool = False) -> Select[*tuple[Any, ...]]:
    """Answers in the order of their responses; with those of texts alone, as one row of nothing."""
    return (
        select(Response.id.label("response_id"), Answer.question_id, Answer.item, Answer.value)
        .join(Invitation, Invitation.id == Response.id)
        .join(Answer, Answer.response_id == Response.id, isouter=with_empty)
        .where(Invitation.wave_id == wave.id)
        .order_by(Response.id, Answer.question_id, Answer.item)
    )


def _contact_wishes(session: Session, wave: Wave) -> set[int | None]:
    query = select(ContactRequest.response_id).where(
        ContactRequest.wave_id == wave.id,
        ContactRequest.response_id.is_not(None),
        ContactRequest.withdrawn_on.is_(None),
    )
    return set(session.scalars(query))


def asked_columns(session: Session, wave: Wave) -> list[Column]:
    """The questions of a wave in their order, as columns of a file."""
    rows = session.execute(
        select(
            Question.id,
            Question.code,
            Wording.type,
            Wording.options,
            VersionItem.has_comment,
        )
        .join(VersionItem, VersionItem.question_id == Question.id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id == wave.version_id, VersionItem.audience == wave.audience)
        .order_by(VersionItem.position)
    )
    return [column for row in rows for column in _columns_of(row)]


def _columns_of(row: Any) -> list[Column]:
    options = [option["value"] for option in row.options or ()]
    if row.type not in PER_ROW:
        return [Column(row.id, row.code, row.type, options, row.has_comment)]
    return [
        Column(row.id, f"{row.code}__{option}", row.type, (), has_comment=False, item=option)
        for option in options
    ]


def _instant(instant: datetime | None) -> str | None:
    return instant.isoformat(timespec="seconds") if instant else None
