"""Every template: compiles, has a title, and keeps to a strict content security policy."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import make_settings
from flask import Flask
from jinja2 import nodes

from app import create_app
from surveys.db import db

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
#: Mails carry their style inside, for mail programs; the catcher shows them in a frame.
MAIL = "mail/"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
PAGES = [name for name in NAMES if not name.startswith(MAIL)]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application without a database: templates are only read."""
    folder = tmp_path_factory.mktemp("templates")
    app = create_app(make_settings(f"sqlite:///{folder / 'none.db'}", folder))
    yield app
    with app.app_context():
        db.engine.dispose()


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def without_comments(text: str) -> str:
    return re.sub(r"(?s)\{#.*?#\}", "", text)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles_and_names_existing_ones(app: Flask, name: str) -> None:
    app.jinja_env.get_template(name)

    tree = app.jinja_env.parse(source(name))
    for kind in (nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport):
        for node in tree.find_all(kind):
            named = getattr(node, "template", None)
            if isinstance(named, nodes.Const):
                assert (TEMPLATES / str(named.value)).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_uses_only_filters_that_exist(app: Flask, name: str) -> None:
    used = {each.name for each in app.jinja_env.parse(source(name)).find_all(nodes.Filter)}

    assert used <= set(app.jinja_env.filters)
    assert "safe" not in used


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_inline_script_handler_or_style(name: str) -> None:
    text = without_comments(source(name))

    assert not re.search(r"<style\b", text)
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=\"", text)
    assert not re.search(r"javascript:", text, re.IGNORECASE)
    for script in re.findall(r"<script\b[^>]*>(.*?)</script>", text, re.DOTALL):
        assert script == ""
    assert not re.search(r"autoescape\s+false", text)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_nothing_of_other_hosts(name: str) -> None:
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", source(name))


def test_every_page_has_a_title() -> None:
    frames = {parent for name in PAGES if (parent := frame_of(name))}
    pages = {name for name in PAGES if frame_of(name) or "<html" in source(name)} - frames

    assert pages
    assert {name for name in pages if not has_title(name)} == set()


def frame_of(name: str) -> str | None:
    found = re.search(r"\{%-? extends \"([^\"]+)\"", source(name))
    return found[1] if found else None


def has_title(name: str) -> bool:
    """Whether a page fills the title, or its frame does so for all its pages."""
    if re.search(r"(?s)\{% block title %\}.+?\{% endblock %\}", source(name)):
        return True
    frame = frame_of(name)
    return has_title(frame) if frame else bool(re.search(r"<title>{{", source(name)))


def test_every_template_that_a_view_draws_exists() -> None:
    drawn = {
        match
        for package in ("surveys", "analysis")
        for path in (ROOT / package).rglob("*.py")
        for match in re.findall(r"[\"']([\w/]+\.html)[\"']", path.read_text(encoding="utf-8"))
    }

    assert drawn
    assert {name for name in drawn if not (TEMPLATES / name).is_file()} == set()


def test_every_form_that_changes_something_is_guarded(app: Flask) -> None:
    """Respondents have no session; all other forms carry the token."""
    wrong = [
        name
        for name in PAGES
        if not name.startswith(("respond/", "catcher/"))
        for form in re.findall(r"(?s)<form\b[^>]*method=\"post\".*?</form>", source(name))
        if "csrf" not in without_comments(form)
    ]

    assert wrong == []


def test_static_files_that_pages_name_exist() -> None:
    named = {
        match
        for name in PAGES
        for match in re.findall(r"url_for\('static', filename='([^']+)'\)", source(name))
    }

    assert named
    assert {each for each in named if not (ROOT / "static" / each).is_file()} == set()
