"""What every page of results is asked for: run, segment, and the wave to compare with.

All of it is in the address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request

from analysis.queries import earlier_runs, history_of, is_linked, run_figures, runs_with_results
from analysis.shown_figures import TOTAL, Row, RunFigures, without_covariance
from analysis.words import dimension_title, segment_name
from surveys.db import db
from surveys.errors import NotFound
from surveys.permissions import wave_for
from surveys.pools import PoolStatus, pool_status
from surveys.terms import Mode, WaveState
from surveys.waves import Run
from surveys.web.sign_in import current_user

SEPARATOR = ":"


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen run with its figures, the one it is compared with, and all that could be chosen.

    `before` holds totals and the chosen row only; `history` ends with the run itself; `earlier`
    are the runs that it can be compared with, the newest first.
    """

    run: Run
    figures: RunFigures
    before: RunFigures | None
    history: Sequence[Run]
    runs: Sequence[Run]
    row: Row
    earlier: Sequence[Run] = ()
    pool: PoolStatus | None = None

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
    def is_in_pool(self) -> bool:
        """Whether what there is to say of a run without results is its place in its pool.

        Not of a full pool's last wave that has closed: its results are worked out now.
        """
        if self.pool is None:
            return False
        return self.pool.position < self.pool.size or self.is_collecting

    @property
    def is_identified(self) -> bool:
        """Whether figures are live, with names known to the vendor."""
        return self.run.partner.mode is Mode.IDENTIFIED

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the survey's days and times."""
        return ZoneInfo(self.run.partner.survey.time_zone)

    @property
    def since(self) -> str | None:
        """The label of the earlier wave that changes are counted from."""
        return self.before.run.partner.label if self.before else None

    @property
    def compared(self) -> int | None:
        """The earlier run as it stands in the address; None for the one before, as a rule."""
        if self.before is None or self.before.run.id == self.earlier[0].id:
            return None
        return self.before.run.id


def chosen(run_id: int) -> Choice:
    """The run of the address; either of its waves' ids will do.

    Raises NotFound for a run that does not exist or was never opened; an unknown segment is 404.
    """
    wave = wave_for(db.session(), current_user(), run_id)
    runs = runs_with_results(db.session())
    found = (run for run in runs if wave.id in {each.id for each in run.waves})
    run = next(found, None)
    if run is None:
        raise NotFound("wave", run_id)
    return _choice(run, runs)


def newest() -> Choice | None:
    """The newest run with frozen results, before the first the newest at all; None without any."""
    runs = runs_with_results(db.session())
    frozen = (run for run in runs if run.partner.published_at is not None)
    run = next(frozen, runs[0] if runs else None)
    return None if run is None else _choice(run, runs)


def picked_run() -> int:
    """The run that a picker of a page names; 404 without one."""
    run_id = request.args.get("run", type=int)
    if run_id is None:
        abort(404)
    return run_id


def _picked_segment(run_id: int) -> str | None:
    """The segment of a picker; another wave drops it, since it may not be shown there."""
    if request.args.get("was") != str(run_id):
        return None
    return request.args.get("segment") or None


def _picked_comparison(run_id: int) -> int | None:
    """The earlier run of a picker; another wave drops it, since it may not be earlier there."""
    if request.args.get("was") != str(run_id):
        return None
    return request.args.get("compare", type=int)


def picked(run_id: int) -> dict[str, Any]:
    """Segment and comparison of a page's pickers, as they go into the address of its results."""
    return {"segment": _picked_segment(run_id), "compare": _picked_comparison(run_id)}


def row_key(row: Row) -> str:
    """A segment as it stands in an address; empty for everybody."""
    return "" if row == TOTAL else SEPARATOR.join(row)


def segment_options(rows: Sequence[Row]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Segments to choose from, grouped by dimension: (dimension, [(value, name)])."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        groups.setdefault(row[0], []).append((row_key(row), segment_name(row)))
    return [(dimension_title(dimension), options) for dimension, options in groups.items()]


def _choice(run: Run, runs: Sequence[Run]) -> Choice:
    figures = run_figures(db.session(), run)
    row = _row(figures)
    earlier = earlier_runs(runs, run)
    compared = _compared(earlier)
    if compared is not None and not is_linked(runs, run, compared):
        figures = without_covariance(figures)
    return Choice(
        run=run,
        figures=figures,
        before=run_figures(db.session(), compared, rows=[row]) if compared else None,
        history=history_of(runs, run),
        runs=runs,
        row=row,
        earlier=earlier,
        pool=pool_status(db.session(), run.partner),
    )


def _compared(earlier: Sequence[Run]) -> Run | None:
    """The earlier run of the address, as a rule the one before; any other run is not found."""
    if not request.args.get("compare"):
        return earlier[0] if earlier else None
    wanted = request.args.get("compare", type=int)
    found = (run for run in earlier if wanted in {wave.id for wave in run.waves})
    run = next(found, None)
    if run is None:
        abort(404)
    # Asked of the same accessor as the run itself, so that a link gives nobody more.
    wave_for(db.session(), current_user(), run.id)
    return run


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
