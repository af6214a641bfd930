"""Answering on a personal link, as a browser without JavaScript sees it."""

import html
import re
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from factories import MONDAY, SetClock, links_of, open_survey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from surveys.db import db
from surveys.invitations import LinkKeys
from surveys.models import (
    AnonymousResponse,
    Answer,
    Comment,
    ContactRequest,
    Draft,
    InboxResponse,
    Invitation,
    Question,
    Response,
    Survey,
    Wave,
    WaveChange,
)
from surveys.terms import Mode, WaveState
from surveys.waves import Run, close_run

#: Pages look alike on both databases; what is stored is tested on both.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STATIC = Path(__file__).parent.parent / "static"
ANSWERS = {
    "recommend": "8",
    "incentives": "4",
    "listening": "dk",
    "intent": "2",
    "comment": "The portal is slow.",
}


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    return open_survey(session, keys)


@pytest.fixture
def token(session: Session, keys: LinkKeys, run: Run) -> str:
    """The link of the second person asked, who reads English."""
    return links_of(session, keys, run.partner)[1]


@pytest.fixture
def anonymous(session: Session, keys: LinkKeys) -> str:
    """The link of somebody who reads English, in an anonymous survey."""
    run = open_survey(session, keys, mode=Mode.ANONYMOUS, companies=6)
    return links_of(session, keys, run.partner)[1]


def count(session: Session, model: type[Any]) -> int:
    session.rollback()
    found = session.scalar(select(func.count()).select_from(model))
    session.rollback()
    return found or 0


def stored_values(session: Session) -> dict[str, int | None]:
    session.rollback()
    rows = session.execute(
        select(Question.code, Answer.value).join(Question, Question.id == Answer.question_id)
    )
    found = {row.code: row.value for row in rows}
    session.rollback()
    return found


def is_checked(page: str, code: str, value: str) -> bool:
    tag = re.search(rf'<input type="(?:radio|checkbox)" name="{code}" value="{value}"[^>]*>', page)
    assert tag, f"no choice {value} of {code}"
    return " checked" in tag[0]


def without_tokens(page: str) -> str:
    return re.sub(r"[A-Za-z0-9_-]{22}", "TOKEN", page)


# Showing


@on_sqlite
def test_the_link_shows_the_promise_before_the_first_question(
    client: FlaskClient, token: str
) -> None:
    page = client.get(f"/s/{token}").text

    assert page.index("Your answers are confidential") < page.index('id="q-recommend"')
    assert "at least 5 people from at least 3 companies" in page


@on_sqlite
def test_the_page_is_in_the_language_of_its_reader(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run
) -> None:
    polish, english, _ = links_of(session, keys, run.partner)

    assert 'lang="pl"' in client.get(f"/s/{polish}").text
    assert "Odpowiedzi są poufne" in client.get(f"/s/{polish}").text
    assert "Your answers are confidential" in client.get(f"/s/{english}").text
    assert "Your answers are confidential" in client.get(f"/s/{polish}?lang=en").text


@on_sqlite
def test_a_survey_in_one_language_offers_no_other(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, locales=["pl"])
    token = links_of(session, keys, run.partner)[1]

    page = client.get(f"/s/{token}?lang=en").text

    assert "Odpowiedzi są poufne" in page
    assert 'lang="en"' not in page


@on_sqlite
def test_all_thirteen_questions_stand_in_their_order(client: FlaskClient, token: str) -> None:
    page = client.get(f"/s/{token}").text

    codes = re.findall(r'id="q-(\w+)"', page)
    assert codes[0] == "recommend"
    assert codes[-2:] == ["intent", "comment"]
    assert len(codes) == 13
    assert not re.search(r"<input type=\"radio\"[^>]*checked", page)


@on_sqlite
def test_staff_see_the_mirror_of_the_same_questions(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run, token: str
) -> None:
    mirror = client.get(f"/s/{links_of(session, keys, run.internal)[0]}").text  # type: ignore[arg-type] # a run of both audiences

    assert "What would our partners say?" in mirror
    assert "Our partners would say that…" in mirror
    assert "Nobody is rated" in mirror
    partner_page = client.get(f"/s/{token}").text
    assert re.findall(r'id="q-(\w+)"', mirror) == re.findall(r'id="q-(\w+)"', partner_page)


@on_sqlite
def test_the_only_person_asked_in_a_company_is_told_so(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    alone = links_of(session, keys, open_survey(session, keys, people=1).partner)[1]
    in_company = links_of(session, keys, open_survey(session, keys, people=2).partner)[-1]

    assert "the only person we ask in your company" in client.get(f"/s/{alone}?lang=en").text
    assert "the only person we ask" not in client.get(f"/s/{in_company}?lang=en").text


@on_sqlite
def test_the_foot_leads_to_ones_own_mail_settings(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run
) -> None:
    headings = {"en": "Stop survey emails?", "pl": "Zrezygnować z\xa0e\u2011maili z\xa0ankietami?"}
    for token in links_of(session, keys, run.partner):
        link = re.search(r'href="(/u/[\w-]{22}\?lang=(\w\w))"', client.get(f"/s/{token}").text)
        assert link
        assert headings[link[2]] in client.get(link[1]).text


@on_sqlite
def test_a_page_with_all_it_needs_weighs_less_than_60_kilobytes(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run
) -> None:
    for token in (*links_of(session, keys, run.partner), *links_of(session, keys, run.internal)):  # type: ignore[arg-type] # a run of both audiences
        page = client.get(f"/s/{token}").text
        parts = re.findall(r'(?:href|src)="/static/([^"]+)"', page)
        assert {"css/tokens.css", "css/respond.css", "js/respond.js"} <= set(parts)
        assert len(page.encode()) + sum((STATIC / each).stat().st_size for each in parts) < 60_000


@on_sqlite
def test_a_page_asks_no_other_host_for_anything(client: FlaskClient, token: str) -> None:
    pages = [client.get(path).text for path in (f"/s/{token}", f"/s/{'x' * 22}")]

    for source in (*pages, (STATIC / "css" / "respond.css").read_text(encoding="utf-8")):
        assert not re.search(r"(?:src|href|action|url\(|@import)\W*(?:https?:)?//", source)


@on_sqlite
def test_a_respondent_gets_no_cookie(client: FlaskClient, token: str) -> None:
    replies = [client.get(f"/s/{token}"), client.post(f"/s/{token}", data=ANSWERS)]

    assert not any("Set-Cookie" in reply.headers for reply in replies)


@on_sqlite
def test_every_wrong_link_gets_the_same_page(client: FlaskClient, token: str) -> None:
    expected = client.get(f"/s/{'B' * 22}").text
    assert "This link doesn’t work." in expected

    for wrong in (token[:-1], token.swapcase(), token + "A", "%00'--", "a/b/c"):
        replies = [client.get(f"/s/{wrong}"), client.get(f"/s/{wrong}/thanks")]
        replies += [client.post(f"/s/{wrong}", data=ANSWERS)]
        assert [reply.status_code for reply in replies] == [404] * 3, wrong
        assert {reply.text for reply in replies} == {expected}


@on_sqlite
def test_a_preferences_token_opens_no_survey(
    client: FlaskClient, session: Session, run: Run, keys: LinkKeys
) -> None:
    from surveys.preferences import preferences_token

    contact = session.scalars(select(Invitation)).first().contact  # type: ignore[union-attr] # invited
    token = preferences_token(keys.secret_key, contact)  # type: ignore[arg-type] # not erased
    session.rollback()

    assert client.get(f"/u/{token}").status_code == 200
    assert client.get(f"/s/{token}").status_code == 404


@on_sqlite
def test_a_score_in_the_mail_only_preselects(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    before = dump(engine)

    page = client.get(f"/s/{token}/a/recommend/9").text

    assert is_checked(page, "recommend", "9")
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_score_that_does_not_exist_preselects_nothing(client: FlaskClient, token: str) -> None:
    for path in ("recommend/11", "recommend/x", "nothing/9", "comment/9", "recommend/%209"):
        reply = client.get(f"/s/{token}/a/{path}")

        assert reply.status_code == 200
        assert not re.search(r"<input type=\"radio\"[^>]*checked", reply.text)


# Sending


def test_sent_answers_are_stored_and_thanked_for(
    client: FlaskClient, session: Session, token: str
) -> None:
    reply = client.post(f"/s/{token}", data=ANSWERS)

    assert reply.status_code == 303
    assert "Thank you, your answers are saved" in client.get(reply.location).text
    assert stored_values(session) == {
        "recommend": 8,
        "incentives": 4,
        "listening": None,
        "intent": 2,
    }
    comment = session.scalars(select(Comment)).one()
    assert comment.text == "The portal is slow."
    mark = session.scalars(select(Invitation).where(Invitation.answered_on.is_not(None))).one()
    assert mark.opened_on == mark.started_on == mark.answered_on == MONDAY.date()


def test_no_thanks_before_the_response_is_on_disk(
    app: Flask, client: FlaskClient, engine: Engine, session: Session, token: str
) -> None:
    def refuse(_connection: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("no space left on device"))

    event.listen(engine, "commit", refuse)
    reply = client.post(f"/s/{token}", data=ANSWERS)
    event.remove(engine, "commit", refuse)

    assert reply.status_code == 503
    assert is_checked(reply.text, "recommend", "8")
    assert "The portal is slow." in reply.text
    assert "could not be stored just now" in reply.text
    assert count(session, Response) == 0
    assert client.post(f"/s/{token}", data=ANSWERS).status_code == 303
    assert count(session, Response) == 1


@on_sqlite
def test_sqlite_writes_answers_through_to_the_disk(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


@pytest.mark.parametrize("same_reader", [True, False], ids=["one link", "many links"])
def test_fifty_posts_at_once_make_one_response_per_link(
    app: Flask, session: Session, keys: LinkKeys, same_reader: bool
) -> None:
    run = open_survey(session, keys, companies=1 if same_reader else 25, staff=0)
    tokens = links_of(session, keys, run.partner)
    posts = (tokens * 50)[:50]
    gate = threading.Barrier(len(posts))
    replies: list[str] = []

    def post(token: str) -> None:
        client = app.test_client()
        gate.wait()
        reply = client.post(f"/s/{token}", data=ANSWERS)
        replies.append(f"{reply.status_code} {reply.location.split('?')[0].rpartition('/')[2]}")

    threads = [threading.Thread(target=post, args=(token,)) for token in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert replies == ["303 thanks"] * 50
    assert count(session, Response) == len(tokens)
    assert count(session, Answer) == 4 * len(tokens)
    assert count(session, Comment) == len(tokens)


@on_sqlite
@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("recommend", ["11", "-1", "5.0", " 5", "5 ", "٥", " ", "dk", "5\n", "0x5"]),
        ("intent", ["0", "6", "a"]),
        ("incentives", ["0", "6", "DK"]),
    ],
)
def test_a_value_that_is_not_offered_is_refused_at_its_field(
    client: FlaskClient, engine: Engine, token: str, code: str, values: list[str]
) -> None:
    before = dump(engine)

    for value in values:
        reply = client.post(f"/s/{token}", data=ANSWERS | {code: value})

        assert reply.status_code == 422, value
        assert f'href="#q-{code}"' in reply.text
        assert f'id="q-{code}" aria-invalid="true" aria-describedby="e-{code}"' in reply.text
        assert f'id="e-{code}"' in reply.text
        assert is_checked(reply.text, "listening", "dk")
        assert "The portal is slow." in reply.text
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_an_empty_response_is_not_taken(client: FlaskClient, engine: Engine, token: str) -> None:
    before = dump(engine)

    for nothing in ({}, {"comment": "  \r\n "}, {"recommend": ""}):
        reply = client.post(f"/s/{token}", data=nothing)
        assert reply.status_code == 422
        assert "Please answer at least one question" in reply.text

    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_field_that_is_not_asked_is_ignored(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}", data=ANSWERS | {"trend": "1", "mode": "anonymous", "id": "7"})

    assert "trend" not in stored_values(session)


@on_sqlite
def test_line_ends_of_a_browser_count_as_one_character(
    client: FlaskClient, session: Session, token: str
) -> None:
    longest = "line\r\n" * 999 + "12345"  # 5,000 characters for whoever typed them

    assert client.post(f"/s/{token}", data={"comment": longest}).status_code == 303
    assert session.scalars(select(Comment)).one().text == "line\n" * 999 + "12345"


@on_sqlite
def test_a_text_that_is_too_long_is_refused_and_kept_on_the_page(
    client: FlaskClient, session: Session, token: str
) -> None:
    reply = client.post(f"/s/{token}", data=ANSWERS | {"comment": "é" * 5001})

    assert reply.status_code == 422
    assert "é" * 5001 in reply.text
    assert 'id="e-comment"' in reply.text
    assert "Shorten the text to 5000 characters." in reply.text
    assert count(session, Response) == 0


TEXTS = {
    "emoji": "Great 👩🏽‍💻 🇵🇱 💔",
    "right to left": "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe שלום",
    "zalgo": "Z̷̢̛a͜l̴̨g͢o̧",
    "zero width": "a\u200bb\u200cc\u200dd\ufeff",
    "markup": "<img src=x onerror=alert(1)> {{7*7}} </textarea><script>",
    "quotes": "\"'`; DROP TABLE answers; --",
    "polish": "Zażółć gęślą jaźń",
    "astral": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010ffff",
    "marks of ours": "a\ue000text:comment\ue001b",
}


@pytest.mark.parametrize("is_sent", [True, False], ids=["sent", "draft"])
def test_any_text_comes_back_as_it_was_sent(
    client: FlaskClient, session: Session, token: str, is_sent: bool
) -> None:
    path = f"/s/{token}" if is_sent else f"/s/{token}/draft"

    for words in TEXTS.values():
        client.post(path, data={"comment": words})

        stored = session.scalar(select(Comment.text)) if is_sent else words
        session.rollback()
        shown = re.search(
            r'<textarea[^>]*id="f-comment"[^>]*>(.*?)</textarea>',
            client.get(f"/s/{token}").text,
            re.DOTALL,
        )
        assert stored == words
        assert shown
        assert html.unescape(shown[1]) == words


@on_sqlite
def test_texts_are_stored_in_one_unicode_form(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}", data={"comment": "Zaz\u0307o\u0301l\u0301"})

    assert session.scalars(select(Comment)).one().text == "Za\u017c\u00f3\u013a"


# Broken requests


@on_sqlite
def test_a_body_that_is_not_utf8_is_refused_whole(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    before = dump(engine)

    for path in ("", "/draft", "/contact"):
        reply = client.post(
            f"/s/{token}{path}",
            data=b"recommend=8&comment=Za\xbf\xf3\xb3\xe6",
            content_type="application/x-www-form-urlencoded",
        )
        assert reply.status_code == 400

    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_multipart_body_that_is_not_utf8_is_refused_too(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    before = dump(engine)
    body = (
        b'--x\r\nContent-Disposition: form-data; name="recommend"\r\n\r\n8\r\n'
        b'--x\r\nContent-Disposition: form-data; name="comment"\r\n\r\nZa\xbf\xf3\r\n--x--\r\n'
    )

    reply = client.post(f"/s/{token}", data=body, content_type="multipart/form-data; boundary=x")

    assert reply.status_code == 400
    assert changed_tables(before, dump(engine)) == set()


def test_a_null_character_is_refused(client: FlaskClient, session: Session, token: str) -> None:
    for content_type in (None, "multipart/form-data"):
        for comment in (["a\x00b"], ["fine", "a\x00b"]):
            values = {"recommend": "8", "comment": comment}
            reply = client.post(f"/s/{token}", data=values, content_type=content_type)
            assert reply.status_code == 400

    assert count(session, Response) == 0


@on_sqlite
def test_broken_escapes_are_taken_as_text(
    client: FlaskClient, session: Session, token: str
) -> None:
    reply = client.post(
        f"/s/{token}",
        data=b"recommend=8&comment=50%+off%FF%ED%A0%80",
        content_type="application/x-www-form-urlencoded",
    )

    assert reply.status_code == 303
    assert session.scalars(select(Comment)).one().text == "50% off%FF%ED%A0%80"


@on_sqlite
def test_a_body_over_200_kilobytes_is_refused(
    client: FlaskClient, session: Session, token: str
) -> None:
    for content_type in (None, "multipart/form-data"):
        long = {"recommend": "8", "comment": "x" * 210_000}
        reply = client.post(f"/s/{token}", data=long, content_type=content_type)
        assert reply.status_code == 413

    assert count(session, Response) == 0


@on_sqlite
def test_a_request_of_no_form_is_an_empty_response(
    client: FlaskClient, session: Session, token: str
) -> None:
    reply = client.post(f"/s/{token}", json={"recommend": 8})

    assert reply.status_code == 422
    assert count(session, Response) == 0


# Drafts, changing, languages


def test_answers_are_kept_one_by_one_and_shown_again(
    client: FlaskClient, session: Session, token: str
) -> None:
    assert client.post(f"/s/{token}/draft", data={"recommend": "7"}).status_code == 204
    client.post(f"/s/{token}/draft", data={"comment": "half a tho"})

    page = client.get(f"/s/{token}").text

    assert is_checked(page, "recommend", "7")
    assert "half a tho" in page
    assert count(session, Answer) == count(session, Response) == 0
    mark = session.scalars(select(Invitation).where(Invitation.started_on.is_not(None))).one()
    assert mark.answered_on is None


@on_sqlite
def test_a_chosen_answer_can_be_taken_back(client: FlaskClient, token: str) -> None:
    client.post(f"/s/{token}/draft", data={"recommend": "7"})
    client.post(f"/s/{token}/draft", data={"recommend": ""})

    assert not is_checked(client.get(f"/s/{token}").text, "recommend", "7")


@on_sqlite
def test_a_value_that_is_not_offered_enters_no_draft(
    client: FlaskClient, session: Session, token: str
) -> None:
    assert client.post(f"/s/{token}/draft", data={"recommend": "11"}).status_code == 422
    assert count(session, Draft) == 0


def test_the_draft_ends_when_the_response_is_sent(
    client: FlaskClient, session: Session, clock: SetClock, token: str
) -> None:
    client.post(f"/s/{token}/draft?lang=pl", data={"recommend": "7", "via": "reminder_1"})
    clock.move(hours=2)

    client.post(f"/s/{token}", data=ANSWERS)

    response = session.scalars(select(Response)).one()
    assert count(session, Draft) == 0
    assert response.started_at == MONDAY
    assert response.submitted_at == MONDAY + timedelta(hours=2)
    assert response.channel.value == "reminder_1"
    assert response.locale == "en"


def test_a_sent_response_can_be_changed_until_the_close(
    client: FlaskClient, session: Session, clock: SetClock, token: str
) -> None:
    client.post(f"/s/{token}", data=ANSWERS)
    clock.move(days=1)
    page = client.get(f"/s/{token}").text
    assert is_checked(page, "recommend", "8")
    assert is_checked(page, "listening", "dk")
    assert "Your answers are saved. Change what you like" in page

    client.post(f"/s/{token}", data={"recommend": "3", "comment": "Better now."})

    assert stored_values(session) == {"recommend": 3}
    assert session.scalars(select(Comment)).one().text == "Better now."
    response = session.scalars(select(Response)).one()
    assert response.submitted_at == MONDAY
    assert response.changed_at == MONDAY + timedelta(days=1)


@on_sqlite
def test_a_half_done_change_leaves_what_was_sent_in_force(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}", data=ANSWERS)

    client.post(f"/s/{token}/draft", data={"recommend": "1"})

    assert stored_values(session)["recommend"] == 8
    page = client.get(f"/s/{token}").text
    assert is_checked(page, "recommend", "1")
    assert is_checked(page, "incentives", "4")


@on_sqlite
def test_where_changes_are_not_allowed_the_first_response_stands(
    client: FlaskClient, session: Session, token: str
) -> None:
    session.execute(update(Survey).values(may_change=False))
    session.commit()
    client.post(f"/s/{token}", data=ANSWERS)

    again = client.post(f"/s/{token}", data={"recommend": "0"})

    assert again.status_code == 303
    assert "You have answered already. Thank you." in client.get(again.location).text
    assert client.get(f"/s/{token}").status_code == 303
    assert client.post(f"/s/{token}/draft", data={"recommend": "0"}).status_code == 409
    assert stored_values(session)["recommend"] == 8
    assert count(session, Draft) == 0


@on_sqlite
@pytest.mark.parametrize("mode", list(Mode))
def test_the_other_language_keeps_what_was_typed_and_stores_nothing(
    client: FlaskClient, engine: Engine, session: Session, keys: LinkKeys, mode: Mode
) -> None:
    run = open_survey(session, keys, mode=mode, companies=6)
    token = links_of(session, keys, run.partner)[1]
    button = re.search(r'<button[^>]*value="pl"[^>]*>', client.get(f"/s/{token}").text)
    assert button
    assert 'form="questions"' in button[0]
    before = dump(engine)

    reply = client.post(f"/s/{token}?lang=pl", data=ANSWERS | {"switch": "pl"})

    assert f'formaction="/s/{token}?lang=pl"' in button[0]
    assert reply.status_code == 200
    assert 'lang="pl"' in reply.text
    assert is_checked(reply.text, "recommend", "8")
    assert "The portal is slow." in reply.text
    assert changed_tables(before, dump(engine)) == set()


# Time


def test_answers_in_the_grace_time_are_taken_and_marked(
    client: FlaskClient, session: Session, clock: SetClock, run: Run, token: str
) -> None:
    session.execute(
        update(Wave).values(
            closes_at=MONDAY + timedelta(days=1), grace_until=MONDAY + timedelta(days=1, minutes=5)
        )
    )
    session.commit()
    clock.move(days=1, minutes=4)
    assert "has just closed" in client.get(f"/s/{token}").text

    assert client.post(f"/s/{token}", data=ANSWERS).status_code == 303
    assert session.scalars(select(Response)).one().is_late


@on_sqlite
@pytest.mark.parametrize("is_worker_late", [True, False])
def test_a_closed_survey_gives_the_typed_text_back(
    client: FlaskClient,
    session: Session,
    clock: SetClock,
    run: Run,
    token: str,
    is_worker_late: bool,
) -> None:
    clock.move(days=30)
    if not is_worker_late:
        close_run(session, run, now=clock())
        session.commit()

    for lang in ("pl", "en"):
        reply = client.post(
            f"/s/{token}?lang={lang}", data=ANSWERS | {"comment": "<b>slow</b>", "recommend": "11"}
        )

        assert reply.status_code == 410
        assert "&lt;b&gt;slow&lt;/b&gt;" in reply.text
        assert f'<html lang="{lang}">' in reply.text
        assert client.get(f"/s/{token}?lang={lang}").status_code == 410
    assert client.post(f"/s/{token}/draft", data={"recommend": "8"}).status_code == 410
    assert count(session, Response) == count(session, Draft) == 0


@on_sqlite
def test_a_closed_page_names_the_day_of_the_close(
    client: FlaskClient, clock: SetClock, token: str
) -> None:
    clock.move(days=30)

    assert "This survey closed on 20 February. Thank you." in client.get(f"/s/{token}").text


@on_sqlite
def test_a_paused_survey_keeps_what_was_saved(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}/draft", data={"recommend": "7"})
    session.execute(update(Wave).values(state=WaveState.PAUSED))
    session.commit()

    reply = client.post(f"/s/{token}", data=ANSWERS)
    assert reply.status_code == 410
    assert "This survey is paused." in reply.text

    session.execute(update(Wave).values(state=WaveState.OPEN))
    session.commit()
    assert is_checked(client.get(f"/s/{token}").text, "recommend", "7")


@on_sqlite
def test_the_first_touch_is_marked_once_and_only_while_the_survey_is_open(
    client: FlaskClient, session: Session, clock: SetClock, keys: LinkKeys, run: Run
) -> None:
    first, second, _ = links_of(session, keys, run.partner)
    client.post(f"/s/{first}/opened")
    clock.move(days=2)
    client.post(f"/s/{first}/opened")
    clock.move(days=30)
    client.post(f"/s/{second}/opened")

    marks = session.scalars(select(Invitation.opened_on).where(Invitation.opened_on.is_not(None)))
    assert marks.all() == [MONDAY.date()]


# Anonymous mode


def test_an_anonymous_page_marks_and_keeps_nothing_before_the_submit(
    client: FlaskClient, engine: Engine, anonymous: str
) -> None:
    before = dump(engine)
    page = client.get(f"/s/{anonymous}").text

    assert "nothing is stored before you send" in page
    assert "data-autosave" not in page
    assert client.post(f"/s/{anonymous}/draft", data={"recommend": "8"}).status_code == 409
    assert client.post(f"/s/{anonymous}/opened").status_code == 204
    client.post(f"/s/{anonymous}", data={})
    assert changed_tables(before, dump(engine)) == set()


def test_an_anonymous_response_is_sent_once(
    client: FlaskClient, session: Session, anonymous: str
) -> None:
    sent = client.post(f"/s/{anonymous}", data=ANSWERS)
    assert "Thank you, your answers are saved" in client.get(sent.location).text

    again = client.post(f"/s/{anonymous}", data={"recommend": "0"})
    opened = client.get(f"/s/{anonymous}", follow_redirects=True).text

    assert "You have answered already. Thank you." in client.get(again.location).text
    assert "You have answered already. Thank you." in opened
    assert "Change my answers" not in opened
    inbox = session.scalars(select(InboxResponse)).one()
    assert 8 in [value for rows in inbox.values.values() for value in rows.values()]
    assert count(session, Response) == count(session, Answer) == count(session, Comment) == 0
    assert count(session, AnonymousResponse) == 0


def test_an_anonymous_submit_leaves_a_day_and_nothing_else_at_the_invitation(
    client: FlaskClient, engine: Engine, session: Session, anonymous: str
) -> None:
    before = dump(engine)

    client.post(f"/s/{anonymous}", data=ANSWERS)

    # No row in wave_changes either: its number would be a sequence of answers.
    assert changed_tables(before, dump(engine)) == {"invitations", "response_inbox"}
    mark = session.scalars(select(Invitation).where(Invitation.answered_on.is_not(None))).one()
    assert mark.is_waiting
    assert mark.opened_on is mark.started_on is None


# Identified mode, and the wish to be contacted


@pytest.fixture
def identified(session: Session, keys: LinkKeys) -> str:
    run = open_survey(session, keys, mode=Mode.IDENTIFIED)
    return links_of(session, keys, run.partner)[1]


def test_an_identified_survey_asks_whether_it_may_get_in_touch(
    client: FlaskClient, session: Session, identified: str
) -> None:
    wish = {"contact": "1", "contact_why": "Prices"}
    client.post(f"/s/{identified}/draft", data=wish)
    assert is_checked(client.get(f"/s/{identified}").text, "contact", "1")

    client.post(f"/s/{identified}", data=ANSWERS | wish)

    request = session.scalars(select(ContactRequest)).one()
    assert request.response_id == session.scalars(select(Response.id)).one()
    assert request.topic == "Prices"
    page = client.get(f"/s/{identified}").text
    assert is_checked(page, "contact", "1")
    assert "Prices" in page
    assert 'id="contact"' not in client.get(f"/s/{identified}/thanks").text


def test_a_changed_response_withdraws_the_wish_that_is_no_longer_ticked(
    client: FlaskClient, session: Session, identified: str
) -> None:
    client.post(f"/s/{identified}", data=ANSWERS | {"contact": "1"})
    client.post(f"/s/{identified}", data=ANSWERS)

    assert session.scalars(select(ContactRequest)).one().withdrawn_on == MONDAY.date()
    assert not is_checked(client.get(f"/s/{identified}").text, "contact", "1")
    session.rollback()

    client.post(f"/s/{identified}", data=ANSWERS | {"contact": "1", "contact_why": "Again"})
    standing = select(ContactRequest.topic).where(ContactRequest.withdrawn_on.is_(None))
    assert session.scalars(standing).all() == ["Again"]


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_a_call_is_asked_for_on_the_thanks_page_and_stored_apart(
    client: FlaskClient, session: Session, keys: LinkKeys, mode: Mode
) -> None:
    run = open_survey(session, keys, mode=mode, companies=6)
    token = links_of(session, keys, run.partner)[1]
    sent = client.post(f"/s/{token}", data=ANSWERS)
    assert "may contact me. It will see my name" in client.get(sent.location).text

    for _ in range(2):
        reply = client.post(f"/s/{token}/contact", data={"agree": "1", "topic": "Prices"})
        assert "Nordvik will get in touch" in client.get(reply.location).text

    request = session.scalars(select(ContactRequest)).one()
    assert (request.topic, request.response_id) == ("Prices", None)
    assert request.consent_key == "contact_apart/1"


@on_sqlite
def test_no_call_without_consent_and_the_topic_stays(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}", data=ANSWERS)

    reply = client.post(f"/s/{token}/contact", data={"topic": "Prices"})
    too_long = client.post(f"/s/{token}/contact", data={"topic": "x" * 1001, "agree": "1"})

    assert reply.status_code == too_long.status_code == 422
    assert "Tick the box if we may contact you." in reply.text
    assert ">Prices</textarea>" in reply.text
    assert "x" * 1001 in too_long.text
    assert count(session, ContactRequest) == 0


@on_sqlite
def test_only_partners_who_answered_can_ask_for_a_call(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run, token: str, identified: str
) -> None:
    staff = links_of(session, keys, run.internal)[0]  # type: ignore[arg-type] # a run of both audiences
    client.post(f"/s/{staff}", data={"recommend": "8"})
    client.post(f"/s/{identified}", data=ANSWERS)

    for each in (token, staff, identified):
        assert client.post(f"/s/{each}/contact", data={"agree": "1"}).status_code == 404
    assert count(session, ContactRequest) == 0


@on_sqlite
def test_the_thanks_page_leads_back_while_nothing_was_sent(client: FlaskClient, token: str) -> None:
    reply = client.get(f"/s/{token}/thanks")

    assert reply.status_code == 303
    assert reply.location.startswith(f"/s/{token}?")


def test_each_submit_tells_the_worker_that_the_wave_changed(
    client: FlaskClient, session: Session, token: str
) -> None:
    before = count(session, WaveChange)

    client.post(f"/s/{token}", data=ANSWERS)
    client.post(f"/s/{token}/draft", data={"recommend": "1"})

    assert count(session, WaveChange) == before + 1


@on_sqlite
def test_a_submit_needs_few_statements(
    client: FlaskClient, statements: list[str], token: str
) -> None:
    client.get(f"/s/{token}")
    statements.clear()

    client.post(f"/s/{token}", data=ANSWERS)

    assert len([each for each in statements if not each.startswith("BEGIN")]) <= 10
