"""Rows of contact files: what is taken, what is refused and why, and the way back by error file."""

import tracemalloc
from collections.abc import Iterable
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.contact_file import (
    ATTRIBUTE,
    BOUNCED,
    OPTED_OUT,
    BadRow,
    ColumnsMissing,
    ContactRow,
    ErrorCode,
    GoodRow,
    ImportCounts,
    Known,
    RowError,
    Table,
    decode,
    error_file,
    match_columns,
    open_table,
    read_contacts,
    sample_contacts,
)
from surveys.contact_file.formulas import as_text_cell
from surveys.terms import Audience

Row = GoodRow[ContactRow] | BadRow
NOTHING_KNOWN = Known()


def table_of(*lines: str) -> Table:
    return open_table(decode("\r\n".join(lines).encode()))


def read(table: Table, known: Known = NOTHING_KNOWN) -> list[Row]:
    mapping = match_columns(table.header).with_open_columns_as(ATTRIBUTE)
    return list(read_contacts(table, mapping, known=known))


def good(*lines: str, known: Known = NOTHING_KNOWN) -> list[ContactRow]:
    rows = read(table_of(*lines), known)
    assert all(isinstance(row, GoodRow) for row in rows), rows
    return [row.values for row in rows if isinstance(row, GoodRow)]


def errors(*lines: str, known: Known = NOTHING_KNOWN) -> dict[int, list[RowError]]:
    """The errors of each bad row, by its number."""
    return {
        row.number: list(row.errors)
        for row in read(table_of(*lines), known)
        if isinstance(row, BadRow)
    }


def codes(*lines: str, known: Known = NOTHING_KNOWN) -> dict[int, list[ErrorCode]]:
    found = errors(*lines, known=known)
    return {number: [error.code for error in of_row] for number, of_row in found.items()}


def error_bytes(table: Table, rows: Iterable[Row]) -> bytes:
    return b"".join(error_file(table, (row for row in rows if isinstance(row, BadRow))))


def test_row_with_every_field_is_read() -> None:
    header = (
        "email,first_name,last_name,external_id,audience,language,timezone,partner_external_id,"
        "partner_name,role,job_title,team,partner_type,tier,region,country,size_band,"
        "account_manager_email,revenue_band,consent_basis,do_not_survey_until,emailstatus,attr_x"
    )
    row = (
        " Ewa@Integra.example ,Ewa,Mazur,C-1,partner,PL,europe/warsaw,P-1,Integra Śląsk,sales,"
        "Head,South team,integrator,Gold,South,pl,50-249,anna@vendor.example,b,contract,"
        "31.03.2027,OK,7"
    )

    (contact,) = good(header, row)

    assert (contact.address.written, contact.address.key) == (
        "Ewa@Integra.example",
        "ewa@integra.example",
    )
    assert contact.account_manager_email is not None
    assert contact.account_manager_email.key == "anna@vendor.example"
    assert contact == ContactRow(
        address=contact.address,
        account_manager_email=contact.account_manager_email,
        audience=Audience.PARTNER,
        first_name="Ewa",
        last_name="Mazur",
        external_id="C-1",
        language="pl",
        timezone="Europe/Warsaw",
        partner_external_id="P-1",
        partner_name="Integra Śląsk",
        role="sales",
        job_title="Head",
        team="South team",
        partner_type="integrator",
        tier="Gold",
        region="South",
        country="PL",
        size_band="50-249",
        revenue_band="B",
        consent_basis="contract",
        do_not_survey_until=date(2027, 3, 31),
        email_status="reachable",
        attributes={"x": "7"},
    )


def test_empty_cells_say_nothing() -> None:
    (contact,) = good("email;firma;imię;język;poziom;attr_x", "a@x.example;A;;  ;;")

    assert contact == ContactRow(address=contact.address, partner_name="A")


def test_word_null_is_a_name_like_any_other() -> None:
    (contact,) = good("email;firma;nazwisko", "a@x.example;NULL;Null")

    assert (contact.partner_name, contact.last_name) == ("NULL", "Null")


@pytest.mark.parametrize(
    ("cell", "first", "last"),
    [
        ("Ewa Mazur", "Ewa", "Mazur"),
        ("Ewa Maria Mazur", "Ewa", "Maria Mazur"),
        ('"Mazur, Ewa Maria"', "Ewa Maria", "Mazur"),
        ("Ewa", "Ewa", None),
    ],
)
def test_full_name_is_split(cell: str, first: str, last: str | None) -> None:
    (contact,) = good("email;firma;name", f"a@x.example;A;{cell}")

    assert (contact.first_name, contact.last_name) == (first, last)


def test_first_and_last_name_win_over_the_full_name() -> None:
    (contact,) = good("email;firma;name;imię", "a@x.example;A;Ewa Mazur;Ewunia")

    assert (contact.first_name, contact.last_name) == ("Ewunia", "Mazur")


def test_own_staff_need_no_company_and_keep_none() -> None:
    contacts = good(
        "email;audience;firma;poziom;zespół;kraj",
        "a@vendor.example;internal;;;Sales;PL",
        "b@vendor.example;wewnętrzny;Nordvik;Gold;;",
    )

    assert [contact.audience for contact in contacts] == [Audience.INTERNAL] * 2
    assert (contacts[0].team, contacts[0].country) == ("Sales", "PL")
    assert (contacts[1].partner_name, contacts[1].tier) == (None, None)


def test_partner_without_company_is_refused() -> None:
    found = codes(
        "email;audience;firma",
        "a@x.example;;",
        "b@x.example;partner;",
        "c@x.example;internal;",
    )

    assert found == {2: [ErrorCode.PARTNER_MISSING], 3: [ErrorCode.PARTNER_MISSING]}


def test_missing_first_name_is_no_error() -> None:
    (contact,) = good("email;firma;imię", "biuro@kopernik.example;Kopernik IT;")

    assert contact.first_name is None


def test_opt_outs_and_bounces_of_another_tool_are_kept() -> None:
    contacts = good(
        "email;firma;emailstatus",
        "a@x.example;A;OptOut",
        "b@x.example;A;bounced",
        "c@x.example;A;",
    )

    assert [contact.email_status for contact in contacts] == [OPTED_OUT, BOUNCED, None]


def test_bad_rows_do_not_stop_good_ones_and_all_reasons_are_told() -> None:
    rows = read(
        table_of(
            "E-mail;Imię;Firma;Poziom;Język",
            "ewa@siecplus.example;Ewa;Sieć Plus;Gold;pl",
            "jan@siecplus;Jan;;Platin;klingoński",
            "ola@siecplus.example;Ola;Sieć Plus;silver;en",
        ),
        Known(choices={"tier": ("Gold", "Silver")}),
    )

    assert [(row.number, isinstance(row, GoodRow)) for row in rows] == [
        (2, True),
        (3, False),
        (4, True),
    ]
    bad, last = rows[1], rows[2]
    assert isinstance(bad, BadRow)
    assert isinstance(last, GoodRow)
    assert bad.cells == ("jan@siecplus", "Jan", "", "Platin", "klingoński")
    assert [(error.code, error.column) for error in bad.errors] == [
        (ErrorCode.EMAIL_INCOMPLETE, "E-mail"),
        (ErrorCode.UNKNOWN_CHOICE, "Poziom"),
        (ErrorCode.UNKNOWN_LANGUAGE, "Język"),
        (ErrorCode.PARTNER_MISSING, "Firma"),
    ]
    assert last.values.tier == "Silver"


def test_incomplete_address_is_completed_from_a_row_further_down() -> None:
    found = errors(
        "email;firma",
        "jan@siecplus;Sieć Plus",
        "ewa@siecplus.example;Sieć Plus",
    )

    assert found[2] == [
        RowError(ErrorCode.EMAIL_INCOMPLETE, "email", {"suggestion": "jan@siecplus.example"})
    ]


def test_incomplete_address_is_completed_from_what_the_workspace_knows() -> None:
    known = Known(domains=("siecplus.example",))

    found = errors("email;firma", "jan@siecplus;Sieć Plus", known=known)

    assert found[2][0].parameters == {"suggestion": "jan@siecplus.example"}


def test_cell_that_cannot_be_read_is_not_also_called_missing() -> None:
    found = codes(
        "email;firma;audience",
        "nobody;A;",
        'a@x.example;"A\nB";',
        "b@x.example;;everyone",
    )

    assert found == {
        2: [ErrorCode.EMAIL_WITHOUT_AT],
        3: [ErrorCode.LINE_BREAK],
        4: [ErrorCode.UNKNOWN_AUDIENCE],
    }


def test_row_without_an_address_is_refused() -> None:
    assert codes("email;firma", ";A") == {2: [ErrorCode.EMAIL_MISSING]}


def test_second_row_of_an_address_is_refused_and_names_the_first() -> None:
    found = errors(
        "E-mail;Firma",
        "ewa@żółw.example;A",
        "jan@x.example;A",
        "EWA@xn--w-uga1v8h.example;A",
        "ewa+pulse@żółw.example;A",
        "Ewa@Żółw.Example;A",
    )

    same = [RowError(ErrorCode.SAME_ADDRESS_AS_ROW, "E-mail", {"row": 2})]
    assert found == {4: same, 6: same}


def test_address_of_a_refused_row_counts_as_taken() -> None:
    """Which of the two rows is right, only the person who has the list can know."""
    found = codes("email;firma", "ewa@x.example;", "ewa@x.example;A")

    assert found == {2: [ErrorCode.PARTNER_MISSING], 3: [ErrorCode.SAME_ADDRESS_AS_ROW]}


def test_second_row_of_an_identifier_is_refused() -> None:
    found = errors("email;firma;external_id", "a@x.example;A;7", "b@x.example;A;7")

    assert found == {3: [RowError(ErrorCode.SAME_EXTERNAL_ID_AS_ROW, "external_id", {"row": 2})]}


def test_rows_of_another_length_than_the_header_are_refused() -> None:
    found = errors(
        "email;firma;tier",
        "a@x.example;A",
        "b@x.example;B;Gold;",
        "c@x.example;C;Gold;extra",
    )

    assert found == {
        2: [RowError(ErrorCode.TOO_FEW_CELLS, None, {"found": 2, "expected": 3})],
        4: [RowError(ErrorCode.TOO_MANY_CELLS, None, {"found": 4, "expected": 3})],
    }


def test_stray_quotation_mark_is_told_and_the_next_rows_are_read() -> None:
    rows = read(table_of("email;firma", 'a@x.example;"A', "b@x.example;B", "c@x.example;C"))

    assert [row.number for row in rows if isinstance(row, GoodRow)] == [3, 4]
    assert isinstance(rows[0], BadRow)
    assert rows[0].errors == (RowError(ErrorCode.BROKEN_QUOTES),)


def test_damaged_letters_refuse_their_row_and_no_other() -> None:
    data = (
        "email;firma\r\na@x.example;Żółw\r\nb@x.example;".encode() + b"\xb1bc\r\nc@x.example;C\r\n"
    )
    table = open_table(decode(data))

    rows = list(read_contacts(table, match_columns(table.header)))

    assert [isinstance(row, GoodRow) for row in rows] == [True, False, True]
    assert isinstance(rows[1], BadRow)
    assert rows[1].errors[0].code is ErrorCode.UNREADABLE_CHARACTERS


@pytest.mark.parametrize(
    ("column", "limit"),
    [("imię", 100), ("firma", 200), ("stanowisko", 100), ("attr_x", 1000)],
)
def test_text_over_the_limit_of_its_field_is_refused(column: str, limit: int) -> None:
    header = "email;audience;" + column

    assert good(header, f"a@x.example;internal;{'x' * limit}")
    assert codes(header, f"a@x.example;internal;{'x' * (limit + 1)}") == {2: [ErrorCode.TOO_LONG]}


@pytest.mark.parametrize(
    "text", ["=1+1", "+48 600 100 200", "-5", "@SUM(A1)", "<img src=x onerror=alert(1)>", "{{7*7}}"]
)
def test_formulas_and_markup_are_stored_as_text(text: str) -> None:
    plain, escaped = good(
        "email;firma;telefon", f"a@x.example;{text};{text}", f"b@x.example;'{text};"
    )

    assert (plain.partner_name, plain.attributes) == (text, {"phone": text})
    assert escaped.partner_name == (text if text[0] in "=+-@" else f"'{text}")


def test_columns_without_a_choice_and_repeated_ones_are_left_out() -> None:
    table = table_of("email;firma;Liczba serwerów;company", "a@x.example;A;7;B")

    (row,) = read_contacts(table, match_columns(table.header))

    assert isinstance(row, GoodRow)
    assert (row.values.partner_name, row.values.attributes) == ("A", {})


def test_skipped_column_may_hold_anything() -> None:
    table = table_of("email;firma;token", 'a@x.example;A;"\ufffd\x01\n"')

    (row,) = read_contacts(table, match_columns(table.header))

    assert isinstance(row, GoodRow)


def test_file_without_a_needed_column_is_refused_before_the_first_row() -> None:
    table = table_of("imię;firma", "Ewa;A")

    with pytest.raises(ColumnsMissing):
        read_contacts(table, match_columns(table.header))


def test_error_file_holds_the_rows_as_they_were_and_why() -> None:
    table = table_of(
        "E-mail;Imię;Firma",
        "ewa@siecplus.example;Ewa;Sieć Plus",
        'jan@siecplus;"J; ""K""";',
        "x;=1+1;Firma",
    )

    written = error_bytes(table, read(table))

    assert written.startswith(b"\xef\xbb\xbf")
    assert written.decode("utf-8-sig").splitlines() == [
        "E-mail;Imię;Firma;error_code;error_text",
        (
            'jan@siecplus;"J; ""K""";;email_incomplete partner_missing;E-mail: Email address is'
            " not complete. Did you mean jan@siecplus.example? Firma: Company is missing. Only"
            " people of our own team have none."
        ),
        "x;'=1+1;Firma;email_without_at;E-mail: Email address has no @ sign.",
    ]


def test_error_file_speaks_the_language_of_its_reader() -> None:
    table = table_of("email;firma", "x;A")
    bad = [row for row in read(table) if isinstance(row, BadRow)]

    written = b"".join(error_file(table, bad, describe=lambda error: f"błąd {error.code}"))

    assert "email: błąd email_without_at" in written.decode()


def test_corrected_error_file_is_read_without_its_added_columns() -> None:
    table = table_of("E-mail;Firma;Telefon", "jan@siecplus;Sieć Plus;+48 1", "ewa@x.example;X;")
    written = error_bytes(table, read(table))

    corrected = written.replace(b"jan@siecplus;", b"jan@siecplus.example;")

    (row,) = read(open_table(decode(corrected)))
    assert isinstance(row, GoodRow)
    assert row.values.address.key == "jan@siecplus.example"
    assert row.values.attributes == {"phone": "+48 1"}


def test_error_file_of_an_error_file_has_its_columns_once() -> None:
    table = table_of("E-mail;Firma", "x;A")
    again = open_table(decode(error_bytes(table, read(table))))

    written = error_bytes(again, read(again)).decode("utf-8-sig")

    assert written.splitlines()[0] == "E-mail;Firma;error_code;error_text"
    assert written == error_bytes(table, read(table)).decode("utf-8-sig")


def test_cells_beyond_the_headings_stay_visible_in_the_error_file() -> None:
    table = table_of("email;firma", "a@x.example;A;beyond")

    last = error_bytes(table, read(table)).decode().splitlines()[-1]

    assert last.startswith("a@x.example;A;too_many_cells;")
    assert last.endswith(";beyond")


cells = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8
) | st.sampled_from(["=1+1", "'=1", "''@x", " -5", '"', 'a"b', "a;b", "a\nb", "＝1", "x@x.example"])


@given(st.lists(st.tuples(cells, cells, cells), max_size=5))
@settings(max_examples=150, deadline=None)
def test_bad_rows_come_back_from_the_error_file_as_they_were(
    rows: list[tuple[str, str, str]],
) -> None:
    lines = [
        ",".join('"' + as_text_cell(cell).replace('"', '""') + '"' for cell in row) for row in rows
    ]
    first = open_table(decode("\r\n".join(["email,firma,imię", *lines]).encode()))
    bad = [row for row in read(first) if isinstance(row, BadRow)]
    # An address that a good row had before is free again in a file of its own.
    refused = [row for row in bad if row.errors[0].code is not ErrorCode.SAME_ADDRESS_AS_ROW]

    again = read(open_table(decode(error_bytes(first, refused))))

    assert [isinstance(row, BadRow) for row in again] == [True] * len(refused)
    assert [row.cells[:3] for row in again if isinstance(row, BadRow)] == [
        row.cells for row in refused
    ]


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_sample_file_can_be_uploaded_as_it_is(locale: str) -> None:
    table = open_table(decode(sample_contacts(locale)))
    mapping = match_columns(table.header)

    contacts = [row.values for row in read_contacts(table, mapping) if isinstance(row, GoodRow)]

    assert mapping.is_complete
    assert [(contact.audience, contact.partner_name) for contact in contacts] == [
        (Audience.PARTNER, "Integra Śląsk"),
        (Audience.PARTNER, "Halo Systems"),
        (Audience.INTERNAL, None),
    ]


def test_counts_of_parts_add_up() -> None:
    whole = ImportCounts(n_rows=3, n_good=2, n_bad=1) + ImportCounts(
        n_rows=1, n_good=1, n_created=1
    )

    assert whole == ImportCounts(n_rows=4, n_good=3, n_bad=1, n_created=1)
    assert whole.to_json()["n_rows"] == 4


def test_long_file_is_read_as_a_stream() -> None:
    """5,000 rows kept as contacts would take over 6 MB."""
    rows = (
        f"person{n}@company{n}.example,Ewa,Company {n},Gold,South,{'x' * 200}" for n in range(5000)
    )
    table = table_of("email,imię,firma,tier,region,attr_notes", *rows)
    mapping = match_columns(table.header)
    tracemalloc.start()
    try:
        n_good = sum(isinstance(row, GoodRow) for row in read_contacts(table, mapping))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert n_good == 5000
    assert peak < 3_000_000
