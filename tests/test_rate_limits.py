"""How often something may be tried, counted in the database for all web processes."""

import threading
from datetime import timedelta

import pytest
from factories import MONDAY
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from surveys.models import RateLimit
from surveys.rate_limits import (
    admit_try,
    bucket_name,
    forget_old_tries,
    forget_tries,
    recent_tries,
)

MINUTE = timedelta(minutes=1)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_a_window_admits_its_limit_and_the_next_begins_anew(session: Session) -> None:
    tries = [admit_try(session, "a", now=MONDAY, limit=3) for _ in range(5)]

    assert tries == [True, True, True, False, False]
    assert admit_try(session, "b", now=MONDAY, limit=3)
    assert admit_try(session, "a", now=MONDAY + MINUTE, limit=3)


def test_tries_at_the_same_moment_do_not_slip_through(engine: Engine) -> None:
    gate = threading.Barrier(12)
    admitted: list[bool] = []

    def work() -> None:
        with Session(engine) as own:
            gate.wait()
            admitted.append(admit_try(own, "a", now=MONDAY, limit=5))
            own.commit()

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(admitted) == 5


def test_refused_tries_do_not_lengthen_the_wait(session: Session) -> None:
    for _ in range(50):
        admit_try(session, "a", now=MONDAY, limit=5)

    assert recent_tries(session, "a", now=MONDAY) == 5


@on_sqlite
def test_a_quarter_of_an_hour_is_remembered(session: Session) -> None:
    for minute in range(20):
        admit_try(session, "a", now=MONDAY + minute * MINUTE, limit=5)

    assert recent_tries(session, "a", now=MONDAY + 19 * MINUTE) == 15
    assert recent_tries(session, "a", now=MONDAY + 40 * MINUTE) == 0
    assert recent_tries(session, "nobody", now=MONDAY) == 0


@on_sqlite
def test_old_windows_are_deleted(session: Session) -> None:
    for minute in range(20):
        admit_try(session, "a", now=MONDAY + minute * MINUTE, limit=5)

    assert forget_old_tries(session, now=MONDAY + 20 * MINUTE) == 5
    assert recent_tries(session, "a", now=MONDAY + 19 * MINUTE) == 15


@on_sqlite
def test_success_forgets_the_tries_before_it(session: Session) -> None:
    for name in "ab":
        admit_try(session, name, now=MONDAY, limit=5)

    forget_tries(session, "a")

    assert session.scalars(select(RateLimit.bucket)).all() == ["b"]
    assert session.scalar(select(func.sum(RateLimit.hits))) == 1


def test_a_bucket_tells_nobody_whom_it_is_about() -> None:
    name = bucket_name("key", "sign_in", "anna@partner.example", "203.0.113.7")

    assert name.startswith("sign_in:")
    assert "anna" not in name
    assert "203" not in name
    assert name != bucket_name("other key", "sign_in", "anna@partner.example", "203.0.113.7")
    assert name != bucket_name("key", "reset", "anna@partner.example", "203.0.113.7")
