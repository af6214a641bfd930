"""What a letter says to one recipient: headers, text and HTML. How it is written is in splicing.py.

Texts come from the question bank, or from the survey's own `mail_texts`; the layout is one letter
template. Nothing personal is decided here: the outbox says who gets what, `sending.py` collects the
facts.

Sources: RFC 5322 (message), RFC 2369 and 8058 (unsubscribe), RFC 2919 (List-Id), RFC 3834
(automatic mail).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.utils import format_datetime

import css_inline
from jinja2 import Environment

from surveys.i18n import format_day_of_month, gettext
from surveys.mail.headers import mailbox
from surveys.mail.own_texts import NAMES, OwnText, wording
from surveys.question_bank import fill, load_bank
from surveys.terms import MailKind, Mode
from surveys.workspace import Workspace

LINK = "{link}"
PROMISE = "{promise}"
SURVEYS = "{surveys}"
UNSUBSCRIBE = "{unsubscribe}"
#: Stands before the subject of a letter that somebody sends to look at it.
TEST_MARK = "[Test]"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


@dataclass(frozen=True, slots=True)
class ScoreQuestion:
    """The first question, in the mail: its links only preselect an answer."""

    text: str
    low: str
    high: str
    links: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterFacts:
    """All that one message says. `link` is what its button opens; empty: there is none.

    `lacking` are the needs of sentences that cannot be met (question bank: mails); `lines` are what
    a digest tells, survey by survey. `own` is the survey's own text; without it the standard text
    of this kind and language is used. A test is marked as one, and no list can be left by it.

    The two tokens are the parts of the links that belong to this person alone; without them a
    letter shares nothing with others.
    """

    kind: MailKind
    locale: str
    mode: Mode
    workspace: Workspace
    recipient: str
    first_name: str | None
    message_id: str
    link: str
    sent_at: datetime
    list_id: str
    answer_token: str = ""
    preferences_token: str = ""
    promise: str = ""
    minutes: int = 0
    closes_on: date | None = None
    unsubscribe_link: str | None = None
    unsubscribe_address: str | None = None
    score: ScoreQuestion | None = None
    other_language: tuple[str, str] | None = None
    lacking: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    last_name: str | None = None
    survey: str = ""
    own: OwnText | None = None
    is_test: bool = False

    @property
    def is_of_list(self) -> bool:
        """Whether the letter is one of many that its receiver can stop."""
        return self.unsubscribe_link is not None and not self.is_test


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of a letter; `role` is text, link, promise or stop."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class LetterPage:
    """What the two letter templates show."""

    subject: str
    greeting: str
    paragraphs: Sequence[Paragraph]
    button: str
    signature: str
    stop: str
    facts: LetterFacts


def letter_html(environment: Environment, page: LetterPage) -> str:
    """The letter as HTML, its styles written to where they apply.

    Those of the dark scheme stay a block: only programs that know schemes read it.
    """
    html = environment.get_template("mail/letter.html").render(page=page, facts=page.facts)
    return css_inline.inline(html, keep_at_rules=True)


def shared_headers(page: LetterPage) -> dict[str, str]:
    """Headers that are the same for everybody who gets this letter; the subject may hold a name."""
    facts = page.facts
    sender = facts.workspace
    headers = {
        "Subject": page.subject,
        "From": mailbox(one_line(sender.sender_name or sender.vendor), sender.sender_email),
    }
    if sender.reply_to:
        headers["Reply-To"] = sender.reply_to
    headers["Auto-Submitted"] = "auto-generated"
    if facts.is_of_list:
        headers["List-Id"] = mailbox(one_line(sender.vendor), facts.list_id)
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    headers["Content-Language"] = facts.locale
    return headers


def personal_headers(facts: LetterFacts) -> dict[str, str]:
    """Headers that name one person or one message."""
    sender = facts.workspace
    headers = {
        "To": mailbox(one_line(facts.first_name or ""), facts.recipient),
        "Date": format_datetime(facts.sent_at),
        "Message-ID": facts.message_id,
    }
    if facts.is_of_list:
        address = facts.unsubscribe_address or sender.reply_to or sender.sender_email
        headers["List-Unsubscribe"] = (
            f"<{facts.unsubscribe_link}>, <mailto:{address}?subject=unsubscribe>"
        )
    return headers


def letter_page(facts: LetterFacts) -> LetterPage:
    """The letter's own words, placeholders filled; values stand exactly as stored."""
    subject, parts = _wording(facts)
    greeting, signature = greeting_and_signature(
        facts.locale,
        vendor=facts.workspace.vendor,
        first_name=one_line(facts.first_name or ""),
    )
    return LetterPage(
        subject=one_line(f"{TEST_MARK if facts.is_test else ''} {_filled(subject, facts)}"),
        greeting=greeting,
        paragraphs=[paragraph for part in parts for paragraph in _paragraphs(part, facts)],
        button=_button(facts.kind),
        signature=signature,
        stop=_stop(facts.kind),
        facts=facts,
    )


def greeting_and_signature(locale: str, *, vendor: str, first_name: str) -> tuple[str, str]:
    """What stands above and below the text of every letter; no name: a greeting without one."""
    letter = load_bank().letter
    greeting = letter.greeting if first_name else letter.greeting_without_name
    return (
        fill(greeting[locale], vendor=vendor, first_name=first_name),
        fill(letter.signature[locale], vendor=vendor),
    )


def letter_text(page: LetterPage) -> str:
    """The letter as text alone; says the same as the HTML part."""
    facts = page.facts
    parts = [page.greeting]
    for paragraph in page.paragraphs:
        parts.append(paragraph.text)
        if paragraph.role == "link":
            parts[-1:] = [text for text in (paragraph.text, facts.link) if text]
        elif paragraph.role == "stop":
            parts[-1:] = [text for text in (paragraph.text, facts.unsubscribe_link) if text]
    parts.append(page.signature)
    foot = ["-- "]
    if facts.workspace.postal_address:
        foot.append(f"{facts.workspace.vendor}, {facts.workspace.postal_address}")
    if facts.unsubscribe_link:
        foot.append(f"{page.stop}: {facts.unsubscribe_link}")
    return "\n\n".join(parts) + "\n\n" + "\n".join(foot) + "\n"


def one_line(text: str) -> str:
    """A value that may stand in a header or a greeting: no control or direction marks.

    Nor the beginning of an encoded word, which mail programs would decode into something else.
    """
    return " ".join(_CONTROL.sub(" ", text).replace("=?", "= ?").split())


def _button(kind: MailKind) -> str:
    if kind is MailKind.PASSWORD_RESET:
        return gettext("Set a new password")
    if kind is MailKind.THANKS:
        return gettext("Change my answers")
    if kind is MailKind.RESULTS:
        return gettext("See the results")
    if kind is MailKind.STAFF_DIGEST:
        return gettext("Open the results")
    return gettext("Open the survey")


def _stop(kind: MailKind) -> str:
    if kind is MailKind.STAFF_DIGEST:
        return gettext("Stop these emails")
    return gettext("Stop survey emails")


def _wording(facts: LetterFacts) -> tuple[str, list[str]]:
    """Subject and parts of the body, from the survey's own text or the standard one."""
    if facts.own is not None:
        known = {"first_name": facts.first_name, "last_name": facts.last_name}
        unknown = [name for name in NAMES if not one_line(known[name] or "")]
        return wording(facts.own, unknown=unknown, has_link=bool(facts.link))
    mail = load_bank().mail(facts.kind, locale=facts.locale)
    return mail.subject, mail.body(facts.mode, lacking=facts.lacking).split("\n\n")


def _paragraphs(text: str, facts: LetterFacts) -> list[Paragraph]:
    if text == SURVEYS:
        return [Paragraph("text", line) for line in facts.lines]
    return [_paragraph(text, facts)]


def _paragraph(text: str, facts: LetterFacts) -> Paragraph:
    if text == PROMISE:
        return Paragraph("promise", facts.promise)
    if text.endswith(UNSUBSCRIBE):
        return Paragraph("stop", _filled(text.removesuffix(UNSUBSCRIBE).strip(), facts))
    before, link, after = text.partition(LINK)
    if not link:
        return Paragraph("text", _filled(text, facts))
    return Paragraph("link", _filled((before + after).strip(), facts))


def _filled(text: str, facts: LetterFacts) -> str:
    sender = facts.workspace
    return fill(
        text,
        vendor=sender.vendor,
        minutes=facts.minutes,
        closes_on=format_day_of_month(facts.closes_on) if facts.closes_on else "",
        first_name=one_line(facts.first_name or ""),
        last_name=one_line(facts.last_name or ""),
        survey=one_line(facts.survey),
        sender=one_line(sender.sender_name or sender.vendor),
        sender_email=sender.reply_to or sender.sender_email,
    )
