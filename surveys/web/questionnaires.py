"""Pages of the collecting side: questionnaires."""

from flask import Blueprint

from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("questionnaires", __name__)


@bp.get("/questionnaires")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """The page."""
    return ""
