"""One driver as a typed value: both voices, trend, distribution, segments. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.dashboard import change_of
from analysis.figures import Figure
from analysis.gap import DriverPair, Gap, GapRow, Mark, family_size, gap_row, published_against_rest
from analysis.queries import TOTAL, CommentCounts, DriverInfo, Row, RunFigures
from surveys.waves import Run

MAX_HEAT_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class TrendStep:
    """One wave of a driver's history; figures are None where nothing may be shown."""

    run: Run
    partners: Figure | None
    staff: Figure | None
    is_new_wording: bool


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One driver in one segment; `mark` up or down only where it clearly differs from the rest."""

    figure: Figure | None
    direction: int


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One driver across all segments; `total` is everybody."""

    driver: DriverInfo
    total: Figure | None
    cells: Sequence[HeatCell]
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverPage:
    """Everything on the page of one driver."""

    run: Run
    driver: DriverInfo
    row: Row
    gap: GapRow
    k: int
    partners: Figure | None
    staff: Figure | None
    partners_change: Gap | None
    staff_change: Gap | None
    importance_rank: int | None
    n_ranked: int
    trend: Sequence[TrendStep]
    heat_rows: Sequence[HeatRow]
    heat_columns: Sequence[Row]
    column_counts: Mapping[Row, int | None]
    comments: CommentCounts | None


def build_driver_page(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    driver: DriverInfo,
    drivers: Sequence[DriverInfo],
    row: Row,
    trend: Sequence[TrendStep],
) -> DriverPage:
    """Work out the page of one driver for everybody or one published segment of partners."""
    partner, staff = figures.partner, figures.internal
    ours = partner.figure(driver.code, row) if partner else None
    theirs = staff.figure(driver.code) if staff else None
    earlier = before.partner if before else None
    staff_earlier = before.internal if before else None
    same = bool(
        partner and earlier and partner.series.get(driver.code) == earlier.series.get(driver.code)
    )
    asked = [each for each in drivers if partner and each.code in partner.series]
    k = family_size(drivers=max(1, len(asked)))
    columns = (partner.rows() if partner else [])[:MAX_HEAT_COLUMNS]
    rank, n_ranked = _rank(figures, driver, asked)
    return DriverPage(
        run=figures.run,
        driver=driver,
        row=row,
        gap=gap_row(
            DriverPair(
                driver.code,
                driver.number,
                ours.estimate if ours else None,
                theirs.estimate if theirs else None,
            ),
            k=k,
        ),
        k=k,
        partners=ours,
        staff=theirs,
        partners_change=change_of(
            ours, earlier.figure(driver.code, row) if earlier else None, same_wording=same
        ),
        staff_change=change_of(
            theirs, staff_earlier.figure(driver.code) if staff_earlier else None, same_wording=same
        ),
        importance_rank=rank,
        n_ranked=n_ranked,
        trend=trend,
        heat_rows=_heat_rows(figures, asked, columns, driver),
        heat_columns=columns,
        column_counts={
            column: (f.n if (f := partner.figure("participants", column)) else None)
            for column in [TOTAL, *columns]
        }
        if partner
        else {},
        comments=partner.driver_comments.get(driver.code) if partner else None,
    )


def trend_steps(
    history: Sequence[tuple[Run, Mapping[str, Figure], Mapping[str, Figure], Mapping[str, int]]],
    code: str,
) -> list[TrendStep]:
    """A metric's history; a wave whose wording starts a new series is marked."""
    steps: list[TrendStep] = []
    last_series: int | None = None
    for run, partners, staff, series in history:
        now = series.get(code)
        is_new = last_series is not None and now is not None and now != last_series
        steps.append(TrendStep(run, partners.get(code), staff.get(code), is_new))
        last_series = now if now is not None else last_series
    return steps


def _rank(
    figures: RunFigures, driver: DriverInfo, asked: Sequence[DriverInfo]
) -> tuple[int | None, int]:
    links = {
        each.code: figure.correlation.value
        for each in asked
        if figures.partner and (figure := figures.partner.figure(each.code)) and figure.correlation
    }
    if driver.code not in links:
        return None, len(links)
    return 1 + sum(value > links[driver.code] for value in links.values()), len(links)


def _heat_rows(
    figures: RunFigures,
    asked: Sequence[DriverInfo],
    columns: Sequence[Row],
    this: DriverInfo,
) -> list[HeatRow]:
    partner = figures.partner
    if partner is None:
        return []
    k = family_size(drivers=max(1, len(asked)), segments=max(1, len(columns)))
    rows = []
    for driver in asked:
        by_row = {column: partner.figure(driver.code, column) for column in columns}
        against = _against_rest(by_row)
        rows.append(
            HeatRow(
                driver,
                partner.figure(driver.code),
                [HeatCell(by_row[c], _direction(against.get(c), k)) for c in columns],
                driver.code == this.code,
            )
        )
    return rows


def _against_rest(by_row: Mapping[Row, Figure | None]) -> dict[Row, Gap | None]:
    """Each segment minus the rest of its dimension; only figures that are shown exactly."""
    found: dict[Row, Gap | None] = {}
    for dimension in {row[0] for row in by_row}:
        estimates = {
            row[1]: figure.estimate
            for row, figure in by_row.items()
            if row[0] == dimension and figure is not None and figure.estimate is not None
        }
        if len(estimates) > 1:
            for segment, gap in published_against_rest(estimates).items():
                found[dimension, segment] = gap
    return found


def _direction(gap: Gap | None, k: int) -> int:
    if gap is None or gap.mark(k) is not Mark.BIGGER:
        return 0
    return 1 if gap.value > 0 else -1
