"""Anonymous answers leave their inbox, and nothing in the database says whose they were."""

import random
import threading
from pathlib import Path
from typing import Any

import pytest
from factories import MONDAY, links_of, open_survey
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

import surveys.shuffle
from surveys.invitations import LinkKeys
from surveys.models import (
    AnonymousResponse,
    Comment,
    InboxResponse,
    Invitation,
    Lease,
    Wave,
    WaveChange,
)
from surveys.questionnaires import read_questionnaire
from surveys.responses import Filled, open_door, record_response
from surveys.shuffle import shuffle_closed_waves
from surveys.terms import Channel, Mode
from surveys.waves import Run, close_run

PEOPLE = 200
#: Chance finds one of any number; more than eight happens once in a million.
BY_CHANCE = 8
#: Taking note that the files are rewritten is a transaction of its own, after the rewrite.
ONE_ROW_LATER = 2


def answer(session: Session, run: Run, tokens: list[str]) -> None:
    """Everybody answers in this order, each in a transaction; number n writes n into the answer."""
    questions = read_questionnaire(
        session, run.partner.version_id, audience=run.partner.audience, locale="en"
    )
    scales = [item.code for item in questions.items if item.type.value == "agree5"][:4]
    for number, token in enumerate(tokens):
        digits = [str(1 + number // 5**place % 5) for place in range(4)]
        record_response(
            session,
            open_door(session, token),
            questions,
            Filled(
                values={code: [digit] for code, digit in zip(scales, digits, strict=True)},
                texts={"comment": f"I am number {number}"},
            ),
            locale="en",
            channel=Channel.EMAIL,
            now=MONDAY,
        )
        session.commit()


def number_of(values: dict[str, dict[str, int]]) -> int:
    """The number that a stored answer was given by `answer`."""
    digits = [values[key]["0"] - 1 for key in sorted(values, key=int)]
    return sum(digit * 5**place for place, digit in enumerate(digits))


def rows(session: Session, model: Any) -> int:
    found = session.scalar(select(func.count()).select_from(model))
    session.rollback()
    return found or 0


def found_by_rank(numbers: list[int]) -> int:
    """How many are named by whoever takes the rank in an order for the rank of answering."""
    return sum(rank == number for rank, number in enumerate(numbers))


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    """Forty companies with one person each."""
    return open_survey(session, keys, mode=Mode.ANONYMOUS, companies=40, staff=0)


def pages_in_log(engine: Engine) -> int:
    """How many pages SQLite's write-ahead log holds."""
    return Path(f"{engine.url.database}-wal").stat().st_size // 4096


def close(session: Session, run: Run) -> None:
    close_run(session, run, now=MONDAY)
    session.commit()


def test_no_order_in_the_database_links_answers_to_people(
    session: Session, engine: Engine, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, mode=Mode.ANONYMOUS, companies=40, people=5, staff=0)
    tokens = links_of(session, keys, run.partner)
    random.Random(3).shuffle(tokens)
    answer(session, run, tokens)
    assert rows(session, InboxResponse) == PEOPLE
    inbox_ids = session.scalars(select(InboxResponse.id)).all()
    close(session, run)

    assert shuffle_closed_waves(session) == PEOPLE

    is_sqlite = engine.dialect.name == "sqlite"
    orders = ("", "ORDER BY id") if is_sqlite else ("ORDER BY ctid", "ORDER BY xmin::text::bigint")
    with engine.connect() as connection:
        for order in orders:
            answers = connection.execute(
                text(f'SELECT "values" FROM anonymous_responses {order}')  # noqa: S608 - our own words
            ).scalars()
            numbers = [number_of(_json(each)) for each in answers]
            assert sorted(numbers) == list(range(PEOPLE))
            assert found_by_rank(numbers) <= BY_CHANCE
            words = connection.execute(text(f"SELECT text FROM comments {order}")).scalars()  # noqa: S608 - our own words
            said = [int(each.split()[-1]) for each in words]
            assert sorted(said) == list(range(PEOPLE))
            assert found_by_rank(said) <= BY_CHANCE
        if not is_sqlite:
            for table in ("anonymous_responses", "comments", "invitations"):
                versions = connection.execute(text(f"SELECT DISTINCT xmin::text FROM {table}"))  # noqa: S608 - our own words
                assert len(versions.all()) == 1
    if is_sqlite:
        path = Path(str(engine.url.database))
        assert pages_in_log(engine) <= ONE_ROW_LATER
        left = path.read_bytes() + Path(f"{path}-wal").read_bytes()
        assert not any(each in left for each in inbox_ids)


def _json(value: Any) -> Any:
    import json

    return json.loads(value) if isinstance(value, str) else value


def test_an_open_wave_keeps_its_inbox(session: Session, keys: LinkKeys, run: Run) -> None:
    answer(session, run, links_of(session, keys, run.partner)[:5])

    assert shuffle_closed_waves(session) == 0

    assert rows(session, InboxResponse) == 5
    assert rows(session, Lease) == 0


def test_the_marks_stop_waiting_and_the_worker_hears_of_it(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    answer(session, run, links_of(session, keys, run.partner)[:7])
    close(session, run)
    before = rows(session, WaveChange)

    assert shuffle_closed_waves(session) == 7
    assert shuffle_closed_waves(session) == 0

    assert rows(session, InboxResponse) == 0
    assert rows(session, AnonymousResponse) == rows(session, Comment) == 7
    assert session.scalars(select(Invitation.id).where(Invitation.is_waiting)).all() == []
    session.rollback()
    assert rows(session, WaveChange) == before + 1


def test_answers_that_follow_mix_with_those_before(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    tokens = links_of(session, keys, run.partner)
    answer(session, run, tokens[:6])
    close(session, run)
    shuffle_closed_waves(session)
    before = set(session.scalars(select(AnonymousResponse.id)))
    session.execute(
        update(Wave).values(
            state="open", closes_at=MONDAY.replace(year=2028), grace_until=MONDAY.replace(year=2028)
        )
    )
    session.commit()
    answer(session, run, tokens[6:9])
    close(session, run)

    assert shuffle_closed_waves(session) == 3

    after = set(session.scalars(select(AnonymousResponse.id)))
    assert len(after) == 9
    assert before & after == set()


def test_two_workers_at_once_store_each_answer_once(
    engine: Engine, session: Session, keys: LinkKeys, run: Run
) -> None:
    answer(session, run, links_of(session, keys, run.partner)[:20])
    close(session, run)
    wave_id = run.id
    session.rollback()
    gate = threading.Barrier(2)
    moved: list[int] = []

    def work() -> None:
        with Session(engine) as own:
            gate.wait()
            moved.append(surveys.shuffle.shuffle_wave(own, wave_id))
            own.commit()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(moved) == [0, 20]
    assert rows(session, AnonymousResponse) == rows(session, Comment) == 20


def test_a_rewrite_that_failed_is_made_up_for(
    session: Session, keys: LinkKeys, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(session, run, links_of(session, keys, run.partner)[:5])
    close(session, run)
    tries: list[str] = []

    def fail_once(_session: Session) -> bool:
        tries.append("")
        if len(tries) == 1:
            raise OSError("no space left on device")
        return len(tries) > 2

    monkeypatch.setattr(surveys.shuffle, "rewrite_files", fail_once)
    with pytest.raises(OSError, match="no space"):
        shuffle_closed_waves(session)
    session.rollback()
    for _ in range(3):
        shuffle_closed_waves(session)

    assert len(tries) == 3
    assert rows(session, Lease) == 0
    assert rows(session, AnonymousResponse) == 5


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_reader_that_holds_the_log_postpones_the_rewrite(
    engine: Engine,
    session: Session,
    keys: LinkKeys,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(session, run, links_of(session, keys, run.partner)[:5])
    close(session, run)
    monkeypatch.setattr("surveys.db.BUSY_TIMEOUT_SECONDS", 0)
    engine.dispose()

    reader = engine.connect().execution_options(is_read_only=True)
    reader.execute(text("SELECT count(*) FROM comments"))
    shuffle_closed_waves(session)
    assert rows(session, Lease) == 1
    reader.close()
    shuffle_closed_waves(session)

    assert rows(session, Lease) == 0
    assert pages_in_log(engine) <= ONE_ROW_LATER
