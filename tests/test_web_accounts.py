"""Signing in and out, and the way back to a forgotten password."""

import re
import threading
from datetime import timedelta

import pytest
from factories import MONDAY, PASSWORD, SECRET, SetClock, csrf_token, make_user, sign_in
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump
from werkzeug.test import TestResponse

from surveys.accounts import reset_token, set_password, user_with_password
from surveys.models import AuditEvent, OutgoingMail, RateLimit, User
from surveys.terms import MailKind, Role

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WRONG = "Email or password is wrong."
EMAIL = "alicja@nordvik.example"
NEW_PASSWORD = "four words and a number 7"
#: Where somebody who signs in begins.
FRONT = "/overview"


@pytest.fixture
def alicja(session: Session) -> User:
    user = make_user(session)
    session.commit()
    return user


def post(client: FlaskClient, path: str, page: str | None = None, **values: str) -> TestResponse:
    """Send a form as its page gives it."""
    token = csrf_token(client.get(page or path).text)
    return client.post(path, data={"csrf_token": token, **values})


def enter(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
    return post(client, "/login", email=email, password=password)


def is_in(client: FlaskClient) -> bool:
    """Whether the front page opens without a detour."""
    return client.get("/login").status_code == 303


# Signing in


def test_the_right_pair_opens_the_door_and_is_written_down(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    assert not is_in(client)

    reply = enter(client)

    assert (reply.status_code, reply.location) == (303, FRONT)
    assert is_in(client)
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.actor, event.detail) == ("user.sign_in", f"user {alicja.id}", {})


@on_sqlite
def test_every_wrong_pair_hears_the_same(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    make_user(session, "off@nordvik.example").disabled_at = MONDAY
    make_user(session, "owner@nordvik.example", password=None)
    session.commit()
    said = set()
    for email, password in (
        (EMAIL, "wrong password"),
        ("nobody@nordvik.example", PASSWORD),
        ("off@nordvik.example", PASSWORD),
        ("owner@nordvik.example", PASSWORD),
        ("no address", PASSWORD),
    ):
        reply = enter(client, email, password)
        assert reply.status_code == 422
        assert WRONG in reply.text
        shown = reply.text.replace(email, "EMAIL")
        said.add(re.sub(r'csrf_token" value="[^"]+"', "", shown))

    assert len(said) == 1
    assert not is_in(client)


@on_sqlite
def test_what_was_typed_stays_and_the_password_does_not(client: FlaskClient, alicja: User) -> None:
    reply = enter(client, password="my secret guess")

    assert f'value="{EMAIL}"' in reply.text
    assert "my secret guess" not in reply.text


@on_sqlite
@pytest.mark.parametrize("token", [None, "", "forged", "20270208##abc"])
def test_no_sign_in_without_the_pages_guard(
    client: FlaskClient, engine: Engine, alicja: User, token: str | None
) -> None:
    client.get("/login")
    before = dump(engine)
    data = {"email": EMAIL, "password": PASSWORD}

    reply = client.post("/login", data=data if token is None else data | {"csrf_token": token})

    assert reply.status_code == 422
    assert "This page was open for too long" in reply.text
    assert not is_in(client)
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_a_guard_of_another_session_does_not_fit(app: Flask, alicja: User) -> None:
    token = csrf_token(app.test_client().get("/login").text)
    victim = app.test_client()
    victim.get("/login")

    victim.post("/login", data={"csrf_token": token, "email": EMAIL, "password": PASSWORD})

    assert not is_in(victim)


@on_sqlite
def test_a_session_known_before_is_worth_nothing_afterwards(app: Flask, alicja: User) -> None:
    victim = app.test_client()
    victim.get("/login?lang=pl")
    planted = victim.get_cookie("session")
    assert planted
    with victim.session_transaction() as kept:
        kept["something"] = "of the attacker"

    enter(victim)

    attacker = app.test_client()
    attacker.set_cookie("session", planted.value)
    assert not is_in(attacker)
    with victim.session_transaction() as kept:
        assert "something" not in kept


@on_sqlite
def test_a_new_password_ends_the_sessions_of_all_machines(
    app: Flask, session: Session, alicja: User
) -> None:
    machines = [app.test_client() for _ in range(2)]
    for machine in machines:
        sign_in(machine)

    set_password(session, alicja, NEW_PASSWORD)
    session.commit()

    assert not any(is_in(machine) for machine in machines)
    assert enter(machines[0], password=NEW_PASSWORD).status_code == 303


@on_sqlite
def test_who_is_disabled_is_out_at_once(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    sign_in(client)
    alicja.disabled_at = MONDAY
    session.commit()

    assert not is_in(client)


@on_sqlite
@pytest.mark.parametrize(
    ("steps", "is_still_in"),
    [([7 * 60 + 59], True), ([8 * 60 + 1], False), ([7 * 60] * 23, True), ([7 * 60] * 25, False)],
    ids=["almost idle", "idle", "almost a week", "more than a week"],
)
def test_a_session_ends_after_idle_hours_and_after_a_week(
    client: FlaskClient, clock: SetClock, alicja: User, steps: list[int], is_still_in: bool
) -> None:
    sign_in(client)
    for minutes in steps:
        clock.move(minutes=minutes)
        last = is_in(client)

    assert last is is_still_in


@on_sqlite
def test_signing_out_needs_the_guard_and_ends_the_session(
    client: FlaskClient, alicja: User
) -> None:
    sign_in(client)
    client.post("/logout")
    assert is_in(client)

    reply = post(client, "/logout", page="/surveys/new")

    assert (reply.status_code, reply.location) == (303, "/login")
    assert not is_in(client)


@on_sqlite
def test_signing_in_again_while_inside_leads_on(client: FlaskClient, alicja: User) -> None:
    sign_in(client)

    assert client.get("/login").location == FRONT


# Where to go on


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example/..",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "http:evil.example",
    "http:/evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "evil.example",
    "../evil",
    "",
    "?next=x",
    "#x",
    "/\x00/evil.example",
    "/\u2028/evil.example",
    "/\N{RIGHT-TO-LEFT OVERRIDE}/evil",
    "https:///evil.example",
    "//google.com/%2f..",
    "/\\/evil.example",
    "/\r\nSet-Cookie: x=1",
    "%2f%2fevil.example",
    "@evil.example",
    "/ \\evil.example",
]


@on_sqlite
def test_nobody_is_led_to_another_site(app: Flask, alicja: User) -> None:
    for wanted in ELSEWHERE:
        client = app.test_client()
        token = csrf_token(client.get("/login").text)
        data = {"csrf_token": token, "email": EMAIL, "password": PASSWORD, "next": wanted}

        reply = client.post("/login", data=data)

        if "\x00" in wanted:
            assert reply.status_code == 400
        else:
            assert (reply.status_code, reply.location) == (303, FRONT), repr(wanted)
            assert "Set-Cookie: x" not in str(reply.headers)


@on_sqlite
def test_a_page_that_asked_for_sign_in_is_opened_afterwards(
    client: FlaskClient, alicja: User
) -> None:
    asked = client.get("/contacts?query=a%26b&page=2")
    assert asked.status_code == 303
    page = client.get(asked.location)
    wanted = re.search(r'name="next" value="([^"]+)"', page.text)
    assert wanted

    reply = client.post(
        "/login",
        data={
            "csrf_token": csrf_token(page.text),
            "email": EMAIL,
            "password": PASSWORD,
            "next": wanted[1].replace("&amp;", "&"),
        },
    )

    assert reply.location == "/contacts?query=a%26b&page=2"


# Too many tries


@on_sqlite
def test_after_five_wrong_tries_a_minute_has_to_pass(
    client: FlaskClient, session: Session, clock: SetClock, alicja: User
) -> None:
    statuses = [enter(client, password="wrong password").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    right = enter(client)
    assert right.status_code == 429
    assert "Too many tries. Wait a minute" in right.text
    make_user(session, "borys@nordvik.example")
    session.commit()
    assert enter(client, "borys@nordvik.example").status_code == 303

    clock.move(minutes=1)
    other = client.application.test_client()
    assert enter(other).status_code == 303


@on_sqlite
def test_the_wait_grows_and_never_becomes_a_lock(
    client: FlaskClient, clock: SetClock, alicja: User
) -> None:
    looked_at = 0
    for _ in range(20):
        for second in (0, 30, 57):
            clock.instant = clock.instant.replace(second=second)
            replies = [enter(client, password="wrong password") for _ in range(3)]
            looked_at += sum(reply.status_code == 422 for reply in replies)
        clock.move(minutes=1)

    assert looked_at < 20 * 4
    clock.instant = clock.instant.replace(second=2)
    assert enter(client).status_code == 429
    clock.instant = clock.instant.replace(second=56)
    assert enter(client).status_code == 303


@on_sqlite
def test_success_forgets_the_slips_before_it(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    for _ in range(4):
        enter(client, password="wrong password")

    assert enter(client).status_code == 303
    assert session.scalar(select(func.count()).select_from(RateLimit)) == 0


def test_tries_at_the_same_moment_are_counted_before_they_are_looked_at(
    app: Flask, session: Session, alicja: User
) -> None:
    clients = [app.test_client() for _ in range(10)]
    tokens = [csrf_token(client.get("/login").text) for client in clients]
    gate = threading.Barrier(len(clients))
    statuses: list[int] = []

    def guess(client: FlaskClient, token: str) -> None:
        gate.wait()
        data = {"csrf_token": token, "email": EMAIL, "password": "wrong password"}
        statuses.append(client.post("/login", data=data).status_code)

    threads = [
        threading.Thread(target=guess, args=pair) for pair in zip(clients, tokens, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [422] * 5 + [429] * 5


@on_sqlite
def test_nothing_readable_is_kept_of_who_tried(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    enter(client, password="wrong password")

    bucket = session.scalars(select(RateLimit.bucket)).one()
    assert "alicja" not in bucket
    assert "127.0.0.1" not in bucket


# A forgotten password


def test_a_known_address_gets_a_mail_and_every_address_the_same_page(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    pages = set()
    for email in (EMAIL, "nobody@nordvik.example", "no address"):
        reply = post(client, "/forgot", email=email)
        assert reply.status_code == 200
        pages.add(re.sub(r'csrf_token" value="[^"]+"', "", reply.text))

    assert len(pages) == 1
    assert "If this address has an account" in pages.pop()
    mail = session.scalars(select(OutgoingMail)).one()
    assert (mail.kind, mail.user_id, mail.email) == (MailKind.PASSWORD_RESET, alicja.id, EMAIL)
    assert mail.values is None


@on_sqlite
def test_a_disabled_person_gets_no_mail(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    alicja.disabled_at = MONDAY
    session.commit()

    assert post(client, "/forgot", email=EMAIL).status_code == 200
    assert session.scalars(select(OutgoingMail)).all() == []


@on_sqlite
def test_nobodys_mailbox_is_filled_by_asking_again(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    for _ in range(12):
        assert post(client, "/forgot", email=EMAIL).status_code == 200

    assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 5


@on_sqlite
def test_asking_without_the_guard_sends_nothing(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    reply = client.post("/forgot", data={"email": EMAIL})

    assert reply.status_code == 422
    assert "This page was open for too long" in reply.text
    assert session.scalars(select(OutgoingMail)).all() == []


def test_a_reset_link_works_once(client: FlaskClient, session: Session, alicja: User) -> None:
    token = reset_token(SECRET, alicja, now=MONDAY)
    session.rollback()

    reply = post(client, f"/password/{token}", password=NEW_PASSWORD)

    assert (reply.status_code, reply.location) == (303, FRONT)
    assert is_in(client)
    actions = session.scalars(select(AuditEvent.action)).all()
    assert actions == ["user.password"]
    session.rollback()
    other = client.application.test_client()
    used = other.get(f"/password/{token}")
    assert used.status_code == 410
    assert "This link is used up." in used.text
    form = other.post(f"/password/{token}", data={"password": "another long password"})
    assert form.status_code == 410
    assert enter(other, password=NEW_PASSWORD).status_code == 303


@on_sqlite
def test_a_reset_link_dies_after_half_an_hour(
    client: FlaskClient, session: Session, clock: SetClock, alicja: User
) -> None:
    token = reset_token(SECRET, alicja, now=MONDAY)
    session.rollback()
    guard = csrf_token(client.get(f"/password/{token}").text)
    clock.move(minutes=31)

    late = client.post(f"/password/{token}", data={"csrf_token": guard, "password": NEW_PASSWORD})

    assert late.status_code == client.get(f"/password/{token}").status_code == 410
    assert not is_in(client)


@on_sqlite
def test_looking_at_a_reset_link_does_not_use_it_up(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    token = reset_token(SECRET, alicja, now=MONDAY)
    session.rollback()

    for _ in range(3):
        client.head(f"/password/{token}")
        assert client.get(f"/password/{token}").status_code == 200


@on_sqlite
def test_a_weak_new_password_is_refused_at_its_field(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    token = reset_token(SECRET, alicja, now=MONDAY)
    session.rollback()
    before = alicja.password_hash
    session.rollback()

    for password, words in (
        ("short", "Use at least 12 characters."),
        ("password1234", "on every list of leaked ones"),
        ("", "Enter a new password."),
    ):
        reply = post(client, f"/password/{token}", password=password)
        assert reply.status_code == 422
        assert words in reply.text
    stale = client.post(f"/password/{token}", data={"password": NEW_PASSWORD})
    assert stale.status_code == 422
    assert "This page was open for too long" in stale.text
    session.expire_all()
    assert alicja.password_hash == before
    assert not is_in(client)


@on_sqlite
def test_a_reset_page_is_neither_kept_nor_passed_on(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    reply = client.get(f"/password/{reset_token(SECRET, alicja, now=MONDAY)}")
    session.rollback()

    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert reply.headers["X-Robots-Tag"] == "noindex, nofollow"


# Language


@on_sqlite
def test_a_persons_language_is_remembered(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    sign_in(client)

    reply = post(client, "/language", page="/surveys/new", locale="pl", next="/contacts")

    assert (reply.status_code, reply.location) == (303, "/contacts")
    assert '<html lang="pl">' in client.get("/surveys/new").text
    session.expire_all()
    assert alicja.locale == "pl"


@on_sqlite
def test_no_language_is_set_without_the_guard_or_led_elsewhere(
    client: FlaskClient, session: Session, alicja: User
) -> None:
    sign_in(client)

    client.post("/language", data={"locale": "pl"})
    elsewhere = post(client, "/language", page="/surveys/new", locale="xx", next="//evil.example")

    assert elsewhere.location == FRONT
    session.expire_all()
    assert alicja.locale == "en"


@on_sqlite
def test_the_sign_in_page_speaks_the_readers_language(client: FlaskClient) -> None:
    assert '<html lang="pl">' in client.get("/login?lang=pl").text
    polish = client.get("/login", headers={"Accept-Language": "pl-PL,pl;q=0.9"})
    assert '<html lang="pl">' in polish.text
    assert '<html lang="en">' in client.get("/login", headers={"Accept-Language": "de"}).text


@on_sqlite
def test_changing_the_language_of_the_sign_in_page_keeps_where_to_go_on(
    client: FlaskClient,
) -> None:
    page = client.get('/login?next=/contacts?query=a"%26b').text

    other = re.search(r'href="([^"]+)" lang="pl"', page)
    assert other
    assert "next" in client.get("/login" + other[1].replace("&amp;", "&")).text
    assert (
        'value="/contacts?query=a&#34;&amp;b"'
        in client.get("/login" + other[1].replace("&amp;", "&")).text
    )


@on_sqlite
def test_a_role_without_a_right_is_told_so(client: FlaskClient, session: Session) -> None:
    make_user(session, role=Role.VIEWER)
    session.commit()
    sign_in(client)

    reply = client.get("/surveys/new")

    assert reply.status_code == 403
    assert "You may not do this." in reply.text


def test_time_between_clicks_keeps_no_write_lock(
    client: FlaskClient, engine: Engine, alicja: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a password is hashed, somebody else's answer can be stored."""
    written: list[bool] = []

    def while_hashing(own: Session, *, email: str, password: str) -> User | None:
        found = user_with_password(own, email=email, password=password)
        with Session(engine) as other:
            other.add(RateLimit(bucket="other", window_start=MONDAY + timedelta(hours=1), hits=1))
            other.commit()
        written.append(True)
        return found

    monkeypatch.setattr("surveys.web.accounts.user_with_password", while_hashing)
    monkeypatch.setattr("surveys.db.BUSY_TIMEOUT_SECONDS", 0)
    engine.dispose()

    assert enter(client).status_code == 303
    assert written == [True]
