"""Received mails are kept, and read however malformed they are."""

import re
import tempfile
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.mail.caught import CaughtMail, Mailbox, MailSummary, matching, read_mail

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
MAIL_ID = "20261124T120000123456-0123abcd"


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


def letter(*, subject: str = "3 minutes", to: str = "jan@partner.example") -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "Tomasz Wróbel <tomasz@vendor.example>"
    message["To"] = to
    message.set_content("Plain words")
    message.add_alternative("<p>Styled words</p>", subtype="html")
    message["Content-Language"] = "en"  # last: set_content removes all Content- headers
    return message


def store(mailbox: Mailbox, message: EmailMessage, *, at: datetime = NOON) -> str:
    return mailbox.store(
        message.as_bytes(), sender="bounce@vendor.example", recipients=[message["To"]],
        received_at=at,
    )  # fmt: skip


def found(mailbox: Mailbox, mail_id: str) -> CaughtMail:
    mail = mailbox.find(mail_id)
    assert mail is not None
    return mail


def test_stored_mail_is_found_with_both_parts(mailbox: Mailbox) -> None:
    mail = found(mailbox, store(mailbox, letter(subject="Różnica w ocenie")))

    assert mail.summary.subject == "Różnica w ocenie"
    assert mail.summary.to == "jan@partner.example"
    assert mail.summary.language == "en"
    assert mail.summary.received_at == NOON
    assert mail.sender == "Tomasz Wróbel <tomasz@vendor.example>"
    assert mail.text == "Plain words\n"
    assert mail.html == "<p>Styled words</p>\n"


def test_envelope_is_kept_as_a_mailbox_does_it(mailbox: Mailbox) -> None:
    mail_id = mailbox.store(
        b"Subject: x\r\n\r\n", sender="bounce@vendor.example",
        recipients=["a@x.example", "żółw@x.example"], received_at=NOON,
    )  # fmt: skip

    mail = found(mailbox, mail_id)

    assert mail.summary.delivered_to == ("a@x.example", "żółw@x.example")
    assert ("Return-Path", "<bounce@vendor.example>") in mail.headers


def test_mails_are_listed_newest_first(mailbox: Mailbox) -> None:
    for minutes in (2, 0, 1):
        at = NOON + timedelta(minutes=minutes)
        store(mailbox, letter(subject=f"minute {minutes}"), at=at)

    assert [mail.subject for mail in mailbox.summaries()] == ["minute 2", "minute 1", "minute 0"]


def test_time_of_another_zone_is_the_same_instant(mailbox: Mailbox) -> None:
    warsaw = timezone(timedelta(hours=1))

    mail_id = store(mailbox, letter(), at=NOON.astimezone(warsaw))

    assert found(mailbox, mail_id).summary.received_at == NOON


def test_mails_survive_a_restart(mailbox: Mailbox) -> None:
    store(mailbox, letter(subject="kept"))

    restarted = Mailbox(mailbox.folder)

    assert [mail.subject for mail in restarted.summaries()] == ["kept"]


def test_mail_that_arrives_after_a_listing_is_in_the_next(mailbox: Mailbox) -> None:
    store(mailbox, letter())
    assert len(mailbox.summaries()) == 1

    store(mailbox, letter())

    assert len(mailbox.summaries()) == 2


def test_clearing_deletes_every_mail(mailbox: Mailbox) -> None:
    mail_ids = [store(mailbox, letter()) for _ in range(3)]

    assert mailbox.clear() == 3

    assert mailbox.summaries() == []
    assert mailbox.find(mail_ids[0]) is None
    assert list(mailbox.folder.iterdir()) == []


def test_file_removed_by_hand_is_not_listed(mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())
    (mailbox.folder / f"{mail_id}.eml").unlink()

    assert mailbox.summaries() == []


def test_foreign_and_unfinished_files_are_not_listed(mailbox: Mailbox) -> None:
    (mailbox.folder / "notes.eml").write_text("Subject: mine\n\n")
    (mailbox.folder / f"{MAIL_ID}.arriving").write_text("Subject: half")

    assert mailbox.summaries() == []
    assert mailbox.clear() == 0
    assert (mailbox.folder / "notes.eml").exists()


@pytest.mark.parametrize("mail_id", ["", "../secret", "..%2Fsecret", "notes", MAIL_ID + "/x", "*"])
def test_id_never_leads_out_of_the_folder(mailbox: Mailbox, mail_id: str) -> None:
    (mailbox.folder.parent / "secret.eml").write_text("Subject: secret\n\n")
    (mailbox.folder / "notes.eml").write_text("Subject: mine\n\n")

    assert mailbox.find(mail_id) is None


def test_mail_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path / "mail")
    mailbox.folder.rmdir()

    with pytest.raises(FileNotFoundError):
        store(mailbox, letter())


def test_language_of_the_html_is_taken_where_no_header_names_one() -> None:
    content = b'Content-Type: text/html\r\n\r\n<!doctype html><html class="x" lang="PL"><p>Tak</p>'

    assert read_mail(MAIL_ID, content).summary.language == "pl"


@pytest.mark.parametrize("header", [b"", b"Content-Language: !!\r\n", b"Content-Language: p\r\n"])
def test_mail_without_a_language_has_none(header: bytes) -> None:
    assert read_mail(MAIL_ID, header + b"Subject: x\r\n\r\nHi").summary.language is None


def test_regional_language_is_its_language() -> None:
    assert read_mail(MAIL_ID, b"Content-Language: pl-PL\r\n\r\n").summary.language == "pl"


def test_raw_utf8_in_a_header_is_read() -> None:
    assert read_mail(MAIL_ID, "Subject: Żółć\r\n\r\n".encode()).summary.subject == "Żółć"


def test_folded_header_is_one_line() -> None:
    content = b"Subject: =?utf-8?q?R=C3=B3=C5=BC?=\r\n =?utf-8?q?nica?= in two\r\n  lines\r\n\r\n"

    assert read_mail(MAIL_ID, content).summary.subject == "Różnica in two lines"


@pytest.mark.parametrize("subject", ["=?nonsense?q?abc?=", "=?utf-8?b?a?=", "=?utf-8?q?=ff?="])
def test_header_that_cannot_be_decoded_is_shown_as_it_is(subject: str) -> None:
    mail = read_mail(MAIL_ID, f"Subject: {subject}\r\n\r\n".encode())

    assert mail.summary.subject


@pytest.mark.parametrize("charset", ["nonsense", "utf-8", "us-ascii"])
def test_body_with_a_wrong_charset_is_still_shown(charset: str) -> None:
    head = f"Content-Type: text/plain; charset={charset}\r\n\r\n"

    assert read_mail(MAIL_ID, head.encode() + "Żółć".encode()).text == "Żółć"


def test_windows_1250_body_is_read() -> None:
    head = b"Content-Type: text/plain; charset=windows-1250\r\n\r\n"

    assert read_mail(MAIL_ID, head + "Żółć".encode("cp1250")).text == "Żółć"


def test_attached_text_is_not_the_text() -> None:
    message = EmailMessage()
    message.set_content("the letter")
    message.add_attachment("the attachment", filename="notes.txt")

    assert read_mail(MAIL_ID, message.as_bytes()).text == "the letter\n"


def test_mail_without_html_has_none() -> None:
    mail = read_mail(MAIL_ID, b"Subject: x\r\n\r\nHi")

    assert (mail.html, mail.text) == (None, "Hi")


PIECES = st.sampled_from([
    b"Subject: ", b"To: ", b"Content-Type: text/html; charset=", b"Content-Type: multipart/mixed; ",
    b'boundary="x"', b"\r\n\r\n", b"\r\n", b"--x", b"--x--", b"=?utf-8?q?", b"?=", b"=?x?b?",
    b"\xff", b"Content-Transfer-Encoding: base64\r\n", b"utf-7", b"message/rfc822", b"<html lang=",
    b"\x00",
])  # fmt: skip


@settings(max_examples=300)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=20))))
def test_no_mail_is_too_malformed_to_be_read(pieces: list[bytes]) -> None:
    mail = read_mail(MAIL_ID, b"".join(pieces))

    assert mail.raw == b"".join(pieces).decode("utf-8", "replace")


@settings(max_examples=50)
@given(st.binary(max_size=300))
def test_stored_mail_ends_with_exactly_what_arrived(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mailbox = Mailbox(Path(folder))

        mail_id = mailbox.store(content, sender="", recipients=[], received_at=NOON)

        assert (mailbox.folder / f"{mail_id}.eml").read_bytes().endswith(content)
        assert re.fullmatch(r"20261124T120000123456-[0-9a-f]{8}", mail_id)


def summary(*, to: str = "", subject: str = "", delivered_to: tuple[str, ...] = ()) -> MailSummary:
    return MailSummary(MAIL_ID, NOON, to, delivered_to, subject, None)


@pytest.mark.parametrize("query", ["", "  ", "KOWALSKA", "pulse", "pulse kowalska", "hidden@"])
def test_mail_is_found_by_each_of_its_words(query: str) -> None:
    mail = summary(to="Anna Kowalska", subject="The Pulse", delivered_to=("hidden@x.example",))

    assert matching([mail], query) == [mail]


@pytest.mark.parametrize("query", ["nowak", "pulse nowak"])
def test_mail_without_one_of_the_words_is_not_found(query: str) -> None:
    assert matching([summary(to="Anna Kowalska", subject="The Pulse")], query) == []
