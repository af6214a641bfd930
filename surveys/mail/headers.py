"""Message headers that leave exactly as meant.

The standard library reads every header value that it is given: a name that looks like an encoded
word is decoded, long names gain spaces between encoded words, and an address that does not fit its
line is encoded, so that no mail program finds it there. It also costs more than all the rest of a
letter. Here a value is taken as it is and written by RFC 5322 and RFC 2047.
"""

import re
from collections.abc import Callable, Mapping
from email.header import Header
from email.utils import quote

#: RFC 2047: a line with an encoded word is at most 76 characters long.
LINE_LENGTH = 75
LINE_END = "\r\n"
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


def header_line(name: str, value: str) -> str:
    """One header as it leaves, folded where it must be, with its line end.

    The value must have no line break; names of people and lists may have any other character.
    """
    write = _WRITERS.get(name, _as_it_is)
    return f"{name}: {write(name, value)}{LINE_END}"


def mailbox(name: str, address: str) -> str:
    """The value of a header that names a person, or a list by its id."""
    return f"{name} <{address}>" if name else address


def _words(name: str, text: str) -> str:
    """Words for people: encoded where they are not ASCII."""
    if text.isascii():
        return text
    encoded = Header(text, "utf-8", maxlinelen=LINE_LENGTH, header_name=name)
    return encoded.encode(linesep=LINE_END)


def _mailbox(name: str, value: str) -> str:
    """A name and an address or id in angle brackets, or an address alone.

    The name is encoded or quoted, the address stands as it is.
    """
    phrase, bracket, address = value.rpartition(" <")
    before = f"{_phrase(name, phrase)} " if bracket and phrase else ""
    return f"{before}{bracket.strip()}{address}"


def _addresses(_name: str, value: str) -> str:
    """Addresses of programs: one on a line, however long."""
    return value.replace(", <", f",{LINE_END} <")


def _as_it_is(_name: str, value: str) -> str:
    return value


def _phrase(name: str, phrase: str) -> str:
    if _ATOMS.fullmatch(phrase):
        return phrase
    return f'"{quote(phrase)}"' if phrase.isascii() else _words(name, phrase)


_WRITERS: Mapping[str, Callable[[str, str], str]] = {
    "Subject": _words,
    "From": _mailbox,
    "To": _mailbox,
    "Reply-To": _mailbox,
    "List-Id": _mailbox,
    "List-Unsubscribe": _addresses,
    "Message-ID": _addresses,
}
