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


Column = tuple[float, float, float, float]  # a number for each of LABELS


@dataclass(frozen=True, slots=True)
class Model:
    """What one language's features speak for: `columns` in the order of `features.NAMES`."""

    columns: Sequence[Column]
    sharpness: float
    terms: Mapping[str, Column] = field(default_factory=dict)

    def chances(
        self, values: Sequence[float], terms: Iterable[str] = (), *, term_value: float = 0.0
    ) -> list[float]:
        """Chance of each of `LABELS`, in that order; they add up to 1."""
        known = self.terms
        found = [(term_value, known[term]) for term in terms if term in known]
        found += [pair for pair in zip(values, self.columns, strict=True) if pair[0]]
        negative = mixed = neutral = positive = 0.0
        for value, column in found:
            negative += value * column[0]
            mixed += value * column[1]
            neutral += value * column[2]
            positive += value * column[3]
        return _softmax((negative, mixed, neutral, positive), self.sharpness)


def _softmax(logits: Sequence[float], sharpness: float) -> list[float]:
    top = max(logits)
    powers = [math.exp(sharpness * (logit - top)) for logit in logits]
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
    coefficients = [entry["coefficients"][label] for label in LABELS]
    return Model(
        columns=[_column([named.get(name, 0.0) for named in coefficients]) for name in NAMES],
        sharpness=entry["sharpness"],
        terms={term: _column(weights) for term, weights in entry["terms"].items()},
    )


def _column(numbers: Sequence[float]) -> Column:
    negative, mixed, neutral, positive = numbers
    return negative, mixed, neutral, positive
