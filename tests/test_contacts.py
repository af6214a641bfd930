"""A contact file is imported: who is created, changed, refused, and never mailed again."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from factories import MONDAY, SECRET, make_contact, make_partner, make_staff, make_user
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.accounts import user_with_password
from surveys.cli import contacts
from surveys.contact_file import (
    ATTRIBUTE,
    ColumnsMissing,
    Encoding,
    ErrorCode,
    Separator,
    error_file,
    match_columns,
    sample_contacts,
)
from surveys.contacts import BLOCK, ContactKeys, ImportReport, import_contacts, read_file
from surveys.models import AuditEvent, Contact, Partner, Suppression, User
from surveys.preferences import open_preferences, preferences_token, stop_mails, suppress
from surveys.search_keys import search_key
from surveys.terms import Audience, SuppressionReason
from surveys.tokens import identity_hash

KEYS = ContactKeys(SECRET, SECRET)
HEADING = "email;first_name;last_name;partner_name"


def run(session: Session, text: str | bytes, *, default_locale: str = "en") -> ImportReport:
    """Import this file and commit."""
    report = dry_run(session, text, default_locale=default_locale)
    session.commit()
    return report


def dry_run(
    session: Session,
    text: str | bytes,
    *,
    default_locale: str = "en",
    progress: Callable[[int], None] | None = None,
) -> ImportReport:
    """Import this file and leave the end of the transaction to the caller."""
    data = text if isinstance(text, bytes) else text.strip().encode()
    table, mapping = read_file(data)
    return import_contacts(
        session,
        table,
        mapping,
        keys=KEYS,
        now=MONDAY,
        default_locale=default_locale,
        progress=progress,
    )


def contact(session: Session, email: str) -> Contact:
    """The person with this address."""
    return session.scalars(select(Contact).where(Contact.email == email)).one()


def partner(session: Session, name: str) -> Partner:
    """The company of this name."""
    return session.scalars(select(Partner).where(Partner.name == name)).one()


def codes(report: ImportReport) -> list[tuple[int, list[ErrorCode]]]:
    """Row number and reasons of each refused row."""
    return [(row.number, [error.code for error in row.errors]) for row in report.refused]


def test_a_new_person_is_stored_with_company_language_and_preference_link(
    session: Session,
) -> None:
    report = run(
        session,
        """
email;first_name;last_name;language;partner_name;partner_type;tier;attr_city
Ewa.Mazur@integra.example;Ewa;Mazur;pl;Integra Śląsk;integrator;Gold;Gliwice
""",
    )

    ewa = contact(session, "Ewa.Mazur@integra.example")
    integra = partner(session, "Integra Śląsk")
    assert (report.counts.n_created, report.counts.n_partners_created) == (1, 1)
    assert list(report.new_partners) == ["Integra Śląsk"]
    assert (ewa.audience, ewa.partner_id, ewa.locale) == (Audience.PARTNER, integra.id, "pl")
    assert ewa.email_hash == identity_hash(SECRET, "ewa.mazur@integra.example")
    assert ewa.attributes == {"city": "Gliwice"}
    assert ewa.created_at == MONDAY
    assert ewa.search_key == search_key("Ewa", "Mazur", "ewa.mazur@integra.example")
    assert (integra.type, integra.tier, integra.search_key) == (
        "integrator",
        "Gold",
        "integra slask",
    )
    assert open_preferences(session, preferences_token(SECRET, ewa)).contact_id == ewa.id


def test_the_same_file_twice_changes_nothing(session: Session) -> None:
    first = run(session, sample_contacts("pl"))
    second = run(session, sample_contacts("pl"))

    assert (first.counts.n_created, first.counts.n_partners_created) == (3, 2)
    assert second.counts.n_unchanged == second.counts.n_rows == 3
    assert (second.counts.n_created, second.counts.n_changed) == (0, 0)
    assert (second.counts.n_partners_created, second.counts.n_bad) == (0, 0)
    assert session.scalar(select(func.count(Contact.id))) == 3


def test_both_sample_files_import_without_an_error_and_mean_the_same(session: Session) -> None:
    polish = run(session, sample_contacts("pl"))
    english = run(session, sample_contacts("en"))

    assert polish.refused == english.refused == []
    assert english.counts.n_created == 0


def test_an_empty_cell_leaves_what_is_stored(session: Session) -> None:
    run(session, f"{HEADING};job_title;attr_city;tier\na@b.example;Ewa;Mazur;Integra;CEO;Łódź;Gold")

    report = run(session, f"{HEADING};job_title;attr_seat;tier\na@b.example;;;Integra;;window;")

    ewa = contact(session, "a@b.example")
    assert (ewa.first_name, ewa.last_name, ewa.job_title) == ("Ewa", "Mazur", "CEO")
    assert ewa.attributes == {"city": "Łódź", "seat": "window"}
    assert partner(session, "Integra").tier == "Gold"
    assert report.counts.n_changed == 1


def test_a_changed_name_is_found_by_its_new_search_key(session: Session) -> None:
    run(session, f"{HEADING}\na@b.example;Ewa;Mazur;Integra")

    run(session, f"{HEADING}\na@b.example;Ewa;Żuk;Integra")

    assert contact(session, "a@b.example").search_key == "ewa zuk a@b.example"


def test_a_row_that_changes_only_the_company_counts_as_changed(session: Session) -> None:
    run(session, f"{HEADING};tier\na@b.example;Ewa;Mazur;Integra;Silver")

    report = run(session, f"{HEADING};tier\na@b.example;Ewa;Mazur;INTEGRA;Gold")

    assert (report.counts.n_changed, report.counts.n_unchanged) == (1, 0)
    assert partner(session, "INTEGRA").tier == "Gold"


def test_a_bad_row_never_stops_the_good_ones(session: Session) -> None:
    report = run(
        session,
        f"""
{HEADING};language
ewa@integra.example;Ewa;Mazur;Integra;pl
jan@siecplus;Jan;Zieliński;Sieć Plus;pl
ewa@integra.example;Ewa;Mazur;Integra;pl
lena@halo.example;Lena;Koch;Halo;klingon
adam@halo.example;Adam;Nowak;Halo;en
""",
    )

    assert codes(report) == [
        (3, [ErrorCode.EMAIL_INCOMPLETE]),
        (4, [ErrorCode.SAME_ADDRESS_AS_ROW]),
        (5, [ErrorCode.UNKNOWN_LANGUAGE]),
    ]
    assert (report.counts.n_good, report.counts.n_bad, report.counts.n_rows) == (2, 3, 5)
    assert set(session.scalars(select(Contact.email))) == {
        "ewa@integra.example",
        "adam@halo.example",
    }


def test_a_corrected_error_file_brings_in_the_rest(session: Session) -> None:
    report = run(session, f"{HEADING}\nbiuro@siecplus;Żaneta;Wójt;Sieć Plus\na@b.example;A;B;C")
    errors = b"".join(error_file(report.table, report.refused))

    corrected = run(session, errors.replace(b"biuro@siecplus;", b"biuro@siecplus.example;"))

    assert corrected.counts.n_created == corrected.counts.n_rows == 1
    assert contact(session, "biuro@siecplus.example").last_name == "Wójt"


def test_an_incomplete_address_is_completed_by_a_domain_that_is_stored(session: Session) -> None:
    make_contact(session, make_partner(session), email="anna@siecplus.example")
    session.commit()

    report = run(session, f"{HEADING}\njan@siecplus;Jan;Z;Sieć Plus")

    (row,) = report.refused
    assert row.errors[0].parameters["suggestion"] == "jan@siecplus.example"


def test_an_opt_out_is_not_revived_by_an_import(session: Session) -> None:
    ewa = make_contact(session, make_partner(session, "Integra"), email="ewa@integra.example")
    session.flush()
    mine = open_preferences(session, preferences_token(SECRET, ewa))
    stop_mails(session, mine, source="page", now=MONDAY)
    session.commit()

    report = run(session, f"{HEADING};email_status\nEWA@integra.example;Ewa;Mazur;Integra;ok")

    assert report.counts.n_suppressed == 1
    kept = session.scalars(select(Suppression)).one()
    assert (kept.reason, kept.lifted_at) == (SuppressionReason.OPT_OUT, None)


def test_an_opt_out_goes_along_to_a_persons_new_address_and_a_bounce_does_not(
    session: Session,
) -> None:
    integra = make_partner(session, "Integra")
    for name, reason in (
        ("ewa", SuppressionReason.OPT_OUT),
        ("jan", SuppressionReason.HARD_BOUNCE),
    ):
        person = make_contact(
            session, integra, email=f"{name}@old.example", external_id=name.upper()
        )
        assert person.email_hash is not None
        suppress(session, person.email_hash, email=None, reason=reason, source="t", now=MONDAY)
    session.commit()

    report = run(
        session,
        """
email;external_id;partner_name
ewa@new.example;EWA;Integra
jan@new.example;JAN;Integra
""",
    )

    assert report.counts.n_suppressed == 1
    moved = session.scalars(
        select(Suppression).where(
            Suppression.email_hash == identity_hash(SECRET, "ewa@new.example")
        )
    ).one()
    assert (moved.reason, moved.source) == (SuppressionReason.OPT_OUT, "import")


def test_a_status_of_another_tool_stops_mails_and_is_counted(session: Session) -> None:
    report = run(
        session,
        """
email;partner_name;emailstatus
a@b.example;Integra;OptOut
c@d.example;Integra;bounced
e@f.example;Integra;OK
""",
    )

    assert report.counts.n_suppressed == 2
    reasons = dict(session.execute(select(Suppression.email, Suppression.reason)).all())
    assert reasons == {
        "a@b.example": SuppressionReason.OPT_OUT,
        "c@d.example": SuppressionReason.HARD_BOUNCE,
    }


def test_a_new_address_is_taken_over_by_the_persons_own_identifier(session: Session) -> None:
    run(session, f"{HEADING};external_id\nold@b.example;Ewa;Mazur;Integra;E-7")
    before = contact(session, "old@b.example")
    key, preferences = before.id, before.preferences_hash

    report = run(session, f"{HEADING};external_id\nnew@b.example;Ewa;Mazur;Integra;E-7")

    after = contact(session, "new@b.example")
    assert report.counts.n_changed == 1
    assert (after.id, after.preferences_hash) == (key, preferences)
    assert after.email_hash == identity_hash(SECRET, "new@b.example")
    assert after.search_key.endswith("new@b.example")


def test_an_identifier_and_an_address_of_two_people_refuse_their_row_only(
    session: Session,
) -> None:
    run(session, "email;external_id;partner_name\na@b.example;A;Firma\nb@b.example;B;Firma")

    report = run(
        session,
        """
email;external_id;partner_name
b@b.example;A;Firma
a@b.example;B;Firma
c@b.example;C;Firma
""",
    )

    assert codes(report) == [
        (2, [ErrorCode.EXTERNAL_ID_OF_ANOTHER]),
        (3, [ErrorCode.EXTERNAL_ID_OF_ANOTHER]),
    ]
    assert report.refused[0].cells == ("b@b.example", "A", "Firma")
    assert report.refused[0].errors[0].column == "external_id"
    assert (report.counts.n_created, report.counts.n_bad) == (1, 2)
    stored = dict(session.execute(select(Contact.external_id, Contact.email)).all())
    assert stored == {"A": "a@b.example", "B": "b@b.example", "C": "c@b.example"}


def test_an_identifier_can_pass_from_one_row_to_the_next(session: Session) -> None:
    run(session, "email;external_id;partner_name\na@b.example;A;Firma\nb@b.example;B;Firma")

    report = run(
        session,
        """
email;external_id;partner_name
b@b.example;C;Firma
a@b.example;B;Firma
""",
    )

    assert report.refused == []
    stored = dict(session.execute(select(Contact.email, Contact.external_id)).all())
    assert stored == {"b@b.example": "C", "a@b.example": "B"}


def test_a_row_may_use_the_address_that_an_earlier_row_gave_up(session: Session) -> None:
    run(session, f"{HEADING};external_id\noffice@b.example;Ewa;Mazur;Firma;E")

    report = run(
        session,
        f"""
{HEADING};external_id
ewa@b.example;Ewa;Mazur;Firma;E
office@b.example;Jan;Nowak;Firma;
""",
    )

    assert (report.counts.n_changed, report.counts.n_created) == (1, 1)
    assert contact(session, "ewa@b.example").external_id == "E"
    assert contact(session, "office@b.example").first_name == "Jan"


def test_an_account_manager_becomes_an_owner_who_cannot_sign_in(session: Session) -> None:
    known = make_user(session, "borys@nordvik.example")
    session.commit()

    run(
        session,
        """
email;partner_name;account_manager_email
a@b.example;Integra;Celina@nordvik.example
c@d.example;Halo;BORYS@nordvik.example
""",
    )

    celina = session.scalars(select(User).where(User.email == "celina@nordvik.example")).one()
    assert partner(session, "Integra").owner_id == celina.id
    assert partner(session, "Halo").owner_id == known.id
    assert (celina.password_hash, celina.oidc_subject) == (None, None)
    assert user_with_password(session, email=celina.email, password="") is None


def test_own_staff_need_no_company_and_never_get_one(session: Session) -> None:
    run(
        session,
        """
email;audience;team;partner_name;tier
anna@nordvik.example;internal;Channel sales;;
jan@nordvik.example;wewnętrzny;;Nordvik;Gold
""",
    )

    assert session.scalar(select(func.count(Partner.id))) == 0
    anna = contact(session, "anna@nordvik.example")
    assert (anna.audience, anna.partner_id, anna.team) == (
        Audience.INTERNAL,
        None,
        "Channel sales",
    )


def test_a_member_of_staff_can_move_to_a_partner(session: Session) -> None:
    make_staff(session, email="anna@nordvik.example")
    session.commit()

    run(session, f"{HEADING}\nanna@nordvik.example;Anna;K;Integra")

    anna = contact(session, "anna@nordvik.example")
    assert (anna.audience, anna.partner_id) == (
        Audience.PARTNER,
        partner(session, "Integra").id,
    )


def test_companies_of_one_name_are_told_apart_by_their_identifiers(session: Session) -> None:
    run(
        session,
        """
email;partner_name;partner_external_id;tier
a@b.example;Integra;1;Gold
c@d.example;Integra;2;Silver
e@f.example;INTEGRA;;
""",
    )

    rows = session.execute(select(Partner.external_id, Partner.tier).order_by(Partner.id)).all()
    assert [tuple(row) for row in rows] == [("1", "Gold"), ("2", "Silver")]
    third = contact(session, "e@f.example")
    assert third.partner is not None
    assert third.partner.external_id == "1"


def test_of_rows_that_contradict_each_other_about_a_company_the_first_counts(
    session: Session,
) -> None:
    text = """
email;partner_name;tier;region
a@b.example;Integra;Gold;
c@d.example;INTEGRA;Silver;north
e@f.example;integra;;south
"""
    run(session, text)

    again = run(session, text)

    integra = partner(session, "Integra")
    assert (integra.tier, integra.region) == ("Gold", "north")
    assert (again.counts.n_changed, again.counts.n_unchanged) == (0, 3)


def test_a_company_known_by_name_takes_its_first_identifier(session: Session) -> None:
    run(session, "email;partner_name\na@b.example;Sieć Plus")

    report = run(session, "email;partner_name;partner_external_id\nc@d.example;siec plus;P-9")

    assert report.counts.n_partners_created == 0
    assert partner(session, "siec plus").external_id == "P-9"


def test_a_company_known_by_identifier_takes_its_new_name(session: Session) -> None:
    old = make_partner(session, "Old name")
    session.commit()

    run(
        session,
        f"email;partner_name;partner_external_id\na@b.example;New name;{old.external_id}",
    )

    renamed = partner(session, "New name")
    assert (renamed.id, renamed.search_key) == (old.id, "new name")


def test_a_dry_run_that_is_rolled_back_leaves_no_trace(session: Session) -> None:
    report = dry_run(
        session,
        """
email;partner_name;account_manager_email;emailstatus
a@b.example;Integra;celina@nordvik.example;OptOut
""",
    )
    session.rollback()

    assert (report.counts.n_created, report.counts.n_partners_created) == (1, 1)
    for table in (Contact, Partner, User, Suppression):
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_people_without_a_language_get_the_one_that_is_given(session: Session) -> None:
    run(session, "email;partner_name\na@b.example;Integra", default_locale="pl")

    assert contact(session, "a@b.example").locale == "pl"


def test_columns_without_a_choice_are_left_out_and_chosen_ones_are_kept(session: Session) -> None:
    data = b"email;partner_name;Nr umowy;Ulubiony kolor\na@b.example;Integra;7/2027;teal"

    table, mapping = read_file(data, targets={2: ATTRIBUTE})
    report = import_contacts(session, table, mapping, keys=KEYS, now=MONDAY)

    assert [column.target for column in report.mapping.columns][2:] == ["attr_nr_umowy", "skip"]
    assert contact(session, "a@b.example").attributes == {"nr_umowy": "7/2027"}


def test_a_file_without_addresses_is_refused_before_anything_is_written(session: Session) -> None:
    with pytest.raises(ColumnsMissing):
        dry_run(session, "first_name;partner_name\nEwa;Integra")

    assert session.scalar(select(func.count(Partner.id))) == 0


def test_a_chosen_encoding_and_separator_win_over_what_is_found() -> None:
    data = "email;nazwisko,imię\na@b.example;Żuk,Ewa".encode("cp1250")

    table, _ = read_file(data, encoding=Encoding.ISO_8859_2, separator=Separator.COMMA)

    assert table.decoded.encoding is Encoding.ISO_8859_2
    assert table.header == ("email;nazwisko", "imię")


def test_a_day_until_which_nobody_asks_is_stored_as_a_day(session: Session) -> None:
    run(session, "email;partner_name;do_not_survey_until\na@b.example;Integra;31.03.2027")

    assert contact(session, "a@b.example").do_not_survey_until == date(2027, 3, 31)


def test_more_rows_than_a_block_share_their_companies_and_are_told_as_progress(
    session: Session,
) -> None:
    rows = [f"p{number}@x.example;Firma {number % 7};P-{number % 7}" for number in range(BLOCK + 5)]
    done: list[int] = []

    report = dry_run(
        session,
        "\n".join(["email;partner_name;partner_external_id", *rows]),
        progress=done.append,
    )

    assert done == [BLOCK, 5]
    assert report.counts.n_created == BLOCK + 5
    assert report.counts.n_partners_created == 7
    assert session.scalar(select(func.count(Partner.id))) == 7


def test_a_large_file_needs_few_statements(session: Session, statements: list[str]) -> None:
    rows = [f"p{number}@x.example;Firma {number};P-{number}" for number in range(2 * BLOCK)]
    text = "\n".join(["email;partner_name;partner_external_id", *rows])

    run(session, text)

    # A handful a block, however many people and companies it has.
    assert len(statements) < 30


def test_objects_that_the_session_holds_show_what_was_imported(session: Session) -> None:
    ewa = make_contact(session, make_partner(session, "Integra"), email="ewa@integra.example")

    dry_run(session, f"{HEADING}\newa@integra.example;Ewa;Mazur;Integra")

    assert ewa.last_name == "Mazur"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from("abcde"), st.sampled_from(["", "1", "2", "3"]), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_every_row_is_counted_once_and_a_second_run_creates_nobody(
    session: Session, rows: list[tuple[str, str, bool]]
) -> None:
    session.rollback()
    lines = [
        f"{name}@x.example;{external_id};{'Firma' if has_company else ''}"
        for name, external_id, has_company in rows
    ]
    text = "\n".join(["email;external_id;partner_name", *lines])

    first = dry_run(session, text).counts
    second = dry_run(session, text).counts
    session.rollback()

    for counts in (first, second):
        assert counts.n_rows == len(rows) == counts.n_good + counts.n_bad
        assert counts.n_good == counts.n_created + counts.n_changed + counts.n_unchanged
    assert second.n_created == second.n_partners_created == 0


def test_every_heading_of_the_sample_is_known_by_name() -> None:
    for locale in ("pl", "en"):
        table, mapping = read_file(sample_contacts(locale))

        assert mapping == match_columns(table.header)
        assert mapping.is_complete


def test_the_command_imports_a_file_and_writes_the_refused_rows(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    file, errors = tmp_path / "contacts.csv", tmp_path / "errors.csv"
    text = f"{HEADING};Kolor\nbiuro@siecplus;Żaneta;Wójt;Sieć Plus;x\na@b.example;A;B;C;y"
    file.write_bytes(text.encode("cp1250"))

    result = app.test_cli_runner().invoke(
        contacts, ["import", str(file), "--errors", str(errors), "--locale", "pl"]
    )

    assert result.exit_code == 0
    assert "2 rows: 1 new, 0 changed, 0 as they were, 1 refused" in result.stdout
    assert "column 'Kolor' is left out" in result.stderr
    assert "row 2: Email address is not complete." in result.stderr
    assert "Żaneta;Wójt" in errors.read_text(encoding="utf-8-sig")
    assert contact(session, "a@b.example").locale == "pl"
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.detail["n_created"]) == ("contacts.import", 1)


def test_the_commands_dry_run_says_the_counts_and_writes_nothing(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(f"{HEADING}\na@b.example;A;B;C")

    result = app.test_cli_runner().invoke(contacts, ["import", str(file), "--dry-run"])

    assert result.exit_code == 0
    assert "1 rows: 1 new" in result.stdout
    assert "dry run" in result.stdout
    assert session.scalar(select(func.count(Contact.id))) == 0


def test_the_command_says_in_one_line_why_a_file_is_refused(app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    refused = {
        b"": "The file is empty.",
        b"first_name;partner_name\nEwa;Integra": "no column for: email",
    }
    for data, words in refused.items():
        file.write_bytes(data)

        result = app.test_cli_runner().invoke(contacts, ["import", str(file)])

        assert result.exit_code == 2
        assert words in result.stderr
        assert result.stderr.count("\n") == 1


def test_nothing_is_stored_when_the_error_file_cannot_be_written(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text(f"{HEADING}\na@b.example;A;B;C\nbad;A;B;C")

    result = app.test_cli_runner().invoke(
        contacts, ["import", str(file), "--errors", str(tmp_path / "no folder" / "errors.csv")]
    )

    assert result.exit_code == 2
    assert "--errors" in result.stderr
    assert session.scalar(select(func.count(Contact.id))) == 0
