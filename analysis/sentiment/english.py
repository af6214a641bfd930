"""What VADER and TextBlob know of one English word.

Both libraries are asked word by word, never for whole sentences: their word lists are good, but
their handling of negation, contrast and business language is not, and a word's value can be
remembered. TextBlob's corpora are never needed. No other module imports either library.
"""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class _Lists:
    vader: dict[str, float]
    blob: dict[str, dict[str | None, list[float]]]


@lru_cache(maxsize=1)
def _lists() -> _Lists:
    # Loaded at the first English comment: TextBlob pulls in nltk, which takes between 0.3 and 3
    # seconds and some 60 MB, and a process that shows pages never needs it.
    from textblob.en import sentiment
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    sentiment.load()
    return _Lists(vader=SentimentIntensityAnalyzer().lexicon, blob=sentiment)


def word_scores(folded: str) -> tuple[float, float, float]:
    """VADER's valence (-4 to 4), TextBlob's polarity (-1 to 1) and subjectivity (0 to 1)."""
    lists = _lists()
    vader = float(lists.vader.get(folded, 0.0))
    entry = lists.blob.get(folded)
    if not entry:
        return vader, 0.0, 0.0
    polarity, subjectivity = entry[None][:2]
    return vader, float(polarity), float(subjectivity)
