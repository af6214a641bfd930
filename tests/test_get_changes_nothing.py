"""Whatever is looked at, nothing is stored: mail scanners press everything that a GET offers."""

from collections.abc import Iterator
from io import BytesIO
from itertools import product

import pytest
from factories import (
    MONDAY,
    SECRET,
    SetClock,
    csrf_token,
    links_of,
    make_schedule,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump
from werkzeug.routing import Rule

from surveys.accounts import reset_token
from surveys.digests import digest_token
from surveys.invitations import LinkKeys
from surveys.mail.transport import MemoryTransport
from surveys.models import Contact, Import, OutgoingMail, Partner, Suppression, Survey, Wave
from surveys.preferences import preferences_token, suppress
from surveys.processes import job_context, jobs_of
from surveys.terms import Mode, SuppressionReason, WaveState
from surveys.waves import close_run
from surveys.worker import run_jobs

CONTACTS = "email;partner;locale\nanna@x.example;Firma;pl\nbroken;Firma;pl\n".encode("cp1250")
METHODS = ("GET", "HEAD", "OPTIONS")
Links = dict[str, list[str]]


@pytest.fixture
def links(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock
) -> Links:
    """A workspace with something in every state, and every kind of personal link into it."""
    user = make_user(session)
    published = open_survey(session, keys, companies=6, people=2, staff=8)
    tokens = [token for wave in published.waves for token in links_of(session, keys, wave)]
    for token in tokens:
        client.post(f"/s/{token}", data={"recommend": "8", "incentives": "4", "comment": "Slow."})
    clock.move(days=1)
    close_run(session, published, now=clock())
    session.commit()
    tokens = [tokens[0], tokens[-1], *_open_surveys(client, session, keys)]
    _work(app)
    sign_in(client)
    page = csrf_token(client.get("/contacts/import").text)
    file = (BytesIO(CONTACTS), "contacts.csv")
    client.post("/contacts/import", data={"csrf_token": page, "file": file})
    suppress(
        session,
        b"1" * 32,
        email="x@x.example",
        reason=SuppressionReason.MANUAL,
        source="manual",
        now=clock(),
    )
    for survey in session.scalars(select(Survey)):
        make_schedule(session, survey)
    session.commit()
    reset = reset_token(SECRET, user, now=clock())
    return {
        "respond": [*tokens, "A" * 22],
        "predict": [*tokens, "A" * 22],
        "calibration": [*tokens, "A" * 22],
        "partner_results": [*tokens, "A" * 22],
        "preferences": _preferences(session, keys),
        "digests": [digest_token(SECRET, 1), "1.x"],
        "accounts": [reset, "1.1.x"],
    }


def _open_surveys(client: FlaskClient, session: Session, keys: LinkKeys) -> list[str]:
    """Links of open and paused waves: unanswered, begun, answered; in every mode."""
    found = []
    for mode in Mode:
        run = open_survey(session, keys, mode=mode, companies=6, staff=1)
        untouched, begun, answered, *_ = links_of(session, keys, run.partner)
        client.post(f"/s/{begun}/draft", data={"recommend": "3"})
        client.post(f"/s/{answered}", data={"recommend": "9"})
        found += [untouched, begun, answered]
    paused = open_survey(session, keys)
    found += links_of(session, keys, paused.partner)[:1]
    session.execute(update(Wave).where(Wave.id == paused.id).values(state=WaveState.PAUSED))
    session.commit()
    return found


def _work(app: Flask) -> None:
    context = job_context(app, transport=MemoryTransport())
    for _ in range(2):
        run_jobs(jobs_of(app), context)


def _preferences(session: Session, keys: LinkKeys) -> list[str]:
    contacts = session.scalars(select(Contact).order_by(Contact.id).limit(2)).all()
    found = [preferences_token(keys.secret_key, contact) for contact in contacts]
    session.rollback()
    return found


def addresses(app: Flask, session: Session, links: Links) -> Iterator[tuple[Rule, str]]:
    """Every address that can be asked for by GET, with everything that exists in its places."""
    waves = list(session.scalars(select(Wave.id)))
    places: dict[str, list[object]] = {
        "wave_id": [*waves, 9999],
        "run_id": [*waves, 9999],
        "survey_id": list(session.scalars(select(Survey.id))),
        "mail_id": [*session.scalars(select(OutgoingMail.id).limit(3)), 9999],
        "partner_id": [*session.scalars(select(Partner.id).limit(2)), 9999],
        "contact_id": [*session.scalars(select(Contact.id).limit(2)), 9999],
        "suppression_id": [*session.scalars(select(Suppression.id)), 9999],
        "import_id": [*session.scalars(select(Import.id)), 9999],
        "code": ["incentives", "nothing"],
        "locale": ["pl", "en"],
        "kind": ["invitation", "thanks", "test"],
        "question": ["recommend"],
        "value": ["8", "99"],
        "filename": ["css/tokens.css"],
    }
    session.rollback()
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        own = places | {"token": [*links.get(rule.endpoint.partition(".")[0], [])]}
        names = sorted(rule.arguments)
        missing = rule.arguments - own.keys()
        assert not missing, f"say what stands for {missing} in {rule.rule}"
        for values in product(*(own[name] for name in names)):
            yield rule, adapter.build(rule.endpoint, dict(zip(names, values, strict=True)))


def test_no_address_stores_anything_when_it_is_only_looked_at(
    app: Flask, client: FlaskClient, engine: Engine, session: Session, links: Links
) -> None:
    stranger = app.test_client()
    before = dump(engine)
    everything = list(addresses(app, session, links))
    asked = 0
    guilty = set()
    for rule, path in everything:
        for browser, method in (*((client, each) for each in METHODS), (stranger, "GET")):
            reply = browser.open(path, method=method)
            reply.close()
            asked += 1
            if reply.status_code >= 500:
                guilty.add((rule.rule, method, reply.status_code))
        if changed_tables(before, now := dump(engine)):
            guilty.add((rule.rule, str(changed_tables(before, now)), 0))
            before = now

    assert guilty == set()
    assert asked > 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_link_that_is_fetched_a_hundred_times_is_as_it_was(
    client: FlaskClient, engine: Engine, session: Session, keys: LinkKeys
) -> None:
    token = links_of(session, keys, open_survey(session, keys).partner)[1]
    before = dump(engine)

    for number in range(100):
        client.get(f"/s/{token}/a/recommend/{number % 11}", headers={"Purpose": "prefetch"})

    assert changed_tables(before, dump(engine)) == set()
    assert client.post(f"/s/{token}", data={"recommend": "8"}).status_code == 303


def test_a_view_that_would_write_on_get_is_stopped_by_the_database(
    app: Flask, client: FlaskClient, session: Session, engine: Engine
) -> None:
    from surveys.db import db

    def write() -> str:
        db.session.add(Import(kind="contacts", state="done", file_name="x", created_at=MONDAY))
        db.session.commit()
        return "stored"

    app.add_url_rule("/writes", view_func=write)
    before = dump(engine)

    assert client.get("/writes").status_code in (500, 503)
    assert client.head("/writes").status_code in (500, 503)
    assert changed_tables(before, dump(engine)) == set()
