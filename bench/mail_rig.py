"""What the fault scenarios of mails stand on: a wave, sender processes, and the count at the sink.

Senders are processes of their own, forked, so that one that was killed is followed within
milliseconds. They run the product's own round of sending, with its real transport, through one
shared clock that can be set. What was delivered is read from what the sink wrote down, never from
the product's rows; the rows say only what the product *admits*: a mail that is neither at the sink
nor shown as failed, uncertain or withdrawn is silently lost.
"""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from factories import SECRET, make_partner, make_settings, make_survey
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from app import create_app
from surveys.config import Settings, SmtpSettings
from surveys.db import db, prepare_engine
from surveys.invitations import LinkKeys
from surveys.mail.outbox import WAITING, Lease
from surveys.mail.pacing import HELD
from surveys.mail.sending import BATCH, Sender, send_due
from surveys.mail.transport import SmtpTransport
from surveys.models import Contact, OutgoingMail
from surveys.terms import Audience, MailState, WhenUncertain
from surveys.tokens import identity_hash
from surveys.waves import open_run
from surveys.workspace import save_workspace, workspace

ROOT = Path(__file__).parent.parent
#: The product's rule, scaled down: a lease is three times the longest conversation.
SHORT_LEASE = Lease(seconds=6, deadline_seconds=2)
IDLE_SECONDS = 0.02
DOMAINS = 40
#: Rows in these states say to a person that the mail did not arrive, or may not have.
ADMITTED = (
    MailState.UNCERTAIN,
    MailState.FAILED,
    MailState.SUPPRESSED,
    MailState.CANCELLED,
)
ADDED = (
    "invitations",
    "kills",
    "delivered",
    "second_message_ids",
    "silently_lost",
    "uncertain",
    "suppressed_but_sent",
    "copies_after_250",
    "duplicates",
)


@dataclass(slots=True, kw_only=True)
class Count:
    """One scenario's figures. `duplicates` = copies beyond the first, of all mails."""

    scenario: str = ""
    database: str = ""
    seconds: float = 0.0
    invitations: int = 0
    kills: int = 0
    delivered: int = 0
    max_copies: int = 0
    duplicates: int = 0
    second_message_ids: int = 0
    copies_after_250: int = 0
    silently_lost: int = 0
    uncertain: int = 0
    suppressed_but_sent: int = 0
    missed: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def expect(self, holds: bool, target: str) -> None:
        """Note a target that was missed."""
        if not holds:
            self.missed.append(target)

    def as_json(self) -> dict[str, Any]:
        """For the printed line; the notes of the scenario stand beside the figures."""
        figures = asdict(self)
        notes = figures.pop("notes")
        return {**figures, **notes, "seconds": round(self.seconds, 1)}


def summed(counts: Sequence[Count]) -> dict[str, Any]:
    """The last line: the sum of all scenarios, the most copies of any."""
    return {
        "scenario": "all",
        "scenarios": len(counts),
        **{name: sum(getattr(each, name) for each in counts) for name in ADDED},
        "max_copies": max(each.max_copies for each in counts),
        "missed": [f"{each.scenario}: {target}" for each in counts for target in each.missed],
        "seconds": round(sum(each.seconds for each in counts), 1),
    }


def tally(
    events: Sequence[tuple[str, str]],
    states: Mapping[str, MailState],
    *,
    expected: Collection[str],
    suppressed: Collection[str] = (),
) -> Count:
    """Count what the sink wrote down of the `expected` Message-IDs, whose rows say `states`."""
    copies = Counter(subject for event, subject in events if event == "copy")
    return Count(
        invitations=len(expected),
        delivered=len(copies.keys() & set(expected)),
        max_copies=max(copies.values(), default=0),
        duplicates=sum(copies.values()) - len(copies),
        second_message_ids=len(copies.keys() - set(expected)),
        copies_after_250=_after_confirmation(events),
        silently_lost=sum(
            each not in copies and states.get(each) not in ADMITTED for each in expected
        ),
        uncertain=sum(state is MailState.UNCERTAIN for state in states.values()),
        suppressed_but_sent=sum(copies[each] for each in suppressed),
    )


class Clock:
    """The real time plus an offset that all processes share."""

    def __init__(self) -> None:
        self._offset = multiprocessing.Value("d", 0.0, lock=False)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset.value)

    def move(self, delta: timedelta) -> None:
        """Set the clock forward, or back."""
        self._offset.value += delta.total_seconds()


class Sink:
    """The server process of bench/mail_sink.py, and what it wrote down."""

    def __init__(
        self, folder: Path, port: int = 0, *, offers: Sequence[str] = ("PIPELINING",)
    ) -> None:
        self.log = folder / "sink.log"
        self.log.touch()
        command = [sys.executable, "-m", "bench.mail_sink", str(self.log), str(port), *offers]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def events(self) -> list[tuple[str, str]]:
        """Everything so far: what happened, to which Message-ID or recipient."""
        lines = self.log.read_text(encoding="utf-8").split("\n")[:-1]
        return [(each["event"], each["subject"]) for each in map(json.loads, lines)]

    def copies(self) -> int:
        """How many messages were taken so far."""
        return sum(event == "copy" for event, _ in self.events())

    def go(self) -> None:
        """Let held recipients go on."""
        self.log.with_suffix(".go").touch()

    def stop(self) -> None:
        """End the server; its connections break."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


class Rig:
    """One scenario: an open wave in a migrated database, a sink, and processes that send."""

    def __init__(
        self, url: str, folder: Path, *, lease: Lease = SHORT_LEASE, batch: int = BATCH
    ) -> None:
        folder.mkdir(parents=True)
        self.url, self.folder, self.lease, self.batch = url, folder, lease, batch
        self.kind = url.partition(":")[0].partition("+")[0]
        self.clock = Clock()
        self.sink = Sink(folder)
        self.settings: Settings = make_settings(url, folder)
        self.app: Flask = create_app(self.settings, clock=self.clock)
        self.keys = LinkKeys(SECRET, "localhost")
        # Without a pool nothing is open when a process is forked.
        self.engine = create_engine(url, poolclass=NullPool)
        prepare_engine(self.engine)
        self.workers: list[int] = []
        self.ids: list[str] = []
        self.kills = 0

    def session(self) -> Session:
        """A session of this process."""
        return Session(self.engine)

    def queue(self, names: Sequence[str], *, policy: WhenUncertain = WhenUncertain.RESEND) -> int:
        """Open a wave that invites one person for each local part, spread over many domains.

        Returns the id of the run.
        """
        with self.session() as session:
            survey = make_survey(session, now=self.clock())
            wish = replace(workspace(session), when_uncertain=policy)
            save_workspace(session, wish, now=self.clock(), user_id=None)
            _add_people(session, names, now=self.clock())
            now = self.clock()
            run_id = open_run(session, survey, scheduled_at=now, keys=self.keys, now=now).run.id
            self.ids = list(session.scalars(select(OutgoingMail.message_id)))
            session.commit()
            # What autovacuum does within a minute; without figures of the table every claim sorts
            # the whole queue.
            session.execute(text("ANALYZE"))
            session.commit()
        return run_id

    def start(self, count: int = 1) -> None:
        """Let so many more processes send."""
        self.workers += [_forked(self._work) for _ in range(count)]

    def finish(self, count: int) -> None:
        """Let so many processes send until nothing is due, and wait for them."""

        def work() -> None:
            sender = self.sender()
            while self._round(sender):
                continue

        for process in [_forked(work) for _ in range(count)]:
            os.waitpid(process, 0)

    def use(self, sink: Sink) -> None:
        """Send to this server instead of one's own."""
        self.sink.stop()
        self.sink = sink

    def kill_one(self, dice: random.Random) -> None:
        """kill -9 a random sender, and put another in its place."""
        victim = dice.randrange(len(self.workers))
        _end(self.workers[victim], signal.SIGKILL)
        self.workers[victim] = _forked(self._work)
        self.kills += 1

    def close(self) -> None:
        """End all that was started."""
        for process in self.workers:
            _end(process, signal.SIGKILL)
        self.workers = []
        self.sink.stop()
        self.engine.dispose()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def states(self) -> Counter[MailState]:
        """How many mails are in each state."""
        with self.session() as session:
            return Counter(session.scalars(select(OutgoingMail.state)))

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Wait; raises RuntimeError naming what did not happen in time."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what} did not happen within {seconds:.0f} s: {self.states()}")
            time.sleep(0.05)

    def wait_for_copies(self, count: int) -> None:
        """Wait until the sink has taken so many messages."""
        self.wait_until(lambda: self.sink.copies() >= count, seconds=60, what=f"copy {count}")

    def is_going_on(self) -> bool:
        """Whether any mail waits or is held."""
        states = self.states()
        return any(states[each] for each in (*WAITING, *HELD))

    def settle(self, *, seconds: float = 120) -> None:
        """Wait until no mail waits or is held; what is put off has its time come at once."""
        self.wait_until(self._is_settled, seconds=seconds, what="the end of all mails")

    def _is_settled(self) -> bool:
        with self.session() as session:
            held = session.scalar(
                select(func.count()).select_from(OutgoingMail).where(OutgoingMail.state.in_(HELD))
            )
            due_at = session.scalar(
                select(func.min(OutgoingMail.due_at)).where(OutgoingMail.state.in_(WAITING))
            )
        if held:
            return False
        if due_at is not None and due_at > self.clock():
            self.clock.move(due_at - self.clock())
        return due_at is None

    def count(self, scenario: str, *, suppressed: Sequence[str] = ()) -> Count:
        """The figures of the scenario, counted at the sink; `suppressed`: Message-IDs."""
        with self.session() as session:
            rows = session.execute(select(OutgoingMail.message_id, OutgoingMail.state)).all()
        states = {row.message_id: row.state for row in rows}
        count = tally(self.sink.events(), states, expected=self.ids, suppressed=suppressed)
        return replace(count, scenario=scenario, database=self.kind, kills=self.kills)

    def sender(self) -> Sender:
        """A sender of this process, as the product's worker makes it."""
        smtp = SmtpSettings("127.0.0.1", self.sink.port, "none", None, None, "bench.example")
        deadline = self.lease.deadline_seconds
        return Sender(
            settings=self.settings,
            transport=SmtpTransport(smtp, deadline_seconds=deadline),
            environment=self.app.jinja_env,
            owner=f"bench/{os.getpid()}",
            clock=self.clock,
            lease=self.lease,
            batch=self.batch,
        )

    def _work(self) -> None:
        """One sender process: round after round until it is killed."""
        sender = self.sender()
        while True:
            if not self._round(sender):
                time.sleep(IDLE_SECONDS)

    def _round(self, sender: Sender) -> int:
        try:
            with self.app.app_context(), Session(db.engine) as session:
                return len(send_due(session, sender).by_outcome)
        except Exception:  # noqa: BLE001 - as the worker's own loop: the next tick tries again
            return 0


def migrate(url: str, folder: Path) -> None:
    """Bring the database at this address to the newest schema."""
    app = create_app(make_settings(url, folder))
    with app.app_context():
        upgrade()
        db.engine.dispose()


def fork_busy(count: int) -> list[int]:
    """Processes that do nothing but compute, as load; end them by `end_busy`."""
    return [_forked(_compute) for _ in range(count)]


def end_busy(processes: Sequence[int]) -> None:
    """End the load."""
    for process in processes:
        _end(process, signal.SIGKILL)


def _compute() -> None:
    number = 1
    while True:
        number = (number * 48_271) % 2_147_483_647


def _forked(work: Callable[[], None]) -> int:
    process = os.fork()
    if process:
        return process
    # The child must never return into the scenario of its parent.
    with contextlib.suppress(BaseException):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        logging.disable(logging.CRITICAL)
        work()
    os._exit(0)


def _end(process: int, number: int) -> None:
    os.kill(process, number)
    os.waitpid(process, 0)


def _after_confirmation(events: Sequence[tuple[str, str]]) -> int:
    confirmed: set[str] = set()
    late = 0
    for event, subject in events:
        if event == "confirmed":
            confirmed.add(subject)
        elif event == "copy" and subject in confirmed:
            late += 1
    return late


def _add_people(session: Session, names: Sequence[str], *, now: datetime) -> None:
    partner = make_partner(session)
    rows: list[dict[str, Any]] = [
        {
            "audience": Audience.PARTNER,
            "partner_id": partner.id,
            "email": email,
            "email_hash": identity_hash(SECRET, email),
            "first_name": f"Person{number}",
            "search_key": email,
            "locale": ("pl", "en")[number % 2],
            "token_version": 1,
            "is_main": False,
            "attributes": {},
            "created_at": now,
        }
        for number, email in enumerate(addresses(names))
    ]
    session.execute(insert(Contact), rows)
    session.flush()


def addresses(names: Sequence[str]) -> list[str]:
    """The addresses of these local parts, in order."""
    return [f"{name}@d{number % DOMAINS}.example" for number, name in enumerate(names)]
