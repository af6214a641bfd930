"""Stopping survey mails by the link in every mail, and taking that back."""

from datetime import date

import pytest
from factories import MONDAY, links_of, make_survey, open_survey
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump
from werkzeug.test import TestResponse

from surveys.invitations import LinkKeys
from surveys.mail.outbox import claim_due
from surveys.models import Contact, ContactRequest, Suppression
from surveys.preferences import lift_suppression, preferences_token, suppress
from surveys.terms import Audience, SuppressionReason
from surveys.waves import Run

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    return open_survey(session, keys)


@pytest.fixture
def token(session: Session, keys: LinkKeys, run: Run) -> str:
    """The preferences of a partner's person who reads English."""
    contact = session.scalars(
        select(Contact).where(Contact.locale == "en", Contact.audience == Audience.PARTNER)
    ).first()
    assert contact
    found = preferences_token(keys.secret_key, contact)
    session.rollback()
    return found


def opt_outs(session: Session) -> list[str]:
    session.rollback()
    found = session.scalars(select(Suppression.source).order_by(Suppression.id)).all()
    session.rollback()
    return list(found)


def test_looking_at_the_link_stops_nothing(client: FlaskClient, engine: Engine, token: str) -> None:
    before = dump(engine)

    for _ in range(3):
        page = client.get(f"/u/{token}")
        client.head(f"/u/{token}")
        client.options(f"/u/{token}")

    assert "Stop survey emails?" in page.text
    assert '<button type="submit"' in page.text
    assert changed_tables(before, dump(engine)) == set()


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_one_click_of_a_mail_program_acts_at_once_and_can_be_repeated(
    client: FlaskClient, session: Session, token: str, content_type: str
) -> None:
    for _ in range(3):
        reply = client.post(
            f"/u/{token}",
            data={"List-Unsubscribe": "One-Click"},
            content_type=content_type,
            headers={"Origin": "https://mail.example"},
        )
        assert (reply.status_code, reply.text) == (200, "")
        assert "Set-Cookie" not in reply.headers

    assert opt_outs(session) == ["one_click"]
    assert "You will get no more survey emails." in client.get(f"/u/{token}").text


def test_an_opt_out_stops_the_mail_that_waits(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})

    assert len(claim_due(session, owner="a", now=MONDAY, limit=9)) == 3


@on_sqlite
def test_the_button_stops_and_undo_resumes(
    client: FlaskClient, session: Session, token: str
) -> None:
    stopped = client.post(f"/u/{token}", data={"do": "stop"})
    assert stopped.status_code == 303
    assert "You will get no more survey emails." in client.get(stopped.location).text
    assert opt_outs(session) == ["page"]

    for _ in range(2):
        resumed = client.post(f"/u/{token}", data={"do": "resume"})
        assert "Stop survey emails?" in client.get(resumed.location).text
    assert opt_outs(session) == []


@on_sqlite
def test_a_request_that_says_nothing_gets_the_page_and_changes_nothing(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    before = dump(engine)

    for data in ({}, {"do": "what"}, {"List-Unsubscribe": "Maybe"}, {"list-unsubscribe": "x"}):
        reply = client.post(f"/u/{token}", data=data)
        assert reply.status_code == 200
        assert "Stop survey emails?" in reply.text

    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_undo_takes_back_ones_own_opt_out_and_nothing_else(
    client: FlaskClient, session: Session, token: str, run: Run
) -> None:
    client.post(f"/u/{token}", data={"do": "stop"})
    key = session.scalars(select(Suppression.email_hash)).one()
    for reason, survey_id in (
        (SuppressionReason.HARD_BOUNCE, None),
        (SuppressionReason.MANUAL, None),
        (SuppressionReason.OPT_OUT, run.partner.survey_id),
    ):
        suppress(
            session,
            key,
            email=None,
            reason=reason,
            source="test",
            now=MONDAY,
            survey_id=survey_id,
        )
    session.commit()

    client.post(f"/u/{token}", data={"do": "resume"})

    assert opt_outs(session) == ["test", "test", "test"]


@on_sqlite
def test_a_person_can_stop_mails_again_after_the_vendor_lifted_it(
    client: FlaskClient, session: Session, token: str
) -> None:
    from factories import make_user

    client.post(f"/u/{token}", data={"do": "stop"})
    entry = session.scalars(select(Suppression.id)).one()
    lift_suppression(session, entry, user_id=make_user(session).id, now=MONDAY)
    session.commit()
    assert "Stop survey emails?" in client.get(f"/u/{token}").text

    client.post(f"/u/{token}", data={"do": "stop"})

    assert session.scalar(select(func.count()).select_from(Suppression)) == 2
    session.rollback()
    assert "You will get no more survey emails." in client.get(f"/u/{token}").text


@on_sqlite
def test_wrong_links_of_both_kinds_get_the_same_page(
    client: FlaskClient, session: Session, keys: LinkKeys, run: Run, token: str
) -> None:
    answer = links_of(session, keys, run.partner)[0]
    expected = client.get(f"/u/{'A' * 22}")

    for wrong in (token[:-1], token.swapcase(), answer):
        for reply in (client.get(f"/u/{wrong}"), client.post(f"/u/{wrong}", data={"do": "stop"})):
            assert (reply.status_code, reply.text) == (404, expected.text)
    assert opt_outs(session) == []


@on_sqlite
def test_the_page_is_in_its_readers_language(client: FlaskClient, token: str) -> None:
    assert '<html lang="en">' in client.get(f"/u/{token}").text
    assert '<html lang="pl">' in client.get(f"/u/{token}?lang=pl").text
    reply = client.post(f"/u/{token}?lang=pl", data={"do": "stop"})
    assert reply.location.endswith("?lang=pl")


@on_sqlite
def test_an_erased_person_has_nothing_to_stop(
    client: FlaskClient, session: Session, token: str
) -> None:
    for contact in session.scalars(select(Contact)):
        contact.email = contact.email_hash = None
    session.commit()

    assert client.post(f"/u/{token}", data={"do": "stop"}).status_code == 303
    assert opt_outs(session) == []


def pause(client: FlaskClient, token: str, until: str) -> TestResponse:
    return client.post(f"/u/{token}", data={"do": "pause", "until": until})


def test_a_pause_stops_the_mail_that_waits_and_the_next_wave_until_its_day(
    client: FlaskClient, session: Session, token: str
) -> None:
    assert pause(client, token, "2027-03-01").status_code == 303

    assert "No survey comes before 1 March 2027" in client.get(f"/u/{token}").text
    assert len(claim_due(session, owner="a", now=MONDAY, limit=9)) == 3
    session.rollback()
    paused = session.scalars(select(Contact.do_not_survey_until)).all()
    session.rollback()
    assert [day for day in paused if day] == [date(2027, 3, 1)]

    client.post(f"/u/{token}", data={"do": "unpause"})
    assert "Send me no survey before" in client.get(f"/u/{token}").text


@on_sqlite
@pytest.mark.parametrize("until", ["", "soon", "2027-02-08", "2020-01-01", "2029-01-01", "1 March"])
def test_a_day_that_cannot_be_is_refused_with_the_days_that_can(
    client: FlaskClient, engine: Engine, token: str, until: str
) -> None:
    before = dump(engine)

    reply = pause(client, token, until)

    assert reply.status_code == 422
    assert 'aria-describedby="e-until"' in reply.text
    assert changed_tables(before, dump(engine)) == set()


def test_the_wrong_person_names_another_and_gets_no_more_mail(
    client: FlaskClient, session: Session, token: str
) -> None:
    for _ in range(2):
        reply = client.post(f"/u/{token}", data={"do": "wrong_person", "whom": "Jan, purchasing"})
        assert reply.status_code == 303

    assert "Your hint whom to ask was passed on." in client.get(f"/u/{token}").text
    found = session.execute(select(ContactRequest.kind, ContactRequest.topic)).all()
    session.rollback()
    assert [tuple(each) for each in found] == [("wrong_person", "Jan, purchasing")]
    assert opt_outs(session) == ["page"]

    client.post(f"/u/{token}", data={"do": "resume"})
    assert opt_outs(session) == []
    assert session.scalars(select(ContactRequest.topic)).all() == [None]


@on_sqlite
def test_one_survey_can_be_stopped_where_there_are_two(
    client: FlaskClient, session: Session, token: str, run: Run
) -> None:
    assert "Only one survey" not in client.get(f"/u/{token}").text
    contact = session.scalars(
        select(Contact).where(Contact.locale == "en", Contact.audience == Audience.PARTNER)
    ).first()
    assert contact is not None
    assert contact.email_hash is not None
    other_id = make_survey(session, name="Annual review").id
    suppress(
        session,
        contact.email_hash,
        email=None,
        reason=SuppressionReason.OPT_OUT,
        source="page",
        now=MONDAY,
        survey_id=other_id,
    )
    survey_id = run.partner.survey_id
    session.commit()

    page = client.get(f"/u/{token}").text
    assert "Annual review" in page
    client.post(f"/u/{token}", data={"do": "stop", "survey": str(survey_id)})

    session.rollback()
    stopped = session.scalars(select(Suppression.survey_id).order_by(Suppression.id)).all()
    session.rollback()
    assert stopped == [other_id, survey_id]
    assert "Stop survey emails?" in client.get(f"/u/{token}").text
    client.post(f"/u/{token}", data={"do": "resume", "survey": str(survey_id)})
    assert session.scalars(select(Suppression.survey_id)).all() == [other_id]


@on_sqlite
def test_a_survey_that_is_not_theirs_changes_nothing(
    client: FlaskClient, engine: Engine, token: str
) -> None:
    before = dump(engine)

    assert client.post(f"/u/{token}", data={"do": "stop", "survey": "999"}).status_code == 200

    assert changed_tables(before, dump(engine)) == set()
