"""What in a bounce may say which mail it is about: ENVID, return address, Message-ID.

Only what has the form of ours is collected, in the order in which it is to be tried; whether we
made it is checked by surveys/mail/verp.py (HMAC) and by the outbox (Message-ID).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from email.message import Message

from surveys.mail.bounces.parts import (
    Fields,
    carried_message,
    content_of,
    fields_of,
    header,
    headers,
    own_parts,
)
from surveys.mail.bounces.verdicts import MatchingKeys

MAX_KEYS = 8
_RETURN_ADDRESS = re.compile(
    r"[A-Za-z0-9._=/-]{1,64}\+[1-9][0-9]{0,18}-[0-9a-f]{20}@[A-Za-z0-9.-]{1,255}", re.IGNORECASE
)
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>")
_MESSAGE_ID_LINE = re.compile(
    r"^[> \t]*(?:X-Original-)?Message-ID:\s*(<[\x21-\x3b\x3d\x3f-\x7e]{3,250}>)",
    re.IGNORECASE | re.MULTILINE,
)
_ENVELOPE_ID = re.compile(r"[1-9][0-9]{0,18}-[0-9a-f]{20}", re.IGNORECASE)
_TO_US = ("To", "Delivered-To", "X-Original-To", "Envelope-To", "Resent-To", "Apparently-To")
_FROM_US = ("Return-Path", "X-Return-Path", "Sender", "Errors-To")
_FIELD_TYPES = (
    "message/delivery-status",
    "message/global-delivery-status",
    "message/feedback-report",
)
_RETURNED_TYPES = ("text/rfc822-headers", "message/global-headers", "message/rfc822-headers")


def find_keys(messages: Sequence[Message]) -> MatchingKeys:
    """Every key in a bounce, the report itself first where it came inside another message."""
    return MatchingKeys(
        envelope_ids=_first(_envelope_ids(messages)),
        return_addresses=_first(_return_addresses(messages)),
        message_ids=_first(_message_ids(messages)),
    )


def keys_of_texts(*, envelope_id: str, return_address: str, message_id: str) -> MatchingKeys:
    """Keys that are given one by one; what has not the form of ours is left out."""
    ids = _ENVELOPE_ID.fullmatch(envelope_id.strip())
    return MatchingKeys(
        envelope_ids=(ids[0].lower(),) if ids else (),
        return_addresses=_first(each.lower() for each in _RETURN_ADDRESS.findall(return_address)),
        message_ids=_first(_MESSAGE_ID.findall(message_id)),
    )


def _first(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))[:MAX_KEYS]


def _groups(message: Message) -> Iterator[Fields]:
    for part in own_parts(message):
        if part.get_content_type() in _FIELD_TYPES:
            yield from fields_of(part)


def _envelope_ids(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        for group in _groups(message):
            found = _ENVELOPE_ID.fullmatch(group.get("original-envelope-id", ""))
            if found:
                yield found[0].lower()


def _return_addresses(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        for text in _places_of_addresses(message):
            yield from (found.lower() for found in _RETURN_ADDRESS.findall(text))


def _places_of_addresses(message: Message) -> Iterator[str]:
    yield from headers(message, *_TO_US)
    for group in _groups(message):
        yield group.get("original-mail-from", "")
    for part in own_parts(message):
        inner = carried_message(part)
        if inner is not None:
            yield from headers(inner, *_FROM_US)
        elif part.get_content_maintype() == "text" or part.get_content_type() in _RETURNED_TYPES:
            yield content_of(part)


def _message_ids(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        yield from _returned_ids(message)
    for message in messages:
        for value in headers(message, "In-Reply-To", "References"):
            yield from reversed(_MESSAGE_ID.findall(value))


def _returned_ids(message: Message) -> Iterator[str]:
    for group in _groups(message):
        yield from _MESSAGE_ID.findall(group.get("x-original-message-id", ""))
    for part in own_parts(message):
        inner = carried_message(part)
        if inner is not None:
            yield from _MESSAGE_ID.findall(header(inner, "Message-ID"))
        elif not part.is_multipart():
            yield from _MESSAGE_ID_LINE.findall(content_of(part))
