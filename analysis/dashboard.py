"""The overview as one typed value: what the page, its file and its words show.

Pure: given figures that the confidentiality engine let through, it works out gaps, marks, blind
spots and changes. Page and CSV cannot disagree, since both read this value. Source: method of
statistics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from analysis.importance import BlindSpots, DriverGap, blind_spots, derived_weights
from analysis.queries import TOTAL, CommentCounts, DriverInfo, Row, RunFigures, WaveFigures
from analysis.samples import FigureError, NotComparable
from analysis.sentiment_shares import SentimentShares, sentiment_shares
from surveys.participation import Participation
from surveys.waves import Run

RECOMMEND = "recommend"
RECOMMEND_MEAN = "recommend.mean"
MIN_FOR_IMPORTANCE = 30


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
    overall: Composite | None
    verdict: Headline | None
    recommendation: RecommendationTile
    comments: CommentTile
    spots: BlindSpots
    strengths: Sequence[GapRow]
    sentiment_by_driver: Sequence[DriverSentiment]
    points: Sequence[ImportancePoint]
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


def build_overview(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    drivers: Sequence[DriverInfo],
    row: Row,
    participation: Participation,
    participation_before: Participation | None,
) -> OverviewPage:
    """Work out the overview of a run for everybody or for one published segment of partners.

    Staff are always taken as a whole: they were asked about partners, not about a segment.
    """
    partner, staff = figures.partner, figures.internal
    asked = _asked_of_both(figures, drivers)
    k = family_size(drivers=max(1, len(asked)))
    gaps = gap_rows((_pair(driver, partner, staff, row) for driver in asked), k=k)
    overall = overall_gap(gaps)
    return OverviewPage(
        run=figures.run,
        row=row,
        rows=partner.rows() if partner else [],
        n_partners=_participants(partner, row),
        n_staff=_participants(staff, TOTAL),
        k=k,
        gaps=gaps,
        overall=overall,
        verdict=headline(overall) if overall else None,
        recommendation=_recommendation(partner, staff, before, row),
        comments=_comment_tile(partner),
        spots=_blind_spots(gaps, partner, k),
        strengths=[
            gap_row
            for gap_row in gaps
            if gap_row.mark is Mark.BIGGER and gap_row.gap and gap_row.gap.value > 0
        ],
        sentiment_by_driver=_sentiment_by_driver(partner, drivers),
        points=_points(partner, drivers) if row == TOTAL else (),
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


def shares_of(counts: CommentCounts | None) -> SentimentShares | None:
    """Shares and net of comments; None where there are too few to say anything."""
    if counts is None:
        return None
    try:
        return sentiment_shares(
            counts.counts,
            company_size=counts.company_size,
            n_companies=counts.n_companies or counts.counts.total,
        )
    except FigureError:
        return None


def importance_average(points: Sequence[ImportancePoint]) -> tuple[float, float]:
    """Mean score and mean importance of the points; they quarter the chart."""
    n = len(points)
    return sum(p.score for p in points) / n, sum(p.importance for p in points) / n


def _asked_of_both(figures: RunFigures, drivers: Sequence[DriverInfo]) -> list[DriverInfo]:
    """The drivers that this version asks of both audiences, shown or not."""
    asked = [wave.series.keys() for wave in (figures.partner, figures.internal) if wave]
    if len(asked) == 2:
        return [driver for driver in drivers if all(driver.code in codes for codes in asked)]
    return [driver for driver in drivers if any(driver.code in codes for codes in asked)]


def _pair(
    driver: DriverInfo, partner: WaveFigures | None, staff: WaveFigures | None, row: Row
) -> DriverPair:
    ours = partner.figure(driver.code, row) if partner else None
    theirs = staff.figure(driver.code) if staff else None
    return DriverPair(
        code=driver.code,
        number=driver.number,
        partners=ours.estimate if ours else None,
        staff=theirs.estimate if theirs else None,
    )


def _participants(wave: WaveFigures | None, row: Row) -> int | None:
    if wave is None:
        return None
    figure = wave.figure("participants", row)
    if figure is not None:
        return figure.n
    counts = [f.n for f in (wave.figure(code, row) for code in wave.figures) if f and f.n]
    return max(counts, default=None)


def _recommendation(
    partner: WaveFigures | None,
    staff: WaveFigures | None,
    before: RunFigures | None,
    row: Row,
) -> RecommendationTile:
    ours = partner.figure(RECOMMEND, row) if partner else None
    theirs = staff.figure(RECOMMEND) if staff else None
    earlier = before.partner.figure(RECOMMEND, row) if before and before.partner else None
    return RecommendationTile(
        partners=ours,
        staff=theirs,
        claim=_claim(partner, staff) if row == TOTAL else None,
        change=change_of(ours, earlier, same_wording=True),
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


def _blind_spots(gaps: Sequence[GapRow], partner: WaveFigures | None, k: int) -> BlindSpots:
    shown = [DriverGap(row.code, row.number, row.gap) for row in gaps if row.gap is not None]
    links = {
        row.code: figure.correlation
        for row in gaps
        if partner and (figure := partner.figure(row.code)) and figure.correlation
    }
    weights = derived_weights(links) if links else None
    return blind_spots(shown, k=k, derived=weights, stated=None)


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


def _points(partner: WaveFigures | None, drivers: Sequence[DriverInfo]) -> list[ImportancePoint]:
    if partner is None:
        return []
    points = []
    for driver in drivers:
        figure = partner.figure(driver.code)
        if figure and figure.estimate and figure.correlation:
            points.append(ImportancePoint(driver, figure.estimate.value, figure.correlation.value))
    return points
