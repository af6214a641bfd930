"""Responses as wide rows, made by PostgreSQL: one statement for a block of them.

The cells are those of response_exports.py, in its order; golden files hold the two together. A
block of answers is pivoted in one grouped pass. Builds statements only; nothing is read here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Float,
    Integer,
    Select,
    Subquery,
    Text,
    and_,
    case,
    cast,
    exists,
    extract,
    func,
    literal,
    null,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from analysis.models import CommentVerdict, VerdictDriver
from analysis.response_columns import NOT_APPLICABLE, Column
from analysis.variables import HIDDEN
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
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

SEGMENTS = ("type", "tier", "region", "size_band")


@dataclass(frozen=True, slots=True)
class Span:
    """Responses of a wave with ids above `after`, up to `last`."""

    wave: Wave
    after: int
    last: int


class WideRows:
    """The statement of a span's wide rows, in the order of their ids."""

    def __init__(self, span: Span, columns: Sequence[Column], *, with_addresses: bool) -> None:
        self._span = span
        self._columns = columns
        self._with_addresses = with_addresses
        self._profiles = self._profile_segments()
        self._answers = self._pivoted_answers()
        self._texts = self._pivoted_texts()

    def cells(self) -> list[ColumnElement[Any]]:
        """All columns of a row, with those of its questions."""
        return [*self._head(), *self._questions()]

    def select(self, *values: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
        """These values of each response of the span, its joins made."""
        span = self._span
        query = (
            select(*values)
            .select_from(Invitation)
            .join(Response, Response.id == Invitation.id)
            .outerjoin(Contact, Contact.id == Invitation.contact_id)
            .outerjoin(Partner, Partner.id == Invitation.partner_id)
            .outerjoin(User, User.id == Partner.owner_id)
            .outerjoin(self._profiles, self._profiles.c.profile_no == Invitation.profile_no)
        )
        for pivot in (self._answers, self._texts):
            query = query.outerjoin(pivot, pivot.c.response_id == Invitation.id)
        return query.where(of_wave_in_order(span.wave), *self._within(Invitation.id)).order_by(
            Invitation.id
        )

    def _within(self, column: Any) -> list[ColumnElement[bool]]:
        return [column > self._span.after, column <= self._span.last]

    def _head(self) -> Iterator[ColumnElement[Any]]:
        wave = self._span.wave
        yield Response.id.expression
        yield literal(wave.survey.slug, Text)
        yield literal(wave.label, Text)
        yield literal(wave.version.number, Integer)
        for known in (wave.audience.value, wave.mode.value, "complete"):
            yield literal(known, Text)
        yield literal(0, Integer)
        yield cast(Response.is_late, Integer)
        changed = func.coalesce(Response.changed_at, Response.submitted_at)
        for instant in (Response.started_at, Response.submitted_at, changed):
            yield self._instant(instant)
        yield self._seconds()
        yield type_coerce(Response.locale, Text)
        yield type_coerce(Response.channel, Text)
        yield from self._people()

    def _people(self) -> Iterator[ColumnElement[Any]]:
        shown = Contact.email if self._with_addresses else literal(HIDDEN, Text)
        email = case((Contact.email.is_(None), null()), else_=shown)
        for text in (Partner.external_id, Partner.name, Contact.external_id, email):
            yield self._text(text)
        known = self._profiles.c
        for name in SEGMENTS:
            of_partner = getattr(Partner, name)
            segment = case((known[f"has_{name}"], known[name]), else_=of_partner)
            yield self._text(segment)
        yield self._text(User.name)

    def _text(self, value: Any) -> ColumnElement[Any]:
        # PostgreSQL would write an empty text as two quotes.
        return func.nullif(value, "")

    def _instant(self, instant: Any) -> ColumnElement[Any]:
        return func.to_char(func.timezone("UTC", instant), 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')

    def _seconds(self) -> ColumnElement[Any]:
        """From the start to the end, rounded as Python rounds: halves to the even second."""
        taken = extract("epoch", Response.submitted_at - Response.started_at)
        return cast(func.round(cast(taken, Float(53))), BigInteger)

    def _profile_segments(self) -> CTE:
        stored = SegmentProfile.segments
        found: list[ColumnElement[Any]] = []
        for name in SEGMENTS:
            found.append(func.jsonb_exists(stored, name).label(f"has_{name}"))
            found.append(func.jsonb_extract_path_text(stored, name).label(name))
        query = select(SegmentProfile.profile_no, *found)
        # Taken apart once a profile, not once a response.
        return (
            query.where(SegmentProfile.wave_id == self._span.wave.id)
            .cte("profiles")
            .prefix_with("MATERIALIZED")
        )

    def _questions(self) -> Iterator[ColumnElement[Any]]:
        for column in self._columns:
            if column.type is QuestionType.TICK:
                yield self._wish()
            elif column.type is not QuestionType.TEXT:
                yield from self._given(column)
            if column.type is QuestionType.TEXT or column.has_comment:
                yield from self._written(column)

    def _wish(self) -> ColumnElement[Any]:
        asked = exists().where(
            ContactRequest.response_id == Invitation.id,
            ContactRequest.wave_id == self._span.wave.id,
            ContactRequest.withdrawn_on.is_(None),
        )
        return cast(asked, Integer)

    def _given(self, column: Column) -> Iterator[ColumnElement[Any]]:
        names = [f"{column.code}__{option}" for option in column.options]
        for name in names if column.type is QuestionType.MANY else [column.code]:
            yield self._answers.c[name]

    def _pivoted_answers(self) -> Subquery:
        found: list[ColumnElement[Any]] = []
        for column in self._columns:
            is_mine = Answer.question_id == column.question_id
            if column.type is QuestionType.MANY:
                for option in column.options:
                    value = _of_option(option, is_mine)
                    found.append(value.label(f"{column.code}__{option}"))
            elif column.type not in (QuestionType.TICK, QuestionType.TEXT):
                mine = and_(is_mine, Answer.item == column.item)
                found.append(func.max(_or_unknown()).filter(mine).label(column.code))
        return (
            select(Answer.response_id, *found)
            .where(*self._within(Answer.response_id))
            .group_by(Answer.response_id)
            .subquery("given")
        )

    def _written(self, column: Column) -> Iterator[ColumnElement[Any]]:
        """A text and its two neighbours."""
        for name in ("text", "label", "drivers"):
            yield self._texts.c[f"{name}_{column.question_id}"]

    def _pivoted_texts(self) -> Subquery:
        code = VerdictDriver.driver_code
        # In the order of code points, as elsewhere, whatever the database's own is.
        ordered = aggregate_order_by(literal(" ", Text), code.collate("C"))
        drivers = (
            select(func.string_agg(code, ordered))
            .where(VerdictDriver.comment_id == Comment.id)
            .correlate(Comment)
            .scalar_subquery()
        )
        parts = {"text": Comment.text, "label": CommentVerdict.label, "drivers": drivers}
        found = [
            func.max(type_coerce(part, Text))
            .filter(CommentAuthor.question_id == column.question_id)
            .label(f"{name}_{column.question_id}")
            for column in self._columns
            if column.type is QuestionType.TEXT or column.has_comment
            for name, part in parts.items()
        ]
        return (
            _texts(CommentAuthor.response_id, *found)
            .where(*self._within(CommentAuthor.response_id))
            .group_by(CommentAuthor.response_id)
            .subquery("written")
        )


def of_wave_in_order(wave: Wave) -> ColumnElement[bool]:
    """Invitations of the wave, found by their ids and not by the index of waves.

    By that index all of them would have to be sorted before the first could leave. The planner
    still knows how many there are; of a sum it would guess, and join row by row.
    """
    return Invitation.wave_id.is_not_distinct_from(wave.id)


def _texts(*values: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*values)
        .select_from(CommentAuthor)
        .join(Comment, Comment.id == CommentAuthor.comment_id)
        .outerjoin(CommentVerdict, CommentVerdict.comment_id == Comment.id)
    )


def _or_unknown() -> ColumnElement[Any]:
    return func.coalesce(cast(Answer.value, Text), NOT_APPLICABLE)


def _of_option(option: int, *is_mine: ColumnElement[bool]) -> ColumnElement[Any]:
    """Over the answers to a multiple choice: whether an option was chosen, or "don't know"."""
    n_unknown = func.sum(case((and_(*is_mine, Answer.item == 0, Answer.value.is_(None)), 1)))
    n_chosen = func.sum(case((and_(*is_mine, Answer.item == option), 1)))
    n_given = func.sum(case((and_(*is_mine, Answer.item >= 0), 1)))
    return case(
        (n_unknown > 0, NOT_APPLICABLE),
        (n_chosen > 0, "1"),
        (n_given > 0, "0"),
    )
