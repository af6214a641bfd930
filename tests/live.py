"""A running product in the test's process: web server, worker, mail server, a clock to move."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from factories import SetClock, make_settings
from flask import Flask
from werkzeug.serving import make_server

from app import create_app
from surveys.config import SmtpSettings
from surveys.db import db
from surveys.mail.transport import SmtpTransport
from surveys.processes import job_context, jobs_of
from surveys.worker import run_jobs

LINK = re.compile(r"http://localhost:\d+/s/[A-Za-z0-9_-]{22}\b")


@dataclass(slots=True)
class Mailbox:
    """Every message that a real SMTP server took, oldest first."""

    messages: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Called by the server for each message."""
        self.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 kept"

    def link_for(self, address: str) -> str:
        """The survey link in the newest mail to this address."""
        for message in reversed(self.messages):
            if address in str(message["To"]):
                found = LINK.search(plain_text(message))
                assert found, f"the mail to {address} has no survey link"
                return found.group()
        raise AssertionError(f"no mail to {address} in {len(self.messages)} mails")


def plain_text(message: EmailMessage) -> str:
    """The text part of a mail."""
    part = message.get_body(preferencelist=("plain",))
    assert part is not None
    return str(part.get_content())


@dataclass(frozen=True, slots=True)
class LiveProduct:
    """What a story acts on."""

    app: Flask
    base: str
    clock: SetClock
    mailbox: Mailbox
    smtp: SmtpSettings

    def work(self, ticks: int = 2) -> None:
        """Let the worker tick; mails leave by real SMTP."""
        context = job_context(self.app, transport=SmtpTransport(self.smtp))
        for _ in range(ticks):
            run_jobs(jobs_of(self.app), context)


@contextmanager
def live_product(url: str, instance: Path, clock: SetClock) -> Iterator[LiveProduct]:
    """Serve the application on a free port, beside a mail server that keeps what it gets."""
    mailbox = Mailbox()
    mail_server = Controller(mailbox, hostname="127.0.0.1", port=_free_port())
    mail_server.start()
    smtp = SmtpSettings("127.0.0.1", mail_server.port, "none", None, None, "localhost")
    port = _free_port()
    settings = make_settings(url, instance, base_url=f"http://localhost:{port}", smtp=smtp)
    app = create_app(settings, clock=clock)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield LiveProduct(app, settings.base_url, clock, mailbox, smtp)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        mail_server.stop()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
