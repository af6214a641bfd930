"""What every page of signed-in people shows around its content."""

from typing import Any

from flask import Flask

from surveys.db import db
from surveys.i18n import gettext
from surveys.permissions import Permission, allows
from surveys.runtime import settings
from surveys.terms import Role
from surveys.web.accounts import EmptyForm
from surveys.web.sign_in import current_user, is_signed_in
from surveys.workspace import workspace


def set_up_pages(app: Flask) -> None:
    """Give templates the frame's values."""
    app.context_processor(_frame)


def role_name(role: Role) -> str:
    """A role in the language of the page."""
    return {
        Role.ADMIN: gettext("Administrator"),
        Role.ANALYST: gettext("Analyst"),
        Role.MANAGER: gettext("Channel manager"),
        Role.VIEWER: gettext("Viewer"),
    }[role]


def _frame() -> dict[str, Any]:
    if not is_signed_in():
        return {}
    user = current_user()
    return {
        "vendor_name": workspace(db.session()).vendor,
        "user_name": user.name,
        "user_role": role_name(user.role),
        "user_initials": "".join(word[0] for word in user.name.split()[:2]).upper(),
        "may_run_surveys": allows(user, Permission.RUN_SURVEYS),
        "csrf_token": _csrf_token,
        "is_demo": settings().is_demo,
    }


def _csrf_token() -> str:
    return str(EmptyForm().csrf_token.current_token)
