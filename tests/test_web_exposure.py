"""'Could this expose someone?' and 'Enough answers?' as a page and a command."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import (
    MONDAY,
    make_contact,
    make_partner,
    make_programme,
    make_schedule,
    make_staff,
    make_survey,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from results_sites import Runs, results_site, tables_of, text_of
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from analysis.before_launch import before_launch
from analysis.cli import exposure
from analysis.web import exposure as exposure_page
from surveys.db import db
from surveys.invitations import LinkKeys
from surveys.models import Survey, Wave
from surveys.terms import Mode, Role

GOLDEN = Path(__file__).parent / "golden" / "exposure.txt"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _a_page_has_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, pages make all draws."""
    monkeypatch.setattr(exposure_page, "PAGE_SECONDS", 10_000)


def page_of(client: FlaskClient, survey_id: int, *, language: str = "en") -> str:
    reply = client.get(f"/surveys/{survey_id}/exposure?lang={language}")
    assert reply.status_code == 200
    return reply.text


def programme(session: Session, client: FlaskClient, **values: Any) -> int:
    """Twenty-four people of twelve companies, eight staff, and a survey that asks them."""
    make_user(session)
    make_programme(session, companies=12, people=2, staff=8)
    survey_id = make_survey(session, **values).id
    session.commit()
    sign_in(client)
    return survey_id


def test_the_page_tells_of_each_group_how_often_it_is_shown_and_why_not(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client)

    page = page_of(client, survey_id)

    tables = tables_of(page)
    assert list(tables) == [
        "Partners",
        "Partners, Partner type",
        "Partners, Tier",
        "Partners, Region",
        "Our team",
        "Our team, Team",
    ]
    (total,) = tables["Partners"]
    assert total[:3] == ["Everybody asked", "24", "12"]
    assert total[-2:] == ["usually", "At 20%: Everybody asked has 3 answers"]
    assert [row[:3] for row in tables["Partners, Tier"]] == [
        ["Gold", "8", "4"],
        ["Registered", "8", "4"],
        ["Silver", "8", "4"],
    ]
    text = text_of(page)
    assert "This could expose someone: " in text
    assert "If 40% answer, " in text
    assert "200 random sets of answering people" in text
    assert "If 20% answer: about 4 partner answers." in text
    assert "Our team 8 people" in text


@on_sqlite
def test_the_same_address_gives_the_same_page_and_stores_nothing(
    client: FlaskClient, session: Session, engine: Engine
) -> None:
    survey_id = programme(session, client)
    before = dump(engine)

    one, two = (text_of(page_of(client, survey_id)) for _ in range(2))

    assert one == two
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_without_contacts_there_is_nothing_to_plan(client: FlaskClient, session: Session) -> None:
    make_user(session)
    survey_id = make_survey(session).id
    session.commit()
    sign_in(client)

    text = text_of(page_of(client, survey_id))

    assert "Nobody at your partners can be asked yet." in text
    assert text.count("Nobody would be asked.") == 2
    assert "This could expose" not in text


@on_sqlite
def test_with_staff_alone_only_their_groups_are_told(client: FlaskClient, session: Session) -> None:
    make_user(session)
    for number in range(10):
        make_staff(session, team=("support", "marketing")[number % 2])
    survey_id = make_survey(session).id
    session.commit()
    sign_in(client)

    tables = tables_of(page_of(client, survey_id))

    assert list(tables) == ["Our team", "Our team, Team"]
    assert [row[:2] for row in tables["Our team, Team"]] == [["Marketing", "5"], ["Support", "5"]]


@on_sqlite
def test_a_survey_without_dimensions_shows_its_total_alone(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client)
    survey = session.get_one(Survey, survey_id)
    survey.policy = survey.policy | {"dimensions": []}
    session.commit()

    page = page_of(client, survey_id)

    assert [name for name in tables_of(page) if name.startswith("Partners")] == ["Partners"]
    assert "This survey has no dimension, so only the total is published." in text_of(page)


@on_sqlite
def test_identified_partners_are_told_to_be_so_and_staff_are_checked(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client, mode=Mode.IDENTIFIED)

    page = page_of(client, survey_id)

    assert list(tables_of(page)) == ["Our team", "Our team, Team"]
    assert "Answers are identified" in text_of(page)


@on_sqlite
def test_an_anonymous_survey_keeps_two_dimensions_and_rare_combinations_as_other(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client, mode=Mode.ANONYMOUS)
    make_contact(session, make_partner(session, type="msp", tier="platinum"))
    session.commit()

    tables = tables_of(page_of(client, survey_id))

    assert [name for name in tables if name.startswith("Partners,")] == [
        "Partners, Partner type",
        "Partners, Tier",
    ]
    assert "Other" in {row[0] for row in tables["Partners, Tier"]}
    assert "Platinum" not in {row[0] for row in tables["Partners, Tier"]}


@on_sqlite
def test_while_a_wave_is_open_nothing_is_worked_out(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    make_user(session)
    run = open_survey(session, keys, companies=12, people=2, staff=8)
    survey_id, run_id = run.partner.survey_id, run.id
    session.commit()
    sign_in(client)

    page = page_of(client, survey_id)

    assert "This is worked out before a wave opens only." in text_of(page)
    assert f'href="/waves/{run_id}"' in page
    assert tables_of(page) == {}
    assert "has 4 answers" not in text_of(page)


@on_sqlite
def test_where_a_page_has_no_time_it_names_the_command(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey_id = programme(session, client, slug="pulse")
    monkeypatch.setattr(exposure_page, "PAGE_SECONDS", 0)

    page = page_of(client, survey_id)

    assert "pulse exposure --survey pulse" in text_of(page)
    assert tables_of(page) == {}
    assert "If 20% answer: about 4 partner answers." in text_of(page)


@on_sqlite
def test_only_those_who_run_surveys_may_look(client: FlaskClient, session: Session) -> None:
    make_user(session, "celina@nordvik.example", role=Role.VIEWER)
    survey_id = make_survey(session).id
    session.commit()
    address = f"/surveys/{survey_id}/exposure"
    assert client.get(address).status_code in (302, 303)
    sign_in(client, "celina@nordvik.example")

    assert client.get(address).status_code == 403


@on_sqlite
def test_a_survey_that_does_not_exist_is_not_found(client: FlaskClient, session: Session) -> None:
    make_user(session)
    session.commit()
    sign_in(client)

    assert client.get("/surveys/999/exposure").status_code == 404


@on_sqlite
def test_the_schedule_and_the_launch_lead_to_the_page(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client)
    make_schedule(session, session.get_one(Survey, survey_id))
    session.commit()

    for address in (f"/surveys/{survey_id}/schedule", f"/waves/open?survey={survey_id}"):
        assert f'href="/surveys/{survey_id}/exposure"' in client.get(address).text


@on_sqlite
def test_a_pool_is_said_to_show_more_and_not_advised_again(
    client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client)
    advised = "publish several waves in a row as one" in text_of(page_of(client, survey_id))
    make_schedule(session, session.get_one(Survey, survey_id), pooled_waves=2)
    session.commit()

    text = text_of(page_of(client, survey_id))

    assert advised
    assert "The schedule publishes 2 waves in a row as one" in text
    assert "publish several waves in a row as one" not in text


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A survey with two published waves and an open one."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("exposure")) as runs:
        yield runs


def test_rates_and_deviations_are_those_of_the_last_wave(runs: Runs) -> None:
    with runs.site.session() as session:
        wave = session.get_one(Wave, runs.published)
        launch = before_launch(session, wave.survey, now=runs.site.clock())

    assert launch.open_run_id == runs.open
    assert launch.last_label == wave.label
    assert launch.plan.partner_rate == 1
    assert launch.plan.staff_rate == 1
    assert launch.plan.deviations.is_known
    assert launch.plan.deviations.score != 25
    assert (launch.plan.n_drivers, launch.plan.n_compared) == (10, 10)
    assert sum(launch.plan.company_counts) == launch.plan.n_partners


def run_command(app: Flask, *arguments: str) -> tuple[int, str, str]:
    app.cli.add_command(exposure)
    done = app.test_cli_runner().invoke(args=["exposure", *arguments], catch_exceptions=False)
    with app.app_context():
        db.session.remove()
    return done.exit_code, done.stdout, done.stderr


@on_sqlite
def test_the_command_prints_a_report(app: Flask, session: Session) -> None:
    make_programme(session, companies=14, people=2, staff=12)
    make_survey(session, slug="pulse")
    session.commit()

    code, report, _ = run_command(app, "--survey", "pulse", "--draws", "40")

    assert code == 0
    assert report == GOLDEN.read_text(encoding="utf-8")


@on_sqlite
def test_the_command_gives_the_figures_of_the_page_as_json(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    survey_id = programme(session, client, slug="pulse")
    shown = tables_of(page_of(client, survey_id))

    code, line, _ = run_command(app, "--survey", str(survey_id), "--json")

    assert code == 0
    found = json.loads(line)
    assert found["draws"] == 200
    partners = found["audiences"][0]
    assert (partners["people"], partners["companies"]) == (24, 12)
    tiers = {
        row["values"][0]: [row["at"][rate]["frequency"] for rate in ("20", "40", "60")]
        for row in partners["rows"]
        if row["dimension"] == "tier"
    }
    assert tiers == {
        row[0].casefold(): [cell.partition(" ")[0] for cell in row[3:6]]
        for row in shown["Partners, Tier"]
    }
    assert [step["n_answers"] for step in found["plan"]] == [4, 9, 14]


@on_sqlite
def test_the_command_refuses_while_a_wave_is_open_and_knows_no_other_survey(
    app: Flask, session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys, slug="pulse", now=MONDAY)

    refused = run_command(app, "--survey", "pulse")
    unknown = run_command(app, "--survey", "other")

    assert refused[:2] == (2, "")
    assert re.match(rf"pulse: wave {run.id} is open: ", refused[2])
    assert unknown == (2, "", "pulse: there is no survey other\n")
