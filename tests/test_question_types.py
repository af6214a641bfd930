"""Ratings, rankings and matrices from the page through the database to the files."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from answered_waves import run_worker
from factories import MONDAY, SetClock, links_of, make_programme, make_survey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.csv_export import PLAIN, csv_bytes
from analysis.exports import Kind, export_table
from analysis.queries import run_figures
from surveys.invitations import LinkKeys
from surveys.models import Answer, InboxResponse, Question
from surveys.questionnaire_drafts import start_draft
from surveys.questionnaires import publish_version
from surveys.terms import Audience, Mode, QuestionType
from surveys.waves import Run, close_run, open_run, run_by_id
from surveys.wording_edits import Words, add_own_question

PARTNER = Audience.PARTNER
THINGS = ("Price list", "Orders", "Training")


def words(text: str, labels: tuple[str, ...] = ()) -> dict[Audience, dict[str, Words]]:
    """The same words in both languages; the tests read English."""
    return {PARTNER: {locale: Words(text=text, labels=labels) for locale in ("en", "pl")}}


def open_own(session: Session, keys: LinkKeys, mode: Mode, *, companies: int = 3) -> Run:
    """An open wave that asks own_1 (rating), own_2 (ranking) and own_3 (matrix)."""
    make_programme(session, companies=companies, staff=1)
    survey = make_survey(session, mode=mode)
    draft = start_draft(session, survey)
    for type_, labels in (
        (QuestionType.RATE5, ()),
        (QuestionType.RANK, THINGS),
        (QuestionType.MATRIX5, THINGS),
    ):
        add_own_question(
            session,
            draft,
            type_=type_,
            driver=None,
            words=words(f"The {type_} one?", labels),
            allows_unknown=True,
        )
    publish_version(session, draft, now=MONDAY)
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return run


GIVEN = {
    "own_1": "5",
    "own_2__1": "2",
    "own_2__3": "1",
    "own_3__1": "4",
    "own_3__2": "dk",
}


def stored(session: Session) -> dict[tuple[str, int], int | None]:
    """The answers by code and item."""
    rows = session.execute(
        select(Question.code, Answer.item, Answer.value).join(
            Question, Question.id == Answer.question_id
        )
    )
    found = {(row.code, row.item): row.value for row in rows}
    session.rollback()
    return found


def test_each_row_is_stored_and_shown_again(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    token = links_of(session, keys, open_own(session, keys, Mode.CONFIDENTIAL).partner)[0]

    assert client.post(f"/s/{token}", data=GIVEN).status_code == 303

    assert stored(session) == {
        ("own_1", 0): 5,
        ("own_2", 1): 2,
        ("own_2", 3): 1,
        ("own_3", 1): 4,
        ("own_3", 2): None,
    }
    page = client.get(f"/s/{token}?lang=en").text
    assert page.count(" checked") == 3
    assert page.count(" selected") == 2
    assert "css/rows.css" in page
    assert 'name="own_3__2" value="dk" checked' in page
    assert ">3</span> / " in page


def test_rows_that_are_saved_one_by_one_stay(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    token = links_of(session, keys, open_own(session, keys, Mode.CONFIDENTIAL).partner)[0]

    for name, value in GIVEN.items():
        assert client.post(f"/s/{token}/draft", data={name: value}).status_code == 204

    page = client.get(f"/s/{token}?lang=en").text
    assert (page.count(" checked"), page.count(" selected")) == (3, 2)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"own_2__1": "1", "own_2__2": "1"}, "Give each place once."),
        ({"own_2__1": "4"}, "Choose one of the answers offered."),
        ({"own_3__1": "6"}, "Choose one of the answers offered."),
        ({"own_1": "0"}, "Choose one of the answers offered."),
    ],
)
def test_what_a_row_does_not_offer_is_refused_at_its_question(
    client: FlaskClient, session: Session, keys: LinkKeys, data: dict[str, str], message: str
) -> None:
    token = links_of(session, keys, open_own(session, keys, Mode.CONFIDENTIAL).partner)[0]

    reply = client.post(f"/s/{token}?lang=en", data=data)

    assert reply.status_code == 422
    code = next(iter(data)).partition("__")[0]
    assert f'<p class="errmsg" id="e-{code}">' in reply.text
    assert message in reply.text
    assert stored(session) == {}


def test_anonymous_answers_keep_their_rows(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    token = links_of(session, keys, open_own(session, keys, Mode.ANONYMOUS).partner)[0]

    client.post(f"/s/{token}", data=GIVEN)

    values = session.scalars(select(InboxResponse.values)).one()
    assert sorted(values.values(), key=str) == [{"0": 5}, {"1": 2, "3": 1}, {"1": 4, "2": None}]


def test_files_have_a_column_for_each_row_and_the_codebook_says_what_it_is(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    run = open_own(session, keys, Mode.IDENTIFIED)
    first, second, *_ = links_of(session, keys, run.partner)
    client.post(f"/s/{first}", data=GIVEN)
    client.post(f"/s/{second}/draft", data={"own_2__2": "3", "own_3__1": "1"})
    close_run(session, run, now=MONDAY + timedelta(days=1))
    session.commit()

    wide = rows_of(session, run, Kind.RESPONSES)
    names = ["own_1", *(f"own_{n}__{row}" for n in (2, 3) for row in (1, 2, 3))]
    assert [wide[0][name] for name in names] == ["5", "2", "", "1", "4", "NA", ""]
    assert [wide[1][name] for name in names] == ["", "", "3", "", "1", "", ""]
    long = {
        (row["question_code"], row["value_code"]) for row in rows_of(session, run, Kind.ANSWERS)
    }
    assert {("own_2__1", "2"), ("own_3__1", "4"), ("own_3__2", "NA"), ("own_1", "5")} <= long
    book = {row["question"]: row for row in rows_of(session, run, Kind.CODEBOOK)}
    assert "own_3__2: Orders" in book["own_3"]["values"]
    assert "5 = zdecydowanie się zgadzam" in book["own_3"]["values"]
    assert "own_2__1: Price list; own_2__2: Orders" in book["own_2"]["values"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_rating_is_published_as_a_score_behind_the_rules_of_confidentiality(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = open_own(session, keys, Mode.CONFIDENTIAL, companies=20)
    for number, token in enumerate(links_of(session, keys, run.partner)):
        client.post(f"/s/{token}", data=GIVEN | {"own_1": str(3 + number % 2), "recommend": "8"})
    clock.move(days=1)
    close_run(session, run, now=clock())
    session.commit()
    clock.move(days=3)
    run_worker(app)

    scores = rows_of(session, run, Kind.SCORES)
    (total,) = [
        row for row in scores if "own_1" in row.values() and row["segment"] in ("", "all", "All")
    ]
    assert total["n"] == "20"
    assert 60 <= float(total["score"]) <= 65
    assert not any("own_2" in row.values() or "own_3" in row.values() for row in scores)


def rows_of(session: Session, run: Run, kind: Kind) -> list[dict[str, str]]:
    """The rows of a plain file by heading."""
    table = export_table(
        session, kind, run_figures(session, run_by_id(session, run.id)), with_addresses=True
    )
    text = b"".join(csv_bytes(table, PLAIN)).decode()
    session.rollback()
    return list(csv.DictReader(StringIO(text, newline="")))
