"""The form of predictions as values: what was typed, what it says, and what is wrong with it. Pure.

A browser's number field sends whole numbers; without its help anything can come.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from surveys.predictions import DEFAULT_MARGIN, MARGINS, SCORES, Guess

_WHOLE = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Typed:
    """One driver's fields as they were sent; `error`: `score` or `margin` cannot be taken."""

    score: str = ""
    margin: str = str(DEFAULT_MARGIN)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TypedGuesses:
    """The whole form: every driver's fields, and the guesses that they say."""

    fields: Mapping[str, Typed]
    guesses: Mapping[str, Guess]

    @property
    def wrong(self) -> list[str]:
        """Drivers whose fields need a change."""
        return [code for code, typed in self.fields.items() if typed.error]


def read_guesses(form: Mapping[str, str], codes: Iterable[str]) -> TypedGuesses:
    """Read the fields `score_<driver>` and `margin_<driver>`; an empty score is no guess."""
    fields = {code: _typed(form, code) for code in codes}
    guesses = {
        code: Guess(int(typed.score), int(typed.margin))
        for code, typed in fields.items()
        if typed.score and typed.error is None
    }
    return TypedGuesses(fields, guesses)


def shown_guesses(guesses: Mapping[str, Guess], codes: Iterable[str]) -> TypedGuesses:
    """The form filled with what was given before."""
    fields = {
        code: Typed(str(guesses[code].score), str(guesses[code].margin))
        if code in guesses
        else Typed()
        for code in codes
    }
    return TypedGuesses(fields, guesses)


def _typed(form: Mapping[str, str], code: str) -> Typed:
    score = form.get(f"score_{code}", "").strip()
    margin = form.get(f"margin_{code}", str(DEFAULT_MARGIN))
    if not score:
        return Typed(margin=margin if margin in _ALLOWED else str(DEFAULT_MARGIN))
    if not _WHOLE.fullmatch(score) or int(score) not in SCORES:
        return Typed(score, margin, "score")
    return Typed(score, margin, None if margin in _ALLOWED else "margin")


_ALLOWED = frozenset(str(margin) for margin in MARGINS)
