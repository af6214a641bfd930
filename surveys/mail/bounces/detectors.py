"""The library flufl.bounce, for formats that are none of ours: whom a returned mail was for.

It knows addresses and whether a failure is permanent, not why; so what it alone has seen is never
hard. Where it is not installed, nothing is detected and the rest works. Nothing else imports it.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from email.message import Message
from importlib import import_module
from importlib.util import find_spec

from surveys.mail.bounces.parts import ADDRESS

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Detected:
    """Addresses that a detector found, in order."""

    temporary: tuple[str, ...] = ()
    permanent: tuple[str, ...] = ()


Detect = Callable[[Message], Detected]
_Failures = Callable[[Message], tuple[Iterable[bytes], Iterable[bytes]]]


def _library() -> _Failures | None:
    if find_spec("flufl") is None or find_spec("flufl.bounce") is None:
        return None
    # Its log lines quote messages, which hold addresses.
    logging.getLogger("flufl.bounce").disabled = True
    found: _Failures = import_module("flufl.bounce").all_failures
    return found


_ALL_FAILURES = _library()


def is_installed() -> bool:
    """Whether flufl.bounce is there."""
    return _ALL_FAILURES is not None


def detect(message: Message) -> Detected:
    """What flufl.bounce finds in a message; nothing without it, or where it fails."""
    if _ALL_FAILURES is None:
        return Detected()
    try:
        temporary, permanent = _ALL_FAILURES(message)
        return Detected(_sorted(temporary), _sorted(permanent))
    except Exception as error:  # noqa: BLE001 - it lets through whatever a broken message raises
        logger.warning("flufl.bounce failed on a message: %s", type(error).__name__)
        return Detected()


def _sorted(addresses: Iterable[bytes]) -> tuple[str, ...]:
    found = (each.decode("ascii", "replace") for each in addresses)
    return tuple(sorted(each for each in found if ADDRESS.fullmatch(each)))
