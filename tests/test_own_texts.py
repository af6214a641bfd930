"""A survey's own words for its mails: what is refused, and that nothing in them breaks a letter.

The files under tests/golden/mails that begin with `own` hold letters with a text of one's own;
`PULSE_WRITE_GOLDEN=1` writes them anew.
"""

import email
import email.policy
import os
import re
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest
from factories import MONDAY, NORDVIK
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.mail.letters import LetterFacts, one_line
from surveys.mail.own_texts import (
    ALIASES,
    MAX_BODY,
    MAX_SUBJECT,
    SURVEY_KINDS,
    OwnText,
    ProblemCode,
    offered,
    problems,
    required,
    standard_text,
    tidied,
    wording,
)
from surveys.mail.splicing import ANSWER, LAST_NAME, NAME, PREFERENCES, LetterPress
from surveys.terms import MailKind, Mode

GOLDEN = Path(__file__).with_name("golden") / "mails"
ANSWER_TOKEN, PREFERENCES_TOKEN = "A" * 22, "B" * 22
LINK = f"https://pulse.nordvik.example/s/{ANSWER_TOKEN}"
STOP = f"https://pulse.nordvik.example/u/{PREFERENCES_TOKEN}"
OWN = OwnText(
    "{first_name}, {minutes} minutes for {vendor}?",
    "our survey {survey} is about <b>you & us</b>.\nIt is open until {closes_on}.\n\n{promise}\n\n"
    "This is your own link, {first_name} {last_name}:\n{link}\nIt opens on any device.\n\n"
    "{sender}, {sender_email}\n\nNo more mails, please: {unsubscribe}",
)
kinds = pytest.mark.parametrize("kind", SURVEY_KINDS)
modes = pytest.mark.parametrize("mode", list(Mode))
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def codes(text: OwnText, kind: MailKind = MailKind.INVITATION) -> set[ProblemCode]:
    return {problem.code for problem in problems(text, kind, Mode.CONFIDENTIAL)}


def with_body(body: str) -> OwnText:
    return tidied("How is it going?", body)


def facts(**values: object) -> LetterFacts:
    """An invitation to Anna Nowak in words of one's own."""
    given = LetterFacts(
        kind=MailKind.INVITATION,
        locale="en",
        mode=Mode.CONFIDENTIAL,
        workspace=NORDVIK,
        recipient="anna@partner.example",
        first_name="Anna",
        last_name="Nowak",
        survey="Partner pulse",
        message_id="<1.1.abc@pulse.nordvik.example>",
        link=LINK,
        answer_token=ANSWER_TOKEN,
        preferences_token=PREFERENCES_TOKEN,
        sent_at=MONDAY,
        list_id="surveys.pulse.nordvik.example",
        promise="Your answers are confidential.",
        minutes=3,
        closes_on=date(2027, 2, 20),
        unsubscribe_link=STOP,
        own=OWN,
    )
    return replace(given, **values)  # type: ignore[arg-type] # values of many types by name


def composed(app: Flask, given: LetterFacts) -> EmailMessage:
    with app.app_context():
        raw = LetterPress(app.jinja_env).message(given)
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


# What may stand in a text


@kinds
@modes
@pytest.mark.parametrize("locale", ["en", "pl"])
def test_the_standard_text_can_be_sent_as_ones_own(kind: MailKind, mode: Mode, locale: str) -> None:
    text = standard_text(kind, locale, mode, lacking=())

    assert problems(text, kind, mode) == []
    assert tidied(text.subject, text.body) == text


def test_mails_of_accounts_have_no_text_of_a_survey() -> None:
    assert MailKind.INVITATION in SURVEY_KINDS
    assert not {MailKind.PASSWORD_RESET, MailKind.TEST, MailKind.STAFF_DIGEST} & {*SURVEY_KINDS}


@kinds
def test_the_link_cannot_be_left_out_where_the_mail_is_for_it(kind: MailKind) -> None:
    missing = ProblemCode.LINK_MISSING in codes(with_body("Nothing to press."), kind)

    assert missing is (kind is not MailKind.THANKS)


def test_the_promise_cannot_be_left_out_of_an_invitation() -> None:
    text = with_body("Please answer:\n{link}")

    assert codes(text) == {ProblemCode.PROMISE_MISSING}
    assert codes(text, MailKind.STAFF_INVITATION) == {ProblemCode.PROMISE_MISSING}
    assert codes(text, MailKind.REMINDER_1) == set()


@pytest.mark.parametrize(
    "body",
    ["{promise} {link}x", "{promise}\n\n{link} opens it", "{promise}\n\n({link})"],
)
def test_what_becomes_a_button_ends_its_line(body: str) -> None:
    assert ProblemCode.NOT_AT_LINE_END in codes(with_body(body))


@pytest.mark.parametrize("body", ["We promise: {promise}\n{link}", "{promise} Really.\n\n{link}"])
def test_the_promise_stands_on_a_line_of_its_own(body: str) -> None:
    assert codes(with_body(body)) == {ProblemCode.NOT_ALONE}


def test_one_button_is_enough() -> None:
    assert codes(with_body("{promise}\n\n{link}\n\n{link}")) == {ProblemCode.TWICE}


@pytest.mark.parametrize("name", ["link", "promise", "unsubscribe"])
def test_a_subject_holds_words_only(name: str) -> None:
    text = tidied(f"Hello {{{name}}}", "{promise}\n\n{link}")

    assert codes(text) == {ProblemCode.NOT_IN_SUBJECT}


@pytest.mark.parametrize("found", ["{frist_name}", "{first name}", "{}", "{TOKEN}", "{v}"])
def test_a_placeholder_that_nobody_knows_is_named(found: str) -> None:
    text = with_body(f"Hello {found}\n\n{{promise}}\n\n{{link}}")

    (problem,) = problems(text, MailKind.INVITATION, Mode.CONFIDENTIAL)
    assert (problem.code, problem.found) == (ProblemCode.UNKNOWN_PLACEHOLDER, found)


@pytest.mark.parametrize("brace", ["{", "}", "{{first_name}}"])
def test_a_lone_brace_is_a_slip_of_the_pen(brace: str) -> None:
    assert codes(with_body(f"A {brace} b\n\n{{promise}}\n\n{{link}}")) == {ProblemCode.LONE_BRACE}


def test_what_a_mail_cannot_know_is_not_offered() -> None:
    assert "minutes" not in offered(MailKind.RESULTS, Mode.CONFIDENTIAL)
    assert "promise" not in offered(MailKind.REMINDER_1, Mode.CONFIDENTIAL)
    assert "link" not in offered(MailKind.THANKS, Mode.ANONYMOUS)
    assert required(MailKind.INVITATION, Mode.ANONYMOUS) == {"link", "promise"}


def test_sizes_have_limits() -> None:
    blocks = "\n\n{promise}\n\n{link}"
    fits = OwnText("s" * MAX_SUBJECT, "b" * (MAX_BODY - len(blocks)) + blocks)

    assert codes(fits) == set()
    assert codes(replace(fits, subject=fits.subject + "s")) == {ProblemCode.SUBJECT_TOO_LONG}
    assert codes(replace(fits, body="b" + fits.body)) == {ProblemCode.BODY_TOO_LONG}
    assert codes(tidied(" \r\n ", "\r\n\t\r\n")) == {
        ProblemCode.SUBJECT_EMPTY,
        ProblemCode.BODY_EMPTY,
    }


def test_placeholders_of_limesurvey_are_understood() -> None:
    text = tidied(
        "{SURVEYNAME}: until {EXPIRY}",
        "{FIRSTNAME} {LASTNAME},\r\n\r\n{promise}\r\n\r\nClick here to do the survey:\r\n"
        "{SURVEYURL}\r\n\r\n{ADMINNAME} ({ADMINEMAIL})\r\n\r\nNo more mails:\r\n{OPTOUTURL}",
    )

    assert codes(text) == set()
    assert text.subject == "{survey}: until {closes_on}"
    assert not [alias for alias in ALIASES if alias in text.body]


def test_a_name_that_nobody_knows_leaves_no_gap() -> None:
    text = OwnText(
        "{first_name}, 3 minutes?", "Dear {first_name} {last_name}, hello, {first_name}.\n{link}"
    )

    subject, parts = wording(text, unknown=["first_name", "last_name"], has_link=True)

    assert subject == "3 minutes?"
    assert parts == ["Dear, hello.\n{link}"]


def test_a_line_with_the_link_goes_where_nothing_can_be_opened() -> None:
    text = with_body("Saved.\n\nChange them:\n{link}\n\nGoodbye.")

    assert wording(text, unknown=(), has_link=False)[1] == ["Saved.", "Goodbye."]


# What arrives


@on_sqlite
@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("own_invitation.en", {}),
        ("own_invitation_without_names.en", {"first_name": None, "last_name": None}),
        ("own_invitation.pl", {"locale": "pl"}),
        ("own_test.en", {"is_test": True}),
    ],
)
def test_a_letter_in_ones_own_words_reads_as_written_down(
    app: Flask, name: str, changed: dict[str, object]
) -> None:
    message = composed(app, facts(**changed))

    html = re.sub(r"(?m)^\s+|\s+$", "", part(message, "html")).replace("><", ">\n<")
    head = [f"{key}: {value}" for key, value in message.items() if key != "Content-Type"]
    words = "\n".join([*head, "", part(message, "plain").rstrip(), "", "=" * 40, "", html, ""])
    if os.environ.get("PULSE_WRITE_GOLDEN") == "1":
        (GOLDEN / f"{name}.txt").write_text(words, encoding="utf-8")
    assert words == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@on_sqlite
def test_a_letter_in_ones_own_words_keeps_what_we_promise(app: Flask) -> None:
    message = composed(app, facts())

    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for body in (part(message, "plain"), part(message, "html")):
        assert "Your answers are confidential." in body
        # Once where the text has it, and at the foot of every letter.
        assert body.count(STOP) >= 2
        assert "<b>you" not in body if "<html" in body else "<b>you & us</b>" in body


@on_sqlite
def test_a_test_is_marked_and_is_no_list_mail(app: Flask) -> None:
    message = composed(app, facts(is_test=True))

    assert message["Subject"] == "[Test] Anna, 3 minutes for Nordvik?"
    assert not {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} & set(message)


@on_sqlite
def test_an_edited_text_makes_a_form_of_its_own(app: Flask) -> None:
    with app.app_context():
        press = LetterPress(app.jinja_env)
        first, second = (
            press.message(facts(own=own)) for own in (OWN, replace(OWN, subject="Another"))
        )

    assert b"Subject: Anna" in first
    assert b"Subject: Another" in second


HOSTILE = [
    "Anna\r\nBcc: all@partner.example",
    "a\nb\rc\x00d\x85e\u2028f",
    "\N{RIGHT-TO-LEFT OVERRIDE}annA \N{RIGHT-TO-LEFT ISOLATE}x",
    "مرحبا بكم في الاستبيان",
    "👩🏽‍💻 🇵🇱 " * 12,
    "{{7*7}} {% raw %} ${7*7}",
    "<script>alert(1)</script> </p> <!-- -->",
    "=?utf-8?q?Anna=0D=0ABcc=3A?=",
    ".\n..\n.\nFrom here\n-- \nthe end",
    "--=_parts_of_a_letter--",
    "PersonalValueName PersonalValueAnswer",
    "x" * 200,
    "Zażółć gęślą jaźń " * 12,
]
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200), st.sampled_from(HOSTILE)
)
_IN_BRACES = re.compile(r"[{}]")


def squeezed(text: str) -> str:
    return " ".join(one_line(text).split())


@on_sqlite
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(subject=WORDS, before=WORDS, after=WORDS, first=WORDS, last=WORDS)
def test_no_text_and_no_value_breaks_a_letter(
    app: Flask, subject: str, before: str, after: str, first: str, last: str
) -> None:
    """Parsed by the standard library, the letter says what was written, and nothing else."""
    subject, before, after = (_IN_BRACES.sub("", words) for words in (subject, before, after))
    own = tidied(
        f"{subject[:100]} {{last_name}}",
        f"{before}\n\n{{promise}}\n\n{{first_name}} {{last_name}}:\n{{link}}\n\n{after}",
    )
    assert problems(own, MailKind.INVITATION, Mode.CONFIDENTIAL) == []

    message = composed(app, facts(own=own, first_name=first, last_name=last))

    assert message.defects == []
    assert [each.addr_spec for each in message["To"].addresses] == ["anna@partner.example"]
    assert "Bcc" not in message
    assert len(message.get_payload()) == 2
    name = one_line(last)
    subject_read = own.subject.replace("{last_name}", name)
    assert squeezed(message["Subject"]) == squeezed(subject_read if name else subject_read.strip())
    plain, html = part(message, "plain"), part(message, "html")
    for line in tidied("", f"{before}\n{after}").body.split("\n"):
        assert line.strip() in plain
    assert plain.count(LINK) == 1
    assert "<script" not in html
    assert html.count("</html>") == 1
    assert not [mark for mark in (NAME, LAST_NAME, ANSWER, PREFERENCES) if mark in html + plain]
