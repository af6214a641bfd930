"""How often something may be tried: counted in the database, so that all web processes share it.

Only for requests that may write (POST). A bucket is a purpose and a keyed hash, never an address.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.models import RateLimit

WINDOW = timedelta(minutes=1)
REMEMBERED_WINDOWS = 15


def bucket_name(key: str, purpose: str, *parts: str) -> str:
    """The name under which tries are counted; what it is about cannot be read from it."""
    subject = "/".join(parts).encode()
    return f"{purpose}:{hmac.digest(key.encode(), subject, 'sha256').hex()[:32]}"


def admit_try(session: Session, bucket: str, *, now: datetime, limit: int) -> bool:
    """Count one try in the present window; False, and nothing counted, after `limit` of them.

    One statement decides, so that tries sent at the same moment do not all slip through. A refused
    try does not lengthen the wait.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(RateLimit).values(bucket=bucket, window_start=_window(now), hits=1)
    counted = session.execute(
        statement.on_conflict_do_update(
            index_elements=[RateLimit.bucket, RateLimit.window_start],
            set_={"hits": RateLimit.hits + 1},
            where=RateLimit.hits < limit,
        ).returning(RateLimit.hits)
    )
    return counted.one_or_none() is not None


def recent_tries(session: Session, bucket: str, *, now: datetime) -> int:
    """Tries in the last quarter of an hour, the present window included."""
    since = _window(now) - (REMEMBERED_WINDOWS - 1) * WINDOW
    found = session.scalar(
        select(func.sum(RateLimit.hits)).where(
            RateLimit.bucket == bucket, RateLimit.window_start >= since
        )
    )
    return found or 0


def forget_tries(session: Session, bucket: str) -> None:
    """Begin anew: whoever tried was the right one."""
    session.execute(delete(RateLimit).where(RateLimit.bucket == bucket))


def forget_old_tries(session: Session, *, now: datetime) -> int:
    """Delete windows that no limit looks at any more; how many."""
    before = _window(now) - REMEMBERED_WINDOWS * WINDOW
    gone = session.execute(
        delete(RateLimit).where(RateLimit.window_start < before).returning(RateLimit.bucket)
    )
    return len(gone.all())


def _window(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
