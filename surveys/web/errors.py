"""From an error to a status and a page. No page queries the database, and none shows a stack trace.

The page is in the reader's language and carries a reference number that is also in the log.
"""

import logging
import secrets

from flask import Flask, render_template, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from surveys.db import db
from surveys.errors import (
    AlreadyAnswered,
    NotAllowed,
    NotConfidential,
    NotFound,
    NotPublished,
    SurveyError,
    TokenUnknown,
    WaveNotOpen,
    WaveStateError,
)
from surveys.i18n import gettext
from surveys.web.security import ANSWER_PATHS

STATUS = {
    TokenUnknown: 404,
    NotFound: 404,
    NotAllowed: 403,
    WaveNotOpen: 410,
    AlreadyAnswered: 409,
    WaveStateError: 409,
    NotConfidential: 403,
    NotPublished: 409,
}
#: What a status needs beside its page: the methods of a 405, the wait of a 429.
KEPT_HEADERS = frozenset({"Allow", "Retry-After"})
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
logger = logging.getLogger(__name__)


def set_up_error_pages(app: Flask) -> None:
    """Answer every error with a page of ours."""
    app.register_error_handler(SurveyError, _domain_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(Exception, _unexpected)


def _domain_error(error: SurveyError) -> tuple[str, int]:
    db.session.rollback()
    status = STATUS.get(type(error), 400)
    is_link = isinstance(error, TokenUnknown)
    return _page(status, template="link" if is_link else str(status), error=error)


def _http_error(error: HTTPException) -> tuple[str, int, dict[str, str]]:
    if isinstance(error, SecurityError):
        # A host that is not ours. No page: its links could not be made, and it must not be named.
        return f"{gettext('Nothing is served under this name.')}\n", 400, PLAIN
    db.session.rollback()
    status = error.code or 500
    # A mistyped personal link looks the same wherever the mistake is.
    is_link = status == 404 and request.path.startswith(ANSWER_PATHS)
    kept = {name: value for name, value in error.get_headers() if name in KEPT_HEADERS}
    return *_page(status, template="link" if is_link else str(status)), kept


def _database_away(error: OperationalError) -> tuple[str, int]:
    db.session.rollback()
    reference = _reference()
    logger.error("database not available, reference %s: %s", reference, type(error.orig).__name__)
    return _page(503, template="503", reference=reference)


def _unexpected(error: Exception) -> tuple[str, int]:
    db.session.rollback()
    reference = _reference()
    logger.error(
        "unexpected error, reference %s, endpoint %s", reference, request.endpoint, exc_info=error
    )
    return _page(500, template="500", reference=reference)


def _reference() -> str:
    return secrets.token_hex(4)


def _page(
    status: int, *, template: str, error: SurveyError | None = None, reference: str | None = None
) -> tuple[str, int]:
    return (
        render_template(
            "errors/page.html",
            status=status,
            kind=template,
            error=error,
            reference=reference,
        ),
        status,
    )
