"""What is forgotten of mails after three months: whom they went to, their names, others' words.

That a mail was sent, how it ended and what its bounce meant stays: response rates and the rule of
three soft waves need it. So does the digest of what came back, by which it counts once.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from surveys.models import MailEvent, OutgoingMail
from surveys.terms import MailState

KEPT = timedelta(days=90)
SETTLED = (
    MailState.SENT,
    MailState.FAILED,
    MailState.SUPPRESSED,
    MailState.CANCELLED,
    MailState.UNCERTAIN,
)
#: More at once would keep others from writing for long.
BATCH = 5_000


def forget_old_mails(session: Session, *, now: datetime) -> int:
    """Forget one batch of what is older than three months; how many rows were changed."""
    limit = now - KEPT
    ended = func.coalesce(OutgoingMail.sent_at, OutgoingMail.tried_at, OutgoingMail.due_at)
    has_person = or_(OutgoingMail.email.is_not(None), OutgoingMail.values.is_not(None))
    mails = (
        select(OutgoingMail.id)
        .where(OutgoingMail.state.in_(SETTLED), ended < limit, has_person)
        .limit(BATCH)
    )
    told = (
        select(MailEvent.id)
        .where(MailEvent.created_at < limit, MailEvent.detail.is_not(None))
        .where(MailEvent.mail_id.is_not(None), MailEvent.digest.is_not(None))
        .limit(BATCH)
    )
    lost = (
        select(MailEvent.id)
        .where(MailEvent.created_at < limit, MailEvent.mail_id.is_(None))
        .limit(BATCH)
    )
    changed = [
        session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id.in_(mails))
            .values(email=None, values=None)
            .returning(OutgoingMail.id)
            .execution_options(synchronize_session=False)
        ),
        session.execute(
            update(MailEvent)
            .where(MailEvent.id.in_(told))
            .values(detail=None)
            .returning(MailEvent.id)
            .execution_options(synchronize_session=False)
        ),
        session.execute(
            delete(MailEvent)
            .where(MailEvent.id.in_(lost))
            .returning(MailEvent.id)
            .execution_options(synchronize_session=False)
        ),
    ]
    return sum(len(each.all()) for each in changed)
