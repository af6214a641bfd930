"""A wave's answers as a stream, company by company: what cells and publishing are built from.

One SELECT with an explicit column list, ordered so that all answers of a company come together,
read in blocks: memory stays bounded however many answered. Anonymous answers have no company; they
come profile by profile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Select, func, select
from sqlalchemy.orm import Session

from surveys.models import (
    AnonymousResponse,
    Answer,
    Invitation,
    Response,
    SegmentProfile,
    Wave,
)
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
class WaveShape:
    """What a wave's answers are counted by: profiles, dimensions, and whether companies count."""

    wave_id: int
    survey_id: int
    version_id: int
    number: int
    audience: Audience
    mode: Mode
    dimensions: tuple[str, ...]
    segments: Mapping[int, Mapping[str, str]]

    @property
    def has_companies(self) -> bool:
        """Whether answers of one company belong together (partners, except anonymous)."""
        return self.audience is Audience.PARTNER and self.mode is not Mode.ANONYMOUS


def wave_shape(session: Session, wave: Wave) -> WaveShape:
    """Read what is needed before the answers."""
    profiles = session.execute(
        select(SegmentProfile.profile_no, SegmentProfile.segments).where(
            SegmentProfile.wave_id == wave.id
        )
    )
    return WaveShape(
        wave_id=wave.id,
        survey_id=wave.survey_id,
        version_id=wave.version_id,
        number=wave.number,
        audience=wave.audience,
        mode=wave.mode,
        dimensions=tuple(wave.dimensions),
        segments={row.profile_no: row.segments for row in profiles},
    )


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
    for partner_id, profile_no, response_id, stored in rows:
        if stored is None:
            continue
        values = {int(question_id): value for question_id, value in stored.items()}
        # Whoever has no company is one of their own; ids of companies are above zero.
        key = partner_id if shape.has_companies and partner_id else -response_id
        yield key, PersonAnswers(response_id, profile_no, values)


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
        select(Invitation.partner_id, Invitation.profile_no, Invitation.id, answers)
        .join(Response, Response.id == Invitation.id)
        .where(Invitation.wave_id == shape.wave_id)
        .order_by(*order, Invitation.id)
    )


def _stream(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from session.execute(query.execution_options(yield_per=BLOCK))
