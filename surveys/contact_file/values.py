"""From the text of one cell to a value: text, dates, amounts, and words of closed lists.

Each function takes a cell that is trimmed and not empty, and raises CellRefused with the code of
what is wrong. Addresses are in `addresses.py`; which cell is which field is not known here.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar
from zoneinfo import available_timezones

from surveys.contact_file.countries import country_code
from surveys.contact_file.problems import CellRefused, ErrorCode
from surveys.terms import Audience

Parser = Callable[[str], object]
Word = TypeVar("Word", bound=str)

#: Stands for 'nothing can be mailed there' in a file of another tool.
OPTED_OUT = "opted_out"
BOUNCED = "bounced"
REACHABLE = "reachable"

_AUDIENCES: Mapping[str, Audience] = {
    **dict.fromkeys(("partner", "partners", "partnerzy", "external"), Audience.PARTNER),
    **dict.fromkeys(("zewnętrzny", "zewnętrzna", "zewnętrzni"), Audience.PARTNER),
    **dict.fromkeys(("internal", "staff", "team", "our team", "employee"), Audience.INTERNAL),
    **dict.fromkeys(("wewnętrzny", "wewnętrzna", "wewnętrzni"), Audience.INTERNAL),
    **dict.fromkeys(("zespół", "nasz zespół", "pracownik", "pracownicy"), Audience.INTERNAL),
}
_LANGUAGES = {
    **dict.fromkeys(("pl", "pol", "polish", "polski", "polska", "po polsku"), "pl"),
    **dict.fromkeys(("en", "eng", "english", "angielski", "angielska", "po angielsku"), "en"),
}
_EMAIL_STATUSES = {
    **dict.fromkeys(("ok", "valid", "active", "aktywny"), REACHABLE),
    **dict.fromkeys(("optout", "opt-out", "opted out", "unsubscribed"), OPTED_OUT),
    **dict.fromkeys(("wypisany", "wypisana", "rezygnacja"), OPTED_OUT),
    **dict.fromkeys(("bounced", "invalid", "odbity", "nieprawidłowy"), BOUNCED),
}
_BANDS = ("A", "B", "C")
_BAND = re.compile(r"(?:class|klasa|band)?\s*([abc])", re.IGNORECASE)

_YEARS = range(1990, 2101)
_TIME_OF_DAY = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_DATE_FORMS = (
    re.compile(
        rf"(?P<year>\d{{4}})[-./](?P<month>\d{{1,2}})[-./](?P<day>\d{{1,2}}){_TIME_OF_DAY}",
        re.ASCII,
    ),
    re.compile(
        rf"(?P<day>\d{{1,2}})\.(?P<month>\d{{1,2}})\.(?P<year>\d{{4}}){_TIME_OF_DAY}", re.ASCII
    ),
)
_MONTH_FORMS = (
    re.compile(r"(?P<year>\d{4})[-./](?P<month>\d{1,2})", re.ASCII),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})", re.ASCII),
    re.compile(r"(?P<month>\d{1,2})[./](?P<year>\d{4})", re.ASCII),
)

_MINUS_SIGNS = str.maketrans("−–", "--")
_SPACES = " \u00a0\u202f\u2009'"
_TWO_READINGS = re.compile(r"-?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
# Each form of an amount with what stands between its thousands.
_AMOUNT_FORMS = (
    (re.compile(r"-?\d{1,13}(?:[.,]\d{1,4})?", re.ASCII), ""),
    (re.compile(rf"-?\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?:[.,]\d{{1,4}})?", re.ASCII), _SPACES),
    (re.compile(r"-?\d{1,3}(?:\.\d{3})+(?:,\d{1,4})?", re.ASCII), "."),
    (re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d{1,4})?", re.ASCII), ","),
)

_LINE_BREAKS = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")


def clean_text(cell: str, *, limit: int, may_break: bool = False) -> str:
    """The text in NFC, of at most `limit` characters; line breaks only where they may be.

    A text that looks like a formula is a text like any other; what writes it to a spreadsheet
    escapes it.
    """
    if cell[0] == '"' and cell.count('"') % 2:
        raise CellRefused(ErrorCode.STRAY_QUOTE)
    text = cell if _is_clean(cell) else _cleaned(cell, may_break)
    if len(text) > limit:
        raise CellRefused(ErrorCode.TOO_LONG, length=len(text), limit=limit)
    return text


def text_of(limit: int, *, may_break: bool = False) -> Parser:
    """A parser of text of at most this length."""
    return lambda cell: clean_text(cell, limit=limit, may_break=may_break)


def choice_of(allowed: Iterable[str], *, limit: int) -> Parser:
    """A parser of one of these values, in any case, as they are spelt; of any text if none."""
    spelt = {value.casefold(): value for value in allowed}

    def parse(cell: str) -> str:
        text = clean_text(cell, limit=limit)
        return (
            text
            if not spelt
            else _word(text, spelt, ErrorCode.UNKNOWN_CHOICE, allowed=spelt.values())
        )

    return parse


def audience_of(cell: str) -> Audience:
    """Partner or our own team."""
    return _word(cell, _AUDIENCES, ErrorCode.UNKNOWN_AUDIENCE, allowed=Audience)


def language_of(cell: str) -> str:
    """The code of a language; a region is dropped: pl-PL gives pl."""
    without_region = _LANGUAGES.get(re.split(r"[-_]", cell)[0].casefold())
    return without_region or _word(
        cell, _LANGUAGES, ErrorCode.UNKNOWN_LANGUAGE, allowed=("pl", "en")
    )


def email_status_of(cell: str) -> str:
    """REACHABLE, OPTED_OUT or BOUNCED, as LimeSurvey and others mark an address."""
    return _word(
        cell, _EMAIL_STATUSES, ErrorCode.UNKNOWN_EMAIL_STATUS, allowed=("OK", "OptOut", "bounced")
    )


def revenue_band_of(cell: str) -> str:
    """A, B or C; 'klasa B' is B."""
    band = _BAND.fullmatch(cell)
    if band is None:
        allowed = ", ".join(_BANDS)
        raise CellRefused(ErrorCode.UNKNOWN_REVENUE_BAND, value=_shown(cell), allowed=allowed)
    return band[1].upper()


def timezone_of(cell: str) -> str:
    """The name of an IANA time zone in its own spelling."""
    zone = _time_zones().get(cell.casefold())
    if zone is None:
        raise CellRefused(ErrorCode.UNKNOWN_TIMEZONE, value=_shown(cell))
    return zone


def country_of(cell: str) -> str:
    """The two letters of a country."""
    code = country_code(cell)
    if code is None:
        raise CellRefused(ErrorCode.UNKNOWN_COUNTRY, value=_shown(cell))
    return code


def date_of(cell: str) -> date:
    """A date as 2027-01-31 or 31.01.2027, a time of day after it ignored.

    01/02/2027 is refused: it is another day in Britain than in America.
    """
    found = _date_in(cell, _DATE_FORMS)
    if found is None:
        raise CellRefused(ErrorCode.DATE_UNREADABLE, value=_shown(cell))
    return found


def month_of(cell: str) -> date:
    """The first day of a month given as 2027-01, 01.2027 or a date in it."""
    found = _date_in(cell, (*_MONTH_FORMS, *_DATE_FORMS))
    if found is None:
        raise CellRefused(ErrorCode.MONTH_UNREADABLE, value=_shown(cell))
    return found.replace(day=1)


def amount_of(cell: str) -> Decimal:
    """An amount with decimal comma or point, thousands apart by spaces, points or commas.

    1,234 alone is refused: it is one and a bit, or over a thousand. No currency is accepted,
    because amounts of two currencies would be added up.
    """
    text = cell.translate(_MINUS_SIGNS)
    if _TWO_READINGS.fullmatch(text):
        raise CellRefused(ErrorCode.AMOUNT_AMBIGUOUS, value=_shown(cell))
    for form, between_thousands in _AMOUNT_FORMS:
        if form.fullmatch(text):
            figures = text.translate(dict.fromkeys(map(ord, between_thousands)))
            return Decimal(figures.replace(",", "."))
    raise CellRefused(ErrorCode.AMOUNT_UNREADABLE, value=_shown(cell))


def _is_clean(cell: str) -> bool:
    """Whether nothing in the text needs a second look; true of almost every cell."""
    return cell.isprintable() and (
        cell.isascii() or (unicodedata.is_normalized("NFC", cell) and "\ufffd" not in cell)
    )


def _cleaned(cell: str, may_break: bool) -> str:
    text = unicodedata.normalize("NFC", cell)
    if "\ufffd" in text:
        raise CellRefused(ErrorCode.UNREADABLE_CHARACTERS)
    if may_break:
        text = re.sub(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    elif not _LINE_BREAKS.isdisjoint(text):
        raise CellRefused(ErrorCode.LINE_BREAK)
    categories = {unicodedata.category(c) for c in text if c != "\n"}
    if categories & {"Cc", "Cs"}:
        raise CellRefused(ErrorCode.CONTROL_CHARACTERS)
    return "".join(" " if unicodedata.category(c) == "Zs" else c for c in text)


def _word(cell: str, words: Mapping[str, Word], code: ErrorCode, *, allowed: Iterable[str]) -> Word:
    """What a word of a closed list means, in any case."""
    meaning = words.get(unicodedata.normalize("NFC", cell).casefold())
    if meaning is None:
        raise CellRefused(code, value=_shown(cell), allowed=", ".join(allowed))
    return meaning


def _date_in(cell: str, forms: Iterable[re.Pattern[str]]) -> date | None:
    for form in forms:
        parts = form.fullmatch(cell)
        if parts:
            named = {name: int(figures) for name, figures in parts.groupdict().items()}
            return _possible_date(named["year"], named["month"], named.get("day", 1))
    return None


def _possible_date(year: int, month: int, day: int) -> date | None:
    if year not in _YEARS:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _shown(cell: str) -> str:
    """The cell as a message may quote it: short, and on one line."""
    text = " ".join(cell.split())
    return text if len(text) <= 40 else text[:39] + "…"


@lru_cache(maxsize=1)
def _time_zones() -> Mapping[str, str]:
    """Zones by their folded names; those that mean 'whatever the machine has' left out."""
    return {zone.casefold(): zone for zone in available_timezones() - {"localtime", "Factory"}}
