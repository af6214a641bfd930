"""What no page and no file may tell: answers of an open wave, hidden figures, late changes.

What may be published is the engine's business and tested there; here is what shows it.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import plain_analyser
import pytest
from answered_waves import run_worker
from factories import csrf_token
from results_sites import Runs, results_site, text_of
from sqlalchemy import delete, func, select, update

from analysis.figures import SCORE, figure_from_json
from analysis.models import PublishedCell, ScoreCell
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
    Contact,
    Invitation,
    Response,
    WaveChange,
)
from surveys.terms import CellState

KINDS = ("scores", "comments", "responses", "answers", "codebook")


@pytest.fixture(scope="module")
def runs(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state; these tests only read."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("kept")) as runs:
        yield runs


def pages(runs: Runs, run_id: int) -> dict[str, str]:
    """Every page of results of a run, without the token of its forms, and every file."""
    client = runs.site.client()
    found = {path: client.get(path).text for path in runs.paths(run_id)}
    token = csrf_token(client.get("/overview").text)
    for kind in KINDS:
        data = {"csrf_token": token, "kind": kind, "format": "csv"}
        found[kind] = client.post(f"/overview/{run_id}/export", data=data).text
    return {name: without_token(page) for name, page in found.items()}


def without_token(page: str) -> str:
    """A page without what differs from request to request."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def change_all_answers(runs: Runs, run_id: int) -> None:
    """Turn every answer and text of a run round, and let the worker count it."""
    with runs.site.session() as session:
        ids = select(Invitation.id).where(Invitation.wave_id.in_((run_id, run_id + 1)))
        assert session.scalar(select(func.count()).where(Answer.response_id.in_(ids)))
        session.execute(
            update(Answer)
            .where(Answer.response_id.in_(ids))
            .values(value=6 - Answer.value)
            .where(Answer.value.between(1, 5))
        )
        session.execute(
            update(Comment).where(Comment.wave_id.in_((run_id, run_id + 1))).values(text="secret")
        )
        for wave_id in (run_id, run_id + 1):
            session.add(WaveChange(wave_id=wave_id))
        session.commit()
    runs.site.clock.move(minutes=10)
    run_worker(runs.site.app)


def cells_of(runs: Runs, run_id: int) -> list[dict[str, int]]:
    """The working cells of a run's partners, total only."""
    with runs.site.session() as session:
        return list(
            session.scalars(
                select(ScoreCell.histogram)
                .where(ScoreCell.wave_id == run_id, ScoreCell.dimension == "")
                .order_by(ScoreCell.question_id)
            )
        )


def test_no_page_or_file_of_an_open_wave_depends_on_an_answer(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    with results_site(sqlite_template, tmp_path) as runs:
        before, counted = pages(runs, runs.open), cells_of(runs, runs.open)

        change_all_answers(runs, runs.open)

        assert cells_of(runs, runs.open) != counted
        assert pages(runs, runs.open) == before
        assert all("secret" not in page for page in before.values())


def test_nothing_of_a_published_wave_changes_afterwards(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    with results_site(sqlite_template, tmp_path) as runs:
        before, counted = pages(runs, runs.published), cells_of(runs, runs.published)

        change_all_answers(runs, runs.published)
        assert cells_of(runs, runs.published) != counted
        after = pages(runs, runs.published)
        assert after["scores"] == before["scores"]
        assert without_comments(after) == without_comments(before)

        erase_somebody(runs, runs.published)
        after = pages(runs, runs.published)
        assert after["scores"] == before["scores"]
        assert without_comments(after) == without_comments(before)


def without_comments(found: dict[str, str]) -> dict[str, str]:
    """Pages without the texts themselves: an erased person's comment goes with the person."""
    return {
        name: page.partition('<section class="card c12" aria-labelledby="comments">')[0]
        for name, page in found.items()
        if name not in ("comments", "responses", "answers") and not name.startswith("/comments")
    }


def erase_somebody(runs: Runs, run_id: int) -> None:
    """Take one person's answers, comment, response and address away, and count again."""
    with runs.site.session() as session:
        response_id = session.scalars(
            select(Response.id)
            .join(Invitation, Invitation.id == Response.id)
            .where(Invitation.wave_id == run_id)
            .order_by(Response.id)
        ).first()
        assert response_id is not None
        texts = select(CommentAuthor.comment_id).where(CommentAuthor.response_id == response_id)
        session.execute(delete(Comment).where(Comment.id.in_(texts)))
        contact_id = session.scalar(
            select(Invitation.contact_id).where(Invitation.id == response_id)
        )
        session.execute(delete(Response).where(Response.id == response_id))
        session.execute(delete(Contact).where(Contact.id == contact_id))
        session.add(WaveChange(wave_id=run_id))
        session.commit()
    runs.site.clock.move(minutes=10)
    run_worker(runs.site.app)


def test_an_open_wave_tells_participation_and_nothing_else(runs: Runs) -> None:
    overview = text_of(pages(runs, runs.open)[f"/overview/{runs.open}"])
    main = overview.partition("Results appear")[2]

    numbers = {int(number) for number in re.findall(r"\d+", main)}
    assert numbers <= {25, 15, 44, 4, 10, 11}, "closing day, answered, invited, of both audiences"


def test_hidden_figures_leave_no_number_in_page_title_or_file(runs: Runs) -> None:
    found = pages(runs, runs.small)
    overview = text_of(found[f"/overview/{runs.small}"])
    driver = text_of(found[f"/drivers/{runs.small}/listening"])

    assert "Partner NPS –" in overview
    assert not re.search(r"\bn \d", overview)
    assert "partner contact" not in overview.partition("Partner NPS")[0].partition("h1")[2]
    assert not re.search(r"\bn \d", driver)
    assert "95% confidence:" not in overview + driver
    rows = found["scores"].splitlines()[1:]
    assert rows
    for row in rows:
        assert row.endswith(",hidden")
        assert row.split(",")[7:13] == ["hidden"] * 6
    comments = found["comments"].splitlines()[1:]
    assert all(",hidden," in row for row in comments)


def test_a_hidden_cell_keeps_its_reason_even_if_more_were_stored() -> None:
    figure = figure_from_json(
        {"estimate": [50.0, 50.0, 4.0, 20.0, 12, 9], "histogram": {"3": 12}, "dont_know": 2},
        state=CellState.HIDDEN,
        reason="few_people",
        n=4,
        n_companies=3,
        value=50.0,
        scale=SCORE,
    )

    assert figure.reason == "few_people"
    assert (figure.n, figure.n_companies, figure.value, figure.estimate) == (None,) * 4
    assert (figure.histogram, figure.dont_know) == (None, None)


def test_what_is_not_exact_is_stored_without_what_would_give_it_back(runs: Runs) -> None:
    with runs.site.session() as session:
        cells = session.scalars(
            select(PublishedCell).where(PublishedCell.state != CellState.EXACT)
        ).all()

    assert cells
    for cell in cells:
        assert not {"estimate", "favourable", "classes", "histogram", "r"} & set(cell.figures or {})


def test_lists_of_comments_tell_no_time_company_or_segment(runs: Runs) -> None:
    found = pages(runs, runs.published)
    page = found[f"/comments/{runs.published}"]
    listed = page.partition('aria-label="Comments">')[2]

    for telling in ("gold", "silver", "reseller", "Partner 1", "2027", "UTC", ":00"):
        assert telling not in listed.partition("print-foot")[0]
    assert all(row.split(",")[4] == "" for row in found["comments"].splitlines()[1:])


def test_single_responses_leave_no_confidential_wave(runs: Runs) -> None:
    for run_id in (runs.published, runs.before, runs.small, runs.open):
        found = pages(runs, run_id)
        for kind in ("responses", "answers"):
            assert "response_id" not in found[kind]
            assert "Partners were promised confidentiality" in text_of(found[kind])


def test_a_stranger_sees_nothing_of_it(runs: Runs) -> None:
    stranger = runs.site.app.test_client()
    for path in ["/", "/overview", "/drivers", "/comments", *runs.paths(runs.published)]:
        reply = stranger.get(path)
        assert reply.status_code == 303
        assert reply.headers["Location"].startswith("/login")
    refused = stranger.post(f"/overview/{runs.published}/export", data={"kind": "scores"})
    assert refused.status_code in (303, 400)
    assert "survey,wave" not in refused.text
