"""The logistic model that turns the features of a comment into chances of the four labels.

Multinomial logistic regression: chance of label k = exp(t * b_k·x) / sum over j of exp(t * b_j·x),
with one set of coefficients b and one calibration factor t per language. The coefficients are in
`model.json`, written by `bench/train_text.py`; a comment costs one dot product per label and one
look-up per word and per pair of words.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import TypedDict

from analysis.sentiment.features import NAMES
from analysis.sentiment.types import Label

FILE = Path(__file__).parent / "model.json"
LABELS = (Label.NEGATIVE, Label.MIXED, Label.NEUTRAL, Label.POSITIVE)


class Entry(TypedDict):
    """What `model.json` holds for one language; a term has a number for each of `LABELS`."""

    sharpness: float
    coefficients: dict[str, dict[str, float]]
    terms: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Model:
    """Coefficients of one language: a row of `len(NAMES)` numbers for each of `LABELS`.

    `terms` holds, for each known term, one number for each of `LABELS`.
    """

    coefficients: tuple[tuple[float, ...], ...]
    sharpness: float
    terms: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def chances(
        self, values: Sequence[float], terms: Iterable[str] = (), *, term_value: float = 0.0
    ) -> list[float]:
        """Chance of each of `LABELS`, in that order; they add up to 1."""
        logits = [sum(map(mul, row, values)) for row in self.coefficients]
        known = [found for term in terms if (found := self.terms.get(term))]
        if known:
            logits = [
                logit + term_value * sum(column)
                for logit, column in zip(logits, zip(*known, strict=True), strict=True)
            ]
        top = max(logits)
        powers = [math.exp(self.sharpness * (logit - top)) for logit in logits]
        total = sum(powers)
        return [power / total for power in powers]


@lru_cache(maxsize=1)
def models() -> dict[str, Model]:
    """The shipped model of every language that has one, read at the first call."""
    return parse(json.loads(FILE.read_text(encoding="utf-8")))


def parse(document: Mapping[str, Entry]) -> dict[str, Model]:
    """Models out of the document in `model.json`, by language."""
    return {language: _parse_one(entry) for language, entry in document.items()}


def _parse_one(entry: Entry) -> Model:
    return Model(
        coefficients=tuple(
            tuple(entry["coefficients"][label].get(name, 0.0) for name in NAMES) for label in LABELS
        ),
        sharpness=entry["sharpness"],
        terms={term: tuple(weights) for term, weights in entry["terms"].items()},
    )
