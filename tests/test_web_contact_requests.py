"""What respondents ask in their own name: made on their page, seen to by the team."""

from typing import Any

import pytest
from factories import MONDAY, csrf_token, links_of, make_user, open_survey, sign_in
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from test_web_waves import text_of

from surveys.contact_requests import RequestFilter, RequestState, count_open, request_page
from surveys.invitations import LinkKeys
from surveys.models import AuditEvent, Contact, ContactRequest, Invitation
from surveys.terms import Role

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of a signed-in administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


def answered_link(session: Session, keys: LinkKeys) -> str:
    """The link of a partner's person who has answered."""
    run = open_survey(session, keys)
    token = links_of(session, keys, run.partner)[0]
    first = select(Invitation.id).where(Invitation.wave_id == run.partner.id)
    invitation = session.scalars(first.order_by(Invitation.id)).first()
    session.execute(
        update(Invitation).where(Invitation.id == invitation).values(answered_on=MONDAY.date())
    )
    session.commit()
    return token


def ask_for_call(client: FlaskClient, token: str, topic: str = "Margins") -> None:
    reply = client.post(f"/s/{token}/contact", data={"agree": "1", "topic": topic})
    assert reply.status_code == 303


def do(client: FlaskClient, session: Session, step: str) -> Any:
    request_id = session.scalars(select(ContactRequest.id)).one()
    session.rollback()
    token = csrf_token(client.get("/requests").text)
    return client.post(f"/requests/{request_id}", data={"do": step, "csrf_token": token})


def test_a_call_that_was_asked_for_waits_with_name_and_words_until_it_is_done(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    assert "Nobody is waiting" in text_of(alicja.get("/requests"))
    ask_for_call(alicja, answered_link(session, keys))

    page = text_of(alicja.get("/requests"))
    assert "Margins" in page
    assert "Waiting" in page
    assert count_open(session) == 1
    session.rollback()

    do(alicja, session, "take")
    assert "Alicja" in text_of(alicja.get("/requests?state=taken"))
    do(alicja, session, "finish")
    assert "Nobody is waiting" in text_of(alicja.get("/requests"))
    assert "Margins" in text_of(alicja.get("/requests?state=done"))

    do(alicja, session, "reopen")
    assert "Margins" in text_of(alicja.get("/requests?state=open"))
    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-3:] == ["request.take", "request.finish", "request.reopen"]


@on_sqlite
def test_a_wish_that_is_taken_back_is_seen_by_nobody_and_its_words_are_gone(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    token = answered_link(session, keys)
    ask_for_call(alicja, token)

    alicja.post(f"/s/{token}/contact", data={"do": "withdraw"})

    assert "Nobody is waiting" in text_of(alicja.get("/requests"))
    assert session.scalars(select(ContactRequest.topic)).all() == [None]
    session.rollback()
    assert "Ask for a call" in text_of(alicja.get(f"/s/{token}/thanks?lang=en"))
    ask_for_call(alicja, token, topic="Again")
    assert "Again" in text_of(alicja.get("/requests"))


@on_sqlite
def test_what_a_hostile_person_writes_stays_text(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    ask_for_call(alicja, answered_link(session, keys), topic="<script>alert(1)</script>")

    assert "<script>alert" not in alicja.get("/requests").text


@on_sqlite
def test_a_person_who_only_reads_results_sees_no_names(
    session: Session, client: FlaskClient
) -> None:
    make_user(session, role=Role.ANALYST)
    session.commit()
    sign_in(client)

    assert client.get("/requests").status_code == 403


@on_sqlite
def test_a_step_that_does_not_exist_and_a_request_that_does_not_exist_change_nothing(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    ask_for_call(alicja, answered_link(session, keys))

    assert do(alicja, session, "delete").status_code == 400
    token = csrf_token(alicja.get("/requests").text)
    gone = alicja.post("/requests/9999", data={"do": "take", "csrf_token": token})

    assert gone.status_code == 404
    assert count_open(session) == 1


@on_sqlite
def test_the_longest_waiting_stands_first(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys, companies=3)
    people = session.scalars(select(Contact.id).order_by(Contact.id).limit(3)).all()
    for days, contact_id in enumerate(people):
        session.add(
            ContactRequest(
                contact_id=contact_id,
                wave_id=run.partner.id,
                kind="call_me",
                consent_key="test",
                asked_on=MONDAY.date().replace(day=20 - days),
            )
        )
    session.commit()

    page = request_page(session, RequestFilter(), number=1)

    assert [each.asked_on.day for each in page.entries] == [18, 19, 20]
    assert {each.state for each in page.entries} == {RequestState.OPEN}
