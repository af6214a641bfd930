"""The pages of surveys and their questionnaires, as a person without JavaScript uses them."""

import re

import pytest
from factories import csrf_token, make_survey, make_user, sign_in
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from surveys.models import AuditEvent, Question, Survey, SurveyVersion, VersionItem, WordingText
from surveys.terms import Audience, Mode, Role, SurveyStatus

NEW_SURVEY = {
    "name": "Quarterly pulse",
    "mode": "confidential",
    "time_zone": "Europe/Warsaw",
    "template_key": "quarterly_pulse",
}


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of a signed-in administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


def create(client: FlaskClient, **values: str) -> TestResponse:
    """Fill in the page of a new survey."""
    token = csrf_token(client.get("/surveys/new").text)
    return client.post("/surveys", data=NEW_SURVEY | values | {"csrf_token": token})


def publish(client: FlaskClient, survey_id: int) -> TestResponse:
    """Press the button of the questionnaire's page."""
    token = csrf_token(client.get(f"/questionnaires/{survey_id}").text)
    return client.post(f"/questionnaires/{survey_id}/publish", data={"csrf_token": token})


def text_of(reply: TestResponse) -> str:
    """The words of a page, without tags and with single spaces."""
    plain = re.sub(r"<[^>]+>", " ", reply.text.replace("\N{NO-BREAK SPACE}", " "))
    return " ".join(plain.split()).replace(" .", ".").replace(" ,", ",")


def actions(session: Session) -> list[str]:
    """What the audit log says was done, without signing in."""
    query = select(AuditEvent.action).order_by(AuditEvent.id)
    found = [action for action in session.scalars(query) if not action.startswith("user.")]
    session.rollback()
    return found


def break_draft(session: Session) -> None:
    """Staff lose a mirror, partners lose a language."""
    items = {
        (item.question.code, item.audience): item
        for item in session.scalars(select(VersionItem).join(Question))
    }
    session.execute(
        delete(WordingText).where(
            WordingText.wording_id == items["incentives", Audience.PARTNER].wording_id,
            WordingText.locale == "pl",
        )
    )
    session.delete(items["listening", Audience.INTERNAL])
    session.commit()


def survey_id_of(session: Session) -> int:
    """The only survey there is."""
    found = session.scalars(select(Survey.id)).one()
    session.rollback()
    return found


def test_without_a_survey_the_list_says_how_to_start_one(alicja: FlaskClient) -> None:
    reply = alicja.get("/questionnaires")

    assert "No survey yet" in reply.text
    assert 'href="/surveys/new"' in reply.text


def test_a_survey_is_started_with_its_mode_and_leads_to_its_questionnaire(
    session: Session, alicja: FlaskClient
) -> None:
    reply = create(alicja, mode="identified", time_zone="Europe/Berlin")

    survey = session.scalars(select(Survey)).one()
    assert (survey.mode, survey.time_zone) == (Mode.IDENTIFIED, "Europe/Berlin")
    assert (reply.status_code, reply.location) == (303, f"/questionnaires/{survey.id}")
    session.rollback()
    assert actions(session) == ["survey.create"]
    assert "Version 1 is a draft." in text_of(alicja.get(reply.location))


def test_each_mode_is_offered_with_what_it_promises(session: Session, alicja: FlaskClient) -> None:
    make_survey(session)
    session.commit()

    page = text_of(alicja.get("/surveys/new"))

    assert "Nordvik sees your answers with your name and company." in page
    assert "joint results of at least 5 people from at least 3 companies" in page
    assert "Stored with them: partner type, tier, only in groups of at least 5 people." in page


def test_templates_are_offered_with_their_length_unless_waves_cannot_rotate_them(
    alicja: FlaskClient,
) -> None:
    page = text_of(alicja.get("/surveys/new"))

    assert "Quarterly pulse (13 questions, about 3 minutes)" in page
    assert "Yearly review (49 questions, about 8 minutes)" in page
    assert "monthly_pulse" not in alicja.get("/surveys/new").text
    assert create(alicja, template_key="monthly_pulse").status_code == 422


def test_a_wrong_value_is_refused_at_its_field_and_what_was_typed_is_kept(
    session: Session, alicja: FlaskClient
) -> None:
    for field, typed, words in (
        ("name", "", "Give it a name."),
        ("name", "x" * 100, "Use at most 80 characters."),
        ("mode", "secret", "Choose one of the list."),
        ("time_zone", "Mars/Base", "Choose one of the list."),
    ):
        data = {"name": "Half-year pulse", field: typed}
        reply = create(alicja, **data)
        assert reply.status_code == 422
        assert words in text_of(reply)
        assert f'href="#{field}"' in reply.text
        assert f'value="{data["name"]}"' in reply.text
    assert session.scalar(select(func.count()).select_from(Survey)) == 0


def test_a_second_click_on_start_makes_no_second_survey(
    session: Session, alicja: FlaskClient
) -> None:
    replies = [create(alicja) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [303, 422]
    assert "Another survey has this name." in text_of(replies[1])
    assert session.scalar(select(func.count()).select_from(Survey)) == 1


def test_the_questionnaire_is_read_side_by_side_in_either_language(
    session: Session, alicja: FlaskClient
) -> None:
    make_survey(session)
    session.commit()
    address = f"/questionnaires/{survey_id_of(session)}"

    english = alicja.get(address)
    polish = alicja.get(f"{address}?wording=pl")

    page = text_of(english)
    assert page.count("Partners see") == page.count("Our team sees") == 13
    assert "Nordvik acts on what we tell it." in page
    assert "Our partners would say that… …we act on what they tell us." in page
    assert "Partners: 13 questions, about 3 minutes." in page
    assert "Version 1 was published on 8 February 2027" in page
    assert "Nordvik reaguje na nasze uwagi." in text_of(polish)
    assert '<html lang="en">' in polish.text
    assert '<div lang="pl">' in polish.text
    assert ">Edit<" not in english.text
    assert "{v}" not in english.text + polish.text


def test_publishing_says_first_what_it_does_and_then_freezes_the_version(
    session: Session, alicja: FlaskClient
) -> None:
    create(alicja)
    survey_id = survey_id_of(session)

    confirm = text_of(alicja.get(f"/questionnaires/{survey_id}/publish"))
    reply = publish(alicja, survey_id)

    assert "Publish version 1?" in confirm
    assert "Nobody gets a mail yet." in confirm
    assert reply.status_code == 303
    assert "Version 1 is published." in text_of(alicja.get(reply.location))
    survey = session.get_one(Survey, survey_id)
    assert survey.status is SurveyStatus.ACTIVE
    assert survey.versions[0].published_by_id is not None
    session.rollback()
    assert actions(session) == ["survey.create", "questionnaire.publish"]


def test_publishing_twice_changes_nothing(session: Session, alicja: FlaskClient) -> None:
    create(alicja)
    survey_id = survey_id_of(session)

    replies = [publish(alicja, survey_id) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [303, 303]
    assert actions(session) == ["survey.create", "questionnaire.publish"]
    assert alicja.get(f"/questionnaires/{survey_id}/publish").status_code == 303


def test_an_incomplete_questionnaire_is_refused_and_every_gap_is_named(
    session: Session, alicja: FlaskClient
) -> None:
    create(alicja)
    survey_id = survey_id_of(session)
    break_draft(session)

    page = alicja.get(f"/questionnaires/{survey_id}?wording=pl")
    reply = publish(alicja, survey_id)

    assert reply.status_code == 409
    for shown in (page, reply):
        assert "Question listening lacks its mirror." in text_of(shown)
        assert "Question incentives lacks Polish for partners." in text_of(shown)
        assert 'href="#q-listening"' in shown.text
        assert 'id="q-listening"' in shown.text
        assert "data-dialog" not in shown.text
    assert "The wording in Polski is missing." in text_of(page)
    assert session.scalar(select(SurveyVersion.published_at)) is None
    session.rollback()
    assert actions(session) == ["survey.create"]


def test_without_its_guard_nothing_is_started_or_published(
    session: Session, alicja: FlaskClient
) -> None:
    create(alicja)
    survey_id = survey_id_of(session)

    forged = {"csrf_token": "forged"}
    replies = [
        alicja.post("/surveys", data=NEW_SURVEY | {"name": "Another"} | forged),
        alicja.post(f"/questionnaires/{survey_id}/publish", data=forged),
    ]

    assert [reply.status_code for reply in replies] == [422, 422]
    assert all("so nothing was changed" in reply.text for reply in replies)
    assert actions(session) == ["survey.create"]


def test_the_list_shows_version_mode_and_state(session: Session, alicja: FlaskClient) -> None:
    make_survey(session, name="Old pulse", mode=Mode.ANONYMOUS)
    session.commit()
    create(alicja)

    page = text_of(alicja.get("/questionnaires"))

    assert "Old pulse 1 Anonymous Polski, English Published 8 February 2027" in page
    assert "Quarterly pulse 1 Confidential Polski, English Draft" in page


def test_an_unknown_survey_is_not_found(alicja: FlaskClient) -> None:
    assert alicja.get("/questionnaires/999").status_code == 404
    assert alicja.get("/questionnaires/999/publish").status_code == 404


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_who_only_reads_results_may_not_touch_questionnaires(
    session: Session, client: FlaskClient, role: Role
) -> None:
    make_user(session, email="celina@nordvik.example", role=role)
    make_survey(session)
    session.commit()
    survey_id = survey_id_of(session)
    sign_in(client, "celina@nordvik.example")
    token = csrf_token(client.get("/").text)

    for address in ("/questionnaires", f"/questionnaires/{survey_id}", "/surveys/new"):
        assert client.get(address).status_code == 403, address
    for address in ("/surveys", f"/questionnaires/{survey_id}/publish"):
        data = NEW_SURVEY | {"name": "Mine", "csrf_token": token}
        assert client.post(address, data=data).status_code == 403, address
    assert session.scalar(select(func.count()).select_from(Survey)) == 1


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_every_page_of_questionnaires_is_drawn_in_both_languages(
    session: Session, alicja: FlaskClient, locale: str
) -> None:
    create(alicja)
    survey_id = survey_id_of(session)

    for address in (
        "/questionnaires",
        "/surveys/new",
        f"/questionnaires/{survey_id}",
        f"/questionnaires/{survey_id}/publish",
    ):
        reply = alicja.get(f"{address}?lang={locale}")
        assert reply.status_code == 200, address
        assert f'<html lang="{locale}">' in reply.text
        assert "%(" not in reply.text


def test_the_list_takes_as_many_statements_however_many_surveys_there_are(
    session: Session, alicja: FlaskClient, statements: list[str]
) -> None:
    def count() -> int:
        statements.clear()
        assert alicja.get("/questionnaires").status_code == 200
        return len(statements)

    make_survey(session)
    session.commit()
    few = count()
    for number in range(4):
        make_survey(session, name=f"Survey {number}")
    session.commit()

    assert count() == few
