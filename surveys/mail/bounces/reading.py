"""From the bytes of one message to what it says about a delivery.

In this order: a report of RFC 3464 (also one that a person forwarded as an attachment), a
complaint of RFC 5965, a receipt, an absence or a challenge, the free text of a mail server, and
what flufl.bounce makes of it. Reports inside a returned message are somebody else's and never read.
Nothing is decided here about whose mail it was: the keys are only collected.

Any bytes give a value and none raises; the same bytes give the same value.
"""

import hashlib
import re
from collections.abc import Iterable
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from surveys.mail.bounces.automatic import (
    absence_or_challenge,
    automatic_reply,
    is_from_daemon,
    tells_of_return,
)
from surveys.mail.bounces.detectors import Detect, Detected, detect
from surveys.mail.bounces.matching import find_keys
from surveys.mail.bounces.parts import (
    ADDRESS,
    Fields,
    address_in,
    any_of,
    carried_message,
    fields_of,
    header,
    is_cut,
    one_line,
    own_parts,
    part_of_type,
    read_fields,
    text_of,
    typed_value,
)
from surveys.mail.bounces.returned import before_returned
from surveys.mail.bounces.statuses import enhanced_status, kind_of_failure, tells_of_failure
from surveys.mail.bounces.verdicts import Bounce, BounceKind, Ignored, RecipientReport, gravest

#: A report stands before the message that it returns; of a longer one the rest is not read.
MAX_BYTES = 262_144
MAX_REPORTS = 20
#: Lines that a mailbox adds at each delivery, so that the same bounce has the same digest.
_DELIVERY_LINE = re.compile(
    rb"(?:Return-Path|Delivered-To|X-Original-To|Envelope-To|Delivery-date|X-UIDL?|Status):[^\n]*\n",
    re.IGNORECASE,
)
_REPORTS = ("message/delivery-status", "message/global-delivery-status")
_FAILED = "failed"
_DELAYED = "delayed"
_DELIVERED = ("delivered", "relayed", "expanded")
#: Kinds of feedback (RFC 5965, RFC 6591) that are no complaint.
_NO_COMPLAINT = ("not-spam", "auth-failure", "dmarc", "other")
_WAITS = any_of(
    r"(?:has been|is|was|been) delayed",
    r"delayed (?:\d+ )?(?:hours?|minutes?)",
    r"warning message only",
    r"could not send (?:message )?for past",
    r"not yet been delivered",
    r"will (?:continue|keep) (?:to )?try",
    r"will be retried",
    r"opóźnion",
    r"kolejne próby|próby będą ponawiane|nadal próbuj",
)
_GIVEN_UP = any_of(
    r"permanent(?:ly)? (?:error|fail)",
    r"giv(?:en|ing) up",
    r"trwały błąd",
    r"could not be delivered",
)
#: What the standard library raises on some broken messages, for all its care.
_FAULTS = (
    AttributeError,
    IndexError,
    KeyError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_bounce(raw: bytes, *, detect: Detect = detect) -> Bounce:
    """Read one message from the bounce mailbox."""
    digest = digest_of(raw)
    try:
        message = BytesParser(policy=compat32).parsebytes(raw[:MAX_BYTES])
        return _read(message, digest, detect)
    except _FAULTS:
        return Bounce(BounceKind.NONE, find_keys(()), digest, ignored=Ignored.UNREADABLE)


def digest_of(raw: bytes) -> bytes:
    """SHA-256 of a message as it was sent, 32 bytes: its line ends and delivery lines left out."""
    lines = raw.replace(b"\r\n", b"\n")
    while found := _DELIVERY_LINE.match(lines):
        lines = lines[found.end() :]
    return hashlib.sha256(lines).digest()


def _read(message: Message, digest: bytes, detect: Detect) -> Bounce:
    inner = _forwarded_report(message)
    keys = find_keys((message,) if inner is None else (inner, message))
    reports, ignored = _verdict(message if inner is None else inner, detect)
    kind = gravest({report.kind for report in reports})
    if kind is not BounceKind.NONE:
        return Bounce(kind, keys, digest, reports)
    return Bounce(kind, keys, digest, ignored=ignored or Ignored.OTHER)


def _verdict(
    message: Message, detect: Detect
) -> tuple[tuple[RecipientReport, ...], Ignored | None]:
    feedback = part_of_type(message, "message/feedback-report")
    if feedback is not None:
        return () if is_cut(message, feedback) else _complaint(feedback), Ignored.OTHER
    report = part_of_type(message, *_REPORTS)
    if report is not None:
        return _from_report(message, report)
    if part_of_type(message, "message/disposition-notification") is not None:
        return (), Ignored.RECEIPT
    ignored = absence_or_challenge(message)
    if ignored is not None:
        return (), ignored
    text = text_of(message)
    is_return = is_from_daemon(message)
    ignored = None if is_return else automatic_reply(message, text)
    return (_from_daemon(message, text, detect), None) if is_return else ((), ignored)


def _forwarded_report(message: Message) -> Message | None:
    """The report that a person forwarded as an attachment of a mail of their own."""
    if part_of_type(message, *_REPORTS) is not None or is_from_daemon(message):
        return None
    carried = [inner for part in own_parts(message) if (inner := carried_message(part)) is not None]
    if len(carried) != 1 or part_of_type(carried[0], *_REPORTS) is None:
        return None
    return carried[0]


def _complaint(feedback: Message) -> tuple[RecipientReport, ...]:
    fields = {name: value for group in fields_of(feedback) for name, value in group.items()}
    kind = fields.get("feedback-type", "").lower()
    if not kind or kind in _NO_COMPLAINT:
        return ()
    address = address_in(fields.get("original-rcpt-to", ""))
    return (RecipientReport(BounceKind.COMPLAINT, address, diagnostic=one_line(kind)),)


def _from_report(
    message: Message, report: Message
) -> tuple[tuple[RecipientReport, ...], Ignored | None]:
    groups = fields_of(report)
    found = _from_fields(groups, is_whole=not is_cut(message, report))
    actions = {_word(group, "action") for group in groups}
    return found, Ignored.DELIVERED if actions & set(_DELIVERED) else None


def _from_fields(groups: Iterable[Fields], *, is_whole: bool) -> tuple[RecipientReport, ...]:
    found = (_from_group(group, is_whole=is_whole) for group in groups)
    return tuple(report for report in found if report is not None)[:MAX_REPORTS]


def _from_group(group: Fields, *, is_whole: bool) -> RecipientReport | None:
    """What a group of fields says of one recipient; what may be cut off is never hard."""
    status = enhanced_status(group.get("status", ""))
    diagnostic = one_line(typed_value(group.get("diagnostic-code", "")))
    kind = _kind_of_action(_word(group, "action"), status, diagnostic)
    if kind is None:
        return None
    if kind is BounceKind.HARD and not is_whole:
        kind = BounceKind.SOFT
    return RecipientReport(
        kind=kind,
        address=address_in(typed_value(group.get("final-recipient", ""))),
        original=address_in(typed_value(group.get("original-recipient", ""))),
        status=_telling_status(status, diagnostic),
        diagnostic=diagnostic,
    )


def _kind_of_action(action: str, status: str | None, diagnostic: str) -> BounceKind | None:
    if action == _DELAYED:
        return BounceKind.DELAYED
    if action == _FAILED:
        return kind_of_failure(status, diagnostic)
    return None


def _word(group: Fields, name: str) -> str:
    """The first word of a field: some servers add a comment."""
    words = group.get(name, "").lower().split()
    return words[0].strip(";,()") if words else ""


def _telling_status(status: str | None, diagnostic: str) -> str | None:
    if status is not None and not status.endswith(".0.0"):
        return status
    return enhanced_status(ADDRESS.sub(" ", diagnostic)) or status


def _from_daemon(message: Message, text: str, detect: Detect) -> tuple[RecipientReport, ...]:
    """What a server wrote in words alone, or in fields that nobody marked as such."""
    words = before_returned(text)
    fields = _from_fields(read_fields(words), is_whole=words.endswith("\n"))
    if fields:
        return fields
    detected = detect(message)
    subject = header(message, "Subject")
    if _WAITS.search(f"{subject}\n{words}") and not _GIVEN_UP.search(words):
        return _delays(_addresses(words) or detected.temporary)
    if tells_of_failure(words):
        return _from_words(words, detected)
    if detected.permanent or tells_of_return(subject):
        kind = BounceKind.SOFT
        return tuple(RecipientReport(kind, each) for each in detected.permanent or (None,))
    return _delays(detected.temporary)


def _delays(addresses: Iterable[str]) -> tuple[RecipientReport, ...]:
    delayed = tuple(RecipientReport(BounceKind.DELAYED, each) for each in addresses)
    return delayed[:MAX_REPORTS]


def _from_words(words: str, detected: Detected) -> tuple[RecipientReport, ...]:
    addresses = _addresses(words)
    if len(addresses) <= 1:
        others = detected.permanent or detected.temporary
        named = addresses or (others if len(others) == 1 else ())
        return (_from_passage(words, named[0] if named else None),)
    passages = _passages(words, addresses)
    return tuple(_from_passage(passage, address) for address, passage in passages)[:MAX_REPORTS]


def _from_passage(passage: str, address: str | None) -> RecipientReport:
    diagnostic = one_line(passage)
    status = enhanced_status(ADDRESS.sub(" ", passage))
    return RecipientReport(
        kind_of_failure(status, one_line(passage, limit=4_000)), address, None, status, diagnostic
    )


def _addresses(words: str) -> tuple[str, ...]:
    """Addresses of recipients in a text, each once; one that ends with the text may be cut."""
    end = len(words.rstrip(" \t\n.-"))
    found = (each for each in ADDRESS.finditer(words) if each.end() < end)
    return tuple(dict.fromkeys(each[0] for each in found if not _is_server(each[0])))


def _is_server(address: str) -> bool:
    """Addresses that a bounce names and that are not whom it was for: the server's, and ours."""
    name = address.partition("@")[0].lower()
    return "+" in name or name in ("mailer-daemon", "postmaster", "abuse", "support", "helpdesk")


def _passages(words: str, addresses: Iterable[str]) -> list[tuple[str, str]]:
    """Each address with the text from its line on to the next address's line."""
    starts = sorted((words.rfind("\n", 0, words.find(each)) + 1, each) for each in addresses)
    ends = [start for start, _ in starts[1:]] + [len(words)]
    return [(each, words[start:end]) for (start, each), end in zip(starts, ends, strict=True)]
