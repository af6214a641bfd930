"""The application: makes the Flask app, and the `pulse` command. Wiring only.

Nothing imports this module; whatever is longer than wiring belongs below, in `surveys` or `analysis`.
"""

import os

from flask import Flask
from flask.cli import FlaskGroup
from flask_migrate import Migrate

import analysis.models  # noqa: F401 - registers the derived tables
import surveys.models  # noqa: F401 - registers the fact tables
from surveys.config import ROOT, Settings, read_settings, with_workspace
from surveys.db import db, prepare_engine
from surveys.runtime import Clock, utc_clock


def create_app(settings: Settings | None = None, *, clock: Clock = utc_clock) -> Flask:
    """Make the application for these settings (default: read from the environment)."""
    settings = settings or read_settings(with_workspace(os.environ))
    app = Flask("app", root_path=str(ROOT), instance_path=str(settings.instance))
    app.config.update(
        PULSE_SETTINGS=settings,
        PULSE_CLOCK=clock,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
    )
    settings.instance.mkdir(parents=True, exist_ok=True)
    _set_up_database(app)
    return app


def _set_up_database(app: Flask) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)


cli = FlaskGroup(create_app=create_app, add_version_option=False, load_dotenv=False)
