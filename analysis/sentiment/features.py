"""The numbers from which the verdict on a whole comment is computed.

Every feature lies roughly between -1 and 1, so that the coefficients in `model.json` can be
compared with each other. The last three exist in English only. Beside these stand the terms: words
and pairs of words that the seeds taught, for what no list names.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

from analysis.sentiment import cues
from analysis.sentiment.judging import Judged
from analysis.sentiment.reading import Reading

NAMES = (
    "constant",
    "good",  # all praise, saturating
    "bad",
    "best_clause",
    "worst_clause",
    "both",  # the smaller of good and bad
    "balance",
    "last_clause",
    "contrast",
    "after_contrast",
    "only_good",  # something good was found and nothing bad
    "only_bad",
    "stands_good",  # a clause that is clearly good stands
    "stands_bad",
    "stand_both",
    "request",
    "question",
    "why",
    "waiting",
    "fact",
    "thanks",
    "irony",
    "restriction",
    "burden",
    "rival",
    "address",
    "ourselves",
    "event",
    "quick",
    "denial",  # a clause denies something and judges nothing
    "quiet_exit",
    "emphasis",
    "length",
    "numbers",
    "silent",  # nothing good or bad was found
    "silent_driver",  # and yet a driver is named
    "vader",
    "textblob",
    "subjectivity",
)
ENGLISH_ONLY = frozenset({"vader", "textblob", "subjectivity"})

# In the order of `NAMES`, from "request" to "quick".
_CUES = (
    cues.REQUEST,
    cues.QUESTION,
    cues.WHY,
    cues.WAIT,
    cues.FACT,
    cues.THANKS,
    cues.IRONY,
    cues.RESTRICT,
    cues.BURDEN,
    cues.RIVAL,
    cues.ADDRESS,
    cues.OURSELVES,
    cues.EVENT,
    cues.QUICK,
)
_STANDS = 0.8
_LEAST = 0.3  # good or bad below this amount is as good as none
_TERM = 0.6  # value of a term that occurs: below 1, since single words prove less than the lists
_FULL_TERM_WORDS = 15  # in longer texts there are more terms, and each of them says less


def terms(reading: Reading) -> list[str]:
    """Stems of the words of a text, and of each two neighbours; each once, in a fixed order."""
    stems = reading.stems
    pairs = [f"{left} {right}" for left, right in pairwise(stems)]
    return list(dict.fromkeys((*stems, *pairs)))


def term_value(n_words: int) -> float:
    """Value of each term that occurs in a text of so many words."""
    return _TERM / math.sqrt(max(1.0, n_words / _FULL_TERM_WORDS))


def features(reading: Reading, clauses: Sequence[Judged]) -> list[float]:
    """One number for each of `NAMES`, of a text and its judged clauses."""
    good = sum(clause.good for clause in clauses)
    bad = sum(clause.bad for clause in clauses)
    best = max((clause.value for clause in clauses), default=0.0)
    worst = min((clause.value for clause in clauses), default=0.0)
    last = next((clause.value for clause in reversed(clauses) if clause.value), 0.0)
    stands_good, stands_bad = best >= _STANDS, worst <= -_STANDS
    bits = 0
    for clause in clauses:
        bits |= clause.bits
    marks = "".join(reading.cut.marks)
    if "?" in marks:
        bits |= cues.QUESTION
    is_silent = good + bad < _LEAST
    return [
        1.0,
        _saturated(good),
        _saturated(bad),
        _saturated(max(best, 0.0)),
        _saturated(max(-worst, 0.0)),
        _saturated(min(good, bad)),
        (good - bad) / (good + bad + 1.0),
        max(-1.0, min(1.0, last / 2)),
        float(any(clause.stretch.is_contrast for clause in clauses)),
        _after_contrast(clauses),
        float(good >= _LEAST > bad),
        float(bad >= _LEAST > good),
        float(stands_good),
        float(stands_bad),
        float(stands_good and stands_bad),
        *[1.0 if bits & cue else 0.0 for cue in _CUES],
        float(_denies(clauses)),
        float(bool(reading.exits)),
        float("!" in marks or bool(bits & cues.CAPITAL)),
        min(1.0, math.log1p(len(reading.words)) / 5),
        min(1.0, reading.stems.count("#") / 3),
        float(is_silent),
        float(is_silent and bool(reading.drivers)),
        *(_outside(reading) if reading.has_outside else (0.0, 0.0, 0.0)),
    ]


def _denies(clauses: Sequence[Judged]) -> bool:
    return any(clause.bits & cues.NEGATION and not clause.hits for clause in clauses)


def _saturated(amount: float) -> float:
    return amount / (amount + 2.0)


def _after_contrast(clauses: Sequence[Judged]) -> float:
    """Value of what follows the last "but", -1 to 1; 0 without one."""
    tail, has_contrast = 0.0, False
    for clause in clauses:
        if clause.stretch.is_contrast:
            tail, has_contrast = 0.0, True
        tail += clause.value
    return max(-1.0, min(1.0, tail / 2)) if has_contrast else 0.0


def _outside(reading: Reading) -> tuple[float, float, float]:
    """VADER's normalised sum, TextBlob's mean polarity and mean subjectivity of the text."""
    vader = blob = subjective = 0.0
    n_blob = 0
    for word in reading.words:
        vader += word.vader
        if word.blob or word.subjectivity:
            blob += word.blob
            subjective += word.subjectivity
            n_blob += 1
    shared = max(n_blob, 1)
    return vader / math.sqrt(vader * vader + 15.0), blob / shared, subjective / shared
