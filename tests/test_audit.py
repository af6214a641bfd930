"""The audit log: every event is chained to the one before, and no change goes unnoticed."""

import threading
from datetime import timedelta, timezone

import pytest
from factories import MONDAY
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.audit import GENESIS, first_broken_event, record_event
from surveys.models import AuditEvent


@pytest.fixture
def log(session: Session) -> Session:
    """Five events."""
    for number in range(5):
        record_event(
            session,
            "wave.close",
            actor="user 1",
            now=MONDAY + timedelta(minutes=number, microseconds=7),
            object_type="wave",
            object_id=number,
            people=number,
            reason="zażółć",
            nested={"b": [1, None, True], "a": 0.5},
        )
    session.commit()
    return session


def disarm(engine: Engine) -> None:
    """Take the guards away, as somebody with the database's own password can."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_events_no_update"))
            connection.execute(text("DROP TRIGGER audit_events_no_delete"))
        else:
            connection.execute(text("DROP TRIGGER audit_events_no_change ON audit_events"))


def test_an_untouched_log_is_whole(log: Session) -> None:
    log.expire_all()

    assert first_broken_event(log) is None
    first, second, *_ = log.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert (first.id, first.prev_hash, second.prev_hash) == (1, GENESIS, first.hash)


def test_an_empty_log_is_whole(session: Session) -> None:
    assert first_broken_event(session) is None


def test_every_changed_word_breaks_the_chain(log: Session, engine: Engine) -> None:
    disarm(engine)
    for change in (
        "actor = 'user 2'",
        "action = 'wave.open'",
        "object_id = 99",
        "object_type = NULL",
        "detail = '{}'",
        "created_at = '2027-02-08 09:00:00.000000+00:00'",
        "hash = '0'",
    ):
        with engine.connect() as connection, Session(connection) as own:
            connection.execute(text(f"UPDATE audit_events SET {change} WHERE id = 3"))  # noqa: S608 - the list above
            assert first_broken_event(own) == 3, change
            connection.rollback()


def test_an_event_that_was_taken_out_breaks_the_next(log: Session, engine: Engine) -> None:
    disarm(engine)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_events WHERE id = 2"))

    assert first_broken_event(log) == 3


def test_a_forged_hash_breaks_the_next_event(log: Session, engine: Engine) -> None:
    from surveys.audit import _hash

    disarm(engine)
    forged = log.get_one(AuditEvent, 3)
    forged.actor = "nobody"
    forged.hash = _hash(forged)
    log.commit()
    log.expire_all()

    assert first_broken_event(log) == 4


def test_a_fork_of_the_chain_is_refused(log: Session) -> None:
    third = log.get_one(AuditEvent, 3)
    log.add(
        AuditEvent(
            id=9,
            created_at=MONDAY,
            actor="x",
            action="x",
            detail={},
            prev_hash=third.prev_hash,
            hash=b"other",
        )
    )

    with pytest.raises(IntegrityError):
        log.flush()
    log.rollback()


def test_many_writers_make_one_chain(engine: Engine, session: Session) -> None:
    gate = threading.Barrier(6)

    def work(name: str) -> None:
        with Session(engine) as own:
            gate.wait()
            for _ in range(5):
                record_event(own, "user.sign_in", actor=name, now=MONDAY)
                own.commit()

    threads = [threading.Thread(target=work, args=(f"user {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 30
    assert first_broken_event(session) is None


def test_an_instant_of_another_zone_keeps_the_chain(session: Session) -> None:
    warsaw = timezone(timedelta(hours=1))

    record_event(session, "a", actor="x", now=MONDAY.astimezone(warsaw))
    session.commit()
    session.expire_all()

    assert first_broken_event(session) is None


def test_an_event_vanishes_with_what_it_tells_of(session: Session) -> None:
    record_event(session, "a", actor="x", now=MONDAY)
    session.rollback()
    record_event(session, "b", actor="x", now=MONDAY)
    session.commit()

    assert session.scalars(select(AuditEvent.action)).all() == ["b"]
    assert first_broken_event(session) is None
