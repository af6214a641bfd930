"""From a text to its `Sentiment`: language, clauses, features, verdict, drivers, evidence."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analysis.sentiment.drivers import joined, mentions_by_clause
from analysis.sentiment.english import word_scores
from analysis.sentiment.features import features, term_value, terms
from analysis.sentiment.judging import Hit, Judged, judge
from analysis.sentiment.language import language_of, normal_code
from analysis.sentiment.lexicon import FOLDER, Lexicon, lexicon_for
from analysis.sentiment.model import FILE, LABELS, models
from analysis.sentiment.reading import Reading, cut, read
from analysis.sentiment.types import Clause, DriverMention, Evidence, Label, Purpose, Sentiment

NAME = "pulse-text"
VERSION = "1.0"

UNSURE_BELOW = 0.45
_LOW_CONFIDENCE = 0.4  # the most for languages without a measured model, and where no word is known
_MEASURED = frozenset({"pl", "en"})
_STANDARD = "en"  # its coefficients serve languages without their own; its terms do not


@lru_cache(maxsize=1)
def analyser() -> str:
    """Name, version and a digest of lists and model: it changes whenever a verdict could."""
    digest = hashlib.sha256()
    for file in (*sorted(FOLDER.glob("*.tsv")), FILE):
        digest.update(file.read_bytes())
    return f"{NAME} {VERSION} {digest.hexdigest()[:8]}"


def analyse(text: str, language: str | None = None, *, prior: str | None = None) -> Sentiment:
    """Understand one comment.

    `language` is taken as certain; `prior`, the language of the page on which the comment was
    written, only as likely. Never raises for any text; what cannot be judged is neutral and unsure.
    """
    found = cut(text)
    spoken = normal_code(language) or language_of(found.written, prior=prior)
    reading = read(found, _lexicon(spoken))
    clauses = judge(reading)
    chances = _chances(spoken, _measures(reading, clauses))
    return _sentiment(text, spoken, reading, clauses, chances)


def analyse_many(
    texts: Iterable[tuple[str, str | None]],
) -> Iterator[Sentiment]:
    """Understand many comments, given with the language of their page; keeps the order."""
    for text, prior in texts:
        yield analyse(text, prior=prior)


@dataclass(slots=True)
class Measures:
    """What the model sees of a text: numbers named by `features.NAMES`, and terms of one value."""

    values: Sequence[float]
    terms: Sequence[str]
    term_value: float


def measure(text: str, language: str, *, keeps: Callable[[Hit], bool] | None = None) -> Measures:
    """Measures of a text in a known language: what the model is trained on (see `judge`)."""
    reading = read(cut(text), _lexicon(language))
    return _measures(reading, judge(reading, keeps=keeps))


def _measures(reading: Reading, clauses: Sequence[Judged]) -> Measures:
    return Measures(
        values=features(reading, clauses),
        terms=terms(reading),
        term_value=term_value(len(reading.words)),
    )


def _lexicon(language: str) -> Lexicon:
    return lexicon_for(language, word_scores if language == "en" else None)


def _chances(language: str, found: Measures) -> list[float]:
    model = models().get(language)
    if model is None:
        return models()[_STANDARD].chances(found.values)
    return model.chances(found.values, found.terms, term_value=found.term_value)


def _sentiment(
    text: str, language: str, reading: Reading, clauses: list[Judged], chances: list[float]
) -> Sentiment:
    best = max(range(len(LABELS)), key=chances.__getitem__)
    label, confidence = LABELS[best], chances[best]
    if not reading.words:
        label, confidence = Label.NEUTRAL, 0.0
    elif language not in _MEASURED or not any(word.elements for word in reading.words):
        confidence = min(confidence, _LOW_CONFIDENCE)
    by_clause = mentions_by_clause(text, reading, clauses, overall=label)
    return Sentiment(
        label=label,
        score=round(chances[3] - chances[0], 4) if reading.words else 0.0,
        confidence=round(confidence, 4),
        is_unsure=confidence < UNSURE_BELOW,
        quiet_exit=bool(reading.exits),
        language=language,
        analyser=analyser(),
        evidence=_evidence(text, reading, clauses, label),
        clauses=_clauses(reading, clauses, by_clause),
        drivers=joined(by_clause) if reading.drivers else (),
    )


def _clauses(
    reading: Reading, clauses: list[Judged], by_clause: list[tuple[DriverMention, ...]]
) -> tuple[Clause, ...]:
    span = reading.cut.span
    return tuple(
        [
            Clause(*span(clause.stretch.first, clause.stretch.stop - 1), clause.polarity, mentions)
            for clause, mentions in zip(clauses, by_clause, strict=True)
        ]
    )


def _evidence(
    text: str, reading: Reading, clauses: list[Judged], label: Label
) -> tuple[Evidence, ...]:
    """Words that speak for the label, and those that triggered quiet exit, in their order."""
    spans = {
        (hit.first, hit.last, Purpose.SENTIMENT)
        for clause in clauses
        for hit in clause.hits
        if _speaks_for(hit.value, label)
    }
    if reading.exits:
        spans |= {(found.first, found.last, Purpose.QUIET_EXIT) for found in reading.exits}
    if not spans:
        return ()
    places = sorted([(*reading.cut.span(first, last), purpose) for first, last, purpose in spans])
    return tuple([Evidence(start, end, text[start:end], purpose) for start, end, purpose in places])


def _speaks_for(value: float, label: Label) -> bool:
    if label is Label.POSITIVE:
        return value > 0
    return value < 0 if label is Label.NEGATIVE else label is Label.MIXED
