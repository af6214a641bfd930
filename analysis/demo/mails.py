"""The mails of a closed wave in their final states, and whom mail does not reach any more.

Neither addresses nor texts are kept with mails this old. An address that bounced is suppressed, as
the product does it; where the simulation asks the person again, an administrator has lifted that
before. Who stopped our mails, and who has left and been replaced, is asked no more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from analysis.demo.desk import Desk
from analysis.demo.people import DAYS_BEFORE_ASKED, Somebody
from analysis.demo.runs import Asked, LoadedWave, sending_instant
from analysis.demo.surveys import ZONE
from analysis.demo.writing import moment, seeded_bytes, table, write
from analysis.simulator import MAIL_MINUTE
from surveys.bulk import update_rows
from surveys.invitations import FIRST_MAIL
from surveys.mail.bounces.verdicts import BounceKind
from surveys.reminders import REMINDER_KINDS
from surveys.terms import MailKind, MailState, SuppressionReason

UNKNOWN_USER = (550, "5.1.1 The mailbox does not exist")
ACCEPTED = (250, "2.0.0 Queued")
BOUNCED_AFTER = timedelta(minutes=4)
DAYS_BETWEEN_LIFT_AND_MAIL = 2


@dataclass(slots=True)
class Reach:
    """Whom mail does not reach, from wave to wave: suppressions of bounces by person, opt-outs."""

    bounced: dict[int, int] = field(default_factory=dict)
    left: set[int] = field(default_factory=set)
    stopped: dict[int, Somebody] = field(default_factory=dict)


def load_mails(desk: Desk, loaded: LoadedWave) -> None:
    """Store the mails of a wave and what came back about them."""
    write(desk.session, "outgoing_mails", _mail_rows(desk, loaded))


def load_reach(desk: Desk, loaded: LoadedWave, reach: Reach, *, is_everybody: bool) -> None:
    """Store what a wave of partners changes about who can be reached.

    `is_everybody`: all who could be asked were, so whoever was not had stopped or left.
    """
    invited = {each.person.id for each in loaded.asked}
    _lift(desk, loaded, reach, invited)
    if is_everybody:
        _replace(desk, loaded, reach, invited)
        write(desk.session, "exclusions", _exclusion_rows(loaded, reach, invited))
    rows = list(_suppression_rows(desk, loaded, reach))
    write(desk.session, "suppressions", rows)


def _mail_rows(desk: Desk, loaded: LoadedWave) -> Iterator[dict[str, Any]]:
    audience, count = loaded.wave.audience, len(loaded.asked)
    reminders = list(zip(REMINDER_KINDS[audience], loaded.played.reminds_on, strict=False))
    for each in loaded.asked:
        yield _first_mail(desk, loaded, each, FIRST_MAIL[audience])
    for kind, day in reminders:
        begin = moment(day, MAIL_MINUTE, ZONE)
        for place, each in enumerate(loaded.asked):
            sent_at = sending_instant(begin, place, count)
            if _is_reminded(each, sent_at):
                yield _mail(desk, loaded, each, kind) | _sent(sent_at)


def _is_reminded(each: Asked, sent_at: datetime) -> bool:
    """Whether the person could be reached, and had neither answered nor stopped by then."""
    if each.played.state == "bounced":
        return False
    is_over = each.played.state in ("answered", "opted_out")
    return not (is_over and each.ended_at is not None and each.ended_at <= sent_at)


def _first_mail(desk: Desk, loaded: LoadedWave, each: Asked, kind: MailKind) -> dict[str, Any]:
    row = _mail(desk, loaded, each, kind)
    if each.played.bounce == "unknown_user":
        code, text = UNKNOWN_USER
        return row | {
            "state": MailState.FAILED,
            "due_at": each.mailed_at,
            "bounced_at": each.mailed_at,
            "bounce": BounceKind.HARD,
            "step": "rcpt",
            "reply_code": code,
            "reply_text": text,
        }
    row |= _sent(each.mailed_at)
    if each.played.bounce is not None:
        row |= {"bounced_at": each.mailed_at + BOUNCED_AFTER, "bounce": BounceKind.HARD}
    return row


def _mail(desk: Desk, loaded: LoadedWave, each: Asked, kind: MailKind) -> dict[str, Any]:
    mail_id = next(desk.mail_ids)
    sign = seeded_bytes(desk.seed, "mail", mail_id).hex()[:24]
    return {
        "id": mail_id,
        "message_id": f"<{loaded.wave.id}.{each.id}.{sign}@{desk.keys.mail_domain}>",
        "kind": kind,
        "invitation_id": each.id,
        "wave_id": loaded.wave.id,
        "locale": each.person.locale,
        "email_hash": each.person.email_hash,
        "attempts": 1,
        "fence": 1,
        "n_uncertain": 0,
        "sent_at": None,
        "bounced_at": None,
        "bounce": None,
    }


def _sent(sent_at: datetime) -> dict[str, Any]:
    code, text = ACCEPTED
    return {
        "state": MailState.SENT,
        "due_at": sent_at,
        "sent_at": sent_at,
        "step": "dot",
        "reply_code": code,
        "reply_text": text,
    }


def _lift(desk: Desk, loaded: LoadedWave, reach: Reach, invited: set[int]) -> None:
    """An administrator has asked, and lets mails to these addresses leave again."""
    lifted_at = loaded.wave.opens_at - timedelta(days=DAYS_BETWEEN_LIFT_AND_MAIL)
    values = {"lifted_at": lifted_at, "lifted_by_id": desk.cast.admin_id}
    again = sorted(reach.bounced.keys() & invited)
    changes = {reach.bounced.pop(person_id): values for person_id in again}
    update_rows(desk.session, table("suppressions"), changes)
    reach.left.difference_update(again)


def _replace(desk: Desk, loaded: LoadedWave, reach: Reach, invited: set[int]) -> None:
    """Whose mail bounced and who is asked no more has left; a successor was recorded."""
    left_on = loaded.played.opens_on - timedelta(days=DAYS_BEFORE_ASKED)
    gone = sorted(reach.left - invited)
    update_rows(desk.session, table("contacts"), {each: {"left_on": left_on} for each in gone})
    reach.left.difference_update(gone)


def _exclusion_rows(
    loaded: LoadedWave, reach: Reach, invited: set[int]
) -> Iterator[dict[str, Any]]:
    for person_id in reach.stopped:
        if person_id not in invited:
            yield {
                "wave_id": loaded.wave.id,
                "contact_id": person_id,
                "reason": "suppressed",
                "created_at": loaded.wave.opens_at,
            }


def _suppression_rows(desk: Desk, loaded: LoadedWave, reach: Reach) -> Iterator[dict[str, Any]]:
    for each in loaded.asked:
        if each.played.state == "bounced":
            row = _suppression(desk, each, SuppressionReason.HARD_BOUNCE, _bounced_at(each))
            reach.bounced[each.person.id] = row["id"]
            if each.played.bounce == "unknown_user":
                reach.left.add(each.person.id)
            yield row
        elif each.played.state == "opted_out" and each.ended_at is not None:
            reach.stopped[each.person.id] = each.person
            yield _suppression(desk, each, SuppressionReason.OPT_OUT, each.ended_at)


def _bounced_at(each: Asked) -> datetime:
    is_refused = each.played.bounce == "unknown_user"
    return each.mailed_at if is_refused else each.mailed_at + BOUNCED_AFTER


def _suppression(
    desk: Desk, each: Asked, reason: SuppressionReason, created_at: datetime
) -> dict[str, Any]:
    return {
        "id": next(desk.suppression_ids),
        "email_hash": each.person.email_hash,
        "email": each.person.email,
        "reason": reason,
        "source": "smtp" if reason is SuppressionReason.HARD_BOUNCE else "page",
        "created_at": created_at,
    }
