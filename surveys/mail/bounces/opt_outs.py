"""A mail with which somebody, or their mail program, asks to get no more (RFC 2369).

Our List-Unsubscribe names the address under which the mail itself left, so what comes to it says by
its own recipient which mail it is about. Whether we made that address is checked by
surveys/mail/verp.py; who wrote it does not matter, as for the link beside it.
"""

from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import compat32

from surveys.mail.bounces.automatic import is_from_daemon
from surveys.mail.bounces.matching import find_keys
from surveys.mail.bounces.parts import header
from surveys.mail.bounces.reading import MAX_BYTES

SUBJECT = "unsubscribe"


def opt_out_addresses(raw: bytes) -> tuple[str, ...] | None:
    """The addresses of ours that a request to stop was sent to; None if it is no such request."""
    try:
        message = BytesHeaderParser(policy=compat32).parsebytes(raw[:MAX_BYTES])
        is_request = header(message, "Subject").strip().casefold() == SUBJECT
        if not is_request or is_from_daemon(message):
            return None
        return find_keys((message,)).return_addresses
    except (MessageError, AttributeError, LookupError, TypeError, ValueError):
        return None
