"""Names of people and companies in comments, so that they can be left out where a comment is shown.

Matching is on folded words and only where a word begins with a capital letter; names also match
with a Polish ending (Kowalski, Kowalskiego; Wróbel, Wróblem). A first name is left out with the
surname behind it; alone it is too often an ordinary word. A mail address is always a name. Pure.
Source: method of confidentiality, section 2.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveys.search_keys import search_key

MIN_NAME = 3
MIN_STEM = 4
WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
ADDRESS = re.compile(r"[^\s@<>()]+@[^\s@<>()]+\.[^\W\d_]{2,}")
#: A Polish consonant after a fleeting e: Dudek, Dudka; Wróbel, Wróbla; Kupiec, Kupca.
_FLEETING = re.compile(r"(.+?)i?e([klcrn])")
_GENITIVE = re.compile(r"['’]s$")

#: Folded endings of Polish cases.
ENDINGS = frozenset(
    {
        "", "a", "ach", "ami", "e", "ego", "ej", "em", "emu", "i", "ia", "ich", "ie", "iego",
        "iej", "iem", "iemu", "im", "imi", "iowi", "iu", "o", "om", "ow", "owi", "owie", "s", "u",
        "y", "ych", "ym", "ymi",
    }
)  # fmt: skip
LEGAL_FORMS = frozenset(
    {"sp", "z", "o", "oo", "s", "a", "sa", "ltd", "limited", "gmbh", "inc", "llc", "bv", "ab", "as"}
)


@dataclass(frozen=True, slots=True)
class Names:
    """What counts as a name: stems of surnames and first names, and companies as tuples of stems.

    Companies are found by the stem of their first word.
    """

    surnames: frozenset[str]
    first_names: frozenset[str]
    companies: Mapping[str, Sequence[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    folded: str
    is_capital: bool


def known_names(
    surnames: Iterable[str | None],
    companies: Iterable[str | None],
    *,
    first_names: Iterable[str | None] = (),
) -> Names:
    """Prepare the names that must not be read in a comment."""
    by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for company in sorted({_company(name) for name in companies if name}, key=len, reverse=True):
        if company:
            by_first[company[0]].append(company)
    return Names(_stems(surnames), _stems(first_names), dict(by_first))


def name_spans(text: str, names: Names) -> list[tuple[int, int]]:
    """Where names stand in a text, as (start, end) of characters, in order and apart."""
    addresses = [found.span() for found in ADDRESS.finditer(text)]
    words = [
        _Word(m.start(), m.end(), search_key(m.group()), not m.group()[0].islower())
        for m in WORD.finditer(text)
        if not any(start <= m.start() < end for start, end in addresses)
    ]
    return sorted([*addresses, *_spans_of(text, words, names)])


def _spans_of(text: str, words: Sequence[_Word], names: Names) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    position = 0
    while position < len(words):
        length = _company_length(words, position, names)
        if length:
            spans.append((words[position].start, words[position + length - 1].end))
        elif _is_name(words[position], names.surnames):
            spans.append((_with_first_name(text, words, position, names), words[position].end))
        position += max(1, length)
    return spans


def _with_first_name(text: str, words: Sequence[_Word], position: int, names: Names) -> int:
    """Where the name begins: at the first name right before the surname, if there is one."""
    word = words[position]
    if position == 0:
        return word.start
    before = words[position - 1]
    is_beside = not text[before.end : word.start].strip()
    return before.start if is_beside and _is_name(before, names.first_names) else word.start


def _company_length(words: Sequence[_Word], position: int, names: Names) -> int:
    if not words[position].is_capital:
        return 0
    for stem in _possible_stems(words[position].folded):
        for company in names.companies.get(stem, ()):
            following = words[position : position + len(company)]
            if len(following) == len(company) and all(
                _fits(word.folded, part) for word, part in zip(following, company, strict=True)
            ):
                return len(company)
    return 0


def _is_name(word: _Word, stems: frozenset[str]) -> bool:
    return word.is_capital and any(stem in stems for stem in _possible_stems(word.folded))


def _possible_stems(folded: str) -> Iterator[str]:
    """The word itself and what is left without each ending that it has, the genitive cut first."""
    folded = _GENITIVE.sub("", folded)
    for ending in ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= MIN_NAME:
            yield folded[: len(folded) - len(ending)]
    if len(folded) < MIN_NAME:
        yield folded


def _fits(folded: str, stem: str) -> bool:
    return folded == stem or any(found == stem for found in _possible_stems(folded))


def _stems(names: Iterable[str | None]) -> frozenset[str]:
    return frozenset(
        stem
        for name in names
        for part in search_key(name).replace("-", " ").split()
        if len(part) >= MIN_NAME
        for stem in _stems_of(part)
    )


def _stems_of(folded: str) -> Iterator[str]:
    yield _stem(folded)
    fleeting = _FLEETING.fullmatch(folded)
    if fleeting and len(folded) > MIN_STEM:
        yield fleeting[1] + fleeting[2]


def _stem(folded: str) -> str:
    """A name without the vowel that Polish cases replace."""
    return folded[:-1] if len(folded) > MIN_STEM and folded[-1] in "aeiouy" else folded


def _company(name: str) -> tuple[str, ...]:
    """The words of a company name that tell it apart: without its legal form."""
    words = [search_key(word) for word in WORD.findall(name)]
    kept = [word for word in words if word not in LEGAL_FORMS]
    return tuple(_stem(word) for word in kept or words)
