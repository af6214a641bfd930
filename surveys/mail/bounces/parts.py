"""Pieces of a message that may be broken: its texts, fields, addresses and ids. Nothing raises for
what is merely odd; what cannot be decoded is read as far as it can be.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from html.parser import HTMLParser
from quopri import decodestring

#: Of a header, a text and a diagnostic, no more than this is looked at (characters).
MAX_HEADER = 2_000
MAX_TEXT = 60_000
MAX_DIAGNOSTIC = 500
#: What Polish servers write when they do not say what they write.
FALLBACK_CHARSETS = ("utf-8", "cp1250")
_LOCAL = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
ADDRESS = re.compile(
    rf"(?<![A-Za-z0-9.+=_-]){_LOCAL}@[A-Za-z0-9](?:[A-Za-z0-9.-]{{0,250}}[A-Za-z0-9])?"
)
_TYPE = re.compile(r"^[ \t]*[A-Za-z0-9-]{1,30}[ \t]*;")
_FIELD = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(?P<value>.*)")

Fields = dict[str, str]


def any_of(*phrases: str) -> re.Pattern[str]:
    """A pattern that finds any of these phrases, whatever the case."""
    return re.compile("|".join(phrases), re.IGNORECASE)


def own_parts(message: Message) -> Iterator[Message]:
    """The message's parts, without those of messages that it carries."""
    yield message
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in _children(message):
            yield from own_parts(part)


def part_of_type(message: Message, *content_types: str) -> Message | None:
    """The first of its own parts that has one of these types."""
    parts = own_parts(message)
    return next((part for part in parts if part.get_content_type() in content_types), None)


def carried_message(part: Message) -> Message | None:
    """The message inside a message/rfc822 part."""
    if part.get_content_type() != "message/rfc822":
        return None
    return next(iter(_children(part)), None)


def header(message: Message, name: str) -> str:
    """A header as a person reads it, in one line; empty if it is missing."""
    values = (value for key, value in message.raw_items() if key.lower() == name.lower())
    return _readable(str(next(values, ""))[:MAX_HEADER])


def headers(message: Message, *names: str) -> Iterator[str]:
    """Every value of these headers, in their order in the message."""
    wanted = {name.lower() for name in names}
    for key, value in message.raw_items():
        if key.lower() in wanted:
            yield _readable(str(value)[:MAX_HEADER])


def text_of(message: Message) -> str:
    """The first plain text of a message, or the words of its HTML; line ends are newlines."""
    parts = [part for part in own_parts(message) if not part.is_multipart()]
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is not None:
        return content_of(plain)
    html = next((part for part in parts if part.get_content_type() == "text/html"), None)
    if html is not None:
        return _without_markup(content_of(html))
    # A multipart without a boundary is one text.
    return content_of(message) if message in parts else ""


def content_of(part: Message) -> str:
    """The decoded text of one part."""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    return _decoded(content, part.get_content_charset())[:MAX_TEXT].replace("\r\n", "\n")


def fields_of(part: Message) -> list[Fields]:
    """The groups of fields of a report part (RFC 3464, RFC 5965), names in lower case."""
    return read_fields(_report_text(part))


def read_fields(text: str) -> list[Fields]:
    """Groups of `Name: value` lines, parted by empty lines; folded lines are joined."""
    groups: list[Fields] = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n")[:MAX_TEXT]):
        fields = _fields_in(block.splitlines())
        if fields:
            groups.append(fields)
    return groups


def typed_value(value: str) -> str:
    """What follows the type in `rfc822; jan@partner.example`; its own semicolons are kept."""
    return _TYPE.sub("", value, count=1).strip()


def address_in(value: str) -> str | None:
    """The address in a field of a report."""
    found = ADDRESS.search(value)
    return found[0] if found else None


def one_line(text: str, limit: int = MAX_DIAGNOSTIC) -> str:
    """A text that can be stored and shown in one line: no control characters, not too long."""
    printed = "".join(each if each.isprintable() else " " for each in text[: 4 * limit])
    return " ".join(printed.split())[:limit].strip()


def is_cut(message: Message, part: Message) -> bool:
    """Whether a part is the last of a multipart whose end never came: something may be missing."""
    for container in own_parts(message):
        if container.get_content_maintype() != "multipart" or not container.is_multipart():
            continue
        names = {type(defect).__name__ for defect in container.defects}
        if "CloseBoundaryNotFoundDefect" in names and _children(container)[-1:] == [part]:
            return True
    return False


def _children(message: Message) -> list[Message]:
    payload = message.get_payload()
    return (
        [each for each in payload if isinstance(each, Message)] if isinstance(payload, list) else []
    )


def _readable(value: str) -> str:
    raw = value.encode("utf-8", "surrogateescape")
    line = " ".join(_decoded(raw, None).split())
    with suppress(HeaderParseError, LookupError, ValueError):
        return str(make_header(decode_header(line)))
    return line


def _decoded(content: bytes, charset: str | None) -> str:
    for name in (charset, *FALLBACK_CHARSETS):
        if name:
            with suppress(LookupError, ValueError):
                return content.decode(name)
    return content.decode("utf-8", "replace")


def _report_text(part: Message) -> str:
    """The fields as text; the parser has read them as messages, whatever their encoding."""
    text = "\n\n".join(_lines_of(each) for each in _children(part)) or content_of(part)
    encoding = header(part, "Content-Transfer-Encoding").lower()
    with suppress(ValueError):
        if encoding == "base64":
            return b64decode("".join(text.split())).decode("utf-8", "replace")
        if encoding == "quoted-printable":
            return decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
    return text


def _lines_of(group: Message) -> str:
    lines = [f"{name}: {value}" for name, value in group.raw_items()]
    payload = group.get_payload()
    if isinstance(payload, str) and payload.strip():
        lines.append(payload)
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return _decoded(text, None)


def _fields_in(lines: Iterable[str]) -> Fields:
    fields: Fields = {}
    name = ""
    for line in lines:
        found = _FIELD.fullmatch(line.rstrip())
        if found:
            name = found["name"].lower()
            # What stands first counts; a second one may be somebody's addition.
            fields.setdefault(name, found["value"].strip())
        elif name and line[:1] in (" ", "\t"):
            fields[name] = f"{fields[name]} {line.strip()}"[:MAX_HEADER]
        else:
            name = ""
    return fields


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "br", "div", "tr", "li", "h1", "h2"):
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _without_markup(html: str) -> str:
    reader = _Words()
    reader.feed(html)
    reader.close()
    return "".join(reader.words)
