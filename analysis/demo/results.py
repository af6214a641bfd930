"""Results of what was loaded, by the builders that the worker uses: verdicts, cells, publishing."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from analysis.cells import build_wave, store_built
from analysis.publishing import publish
from analysis.scoring import read_comments, unread_comments
from surveys.models import Wave

BUILT_AFTER = timedelta(minutes=1)
PUBLISHED_AFTER = timedelta(minutes=2)


def read_new_comments(session: Session) -> int:
    """Read every comment that has no verdict yet; how many."""
    n_read = 0
    while comments := unread_comments(session):
        n_read += read_comments(session, comments)
    return n_read


def count_run(session: Session, waves: Sequence[Wave]) -> None:
    """Build the cells of a run's waves."""
    for wave in waves:
        store_built(session, build_wave(session, wave.id), now=wave.grace_until + BUILT_AFTER)


def publish_run(session: Session, waves: Sequence[Wave]) -> int:
    """Freeze a closed run as soon as its grace time was over; how many cells."""
    return sum(publish(session, wave.id, now=wave.grace_until + PUBLISHED_AFTER) for wave in waves)
