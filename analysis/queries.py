"""Every statistics SELECT of the pages: published cells, or working cells of identified surveys.

Returns frozen values; nothing here computes a figure that a page would not show. Building cells and
freezing them have their own reads (answer_stream.py, frames.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from analysis.figures import GUESS, Figure, Measure, figure_from_json, live_figure, measure_for
from analysis.models import PublishedCell, ScoreCell
from analysis.published_comments import COMMENTS, DRIVER_PREFIX, UNSURE, read_comments_of
from analysis.row_cells import RowCells, covariance_with_before, stored_cells, wave_before
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import (
    TOTAL,
    CommentCounts,
    DriverInfo,
    Row,
    RunFigures,
    WaveFigures,
    WaveTotals,
)
from surveys.models import Driver, Question, Survey, VersionItem, Wave, Wording, WordingText
from surveys.terms import Audience, Mode, WaveState
from surveys.waves import Run, all_runs

MAX_TREND = 8
SHOWN_STATES = frozenset({WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED})


def drivers(session: Session, locale: str) -> list[DriverInfo]:
    """The drivers in their order, named in this language."""
    rows = session.execute(
        select(Driver.code, Driver.position, Driver.names).order_by(Driver.position)
    )
    return [DriverInfo(row.code, row.position, row.names[locale]) for row in rows]


def runs_with_results(session: Session, survey_id: int | None = None) -> list[Run]:
    """Runs that were opened, newest first: published, identified, or still collecting."""
    surveys = {survey.id: survey for survey in session.scalars(select(Survey))}
    runs = [run for run in all_runs(session, survey_id) if run.partner.state in SHOWN_STATES]
    for run in runs:
        # Read with one statement what every run would fetch for itself.
        set_committed_value(run.partner, "survey", surveys[run.partner.survey_id])
    return sorted(runs, key=lambda run: (run.partner.opens_at, run.id), reverse=True)


def run_figures(session: Session, run: Run, *, rows: Iterable[Row] | None = None) -> RunFigures:
    """Everything that may be shown of a run; or its totals and these rows of partners only."""
    asked = _asked(session, {wave.version_id for wave in run.waves})
    cells = _published_cells(session, run.waves, rows=rows)
    partner, internal = (
        _wave_figures(session, wave, asked, cells) if wave else None
        for wave in (run.partner, run.internal)
    )
    return RunFigures(run, partner, internal)


def wave_figures(session: Session, wave: Wave) -> WaveFigures | None:
    """What may be shown of a wave: frozen figures, or live ones of an identified survey."""
    asked = _asked(session, {wave.version_id})
    return _wave_figures(session, wave, asked, _published_cells(session, [wave]))


def driver_statements(session: Session, run: Run, code: str, *, locale: str) -> dict[Audience, str]:
    """How each audience of a run was asked one question; the opening that it completes included."""
    rows = session.execute(
        select(VersionItem.audience, WordingText.heading, WordingText.text)
        .join(Question, Question.id == VersionItem.question_id)
        .join(WordingText, WordingText.wording_id == VersionItem.wording_id)
        .where(
            VersionItem.version_id == run.partner.version_id,
            Question.code == code,
            WordingText.locale == locale,
        )
    )
    return {
        row.audience: f"{row.heading} {row.text}"
        if row.heading and row.heading.endswith("…")
        else row.text
        for row in rows
    }


def history_of(runs: Iterable[Run], run: Run) -> list[Run]:
    """This run and the closed ones of its survey before it, at most eight, the oldest first.

    A pool is one point: its last run.
    """
    return [*reversed(earlier_runs(runs, run)), run][-MAX_TREND:]


def earlier_runs(runs: Iterable[Run], run: Run) -> list[Run]:
    """The closed runs of the same survey before this one, the newest first; of pools the last."""
    earlier = [
        each
        for each in runs
        if each.partner.survey_id == run.partner.survey_id
        and each.partner.number < run.partner.first_number
        and each.partner.state is WaveState.CLOSED
        and (not each.partner.is_pooled or each.partner.published_at is not None)
    ]
    return sorted(earlier, key=lambda each: each.partner.number, reverse=True)


def is_linked(runs: Iterable[Run], run: Run, before: Run) -> bool:
    """Whether the covariance of a run's figures is with this earlier run.

    Cells link a wave (or a pool) with the newest one before it of the same mode, and with no other.
    """
    linked = [
        each
        for each in runs
        if each.partner.survey_id == run.partner.survey_id
        and each.partner.mode is run.partner.mode
        and each.partner.number < run.partner.first_number
        and each.partner.cells_built_at is not None
    ]
    newest = max(linked, key=lambda each: each.partner.number, default=None)
    return newest is not None and newest.id == before.id


def trend_figures(
    session: Session, runs: Sequence[Run], *, metrics: Iterable[str], row: Row = TOTAL
) -> list[WaveTotals]:
    """These metrics in each of these runs: one row of partners, and the staff as a whole.

    'Other' is the same row in two waves only if it has the same members.
    """
    wanted = frozenset(metrics)
    asked = _asked(session, {wave.version_id for run in runs for wave in run.waves})
    partners = _row_figures(session, [run.partner for run in runs], asked, wanted, row)
    internal = [run.internal for run in runs if run.internal is not None]
    staff = _row_figures(session, internal, asked, wanted, TOTAL)
    return [
        WaveTotals(
            run=run,
            partners=partners.get(run.partner.id, {}),
            staff=staff.get(run.internal.id, {}) if run.internal else {},
            series={each.code: each.series for each in asked[_version(run.partner)]},
        )
        for run in runs
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that has figures, as one audience was asked."""

    question_id: int
    code: str
    measure: Measure
    series: int


_Version = tuple[int, Audience]
_AskedByVersion = Mapping[_Version, Sequence[_Asked]]


def _version(wave: Wave) -> _Version:
    return wave.version_id, wave.audience


def _asked(session: Session, version_ids: Iterable[int]) -> _AskedByVersion:
    rows = session.execute(
        select(
            VersionItem.version_id,
            VersionItem.audience,
            Question.id,
            Question.code,
            Wording.type,
            Wording.series,
        )
        .join(Question, Question.id == VersionItem.question_id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id.in_(version_ids))
        .order_by(VersionItem.position)
    )
    found: dict[_Version, list[_Asked]] = defaultdict(list)
    for row in rows:
        measure = measure_for(row.type, code=row.code)
        if measure is not None:
            question = _Asked(row.id, row.code, measure, row.series)
            found[row.version_id, row.audience].append(question)
    return found


_CELL_COLUMNS = (
    PublishedCell.wave_id,
    PublishedCell.metric,
    PublishedCell.dimension,
    PublishedCell.segment,
    PublishedCell.state,
    PublishedCell.reason,
    PublishedCell.n,
    PublishedCell.n_companies,
    PublishedCell.value,
    PublishedCell.figures,
)


def _published_cells(
    session: Session, waves: Sequence[Wave], *, rows: Iterable[Row] | None = None
) -> Mapping[int, Sequence[Any]]:
    frozen = [wave.id for wave in waves if wave.published_at is not None]
    query = select(*_CELL_COLUMNS).where(PublishedCell.wave_id.in_(frozen))
    if rows is not None:
        query = query.where(or_(*(_is_row(row) for row in {TOTAL, *rows})))
    found: dict[int, list[Any]] = defaultdict(list)
    for cell in session.execute(query) if frozen else ():
        found[cell.wave_id].append(cell)
    return found


def _is_row(row: Row) -> ColumnElement[bool]:
    return and_(PublishedCell.dimension == row[0], PublishedCell.segment == row[1])


def _wave_figures(
    session: Session, wave: Wave, asked: _AskedByVersion, cells: Mapping[int, Sequence[Any]]
) -> WaveFigures | None:
    questions = asked.get(_version(wave), ())
    if wave.mode is Mode.IDENTIFIED:
        return _live(session, wave, questions)
    if wave.published_at is None:
        return None
    return _published(wave, questions, cells.get(wave.id, ()))


def _published(wave: Wave, asked: Sequence[_Asked], cells: Sequence[Any]) -> WaveFigures:
    scales = _scales(asked)
    figures: dict[str, dict[Row, Figure]] = defaultdict(dict)
    comments: dict[str, CommentCounts | None] = {}
    for cell in cells:
        if cell.metric == COMMENTS or cell.metric.startswith(DRIVER_PREFIX):
            comments[cell.metric] = _counts(cell)
        else:
            figures[cell.metric][cell.dimension, cell.segment] = _figure(cell, scales)
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


def _scales(asked: Iterable[_Asked]) -> dict[str, Any]:
    return {each.code: each.measure.scale for each in asked} | {"recommend.mean": GUESS}


def _figure(cell: Any, scales: Mapping[str, Any]) -> Figure:
    return figure_from_json(
        cell.figures,
        state=cell.state,
        reason=cell.reason,
        n=cell.n,
        n_companies=cell.n_companies,
        value=cell.value,
        scale=scales.get(cell.metric),
    )


def _counts(cell: Any) -> CommentCounts | None:
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
        covariance = covariance_with_before(each.measure, stored_before.get(place), cell)
        figure = replace(_live_figure(each.measure, cell), covariance=covariance)
        figures[each.code][place[0], place[1]] = figure
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


def _row_figures(
    session: Session,
    waves: Sequence[Wave],
    asked: _AskedByVersion,
    metrics: frozenset[str],
    row: Row,
) -> dict[int, dict[str, Figure]]:
    """One row's figures of several waves: frozen ones, and live ones of identified waves."""
    found: dict[int, dict[str, Figure]] = defaultdict(dict)
    by_id = {wave.id: wave for wave in waves}
    frozen = [wave.id for wave in waves if wave.published_at is not None]
    cells = session.execute(
        select(*_CELL_COLUMNS).where(
            PublishedCell.wave_id.in_(frozen), PublishedCell.metric.in_(metrics), _is_row(row)
        )
    )
    for cell in cells if frozen else ():
        scales = _scales(asked.get(_version(by_id[cell.wave_id]), ()))
        found[cell.wave_id][cell.metric] = _figure(cell, scales)
    for wave_id, code, figure in _live_row(session, waves, asked, metrics, row):
        found[wave_id][code] = figure
    return found


def _live_row(
    session: Session,
    waves: Sequence[Wave],
    asked: _AskedByVersion,
    metrics: frozenset[str],
    row: Row,
) -> Iterator[tuple[int, str, Figure]]:
    live = {wave.id: wave for wave in waves if wave.mode is Mode.IDENTIFIED}
    questions = {
        wave_id: {q.question_id: q for q in asked.get(_version(wave), ()) if q.code in metrics}
        for wave_id, wave in live.items()
    }
    ids = {question_id for by_id in questions.values() for question_id in by_id}
    if not ids:
        return
    cells = session.scalars(
        select(ScoreCell).where(
            ScoreCell.wave_id.in_(live),
            ScoreCell.question_id.in_(ids),
            ScoreCell.dimension == row[0],
            ScoreCell.segment == row[1],
        )
    )
    for cell in cells:
        question = questions[cell.wave_id].get(cell.question_id)
        if question is not None:
            yield cell.wave_id, question.code, _live_figure(question.measure, cell)


def _live_figure(measure: Measure, cell: ScoreCell) -> Figure:
    cells = RowCells(measure, [cell])
    return live_figure(measure, cells.raw, cells.sizes, cells.pairs)
