"""The declarative base, column types and the engine's settings; no table and no query.

Two rules live here because they hold for every statement of the product:

- Instants are aware and UTC on both databases (`UTCDateTime` refuses anything else).
- A transaction is either writing or read-only. On SQLite a writing one takes the write lock at its
  start (`BEGIN IMMEDIATE`): a deferred one that reads first and writes later fails at once, without
  waiting, when somebody else wrote in between. A read-only one cannot write at all, on either
  database; pages that are fetched by GET run in one, so that "GET changes nothing" is held by the
  database.
"""

import enum
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_SECONDS = 5


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, stored and returned in UTC.

    Raises ValueError for a naive value: a wall time without its zone is not an instant.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is not an instant; give it a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite returns what was stored without its zone.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON_TYPE = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
TINY_TEXT = sa.String(20)


class Base(DeclarativeBase):
    """Base of every model; typed columns follow the map below."""

    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={
            str: sa.Text(),
            datetime: UTCDateTime(),
            date: sa.Date(),
            bytes: sa.LargeBinary(),
            bool: sa.Boolean(create_constraint=False),
            Decimal: sa.Numeric(14, 2),
            dict: JSON_TYPE,
            dict[str, Any]: JSON_TYPE,
            list[Any]: JSON_TYPE,
            # Stored by value as VARCHAR(20) with a named CHECK: the same on both databases, and
            # extended by a migration, where PostgreSQL's own enumerations are awkward.
            enum.Enum: sa.Enum(
                enum.Enum,
                native_enum=False,
                create_constraint=True,
                length=20,
                values_callable=lambda members: [member.value for member in members],
            ),
        },
    )


db = SQLAlchemy(model_class=Base)


def prepare_engine(engine: Engine) -> None:
    """Make SQLite durable, strict about foreign keys, and explicit about transactions."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN would come too late and always be deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    is_read_only = connection.get_execution_options().get("is_read_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if is_read_only else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")


def begin_read_only(session: Session) -> None:
    """Start the session's transaction so that the database refuses every write in it."""
    options: dict[str, Any] = {"is_read_only": True, "postgresql_readonly": True}
    if session.get_bind().dialect.name == "postgresql":
        # One snapshot for the whole page or build; SQLite's transactions are that by themselves.
        options["isolation_level"] = "REPEATABLE READ"
    session.connection(execution_options=options)


@contextmanager
def single_statements(session: Session) -> Iterator[Session]:
    """A session for transactions of one statement each: what it writes is committed at once.

    That spares PostgreSQL two of three waits, on a connection that is kept for the while. A commit
    must follow all the same: on SQLite it is the given session, and so it is for a session that has
    a connection of its own.
    """
    engine = session.get_bind()
    if engine.dialect.name != "postgresql" or not isinstance(engine, Engine):
        yield session
        return
    with (
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection,
        Session(connection) as single,
    ):
        yield single
