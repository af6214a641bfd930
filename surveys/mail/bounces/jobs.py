"""Reads what is new in the bounce mailbox; commits message by message.

Run twice, or by two workers at once, it records each message once: the database decides that. No
transaction is open while the server is waited for.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from sqlalchemy.orm import Session

from surveys.bounces import Arrival, BounceKeys, Outcome, record_bounce
from surveys.config import ImapSettings
from surveys.mail.bounces.mailbox import DEADLINE_SECONDS, BounceMailbox
from surveys.mail.bounces.opt_outs import opt_out_addresses
from surveys.mail.bounces.reading import digest_of, read_bounce
from surveys.mailbox_positions import advance, last_uid
from surveys.opt_outs import record_opt_out

#: What one visit reads at most, so that sending is not kept waiting.
BATCH = 100
SOURCE = "imap"


def read_mailbox(
    new_session: Callable[[], Session],
    settings: ImapSettings,
    *,
    keys: BounceKeys,
    clock: Callable[[], datetime],
    deadline_seconds: float = DEADLINE_SECONDS,
) -> Counter[Outcome]:
    """How many messages were read, by what became of them. Raises MailboxAway; what was read by
    then is kept.
    """
    name = mailbox_name(settings)
    outcomes: Counter[Outcome] = Counter()
    with (
        BounceMailbox(settings, deadline_seconds=deadline_seconds) as mailbox,
        new_session() as session,
    ):
        start = last_uid(session, name, uid_validity=mailbox.uid_validity)
        session.rollback()
        for uid in mailbox.uids_after(start, limit=BATCH):
            outcome = _read_one(session, mailbox, uid, name=name, keys=keys, now=clock())
            outcomes[outcome] += 1
            if outcome is not Outcome.UNMATCHED:
                mailbox.mark_seen(uid)
    return outcomes


def mailbox_name(settings: ImapSettings) -> str:
    """What a mailbox is known by, whatever way leads to its server."""
    return f"{settings.username}@{settings.host}/{settings.folder}"


def _read_one(
    session: Session,
    mailbox: BounceMailbox,
    uid: int,
    *,
    name: str,
    keys: BounceKeys,
    now: datetime,
) -> Outcome:
    raw = mailbox.fetch(uid)
    outcome = Outcome.IGNORED
    if raw is not None:
        arrival = Arrival(SOURCE, f"{mailbox.uid_validity}:{uid}:{_short(name)}")
        outcome = _record(session, raw, arrival=arrival, keys=keys, now=now)
    advance(session, name, uid_validity=mailbox.uid_validity, uid=uid, now=now)
    session.commit()
    return outcome


def _record(
    session: Session, raw: bytes, *, arrival: Arrival, keys: BounceKeys, now: datetime
) -> Outcome:
    addresses = opt_out_addresses(raw)
    if addresses is not None:
        return record_opt_out(
            session,
            addresses,
            digest=digest_of(raw),
            arrival=arrival,
            secret_key=keys.secret_key,
            now=now,
        )
    return record_bounce(session, read_bounce(raw), arrival=arrival, keys=keys, now=now).outcome


def _short(name: str) -> str:
    """A mailbox in a few characters: two of them may number their messages alike."""
    return sha256(name.encode()).hexdigest()[:8]
