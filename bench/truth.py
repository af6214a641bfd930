"""Does the product find what was planted in simulated workspaces?

The product's own counting, samples, differences and marks, on answers of the simulator and before
any suppression, against the planted truth: 200 seeds of each size and the limits of the method (of
the simulator, section 7). bench/planted.py does the same with a reference that shares no code with
the product; a row that only one of them misses is a fault of that one.

    python3 dev.py bench truth --size small     20 seeds, limits two standard errors wider
    python3 dev.py bench truth                  200 seeds
"""

import sys
from collections.abc import Iterable, Sequence
from functools import cache

from analysis.answer_stream import CompanyAnswers, PersonAnswers, WaveShape
from analysis.figures import Measure, estimates, measure_for
from analysis.gap import DriverPair, Gap, GapRow, Mark, change, gap_rows, mark_of
from analysis.models import ScoreCell
from analysis.row_cells import RowCells, covariance_with_before
from analysis.simulator import DRIVERS, Response, WaveRun, Workspace, build
from analysis.stats import Estimate
from analysis.wave_tally import TOTAL, Counted, WaveTally
from bench.planted import (
    GapResult,
    SeedResult,
    anova_icc,
    print_measured,
    scores_by_company,
)
from surveys.terms import Audience, Mode, QuestionType

TYPE = "type"
OUTCOME = len(DRIVERS) + 1
COUNTED = Counted(
    types={
        **dict.fromkeys(range(1, OUTCOME), QuestionType.AGREE5),
        OUTCOME: QuestionType.NPS11,
    },
    drivers=frozenset(range(1, OUTCOME)),
    outcome=OUTCOME,
)
Cells = dict[tuple[str, str, int], ScoreCell]


@cache
def result_of(seed: int, size: str | tuple[int, int]) -> SeedResult:
    """What the product finds in one workspace."""
    workspace = build(seed, size)
    runs = list(workspace.runs())
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    return SeedResult(
        gaps=_gaps(workspace, runs[-1]),
        helped=_has_moved(workspace, runs[4], runs[5], "direct-sales-desk"),
        useless_moved=_has_moved(workspace, runs[4], runs[5], "bonus-leaflet"),
        icc=anova_icc(scores_by_company(runs[-1].responses, DRIVERS[9], company_of)),
    )


def _gaps(workspace: Workspace, run: WaveRun) -> dict[str, GapResult]:
    partners, staff = _partner_cells(workspace, run, None), _staff_cells(run)
    planted = {
        score.driver: score.gap
        for score in workspace.truth.scores
        if score.wave == run.wave.number and score.segment == "all"
    }
    pairs = [
        DriverPair(
            code,
            question_id,
            _estimate(partners[*TOTAL, question_id]),
            _estimate(staff[*TOTAL, question_id]),
        )
        for question_id, code in enumerate(DRIVERS, start=1)
    ]
    rows = gap_rows(pairs, k=len(DRIVERS))
    return {row.code: _gap_result(row, planted[row.code]) for row in rows}


def _gap_result(row: GapRow, planted: float) -> GapResult:
    assert row.gap is not None
    interval = row.gap.interval(len(DRIVERS))
    return GapResult(
        is_inside=interval.low <= planted <= interval.high,
        is_marked=row.mark is Mark.BIGGER,
        half_width=(interval.high - interval.low) / 2,
    )


def _has_moved(workspace: Workspace, before: WaveRun, after: WaveRun, key: str) -> bool:
    """Whether an action's driver moved in its segment, waves linked by company."""
    action = next(action for action in workspace.truth.actions if action.key == key)
    place = (TYPE, action.partner_type, 1 + DRIVERS.index(action.driver))
    old = _partner_cells(workspace, before, None)[place]
    new = _partner_cells(workspace, after, before)[place]
    found: Gap = change(
        _estimate(new),
        _estimate(old),
        same_wording=True,
        covariance=max(0.0, covariance_with_before(_measure(), old, new)),
    )
    return mark_of(found) is Mark.BIGGER


def _partner_cells(workspace: Workspace, run: WaveRun, before: WaveRun | None) -> Cells:
    types = {p.external_id: p.partner_type for p in workspace.partners}
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    profiles = {name: number for number, name in enumerate(sorted(set(types.values())), start=1)}
    shape = _shape(run, {number: {TYPE: name} for name, number in profiles.items()})
    tally = WaveTally(shape, COUNTED, earlier=shape if before else None)

    def companies(responses: Iterable[Response]) -> dict[str, CompanyAnswers]:
        found: dict[str, CompanyAnswers] = {}
        for response in responses:
            company = company_of[response.contact_id]
            person = PersonAnswers(0, profiles[types[company]], _values(response))
            found.setdefault(company, CompanyAnswers(0)).people.append(person)
        return found

    earlier = companies(before.responses) if before else {}
    for company, answers in companies(run.responses).items():
        tally.add_company(answers, earlier.get(company))
    return _cells(tally)


def _staff_cells(run: WaveRun) -> Cells:
    tally = WaveTally(_shape(run, {1: {}}, Audience.INTERNAL), COUNTED)
    for response in run.staff_responses:
        tally.add_person(PersonAnswers(0, 1, _values(response)))
    return _cells(tally)


def _values(response: Response) -> dict[int, int | None]:
    return dict(enumerate(response.answers[:OUTCOME], start=1))


def _cells(tally: WaveTally) -> Cells:
    rows = (ScoreCell(**cell) for cell in tally.cells())
    return {(row.dimension, row.segment, row.question_id): row for row in rows}


def _shape(
    run: WaveRun,
    segments: dict[int, dict[str, str]],
    audience: Audience = Audience.PARTNER,
) -> WaveShape:
    return WaveShape(
        wave_id=1,
        survey_id=1,
        version_id=1,
        number=run.wave.number,
        audience=audience,
        mode=Mode.CONFIDENTIAL,
        dimensions=(TYPE,) if audience is Audience.PARTNER else (),
        segments=segments,
    )


def _measure() -> Measure:
    measure = measure_for(QuestionType.AGREE5)
    assert measure is not None
    return measure


def _estimate(cell: ScoreCell) -> Estimate:
    cells = RowCells(_measure(), [cell])
    found, _ = estimates(_measure(), cells.raw, cells.sizes)
    assert found is not None
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if a tolerance is missed."""
    return print_measured("truth", result_of, argv)


if __name__ == "__main__":
    sys.exit(main())
