"""What an export holds: headings and rows of typed values, for one run.

Made from the same figures and the same comment list as the pages, so that file and page cannot
disagree. Rows of single responses exist in identified surveys only; elsewhere they are refused with
the reason. Columns come from the survey's version, never from the data. Source: product, "response
export".
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.comment_list import ShownComment, may_read_comments, shown_comments
from analysis.export_table import Cell, RowOfCells, Table
from analysis.figures import Figure
from analysis.gap import DriverPair, gap_row
from analysis.queries import Row, RunFigures, WaveFigures
from analysis.response_exports import answers_table, responses_table
from surveys.errors import NotConfidential, NotPublished
from surveys.models import (
    Driver,
    Question,
    VersionItem,
    Wave,
    Wording,
    WordingText,
)
from surveys.terms import Audience, Mode
from surveys.waves import Run

HIDDEN = "hidden"


class Kind(StrEnum):
    """What can be exported of a run."""

    SCORES = "scores"
    COMMENTS = "comments"
    RESPONSES = "responses"
    ANSWERS = "answers"
    CODEBOOK = "codebook"


IDENTIFIED_ONLY = frozenset({Kind.RESPONSES, Kind.ANSWERS})


def export_table(session: Session, kind: Kind, figures: RunFigures) -> Table:
    """The table of this kind for a run.

    Raises NotConfidential for single responses of a confidential survey, NotPublished while there
    are no results.
    """
    run = figures.run
    if kind in IDENTIFIED_ONLY and run.partner.mode is not Mode.IDENTIFIED:
        raise NotConfidential(kind.value)
    if kind is Kind.CODEBOOK:
        return codebook_table(session, run)
    if figures.partner is None:
        raise NotPublished
    if kind is Kind.SCORES:
        return scores_table(session, figures)
    if kind is Kind.COMMENTS:
        return comments_table(session, figures)
    if kind is Kind.RESPONSES:
        return responses_table(session, run)
    return answers_table(session, run)


def file_name(run: Run, kind: Kind, now: datetime, ending: str = "csv") -> str:
    """partner-pulse_<survey>_<wave>_<kind>_<UTC>.csv"""
    label = run.partner.label
    return (
        f"partner-pulse_{run.partner.survey.slug}_{label}_{kind.value}"
        f"_{now:%Y%m%dT%H%M%SZ}.{ending}"
    )


SCORE_HEADINGS = (
    "survey",
    "wave",
    "audience",
    "dimension",
    "segment",
    "question",
    "driver",
    "n",
    "score",
    "ci_low",
    "ci_high",
    "favourable_pct",
    "neutral_pct",
    "unfavourable_pct",
    "gap",
    "gap_low",
    "gap_high",
    "mark",
    "state",
)


def scores_table(session: Session, figures: RunFigures) -> Table:
    """Every figure of both audiences; gap columns stand on the partners' rows."""
    drivers = {
        row.code: row.driver_code
        for row in session.execute(select(Question.code, Question.driver_code))
    }
    positions = {
        row.code: row.position for row in session.execute(select(Driver.code, Driver.position))
    }
    rows = [
        _score_row(figures, wave, code, row, figure, drivers, positions)
        for wave in (figures.partner, figures.internal)
        if wave is not None
        for code in wave.series
        for row, figure in sorted(wave.rows_of(code).items())
    ]
    return Table(SCORE_HEADINGS, rows)


def _score_row(
    figures: RunFigures,
    wave: WaveFigures,
    code: str,
    row: Row,
    figure: Figure,
    drivers: Mapping[str, str | None],
    positions: Mapping[str, int],
) -> RowOfCells:
    run = figures.run
    interval = figure.estimate.interval() if figure.estimate else None
    return [
        run.partner.survey.slug,
        run.partner.label,
        wave.audience.value,
        row[0] or "total",
        row[1],
        code,
        drivers[code],
        figure.n if figure.is_shown else HIDDEN,
        _score(figure),
        round(interval.low) if interval else _absent(figure),
        round(interval.high) if interval else _absent(figure),
        *_class_shares(figure),
        *_gap_columns(figures, wave, code, row, drivers, positions),
        _state(figure),
    ]


def _score(figure: Figure) -> Cell:
    for value in (figure.value, figure.at_most, figure.at_least):
        if value is not None:
            return round(value, 1)
    return _absent(figure)


def _absent(figure: Figure) -> Cell:
    return None if figure.is_shown else HIDDEN


def _state(figure: Figure) -> str:
    if figure.at_most is not None:
        return "at_most"
    return "at_least" if figure.at_least is not None else figure.state.value


def _class_shares(figure: Figure) -> list[Cell]:
    """Favourable, neutral, unfavourable in percent, only where all three are exact."""
    counts = [each.count for each in figure.classes]
    if len(counts) != 3 or any(count is None for count in counts) or not figure.n:
        return [_absent(figure)] * 3
    shares: list[Cell] = [round(100 * (count or 0) / figure.n) for count in counts]
    return shares[::-1]


def _gap_columns(
    figures: RunFigures,
    wave: WaveFigures,
    code: str,
    row: Row,
    drivers: Mapping[str, str | None],
    positions: Mapping[str, int],
) -> list[Cell]:
    driver = drivers[code]
    if wave.audience is not Audience.PARTNER or driver is None or figures.internal is None:
        return [None] * 4
    ours, theirs = wave.figure(code, row), figures.internal.figure(code)
    pair = DriverPair(
        code,
        positions[driver],
        ours.estimate if ours else None,
        theirs.estimate if theirs else None,
    )
    k = max(1, sum(drivers[each] is not None for each in wave.series))
    line = gap_row(pair, k=k)
    if line.gap is None or line.interval is None:
        return [HIDDEN, HIDDEN, HIDDEN, line.mark.value]
    interval = line.interval
    return [round(line.gap.value), interval.low, interval.high, line.mark.value]


COMMENT_HEADINGS = (
    "survey",
    "wave",
    "audience",
    "question",
    "segment",
    "text",
    "sentiment",
    "drivers",
    "quiet_exit",
    "unsure",
    "language",
    "analyser",
)


def comments_table(session: Session, figures: RunFigures) -> Table:
    """The comments that may be read, in their fixed order; names left out."""
    rows: list[RowOfCells] = []
    for wave, shown in zip(figures.run.waves, (figures.partner, figures.internal), strict=False):
        if not may_read_comments(wave, shown):
            continue
        comments = shown_comments(session, wave, name_removed="[Name removed]")
        rows += [_comment_row(figures.run, wave, comment) for comment in comments]
    return Table(COMMENT_HEADINGS, rows)


def _comment_row(run: Run, wave: Wave, comment: ShownComment) -> RowOfCells:
    return [
        run.partner.survey.slug,
        run.partner.label,
        wave.audience.value,
        comment.question,
        None,
        comment.text,
        comment.label,
        " ".join(comment.drivers),
        int(comment.quiet_exit),
        int(comment.is_unsure),
        comment.language,
        comment.analyser,
    ]


def codebook_table(session: Session, run: Run) -> Table:
    """Every question of the run's version: type, scale, stored values, wording per language."""
    items = session.execute(
        select(
            VersionItem.audience,
            VersionItem.position,
            Question.code,
            Question.driver_code,
            Wording.type,
            Wording.series,
            Wording.options,
            WordingText.locale,
            WordingText.text,
            WordingText.labels,
        )
        .join(Question, Question.id == VersionItem.question_id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .join(WordingText, WordingText.wording_id == Wording.id)
        .where(VersionItem.version_id == run.partner.version_id)
        .order_by(VersionItem.audience.desc(), VersionItem.position, WordingText.locale)
    )
    rows = [
        [
            row.audience.value,
            row.position,
            row.code,
            row.driver_code,
            row.type.value,
            row.series,
            row.locale,
            row.text,
            "; ".join(f"{value} = {label}" for value, label in (row.labels or {}).items()),
        ]
        for row in items
    ]
    headings = (
        "audience",
        "position",
        "question",
        "driver",
        "type",
        "series",
        "language",
        "text",
        "values",
    )
    return Table(headings, rows)
