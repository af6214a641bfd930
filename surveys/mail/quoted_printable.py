"""Quoted-printable (RFC 2045, 6.7) in pieces that can be put together.

The standard library encodes a whole body and breaks its lines wherever they end, so nothing can be
put into the result. Here every piece begins at the start of a line and ends with a soft line break,
which is not part of the text: pieces encoded once and values encoded for one person stand side by
side.
"""

LINE_LENGTH = 76
SOFT_BREAK = b"=\r\n"
_SPACES = b" \t"
_SAFE = frozenset(range(33, 127)) - {ord("=")} | frozenset(_SPACES)
_CODES = tuple(bytes([byte]) if byte in _SAFE else b"=%02X" % byte for byte in range(256))


def encode_piece(text: str) -> bytes:
    """A stretch of a text with line feeds; what follows it must begin at the start of a line."""
    lines = text.split("\n")
    encoded = b"\r\n".join(_line(line) for line in lines[:-1])
    last = _line(lines[-1], is_whole=False)
    before = encoded + b"\r\n" if len(lines) > 1 else b""
    return before + (last + SOFT_BREAK if last else b"")


def _line(text: str, *, is_whole: bool = True) -> bytes:
    codes = [_CODES[byte] for byte in text.encode()]
    if is_whole and codes and codes[-1] in (b" ", b"\t"):
        # White space at a line's end is taken for padding on the way, and lost.
        codes[-1] = b"=%02X" % codes[-1][0]
    rows: list[bytes] = []
    row: list[bytes] = []
    length = 0
    for code in codes:
        if length + len(code) > LINE_LENGTH - 1:
            rows.append(b"".join(row))
            row, length = [], 0
        row.append(code)
        length += len(code)
    return SOFT_BREAK.join([*rows, b"".join(row)])
