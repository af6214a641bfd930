"""The verdict that counts of every comment: a person's correction, else an analyser's.

Kept in rows of its own, so that a list, a count or a share reads nothing else. Whoever stores a
score or a correction calls `count_verdicts` for its comments in the same transaction.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.models import CommentDriver, CommentScore, CommentVerdict, VerdictDriver
from analysis.suppression import comment_rank
from surveys.models import Comment, CommentCorrection, Wave
from surveys.terms import Sentiment as Label

PLACE_BYTES = 8
_Drivers = Mapping[str, str]


def count_verdicts(session: Session, comment_ids: Sequence[bytes]) -> None:
    """Work out anew which verdict counts for these comments; one without a score gets none.

    The present analyser's score counts, else the last by name (the version leads it): after a new
    version a comment must not vanish from lists until the worker has read it again.
    """
    scores = _scores(session, comment_ids)
    drivers = _drivers(session, scores)
    corrections = _corrections(session, comment_ids)
    names = _names(session, comment_ids)
    verdicts, touched = [], []
    for row in _comments(session, scores):
        correction = corrections.get(row.id)
        score = scores[row.id]
        verdicts.append(_verdict(row, score, correction) | {"names": names.get(row.id)})
        touched += _driver_rows(row, score, drivers.get(row.id, {}), correction)
    session.execute(delete(CommentVerdict).where(CommentVerdict.comment_id.in_(comment_ids)))
    if verdicts:
        session.execute(insert(CommentVerdict), verdicts)
    if touched:
        session.execute(insert(VerdictDriver), touched)


def place_in_list(wave_secret: bytes, comment_id: bytes) -> int:
    """Where a comment stands in every list of its wave, as a signed number of 64 bits.

    Source: method of confidentiality, section 2, comments (an order by a keyed hash).
    """
    rank = comment_rank(wave_secret, comment_id)
    return int.from_bytes(rank[:PLACE_BYTES], "big", signed=True)


def _scores(session: Session, comment_ids: Sequence[bytes]) -> dict[bytes, Any]:
    """The analyser's score that counts for each comment that has any."""
    rows = session.execute(
        select(
            CommentScore.comment_id,
            CommentScore.analyser,
            CommentScore.label,
            CommentScore.is_unsure,
            CommentScore.quiet_exit,
        ).where(CommentScore.comment_id.in_(comment_ids))
    )
    present = sentiment.analyser()
    ordered = sorted(rows, key=lambda row: (row.analyser == present, row.analyser))
    return {row.comment_id: row for row in ordered}


def _drivers(session: Session, scores: Mapping[bytes, Any]) -> dict[bytes, dict[str, str]]:
    rows = session.execute(
        select(
            CommentDriver.comment_id,
            CommentDriver.analyser,
            CommentDriver.driver_code,
            CommentDriver.polarity,
        ).where(CommentDriver.comment_id.in_(scores))
    )
    found: dict[bytes, dict[str, str]] = defaultdict(dict)
    for row in rows:
        if row.analyser == scores[row.comment_id].analyser:
            found[row.comment_id][row.driver_code] = row.polarity
    return found


def _corrections(session: Session, comment_ids: Sequence[bytes]) -> dict[bytes, CommentCorrection]:
    """The newest correction of each comment that was not taken back."""
    rows = session.scalars(
        select(CommentCorrection)
        .where(CommentCorrection.comment_id.in_(comment_ids), CommentCorrection.undone_at.is_(None))
        .order_by(CommentCorrection.id)
    )
    return {row.comment_id: row for row in rows}


def _names(session: Session, comment_ids: Sequence[bytes]) -> dict[bytes, list[Any] | None]:
    rows = session.execute(
        select(CommentVerdict.comment_id, CommentVerdict.names).where(
            CommentVerdict.comment_id.in_(comment_ids)
        )
    )
    return {row.comment_id: row.names for row in rows}


def _comments(session: Session, scores: Mapping[bytes, Any]) -> Sequence[Any]:
    return session.execute(
        select(Comment.id, Comment.wave_id, Wave.secret)
        .join(Wave, Wave.id == Comment.wave_id)
        .where(Comment.id.in_(scores))
    ).all()


def _verdict(row: Any, score: Any, correction: CommentCorrection | None) -> dict[str, Any]:
    label, is_unsure, quiet_exit = score.label, score.is_unsure, score.quiet_exit
    if correction is not None:
        if correction.label:
            label, is_unsure = Label(correction.label), False
        if correction.quiet_exit is not None:
            quiet_exit = correction.quiet_exit
    return {
        "comment_id": row.id,
        "wave_id": row.wave_id,
        "place": place_in_list(row.secret, row.id),
        "label": label,
        "is_unsure": is_unsure,
        "quiet_exit": quiet_exit,
        "is_corrected": correction is not None,
        "analyser": score.analyser,
    }


def _driver_rows(
    row: Any, score: Any, drivers: _Drivers, correction: CommentCorrection | None
) -> list[dict[str, Any]]:
    if correction is not None:
        drivers = _corrected_drivers(drivers, score, correction)
    return [
        {"comment_id": row.id, "driver_code": code, "wave_id": row.wave_id, "polarity": polarity}
        for code, polarity in sorted(drivers.items())
    ]


def _corrected_drivers(drivers: _Drivers, score: Any, correction: CommentCorrection) -> _Drivers:
    """The drivers that a person named, else the analyser's, as the corrected comment speaks of
    them.

    Where a person changed the whole verdict to one side, no part of it stays on another.
    """
    label = correction.label or score.label.value
    if correction.drivers is not None:
        drivers = {code: drivers.get(code, label) for code in correction.drivers}
    is_changed = bool(correction.label) and (score.is_unsure or label != score.label.value)
    if is_changed and label != Label.MIXED.value:
        return dict.fromkeys(drivers, label)
    return drivers
