"""What a person decided about our mails goes along with them: to another address, to another row.

Entries of the suppression list are made and lifted in preferences.py. Nothing here ends one.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from surveys.mail.wanted import OF_OPEN_WAVES
from surveys.models import Invitation, OutgoingMail, Suppression
from surveys.preferences import suppress
from surveys.terms import MailState, SuppressionReason

#: Decisions about a person, which go along to their new address; a bounce is of the old one.
PERSONAL_REASONS = (
    SuppressionReason.OPT_OUT,
    SuppressionReason.COMPLAINT,
    SuppressionReason.MANUAL,
)
#: Mails in these states have not left and can still be taken back or sent elsewhere.
WAITING = (MailState.QUEUED, MailState.DEFERRED)


def carry_over(
    session: Session,
    old_hash: bytes,
    new_hash: bytes,
    *,
    email: str | None,
    now: datetime,
    source: str | None = None,
) -> None:
    """A person who stopped our mails has stopped them at the new address too.

    `source` is by whose word; None keeps what stands at the old address.
    """
    query = select(Suppression.reason, Suppression.survey_id, Suppression.source).where(
        Suppression.email_hash == old_hash,
        Suppression.lifted_at.is_(None),
        Suppression.reason.in_(PERSONAL_REASONS),
    )
    for reason, survey_id, said in session.execute(query).all():
        suppress(
            session,
            new_hash,
            email=email,
            reason=reason,
            source=source or said,
            now=now,
            survey_id=survey_id,
        )


def is_erased(session: Session, email_hash: bytes) -> bool:
    """Whether the person behind this address asked to be forgotten."""
    found = session.scalar(
        select(Suppression.id)
        .where(
            Suppression.email_hash == email_hash,
            Suppression.reason == SuppressionReason.ERASED,
            Suppression.lifted_at.is_(None),
        )
        .limit(1)
    )
    return found is not None


def withdraw_waiting_mails(session: Session, contact_ids: Sequence[int]) -> int:
    """Requests for answers that have not left stay here; how many there were."""
    withdrawn = session.execute(
        update(OutgoingMail)
        .where(*_waiting(contact_ids), OutgoingMail.kind.in_(OF_OPEN_WAVES))
        .values(state=MailState.CANCELLED)
        .returning(OutgoingMail.id)
    )
    return len(withdrawn.all())


def readdress_waiting_mails(
    session: Session, contact_ids: Sequence[int], *, email: str, email_hash: bytes
) -> None:
    """Mails that have not left go to the person's new address."""
    session.execute(
        update(OutgoingMail)
        .where(*_waiting(contact_ids), OutgoingMail.email.is_not(None))
        .values(email=email, email_hash=email_hash)
    )


def _waiting(contact_ids: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    invited = select(Invitation.id).where(Invitation.contact_id.in_(contact_ids))
    return OutgoingMail.invitation_id.in_(invited), OutgoingMail.state.in_(WAITING)
