"""What the worker does at each tick, on the understanding side: read comments, count, publish."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from analysis.cells import build_due, waves_to_build
from analysis.digests import digest_waves
from analysis.publishing import is_ready, publish, waves_to_publish
from analysis.scoring import read_comments, unread_comments
from surveys.digests import DigestDue, due_digests, queue_digest
from surveys.jobs import Job, JobContext

logger = logging.getLogger(__name__)
MIN_PAUSE_SECONDS = 2.0
PAUSE_PER_BUILD_SECOND = 20.0
DIGEST_REST = timedelta(minutes=1)


def build_changed_cells(context: JobContext) -> int:
    """Build what changed, and let it rest then, so that it stays under a twentieth of a core."""
    with context.new_session() as session:
        due = waves_to_build(session)
        session.rollback()
    return sum(_build(context, wave_id) for wave_id in due)


def _build(context: JobContext, wave_id: int) -> int:
    now = context.clock()
    name = f"cells of wave {wave_id}"
    if now < context.rests.get(name, now):
        return 0
    built = build_due(context.new_session, wave_id, now=now)
    if built is None:
        return 0
    seconds = max(MIN_PAUSE_SECONDS, PAUSE_PER_BUILD_SECOND * built.seconds)
    context.rests[name] = now + timedelta(seconds=seconds)
    return 1


def read_new_comments(context: JobContext) -> int:
    """Read the comments that wait, block by block; each block is kept by itself."""
    n_read = 0
    with context.new_session() as session:
        while comments := unread_comments(session):
            n_read += read_comments(session, comments)
            session.commit()
        session.rollback()
    return n_read


def publish_closed_waves(context: JobContext) -> int:
    """Freeze the waves of which nothing waits any more, one per transaction."""
    with context.new_session() as session:
        waiting = waves_to_publish(session)
        session.rollback()
    return sum(_publish(context, wave_id) for wave_id in waiting)


def _publish(context: JobContext, wave_id: int) -> int:
    with context.new_session() as session:
        if not is_ready(session, wave_id):
            session.rollback()
            return 0
        n_cells = publish(session, wave_id, now=context.clock())
        session.commit()
    logger.info("wave %s published: %s cells", wave_id, n_cells)
    return 1


def queue_digests(context: JobContext) -> int:
    """Queue the digests that are due, one reader per transaction; looks once a minute."""
    now = context.clock()
    if now < context.rests.get("digests", now):
        return 0
    context.rests["digests"] = now + DIGEST_REST
    with context.new_session() as session:
        due = due_digests(session, now=now)
        session.rollback()
    return sum(_queue_digest(context, each) for each in due)


def _queue_digest(context: JobContext, due: DigestDue) -> int:
    with context.new_session() as session:
        queued = queue_digest(
            session,
            due,
            digest_waves(session, since=due.since),
            keys=context.keys,
            identity_key=context.settings.identity_key,
            now=context.clock(),
        )
        session.commit()
    return queued


JOBS: Sequence[Job] = (
    Job("read comments", read_new_comments),
    Job("build cells", build_changed_cells),
    Job("publish waves", publish_closed_waves),
    Job("queue digests", queue_digests),
)
