"""Rules of show and hide on a real survey: what the page says, and what is kept of what is sent."""

import json
import re
from html import unescape

import pytest
from factories import MONDAY, links_of, make_programme, make_survey
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.asked_questions import not_asked
from surveys.invitations import LinkKeys
from surveys.models import Answer, Comment, Question
from surveys.question_settings import set_rule
from surveys.questionnaire_drafts import add_question, start_draft
from surveys.questionnaires import publish_version, read_questionnaire
from surveys.terms import Audience, Mode
from surveys.waves import open_run


@pytest.fixture
def token(session: Session, keys: LinkKeys) -> str:
    """The link of a partner whose survey asks `incentives_1` after a low answer only."""
    make_programme(session, companies=3, staff=1)
    survey = make_survey(session)
    draft = start_draft(session, survey)
    add_question(session, draft, "incentives_1")
    add_question(session, draft, "sells_now")
    set_rule(session, draft, "incentives_1", "incentives <= 2")
    publish_version(session, draft, now=MONDAY)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return links_of(session, keys, run.partner)[0]


def kept(session: Session) -> dict[str, int | None]:
    """The stored answers by code."""
    rows = session.execute(
        select(Question.code, Answer.value).join(Question, Question.id == Answer.question_id)
    )
    found = {row.code: row.value for row in rows}
    session.rollback()
    return found


def test_an_answer_that_its_rule_does_not_lead_to_is_not_kept(
    client: FlaskClient, session: Session, token: str
) -> None:
    data = {"incentives": "4", "incentives_1": "1", "incentives_1_why": "Too complex."}
    assert client.post(f"/s/{token}", data=data).status_code == 303

    assert kept(session) == {"incentives": 4}
    assert session.scalars(select(Comment.text)).all() == []


def test_a_changed_answer_leads_to_the_question_after_all(
    client: FlaskClient, session: Session, token: str
) -> None:
    client.post(f"/s/{token}", data={"incentives": "4", "incentives_1": "1"})

    client.post(f"/s/{token}", data={"incentives": "2", "incentives_1": "1"})

    assert kept(session) == {"incentives": 2, "incentives_1": 1}


def test_an_answer_can_end_the_survey(client: FlaskClient, session: Session, token: str) -> None:
    client.post(f"/s/{token}", data={"sells_now": "4", "recommend": "9", "incentives": "3"})
    assert kept(session) == {"sells_now": 4}

    client.post(f"/s/{token}", data={"sells_now": "3", "recommend": "9", "incentives": "3"})
    assert kept(session) == {"sells_now": 3, "recommend": 9}


def test_only_hidden_answers_are_no_response(
    client: FlaskClient, session: Session, token: str
) -> None:
    reply = client.post(f"/s/{token}?lang=en", data={"incentives_1": "1"})

    assert reply.status_code == 422
    assert "Please answer at least one question" in reply.text


def test_the_page_says_without_javascript_for_whom_a_question_is(
    client: FlaskClient, token: str
) -> None:
    page = client.get(f"/s/{token}?lang=en").text.replace("\N{NO-BREAK SPACE}", " ")

    assert "Only if question 3: 1, 2:" in page
    (rule,) = re.findall(r'data-show="([^"]+)"', page)
    assert json.loads(unescape(rule)) == {
        "all": True,
        "parts": [["incentives", "<=", "2"]],
    }
    assert "js/rules.js" in page


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_survey_without_rules_carries_nothing_of_them(session: Session) -> None:
    survey = make_survey(session, mode=Mode.ANONYMOUS)
    version = start_draft(session, survey)
    asked = read_questionnaire(session, version.id, audience=Audience.PARTNER, locale="pl")

    assert not_asked(asked.items, {"recommend": ["3"]}) == frozenset()
