"""The base of every form of signed-in people: WTForms with its own CSRF token in the session.

Messages are given at each validator, so that they come from our catalogue in both languages.
"""

from datetime import timedelta
from typing import Any

from flask import request, session
from wtforms import Form
from wtforms.csrf.session import SessionCSRF

from surveys.i18n import page_locale
from surveys.runtime import settings

CSRF_HOURS = 12


class BaseForm(Form):
    """Filled from the request, guarded against requests from elsewhere."""

    csrf_token: Any

    class Meta:
        csrf = True
        csrf_class = SessionCSRF
        csrf_time_limit = timedelta(hours=CSRF_HOURS)

        @property
        def csrf_secret(self) -> bytes:
            return settings().secret_key.encode()

        @property
        def csrf_context(self) -> Any:
            return session

        @property
        def locales(self) -> tuple[str, ...]:
            return (page_locale(),)

    def __init__(self, **values: Any) -> None:
        super().__init__(request.form if request.method == "POST" else None, **values)

    @property
    def is_stale(self) -> bool:
        """Whether the guard did not fit: the page is too old, or was sent from elsewhere."""
        return bool(self.errors.get("csrf_token"))
