"""Cut a text into words and boundaries, and fold words for matching.

Offsets stay those of the text as given: nothing is normalised before cutting; each word is folded
on its own. Folding removes case, every diacritic, zero-width characters and soft hyphens, so that
`Marża`, `marza` and a decomposed `marża` are one word. Nothing here knows a lexicon.
"""

import re
import unicodedata
from collections.abc import Iterator

# Letters may be followed by combining marks (decomposed text) and hide zero-width characters.
_LETTERS = r"[\w\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"

# The order matters: what comes first wins. Every repetition is bounded or cannot overlap with what
# follows it, so that the time grows in a straight line with the length of the text.
TOKEN = re.compile(
    r"<[^<>]{1,120}>"  # markup
    r"|&\#?\w{1,8};"  # entities
    r"|https?://\S+|www\.\S+"
    r"|\d+(?:[.,:]\d+)*%?"
    rf"|{_LETTERS}+(?:['’`´]{_LETTERS}+)*"
    r"|[:;=8][-o^']?[)(\]\[DPp/\\|3*]+"  # emoticons
    r"|\.{2,}|…|[.!?]+"
    r"|\n+|[,;:()\"„”“/|]|(?<=\s)[-–—]+(?=\s)|—"
    r"|[^\w\s]"
)

_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_STROKES = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "’": "'",
        "`": "'",
        "´": "'",
    }
)
_STEM_LETTERS = 6  # shorter ones join what differs, longer ones part what belongs together
_LONG_RUN = re.compile(r"(.)\1{2,}")


def fold(word: str) -> str:
    """The word in small letters without diacritics and invisible characters: `Żółw` is `zolw`."""
    folded = word.lower()
    if folded.isascii():
        return folded.translate(_STROKES) if "`" in folded else folded
    decomposed = unicodedata.normalize("NFKD", folded.translate(_STROKES))
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _INVISIBLE.sub("", kept).lower()


def shorten_runs(folded: str) -> str:
    """Letters drawn out for emphasis cut to one: `suuuper` is `super`, `sooo` is `so`."""
    return _LONG_RUN.sub(r"\1", folded)


def stem(folded: str) -> str:
    """The word as the model knows it: its first letters, so that inflected forms are one; any
    number is `#`."""
    return "#" if folded[:1].isdigit() else folded[:_STEM_LETTERS]


def pieces(text: str) -> Iterator[re.Match[str]]:
    """Words, numbers, punctuation, emoticons and emoji of the text, in order, with offsets."""
    return TOKEN.finditer(text)
