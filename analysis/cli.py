"""Commands of the understanding side: thin edges, like those of surveys/cli.py."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.before_launch import before_launch
from analysis.cells import build_due, differing_cells, waves_to_build
from analysis.csv_export import PLAIN
from analysis.demo import DemoRefused, count_steps, demo_account, fill, require_demo
from analysis.exports import Kind, export_table, file_name, require_exportable
from analysis.exposure import ExposureRefused, forecast, judged_rate_pct
from analysis.exposure_report import report_json, report_lines
from analysis.file_formats import FORMATS, require_available
from analysis.queries import run_figures
from analysis.scoring import (
    comment_count,
    next_comments,
    read_comments,
    unread_comments,
    waiting_count,
)
from analysis.simulator import DEFAULT_UNTIL, SIZES, Truth, build
from analysis.suppression import N_DRAWS
from analysis.wave_plan import plan_wave
from surveys.cli import survey_by_name
from surveys.command_line import audit_command, on_database
from surveys.db import begin_read_only, db
from surveys.models import Wave
from surveys.processes import new_session
from surveys.runtime import now, settings
from surveys.terms import WaveState
from surveys.waves import run_by_id


class OneLineChoice(click.Choice[str]):
    """One of these words; anything else is one clear line and exit code 2, without the usage."""

    def fail(
        self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None
    ) -> NoReturn:
        """Say what is wrong with the option and end."""
        name = param.opts[0] if param else "option"
        click.echo(f"pulse: {name}: {message}", err=True)
        raise SystemExit(2)


@click.command("export")
@click.argument("wave", type=int)
@click.option("--kind", type=OneLineChoice([kind.value for kind in Kind]), required=True)
@click.option("--format", "format_", type=OneLineChoice(list(FORMATS)), default=PLAIN.name)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=None)
@on_database
def export(wave: int, kind: str, format_: str, output: Path | None) -> None:
    """Write a file of WAVE to standard output, or to a file (-o; a folder's name is made up)."""
    file_format = require_available(format_)
    session = db.session()
    run = run_by_id(session, wave)
    require_exportable(Kind(kind), run_figures(session, run))
    audit_command("export", "wave", run.id, kind=kind)
    session.commit()
    # The rows are read on one snapshot that holds no lock, however long the writing takes.
    begin_read_only(session)
    figures = run_figures(session, run_by_id(session, wave))
    pieces = file_format.pieces(export_table(session, Kind(kind), figures))
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
    else:
        name = file_name(figures.run, Kind(kind), now(), file_format.ending)
        _write_file(output / name if output.is_dir() else output, pieces)
    session.rollback()


def _write_file(target: Path, pieces: Iterable[bytes]) -> None:
    """Write beside the target and put it there when it is whole."""
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(target)
    except OSError as error:
        click.echo(f"pulse: {target}: {error.strerror}", err=True)
        raise SystemExit(2) from error


@click.command("exposure")
@click.option("--survey", required=True, help="Its id or short name.")
@click.option("--draws", type=click.IntRange(1, 100_000), default=N_DRAWS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_database
def exposure(survey: str, draws: int, as_json: bool) -> None:
    """Say which rows the next wave of a survey would show, and what its answers could tell."""
    session = db.session()
    begin_read_only(session)
    found = survey_by_name(survey)
    launch = before_launch(session, found, now=now())
    if launch.open_run_id is not None:
        raise ExposureRefused(launch.open_run_id)
    seed, name = found.id, found.name
    session.rollback()
    forecasts = forecast(launch.audiences, seed=seed, n_draws=draws)
    steps = plan_wave(launch.plan)
    if as_json:
        click.echo(json.dumps(report_json(forecasts, steps, n_draws=draws), ensure_ascii=False))
        return
    rate = launch.plan.partner_rate
    lines = report_lines(
        forecasts,
        steps,
        survey_name=name,
        is_last_rate=rate is not None,
        rate_pct=judged_rate_pct(rate),
        n_draws=draws,
        pooled_waves=launch.pooled_waves,
    )
    click.echo("\n".join(lines))


@click.command("classify")
@click.argument("file", type=click.File("rb"), default="-")
def classify(file: BinaryIO) -> None:
    """Read lines of 'language-or-empty TAB text'; print one JSON object for each."""
    for verdict in sentiment.classify_lines(_lines(file)):
        click.echo(json.dumps(verdict, ensure_ascii=False))


@click.command("analyse")
@click.option("--all", "everything", is_flag=True, help="Read every comment again.")
@on_database
def analyse(everything: bool) -> None:
    """Read the comments that wait; older verdicts stay for comparison."""
    session = db.session()
    n_waiting = comment_count(session) if everything else waiting_count(session)
    session.rollback()
    n_read = 0
    with _bar(n_waiting) as bar:
        for comments in _every_comment(session) if everything else _unread(session):
            n_block = read_comments(session, comments)
            session.commit()
            n_read += n_block
            bar.update(n_block)
    session.rollback()
    click.echo(f"{n_read} comments read by {sentiment.analyser()}.")


def _unread(session: Session) -> Iterator[Sequence[Any]]:
    while comments := unread_comments(session):
        yield comments


def _every_comment(session: Session) -> Iterator[Sequence[Any]]:
    """Block by block, each kept before the next: lists stay whole while it goes on."""
    after = b""
    while comments := next_comments(session, after):
        yield comments
        after = comments[-1].id


@click.command("recount")
@click.option("--check", is_flag=True, help="Compare only; exit code 1 if anything differs.")
@on_database
def recount(check: bool) -> None:
    """Rebuild the score cells of every wave from its answers, or check that they are right."""
    if check:
        _check()
        return
    begin_read_only(db.session())
    wave_ids = _counted_waves()
    db.session.rollback()
    with _bar(len(wave_ids)) as bar:
        for wave_id in wave_ids:
            build_due(new_session(), wave_id, now=now())
            bar.update(1)
    click.echo(f"{len(wave_ids)} waves counted anew.")


def _bar(length: int) -> AbstractContextManager[Any]:
    """A bar on a terminal; nothing where nobody watches."""
    return click.progressbar(length=length, file=sys.stderr, hidden=not sys.stderr.isatty())


def _check() -> None:
    session = db.session()
    begin_read_only(session)
    waiting = set(waves_to_build(session))
    checked = [wave_id for wave_id in _counted_waves() if wave_id not in waiting]
    for wave_id in sorted(waiting):
        click.echo(f"wave {wave_id}: changes wait to be counted, not compared", err=True)
    n_wrong = 0
    with _bar(len(checked)) as bar:
        for wave_id in checked:
            differing = differing_cells(session, wave_id)
            n_wrong += len(differing)
            _say_differing(wave_id, differing)
            bar.update(1)
    session.rollback()
    click.echo(f"{len(checked)} waves checked, {n_wrong} cells differ.")
    if n_wrong:
        raise SystemExit(1)


def _say_differing(wave_id: int, differing: Iterable[tuple[str, str, int]]) -> None:
    for dimension, segment, question_id in differing:
        place = f"{dimension or 'total'} {segment}".strip()
        click.echo(f"wave {wave_id}, {place}, question {question_id} differs", err=True)


@click.command("demo")
@click.option("--size", type=click.Choice(list(SIZES)), default="small")
@click.option("--seed", type=int, default=1, help="Another number, another workspace.")
@click.option(
    "--until",
    type=click.IntRange(2000, 9000),
    default=DEFAULT_UNTIL,
    show_default=True,
    help="The last of the two years shown.",
)
@click.option(
    "--truth",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write what was planted to this file, as JSON.",
)
@on_database
def demo(size: str, seed: int, until: int, truth: Path | None) -> None:
    """Fill an empty workspace with made-up partners, their answers, and a wave that is open."""
    session = db.session()
    require_demo(session, settings(), until=until, now=now())
    workspace = build(seed, size, until=until)
    if truth is not None:
        _write_truth(truth, workspace.truth)
    steps = fill(session, settings(), workspace, now=now())
    with click.progressbar(
        steps,
        length=count_steps(workspace),
        label=f"Demo workspace ({size})",
        file=sys.stderr,
        hidden=not sys.stderr.isatty(),
    ) as bar:
        for _ in bar:
            pass
    audit_command("demo.fill", None, None, size=size, seed=seed, until=until)
    session.commit()
    account = demo_account(workspace)
    known = json.dumps({"email": account.email, "password": account.password})
    _write_privately(settings().instance / "demo.json", known + "\n")
    click.echo(f"The demo workspace is ready: {account.email} signs in with {account.password}")


def _write_truth(path: Path, truth: Truth) -> None:
    """Before the long work, since a path that cannot be written would waste it."""
    try:
        _write_privately(path, truth.to_json())
    except OSError as error:
        raise DemoRefused(f"{path} cannot be written: {error.strerror}") from error


def _write_privately(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whatever it was before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def _counted_waves() -> list[int]:
    states = (WaveState.OPEN, WaveState.PAUSED, WaveState.CLOSED)
    return list(db.session.scalars(select(Wave.id).where(Wave.state.in_(states)).order_by(Wave.id)))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    yield from file
