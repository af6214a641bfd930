"""Results of what was loaded, by the builders that the worker uses: verdicts, cells, publishing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.cells import build_wave, store_built
from analysis.publishing import publish
from analysis.scoring import BLOCK, read_comments
from surveys.models import Comment, Wave
from surveys.participation import keep_participation

BUILT_AFTER = timedelta(minutes=1)
PUBLISHED_AFTER = timedelta(minutes=2)


def read_run(session: Session, waves: Sequence[Wave]) -> int:
    """Read the comments of a run's waves; how many."""
    return sum(_read(session, wave) for wave in waves)


def count_run(session: Session, waves: Sequence[Wave], *, now: datetime | None = None) -> None:
    """Build the cells of a run's waves: now, or as soon as their grace time was over."""
    for wave in waves:
        built_at = now or wave.grace_until + BUILT_AFTER
        store_built(session, build_wave(session, wave.id), now=built_at)


def publish_run(session: Session, waves: Sequence[Wave]) -> int:
    """Freeze a closed run as soon as its grace time was over; how many cells."""
    for wave in waves:
        keep_participation(session, wave)
    return sum(publish(session, wave.id, now=wave.grace_until + PUBLISHED_AFTER) for wave in waves)


def _read(session: Session, wave: Wave) -> int:
    # By wave: what has no verdict yet would be looked for among the comments of all waves.
    comments = session.execute(
        select(Comment.id, Comment.text, Comment.locale)
        .where(Comment.wave_id == wave.id)
        .order_by(Comment.id)
    ).all()
    blocks = (comments[start : start + BLOCK] for start in range(0, len(comments), BLOCK))
    return sum(read_comments(session, block) for block in blocks)
