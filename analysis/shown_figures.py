"""What may be shown of a run, as values: from the queries to pages, exports and words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from analysis.figures import Figure
from analysis.sentiment_shares import SentimentCounts
from surveys.terms import Audience
from surveys.waves import Run

TOTAL = ("", "")

Row = tuple[str, str]  # dimension, segment; both empty for everybody


@dataclass(frozen=True, slots=True)
class DriverInfo:
    """One driver with its number and its name in the page's language."""

    code: str
    number: int
    name: str


@dataclass(frozen=True, slots=True)
class CommentCounts:
    """Comments of a wave (or those that touch one driver) by sentiment."""

    counts: SentimentCounts
    n_companies: int | None
    company_size: float


@dataclass(frozen=True, slots=True)
class WaveFigures:
    """All figures of one wave: by question code and row. `series` names comparable wordings."""

    wave_id: int
    audience: Audience
    is_published: bool
    figures: Mapping[str, Mapping[Row, Figure]]
    series: Mapping[str, int]
    comments: CommentCounts | None = None
    comments_hidden: bool = False
    driver_comments: Mapping[str, CommentCounts | None] = field(default_factory=dict)

    def figure(self, metric: str, row: Row = TOTAL) -> Figure | None:
        """One figure; None where nothing of the kind exists."""
        return self.figures.get(metric, {}).get(row)

    def rows_of(self, metric: str) -> Mapping[Row, Figure]:
        """A metric's figures by row."""
        return self.figures.get(metric, {})

    def rows(self) -> list[Row]:
        """Every row but the total that has any figure, by dimension, merged ones last."""
        found = {row for by_row in self.figures.values() for row in by_row if row != TOTAL}
        return sorted(found, key=lambda row: (row[0], row[1].startswith("["), row[1]))


@dataclass(frozen=True, slots=True)
class RunFigures:
    """A run with the figures of both audiences; None where a wave shows none yet."""

    run: Run
    partner: WaveFigures | None
    internal: WaveFigures | None


def without_covariance(figures: RunFigures) -> RunFigures:
    """The same figures for a change since a wave that they are not linked with.

    A figure carries its covariance with one earlier wave; with any other it has none.
    """
    return replace(
        figures, partner=_unlinked(figures.partner), internal=_unlinked(figures.internal)
    )


def _unlinked(wave: WaveFigures | None) -> WaveFigures | None:
    if wave is None:
        return None
    plain = {
        metric: {row: replace(figure, covariance=0.0) for row, figure in by_row.items()}
        for metric, by_row in wave.figures.items()
    }
    return replace(wave, figures=plain)


@dataclass(frozen=True, slots=True)
class WaveTotals:
    """A run's figures of one row of partners and of all staff, by metric; for the trend.

    `series` of the partners' wordings: a figure is comparable with the one before if it is equal.
    """

    run: Run
    partners: Mapping[str, Figure]
    staff: Mapping[str, Figure]
    series: Mapping[str, int]
