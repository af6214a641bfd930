"""A survey's own words for a mail, in place of the standard text: what may stand in them.

Plain text: paragraphs with an empty line between them, and placeholders in braces. `{link}` becomes
the button, `{promise}` the confidentiality promise, `{unsubscribe}` the address that stops the
mails. Greeting, signature and the lines at the foot are the letter's own; no text can take them
away. The names of LimeSurvey's placeholders are understood as well.

Pure rules. Rows are read and written by surveys/mail_texts.py.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from surveys.question_bank import MailText, load_bank, placeholders
from surveys.terms import MailKind, Mode

MAX_SUBJECT = 150
MAX_BODY = 4_000
LINK, PROMISE, UNSUBSCRIBE = "link", "promise", "unsubscribe"
NAMES = ("first_name", "last_name")
#: What every mail of a survey can say.
ALWAYS = ("vendor", "survey", *NAMES, "sender", "sender_email", UNSUBSCRIBE)
#: Placeholders of LimeSurvey, and what they are called here.
ALIASES = {
    "FIRSTNAME": "first_name",
    "LASTNAME": "last_name",
    "SURVEYNAME": "survey",
    "SURVEYURL": LINK,
    "OPTOUTURL": UNSUBSCRIBE,
    "EXPIRY": "closes_on",
    "ADMINNAME": "sender",
    "ADMINEMAIL": "sender_email",
}
#: Mails of accounts and of the installation; all others belong to a survey.
_OF_NO_SURVEY = (MailKind.PASSWORD_RESET, MailKind.TEST, MailKind.STAFF_DIGEST)
SURVEY_KINDS = tuple(kind for kind in MailKind if kind not in _OF_NO_SURVEY)
#: What sentences of a standard text may need and not get.
_NEEDS = frozenset({"change", "results"})
#: Each ends its line: it is shown as a button or a paragraph of its own.
_BLOCKS = (LINK, PROMISE, UNSUBSCRIBE)
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
_LINE_BREAK = re.compile(r"\r\n?|[\u0085\u2028\u2029\x0b\x0c]")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
_EMPTY_LINES = re.compile(r"\n{3,}")


class ProblemCode(StrEnum):
    """Why a text cannot be sent."""

    SUBJECT_EMPTY = "subject_empty"
    SUBJECT_TOO_LONG = "subject_too_long"
    BODY_EMPTY = "body_empty"
    BODY_TOO_LONG = "body_too_long"
    UNKNOWN_PLACEHOLDER = "unknown_placeholder"
    LONE_BRACE = "lone_brace"
    NOT_IN_SUBJECT = "not_in_subject"
    LINK_MISSING = "link_missing"
    PROMISE_MISSING = "promise_missing"
    TWICE = "twice"
    NOT_AT_LINE_END = "not_at_line_end"
    NOT_ALONE = "not_alone"


@dataclass(frozen=True, slots=True)
class TextProblem:
    """One reason; `field` is subject or body, `found` the words that it is about."""

    field: str
    code: ProblemCode
    found: str = ""


@dataclass(frozen=True, slots=True)
class OwnText:
    """Subject and body of one mail in one language, placeholders still in them."""

    subject: str
    body: str

    def mentions(self, name: str) -> bool:
        """Whether this placeholder stands anywhere in it."""
        return f"{{{name}}}" in self.subject or f"{{{name}}}" in self.body


def tidied(subject: str, body: str) -> OwnText:
    """A text as it is stored: one line of subject, our own names of placeholders, nothing unseen.

    What browsers and other programs put between lines becomes a line feed; controls and marks that
    turn the direction of writing are dropped.
    """
    return OwnText(_line(subject), _paragraphs(body))


def standard_text(kind: MailKind, locale: str, mode: Mode, *, lacking: Collection[str]) -> OwnText:
    """The standard text as the start of an own one.

    Sentences that depend on something stand in a paragraph of their own, so that one with a link
    can be left out where nothing can be opened.
    """
    mail = load_bank().mail(kind, locale=locale)
    return OwnText(mail.subject, "\n\n".join(_standard_paragraphs(mail, mode, lacking)))


def offered(kind: MailKind, mode: Mode) -> tuple[str, ...]:
    """Placeholders that a mail of this kind can fill, in the order of use."""
    mail = load_bank().mail(kind, locale="en")
    own = placeholders(mail.body(mode)) | placeholders(mail.subject)
    first = [name for name in (LINK, PROMISE, "closes_on", "minutes") if name in own]
    return (*first, *ALWAYS)


def required(kind: MailKind, mode: Mode) -> frozenset[str]:
    """Placeholders without which the mail must not be sent: the link, the promise."""
    mail = load_bank().mail(kind, locale="en")
    return placeholders(mail.body(mode, lacking=_NEEDS)) & {LINK, PROMISE}


def problems(text: OwnText, kind: MailKind, mode: Mode) -> list[TextProblem]:
    """Everything that keeps this text from being sent; empty when it may be."""
    return [
        *_size_problems(text),
        *_brace_problems("subject", text.subject, offered(kind, mode)),
        *_brace_problems("body", text.body, offered(kind, mode)),
        *_missing(text, required(kind, mode)),
        *_misplaced(text),
    ]


def wording(text: OwnText, *, unknown: Collection[str], has_link: bool) -> tuple[str, list[str]]:
    """Subject and parts of the body for one reader; each part ends with at most one block.

    `unknown` are names that are not known of this reader: they are left out with what joins them
    to the sentence. A part with the link is left out where there is nothing to open.
    """
    subject, body = text.subject, text.body
    for name in unknown:
        subject, body = _without(name, subject), _without(name, body)
    parts = [part for paragraph in body.split("\n\n") for part in _parts(paragraph)]
    link = f"{{{LINK}}}"
    return subject, [part for part in parts if part and (has_link or link not in part)]


def _line(text: str) -> str:
    return " ".join(_our_names(_seen(text)).split())


def _paragraphs(text: str) -> str:
    lines = [line.rstrip() for line in _our_names(_seen(text)).replace("\t", " ").split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _seen(text: str) -> str:
    return _UNSEEN.sub("", _LINE_BREAK.sub("\n", unicodedata.normalize("NFC", text)))


def _our_names(text: str) -> str:
    for alias, name in ALIASES.items():
        text = text.replace(f"{{{alias}}}", f"{{{name}}}")
    return text


def _standard_paragraphs(mail: MailText, mode: Mode, lacking: Collection[str]) -> Iterator[str]:
    for paragraph in mail.paragraphs:
        always: list[str] = []
        for part in paragraph:
            if mode in part.not_in or part.needs in lacking:
                continue
            if part.needs is None:
                always.append(part.text)
            else:
                if always:
                    yield " ".join(always)
                    always = []
                yield part.text
        if always:
            yield " ".join(always)


def _size_problems(text: OwnText) -> Iterator[TextProblem]:
    if not text.subject:
        yield TextProblem("subject", ProblemCode.SUBJECT_EMPTY)
    elif len(text.subject) > MAX_SUBJECT:
        yield TextProblem("subject", ProblemCode.SUBJECT_TOO_LONG)
    if not text.body:
        yield TextProblem("body", ProblemCode.BODY_EMPTY)
    elif len(text.body) > MAX_BODY:
        yield TextProblem("body", ProblemCode.BODY_TOO_LONG)


def _brace_problems(field: str, text: str, known: Collection[str]) -> Iterator[TextProblem]:
    for found in dict.fromkeys(_BRACES.findall(text)):
        name = found[1:-1]
        if len(found) == 1:
            yield TextProblem(field, ProblemCode.LONE_BRACE, found)
        elif name not in known:
            yield TextProblem(field, ProblemCode.UNKNOWN_PLACEHOLDER, found)
        elif field == "subject" and name in _BLOCKS:
            yield TextProblem(field, ProblemCode.NOT_IN_SUBJECT, found)


def _missing(text: OwnText, needed: Collection[str]) -> Iterator[TextProblem]:
    if not text.body:
        return
    for name, code in ((LINK, ProblemCode.LINK_MISSING), (PROMISE, ProblemCode.PROMISE_MISSING)):
        if name in needed and f"{{{name}}}" not in text.body:
            yield TextProblem("body", code, f"{{{name}}}")


def _misplaced(text: OwnText) -> Iterator[TextProblem]:
    for name in _BLOCKS:
        block = f"{{{name}}}"
        if text.body.count(block) > 1:
            yield TextProblem("body", ProblemCode.TWICE, block)
        elif name == PROMISE and _lines_with(text.body, block, alone=True):
            yield TextProblem("body", ProblemCode.NOT_ALONE, block)
        elif name != PROMISE and _lines_with(text.body, block, alone=False):
            yield TextProblem("body", ProblemCode.NOT_AT_LINE_END, block)


def _lines_with(body: str, block: str, *, alone: bool) -> bool:
    """Whether a line has the block where it must not stand."""
    lines = (line.strip() for line in body.split("\n") if block in line)
    return any(line != block if alone else not line.endswith(block) for line in lines)


def _parts(paragraph: str) -> Iterator[str]:
    """A paragraph, divided after each line that ends with a block, and around the promise."""
    kept: list[str] = []
    for line in paragraph.split("\n"):
        if line.strip() == f"{{{PROMISE}}}" and kept:
            yield _joined(kept)
            kept = []
        kept.append(line)
        if _ends_with_block(line):
            yield _joined(kept)
            kept = []
    if kept:
        yield _joined(kept)


def _ends_with_block(line: str) -> bool:
    return any(line.rstrip().endswith(f"{{{name}}}") for name in _BLOCKS)


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines).strip()


def _without(name: str, text: str) -> str:
    """The text without a name that nobody knows: "Dear {name}, we" becomes "Dear, we"."""
    begins = re.compile(rf"(?m)^\{{{name}\}}[,:;!]?[ ]*(.?)")
    text = begins.sub(lambda match: match[1].upper(), text)
    return re.sub(rf",?[ ]?\{{{name}\}}", "", text)
