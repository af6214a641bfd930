"""`pulse worker`: runs the jobs it is given, tick by tick. APScheduler is used here only.

The scheduler never *is* a wave: it has one job, "look in the database for what is due", in memory.
A tick that is late, repeated, or run by two workers at once does no harm (surveys/jobs.py). Any
number of workers may run on PostgreSQL.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Sequence
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler

from surveys.jobs import Job, JobContext

TICK_SECONDS = 5
logger = logging.getLogger(__name__)


def run_jobs(jobs: Sequence[Job], context: JobContext) -> dict[str, int]:
    """One tick: every job once; one that fails is logged and does not stop the others."""
    done: dict[str, int] = {}
    for job in jobs:
        started = time.monotonic()
        try:
            done[job.name] = job.run(context)
        except Exception:
            # The worker must outlive any fault of one job: the next tick tries it again.
            logger.exception("job '%s' failed", job.name)
            continue
        if done[job.name]:
            seconds = time.monotonic() - started
            logger.info("job '%s': %s in %.2f s", job.name, done[job.name], seconds)
    return done


def work_until_stopped(
    jobs: Sequence[Job], context: JobContext, *, tick_seconds: int = TICK_SECONDS
) -> None:
    """Tick until SIGTERM or SIGINT; the running tick is finished first."""
    stop = threading.Event()

    def request_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(
        run_jobs,
        "interval",
        args=(jobs, context),
        seconds=tick_seconds,
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
        next_run_time=context.clock(),
    )
    scheduler.start()
    stop.wait()
    scheduler.shutdown(wait=True)


def worker_name() -> str:
    """Who this worker is in claims: machine and process."""
    return f"{socket.gethostname()}/{os.getpid()}"
