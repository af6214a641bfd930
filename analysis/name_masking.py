"""Names of people and companies in comments, so that they can be left out where a comment is shown.

Matching is on folded words and only where a word begins with a capital letter; a surname also
matches with a Polish ending (Kowalski, Kowalskiego, Kowalskim). Pure. Source: method of
confidentiality, section 2.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveys.search_keys import search_key

MIN_NAME = 3
MIN_STEM = 4
MAX_ENDING = 4
WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")


@dataclass(frozen=True, slots=True)
class Names:
    """What counts as a name: stems of surnames, and companies as tuples of folded words."""

    stems: frozenset[str]
    companies: frozenset[tuple[str, ...]]

    @property
    def longest(self) -> int:
        """Words of the longest company name."""
        return max((len(words) for words in self.companies), default=0)


def known_names(surnames: Iterable[str | None], companies: Iterable[str]) -> Names:
    """Prepare the names that must not be read in a comment."""
    stems = set()
    for surname in surnames:
        for part in search_key(surname).replace("-", " ").split():
            if len(part) >= MIN_NAME:
                stems.add(_stem(part))
    return Names(frozenset(stems), frozenset(_company(name) for name in companies if name))


def name_spans(text: str, names: Names) -> list[tuple[int, int]]:
    """Where names stand in a text, as (start, end) of characters, in order and apart."""
    words = [(m.start(), m.end(), search_key(m.group()), m.group()[0]) for m in WORD.finditer(text)]
    spans: list[tuple[int, int]] = []
    position = 0
    while position < len(words):
        length = _company_length(words, position, names)
        if length == 0 and _is_surname(words[position], names):
            length = 1
        if length:
            spans.append((words[position][0], words[position + length - 1][1]))
        position += max(1, length)
    return spans


def _company_length(words: Sequence[tuple[int, int, str, str]], position: int, names: Names) -> int:
    if not words[position][3].isupper():
        return 0
    for length in range(min(names.longest, len(words) - position), 0, -1):
        folded = tuple(word[2] for word in words[position : position + length])
        if folded in names.companies:
            return length
    return 0


def _is_surname(word: tuple[int, int, str, str], names: Names) -> bool:
    _, _, folded, first = word
    if not first.isupper():
        return False
    return any(
        folded[:length] in names.stems
        for length in range(max(MIN_NAME, len(folded) - MAX_ENDING), len(folded) + 1)
    )


def _stem(folded: str) -> str:
    """A surname without the vowel that Polish cases replace."""
    return folded[:-1] if len(folded) > MIN_STEM and folded[-1] in "aeiouy" else folded


def _company(name: str) -> tuple[str, ...]:
    """The words of a company name that tell it apart: without its legal form."""
    words = [search_key(word) for word in WORD.findall(name)]
    kept = [word for word in words if word not in LEGAL_FORMS]
    return tuple(kept or words)


LEGAL_FORMS = frozenset(
    {"sp", "z", "o", "oo", "s", "a", "sa", "ltd", "limited", "gmbh", "inc", "llc", "bv", "ab", "as"}
)
