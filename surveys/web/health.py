"""Whether this process is alive, and whether it can serve; for load balancers and `dev.py up`."""

from flask import Blueprint

from surveys.db import db
from surveys.schema import SchemaTooOld, require_schema

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> tuple[str, int, dict[str, str]]:
    """The process answers."""
    return "ok\n", 200, {"Content-Type": "text/plain"}


@bp.get("/readyz")
def ready() -> tuple[str, int, dict[str, str]]:
    """The process answers and reaches its database, which has the tables it needs."""
    try:
        require_schema(db.engine)
    except SchemaTooOld as error:
        return f"{error}\n", 503, {"Content-Type": "text/plain"}
    return "ok\n", 200, {"Content-Type": "text/plain"}
