"""What an export holds: headings and rows of typed values, for one run.

Made from the same figures and the same comment list as the pages, so that file and page cannot
disagree. Rows of single responses exist in identified surveys only; elsewhere they are refused with
the reason. Columns come from the survey's version, never from the data. Source: product, "response
export".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.codebook import codebook_table
from analysis.comment_list import ShownComment, may_read_comments, shown_comments
from analysis.dashboard import compared_drivers, driver_pair, gap_family
from analysis.export_table import Cell, RowOfCells, Table
from analysis.figures import Figure
from analysis.gap import gap_row
from analysis.queries import drivers
from analysis.response_exports import answers_table, responses_table
from analysis.segment_keys import is_other, members_of
from analysis.shown_figures import DriverInfo, Row, RunFigures, WaveFigures
from analysis.variables import HIDDEN, fixed_variables
from surveys.errors import NotConfidential, NotPublished
from surveys.i18n import DEFAULT_LOCALE
from surveys.models import Question, Wave
from surveys.terms import Audience, Mode
from surveys.waves import Run


class Kind(StrEnum):
    """What can be exported of a run."""

    SCORES = "scores"
    COMMENTS = "comments"
    RESPONSES = "responses"
    ANSWERS = "answers"
    CODEBOOK = "codebook"


IDENTIFIED_ONLY = frozenset({Kind.RESPONSES, Kind.ANSWERS})


def require_exportable(kind: Kind, figures: RunFigures) -> None:
    """Raise NotConfidential for single responses of a confidential survey, NotPublished while
    there are no results."""
    if kind in IDENTIFIED_ONLY and figures.run.partner.mode is not Mode.IDENTIFIED:
        raise NotConfidential(kind.value)
    if kind is not Kind.CODEBOOK and figures.partner is None:
        raise NotPublished(
            f"wave {figures.run.id} has no results yet: they appear once {_end_of(figures.run)}"
            " and its answers and comments are worked through"
        )


def _end_of(run: Run) -> str:
    wave = run.partner
    if wave.pool_position == wave.pool_size:
        return "it has closed"
    return f"the last wave of its pool has closed (it is {wave.pool_position} of {wave.pool_size})"


def export_table(
    session: Session,
    kind: Kind,
    figures: RunFigures,
    *,
    with_addresses: bool = True,
    locale: str = DEFAULT_LOCALE,
) -> Table:
    """The table of this kind for a run; its rows may be read while they are written.

    Without addresses the column of mail addresses says 'hidden'. Where questions are explained,
    they are in the language of the locale. Raises as `require_exportable`.
    """
    require_exportable(kind, figures)
    if kind is Kind.RESPONSES:
        return responses_table(session, figures.run, with_addresses=with_addresses, locale=locale)
    table = _fixed_table(session, kind, figures)
    return replace(table, variables=fixed_variables(table.headings))


def _fixed_table(session: Session, kind: Kind, figures: RunFigures) -> Table:
    """A table whose columns are the same for every survey."""
    run = figures.run
    if kind is Kind.CODEBOOK:
        return codebook_table(session, run)
    if kind is Kind.SCORES:
        return scores_table(session, figures)
    if kind is Kind.COMMENTS:
        return comments_table(session, figures)
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
    """Every figure of both audiences; gap columns stand on the partners' rows of drivers.

    k of a gap is that of the pages, so that a row here reads as the page filtered to its segment.
    """
    names = drivers(session, DEFAULT_LOCALE)
    driver_of = {
        row.code: row.driver_code
        for row in session.execute(select(Question.code, Question.driver_code))
    }
    gaps = _Gaps(figures, names)
    rows = [
        [
            *_place(figures, wave, row),
            code,
            driver_of[code],
            *_figure_cells(figure),
            *gaps.cells(wave, code, row),
            _state(figure),
        ]
        for wave in (figures.partner, figures.internal)
        if wave is not None
        for code in wave.series
        for row, figure in sorted(wave.rows_of(code).items())
    ]
    return Table(SCORE_HEADINGS, rows)


def _place(figures: RunFigures, wave: WaveFigures, row: Row) -> list[Cell]:
    """Survey, wave, audience, dimension and segment; merged values by what they hold."""
    dimension, segment = row
    if is_other(segment):
        segment = f"Other ({', '.join(members_of(segment))})"
    partner = figures.run.partner
    return [
        partner.survey.slug,
        partner.label,
        wave.audience.value,
        dimension or "total",
        segment,
    ]


def _figure_cells(figure: Figure) -> list[Cell]:
    interval = figure.estimate.interval() if figure.estimate else None
    return [
        figure.n if figure.is_shown else HIDDEN,
        _score(figure),
        round(interval.low) if interval else _absent(figure),
        round(interval.high) if interval else _absent(figure),
        *_class_shares(figure),
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


class _Gaps:
    """Gap columns: of partners' rows of the drivers that both audiences were asked."""

    def __init__(self, figures: RunFigures, names: Sequence[DriverInfo]) -> None:
        self._figures = figures
        self._k = gap_family(figures, names)
        both = compared_drivers(figures, names) if figures.internal else []
        self._compared = {driver.code: driver for driver in both}

    def cells(self, wave: WaveFigures, code: str, row: Row) -> list[Cell]:
        driver = self._compared.get(code)
        if wave.audience is not Audience.PARTNER or driver is None:
            return [None] * 4
        line = gap_row(driver_pair(self._figures, driver, row), k=self._k)
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
    """The comments that may be read, in their fixed order; names left out.

    A list that exists and may not be read is one row that says 'hidden'.
    """
    rows: list[RowOfCells] = []
    for wave, shown in zip(figures.run.waves, (figures.partner, figures.internal), strict=False):
        if may_read_comments(wave, shown):
            comments = shown_comments(session, wave, name_removed="[Name removed]")
            rows += [_comment_row(figures.run, wave, comment) for comment in comments]
        elif shown is not None and shown.comments_hidden:
            rows.append(_hidden_comments(figures.run, wave))
    return Table(COMMENT_HEADINGS, rows)


def _hidden_comments(run: Run, wave: Wave) -> RowOfCells:
    known = [run.partner.survey.slug, run.partner.label, wave.audience.value]
    return [*known, *[HIDDEN] * (len(COMMENT_HEADINGS) - len(known))]


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
