"""Pools on pages: the choice, what each wave's pages say, and what respondents are promised."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import plain_analyser
import pytest
from answered_waves import Fixed, Site, new_site, next_wave
from factories import (
    MONDAY,
    SetClock,
    csrf_token,
    links_of,
    make_programme,
    make_schedule,
    make_survey,
    make_user,
    sign_in,
)
from flask.testing import FlaskClient
from results_sites import text_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.queries import earlier_runs, history_of, is_linked, runs_with_results
from surveys.invitations import LinkKeys
from surveys.models import Schedule, Survey
from surveys.terms import Mode
from surveys.waves import Run, open_run

LATER = date(2029, 2, 12)
CHOICE = {
    "frequency": "quarterly",
    "day_by": "weekday",
    "starts_on": "2027-03-08",
    "local_time": "09:00",
    "open_days": "12",
    "grace_hours": "24",
    "reminders": "both",
    "do": "save",
}
PENDING = "Wave {position} of 2: results come together after wave 2."


@pytest.fixture(scope="module")
def pools(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five waves (runs 1, 3, 5, 7, 9) in pools of two, closed; the last waits for its second."""
    folder = tmp_path_factory.mktemp("pools")
    with pytest.MonkeyPatch.context() as monkeypatch, new_site(sqlite_template, folder) as site:
        plain_analyser.use(monkeypatch)
        with site.session() as session:
            survey = pooled_survey(session)
            make_programme(session, companies=12, people=2)
            session.commit()
            for number in range(5):
                fill = Fixed(agree=(2, 3, 4, 3, 1 + number), texts=("The portal is slow.",))
                next_wave(site.app, session, site.keys, site.clock, survey, fill=fill)
                site.clock.move(days=60)
        yield site


def pooled_survey(session: Session, mode: Mode = Mode.CONFIDENTIAL) -> Survey:
    """A survey that publishes two waves together, if its mode allows it."""
    survey = make_survey(session, mode=mode)
    if mode is Mode.CONFIDENTIAL:
        make_schedule(session, survey, pooled_waves=2, starts_on=LATER)
    session.commit()
    return survey


def run_ids(site: Site) -> list[int]:
    """The five runs, oldest first."""
    with site.session() as session:
        return sorted(run.id for run in runs_with_results(session))


def page(site: Site, path: str) -> str:
    reply = site.client().get(path)
    assert reply.status_code == 200, path
    return text_of(reply.text)


def test_a_wave_without_results_says_with_which_wave_they_come(pools: Site) -> None:
    last = run_ids(pools)[4]

    for path in ("/overview/{run}", "/drivers/{run}", "/comments/{run}", "/waves/{run}"):
        assert PENDING.format(position=1) in page(pools, path.format(run=last)), path
    assert "being worked out" not in page(pools, f"/overview/{last}")


def test_the_last_wave_of_a_pool_shows_the_results_of_all(pools: Site) -> None:
    second = run_ids(pools)[1]

    for path in ("/overview/{run}", "/drivers/{run}", "/comments/{run}", "/waves/{run}"):
        text = page(pools, path.format(run=second))
        assert "Results of 2 waves together. Of each person the latest answers count." in text
    assert "Of the last of these waves only." in page(pools, f"/overview/{second}")
    assert "48 comments" in page(pools, f"/comments/{second}")


def test_an_earlier_wave_of_a_pool_leads_to_its_results(pools: Site) -> None:
    first, second = run_ids(pools)[:2]

    reply = pools.client().get(f"/overview/{first}")

    assert "its results are shown together with those of the later waves" in text_of(reply.text)
    assert f'href="/overview/{second}">Show the results' in reply.text


def test_the_newest_results_are_those_of_the_newest_pool(pools: Site) -> None:
    fourth = run_ids(pools)[3]

    start = page(pools, "/")

    assert start == page(pools, f"/overview/{fourth}")


def test_a_pool_is_one_point_of_the_history(pools: Site) -> None:
    wanted = run_ids(pools)
    with pools.session() as session:
        runs = runs_with_results(session)
        by_id = {run.id: run for run in runs}
        second, third, fourth, fifth = (by_id[each] for each in wanted[1:])

        def ids(found: list[Run]) -> list[int]:
            return [each.id for each in found]

        assert ids(earlier_runs(runs, fourth)) == [second.id]
        assert ids(history_of(runs, fourth)) == [second.id, fourth.id]
        assert ids(earlier_runs(runs, fifth)) == [fourth.id, second.id]
        assert is_linked(runs, fourth, second)
        assert not is_linked(runs, fourth, third)


def test_a_single_wave_of_a_pool_cannot_be_exported(pools: Site) -> None:
    first, second = run_ids(pools)[:2]
    client = pools.client()
    token = csrf_token(client.get(f"/overview/{second}").text)
    form = {"csrf_token": token, "kind": "scores", "format": "csv"}

    assert client.post(f"/overview/{first}/export", data=form).status_code == 409
    assert client.post(f"/overview/{second}/export", data=form).status_code == 200


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of a signed-in administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


def save(client: FlaskClient, survey_id: int, **values: str) -> tuple[int, str]:
    """Status and words after the form of the schedule is sent."""
    address = f"/surveys/{survey_id}/schedule"
    token = csrf_token(client.get(address).text)
    reply = client.post(address, data=CHOICE | values | {"csrf_token": token})
    return reply.status_code, text_of(reply.text)


def test_the_choice_is_kept_and_shown(alicja: FlaskClient, session: Session) -> None:
    survey_id = make_survey(session).id
    session.commit()

    status, _ = save(alicja, survey_id, pooled_waves="3")

    assert status == 303
    assert session.scalars(select(Schedule.pooled_waves)).one() == 3
    shown = alicja.get(f"/surveys/{survey_id}/schedule").text
    assert '<option value="3" selected>Every 3 waves together</option>' in shown


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("mode", "values", "words"),
    [
        (Mode.ANONYMOUS, {}, "nobody can tell whether two answers come from one person"),
        (Mode.IDENTIFIED, {}, "there is nothing to publish together"),
        (Mode.CONFIDENTIAL, {"frequency": "once"}, "There is only one wave."),
        (Mode.CONFIDENTIAL, {"pooled_waves": "5"}, "Choose one of the list."),
    ],
)
def test_a_pool_that_cannot_be_is_refused_with_the_reason(
    alicja: FlaskClient, session: Session, mode: Mode, values: dict[str, str], words: str
) -> None:
    survey_id = make_survey(session, mode=mode).id
    session.commit()

    status, text = save(alicja, survey_id, **{"pooled_waves": "2"} | values)

    assert status == 422
    assert words in text
    session.rollback()
    assert session.scalars(select(Schedule)).all() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("mode", [Mode.ANONYMOUS, Mode.IDENTIFIED])
def test_the_choice_is_offered_to_confidential_surveys_only(
    alicja: FlaskClient, session: Session, mode: Mode
) -> None:
    survey_id = make_survey(session, mode=mode).id
    session.commit()

    shown = alicja.get(f"/surveys/{survey_id}/schedule").text

    assert 'name="pooled_waves"' not in shown
    assert ("nobody could be counted once" in shown) == (mode is Mode.ANONYMOUS)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_closing_says_that_the_results_wait(
    alicja: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled_survey(session)
    make_programme(session)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    address = f"/waves/{run.id}/close"
    session.commit()

    before = alicja.get(address).text
    alicja.post(address, data={"csrf_token": csrf_token(before)})
    after = text_of(alicja.get("/waves").text)

    assert "The results are then frozen." not in text_of(before)
    assert PENDING.format(position=1) in text_of(before)
    assert f"The wave is closed. {PENDING.format(position=1)}" in after


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("pooled_waves", [1, 2])
def test_a_respondent_is_told_what_is_shown_together(
    client: FlaskClient, session: Session, keys: LinkKeys, pooled_waves: int
) -> None:
    survey = make_survey(session)
    make_schedule(session, survey, pooled_waves=pooled_waves, starts_on=LATER)
    make_programme(session)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()

    for wave in run.waves:
        shown = text_of(client.get(f"/s/{links_of(session, keys, wave)[1]}?lang=en").text)
        told = (
            "Results and comments of up to 2 waves in a row are shown together; of each person"
            " the latest answers count."
        )
        assert (told in shown) == (pooled_waves == 2)
