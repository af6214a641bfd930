"""The last waves of a survey as a typed value: each driver's history, and how far it moved. Pure.

A change is counted from the wave that the page compares with, a gap within each wave; both are
marked by the rules of the driver page. Source: method of statistics, section 4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.dashboard import RECOMMEND, change_of, driver_figures, gap_family, same_wording
from analysis.driver_page import TrendStep, trend_steps
from analysis.figures import Figure
from analysis.gap import Composite, DriverPair, Gap, Mark, composite, family_size, gap_row
from analysis.shown_figures import DriverInfo, Row, RunFigures, WaveTotals
from analysis.stats import Estimate
from surveys.participation import Participation
from surveys.waves import Run

MINIMUM_WAVES = 2


@dataclass(frozen=True, slots=True)
class GapHistory:
    """How often one driver's gap was bigger than chance, under the present wording.

    `n_known` waves had exact figures of both voices. `since` is the first of the unbroken row of
    such waves, up to the newest, in which it was bigger; None if it is not bigger now.
    """

    n_bigger: int
    n_known: int
    since: Run | None
    n_since: int

    @property
    def is_present(self) -> bool:
        """Whether the gap is bigger than chance in the newest wave."""
        return self.since is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverTrend:
    """One driver over the waves; changes are since the wave labelled `since`, among `k`."""

    driver: DriverInfo
    trend: Sequence[TrendStep]
    marks: Sequence[Mark]
    partners_change: Gap | None
    staff_change: Gap | None
    since: str | None
    k: int
    gaps: GapHistory


@dataclass(frozen=True, slots=True)
class OverallStep:
    """Both voices over the same drivers in one wave; None where a voice shows no figure."""

    run: Run
    partners: Composite | None
    staff: Composite | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverallTrend:
    """The mean of the drivers that every counted wave shows exactly and asked alike."""

    drivers: Sequence[DriverInfo]
    steps: Sequence[OverallStep]
    partners_change: Composite | None
    staff_change: Composite | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPage:
    """Everything on the trend page, oldest wave first; `participation` by the partner wave's id."""

    run: Run
    row: Row
    rows: Sequence[Row]
    history: Sequence[Run]
    since: str | None
    overall: OverallTrend
    recommendation: Sequence[TrendStep]
    recommendation_change: Gap | None
    drivers: Sequence[DriverTrend]
    participation: Mapping[int, Participation]

    @property
    def is_filtered(self) -> bool:
        """Whether only one segment of partners is shown."""
        return bool(self.row[0])

    @property
    def has_trend(self) -> bool:
        """Whether there are two waves to compare."""
        return len(self.history) >= MINIMUM_WAVES

    @property
    def has_figures(self) -> bool:
        """Whether any wave shows anything."""
        steps = [step for each in self.drivers for step in each.trend] + [*self.recommendation]
        return any(
            figure is not None and figure.is_shown
            for step in steps
            for figure in (step.partners, step.staff)
        )


def build_trend(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    drivers: Sequence[DriverInfo],
    row: Row,
    history: Sequence[WaveTotals],
    participation: Mapping[int, Participation],
) -> TrendPage:
    """Work out the trend that ends with a run, for everybody or one published segment.

    `history` holds the drivers and the recommendation question, the oldest wave first.
    """
    asked = [each for each in drivers if any(each.code in wave.series for wave in history)]
    k = gap_family(figures, drivers)
    families = [_family(wave, drivers) for wave in history]
    trends = [
        _driver_trend(
            figures, before, driver=each, row=row, history=history, families=families, k=k
        )
        for each in asked
    ]
    return TrendPage(
        run=figures.run,
        row=row,
        rows=figures.partner.rows() if figures.partner else [],
        history=[wave.run for wave in history],
        since=before.run.partner.label if before else None,
        overall=_overall(history, trends),
        recommendation=trend_steps(history, RECOMMEND),
        recommendation_change=_changes(figures, before, code=RECOMMEND, row=row)[0],
        drivers=trends,
        participation=participation,
    )


def gap_history(steps: Sequence[TrendStep], marks: Sequence[Mark]) -> GapHistory:
    """Count the gaps under the present wording; waves without an exact gap break no row."""
    starts = [place for place, step in enumerate(steps) if step.is_new_wording]
    start = starts[-1] if starts else 0
    known = [
        (step.run, mark)
        for step, mark in zip(steps[start:], marks[start:], strict=True)
        if mark is not Mark.HIDDEN
    ]
    row = _last_row(known) if marks and marks[-1] is Mark.BIGGER else []
    return GapHistory(
        n_bigger=sum(mark is Mark.BIGGER for _, mark in known),
        n_known=len(known),
        since=row[-1] if row else None,
        n_since=len(row),
    )


def _last_row(known: Sequence[tuple[Run, Mark]]) -> list[Run]:
    """The unbroken waves at the end that are bigger than chance, the newest first."""
    found = []
    for run, mark in reversed(known):
        if mark is not Mark.BIGGER:
            break
        found.append(run)
    return found


def _family(wave: WaveTotals, drivers: Sequence[DriverInfo]) -> int:
    """k of the gaps of one wave: the drivers that both audiences were asked."""
    both = [each for each in drivers if each.code in wave.series and each.code in wave.staff]
    return family_size(drivers=max(1, len(both)))


def _driver_trend(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    driver: DriverInfo,
    row: Row,
    history: Sequence[WaveTotals],
    families: Sequence[int],
    k: int,
) -> DriverTrend:
    steps = trend_steps(history, driver.code)
    marks = [_mark(driver, step, k=family) for step, family in zip(steps, families, strict=True)]
    partners, staff = _changes(figures, before, code=driver.code, row=row)
    return DriverTrend(
        driver=driver,
        trend=steps,
        marks=marks,
        partners_change=partners,
        staff_change=staff,
        since=before.run.partner.label if before else None,
        k=k,
        gaps=gap_history(steps, marks),
    )


def _mark(driver: DriverInfo, step: TrendStep, *, k: int) -> Mark:
    partners, staff = _exact(step.partners), _exact(step.staff)
    return gap_row(DriverPair(driver.code, driver.number, partners, staff), k=k).mark


def _changes(
    figures: RunFigures, before: RunFigures | None, *, code: str, row: Row
) -> tuple[Gap | None, Gap | None]:
    """Of partners and of staff since the compared wave; None where either is not exact."""
    if before is None:
        return None, None
    now, then = driver_figures(figures, code, row), driver_figures(before, code, row)
    same = same_wording(figures, before, code)
    return (
        change_of(now.partners, then.partners, same_wording=same),
        change_of(now.staff, then.staff, same_wording=same),
    )


def _overall(history: Sequence[WaveTotals], trends: Sequence[DriverTrend]) -> OverallTrend:
    codes = _steady_codes(history, [each.driver.code for each in trends])
    steady = [each for each in trends if each.driver.code in codes]
    return OverallTrend(
        drivers=[each.driver for each in steady],
        steps=[
            OverallStep(wave.run, _together(wave.partners, steady), _together(wave.staff, steady))
            for wave in history
        ],
        partners_change=_mean([each.partners_change for each in steady]),
        staff_change=_mean([each.staff_change for each in steady]),
    )


def _steady_codes(history: Sequence[WaveTotals], codes: Sequence[str]) -> set[str]:
    """Drivers with one wording and exact figures in every wave in which a voice has any."""
    partners = [wave for wave in history if any(_exact(wave.partners.get(c)) for c in codes)]
    staff = [wave for wave in history if any(_exact(wave.staff.get(c)) for c in codes)]
    return {
        code
        for code in codes
        if len({wave.series.get(code) for wave in (*partners, *staff)}) == 1
        and all(_exact(wave.partners.get(code)) for wave in partners)
        and all(_exact(wave.staff.get(code)) for wave in staff)
    }


def _together(shown: Mapping[str, Figure], steady: Sequence[DriverTrend]) -> Composite | None:
    return _mean([_exact(shown.get(each.driver.code)) for each in steady])


def _mean(parts: Sequence[Estimate | None] | Sequence[Gap | None]) -> Composite | None:
    """The plain mean of all parts; None without any, or if one is not known."""
    known = [part for part in parts if part is not None]
    return composite(known) if known and len(known) == len(parts) else None


def _exact(figure: Figure | None) -> Estimate | None:
    return figure.estimate if figure is not None else None
