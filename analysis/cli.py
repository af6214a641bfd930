"""Commands of the understanding side."""

import click

COMMANDS: tuple[click.Command, ...] = ()
