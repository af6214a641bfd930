"""Parts of a page that fail alone: one card that cannot be drawn must not take the others away."""

import logging
import secrets
from collections.abc import Callable

from flask import get_template_attribute, request

logger = logging.getLogger(__name__)


def part(title: str, width: str = "", *, caller: Callable[[], str]) -> str:
    """What the caller draws, or a card in its place that says so; for `{% call part(…) %}`.

    `width` is the class of the card's columns. The error goes to the log with a reference, and
    without any text of the page.
    """
    try:
        return caller()
    except Exception:
        reference = secrets.token_hex(4)
        logger.exception("a part of %s cannot be drawn, reference %s", request.endpoint, reference)
        failed: Callable[..., str] = get_template_attribute(
            "macros/failed_part.html", "failed_part"
        )
        return failed(title, width, reference)
