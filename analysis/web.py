"""Pages of results: thin edges around analysis/dashboard.py."""

from flask import Blueprint

from surveys.permissions import Permission
from surveys.web.sign_in import signed_in

overview = Blueprint("overview", __name__)
drivers = Blueprint("drivers", __name__)
comments = Blueprint("comments", __name__)
BLUEPRINTS = (overview, drivers, comments)


@overview.get("/")
@overview.get("/overview")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    return ""


@drivers.get("/drivers", endpoint="start")
@signed_in(Permission.SEE_RESULTS)
def drivers_start() -> str:
    return ""


@comments.get("/comments", endpoint="start")
@signed_in(Permission.SEE_RESULTS)
def comments_start() -> str:
    return ""
