"""`pulse web` and `pulse worker`: the two kinds of process that run the product."""

from collections.abc import Callable, Sequence

import click
from flask import Flask, current_app
from sqlalchemy.orm import Session

from surveys.command_line import on_database
from surveys.config import Settings
from surveys.db import db
from surveys.jobs import Job, JobContext
from surveys.mail.transport import MailTransport, SmtpTransport
from surveys.runtime import settings
from surveys.worker import TICK_SECONDS, run_jobs, work_until_stopped, worker_name


@click.command("web")
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8000, type=int)
@click.option("--workers", default=1, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=8, type=click.IntRange(1, 64), help="Threads a process.")
@on_database
def web_command(host: str, port: int, workers: int, threads: int) -> None:
    """Serve the pages."""
    # The server library is needed by this command alone, and every command would wait for it.
    from surveys.web_server import serve

    serve(_application(), bind=f"{host}:{port}", workers=workers, threads=threads)


@click.command("worker")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@click.option("--tick", default=TICK_SECONDS, type=click.IntRange(1, 3600), help="Seconds.")
@on_database
def worker_command(once: bool, tick: int) -> None:
    """Open and close waves, send mails, read comments, work out results."""
    context = job_context(_application())
    jobs = jobs_of(_application())
    if not once:
        work_until_stopped(jobs, context, tick_seconds=tick)
        return
    for name, count in run_jobs(jobs, context).items():
        if count:
            click.echo(f"{name}: {count}")


def jobs_of(app: Flask) -> Sequence[Job]:
    """The application's jobs, each run inside its context: the scheduler has threads of its own."""
    return [Job(job.name, _in_context(app, job)) for job in app.config["PULSE_JOBS"]]


def job_context(app: Flask, *, transport: MailTransport | None = None) -> JobContext:
    """What the jobs of an application get; mails leave through its mail server by default."""
    with app.app_context():
        engine = db.engine
        present = settings()
    return JobContext(
        new_session=lambda: Session(engine),
        clock=app.config["PULSE_CLOCK"],
        settings=present,
        transport=transport or _smtp(present),
        environment=app.jinja_env,
        owner=worker_name(),
    )


def new_session() -> Callable[[], Session]:
    """Sessions of the current application's own, apart from the request's."""
    engine = db.engine
    return lambda: Session(engine)


def _in_context(app: Flask, job: Job) -> Callable[[JobContext], int]:
    def run(context: JobContext) -> int:
        with app.app_context():
            return job.run(context)

    return run


def _smtp(present: Settings) -> MailTransport | None:
    return SmtpTransport(present.smtp) if present.smtp else None


def _application() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined, no-any-return]
