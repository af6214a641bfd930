"""What every page of results is asked for: run and segment. All of it is in the address."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, request

from analysis.queries import TOTAL, Row, RunFigures, run_figures, runs_with_results
from analysis.words import dimension_title, segment_name
from surveys.db import db
from surveys.permissions import wave_for
from surveys.terms import Mode, WaveState
from surveys.waves import Run, run_of
from surveys.web.sign_in import current_user

SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen run with its figures, the one before it, and all that could be chosen."""

    run: Run
    figures: RunFigures
    before: RunFigures | None
    runs: Sequence[Run]
    row: Row

    @property
    def row_key(self) -> str:
        """The chosen segment as it stands in the address."""
        return row_key(self.row)

    @property
    def has_results(self) -> bool:
        """Whether the run shows figures now."""
        return self.figures.partner is not None

    @property
    def is_collecting(self) -> bool:
        """Whether the run still takes answers and shows only who took part."""
        return self.run.partner.state in (WaveState.OPEN, WaveState.PAUSED)

    @property
    def is_identified(self) -> bool:
        """Whether figures are live, with names known to the vendor."""
        return self.run.partner.mode is Mode.IDENTIFIED


def chosen(run_id: int | None) -> Choice | None:
    """The run of the address, or the newest with results; None before the first wave."""
    runs = runs_with_results(db.session())
    if run_id is None:
        run = next((run for run in runs if _has_results(run)), runs[0] if runs else None)
        if run is None:
            return None
    else:
        run = run_of(db.session(), wave_for(db.session(), current_user(), run_id))
    figures = run_figures(db.session(), run)
    earlier = _run_before(runs, run)
    return Choice(
        run=run,
        figures=figures,
        before=run_figures(db.session(), earlier) if earlier else None,
        runs=runs,
        row=_row(figures),
    )


def row_key(row: Row) -> str:
    """A segment as it stands in an address; empty for everybody."""
    return "" if row == TOTAL else SEPARATOR.join(row)


def segment_options(rows: Sequence[Row]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Segments to choose from, grouped by dimension: (dimension, [(value, name)])."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append((row_key(row), segment_name(row)))
    return [(dimension_title(dimension), options) for dimension, options in groups.items()]


def _row(figures: RunFigures) -> Row:
    """The segment of the address; only published rows exist, so others are not found."""
    wanted = request.args.get("segment", "")
    if not wanted:
        return TOTAL
    dimension, _, segment = wanted.partition(SEPARATOR)
    row = (dimension, segment)
    if figures.partner is None or row not in figures.partner.rows():
        abort(404)
    return row


def _has_results(run: Run) -> bool:
    partner = run.partner
    return partner.published_at is not None and partner.mode is not Mode.IDENTIFIED


def _run_before(runs: Sequence[Run], run: Run) -> Run | None:
    earlier = [
        each
        for each in runs
        if each.partner.survey_id == run.partner.survey_id
        and each.partner.number < run.partner.number
        and each.partner.state is WaveState.CLOSED
    ]
    return max(earlier, key=lambda each: each.partner.number, default=None)
