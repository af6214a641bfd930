"""Which language a comment is written in.

Function words decide most comments; letter sequences decide the rest. The language of the page on
which the comment was written is the prior: it wins for very short texts and where nothing speaks
clearly against it. Everything is asked of folded words, so that a comment without diacritics is
judged as the same comment with them.
"""

import math
import unicodedata
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
_WORDS_READ, _LETTERS_READ = 40, 300  # more does not change the verdict, only the time
_LENGTHS = (5, 4, 3, 2)  # of sequences, the longest first
_NOTHING = (0,) * len(LANGUAGES)
_MOST_REMEMBERED = 60_000


class FunctionWords(dict[str, str | None]):
    """The language that a written word speaks for, if hardly any other of the languages uses it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        super().__init__()
        self._votes: dict[str, str] = {}
        self._endings: dict[str, str] = {}
        self._letters: dict[str, str] = {}
        for language, kind, words in rows(folder / "function_words.tsv"):
            if kind == "letter":
                self._letters.update(dict.fromkeys(words.split(), language))
                continue
            target = self._endings if kind == "ending" else self._votes
            target.update(dict.fromkeys(map(fold, words.split()), language))

    def count(self, written: Sequence[str]) -> dict[str, int]:
        """Votes per language for a row of words."""
        votes = [language for language in map(self.__getitem__, written) if language]
        return {language: votes.count(language) for language in dict.fromkeys(votes)}

    def __missing__(self, word: str) -> str | None:
        folded = fold(word[:40])
        language = self._by_letter(word) or self._votes.get(folded)
        if language is None and len(folded) > 4:
            language = next(
                (self._endings[e] for e in (folded[-4:], folded[-3:]) if e in self._endings), None
            )
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[word] = language
        return language

    def _by_letter(self, word: str) -> str | None:
        letters = () if word.isascii() else unicodedata.normalize("NFC", word[:40].lower())
        return next((self._letters[one] for one in letters if one in self._letters), None)


@lru_cache(maxsize=1)
def _function_words() -> FunctionWords:
    return FunctionWords()


class LetterSequences(dict[str, tuple[int, ...]]):
    """How likely a written word is in each of `LANGUAGES`, in steps of 1 / `STEPS_PER_NAT`.

    At each place the longest known sequence that ends there counts.
    Source: naive Bayes on byte sequences, Lui and Baldwin 2012.
    """

    def __init__(self, table: Path = NGRAMS) -> None:
        super().__init__()
        self._known = {
            letters.replace("_", " "): tuple(map(int, steps.split()))
            for letters, steps in rows(table)
        }

    def __missing__(self, written: str) -> tuple[int, ...]:
        word = f" {fold(written[:40])} "
        found = [self._longest(word, end) for end in range(2, len(word) + 1)]
        total = tuple(map(sum, zip(_NOTHING, *found, strict=True)))
        if len(self) >= _MOST_REMEMBERED:
            self.clear()
        self[written] = total
        return total

    def _longest(self, word: str, end: int) -> tuple[int, ...]:
        endings = (word[end - length : end] for length in _LENGTHS if length <= end)
        return next((self._known[one] for one in endings if one in self._known), _NOTHING)


@lru_cache(maxsize=1)
def _letter_sequences() -> LetterSequences:
    return LetterSequences()


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
    read = written[:_WORDS_READ]
    letters = [letter for letter in "".join(read)[:_LETTERS_READ] if letter.isalpha()]
    if not letters:
        return prior or UNKNOWN
    if sum(ord(letter) > 0x24F for letter in letters) * 2 > len(letters):
        return UNKNOWN
    totals = map(sum, zip(*map(_letter_sequences().__getitem__, read), strict=True))
    # Tempered by the length, as in py3langid: neighbouring sequences say the same thing twice.
    unit = 1 / (STEPS_PER_NAT * math.sqrt(len(letters)))
    scores = {name: unit * total for name, total in zip(LANGUAGES, totals, strict=True)}
    if prior:
        scores[prior] += math.log(_PRIOR_ODDS)
    return max(scores, key=lambda name: scores[name])
