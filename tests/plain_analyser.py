"""An analyser for tests that knows four words: its verdicts do not move with the word lists."""

import pytest

from analysis import sentiment
from analysis.sentiment import Clause, DriverMention, Evidence, Label, Purpose, Sentiment

NAME = "plain 1"

#: Word, verdict, driver that it names.
_WORDS = {
    "slow": (Label.NEGATIVE, "monitoring"),
    "blocks": (Label.NEGATIVE, "no_sabotage"),
    "helpful": (Label.POSITIVE, "channel_people"),
    "życzliwy": (Label.POSITIVE, "channel_people"),
}
_EXIT = "another brand"


def use(monkeypatch: pytest.MonkeyPatch, *, name: str = NAME) -> None:
    """Let every comment be read by this analyser, under this name."""
    monkeypatch.setattr(sentiment, "analyser", lambda: name)
    monkeypatch.setattr(sentiment, "analyse", lambda text, **_values: read(text, name=name))


def read(text: str, *, name: str = NAME) -> Sentiment:
    """The verdict: of the words it knows; 'hm' is unsure, everything else neutral."""
    hits = [(text.find(word), word, *found) for word, found in _WORDS.items() if word in text]
    labels = {label for _, _, label, _ in hits}
    label = Label.MIXED if len(labels) > 1 else next(iter(labels), Label.NEUTRAL)
    evidence = [Evidence(at, at + len(word), word, Purpose.SENTIMENT) for at, word, _, _ in hits]
    if _EXIT in text:
        at = text.index(_EXIT)
        evidence.append(Evidence(at, at + len(_EXIT), _EXIT, Purpose.QUIET_EXIT))
    drivers = tuple(DriverMention(driver, found, word) for _, word, found, driver in hits)
    return Sentiment(
        label=label,
        score=0.0,
        confidence=0.9,
        is_unsure="hm" in text,
        quiet_exit=_EXIT in text,
        language="pl" if "ż" in text else "en",
        analyser=name,
        evidence=tuple(sorted(evidence, key=lambda each: each.start)),
        clauses=(Clause(0, len(text), label, drivers),),
        drivers=drivers,
    )
