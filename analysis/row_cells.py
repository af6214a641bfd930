"""The working cells behind one row: of a segment its own, of merged segments their sum."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.figures import Measure, answer_cells, printed_cells
from analysis.gap import NPS_UNIT, SCORE_UNIT, linked_covariance
from analysis.models import ScoreCell
from analysis.samples import AnswerCells, FigureError, LinkCell
from surveys.models import Wave
from surveys.terms import QuestionType


@dataclass(frozen=True, slots=True)
class RowCells:
    """Stored cells of one question that make up a row.

    `company_counts` are the people of each company, which is all that anonymous waves know.
    """

    measure: Measure
    stored: Sequence[ScoreCell]
    company_counts: Sequence[int] | None = None

    @property
    def sizes(self) -> dict[str, Any] | None:
        """Company totals of the row; a company in two merged segments counts in each."""
        if any(cell.sizes is None for cell in self.stored) or not self.stored:
            return None
        return {
            series: _sum_sizes([(cell.sizes or {}).get(series, []) for cell in self.stored])
            for series in ("raw", "sign")
            if any(series in (cell.sizes or {}) for cell in self.stored)
        }

    @property
    def raw(self) -> AnswerCells:
        """The answers as they were given."""
        histogram: Counter[str] = Counter()
        for cell in self.stored:
            histogram.update(cell.histogram)
        return answer_cells(histogram, self.sizes, company_counts=self.company_counts)

    @property
    def printed(self) -> AnswerCells:
        """The answers in the series whose mean is printed."""
        return printed_cells(self.measure, self.raw, self.sizes)

    @property
    def pairs(self) -> Mapping[str, Sequence[int]] | None:
        """Sums for the link with the recommendation answer."""
        found = [cell.pairs for cell in self.stored if cell.pairs]
        if not found:
            return None
        names = {name for pairs in found for name in pairs}
        return {
            name: [
                sum(column) for column in zip(*(p[name] for p in found if name in p), strict=True)
            ]
            for name in names
        }


def wave_before(session: Session, wave: Wave) -> Wave | None:
    """The run before this one with the same audience and mode, as cells link them.

    Before a pool it is the last one before the whole pool.
    """
    return session.scalar(
        select(Wave)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.audience == wave.audience,
            Wave.mode == wave.mode,
            Wave.number < wave.first_number,
            Wave.cells_built_at.is_not(None),
        )
        .order_by(Wave.number.desc())
        .limit(1)
    )


def covariance_with_before(
    measure: Measure, before: ScoreCell | None, now: ScoreCell | None
) -> float:
    """Covariance of a figure with the wave before; 0 where nothing links them.

    Source: method of statistics, section 4 (change).
    """
    series, unit = _UNITS.get(measure.type, ("", 0.0))
    if before is None or now is None or not now.links or series not in now.links:
        return 0.0
    try:
        earlier = RowCells(measure, [before]).printed.sample()
        later = RowCells(measure, [now]).printed.sample()
    except FigureError:
        return 0.0
    links = LinkCell(*now.links[series])
    return linked_covariance(links, earlier=earlier, later=later, unit=unit)


#: Which link series belongs to a printed figure, and points of the figure per raw step.
_UNITS = {
    QuestionType.AGREE5: ("raw", SCORE_UNIT),
    QuestionType.NPS11: ("sign", NPS_UNIT),
}


def stored_cells(session: Session, wave_id: int) -> dict[tuple[str, str, int], ScoreCell]:
    """All working cells of a wave by dimension, segment and question."""
    cells = session.scalars(select(ScoreCell).where(ScoreCell.wave_id == wave_id))
    return {(cell.dimension, cell.segment, cell.question_id): cell for cell in cells}


def _sum_sizes(series: Sequence[Sequence[Sequence[int]]]) -> list[list[int]]:
    by_m: dict[int, list[int]] = {}
    for entries in series:
        for m, *sums in entries:
            known = by_m.setdefault(m, [0, 0, 0])
            for place, added in enumerate(sums):
                known[place] += added
    return [[m, *sums] for m, sums in sorted(by_m.items())]
