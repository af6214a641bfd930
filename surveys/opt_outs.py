"""Stopping mails at the word of a mail that came back to us; each counts once.

It does what the link in the mail does: survey mails end for the address, digests for their reader.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.audit import record_event
from surveys.bounces import Arrival, Outcome
from surveys.digests import choose_digest
from surveys.mail.verp import mail_of_bounce_address
from surveys.models import MailEvent, OutgoingMail
from surveys.preferences import suppress
from surveys.terms import Digest, MailKind, SuppressionReason

OPT_OUT = "opt_out"
SOURCE = "mail"


def record_opt_out(
    session: Session,
    addresses: Sequence[str],
    *,
    digest: bytes,
    arrival: Arrival,
    secret_key: str,
    now: datetime,
) -> Outcome:
    """Stop what the mail that one of these addresses names belongs to; `digest` is of the request.

    UNMATCHED when we made none of them: a person looks at it.
    """
    mail = _mail_of(session, addresses, secret_key)
    if mail is None:
        return Outcome.UNMATCHED
    if not _store(session, mail, digest=digest, arrival=arrival, now=now):
        return Outcome.KNOWN
    if mail.kind is MailKind.STAFF_DIGEST and mail.user_id is not None:
        choose_digest(session, mail.user_id, Digest.NEVER)
    else:
        suppress(
            session,
            mail.email_hash,
            email=mail.email,
            reason=SuppressionReason.OPT_OUT,
            source=SOURCE,
            now=now,
        )
    record_event(
        session,
        "suppression.add",
        actor=SOURCE,
        now=now,
        object_type="mail",
        object_id=mail.id,
        reason=OPT_OUT,
    )
    return Outcome.RECORDED


def _mail_of(session: Session, addresses: Sequence[str], secret_key: str) -> OutgoingMail | None:
    for address in addresses:
        mail_id = mail_of_bounce_address(secret_key, address)
        if mail_id is not None:
            return session.get(OutgoingMail, mail_id)
    return None


def _store(
    session: Session, mail: OutgoingMail, *, digest: bytes, arrival: Arrival, now: datetime
) -> bool:
    """Keep that it came; False when it is known by its place or by its bytes."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    stored = session.execute(
        dialect.insert(MailEvent)
        .values(
            mail_id=mail.id,
            kind=OPT_OUT,
            source=arrival.source,
            source_key=arrival.key,
            digest=digest,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(MailEvent.id)
    )
    return stored.one_or_none() is not None
