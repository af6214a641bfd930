"""The whole story on data that no fixture made: from a contact file to the perception gap.

A vendor signs in, names itself, imports a Windows-1250 file, starts a survey and schedules it; the
clock moves; the worker opens the wave and sends real mail; two partners and one of the staff answer
in Chromium at 390 px, the others by plain HTTP; the wave closes by itself; the dashboard and the
CSV show the result.
"""

import csv
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from conftest import Database
from factories import PASSWORD, SetClock, make_user
from live import LiveProduct, live_product, plain_text
from playwright.sync_api import Browser, Page, expect, sync_playwright
from required import chromium_path
from sqlalchemy.orm import Session

from surveys.db import db

pytestmark = pytest.mark.browser

N_COMPANIES = 14
N_STAFF = 9
FRIDAY = datetime(2027, 2, 5, 8, 0, tzinfo=UTC)
HEADINGS = "E-mail;Imię;Nazwisko;Firma;Poziom;Typ partnera;Region;Język;audience;team"
DRIVERS = (
    "incentives",
    "executive_backing",
    "solutions",
    "channel_people",
    "no_sabotage",
    "listening",
    "marketing",
    "direct_rules",
    "owning_mistakes",
    "monitoring",
)
COMMENTS = (
    "Portal jest wolny i nikt nie odpowiada na zgłoszenia.",
    "Your salespeople went directly to our customer although the deal was registered.",
    "Nasz opiekun zawsze odbiera telefon i pomaga wygrać przetarg.",
    "Rebates come months too late and nobody explains why.",
)


def contact_file() -> bytes:
    """A list as a Polish office saves it: semicolons, Windows-1250, one row with a mistake."""
    rows = [
        f"osoba{n}@partner{n}.example;Łucja;Żółć{n};Źródło {n} Sp. z o.o.;"
        f"{'gold' if n % 2 else 'silver'};{'reseller' if n < 11 else 'msp'};północ;"
        f"{'polski' if n % 2 else 'angielski'};partner;"
        for n in range(N_COMPANIES)
    ]
    rows += [
        f"zespol{n}@nordvik.example;Ąnna;Ćma{n};;;;;{'pl' if n % 2 else 'en'};internal;Kanał"
        for n in range(N_STAFF)
    ]
    rows.insert(3, "bez-malpy.example;Jan;Błędny;Firma Jana;gold;reseller;północ;pl;partner;")
    return "\r\n".join([HEADINGS, *rows]).encode("cp1250")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(),
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture
def product(database: Database, tmp_path: Path) -> Iterator[LiveProduct]:
    """The running product with one account and nothing else."""
    with live_product(database.url, tmp_path / "instance", SetClock(FRIDAY)) as product:
        with product.app.app_context(), Session(db.engine) as session:
            make_user(session)
            session.commit()
        yield product


def open_page(browser: Browser, *, width: int, locale: str) -> Page:
    """A page whose script errors and refused contents fail the test."""
    context = browser.new_context(locale=locale, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
    return page


def test_from_a_contact_file_to_the_perception_gap(
    product: LiveProduct, browser: Browser, tmp_path: Path
) -> None:
    staff_page = open_page(browser, width=1280, locale="en-GB")
    sign_in(staff_page, product)
    expect(staff_page.get_by_role("heading", level=1)).to_have_text("Welcome to Partner Pulse")
    name_the_vendor(staff_page, product)
    import_contacts(staff_page, product, tmp_path)
    start_and_schedule_a_survey(staff_page, product)

    product.clock.move(days=3, hours=1)
    product.work()

    # The weekly digest goes to the one who signed in, beside an invitation to everybody asked.
    ends = [str(each["List-Unsubscribe"]) for each in product.mailbox.messages]
    assert sum("/u/" in each for each in ends) == N_COMPANIES + N_STAFF
    assert sum("/digest/" in each for each in ends) == len(ends) - N_COMPANIES - N_STAFF == 1
    answer_in_polish_on_a_phone(browser, product)
    answer_in_english_on_a_phone(browser, product)
    answer_as_staff_on_a_phone(browser, product)
    answer_by_plain_http(product)
    product.work()
    sign_in(staff_page, product)
    the_open_wave_shows_participation_only(staff_page, product)

    product.clock.move(days=14)
    product.work(ticks=3)

    sign_in(staff_page, product)
    the_dashboard_shows_the_gap(staff_page, product)
    the_comments_have_a_sentiment(staff_page, product)
    the_file_says_the_same(staff_page)


def sign_in(page: Page, product: LiveProduct) -> None:
    """Alicja signs in by the form; a session ends after eight idle hours."""
    page.goto(product.base)
    page.get_by_label("Email").fill("alicja@nordvik.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def name_the_vendor(page: Page, product: LiveProduct) -> None:
    """The first step: who sends."""
    page.goto(f"{product.base}/settings")
    page.locator("[name=vendor]").fill("Nordvik")
    page.locator("[name=sender_name]").fill("Tomasz Wróbel")
    page.locator("[name=sender_email]").fill("tomasz@nordvik.example")
    page.locator("main button[type=submit]").first.click()
    expect(page.locator(".alert.ok")).to_be_visible()


def import_contacts(page: Page, product: LiveProduct, folder: Path) -> None:
    """The second step: the file, its mapping, the import; one row is refused by name."""
    path = folder / "partnerzy.csv"
    path.write_bytes(contact_file())
    page.goto(f"{product.base}/contacts/import")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("main button[type=submit]").first.click()
    expect(page.locator("main")).to_contain_text("Windows-1250")
    expect(page.locator("main")).to_contain_text("Email address has no @ sign.")
    page.get_by_role("button", name=f"Import {N_COMPANIES + N_STAFF} contacts").click()
    page.goto(f"{product.base}/contacts")
    expect(page.locator("main")).to_contain_text("Źródło 3 Sp. z o.o.")


def start_and_schedule_a_survey(page: Page, product: LiveProduct) -> None:
    """The third and fourth step: a confidential survey, published, every quarter from Monday."""
    page.goto(f"{product.base}/surveys/new")
    page.locator("[name=name]").fill("Quarterly pulse")
    page.locator("[name=mode][value=confidential]").check()
    page.get_by_role("button", name="Start survey").click()
    survey_id = page.url.rstrip("/").rsplit("/", 1)[-1].split("?")[0]
    page.goto(f"{product.base}/questionnaires/{survey_id}/publish")
    page.get_by_role("button", name="Publish version 1").click()
    page.goto(f"{product.base}/surveys/{survey_id}/schedule")
    page.locator("[name=frequency]").select_option("quarterly")
    page.locator("[name=starts_on]").fill("2027-02-08")
    page.locator("[name=local_time]").fill("09:00")
    page.locator("[name=open_days]").fill("12")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.locator(".alert.ok")).to_be_visible()


def answer_in_polish_on_a_phone(browser: Browser, product: LiveProduct) -> None:
    """The first partner: a Polish mail, saved as given, resumed, sent."""
    page = open_page(browser, width=390, locale="pl-PL")
    link = product.mailbox.link_for("osoba1@partner1.example")
    page.goto(link)
    expect(page.locator("html")).to_have_attribute("lang", "pl")
    expect(page.locator(".promise")).to_contain_text("Odpowiedzi są poufne")
    with page.expect_response(lambda reply: reply.url.split("?")[0].endswith("/draft")):
        choose(page, "recommend", "3")
    page.goto(link)
    expect(page.locator("input[name=recommend][value='3']")).to_be_checked()
    for driver in DRIVERS:
        choose(page, driver, "2")
    page.locator("textarea[name=comment]").fill(COMMENTS[0])
    page.get_by_role("button", name="Wyślij odpowiedzi").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Dziękujemy, zapisaliśmy odpowiedzi")


def answer_in_english_on_a_phone(browser: Browser, product: LiveProduct) -> None:
    """The second partner: from the score link in the mail, which only preselects."""
    page = open_page(browser, width=390, locale="en-GB")
    page.goto(product.mailbox.link_for("osoba2@partner2.example") + "/a/recommend/4")
    expect(page.locator("input[name=recommend][value='4']")).to_be_checked()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for driver in DRIVERS:
        choose(page, driver, "3")
    page.locator("textarea[name=comment]").fill(COMMENTS[1])
    page.get_by_role("button", name="Send answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your answers are saved")


def answer_as_staff_on_a_phone(browser: Browser, product: LiveProduct) -> None:
    """One of the vendor's own: the mirror of the same questions."""
    page = open_page(browser, width=390, locale="en-GB")
    page.goto(product.mailbox.link_for("zespol0@nordvik.example"))
    expect(page.get_by_role("heading", level=1)).to_have_text("What would our partners say?")
    choose(page, "recommend", "9")
    for driver in DRIVERS:
        choose(page, driver, "5")
    page.get_by_role("button", name="Send answers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your answers are saved")


def choose(page: Page, code: str, value: str) -> None:
    """Press one of the numbered buttons."""
    page.locator(f"input[name={code}][value='{value}']").check(force=True)


def answer_by_plain_http(product: LiveProduct) -> None:
    """Everybody else answers without a browser; staff are far more content than partners."""
    dice = random.Random(7)
    for number in range(N_COMPANIES):
        if number in (1, 2):
            continue
        values = {driver: str(dice.randint(1, 3)) for driver in DRIVERS}
        values |= {"recommend": str(dice.randint(2, 7)), "comment": COMMENTS[number % 4]}
        post(product.mailbox.link_for(f"osoba{number}@partner{number}.example"), values)
    for number in range(1, N_STAFF):
        values = {driver: str(dice.randint(4, 5)) for driver in DRIVERS}
        post(
            product.mailbox.link_for(f"zespol{number}@nordvik.example"),
            values | {"recommend": str(dice.randint(8, 10))},
        )


def post(link: str, values: dict[str, str]) -> None:
    """Send the form as a browser without JavaScript does."""
    parts = urlsplit(link)
    connection = HTTPConnection("127.0.0.1", parts.port, timeout=20)
    connection.request(
        "POST",
        parts.path,
        urlencode(values),
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Host": parts.netloc,
        },
    )
    reply = connection.getresponse()
    reply.read()
    connection.close()
    assert reply.status == 303, link


def the_open_wave_shows_participation_only(page: Page, product: LiveProduct) -> None:
    """Who took part is known at once, what they said is not."""
    page.goto(product.base)
    expect(page.locator("main")).to_contain_text("Results appear when the wave closes")
    expect(page.locator("main")).to_contain_text(
        f"{N_COMPANIES} of {N_COMPANIES} partner contacts have answered so far."
    )
    expect(page.locator(".db")).to_have_count(0)


def the_dashboard_shows_the_gap(page: Page, product: LiveProduct) -> None:
    """The headline, ten drivers, and the small group that is hidden or merged."""
    page.goto(product.base)
    expect(page.locator(".headline")).to_contain_text("lower than our own team thinks.")
    expect(page.locator(".db > li:not(.axis)")).to_have_count(len(DRIVERS))
    options = page.locator("#segment option").all_inner_texts()
    assert "MSP" not in [option.strip() for option in options]
    page.goto(f"{page.url.rstrip('/')}/overview" if page.url.count("/") == 3 else page.url)


def the_comments_have_a_sentiment(page: Page, product: LiveProduct) -> None:
    """Fourteen comments, in their own words, each with a label; no name and no company."""
    page.goto(f"{product.base}/comments")
    expect(page.locator(".cm")).to_have_count(N_COMPANIES)
    expect(page.locator(".cm .tag").first).to_be_visible()
    assert "osoba1@" not in page.content()
    assert "Źródło" not in page.locator(".list").inner_text()


def the_file_says_the_same(page: Page) -> None:
    """The scores file, downloaded by the button, holds what the page shows."""
    page.goto(page.url.replace("/comments", "/overview"))
    shown = page.locator("details.data table").first
    page.locator("details.data summary").first.click()
    cells = shown.locator("tbody tr").first.locator("th, td").all_inner_texts()
    page.locator("details.menu summary").click()
    page.locator("#kind").select_option("scores")
    page.locator("#format").select_option("csv")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    rows = list(csv.DictReader(StringIO(text)))
    totals = {
        (row["audience"], row["driver"]): row
        for row in rows
        if row["dimension"] == "total" and row["driver"]
    }
    assert len(totals) == 2 * len(DRIVERS)
    scores = {row["score"] for key, row in totals.items() if key[0] == "partner"}
    assert cells[1] in scores
    assert all(row["state"] == "exact" for row in totals.values())
    assert all(row["email"] == "" for row in rows if "email" in row)


def test_the_invitation_is_in_the_language_of_its_reader(
    product: LiveProduct, browser: Browser, tmp_path: Path
) -> None:
    page = open_page(browser, width=1280, locale="en-GB")
    sign_in(page, product)
    name_the_vendor(page, product)
    import_contacts(page, product, tmp_path)
    start_and_schedule_a_survey(page, product)
    product.clock.move(days=3, hours=1)
    product.work()

    by_address = {str(message["To"]): message for message in product.mailbox.messages}
    polish = next(m for to, m in by_address.items() if "osoba1@" in to)
    english = next(m for to, m in by_address.items() if "osoba2@" in to)

    assert polish["Subject"] == "Jak układa się Państwu współpraca z firmą Nordvik?"
    assert english["Subject"] == "How is working with Nordvik going?"
    assert "Nie chcę dostawać ankiet" in plain_text(polish)
    assert english["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
