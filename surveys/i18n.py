"""Languages: which there are, which a page is in, how words, dates and numbers are written.

English is the source text; Polish is complete (tests/test_translations.py). Flask-Babel is used
here only; everybody else calls these typed functions, inside an application context.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import flask_babel
from babel import Locale
from babel.numbers import format_decimal
from babel.support import NullTranslations
from flask import Flask, g, has_request_context, request, session
from markupsafe import Markup

from surveys.question_bank import LOCALES

DEFAULT_LOCALE = "en"
LANGUAGE_NAMES = {"pl": "Polski", "en": "English"}
MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
NO_BREAK_HYPHEN = "\N{NON-BREAKING HYPHEN}"
WORD_JOINER = "\N{WORD JOINER}"
# A line may end after an en dash; a range of numbers (0–100) is read as one word.
_RANGE = re.compile(r"(?<=\d)–(?=\d)")
_SHORT_WORD = re.compile(r"(?<![\w&])([AaIiOoUuWwZz]|\d+) (?=\S)")
# The word, not a part of an address, which people copy.
_EMAIL = re.compile(r"(?<![\w@.-])([Ee])-(?=mail\w*(?![\w@-]|\.\w))")
_QUARTER = re.compile(r"(\d{4})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class _Language:
    """The language of a page with its catalogue."""

    name: str
    catalogue: NullTranslations


def set_up_languages(app: Flask) -> None:
    """Bind Babel to the application and give templates the filters for words and numbers."""
    babel = flask_babel.Babel()
    babel.init_app(
        app,
        default_locale=DEFAULT_LOCALE,
        default_translation_directories=f"{app.root_path}/translations",
        locale_selector=page_locale,
    )
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined] # by the extension
        gettext=lambda message: _language().catalogue.ugettext(message),
        ngettext=lambda one, many, num: _language().catalogue.ungettext(one, many, num),
        pgettext=lambda context, message: _language().catalogue.upgettext(context, message),
        newstyle=True,
    )
    app.jinja_env.filters.update(
        day=format_day,
        day_of_month=format_day_of_month,
        moment=format_moment,
        number=format_number,
        signed=format_signed,
        percent=format_percent,
        wave_title=wave_title,
        tidy=tidy,
    )
    app.jinja_env.globals.update(page_locale=page_locale, LANGUAGE_NAMES=LANGUAGE_NAMES)


def gettext(message: str, **values: object) -> str:
    """The message in the present language, with named placeholders filled."""
    text = _language().catalogue.ugettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, num: int, **values: object) -> str:
    """The message in the plural form for `num`; Polish has three."""
    return _language().catalogue.ungettext(one, many, num) % ({"num": num} | values)


def pgettext(context: str, message: str, **values: object) -> str:
    """The message as it reads in this context, where one English word has several meanings."""
    text = _language().catalogue.upgettext(context, message)
    return text % values if values else text


def page_locale() -> str:
    """The language of the page: set by its view, else `?lang`, the session, the browser's wish."""
    if "locale" in g:
        return str(g.locale)
    if not has_request_context():
        return DEFAULT_LOCALE
    for wanted in (request.args.get("lang"), session.get("locale")):
        if wanted in LOCALES:
            return str(wanted)
    return request.accept_languages.best_match(LOCALES) or DEFAULT_LOCALE


def use_locale(locale: str) -> None:
    """Decide the language of this request's page."""
    g.locale = locale
    g.pop("language", None)
    flask_babel.refresh()


def _language() -> _Language:
    """The present language, looked up once a page: hundreds of words and numbers ask for it."""
    if "language" not in g:
        name = str(flask_babel.get_locale())
        g.language = _Language(name, flask_babel.get_domain().get_translations())
    return g.language  # type: ignore[no-any-return] # `g` has no types


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    """Write in this language for a while: a mail in its recipient's, whatever the page's is."""
    before = g.get("locale")
    g.locale = locale
    g.pop("language", None)
    try:
        with flask_babel.force_locale(locale):
            yield
    finally:
        g.pop("language", None)
        if before is None:
            g.pop("locale", None)
        else:
            g.locale = before


def format_day(day: date | datetime, *, zone: ZoneInfo | None = None) -> str:
    """20 November 2026 · 20 listopada 2026."""
    return str(flask_babel.format_date(_local(day, zone), "d MMMM y", rebase=False))


def format_day_of_month(day: date | datetime, *, zone: ZoneInfo | None = None) -> str:
    """20 November · 20 listopada, with the month in the genitive."""
    return str(flask_babel.format_date(_local(day, zone), "d MMMM", rebase=False))


def format_moment(instant: datetime, zone: ZoneInfo) -> str:
    """20 November 2026, 9:00 (Europe/Warsaw): a time always stands with its zone."""
    local = instant.astimezone(zone)
    return f"{format_day(local.date())}, {local:%H:%M} ({zone.key})"


def format_number(value: float, decimals: int = 0) -> str:
    """A number with a true minus sign and the language's decimal and group separators."""
    return _number_text(_language().name, round(value, decimals), decimals)


def format_signed(value: float, decimals: int = 0) -> str:
    """The same with a plus sign before positive numbers."""
    text = format_number(value, decimals)
    return f"+{text}" if value > 0 and re.search(r"[1-9]", text) else text


def format_percent(share: float) -> str:
    """A share of 0..1 as whole percent: 52% · 52%."""
    return f"{format_number(100 * share)}%"


def country_name(code: str) -> str:
    """A country by its two letters, in the language of the page; the letters if it has no name."""
    return str(Locale.parse(_language().name).territories.get(code, code))


def wave_title(key: str) -> str:
    """The name of a wave from its stored key: 2027-Q1, 2026-11, 2027 or a date."""
    if quarter := _QUARTER.fullmatch(key):
        return gettext("Q%(quarter)s %(year)s", quarter=quarter[2], year=quarter[1])
    try:
        day = date.fromisoformat(key if len(key) > 7 else f"{key}-01"[:10])
    except ValueError:
        return key
    if len(key) == 7:
        return str(flask_babel.format_date(day, "LLLL y", rebase=False))
    return format_day(day) if len(key) == 10 else key


def tidy(text: str) -> str:
    """Typography: a range of numbers stays on one line, in every language.

    In Polish one-letter words and numbers stay on the line of what follows, and so does the e of
    "e-mail".
    """
    kept = _RANGE.sub(f"–{WORD_JOINER}", text)
    if page_locale() == "pl":
        kept = _SHORT_WORD.sub(lambda found: found[1] + NO_BREAK, kept)
        kept = _EMAIL.sub(lambda found: found[1] + NO_BREAK_HYPHEN, kept)
    # Spaces, hyphens and what joins words cannot make safe text unsafe.
    return Markup(kept) if isinstance(text, Markup) else kept  # noqa: S704


@lru_cache(maxsize=4096)
def _number_text(locale: str, rounded: float, decimals: int) -> str:
    # A page of results has hundreds of numbers, most of them small integers that come again.
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    text = format_decimal(rounded, pattern, locale=locale)
    is_zero = not re.search(r"[1-9]", text)
    return text.lstrip("-") if is_zero else text.replace("-", MINUS)


def _local(day: date | datetime, zone: ZoneInfo | None) -> date:
    if isinstance(day, datetime):
        return (day.astimezone(zone) if zone else day).date()
    return day
