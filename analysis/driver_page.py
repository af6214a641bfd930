"""One driver as a typed value: both voices, trend, distribution, segments. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.dashboard import (
    DriverFigures,
    change_of,
    driver_figures,
    driver_pair,
    fix_first_codes,
    gap_family,
    participants,
    same_wording,
)
from analysis.figures import Figure
from analysis.gap import Gap, GapRow, Mark, family_size, gap_row, published_against_rest
from analysis.priorities import Importance, importance_of, weighed_points
from analysis.shown_figures import (
    TOTAL,
    CommentCounts,
    DriverInfo,
    Row,
    RunFigures,
    WaveFigures,
    WaveTotals,
)
from surveys.waves import Run

#: Unfavourable, neutral, favourable: the order of a figure's classes.
CLASSES = ("disagree", "neither", "agree")
#: Stored answers of an agreement scale.
ANSWERS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class TrendStep:
    """One wave of a driver's history; figures are None where nothing may be shown."""

    run: Run
    partners: Figure | None
    staff: Figure | None
    is_new_wording: bool


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """One voice's part in one group of answers, of `n`: exact, at most one, or all but one."""

    state: str
    count: int | None
    n: int

    @property
    def percent(self) -> float | None:
        """0..100 where the count is exact."""
        return None if self.count is None else 100 * self.count / self.n


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One group of answers (a name of CLASSES or ANSWERS); a voice is None where nothing shows."""

    key: str
    partners: AnswerShare | None
    staff: AnswerShare | None


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One driver in one segment; `direction` +1 or -1 where it clearly differs from the rest."""

    row: Row
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
class Heatmap:
    """Drivers by segment; `counts` says how many took part in each column (TOTAL too)."""

    rows: Sequence[HeatRow]
    columns: Sequence[Row]
    counts: Mapping[Row, int | None]

    @property
    def groups(self) -> list[tuple[str, int]]:
        """Dimensions in their order, with how many columns each has."""
        names = list(dict.fromkeys(dimension for dimension, _ in self.columns))
        return [(name, sum(row[0] == name for row in self.columns)) for name in names]

    @property
    def this(self) -> HeatRow | None:
        """The row of the page's own driver."""
        return next((row for row in self.rows if row.is_this), None)


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
    since: str | None
    importance: Importance
    is_fix_first: bool
    trend: Sequence[TrendStep]
    answers: Sequence[AnswerRow]
    heat: Heatmap
    comments: CommentCounts | None

    @property
    def is_filtered(self) -> bool:
        """Whether only one segment of partners is shown."""
        return self.row != TOTAL


def build_driver_page(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    driver: DriverInfo,
    drivers: Sequence[DriverInfo],
    row: Row,
    history: Sequence[WaveTotals],
    stated: Sequence[WaveTotals] = (),
) -> DriverPage:
    """Work out the page of one driver for everybody or one published segment of partners.

    `history` has the driver itself in the chosen row, `stated` what all partners said of the
    importance of each driver; both end with the run.
    """
    partner = figures.partner
    now = driver_figures(figures, driver.code, row)
    earlier = driver_figures(before, driver.code, row) if before else DriverFigures(None, None)
    same = same_wording(figures, before, driver.code)
    k = gap_family(figures, drivers)
    importance = importance_of(partner, drivers, stated)
    return DriverPage(
        run=figures.run,
        driver=driver,
        row=row,
        gap=gap_row(driver_pair(figures, driver, row), k=k),
        k=k,
        partners=now.partners,
        staff=now.staff,
        partners_change=change_of(now.partners, earlier.partners, same_wording=same),
        staff_change=change_of(now.staff, earlier.staff, same_wording=same),
        since=before.run.partner.label if before else None,
        importance=importance,
        is_fix_first=driver.code in _fix_first(partner, drivers, importance),
        trend=trend_steps(history, driver.code),
        answers=answer_rows(now.partners, now.staff),
        heat=heatmap(partner, drivers, driver),
        comments=partner.driver_comments.get(driver.code) if partner else None,
    )


def trend_steps(history: Sequence[WaveTotals], code: str) -> list[TrendStep]:
    """A metric's history; a wave whose wording starts a new series is marked."""
    steps: list[TrendStep] = []
    last_series: int | None = None
    for wave in history:
        now = wave.series.get(code)
        is_new = last_series is not None and now is not None and now != last_series
        steps.append(TrendStep(wave.run, wave.partners.get(code), wave.staff.get(code), is_new))
        last_series = now if now is not None else last_series
    return steps


def answer_rows(partners: Figure | None, staff: Figure | None) -> list[AnswerRow]:
    """Shares of both voices, most favourable first; empty where neither shows any.

    By each answer where every voice that shows any may show that, else in three groups.
    """
    voices = [figure for figure in (partners, staff) if figure and figure.classes]
    if voices and all(figure.histogram for figure in voices):
        rows = [AnswerRow(key, _of(partners, key), _of(staff, key)) for key in ANSWERS]
    else:
        rows = [
            AnswerRow(key, _class(partners, place), _class(staff, place))
            for place, key in enumerate(CLASSES)
        ]
    return rows[::-1] if any(row.partners or row.staff for row in rows) else []


def heatmap(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo], this: DriverInfo
) -> Heatmap:
    """Every driver that partners were asked, in every published segment."""
    if partner is None:
        return Heatmap(rows=[], columns=[], counts={})
    asked = [each for each in drivers if each.code in partner.series]
    columns = partner.rows()
    k = family_size(drivers=max(1, len(asked)), segments=max(1, len(columns)))
    return Heatmap(
        rows=[_heat_row(partner, each, columns, k, is_this=each == this) for each in asked],
        columns=columns,
        counts={column: participants(partner, column) for column in (TOTAL, *columns)},
    )


def _of(figure: Figure | None, key: str) -> AnswerShare | None:
    if figure is None or not figure.histogram:
        return None
    counts = figure.histogram
    return AnswerShare("exact", counts.get(key, 0), sum(counts.values()))


def _class(figure: Figure | None, place: int) -> AnswerShare | None:
    if figure is None or len(figure.classes) != len(CLASSES) or not figure.n:
        return None
    share = figure.classes[place]
    return None if share.state == "blank" else AnswerShare(share.state, share.count, figure.n)


def _fix_first(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo], importance: Importance
) -> list[str]:
    """The drivers to fix first among all partners, as in the quadrant of the drivers page."""
    scores = {each.code: partner.figure(each.code) for each in drivers} if partner else {}
    points, _ = weighed_points(drivers, scores, importance)
    return fix_first_codes(points)


def _heat_row(
    partner: WaveFigures, driver: DriverInfo, columns: Sequence[Row], k: int, *, is_this: bool
) -> HeatRow:
    by_row = {column: partner.figure(driver.code, column) for column in columns}
    against = _against_rest(by_row)
    cells = [HeatCell(c, by_row[c], _direction(against.get(c), k)) for c in columns]
    return HeatRow(driver, partner.figure(driver.code), cells, is_this)


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
