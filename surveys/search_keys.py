"""Folded names: what a search box and the comparison of company names look at. Pure."""

import unicodedata

#: Letters that Unicode does not take apart into a base letter and an accent.
_STROKES = str.maketrans({"ł": "l", "đ": "d", "ø": "o", "ħ": "h", "ß": "ss", "æ": "ae", "œ": "oe"})


def search_key(*parts: str | None) -> str:
    """Lower case without accents, one space between words: 'Sieć Plus' becomes 'siec plus'."""
    text = " ".join(part for part in parts if part).casefold().translate(_STROKES)
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join("".join(plain).split())
