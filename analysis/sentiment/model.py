"""The logistic model that turns the features of a comment into chances of the four labels.

Multinomial logistic regression: chance of label k = exp(t * b_k·x) / sum over j of exp(t * b_j·x),
with one set of coefficients b and one calibration factor t per language. The coefficients are in
`model.json`, written by `bench/train_text.py`; a comment costs one dot product per label.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from pathlib import Path

from analysis.sentiment.features import NAMES
from analysis.sentiment.types import Label

FILE = Path(__file__).parent / "model.json"
LABELS = (Label.NEGATIVE, Label.MIXED, Label.NEUTRAL, Label.POSITIVE)


@dataclass(frozen=True, slots=True)
class Model:
    """Coefficients of one language: a row of `len(NAMES)` numbers for each of `LABELS`."""

    coefficients: tuple[tuple[float, ...], ...]
    sharpness: float

    def chances(self, values: Sequence[float]) -> list[float]:
        """Chance of each of `LABELS`, in that order; they add up to 1."""
        sharpness = self.sharpness
        logits = [sharpness * sum(map(mul, row, values)) for row in self.coefficients]
        top = max(logits)
        powers = [math.exp(logit - top) for logit in logits]
        total = sum(powers)
        return [power / total for power in powers]


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """The shipped model of every language that has one, read at the first call."""
    return parse(json.loads(FILE.read_text(encoding="utf-8")))


def parse(document: dict[str, dict[str, dict[str, dict[str, float]] | float]]) -> dict[str, Model]:
    """Models out of the document in `model.json`: language, then label, then feature."""
    return {language: _parse_one(entry) for language, entry in document.items()}


def _parse_one(entry: dict[str, dict[str, dict[str, float]] | float]) -> Model:
    coefficients, sharpness = entry["coefficients"], entry["sharpness"]
    if not isinstance(coefficients, dict) or isinstance(sharpness, dict):
        raise TypeError("model.json: coefficients are a table, sharpness is a number")
    return Model(
        coefficients=tuple(
            tuple(coefficients[label].get(name, 0.0) for name in NAMES) for label in LABELS
        ),
        sharpness=sharpness,
    )
