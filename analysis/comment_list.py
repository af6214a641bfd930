"""The comments of a wave as they may be read: masked, marked, in an order that tells nothing.

In the confidential modes a list exists only where the frozen wave says so; no time, no segment, no
author, and an order by a keyed hash. Filters by label and driver look at the text's own verdict,
which everybody who reads the list could reach alone. Corrections change this list, never the
published shares.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from analysis.models import CommentScore, CommentVerdict, VerdictDriver
from analysis.published_comments import UNSURE
from analysis.shown_figures import WaveFigures
from surveys.models import Comment, Question, Wave
from surveys.pools import of_pool
from surveys.search_keys import search_key
from surveys.terms import Mode, Sentiment

PAGE_SIZE = 25
NAME = "name"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a comment: plain (`kind` empty), evidence of a polarity, exit words, a name."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class ShownComment:
    """One comment as it may be read."""

    pieces: Sequence[Piece]
    label: str
    drivers: Sequence[str]
    polarities: Mapping[str, str]
    quiet_exit: bool
    is_unsure: bool
    is_corrected: bool
    language: str
    question: str
    question_driver: str | None
    analyser: str

    @property
    def text(self) -> str:
        """The whole text, names left out; '[Name removed]' is put in by whoever shows it."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def listed_label(self) -> str:
        """The label under which the comment is listed: unsure ones stand apart."""
        return UNSURE if self.is_unsure else self.label


@dataclass(frozen=True, slots=True)
class CommentPage:
    """One page of a list: its comments, how many fit the filter, how many there are.

    `counts` are the labels of what fits the filter but for its label; unsure ones stand apart.
    """

    comments: Sequence[ShownComment]
    number: int
    n_pages: int
    n_found: int
    n_all: int
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class CommentFilter:
    """What of the list is asked for; empty means everything."""

    label: str = ""
    driver: str = ""
    words: str = ""
    only_quiet_exit: bool = False

    @property
    def is_set(self) -> bool:
        """Whether anything is left out."""
        return bool(self.label or self.driver or self.words or self.only_quiet_exit)


def may_read_comments(wave: Wave, figures: WaveFigures | None) -> bool:
    """Whether the wave's comments may be read at all."""
    if figures is None:
        return False
    return wave.mode is Mode.IDENTIFIED or figures.comments is not None


def comment_page(
    session: Session,
    wave: Wave,
    wanted: CommentFilter,
    *,
    number: int,
    name_removed: str,
) -> CommentPage:
    """A page of the list, `number` from 1; one behind the last is the last.

    Call only where `may_read_comments`.
    """
    n_all = _label_counts(session, wave, CommentFilter()).total()
    if wanted.words:
        return _searched_page(session, wave, wanted, number, name_removed, n_all)
    counts = _label_counts(session, wave, replace(wanted, label=""))
    n_found = counts[wanted.label] if wanted.label else counts.total()
    number, n_pages = _page_number(number, n_found)
    comments = shown_comments(
        session,
        wave,
        wanted,
        name_removed=name_removed,
        offset=(number - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    return CommentPage(comments, number, n_pages, n_found, n_all, counts)


def shown_comments(
    session: Session,
    wave: Wave,
    wanted: CommentFilter | None = None,
    *,
    name_removed: str,
    offset: int = 0,
    limit: int | None = None,
) -> list[ShownComment]:
    """Comments of a wave in their fixed order; call only where `may_read_comments`."""
    wanted = wanted or CommentFilter()
    rows = session.execute(
        select(
            CommentVerdict,
            Comment.text,
            Question.code,
            Question.driver_code,
            CommentScore.language,
            CommentScore.clauses,
        )
        .join(Comment, Comment.id == CommentVerdict.comment_id)
        .join(Question, Question.id == Comment.question_id)
        .join(
            CommentScore,
            (CommentScore.comment_id == CommentVerdict.comment_id)
            & (CommentScore.analyser == CommentVerdict.analyser),
        )
        .where(*_conditions(wave, wanted))
        .order_by(CommentVerdict.place, CommentVerdict.comment_id)
        .offset(offset)
        .limit(limit)
    ).all()
    drivers = _drivers(session, wave, [row.CommentVerdict.comment_id for row in rows])
    shown = [_shown(row, drivers[row.CommentVerdict.comment_id], name_removed) for row in rows]
    words = search_key(wanted.words)
    return [comment for comment in shown if not words or words in search_key(comment.text)]


def _searched_page(
    session: Session,
    wave: Wave,
    wanted: CommentFilter,
    number: int,
    name_removed: str,
    n_all: int,
) -> CommentPage:
    """Words are looked for in what may be read, so that a search cannot confirm a name."""
    fitting = shown_comments(session, wave, replace(wanted, label=""), name_removed=name_removed)
    found = [each for each in fitting if not wanted.label or each.listed_label == wanted.label]
    number, n_pages = _page_number(number, len(found))
    return CommentPage(
        found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        number,
        n_pages,
        len(found),
        n_all,
        Counter(each.listed_label for each in fitting),
    )


def _page_number(wanted: int, n_found: int) -> tuple[int, int]:
    """The page that exists, and how many there are."""
    n_pages = max(1, ceil(n_found / PAGE_SIZE))
    return min(max(1, wanted), n_pages), n_pages


def _label_counts(session: Session, wave: Wave, wanted: CommentFilter) -> Counter[str]:
    rows = session.execute(
        select(CommentVerdict.label, CommentVerdict.is_unsure, func.count().label("n"))
        .where(*_conditions(wave, wanted))
        .group_by(CommentVerdict.label, CommentVerdict.is_unsure)
    )
    counts: Counter[str] = Counter()
    for row in rows:
        counts[UNSURE if row.is_unsure else row.label.value] += row.n
    return counts


def _conditions(wave: Wave, wanted: CommentFilter) -> list[ColumnElement[bool]]:
    """What a verdict must be to stand in the list; the words are looked for elsewhere."""
    conditions: list[ColumnElement[bool]] = [of_pool(CommentVerdict.wave_id, wave)]
    if wave.mode is not Mode.IDENTIFIED:
        # Without this mark nobody has looked for names in the text.
        conditions.append(CommentVerdict.names.is_not(None))
    if wanted.label == UNSURE:
        conditions.append(CommentVerdict.is_unsure.is_(True))
    elif wanted.label:
        conditions += [
            CommentVerdict.is_unsure.is_(False),
            CommentVerdict.label == Sentiment(wanted.label),
        ]
    if wanted.only_quiet_exit:
        conditions.append(CommentVerdict.quiet_exit.is_(True))
    if wanted.driver:
        conditions.append(
            exists().where(
                VerdictDriver.comment_id == CommentVerdict.comment_id,
                VerdictDriver.driver_code == wanted.driver,
            )
        )
    return conditions


def _drivers(
    session: Session, wave: Wave, comment_ids: Sequence[bytes]
) -> Mapping[bytes, Mapping[str, str]]:
    """Drivers with their polarity: of the few comments of a page, else of the whole wave."""
    query = select(VerdictDriver).where(of_pool(VerdictDriver.wave_id, wave))
    if len(comment_ids) <= PAGE_SIZE:
        query = query.where(VerdictDriver.comment_id.in_(comment_ids))
    found: dict[bytes, dict[str, str]] = defaultdict(dict)
    for row in session.scalars(query.order_by(VerdictDriver.driver_code)):
        found[row.comment_id][row.driver_code] = row.polarity
    return found


def _shown(row: Any, drivers: Mapping[str, str], name_removed: str) -> ShownComment:
    verdict = row.CommentVerdict
    return ShownComment(
        pieces=pieces_of(
            row.text, row.clauses.get("evidence", ()), verdict.names or (), name_removed
        ),
        label=verdict.label.value,
        drivers=sorted(drivers),
        polarities=drivers,
        quiet_exit=verdict.quiet_exit,
        is_unsure=verdict.is_unsure,
        is_corrected=verdict.is_corrected,
        language=row.language,
        question=row.code,
        question_driver=row.driver_code,
        analyser=verdict.analyser,
    )


def pieces_of(
    text: str,
    evidence: Sequence[Sequence[Any]],
    names: Sequence[Sequence[int]],
    name_removed: str,
) -> list[Piece]:
    """Cut a comment at its evidence and its names; a name wins over what stands around it.

    `evidence`: (start, end, purpose, polarity), `names`: (start, end), with offsets into the text
    as it was written.
    """
    kinds = [""] * len(text)
    for start, end, purpose, polarity in evidence:
        for at in range(max(0, start), min(end, len(text))):
            kinds[at] = "exit" if purpose == "quiet_exit" else polarity
    for start, end in names:
        kinds[start:end] = [NAME] * (end - start)
    pieces: list[Piece] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or kinds[at] != kinds[begin]:
            kind = kinds[begin]
            pieces.append(Piece(name_removed if kind == NAME else text[begin:at], kind))
            begin = at
    return pieces
