"""The overview as one typed value: what the page, its file and its words show.

Pure: given figures that the confidentiality engine let through, it works out gaps, marks, blind
spots and changes. Page and CSV cannot disagree, since both read this value. Source: method of
statistics.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from analysis.figures import Figure
from analysis.gap import (
    Composite,
    DriverPair,
    Gap,
    GapRow,
    Headline,
    Mark,
    change,
    difference,
    family_size,
    gap_rows,
    headline,
    overall_gap,
)
from analysis.importance import (
    BlindSpots,
    Correlation,
    DriverGap,
    blind_spots,
    derived_weights,
    stated_weights,
)
from analysis.samples import FigureError, NotComparable
from analysis.sentiment_shares import MOST_UNSURE, SentimentShares, sentiment_shares
from analysis.shown_figures import TOTAL, CommentCounts, DriverInfo, Row, RunFigures, WaveFigures
from surveys.participation import Participation
from surveys.terms import CellState
from surveys.waves import Run

RECOMMEND = "recommend"
RECOMMEND_MEAN = "recommend.mean"


class Missing(StrEnum):
    """Why the two pictures cannot be compared as a whole."""

    NOBODY = "nobody"
    PARTNERS_HIDDEN = "partners_hidden"
    STAFF_HIDDEN = "staff_hidden"
    BOTH_HIDDEN = "both_hidden"
    STAFF_WAITING = "staff_waiting"
    STAFF_NOT_ASKED = "staff_not_asked"
    INEXACT = "inexact"


@dataclass(frozen=True, slots=True)
class DriverFigures:
    """Both voices on one driver as they may be shown; None where it was not asked or waits."""

    partners: Figure | None
    staff: Figure | None


@dataclass(frozen=True, slots=True)
class RecommendationTile:
    """Partners' NPS beside the NPS of the team's guesses, and the claim about their means."""

    partners: Figure | None
    staff: Figure | None
    claim: Gap | None
    change: Gap | None

    @property
    def mark(self) -> Mark:
        """The word key of the claim."""
        return self.claim.mark() if self.claim else Mark.HIDDEN


@dataclass(frozen=True, slots=True)
class CommentTile:
    """Sentiment of the wave's comments; None where too few may be shown or say anything."""

    shares: SentimentShares | None
    counts: CommentCounts | None
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class DriverSentiment:
    """Comments that touch one driver; `counts` None: hidden or too few."""

    driver: DriverInfo
    counts: CommentCounts | None


@dataclass(frozen=True, slots=True)
class ImportancePoint:
    """Where a driver stands in 'what to fix first': score and link with the recommendation."""

    driver: DriverInfo
    score: float
    importance: float


@dataclass(frozen=True, slots=True)
class StatedImportance:
    """What partners said last of the importance of drivers: means 1..7 by code, none if never."""

    asked_in: Run | None = None
    means: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewPage:
    """Everything on the overview."""

    run: Run
    row: Row
    rows: Sequence[Row]
    n_partners: int | None
    n_staff: int | None
    k: int
    gaps: Sequence[GapRow]
    figures: Mapping[str, DriverFigures]
    missing: Missing | None
    overall: Composite | None
    verdict: Headline | None
    recommendation: RecommendationTile
    comments: CommentTile
    spots: BlindSpots
    stated: StatedImportance
    strengths: Sequence[GapRow]
    sentiment_by_driver: Sequence[DriverSentiment]
    points: Sequence[ImportancePoint]
    has_links: bool
    participation: Participation
    participation_before: Participation | None
    drivers: Mapping[str, DriverInfo]

    @property
    def n_bigger(self) -> int:
        """How many gaps are bigger than chance."""
        return sum(row.mark is Mark.BIGGER for row in self.gaps)

    @property
    def is_filtered(self) -> bool:
        """Whether only one segment of partners is shown."""
        return self.row != TOTAL

    @property
    def rate_change(self) -> float | None:
        """Points of the response rate since the wave before; None where either has none."""
        now, before = self.participation, self.participation_before
        if before is None or now.response_rate is None or before.response_rate is None:
            return None
        return 100 * (now.response_rate - before.response_rate)


NOT_STATED = StatedImportance()


def build_overview(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    drivers: Sequence[DriverInfo],
    row: Row,
    participation: Participation,
    participation_before: Participation | None,
    stated: StatedImportance = NOT_STATED,
) -> OverviewPage:
    """Work out the overview of a run for everybody or for one published segment of partners.

    Staff are always taken as a whole: they were asked about partners, not about a segment. `stated`
    is for a run that has no links with recommending us (`knows_links`).
    """
    partner, staff = figures.partner, figures.internal
    asked = compared_drivers(figures, drivers)
    k = gap_family(figures, drivers)
    gaps = gap_rows((driver_pair(figures, driver, row) for driver in asked), k=k)
    shown = {driver.code: driver_figures(figures, driver.code, row) for driver in asked}
    overall = overall_gap(gaps)
    return OverviewPage(
        run=figures.run,
        row=row,
        rows=partner.rows() if partner else [],
        n_partners=participants(partner, row),
        n_staff=participants(staff, TOTAL),
        k=k,
        gaps=gaps,
        figures=shown,
        missing=None if overall else _missing(figures, shown),
        overall=overall,
        verdict=headline(overall) if overall else None,
        recommendation=_recommendation(figures, before, row),
        comments=_comment_tile(partner),
        spots=_blind_spots(gaps, partner, k, stated),
        stated=stated,
        strengths=[
            gap_row
            for gap_row in gaps
            if gap_row.mark is Mark.BIGGER and gap_row.gap and gap_row.gap.value > 0
        ],
        sentiment_by_driver=_sentiment_by_driver(partner, drivers),
        points=importance_points(partner, drivers) if row == TOTAL else (),
        has_links=bool(importance_points(partner, drivers)),
        participation=participation,
        participation_before=participation_before,
        drivers={driver.code: driver for driver in drivers},
    )


def change_of(now: Figure | None, before: Figure | None, *, same_wording: bool) -> Gap | None:
    """Change of a figure since the wave before; None where either is not exact."""
    if now is None or before is None or not now.estimate or not before.estimate:
        return None
    try:
        return change(
            now.estimate, before.estimate, same_wording=same_wording, covariance=now.covariance
        )
    except NotComparable:
        return None


def same_wording(now: RunFigures, before: RunFigures | None, code: str) -> bool:
    """Whether partners read the question in both waves alike, so that a change may be claimed."""
    if before is None or now.partner is None or before.partner is None:
        return False
    series = now.partner.series.get(code)
    return series is not None and series == before.partner.series.get(code)


def shares_of(counts: CommentCounts | None) -> SentimentShares | None:
    """Shares and net of comments; None where too few, or too few sure ones, say anything."""
    if counts is None:
        return None
    try:
        shares = sentiment_shares(
            counts.counts,
            company_size=counts.company_size,
            n_companies=counts.n_companies or counts.counts.total,
        )
    except FigureError:
        return None
    return None if shares.unsure_share > MOST_UNSURE else shares


def fix_first_codes(points: Sequence[ImportancePoint]) -> list[str]:
    """The drivers that are more important and lower than average, the most pressing first."""
    if not points:
        return []
    score, importance = importance_average(points)
    first = [p for p in points if p.score < score and p.importance > importance]
    first.sort(key=lambda p: (p.score / 100 - p.importance, p.driver.number))
    return [point.driver.code for point in first]


def importance_average(points: Sequence[ImportancePoint]) -> tuple[float, float]:
    """Mean score and mean importance of the points; they quarter the chart."""
    n = len(points)
    return sum(p.score for p in points) / n, sum(p.importance for p in points) / n


def compared_drivers(figures: RunFigures, drivers: Sequence[DriverInfo]) -> list[DriverInfo]:
    """The drivers that this version asks of both audiences, shown or not.

    While only one audience has figures, those asked of it.
    """
    asked = [wave.series.keys() for wave in (figures.partner, figures.internal) if wave]
    return [driver for driver in drivers if asked and all(driver.code in codes for codes in asked)]


def gap_family(figures: RunFigures, drivers: Sequence[DriverInfo]) -> int:
    """k of every gap of a driver, on all pages and in files, filtered to a segment or not."""
    return family_size(drivers=max(1, len(compared_drivers(figures, drivers))))


def driver_figures(figures: RunFigures, code: str, row: Row) -> DriverFigures:
    """Both voices on one driver: a row of partners, and all staff."""
    partner, staff = figures.partner, figures.internal
    return DriverFigures(
        partner.figure(code, row) if partner else None, staff.figure(code) if staff else None
    )


def driver_pair(figures: RunFigures, driver: DriverInfo, row: Row) -> DriverPair:
    """The exact figures of both voices on one driver, which its gap is worked out from."""
    shown = driver_figures(figures, driver.code, row)
    return DriverPair(
        code=driver.code,
        number=driver.number,
        partners=shown.partners.estimate if shown.partners else None,
        staff=shown.staff.estimate if shown.staff else None,
    )


def _missing(figures: RunFigures, shown: Mapping[str, DriverFigures]) -> Missing:
    """Why no driver has a gap: what keeps most of them from it."""
    partners = _state([each.partners for each in shown.values()])
    staff = _state([each.staff for each in shown.values()])
    if partners is None:
        return Missing.NOBODY
    if figures.run.internal is None:
        return Missing.STAFF_NOT_ASKED
    if figures.internal is None:
        return Missing.STAFF_WAITING
    hidden = (partners is CellState.HIDDEN, staff in (CellState.HIDDEN, None))
    return {
        (True, True): Missing.BOTH_HIDDEN,
        (True, False): Missing.PARTNERS_HIDDEN,
        (False, True): Missing.STAFF_HIDDEN,
    }.get(hidden, Missing.INEXACT)


def _state(figures: Sequence[Figure | None]) -> CellState | None:
    """HIDDEN if nothing of these is shown, else the state of one that is; None without any."""
    states = [figure.state for figure in figures if figure is not None]
    shown = [state for state in states if state is not CellState.HIDDEN]
    return (shown or states or [None])[0]


def participants(wave: WaveFigures | None, row: Row) -> int | None:
    """How many took part in a row, where that may be shown; live: how many answered most often."""
    if wave is None:
        return None
    figure = wave.figure("participants", row)
    if figure is not None:
        return figure.n
    counts = [f.n for f in (wave.figure(code, row) for code in wave.figures) if f and f.n]
    return max(counts, default=None)


def _recommendation(figures: RunFigures, before: RunFigures | None, row: Row) -> RecommendationTile:
    partner, staff = figures.partner, figures.internal
    ours = partner.figure(RECOMMEND, row) if partner else None
    theirs = staff.figure(RECOMMEND) if staff else None
    earlier = before.partner.figure(RECOMMEND, row) if before and before.partner else None
    return RecommendationTile(
        partners=ours,
        staff=theirs,
        claim=_claim(partner, staff) if row == TOTAL else None,
        change=change_of(ours, earlier, same_wording=same_wording(figures, before, RECOMMEND)),
    )


def _claim(partner: WaveFigures | None, staff: WaveFigures | None) -> Gap | None:
    """Difference of the 0..10 means: eight from everybody is NPS 0, so NPS would mislead."""
    found = [wave.figure(RECOMMEND_MEAN) if wave else None for wave in (partner, staff)]
    if any(figure is None or figure.estimate is None for figure in found):
        return None
    first, second = (figure.estimate for figure in found if figure and figure.estimate)
    return difference(first, second)


def _comment_tile(partner: WaveFigures | None) -> CommentTile:
    if partner is None:
        return CommentTile(None, None, is_hidden=False)
    return CommentTile(
        shares_of(partner.comments), partner.comments, is_hidden=partner.comments_hidden
    )


def knows_links(figures: RunFigures, drivers: Sequence[DriverInfo]) -> bool:
    """Whether the links of drivers with recommending us say what is important."""
    return bool(derived_weights(_links(figures.partner, [each.code for each in drivers])))


def _blind_spots(
    gaps: Sequence[GapRow], partner: WaveFigures | None, k: int, stated: StatedImportance
) -> BlindSpots:
    shown = [DriverGap(row.code, row.number, row.gap) for row in gaps if row.gap is not None]
    return blind_spots(
        shown,
        k=k,
        derived=derived_weights(_links(partner, [row.code for row in gaps])),
        stated=stated_weights(stated.means),
    )


def _links(partner: WaveFigures | None, codes: Iterable[str]) -> dict[str, Correlation]:
    return {
        code: figure.correlation
        for code in codes
        if partner and (figure := partner.figure(code)) and figure.correlation
    }


def _sentiment_by_driver(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo]
) -> list[DriverSentiment]:
    if partner is None:
        return []
    rows = [
        DriverSentiment(driver, partner.driver_comments[driver.code])
        for driver in drivers
        if driver.code in partner.driver_comments
    ]
    return sorted(rows, key=_most_negative_first)


def _most_negative_first(row: DriverSentiment) -> tuple[bool, float, int]:
    if row.counts is None or not row.counts.counts.classified:
        return True, 0.0, row.driver.number
    counts = row.counts.counts
    return False, -counts.negative / counts.classified, row.driver.number


def importance_points(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo]
) -> list[ImportancePoint]:
    """Where each driver stands that has both an exact score and a link with recommending."""
    if partner is None:
        return []
    points = []
    for driver in drivers:
        figure = partner.figure(driver.code)
        if figure and figure.estimate and figure.correlation:
            points.append(ImportancePoint(driver, figure.estimate.value, figure.correlation.value))
    return points
