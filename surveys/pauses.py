"""Waves whose mails are held back because receiving servers refuse them as unwanted.

When servers take a sender's mails for spam, going on makes it worse. So the run is paused, and a
person mends the cause and resumes it. Only its mails stop: whoever has a link can answer. Whether a
refusal is one by policy is decided in surveys/bounces.py, which stands in the mail's row.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from surveys.audit import record_event
from surveys.errors import WaveStateError
from surveys.mail.bounces.verdicts import BounceKind
from surveys.models import OutgoingMail, Wave
from surveys.terms import MailState, PauseReason, WaveState
from surveys.waves import Run

#: So many mails of a wave, tried one after another, and how many of them may be refused by policy.
WINDOW = 100
MOST_REFUSED = 5
ACTOR = "worker"
logger = logging.getLogger(__name__)


def pause_if_refused(session: Session, mail: OutgoingMail, *, now: datetime) -> bool:
    """Pause the run of this refused mail when more than 5 of 100 mails in a row were refused.

    In a row: tried one after another, this one among them. So a refusal that comes back an hour
    later counts beside those that were sent with it, and not beside the last ones. Both audiences
    have the same sender, so both are paused. Returns whether this call did it.
    """
    wave = session.get(Wave, mail.wave_id) if mail.wave_id else None
    if wave is None or mail.tried_at is None or wave.state is not WaveState.OPEN:
        return False
    if most_in_a_row(_refused_around(session, wave, mail)) <= MOST_REFUSED:
        return False
    paused = session.execute(
        update(Wave)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.number == wave.number,
            Wave.state == WaveState.OPEN,
        )
        .values(state=WaveState.PAUSED, pause_reason=PauseReason.MAIL_POLICY)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(paused, CursorResult)
    if paused.rowcount == 0:
        return False
    record_event(
        session,
        "wave.pause",
        actor=ACTOR,
        now=now,
        object_type="wave",
        object_id=wave.id,
        reason=PauseReason.MAIL_POLICY,
    )
    logger.warning("wave %s paused: its mails are refused as unwanted", wave.id)
    return True


def most_in_a_row(is_refused: Sequence[bool]) -> int:
    """The most refusals within any 100 that follow one another."""
    until = list(accumulate(is_refused, initial=0))
    return max(
        (until[min(start + WINDOW, len(is_refused))] - until[start] for start in range(len(until))),
        default=0,
    )


def resume_run(session: Session, run: Run, *, now: datetime) -> int:
    """Go on sending; how many mails that were refused by policy are tried again.

    They were refused while sending, for certain, so nobody gets a second copy; what came back later
    may have reached somebody on its way and stays. Raises WaveStateError unless the run is paused.
    """
    for wave in run.waves:
        session.refresh(wave, with_for_update=True)
    if run.partner.state is not WaveState.PAUSED:
        raise WaveStateError(run.partner.state.value, "resume")
    for wave in run.waves:
        if wave.state is WaveState.PAUSED:
            wave.state = WaveState.OPEN
            wave.pause_reason = None
            wave.mail_resumed_at = now
    session.flush()
    refused = _refused_by_policy(session, run)
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(refused), OutgoingMail.state == MailState.FAILED)
        .values(state=MailState.QUEUED, due_at=now, attempts=0, bounce=None, bounced_at=None)
        .execution_options(synchronize_session=False)
    )
    return len(refused)


def _refused_by_policy(session: Session, run: Run) -> Sequence[int]:
    return session.scalars(
        select(OutgoingMail.id).where(
            OutgoingMail.wave_id.in_([wave.id for wave in run.waves]),
            OutgoingMail.state == MailState.FAILED,
            OutgoingMail.bounce == BounceKind.POLICY.value,
        )
    ).all()


def _refused_around(session: Session, wave: Wave, mail: OutgoingMail) -> list[bool]:
    """Of this mail and of those tried within a window before and after it, in their order, whether
    they were refused by policy. What was before a person let the mails go on is not looked at.
    """
    at, same = OutgoingMail.tried_at, OutgoingMail.tried_at == mail.tried_at
    until = or_(at < mail.tried_at, and_(same, OutgoingMail.id <= mail.id))
    since = or_(at > mail.tried_at, and_(same, OutgoingMail.id > mail.id))
    newest_first = (at.desc(), OutgoingMail.id.desc())
    before = session.scalars(_tried(wave, until).order_by(*newest_first).limit(WINDOW)).all()
    after = session.scalars(_tried(wave, since).order_by(at, OutgoingMail.id).limit(WINDOW - 1))
    return [kind == BounceKind.POLICY for kind in (*reversed(before), *after)]


def _tried(wave: Wave, condition: ColumnElement[bool]) -> Select[str | None]:
    resumed_at = wave.mail_resumed_at or datetime.min.replace(tzinfo=UTC)
    return select(OutgoingMail.bounce).where(
        OutgoingMail.wave_id == wave.id,
        OutgoingMail.state.in_((MailState.SENT, MailState.FAILED)),
        OutgoingMail.tried_at >= resumed_at,
        condition,
    )
