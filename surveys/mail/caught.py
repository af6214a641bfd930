"""The mails that the demo's catcher has received: one file each, so that a restart keeps them.

A mail is stored as it came, below the lines that a real mailbox adds at delivery (Return-Path,
Delivered-To). Reading never fails on a malformed mail: what cannot be decoded is shown as far as
it can be. No SMTP and no page here; standard library only.
"""

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from pathlib import Path

ID_TIME = "%Y%m%dT%H%M%S%f"
ID_FORM = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")
LANGUAGE = re.compile("[a-z]{2}")
HTML_LANGUAGE = re.compile(r"<[a-z]+\b[^>]*?\slang=[\"']?([a-z]{2})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MailSummary:
    """One line of the list. `to` is the header, `delivered_to` the addresses of the envelope.

    `language` is a two-letter code, or None where the mail does not say.
    """

    mail_id: str
    received_at: datetime
    to: str
    delivered_to: tuple[str, ...]
    subject: str
    language: str | None


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """A whole mail. `html` and `text` are None where the mail has no such part."""

    summary: MailSummary
    sender: str
    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    raw: str


class Mailbox:
    """A folder of received mails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        # A stored mail never changes, so its summary is read once.
        self._summaries: dict[str, MailSummary] = {}

    def store(
        self, content: bytes, *, sender: str, recipients: Sequence[str], received_at: datetime
    ) -> str:
        """Keep a mail that was received at this (aware) instant; returns its id.

        Raises OSError if it cannot be written; then nothing is kept.
        """
        mail_id = f"{received_at.astimezone(UTC):{ID_TIME}}-{secrets.token_hex(4)}"
        delivery = [f"Return-Path: <{sender}>", *(f"Delivered-To: {one}" for one in recipients)]
        lines = "".join(f"{line}\r\n" for line in delivery).encode()
        arriving = self.folder / f"{mail_id}.arriving"
        arriving.write_bytes(lines + content)
        arriving.rename(self._path(mail_id))
        return mail_id

    def summaries(self) -> list[MailSummary]:
        """All mails, newest first."""
        return [found for mail_id in self._ids() if (found := self._summary(mail_id))]

    def find(self, mail_id: str) -> CaughtMail | None:
        """The mail of this id; None if there is none (any more)."""
        if not ID_FORM.fullmatch(mail_id):
            return None
        try:
            content = self._path(mail_id).read_bytes()
        except FileNotFoundError:
            return None
        return read_mail(mail_id, content)

    def clear(self) -> int:
        """Delete all mails; returns how many there were."""
        found = self._ids()
        for mail_id in found:
            self._path(mail_id).unlink(missing_ok=True)
        self._summaries.clear()
        return len(found)

    def _path(self, mail_id: str) -> Path:
        return self.folder / f"{mail_id}.eml"

    def _ids(self) -> list[str]:
        names = (path.stem for path in self.folder.glob("*.eml"))
        return sorted((name for name in names if ID_FORM.fullmatch(name)), reverse=True)

    def _summary(self, mail_id: str) -> MailSummary | None:
        if mail_id not in self._summaries:
            mail = self.find(mail_id)
            if mail is None:
                return None
            self._summaries[mail_id] = mail.summary
        return self._summaries[mail_id]


def read_mail(mail_id: str, content: bytes) -> CaughtMail:
    """Read a stored mail. `mail_id` has the form that `Mailbox.store` gives it."""
    message = BytesParser(policy=compat32).parsebytes(content)
    headers = _headers(message)
    html = _part(message, "text/html")
    summary = MailSummary(
        mail_id=mail_id,
        received_at=datetime.strptime(mail_id.partition("-")[0], ID_TIME).replace(tzinfo=UTC),
        to=_header(message, "To"),
        delivered_to=tuple(value for name, value in headers if name == "Delivered-To"),
        subject=_header(message, "Subject"),
        language=_language(message, html),
    )
    return CaughtMail(
        summary=summary,
        sender=_header(message, "From"),
        headers=headers,
        html=html,
        text=_part(message, "text/plain"),
        raw=content.decode("utf-8", "replace"),
    )


def matching(summaries: Iterable[MailSummary], query: str) -> list[MailSummary]:
    """The mails with each word of the query in an address or the subject, whatever the case."""
    words = query.casefold().split()
    return [one for one in summaries if all(word in _searchable(one) for word in words)]


def _searchable(summary: MailSummary) -> str:
    return "\n".join((summary.to, *summary.delivered_to, summary.subject)).casefold()


def _headers(message: Message) -> tuple[tuple[str, str], ...]:
    # The raw items: the others replace whatever is not ASCII by question marks.
    return tuple((name, _readable(value)) for name, value in message.raw_items())


def _header(message: Message, wanted: str) -> str:
    values = (value for name, value in _headers(message) if name.lower() == wanted.lower())
    return next(values, "")


def _readable(value: str) -> str:
    """A header as a person reads it: unfolded, encoded words and raw UTF-8 decoded."""
    raw = str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    line = " ".join(raw.split())
    with suppress(HeaderParseError, LookupError, ValueError):
        return str(make_header(decode_header(line)))
    return line


def _language(message: Message, html: str | None) -> str | None:
    named = _header(message, "Content-Language")[:2].lower()
    if LANGUAGE.fullmatch(named):
        return named
    found = HTML_LANGUAGE.search(html or "")
    return found[1].lower() if found else None


def _part(message: Message, content_type: str) -> str | None:
    """The text of the first part of this type that is not an attachment."""
    parts = (part for part in message.walk() if part.get_content_type() == content_type)
    return next((_text(part) for part in parts if not _is_attached(part)), None)


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    for charset in _charsets(part):
        with suppress(LookupError, ValueError):
            return content.decode(charset)
    return content.decode("utf-8", "replace")


def _charsets(part: Message) -> Iterator[str]:
    named = part.get_content_charset()
    if named:
        yield named
    yield "utf-8"
