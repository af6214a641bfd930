"""The board page on paper: one A4 page, whatever it has to show."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import chromium, served, signed_in
from click.testing import CliRunner
from factories import PASSWORD, SetClock, make_settings
from flask import Flask
from flask.cli import ScriptInfo
from playwright.sync_api import Browser, Page, expect
from results_sites import results_site

import analysis.cli
from analysis.demo.filling import demo_account
from analysis.simulator import build
from app import create_app
from surveys.db import db

pytestmark = pytest.mark.browser

SEED = 7
PAGE_OBJECT = re.compile(rb"/Type\s*/Page\b")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def demo(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demo: ten drivers, both voices, blind spots, comments, a wave before."""
    folder = tmp_path_factory.mktemp("board-demo")
    shutil.copy(sqlite_template, folder / "pulse.db")
    app = create_app(make_settings(f"sqlite:///{folder / 'pulse.db'}", folder), clock=SetClock())
    info = ScriptInfo(create_app=lambda: app)
    result = CliRunner().invoke(analysis.cli.demo, ["--seed", str(SEED)], obj=info)
    assert result.exit_code == 0, result.output
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def pages_on_paper(page: Page) -> int:
    """How many A4 pages the browser's print makes of what is open."""
    return len(PAGE_OBJECT.findall(page.pdf(format="A4", prefer_css_page_size=True)))


def test_every_sheet_of_the_demo_is_one_page_in_polish(demo: Flask, browser: Browser) -> None:
    account = demo_account(build(SEED))
    with served(demo) as base:
        page = signed_in(browser, base, account.email, account.password, "pl-PL")
        page.goto(f"{base}/board")
        expect(page.locator("html")).to_have_attribute("lang", "pl")
        expect(page.locator(".voices tbody tr")).to_have_count(10)
        runs = page.locator("#run option").evaluate_all("all => all.map(each => each.value)")
        spots = []
        for run_id in runs:
            page.goto(f"{base}/board/{run_id}")
            spots.append(page.locator(".spots li").count())
            assert pages_on_paper(page) == 1, run_id
        page.context.close()
    assert max(spots) == 3, "the longest list of what to fix was among them"


def test_paper_shows_the_sheet_alone_and_the_button_opens_the_print_window(
    demo: Flask, browser: Browser
) -> None:
    account = demo_account(build(SEED))
    with served(demo) as base:
        page = signed_in(browser, base, account.email, account.password, "en-GB")
        page.goto(f"{base}/board")
        page.evaluate("window.print = () => { document.title = 'printed'; }")
        page.get_by_role("button", name="Print").click()
        assert page.title() == "printed"

        page.emulate_media(media="print")

        expect(page.locator("article.board")).to_be_visible()
        for hidden in (".side", ".topbar", ".phead", "[data-print]"):
            expect(page.locator(hidden).first).to_be_hidden()
        paper = page.locator("article.board").evaluate("board => getComputedStyle(board).color")
        assert paper == "rgb(27, 33, 48)", "always light"
        page.context.close()


def test_a_sheet_of_hidden_figures_is_one_page_too(
    sqlite_template: Path, tmp_path: Path, browser: Browser
) -> None:
    with (
        results_site(sqlite_template, tmp_path) as runs,
        served(runs.site.app) as base,
    ):
        page = signed_in(browser, base, "alicja@nordvik.example", PASSWORD, "pl-PL")
        for run_id in (runs.small, runs.identified, runs.published):
            page.goto(f"{base}/board/{run_id}")
            expect(page.locator("article.board")).to_be_visible()
            assert pages_on_paper(page) == 1
        page.context.close()
