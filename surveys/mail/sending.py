"""Sends what the outbox has due: claim, compose, hand over, write down how it ended.

An edge-like loop without Flask or clock of its own: it is given a session, a transport and a clock.
Each mail is settled and committed on its own; one that cannot be composed fails alone, with the
reason.
"""

import logging
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress as suppress_errors
from dataclasses import dataclass
from datetime import datetime

from jinja2 import Environment
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from surveys.bounces import record_refusal
from surveys.config import Settings
from surveys.db import single_statements
from surveys.mail.letter_writer import LetterWriter
from surveys.mail.letters import LetterFacts
from surveys.mail.outbox import (
    LEASE,
    Claim,
    Lease,
    claim_data,
    claim_due,
    expire_leases,
    release,
    settle,
    withdraw_unwanted,
)
from surveys.mail.pacing import Pace
from surveys.mail.splicing import LetterPress
from surveys.mail.transport import Delivery, Envelope, MailTransport, Outcome, Step
from surveys.mail.verp import bounce_address, envelope_id

BATCH = 50
#: What the driver raises when the database is gone, starts, or has no room.
DATABASE_AWAY = (OperationalError, InterfaceError)
DATABASE_WAIT_SECONDS = 0.2
#: One more delay may have been the last.
MAY_HAVE_FAILED = (Outcome.REFUSED, Outcome.LATER)
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Sent:
    """How one round of sending went."""

    by_outcome: dict[str, int]

    def count(self, outcome: str) -> None:
        """One more mail ended so."""
        self.by_outcome[outcome] = self.by_outcome.get(outcome, 0) + 1


@dataclass(frozen=True, slots=True)
class Sender:
    """What sending needs: where to, in whose name, by which templates, at what time."""

    settings: Settings
    transport: MailTransport
    environment: Environment
    owner: str
    clock: Callable[[], datetime]
    lease: Lease = LEASE
    batch: int = BATCH

    @property
    def pace(self) -> Pace:
        """How many mails may be tried in a minute."""
        settings = self.settings
        return Pace(settings.mails_per_minute, settings.mails_per_minute_per_domain)


def send_due(session: Session, sender: Sender) -> Sent:
    """Send everything that is due and allowed by the rate caps; commits mail by mail."""
    result = Sent({})
    withdraw_unwanted(session, now=sender.clock())
    session.commit()
    press = LetterPress(sender.environment)
    letters = LetterWriter(session, sender.settings, press, clock=sender.clock)
    try:
        with single_statements(session) as single:
            for claims in _batches(session, sender):
                if letters.is_old:
                    letters = LetterWriter(session, sender.settings, press, clock=sender.clock)
                batch = _Batch(session, single, sender, letters)
                if not _send_batch(batch, claims, result):
                    break
    finally:
        sender.transport.close()
    return result


def _batches(session: Session, sender: Sender) -> Iterator[list[Claim]]:
    looked_at = None
    while True:
        # Again and again: a round may last longer than a lease.
        if looked_at is None or time.monotonic() - looked_at > sender.lease.seconds / 10:
            expire_leases(session, now=sender.clock(), lease=sender.lease)
            looked_at = time.monotonic()
        claims = claim_due(
            session,
            owner=sender.owner,
            now=sender.clock(),
            limit=sender.batch,
            pace=sender.pace,
            lease=sender.lease,
        )
        if not claims:
            return
        yield claims


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the mails of a batch are sent with; `single` is for statements that stand alone."""

    session: Session
    single: Session
    sender: Sender
    letters: LetterWriter


def _send_batch(batch: _Batch, claims: list[Claim], result: Sent) -> bool:
    """Whether the server can be asked for more; False when it is away or takes nothing from us."""
    batch.letters.read([claim.mail_id for claim in claims])
    batch.session.commit()
    for position, claim in enumerate(claims):
        delivery = _send_one(batch, claim)
        result.count(delivery.outcome.value)
        if delivery.step in (Step.CONNECT, Step.MAIL) and delivery.outcome is Outcome.LATER:
            # The others would only wait, one time-out each, for the same answer.
            release(batch.session, claims[position + 1 :])
            batch.session.commit()
            return False
    return True


def _send_one(batch: _Batch, claim: Claim) -> Delivery:
    session, sender = batch.session, batch.sender
    try:
        facts = batch.letters.facts(batch.letters.queued(claim.mail_id))
        message = batch.letters.message(facts)
    except DATABASE_AWAY:
        # That says nothing about this mail; its lease ends, and it is taken up again.
        raise
    except Exception as error:  # noqa: BLE001 - one row must not stop the others
        # The log names the kind of fault and the place; its words could hold an address.
        session.rollback()
        place = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(
            "mail %s cannot be composed: %s in %s, line %s",
            claim.mail_id,
            type(error).__name__,
            place.name,
            place.lineno,
        )
        delivery = Delivery(Outcome.REFUSED, Step.CONNECT, None, "could not be composed")
    else:
        envelope = _envelope(sender.settings, facts, claim.mail_id)
        if session.in_transaction():
            session.commit()
        delivery = sender.transport.send(
            envelope,
            message,
            may_send_data=lambda: claim_data(
                batch.single, claim, now=sender.clock(), lease=sender.lease
            ),
        )
    _write_down(batch, claim, delivery)
    return delivery


def _write_down(batch: _Batch, claim: Claim, delivery: Delivery) -> None:
    """Settle how the attempt ended; commits.

    A server's 250 that is lost is a second copy. So while the lease lasts, and with it our right to
    the row, a database that is away is waited for.
    """
    # That a mail was taken is one statement; what a refusal means may be several.
    session = batch.single if delivery.outcome is Outcome.SENT else batch.session
    sender = batch.sender
    patience_ends = time.monotonic() + sender.lease.seconds
    while True:
        try:
            is_ours = settle(session, claim, delivery, now=sender.clock())
            if is_ours and delivery.outcome in MAY_HAVE_FAILED:
                record_refusal(session, claim.mail_id, delivery, now=sender.clock())
            session.commit()
        except DATABASE_AWAY:
            with suppress_errors(*DATABASE_AWAY):
                session.rollback()
            if time.monotonic() > patience_ends:
                raise
            time.sleep(DATABASE_WAIT_SECONDS)
        else:
            return


def _envelope(settings: Settings, facts: LetterFacts, mail_id: int) -> Envelope:
    """Whom the server is told; what bounces comes back to an address that names the mail."""
    mailbox = settings.bounce_address
    if mailbox is None:
        return Envelope(facts.workspace.sender_email, facts.recipient)
    key = settings.secret_key
    address = bounce_address(key, mail_id, mailbox=mailbox)
    return Envelope(address, facts.recipient, envelope_id(key, mail_id))
