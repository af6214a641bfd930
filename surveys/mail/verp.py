"""Addresses and ids that a bounce brings back, so that we know which mail it is about.

Each mail's envelope sender is `bounces+<mail id>-<mark>@domain`, and its envelope id (RFC 3461) is
`<mail id>-<mark>`. The mark is an HMAC over the id: a bounce that somebody makes up names no mail
of ours. It is written in lower-case hexadecimal, since servers on the way may change the case of an
address. Reading mailboxes and messages is no matter of this module.
"""

import hmac
import re

#: 80 bits: too many to guess, and short enough for the 64 characters of a local part.
MARK_BYTES = 10
_ID = re.compile(r"(?P<mail>[1-9][0-9]{0,18})-(?P<mark>[0-9a-f]{20})")


def envelope_id(key: str, mail_id: int) -> str:
    """The ENVID of this mail; needs no encoding as xtext (RFC 3461, 4)."""
    return f"{mail_id}-{_mark(key, mail_id)}"


def bounce_address(key: str, mail_id: int, *, mailbox: str) -> str:
    """The envelope sender of this mail: an address below the mailbox that takes bounces."""
    name, _, domain = mailbox.rpartition("@")
    return f"{name}+{envelope_id(key, mail_id)}@{domain}"


def mail_of_envelope_id(key: str, text: str) -> int | None:
    """The mail whose envelope id this is; None if we did not make it."""
    found = _ID.fullmatch(text.strip().lower())
    if found is None:
        return None
    mail_id = int(found["mail"])
    return mail_id if hmac.compare_digest(found["mark"], _mark(key, mail_id)) else None


def mail_of_bounce_address(key: str, address: str) -> int | None:
    """The mail whose envelope sender this address is; None if we did not make it.

    Only the part between `+` and `@` counts: relays may write another domain.
    """
    local_part = address.strip().strip("<>").rpartition("@")[0]
    return mail_of_envelope_id(key, local_part.rpartition("+")[2])


def _mark(key: str, mail_id: int) -> str:
    return hmac.digest(key.encode(), f"bounce/{mail_id}".encode(), "sha256")[:MARK_BYTES].hex()
