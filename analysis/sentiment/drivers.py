"""Which of the ten drivers a comment speaks about, and how each of them fares.

A driver's polarity is that of the clause that names it. A clause that names a driver and judges
nothing borrows the judgement of its sentence ("as for deal registration, it is a nightmare"), then
that of the comment if the comment has only one side.
"""

from bisect import bisect_right
from collections.abc import Sequence

from analysis.sentiment.judging import Judged
from analysis.sentiment.reading import Found, Reading
from analysis.sentiment.types import DriverMention, Label


def mentions_by_clause(
    text: str, reading: Reading, clauses: Sequence[Judged], *, overall: Label
) -> list[tuple[DriverMention, ...]]:
    """For each clause, the drivers named in it, each once."""
    if not reading.drivers:
        return [()] * len(clauses)
    found: list[dict[str, Found]] = [{} for _ in clauses]
    stops = [clause.stretch.stop for clause in clauses]
    for mention in _trusted(reading):
        place = bisect_right(stops, mention.first)
        known = found[place].setdefault(mention.rule.name, mention)
        if mention.last - mention.first > known.last - known.first:
            found[place][mention.rule.name] = mention
    return [
        tuple(
            DriverMention(
                driver=driver,
                polarity=_polarity(place, clauses, overall),
                evidence=text[slice(*reading.cut.span(named.first, named.last))],
            )
            for driver, named in in_clause.items()
        )
        for place, in_clause in enumerate(found)
    ]


def _trusted(reading: Reading) -> list[Found]:
    """Mentions that count: words like "people" name a driver only where nothing better does."""
    strong = [mention for mention in reading.drivers if not mention.rule.is_weak]
    return strong or list(reading.drivers)


def joined(by_clause: Sequence[tuple[DriverMention, ...]]) -> tuple[DriverMention, ...]:
    """Each driver of the comment once; `mixed` where clauses disagree about it."""
    found: dict[str, DriverMention] = {}
    for mention in (mention for mentions in by_clause for mention in mentions):
        known = found.get(mention.driver)
        if known is None or known.polarity is Label.NEUTRAL:
            found[mention.driver] = mention
        elif mention.polarity not in (known.polarity, Label.NEUTRAL):
            found[mention.driver] = DriverMention(known.driver, Label.MIXED, known.evidence)
    return tuple(found.values())


def _polarity(place: int, clauses: Sequence[Judged], overall: Label) -> Label:
    own = clauses[place].polarity
    if own is not Label.NEUTRAL:
        return own
    sentence = clauses[place].stretch.sentence
    for neighbour in (place + 1, place - 1):
        if 0 <= neighbour < len(clauses) and clauses[neighbour].stretch.sentence == sentence:
            near = clauses[neighbour].polarity
            if near is not Label.NEUTRAL:
                return near
    return Label.NEUTRAL if overall is Label.MIXED else overall
