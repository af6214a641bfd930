"""The comments of a wave as they may be read: masked, marked, in an order that tells nothing.

In the confidential modes a list exists only where the frozen wave says so; no time, no segment, no
author, and an order by a keyed hash. What a filter may look at is said in comment_filters.py.
Corrections change this list, never the published shares.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from analysis.comment_filters import CommentFilter, conditions, listed
from analysis.comment_pieces import Piece, Reasons, pieces_of, reasons_of
from analysis.models import CommentScore, CommentVerdict, VerdictDriver
from analysis.published_comments import UNSURE
from analysis.shown_figures import WaveFigures
from surveys.models import Alert, Comment, Question, Wave
from surveys.pools import of_pool
from surveys.search_keys import search_key
from surveys.terms import FollowUpState, Mode

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class ShownComment:
    """One comment as it may be read; `automatic` is how the analyser alone would list it."""

    id: bytes
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
    automatic: str
    follow_up: FollowUpState | None

    @property
    def key(self) -> str:
        """The comment as it stands in an address."""
        return self.id.hex()

    @property
    def reasons(self) -> Reasons:
        """The words that led to the verdict."""
        return reasons_of(self.pieces)

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

    `counts` are the labels and `follow_ups` the marks of what fits the filter but for its tab;
    unsure ones stand apart. `languages` are those of the whole list.
    """

    comments: Sequence[ShownComment]
    number: int
    n_pages: int
    n_found: int
    n_all: int
    counts: Counter[str]
    follow_ups: Counter[FollowUpState]
    languages: Counter[str]


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
    languages = _languages(session, wave)
    if wanted.words:
        return _searched_page(session, wave, wanted, number, name_removed, languages)
    n_found = _label_counts(session, wave, wanted).total()
    number, n_pages = _page_number(number, n_found)
    comments = shown_comments(
        session,
        wave,
        wanted,
        name_removed=name_removed,
        offset=(number - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    return CommentPage(
        comments,
        number,
        n_pages,
        n_found,
        languages.total(),
        _label_counts(session, wave, wanted.without_tabs),
        _follow_up_counts(session, wave, wanted.without_tabs),
        languages,
    )


def is_listed(session: Session, wave: Wave, comment_id: bytes) -> bool:
    """Whether a comment stands in the list of this wave; call only where `may_read_comments`."""
    found = select(CommentVerdict.comment_id).where(
        CommentVerdict.comment_id == comment_id, *listed(wave)
    )
    return session.scalar(found) is not None


def fits(session: Session, wave: Wave, comment_id: bytes, wanted: CommentFilter) -> bool:
    """Whether a comment is among those that a filter leaves, whatever words are looked for."""
    found = select(CommentVerdict.comment_id).where(
        CommentVerdict.comment_id == comment_id, *conditions(session, wave, wanted)
    )
    return session.scalar(found) is not None


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
            CommentScore.label.label("scored"),
            CommentScore.is_unsure,
            Alert.state.label("follow_up"),
        )
        .join(Comment, Comment.id == CommentVerdict.comment_id)
        .join(Question, Question.id == Comment.question_id)
        .join(
            CommentScore,
            (CommentScore.comment_id == CommentVerdict.comment_id)
            & (CommentScore.analyser == CommentVerdict.analyser),
        )
        .outerjoin(Alert, (Alert.comment_id == CommentVerdict.comment_id) & Alert.rule_id.is_(None))
        .where(*conditions(session, wave, wanted))
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
    languages: Counter[str],
) -> CommentPage:
    """Words are looked for in what may be read, so that a search cannot confirm a name."""
    fitting = shown_comments(session, wave, wanted.without_tabs, name_removed=name_removed)
    found = [each for each in fitting if _fits_tabs(each, wanted)]
    number, n_pages = _page_number(number, len(found))
    return CommentPage(
        found[(number - 1) * PAGE_SIZE : number * PAGE_SIZE],
        number,
        n_pages,
        len(found),
        languages.total(),
        Counter(each.listed_label for each in fitting),
        Counter(each.follow_up for each in fitting if each.follow_up),
        languages,
    )


def _fits_tabs(comment: ShownComment, wanted: CommentFilter) -> bool:
    if wanted.label and comment.listed_label != wanted.label:
        return False
    return wanted.follow_up is None or comment.follow_up is wanted.follow_up


def _page_number(wanted: int, n_found: int) -> tuple[int, int]:
    """The page that exists, and how many there are."""
    n_pages = max(1, ceil(n_found / PAGE_SIZE))
    return min(max(1, wanted), n_pages), n_pages


def _label_counts(session: Session, wave: Wave, wanted: CommentFilter) -> Counter[str]:
    rows = session.execute(
        select(CommentVerdict.label, CommentVerdict.is_unsure, func.count().label("n"))
        .where(*conditions(session, wave, wanted))
        .group_by(CommentVerdict.label, CommentVerdict.is_unsure)
    )
    counts: Counter[str] = Counter()
    for row in rows:
        counts[UNSURE if row.is_unsure else row.label.value] += row.n
    return counts


def _follow_up_counts(
    session: Session, wave: Wave, wanted: CommentFilter
) -> Counter[FollowUpState]:
    rows = session.execute(
        select(Alert.state, func.count().label("n"))
        .join(CommentVerdict, CommentVerdict.comment_id == Alert.comment_id)
        .where(Alert.rule_id.is_(None), *conditions(session, wave, wanted))
        .group_by(Alert.state)
    )
    return Counter({FollowUpState(row.state): row.n for row in rows})


def _languages(session: Session, wave: Wave) -> Counter[str]:
    """How many comments of the whole list are in each language."""
    rows = session.execute(
        select(CommentScore.language, func.count().label("n"))
        .join(
            CommentVerdict,
            (CommentVerdict.comment_id == CommentScore.comment_id)
            & (CommentVerdict.analyser == CommentScore.analyser),
        )
        .where(*listed(wave))
        .group_by(CommentScore.language)
    )
    return Counter({row.language: row.n for row in rows})


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
        id=verdict.comment_id,
        pieces=pieces_of(
            row.text,
            row.clauses.get("evidence", ()),
            verdict.names or (),
            name_removed,
            drivers=row.clauses.get("drivers", ()),
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
        automatic=UNSURE if row.is_unsure else row.scored.value,
        follow_up=FollowUpState(row.follow_up) if row.follow_up else None,
    )
