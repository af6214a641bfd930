"""What a mail provider posts instead of a bounce: whether it is from them, and what it says.

Signed as the Standard Webhooks specification has it: HMAC-SHA256 over id, timestamp and body, so
that neither can be changed alone. A notice older or newer than five minutes is refused, and the id
counts once (surveys/bounces.py). The body is one JSON object:

    {"type": "bounce", "recipient": "jan@partner.example", "status": "5.1.1",
     "diagnostic": "550 5.1.1 user unknown", "envelope_id": "17-...",
     "return_address": "bounces+17-...@pulse.example.com", "message_id": "<...>"}

`type` is bounce, complaint or delayed; others are of no consequence. One of the last three names
the mail, and all fields but `type` may be missing.
"""

import hashlib
import hmac
import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from surveys.errors import SurveyError
from surveys.mail.bounces.matching import keys_of_texts
from surveys.mail.bounces.parts import address_in, one_line
from surveys.mail.bounces.statuses import enhanced_status, kind_of_failure
from surveys.mail.bounces.verdicts import Bounce, BounceKind, Ignored, RecipientReport

WINDOW_SECONDS = 300
MAX_SIGNATURES = 5
SECRET_PREFIX = "whsec_"  # noqa: S105 - how such secrets begin, not one of them
_ID = re.compile(r"[A-Za-z0-9_.:/+=-]{1,100}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class NoticeRefused(SurveyError):
    """A notice that is not believed or not understood; `reason` is signature, time, id or body."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the notice is refused: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SignedNotice:
    """A request as it came: three headers and the body."""

    notice_id: str
    timestamp: str
    signatures: str
    body: bytes


def read_notice(notice: SignedNotice, *, secret: str, now: datetime) -> Bounce:
    """What a notice says. Raises NoticeRefused when it is forged, stale or no such object."""
    _check(notice, secret, now)
    values = _values(notice.body)
    digest = hashlib.sha256(f"{notice.notice_id}.".encode() + notice.body).digest()
    keys = keys_of_texts(
        envelope_id=_text(values, "envelope_id"),
        return_address=_text(values, "return_address"),
        message_id=_text(values, "message_id"),
    )
    report = _report(values)
    if report.kind is BounceKind.NONE:
        return Bounce(report.kind, keys, digest, ignored=Ignored.OTHER)
    return Bounce(report.kind, keys, digest, (report,))


def signature_of(notice_id: str, timestamp: str, body: bytes, *, secret: str) -> str:
    """The signature of a notice, as its header has it: `v1,` and base64."""
    signed = f"{notice_id}.{timestamp}.".encode() + body
    return "v1," + b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def _check(notice: SignedNotice, secret: str, now: datetime) -> None:
    if not _ID.fullmatch(notice.notice_id):
        raise NoticeRefused("id")
    if not _TIMESTAMP.fullmatch(notice.timestamp):
        raise NoticeRefused("time")
    right = signature_of(notice.notice_id, notice.timestamp, notice.body, secret=secret).encode()
    given = notice.signatures.encode("utf-8", "replace").split()[:MAX_SIGNATURES]
    if not any(hmac.compare_digest(each, right) for each in given):
        raise NoticeRefused("signature")
    if abs(now.timestamp() - int(notice.timestamp)) > WINDOW_SECONDS:
        raise NoticeRefused("time")


def _key(secret: str) -> bytes:
    if secret.startswith(SECRET_PREFIX):
        try:
            return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except Base64Error:
            return secret.encode()
    return secret.encode()


def _values(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NoticeRefused("body") from error
    if not isinstance(values, dict) or not isinstance(values.get("type"), str):
        raise NoticeRefused("body")
    return values


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _report(values: dict[str, Any]) -> RecipientReport:
    status = enhanced_status(_text(values, "status"))
    diagnostic = one_line(_text(values, "diagnostic"))
    kinds = {
        "bounce": kind_of_failure(status, diagnostic),
        "complaint": BounceKind.COMPLAINT,
        "delayed": BounceKind.DELAYED,
    }
    kind = kinds.get(values["type"], BounceKind.NONE)
    address = address_in(_text(values, "recipient"))
    return RecipientReport(kind, address, None, status, diagnostic)
