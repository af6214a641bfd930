"""A comment cut at what led to its verdict and at the names in it. Pure.

Where the words of two findings overlap, a name wins over all and quiet-exit words over a polarity;
the words that named a driver are kept beside either.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

NAME = "name"
EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a comment: plain (`kind` empty), evidence of a polarity, exit words, a name.

    `drivers`: those that these words name.
    """

    text: str
    kind: str
    drivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasons:
    """The words that led to a verdict, in their order: by polarity (or `exit`), and by driver."""

    by_kind: Mapping[str, Sequence[str]]
    by_driver: Mapping[str, Sequence[str]]

    def __bool__(self) -> bool:
        return bool(self.by_kind or self.by_driver)


def pieces_of(
    text: str,
    evidence: Sequence[Sequence[Any]],
    names: Sequence[Sequence[int]],
    name_removed: str,
    *,
    drivers: Sequence[Sequence[Any]] = (),
) -> list[Piece]:
    """Cut a comment at its evidence and its names; a name wins over what stands around it.

    `evidence`: (start, end, purpose, polarity), `names`: (start, end), `drivers`: (start, end,
    code), with offsets into the text as it was written.
    """
    kinds = [""] * len(text)
    named: list[tuple[str, ...]] = [()] * len(text)
    for start, end, purpose, polarity in evidence:
        for at in _inside(start, end, text):
            kinds[at] = EXIT if purpose == "quiet_exit" else polarity
    for start, end, code in drivers:
        for at in _inside(start, end, text):
            named[at] = (*named[at], code)
    for start, end in names:
        for at in _inside(start, end, text):
            kinds[at], named[at] = NAME, ()
    places = groupby(range(len(text)), key=lambda at: (kinds[at], named[at]))
    return [_piece(text, list(group), *key, name_removed) for key, group in places]


def reasons_of(pieces: Sequence[Piece]) -> Reasons:
    """The marked words of a comment, each once, for those who cannot see the marks."""
    kinds = dict.fromkeys(piece.kind for piece in pieces if piece.kind not in ("", NAME))
    codes = dict.fromkeys(code for piece in pieces for code in piece.drivers)
    return Reasons(
        {kind: _words((piece.text, piece.kind == kind) for piece in pieces) for kind in kinds},
        {code: _words((piece.text, code in piece.drivers) for piece in pieces) for code in codes},
    )


def _inside(start: int, end: int, text: str) -> range:
    return range(max(0, start), min(end, len(text)))


def _piece(
    text: str, places: Sequence[int], kind: str, drivers: tuple[str, ...], name_removed: str
) -> Piece:
    words = name_removed if kind == NAME else text[places[0] : places[-1] + 1]
    return Piece(words, kind, drivers)


def _words(pieces: Iterable[tuple[str, bool]]) -> list[str]:
    """Neighbouring pieces that are meant, joined."""
    grouped = groupby(pieces, key=lambda piece: piece[1])
    found = ["".join(text for text, _ in group).strip() for is_meant, group in grouped if is_meant]
    return list(dict.fromkeys(found))
