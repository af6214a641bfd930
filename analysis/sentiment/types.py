"""What the understanding of one comment looks like to the rest of the product.

Values only: nothing here computes. Offsets are characters of the text exactly as it was given.
Named tuples, because a frozen dataclass takes three times as long to make and a comment needs
dozens.
"""

from enum import StrEnum
from typing import NamedTuple


class Label(StrEnum):
    """Verdict on a whole comment."""

    NEGATIVE = "negative"
    MIXED = "mixed"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Purpose(StrEnum):
    """What a piece of evidence speaks for."""

    SENTIMENT = "sentiment"
    QUIET_EXIT = "quiet_exit"


class Evidence(NamedTuple):
    """Words of the comment that led to the verdict: `text` is exactly `comment[start:end]`."""

    start: int
    end: int
    text: str
    purpose: Purpose


class DriverMention(NamedTuple):
    """A driver that the comment speaks about; `evidence` holds the words that named it."""

    driver: str
    polarity: Label
    evidence: str


class Clause(NamedTuple):
    """One clause, `comment[start:end]`; its polarity is never `mixed` unless both stand inside."""

    start: int
    end: int
    polarity: Label
    drivers: tuple[DriverMention, ...]


class Sentiment(NamedTuple):
    """Everything that is known about one comment.

    `score` runs from -1 (negative) to 1 (positive); `confidence` from 0 to 1 is the calibrated
    chance that `label` is right. `is_unsure` says that a person should decide. `analyser` is the
    name and version under which the verdict is stored.
    """

    label: Label
    score: float
    confidence: float
    is_unsure: bool
    quiet_exit: bool
    language: str
    analyser: str
    evidence: tuple[Evidence, ...]
    clauses: tuple[Clause, ...]
    drivers: tuple[DriverMention, ...]
