"""Reading comments: every comment gets a verdict from the present analyser, kept with its name.

Idempotent and in blocks: comments without a verdict of this analyser are taken, read and stored.
One that cannot be read is stored as unsure and never stops the others. An older score stays for
comparison. Which one counts is said in verdicts.py.
"""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.comment_names import fix_names
from analysis.models import CommentDriver, CommentScore, CommentVerdict
from analysis.verdicts import count_verdicts
from surveys.models import Comment, Wave
from surveys.question_bank import LOCALES
from surveys.terms import Sentiment as Label

BLOCK = 100
logger = logging.getLogger(__name__)


def unread_comments(session: Session, *, limit: int = BLOCK) -> Sequence[Any]:
    """Comments that the present analyser has not read yet: id, text, locale."""
    return session.execute(
        select(Comment.id, Comment.text, Comment.locale)
        .where(~_is_read())
        .order_by(Comment.id)
        .limit(limit)
    ).all()


def next_comments(session: Session, after: bytes, *, limit: int = BLOCK) -> Sequence[Any]:
    """Comments in the order of their keys, read or not, from behind this key on."""
    return session.execute(
        select(Comment.id, Comment.text, Comment.locale)
        .where(Comment.id > after)
        .order_by(Comment.id)
        .limit(limit)
    ).all()


def comment_count(session: Session) -> int:
    """How many comments there are."""
    return session.scalar(select(func.count()).select_from(Comment)) or 0


def waiting_count(session: Session) -> int:
    """How many comments the present analyser has not read yet."""
    return session.scalar(select(func.count()).select_from(Comment).where(~_is_read())) or 0


def read_comments(session: Session, comments: Sequence[Any]) -> int:
    """Store a score and the verdict that counts for each of these comments; how many."""
    scores: list[dict[str, Any]] = []
    drivers: list[dict[str, Any]] = []
    for comment in comments:
        verdict = _verdict(comment)
        scores.append(_score_row(comment, verdict))
        drivers += _driver_rows(comment.id, verdict)
    ids = [comment.id for comment in comments]
    session.execute(
        delete(CommentScore).where(
            CommentScore.comment_id.in_(ids), CommentScore.analyser == sentiment.analyser()
        )
    )
    if scores:
        session.execute(insert(CommentScore), scores)
    if drivers:
        session.execute(insert(CommentDriver), drivers)
    count_verdicts(session, ids)
    for wave in published_waves_of(session, ids):
        fix_names(session, wave)
    return len(scores)


def has_unread_comments(session: Session, wave_id: int) -> bool:
    """Whether some comment of a wave waits for the present analyser."""
    found = session.scalar(
        select(Comment.id).where(Comment.wave_id == wave_id, ~_is_read()).limit(1)
    )
    return found is not None


def published_waves_of(session: Session, comment_ids: Sequence[bytes]) -> Sequence[Wave]:
    """The published waves that some of these comments belong to."""
    wave_ids = select(Comment.wave_id).where(Comment.id.in_(comment_ids))
    return session.scalars(
        select(Wave).where(Wave.id.in_(wave_ids), Wave.published_at.is_not(None))
    ).all()


def _is_read() -> ColumnElement[bool]:
    is_scored = exists().where(
        CommentScore.comment_id == Comment.id, CommentScore.analyser == sentiment.analyser()
    )
    return is_scored & exists().where(CommentVerdict.comment_id == Comment.id)


def unread_count(session: Session, wave_id: int) -> int:
    """How many comments of a wave no analyser has read yet."""
    is_read = exists().where(CommentVerdict.comment_id == Comment.id)
    return (
        session.scalar(
            select(func.count()).select_from(Comment).where(Comment.wave_id == wave_id, ~is_read)
        )
        or 0
    )


def _verdict(comment: Any) -> sentiment.Sentiment:
    prior = comment.locale if comment.locale in LOCALES else None
    try:
        return sentiment.analyse(comment.text, prior=prior)
    except Exception:
        # One poisoned comment must not stop the rest; it goes to a person as unsure.
        logger.exception("a comment of %s characters cannot be read", len(comment.text))
        return sentiment.Sentiment(
            label=sentiment.Label.NEUTRAL,
            score=0.0,
            confidence=0.0,
            is_unsure=True,
            quiet_exit=False,
            language=prior or LOCALES[0],
            analyser=sentiment.analyser(),
            evidence=(),
            clauses=(),
            drivers=(),
        )


def _score_row(comment: Any, verdict: sentiment.Sentiment) -> dict[str, Any]:
    return {
        "comment_id": comment.id,
        "analyser": verdict.analyser,
        "label": Label(verdict.label.value),
        "score": verdict.score,
        "confidence": verdict.confidence,
        "is_unsure": verdict.is_unsure,
        "language": verdict.language,
        "quiet_exit": verdict.quiet_exit,
        "clauses": {
            "evidence": [
                [span.start, span.end, span.purpose.value, _polarity_at(verdict, span.start)]
                for span in verdict.evidence
            ],
            "clauses": [[c.start, c.end, c.polarity.value] for c in verdict.clauses],
            "drivers": _driver_spans(comment.text, verdict),
        },
    }


def _driver_spans(text: str, verdict: sentiment.Sentiment) -> list[list[Any]]:
    """Where the words stand that named each driver, as (start, end, code)."""
    spans = []
    for clause in verdict.clauses:
        for mention in clause.drivers:
            start = text.find(mention.evidence, clause.start, clause.end)
            if mention.evidence and start >= 0:
                spans.append([start, start + len(mention.evidence), mention.driver])
    return spans


def _polarity_at(verdict: sentiment.Sentiment, position: int) -> str:
    for clause in verdict.clauses:
        if clause.start <= position < clause.end:
            return clause.polarity.value
    return verdict.label.value


def _driver_rows(comment_id: bytes, verdict: sentiment.Sentiment) -> list[dict[str, Any]]:
    by_driver = {mention.driver: mention.polarity.value for mention in verdict.drivers}
    return [
        {
            "comment_id": comment_id,
            "analyser": verdict.analyser,
            "driver_code": driver,
            "polarity": polarity,
        }
        for driver, polarity in sorted(by_driver.items())
    ]
