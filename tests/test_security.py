"""What every request and reply goes through: host, guard, body, headers, error pages."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import (
    csrf_token,
    links_of,
    make_settings,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from app import create_app
from surveys.config import ROOT
from surveys.db import db
from surveys.invitations import LinkKeys

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
}
#: Personal links carry their permission in the path; all other POSTs carry a guard.
WITHOUT_GUARD = ("respond.", "preferences.")
#: What stands in an address where it is no number.
PLACES = {"token": "1.2.3"}


@pytest.fixture
def token(session: Session, keys: LinkKeys) -> str:
    return links_of(session, keys, open_survey(session, keys).partner)[1]


@pytest.fixture
def https_client(tmp_path: Path) -> Iterator[FlaskClient]:
    """A browser of an installation as in production."""
    app = create_app(
        make_settings(
            f"sqlite:///{tmp_path / 'pulse.db'}",
            tmp_path / "production",
            environment="production",
            base_url="https://pulse.nordvik.example",
        )
    )
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


PRODUCTION = {"base_url": "https://pulse.nordvik.example"}


# Headers


@on_sqlite
def test_every_reply_carries_the_strict_policy(
    client: FlaskClient, session: Session, token: str
) -> None:
    make_user(session)
    session.commit()
    replies = [
        client.get(path)
        for path in (
            f"/s/{token}",
            f"/s/{'x' * 22}",
            "/login",
            "/overview",
            "/nothing/here",
            "/healthz",
            "/static/css/tokens.css",
            "/static/nothing.css",
        )
    ]
    replies += [client.post("/healthz"), client.post(f"/s/{token}", data={"recommend": "11"})]
    sign_in(client)
    replies += [client.get("/contacts"), client.get("/waves/9999")]

    for reply in replies:
        reply.close()
        given = {each.strip() for each in reply.headers["Content-Security-Policy"].split(";")}
        assert given == POLICY
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["X-Frame-Options"] == "DENY"
        assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in reply.headers["Permissions-Policy"]


@on_sqlite
def test_nothing_personal_is_kept_by_caches_or_found_by_engines(
    client: FlaskClient, token: str
) -> None:
    for path in (f"/s/{token}", f"/u/{token}", "/password/1.2.3"):
        reply = client.get(path)
        assert reply.headers["Cache-Control"] == "no-store"
        assert reply.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert client.get("/login").headers["Cache-Control"] == "no-store"
    style = client.get("/static/css/tokens.css")
    assert "no-store" not in style.headers.get("Cache-Control", "")
    style.close()


def test_in_production_cookies_and_links_are_for_https_alone(https_client: FlaskClient) -> None:
    reply = https_client.get("/login", **PRODUCTION)

    (cookie,) = reply.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-session=")
    parts = {part.strip() for part in cookie.split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts
    assert not any(part.startswith("Domain") for part in parts)
    assert "max-age=" in reply.headers["Strict-Transport-Security"]


# Host


@on_sqlite
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "localhost@evil.example"]
)
def test_a_foreign_host_is_refused_and_repeated_nowhere(client: FlaskClient, host: str) -> None:
    for path in ("/login", "/forgot", "/static/css/tokens.css"):
        reply = client.get(path, headers={"Host": host})
        assert reply.status_code == 400
        assert "evil" not in reply.text
        assert "evil" not in str(reply.headers)


@on_sqlite
def test_a_forwarded_host_changes_no_link(client: FlaskClient, token: str) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}

    reply = client.post(f"/s/{token}", data={"recommend": "8"}, headers=headers)

    assert reply.status_code == 303
    assert reply.location.startswith("/s/")
    assert "evil" not in client.get(reply.location, headers=headers).text


# Guard


def posts(app: Flask) -> list[str]:
    """Every address that changes something for people who sign in."""
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        return [
            adapter.build(
                rule.endpoint,
                {name: 1 for name in rule.arguments if name != "token"} | _token(rule),
            )
            for rule in app.url_map.iter_rules()
            if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(WITHOUT_GUARD)
        ]


def _token(rule: object) -> dict[str, str]:
    return {"token": "1.2.3"} if "token" in getattr(rule, "arguments", ()) else {}


@on_sqlite
def test_nothing_is_changed_by_a_request_from_elsewhere(
    app: Flask, client: FlaskClient, engine: Engine, session: Session, token: str
) -> None:
    make_user(session)
    session.commit()
    sign_in(client)
    addresses = posts(app)
    assert len(addresses) > 15
    before = dump(engine)

    for address in addresses:
        for data in ({}, {"csrf_token": "forged"}):
            reply = client.post(address, data=data, headers={"Origin": "https://evil.example"})
            assert reply.status_code < 500, address
            assert changed_tables(before, dump(engine)) == set(), address
    assert client.get("/login").status_code == 303, "nobody was signed out"


@on_sqlite
def test_a_stranger_changes_nothing_even_with_a_guard(
    app: Flask, client: FlaskClient, engine: Engine, session: Session, token: str
) -> None:
    make_user(session)
    session.commit()
    guard = csrf_token(client.get("/login").text)
    before = dump(engine)

    for address in posts(app):
        if address == "/forgot":
            continue
        reply = client.post(address, data={"csrf_token": guard, "confirm": "1"})
        assert reply.status_code < 500, address
        assert changed_tables(before, dump(engine)) == set(), address


@on_sqlite
def test_every_staff_page_asks_a_stranger_to_sign_in(app: Flask, client: FlaskClient) -> None:
    # Behind a personal link the token is the permission.
    by_link = (
        "respond.",
        "preferences.",
        "predict.",
        "calibration.own",
        "partner_results.",
        "digests.show",
    )
    public = (*by_link, "accounts.", "health.", "static")
    adapter = app.url_map.bind("localhost")
    pages = [
        adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, 1))
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.endpoint.startswith(public)
    ]

    assert len(pages) > 15
    for page in pages:
        reply = client.get(page)
        assert reply.status_code == 303, page
        assert reply.location.startswith("/login"), page


# Error pages


@on_sqlite
def test_an_unexpected_error_shows_a_reference_and_nothing_else(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> str:
        raise LookupError("the secret of anna@partner.example")

    app.add_url_rule("/fails", view_func=fail, methods=["GET", "POST"])
    with caplog.at_level(logging.ERROR):
        reply = client.get("/fails")

    assert reply.status_code == 500
    assert "Traceback" not in reply.text
    assert "secret" not in reply.text
    reference = re.search(r"Reference: ([0-9a-f]{8})", reply.text)
    assert reference
    assert reference[1] in caplog.text
    assert '<html lang="pl">' in client.get("/fails?lang=pl").text


@on_sqlite
def test_a_database_that_is_away_is_said_in_words(
    app: Flask,
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(_session: Session) -> None:
        raise OperationalError("SELECT 'anna@partner.example'", {}, Exception("gone"))

    monkeypatch.setattr("surveys.web.security.begin_read_only", away)

    assert client.get("/healthz").status_code == 200
    for path in ("/readyz", f"/s/{'x' * 22}", "/login"):
        reply = client.get(path)
        assert reply.status_code == 503
        assert "SELECT" not in reply.text
    assert "Please try again in a minute." in reply.text
    assert "anna@partner.example" not in caplog.text


@on_sqlite
def test_a_page_that_is_not_there_and_a_wrong_method_have_pages_of_ours(
    client: FlaskClient,
) -> None:
    missing = client.get("/nothing/here")
    wrong = client.post("/healthz")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "There is nothing here." in missing.text
    assert "GET" in wrong.headers["Allow"]
    assert "This page works differently." in wrong.text


@on_sqlite
def test_numbers_too_large_for_a_database_are_not_found(
    client: FlaskClient, session: Session
) -> None:
    make_user(session)
    session.commit()
    sign_in(client)

    for number in (2**31, 2**63, 10**40, -1):
        assert client.get(f"/waves/{number}").status_code == 404


@on_sqlite
@settings(
    max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    path=st.sampled_from(["", "/draft", "/opened", "/contact", "/a/recommend/8"]),
    query=st.text(max_size=20),
    body=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["recommend", "comment", "incentives", "intent", "via", "agree"]),
            st.text(max_size=20),
        ).map(
            lambda fields: "&".join(f"{name}={value}" for name, value in fields.items()).encode(
                "utf-8", "surrogatepass"
            )
        ),
    ),
    content_type=st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-16",
            "multipart/form-data; boundary=x",
            "multipart/form-data",
            "application/json",
            "text/plain; charset=nothing",
            "",
        ]
    ),
    accept_language=st.text(max_size=12),
)
def test_no_request_to_a_personal_link_ends_in_a_server_error(
    client: FlaskClient,
    token: str,
    path: str,
    query: str,
    body: bytes,
    content_type: str,
    accept_language: str,
) -> None:
    reply = client.post(
        f"/s/{token}{path}",
        query_string={"lang": query, query: query},
        data=body,
        content_type=content_type,
        headers={
            "Accept-Language": accept_language.encode("latin-1", "replace")
            .decode("latin-1")
            .replace("\r", "")
            .replace("\n", "")
        },
    )

    assert reply.status_code < 500


@on_sqlite
def test_no_line_of_the_log_holds_a_token_an_address_or_an_answer(
    client: FlaskClient, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get(f"/s/{token}")
        client.post(f"/s/{token}", data={"comment": "my secret comment", "recommend": "8"})
        client.post(f"/s/{token}", data={"comment": "my secret comment", "recommend": "11"})
        client.get(f"/u/{token}")

    assert token not in caplog.text
    assert "secret comment" not in caplog.text


def test_the_web_server_keeps_no_access_log() -> None:
    source = (ROOT / "surveys" / "web_server.py").read_text(encoding="utf-8")

    assert '"accesslog": None' in source
