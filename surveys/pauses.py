"""Waves whose mails are held back because receiving servers refuse them as unwanted.

When servers take a sender's mails for spam, going on makes it worse. So the run is paused, and a
person mends the cause and resumes it. Only its mails stop: whoever has a link can answer.
"""

import logging
import re
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from surveys.audit import record_event
from surveys.errors import WaveStateError
from surveys.models import OutgoingMail, Wave
from surveys.terms import MailState, PauseReason, WaveState
from surveys.waves import Run

#: The last so many mails of a wave, and how many of them may be refused by policy.
WINDOW = 100
MOST_REFUSED = 5
#: RFC 5321: "transaction failed", of servers that give no enhanced status.
TRANSACTION_FAILED = 554
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
ACTOR = "worker"
logger = logging.getLogger(__name__)


def is_policy_refusal(code: int | None, text: str | None) -> bool:
    """Whether a final refusal is about us and what we sent: RFC 3463, 5.7.x; or a bare 554."""
    status = _STATUS.match(text or "")
    if status is None:
        return code == TRANSACTION_FAILED
    return status[0].startswith("5.7.")


def pause_if_refused(session: Session, wave_id: int, *, now: datetime) -> bool:
    """Pause the run of this wave when more than 5 of its last 100 mails were refused by policy.

    Both audiences have the same sender, so both are paused. Returns whether this call did it.
    """
    if _refused_of_last(session, wave_id) <= MOST_REFUSED:
        return False
    wave = session.get_one(Wave, wave_id)
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
        object_id=wave_id,
        reason=PauseReason.MAIL_POLICY,
    )
    logger.warning("wave %s paused: its mails are refused as unwanted", wave_id)
    return True


def resume_run(session: Session, run: Run, *, now: datetime) -> int:
    """Go on sending; how many mails that were refused by policy are tried again.

    They were refused for certain, so nobody gets a second copy. Raises WaveStateError unless the
    run is paused.
    """
    for wave in run.waves:
        session.refresh(wave, with_for_update=True)
    if run.partner.state is not WaveState.PAUSED:
        raise WaveStateError(run.partner.state.value, "resume")
    for wave in run.waves:
        if wave.state is WaveState.PAUSED:
            wave.state = WaveState.OPEN
            wave.pause_reason = None
    session.flush()
    refused = _refused_by_policy(session, run)
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(refused), OutgoingMail.state == MailState.FAILED)
        .values(state=MailState.QUEUED, due_at=now, attempts=0)
        .execution_options(synchronize_session=False)
    )
    return len(refused)


def _refused_by_policy(session: Session, run: Run) -> list[int]:
    failed = session.execute(
        select(OutgoingMail.id, OutgoingMail.reply_code, OutgoingMail.reply_text).where(
            OutgoingMail.wave_id.in_([wave.id for wave in run.waves]),
            OutgoingMail.state == MailState.FAILED,
        )
    )
    return [row.id for row in failed if is_policy_refusal(row.reply_code, row.reply_text)]


def _refused_of_last(session: Session, wave_id: int) -> int:
    last = session.execute(
        select(OutgoingMail.state, OutgoingMail.reply_code, OutgoingMail.reply_text)
        .where(
            OutgoingMail.wave_id == wave_id,
            OutgoingMail.tried_at.is_not(None),
            OutgoingMail.state.in_((MailState.SENT, MailState.FAILED)),
        )
        .order_by(OutgoingMail.tried_at.desc(), OutgoingMail.id.desc())
        .limit(WINDOW)
    ).all()
    return sum(
        row.state is MailState.FAILED and is_policy_refusal(row.reply_code, row.reply_text)
        for row in last
    )
