"""The figure that is frozen for one row of a question: what its verdict lets through of its cells.

Decides nothing; that is `analysis/suppression`. Pure: verdicts and cells in, figures out. Source:
method of confidentiality, section 2; method of statistics, "published cells".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.figures import ClassShare, Figure, Measure, correlation_of, estimates
from analysis.importance import Correlation
from analysis.row_cells import RowCells
from analysis.samples import FigureError
from analysis.stats import Estimate
from analysis.suppression import (
    TOTAL,
    RowKey,
    Share,
    Verdict,
    coarse,
    may_show_correlation,
    may_show_histogram,
)
from surveys.terms import CellState


def published_figure(
    key: RowKey,
    verdict: Verdict,
    cells: RowCells,
    *,
    classes: Sequence[Share] = (),
    pooled_variance: float | None = None,
    covariance: float = 0.0,
) -> Figure:
    """What is printed of a row, as its verdict says.

    `classes` are the shares that may be printed beside an exact mean; `pooled_variance` is that of
    the wave, put in for small rows; `covariance` is with the same row of the wave before.
    """
    if verdict.state == "hidden":
        return Figure(state=CellState.HIDDEN, reason=verdict.reason or "too_few")
    shown = Figure(
        state=CellState(verdict.state),
        reason=verdict.reason,
        n=verdict.n,
        n_companies=verdict.n_companies,
        dont_know=cells.raw.dont_know,
    )
    if verdict.state == "bound":
        return replace(shown, at_most=verdict.at_most, at_least=verdict.at_least)
    estimate, favourable = estimates(
        cells.measure, cells.raw, cells.sizes, pooled_variance=pooled_variance
    )
    if verdict.state == "coarse":
        return replace(shown, value=_coarse(estimate, cells.measure))
    published = estimate.published(cells.measure.decimals) if estimate else None
    is_exact = bool(classes) and all(each.state == "exact" for each in classes)
    return replace(
        shown,
        value=published.value if published else None,
        estimate=published,
        favourable=favourable if is_exact else None,
        classes=tuple(ClassShare(each.state, each.count) for each in classes),
        histogram=_histogram(key, classes, verdict, cells),
        correlation=_correlation(key, verdict, cells),
        covariance=covariance,
    )


def _coarse(estimate: Estimate | None, measure: Measure) -> float | None:
    return float(coarse(estimate.value, step=measure.coarse_step)) if estimate else None


def variance_of_wave(total: RowCells) -> float | None:
    """The pooled variance of a wave's answers; None where too little is known."""
    try:
        return total.printed.sample().variance
    except FigureError:
        return None


def _histogram(
    key: RowKey, classes: Sequence[Share], verdict: Verdict, cells: RowCells
) -> Mapping[str, int] | None:
    if key != TOTAL or not may_show_histogram(classes, verdict.n_companies or 0):
        return None
    return {str(value): n for value, n in sorted(cells.raw.histogram.items())}


def _correlation(key: RowKey, verdict: Verdict, cells: RowCells) -> Correlation | None:
    if key != TOTAL or not may_show_correlation(verdict):
        return None
    found = correlation_of(cells.pairs, cells.raw)
    return found.published() if found else None
