"""What one language's word lists say about a word: read once, then remembered word by word.

The lists are the tables in `lexicons/` (see SOURCES.md there). A word is looked up by its folded
form; the answer is kept for the written form, so that ordinary text costs one dictionary look-up
a word. Nothing here looks at neighbours.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from analysis.sentiment import cues
from analysis.sentiment.patterns import ElementIndex, Kind, Rule, Word, compile_elements
from analysis.sentiment.words import fold, shorten_runs, stem

FOLDER = Path(__file__).parent / "lexicons"
LANGUAGES = ("pl", "en", "de", "cs", "fr", "es")

_LONGEST_REMEMBERED = 40  # a longer "word" is noise; it is read, and not kept
_MOST_REMEMBERED = 60_000  # about 20 MB at worst; then the memory starts anew
_SHORTEST_REPAIRED = 6  # swapping letters of shorter words makes other words of them
_SHORTEST_STEM, _LONGEST_ENDING = 5, 3  # letters of a repaired word's stem, and behind it

# Polarity of a word by outside lists: (vader, textblob, subjectivity), each 0 if unknown.
OutsideScores = Callable[[str], tuple[float, float, float]]


def rows(file: Path) -> Iterator[list[str]]:
    """Cells of a table's rows; empty lines and lines beginning with `#` are left out."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield [cell.strip() for cell in line.split("\t")]


class Lexicon(dict[str, Word]):
    """The words of one language: `lexicon[written]` is all that is known of a word as written.

    A dictionary that fills itself, because a look-up in one is the cheapest thing in Python and
    every word of every comment needs it.
    """

    def __init__(
        self, language: str, *, folder: Path = FOLDER, outside: OutsideScores | None = None
    ) -> None:
        super().__init__()
        self.language = language
        self.has_outside = outside is not None
        self._index = ElementIndex()
        self._rules: dict[int, list[Rule]] = {}
        self._outside = outside
        self._prefixes = _negating_prefixes(language)
        for rule in _rules_of(language, folder, self._index):
            self._rules.setdefault(rule.first, []).append(rule)

    def __missing__(self, written: str) -> Word:
        found = self._look_up(written)
        if len(written) <= _LONGEST_REMEMBERED:
            if len(self) >= _MOST_REMEMBERED:
                self.clear()
            self[written] = found
        return found

    def _look_up(self, written: str) -> Word:
        folded = fold(written)[:_LONGEST_REMEMBERED]
        found = self._known(folded) or self._with_prefix(folded) or self._repaired(folded)
        is_capital = len(written) > 3 and written.isupper()
        word = found or Word()
        return replace(
            word,
            bits=word.cues
            | (cues.SPEAKS if word.weight is not None or word.vader or word.blob else 0)
            | (cues.CAPITAL if is_capital else 0),
            stem=stem(folded),
        )

    def _known(self, folded: str) -> Word | None:
        found = self._index.matching(folded)
        vader, blob, subjectivity = self._outside(folded) if self._outside else (0.0, 0.0, 0.0)
        if not found and not vader and not blob:
            return None
        rules = [rule for element in found for rule in self._rules.get(element, ())]
        word = _word_of(rules, found)
        return replace(word, vader=vader, blob=blob, subjectivity=subjectivity)

    def _with_prefix(self, folded: str) -> Word | None:
        """`niekompetentny` and `unhelpful` are the denial of a word that is known to be good."""
        for prefix in self._prefixes:
            if folded.startswith(prefix) and len(folded) >= len(prefix) + 4:
                base = self._known(folded[len(prefix) :])
                if base and base.weight and base.weight >= 1:
                    return Word(weight=min(base.negated, -1.0), negated=0.5)
        return None

    def _repaired(self, folded: str) -> Word | None:
        if len(folded) < _SHORTEST_REPAIRED or not folded.isalpha():
            return None
        for candidate in _repairs(folded):
            lengths = self._index.matching(candidate).values()
            # A short stem fits the repair of almost any word: `mecz*` would fit `mezczyzna`.
            if max(lengths, default=0) < max(_SHORTEST_STEM, len(candidate) - _LONGEST_ENDING):
                continue
            found = self._known(candidate)
            if found and (found.weight or found.singles):
                return found
        return None


def _repairs(folded: str) -> Iterator[str]:
    """Spellings one slip away: drawn-out letters, two letters swapped behind the first."""
    shortened = shorten_runs(folded)
    if shortened != folded:
        yield shortened
    for at in range(1, len(folded) - 1):
        if folded[at] != folded[at + 1]:
            yield folded[:at] + folded[at + 1] + folded[at] + folded[at + 2 :]


def _negating_prefixes(language: str) -> tuple[str, ...]:
    return {"pl": ("nie",), "en": ("un", "non", "in")}.get(language, ())


def _word_of(rules: list[Rule], found: dict[int, int]) -> Word:
    """Join the rules that begin with one word; of its polarities the closest spelling wins."""
    alone = [rule for rule in rules if not rule.rest]
    polarities = [rule for rule in alone if rule.kind is Kind.POLARITY]
    best = max(polarities, key=lambda rule: found[rule.first], default=None)
    bits = 0
    for rule in alone:
        bits |= rule.cues
    return Word(
        elements=frozenset(found),
        weight=best.weight if best else None,
        negated=best.negated if best else 0.0,
        cues=bits,
        followed=_by_second_element(rule for rule in rules if rule.rest and not rule.rest[0][0]),
        gapped=_by_second_element(rule for rule in rules if rule.rest and rule.rest[0][0]),
        singles=tuple(rule for rule in alone if rule.kind in (Kind.DRIVER, Kind.QUIET_EXIT)),
    )


def _by_second_element(rules: Iterable[Rule]) -> dict[int, tuple[Rule, ...]]:
    found: dict[int, tuple[Rule, ...]] = {}
    for rule in rules:
        second = rule.rest[0][1]
        found[second] = (*found.get(second, ()), rule)
    return found


def _rules_of(language: str, folder: Path, index: ElementIndex) -> Iterator[Rule]:
    for name in (f"{language}_general", f"{language}_business", "signs"):
        yield from _polarity_rules(folder / f"{name}.tsv", index)
    for name, kind in (
        ("cues", Kind.CUE),
        ("drivers", Kind.DRIVER),
        ("quiet_exit", Kind.QUIET_EXIT),
    ):
        yield from _named_rules(folder / f"{language}_{name}.tsv", index, kind=kind)


def _polarity_rules(file: Path, index: ElementIndex) -> Iterator[Rule]:
    for weight, negated, patterns in rows(file) if file.exists() else ():
        plain = float(weight)
        denied = float(negated) if negated else -0.7 * plain
        for pattern in patterns.split(","):
            first, rest = compile_elements(pattern, index)
            yield Rule(Kind.POLARITY, first, rest, weight=plain, negated=denied)


def _named_rules(file: Path, index: ElementIndex, *, kind: Kind) -> Iterator[Rule]:
    for name, patterns in rows(file) if file.exists() else ():
        bits = cues.BY_NAME[name] if kind is Kind.CUE else 0
        for pattern in patterns.split(","):
            first, rest = compile_elements(pattern, index)
            yield Rule(
                kind, first, rest, cues=bits, name=name.rstrip("?"), is_weak=name.endswith("?")
            )


@lru_cache(maxsize=len(LANGUAGES))
def lexicon_for(language: str, outside: OutsideScores | None = None) -> Lexicon:
    """The lexicon of a language, read at the first call (some milliseconds) and kept."""
    return Lexicon(language, outside=outside)
