"""A sender process of its own, for tests that kill it: `mail_sender.py PORT DATABASE INSTANCE`."""

import sys
from pathlib import Path

from factories import SetClock, make_settings
from sqlalchemy.orm import Session

from app import create_app
from surveys.config import SmtpSettings
from surveys.db import db
from surveys.mail.sending import Sender, send_due
from surveys.mail.transport import SmtpTransport
from surveys.worker import worker_name


def main() -> None:
    port, url, instance = sys.argv[1:]
    settings = make_settings(url, Path(instance))
    app = create_app(settings, clock=SetClock())
    smtp = SmtpSettings("127.0.0.1", int(port), "none", None, None, "tests.example")
    with app.app_context(), Session(db.engine) as session:
        sender = Sender(settings, SmtpTransport(smtp), app.jinja_env, worker_name(), SetClock())
        send_due(session, sender)


main()
