"""The fault scenarios of bench/mail_faults.py: each breaks something and counts at the sink.

What all of them must hold (nothing lost, at most two copies ...) is checked by the caller; here
stands what is particular to one.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress as suppress_errors
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from factories import SECRET
from postgres_server import PostgresServer
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from app import COMMANDS
from bench.mail_rig import Count, Rig, Sink, addresses, end_busy, fork_busy
from surveys.mail.outbox import LEASE, Lease
from surveys.mail.sending import BATCH
from surveys.models import OutgoingMail, Wave
from surveys.pauses import WINDOW
from surveys.preferences import suppress
from surveys.terms import (
    MailState,
    PauseReason,
    SuppressionReason,
    WaveState,
    WhenUncertain,
)
from surveys.tokens import identity_hash
from surveys.waves import close_run, run_by_id

WORKERS = 8
MOST_PAUSE_SECONDS = 0.03
BUSY_PROCESSES = 2
#: A conversation of a fault has to wait for its deadline, several times.
IMPATIENT = Lease(seconds=2.4, deadline_seconds=0.8)
SEED = 20_271_108
FEW = 10


@dataclass(frozen=True, slots=True)
class Size:
    """How many mails and faults the scenarios have."""

    invitations: int
    kills: int
    held_invitations: int
    held_kills: int
    no_fault: int
    each_fault: int
    stops: int
    sqlite_kills: int


SIZES = {
    "tiny": Size(40, 30, 24, 8, 60, 1, 1, 3),
    "small": Size(120, 60, 40, 20, 240, 1, 1, 6),
    "full": Size(3_000, 1_000, 1_000, 300, 100_000, 12, 4, 100),
}
#: What becomes of a mail of each fault: how many copies arrive, and how its row ends.
FAULTS: Mapping[str, tuple[int, MailState]] = {
    "r421x2": (1, MailState.SENT),
    "r451x2": (1, MailState.SENT),
    "r452x2": (1, MailState.SENT),
    "late451x1": (1, MailState.SENT),
    "r550": (0, MailState.FAILED),
    "r552": (0, MailState.FAILED),
    "datax1": (1, MailState.SENT),
    "midx1": (1, MailState.SENT),
    "dripx1": (1, MailState.SENT),
    "lostx1": (1, MailState.SENT),
    "dotx1": (2, MailState.SENT),
    "hangx1": (2, MailState.SENT),
    "dot": (2, MailState.UNCERTAIN),
    "ok": (1, MailState.SENT),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where scenarios get their databases: a fresh one each, already migrated."""

    folder: Path
    postgres: PostgresServer | None
    size: Size

    def rig(
        self, name: str, *, on: str = "postgresql", lease: Lease = IMPATIENT, batch: int = FEW
    ) -> Rig:
        """A world for one scenario; batches are small, so that all senders have work."""
        if on == "postgresql" and self.postgres is not None:
            url = self.postgres.create_database(name, template="migrated")
        else:
            path = self.folder / f"{name}.db"
            shutil.copy(self.folder / "migrated.db", path)
            url = f"sqlite:///{path}"
        return Rig(url, self.folder / name, lease=lease, batch=batch)


def killed(place: Place) -> Count:
    """kill -9 of a random one of eight senders every 0 to 30 ms."""
    size = place.size
    with place.rig("killed") as rig:
        rig.queue(_names(size.invitations, "slow"))
        _kill(rig, size.kills, workers=WORKERS)
        rig.settle(seconds=300)
        return rig.count("killed")


def killed_hold(place: Place) -> Count:
    """The same with the policy 'hold': what is uncertain is left to a person."""
    size = place.size
    with place.rig("killed_hold") as rig:
        rig.queue(_names(size.held_invitations, "slow"), policy=WhenUncertain.HOLD)
        _kill(rig, size.held_kills, workers=WORKERS)
        rig.settle(seconds=300)
        count = rig.count("killed, policy hold")
    count.expect(count.duplicates == 0, "no duplicate with the policy hold")
    return count


def killed_sqlite(place: Place) -> Count:
    """One sender on SQLite, killed again and again."""
    with place.rig("killed_sqlite", on="sqlite") as rig:
        rig.queue(_names(place.size.held_invitations, "slow"))
        _kill(rig, place.size.sqlite_kills, workers=1, most_seconds=0.3)
        rig.settle(seconds=300)
        return rig.count("killed on sqlite")


def no_fault(place: Place) -> Count:
    """Eight senders, the product's own lease, processors that are busy with something else."""
    with place.rig("no_fault", lease=LEASE, batch=BATCH) as rig:
        rig.queue(_names(place.size.no_fault))
        load = fork_busy(BUSY_PROCESSES)
        try:
            rig.start(WORKERS)
            rig.settle(seconds=3_600)
        finally:
            end_busy(load)
        count = rig.count("no fault, busy processors")
    count.expect(count.duplicates == 0, "no duplicate without a fault")
    count.expect(count.delivered == count.invitations, "all delivered without a fault")
    count.expect(count.uncertain == 0, "nothing uncertain without a fault")
    return count


def stopped(place: Place) -> Count:
    """Senders that are stopped for two leases and wake up again."""
    dice = random.Random(SEED)
    with place.rig("stopped") as rig:
        rig.queue(_names(place.size.stops * 200, "slow"))
        rig.start(4)
        for _ in range(place.size.stops):
            seen = rig.sink.copies()
            rig.wait_for_copies(seen + 4)
            sleepers = dice.sample(rig.workers, 3)
            for process in sleepers:
                os.kill(process, signal.SIGSTOP)
            time.sleep(2 * rig.lease.seconds)
            for process in sleepers:
                os.kill(process, signal.SIGCONT)
        rig.settle()
        count = rig.count("stopped for two leases")
    count.notes["stops"] = 3 * place.size.stops
    return count


def smtp_faults(place: Place, *, on: str = "postgresql") -> Count:
    """Every way in which a server fails, chosen by the recipient; on SQLite one command at a time,
    on PostgreSQL as many as may go together.
    """
    names = [f"p{number}.{fault}" for fault in FAULTS for number in range(place.size.each_fault)]
    with place.rig(f"smtp_faults_{on}", on=on) as rig:
        if on == "sqlite":
            rig.use(Sink(rig.folder, offers=()))
        rig.queue(names)
        rig.start(WORKERS if rig.kind == "postgresql" else 1)
        rig.settle(seconds=240)
        count = rig.count(f"faults of the server, {rig.kind}")
        ended = _ended_by_name(rig)
    wrong = {name: ended[name] for name in names if ended[name] != FAULTS[name.partition(".")[2]]}
    count.expect(not wrong, f"each fault ends as it must, not {wrong}")
    return count


def server_away(place: Place) -> Count:
    """A server that is not there, and comes back: nothing is tried in vain more than it must."""
    with place.rig("server_away") as rig:
        rig.queue(_names(place.size.held_invitations))
        port = rig.sink.port
        rig.sink.stop()
        rig.start(WORKERS)
        time.sleep(1)
        rig.sink = Sink(rig.folder, port)
        rig.settle()
        count = rig.count("server away and back")
    count.expect(count.delivered == count.invitations, "all delivered once the server is back")
    count.expect(count.duplicates == 0, "no duplicate by a server that was away")
    return count


def database_killed(place: Place) -> Count:
    """The database crashes in mid-send (kill -9 of one of its processes) and comes back."""
    if place.postgres is None:
        return _absent("database killed and back", "no PostgreSQL here")
    crashes = 1 + place.size.stops
    with place.rig("database_killed") as rig:
        rig.queue(_names(place.size.held_invitations * 2))
        rig.start(WORKERS)
        for crash in range(crashes):
            goal = (crash + 1) * place.size.held_invitations // (crashes + 1)
            rig.wait_for_copies(goal)
            _crash(rig)
        rig.settle()
        count = rig.count("database killed and back")
    count.notes["crashes"] = crashes
    return count


def clock_jumps(place: Place) -> Count:
    """The clock is set an hour back and a day forward while mails are under way."""
    jumps = (timedelta(days=1), timedelta(hours=-1), timedelta(days=1), timedelta(hours=1))
    size = place.size.held_invitations * 2
    with place.rig("clock_jumps") as rig:
        rig.queue(_names(size))
        rig.start(WORKERS)
        for number, jump in enumerate(jumps):
            goal = (number + 1) * size // 8
            rig.wait_for_copies(goal)
            rig.clock.move(jump)
        rig.settle()
        count = rig.count("clock jumps")
    count.expect(count.duplicates == 0, "no duplicate by a clock that jumps")
    count.expect(count.delivered == count.invitations, "all delivered whatever the clock says")
    return count


def closed(place: Place) -> Count:
    """The wave is closed in mid-send: at most what is under way still leaves."""
    size = place.size.held_invitations * 2
    with place.rig("closed") as rig:
        run_id = rig.queue(_names(size))
        rig.start(WORKERS)
        rig.wait_for_copies(size // 5)
        with rig.session() as session:
            close_run(session, run_by_id(session, run_id), now=rig.clock())
            session.commit()
        before = rig.sink.copies()
        rig.settle()
        count = rig.count("wave closed in mid-send")
    after = count.delivered - before
    count.notes |= {"delivered_after_close": after, "senders": WORKERS}
    count.expect(after <= WORKERS, "after the close at most one mail a sender")
    count.expect(count.duplicates == 0, "no duplicate by a close")
    return count


def suppressed(place: Place) -> Count:
    """People opt out after their mails were claimed, before the text is sent."""
    held = [f"p{number}.holdx1" for number in range(WORKERS)]
    with place.rig("suppressed", lease=Lease(seconds=30, deadline_seconds=10)) as rig:
        rig.queue([*held, *_names(WORKERS)])
        rig.start(WORKERS)
        rig.wait_until(lambda: bool(_held(rig)), seconds=30, what="a claimed mail")
        claimed = rig.states()[MailState.CLAIMED]
        chosen = addresses([*held, *_names(WORKERS)])[:WORKERS]
        with rig.session() as session:
            for address in chosen:
                suppress(
                    session,
                    identity_hash(SECRET, address),
                    email=None,
                    reason=SuppressionReason.OPT_OUT,
                    source="page",
                    now=rig.clock(),
                )
            ids = session.scalars(
                select(OutgoingMail.message_id).where(OutgoingMail.email.in_(chosen))
            ).all()
            session.commit()
        rig.sink.go()
        rig.settle()
        count = rig.count("opt-out after the claim", suppressed=ids)
        states = rig.states()
    count.notes |= {"opted_out": len(ids), "claimed": claimed}
    count.expect(states[MailState.SUPPRESSED] == WORKERS, "every opt-out is shown as one")
    count.expect(count.delivered == WORKERS, "everybody else gets the mail")
    return count


def refused_as_spam(place: Place) -> Count:
    """A server that takes all for spam: the wave pauses itself and says so."""
    with place.rig("refused_as_spam") as rig:
        run_id = rig.queue([f"p{number}.spam" for number in range(WINDOW + 20)])
        rig.start(WORKERS)
        rig.wait_until(lambda: _is_paused(rig, run_id), seconds=60, what="the pause")
        time.sleep(1)
        states = rig.states()
        with rig.session() as session:
            close_run(session, run_by_id(session, run_id), now=rig.clock())
            session.commit()
        rig.settle()
        count = rig.count("refused as spam")
    count.notes["refused"] = states[MailState.FAILED]
    count.expect(states[MailState.FAILED] <= WINDOW, f"paused within {WINDOW} mails")
    count.expect(states[MailState.SUPPRESSED] == 0, "spam suppresses no address")
    return count


def restored(place: Place) -> Count:
    """An old copy of the database, started again, sends nothing until somebody says so."""
    if "restore" not in COMMANDS:
        return _absent("restore of an old backup", "the product has no restore yet")
    count = _absent("restore of an old backup", "a restore exists and has no scenario yet")
    count.expect(False, "a scenario for the restore that exists")
    return count


SCENARIOS: Mapping[str, Callable[[Place], Count]] = {
    "killed": killed,
    "killed-hold": killed_hold,
    "killed-sqlite": killed_sqlite,
    "no-fault": no_fault,
    "stopped": stopped,
    "smtp-faults": smtp_faults,
    "smtp-faults-sqlite": lambda place: smtp_faults(place, on="sqlite"),
    "server-away": server_away,
    "database-killed": database_killed,
    "clock-jumps": clock_jumps,
    "closed": closed,
    "suppressed": suppressed,
    "refused-as-spam": refused_as_spam,
    "restored": restored,
}


def _names(count: int, fault: str = "ok") -> list[str]:
    return [f"p{number}.{fault}" for number in range(count)]


def _absent(scenario: str, why: str) -> Count:
    return Count(scenario=scenario, database="none", notes={"not_run": why})


def _kill(rig: Rig, kills: int, *, workers: int, most_seconds: float = MOST_PAUSE_SECONDS) -> None:
    """Kill until there were so many kills, or every mail has ended."""
    dice = random.Random(SEED)
    rig.start(workers)
    while rig.kills < kills:
        time.sleep(dice.uniform(0, most_seconds))
        rig.kill_one(dice)
        if rig.kills % 25 == 0 and not rig.is_going_on():
            return


def _ended_by_name(rig: Rig) -> dict[str, tuple[int, MailState]]:
    """How many copies of each recipient's mail arrived, and how its row ended."""
    events = [subject for event, subject in rig.sink.events() if event == "copy"]
    with rig.session() as session:
        rows = session.execute(
            select(OutgoingMail.email, OutgoingMail.message_id, OutgoingMail.state)
        ).all()
    return {
        (row.email or "").partition("@")[0]: (events.count(row.message_id), row.state)
        for row in rows
    }


def _held(rig: Rig) -> list[str]:
    return [subject for event, subject in rig.sink.events() if event == "rcpt"]


def _is_paused(rig: Rig, wave_id: int) -> bool:
    with rig.session() as session:
        wave = session.get_one(Wave, wave_id)
        return (wave.state, wave.pause_reason) == (WaveState.PAUSED, PauseReason.MAIL_POLICY)


def _crash(rig: Rig) -> None:
    """kill -9 of one server process makes PostgreSQL end all others and recover from its log."""
    with suppress_errors(SQLAlchemyError), rig.session() as session:
        process = session.scalar(text("SELECT pg_backend_pid()"))
        assert process is not None
        os.kill(process, signal.SIGKILL)
    rig.wait_until(lambda: _answers(rig), seconds=30, what="the database's return")


def _answers(rig: Rig) -> bool:
    try:
        with rig.session() as session:
            return bool(session.scalar(text("SELECT 1")))
    except SQLAlchemyError:
        return False
