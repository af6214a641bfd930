"""Commands of the collecting side. Each is a thin edge: arguments, one operation, commit, words.

What cannot be done is said in one line on standard error, with exit code 2.
"""

import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import select

from surveys import accounts
from surveys.command_line import audit_command, on_database
from surveys.contact_file import SKIP, Table, count_rows, error_file, error_text
from surveys.contacts import ContactKeys, ImportReport, import_contacts, read_file
from surveys.db import begin_read_only, db
from surveys.errors import NotFound
from surveys.i18n import wave_title
from surveys.invitations import LinkKeys
from surveys.models import Survey, User
from surveys.participation import participation
from surveys.runtime import now, settings
from surveys.terms import Audience, Role
from surveys.waves import Run, all_runs, close_run, open_run, open_runs, run_by_id

SHOWN_ERRORS = 20


@click.group("users")
def users() -> None:
    """People who sign in."""


@users.command("add")
@click.argument("email")
@click.option("--name", default="", help="As it is shown; default: the address.")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="manager")
@click.option("--locale", type=click.Choice(["pl", "en"]), default="en")
@click.option("--password", default=None, help="Asked for when missing; '-' makes a random one.")
@on_database
def add_user(email: str, name: str, role: str, locale: str, password: str | None) -> None:
    """Add a person who may sign in."""
    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    is_random = password == "-"  # noqa: S105 - a sign for 'make one', not a password
    password = secrets.token_urlsafe(15) if is_random else password
    user = accounts.add_user(
        db.session(), email=email, name=name, role=Role(role), locale=locale, password=password
    )
    audit_command("user.add", "user", user.id)
    db.session.commit()
    click.echo(f"{user.email} can sign in as {role}" + (f": {password}" if is_random else "."))


@users.command("list")
@on_database
def list_users() -> None:
    """List everybody who may sign in."""
    begin_read_only(db.session())
    for user in db.session.scalars(select(User).order_by(User.id)):
        state = "disabled" if user.disabled_at else user.role.value
        click.echo(f"{user.id}\t{user.email}\t{state}\t{user.name}")


@users.command("disable")
@click.argument("email")
@on_database
def disable_user(email: str) -> None:
    """Refuse a person from now on; their sessions end."""
    user = accounts.user_by_email(db.session(), email)
    accounts.disable_user(db.session(), user, now=now())
    audit_command("user.disable", "user", user.id)
    db.session.commit()
    click.echo(f"{user.email} cannot sign in any more.")


@users.command("password")
@click.argument("email")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
@on_database
def set_password(email: str, password: str) -> None:
    """Set a person's password; their sessions end."""
    user = accounts.user_by_email(db.session(), email)
    accounts.set_password(db.session(), user, password)
    audit_command("user.password", "user", user.id)
    db.session.commit()
    click.echo(f"The password of {user.email} is changed.")


@click.group("contacts")
def contacts() -> None:
    """Everybody who can be asked."""


@contacts.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Check only; write nothing.")
@click.option(
    "--errors",
    "errors_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the refused rows here, with their reasons; correct and import it again.",
)
@click.option(
    "--locale",
    type=click.Choice(["pl", "en"]),
    default="en",
    help="Language of new people for whom the file names none.",
)
@on_database
def import_file(file: Path, dry_run: bool, errors_file: Path | None, locale: str) -> None:
    """Import partners' contacts and the vendor's own staff from a CSV file."""
    table, mapping = read_file(file.read_bytes())
    keys = ContactKeys(settings().secret_key, settings().identity_key)
    with _rows_bar(table) as progress:
        report = import_contacts(
            db.session(),
            table,
            mapping,
            keys=keys,
            now=now(),
            default_locale=locale,
            progress=progress,
        )
    if errors_file is not None and report.refused:
        _write_errors(errors_file, report)
    if dry_run:
        db.session.rollback()
    else:
        audit_command("contacts.import", None, None, **report.counts.to_json())
        db.session.commit()
    _say_report(report, is_dry_run=dry_run)


@contextmanager
def _rows_bar(table: Table) -> Iterator[Callable[[int], None] | None]:
    """A bar that grows with the rows on a terminal; None where nobody watches."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=count_rows(table), file=sys.stderr) as bar:
        yield bar.update


def _write_errors(path: Path, report: ImportReport) -> None:
    """Before anything is stored: a file that cannot be written must not leave half a result."""
    try:
        path.write_bytes(b"".join(error_file(report.table, report.refused)))
    except OSError as error:
        raise click.BadParameter(f"{path}: {error.strerror}", param_hint="--errors") from error


def _say_report(report: ImportReport, *, is_dry_run: bool) -> None:
    counts = report.counts
    for column in report.mapping.columns:
        if column.target == SKIP:
            click.echo(f"column '{column.heading}' is left out", err=True)
    for row in report.refused[:SHOWN_ERRORS]:
        reasons = " ".join(error_text(error) for error in row.errors)
        click.echo(f"row {row.number}: {reasons}", err=True)
    if len(report.refused) > SHOWN_ERRORS:
        click.echo(f"and {len(report.refused) - SHOWN_ERRORS} more rows", err=True)
    click.echo(
        f"{counts.n_rows} rows: {counts.n_created} new, {counts.n_changed} changed,"
        f" {counts.n_unchanged} as they were, {counts.n_bad} refused;"
        f" {counts.n_partners_created} new companies; {counts.n_suppressed} get no mail."
    )
    if is_dry_run:
        click.echo("Nothing was written: this was a dry run.")


@click.group("waves")
def waves() -> None:
    """The dated runs of surveys."""


@waves.command("list")
@on_database
def list_waves() -> None:
    """List every run, oldest first; the first column is its id."""
    begin_read_only(db.session())
    click.echo("wave\tsurvey\tlabel\tstate\topens\tcloses\tinvited\tanswered\tstaff")
    for run in all_runs(db.session()):
        click.echo(_line(run))


@waves.command("open")
@click.argument("survey")
@on_database
def open_wave(survey: str) -> None:
    """Open a wave of SURVEY (its id or short name) now, for both audiences."""
    found = survey_by_name(survey)
    running = open_runs(db.session(), found.id)
    if running:
        click.echo(f"Wave {running[0].id} of {found.slug} is open already.")
        return
    opened = open_run(
        db.session(), found, scheduled_at=now().replace(microsecond=0), keys=_keys(), now=now()
    )
    audit_command("wave.open", "wave", opened.run.id)
    db.session.commit()
    click.echo(
        f"Wave {opened.run.id} of {found.slug} is open:"
        f" {opened.invited[Audience.PARTNER].people} partner contacts and"
        f" {opened.invited[Audience.INTERNAL].people} staff are asked."
    )


@waves.command("close")
@click.argument("wave", type=int)
@on_database
def close_wave(wave: int) -> None:
    """Close WAVE for both audiences; its results are published by the worker."""
    run = run_by_id(db.session(), wave)
    close_run(db.session(), run, now=now())
    audit_command("wave.close", "wave", run.id)
    db.session.commit()
    click.echo(f"Wave {run.id} is closed.")


def _line(run: Run) -> str:
    partner = participation(db.session(), run.partner)
    staff = participation(db.session(), run.internal) if run.internal else None
    cells = [
        str(run.id),
        run.partner.survey.slug,
        wave_title(run.partner.label),
        run.partner.state.value,
        run.partner.opens_at.isoformat(timespec="minutes"),
        run.partner.closes_at.isoformat(timespec="minutes"),
        str(partner.invited),
        str(partner.answered),
        f"{staff.answered}/{staff.invited}" if staff else "-",
    ]
    return "\t".join(cells)


def survey_by_name(wanted: str) -> Survey:
    """A survey by its id or short name. Raises NotFound."""
    query = select(Survey).where(Survey.slug == wanted)
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
        query = select(Survey).where(Survey.id == int(wanted))
    survey = db.session.scalar(query)
    if survey is None:
        raise NotFound("survey", wanted)
    return survey


def _keys() -> LinkKeys:
    return LinkKeys(settings().secret_key, settings().mail_domain)
