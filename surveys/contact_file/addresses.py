"""Email addresses as people type them into lists: valid, or refused with what to do about it.

Identity is decided by `surveys/email_addresses.py` alone. Here plain addresses take a short way to
the same result, because a list of 50,000 would else spend most of its time on them, and the others
get a reason and, where one is at hand, a correction to accept.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from surveys.contact_file.problems import CellRefused, ErrorCode
from surveys.email_addresses import normalise_email

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9]|-(?!-)){0,61}(?<!-)"
_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+([A-Za-z]{{2,63}})")
_PLAIN_LENGTH = 64
# Names that no public mail can reach; the long way decides about them.
_RESERVED = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})

_IN_BRACKETS = re.compile(r"<([^<>]*@[^<>]*)>")
_BETWEEN_ADDRESSES = re.compile(r"[,;/\s]+")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as it was written, and the key under which it is one person."""

    written: str
    key: str


class DomainIndex:
    """The domains that are used elsewhere, asked only when an address lacks its ending.

    `read` is called at most once, at the first question: most files need no answer.
    """

    def __init__(self, read: Callable[[], Iterable[str]]) -> None:
        self._read = read
        self._by_first_label: dict[str, str] | None = None

    def complete(self, domain: str) -> str | None:
        """The domain that begins with this label: 'siecplus' gives 'siecplus.example'."""
        if self._by_first_label is None:
            self._by_first_label = _by_first_label(self._read())
        return self._by_first_label.get(domain.casefold())


def read_address(cell: str, domains: DomainIndex) -> Address:
    """The address in a cell that is trimmed and not empty. Raises CellRefused."""
    if len(cell) <= _PLAIN_LENGTH:
        plain = _PLAIN.fullmatch(cell)
        if plain and plain[1].lower() not in _RESERVED:
            return Address(cell, cell.lower())
    key = normalise_email(cell)
    if key is None or not key.isascii():
        raise _refusal(cell, domains)
    return Address(unicodedata.normalize("NFC", cell), key)


def domain_in(cell: str) -> str:
    """The complete domain of an address, '' if there is none; takes the form for granted."""
    domain = cell.rpartition("@")[2].strip().casefold()
    return domain if "." in domain.strip(".") else ""


def _by_first_label(domains: Iterable[str]) -> dict[str, str]:
    """For each first label the domain that is used most, the first of equals."""
    chosen: dict[str, str] = {}
    for domain, _ in Counter(filter(None, domains)).most_common():
        chosen.setdefault(domain.partition(".")[0], domain)
    return chosen


def _refusal(cell: str, domains: DomainIndex) -> CellRefused:
    if "@" not in cell:
        return CellRefused(ErrorCode.EMAIL_WITHOUT_AT)
    parts = [part for part in _BETWEEN_ADDRESSES.split(cell) if part]
    if len(parts) > 1 and all("@" in part for part in parts):
        return CellRefused(ErrorCode.EMAIL_SEVERAL)
    local, _, domain = cell.rpartition("@")
    if domain and domain.replace("-", "").isalnum():
        completed = domains.complete(domain)
        return _refused(ErrorCode.EMAIL_INCOMPLETE, completed and f"{local}@{completed}")
    if not local.isascii():
        return _refused(ErrorCode.EMAIL_ACCENTED, f"{_unaccented(local)}@{domain}")
    ending = domain.rpartition(".")[2].lower()
    if ending in _RESERVED:
        return CellRefused(ErrorCode.EMAIL_RESERVED, ending=ending)
    return _refused(ErrorCode.EMAIL_INVALID, _repaired(cell))


def _refused(code: ErrorCode, suggestion: str | None) -> CellRefused:
    """A refusal with the suggestion, if that is an address that would be taken."""
    key = normalise_email(suggestion) if suggestion else None
    if suggestion is None or key is None or not key.isascii():
        return CellRefused(code)
    return CellRefused(code, suggestion=suggestion)


def _repaired(cell: str) -> str:
    """The address that a slip of the keyboard or a copied line may have meant."""
    bracketed = _IN_BRACKETS.search(cell)
    text = bracketed[1] if bracketed else cell
    text = "".join(c for c in text if unicodedata.category(c)[0] not in "CZ" and c not in "<>\"'")
    text = text.removeprefix("mailto:").strip(".,;:")
    local, _, domain = text.partition("@")
    domain = re.sub(r"\.{2,}", ".", domain.replace(",", "."))
    return f"{local.strip('.')}@{domain.strip('.')}"


def _unaccented(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.replace("ł", "l").replace("Ł", "L"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
