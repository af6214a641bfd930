"""The page of participation in every state of a run, as a browser gets it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from answered_waves import new_site
from factories import (
    MONDAY,
    SetClock,
    make_contact,
    make_partner,
    make_survey,
    make_user,
    sign_in,
)
from flask.testing import FlaskClient
from results_sites import Runs, results_site, tables_of, text_of, title_of
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from surveys.invitations import LinkKeys
from surveys.models import Invitation, OutgoingMail, Wave
from surveys.terms import Mode
from surveys.waves import Run, close_run, open_run

ANSWERED = {"answered_on": MONDAY.date()}


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("participation")) as runs:
        yield runs


def get(runs: Runs, path: str) -> str:
    """A page that is there."""
    reply = runs.site.client().get(path)
    assert reply.status_code == 200, path
    return reply.text


def read(client: FlaskClient, run: Run) -> str:
    """The page of a run, signed in."""
    reply = client.get(f"/participation/{run.id}")
    assert reply.status_code == 200
    return reply.text


def mark(session: Session, run: Run, places: range, **marks: object) -> None:
    """Put these marks on partners' invitations, by their place; commits."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == run.id).order_by(Invitation.id)
    ).all()
    chosen = [ids[place] for place in places]
    session.execute(update(Invitation).where(Invitation.id.in_(chosen)).values(marks))
    session.commit()


def tiers(session: Session, keys: LinkKeys, *, mode: Mode = Mode.CONFIDENTIAL) -> Run:
    """Forty gold people of twenty companies, forty silver ones of as many; committed."""
    make_user(session)
    for tier in ("gold", "silver"):
        for _ in range(20):
            partner = make_partner(session, tier=tier)
            for _ in range(2):
                make_contact(session, partner)
    survey = make_survey(session, mode=mode)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return run


def test_a_closed_wave_tells_who_took_part_and_for_whom_they_stand(runs: Runs) -> None:
    page = get(runs, f"/participation/{runs.published}")

    text = text_of(page)
    assert title_of(page).startswith("Participation, Partner pulse, 14 May 2027")
    assert "44 of 44 partner contacts answered. Of our team: 10 of 10." in text
    assert "The response rate is the same as in" in text
    assert "24 of 24 Invited companies with at least one answer." in text
    tables = tables_of(page)
    assert tables["From invitation to answer: Partner contacts"][-1] == ["Finished", "44", "100%"]
    assert tables["From invitation to answer: Our team"][-1] == ["Finished", "10", "100%"]
    assert len(tables["Response rate by wave"]) == 2
    assert "Had every group answered in proportion" in text


def test_the_start_is_the_newest_run_although_it_is_open(runs: Runs) -> None:
    page = get(runs, "/participation")

    assert title_of(page) == title_of(get(runs, f"/participation/{runs.open}"))
    text = text_of(page)
    assert "partner contacts have answered so far." in text
    assert "Everybody may still answer until" in text
    assert "in proportion" not in text


def test_every_segment_of_the_table_is_a_group_of_the_invited(runs: Runs) -> None:
    table = tables_of(get(runs, f"/participation/{runs.open}"))["Participation: Tier"]

    assert sum(int(row[1]) for row in table) == 44
    assert all(int(row[2]) <= int(row[1]) for row in table)
    assert all(row[7] in ("may be chance", "underrepresented", "overrepresented") for row in table)


def test_an_identified_run_without_staff_says_that_the_team_is_not_asked(runs: Runs) -> None:
    text = text_of(get(runs, f"/participation/{runs.identified}"))

    assert "partner contacts answered." in text
    assert "Groups of under" not in text


def test_groups_that_are_too_small_are_not_told_apart(runs: Runs) -> None:
    text = text_of(get(runs, f"/participation/{runs.small}"))

    assert "Fewer than two groups are large enough to be shown apart." in text


def test_the_picker_leads_to_an_address_that_can_be_kept(runs: Runs) -> None:
    reply = runs.site.client().get(f"/participation/choose?run={runs.before}&was={runs.open}")

    assert reply.status_code == 303
    assert reply.location == f"/participation/{runs.before}"
    assert runs.site.client().get("/participation/choose").status_code == 404


def test_a_stranger_and_a_run_that_is_not_there_get_nothing(runs: Runs) -> None:
    stranger = runs.site.app.test_client().get(f"/participation/{runs.published}")

    assert stranger.status_code in (302, 303)
    assert "/login" in stranger.location
    assert runs.site.client().get("/participation/9999").status_code == 404


def test_the_overview_leads_to_the_page(runs: Runs) -> None:
    assert f'href="/participation/{runs.published}"' in get(runs, f"/overview/{runs.published}")


def test_before_the_first_wave_there_are_the_first_steps(
    sqlite_template: Path, tmp_path: Path
) -> None:
    with new_site(sqlite_template, tmp_path) as site:
        page = site.client().get("/participation")

    assert page.status_code == 200
    assert "No results yet" in text_of(page.text)


def test_an_underrepresented_group_is_named(
    client: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = tiers(session, keys)
    mark(session, run, range(36), **ANSWERED)
    mark(session, run, range(40, 46), started_on=MONDAY.date())
    clock.move(days=1)
    close_run(session, run, now=MONDAY + timedelta(days=1))
    session.commit()
    sign_in(client)

    page = read(client, run)

    text = text_of(page)
    assert "Underrepresented: Silver (tier)." in text
    assert "21 of 40 Invited companies" in text
    silver = tables_of(page)["Participation: Tier"][0]
    assert silver[:4] == ["Silver", "40", "6", "15%"]
    assert silver[5] == "−75"
    assert silver[7] == "underrepresented"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nobody_invited_is_said_with_what_to_do(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = tiers(session, keys)
    session.execute(delete(OutgoingMail))
    session.execute(delete(Invitation))
    session.commit()
    sign_in(client)

    text = text_of(read(client, run))

    assert "Nobody was invited in this wave" in text
    assert "Response rate by wave" not in text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_wave_that_nobody_has_answered_says_so(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = tiers(session, keys)
    sign_in(client)

    text = text_of(read(client, run))

    assert "Nobody has answered yet." in text
    assert "Nobody of these groups has taken part yet." in text
    assert "R indicator" not in text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_wave_without_segments_says_so(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = tiers(session, keys)
    session.execute(update(Wave).values(dimensions=[]))
    session.commit()
    sign_in(client)

    text = text_of(read(client, run))

    assert "No groups in this wave" in text
    assert "How to read the groups" not in text


def test_an_anonymous_wave_shows_no_openings_and_says_why(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = tiers(session, keys, mode=Mode.ANONYMOUS)
    mark(session, run, range(8), **ANSWERED)
    mark(session, run, range(3), is_waiting=True)
    sign_in(client)

    page = read(client, run)

    text = text_of(page)
    assert "between delivery and answer nothing is stored" in text
    assert "Counted after the daily shuffle." in text
    names = [row[0] for row in tables_of(page)["From invitation to answer: Partner contacts"]]
    assert names == ["Invited", "Sent", "Delivered", "Finished"]
    gold = next(row for row in tables_of(page)["Participation: Tier"] if row[0] == "Gold")
    assert gold[:3] == ["Gold", "40", "5"]


def test_looking_at_the_page_stores_nothing(
    client: FlaskClient, session: Session, keys: LinkKeys, engine: Engine
) -> None:
    run = tiers(session, keys)
    mark(session, run, range(5), **ANSWERED)
    own = f"/participation/{run.id}"
    session.commit()
    sign_in(client)
    before = dump(engine)

    for path in ("/participation", own, "/participation/choose?run=1"):
        client.get(path)
        client.head(path)

    assert changed_tables(before, dump(engine)) == set()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_page_takes_no_more_statements_with_more_dimensions(
    client: FlaskClient, session: Session, keys: LinkKeys, statements: list[str]
) -> None:
    run = tiers(session, keys)
    run_id, dimensions = run.id, run.partner.dimensions
    assert len(dimensions) > 1
    counted = []
    session.commit()
    sign_in(client)
    for chosen in ([], dimensions[:1], dimensions):
        session.execute(update(Wave).where(Wave.id == run_id).values(dimensions=chosen))
        session.commit()
        statements.clear()
        assert client.get(f"/participation/{run_id}").status_code == 200
        counted.append(len(statements))

    assert len(set(counted)) == 1
    assert counted[0] <= 16
