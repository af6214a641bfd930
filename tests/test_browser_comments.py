"""The comments inbox in a real browser: keys, focus, undo, and all of it without a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import chromium, served, signed_in
from factories import PASSWORD
from playwright.sync_api import Browser, Locator, Page, expect
from results_sites import Runs, results_site

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("inbox")) as runs:
        yield runs


@pytest.fixture(scope="module")
def base(runs: Runs) -> Iterator[str]:
    """The address of the site."""
    with served(runs.site.app) as base:
        yield base


@pytest.fixture
def inbox(base: str, runs: Runs, browser: Browser) -> Iterator[Page]:
    """The comments of the published run, in front of an administrator."""
    page = signed_in(browser, base, "alicja@nordvik.example", PASSWORD, "en-GB")
    page.goto(f"{base}/comments/{runs.published}")
    yield page
    page.context.close()


def focused(page: Page) -> str:
    """The id of what has the focus."""
    return str(page.evaluate("document.activeElement.id"))


def into_list(page: Page) -> Locator:
    """Walk into the list by Tab alone; the first comment."""
    page.locator("nav.seg a").last.focus()
    page.keyboard.press("Tab")
    first = page.locator(".cm").first
    expect(first.locator(":focus")).to_have_count(1)
    return first


def press(page: Page, key: str) -> None:
    """A key that sends something: wait for the page that follows."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_a_rating_is_corrected_and_undone_by_keys_and_the_focus_stays(inbox: Page) -> None:
    into_list(inbox)
    inbox.keyboard.press("j")
    inbox.keyboard.press("j")
    inbox.keyboard.press("k")
    place = focused(inbox)
    assert place == inbox.locator(".cm").nth(1).get_attribute("id")
    comment = inbox.locator(f"#{place}")
    before = comment.locator(".tag").first.inner_text()

    press(inbox, "4" if before != "Positive" else "1")

    expect(inbox.locator(f"#{place}")).to_be_focused()
    expect(comment.locator(".tag").first).not_to_have_text(before)
    expect(comment).to_contain_text("Corrected by Alicja Nowak")
    expect(comment).to_have_accessible_description(inbox.locator("#notice").inner_text())
    press(inbox, "u")
    expect(inbox.locator(f"#{place}")).to_be_focused()
    expect(comment.locator(".tag").first).to_have_text(before)
    expect(inbox.get_by_role("status")).to_contain_text("The correction is undone")


def test_a_comment_that_leaves_the_list_hands_the_focus_on(
    inbox: Page, base: str, runs: Runs
) -> None:
    inbox.goto(f"{base}/comments/{runs.published}?label=negative")
    into_list(inbox)
    inbox.keyboard.press("j")
    gone, following = focused(inbox), inbox.locator(".cm").nth(2).get_attribute("id")

    press(inbox, "2")

    expect(inbox.locator(f"#{following}")).to_be_focused()
    expect(inbox.locator(f"#{gone}")).to_have_count(0)
    inbox.locator(".toast").get_by_role("button", name="Undo").click()
    expect(inbox.locator(f"#{gone}")).to_have_count(1)
    expect(inbox.locator(f"#{gone}")).to_be_focused()


def test_the_form_is_opened_left_and_saved_by_keys(inbox: Page) -> None:
    into_list(inbox)
    inbox.keyboard.press("j")
    place = focused(inbox)

    press(inbox, "e")
    form = inbox.locator(f"#{place} form.edit")
    expect(form.locator("input[type=radio]:focus")).to_have_count(1)
    press(inbox, "Escape")
    expect(inbox.locator("form.edit")).to_have_count(0)
    expect(inbox.locator(f"#{place}")).to_be_focused()

    press(inbox, "e")
    inbox.keyboard.press("ArrowRight")
    inbox.keyboard.press("Tab")
    inbox.keyboard.press("Space")
    press(inbox, "Enter")
    expect(inbox.locator(f"#{place}")).to_be_focused()
    expect(inbox.locator(f"#{place}")).to_contain_text("1 Incentives")
    press(inbox, "u")


def test_a_mark_is_set_finished_and_taken_back_by_keys(inbox: Page) -> None:
    first = into_list(inbox)
    place = first.get_attribute("id")

    for key, words in (
        ("f", "Marked by Alicja Nowak"),
        ("d", "Followed up"),
        ("d", "Marked by"),
        ("f", "Follow up"),
    ):
        press(inbox, key)
        expect(inbox.locator(f"#{place}")).to_be_focused()
        expect(inbox.locator(f"#{place}")).to_contain_text(words)


def test_letters_typed_elsewhere_change_nothing(inbox: Page) -> None:
    address = inbox.url
    search = inbox.locator("#q")
    search.focus()
    inbox.keyboard.type("1234 judfek")
    expect(search).to_have_value("1234 judfek")
    inbox.locator("h1").click()
    inbox.keyboard.type("1f")

    assert inbox.url == address
    expect(inbox.locator(".toast")).to_have_count(0)


def test_the_inbox_works_without_a_script(base: str, runs: Runs, browser: Browser) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}/login")
    page.locator("input[name=email]").fill("alicja@nordvik.example")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.goto(f"{base}/comments/{runs.published}?label=positive")
    comment = page.locator(".cm").first
    comment.get_by_role("link", name="Edit").click()
    form = page.locator("form.edit")
    form.get_by_label("Mixed").check()
    form.get_by_role("button", name="Save").click()

    expect(page.locator(".toast")).to_contain_text("The rating is now: mixed.")
    assert page.url.startswith(f"{base}/comments/{runs.published}?label=positive#c-")
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("The correction is undone")
    context.close()
