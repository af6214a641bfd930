"""What our mails say, header by header and word by word.

The files under tests/golden/mails hold each kind in both languages. After a change that is meant,
write them anew with `PULSE_WRITE_GOLDEN=1` and read the difference.
"""

import email
import email.policy
import email.utils
import os
import re
from dataclasses import replace
from datetime import date
from email.header import decode_header, make_header
from email.message import EmailMessage
from pathlib import Path

import pytest
from factories import (
    MONDAY,
    NORDVIK,
    SECRET,
    SetClock,
    make_contact,
    make_partner,
    make_settings,
    make_staff,
    make_survey,
    make_user,
)
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from surveys.digests import due_digests, queue_digest
from surveys.invitations import LinkKeys, queue_mails, queue_reminders
from surveys.mail.letters import LetterFacts, ScoreQuestion, one_line
from surveys.mail.sending import Sender, send_due
from surveys.mail.splicing import LetterPress
from surveys.mail.transport import MemoryTransport
from surveys.models import OutgoingMail
from surveys.terms import MailKind, MailState, Mode
from surveys.tokens import identity_hash
from surveys.waves import open_run

GOLDEN = Path(__file__).with_name("golden") / "mails"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
pytestmark = on_sqlite
#: What a digest tells.
DIGEST = [
    {
        "survey": "Quarterly pulse",
        "label": "2027-Q1",
        "state": state,
        "closes_on": "2027-02-20",
        "answered": 34,
        "asked": 120,
        "answered_staff": 6,
        "asked_staff": 8,
        "comments": comments,
    }
    for state, comments in (("open", 0), ("ready", 12))
]
#: Everything that a survey mail may have in its head.
HEADERS = {
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
    "Content-Type",
    "MIME-Version",
}


def facts(**values: object) -> LetterFacts:
    """An invitation to Anna."""
    given = LetterFacts(
        kind=MailKind.INVITATION,
        locale="en",
        mode=Mode.CONFIDENTIAL,
        workspace=NORDVIK,
        recipient="anna@partner.example",
        first_name="Anna",
        message_id="<1.1.abc@pulse.nordvik.example>",
        link="https://pulse.nordvik.example/s/AAAAAAAAAAAAAAAAAAAAAA",
        sent_at=MONDAY,
        list_id="surveys.pulse.nordvik.example",
        promise="Your answers are confidential.",
        minutes=3,
        closes_on=date(2027, 2, 20),
        unsubscribe_link="https://pulse.nordvik.example/u/BBBBBBBBBBBBBBBBBBBBBB",
    )
    return replace(given, **values)  # type: ignore[arg-type] # values of many types by name


def parsed(message: bytes) -> EmailMessage:
    """As a mail program reads it."""
    found = email.message_from_bytes(message, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def composed(app: Flask, given: LetterFacts) -> EmailMessage:
    with app.app_context():
        return parsed(LetterPress(app.jinja_env).message(given))


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def as_text(html: str) -> str:
    import html as names

    without_style = re.sub(r"(?s)<(style|title)>.*?</\1>", " ", html)
    return " ".join(names.unescape(re.sub(r"<[^>]*>", " ", without_style)).split())


# Golden mails


@pytest.fixture
def mails(app: Flask, engine: Engine, session: Session, keys: LinkKeys) -> dict[str, EmailMessage]:
    """One mail of each kind and language, sent the whole way."""
    survey = make_survey(session, slug="pulse")
    for locale, name in (("pl", "Łucja"), ("en", "Anna")):
        partner = make_partner(session, name=f"Partner {locale}")
        make_contact(
            session, partner, locale=locale, first_name=name, email=f"{locale}@partner.example"
        )
        make_staff(session, locale=locale, first_name=name, email=f"{locale}@nordvik.example")
        _queue_reset(session, locale)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    memory = MemoryTransport()
    own = make_settings(app.config["SQLALCHEMY_DATABASE_URI"], Path(app.instance_path))
    sender = Sender(own, memory, app.jinja_env, "a", SetClock())
    with app.app_context():
        send_due(session, sender)
        for kind in (MailKind.REMINDER_1, MailKind.REMINDER_LAST):
            queue_reminders(session, run.partner, kind, keys=keys, now=MONDAY)
        assert run.internal
        queue_reminders(session, run.internal, MailKind.STAFF_REMINDER, keys=keys, now=MONDAY)
        for kind in (MailKind.THANKS, MailKind.RESULTS):
            queue_mails(session, run.partner, kind, [], keys=keys, now=MONDAY)
        for due in due_digests(session, now=MONDAY):
            queue_digest(session, due, DIGEST, keys=keys, identity_key=SECRET, now=MONDAY)
        session.commit()
        send_due(session, sender)
    kinds = {row.message_id: row.kind.value for row in session.query(OutgoingMail)}
    sent = [parsed(message) for _, message in memory.sent]
    return {f"{kinds[each['Message-ID']]}.{each['Content-Language']}": each for each in sent}


def _queue_reset(session: Session, locale: str) -> None:
    address = f"alicja.{locale}@nordvik.example"
    user = make_user(session, email=address, locale=locale)
    # The real hash is salted, and the link signs it.
    user.password_hash = "a hash"
    session.add(
        OutgoingMail(
            message_id=f"<reset.{locale}@localhost>",
            kind=MailKind.PASSWORD_RESET,
            user_id=user.id,
            locale=locale,
            email=user.email,
            email_hash=identity_hash(SECRET, user.email),
            state=MailState.QUEUED,
            due_at=MONDAY,
        )
    )
    session.flush()


def as_golden(message: EmailMessage) -> str:
    """Headers, text and HTML, without what differs from run to run."""
    head = [
        f"{name}: {value}"
        for name, value in message.items()
        if name not in ("Message-ID", "Content-Type", "MIME-Version")
    ]
    html = re.sub(r"(?m)^\s+|\s+$", "", part(message, "html")).replace("><", ">\n<")
    return "\n".join([*head, "", part(message, "plain").rstrip(), "", "=" * 40, "", html, ""])


def test_every_kind_of_mail_reads_as_written_down(mails: dict[str, EmailMessage]) -> None:
    assert len(mails) == 18
    written = {name: as_golden(message) for name, message in sorted(mails.items())}
    if os.environ.get("PULSE_WRITE_GOLDEN") == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for name, words in written.items():
            (GOLDEN / f"{name}.txt").write_text(words, encoding="utf-8")

    for name, words in written.items():
        assert words == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8"), name


def test_every_survey_mail_can_be_stopped_by_one_click(mails: dict[str, EmailMessage]) -> None:
    for name, message in mails.items():
        if name.startswith("password_reset"):
            assert not {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} & set(message)
            continue
        assert set(message) == HEADERS
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        links = re.fullmatch(
            r"<(http://localhost/(?:u|digest)/[\w.-]{22,})>,"
            r" <mailto:partners@nordvik\.example\?subject=unsubscribe>",
            message["List-Unsubscribe"],
        )
        assert links
        assert links[1] in part(message, "plain")
        assert links[1] in part(message, "html")
        assert message["Auto-Submitted"] == "auto-generated"


def test_nothing_in_a_mail_is_fetched_from_anywhere(mails: dict[str, EmailMessage]) -> None:
    for message in mails.values():
        html = part(message, "html")
        assert not re.search(r"<(img|link|script|iframe|object|video|form)\b|url\(|@import", html)
        assert set(re.findall(r"href=\"(\w+://[^/\"]+)", html)) == {"http://localhost"}


def test_text_and_html_say_the_same(mails: dict[str, EmailMessage]) -> None:
    for message in mails.values():
        shown = as_text(part(message, "html"))
        text = part(message, "plain").partition("\n-- \n")[0]
        for paragraph in text.split("\n\n"):
            assert " ".join(paragraph.split()) in shown


def test_the_partners_invitation_offers_the_first_question(
    mails: dict[str, EmailMessage],
) -> None:
    for locale in ("pl", "en"):
        html = part(mails[f"invitation.{locale}"], "html")
        links = re.findall(r"/s/[\w-]{22}/a/recommend/(\d+)\"", html)
        assert links == [str(score) for score in range(11)]
        assert "/a/" not in part(mails[f"staff_invitation.{locale}"], "html")
        assert "/a/" not in part(mails[f"reminder_1.{locale}"], "html")


def test_the_promise_stands_in_both_parts_of_an_invitation(mails: dict[str, EmailMessage]) -> None:
    promise = "only joint results of at least 5 people from at least 3 companies"
    message = mails["invitation.en"]

    assert promise in " ".join(part(message, "plain").split())
    assert promise in as_text(part(message, "html"))


def test_a_mail_leads_to_its_other_language(mails: dict[str, EmailMessage]) -> None:
    html = part(mails["invitation.pl"], "html")

    assert re.search(r'href="http://localhost/s/[\w-]{22}\?lang=en"', html)


# Headers


def test_an_anonymous_invitation_does_not_speak_of_coming_back(app: Flask) -> None:
    confidential = composed(app, facts())
    anonymous = composed(app, facts(mode=Mode.ANONYMOUS))

    assert "come back with the same link" in part(confidential, "plain")
    assert "come back with the same link" not in part(anonymous, "plain")


def test_long_addresses_stay_readable_for_programs(app: Flask) -> None:
    host = "https://pulse.partner-programme.nordvik-industries-international.example.com"
    given = facts(
        unsubscribe_link=f"{host}/u/BBBBBBBBBBBBBBBBBBBBBB",
        list_id="surveys.pulse.partner-programme.nordvik-industries-international.example.com",
        workspace=replace(NORDVIK, vendor="Zażółć Gęślą Jaźń, Sp. z o.o."),
    )
    with app.app_context():
        raw = LetterPress(app.jinja_env).message(given)
    unfolded = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode("ascii")

    assert f"\nList-Unsubscribe: <{given.unsubscribe_link}>, <mailto:" in unfolded
    assert f" <{given.list_id}>\r" in unfolded
    assert parsed(raw)["List-Id"] == f"Zażółć Gęślą Jaźń, Sp. z o.o. <{given.list_id}>"


def test_a_recipient_beyond_ascii_is_written_in_utf8(app: Flask) -> None:
    with app.app_context():
        raw = LetterPress(app.jinja_env).message(facts(recipient="jörg@partner.example"))

    assert "To: Anna <jörg@partner.example>\r\n".encode() in raw


NAMES = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "Anna\r\nBcc: all@partner.example",
            "Anna\nSubject: x",
            '"; <evil@x.example>, "',
            "Anna <evil@x.example>",
            "\N{RIGHT-TO-LEFT OVERRIDE}annA",
            "<script>alert(1)</script>",
            "{{7*7}} {link} {promise} {vendor}",
            "=?utf-8?q?Anna=0D=0ABcc=3A?=",
            "Zażółć " * 20,
            "a\x00b\x85c\u2028d",
            "👩🏽‍💻" * 30,
            "x" * 300,
        ]
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first_name=NAMES, vendor=NAMES.filter(lambda name: one_line(name)), sender=NAMES)
def test_no_name_can_write_a_header_or_a_tag(
    app: Flask, first_name: str, vendor: str, sender: str
) -> None:
    own = replace(NORDVIK, vendor=vendor, sender_name=sender)

    message = composed(app, facts(first_name=first_name, workspace=own))

    assert sorted(message) == sorted(HEADERS)
    assert [each.addr_spec for each in message["To"].addresses] == ["anna@partner.example"]
    assert [each.addr_spec for each in message["From"].addresses] == ["tomasz@nordvik.example"]
    assert "\n" not in message["Subject"]
    html = part(message, "html")
    assert "<script" not in html
    assert "<evil" not in html
    greeting = part(message, "plain").splitlines()[0]
    assert greeting.startswith("Hello")
    assert greeting.endswith(",")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40).filter(
        lambda name: "=?" not in name  # broken up on purpose, see below
    )
)
def test_a_name_arrives_as_it_was_stored(app: Flask, name: str) -> None:
    with app.app_context():
        message = email.message_from_bytes(
            LetterPress(app.jinja_env).message(facts(first_name=name)),
            policy=email.policy.compat32,
        )

    phrase, _, address = message["To"].rpartition(" <")
    is_quoted = phrase.startswith('"')
    # RFC 2047: space between two encoded words is none; the library's newer parser keeps it.
    shown = email.utils.unquote(phrase) if is_quoted else str(make_header(decode_header(phrase)))
    assert (shown, address) == (name, "anna@partner.example>")


@pytest.mark.parametrize("name", ["=?", "=?utf-8?q?Boss?=", "Łucja =?utf-8?q?x?="])
def test_a_name_that_looks_encoded_is_not_decoded(app: Flask, name: str) -> None:
    message = composed(app, facts(first_name=name))

    assert message["To"].addresses[0].display_name == name.replace("=?", "= ?")


def test_a_person_without_a_name_is_greeted_all_the_same(app: Flask) -> None:
    for missing in (None, "", " \u200e"):
        message = composed(app, facts(first_name=missing))
        assert part(message, "plain").startswith("Hello,\n")
        assert message["To"] == "anna@partner.example"


def test_the_score_links_only_show_what_they_are_given(app: Flask) -> None:
    question = ScoreQuestion("<b>How?</b>", "low", "high", [("7", "https://x.example/a?b=1&c=2")])

    html = part(composed(app, facts(score=question)), "html")

    assert "&lt;b&gt;How?&lt;/b&gt;" in html
    assert 'href="https://x.example/a?b=1&amp;c=2"' in html


def test_a_vendor_without_reply_address_takes_unsubscribes_at_its_sender(app: Flask) -> None:
    message = composed(app, facts(workspace=replace(NORDVIK, reply_to="", postal_address="")))

    assert message["Reply-To"] is None
    assert "<mailto:tomasz@nordvik.example?subject=unsubscribe>" in message["List-Unsubscribe"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(st.tuples(NAMES, st.integers(0, 99)), min_size=2, max_size=5))
def test_letters_that_share_a_form_say_what_each_says_alone(
    app: Flask, people: list[tuple[str, int]]
) -> None:
    def letter(name: str, number: int) -> LetterFacts:
        token, preferences = f"{number:022}", f"{number + 100:022}"
        link = f"https://pulse.nordvik.example/s/{token}"
        score = ScoreQuestion("How?", "low", "high", [("7", f"{link}/a/recommend/7")])
        return facts(
            first_name=name,
            recipient=f"person{number}@partner.example",
            message_id=f"<1.{number}.abc@pulse.nordvik.example>",
            link=link,
            score=score,
            answer_token=token,
            preferences_token=preferences,
            unsubscribe_link=f"https://pulse.nordvik.example/u/{preferences}",
        )

    press = LetterPress(app.jinja_env)
    with app.app_context():
        for name, number in people:
            together = press.message(letter(name, number))
            alone = LetterPress(app.jinja_env).message(letter(name, number))
            assert together == alone
            read = parsed(together)
            for kind in ("plain", "html"):
                body = part(read, kind)
                assert f"/s/{number:022}" in body
                assert f"/u/{number + 100:022}" in body
                assert "PersonalValue" not in body.replace(one_line(name), "")
            assert max(map(len, together.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))) <= 76
