"""Letters of one wave differ in a few personal values: the rest is composed and encoded once.

A `LetterPress` composes the letter of the first person of each kind, language and wave with marks
in place of the values (name, links), encodes the stretches between the marks, and then puts each
person's own values between them as bytes. What comes out says the same, header by header and part
by part, as the message that `letters.compose` makes for this person alone.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from jinja2 import Environment
from markupsafe import escape

from surveys.i18n import in_locale
from surveys.mail.headers import header_line
from surveys.mail.letters import (
    LetterFacts,
    ScoreQuestion,
    letter_html,
    letter_page,
    letter_text,
    one_line,
    personal_headers,
    shared_headers,
)
from surveys.mail.quoted_printable import encode_piece

#: Not to be guessed, so that no text that people write can hold a mark.
_SECRET = secrets.token_hex(8)
NAME = f"PersonalValueName{_SECRET}"
LAST_NAME = f"PersonalValueLast{_SECRET}"
ANSWER = f"PersonalValueAnswer{_SECRET}"
PREFERENCES = f"PersonalValuePreferences{_SECRET}"
_MARKS = re.compile(f"({NAME}|{LAST_NAME}|{ANSWER}|{PREFERENCES})")
#: Cannot occur in a quoted-printable body, where an equals sign begins a code.
BOUNDARY = "=_parts_of_a_letter"
_PART = (
    b"--" + BOUNDARY.encode() + b'\r\nContent-Type: text/%s; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)
_MIME = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="' + BOUNDARY.encode() + b'"\r\n\r\n'
)
_END = b"\r\n--" + BOUNDARY.encode() + b"--\r\n"
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
#: In the order in which people look for them.
HEADERS = (
    "Subject",
    "From",
    "To",
    "Reply-To",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Content-Language",
)
#: Forms of letters to one person alone are never met again.
MAX_FORMS = 64
#: Encoded stretches, and between them the marks of values.
Pieces = Sequence[bytes | str]


@dataclass(frozen=True, slots=True)
class _Form:
    """What a group of letters share: headers, and encoded stretches with marks between them."""

    headers: Mapping[str, bytes]
    subject: str
    text: Pieces
    html: Pieces


class LetterPress:
    """Makes the bytes of letters; forms are kept as long as the press."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._forms: dict[LetterFacts, _Form] = {}

    def message(self, facts: LetterFacts) -> bytes:
        """The finished message for one person, ready to be handed to a server."""
        common = _common(facts)
        form = self._forms.get(common)
        if form is None:
            if len(self._forms) >= MAX_FORMS:
                self._forms.clear()
            form = self._forms[common] = self._composed(common)
        return _spliced(form, facts)

    def _composed(self, common: LetterFacts) -> _Form:
        with in_locale(common.locale):
            page = letter_page(common)
            text = letter_text(page)
            html = letter_html(self._environment, page)
        headers = shared_headers(page)
        subject = headers.pop("Subject")
        return _Form(_written(headers), subject, _pieces(text), _pieces(html))


def _common(facts: LetterFacts) -> LetterFacts:
    """The facts with marks for the values of one person: equal for letters that share a form."""

    def marked(link: str) -> str:
        return link.replace(facts.answer_token, ANSWER) if facts.answer_token else link

    unsubscribe = facts.unsubscribe_link
    if unsubscribe and facts.preferences_token:
        unsubscribe = unsubscribe.replace(facts.preferences_token, PREFERENCES)
    other = facts.other_language
    return replace(
        facts,
        recipient="",
        first_name=NAME if one_line(facts.first_name or "") else None,
        last_name=LAST_NAME if _says_last_name(facts) else None,
        message_id="",
        link=marked(facts.link),
        sent_at=_NO_TIME,
        answer_token="",
        preferences_token="",
        unsubscribe_link=unsubscribe,
        unsubscribe_address=None,
        score=_marked_score(facts.score, marked),
        other_language=(marked(other[0]), other[1]) if other else None,
    )


def _says_last_name(facts: LetterFacts) -> bool:
    # Whether it is known makes two forms of one; most letters do not say it.
    says_it = facts.own is not None and facts.own.mentions("last_name")
    return says_it and bool(one_line(facts.last_name or ""))


def _marked_score(
    score: ScoreQuestion | None, marked: Callable[[str], str]
) -> ScoreQuestion | None:
    if score is None:
        return None
    return replace(score, links=tuple((value, marked(link)) for value, link in score.links))


def _spliced(form: _Form, facts: LetterFacts) -> bytes:
    names = {NAME: one_line(facts.first_name or ""), LAST_NAME: one_line(facts.last_name or "")}
    links = {ANSWER: facts.answer_token, PREFERENCES: facts.preferences_token}
    in_text = {mark: encode_piece(value) for mark, value in (names | links).items()}
    in_html = in_text | {mark: encode_piece(str(escape(name))) for mark, name in names.items()}
    return b"".join(
        (
            *_headers_in_order(form, facts, names),
            _MIME,
            _PART % b"plain",
            *_filled(form.text, in_text),
            b"\r\n",
            _PART % b"html",
            *_filled(form.html, in_html),
            _END,
        )
    )


def _pieces(text: str) -> Pieces:
    parts = _MARKS.split(text)
    return tuple(part if _MARKS.fullmatch(part) else encode_piece(part) for part in parts if part)


def _filled(pieces: Pieces, values: Mapping[str, bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield values[piece] if isinstance(piece, str) else piece


def _headers_in_order(form: _Form, facts: LetterFacts, names: Mapping[str, str]) -> Iterator[bytes]:
    subject = form.subject
    for mark, name in names.items():
        subject = subject.replace(mark, name)
    own = _written(personal_headers(facts) | {"Subject": subject})
    for header in HEADERS:
        line = own.get(header) or form.headers.get(header)
        if line:
            yield line


def _written(headers: Mapping[str, str]) -> dict[str, bytes]:
    return {name: header_line(name, value).encode() for name, value in headers.items()}
