"""Reads the tab-separated lists that ship beside the simulator."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "data"
_WITHOUT_STROKE = str.maketrans("łŁøØ", "lLoO")  # these do not decompose into letter and mark


@cache
def rows_of(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one list by the names in its heading.

    Raises ValueError, naming the file and the line, if a row has more or fewer columns.
    """
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    heading = lines[0].split("\t")
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        values = line.split("\t")
        if len(values) != len(heading):
            raise ValueError(f"{name}, line {number}: {len(values)} columns, not {len(heading)}")
        rows.append(dict(zip(heading, values, strict=True)))
    return tuple(rows)


def without_marks(text: str) -> str:
    """The text without diacritics, letters kept: "Łódź" gives "Lodz"."""
    decomposed = unicodedata.normalize("NFD", text.translate(_WITHOUT_STROKE))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
