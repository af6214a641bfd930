"""What people said in a closed wave: responses, answers, comments, and wishes to be called."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from analysis.demo.desk import Desk
from analysis.demo.runs import Asked, LoadedWave
from analysis.demo.surveys import ZONE
from analysis.demo.writing import seeded_bytes, write
from analysis.simulator import QUESTIONS, Comment, Response
from surveys.responses import CONSENT_IN_SURVEY
from surveys.terms import Audience, Channel, Mode

CONSENT_APART = "contact_apart/1"
INTENT = "intent"
PERCENT_A_TENTH = 10

_CHANNELS = {
    "invitation": Channel.EMAIL,
    "reminder_1": Channel.REMINDER_1,
    "reminder_last": Channel.REMINDER_LAST,
}
_SATURDAY = 5


def load_answers(desk: Desk, loaded: LoadedWave) -> None:
    """Store everything that was sent in a wave."""
    session = desk.session
    write(session, "responses", (_response_row(loaded, each, sent) for each, sent in _sent(loaded)))
    write(session, "answers", _answer_rows(loaded))
    comments = [
        (comment_id(desk, loaded, sent), each, sent.comment)
        for each, sent in _sent(loaded)
        if sent.comment is not None
    ]
    write(session, "comments", (_comment_row(loaded, key, comment) for key, _, comment in comments))
    write(
        session,
        "comment_authors",
        (_author_row(loaded, key, each, comment) for key, each, comment in comments),
    )
    write(session, "contact_requests", _request_rows(loaded))


def stored_values(response: Response, audience: Audience) -> dict[str, int | None]:
    """Each answer as it is stored, by question; staff guess their intent in tenths."""
    values = dict(zip(QUESTIONS, response.answers, strict=True))
    tenths = values[INTENT]
    if audience is Audience.INTERNAL and tenths is not None:
        values[INTENT] = PERCENT_A_TENTH * tenths
    return values


def channel_of(response: Response, audience: Audience) -> Channel:
    """Which mail led to a response; staff are reminded once."""
    is_second = audience is Audience.INTERNAL and response.channel == "reminder_last"
    return Channel.REMINDER_1 if is_second else _CHANNELS[response.channel]


def comment_id(desk: Desk, loaded: LoadedWave, response: Response) -> bytes:
    """16 bytes that say nothing of their comment, as the product's random ones do."""
    return seeded_bytes(desk.seed, "comment", loaded.wave.id, response.contact_id)[:16]


def _sent(loaded: LoadedWave) -> Iterator[tuple[Asked, Response]]:
    for each in loaded.asked:
        if each.response is not None:
            yield each, each.response


def _response_row(loaded: LoadedWave, each: Asked, sent: Response) -> dict[str, Any]:
    return {
        "id": each.id,
        "mode": loaded.wave.mode,
        "locale": sent.language,
        "channel": channel_of(sent, loaded.wave.audience),
        "started_at": each.started_at,
        "submitted_at": each.ended_at,
        "is_late": False,
    }


def _answer_rows(loaded: LoadedWave) -> Iterator[dict[str, Any]]:
    for each, sent in _sent(loaded):
        for code, value in stored_values(sent, loaded.wave.audience).items():
            yield {
                "response_id": each.id,
                "question_id": loaded.questions[code],
                "item": 0,
                "value": value,
            }


def _comment_row(loaded: LoadedWave, key: bytes, comment: Comment) -> dict[str, Any]:
    return {
        "id": key,
        "wave_id": loaded.wave.id,
        "question_id": loaded.questions[comment.question],
        "text": comment.text,
        "locale": comment.language,
    }


def _author_row(loaded: LoadedWave, key: bytes, each: Asked, comment: Comment) -> dict[str, Any]:
    return {
        "comment_id": key,
        "response_id": each.id,
        "question_id": loaded.questions[comment.question],
    }


def _request_rows(loaded: LoadedWave) -> Iterator[dict[str, Any]]:
    """'Please call me': with a key to the answers in identified surveys only."""
    is_identified = loaded.wave.mode is Mode.IDENTIFIED
    for each, sent in _sent(loaded):
        if sent.asks_for_contact and each.ended_at is not None:
            asked_on = each.ended_at.astimezone(ZONE).date()
            yield {
                "contact_id": each.person.id,
                "wave_id": loaded.wave.id,
                "kind": "call_me",
                "response_id": each.id if is_identified else None,
                "consent_key": CONSENT_IN_SURVEY if is_identified else CONSENT_APART,
                "asked_on": asked_on,
                "owner_id": each.person.owner_id,
                "replied_on": _working_days_after(asked_on, sent.contact_replied_after),
            }


def _working_days_after(day: date, days: int | None) -> date | None:
    if days is None:
        return None
    for _ in range(days):
        day += timedelta(days=1)
        while day.weekday() >= _SATURDAY:
            day += timedelta(days=1)
    return day
