"""A wave's answers as a stream, company by company: what cells and publishing are built from.

One SELECT with an explicit column list, ordered so that all answers of a company come together,
read in blocks: memory stays bounded however many answered. Anonymous answers have no company; they
come profile by profile.

Waves of a pool come as one: of each person the latest answer, with the segments of that wave.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from surveys.models import (
    AnonymousResponse,
    Answer,
    Invitation,
    Response,
    SegmentProfile,
    VersionItem,
    Wave,
    Wording,
)
from surveys.pools import pool_waves
from surveys.terms import Audience, Mode

BLOCK = 2000
#: The aggregate that makes one JSON object of many rows, by dialect.
AS_OBJECT = {"sqlite": "json_group_object", "postgresql": "json_object_agg"}

#: Answers of one person: stored value by question id; None is "don't know". Single answers only.
Values = Mapping[int, int | None]


@dataclass(slots=True)
class PersonAnswers:
    """What one person answered, with the number of their segment profile."""

    invitation_id: int
    profile_no: int
    values: dict[int, int | None] = field(default_factory=dict)


@dataclass(slots=True)
class CompanyAnswers:
    """Everybody of one company who answered; staff count as a company each."""

    key: int
    people: list[PersonAnswers] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PoolShape:
    """What joins the waves of a pool; `wave_ids` are in their order, `start` is the first's number.

    `profile_of` numbers the segments of all waves anew, by wave and its own number. `comparable`
    are the questions that a wave asked in the wording of the last one; its other answers are left
    out.
    """

    wave_ids: tuple[int, ...]
    start: int
    profile_of: Mapping[tuple[int, int], int]
    comparable: Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class WaveShape:
    """What a wave's answers are counted by: profiles, dimensions, and whether companies count.

    Of a pooled wave: of all waves of its pool up to it.
    """

    wave_id: int
    survey_id: int
    version_id: int
    number: int
    audience: Audience
    mode: Mode
    dimensions: tuple[str, ...]
    segments: Mapping[int, Mapping[str, str]]
    pool: PoolShape | None = None

    @property
    def wave_ids(self) -> tuple[int, ...]:
        """The waves whose answers are counted together."""
        return (self.wave_id,) if self.pool is None else self.pool.wave_ids

    @property
    def first_number(self) -> int:
        """The number of the first of them."""
        return self.number if self.pool is None else self.pool.start

    def profile(self, wave_id: int, profile_no: int) -> int:
        """The number in `segments` of a wave's own profile number."""
        return profile_no if self.pool is None else self.pool.profile_of[wave_id, profile_no]

    def counts(self, wave_id: int, question_id: int) -> bool:
        """Whether answers of this wave to this question are counted."""
        return self.pool is None or question_id in self.pool.comparable[wave_id]

    @property
    def has_companies(self) -> bool:
        """Whether answers of one company belong together (partners, except anonymous)."""
        return self.audience is Audience.PARTNER and self.mode is not Mode.ANONYMOUS


def wave_shape(session: Session, wave: Wave) -> WaveShape:
    """Read what is needed before the answers."""
    waves = pool_waves(session, wave)
    rows = session.execute(
        select(SegmentProfile.wave_id, SegmentProfile.profile_no, SegmentProfile.segments)
        .where(SegmentProfile.wave_id.in_([each.id for each in waves]))
        .order_by(SegmentProfile.wave_id, SegmentProfile.profile_no)
    ).all()
    dimensions = [d for d in wave.dimensions if all(d in each.dimensions for each in waves)]
    segments = {row.profile_no: row.segments for row in rows}
    pool = None
    if wave.is_pooled:
        profile_of, segments = _joined_profiles(rows, dimensions)
        pool = PoolShape(
            tuple(each.id for each in waves),
            wave.first_number,
            profile_of,
            _comparable(session, waves),
        )
    return WaveShape(
        wave_id=wave.id,
        survey_id=wave.survey_id,
        version_id=wave.version_id,
        number=wave.number,
        audience=wave.audience,
        mode=wave.mode,
        dimensions=tuple(dimensions),
        segments=segments,
        pool=pool,
    )


def counted_invitations(shape: WaveShape) -> list[ColumnElement[bool]]:
    """Which invitations are counted: of a pool, those that carry a person's latest answer.

    Somebody whose contact was erased cannot be told from another such mark, so nameless marks count
    in the last wave of the pool only: nobody may count twice.
    """
    if shape.pool is None:
        return [Invitation.wave_id == shape.wave_id]
    later = aliased(Invitation)
    # Waves of a survey open one after the other, so their ids rise with their numbers.
    answered_again = exists().where(
        later.contact_id == Invitation.contact_id,
        later.wave_id.in_(shape.wave_ids),
        later.wave_id > Invitation.wave_id,
        later.answered_on.is_not(None),
    )
    return [
        Invitation.wave_id.in_(shape.wave_ids),
        or_(
            Invitation.wave_id == shape.wave_id,
            and_(Invitation.contact_id.is_not(None), ~answered_again),
        ),
    ]


def companies_of(session: Session, shape: WaveShape) -> Iterator[CompanyAnswers]:
    """Stream the linked answers of a wave, company after company in the order of their ids."""
    for key, rows in groupby(_people(session, shape), key=itemgetter(0)):
        yield CompanyAnswers(key, [person for _, person in rows])


def people_of(session: Session, shape: WaveShape) -> Iterator[PersonAnswers]:
    """Stream whoever answered, for audiences in which companies do not count."""
    if shape.mode is Mode.ANONYMOUS and shape.audience is Audience.PARTNER:
        yield from anonymous_people(session, shape)
    else:
        for _, person in _people(session, shape):
            yield person


def anonymous_people(session: Session, shape: WaveShape) -> Iterator[PersonAnswers]:
    """Stream the shuffled answers of an anonymous wave; the ids mean nothing."""
    query = select(AnonymousResponse.profile_no, AnonymousResponse.values).where(
        AnonymousResponse.wave_id == shape.wave_id
    )
    for row in _stream(session, query):
        values = {
            int(question_id): stored["0"]
            for question_id, stored in row.values.items()
            if "0" in stored
        }
        yield PersonAnswers(0, row.profile_no, values)


def _people(session: Session, shape: WaveShape) -> Iterator[tuple[int, PersonAnswers]]:
    """Who answered, each with the key of the company."""
    rows = _stream(session, _linked(session, shape))
    for partner_id, wave_id, profile_no, response_id, stored in rows:
        if stored is None:
            continue
        values = {int(question_id): value for question_id, value in stored.items()}
        if shape.pool is not None:
            values = {each: v for each, v in values.items() if shape.counts(wave_id, each)}
        # Whoever has no company is one of their own; ids of companies are above zero.
        key = partner_id if shape.has_companies and partner_id else -response_id
        yield key, PersonAnswers(response_id, shape.profile(wave_id, profile_no), values)


def _linked(session: Session, shape: WaveShape) -> Select[*tuple[Any, ...]]:
    """One row a response: its answers come as one object, a twelfth of the rows to fetch."""
    as_object = AS_OBJECT[session.get_bind().dialect.name]
    answers = (
        select(getattr(func, as_object)(Answer.question_id, Answer.value, type_=JSON))
        .where(Answer.response_id == Invitation.id, Answer.item == 0)
        .scalar_subquery()
    )
    order = [Invitation.partner_id] if shape.has_companies else []
    return (
        select(
            Invitation.partner_id,
            Invitation.wave_id,
            Invitation.profile_no,
            Invitation.id,
            answers,
        )
        .join(Response, Response.id == Invitation.id)
        .where(*counted_invitations(shape))
        .order_by(*order, Invitation.id)
    )


def _stream(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from session.execute(query.execution_options(yield_per=BLOCK))


def _joined_profiles(
    rows: Sequence[Any], dimensions: Sequence[str]
) -> tuple[dict[tuple[int, int], int], dict[int, Mapping[str, str]]]:
    """New numbers for the profiles of several waves; equal segments are one profile."""
    number_of: dict[tuple[tuple[str, str], ...], int] = {}
    profile_of = {}
    for row in rows:
        kept = tuple((name, row.segments[name]) for name in dimensions if name in row.segments)
        profile_of[row.wave_id, row.profile_no] = number_of.setdefault(kept, len(number_of))
    return profile_of, {number: dict(kept) for kept, number in number_of.items()}


def _comparable(session: Session, waves: Sequence[Wave]) -> dict[int, frozenset[int]]:
    """By wave, the questions that the last wave asks in the same words."""
    rows = session.execute(
        select(VersionItem.version_id, VersionItem.question_id, Wording.series, Wording.type)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(
            VersionItem.version_id.in_({wave.version_id for wave in waves}),
            VersionItem.audience == waves[-1].audience,
        )
    ).all()
    wording = {(row.version_id, row.question_id): (row.series, row.type) for row in rows}
    last = {key[1]: words for key, words in wording.items() if key[0] == waves[-1].version_id}
    return {
        wave.id: frozenset(
            question_id
            for question_id, words in last.items()
            if wording.get((wave.version_id, question_id)) == words
        )
        for wave in waves
    }
