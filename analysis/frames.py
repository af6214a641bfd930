"""People of a wave as the confidentiality engine sees them, and what they answered.

Reads who took part and who answered which question, for the wave to be published and for its
predecessors; `analysis/suppression` decides on what is read here, `analysis/publishing.py` stores
it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.answer_stream import WaveShape, counted_invitations
from analysis.figures import Measure
from analysis.models import PublishedCell
from analysis.segment_keys import members_of
from analysis.suppression import (
    TOTAL,
    Dimension,
    Frame,
    Participant,
    People,
    RowKey,
    build_frame,
)
from surveys.models import Answer, Invitation, Question, Wave
from surveys.terms import Audience, CellState, Mode


@dataclass(slots=True)
class WavePeople:
    """Everybody who took part in a wave: their frame; person and company by invitation."""

    frame: Frame
    person_of: Mapping[int, Any]
    company_of: Mapping[int, Any]
    n_invited: int


@dataclass(frozen=True, slots=True)
class QuestionAnswers:
    """Who answered a question, and who gave each value, as bits."""

    bits: int
    by_value: Mapping[int, int]


def wave_people(session: Session, shape: WaveShape, people: People) -> WavePeople:
    """The frame of everybody with a response mark in this wave, or in any wave of its pool."""
    rows = session.execute(
        select(
            Invitation.id,
            Invitation.wave_id,
            Invitation.contact_id,
            Invitation.partner_id,
            Invitation.profile_no,
        )
        .where(*counted_invitations(shape), Invitation.answered_on.is_not(None))
        .order_by(Invitation.id)
    ).all()
    participants = [
        Participant(_key(row), _company(row, shape), shape.segments[_profile(row, shape)])
        for row in rows
    ]
    dimensions = [Dimension(name, (name,)) for name in _stored_dimensions(shape)]
    frame = build_frame(participants, dimensions, people=people)
    return WavePeople(
        frame=frame,
        person_of={row.id: _key(row) for row in rows},
        company_of={row.id: _company(row, shape) for row in rows},
        n_invited=_count_invited(session, shape),
    )


def answers_by_question(
    session: Session, shape: WaveShape, people: WavePeople
) -> dict[int, QuestionAnswers]:
    """Scored answers ('don't know' is none) of a linked wave, by question."""
    # Sets of bits are made of all their people at once: a single bit of fifty thousand people is
    # an integer of six kilobytes.
    found: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    rows = session.execute(
        select(Answer.response_id, Invitation.wave_id, Answer.question_id, Answer.value)
        .join(Invitation, Invitation.id == Answer.response_id)
        .where(
            *counted_invitations(shape),
            Answer.item == 0,
            Answer.value.is_not(None),
        )
        .execution_options(yield_per=2000)
    )
    for response_id, wave_id, question_id, value in rows:
        if value is None or not shape.counts(wave_id, question_id):
            continue
        found[question_id][value].append(people.person_of[response_id])
    return {
        question_id: _question_answers(people.frame.people, by_value)
        for question_id, by_value in found.items()
    }


def sums_by_row(
    measure: Measure, rows: Sequence[tuple[RowKey, int]], answers: QuestionAnswers
) -> dict[RowKey, int]:
    """Sum of answers in steps above the lowest, for each row (its key and its people's bits)."""
    return {
        key: sum(
            measure.steps(value) * (bits & row_bits).bit_count()
            for value, bits in answers.by_value.items()
        )
        for key, row_bits in rows
    }


def company_counts(people: WavePeople, row_bits: int) -> list[int]:
    """How many of a row's people each company has; all that anonymous waves know of companies."""
    return sorted(people.frame.people.sizes(row_bits))


def earlier_waves(session: Session, wave: Wave) -> Sequence[Wave]:
    """Published waves of the same survey and audience before this one, the newest first."""
    return session.scalars(
        select(Wave)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.audience == wave.audience,
            Wave.number < wave.number,
            Wave.published_at.is_not(None),
        )
        .order_by(Wave.number.desc())
    ).all()


def exact_rows(session: Session, wave_id: int) -> dict[str, dict[RowKey, int]]:
    """What an earlier wave printed exactly: n by row, by question code."""
    found: dict[str, dict[RowKey, int]] = defaultdict(dict)
    rows = session.execute(
        select(
            PublishedCell.metric, PublishedCell.dimension, PublishedCell.segment, PublishedCell.n
        ).where(PublishedCell.wave_id == wave_id, PublishedCell.state == CellState.EXACT)
    )
    for row in rows:
        found[row.metric][row_key(row.dimension, row.segment)] = row.n or 0
    return found


def row_key(dimension: str, segment: str) -> RowKey:
    """The engine's name of a stored row."""
    if not dimension:
        return TOTAL
    return RowKey(dimension, tuple((member,) for member in members_of(segment)))


def question_codes(session: Session) -> dict[int, str]:
    """Code of each question by id."""
    return dict(session.execute(select(Question.id, Question.code)).all())


def _question_answers(people: People, by_value: Mapping[int, Sequence[Any]]) -> QuestionAnswers:
    bits = {value: people.bits(keys) for value, keys in sorted(by_value.items())}
    everybody = 0
    for each in bits.values():
        everybody |= each
    return QuestionAnswers(everybody, bits)


def _count_invited(session: Session, shape: WaveShape) -> int:
    """How many people were asked; in a pool each once, and nameless ones not at all."""
    counted = Invitation.id if shape.pool is None else Invitation.contact_id.distinct()
    return (
        session.scalar(select(func.count(counted)).where(Invitation.wave_id.in_(shape.wave_ids)))
        or 0
    )


def _profile(row: Any, shape: WaveShape) -> int:
    return shape.profile(row.wave_id, row.profile_no)


def _key(row: Any) -> Any:
    # An erased person stays in the figures of old waves and can repeat in no other.
    return ("erased", row.id) if row.contact_id is None else row.contact_id


def _company(row: Any, shape: WaveShape) -> Any:
    if shape.audience is Audience.INTERNAL:
        return ("staff", row.id if row.contact_id is None else row.contact_id)
    return ("unknown", row.id) if row.partner_id is None else row.partner_id


def _stored_dimensions(shape: WaveShape) -> list[str]:
    if shape.mode is Mode.ANONYMOUS:
        known = {name for segments in shape.segments.values() for name in segments}
        return [name for name in shape.dimensions if name in known]
    return list(shape.dimensions)
