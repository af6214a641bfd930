"""When a wave's reminders are due, and reminding by hand.

Only those who have not answered are reminded, at most once with each kind, and never twice at once:
a worker that comes late sends the last reminder that is due and lets the earlier ones go. Whether
each mail is still wanted is asked again by the statement that sends it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys, queue_reminders
from surveys.models import OutgoingMail, Schedule, Wave
from surveys.recurrence import local_instant
from surveys.terms import Audience, MailKind, WaveState

#: In the order in which they are sent.
REMINDER_KINDS = {
    Audience.PARTNER: (MailKind.REMINDER_1, MailKind.REMINDER_LAST),
    Audience.INTERNAL: (MailKind.STAFF_REMINDER,),
}
DEFAULT_REMINDERS: dict[str, dict[str, int]] = {
    MailKind.REMINDER_1.value: {"after_days": 4},
    MailKind.REMINDER_LAST.value: {"before_days": 2},
    MailKind.STAFF_REMINDER.value: {"after_days": 4},
}


def reminder_plan(session: Session, wave: Wave) -> dict[MailKind, datetime]:
    """When each reminder of a wave is due, by the rules of its survey's schedule; in order."""
    schedule = session.scalar(select(Schedule).where(Schedule.survey_id == wave.survey_id))
    rules = schedule.reminders if schedule else DEFAULT_REMINDERS
    zone = ZoneInfo(schedule.time_zone if schedule else wave.survey.time_zone)
    plan: dict[MailKind, datetime] = {}
    # From the last one back: in a short wave the first would come after the last, or beside it.
    for kind in reversed(REMINDER_KINDS[wave.audience]):
        instant = _instant(wave, rules.get(kind.value), zone)
        if instant and all(_is_earlier_day(instant, other, zone) for other in plan.values()):
            plan[kind] = instant
    return dict(reversed(plan.items()))


def queue_due_reminders(session: Session, wave: Wave, *, keys: LinkKeys, now: datetime) -> int:
    """Queue the last reminder whose time has come, unless it or a later one was queued; how many
    mails."""
    if now >= wave.closes_at:
        return 0
    for kind, instant in reversed(reminder_plan(session, wave).items()):
        if was_queued(session, wave, kind):
            return 0
        if instant <= now:
            # The last one counts down to the close, the others up from the invitation.
            is_spread = kind is not MailKind.REMINDER_LAST
            return queue_reminders(session, wave, kind, keys=keys, now=now, is_spread=is_spread)
    return 0


def next_reminder(session: Session, wave: Wave, *, now: datetime) -> MailKind | None:
    """The kind that reminding now would send; None when all were sent or the wave takes none."""
    if wave.state is not WaveState.OPEN or now >= wave.closes_at:
        return None
    left = None
    for kind in reversed(REMINDER_KINDS[wave.audience]):
        if was_queued(session, wave, kind):
            return left
        left = kind
    return left


def remind_now(
    session: Session,
    wave: Wave,
    confirmed: MailKind,
    *,
    keys: LinkKeys,
    now: datetime,
) -> int:
    """Queue this reminder for everybody who has not answered; how many mails.

    `confirmed` is what the person saw when agreeing. When it is not the next one any more (a second
    click, or the worker was faster), nothing is queued: nobody gets two reminders at once.
    """
    if next_reminder(session, wave, now=now) is not confirmed:
        return 0
    return queue_reminders(session, wave, confirmed, keys=keys, now=now)


def was_queued(session: Session, wave: Wave, kind: MailKind) -> bool:
    """Whether this wave has any mail of this kind."""
    found = session.scalar(
        select(OutgoingMail.id)
        .where(OutgoingMail.wave_id == wave.id, OutgoingMail.kind == kind)
        .limit(1)
    )
    return found is not None


def _instant(wave: Wave, rule: Mapping[str, int] | None, zone: ZoneInfo) -> datetime | None:
    """The rule's day at the local time of opening; None when that is outside the wave."""
    if rule is None:
        return None
    opened = wave.opens_at.astimezone(zone)
    closing = wave.closes_at.astimezone(zone)
    if "after_days" in rule:
        day = opened.date() + timedelta(days=rule["after_days"])
    else:
        day = closing.date() - timedelta(days=rule["before_days"])
    instant = local_instant(day, opened.time(), zone)
    return instant if wave.opens_at < instant < wave.closes_at else None


def _is_earlier_day(instant: datetime, other: datetime, zone: ZoneInfo) -> bool:
    return instant.astimezone(zone).date() < other.astimezone(zone).date()
