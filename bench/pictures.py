"""Pictures of every page of a running demo, at two widths, in both languages and themes.

Run by `python3 dev.py pictures`, beside a running `python3 dev.py up`: signs in with the demo's
account, walks the staff pages and one invitation of each audience, and writes PNG files to
`pictures/`. Prints one line a page, with everything that is wrong with it: status, console errors,
sideways scrolling, findings of axe.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from surveys.demo_processes import read_settings_file
from surveys.mail.caught import Mailbox

ROOT = Path(__file__).resolve().parent.parent
WIDTHS = (1280, 390)
FLAT = str.maketrans("/?=&", "----")
FRONT_HEIGHT = 1480
SCHEMES = ("light", "dark")
LOCALES = {"pl": "pl-PL", "en": "en-GB"}
CHROMIUM = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
STAFF_PATHS = (
    "/overview",
    "/trend",
    "/board",
    "/drivers",
    "/comments",
    "/calibration",
    "/participation",
    "/waves",
    "/surveys/new",
    "/questionnaires",
    "/contacts",
    "/contacts/import",
    "/contacts/stopped",
    "/contacts/unmatched",
    "/requests",
    "/settings",
)
OPEN_WAVE = "main a[href^='/waves/']:not([href*='open'])"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]


def main(argv: list[str] | None = None) -> int:
    """Take the pictures; exit code 1 if any page has something wrong."""
    options = _options(argv)
    account = json.loads((options.instance / "demo.json").read_text(encoding="utf-8"))
    settings = read_settings_file(options.instance)
    options.out.mkdir(parents=True, exist_ok=True)
    faults = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=list(CHROMIUM))
        for locale in LOCALES:
            walk = _Walk(browser, settings["PULSE_BASE_URL"], options.out, locale)
            faults += walk.staff_pages(account["email"], account["password"])
            faults += walk.survey_pages(_links(options.instance))
            if options.readme is not None and locale == "en":
                walk.front_picture(options.readme)
        browser.close()
    print(f"{faults} pages with something to mend")
    return 1 if faults else 0


class _Walk:
    """One language's way through the product."""

    def __init__(self, browser: Browser, base: str, out: Path, locale: str) -> None:
        self._base = base
        self._out = out
        self._locale = locale
        context = browser.new_context(
            locale=LOCALES[locale],
            extra_http_headers={"Accept-Language": locale},
            bypass_csp=True,
        )
        self._page: Page = context.new_page()
        self._console: list[str] = []
        self._page.on("console", self._note)

    def staff_pages(self, email: str, password: str) -> int:
        """Sign in and walk; how many pages have faults."""
        faults = 0
        for name in ("forgot", "login"):
            self._page.goto(f"{self._base}/{name}?lang={self._locale}")
            faults += self._picture(name)
        self._page.fill("input[name=email]", email)
        self._page.fill("input[name=password]", password)
        self._page.press("input[name=password]", "Enter")
        self._page.wait_for_load_state()
        self._page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        button = f"button[name=locale][value={self._locale}]"
        self._page.locator(button).first.click()
        for path in (*STAFF_PATHS, *self._found()):
            self._page.goto(self._base + path)
            faults += self._picture(path.strip("/").translate(FLAT) or "start")
        return faults

    def survey_pages(self, links: list[str]) -> int:
        """The survey as its respondents see it; nothing is sent."""
        faults = 0
        for number, link in enumerate(links):
            self._page.goto(f"{link}?lang={self._locale}")
            faults += self._picture(f"survey-{number}")
            foot = self._page.locator("a[href*='/u/']").first.get_attribute("href")
            self._page.goto(f"{self._base}{foot}")
            faults += self._picture(f"preferences-{number}")
        self._page.goto(f"{self._base}/s/{'x' * 22}?lang={self._locale}")
        faults += self._picture("survey-wrong", status=404)
        return faults

    def front_picture(self, target: Path) -> None:
        """The top of the overview, as the README shows it."""
        self._page.set_viewport_size({"width": WIDTHS[0], "height": FRONT_HEIGHT})
        self._page.emulate_media(color_scheme="light")
        self._page.goto(f"{self._base}/overview")
        self._page.screenshot(path=target)

    def _found(self) -> Iterator[str]:
        """One address of each kind that the overview and the lists lead to."""
        for start, pattern in (
            ("/drivers", "a[href*='/drivers/'][href*='_']"),
            ("/waves", "main a[href*='/waves/open']"),
            ("/waves", OPEN_WAVE),
            ("/waves", "main a[href*='/schedule']"),
            ("/questionnaires", "main a[href*='/questionnaires/']"),
        ):
            self._page.goto(self._base + start)
            found = self._page.locator(pattern)
            if found.count():
                address = str(found.first.get_attribute("href"))
                yield address
                if pattern is OPEN_WAVE:
                    yield from (
                        f"{address}/{step}" for step in ("remind", "extend", "close", "mails")
                    )
            else:
                print(f"{start} leads to no page like {pattern}")

    def _picture(self, name: str, *, status: int = 200) -> int:
        self._console.clear()
        wrong: list[str] = []
        for width in WIDTHS:
            self._page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                self._page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                target = self._out / f"{name}-{self._locale}-{width}-{scheme}.png"
                self._page.screenshot(path=target, full_page=True)
                wrong += [f"{scheme} {width}: {each}" for each in _axe(self._page)]
            over = self._page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                wrong.append(f"{over} px too wide at {width}")
        wrong += [line for line in self._console if f"status of {status}" not in line]
        print(f"{self._locale} {name}: {self._page.title()} {'; '.join(sorted(set(wrong)))}")
        return 1 if wrong else 0

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._console.append(message.text[:120])


def _axe(page: Page) -> list[str]:
    page.add_script_tag(path=str(_axe_script()))
    tags = json.dumps(AXE_TAGS)
    result = page.evaluate(f"axe.run({{runOnly: {tags}}})")
    return [f"{each['impact']} {each['id']} x{len(each['nodes'])}" for each in result["violations"]]


def _axe_script() -> Path:
    found = find_spec("axe_playwright_python")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).with_name("axe.min.js")


def _links(instance: Path) -> list[str]:
    """A link of each audience from the caught mails of the open wave."""
    mailbox = Mailbox(instance / "mail")
    found: dict[str, str] = {}
    for summary in mailbox.summaries():
        mail = mailbox.find(summary.mail_id)
        for line in (mail.text or "").splitlines() if mail else ():
            if line.startswith("http") and "/s/" in line:
                found.setdefault(summary.subject, line.strip())
    return list(found.values())[:4]


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", type=Path, default=ROOT / "instance")
    parser.add_argument("--out", type=Path, default=ROOT / "pictures")
    parser.add_argument("--readme", type=Path, metavar="FILE", help="the README's picture, too")
    parser.add_argument("--chromium", default=os.environ.get("PULSE_CHROMIUM", "chromium"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
