"""What a bounce or a refusal means: for its mail, for the address, and for mails that wait for it.

A message counts once, whatever way it comes. It is believed only when it names a mail of ours by
what nobody else can make: an HMAC in the ENVID or in the return address, or the random Message-ID.
What is suppressed is always the address that the mail was sent to, never one that a bounce names.

- hard: the address is suppressed at once;
- soft: counted; suppressed when nothing arrived in three waves running;
- policy: never suppressed; counted for the pause of the wave (surveys/pauses.py);
- complaint: suppressed at once;
- delayed: a note in the mail's log.

What a server says while a mail is sent is judged by the same rule as what it sends back later.
What names no mail is kept and listed for a person. Sources: RFC 3463, RFC 3464, RFC 5965.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.audit import record_event
from surveys.email_addresses import normalise_email
from surveys.mail.bounces.statuses import kind_of_failure
from surveys.mail.bounces.verdicts import (
    Bounce,
    BounceKind,
    MatchingKeys,
    RecipientReport,
    gravest,
)
from surveys.mail.transport import Delivery, Step
from surveys.mail.verp import mail_of_bounce_address, mail_of_envelope_id
from surveys.models import MailEvent, OutgoingMail, Suppression
from surveys.pauses import pause_if_refused
from surveys.preferences import suppress
from surveys.terms import MailKind, MailState, SuppressionReason
from surveys.tokens import identity_hash

SOFT_WAVES = 3
#: Steps at which a server speaks of a recipient, and not of us or of the line.
ABOUT_RECIPIENT = (Step.RCPT, Step.DATA, Step.DOT)
#: The source of what was refused on the spot.
WHILE_SENDING = "smtp"
CAME_BACK = (BounceKind.HARD, BounceKind.POLICY, BounceKind.SOFT)
WAITING = (MailState.QUEUED, MailState.DEFERRED)
REASONS = {
    BounceKind.HARD: SuppressionReason.HARD_BOUNCE,
    BounceKind.COMPLAINT: SuppressionReason.COMPLAINT,
}
_ADDRESS = re.compile(r"[^\s<>@]{1,64}@[^\s<>@,;:]{1,255}")


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a bounce was found: `imap` with UIDVALIDITY:UID, or `webhook` with an event's id."""

    source: str
    key: str


@dataclass(frozen=True, slots=True)
class BounceKeys:
    """What marks of ours are made of, and what addresses are hashed with; see the settings."""

    secret_key: str
    identity_key: str


class Outcome(StrEnum):
    """What became of one message."""

    RECORDED = "recorded"
    UNMATCHED = "unmatched"
    KNOWN = "known"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a message has changed. `kind` is what it says about the mail that it names."""

    outcome: Outcome
    kind: BounceKind = BounceKind.NONE
    mail_id: int | None = None
    is_suppressed: bool = False


@dataclass(frozen=True, slots=True)
class UnmatchedBounce:
    """A message that names no mail of ours; `source` and `key` say where it can be read."""

    event_id: int
    kind: BounceKind
    source: str
    key: str
    status: str | None
    detail: str
    created_at: datetime


def record_bounce(
    session: Session, bounce: Bounce, *, arrival: Arrival, keys: BounceKeys, now: datetime
) -> Recorded:
    """Apply one message from the bounce mailbox or a provider; a second time changes nothing."""
    if bounce.kind is BounceKind.NONE:
        return Recorded(Outcome.IGNORED)
    mail = _mail_of(session, bounce.keys, keys.secret_key)
    report = _report_about(bounce, mail, keys.identity_key)
    if not _store_event(session, bounce, report, arrival, mail, now):
        return Recorded(Outcome.KNOWN, report.kind, mail.id if mail else None)
    if mail is None:
        return Recorded(Outcome.UNMATCHED, report.kind)
    is_suppressed = _apply(session, mail, report.kind, source=arrival.source, now=now)
    return Recorded(Outcome.RECORDED, report.kind, mail.id, is_suppressed)


def record_refusal(
    session: Session, mail_id: int, delivery: Delivery, *, now: datetime
) -> BounceKind:
    """Apply what the receiving server said for good while this mail was sent, once it is settled.

    NONE when the mail did not fail, or failed for another reason: that says nothing of its address.
    """
    mail = session.get_one(OutgoingMail, mail_id, populate_existing=True)
    is_answer = delivery.step in ABOUT_RECIPIENT and delivery.code is not None
    if mail.state is not MailState.FAILED or not is_answer:
        return BounceKind.NONE
    kind = kind_of_failure(None, f"{delivery.code} {delivery.text or ''}")
    if kind is BounceKind.HARD and delivery.step is not Step.RCPT:
        # Who has accepted the recipient knows the address, whatever the text is refused for.
        kind = BounceKind.SOFT
    mail.bounce = kind.value
    mail.bounced_at = now if kind is BounceKind.HARD else mail.bounced_at
    session.flush()
    _consequences(session, mail, kind, source=WHILE_SENDING, now=now)
    return kind


def give_up_after_soft(session: Session, mail: OutgoingMail, *, source: str, now: datetime) -> bool:
    """Suppress an address at which nothing arrived in three waves running.

    A wave counts when something was refused or came back softly in it and nothing else was taken.
    What was before a person lifted an earlier entry does not count.
    """
    rows = session.execute(
        select(OutgoingMail.wave_id, OutgoingMail.bounce)
        .where(
            OutgoingMail.email_hash == mail.email_hash,
            OutgoingMail.wave_id.is_not(None),
            or_(OutgoingMail.state == MailState.SENT, OutgoingMail.bounce.is_not(None)),
            OutgoingMail.due_at > _lifted_at(session, mail.email_hash),
        )
        .order_by(OutgoingMail.wave_id.desc())
    ).all()
    last = sorted({row.wave_id for row in rows}, reverse=True)[:SOFT_WAVES]
    said = [{row.bounce for row in rows if row.wave_id == wave_id} for wave_id in last]
    if len(last) < SOFT_WAVES or any(kinds != {BounceKind.SOFT.value} for kinds in said):
        return False
    _suppress(session, mail, SuppressionReason.HARD_BOUNCE, source=source, now=now)
    return True


def unmatched_bounces(session: Session, *, limit: int = 100) -> Sequence[UnmatchedBounce]:
    """What came back and names no mail of ours, newest first, for a person to look at."""
    events = session.scalars(
        select(MailEvent)
        .where(MailEvent.mail_id.is_(None), MailEvent.digest.is_not(None))
        .order_by(MailEvent.id.desc())
        .limit(limit)
    )
    return [
        UnmatchedBounce(
            event_id=event.id,
            kind=BounceKind(event.kind),
            source=event.source,
            key=event.source_key or "",
            status=event.status,
            detail=event.detail or "",
            created_at=event.created_at,
        )
        for event in events
    ]


def _mail_of(session: Session, keys: MatchingKeys, secret_key: str) -> OutgoingMail | None:
    """The mail that a bounce names, locked. The first key decides: a forged one names nothing."""
    for text in keys.envelope_ids:
        return _mail_by_id(session, mail_of_envelope_id(secret_key, text))
    for address in keys.return_addresses:
        return _mail_by_id(session, mail_of_bounce_address(secret_key, address))
    for message_id in keys.message_ids:
        mail = session.scalar(
            select(OutgoingMail)
            .where(OutgoingMail.message_id == message_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        if mail is not None:
            return mail
    return None


def _mail_by_id(session: Session, mail_id: int | None) -> OutgoingMail | None:
    if mail_id is None:
        return None
    return session.get(OutgoingMail, mail_id, with_for_update=True, populate_existing=True)


def _report_about(bounce: Bounce, mail: OutgoingMail | None, identity_key: str) -> RecipientReport:
    """What a bounce says about the recipient of this mail.

    Where it speaks of other addresses only (a list, a forward), the address itself exists: what is
    hard for them is soft for it.
    """
    if mail is None or bounce.kind is BounceKind.COMPLAINT:
        return _gravest_of(bounce.reports)
    of_mail = [
        report
        for report in bounce.reports
        if _is_address(report.address or report.original, mail.email_hash, identity_key)
    ]
    if of_mail:
        return _gravest_of(of_mail)
    report = _gravest_of(bounce.reports)
    names_others = any(each.address or each.original for each in bounce.reports)
    if names_others and report.kind is BounceKind.HARD:
        return replace(report, kind=BounceKind.SOFT)
    return report


def _gravest_of(reports: Sequence[RecipientReport]) -> RecipientReport:
    kind = gravest({report.kind for report in reports})
    return next(report for report in reports if report.kind is kind)


def _is_address(address: str | None, email_hash: bytes, identity_key: str) -> bool:
    normalised = normalise_email(address) if address else None
    return normalised is not None and identity_hash(identity_key, normalised) == email_hash


def _store_event(
    session: Session,
    bounce: Bounce,
    report: RecipientReport,
    arrival: Arrival,
    mail: OutgoingMail | None,
    now: datetime,
) -> bool:
    """Keep the message; False when it is known by its place or by its bytes."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    stored = session.execute(
        dialect.insert(MailEvent)
        .values(
            mail_id=mail.id if mail else None,
            kind=report.kind.value,
            source=arrival.source,
            source_key=arrival.key,
            status=report.status,
            # An address would outlive the erasure of its person here.
            detail=_ADDRESS.sub("…", report.diagnostic) or None,
            digest=bounce.digest,
            created_at=now,
        )
        .on_conflict_do_nothing()
        .returning(MailEvent.id)
    )
    return stored.one_or_none() is not None


def _apply(
    session: Session, mail: OutgoingMail, kind: BounceKind, *, source: str, now: datetime
) -> bool:
    """Whether the address is suppressed by this."""
    if kind in CAME_BACK:
        before = {BounceKind(mail.bounce)} if mail.bounce else set()
        mail.bounce = gravest({kind, *before}).value
        mail.bounced_at = mail.bounced_at or now
        session.flush()
    return _consequences(session, mail, kind, source=source, now=now)


def _consequences(
    session: Session, mail: OutgoingMail, kind: BounceKind, *, source: str, now: datetime
) -> bool:
    """Whether the address is suppressed by this."""
    if kind in REASONS:
        _suppress(session, mail, REASONS[kind], source=source, now=now)
        return True
    if kind is BounceKind.POLICY:
        pause_if_refused(session, mail, now=now)
    return kind is BounceKind.SOFT and give_up_after_soft(session, mail, source=source, now=now)


def _suppress(
    session: Session,
    mail: OutgoingMail,
    reason: SuppressionReason,
    *,
    source: str,
    now: datetime,
) -> None:
    """Nothing goes to this address any more, not even what is queued already."""
    suppress(session, mail.email_hash, email=mail.email, reason=reason, source=source, now=now)
    session.execute(
        update(OutgoingMail)
        .where(
            OutgoingMail.email_hash == mail.email_hash,
            OutgoingMail.state.in_(WAITING),
            OutgoingMail.kind != MailKind.PASSWORD_RESET,
        )
        .values(state=MailState.SUPPRESSED)
        .execution_options(synchronize_session=False)
    )
    record_event(
        session,
        "suppression.add",
        actor=source,
        now=now,
        object_type="mail",
        object_id=mail.id,
        reason=reason.value,
    )


def _lifted_at(session: Session, email_hash: bytes) -> datetime:
    lifted = session.scalar(
        select(func.max(Suppression.lifted_at)).where(
            Suppression.email_hash == email_hash,
            Suppression.reason == SuppressionReason.HARD_BOUNCE,
        )
    )
    return lifted or datetime.min.replace(tzinfo=UTC)
