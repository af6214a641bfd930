"""What the worker does at each tick, on the collecting side.

Each job is a function of a JobContext, safe to run twice and from several workers at once: what
makes it safe is in the database (unique keys, claims), never a promise that only one worker runs. A
job commits once per item.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from jinja2 import Environment
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.bounces import BounceKeys
from surveys.config import Settings
from surveys.follow_ups import (
    queue_results,
    queue_thanks,
    waves_to_thank,
    waves_with_new_results,
)
from surveys.invitations import LinkKeys
from surveys.mail.bounces.jobs import read_mailbox
from surveys.mail.bounces.mailbox import MailboxAway
from surveys.mail.sending import Sender, send_due
from surveys.mail.transport import MailTransport
from surveys.mail_retention import forget_old_mails
from surveys.models import Wave
from surveys.reminders import queue_due_reminders
from surveys.shuffle import shuffle_closed_waves
from surveys.waves import (
    close_due,
    due_schedules,
    open_scheduled,
    running_waves,
)

#: How long the bounce mailbox rests between two visits, and after one that failed.
MAILBOX_REST = timedelta(minutes=1)
MAILBOX_REST_WHEN_AWAY = timedelta(minutes=5)
FORGETTING_REST = timedelta(hours=1)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobContext:
    """All that jobs get: sessions, clock, settings, mail server, and the name of this worker.

    `rests` is the worker's own memory of what it lets rest until when.
    """

    new_session: Callable[[], Session]
    clock: Callable[[], datetime]
    settings: Settings
    transport: MailTransport | None
    environment: Environment
    owner: str
    rests: dict[str, datetime] = field(default_factory=dict)

    @property
    def keys(self) -> LinkKeys:
        """What links and Message-IDs are made of."""
        return LinkKeys(self.settings.secret_key, self.settings.mail_domain)


@dataclass(frozen=True, slots=True)
class Job:
    """A named piece of work of the worker."""

    name: str
    run: Callable[[JobContext], int]


def open_due_waves(context: JobContext) -> int:
    """Open every wave whose time has come, one schedule per transaction."""
    with context.new_session() as session:
        due = due_schedules(session, now=context.clock())
        session.rollback()
    return sum(_open_one(context, schedule_id) for schedule_id in due)


def close_due_waves(context: JobContext) -> int:
    """Close every wave whose grace time is over."""
    with context.new_session() as session:
        closed = close_due(session, now=context.clock())
        session.commit()
    return len(closed)


def queue_reminders_due(context: JobContext) -> int:
    """Queue the reminders whose day has come, one wave per transaction."""
    with context.new_session() as session:
        wave_ids = [wave.id for wave in running_waves(session)]
        session.rollback()
        queued = 0
        for wave_id in wave_ids:
            wave = session.get_one(Wave, wave_id)
            try:
                queued += queue_due_reminders(session, wave, keys=context.keys, now=context.clock())
                session.commit()
            except IntegrityError:
                # Another worker queued the same reminders a moment earlier.
                session.rollback()
    return queued


def queue_thanks_due(context: JobContext) -> int:
    """Queue thanks for answers, where surveys send them, one wave per transaction."""
    with context.new_session() as session:
        wave_ids = waves_to_thank(session, now=context.clock())
        session.rollback()
    return sum(_queue_for(context, wave_id, queue_thanks) for wave_id in wave_ids)


def queue_results_due(context: JobContext) -> int:
    """Queue the results mails of waves that were published, one wave per transaction."""
    with context.new_session() as session:
        wave_ids = waves_with_new_results(session)
        session.rollback()
    return sum(_queue_for(context, wave_id, queue_results) for wave_id in wave_ids)


def send_mails(context: JobContext) -> int:
    """Send what is due; without a mail server everything stays queued."""
    if context.transport is None:
        return 0
    sender = Sender(
        settings=context.settings,
        transport=context.transport,
        environment=context.environment,
        owner=context.owner,
        clock=context.clock,
    )
    with context.new_session() as session:
        result = send_due(session, sender)
    if result.by_outcome:
        logger.info("mails: %s", result.by_outcome)
    return sum(result.by_outcome.values())


def read_bounces(context: JobContext) -> int:
    """Read what came back to the bounce mailbox, where there is one."""
    imap, now = context.settings.imap, context.clock()
    if imap is None or now < context.rests.get("bounces", now):
        return 0
    context.rests["bounces"] = now + MAILBOX_REST
    keys = BounceKeys(context.settings.secret_key, context.settings.identity_key)
    try:
        outcomes = read_mailbox(context.new_session, imap, keys=keys, clock=context.clock)
    except MailboxAway as away:
        logger.warning("%s", away)
        context.rests["bounces"] = now + MAILBOX_REST_WHEN_AWAY
        return 0
    if outcomes:
        logger.info("bounces: %s", {each.value: n for each, n in sorted(outcomes.items())})
    return outcomes.total()


def forget_mails(context: JobContext) -> int:
    """Forget whom mails of three months ago went to, a batch a transaction; looks once an hour."""
    now = context.clock()
    if now < context.rests.get("forget mails", now):
        return 0
    context.rests["forget mails"] = now + FORGETTING_REST
    forgotten = 0
    with context.new_session() as session:
        while changed := forget_old_mails(session, now=now):
            session.commit()
            forgotten += changed
        session.rollback()
    return forgotten


def shuffle_anonymous(context: JobContext) -> int:
    """Move the answers of closed anonymous waves out of their inbox, in random order."""
    with context.new_session() as session:
        return shuffle_closed_waves(session)


JOBS: Sequence[Job] = (
    Job("open waves", open_due_waves),
    Job("close waves", close_due_waves),
    Job("queue reminders", queue_reminders_due),
    Job("queue thanks", queue_thanks_due),
    Job("queue results", queue_results_due),
    Job("read bounces", read_bounces),
    Job("send mails", send_mails),
    Job("shuffle anonymous answers", shuffle_anonymous),
    Job("forget mails", forget_mails),
)


class _Queue(Protocol):
    """Queues mails of one wave; how many."""

    def __call__(self, session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> int: ...


def _queue_for(context: JobContext, wave_id: int, queue: _Queue) -> int:
    with context.new_session() as session:
        wave = session.get_one(Wave, wave_id)
        try:
            queued = queue(session, wave, keys=context.keys, now=context.clock())
            session.commit()
        except IntegrityError:
            # Another worker queued the same mails a moment earlier.
            session.rollback()
            return 0
    return queued


def _open_one(context: JobContext, schedule_id: int) -> int:
    with context.new_session() as session:
        try:
            opened = open_scheduled(
                session,
                schedule_id,
                keys=context.keys,
                now=context.clock(),
                late_limit=timedelta(hours=context.settings.late_limit_hours),
            )
            # Read before the commit, after which the objects belong to no transaction.
            wave_id = opened.run.id if opened else None
            session.commit()
        except IntegrityError:
            # Another worker opened the same wave a moment earlier; its transaction holds.
            session.rollback()
            logger.info("schedule %s was opened by another worker", schedule_id)
            return 0
    if opened is None:
        return 0
    asked = {audience.value: invited.people for audience, invited in opened.invited.items()}
    logger.info("wave %s opened, asked: %s", wave_id, asked)
    return 1
