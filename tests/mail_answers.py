"""A transport that answers as it is told, and a round of sending through one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from factories import make_settings
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from surveys.mail.sending import Sender, Sent, send_due
from surveys.mail.transport import Delivery, Envelope, MailTransport, Outcome, Step


class Answering:
    """A transport that answers each mail as it is told, and counts what it took."""

    def __init__(self, answer: Callable[[Envelope], Delivery]) -> None:
        self.answer = answer
        self.tried: list[str] = []
        self.sent: list[bytes] = []

    def send(
        self, envelope: Envelope, message: bytes, *, may_send_data: Callable[[], bool]
    ) -> Delivery:
        self.tried.append(envelope.recipient)
        delivery = self.answer(envelope)
        if delivery.step in (Step.CONNECT, Step.MAIL, Step.RCPT):
            return delivery
        if not may_send_data():
            return Delivery(Outcome.ABANDONED, Step.RCPT)
        if delivery.outcome is Outcome.SENT:
            self.sent.append(message)
        return delivery

    def close(self) -> None:
        return


def sender_of(app: Flask, transport: MailTransport, *, owner: str = "a", **values: Any) -> Sender:
    """A sender of this application; `values` change its settings."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    return Sender(
        settings=make_settings(url, Path(app.instance_path), **values),
        transport=transport,
        environment=app.jinja_env,
        owner=owner,
        clock=app.config["PULSE_CLOCK"],
    )


def send(app: Flask, engine: Engine, sender: Sender) -> Sent:
    """One round, in a session of its own."""
    with app.app_context(), Session(engine) as own:
        return send_due(own, sender)
