"""Every statistics SELECT of the pages: published cells, or working cells of identified surveys.

Returns frozen values; nothing here computes a figure that a page would not show. Building cells and
freezing them have their own reads (answer_stream.py, frames.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.figures import GUESS, Figure, Measure, figure_from_json, live_figure, measure_for
from analysis.models import PublishedCell
from analysis.published_comments import COMMENTS, DRIVER_PREFIX, UNSURE, read_comments_of
from analysis.row_cells import RowCells, covariance_with_before, stored_cells, wave_before
from analysis.sentiment_shares import SentimentCounts
from surveys.models import Driver, Question, VersionItem, Wave, Wording
from surveys.terms import Audience, Mode, QuestionType, WaveState
from surveys.waves import Run, all_runs

TOTAL = ("", "")
MAX_TREND = 8

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


def drivers(session: Session, locale: str) -> list[DriverInfo]:
    """The drivers in their order, named in this language."""
    rows = session.execute(
        select(Driver.code, Driver.position, Driver.names).order_by(Driver.position)
    )
    return [DriverInfo(row.code, row.position, row.names[locale]) for row in rows]


def runs_with_results(session: Session, survey_id: int | None = None) -> list[Run]:
    """Runs that were opened, newest first: published, identified, or still collecting."""
    shown = (WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED)
    runs = [run for run in all_runs(session, survey_id) if run.partner.state in shown]
    return sorted(runs, key=lambda run: (run.partner.opens_at, run.id), reverse=True)


def run_figures(session: Session, run: Run) -> RunFigures:
    """Everything that may be shown of a run."""
    internal = wave_figures(session, run.internal) if run.internal else None
    return RunFigures(run, wave_figures(session, run.partner), internal)


def wave_figures(session: Session, wave: Wave) -> WaveFigures | None:
    """What may be shown of a wave: frozen figures, or live ones of an identified survey."""
    asked = _asked(session, wave)
    if wave.mode is Mode.IDENTIFIED:
        return _live(session, wave, asked)
    if wave.published_at is None:
        return None
    return _published(session, wave, asked)


def trend_figures(
    session: Session, run: Run, *, metrics: Iterable[str]
) -> list[tuple[Run, Mapping[str, Figure], Mapping[str, Figure], Mapping[str, int]]]:
    """Totals of these metrics in this run and up to seven before it, the oldest first.

    Each entry: the run, partners' figures, the staff's, and the series of the partners' wordings.
    """
    runs = [
        each
        for each in all_runs(session, run.partner.survey_id)
        if each.partner.number <= run.partner.number and each.partner.state is WaveState.CLOSED
    ][-MAX_TREND:]
    wanted = list(metrics)
    by_wave = _totals(session, [wave for each in runs for wave in each.waves], wanted)
    series = _series(session, {each.partner.version_id for each in runs})
    return [
        (
            each,
            by_wave.get(each.partner.id, {}),
            by_wave.get(each.internal.id, {}) if each.internal else {},
            series[each.partner.version_id],
        )
        for each in runs
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    question_id: int
    code: str
    measure: Measure
    series: int


def _asked(session: Session, wave: Wave) -> list[_Asked]:
    rows = session.execute(
        select(Question.id, Question.code, Wording.type, Wording.series)
        .join(VersionItem, VersionItem.question_id == Question.id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id == wave.version_id, VersionItem.audience == wave.audience)
        .order_by(VersionItem.position)
    )
    found = []
    for row in rows:
        measure = measure_for(row.type, code=row.code)
        if measure is not None:
            found.append(_Asked(row.id, row.code, measure, row.series))
    return found


def _published(session: Session, wave: Wave, asked: Sequence[_Asked]) -> WaveFigures:
    scales = {each.code: each.measure.scale for each in asked} | {"recommend.mean": GUESS}
    figures: dict[str, dict[Row, Figure]] = defaultdict(dict)
    comments: dict[str, CommentCounts | None] = {}
    for cell in session.scalars(select(PublishedCell).where(PublishedCell.wave_id == wave.id)):
        if cell.metric == COMMENTS or cell.metric.startswith(DRIVER_PREFIX):
            comments[cell.metric] = _counts(cell)
            continue
        figures[cell.metric][cell.dimension, cell.segment] = figure_from_json(
            cell.figures,
            state=cell.state,
            reason=cell.reason,
            n=cell.n,
            n_companies=cell.n_companies,
            value=cell.value,
            scale=scales.get(cell.metric),
        )
    return WaveFigures(
        wave_id=wave.id,
        audience=wave.audience,
        is_published=True,
        figures=figures,
        series={each.code: each.series for each in asked},
        comments=comments.get(COMMENTS),
        comments_hidden=COMMENTS in comments and comments[COMMENTS] is None,
        driver_comments={
            metric.removeprefix(DRIVER_PREFIX): counts
            for metric, counts in comments.items()
            if metric != COMMENTS
        },
    )


def _counts(cell: PublishedCell) -> CommentCounts | None:
    if cell.figures is None:
        return None
    return CommentCounts(
        _sentiment(cell.figures["counts"]), cell.n_companies, cell.figures["company_size"]
    )


def _sentiment(counts: Mapping[str, int]) -> SentimentCounts:
    return SentimentCounts(
        negative=counts.get("negative", 0),
        mixed=counts.get("mixed", 0),
        neutral=counts.get("neutral", 0),
        positive=counts.get("positive", 0),
        unsure=counts.get(UNSURE, 0),
    )


def _live(session: Session, wave: Wave, asked: Sequence[_Asked]) -> WaveFigures:
    stored = stored_cells(session, wave.id)
    before = wave_before(session, wave)
    stored_before = stored_cells(session, before.id) if before else {}
    by_id = {each.question_id: each for each in asked}
    figures: dict[str, dict[Row, Figure]] = defaultdict(dict)
    for place, cell in stored.items():
        each = by_id.get(place[2])
        if each is None:
            continue
        cells = RowCells(each.measure, [cell])
        figure = live_figure(each.measure, cells.raw, cells.sizes, cells.pairs)
        covariance = covariance_with_before(each.measure, stored_before.get(place), cell)
        figures[each.code][place[0], place[1]] = replace(figure, covariance=covariance)
    read = read_comments_of(session, wave)
    return WaveFigures(
        wave_id=wave.id,
        audience=wave.audience,
        is_published=False,
        figures=figures,
        series={each.code: each.series for each in asked},
        comments=_live_counts(read, [comment.label for comment in read]),
        driver_comments=_live_driver_counts(read),
    )


def _live_counts(comments: Sequence[Any], labels: Sequence[str]) -> CommentCounts | None:
    if not comments:
        return None
    companies: dict[Any, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for comment, label in zip(comments, labels, strict=True):
        companies[comment.company] += 1
        counts[label] += 1
    size = sum(m * m for m in companies.values()) / len(comments)
    return CommentCounts(_sentiment(counts), len(companies), size)


def _live_driver_counts(comments: Sequence[Any]) -> dict[str, CommentCounts | None]:
    touched: dict[str, list[Any]] = defaultdict(list)
    for comment in comments:
        for driver in comment.drivers:
            touched[driver].append(comment)
    return {
        driver: _live_counts(
            group,
            [UNSURE if c.label == UNSURE else c.drivers[driver] for c in group],
        )
        for driver, group in touched.items()
    }


def _totals(
    session: Session, waves: Sequence[Wave], metrics: Sequence[str]
) -> dict[int, dict[str, Figure]]:
    """Total figures of several waves; identified ones from their working cells."""
    found: dict[int, dict[str, Figure]] = defaultdict(dict)
    frozen = [wave.id for wave in waves if wave.published_at is not None]
    scales = _scales(session, metrics)
    for cell in session.scalars(
        select(PublishedCell).where(
            PublishedCell.wave_id.in_(frozen),
            PublishedCell.metric.in_(metrics),
            PublishedCell.dimension == "",
        )
    ):
        found[cell.wave_id][cell.metric] = figure_from_json(
            cell.figures,
            state=cell.state,
            reason=cell.reason,
            n=cell.n,
            n_companies=cell.n_companies,
            value=cell.value,
            scale=scales.get(cell.metric),
        )
    for wave in waves:
        if wave.mode is Mode.IDENTIFIED:
            live = wave_figures(session, wave)
            for metric in metrics:
                figure = live.figure(metric) if live else None
                if figure is not None:
                    found[wave.id][metric] = figure
    return found


def _scales(session: Session, metrics: Sequence[str]) -> dict[str, Any]:
    rows = session.execute(
        select(Question.code, Wording.type)
        .join(Wording, Wording.question_id == Question.id)
        .where(Question.code.in_(metrics), Wording.audience == Audience.PARTNER)
    )
    scales = {"recommend.mean": GUESS}
    for code, type_ in rows:
        measure = measure_for(QuestionType(type_), code=code)
        if measure is not None and measure.scale is not None:
            scales[code] = measure.scale
    return scales


def _series(session: Session, version_ids: set[int]) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {version_id: {} for version_id in version_ids}
    rows = session.execute(
        select(VersionItem.version_id, Question.code, Wording.series)
        .join(Question, Question.id == VersionItem.question_id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id.in_(version_ids), VersionItem.audience == Audience.PARTNER)
    )
    for version_id, code, series in rows:
        found[version_id][code] = series
    return found
