"""Sites with results in every state, made once a module, and what tests read off their pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import plain_analyser
import pytest
from answered_waves import Fixed, Site, answer_all, new_site, next_wave, run_worker
from factories import make_contact, make_partner, make_survey
from sqlalchemy.orm import Session

from surveys.models import Survey
from surveys.terms import Mode
from surveys.waves import open_run

TEXTS = (
    "The portal is slow and nobody answers.",
    "Our manager is helpful.",
    "Zespół jest życzliwy, ale portal slow.",
    "We now lead with another brand.",
    "Ask Kowalski, hm.",
)
RESULT_PATHS = (
    "/overview/{run}",
    "/board/{run}",
    "/trend/{run}",
    "/drivers/{run}",
    "/drivers/{run}/listening",
    "/comments/{run}",
    "/participation/{run}",
)


@dataclass(frozen=True, slots=True)
class Runs:
    """A site and its runs: published twice, open, hidden (too small), identified, closed now."""

    site: Site
    before: int
    published: int
    open: int
    small: int
    identified: int

    def paths(self, run_id: int) -> list[str]:
        """Every page of results of one run."""
        return [path.format(run=run_id) for path in RESULT_PATHS]


@contextmanager
def results_site(template: Path, folder: Path) -> Iterator[Runs]:
    """Twenty companies with two people each and ten staff answer two waves; a third is open.

    A survey of six people is published and hides everything; an identified one is closed.
    """
    with pytest.MonkeyPatch.context() as monkeypatch, new_site(template, folder) as site:
        plain_analyser.use(monkeypatch)
        with site.session() as session:
            runs = _filled(session, site)
        yield runs


def _filled(session: Session, site: Site) -> Runs:
    small = _small(session, site)
    identified = _identified(session, site)
    survey = make_survey(session, slug="partner-pulse", name="Partner pulse")
    _programme(session)
    fill = Fixed(texts=TEXTS, recommend=(9, 7, 5, 10, 8, 3, 6))
    first = next_wave(site.app, session, site.keys, site.clock, survey, fill=fill).id
    site.clock.move(days=90)
    fill = Fixed(
        agree=(2, 3, 4, 2, 3, 1, 3),
        recommend=(6, 8, 10, 6, 8, 2, 8),
        texts=TEXTS,
        staff_lift=2,
    )
    second = next_wave(site.app, session, site.keys, site.clock, survey, fill=fill).id
    site.clock.move(days=90)
    return Runs(site, first, second, _open(session, site, survey), small, identified)


def _programme(session: Session) -> None:
    for number in range(20):
        partner = make_partner(
            session,
            f"Partner {number}",
            type=("reseller", "integrator")[number % 2],
            tier=("gold", "silver", "silver", "registered")[number % 4],
            region=("north", "south")[number % 2],
        )
        for _ in range(2):
            make_contact(session, partner, last_name="Kowalski")
    for _ in range(10):
        make_contact(session, None, team="channel sales")
    session.commit()


def _small(session: Session, site: Site) -> int:
    survey = make_survey(session, slug="small", name="Small survey")
    for _ in range(4):
        make_contact(session, make_partner(session))
    session.commit()
    run = next_wave(site.app, session, site.keys, site.clock, survey, fill=Fixed(texts=TEXTS))
    site.clock.move(days=1)
    return run.id


def _identified(session: Session, site: Site) -> int:
    survey = make_survey(session, mode=Mode.IDENTIFIED, slug="key", name="Key partners")
    run = next_wave(site.app, session, site.keys, site.clock, survey, fill=Fixed(texts=TEXTS))
    site.clock.move(days=1)
    return run.id


def _open(session: Session, site: Site, survey: Survey) -> int:
    """A wave that is open: every third person has answered, with a comment."""
    run = open_run(session, survey, scheduled_at=site.clock(), keys=site.keys, now=site.clock()).run
    session.commit()
    answer_all(
        session,
        run,
        site.keys,
        at=site.clock(),
        fill=Fixed(texts=TEXTS),
        only=lambda _wave, number: number % 3 == 0,
    )
    run_worker(site.app)
    session.expire_all()
    return run.id


def text_of(page: str) -> str:
    """What is read on a page: no markup, one space between words, nothing that only joins."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    words = unescape(re.sub(r"<[^>]+>", " ", body))
    return " ".join(words.replace("\xa0", " ").replace("\u2060", "").split())


def title_of(page: str) -> str:
    """The title of a page."""
    found = re.search(r"<title>(.*?)</title>", page, flags=re.DOTALL)
    assert found, page[:500]
    return " ".join(unescape(found[1]).split())


def tables_of(page: str) -> dict[str, list[list[str]]]:
    """Rows of cells of every table that has a caption, by caption."""
    found = {}
    for table in re.findall(r"<table.*?</table>", page, flags=re.DOTALL):
        caption = re.search(r"<caption[^>]*>(.*?)</caption>", table, flags=re.DOTALL)
        rows = re.findall(r"<tr.*?</tr>", table.partition("<tbody")[2], flags=re.DOTALL)
        cells = [
            [text_of(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row, flags=re.DOTALL)]
            for row in rows
        ]
        if caption:
            found[text_of(caption[1])] = cells
    return found
