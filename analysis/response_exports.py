"""Exports of single responses: identified surveys only; `exports.py` lets nobody else in here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.export_table import Cell, RowOfCells, Table
from analysis.models import CommentDriver, CommentScore
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
    Contact,
    Invitation,
    Partner,
    Question,
    Response,
    User,
    VersionItem,
    Wave,
    Wording,
)
from surveys.terms import QuestionType
from surveys.waves import Run

NOT_APPLICABLE = "NA"

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


@dataclass(frozen=True, slots=True)
class _Column:
    question_id: int
    code: str
    type: QuestionType
    options: Sequence[int]
    has_comment: bool

    @property
    def headings(self) -> list[str]:
        if self.type is QuestionType.TEXT:
            return _text_headings(self.code)
        if self.type is QuestionType.MANY:
            names = [f"{self.code}__{option}" for option in self.options]
        else:
            names = [self.code]
        return names + (_text_headings(f"{self.code}_why") if self.has_comment else [])


def responses_table(session: Session, run: Run) -> Table:
    """One row for each sent response of the partners; identified surveys only."""
    columns = _columns(session, run.partner)
    headings = [*RESPONSE_HEADINGS, *(name for column in columns for name in column.headings)]
    return Table(headings, _response_rows(session, run, columns))


ANSWER_HEADINGS = (
    "response_id",
    "question_code",
    "driver",
    "value_code",
    "value_num",
    "value_text",
)


def answers_table(session: Session, run: Run) -> Table:
    """One row for each answer and each text; identified surveys only."""
    answers = session.execute(
        select(
            Answer.response_id,
            Question.code,
            Question.driver_code,
            Answer.item,
            Answer.value,
        )
        .join(Question, Question.id == Answer.question_id)
        .join(Invitation, Invitation.id == Answer.response_id)
        .where(Invitation.wave_id == run.partner.id)
        .order_by(Answer.response_id, Question.id, Answer.item)
        .execution_options(yield_per=1000)
    )
    texts = session.execute(
        select(CommentAuthor.response_id, Question.code, Question.driver_code, Comment.text)
        .join(Comment, Comment.id == CommentAuthor.comment_id)
        .join(Question, Question.id == Comment.question_id)
        .where(Comment.wave_id == run.partner.id)
        .order_by(CommentAuthor.response_id, Question.id)
    )
    return Table(ANSWER_HEADINGS, _answer_rows(answers, texts))


def _answer_rows(answers: Iterable[Any], texts: Iterable[Any]) -> Iterator[RowOfCells]:
    for row in answers:
        code = NOT_APPLICABLE if row.value is None else str(row.item or row.value)
        yield [row.response_id, row.code, row.driver_code, code, row.value, None]
    for row in texts:
        yield [row.response_id, row.code, row.driver_code, None, None, row.text]


def _text_headings(code: str) -> list[str]:
    return [code, f"{code}__sentiment", f"{code}__drivers"]


def _columns(session: Session, wave: Wave) -> list[_Column]:
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
    return [
        _Column(
            row.id,
            row.code,
            row.type,
            [option["value"] for option in row.options or ()],
            row.has_comment,
        )
        for row in rows
    ]


def _response_rows(session: Session, run: Run, columns: Sequence[_Column]) -> Iterator[RowOfCells]:
    answers = _answers_of(session, run.partner)
    texts = _texts_of(session, run.partner)
    rows = session.execute(
        select(Response, Invitation, Contact, Partner, User.name.label("manager"))
        .join(Invitation, Invitation.id == Response.id)
        .outerjoin(Contact, Contact.id == Invitation.contact_id)
        .outerjoin(Partner, Partner.id == Invitation.partner_id)
        .outerjoin(User, User.id == Partner.owner_id)
        .where(Invitation.wave_id == run.partner.id)
        .order_by(Response.id)
    )
    for response, _invitation, contact, partner, manager in rows:
        given = answers.get(response.id, {})
        written = texts.get(response.id, {})
        cells = [
            *_response_head(run, response, contact, partner, manager),
            *(cell for column in columns for cell in _question_cells(column, given, written)),
        ]
        yield cells


def _response_head(
    run: Run, response: Response, contact: Contact | None, partner: Partner | None, manager: str
) -> list[Cell]:
    last = response.changed_at or response.submitted_at
    seconds = (response.submitted_at - response.started_at).total_seconds()
    return [
        response.id,
        run.partner.survey.slug,
        run.partner.label,
        run.partner.version.number,
        run.partner.audience.value,
        run.partner.mode.value,
        "complete",
        0,
        int(response.is_late),
        response.started_at.isoformat(timespec="seconds"),
        response.submitted_at.isoformat(timespec="seconds"),
        last.isoformat(timespec="seconds"),
        round(seconds),
        response.locale,
        response.channel.value,
        partner.external_id if partner else None,
        partner.name if partner else None,
        contact.external_id if contact else None,
        contact.email if contact else None,
        partner.type if partner else None,
        partner.tier if partner else None,
        partner.region if partner else None,
        partner.size_band if partner else None,
        manager,
    ]


def _question_cells(
    column: _Column,
    given: Mapping[int, Mapping[int, int | None]],
    written: Mapping[int, tuple[str, str, str]],
) -> list[Cell]:
    text = list(written.get(column.question_id, (None, None, None)))
    if column.type is QuestionType.TEXT:
        return [*text]
    values = given.get(column.question_id)
    cells: list[Cell]
    if column.type is QuestionType.MANY:
        cells = [None if values is None else int(option in values) for option in column.options]
    elif values is None:
        cells = [None]
    else:
        value = values[0]
        cells = [NOT_APPLICABLE if value is None else value]
    return cells + (text if column.has_comment else [])


def _answers_of(session: Session, wave: Wave) -> dict[int, dict[int, dict[int, int | None]]]:
    found: dict[int, dict[int, dict[int, int | None]]] = {}
    rows = session.execute(
        select(Answer.response_id, Answer.question_id, Answer.item, Answer.value)
        .join(Invitation, Invitation.id == Answer.response_id)
        .where(Invitation.wave_id == wave.id)
    )
    for response_id, question_id, item, value in rows:
        found.setdefault(response_id, {}).setdefault(question_id, {})[item] = value
    return found


def _texts_of(session: Session, wave: Wave) -> dict[int, dict[int, tuple[str, str, str]]]:
    """Texts with their verdict and drivers, by response and question."""
    analyser = sentiment.analyser()
    drivers: dict[bytes, list[str]] = {}
    for comment_id, code in session.execute(
        select(CommentDriver.comment_id, CommentDriver.driver_code)
        .join(Comment, Comment.id == CommentDriver.comment_id)
        .where(Comment.wave_id == wave.id, CommentDriver.analyser == analyser)
        .order_by(CommentDriver.driver_code)
    ):
        drivers.setdefault(comment_id, []).append(code)
    found: dict[int, dict[int, tuple[str, str, str]]] = {}
    rows = session.execute(
        select(
            CommentAuthor.response_id,
            Comment.question_id,
            Comment.id,
            Comment.text,
            CommentScore.label,
        )
        .join(Comment, Comment.id == CommentAuthor.comment_id)
        .outerjoin(
            CommentScore,
            (CommentScore.comment_id == Comment.id) & (CommentScore.analyser == analyser),
        )
        .where(Comment.wave_id == wave.id)
    )
    for row in rows:
        found.setdefault(row.response_id, {})[row.question_id] = (
            row.text,
            row.label.value if row.label else "",
            " ".join(drivers.get(row.id, [])),
        )
    return found
