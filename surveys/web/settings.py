"""Pages of the collecting side: settings."""

from flask import Blueprint

from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("settings", __name__)


@bp.get("/settings")
@signed_in(Permission.RUN_SURVEYS)
def show() -> str:
    """The page."""
    return ""
