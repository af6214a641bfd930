"""Conditions under which a mail may leave, as parts of the statements that claim and send it.

A condition that was asked before the statement could be untrue by the time it runs; inside it, the
database decides. Nothing is written here.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select

from surveys.models import Invitation, OutgoingMail, Suppression, Wave
from surveys.terms import MailKind, WaveState

REMINDERS = (MailKind.REMINDER_1, MailKind.REMINDER_LAST, MailKind.STAFF_REMINDER)
#: Mails that ask for answers: of no use once the wave has ended.
OF_OPEN_WAVES = (MailKind.INVITATION, MailKind.STAFF_INVITATION, *REMINDERS)
#: Mails that may leave after the wave, too; while it is paused nothing does.
AFTER_ANSWERS = (MailKind.THANKS, MailKind.RESULTS)
OF_WAVES = (*OF_OPEN_WAVES, *AFTER_ANSWERS)
#: Now, or the name under which a statement is told it.
Instant = datetime | ColumnElement[datetime]


def is_wanted(now: Instant) -> tuple[ColumnElement[bool], ...]:
    """All conditions; part of the claim and of the step to DATA."""
    return (
        OutgoingMail.email.is_not(None),
        ~_wave_is_not_sending(now),
        ~reminder_is_needless(),
        ~is_suppressed(),
    )


def wave_has_ended(now: datetime) -> ColumnElement[bool]:
    """Whether a mail asks for answers that its wave does not take any more."""
    return exists().where(
        Wave.id == OutgoingMail.wave_id,
        OutgoingMail.kind.in_(OF_OPEN_WAVES),
        or_(Wave.state.in_((WaveState.CLOSED, WaveState.CANCELLED)), Wave.closes_at <= now),
    )


def reminder_is_needless() -> ColumnElement[bool]:
    """Whether a mail reminds somebody who has answered."""
    return and_(
        OutgoingMail.kind.in_(REMINDERS),
        exists().where(
            Invitation.id == OutgoingMail.invitation_id, Invitation.answered_on.is_not(None)
        ),
    )


def is_suppressed() -> ColumnElement[bool]:
    """Whether nothing may be mailed to this address, by this survey or by any."""
    # A password reset is asked for by its receiver; an opt-out from surveys does not stop it.
    of_this_survey = (
        select(Wave.survey_id)
        .where(Wave.id == OutgoingMail.wave_id)
        .correlate(OutgoingMail)
        .scalar_subquery()
    )
    return and_(
        OutgoingMail.kind != MailKind.PASSWORD_RESET,
        exists().where(
            Suppression.email_hash == OutgoingMail.email_hash,
            Suppression.lifted_at.is_(None),
            or_(Suppression.survey_id.is_(None), Suppression.survey_id == of_this_survey),
        ),
    )


def _wave_is_not_sending(now: Instant) -> ColumnElement[bool]:
    return exists().where(
        Wave.id == OutgoingMail.wave_id,
        or_(
            and_(
                OutgoingMail.kind.in_(OF_OPEN_WAVES),
                or_(Wave.state != WaveState.OPEN, Wave.closes_at <= now),
            ),
            and_(
                OutgoingMail.kind.in_(AFTER_ANSWERS),
                Wave.state.not_in((WaveState.OPEN, WaveState.CLOSED)),
            ),
        ),
    )
