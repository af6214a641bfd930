"""Score cells: the sufficient statistics of a wave, rebuilt from its answers as a whole.

Derived state is rebuilt, never patched: a submit only notes that its wave changed. A build reads
the notes and the answers on one snapshot; then one transaction replaces the cells and deletes
exactly the notes that were read. If any of them is gone by then, another worker has built meanwhile
and this build is thrown away; a note that came later only causes another build. `recount` is the
same code.

Source: method of statistics, section 1 (which cells).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import itemgetter
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from analysis.answer_stream import CompanyAnswers, WaveShape, companies_of, people_of, wave_shape
from analysis.models import ScoreCell
from analysis.wave_tally import OUTCOME, CellKey, Counted, WaveTally
from surveys.db import begin_read_only
from surveys.models import Question, VersionItem, Wave, WaveChange, Wording
from surveys.terms import Audience, QuestionKind, QuestionType, WaveState

#: Questions whose answers are numbers with a mean; the others are counted only.
MEASURED = frozenset(
    {
        QuestionType.AGREE5,
        QuestionType.RATE5,
        QuestionType.NPS11,
        QuestionType.SHARE11,
        QuestionType.IMP7,
    }
)


@dataclass(frozen=True, slots=True)
class BuiltWave:
    """Cells of one wave, ready to be stored, with the change notes that they cover."""

    wave_id: int
    cells: Sequence[dict[str, Any]]
    taken: Sequence[int]
    n_people: int
    seconds: float


def waves_to_build(session: Session) -> Sequence[int]:
    """Waves with a change that their cells do not show yet."""
    return session.scalars(select(WaveChange.wave_id).distinct().order_by(WaveChange.wave_id)).all()


def build_due(
    new_session: Callable[[], Session], wave_id: int, *, now: datetime
) -> BuiltWave | None:
    """Build and store the cells of one wave; None if another worker was faster. Commits."""
    with new_session() as session:
        begin_read_only(session)
        built = build_wave(session, wave_id)
        session.rollback()
    with new_session() as session:
        is_mine = store_built(session, built, now=now)
        session.commit() if is_mine else session.rollback()
    return built if is_mine else None


def build_wave(session: Session, wave_id: int) -> BuiltWave:
    """Work out the cells of a wave from its answers; writes nothing."""
    started = time.perf_counter()
    taken = session.scalars(select(WaveChange.id).where(WaveChange.wave_id == wave_id)).all()
    wave = session.get_one(Wave, wave_id)
    shape = wave_shape(session, wave)
    tally = _counted_wave(session, shape)
    return BuiltWave(
        wave_id=wave_id,
        cells=tally.cells(),
        taken=taken,
        n_people=tally.n_people,
        seconds=time.perf_counter() - started,
    )


def _counted_wave(session: Session, shape: WaveShape) -> WaveTally:
    counted = _counted(session, shape)
    if not shape.has_companies:
        tally = WaveTally(shape, counted)
        for person in people_of(session, shape):
            tally.add_person(person)
        return tally
    wave = _previous_wave(session, shape)
    earlier = wave_shape(session, wave) if wave is not None else None
    tally = WaveTally(shape, counted, earlier=earlier)
    old = companies_of(session, earlier) if earlier is not None else iter(())
    for before, company in _with_earlier(old, companies_of(session, shape)):
        tally.add_company(company, before)
    return tally


def store_built(session: Session, built: BuiltWave, *, now: datetime) -> bool:
    """Replace a wave's cells and take its notes away; False if another build took a note."""
    gone = session.scalars(
        delete(WaveChange).where(WaveChange.id.in_(built.taken)).returning(WaveChange.id)
    ).all()
    if len(gone) != len(built.taken):
        return False
    before = _company_totals(session, built.wave_id)
    session.execute(delete(ScoreCell).where(ScoreCell.wave_id == built.wave_id))
    if built.cells:
        session.execute(insert(ScoreCell), built.cells)
    session.execute(update(Wave).where(Wave.id == built.wave_id).values(cells_built_at=now))
    wave = session.get_one(Wave, built.wave_id)
    is_changed = before != {_key(cell): cell["sizes"] for cell in built.cells}
    if wave.pool_position < wave.pool_size or (is_changed and wave.audience is Audience.PARTNER):
        _note_later_waves(session, wave)
    return True


def differing_cells(session: Session, wave_id: int) -> list[CellKey]:
    """Keys of the cells that a rebuild would change; empty when all are right."""
    rebuilt = {_key(cell): _content(cell) for cell in build_wave(session, wave_id).cells}
    stored = {
        (row.dimension, row.segment, row.question_id): _content(row._asdict())
        for row in session.execute(
            select(
                ScoreCell.dimension,
                ScoreCell.segment,
                ScoreCell.question_id,
                ScoreCell.histogram,
                ScoreCell.sizes,
                ScoreCell.links,
                ScoreCell.pairs,
            ).where(ScoreCell.wave_id == wave_id)
        )
    }
    keys = sorted(rebuilt.keys() | stored.keys())
    return [key for key in keys if rebuilt.get(key) != stored.get(key)]


def _counted(session: Session, shape: WaveShape) -> Counted:
    rows = session.execute(
        select(Question.id, Question.code, Question.kind, Wording.type)
        .join(VersionItem, VersionItem.question_id == Question.id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id == shape.version_id, VersionItem.audience == shape.audience)
    ).all()
    return Counted(
        types={row.id: row.type for row in rows if row.type in MEASURED},
        drivers=frozenset(
            row.id for row in rows if row.kind in (QuestionKind.CORE, QuestionKind.FOLLOW_UP)
        ),
        outcome=next((row.id for row in rows if row.code == OUTCOME), None),
    )


def _previous_wave(session: Session, shape: WaveShape) -> Wave | None:
    return session.scalar(
        select(Wave)
        .where(
            Wave.survey_id == shape.survey_id,
            Wave.audience == shape.audience,
            Wave.number < shape.first_number,
            Wave.mode == shape.mode,
            Wave.state.in_((WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED)),
        )
        .order_by(Wave.number.desc())
        .limit(1)
    )


def _with_earlier(
    old: Iterator[CompanyAnswers], new: Iterator[CompanyAnswers]
) -> Iterator[tuple[CompanyAnswers | None, CompanyAnswers]]:
    """Each company of the later wave, with its answers in the earlier one if it was there.

    Both waves are streamed in the order of their companies and met like two sorted lists.
    """
    tagged = merge(
        ((company.key, 0, company) for company in old),
        ((company.key, 1, company) for company in new),
        key=itemgetter(0, 1),
    )
    before: CompanyAnswers | None = None
    for key, is_later, company in tagged:
        if not is_later:
            before = company
        else:
            yield (before if before is not None and before.key == key else None), company


def _note_later_waves(session: Session, wave: Wave) -> None:
    """What is counted with this wave must be built again when it changed.

    Links belong to the later wave, and to each later wave of the same pool or of the next one.
    """
    later = (
        Wave.survey_id == wave.survey_id,
        Wave.audience == wave.audience,
        Wave.number > wave.number,
        Wave.cells_built_at.is_not(None),
    )
    following = session.execute(
        select(Wave.number, Wave.pool_start).where(*later).order_by(Wave.number).limit(1)
    ).first()
    if following is None:
        return
    touched = Wave.number == following.number
    if following.pool_start is not None:
        touched = Wave.pool_start == following.pool_start
    session.execute(
        insert(WaveChange).from_select(["wave_id"], select(Wave.id).where(*later, touched))
    )


def _company_totals(session: Session, wave_id: int) -> dict[CellKey, Any]:
    rows = session.execute(
        select(
            ScoreCell.dimension, ScoreCell.segment, ScoreCell.question_id, ScoreCell.sizes
        ).where(ScoreCell.wave_id == wave_id)
    )
    return {(row.dimension, row.segment, row.question_id): row.sizes for row in rows}


def _key(cell: Mapping[str, Any]) -> CellKey:
    return cell["dimension"], cell["segment"], cell["question_id"]


def _content(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return cell["histogram"], cell["sizes"], cell["links"], cell["pairs"]
