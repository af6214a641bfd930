"""The comments of a wave as they may be read: masked, marked, in an order that tells nothing.

In the confidential modes a list exists only where the frozen wave says so; no time, no segment, no
author, and an order by a keyed hash. Filters by label and driver look at the text's own verdict,
which everybody who reads the list could reach alone. Corrections change this list, never the
published shares.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.models import CommentScore
from analysis.name_masking import Names, known_names, name_spans
from analysis.published_comments import UNSURE, corrections_of, drivers_of
from analysis.scoring import counted_verdicts
from analysis.shown_figures import WaveFigures
from analysis.suppression import comment_rank
from surveys.models import Comment, Contact, Invitation, Partner, Question, User, Wave
from surveys.search_keys import search_key
from surveys.terms import Mode

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


def shown_comments(session: Session, wave: Wave, *, name_removed: str) -> list[ShownComment]:
    """Every comment of a wave in its fixed order; call only where `may_read_comments`."""
    names = _names(session, wave)
    drivers = drivers_of(session, wave.id)
    corrections = corrections_of(session, wave.id)
    verdicts = counted_verdicts(wave.id)
    rows = session.execute(
        select(
            Comment.id,
            Comment.text,
            Question.code,
            Question.driver_code,
            CommentScore.label,
            CommentScore.is_unsure,
            CommentScore.quiet_exit,
            CommentScore.language,
            CommentScore.analyser,
            CommentScore.clauses,
        )
        .join(Question, Question.id == Comment.question_id)
        .join(verdicts, verdicts.c.comment_id == Comment.id)
        .join(
            CommentScore,
            (CommentScore.comment_id == Comment.id)
            & (CommentScore.analyser == verdicts.c.analyser),
        )
        .where(Comment.wave_id == wave.id)
    ).all()
    ordered = sorted(rows, key=lambda row: comment_rank(wave.secret, row.id))
    return [
        _shown(row, drivers.get(row.id, {}), corrections.get(row.id), names, name_removed)
        for row in ordered
    ]


def filtered(comments: Sequence[ShownComment], wanted: CommentFilter) -> list[ShownComment]:
    """The comments that fit every part of the filter."""
    words = search_key(wanted.words)
    return [
        comment
        for comment in comments
        if (not wanted.label or _label_of(comment) == wanted.label)
        and (not wanted.driver or wanted.driver in comment.drivers)
        and (not wanted.only_quiet_exit or comment.quiet_exit)
        and (not words or words in search_key(comment.text))
    ]


def label_counts(comments: Sequence[ShownComment]) -> Counter[str]:
    """How many comments carry each label; unsure ones stand apart."""
    return Counter(_label_of(comment) for comment in comments)


def _label_of(comment: ShownComment) -> str:
    return UNSURE if comment.is_unsure else comment.label


def _names(session: Session, wave: Wave) -> Names:
    """Everybody asked in this run, every partner asked, and the vendor's people who sign in.

    Nobody in an identified wave: there the vendor knows who wrote.
    """
    if wave.mode is Mode.IDENTIFIED:
        return known_names((), ())
    people = session.execute(
        select(Contact.first_name, Contact.last_name)
        .distinct()
        .where(Contact.id.in_(_asked_in_run(wave, Invitation.contact_id)))
    ).all()
    users = [parts for name in session.scalars(select(User.name)) if (parts := name.split())]
    companies = session.scalars(
        select(Partner.name).where(Partner.id.in_(_asked_in_run(wave, Invitation.partner_id)))
    )
    return known_names(
        [person.last_name for person in people] + [" ".join(parts[1:]) for parts in users],
        companies,
        first_names=[person.first_name for person in people] + [parts[0] for parts in users],
    )


def _asked_in_run(wave: Wave, column: Any) -> Any:
    """Contacts or partners that were asked by either wave of the run."""
    return (
        select(column)
        .join(Wave, Wave.id == Invitation.wave_id)
        .where(Wave.survey_id == wave.survey_id, Wave.number == wave.number)
    )


def _shown(
    row: Any,
    drivers: Mapping[str, str],
    correction: Any,
    names: Names,
    name_removed: str,
) -> ShownComment:
    label, is_unsure = row.label.value, row.is_unsure
    quiet_exit = row.quiet_exit
    if correction is not None:
        if correction.label:
            label, is_unsure = correction.label, False
        if correction.drivers is not None:
            drivers = {code: drivers.get(code, label) for code in correction.drivers}
        if correction.quiet_exit is not None:
            quiet_exit = correction.quiet_exit
    return ShownComment(
        pieces=pieces_of(row.text, row.clauses.get("evidence", ()), names, name_removed),
        label=label,
        drivers=sorted(drivers),
        polarities=drivers,
        quiet_exit=quiet_exit,
        is_unsure=is_unsure,
        is_corrected=correction is not None,
        language=row.language,
        question=row.code,
        question_driver=row.driver_code,
        analyser=row.analyser,
    )


def pieces_of(
    text: str, evidence: Sequence[Sequence[Any]], names: Names, name_removed: str
) -> list[Piece]:
    """Cut a comment at its evidence and its names; a name wins over what stands around it.

    `evidence`: (start, end, purpose, polarity) with offsets into the text as it was written.
    """
    kinds = [""] * len(text)
    for start, end, purpose, polarity in evidence:
        for at in range(max(0, start), min(end, len(text))):
            kinds[at] = "exit" if purpose == "quiet_exit" else polarity
    for start, end in name_spans(text, names):
        kinds[start:end] = [NAME] * (end - start)
    pieces: list[Piece] = []
    begin = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or kinds[at] != kinds[begin]:
            kind = kinds[begin]
            pieces.append(Piece(name_removed if kind == NAME else text[begin:at], kind))
            begin = at
    return pieces
