"""Commands of the understanding side: thin edges, like those of surveys/cli.py."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from flask.cli import with_appcontext
from sqlalchemy import delete, select

from analysis import sentiment
from analysis.cells import build_due, differing_cells, waves_to_build
from analysis.csv_export import CSV_KINDS, PLAIN, csv_bytes
from analysis.demo import count_steps, demo_account, fill, require_demo
from analysis.exports import Kind, export_table, file_name
from analysis.models import CommentScore
from analysis.queries import run_figures
from analysis.scoring import read_comments, unread_comments
from analysis.simulator import DEFAULT_UNTIL, SIZES, build
from surveys.command_line import audit_command, says_errors
from surveys.db import begin_read_only, db
from surveys.models import Wave
from surveys.processes import new_session
from surveys.runtime import now, settings
from surveys.terms import WaveState
from surveys.waves import run_by_id


@click.command("export")
@click.argument("wave", type=int)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), required=True)
@click.option("--format", "format_", type=click.Choice(list(CSV_KINDS)), default=PLAIN.name)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=None)
@with_appcontext
@says_errors
def export(wave: int, kind: str, format_: str, output: Path | None) -> None:
    """Write a file of WAVE to standard output, or to a file (-o; a folder's name is made up)."""
    session = db.session()
    run = run_by_id(session, wave)
    table = export_table(session, Kind(kind), run_figures(session, run))
    audit_command("export", "wave", run.id, kind=kind)
    pieces = csv_bytes(table, CSV_KINDS[format_])
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
    else:
        target = output / file_name(run, Kind(kind), now()) if output.is_dir() else output
        with target.open("wb") as file:
            file.writelines(pieces)
    session.commit()


@click.command("classify")
@click.argument("file", type=click.File("rb"), default="-")
def classify(file: BinaryIO) -> None:
    """Read lines of 'language-or-empty TAB text'; print one JSON object for each."""
    for verdict in sentiment.classify_lines(_lines(file)):
        click.echo(json.dumps(verdict, ensure_ascii=False))


@click.command("analyse")
@click.option("--all", "everything", is_flag=True, help="Read every comment again.")
@with_appcontext
def analyse(everything: bool) -> None:
    """Read the comments that wait; older verdicts stay for comparison."""
    session = db.session()
    if everything:
        session.execute(delete(CommentScore).where(CommentScore.analyser == sentiment.analyser()))
        session.commit()
    n_read = 0
    while comments := unread_comments(session):
        n_read += read_comments(session, comments)
        session.commit()
        if sys.stderr.isatty():
            click.echo(f"\r{n_read} comments read", err=True, nl=False)
    session.rollback()
    click.echo(f"{n_read} comments read by {sentiment.analyser()}.")


@click.command("recount")
@click.option("--check", is_flag=True, help="Compare only; exit code 1 if anything differs.")
@with_appcontext
def recount(check: bool) -> None:
    """Rebuild the score cells of every wave from its answers, or check that they are right."""
    if check:
        _check()
        return
    begin_read_only(db.session())
    wave_ids = _counted_waves()
    db.session.rollback()
    for wave_id in wave_ids:
        build_due(new_session(), wave_id, now=now())
    click.echo(f"{len(wave_ids)} waves counted anew.")


def _check() -> None:
    session = db.session()
    begin_read_only(session)
    waiting = set(waves_to_build(session))
    wrong = 0
    wave_ids = _counted_waves()
    for wave_id in wave_ids:
        if wave_id in waiting:
            click.echo(f"wave {wave_id}: changes wait to be counted, not compared", err=True)
            continue
        for dimension, segment, question_id in differing_cells(session, wave_id):
            wrong += 1
            place = f"{dimension or 'total'} {segment}".strip()
            click.echo(f"wave {wave_id}, {place}, question {question_id} differs", err=True)
    click.echo(f"{len(wave_ids) - len(waiting)} waves checked, {wrong} cells differ.")
    if wrong:
        raise SystemExit(1)


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
@with_appcontext
@says_errors
def demo(size: str, seed: int, until: int, truth: Path | None) -> None:
    """Fill an empty workspace with made-up partners, their answers, and a wave that is open."""
    session = db.session()
    require_demo(session, settings(), until=until, now=now())
    workspace = build(seed, size, until=until)
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
    if truth is not None:
        _write_privately(truth, workspace.truth.to_json())
    audit_command("demo.fill", None, None, size=size, seed=seed, until=until)
    session.commit()
    account = demo_account(workspace)
    known = json.dumps({"email": account.email, "password": account.password})
    _write_privately(settings().instance / "demo.json", known + "\n")
    click.echo(f"The demo workspace is ready: {account.email} signs in with {account.password}")


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


COMMANDS: tuple[click.Command, ...] = (export, classify, analyse, recount, demo)
