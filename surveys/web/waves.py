"""Pages of the collecting side: waves."""

from flask import Blueprint

from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

bp = Blueprint("waves", __name__)


@bp.get("/waves")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """The page."""
    return ""
