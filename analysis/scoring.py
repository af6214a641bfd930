"""Reading comments: every comment gets a verdict from the present analyser, kept with its name.

Idempotent and in blocks: comments without a verdict of this analyser are taken, read and stored.
One that cannot be read is stored as unsure and never stops the others. An older verdict stays for
comparison, and counts until the present analyser has read its comment.
"""

import logging
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Exists, Subquery, case, exists, func, insert, select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.models import CommentDriver, CommentScore
from surveys.models import Comment
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


def waiting_count(session: Session) -> int:
    """How many comments the present analyser has not read yet."""
    return session.scalar(select(func.count()).select_from(Comment).where(~_is_read())) or 0


def read_comments(session: Session, comments: Sequence[Any]) -> int:
    """Store a verdict for each of these comments; how many."""
    scores: list[dict[str, Any]] = []
    drivers: list[dict[str, Any]] = []
    for comment in comments:
        verdict = _verdict(comment)
        scores.append(_score_row(comment.id, verdict))
        drivers += _driver_rows(comment.id, verdict)
    if scores:
        session.execute(insert(CommentScore), scores)
    if drivers:
        session.execute(insert(CommentDriver), drivers)
    return len(scores)


def has_unread_comments(session: Session, wave_id: int) -> bool:
    """Whether some comment of a wave waits for the present analyser."""
    found = session.scalar(
        select(Comment.id).where(Comment.wave_id == wave_id, ~_is_read()).limit(1)
    )
    return found is not None


def _is_read() -> Exists:
    return exists().where(
        CommentScore.comment_id == Comment.id, CommentScore.analyser == sentiment.analyser()
    )


def counted_verdicts(wave_id: int) -> Subquery:
    """Which verdict counts for each comment of a wave that has any: `comment_id`, `analyser`.

    The present analyser's, else the last by name (the version leads it): after a new version a
    comment must not vanish from lists until the worker has read it again.
    """
    mine = case((CommentScore.analyser == sentiment.analyser(), CommentScore.analyser))
    return (
        select(
            CommentScore.comment_id,
            func.coalesce(func.max(mine), func.max(CommentScore.analyser)).label("analyser"),
        )
        .join(Comment, Comment.id == CommentScore.comment_id)
        .where(Comment.wave_id == wave_id)
        .group_by(CommentScore.comment_id)
        .subquery()
    )


def unread_count(session: Session, wave_id: int) -> int:
    """How many comments of a wave no analyser has read yet."""
    is_read = exists().where(CommentScore.comment_id == Comment.id)
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


def _score_row(comment_id: bytes, verdict: sentiment.Sentiment) -> dict[str, Any]:
    return {
        "comment_id": comment_id,
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
        },
    }


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
