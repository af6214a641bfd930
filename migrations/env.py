"""Runs migrations within the application, on SQLite and PostgreSQL alike."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

database = current_app.extensions["migrate"].db


def run(connection: Connection) -> None:
    """Bring the database of this connection to the wanted revision, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=database.metadata,
        **current_app.extensions["migrate"].configure_args,
    )
    with context.begin_transaction():
        context.run_migrations()


with database.engine.connect() as connection:
    run(connection)
    connection.commit()
