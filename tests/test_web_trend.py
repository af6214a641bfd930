"""The trend page: the last waves of a survey in every state, and what reading it costs."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from answered_waves import Site, new_site, next_wave, whole_wave
from conftest import Database
from factories import (
    SetClock,
    make_contact,
    make_partner,
    make_schedule,
    make_survey,
    make_user,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from results_sites import Runs, results_site, tables_of, text_of
from sqlalchemy import event
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys
from surveys.models import Survey
from surveys.terms import Mode
from surveys.waves import open_run


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("trend")) as runs:
        yield runs


@pytest.fixture
def site(sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A site without any wave."""
    with new_site(sqlite_template, tmp_path) as site:
        yield site


def get(site: Site, path: str) -> str:
    """A page that is there, as an administrator sees it."""
    reply = site.client().get(path)
    assert reply.status_code == 200, path
    return reply.text


@contextmanager
def counted(site: Site) -> Iterator[list[str]]:
    """The statements that run inside."""
    seen: list[str] = []

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("PRAGMA"):
            seen.append(statement)

    event.listen(site.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(site.engine, "before_cursor_execute", note)


def test_every_driver_has_a_small_chart_that_leads_to_its_page(runs: Runs) -> None:
    page = get(runs.site, f"/trend/{runs.published}")

    links = re.findall(rf'class="rowlink" href="/drivers/{runs.published}/(\w+)"', page)
    assert len(set(links)) == len(links) == 10
    assert page.count('class="ln-p"') == 12, "ten drivers, all together, NPS"
    assert text_of(page).count("In words:") == 12
    assert "Partner pulse, 14 May 2027 · 2 waves" in text_of(page)


def test_a_driver_reads_here_as_on_its_own_page(runs: Runs) -> None:
    here = tables_of(get(runs.site, f"/trend/{runs.published}"))["Listening"]
    there = tables_of(get(runs.site, f"/drivers/{runs.published}/listening"))["Trend"]
    gaps = tables_of(get(runs.site, f"/overview/{runs.published}"))["Perception gap by driver"]

    assert [row[:6] for row in here] == [row[:6] for row in there]
    newest = next(row for row in gaps if row[0].endswith("Listening"))
    assert here[-1][6:] == [newest[6], newest[8]], "gap and mark of the overview"


def test_the_page_opens_with_what_moved_and_which_gaps_stay(runs: Runs) -> None:
    page = text_of(get(runs.site, f"/trend/{runs.published}"))

    assert re.search(r"Since 12 February 2027 (no driver|\d+ of 10 drivers) moved", page)
    assert "Mean of 10 drivers, of 10, that have the same wording" in page
    assert re.search(r"Gaps bigger than chance now: .+ \((new in this wave|since .+?)\)", page)


def test_all_drivers_and_nps_have_tables_with_response_rate(runs: Runs) -> None:
    tables = tables_of(get(runs.site, f"/trend/{runs.published}"))

    assert [row[0] for row in tables["All drivers"]] == ["12 February 2027", "14 May 2027"]
    assert all(row[5].endswith("%") for row in tables["All drivers"])
    assert re.fullmatch(r"[+−]?\d+", tables["Partner NPS"][-1][1])


def test_a_segment_of_the_address_is_kept_by_links_and_pickers(runs: Runs) -> None:
    page = get(runs.site, f"/trend/{runs.published}?segment=tier:silver")

    assert "Only partners of: Tier: Silver." in text_of(page)
    assert f'href="/drivers/{runs.published}/listening?segment=tier:silver"' in page
    client = runs.site.client()
    query = f"run={runs.published}&was={runs.published}&segment=tier:silver"
    kept = client.get(f"/trend/choose?{query}")
    other = client.get(f"/trend/choose?run={runs.before}&was={runs.published}&segment=tier:silver")
    assert kept.headers["Location"] == f"/trend/{runs.published}?segment=tier:silver"
    assert other.headers["Location"] == f"/trend/{runs.before}"
    assert client.get(f"/trend/{runs.published}?segment=tier:nothing").status_code == 404


def test_the_first_of_several_waves_leads_to_the_trend_of_the_newest(runs: Runs) -> None:
    page = get(runs.site, f"/trend/{runs.before}")

    assert "The trend starts with the second wave." in text_of(page)
    assert "This is the first one; the survey has later waves." in text_of(page)
    assert f'href="/trend/{runs.published}">Trend up to 14 May 2027</a>' in page


def test_an_only_wave_without_a_schedule_says_so(runs: Runs) -> None:
    page = text_of(get(runs.site, f"/trend/{runs.identified}"))

    assert "The trend starts with the second wave." in page
    assert "No further wave is scheduled." in page


def test_an_open_wave_shows_no_trend(runs: Runs) -> None:
    page = text_of(get(runs.site, f"/trend/{runs.open}"))

    assert "Results appear when the wave closes on 25 August." in page
    assert "In words" not in page


def test_the_newest_results_have_a_short_address(runs: Runs) -> None:
    assert "14 May 2027 · 2 waves" in text_of(get(runs.site, "/trend"))


def test_a_stranger_does_not_see_it(runs: Runs) -> None:
    stranger = runs.site.app.test_client()

    assert stranger.get(f"/trend/{runs.published}").status_code == 303
    assert stranger.get("/trend").status_code == 303


def test_an_empty_workspace_says_when_a_trend_comes(site: Site) -> None:
    page = text_of(get(site, "/trend"))

    assert "They come with the first wave that has closed." in page


def test_an_only_wave_says_when_the_next_comes(site: Site) -> None:
    with site.session() as session:
        run = whole_wave(site.app, session, site.keys, site.clock, Mode.CONFIDENTIAL)
        survey = session.get_one(Survey, run.partner.survey_id)
        schedule = make_schedule(session, survey, now=site.clock())
        session.commit()
        assert schedule.next_run_at
        day = f"{schedule.next_run_at:%-d %B %Y}"
        run_id = run.id
    site.clients.clear()

    assert f"The next wave opens on {day}." in text_of(get(site, f"/trend/{run_id}"))


def test_waves_that_are_all_hidden_leave_no_number(site: Site) -> None:
    with site.session() as session:
        survey = make_survey(session)
        for _ in range(4):
            make_contact(session, make_partner(session))
        session.commit()
        next_wave(site.app, session, site.keys, site.clock, survey)
        site.clock.move(days=90)
        run_id = next_wave(site.app, session, site.keys, site.clock, survey).id
    site.clients.clear()

    page = text_of(get(site, f"/trend/{run_id}")).partition("· 2 waves")[2]
    assert "No wave has a figure that may be shown." in page
    assert "Each figure needs 5 answers from 3 companies, in each wave." in page
    assert "In words" not in page
    assert "95%" not in page


def test_statements_do_not_grow_with_drivers_or_waves(site: Site) -> None:
    ids = []
    with site.session() as session:
        first = whole_wave(site.app, session, site.keys, site.clock, Mode.CONFIDENTIAL)
        survey = session.get_one(Survey, first.partner.survey_id)
        for _ in range(2):
            site.clock.move(days=90)
            ids.append(next_wave(site.app, session, site.keys, site.clock, survey).id)
    site.clients.clear()

    sizes = []
    for run_id in ids:
        get(site, f"/trend/{run_id}")
        with counted(site) as seen:
            get(site, f"/trend/{run_id}")
        sizes.append(len(seen))
    assert sizes[1] - sizes[0] <= 1, sizes
    assert sizes[1] <= 17, sizes


def test_a_wave_that_is_open_beside_an_only_one_is_the_next_point(site: Site) -> None:
    with site.session() as session:
        run = whole_wave(site.app, session, site.keys, site.clock, Mode.CONFIDENTIAL)
        run_id, survey_id = run.id, run.partner.survey_id
        site.clock.move(days=90)
        survey = session.get_one(Survey, survey_id)
        now = site.clock()
        opened = open_run(session, survey, scheduled_at=now, keys=site.keys, now=now)
        session.commit()
        following = f"{opened.run.partner.closes_at:%-d %B %Y}"
    site.clients.clear()

    page = text_of(get(site, f"/trend/{run_id}"))
    assert f"A wave is open now. Its results appear when it closes on {following}." in page


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_page_reads_the_same_on_postgresql(
    database: Database,
    app: Flask,
    client: FlaskClient,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
) -> None:
    first = whole_wave(app, session, keys, clock, Mode.CONFIDENTIAL)
    survey = session.get_one(Survey, first.partner.survey_id)
    clock.move(days=90)
    run_id = next_wave(app, session, keys, clock, survey).id
    make_user(session)
    session.commit()
    sign_in(client)

    page = client.get(f"/trend/{run_id}").text
    assert len(tables_of(page)["All drivers"]) == 2
    assert text_of(page).count("In words:") == 12
