"""From the bytes of an uploaded file to text: which encoding, and is it text at all.

Spreadsheet programs write UTF-8 with a mark, UTF-16 or, in Poland, Windows-1250; older systems
ISO-8859-2 or DOS. What a file does not say is guessed from its Polish letters, and a guess says so,
so that a page can show a sample and let a person choose. Nothing here knows rows or columns.
"""

import codecs
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO, TextIOWrapper

from surveys.contact_file.problems import FileProblem, FileRefused

MEGABYTE = 1024 * 1024
MAX_FILE_BYTES = 32 * MEGABYTE

_SAMPLE_CHARACTERS = 64 * 1024
_PIECE_BYTES = MEGABYTE
_MAX_CONTROL_SHARE = 0.02
_FEW_CONTROLS = 8  # which may stand in a short file too, and refuse their rows only


class Encoding(StrEnum):
    """Encodings that can be read; the value is Python's name of the codec."""

    UTF_8 = "utf-8"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    WINDOWS_1250 = "cp1250"
    ISO_8859_2 = "iso8859-2"
    DOS_852 = "cp852"
    WINDOWS_1252 = "cp1252"

    @property
    def label(self) -> str:
        """The name that people know it by; the same in every language."""
        return _LABELS[self]


_LABELS = {
    Encoding.UTF_8: "UTF-8",
    Encoding.UTF_16_LE: "UTF-16",
    Encoding.UTF_16_BE: "UTF-16 BE",
    Encoding.WINDOWS_1250: "Windows-1250",
    Encoding.ISO_8859_2: "ISO-8859-2",
    Encoding.DOS_852: "DOS 852",
    Encoding.WINDOWS_1252: "Windows-1252",
}

_MARKS = (
    (codecs.BOM_UTF8, Encoding.UTF_8),
    (codecs.BOM_UTF16_LE, Encoding.UTF_16_LE),
    (codecs.BOM_UTF16_BE, Encoding.UTF_16_BE),
)
_BINARY_STARTS = (
    b"%PDF",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
)
_ARCHIVE, _OLD_OFFICE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SPREADSHEET_PARTS = (b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet")

# Order decides between guesses of equal weight.
_GUESSES = (Encoding.WINDOWS_1250, Encoding.ISO_8859_2, Encoding.DOS_852)
_NOTHING = "\ufeff\x1a\u00a0 \t\r\n,;\"'"
_ASCII = bytes(range(128))
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_OFTEN_BESIDE_POLISH = frozenset("äöüßéáíčšžřěůýŠŽČÄÖÜ„”“’‘–—…\u00a0€°§«»®©")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file that is known to be text; its bytes stay bytes until they are read.

    `is_certain` is False when the encoding was guessed on weak evidence or when a UTF-8 file has
    damaged places: then a person should look at a sample before anything is written.
    """

    data: bytes
    encoding: Encoding
    had_bom: bool
    is_certain: bool

    def open(self) -> TextIOWrapper:
        """The text from its beginning, without a mark, line ends as they are.

        What cannot be decoded reads as U+FFFD, which refuses its row and no other.
        """
        stream = BytesIO(self.data)
        stream.seek(_mark_length(self.data, self.encoding))
        return TextIOWrapper(stream, self.encoding.value, errors="replace", newline="")

    @property
    def text(self) -> str:
        """The whole text at once; for small files."""
        with self.open() as lines:
            return lines.read()


def decode(data: bytes, *, encoding: Encoding | None = None) -> Decoded:
    """Find the encoding of a file, or take the one that a person chose.

    Raises FileRefused: empty, larger than 32 MB, a spreadsheet, or otherwise not text.
    """
    _refuse_what_is_no_text(data)
    decoded = (
        Decoded(data, encoding, had_bom=_mark_length(data, encoding) > 0, is_certain=True)
        if encoding
        else _detected(data)
    )
    with decoded.open() as lines:
        _refuse_binary(lines.read(_SAMPLE_CHARACTERS))
    return decoded


def _refuse_what_is_no_text(data: bytes) -> None:
    if len(data) > MAX_FILE_BYTES:
        size, limit = -(-len(data) // MEGABYTE), MAX_FILE_BYTES // MEGABYTE
        raise FileRefused(FileProblem.TOO_LARGE, size=size, limit=limit)
    if data.startswith(_OLD_OFFICE) or (
        data.startswith(_ARCHIVE) and any(part in data for part in _SPREADSHEET_PARTS)
    ):
        raise FileRefused(FileProblem.SPREADSHEET)
    if data.startswith((_ARCHIVE, *_BINARY_STARTS)):
        raise FileRefused(FileProblem.BINARY)


def _refuse_binary(sample: str) -> None:
    """Refuse text that holds nothing, or control characters as no list of people does."""
    if not sample.strip(_NOTHING):
        raise FileRefused(FileProblem.EMPTY)
    controls = sum(unicodedata.category(c) == "Cc" for c in sample if c not in "\t\r\n\x0c\x1a")
    if controls > max(_FEW_CONTROLS, _MAX_CONTROL_SHARE * len(sample)):
        raise FileRefused(FileProblem.BINARY)


def _mark_length(data: bytes, encoding: Encoding) -> int:
    marks = (mark for mark, marked in _MARKS if marked is encoding and data.startswith(mark))
    return len(next(marks, b""))


def _detected(data: bytes) -> Decoded:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(data, encoding, had_bom=True, is_certain=True)
    unmarked = _unmarked_utf16(data)
    if unmarked:
        return Decoded(data, unmarked, had_bom=False, is_certain=True)
    n_good, n_bad = _utf8_characters(data)
    if n_bad == 0 or n_good >= n_bad:
        return Decoded(data, Encoding.UTF_8, had_bom=False, is_certain=n_bad == 0)
    return _guessed(data)


def _unmarked_utf16(data: bytes) -> Encoding | None:
    """UTF-16 without a mark: every second byte of Latin text is NUL, and hardly any other."""
    sample = data[:4096]
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > 0.4 * half and even < 0.1 * half:
        return Encoding.UTF_16_LE
    if even > 0.4 * half and odd < 0.1 * half:
        return Encoding.UTF_16_BE
    return None


def _utf8_characters(data: bytes) -> tuple[int, int]:
    """How many characters beyond ASCII are well-formed UTF-8, and how many places are not."""
    if _is_utf8(data):
        return 0, 0
    n_beyond, n_bad = 0, 0
    for text in _decoded_pieces(data, "replace"):
        n_beyond += len(text) - len(text.encode("ascii", "ignore"))
        n_bad += text.count("\ufffd")
    return n_beyond - n_bad, n_bad


def _is_utf8(data: bytes) -> bool:
    try:
        for _ in _decoded_pieces(data, "strict"):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _decoded_pieces(data: bytes, errors: str) -> Iterator[str]:
    """The data as UTF-8, in pieces, since a text can take four times the room of its bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    for start in range(0, len(data), _PIECE_BYTES):
        yield decoder.decode(data[start : start + _PIECE_BYTES])
    yield decoder.decode(b"", final=True)


def _guessed(data: bytes) -> Decoded:
    """The most Polish reading of bytes that are no UTF.

    DOS only where Windows makes no sense: its letters are the dashes and umlauts of Windows.
    """
    beyond = Counter(data.translate(None, _ASCII))
    scores = {encoding: _plausibility(beyond, encoding) for encoding in _GUESSES}
    is_windows_possible = scores[Encoding.WINDOWS_1250] > 0
    possible = [it for it in _GUESSES if not (it is Encoding.DOS_852 and is_windows_possible)]
    best = max(possible, key=lambda encoding: scores[encoding])
    rivals = [it for it in _GUESSES if scores[it] >= scores[best]]
    is_certain = scores[best] > 0 and all(_is_same(beyond, best, rival) for rival in rivals)
    return Decoded(data, best, had_bom=False, is_certain=is_certain)


def _is_same(beyond: Iterable[int], one: Encoding, other: Encoding) -> bool:
    return all(_read_byte(byte, one) == _read_byte(byte, other) for byte in beyond)


def _plausibility(beyond: Counter[int], encoding: Encoding) -> int:
    return sum(n * _weight(_read_byte(byte, encoding)) for byte, n in beyond.items())


def _read_byte(byte: int, encoding: Encoding) -> str:
    return bytes([byte]).decode(encoding.value, "replace")


def _weight(character: str) -> int:
    """How much a character speaks for being meant: Polish letters most, signs and boxes against."""
    if character in _POLISH:
        return 3
    if character in _OFTEN_BESIDE_POLISH:
        return 1
    return 0 if character.isalpha() else -3
