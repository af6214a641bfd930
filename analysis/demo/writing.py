"""What every part of the loader leans on: chunks of rows, bytes from the seed, instants of days."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Table
from sqlalchemy.orm import Session

from surveys.bulk import insert_rows
from surveys.db import Base

ROWS_AT_ONCE = 5000

Row = Mapping[str, Any]


def table(name: str) -> Table:
    """A table of the product by name."""
    return Base.metadata.tables[name]


def write(session: Session, name: str, rows: Iterable[Row]) -> int:
    """Insert rows of one table in chunks, so that a stream needs no memory; how many."""
    waiting, count = iter(rows), 0
    while chunk := list(islice(waiting, ROWS_AT_ONCE)):
        insert_rows(session, table(name), chunk)
        count += len(chunk)
    return count


def seeded_bytes(seed: int, *subject: object) -> bytes:
    """32 bytes that hang on the seed and the subject alone, where the product takes random ones."""
    return sha256("/".join(map(str, ("demo", seed, *subject))).encode()).digest()


def moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The UTC instant of a minute of a local day; by day, where no clock is ever changed."""
    wall = time(minute // 60, minute % 60)
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


def some_moment(day: date, zone: ZoneInfo, draw: bytes) -> datetime:
    """An instant in the working hours of a day (10:00 to 16:59) that the bytes decide."""
    seconds = int.from_bytes(draw[:4], "big") % (7 * 3600)
    return moment(day, 10 * 60, zone) + timedelta(seconds=seconds)
