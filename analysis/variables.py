"""What the fixed columns of exports hold, for programs that must know before they read.

By their headings, never by their data. Question columns tell it themselves (response_columns.py).
"""

from collections.abc import Iterable

from analysis.export_table import Measure, Sort, Variable

HIDDEN = "hidden"
#: Stored where a figure is not shown; no score, share or gap can reach it.
HIDDEN_NUMBER = -999

_INSTANTS = frozenset({"started_at", "completed_at", "last_activity_at"})
_FIGURES = frozenset(
    {
        "n",
        "score",
        "ci_low",
        "ci_high",
        "favourable_pct",
        "neutral_pct",
        "unfavourable_pct",
        "gap",
        "gap_low",
        "gap_high",
    }
)
_FLAGS = frozenset({"provisional", "is_late", "quiet_exit", "unsure"})
_NUMBERS = frozenset({"survey_version", "duration_seconds", "value_num", "position", "series"})


def fixed_variables(headings: Iterable[str]) -> list[Variable]:
    """A variable for each heading; a heading that is not known is of text."""
    return [_variable(heading) for heading in headings]


def _variable(heading: str) -> Variable:
    if heading in _INSTANTS:
        return Variable(Sort.INSTANT, measure=Measure.SCALE)
    if heading in _FIGURES:
        values, missing = {HIDDEN_NUMBER: HIDDEN}, {HIDDEN: HIDDEN_NUMBER}
        decimals = 1 if heading == "score" else 0
        return Variable(Sort.NUMBER, "", Measure.SCALE, values, missing, decimals)
    if heading in _FLAGS:
        values = {0: "no", 1: "yes", HIDDEN_NUMBER: HIDDEN}
        return Variable(Sort.NUMBER, values=values, missing={HIDDEN: HIDDEN_NUMBER})
    if heading == "response_id":
        return Variable(Sort.NUMBER)
    if heading in _NUMBERS:
        return Variable(Sort.NUMBER, measure=Measure.SCALE)
    return Variable()
