"""Words on a page: Polish typography, names of waves."""

import pytest
from flask import Flask
from markupsafe import Markup

from surveys.i18n import in_locale, tidy

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def tidied(app: Flask, text: str, locale: str = "pl") -> str:
    with app.app_context(), in_locale(locale):
        return tidy(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Zespół i partnerzy", "Zespół i\xa0partnerzy"),
        ("W 12 firmach", "W\xa012\xa0firmach"),
        ("link z e-maila", "link z\xa0e\u2011maila"),
        ("E-mail", "E\u2011mail"),
        ("e-mail@example.com", "e-mail@example.com"),
        ("na e-mail.", "na e\u2011mail."),
        ("grupa-e-mail@example.com", "grupa-e-mail@example.com"),
    ],
)
def test_polish_lines_do_not_break_after_short_words(app: Flask, text: str, kept: str) -> None:
    assert tidied(app, text) == kept


def test_english_stays_as_it_is(app: Flask) -> None:
    assert tidied(app, "a link in an e-mail", "en") == "a link in an e-mail"


@pytest.mark.parametrize("locale", ["en", "pl"])
def test_a_range_of_numbers_stays_on_one_line(app: Flask, locale: str) -> None:
    assert tidied(app, "0–100, x – y", locale) == "0–\u2060100, x – y"


def test_safe_text_stays_safe(app: Flask) -> None:
    assert isinstance(tidied(app, Markup("<b>e-mail</b>")), Markup)
    assert not isinstance(tidied(app, "<b>e-mail</b>"), Markup)
