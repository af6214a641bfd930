"""How well texts are understood that no seed and no list was written for, by the shipped model.

Two kinds, both our own: `text_outside.tsv` holds comments and reviews written after seeds and
lists, in other voices and deliberately hard; no list may be changed with these rows in view. The
demo's comments come from the simulator, which knows what it meant to say; every second of its
building blocks was read when the lists were extended. No public test set is read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.sentiment import Label, Sentiment, analyse
from analysis.simulator import build
from bench.text_figures import Json, Tally, Verdict, figures, share, tally

FILE = Path(__file__).parent / "text_outside.tsv"
DEMO_SEED = 1
_PLAIN = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
_FEW_WORDS = 4


@dataclass(frozen=True, slots=True)
class Known:
    """A text of known meaning; `drivers` holds code and polarity."""

    kind: str
    language: str
    text: str
    label: Label
    drivers: dict[str, Label]
    quiet_exit: bool


def read_outside(file: Path = FILE) -> list[Known]:
    """All rows in the order of the file."""
    rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
    return [_known(row) for row in rows if not row[0].startswith("#")]


def _known(row: Sequence[str]) -> Known:
    kind, language, text, label, drivers, quiet_exit = row
    pairs = (pair.split(":") for pair in drivers.split(";") if pair)
    named = {code: Label(polarity) for code, polarity in pairs}
    return Known(kind, language, text, Label(label), named, quiet_exit == "1")


def outside(known: Sequence[Known] | None = None) -> Json:
    """Figures for each kind and language of the outside texts."""
    rows = read_outside() if known is None else known
    groups = dict.fromkeys((row.kind, row.language) for row in rows)
    return {
        f"{kind}_{language}": _agreement(
            [row for row in rows if (row.kind, row.language) == (kind, language)]
        )
        for kind, language in groups
    }


def demo(size: str) -> Json:
    """Agreement with what the simulator meant by the demo's comments, each text once."""
    workspace = build(DEMO_SEED, "small" if size == "small" else "medium")
    answers = (one for run in workspace.runs() for one in run.responses)
    comments = {one.comment.text: one.comment for one in answers if one.comment}
    known = [
        Known(
            kind="demo",
            language=comment.language,
            text=comment.text,
            label=Label(comment.label),
            drivers={one.driver: Label(one.polarity) for one in comment.mentions},
            quiet_exit=comment.quiet_exit,
        )
        for comment in comments.values()
    ]
    return outside(known)


def _agreement(known: Sequence[Known]) -> Json:
    found = [analyse(one.text, prior=one.language) for one in known]
    verdicts = [
        Verdict(one.label, sentiment.label, sentiment.confidence)
        for one, sentiment in zip(known, found, strict=True)
    ]
    clear = [
        (one.label is Label.POSITIVE, sentiment.score > 0)
        for one, sentiment in zip(known, found, strict=True)
        if one.label in (Label.POSITIVE, Label.NEGATIVE)
    ]
    return {
        **figures(verdicts),
        "two_classes_macro_f1": _two_classes(clear),
        **driver_figures([one.drivers for one in known], found),
        "quiet_exit": tally(
            (one.quiet_exit, sentiment.quiet_exit)
            for one, sentiment in zip(known, found, strict=True)
        ).as_json(),
        "language": _language(known),
    }


def _two_classes(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Macro-F1 of the sign of the score where a text is clearly good or clearly bad."""
    good = tally(pairs)
    bad = Tally(
        n_right=sum(not truth and not found for truth, found in pairs),
        n_false=good.n_missed,
        n_missed=good.n_false,
    )
    return round((good.f1 + bad.f1) / 2, 3)


def driver_figures(known: Iterable[dict[str, Label]], found: Iterable[Sentiment]) -> Json:
    """Tally of drivers over all texts, and how often the polarity of a found one is right."""
    pairs: list[tuple[bool, bool]] = []
    polarity_right: list[bool] = []
    for drivers, sentiment in zip(known, found, strict=True):
        named = {mention.driver: mention.polarity for mention in sentiment.drivers}
        pairs.extend((code in drivers, code in named) for code in {*named, *drivers})
        polarity_right += [named[code] is drivers[code] for code in named.keys() & drivers.keys()]
    return {
        "drivers": {
            **tally(pairs).as_json(),
            "polarity_right": share(sum(polarity_right), len(polarity_right)),
        }
    }


def _language(known: Sequence[Known]) -> Json:
    """Share of right languages without any prior, whole and of the first four words."""
    texts = [(one.language, text) for one in known for text in _spellings(one.text)]
    few = [
        (language, " ".join(text.split()[:_FEW_WORDS]))
        for language, text in texts
        if len(text.split()) >= _FEW_WORDS
    ]
    return {
        name: share(sum(analyse(text).language == language for language, text in group), len(group))
        for name, group in (("whole", texts), ("four_words", few))
    }


def _spellings(text: str) -> tuple[str, str]:
    return text, text.translate(_PLAIN)
