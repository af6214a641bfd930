"""Does each mail arrive once, or does the product say that it did not? Faults, counted at a sink.

    python -m bench.mail_faults [--size tiny|small|full] [--only SCENARIO]... [--no-fault N]

Senders are processes that are killed, stopped and cut off, while a server of our own fails as it is
told, clocks jump, people opt out and waves close (bench/mail_scenarios.py, bench/mail_rig.py,
bench/mail_sink.py). Leases and deadlines are the product's, scaled down to seconds; the run without
faults has the product's own.

Prints one JSON line for each scenario and one with their sum; ends with status 1 if a target was
missed. Targets: nothing silently lost; at most two copies, never a second Message-ID; no copy after
a confirmed 250; no duplicate with the policy 'hold' nor without a fault; nothing to a suppressed
address.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the factories and the PostgreSQL server of the tests

from postgres_server import PostgresServer, PostgresUnavailable  # noqa: E402

from bench.mail_rig import Count, migrate, summed  # noqa: E402
from bench.mail_scenarios import SCENARIOS, SIZES, Place, Size  # noqa: E402


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Count what faults do to mails.")
    parser.add_argument("--size", choices=sorted(SIZES), default="full")
    parser.add_argument("--only", choices=sorted(SCENARIOS), action="append")
    parser.add_argument("--no-fault", type=int, help="invitations of the run without faults")
    options = parser.parse_args(argv)
    size = SIZES[options.size]
    size = replace(size, no_fault=options.no_fault or size.no_fault)
    counts = run(size, options.only or list(SCENARIOS))
    total = summed(counts)
    print(json.dumps(total), flush=True)
    return 1 if total["missed"] else 0


def run(size: Size, names: Sequence[str]) -> list[Count]:
    """Run these scenarios one after another, each printed when it ends."""
    with tempfile.TemporaryDirectory() as name, _postgres() as postgres:
        folder = Path(name)
        migrate(f"sqlite:///{folder / 'migrated.db'}", folder)
        if postgres is not None:
            migrate(postgres.create_database("migrated"), folder)
        place = Place(folder, postgres, size)
        return [_run_one(place, each) for each in names]


def _run_one(place: Place, name: str) -> Count:
    started = time.monotonic()
    count = SCENARIOS[name](place)
    count.seconds = time.monotonic() - started
    count.expect(count.silently_lost == 0, "nothing silently lost")
    count.expect(count.max_copies <= 2, "at most two copies")
    count.expect(count.second_message_ids == 0, "never a second Message-ID")
    count.expect(count.copies_after_250 == 0, "no copy after a confirmed 250")
    count.expect(count.suppressed_but_sent == 0, "nothing to a suppressed address")
    print(json.dumps(count.as_json()), flush=True)
    return count


@contextmanager
def _postgres() -> Iterator[PostgresServer | None]:
    """A server of our own; None where it cannot run, and SQLite takes its place."""
    try:
        server = PostgresServer().__enter__()
    except PostgresUnavailable:
        yield None
        return
    try:
        yield server
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
