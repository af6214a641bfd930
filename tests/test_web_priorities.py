"""The drivers page: what to fix first, level and momentum, weighted score, in both languages."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from answered_waves import Fixed, Site, new_site, next_wave
from factories import make_programme, make_survey
from results_sites import Runs, results_site, tables_of, text_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.models import Driver
from surveys.questionnaires import Questionnaire
from surveys.responses import Filled
from surveys.terms import Audience, Mode


@dataclass(frozen=True, slots=True)
class Asked:
    """A site whose first wave asked for importance and whose second did not."""

    site: Site
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Telling:
    """Answers that also say how important each driver is; answers differ between people."""

    plain: Fixed
    codes: tuple[str, ...]
    asks: bool

    def __call__(self, questionnaire: Questionnaire, number: int, dice: random.Random) -> Filled:
        given = self.plain(questionnaire, number, dice)
        if not self.asks or questionnaire.audience is not Audience.PARTNER:
            return given
        stated = {
            f"importance_{code}": [str(1 + (place + number) % 3 + place // 3)]
            for place, code in enumerate(self.codes)
        }
        return Filled(values={**given.values, **stated}, texts=given.texts)


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state, no wave of which asked for importance."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("priorities")) as runs:
        yield runs


@pytest.fixture(scope="module")
def asked(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Two identified waves of the yearly review; nobody says what matters in the second."""
    with new_site(sqlite_template, tmp_path_factory.mktemp("importance")) as site:
        with site.session() as session:
            first, second = _two_waves(session, site)
        yield Asked(site, first, second)


def _two_waves(session: Session, site: Site) -> tuple[int, int]:
    make_programme(session, companies=20, people=2, staff=10)
    survey = make_survey(session, template="yearly_review", mode=Mode.IDENTIFIED)
    session.commit()
    codes = tuple(session.scalars(select(Driver.code).order_by(Driver.position)))
    found = []
    for agree, asks in (((4, 4, 5, 4), True), ((2, 3, 2, 2, 1, 3, 2), False)):
        fill = Telling(Fixed(agree=agree, recommend=(9, 5, 8)), codes, asks)
        found.append(next_wave(site.app, session, site.keys, site.clock, survey, fill=fill).id)
        site.clock.move(days=90)
    return found[0], found[1]


def get(site: Site, path: str) -> str:
    reply = site.client().get(path)
    assert reply.status_code == 200, path
    return reply.text


def card(page: str, name: str) -> str:
    """One card of the page, by the id of its heading."""
    return page.partition(f'aria-labelledby="{name}"')[2].partition("</section>")[0]


def test_stated_importance_weighs_and_is_dated(asked: Asked) -> None:
    now = get(asked.site, f"/drivers/{asked.first}")
    later = get(asked.site, f"/drivers/{asked.second}")

    assert "on a scale from 1 to 7 in this wave." in text_of(card(now, "fix"))
    assert "in the last wave that asked (8 February 2027)." in (text_of(card(later, "fix")))
    assert "weighted by the importance that partners stated (8 February 2027)." in (
        text_of(card(later, "weighted"))
    )
    table = tables_of(later)["Importance and score"]
    assert len(table) == 10
    assert all(re.fullmatch(r"[01]\.\d\d", row[2]) for row in table), table
    assert all(re.fullmatch(r"[1-7]\.\d", row[3]) for row in table), table


def test_the_page_of_a_driver_ranks_it_by_what_partners_said(asked: Asked) -> None:
    page = text_of(get(asked.site, f"/drivers/{asked.second}/monitoring"))

    assert re.search(r"Importance 1 of 10 Stated importance: \d\.\d of 7 \(8 February 2027\)", page)


def test_a_clear_fall_is_said_drawn_and_listed(asked: Asked) -> None:
    page = get(asked.site, f"/drivers/{asked.second}")
    momentum = card(page, "momentum")

    assert "clearly falling since 8 February 2027" in text_of(momentum)
    assert 'class="pt fix"' in momentum
    assert 'class="pt maybe"' not in momentum
    rows = tables_of(page)["Level and momentum"]
    assert len(rows) == 10
    assert {row[4] for row in rows} == {"bigger than chance"}
    assert all(re.fullmatch(r"−\d+", row[2]) for row in rows), rows


def test_the_first_wave_says_that_momentum_starts_later(asked: Asked) -> None:
    page = get(asked.site, f"/drivers/{asked.first}")

    assert "Momentum starts with the second wave." in text_of(card(page, "momentum"))
    assert "Level and momentum" not in tables_of(page)


def test_links_stand_in_where_no_wave_asked(runs: Runs) -> None:
    page = get(runs.site, f"/drivers/{runs.published}")

    assert "No wave has asked partners yet how important each driver is." in text_of(
        card(page, "fix")
    )
    assert "weighted by how strongly each goes with recommending us" in text_of(
        card(page, "weighted")
    )
    headings = re.findall(r'role="columnheader"[^>]*>(.*?)</th>', card(page, "fix"))
    assert headings[3:] == ["Link, −1 to 1"]


def test_the_weighted_score_stands_beside_the_unweighted_one(runs: Runs) -> None:
    words = text_of(card(get(runs.site, f"/drivers/{runs.published}"), "weighted"))

    assert re.search(
        r"Partners \d+ 95% confidence: \d+ to \d+ Unweighted: \d+ \(\d+ to \d+\)", words
    )
    assert re.search(r"Our team \d+ 95% confidence: \d+ to \d+(, few answers)? Unweighted", words)


def test_both_quadrants_obey_segment_and_comparison(runs: Runs, asked: Asked) -> None:
    whole = get(runs.site, f"/drivers/{runs.published}")
    part = get(runs.site, f"/drivers/{runs.published}?segment=tier:silver")

    assert "Importance is that of all partners, scores are of the segment." in text_of(
        card(part, "fix")
    )
    assert "Silver" in text_of(card(part, "weighted"))
    for name in ("Importance and score", "Level and momentum"):
        assert tables_of(whole)[name] != tables_of(part)[name]
    client = asked.site.client()
    assert client.get(f"/drivers/{asked.second}?compare={asked.first}").status_code == 200
    assert client.get(f"/drivers/{asked.second}?compare={asked.second}").status_code == 404


def test_a_hidden_wave_draws_nothing_and_says_why(runs: Runs) -> None:
    page = get(runs.site, f"/drivers/{runs.small}")

    for name in ("fix", "momentum"):
        assert "<circle" not in card(page, name)
    assert "Importance needs 30 answers" in text_of(card(page, "fix"))
    assert "No driver is shown exactly." in text_of(card(page, "weighted"))


def test_numbers_and_names_are_polish_on_a_polish_page(runs: Runs) -> None:
    page = get(runs.site, f"/drivers/{runs.published}?lang=pl")

    assert "Popraw najpierw" in card(page, "fix")
    assert "Premie i marże" in card(page, "momentum")
    assert re.search(r">\d,\d\d</td>", card(page, "fix"))
    assert "Nasz zespół" in card(page, "weighted")
