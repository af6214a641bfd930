"""What the worker does at each tick, on the understanding side: read comments, count, publish."""

import logging
import time
from collections.abc import Sequence

from analysis.cells import build_due, waves_to_build
from surveys.jobs import Job, JobContext

logger = logging.getLogger(__name__)
MIN_PAUSE_SECONDS = 2.0
PAUSE_PER_BUILD_SECOND = 20.0


class CellBuilder:
    """Builds what changed; rests after each build, so that it stays under a twentieth of a core."""

    def __init__(self) -> None:
        self._may_build_at: dict[int, float] = {}

    def __call__(self, context: JobContext) -> int:
        with context.new_session() as session:
            due = waves_to_build(session)
            session.rollback()
        return sum(self._build(context, wave_id) for wave_id in due)

    def _build(self, context: JobContext, wave_id: int) -> int:
        if time.monotonic() < self._may_build_at.get(wave_id, 0):
            return 0
        built = build_due(context.new_session, wave_id, now=context.clock())
        if built is None:
            return 0
        pause = max(MIN_PAUSE_SECONDS, PAUSE_PER_BUILD_SECOND * built.seconds)
        self._may_build_at[wave_id] = time.monotonic() + pause
        return 1


JOBS: Sequence[Job] = (Job("build cells", CellBuilder()),)
