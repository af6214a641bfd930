"""How often something may be tried: counted in the database, so that all web processes share it.

Only for requests that may write (POST). A bucket is a purpose and a keyed hash, never an address.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from surveys.models import RateLimit

WINDOW = timedelta(minutes=1)
REMEMBERED_WINDOWS = 15


def bucket_name(key: str, purpose: str, *parts: str) -> str:
    """The name under which tries are counted; what it is about cannot be read from it."""
    subject = "/".join(parts).encode()
    return f"{purpose}:{hmac.digest(key.encode(), subject, 'sha256').hex()[:32]}"


def count_try(session: Session, bucket: str, *, now: datetime) -> None:
    """Count one try in the present window."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(RateLimit).values(bucket=bucket, window_start=_window(now), hits=1)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[RateLimit.bucket, RateLimit.window_start],
            set_={"hits": RateLimit.hits + 1},
        )
    )


def tries(session: Session, bucket: str, *, now: datetime) -> tuple[int, int]:
    """Tries in the present window, and in the last quarter of an hour."""
    since = _window(now) - (REMEMBERED_WINDOWS - 1) * WINDOW
    rows = session.execute(
        select(RateLimit.window_start, func.sum(RateLimit.hits))
        .where(RateLimit.bucket == bucket, RateLimit.window_start >= since)
        .group_by(RateLimit.window_start)
    )
    by_window = dict(rows.all())
    return by_window.get(_window(now), 0), sum(by_window.values())


def _window(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
