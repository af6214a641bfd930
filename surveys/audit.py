"""The audit log: append-only, chained by hash.

Each event's hash covers its content and the hash before it, so an event cannot be changed or taken
out without breaking every later one. Two writers at once take the same `prev_hash`; its uniqueness
lets one through, and the other repeats inside a savepoint. Respondents write none: a log of who
answered when would be what confidentiality forbids.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.models import AuditEvent

GENESIS = bytes(32)
MAX_TRIES = 20


def record_event(
    session: Session,
    action: str,
    *,
    actor: str,
    now: datetime,
    object_type: str | None = None,
    object_id: int | None = None,
    **detail: Any,
) -> AuditEvent:
    """Append one event. `detail` holds ids and counts, never an address or a text."""
    for _ in range(MAX_TRIES):
        event = _next_event(session, action, actor, now, object_type, object_id, detail)
        try:
            with session.begin_nested():
                session.add(event)
        except IntegrityError:
            continue
        return event
    raise RuntimeError("the audit log is written by too many at once")


def first_broken_event(session: Session) -> int | None:
    """The id of the first event that does not fit the chain, or None when all do."""
    previous = GENESIS
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
        if event.prev_hash != previous or event.hash != _hash(event):
            return event.id
        previous = event.hash
    return None


def _next_event(
    session: Session,
    action: str,
    actor: str,
    now: datetime,
    object_type: str | None,
    object_id: int | None,
    detail: dict[str, Any],
) -> AuditEvent:
    last = session.execute(
        select(AuditEvent.id, AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)
    ).one_or_none()
    event = AuditEvent(
        id=last.id + 1 if last else 1,
        created_at=now,
        actor=actor,
        action=action,
        object_type=object_type,
        object_id=object_id,
        detail=detail,
        prev_hash=last.hash if last else GENESIS,
    )
    event.hash = _hash(event)
    return event


def _hash(event: AuditEvent) -> bytes:
    content = json.dumps(
        [
            event.id,
            event.created_at.astimezone(UTC).isoformat(),
            event.actor,
            event.action,
            event.object_type,
            event.object_id,
            event.detail,
        ],
        sort_keys=True,
        ensure_ascii=False,
    )
    return hashlib.sha256(event.prev_hash + content.encode()).digest()
