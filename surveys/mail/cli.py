"""`pulse doctor`: looks at the mail set-up and says what to mend."""

import http.client
import json
from dataclasses import asdict
from urllib.parse import urlsplit

import click

from surveys.command_line import on_database
from surveys.config import ImapSettings
from surveys.db import begin_read_only, db
from surveys.errors import SurveyError
from surveys.mail.bounces.mailbox import BounceMailbox
from surveys.mail.dns_records import dns_records
from surveys.mail.doctor import Check, Health, Network, Patient, examine, worst
from surveys.mail.server_probe import probe_server
from surveys.runtime import now, settings
from surveys.workspace import workspace

SECONDS = 10.0
SIGNS = {Health.GOOD: "ok", Health.WARNING: "!", Health.BAD: "BAD", Health.UNKNOWN: "?"}


class AddressAway(SurveyError):
    """Our own address cannot be reached."""


@click.command("doctor")
@click.option(
    "--dkim-selector",
    "selectors",
    multiple=True,
    help="Under which name your relay's DKIM key is published; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@on_database
def doctor(selectors: tuple[str, ...], as_json: bool) -> None:
    """Check the mail set-up. Exit code 1: something must be mended."""
    begin_read_only(db.session())
    patient = Patient(settings=settings(), workspace=workspace(db.session()), selectors=selectors)
    db.session.rollback()
    checks = examine(patient, NETWORK, now=now())
    if as_json:
        found = {"health": worst(checks), "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _say(checks)
    if worst(checks) is Health.BAD:
        raise SystemExit(1)


def _say(checks: list[Check]) -> None:
    for check in checks:
        click.echo(f"{SIGNS[check.health]:>4}  {check.name}: {check.found}")
        if check.mend:
            click.echo(f"      -> {check.mend}")


def http_status(url: str) -> int:
    """What our own address answers to a GET. Raises AddressAway."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise AddressAway(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def visit_mailbox(imap: ImapSettings) -> None:
    """Open the bounce mailbox and leave it as it is. Raises MailboxAway."""
    with BounceMailbox(imap, deadline_seconds=SECONDS):
        pass


NETWORK = Network(probe=probe_server, records=dns_records, status=http_status, visit=visit_mailbox)
