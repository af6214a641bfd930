"""Reading the bounce mailbox: the corpus of tests/bounces, and any bytes at all."""

import csv
import email
import re
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest
from bounce_mails import report
from factories import SECRET
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.mail.bounces import detectors
from surveys.mail.bounces.detectors import Detected
from surveys.mail.bounces.reading import digest_of, read_bounce
from surveys.mail.bounces.statuses import kind_of_failure
from surveys.mail.bounces.verdicts import Bounce, BounceKind, Ignored, MatchingKeys
from surveys.mail.verp import mail_of_bounce_address, mail_of_envelope_id

CORPUS = Path(__file__).parent / "bounces"
MESSAGE_ID = "<3.17.5d0c8e1f2a4b6c7d8e9f0a1b@pulse.example.com>"
OURS = 17


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of the table: what is right for one message, decided by hand."""

    file: str
    kind: str
    ignored: str
    recipient: str
    status: str
    matched_by: str


def corpus() -> list[Expected]:
    with (CORPUS / "expected.tsv").open(encoding="utf-8", newline="") as file:
        return [Expected(**row) for row in csv.DictReader(file, delimiter="\t")]


def message(name: str) -> bytes:
    return (CORPUS / f"{name}.eml").read_bytes()


def nothing(_message: Message) -> Detected:
    """A detector that finds nothing: what is read without the library's help."""
    return Detected()


def matched_by(keys: MatchingKeys) -> str:
    """The first key that names our mail; `forged` when one has our form and not our mark."""
    marks = [mail_of_envelope_id(SECRET, each) for each in keys.envelope_ids]
    places = [mail_of_bounce_address(SECRET, each) for each in keys.return_addresses]
    if None in (*marks, *places):
        return "forged"
    if OURS in marks:
        return "envelope_id"
    if OURS in places:
        return "return_address"
    return "message_id" if MESSAGE_ID in keys.message_ids else ""


def first_report(bounce: Bounce) -> tuple[str, str]:
    grave = [report for report in bounce.reports if report.kind is bounce.kind]
    return (grave[0].address or "", grave[0].status or "") if grave else ("", "")


CASES = corpus()
by_name = pytest.mark.parametrize("case", CASES, ids=[case.file for case in CASES])


def test_the_corpus_is_whole_and_names_no_real_domain() -> None:
    files = {path.stem for path in CORPUS.glob("*.eml")}
    texts = b"".join(path.read_bytes() for path in CORPUS.glob("*.eml"))
    domains = re.findall(rb"@([a-z0-9.-]+)", texts.lower())

    assert files == {case.file for case in CASES}
    assert len(files) >= 30
    ours = (b".example", b".example.com", b"example.com")
    assert {each for each in domains if not each.rstrip(b".").endswith(ours)} == set()


@by_name
def test_each_message_of_the_corpus_is_read_as_it_should_be(case: Expected) -> None:
    bounce = read_bounce(message(case.file), detect=nothing)

    recipient, status = first_report(bounce)
    assert bounce.kind.value == case.kind
    assert (bounce.ignored.value if bounce.ignored else "") == case.ignored
    assert (recipient, status) == (case.recipient, case.status)
    assert matched_by(bounce.keys) == case.matched_by


@by_name
def test_the_library_of_detectors_changes_no_verdict(case: Expected) -> None:
    read = read_bounce(message(case.file))

    assert (read.kind.value, first_report(read)[0]) == (case.kind, case.recipient)


@by_name
def test_line_ends_and_lines_of_delivery_change_nothing(case: Expected) -> None:
    raw = message(case.file)
    delivered = b"Delivered-To: other@pulse.example.com\r\n" + raw.replace(b"\n", b"\r\n")

    assert digest_of(delivered) == digest_of(raw)
    read, again = read_bounce(raw), read_bounce(raw.replace(b"\n", b"\r\n"))
    assert again == read


@by_name
@settings(max_examples=15)
@given(data=st.data())
def test_a_cut_message_is_never_hard_for_another_recipient(
    case: Expected, data: st.DataObject
) -> None:
    raw = message(case.file)
    cut = data.draw(st.integers(0, len(raw)))

    bounce = read_bounce(raw[:cut])

    hard = {
        report.address
        for report in bounce.reports
        if report.kind in (BounceKind.HARD, BounceKind.COMPLAINT)
    }
    whole = read_bounce(raw)
    assert hard <= {None, *(report.address for report in whole.reports)}
    if whole.kind is BounceKind.NONE:
        assert bounce.kind is BounceKind.NONE


@given(st.binary(max_size=600))
def test_no_bytes_raise_and_reading_is_deterministic(raw: bytes) -> None:
    assert read_bounce(raw) == read_bounce(raw)


@settings(max_examples=100)
@given(
    st.sampled_from([case.file for case in CASES]),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), max_size=8),
)
def test_no_damage_to_a_bounce_raises(name: str, damages: list[tuple[int, bytes]]) -> None:
    raw = bytearray(message(name))
    for place, noise in damages:
        raw[place % len(raw) : place % len(raw) + len(noise)] = noise

    bounce = read_bounce(bytes(raw))

    assert bounce == read_bounce(bytes(raw))
    assert (bounce.kind is BounceKind.NONE) == (bounce.ignored is not None)
    for each in bounce.reports:
        assert len(each.diagnostic) <= 500
        assert each.diagnostic.isprintable()


def test_a_message_as_deep_as_it_can_be_is_merely_unreadable_or_ignored() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (each, each)
        for each in range(1500)
    )

    assert read_bounce(deep).ignored in (Ignored.UNREADABLE, Ignored.OTHER)


@pytest.mark.parametrize(
    "filling",
    [b"a" * 200_000, b"-" * 200_000, b"\n " * 100_000, b"a@" * 100_000, b"5.1." * 50_000],
)
def test_a_long_message_is_read_in_short_time(filling: bytes) -> None:
    head = b"From: mailer-daemon@x.example\nSubject: failure notice\n\n"

    # A pattern that backtracks would take minutes here, and the suite would never end.
    read_bounce(head + filling)


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "550 5.1.1 no such user", BounceKind.HARD),
        ("5.1.1", "", BounceKind.HARD),
        ("5.1.6", "mailbox has moved", BounceKind.HARD),
        ("4.1.1", "450 4.1.1 unverified", BounceKind.SOFT),
        ("5.1.7", "bad sender", BounceKind.POLICY),
        ("5.2.1", "account blocked", BounceKind.SOFT),
        ("5.2.2", "blocked: mailbox full", BounceKind.SOFT),
        ("5.3.0", "system not accepting mail", BounceKind.SOFT),
        ("5.7.1", "550 5.7.1 user unknown", BounceKind.POLICY),
        ("5.1.1", "550 5.7.1 relaying denied", BounceKind.POLICY),
        ("5.1.1", "550 5.2.1 disabled", BounceKind.SOFT),
        ("5.0.0", "550 User unknown", BounceKind.HARD),
        ("5.0.0", "450 User unknown", BounceKind.SOFT),
        ("5.0.0", "550 mailbox unavailable, try again later", BounceKind.SOFT),
        ("5.0.0", "550 Rejected", BounceKind.SOFT),
        (None, "", BounceKind.SOFT),
        ("5.4.4", "Host or domain name not found", BounceKind.HARD),
        ("5.4.4", "Host not found, try again", BounceKind.SOFT),
        ("5.1.1", "host 5.1.2.3 said: 550 no", BounceKind.HARD),
        (None, "550 blocked.spam@partner.example: User unknown", BounceKind.HARD),
        (None, "Exim 4.94.2: 550 wiadomość: nieznany użytkownik", BounceKind.HARD),
        (None, "Konto jest nieaktywne", BounceKind.SOFT),
    ],
)
def test_an_address_is_given_up_only_when_all_that_is_said_agrees(
    status: str | None, diagnostic: str, kind: BounceKind
) -> None:
    assert kind_of_failure(status, diagnostic) is kind


def test_what_only_the_library_recognises_is_counted_and_never_hard() -> None:
    raw = b"From: MAILER-DAEMON@odd.example\nSubject: Hm\n\nThe pigeon came back.\n"

    permanent = read_bounce(raw, detect=lambda _: Detected(permanent=("jan@partner.example",)))
    temporary = read_bounce(raw, detect=lambda _: Detected(temporary=("jan@partner.example",)))
    neither = read_bounce(raw, detect=nothing)

    assert (permanent.kind, first_report(permanent)[0]) == (BounceKind.SOFT, "jan@partner.example")
    assert temporary.kind is BounceKind.DELAYED
    assert neither.ignored is Ignored.OTHER


def test_the_library_finds_addresses_in_formats_that_only_it_knows() -> None:
    raw = message("qmail_host_silent")

    found = detectors.detect(email.message_from_bytes(raw))

    assert found.permanent == ("jan.kowalski@partner.example",)


def test_a_library_that_fails_on_a_message_does_not_stop_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_message: Message) -> tuple[list[bytes], list[bytes]]:
        raise AttributeError

    monkeypatch.setattr(detectors, "all_failures", fail)

    assert detectors.detect(Message()) == Detected()


def test_what_the_library_takes_for_an_address_and_is_none_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [b"jan@partner.example", b"jan@partner.example is away", b"\xff@x"]
    monkeypatch.setattr(detectors, "all_failures", lambda _: ([], found))

    assert detectors.detect(Message()) == Detected(permanent=("jan@partner.example",))


def test_a_semicolon_in_the_words_of_a_server_cuts_nothing_off() -> None:
    raw = report(17, "jan@partner.example", status="5.1.1", text="550 it is spam; see our pages")

    bounce = read_bounce(raw)

    assert bounce.kind is BounceKind.POLICY
    assert bounce.reports[0].diagnostic == "5.1.1 550 it is spam; see our pages"
