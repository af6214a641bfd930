"""Single cells: addresses, dates, amounts, words of closed lists, text."""

import string
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from zoneinfo import available_timezones

import email_validator
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surveys.contact_file import BOUNCED, OPTED_OUT, REACHABLE, ErrorCode
from surveys.contact_file.addresses import _RESERVED, DomainIndex, read_address
from surveys.contact_file.problems import CellRefused
from surveys.contact_file.values import (
    amount_of,
    audience_of,
    choice_of,
    clean_text,
    country_of,
    date_of,
    email_status_of,
    language_of,
    month_of,
    revenue_band_of,
    timezone_of,
)
from surveys.email_addresses import normalise_email
from surveys.terms import Audience

NO_DOMAINS = DomainIndex(list)
DOMAINS = DomainIndex(
    lambda: ["integra.example", "siecplus.pl", "siecplus.example", "siecplus.example", "", "a.b.c"]
)


def refusal(parse: Callable[[str], object], cell: str) -> CellRefused:
    with pytest.raises(CellRefused) as caught:
        parse(cell)
    return caught.value


def address_refusal(cell: str) -> tuple[ErrorCode, object]:
    refused = refusal(lambda text: read_address(text, DOMAINS), cell)
    return refused.code, refused.parameters.get("suggestion")


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("ewa.mazur@integra.example", "ewa.mazur@integra.example"),
        ("EWA.Mazur@Integra.Example", "ewa.mazur@integra.example"),
        ("ewa+pulse@integra.example", "ewa+pulse@integra.example"),
        ("jan@żółw.example", "jan@xn--w-uga1v8h.example"),
        ("JAN@ŻÓŁW.example", "jan@xn--w-uga1v8h.example"),
        ("jan@z\u0307o\u0301łw.example", "jan@xn--w-uga1v8h.example"),
        ("jan@xn--w-uga1v8h.example", "jan@xn--w-uga1v8h.example"),
        ("o'neill@x.example", "o'neill@x.example"),
        ("jan@partner.test", "jan@partner.test"),
    ],
)
def test_address_is_one_person_however_it_is_written(cell: str, key: str) -> None:
    address = read_address(cell, NO_DOMAINS)

    assert address.key == key
    assert address.written == unicodedata.normalize("NFC", cell)


letters = st.text(string.ascii_letters + string.digits + ".-_+'@!=", min_size=1, max_size=12)


@given(
    local=letters,
    domain=st.builds(
        "{}.{}".format, letters, st.sampled_from(["pl", "COM", "x1", "test", "arpa", "c"])
    ),
)
@example(local="a" * 64, domain="b.pl")
@example(local="a" * 65, domain="b.pl")
@example(local="a", domain="ab--c.pl")
@example(local="a", domain=f"{'b' * 60}.pl")
@example(local="a", domain=f"{'b' * 64}.pl")
@settings(max_examples=500, deadline=None)
def test_short_way_for_plain_addresses_agrees_with_the_full_check(local: str, domain: str) -> None:
    text = f"{local}@{domain}"

    try:
        key = read_address(text, NO_DOMAINS).key
    except CellRefused:
        key = None

    assert key == normalise_email(text)


def test_endings_that_no_mail_reaches_take_the_full_check() -> None:
    assert set(email_validator.SPECIAL_USE_DOMAIN_NAMES) == _RESERVED


@pytest.mark.parametrize(
    ("cell", "code", "suggestion"),
    [
        ("jan.siecplus.example", ErrorCode.EMAIL_WITHOUT_AT, None),
        ("jan@siecplus", ErrorCode.EMAIL_INCOMPLETE, "jan@siecplus.example"),
        ("JAN@SiecPlus", ErrorCode.EMAIL_INCOMPLETE, "JAN@siecplus.example"),
        ("jan@nowhere", ErrorCode.EMAIL_INCOMPLETE, None),
        ("łukasz@integra.example", ErrorCode.EMAIL_ACCENTED, "lukasz@integra.example"),
        ("jan@x.example; ewa@x.example", ErrorCode.EMAIL_SEVERAL, None),
        ("jan@x.example,ewa@x.example", ErrorCode.EMAIL_SEVERAL, None),
        ("jan@firma.local", ErrorCode.EMAIL_RESERVED, None),
        ("jan@firma,example", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("jan@firma..example", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("jan@firma.example.", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("jan kos@firma.example", ErrorCode.EMAIL_INVALID, "jankos@firma.example"),
        ("Jan Kos <jan@firma.example>", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("mailto:jan@firma.example", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("jan@firma.example\u200b", ErrorCode.EMAIL_INVALID, "jan@firma.example"),
        ("jan@@firma.example", ErrorCode.EMAIL_INVALID, None),
        ("@", ErrorCode.EMAIL_INVALID, None),
        ("jan@[127.0.0.1]", ErrorCode.EMAIL_INVALID, None),
        ("jan@firma.example\r\nBcc: x@y.example", ErrorCode.EMAIL_INVALID, None),
    ],
)
def test_wrong_address_is_refused_with_a_correction_where_there_is_one(
    cell: str, code: ErrorCode, suggestion: str | None
) -> None:
    assert address_refusal(cell) == (code, suggestion)


@given(
    st.text(min_size=1, max_size=30) | st.from_regex(r".{0,8}@.{0,8}(\..{0,4})?", fullmatch=True)
)
@settings(max_examples=200, deadline=None)
def test_address_is_taken_or_refused_and_a_suggestion_would_be_taken(text: str) -> None:
    try:
        address = read_address(text, DOMAINS)
    except CellRefused as refused:
        suggestion = refused.parameters.get("suggestion")
        if suggestion is not None:
            assert read_address(str(suggestion), DOMAINS).key.isascii()
    else:
        assert address.key == normalise_email(text)
        assert address.key.isascii()


def test_domains_of_the_file_are_read_only_when_an_address_needs_them() -> None:
    asked: list[int] = []

    def read() -> list[str]:
        asked.append(1)
        return ["integra.example"]

    index = DomainIndex(read)
    read_address("jan@integra.example", index)
    assert asked == []

    assert index.complete("integra") == "integra.example"
    assert index.complete("kopernik") is None
    assert asked == [1]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2027-01-31", date(2027, 1, 31)),
        ("31.01.2027", date(2027, 1, 31)),
        ("1.2.2027", date(2027, 2, 1)),
        ("2027/01/31", date(2027, 1, 31)),
        ("2027-01-31 00:00:00", date(2027, 1, 31)),
        ("2027-01-31T10:15", date(2027, 1, 31)),
    ],
)
def test_dates_are_read_in_the_ways_of_iso_and_poland(cell: str, expected: date) -> None:
    assert date_of(cell) == expected


@pytest.mark.parametrize(
    "cell", ["01/02/2027", "31.02.2027", "2027-13-01", "tomorrow", "46053", "0027-01-01", "1.2.27"]
)
def test_dates_that_may_mean_another_day_are_refused(cell: str) -> None:
    refused = refusal(date_of, cell)

    assert (refused.code, refused.parameters) == (ErrorCode.DATE_UNREADABLE, {"value": cell})


@pytest.mark.parametrize(
    "cell", ["2026-11", "2026-11-30", "30.11.2026", "11.2026", "11/2026", "2026/11", "202611"]
)
def test_month_is_read_from_a_month_or_a_date_in_it(cell: str) -> None:
    assert month_of(cell) == date(2026, 11, 1)


@pytest.mark.parametrize("cell", ["2026-13", "November 2026", "11-26", "2026", "1899-01"])
def test_month_that_cannot_be_read_is_refused(cell: str) -> None:
    assert refusal(month_of, cell).code is ErrorCode.MONTH_UNREADABLE


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1234", "1234"),
        ("1234,50", "1234.50"),
        ("1234.5", "1234.5"),
        ("1 234,50", "1234.50"),
        ("1\u00a0234\u00a0567,5", "1234567.5"),
        ("1\u202f234.50", "1234.50"),
        ("12'500.00", "12500.00"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1,234,567.89", "1234567.89"),
        ("0,125", "0.125"),
        ("1 234,567", "1234.567"),
        ("-860,5", "-860.5"),
        ("−860,5", "-860.5"),
        ("0", "0"),
    ],
)
def test_amounts_are_read_with_either_decimal_mark(cell: str, expected: str) -> None:
    assert amount_of(cell) == Decimal(expected)


@pytest.mark.parametrize("cell", ["1,234", "1.234", "-12.500", "999,000"])
def test_amount_with_two_readings_is_refused(cell: str) -> None:
    assert refusal(amount_of, cell).code is ErrorCode.AMOUNT_AMBIGUOUS


@pytest.mark.parametrize(
    "cell",
    ["100 zł", "€5", "1 23,4", "1.23.4", "1,2,3", "NaN", "1e3", "=1+1", "12 34 567", "", "٣"],
)
def test_amount_that_is_no_plain_number_is_refused(cell: str) -> None:
    assert refusal(amount_of, cell).code is ErrorCode.AMOUNT_UNREADABLE


@given(
    amount=st.decimals(-(10**11), 10**11, places=2),
    mark=st.sampled_from(".,"),
    gap=st.sampled_from([" ", "\u00a0", "\u202f", ""]),
)
def test_amounts_come_back_from_the_ways_people_write_them(
    amount: Decimal, mark: str, gap: str
) -> None:
    written = f"{amount:,.2f}".replace(",", gap).replace(".", mark)

    assert amount_of(written) == amount


@pytest.mark.parametrize(
    ("parse", "words", "expected"),
    [
        (audience_of, ["partner", "Partner", "PARTNERZY", "zewnętrzny"], Audience.PARTNER),
        (
            audience_of,
            ["internal", "Internal", "staff", "wewnętrzny", "WEWNĘTRZNY", "Zespół"],
            Audience.INTERNAL,
        ),
        (language_of, ["pl", "PL", "polski", "Polish", "pl-PL", "pl_PL", "POL"], "pl"),
        (language_of, ["en", "English", "angielski", "en-GB", "EN_us"], "en"),
        (revenue_band_of, ["A", "a", "klasa A", "Class a"], "A"),
        (country_of, ["PL", "pl", "Polska", "poland"], "PL"),
        (country_of, ["DE", "Niemcy", "Germany"], "DE"),
        (country_of, ["GB", "UK", "Wielka Brytania", "United Kingdom"], "GB"),
        (timezone_of, ["Europe/Warsaw", "europe/warsaw"], "Europe/Warsaw"),
        (email_status_of, ["OK"], REACHABLE),
        (email_status_of, ["OptOut", "wypisany"], OPTED_OUT),
        (email_status_of, ["bounced"], BOUNCED),
    ],
)
def test_words_of_both_languages_are_understood_in_any_case(
    parse: Callable[[str], object], words: list[str], expected: object
) -> None:
    assert {parse(word) for word in words} == {expected}


@pytest.mark.parametrize(
    ("parse", "cell", "code"),
    [
        (audience_of, "everyone", ErrorCode.UNKNOWN_AUDIENCE),
        (language_of, "Klingon", ErrorCode.UNKNOWN_LANGUAGE),
        (language_of, "de", ErrorCode.UNKNOWN_LANGUAGE),
        (revenue_band_of, "D", ErrorCode.UNKNOWN_REVENUE_BAND),
        (country_of, "XX", ErrorCode.UNKNOWN_COUNTRY),
        (country_of, "Polandia", ErrorCode.UNKNOWN_COUNTRY),
        (timezone_of, "Warsaw", ErrorCode.UNKNOWN_TIMEZONE),
        (timezone_of, "localtime", ErrorCode.UNKNOWN_TIMEZONE),
        (email_status_of, "perhaps", ErrorCode.UNKNOWN_EMAIL_STATUS),
    ],
)
def test_unknown_word_is_refused_and_quoted(
    parse: Callable[[str], object], cell: str, code: ErrorCode
) -> None:
    refused = refusal(parse, cell)

    assert (refused.code, refused.parameters["value"]) == (code, cell)


def test_quotation_of_a_wrong_value_is_short_and_on_one_line() -> None:
    refused = refusal(audience_of, "all\nof " + "them " * 30)

    shown = str(refused.parameters["value"])
    assert len(shown) == 40
    assert shown.startswith("all of them")


def test_every_real_time_zone_is_known() -> None:
    zones = available_timezones() - {"localtime", "Factory"}

    assert {timezone_of(zone.upper()) for zone in zones} == zones


def test_closed_list_gives_its_own_spelling_and_refuses_the_rest() -> None:
    parse = choice_of(("Gold", "Silver", "Registered"), limit=100)

    assert parse("GOLD") == "Gold"
    refused = refusal(parse, "Platin")
    assert refused.code is ErrorCode.UNKNOWN_CHOICE
    assert refused.parameters == {"value": "Platin", "allowed": "Gold, Silver, Registered"}


def test_open_list_takes_any_text() -> None:
    assert choice_of((), limit=100)("Platin") == "Platin"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("Z\u0307o\u0301łw", "Żółw"),
        ("Jan\u00a0Kos", "Jan Kos"),
        ("=1+1", "=1+1"),
        ("@handle", "@handle"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("{{7*7}}", "{{7*7}}"),
        ("NULL", "NULL"),
        ("👩‍💻 Ola", "👩‍💻 Ola"),
        ('12" Monitor', '12" Monitor'),
        ('"Best" Sp. z o.o.', '"Best" Sp. z o.o.'),
    ],
)
def test_text_is_kept_as_text_in_composed_form(cell: str, text: str) -> None:
    assert clean_text(cell, limit=100) == text


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("Jan\r\nBcc: x@y.example", ErrorCode.LINE_BREAK),
        ("Jan\nKos", ErrorCode.LINE_BREAK),
        ("Jan\u2028Kos", ErrorCode.LINE_BREAK),
        ("Jan\x00Kos", ErrorCode.CONTROL_CHARACTERS),
        ("Jan\x1bKos", ErrorCode.CONTROL_CHARACTERS),
        ("Jan\tKos", ErrorCode.CONTROL_CHARACTERS),
        ("Jan\ud800", ErrorCode.CONTROL_CHARACTERS),
        ("\u015al\ufffdsk", ErrorCode.UNREADABLE_CHARACTERS),
        ('"Integra', ErrorCode.STRAY_QUOTE),
    ],
)
def test_text_that_would_break_a_mail_or_lost_its_letters_is_refused(
    cell: str, code: ErrorCode
) -> None:
    assert refusal(lambda text: clean_text(text, limit=100), cell).code is code


def test_text_over_its_limit_is_refused_with_both_lengths() -> None:
    refused = refusal(lambda text: clean_text(text, limit=100), "x" * 101)

    assert refused.parameters == {"length": 101, "limit": 100}


def test_attribute_may_have_lines_whose_ends_become_one_kind() -> None:
    assert clean_text("a\r\nb\rc\u2028d", limit=100, may_break=True) == "a\nb\nc\nd"


@given(st.text(min_size=1))
@settings(max_examples=300)
def test_text_that_is_taken_is_composed_and_holds_no_control_characters(text: str) -> None:
    try:
        taken = clean_text(text, limit=1000)
    except CellRefused:
        return

    assert taken == unicodedata.normalize("NFC", taken)
    assert {unicodedata.category(c) for c in taken}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
