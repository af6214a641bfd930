"""The demo's mail catcher takes mails by SMTP and shows them as their recipients see them."""

import re
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from playwright.sync_api import Page, sync_playwright
from required import chromium_path
from werkzeug.serving import make_server

from surveys.mail.catcher import (
    TEXTS,
    catcher_command,
    create_catcher,
    opening_in_new_tabs,
    start_smtp,
    text_pieces,
    workspace_folder,
)
from surveys.mail.caught import Mailbox

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path / "mail")


@pytest.fixture
def client(mailbox: Mailbox) -> FlaskClient:
    app = create_catcher(mailbox, smtp_port=1125, product_url="http://localhost:8100")
    return app.test_client()


@pytest.fixture
def smtp_port(mailbox: Mailbox) -> Iterator[int]:
    port = free_port()
    server = start_smtp(mailbox, port=port)
    yield port
    server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def letter(
    *,
    subject: str = "Three minutes",
    to: str = "jan@partner.example",
    language: str = "en",
    html: str | None = "<p>Styled words</p>",
) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = "tomasz@vendor.example"
    message["To"] = to
    message.set_content("Plain words: http://localhost:8100/s/abc.")
    if html is not None:
        message.add_alternative(html, subtype="html")
    message["Content-Language"] = language  # last: set_content removes all Content- headers
    return message


def store(mailbox: Mailbox, message: EmailMessage, *, at: datetime = NOON) -> str:
    return mailbox.store(
        message.as_bytes(), sender="", recipients=[str(message["To"])], received_at=at
    )


def page_of(client: FlaskClient, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.get_data(as_text=True)


# By SMTP


def test_mail_sent_by_smtp_is_caught(mailbox: Mailbox, smtp_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        smtp.send_message(letter(subject="Różnica"), "bounce@vendor.example", ["jan@x.example"])

    [summary] = mailbox.summaries()
    assert summary.subject == "Różnica"
    assert summary.delivered_to == ("jan@x.example",)
    assert abs(datetime.now(UTC) - summary.received_at) < timedelta(seconds=30)


def test_mail_to_several_people_is_one_mail_with_their_addresses(
    mailbox: Mailbox, smtp_port: int
) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        smtp.sendmail("a@x.example", ["b@x.example", "c@x.example"], b"Subject: x\r\n\r\nHi")

    [summary] = mailbox.summaries()
    assert summary.delivered_to == ("b@x.example", "c@x.example")


def test_address_with_polish_letters_is_accepted(mailbox: Mailbox, smtp_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        smtp.ehlo()
        smtp.mail("a@x.example", ["SMTPUTF8"])
        smtp.rcpt("żółw@x.example")
        smtp.data(b"Subject: x\r\n\r\nHi")

    assert mailbox.summaries()[0].delivered_to == ("żółw@x.example",)


def test_lines_that_begin_with_a_dot_arrive_whole(mailbox: Mailbox, smtp_port: int) -> None:
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        smtp.sendmail("a@x.example", "b@x.example", b"Subject: x\r\n\r\n.first\r\n..second\r\n")

    mail = mailbox.find(mailbox.summaries()[0].mail_id)
    assert mail is not None
    assert mail.text == ".first\r\n..second\r\n"


def test_mail_that_cannot_be_kept_is_refused_for_now(mailbox: Mailbox, smtp_port: int) -> None:
    mailbox.folder.rmdir()

    with (
        smtplib.SMTP("127.0.0.1", smtp_port) as smtp,
        pytest.raises(smtplib.SMTPDataError) as refused,
    ):
        smtp.send_message(letter())

    assert refused.value.smtp_code == 451


def test_smtp_server_listens_on_this_machine_only(smtp_port: int, mailbox: Mailbox) -> None:
    own_addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    others = {one for one in own_addresses if not str(one).startswith("127.")} - {"::1"}

    for address in others:
        with socket.socket(socket.AF_INET6 if ":" in str(address) else socket.AF_INET) as probe:
            probe.settimeout(1)
            assert probe.connect_ex((str(address), smtp_port)) != 0
    with socket.create_connection(("127.0.0.1", smtp_port), timeout=5) as reached:
        assert reached.recv(3) == b"220"


def test_port_in_use_is_an_error(smtp_port: int, mailbox: Mailbox) -> None:
    with pytest.raises(OSError, match="in use"):
        start_smtp(mailbox, port=smtp_port)


# The list


def test_empty_catcher_says_what_will_be_here(client: FlaskClient) -> None:
    page = page_of(client, "/?lang=en")

    assert "No mail yet" in page
    assert "1125" in page
    assert "Delete all" not in page


def test_list_shows_recipient_subject_language_and_time_newest_first(
    client: FlaskClient, mailbox: Mailbox
) -> None:
    store(mailbox, letter(subject="Older one", language="pl"), at=NOON)
    store(mailbox, letter(subject="Newer one"), at=NOON + timedelta(minutes=1))

    page = page_of(client, "/")

    assert page.index("Newer one") < page.index("Older one")
    assert "jan@partner.example" in page
    assert ">PL<" in page
    assert "2026-11-24T12:00:00+00:00" in page


def test_search_finds_by_recipient_and_subject(client: FlaskClient, mailbox: Mailbox) -> None:
    store(mailbox, letter(subject="For Anna", to="anna@partner.example"))
    store(mailbox, letter(subject="For Jan", to="jan@partner.example"))

    page = page_of(client, "/?q=ANNA@partner")

    assert "For Anna" in page
    assert "For Jan" not in page


def test_search_without_result_says_so_and_can_be_cleared(
    client: FlaskClient, mailbox: Mailbox
) -> None:
    store(mailbox, letter())

    page = page_of(client, "/?q=<nobody>&lang=pl")

    assert "Żadna wiadomość nie pasuje do „&lt;nobody&gt;”" in page
    assert "Wyczyść wyszukiwanie" in page


def test_long_list_is_paged(client: FlaskClient, mailbox: Mailbox) -> None:
    for number in range(101):
        store(mailbox, letter(subject=f"no {number:03}"), at=NOON + timedelta(seconds=number))

    first, second = page_of(client, "/?lang=en"), page_of(client, "/?page=2&lang=en")

    assert "no 001" in first
    assert "no 000" not in first
    assert "Older mails" in first
    assert re.findall(r"no \d{3}", second) == ["no 000"]
    assert "Newer mails" in second


@pytest.mark.parametrize("page", ["0", "-1", "nonsense", "999"])
def test_page_that_is_not_there_is_no_error(client: FlaskClient, page: str) -> None:
    page_of(client, f"/?page={page}")


def test_list_refreshes_by_itself_only_when_asked(client: FlaskClient) -> None:
    assert 'http-equiv="refresh"' not in page_of(client, "/")
    assert 'http-equiv="refresh" content="5"' in page_of(client, "/?auto=1")


def test_list_reads_each_mail_only_once(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_ids = [store(mailbox, letter(), at=NOON + timedelta(seconds=one)) for one in range(5)]
    page_of(client, "/")
    for mail_id in mail_ids:
        (mailbox.folder / f"{mail_id}.eml").write_text("Subject: read again\n\n")

    assert "read again" not in page_of(client, "/")


# One mail


def test_mail_is_shown_in_a_frame_that_runs_nothing(client: FlaskClient, mailbox: Mailbox) -> None:
    page = page_of(client, f"/mail/{store(mailbox, letter())}")

    [frame] = re.findall(r"<iframe[^>]*>", page)
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "Three minutes" in frame


def test_frame_has_the_width_of_a_phone_when_asked(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())

    assert "catcher-frame--desktop" in page_of(client, f"/mail/{mail_id}")
    assert "catcher-frame--phone" in page_of(client, f"/mail/{mail_id}?width=phone")


def test_body_of_a_mail_is_its_html_under_a_policy_without_scripts(
    client: FlaskClient, mailbox: Mailbox
) -> None:
    html = "<html><head><title>x</title></head><body><script>alert(1)</script>Hi</body></html>"
    mail_id = store(mailbox, letter(html=html))

    response = client.get(f"/mail/{mail_id}/body")

    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "sandbox allow-popups" in policy
    assert '<head><base target="_blank"><title>' in response.get_data(as_text=True)


def test_text_part_is_shown_with_working_links(client: FlaskClient, mailbox: Mailbox) -> None:
    page = page_of(client, f"/mail/{store(mailbox, letter())}?view=text")

    assert '<a href="http://localhost:8100/s/abc" target="_blank"' in page
    assert "Plain words" in page


def test_headers_and_source_are_shown(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())

    assert "Content-Language" in page_of(client, f"/mail/{mail_id}?view=headers")
    assert "Subject: Three minutes" in page_of(client, f"/mail/{mail_id}?view=raw")


def test_mail_without_html_opens_with_its_text(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter(html=None))

    page = page_of(client, f"/mail/{mail_id}?lang=en")

    assert "<iframe" not in page
    assert "This mail has no HTML part." in page
    assert "Plain words" in page
    assert client.get(f"/mail/{mail_id}/body").status_code == 404


def test_neighbours_of_a_mail_are_linked(client: FlaskClient, mailbox: Mailbox) -> None:
    ids = [store(mailbox, letter(), at=NOON + timedelta(seconds=one)) for one in range(3)]

    page = page_of(client, f"/mail/{ids[1]}?view=raw&lang=en")

    assert re.search(rf'href="/mail/{ids[2]}\?[^"]*view=raw[^"]*">Newer<', page)
    assert re.search(rf'href="/mail/{ids[0]}\?[^"]*view=raw[^"]*">Older<', page)


def test_markup_in_a_mail_is_text_on_the_page(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter(subject="<img src=x onerror=alert(1)>", to="<i>@x.example"))

    for address in ("/", f"/mail/{mail_id}", f"/mail/{mail_id}?view=headers"):
        assert "<img" not in page_of(client, address)


@pytest.mark.parametrize("address", ["/mail/20261124T120000000000-00000000", "/mail/x", "/nowhere"])
def test_missing_mail_is_told_in_both_languages(client: FlaskClient, address: str) -> None:
    for language, words in zip(("en", "pl"), TEXTS["gone"], strict=True):
        response = client.get(f"{address}?lang={language}")

        assert response.status_code == 404
        assert words in response.get_data(as_text=True)


def test_links_of_a_mail_without_a_head_open_in_new_tabs() -> None:
    assert opening_in_new_tabs("<p>Hi") == '<base target="_blank"><p>Hi'


def test_text_is_cut_at_its_links_and_loses_nothing() -> None:
    text = "See http://a.example/x, or (https://b.example/y?z=1)."

    pieces = text_pieces(text)

    assert "".join(piece for piece, _ in pieces) == text
    assert [piece for piece, is_link in pieces if is_link] == [
        "http://a.example/x", "https://b.example/y?z=1",
    ]  # fmt: skip


# Deleting


def test_all_mails_are_deleted_by_a_post(client: FlaskClient, mailbox: Mailbox) -> None:
    store(mailbox, letter())

    response = client.post("/delete?lang=pl", headers={"Origin": "http://localhost"})

    assert response.status_code == 303
    assert response.headers["Location"] == "/?lang=pl"
    assert mailbox.summaries() == []


def test_looking_deletes_nothing(client: FlaskClient, mailbox: Mailbox) -> None:
    store(mailbox, letter())

    assert client.get("/delete").status_code == 405
    assert client.head("/").status_code == 200

    assert len(mailbox.summaries()) == 1


def test_another_site_cannot_delete(client: FlaskClient, mailbox: Mailbox) -> None:
    store(mailbox, letter())

    for origin in ("https://evil.example", "null", "http://localhost:1"):
        assert client.post("/delete", headers={"Origin": origin}).status_code == 403

    assert len(mailbox.summaries()) == 1


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_mails_are_not_read_through_a_foreign_name(
    client: FlaskClient, mailbox: Mailbox, host: str
) -> None:
    store(mailbox, letter())

    response = client.get("/", headers={"Host": host})

    assert response.status_code == 400
    assert "jan@partner.example" not in response.get_data(as_text=True)


# Words and headers


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Nothing leaves"), ("pl", "Nic nie opuszcza")]
)
def test_page_speaks_the_chosen_language(client: FlaskClient, language: str, word: str) -> None:
    page = page_of(client, f"/?lang={language}")

    assert f'<html lang="{language}">' in page
    assert word in page


def test_page_speaks_the_language_of_the_browser(client: FlaskClient) -> None:
    response = client.get("/", headers={"Accept-Language": "pl-PL,pl;q=0.9,en;q=0.5"})

    assert '<html lang="pl">' in response.get_data(as_text=True)


def test_chosen_language_stays_while_one_walks_on(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())

    assert f'href="/mail/{mail_id}?lang=pl"' in page_of(client, "/?lang=pl")
    assert 'href="/?lang=pl"' in page_of(client, f"/mail/{mail_id}?lang=pl")


def test_each_word_exists_in_both_languages() -> None:
    assert all(english and polish and english != polish for english, polish in TEXTS.values())


def test_address_of_a_page_cannot_bend_its_links(client: FlaskClient) -> None:
    page = page_of(client, "/?_scheme=javascript&_external=1&_anchor=x&lang=en")

    assert "javascript" not in page


def test_pages_have_a_strict_policy_and_are_not_kept(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())

    for address in ("/", f"/mail/{mail_id}", "/nowhere"):
        headers = client.get(address).headers
        assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cache-Control"] == "no-store"


def test_pages_hold_no_inline_style_or_script(client: FlaskClient, mailbox: Mailbox) -> None:
    mail_id = store(mailbox, letter())

    for address in ("/", f"/mail/{mail_id}", f"/mail/{mail_id}?view=text"):
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page_of(client, address))


def test_product_is_one_click_away(client: FlaskClient) -> None:
    assert 'href="http://localhost:8100"' in page_of(client, "/")


# The command


def test_command_catches_shows_and_ends_politely(tmp_path: Path) -> None:
    smtp_port, web_port = free_port(), free_port()
    script = "from surveys.mail.catcher import catcher_command; catcher_command()"
    options = ["--smtp-port", str(smtp_port), "--web-port", str(web_port)]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", script, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
        env={"PULSE_INSTANCE": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    announced = process.stdout.readline()
    with smtplib.SMTP("127.0.0.1", smtp_port) as smtp:
        smtp.send_message(letter())

    process.send_signal(signal.SIGTERM)
    errors = process.communicate(timeout=10)[1]

    assert (process.returncode, errors) == (0, "")
    assert f"http://localhost:{web_port}" in announced
    assert len(Mailbox(workspace_folder({"PULSE_INSTANCE": str(tmp_path)})).summaries()) == 1


def test_command_names_the_smtp_port_that_is_in_use(
    tmp_path: Path, smtp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_INSTANCE", str(tmp_path))
    options = ["--smtp-port", str(smtp_port), "--web-port", str(free_port())]

    result = CliRunner().invoke(catcher_command, options)

    assert result.exit_code == 1
    assert f"Port {smtp_port} cannot be used" in result.output


# In a browser


class OpenedPage(BaseHTTPRequestHandler):
    """What a link of a mail opens: a page whose script sets its title, and a form that works."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>no script</title><script>document.title = 'free'</script>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on the terminal of the tests."""


@contextmanager
def serving(server: HTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page(viewport={"width": 390, "height": 800})
        browser.close()


@pytest.mark.browser
def test_mail_is_clicked_as_its_recipient_would(mailbox: Mailbox, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    app = create_catcher(mailbox, smtp_port=1125)
    with (
        serving(HTTPServer(("127.0.0.1", 0), OpenedPage)) as product,
        serving(make_server("127.0.0.1", 0, app, threaded=True)) as catcher,
    ):
        html = f'<p style="color:#A00">Hi</p><a href="{product}/s/abc">Open the survey</a>'
        store(mailbox, letter(html=html))

        page.goto(catcher)
        page.get_by_role("link", name="Three minutes").click()
        with page.expect_popup() as opened:
            page.frame_locator("iframe").get_by_role("link", name="Open the survey").click()
        opened.value.wait_for_load_state()

        assert opened.value.url == f"{product}/s/abc"
        assert opened.value.title() == "free"
        assert page.url.startswith(f"{catcher}/mail/")
        assert complaints == []


@pytest.mark.browser
def test_script_of_a_mail_does_not_run(mailbox: Mailbox, page: Page) -> None:
    app = create_catcher(mailbox, smtp_port=1125)
    with serving(make_server("127.0.0.1", 0, app, threaded=True)) as catcher:
        html = "<p id=x>safe</p><script>document.getElementById('x').textContent = 'run'</script>"
        mail_id = store(mailbox, letter(html=html))

        page.goto(f"{catcher}/mail/{mail_id}")

        assert page.frame_locator("iframe").locator("#x").text_content() == "safe"


@pytest.mark.browser
def test_all_mails_are_deleted_after_a_second_thought(mailbox: Mailbox, page: Page) -> None:
    app = create_catcher(mailbox, smtp_port=1125)
    with serving(make_server("127.0.0.1", 0, app, threaded=True)) as catcher:
        store(mailbox, letter())
        page.goto(f"{catcher}/?lang=en")

        page.get_by_text("Delete all", exact=True).click()
        assert len(mailbox.summaries()) == 1
        page.get_by_role("button", name="Delete all mails").click()

        page.get_by_role("heading", name="No mail yet").wait_for()
        assert mailbox.summaries() == []
