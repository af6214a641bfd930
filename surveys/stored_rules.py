"""Where a row of a version keeps its rule of show and hide, beside why a template leaves it out."""

from collections.abc import Mapping
from typing import Any

from surveys.show_rules import Rule, parse_rule

SHOW_IF = "show_if"


def stored_rule(stored: Mapping[str, Any] | None) -> Rule | None:
    """The rule of a stored row; None without one."""
    text = (stored or {}).get(SHOW_IF)
    return parse_rule(str(text)) if text else None


def with_rule(stored: Mapping[str, Any] | None, rule: Rule | None) -> dict[str, Any] | None:
    """The row's column with this rule in place of the one it has."""
    rest = {key: value for key, value in (stored or {}).items() if key != SHOW_IF}
    return (rest | {SHOW_IF: str(rule)} if rule else rest) or None
