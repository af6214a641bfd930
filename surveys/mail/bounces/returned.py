"""Where, in a bounce that is one text, the server's words end and the returned message begins."""

import re

_MARKERS = re.compile(
    r"^[ \t>*=-]*(?:"
    r"below this line|this is a copy of|original message|the original message"
    r"|a copy of (?:the|your) message|(?:your|returned) message (?:text|headers?) follow"
    r"|message headers?(?: follow)?\b|enclosed is a copy"
    r"|tre[śs][ćc] (?:oryginalnej |zwróconej )?wiadomo[śs]ci|oryginalna wiadomo[śs][ćc]"
    r"|(?:poni[żz]ej (?:znajduje si[ęe] )?)?kopia wiadomo[śs]ci|nag[łl][óo]wki wiadomo[śs]ci"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_FIRST_HEADER = re.compile(
    r"^(?:Return-Path|Received|Message-ID|DKIM-Signature|MIME-Version):",
    re.IGNORECASE | re.MULTILINE,
)


def before_returned(text: str) -> str:
    """The words of the server; the returned message, whatever it quotes, is not part of them."""
    starts = [found.start() for each in (_MARKERS, _FIRST_HEADER) if (found := each.search(text))]
    return text[: min(starts)] if starts else text
