"""The library flufl.bounce, for formats that are none of ours: whom a returned mail was for.

It knows addresses and whether a failure is permanent, not why; so what it alone has seen is never
hard. Nothing else imports it.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from surveys.mail.bounces.parts import ADDRESS

# The library's own lines quote messages, which hold addresses.
logging.getLogger("flufl.bounce").disabled = True
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detected:
    """Addresses that a detector found, in order."""

    temporary: tuple[str, ...] = ()
    permanent: tuple[str, ...] = ()


Detect = Callable[[Message], Detected]


def detect(message: Message) -> Detected:
    """What flufl.bounce finds in a message; nothing where it fails."""
    try:
        temporary, permanent = all_failures(message)
        return Detected(_sorted(temporary), _sorted(permanent))
    except Exception as error:  # noqa: BLE001 - it lets through whatever a broken message raises
        logger.warning("flufl.bounce failed on a message: %s", type(error).__name__)
        return Detected()


def _sorted(addresses: Iterable[bytes]) -> tuple[str, ...]:
    found = (each.decode("ascii", "replace") for each in addresses)
    return tuple(sorted(each for each in found if ADDRESS.fullmatch(each)))
