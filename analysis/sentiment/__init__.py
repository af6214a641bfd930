"""Understanding comments offline: the only door to this package is this module.

`analyse` gives the verdict on one text; `analyse_many` on many; `classify_lines` speaks the line
protocol of `pulse classify`. Importing costs little: word lists and libraries are read at the
first call. How good it is stands in docs/text-quality.md; where the lists come from, in
lexicons/SOURCES.md.
"""

from analysis.sentiment.pipeline import UNSURE_BELOW, analyse, analyse_many, analyser
from analysis.sentiment.stream import classify_lines, to_json
from analysis.sentiment.types import Clause, DriverMention, Evidence, Label, Purpose, Sentiment

__all__ = [
    "UNSURE_BELOW",
    "Clause",
    "DriverMention",
    "Evidence",
    "Label",
    "Purpose",
    "Sentiment",
    "analyse",
    "analyse_many",
    "analyser",
    "classify_lines",
    "to_json",
]
