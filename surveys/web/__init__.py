"""Blueprints and forms of the collecting side; views are thin edges around one operation each."""

from collections.abc import Sequence

from flask import Blueprint

from surveys.web import accounts, health, preferences, respond


def blueprints() -> Sequence[Blueprint]:
    """Every blueprint of this side, for app.py."""
    return [accounts.bp, health.bp, preferences.bp, respond.bp]
