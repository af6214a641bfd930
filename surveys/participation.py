"""How far the invited of a wave came: counts from the marks on invitations. Facts, no estimate.

No answer is read here, so these figures may be shown while a wave is open, in every mode.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from surveys.models import Invitation, OutgoingMail, Wave
from surveys.terms import MailKind, MailState

FIRST_MAILS = (MailKind.INVITATION, MailKind.STAFF_INVITATION)
#: A first mail in one of these has not left, or never will.
UNSENT = (
    MailState.QUEUED,
    MailState.DEFERRED,
    MailState.CLAIMED,
    MailState.FAILED,
    MailState.SUPPRESSED,
    MailState.CANCELLED,
)


@dataclass(frozen=True, slots=True)
class Participation:
    """Counts of people in one wave, each part of the one before.

    `delivered` = invited without hard bounces and without mails that have not left. In anonymous
    mode nothing is known between delivered and answered: `opened` and `started` equal `answered`.
    Source: method of statistics, section 7.
    """

    invited: int = 0
    delivered: int = 0
    opened: int = 0
    started: int = 0
    answered: int = 0

    @property
    def response_rate(self) -> float | None:
        """answered / delivered, 0..1; None while nothing is delivered."""
        return self.answered / self.delivered if self.delivered else None


def participation(session: Session, wave: Wave) -> Participation:
    """The counts of one wave."""
    return participations(session, [wave.id])[wave.id]


def participations(session: Session, wave_ids: Sequence[int]) -> dict[int, Participation]:
    """The counts of each of these waves; three statements at most, however many they are.

    A closed wave has them with it, so that no page counts invitations whose marks cannot change.
    """
    kept = session.execute(
        select(Wave.id, Wave.participation).where(
            Wave.id.in_(wave_ids), Wave.participation.is_not(None)
        )
    )
    found = {row.id: Participation(**row.participation) for row in kept}
    return found | _counted(session, [each for each in wave_ids if each not in found])


def keep_participation(session: Session, wave: Wave) -> None:
    """Count a closed wave for the last time: its marks and first mails are final."""
    wave.participation = asdict(_counted(session, [wave.id])[wave.id])


def _counted(session: Session, wave_ids: Sequence[int]) -> dict[int, Participation]:
    if not wave_ids:
        return {}
    unsent = _unsent(session, wave_ids)
    marks = session.execute(
        select(
            Invitation.wave_id,
            func.count().label("invited"),
            func.count(Invitation.opened_on).label("opened"),
            func.count(Invitation.started_on).label("started"),
            func.count(Invitation.answered_on).label("answered"),
        )
        .where(Invitation.wave_id.in_(wave_ids))
        .group_by(Invitation.wave_id)
    )
    found = dict.fromkeys(wave_ids, Participation())
    for row in marks:
        started = max(row.started, row.answered)
        opened = max(row.opened, started)
        found[row.wave_id] = Participation(
            invited=row.invited,
            # Somebody may open a forwarded link although the mail is counted as lost.
            delivered=max(row.invited - unsent.get(row.wave_id, 0), opened),
            opened=opened,
            started=started,
            answered=row.answered,
        )
    return found


def _unsent(session: Session, wave_ids: Sequence[int]) -> dict[int | None, int]:
    rows = session.execute(
        select(OutgoingMail.wave_id, func.count(OutgoingMail.invitation_id.distinct()))
        .where(
            OutgoingMail.wave_id.in_(wave_ids),
            OutgoingMail.kind.in_(FIRST_MAILS),
            or_(OutgoingMail.state.in_(UNSENT), OutgoingMail.bounced_at.is_not(None)),
        )
        .group_by(OutgoingMail.wave_id)
    )
    return dict(rows.all())
