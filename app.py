"""The application: makes the Flask app, and the `pulse` command. Wiring only.

Nothing imports this module; whatever is longer than wiring belongs below, in `surveys` or
`analysis`.
"""

import os
import sys

import click
from flask import Flask
from flask_migrate import Migrate

import analysis.jobs
import analysis.models
import analysis.web
import surveys.jobs
import surveys.models
import surveys.web
from analysis import charts
from surveys.command_line import LateCommands
from surveys.config import ROOT, Settings, read_settings, with_workspace
from surveys.db import db, prepare_engine
from surveys.errors import SettingsError
from surveys.i18n import set_up_languages
from surveys.logs import set_up_logging
from surveys.runtime import Clock, utc_clock
from surveys.web.errors import set_up_error_pages
from surveys.web.pages import set_up_pages
from surveys.web.security import set_up_security
from surveys.web.sign_in import set_up_sign_in

JOBS = (*surveys.jobs.JOBS, *analysis.jobs.JOBS)
COMMANDS = {
    "analyse": "analysis.cli:analyse",
    "catcher": "surveys.mail.catcher:catcher_command",
    "classify": "analysis.cli:classify",
    "contacts": "surveys.cli:contacts",
    "demo": "analysis.cli:demo",
    "doctor": "surveys.mail.cli:doctor",
    "export": "analysis.cli:export",
    "exposure": "analysis.cli:exposure",
    "recount": "analysis.cli:recount",
    "users": "surveys.cli:users",
    "waves": "surveys.cli:waves",
    "web": "surveys.processes:web_command",
    "worker": "surveys.processes:worker_command",
}


def create_app(settings: Settings | None = None, *, clock: Clock = utc_clock) -> Flask:
    """Make the application for these settings (default: read from the environment)."""
    settings = settings or _settings_or_exit()
    app = Flask("app", root_path=str(ROOT), instance_path=str(settings.instance))
    app.config.update(
        PULSE_SETTINGS=settings,
        PULSE_CLOCK=clock,
        PULSE_JOBS=JOBS,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    settings.instance.mkdir(parents=True, exist_ok=True)
    _set_up_database(app)
    set_up_logging()
    set_up_languages(app)
    set_up_security(app, settings)
    set_up_sign_in(app)
    set_up_pages(app)
    set_up_error_pages(app)
    app.jinja_env.globals.update(charts=charts, chart_patterns=charts.chart_patterns)
    for blueprint in (*surveys.web.blueprints(), *analysis.web.BLUEPRINTS):
        app.register_blueprint(blueprint)
    return app


def _set_up_database(app: Flask) -> None:
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine)


def _settings_or_exit() -> Settings:
    """Settings from the environment, or one clear line and exit code 2."""
    try:
        return read_settings(with_workspace(os.environ))
    except SettingsError as error:
        click.echo(f"pulse: {error}", err=True)
        sys.exit(2)


cli = LateCommands(
    create_app=create_app, add_version_option=False, load_dotenv=False, late=COMMANDS
)
