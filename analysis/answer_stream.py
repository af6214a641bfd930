"""A wave's answers as a stream, company by company: what cells and publishing are built from.

One SELECT with an explicit column list, ordered so that all answers of a company come together,
read in blocks: memory stays bounded however many answered. Anonymous answers have no company; they
come profile by profile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from surveys.models import AnonymousResponse, Answer, Invitation, SegmentProfile, Wave
from surveys.terms import Audience, Mode

BLOCK = 2000

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
    rows = _stream(session, _linked(shape))
    if shape.has_companies:
        keyed = groupby(rows, key=lambda row: row.partner_id or -row.response_id)
    else:
        keyed = groupby(rows, key=lambda row: row.response_id)
    for key, group in keyed:
        yield CompanyAnswers(key, list(_people(group)))


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


def _linked(shape: WaveShape) -> Select[*tuple[Any, ...]]:
    order = [Invitation.partner_id] if shape.has_companies else []
    return (
        select(
            Invitation.partner_id,
            Invitation.profile_no,
            Answer.response_id,
            Answer.question_id,
            Answer.value,
        )
        .join(Invitation, Invitation.id == Answer.response_id)
        .where(Invitation.wave_id == shape.wave_id, Answer.item == 0)
        .order_by(*order, Answer.response_id)
    )


def _stream(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from session.execute(query.execution_options(yield_per=BLOCK))


def _people(rows: Iterator[Any]) -> Iterator[PersonAnswers]:
    for response_id, answers in groupby(rows, key=lambda row: row.response_id):
        person: PersonAnswers | None = None
        for row in answers:
            if person is None:
                person = PersonAnswers(response_id, row.profile_no)
            person.values[row.question_id] = row.value
        if person is not None:
            yield person
