"""The line protocol of `pulse classify`: bytes in, one plain dictionary a line out.

A line is `language-or-empty TAB text`; without a tab all of it is text. Broken UTF-8 is read with
replacement characters, and nothing a line may hold raises or changes the number of objects.
"""

import re
from collections.abc import Iterable, Iterator

from analysis.sentiment.pipeline import analyse
from analysis.sentiment.types import Sentiment

Json = dict[str, object]

# A first cell that cannot be a language code belongs to the text. A byte order mark may precede it.
_LANGUAGE_CELL = re.compile(r"\ufeff? *(?:[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?)? *")


def to_json(sentiment: Sentiment, *, shift: int = 0) -> Json:
    """The object that `pulse classify` prints; `shift` is added to the offsets of evidence."""
    return {
        "label": sentiment.label.value,
        "score": sentiment.score,
        "confidence": sentiment.confidence,
        "unsure": sentiment.is_unsure,
        "quiet_exit": sentiment.quiet_exit,
        "drivers": [
            {
                "driver": mention.driver,
                "polarity": mention.polarity.value,
                "evidence": mention.evidence,
            }
            for mention in sentiment.drivers
        ],
        "evidence": [
            {
                "start": piece.start + shift,
                "end": piece.end + shift,
                "text": piece.text,
                "for": piece.purpose.value,
            }
            for piece in sentiment.evidence
        ],
        "language": sentiment.language,
        "analyser": sentiment.analyser,
    }


def classify_lines(lines: Iterable[bytes]) -> Iterator[Json]:
    """One object for each line, in order, as soon as the line is there.

    Offsets count the characters of the line as given, language and tab included.
    """
    for line in lines:
        yield _classify(line.decode("utf-8", errors="replace").rstrip("\r\n"))


def _classify(line: str) -> Json:
    prior, tab, text = line.partition("\t")
    if not tab or not _LANGUAGE_CELL.fullmatch(prior):
        return to_json(analyse(line))
    return to_json(analyse(text, prior=prior.strip("\ufeff ")), shift=len(prior) + 1)
