"""Whether this process is alive, and whether it can serve; for load balancers and `dev.py up`."""

from flask import Blueprint
from sqlalchemy import text

from surveys.db import db

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> tuple[str, int, dict[str, str]]:
    """The process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain"}


@bp.get("/readyz")
def ready() -> tuple[str, int, dict[str, str]]:
    """The process answers and reaches its database."""
    db.session.execute(text("SELECT 1"))
    return "ok\n", 200, {"Content-Type": "text/plain"}
