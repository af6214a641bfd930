"""The questionnaire's editor and its rules in Chromium: keyboard, focus, live hiding."""

from collections.abc import Iterator

import pytest
from browsing import chromium, served, signed_in
from factories import MONDAY, PASSWORD, links_of, make_programme, make_survey, make_user
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.question_settings import set_rule
from surveys.questionnaire_drafts import add_question, start_draft
from surveys.questionnaires import publish_version
from surveys.waves import open_run

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    """The application on a free port; its address."""
    with served(app) as address:
        yield address


def codes(page: Page) -> list[str]:
    """The questions of the editor, in order."""
    return [str(each.get_attribute("id"))[2:] for each in page.locator("[data-row]").all()]


def test_questions_are_reordered_by_keyboard_alone(
    browser: Browser, base: str, session: Session
) -> None:
    make_user(session)
    survey_id = make_survey(session).id
    session.commit()
    page = signed_in(browser, base, "alicja@nordvik.example", PASSWORD, "en-GB")
    page.goto(f"{base}/questionnaires/{survey_id}")
    page.get_by_role("button", name="Edit questionnaire").click()
    before = codes(page)

    page.get_by_role("link", name="Edit Incentives").focus()
    page.keyboard.press("Alt+ArrowDown")

    up = page.locator("#q-incentives button[value=down]")
    expect(up).to_be_focused()
    assert codes(page)[1:3] == [before[2], before[1]]
    expect(page.locator("[data-announce]")).to_have_text("Moved down: place 3 of 13.")
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("#q-incentives button[value=up]")).to_be_focused()
    assert codes(page) == before
    # The buttons do the same, and what is on the page is what is stored.
    page.keyboard.press("Enter")
    expect(page.locator("[data-announce]")).to_have_text("Moved up: place 1 of 13.")
    expected = codes(page)
    page.reload()
    assert codes(page) == expected == [before[1], before[0], *before[2:]]


def test_questions_appear_as_they_are_led_to_and_the_progress_follows(
    browser: Browser, base: str, session: Session, keys: LinkKeys
) -> None:
    make_programme(session, companies=3, staff=1)
    survey = make_survey(session)
    draft = start_draft(session, survey)
    add_question(session, draft, "incentives_1")
    add_question(session, draft, "sells_now")
    set_rule(session, draft, "incentives_1", "incentives <= 2")
    publish_version(session, draft, now=MONDAY)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    page = browser.new_context(viewport={"width": 390, "height": 900}).new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.goto(f"{base}/s/{links_of(session, keys, run.partner)[0]}?lang=en")
    follow_up = page.locator("#q-incentives_1")
    total = page.locator("[data-total]")

    expect(follow_up).to_be_hidden()
    expect(total).to_have_text("14")
    page.check("input[name=incentives][value='2']", force=True)
    expect(follow_up).to_be_visible()
    expect(total).to_have_text("15")
    page.check("input[name=incentives][value='4']", force=True)
    expect(follow_up).to_be_hidden()
    page.check("input[name=sells_now][value='4']", force=True)
    expect(total).to_have_text("1")
    expect(page.locator("#q-recommend")).to_be_hidden()
    expect(page.get_by_role("heading", name="How far do you agree?")).to_be_hidden()
    page.check("input[name=sells_now][value='3']", force=True)
    expect(page.locator("#q-recommend")).to_be_visible()
    expect(total).to_have_text("3")
