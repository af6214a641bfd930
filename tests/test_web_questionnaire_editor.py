"""The questionnaire's editor, as a person without JavaScript uses it."""

import re

import pytest
from factories import csrf_token, make_survey, make_user, sign_in
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from surveys.models import AuditEvent, SurveyVersion
from surveys.questionnaire_drafts import lines_of
from surveys.questionnaires import published_version
from surveys.terms import Role

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
pytestmark = on_sqlite


@pytest.fixture
def survey_id(session: Session, client: FlaskClient) -> int:
    """A live survey whose next version is being edited by the client's person."""
    make_user(session)
    survey = make_survey(session)
    session.commit()
    found = survey.id
    session.rollback()
    sign_in(client)
    reply = post(client, found, "/start", page=f"/questionnaires/{found}")
    assert (reply.status_code, reply.location) == (303, f"/questionnaires/{found}/edit")
    return found


def post(
    client: FlaskClient, survey_id: int, path: str, *, page: str | None = None, **data: str
) -> TestResponse:
    """Send a form of the editor."""
    base = f"/questionnaires/{survey_id}/edit"
    token = csrf_token(client.get(page or base).text)
    return client.post(base + path, data=data | {"csrf_token": token})


def order(session: Session, survey_id: int) -> list[str]:
    """The questions of the draft."""
    version = session.scalars(
        select(SurveyVersion).where(
            SurveyVersion.survey_id == survey_id, SurveyVersion.published_at.is_(None)
        )
    ).one()
    found = [line.code for line in lines_of(session, version.id)]
    session.rollback()
    return found


def text_of(reply: TestResponse) -> str:
    """The words of a page, with single spaces."""
    plain = re.sub(r"<[^>]+>", " ", reply.text.replace("\N{NO-BREAK SPACE}", " "))
    return " ".join(plain.split())


def test_the_editor_shows_every_question_with_its_languages(
    client: FlaskClient, survey_id: int
) -> None:
    page = client.get(f"/questionnaires/{survey_id}/edit")

    assert "Draft of version 2." in text_of(page)
    assert page.text.count("data-row ") == 13
    assert page.text.count('class="tag t-pos"') == 26


def test_a_question_moves_and_the_focus_goes_with_it(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    before = order(session, survey_id)

    reply = post(client, survey_id, "/question/intent/move", way="up")

    place = before.index("intent")
    after = order(session, survey_id)
    assert after[place - 1 : place + 1] == ["intent", before[place - 1]]
    page = client.get(reply.location)
    assert page.text.count("data-focus") == 1
    assert "differs from the method" in page.text


def test_a_removed_question_can_be_put_back(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    before = order(session, survey_id)

    removed = client.get(post(client, survey_id, "/question/listening/remove").location)

    assert "A question was removed: listening." in text_of(removed)
    assert "listening" not in order(session, survey_id)
    assert post(client, survey_id, "/undo").status_code == 303
    assert order(session, survey_id) == before
    assert "Undo" not in client.get(f"/questionnaires/{survey_id}/edit").text


def test_words_are_edited_in_each_language_and_saved_as_the_next_version(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    opened = client.get(f"/questionnaires/{survey_id}/edit?open=listening")
    assert len(re.findall(r'name="text\.(?:partner|internal)\.(?:pl|en)"', opened.text)) == 4

    reply = post(
        client,
        survey_id,
        "/question/listening",
        **{"text.partner.en": "{v} listens to us.", "text.internal.pl": ""},
    )

    page = client.get(reply.location)
    assert "Question listening lacks Polish for staff." in text_of(page)
    assert "New line in the trend" in page.text
    opened = client.get(f"/questionnaires/{survey_id}/edit?open=listening")
    assert "The wording in Polski is missing." in text_of(opened)
    assert 'name="text.internal.pl" rows="2" lang="pl" maxlength="500" aria-invalid="true"' in (
        opened.text
    )
    confirm = client.get(f"/questionnaires/{survey_id}/publish")
    assert "must be mended first" in text_of(confirm)
    post(client, survey_id, "/question/listening/standard")
    token = csrf_token(client.get(f"/questionnaires/{survey_id}/publish").text)
    done = client.post(f"/questionnaires/{survey_id}/publish", data={"csrf_token": token})
    assert done.status_code == 303
    version = published_version(session, survey_id)
    assert version
    assert version.number == 2


def test_words_that_are_too_long_are_refused_at_their_field_and_kept(
    client: FlaskClient, survey_id: int
) -> None:
    reply = post(client, survey_id, "/question/comment", **{"text.partner.en": "x" * 501})

    assert reply.status_code == 422
    assert "Use at most 500 characters." in text_of(reply)
    assert "x" * 501 in reply.text
    assert 'aria-describedby="text.partner.en-note"' in reply.text


def test_a_question_of_the_bank_is_added_once(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    assert post(client, survey_id, "/add", question="incentives_2").status_code == 303
    assert "incentives_2" in order(session, survey_id)

    again = post(client, survey_id, "/add", question="incentives_2")

    assert again.status_code == 422
    assert "This question is asked already." in text_of(again)
    assert '<option value="incentives_2"' not in again.text


def test_a_question_of_ones_own_is_added_with_its_answers(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    reply = post(
        client,
        survey_id,
        "/new",
        type="one",
        **{
            "text.partner.en": "Which portal?",
            "text.partner.pl": "Który portal?",
            "labels.partner.en": "Orders\r\n\r\nTraining",
            "labels.partner.pl": "Zamówienia\nSzkolenia",
        },
    )

    assert reply.status_code == 303
    assert "own_1" in order(session, survey_id)
    assert "partners only" in client.get(reply.location).text
    post(client, survey_id, "/question/own_1/settings", rule="recommend <= 6")
    read = text_of(client.get(f"/questionnaires/{survey_id}"))
    assert "Which portal? Orders Training" in read
    assert "Only if recommend &lt;= 6" in read


def test_an_unfinished_question_of_ones_own_is_kept_on_the_page(
    client: FlaskClient, survey_id: int
) -> None:
    reply = post(client, survey_id, "/new", type="one", **{"text.partner.en": "Which portal?"})

    assert reply.status_code == 422
    assert "Give at least two answers, one on each line." in text_of(reply)
    assert "Which portal?" in reply.text


def test_a_draft_is_given_up_after_a_question(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    base = f"/questionnaires/{survey_id}/edit"
    assert "is given up" in text_of(client.get(f"{base}/discard"))

    reply = post(client, survey_id, "/discard", page=f"{base}/discard")

    assert reply.location == f"/questionnaires/{survey_id}"
    assert client.get(base).status_code == 303
    late = post(client, survey_id, "/add", page=f"/questionnaires/{survey_id}", question="role")
    assert (late.status_code, late.location) == (303, f"/questionnaires/{survey_id}")
    assert "published or discarded meanwhile" in text_of(client.get(late.location))


def test_a_change_without_the_guard_changes_nothing(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    before = order(session, survey_id)

    for path in ("/question/intent/move", "/question/intent/remove", "/question/intent", "/add"):
        reply = client.post(f"/questionnaires/{survey_id}/edit{path}", data={"way": "up"})
        assert reply.status_code == 422
        assert "This page was open for too long" in text_of(reply)
    assert order(session, survey_id) == before


def test_every_change_that_matters_is_in_the_audit_log(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    post(client, survey_id, "/question/listening/remove")
    post(client, survey_id, "/undo")

    actions = session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)).all()
    assert actions[-3:] == ["questionnaire.edit", "questionnaire.remove", "questionnaire.add"]


def test_who_may_not_run_surveys_edits_none(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    make_user(session, "jan@nordvik.example", role=Role.ANALYST)
    session.commit()
    token = csrf_token(client.get("/overview").text)
    client.post("/logout", data={"csrf_token": token})
    sign_in(client, "jan@nordvik.example")

    assert client.get(f"/questionnaires/{survey_id}/edit").status_code == 403
    token = csrf_token(client.get("/overview").text)
    reply = client.post(
        f"/questionnaires/{survey_id}/edit/question/intent/remove", data={"csrf_token": token}
    )
    assert reply.status_code == 403


# --- rules and comments -------------------------------------------------------------------------


def test_a_rule_is_saved_and_shown(client: FlaskClient, session: Session, survey_id: int) -> None:
    reply = post(client, survey_id, "/question/comment/settings", rule="show if incentives ≤ 2")

    assert reply.status_code == 303
    page = text_of(client.get(reply.location))
    assert "Only if incentives &lt;= 2" in page
    opened = client.get(f"/questionnaires/{survey_id}/edit?open=comment").text
    assert 'value="incentives &lt;= 2"' in opened


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("incentives <= low", "The rule of question listening cannot be read"),
        ("nothing = 1", "looks at 'nothing', which is not asked."),
        ("monitoring = 1", "looks at 'monitoring', which is not asked before it."),
        ("incentives = 8", "names an answer that is not offered: 'incentives = 8'."),
        ("incentives < 2 and incentives > 3", "can never be true."),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_its_reason(
    client: FlaskClient, survey_id: int, rule: str, words: str
) -> None:
    reply = post(client, survey_id, "/question/listening/settings", rule=rule)

    assert reply.status_code == 422
    assert words in text_of(reply).replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">")
    assert 'aria-describedby="rule-note" aria-invalid="true"' in reply.text
    assert "nothing = 1" not in rule or 'value="nothing = 1"' in reply.text


def test_a_side_that_cannot_follow_a_rule_is_always_asked(
    client: FlaskClient, survey_id: int
) -> None:
    reply = post(client, survey_id, "/question/comment/settings", rule="intent = 4")

    assert reply.status_code == 303
    opened = text_of(client.get(f"/questionnaires/{survey_id}/edit?open=comment"))
    assert "Your team cannot follow the rule and is always asked." in opened


def test_a_move_that_breaks_a_rule_blocks_publishing_and_says_why(
    client: FlaskClient, survey_id: int
) -> None:
    post(client, survey_id, "/question/executive_backing/settings", rule="incentives <= 2")

    page = client.get(
        post(client, survey_id, "/question/executive_backing/move", way="up").location
    )

    assert "looks at &#39;incentives&#39;, which is not asked before it." in page.text
    assert "Save as version" not in page.text


def test_a_comment_is_offered_under_a_rating_or_not(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    post(client, survey_id, "/question/recommend/settings", comment="1")
    post(client, survey_id, "/question/listening/settings", rule="")

    page = client.get(f"/questionnaires/{survey_id}/preview/page?wording=en").text

    assert 'name="recommend_why"' in page
    assert 'data-low-to="6" data-high-from="9"' in page
    assert 'name="listening_why"' not in page


# --- preview ------------------------------------------------------------------------------------


def test_the_preview_shows_each_audience_in_each_language_and_stores_nothing(
    client: FlaskClient, survey_id: int
) -> None:
    base = f"/questionnaires/{survey_id}/preview"
    for audience, locale, words in (
        ("partner", "en", "How is working with Nordvik going?"),
        ("partner", "pl", "Jak układa się Państwu współpraca"),
        ("internal", "en", "What would our partners say?"),
        ("internal", "pl", "Nasi partnerzy powiedzieliby"),
    ):
        frame = client.get(f"{base}?audience={audience}&wording={locale}")
        assert f"/preview/page?audience={audience}&amp;wording={locale}" in frame.text
        assert "frame-src 'self'" in frame.headers["Content-Security-Policy"]
        page = client.get(f"{base}/page?audience={audience}&wording={locale}")
        assert words in page.text.replace("\N{NO-BREAK SPACE}", " ")
        assert "data-autosave" not in page.text
        assert 'type="submit"' not in page.text
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_the_preview_names_what_is_missing_in_a_language(
    client: FlaskClient, survey_id: int
) -> None:
    post(client, survey_id, "/question/listening", **{"text.partner.pl": ""})
    base = f"/questionnaires/{survey_id}/preview"

    assert "Question listening lacks Polish for partners." in text_of(
        client.get(f"{base}?wording=pl")
    )
    assert client.get(f"{base}/page?wording=pl").status_code == 404
    assert client.get(f"{base}/page?wording=en").status_code == 200


# --- the bank -----------------------------------------------------------------------------------


def test_a_retired_question_can_be_added_no_more_and_stays_where_it_is_asked(
    client: FlaskClient, session: Session, survey_id: int
) -> None:
    token = csrf_token(client.get("/question-bank").text)
    for code in ("incentives_2", "listening"):
        reply = client.post(
            f"/question-bank/{code}/status", data={"csrf_token": token, "status": "retired"}
        )
        assert (reply.status_code, reply.location) == (303, f"/question-bank#q-{code}")

    page = client.get("/question-bank").text
    assert page.count(">Retired<") == 2
    edit = client.get(f"/questionnaires/{survey_id}/edit").text
    assert '<option value="incentives_2"' not in edit
    assert post(client, survey_id, "/add", question="incentives_2").status_code == 422
    assert "listening" in order(session, survey_id)

    data = {"csrf_token": token, "status": "active"}
    client.post("/question-bank/incentives_2/status", data=data)
    assert post(client, survey_id, "/add", question="incentives_2").status_code == 303


def test_only_a_known_status_and_a_known_question_are_taken(
    client: FlaskClient, survey_id: int
) -> None:
    token = csrf_token(client.get("/question-bank").text)

    for code, data, status in (
        ("listening", {"csrf_token": token, "status": "gone"}, 422),
        ("listening", {"status": "retired"}, 422),
        ("nothing", {"csrf_token": token, "status": "retired"}, 404),
    ):
        assert client.post(f"/question-bank/{code}/status", data=data).status_code == status
    assert ">Retired<" not in client.get("/question-bank").text
