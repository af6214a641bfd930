"""Score cells: the sufficient statistics of a wave, rebuilt from its answers as a whole.

Derived state is rebuilt, never patched: a submit only notes that its wave changed. A build reads
the notes and the answers on one snapshot; then one transaction replaces the cells and deletes
exactly the notes that were read. If any of them is gone by then, another worker has built meanwhile
and this build is thrown away; a note that came later only causes another build. `recount` is the
same code.

Source: method of statistics, section 1 (which cells); counted per profile first, rolled up at the
end.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import groupby
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from analysis.answer_stream import (
    CompanyAnswers,
    PersonAnswers,
    WaveShape,
    anonymous_people,
    companies_of,
    wave_shape,
)
from analysis.models import ScoreCell
from analysis.samples import recommendation_signs
from surveys.db import begin_read_only
from surveys.models import Question, VersionItem, Wave, WaveChange, Wording
from surveys.terms import Audience, QuestionKind, QuestionType, WaveState

TOTAL = ("", "")
OUTCOME = "recommend"
DONT_KNOW = "dk"
#: Questions whose answers are numbers with a mean; the others are counted only.
MEASURED = frozenset(
    {QuestionType.AGREE5, QuestionType.NPS11, QuestionType.SHARE11, QuestionType.IMP7}
)

Segment = tuple[str, str]
CellKey = tuple[str, str, int]
Totals = dict[int, list[int]]  # question id -> [answers, sum]


@dataclass(frozen=True, slots=True)
class Counted:
    """The questions of a wave's version, as far as counting needs to know them."""

    types: Mapping[int, QuestionType]
    drivers: frozenset[int]
    outcome: int | None


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
    tally = _Tally(shape, _counted(session, shape))
    if not shape.has_companies and shape.audience is Audience.PARTNER:
        for person in anonymous_people(session, shape):
            tally.add_person(person)
    else:
        for company in companies_of(session, shape):
            tally.add_company(company)
    links = _links(session, shape) if shape.has_companies else {}
    return BuiltWave(
        wave_id=wave_id,
        cells=tally.cells(links),
        taken=taken,
        n_people=tally.n_people,
        seconds=time.perf_counter() - started,
    )


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
    if before != {_key(cell): cell["sizes"] for cell in built.cells}:
        _note_later_wave(session, built.wave_id)
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


@dataclass(slots=True)
class _Sizes:
    """Company totals of one question in one segment: by m, [companies, sum, sum of squares]."""

    by_m: dict[int, list[int]] = field(default_factory=dict)

    def add(self, m: int, total: int) -> None:
        entry = self.by_m.setdefault(m, [0, 0, 0])
        entry[0] += 1
        entry[1] += total
        entry[2] += total * total

    def to_json(self) -> list[list[int]]:
        return [[m, *entry] for m, entry in sorted(self.by_m.items())]


class _Tally:
    """Counts a wave person by person and company by company."""

    def __init__(self, shape: WaveShape, counted: Counted) -> None:
        self._shape = shape
        self._counted = counted
        self._histograms: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        self._pairs: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 6)
        self._sizes: dict[CellKey, _Sizes] = defaultdict(_Sizes)
        self._signs: dict[CellKey, _Sizes] = defaultdict(_Sizes)
        self.n_people = 0

    def add_person(self, person: PersonAnswers) -> None:
        """Count one person's answers in their profile."""
        self.n_people += 1
        for question_id, value in person.values.items():
            name = DONT_KNOW if value is None else str(value)
            self._histograms[person.profile_no, question_id][name] += 1
        self._add_pairs(person)

    def add_company(self, company: CompanyAnswers) -> None:
        """Count everybody of one company, and the company's totals in every segment it is in."""
        for person in company.people:
            self.add_person(person)
        for segment, people in _by_segment(company, self._shape):
            for question_id, (m, total) in _totals(people, self._counted.types).items():
                self._sizes[*segment, question_id].add(m, total)
            if self._counted.outcome is not None:
                m, total = _sign_total(people, self._counted.outcome)
                if m:
                    self._signs[*segment, self._counted.outcome].add(m, total)

    def cells(self, links: Mapping[CellKey, dict[str, list[int]]]) -> list[dict[str, Any]]:
        """All cells of the wave, rolled up from profiles to segments, ordered by key."""
        histograms = _rolled_up(self._histograms, self._shape)
        pairs = self._rolled_up_pairs()
        return [
            {
                "wave_id": self._shape.wave_id,
                "dimension": key[0],
                "segment": key[1],
                "question_id": key[2],
                "histogram": dict(sorted(histogram.items())),
                "sizes": self._sizes_json(key),
                "links": links.get(key),
                "pairs": {OUTCOME: pairs[key]} if key in pairs else None,
            }
            for key, histogram in sorted(histograms.items())
        ]

    def _add_pairs(self, person: PersonAnswers) -> None:
        outcome = self._counted.outcome
        y = person.values.get(outcome) if outcome is not None else None
        if y is None:
            return
        for question_id in self._counted.drivers:
            x = person.values.get(question_id)
            if x is not None:
                sums = self._pairs[person.profile_no, question_id]
                for place, added in enumerate((1, x, y, x * x, y * y, x * y)):
                    sums[place] += added

    def _rolled_up_pairs(self) -> dict[CellKey, list[int]]:
        if self._shape.audience is not Audience.PARTNER:
            return {}
        rolled: dict[CellKey, list[int]] = {}
        for (profile_no, question_id), sums in self._pairs.items():
            for segment in _segments_of(profile_no, self._shape):
                entry = rolled.setdefault((*segment, question_id), [0] * 6)
                for place, added in enumerate(sums):
                    entry[place] += added
        return rolled

    def _sizes_json(self, key: CellKey) -> dict[str, Any] | None:
        if not self._shape.has_companies or key not in self._sizes:
            return None
        sizes = {"raw": self._sizes[key].to_json()}
        if key in self._signs:
            sizes["sign"] = self._signs[key].to_json()
        return sizes


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


def _segments_of(profile_no: int, shape: WaveShape) -> Iterator[Segment]:
    yield TOTAL
    segments = shape.segments.get(profile_no, {})
    for dimension in shape.dimensions:
        if dimension in segments:
            yield dimension, segments[dimension]


def _by_segment(
    company: CompanyAnswers, shape: WaveShape
) -> Iterator[tuple[Segment, list[PersonAnswers]]]:
    groups: dict[Segment, list[PersonAnswers]] = defaultdict(list)
    for person in company.people:
        for segment in _segments_of(person.profile_no, shape):
            groups[segment].append(person)
    yield from groups.items()


def _totals(people: Iterable[PersonAnswers], types: Mapping[int, QuestionType]) -> Totals:
    totals: Totals = {}
    for person in people:
        for question_id, value in person.values.items():
            if value is not None and question_id in types:
                entry = totals.setdefault(question_id, [0, 0])
                entry[0] += 1
                entry[1] += value
    return totals


def _sign_total(people: Iterable[PersonAnswers], outcome: int) -> tuple[int, int]:
    answers = Counter(
        value for person in people if (value := person.values.get(outcome)) is not None
    )
    signs = recommendation_signs(answers)
    return sum(signs.values()), sum(sign * count for sign, count in signs.items())


def _rolled_up(
    by_profile: Mapping[tuple[int, int], Counter[str]], shape: WaveShape
) -> dict[CellKey, Counter[str]]:
    rolled: dict[CellKey, Counter[str]] = defaultdict(Counter)
    for (profile_no, question_id), histogram in by_profile.items():
        for segment in _segments_of(profile_no, shape):
            rolled[*segment, question_id].update(histogram)
    return rolled


def _links(session: Session, shape: WaveShape) -> dict[CellKey, dict[str, list[int]]]:
    """Products with the wave before, over the companies that answered in both.

    Both waves are streamed in the order of their companies and met like two sorted lists.
    """
    earlier = _previous_wave(session, shape)
    if earlier is None:
        return {}
    before = wave_shape(session, earlier)
    counted = _counted(session, shape)
    links: dict[CellKey, dict[str, list[int]]] = {}
    for old, new in _in_both(companies_of(session, before), companies_of(session, shape)):
        _add_links(
            links, _segment_totals(old, before, counted), _segment_totals(new, shape, counted)
        )
    return links


def _previous_wave(session: Session, shape: WaveShape) -> Wave | None:
    return session.scalar(
        select(Wave)
        .where(
            Wave.survey_id == shape.survey_id,
            Wave.audience == shape.audience,
            Wave.number < shape.number,
            Wave.mode == shape.mode,
            Wave.state.in_((WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED)),
        )
        .order_by(Wave.number.desc())
        .limit(1)
    )


def _in_both(
    old: Iterator[CompanyAnswers], new: Iterator[CompanyAnswers]
) -> Iterator[tuple[CompanyAnswers, CompanyAnswers]]:
    tagged = merge(
        ((company.key, 0, company) for company in old),
        ((company.key, 1, company) for company in new),
        key=lambda entry: entry[:2],
    )
    for _, group in groupby(tagged, key=lambda entry: entry[0]):
        found = [company for _, _, company in group]
        if len(found) == 2:
            yield found[0], found[1]


def _segment_totals(
    company: CompanyAnswers, shape: WaveShape, counted: Counted
) -> dict[CellKey, tuple[list[int], list[int] | None]]:
    """Per segment and question: [answers, sum], and the same of the recommendation's signs."""
    found: dict[CellKey, tuple[list[int], list[int] | None]] = {}
    for segment, people in _by_segment(company, shape):
        for question_id, totals in _totals(people, counted.types).items():
            signs = None
            if question_id == counted.outcome:
                signs = list(_sign_total(people, question_id))
            found[*segment, question_id] = (totals, signs)
    return found


def _add_links(
    links: dict[CellKey, dict[str, list[int]]],
    old: Mapping[CellKey, tuple[list[int], list[int] | None]],
    new: Mapping[CellKey, tuple[list[int], list[int] | None]],
) -> None:
    for key in old.keys() & new.keys():
        for name, place in (("raw", 0), ("sign", 1)):
            first, second = old[key][place], new[key][place]
            if first is None or second is None:
                continue
            (m1, s1), (m2, s2) = first, second
            entry = links.setdefault(key, {}).setdefault(name, [0, 0, 0, 0])
            for at, product in enumerate((m1 * m2, m1 * s2, s1 * m2, s1 * s2)):
                entry[at] += product


def _note_later_wave(session: Session, wave_id: int) -> None:
    """Links belong to the later wave: it must be built again when this one changed."""
    wave = session.get_one(Wave, wave_id)
    if wave.audience is not Audience.PARTNER:
        return
    later = session.scalar(
        select(func.min(Wave.number)).where(
            Wave.survey_id == wave.survey_id,
            Wave.audience == wave.audience,
            Wave.number > wave.number,
            Wave.cells_built_at.is_not(None),
        )
    )
    if later is not None:
        session.execute(
            insert(WaveChange).from_select(
                ["wave_id"],
                select(Wave.id).where(
                    Wave.survey_id == wave.survey_id,
                    Wave.audience == wave.audience,
                    Wave.number == later,
                ),
            )
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
