"""Message headers that leave exactly as meant.

The standard library reads every header value it is given: a name that looks like an encoded word is
decoded, long names gain spaces between encoded words, and an address that does not fit its line is
encoded, so that no mail program finds it there. It also costs more than all the rest of a letter.
Here a value is taken as it is and written by RFC 5322 and RFC 2047 when it leaves.
"""

import re
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy, Policy
from email.utils import quote
from typing import Any

#: RFC 2047: a line with an encoded word is at most 76 characters long.
LINE_LENGTH = 75
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


class _Written(BaseHeader):
    """Takes its value as it is."""

    max_count = 1

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        """Nothing is read into the value."""
        kwds["decoded"] = value
        kwds["parse_tree"] = None


class WordsHeader(_Written):
    """Words for people: encoded where they are not ASCII."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines."""
        return f"{self.name}: {_words(str(self), self.name, policy)}{policy.linesep}"


class MailboxHeader(_Written):
    """A name and an address or id in angle brackets, or an address alone."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines: the name encoded or quoted, the address as it is."""
        name, bracket, address = str(self).rpartition(" <")
        before = f"{_phrase(name, self.name, policy)} " if bracket and name else ""
        return f"{self.name}: {before}{bracket.strip()}{address}{policy.linesep}"


class AddressesHeader(_Written):
    """Addresses of programs: one on a line, however long."""

    def fold(self, *, policy: Policy) -> str:
        """The header's lines."""
        return f"{self.name}: {str(self).replace(', <', f',{policy.linesep} <')}{policy.linesep}"


WRITTEN = {
    "Subject": WordsHeader,
    "From": MailboxHeader,
    "To": MailboxHeader,
    "Reply-To": MailboxHeader,
    "List-Id": MailboxHeader,
    "List-Unsubscribe": AddressesHeader,
    "Message-ID": AddressesHeader,
}


def header_policy(*, in_utf8: bool) -> "EmailPolicy[EmailMessage]":
    """How our messages are written; `in_utf8` for an address that ASCII cannot hold (RFC 6532)."""
    headers = HeaderRegistry()
    for name, kind in WRITTEN.items():
        headers.map_to_type(name, kind)
    return SMTP.clone(header_factory=headers, utf8=in_utf8)


def mailbox(name: str, address: str) -> str:
    """The value of a header that names a person, or a list by its id."""
    return f"{name} <{address}>" if name else address


def _phrase(name: str, header: str, policy: Policy) -> str:
    if _ATOMS.fullmatch(name):
        return name
    return f'"{quote(name)}"' if name.isascii() else _words(name, header, policy)


def _words(text: str, header: str, policy: Policy) -> str:
    if text.isascii():
        return text
    encoded = Header(text, "utf-8", maxlinelen=LINE_LENGTH, header_name=header)
    return encoded.encode(linesep=policy.linesep)
