"""Pages of the collecting side: contacts."""

from flask import Blueprint

from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("contacts", __name__)


@bp.get("/contacts")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """The page."""
    return ""
