"""Headings become fields: every tool's names, Polish ones, choices, what is missing or doubled."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.contact_file import (
    ATTRIBUTE,
    ORDER_HEADINGS,
    SKIP,
    UNDECIDED,
    ColumnsMissing,
    ColumnState,
    ContactField,
    OrderField,
    UnknownTarget,
    match_columns,
)
from surveys.contact_file.headings import CONTACT_HEADINGS, attribute_name, fold


def targets(header: str) -> list[str]:
    return list(match_columns(header.split(",")).targets)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        # LimeSurvey: what it imports, and its participants' export.
        (
            "firstname,lastname,email,emailstatus,token,language,validfrom,validuntil,usesleft",
            "first_name,last_name,email,email_status,skip,language,skip,skip,skip",
        ),
        (
            (
                "tid,firstname,lastname,email,emailstatus,token,language,validfrom,validuntil,invited,"
                "reminded,remindercount,completed,usesleft,started,attribute_1 <Firma>,"
                "attribute_2 NPS,attribute_3"
            ),
            (
                "skip,first_name,last_name,email,email_status,skip,language,skip,skip,skip,"
                "skip,skip,skip,skip,skip,partner_name,attr_nps,attr_attribute_3"
            ),
        ),
        # Qualtrics, list of contacts and employee list.
        (
            "Email,FirstName,LastName,ExternalDataReference,Language",
            "email,first_name,last_name,external_id,language",
        ),
        (
            "First Name,Last Name,Email,UniqueIdentifier",
            "first_name,last_name,email,external_id",
        ),
        # CustomerGauge.
        (
            (
                "First Name,Last Name,Email,Account,Account Manager,Account Manager Email,"
                "Parent Account,Industry,Company Size,Job Title,Job Level,Touchpoint"
            ),
            (
                "first_name,last_name,email,partner_name,attr_account_manager,account_manager_email,"
                "attr_parent_account,attr_industry,size_band,job_title,attr_job_level,attr_touchpoint"
            ),
        ),
        # Formbricks' file of personal links, whose links are secrets.
        (
            "Formbricks Contact ID,Custom ID,First Name,Last Name,Email,Personal Link",
            "skip,external_id,first_name,last_name,email,skip",
        ),
        # Delighted.
        ("email,name,last_sent_at", "email,full_name,skip"),
        # Polish, as people write them.
        (
            "E-mail,Imię,Firma,Poziom,Język,NIP,Typ partnera,Stanowisko,Telefon",
            "email,first_name,partner_name,tier,language,skip,partner_type,job_title,attr_phone",
        ),
        (
            "imie,nazwisko,adres_email,firma",
            "first_name,last_name,email,partner_name",
        ),
        (
            "ADRES E-MAIL,IMIĘ I NAZWISKO,NAZWA FIRMY,KRAJ,STREFA CZASOWA,WIELKOŚĆ FIRMY,ZESPÓŁ",
            "email,full_name,partner_name,country,timezone,size_band,team",
        ),
        (
            (
                "Klasa przychodów,E-mail opiekuna,Podstawa kontaktu,Nie ankietować do,Odbiorca,"
                "ID partnera,Identyfikator,Region"
            ),
            (
                "revenue_band,account_manager_email,consent_basis,do_not_survey_until,audience,"
                "partner_external_id,external_id,region"
            ),
        ),
        # Our own error file.
        ("email,partner_name,error_code,error_text", "email,partner_name,skip,skip"),
        ("attr_product,Attr_NIP", "attr_product,attr_nip"),
    ],
)
def test_headings_of_tools_and_of_people_are_understood(header: str, expected: str) -> None:
    assert targets(header) == expected.split(",")


@pytest.mark.parametrize("field", list(ContactField))
def test_each_field_is_known_by_its_own_name(field: ContactField) -> None:
    assert targets(field.value) == [field.value]


@pytest.mark.parametrize("field", list(OrderField))
def test_each_field_of_an_orders_file_is_known_by_its_own_name(field: OrderField) -> None:
    assert match_columns([field.value], catalogue=ORDER_HEADINGS).targets == (field.value,)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Firma,Miesiąc,Kwota,Linia produktowa", "partner_name,month,amount,product_line"),
        ("ID partnera,Data zamówienia,Wartość netto", "partner_external_id,month,amount"),
        (
            "Account Name,Revenue Start Date,Revenue End Date,Amount,Type,Description",
            "partner_name,month,skip,amount,skip,skip",
        ),
    ],
)
def test_headings_of_orders_are_understood_and_unknown_ones_skipped(
    header: str, expected: str
) -> None:
    mapping = match_columns(header.split(","), catalogue=ORDER_HEADINGS)

    assert list(mapping.targets) == expected.split(",")
    assert mapping.is_complete


@given(
    heading=st.sampled_from(["Imię", "Adres e-mail", "Wielkość firmy", "first_name", "Język"]),
    change=st.sampled_from([str.upper, str.lower, str.title, "  {}  ".format]),
    gap=st.sampled_from([" ", "_", "-", "", ".", "\u00a0"]),
)
def test_case_spaces_and_punctuation_do_not_count(
    heading: str, change: Callable[[str], str], gap: str
) -> None:
    written = change(heading).replace(" ", gap)

    assert fold(written) == fold(heading)


def test_accents_do_not_count_nor_does_their_encoding() -> None:
    assert fold("Zażółć gęślą jaźń") == "zazolcgeslajazn"
    assert fold("Imie\u0328") == fold("Imię")


def test_no_heading_means_two_things() -> None:
    ways = (CONTACT_HEADINGS.fields, CONTACT_HEADINGS.attributes)

    assert CONTACT_HEADINGS.ignored.isdisjoint(ways[0])
    assert CONTACT_HEADINGS.ignored.isdisjoint(ways[1])
    assert set(ways[0]).isdisjoint(ways[1])


def test_unknown_column_needs_a_choice_and_can_become_attribute_field_or_nothing() -> None:
    mapping = match_columns(["email", "firma", "Certyfikaty (liczba)"])

    unknown = mapping.columns[2]
    assert (unknown.state, unknown.target) == (ColumnState.NEEDS_CHOICE, UNDECIDED)
    assert [column.position for column in mapping.open_columns] == [2]
    assert not mapping.is_complete
    assert mapping.choose({2: ATTRIBUTE}).targets[2] == "attr_certyfikaty_liczba"
    assert mapping.choose({2: "attr_Certs"}).targets[2] == "attr_certs"
    assert mapping.choose({2: "tier"}).columns[2].state is ColumnState.MATCHED
    assert mapping.choose({2: SKIP}).is_complete


def test_all_open_columns_can_be_decided_at_once() -> None:
    mapping = match_columns(["email", "firma", "Liczba serwerów", "Uwagi"])

    assert mapping.with_open_columns_as(ATTRIBUTE).targets[2:] == (
        "attr_liczba_serwerow",
        "attr_uwagi",
    )
    assert mapping.with_open_columns_as(SKIP).targets[2:] == (SKIP, SKIP)


def test_choice_of_a_field_that_does_not_exist_is_refused() -> None:
    mapping = match_columns(["email", "firma", "Uwagi"])

    with pytest.raises(UnknownTarget) as refused:
        mapping.choose({2: "password"})

    assert refused.value.target == "password"


def test_orders_have_no_attributes() -> None:
    mapping = match_columns(["firma", "kwota", "miesiąc", "Uwagi"], catalogue=ORDER_HEADINGS)

    with pytest.raises(UnknownTarget):
        mapping.choose({3: ATTRIBUTE})


def test_second_column_of_a_field_is_refused_until_one_of_them_is_chosen_away() -> None:
    mapping = match_columns(["email", "Firma", "Account"])

    assert [column.state for column in mapping.columns] == [
        ColumnState.MATCHED,
        ColumnState.MATCHED,
        ColumnState.REPEATED,
    ]
    assert not mapping.is_complete
    assert mapping.choose({1: SKIP}).is_complete
    assert mapping.choose({2: SKIP}).is_complete


def test_second_column_of_an_attribute_is_refused_too() -> None:
    mapping = match_columns(["email", "firma", "attr_x", "Attr X"]).choose({3: ATTRIBUTE})

    assert mapping.columns[3].state is ColumnState.REPEATED


def test_column_without_a_heading_is_skipped() -> None:
    assert targets("email,,firma") == ["email", SKIP, "partner_name"]


def test_targets_can_be_stored_and_chosen_again() -> None:
    header = ["email", "Uwagi", "Firma", "Liczba"]
    chosen = match_columns(header).choose({1: "attr_notes", 2: SKIP, 3: "partner_name"})

    again = match_columns(header).choose(dict(enumerate(chosen.targets)))

    assert again == chosen


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("Firma,Imię", (("email",),)),
        ("email,Imię", (("partner_name", "audience"),)),
        ("Imię", (("email",), ("partner_name", "audience"))),
        ("email,audience", ()),
        ("email,firma", ()),
    ],
)
def test_fields_without_which_no_row_can_be_good_are_named(
    header: str, missing: tuple[tuple[str, ...], ...]
) -> None:
    mapping = match_columns(header.split(","))

    assert mapping.missing == missing
    if missing:
        with pytest.raises(ColumnsMissing) as refused:
            mapping.refuse_incomplete()
        assert refused.value.groups == missing


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Nr umowy", "nr_umowy"),
        ("attr_NIP", "nip"),
        ("attribute_4 Kod pocztowy", "kod_pocztowy"),
        ("attribute_4", "attribute_4"),
        ("  Łódź / Śląsk ", "lodz_slask"),
        ("???", ""),
    ],
)
def test_attribute_is_named_after_its_heading(heading: str, name: str) -> None:
    assert attribute_name(heading) == name


def test_attribute_of_a_heading_without_letters_is_named_by_its_place() -> None:
    mapping = match_columns(["email", "firma", "???"]).choose({2: ATTRIBUTE})

    assert mapping.targets[2] == "attr_column_3"
