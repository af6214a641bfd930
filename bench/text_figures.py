"""Figures of merit of verdicts on texts whose truth is known; nothing here reads a text.

F1 of a label, its mean over labels, confusion, honesty of the confidence, and the same on the
surest part alone.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.sentiment import UNSURE_BELOW, Label
from analysis.sentiment.model import LABELS

SUREST = 0.8
DISSATISFIED = frozenset({Label.NEGATIVE, Label.MIXED})
_BINS = 10

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found in a text of a known label; `confidence` is the chance given to `found`."""

    truth: Label
    found: Label
    confidence: float


@dataclass(frozen=True, slots=True)
class Tally:
    """Hits, false alarms and misses of something that is there or is not."""

    n_right: int
    n_false: int
    n_missed: int

    @property
    def f1(self) -> float:
        """2 · right / (2 · right + false + missed); 0 where nothing was there or found."""
        weight = 2 * self.n_right + self.n_false + self.n_missed
        return 2 * self.n_right / weight if weight else 0.0

    def as_json(self) -> Json:
        """Precision, recall and F1, rounded."""
        return {
            "precision": share(self.n_right, self.n_right + self.n_false),
            "recall": share(self.n_right, self.n_right + self.n_missed),
            "f1": round(self.f1, 3),
        }


def tally(pairs: Iterable[tuple[bool, bool]]) -> Tally:
    """Count pairs of (is there, was found)."""
    counts = Counter(pairs)
    return Tally(counts[True, True], counts[False, True], counts[True, False])


def figures(verdicts: Sequence[Verdict]) -> Json:
    """All that is said of one group of verdicts."""
    surest = sorted(verdicts, key=lambda one: -one.confidence)[: round(SUREST * len(verdicts))]
    three = [one for one in verdicts if one.truth is not Label.MIXED]
    classes = {label: _of_label(verdicts, label) for label in LABELS}
    return {
        "n": len(verdicts),
        "accuracy": share(sum(one.truth is one.found for one in verdicts), len(verdicts)),
        "macro_f1": macro_f1(verdicts, LABELS),
        "macro_f1_without_mixed": macro_f1(three, [x for x in LABELS if x is not Label.MIXED]),
        "classes": {label.value: found.as_json() for label, found in classes.items()},
        "confusion": _confusion(verdicts),
        "dissatisfied_f1": round(
            tally((one.truth in DISSATISFIED, one.found in DISSATISFIED) for one in verdicts).f1, 3
        ),
        "calibration_error": round(calibration_error(verdicts), 3),
        "unsure": share(sum(one.confidence < UNSURE_BELOW for one in verdicts), len(verdicts)),
        "surest_80_pct": {
            "macro_f1": macro_f1(surest, LABELS),
            "least_confidence": round(surest[-1].confidence, 3),
        },
    }


def _of_label(verdicts: Iterable[Verdict], label: Label) -> Tally:
    return tally((one.truth is label, one.found is label) for one in verdicts)


def macro_f1(verdicts: Sequence[Verdict], labels: Sequence[Label]) -> float:
    """Mean of the F1 of the labels, each of the same weight however rare it is."""
    return round(sum(_of_label(verdicts, label).f1 for label in labels) / len(labels), 3)


def _confusion(verdicts: Iterable[Verdict]) -> dict[str, dict[str, int]]:
    """Row: what a text says; column: what was found."""
    counts = Counter((one.truth, one.found) for one in verdicts)
    return {
        truth.value: {found.value: counts[truth, found] for found in LABELS} for truth in LABELS
    }


def calibration_error(verdicts: Sequence[Verdict]) -> float:
    """Mean distance between confidence and share of right verdicts, over ten bins of confidence.

    Source: expected calibration error, Naeini et al. 2015; 0 is honest, 1 the worst.
    """
    bins: dict[int, list[Verdict]] = {}
    for one in verdicts:
        bins.setdefault(min(int(one.confidence * _BINS), _BINS - 1), []).append(one)
    gaps = (
        abs(sum(one.confidence for one in found) - sum(one.truth is one.found for one in found))
        for found in bins.values()
    )
    return sum(gaps) / max(len(verdicts), 1)


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`, rounded; None of nothing."""
    return round(part / whole, 3) if whole else None
