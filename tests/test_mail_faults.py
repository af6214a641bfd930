"""The bench of mail faults: its counting can fail, and its smallest size holds every target."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.mail_rig import ADMITTED, Count, summed, tally
from bench.mail_sink import Sink
from surveys.terms import MailState

ROOT = Path(__file__).parent.parent
#: What can be broken in seconds; the bench itself runs them all.
QUICK = ("killed", "smtp-faults-sqlite", "suppressed", "closed")


def test_a_mail_that_is_nowhere_is_lost_unless_the_product_says_so() -> None:
    ids = ["<1>", "<2>", "<3>"]
    states = {"<1>": MailState.SENT, "<2>": MailState.SENT, "<3>": MailState.UNCERTAIN}

    count = tally([("copy", "<1>")], states, expected=ids)

    assert (count.delivered, count.silently_lost, count.uncertain) == (1, 1, 1)


@given(st.sampled_from(MailState))
def test_only_rows_that_say_so_excuse_a_mail(state: MailState) -> None:
    count = tally([], {"<1>": state}, expected=["<1>"])

    assert (count.silently_lost == 0) == (state in ADMITTED)


def test_copies_are_counted_for_each_mail() -> None:
    events = [("copy", "<1>"), ("copy", "<1>"), ("copy", "<2>"), ("copy", "<other>")]
    states = dict.fromkeys(("<1>", "<2>"), MailState.SENT)

    count = tally(events, states, expected=["<1>", "<2>"], suppressed=["<2>"])

    assert (count.max_copies, count.duplicates) == (2, 1)
    assert (count.second_message_ids, count.suppressed_but_sent) == (1, 1)


def test_a_copy_after_the_senders_own_note_is_told_from_one_before() -> None:
    states = {"<1>": MailState.SENT}
    before = [("copy", "<1>"), ("copy", "<1>"), ("confirmed", "<1>")]
    after = [("copy", "<1>"), ("confirmed", "<1>"), ("copy", "<1>")]

    assert tally(before, states, expected=["<1>"]).copies_after_250 == 0
    assert tally(after, states, expected=["<1>"]).copies_after_250 == 1


def test_the_sum_keeps_the_worst_and_names_what_was_missed() -> None:
    well = Count(scenario="a", invitations=3, delivered=3, max_copies=1)
    badly = Count(scenario="b", invitations=2, delivered=2, max_copies=3, missed=["two copies"])

    total = summed([well, badly])

    assert (total["invitations"], total["max_copies"]) == (5, 3)
    assert total["missed"] == ["b: two copies"]


@pytest.mark.parametrize(
    ("recipient", "expected"),
    [
        ("p1.r451x2@d.example", ["r451", "r451", ""]),
        ("p1.spam@d.example", ["spam", "spam", "spam"]),
        ("p1.ok@d.example", ["", "", ""]),
        ("anna@d.example", ["", "", ""]),
    ],
)
def test_the_sink_fails_as_the_recipients_name_says(
    tmp_path: Path, recipient: str, expected: list[str]
) -> None:
    with (tmp_path / "log").open("w") as log:
        sink = Sink(log, tmp_path / "go")

        assert [sink.fault_of(recipient) for _ in expected] == expected


@pytest.mark.postgres
def test_faults_of_the_smallest_size_lose_no_mail_and_send_none_too_often() -> None:
    chosen = [word for name in QUICK for word in ("--only", name)]
    command = [sys.executable, "-m", "bench.mail_faults", "--size", "tiny", *chosen]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)  # noqa: S603 - our own module

    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [len(lines), lines[-1]["scenario"]] == [len(QUICK) + 1, "all"]
    assert lines[-1]["missed"] == []
    assert lines[-1]["delivered"] > 60
    assert lines[-1]["kills"] > 10
