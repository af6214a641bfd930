"""Which language a comment is written in.

Function words decide most comments; letter sequences decide the rest. The language of the page on
which the comment was written is the prior: it wins for very short texts and where nothing speaks
clearly against it. Everything is asked of folded words, so that a comment without diacritics is
judged as the same comment with them.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from analysis.sentiment.lexicon import FOLDER, LANGUAGES, rows
from analysis.sentiment.words import fold

UNKNOWN = "und"

NGRAMS = FOLDER / "language_ngrams.tsv"
STEPS_PER_NAT = 8  # the unit of its numbers

_SHORTEST_JUDGED = 3  # words; below, the prior is trusted
_PRIOR_ODDS = 20.0  # how much likelier the page's language is than each of the others
_LETTERS_READ = 300  # more text does not change the verdict, only the time
_SEQUENCES = (5, 4, 3, 2)  # lengths, the longest first
_MOST_REMEMBERED = 60_000


class FunctionWords:
    """Counts, per language, the words that hardly any other of the languages uses."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._votes: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._letters: dict[str, str] = {}
        self._remembered: dict[str, str | None] = {}
        for language, kind, words in rows(folder / "function_words.tsv"):
            if kind == "letter":
                self._letters.update(dict.fromkeys(words.split(), language))
                continue
            target = self._endings if kind == "ending" else self._votes
            target.update(dict.fromkeys(map(fold, words.split()), language))

    def count(self, written: Sequence[str]) -> dict[str, int]:
        """Votes per language for a row of words."""
        votes: dict[str, int] = {}
        remembered = self._remembered
        for word in written:
            try:
                language = remembered[word]
            except KeyError:
                language = self._remember(word)
            if language:
                votes[language] = votes.get(language, 0) + 1
        return votes

    def _remember(self, word: str) -> str | None:
        folded = fold(word[:40])
        language = self._by_letter(word) or self._votes.get(folded)
        if language is None and len(folded) > 4:
            language = next(
                (self._endings[e] for e in (folded[-4:], folded[-3:]) if e in self._endings), None
            )
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[word] = language
        return language


    def _by_letter(self, word: str) -> str | None:
        letters = () if word.isascii() else unicodedata.normalize("NFC", word[:40].lower())
        return next((self._letters[one] for one in letters if one in self._letters), None)


@lru_cache(maxsize=1)
def _function_words() -> FunctionWords:
    return FunctionWords()


@lru_cache(maxsize=1)
def _ngrams() -> dict[str, tuple[int, ...]]:
    """Letter sequences with the steps each language gets for them, in the order of `LANGUAGES`."""
    return {
        letters.replace("_", " "): tuple(map(int, steps.split())) for letters, steps in rows(NGRAMS)
    }


def normal_code(code: str | None) -> str | None:
    """`pl-PL`, `PL` and `pl_PL` as `pl`; None for languages that are not handled."""
    short = (code or "").strip().lower().replace("_", "-").split("-")[0]
    return short if short in LANGUAGES else None


def language_of(written: Sequence[str], *, prior: str | None) -> str:
    """Language of a text given as its words; `und` if it is in none of the handled ones."""
    known_prior = normal_code(prior)
    if len(written) < _SHORTEST_JUDGED and known_prior:
        return known_prior
    clear = _clear_winner(_function_words().count(written), known_prior)
    return clear or _statistical(written, known_prior)


def _clear_winner(votes: dict[str, int], prior: str | None) -> str | None:
    """The language with at least two votes (one, if it is the prior's) and thrice the others'."""
    if not votes:
        return None
    best = max(votes, key=lambda language: votes[language])
    others = sum(votes.values()) - votes[best]
    needed = 1 if best == prior else 2
    return best if votes[best] >= max(needed, 3 * others) else None


def _statistical(written: Sequence[str], prior: str | None) -> str:
    text = f" {' '.join(map(fold, written))} "[:_LETTERS_READ]
    if not any(letter.isalpha() for letter in text):
        return prior or UNKNOWN
    if sum(letter.isalpha() and ord(letter) > 0x24F for letter in text) * 2 > len(text):
        return UNKNOWN
    scores = _scores(text)
    if prior:
        scores[prior] += math.log(_PRIOR_ODDS)
    return max(scores, key=lambda name: scores[name])


def _scores(text: str) -> dict[str, float]:
    """Logarithm of each language's chance but for a constant, tempered by the length of the text.

    At each place the longest known sequence that ends there counts, and the more often it comes the
    less. Source: naive Bayes on byte sequences, Lui and Baldwin 2012; the temper is py3langid's.
    """
    known = _ngrams()
    counts = Counter(
        next(
            (ngram for n in _SEQUENCES if (ngram := text[max(0, end - n) : end]) in known),
            "",
        )
        for end in range(2, len(text) + 1)
    )
    del counts[""]
    unit = 1 / (STEPS_PER_NAT * math.sqrt(len(text)))
    totals = [0.0] * len(LANGUAGES)
    for ngram, count in counts.items():
        weight = unit * math.log1p(count)
        for place, steps in enumerate(known[ngram]):
            totals[place] += weight * steps
    return dict(zip(LANGUAGES, totals, strict=True))
