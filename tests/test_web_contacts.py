"""The pages of contacts: the list, and a file from its upload to the result."""

import html
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from factories import (
    MONDAY,
    SetClock,
    csrf_token,
    make_contact,
    make_partner,
    make_user,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from surveys.contact_file import sample_contacts
from surveys.contact_imports import KEPT, forget_old_imports
from surveys.models import AuditEvent, Contact, Import, Partner, Suppression, User
from surveys.preferences import suppress
from surveys.terms import Audience, ImportState, Role, SuppressionReason
from surveys.web.security import MAX_BODY_BYTES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEADING = "E-mail;Imię;Nazwisko;Firma"
GOOD = f"{HEADING}\newa@integra.example;Ewa;Żuk;Integra Śląsk\njan@halo.example;Jan;Wróbel;Halo"


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of an administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


@pytest.fixture
def borys(session: Session, app: Flask) -> FlaskClient:
    """The browser of somebody who only reads results."""
    make_user(session, "borys@nordvik.example", name="Borys", role=Role.VIEWER)
    session.commit()
    client = app.test_client()
    sign_in(client, "borys@nordvik.example")
    return client


def text_of(reply: TestResponse) -> str:
    """What a person reads on a page, on one line."""
    main = reply.text.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def upload(client: FlaskClient, data: str | bytes, *, name: str = "list.csv") -> TestResponse:
    """Send a file by the form of the page."""
    token = csrf_token(client.get("/contacts/import").text)
    sent = data if isinstance(data, bytes) else data.encode()
    return client.post(
        "/contacts/import", data={"csrf_token": token, "file": (BytesIO(sent), name)}
    )


def uploaded(client: FlaskClient, data: str | bytes) -> str:
    """The address of the check page of an uploaded file."""
    reply = upload(client, data)
    assert reply.status_code == 303, text_of(reply)
    return reply.location


def press(client: FlaskClient, url: str, action: str, **changes: str) -> TestResponse:
    """Press a button of the check page, with what its lists show and these changes."""
    page = client.get(url).text
    chosen = {}
    for name, options in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', page, re.S):
        selected = re.search(r'value="([^"]*)" selected', options)
        chosen[name] = html.unescape(selected[1]) if selected else ""
    return client.post(
        f"{url}/{action}", data={**chosen, **changes, "csrf_token": csrf_token(page)}
    )


def emails(session: Session) -> set[str | None]:
    """Addresses of everybody who is stored."""
    found = set(session.scalars(select(Contact.email)))
    session.rollback()
    return found


def count(session: Session, model: type[Contact | Import | Partner | User | AuditEvent]) -> int:
    """How many rows a table has."""
    found = session.scalar(select(func.count()).select_from(model)) or 0
    session.rollback()
    return found


# The list


def test_without_contacts_the_page_offers_one_thing_to_do(alicja: FlaskClient) -> None:
    page = alicja.get("/contacts")

    assert "No contacts yet" in text_of(page)
    main = page.text.partition("<main")[2]
    assert main.count("Import contacts</a>") == 1
    assert "<table" not in main


def test_the_list_shows_company_tier_language_and_state_of_mail(
    alicja: FlaskClient, session: Session
) -> None:
    partner = make_partner(session, "Sieć <Plus>", tier="Gold")
    ewa = make_contact(
        session, partner, first_name="Ewa", last_name="Żuk", locale="pl", email="ewa@siec.example"
    )
    assert ewa.email_hash is not None
    suppress(
        session,
        ewa.email_hash,
        email=None,
        reason=SuppressionReason.OPT_OUT,
        source="t",
        now=MONDAY,
    )
    session.commit()

    page = alicja.get("/contacts")

    assert "Ewa Żuk ewa@siec.example Sieć <Plus> Gold Polish Stopped" in text_of(page)
    assert "Sieć <Plus>" not in page.text


def test_search_filters_and_page_stay_in_the_address(alicja: FlaskClient, session: Session) -> None:
    partner = make_partner(session, "Integra", tier="Gold", type="msp")
    for _ in range(51):
        make_contact(session, partner)
    make_contact(session, make_partner(session, "Halo", tier="Silver"))
    session.commit()

    page = alicja.get("/contacts?q=integra&tier=Gold&type=msp&page=2")

    assert "Page 2 of 2" in text_of(page)
    assert "51 contacts" in text_of(page)
    assert page.text.count('role="rowheader"') == 1
    assert "q=integra&amp;tier=Gold&amp;type=msp&amp;page=1" in page.text
    assert "<option selected>Gold</option>" in page.text


def test_a_search_without_a_result_offers_to_clear_it(
    alicja: FlaskClient, session: Session
) -> None:
    make_contact(session, make_partner(session))
    session.commit()

    page = alicja.get("/contacts?q=nobody")

    assert "Nobody fits" in text_of(page)
    assert "Clear filters" in text_of(page)


def test_a_strange_address_still_shows_the_list(alicja: FlaskClient, session: Session) -> None:
    make_contact(session, make_partner(session), first_name="Ewa")
    session.commit()

    for query in ("q=%00", "page=0", "page=-1", "page=x", f"page={10**20}", "audience=x"):
        page = alicja.get(f"/contacts?{query}")

        assert page.status_code == 200, query
        assert "Ewa" in text_of(page)


def test_a_reader_sees_masked_addresses_and_no_import(borys: FlaskClient, session: Session) -> None:
    make_contact(session, make_partner(session), first_name="Ewa", email="mazur@integra.example")
    session.commit()

    page = borys.get("/contacts")

    assert "m…@integra.example" in text_of(page)
    assert "mazur@" not in page.text
    assert "Import contacts" not in page.text
    assert borys.get("/contacts/import").status_code == 403
    assert borys.post("/contacts/import", data={}).status_code == 403
    assert borys.get("/contacts/sample-pl.csv").status_code == 403


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    for path in ("/contacts", "/contacts/import", "/contacts/import/1", "/contacts/sample-pl.csv"):
        assert client.get(path).location.startswith("/login")


def test_the_list_costs_the_same_statements_for_one_contact_and_for_many(
    alicja: FlaskClient, session: Session, statements: list[str]
) -> None:
    counts = []
    for number in (1, 60):
        for _ in range(number):
            make_contact(session, make_partner(session))
        session.commit()
        statements.clear()
        alicja.get("/contacts")
        counts.append(len(statements))

    assert counts[0] == counts[1]
    assert counts[0] < 12


# Upload


def test_the_sample_file_is_there_in_both_languages(alicja: FlaskClient) -> None:
    for locale in ("pl", "en"):
        reply = alicja.get(f"/contacts/sample-{locale}.csv")

        assert reply.data == sample_contacts(locale)
        assert reply.content_type == "text/csv; charset=utf-8"
        assert reply.headers["Content-Disposition"].startswith("attachment")
    assert alicja.get("/contacts/sample-xx.csv").status_code == 404


def test_a_windows_1250_file_with_semicolons_goes_the_whole_way(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, GOOD.encode("cp1250"))

    check = text_of(alicja.get(url))
    assert "list.csv · 2 rows · Windows-1250, separated by semicolons" in check
    assert "4 of 4 columns are matched." in check
    assert "Integra Śląsk" in check
    assert count(session, Contact) == count(session, Partner) == 0

    done = press(alicja, url, "confirm")

    assert done.status_code == 303
    assert "2 contacts are imported" in text_of(alicja.get(done.location))
    assert emails(session) == {"ewa@integra.example", "jan@halo.example"}
    assert "Ewa Żuk" in text_of(alicja.get("/contacts?q=zuk"))


def test_the_check_counts_exactly_what_the_import_then_does(
    alicja: FlaskClient, session: Session
) -> None:
    ewa = make_contact(session, make_partner(session, "Integra Śląsk"), email="ewa@integra.example")
    assert ewa.email_hash is not None
    suppress(
        session,
        ewa.email_hash,
        email=None,
        reason=SuppressionReason.OPT_OUT,
        source="t",
        now=MONDAY,
    )
    session.commit()
    url = uploaded(alicja, f"{GOOD}\nbad;Bad;Row;Halo")

    check = text_of(alicja.get(url))
    done = text_of(alicja.get(press(alicja, url, "confirm").location))

    facts = "New people 1 Changed 1 As they were 0 New companies 1 : Halo Get no mail 1"
    assert facts in check
    assert facts in done
    assert "Import 2 contacts" in check
    assert "Need a fix 1" in check
    assert "Not imported 1" in done


def test_an_import_again_changes_nothing_and_an_opt_out_stays(
    alicja: FlaskClient, session: Session
) -> None:
    press(alicja, uploaded(alicja, GOOD), "confirm")
    ewa = session.scalars(select(Contact).where(Contact.first_name == "Ewa")).one()
    assert ewa.email_hash is not None
    suppress(
        session,
        ewa.email_hash,
        email=None,
        reason=SuppressionReason.OPT_OUT,
        source="t",
        now=MONDAY,
    )
    session.commit()

    done = press(alicja, uploaded(alicja, GOOD), "confirm")

    facts = "New people 0 Changed 0 As they were 2 New companies 0 Get no mail 1"
    assert facts in text_of(alicja.get(done.location))
    session.rollback()
    assert session.scalars(select(Suppression.lifted_at)).one() is None


def test_a_bad_row_is_named_downloaded_corrected_and_uploaded_again(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, f"{GOOD}\nbiuro@siecplus;Żaneta;Wójt;Sieć Plus")

    check = text_of(alicja.get(url))
    assert "1 row needs a fix" in check
    assert "4 Żaneta Wójt biuro@siecplus Sieć Plus" in check
    assert "E-mail : Email address is not complete." in check
    errors = alicja.get(f"{url}/errors.csv")
    assert errors.headers["Content-Disposition"] == "attachment; filename=list-errors.csv"
    press(alicja, url, "confirm")
    assert alicja.get(f"{url}/errors.csv").data == errors.data

    corrected = errors.data.replace(b"biuro@siecplus;", b"biuro@siecplus.example;")
    press(alicja, uploaded(alicja, corrected), "confirm")

    assert emails(session) == {
        "ewa@integra.example",
        "jan@halo.example",
        "biuro@siecplus.example",
    }


def test_sentences_of_the_page_and_of_the_error_file_are_translated(
    alicja: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def translated(message: str, **_values: object) -> str:
        return message.replace("Unknown language", "Nieznany język")

    monkeypatch.setattr("surveys.web.import_words.gettext", translated)

    url = uploaded(alicja, f"{HEADING};Język\na@b.example;A;B;C;klingon")

    words = "Nieznany język “klingon”. Use one of: pl, en."
    assert words in text_of(alicja.get(url))
    assert f"Język: {words}" in alicja.get(f"{url}/errors.csv").data.decode("utf-8-sig")


UNREADABLE = [
    (b"", "The file is empty."),
    (b"PK\x03\x04[Content_Types].xml", "This is a spreadsheet."),
    (b"%PDF-1.7", "This is not a text file."),
    (b"a@b.example;Ewa\nc@d.example;Jan", "The first row holds no headings."),
]


def test_a_file_that_cannot_be_read_changes_nothing_and_says_why_at_the_field(
    alicja: FlaskClient, session: Session
) -> None:
    for data, words in UNREADABLE:
        reply = upload(alicja, data)

        assert reply.status_code == 422, words
        assert words in text_of(reply)
        assert 'aria-invalid="true"' in reply.text
    assert count(session, Import) == 0


def test_a_form_without_a_file_or_guard_is_refused(alicja: FlaskClient, session: Session) -> None:
    token = csrf_token(alicja.get("/contacts/import").text)

    without_file = alicja.post("/contacts/import", data={"csrf_token": token})
    without_guard = alicja.post("/contacts/import", data={"file": (BytesIO(b"email\n"), "a.csv")})

    assert without_file.status_code == without_guard.status_code == 422
    assert "Choose a file." in text_of(without_file)
    assert "open for too long" in text_of(without_guard)
    assert count(session, Import) == 0


def test_a_file_may_be_larger_than_any_other_form(alicja: FlaskClient) -> None:
    rows = "\n".join(f"person{number}@example.example;Firma" for number in range(9_000))

    page = text_of(alicja.get(uploaded(alicja, f"email;partner_name\n{rows}")))

    assert "9,000 rows" in page
    assert "Import 9,000 contacts" in page


class SlowBody(BytesIO):
    """The body of a request; others can work while it arrives, or reading it fails."""

    def __init__(self, body: bytes, work: Callable[[], None]) -> None:
        super().__init__(body)
        self._work = work

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Some more of the body, after somebody else has worked."""
        self._work()
        return super().readinto(buffer)


def test_nobody_waits_while_a_file_arrives(
    alicja: FlaskClient, session: Session, engine: Engine
) -> None:
    token = csrf_token(alicja.get("/contacts/import").text)
    padding = "x" * (MAX_BODY_BYTES + 1)
    data = f"email;partner_name;nip\na@b.example;Integra;{padding}"
    file = FileStorage(BytesIO(data.encode()), "list.csv")
    boundary, body = encode_multipart({"csrf_token": token, "file": file})

    def write() -> None:
        with Session(engine) as other:
            other.execute(update(User).values(name="Alicja Kowalska"))
            other.commit()

    reply = alicja.post(
        "/contacts/import",
        input_stream=SlowBody(body, write),
        content_type=f"multipart/form-data; boundary={boundary}",
        content_length=len(body),
    )

    assert reply.status_code == 303
    assert set(session.scalars(select(User.name))) == {"Alicja Kowalska"}


def test_a_file_beyond_the_limit_leads_back_to_the_form_with_the_reason(
    alicja: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveys.web.contacts.MAX_UPLOAD_BYTES", 300_000)
    token = csrf_token(alicja.get("/contacts/import").text)
    data = b"email\n" * 60_000

    reply = alicja.post(
        "/contacts/import", data={"csrf_token": token, "file": (BytesIO(data), "a.csv")}
    )

    assert reply.status_code == 303
    assert "Split it." in text_of(alicja.get(reply.location))


def test_a_file_name_is_shown_without_folders_and_as_text(alicja: FlaskClient) -> None:
    names = {
        "../../etc/lista.csv": "lista.csv",
        "<i>żółć.csv": "<i>żółć.csv",
        "x" * 500 + ".csv": "x" * 120 + ".csv",
    }
    for sent, shown in names.items():
        url = upload(alicja, f"{GOOD}\nbad;;;", name=sent).location

        assert f"<bdi>{html.escape(shown)}</bdi>" in alicja.get(url).text
        assert alicja.get(f"{url}/errors.csv").status_code == 200


# Match and check


def test_an_unknown_column_needs_a_choice_before_the_import(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, "email;partner_name;Kolor\na@b.example;Integra;teal")
    page = alicja.get(url)
    assert "Choose a field for “Kolor”, or skip it." in text_of(page)
    assert "Needs a choice" in text_of(page)
    assert 'aria-disabled="true" aria-describedby="reason"' in page.text

    refused = press(alicja, url, "confirm")

    assert "Choose a field for “Kolor”, or skip it." in text_of(alicja.get(refused.location))
    assert count(session, Contact) == 0


def test_a_chosen_column_is_checked_again_and_then_imported(
    alicja: FlaskClient, session: Session
) -> None:
    choices = [("skip", "Skipped"), ("attribute", "Attribute"), ("job_title", "Matched")]
    for number, (choice, state) in enumerate(choices):
        url = uploaded(alicja, f"email;partner_name;Kolor\n{number}@b.example;Integra;teal")

        checked = press(alicja, url, "check", column_2=choice)
        page = alicja.get(checked.location)
        assert state in text_of(page)
        assert "aria-disabled" not in page.text
        press(alicja, url, "confirm")

    query = select(Contact.attributes, Contact.job_title).order_by(Contact.email)
    assert [tuple(row) for row in session.execute(query)] == [
        ({}, None),
        ({"kolor": "teal"}, None),
        ({}, "teal"),
    ]


def test_import_after_a_change_shows_the_new_result_first(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, "email;partner_name;Kolor\na@b.example;Integra;teal")

    first = press(alicja, url, "confirm", column_2="attribute")

    assert "Look at the result, then import." in text_of(alicja.get(first.location))
    assert count(session, Contact) == 0
    press(alicja, url, "confirm")
    assert count(session, Contact) == 1


def test_two_columns_with_one_field_need_a_choice(alicja: FlaskClient) -> None:
    url = uploaded(alicja, "email;mail;partner_name\na@b.example;x@y.example;Integra")

    page = text_of(alicja.get(url))

    assert "Chosen twice" in page
    assert "“mail” has the same field as another column." in page


def test_a_file_without_an_address_column_asks_for_it(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, "Kontakt służbowy;Firma\na@b.example;Integra")
    assert "No column holds the email address." in text_of(alicja.get(url))
    assert press(alicja, url, "confirm").status_code == 303
    assert count(session, Contact) == 0

    press(alicja, url, "check", column_0="email")

    assert "Import 1 contact" in text_of(alicja.get(url))


def test_a_guessed_encoding_is_said_and_another_can_be_chosen(
    alicja: FlaskClient, session: Session
) -> None:
    data = "email;first_name;partner_name\na@b.example;Château;Integra".encode("cp1252")
    url = uploaded(alicja, data)
    assert "The encoding of this file is a guess." in text_of(alicja.get(url))

    press(alicja, url, "check", encoding="cp1252")
    page = text_of(alicja.get(url))

    assert "Windows-1252, separated by semicolons" in page
    assert "is a guess" not in page
    press(alicja, url, "confirm")
    assert session.scalars(select(Contact.first_name)).one() == "Château"


def test_another_separator_matches_the_columns_anew(alicja: FlaskClient) -> None:
    url = uploaded(alicja, GOOD)

    press(alicja, url, "check", separator=",")

    page = text_of(alicja.get(url))
    assert "separated by commas" in page
    assert "0 of 1 column is matched." in page
    assert "No column holds the email address." in page


def test_a_way_of_reading_that_fails_is_refused_and_changes_nothing(alicja: FlaskClient) -> None:
    url = uploaded(alicja, "email;partner_name;x@;y\na@b.example;Integra;1;2")
    before = text_of(alicja.get(url))

    reply = press(alicja, url, "check", separator=",")
    assert reply.status_code == 422
    assert "The first row holds no headings." in text_of(reply)
    assert '<details class="data" open>' in reply.text
    assert '<option value="," selected>' in reply.text
    assert text_of(alicja.get(url)) == before


def test_a_field_that_is_on_no_list_is_refused(alicja: FlaskClient, session: Session) -> None:
    url = uploaded(alicja, GOOD)

    reply = press(alicja, url, "check", column_0="password_hash")

    assert reply.status_code == 422


def test_people_without_a_language_get_the_chosen_one(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, GOOD)

    press(alicja, url, "check", default_locale="pl")
    press(alicja, url, "confirm")

    assert set(session.scalars(select(Contact.locale))) == {"pl"}


def test_only_the_first_fifty_bad_rows_are_shown_and_all_are_in_the_file(
    alicja: FlaskClient,
) -> None:
    rows = "\n".join(f"bad{number};Integra" for number in range(60))
    url = uploaded(alicja, f"email;partner_name\n{rows}")

    page = alicja.get(url)

    assert "60 rows need a fix" in text_of(page)
    assert "The first 50 are shown." in text_of(page)
    assert page.text.count("Email address has no @ sign.") == 50
    assert "No row can be imported." in text_of(page)
    errors = alicja.get(f"{url}/errors.csv").data.decode("utf-8-sig")
    assert len(errors.splitlines()) == 61


def test_markup_and_control_characters_of_a_file_are_shown_as_text(alicja: FlaskClient) -> None:
    evil = "<img src=x onerror=alert(1)>{{7*7}}"

    url = uploaded(alicja, f"email;partner_name;{evil};x\x00y\n{evil};{evil};{evil};p\x00l")
    page = alicja.get(url)

    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert evil in text_of(page)


# Confirm, cancel, expiry


def test_an_import_is_in_the_audit_log_and_its_bytes_are_deleted(
    alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, f"{GOOD}\nsecret@nowhere;Tajny;Człowiek;Integra")

    press(alicja, url, "confirm")

    session.rollback()
    done = session.scalars(select(Import)).one()
    assert (done.state, done.file, done.n_done, done.n_rows) == (ImportState.DONE, None, 2, 3)
    assert done.finished_at == MONDAY
    assert "secret@nowhere" not in str(done.counts)
    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "contacts.import")).one()
    assert (event.object_type, event.object_id) == ("import", done.id)
    assert (event.detail["n_created"], event.detail["n_bad"]) == (2, 1)


def test_a_second_click_on_import_changes_nothing(alicja: FlaskClient, session: Session) -> None:
    url = uploaded(alicja, GOOD)
    token = csrf_token(alicja.get(url).text)

    replies = [alicja.post(f"{url}/confirm", data={"csrf_token": token}) for _ in range(2)]

    assert [reply.location for reply in replies] == [url, url]
    assert count(session, Contact) == 2
    actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("contacts.import") == 1


def test_two_clicks_at_the_same_moment_import_once(
    app: Flask, alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, GOOD)
    token = csrf_token(alicja.get(url).text)
    cookie = alicja.get_cookie("session")
    assert cookie is not None
    statuses: list[int] = []

    def click() -> None:
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        statuses.append(client.post(f"{url}/confirm", data={"csrf_token": token}).status_code)

    threads = [threading.Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [303, 303]
    assert count(session, Contact) == 2
    actions = session.scalars(select(AuditEvent.action)).all()
    assert actions.count("contacts.import") == 1


def test_a_cancelled_file_is_gone(alicja: FlaskClient, session: Session) -> None:
    url = uploaded(alicja, f"{GOOD}\nbad;;;")

    reply = press(alicja, url, "cancel")

    assert "Nothing was imported." in text_of(alicja.get(reply.location))
    session.rollback()
    kept = session.scalars(select(Import)).one()
    assert (kept.state, kept.file, kept.errors_csv, kept.counts) == (
        ImportState.CANCELLED,
        None,
        None,
        None,
    )
    session.rollback()
    assert alicja.get(url).location == "/contacts/import"
    assert alicja.get(f"{url}/errors.csv").status_code == 404
    token = csrf_token(alicja.get("/contacts/import").text)
    assert alicja.post(f"{url}/confirm", data={"csrf_token": token}).location == url
    assert count(session, Contact) == 0


def test_a_file_expires_after_a_week(
    alicja: FlaskClient, session: Session, clock: SetClock
) -> None:
    waiting = uploaded(alicja, GOOD)
    imported = uploaded(alicja, f"{GOOD}\nbad;;;")
    press(alicja, imported, "confirm")

    assert forget_old_imports(session, now=MONDAY + KEPT) == 0
    assert forget_old_imports(session, now=MONDAY + KEPT + timedelta(seconds=1)) == 2
    session.commit()

    assert alicja.get(waiting).location == "/contacts/import"
    assert "deleted after a week" in text_of(alicja.get(imported))
    assert session.scalars(select(Import.file)).all() == [None, None]


def test_an_expired_file_cannot_be_imported_even_before_it_is_deleted(
    alicja: FlaskClient, session: Session, clock: SetClock
) -> None:
    url = uploaded(alicja, GOOD)
    clock.move(days=7, seconds=1)
    sign_in(alicja)
    token = csrf_token(alicja.get("/contacts/import").text)

    alicja.post(f"{url}/confirm", data={"csrf_token": token})

    assert count(session, Contact) == 0
    assert alicja.get(url).location == "/contacts/import"


def test_an_upload_belongs_to_whoever_sent_it(
    app: Flask, alicja: FlaskClient, session: Session
) -> None:
    url = uploaded(alicja, f"{GOOD}\nbad;;;")
    make_user(session, "celina@nordvik.example", name="Celina")
    session.commit()
    celina = app.test_client()
    sign_in(celina, "celina@nordvik.example")
    token = csrf_token(celina.get("/contacts/import").text)

    assert celina.get(url).status_code == 404
    assert celina.get(f"{url}/errors.csv").status_code == 404
    for action in ("check", "confirm", "cancel"):
        reply = celina.post(f"{url}/{action}", data={"csrf_token": token})
        assert reply.status_code == 404
    assert count(session, Contact) == 0


def test_an_import_without_the_guard_is_refused(alicja: FlaskClient, session: Session) -> None:
    url = uploaded(alicja, GOOD)

    assert alicja.post(f"{url}/confirm").status_code == 422
    alicja.post(f"{url}/cancel")

    assert count(session, Contact) == 0
    assert session.scalars(select(Import.state)).one() is ImportState.UPLOADED


def test_looking_at_a_file_and_its_result_writes_nothing(
    alicja: FlaskClient, statements: list[str]
) -> None:
    url = uploaded(alicja, GOOD)
    statements.clear()

    alicja.get(url)

    assert not [each for each in statements if not each.startswith(("SELECT", "BEGIN"))]


def test_an_id_that_no_database_knows_is_not_found(alicja: FlaskClient) -> None:
    for wanted in ("0", "2147483647", "99999999999999999999"):
        assert alicja.get(f"/contacts/import/{wanted}").status_code == 404


def test_staff_of_a_file_appear_in_their_own_list(alicja: FlaskClient, session: Session) -> None:
    press(alicja, uploaded(alicja, sample_contacts("pl")), "confirm")

    assert "Anna Kowalczyk" in text_of(alicja.get("/contacts?audience=internal"))
    assert "Anna Kowalczyk" not in text_of(alicja.get("/contacts"))
    anna = session.scalars(select(Contact).where(Contact.first_name == "Anna")).one()
    assert anna.audience is Audience.INTERNAL
