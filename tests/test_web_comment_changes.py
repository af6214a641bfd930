"""Correcting verdicts and marking comments on the page: who may, where it leads, what stays."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from factories import csrf_token, make_user
from flask.testing import FlaskClient
from results_sites import Runs, results_site, text_of
from sqlalchemy import delete, func, select
from werkzeug.test import TestResponse

from analysis.models import PublishedCell
from analysis.verdicts import count_verdicts
from surveys.audit import first_broken_event
from surveys.models import Alert, AuditEvent, Comment, CommentCorrection
from surveys.terms import Role

VIEWER = "borys@nordvik.example"


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """A site with results in every state, and an analyst besides the two."""
    with results_site(sqlite_template, tmp_path_factory.mktemp("changes")) as runs:
        with runs.site.session() as session:
            make_user(session, "celina@nordvik.example", name="Celina Wolska", role=Role.ANALYST)
            session.commit()
        yield runs


@pytest.fixture
def runs(site: Runs) -> Iterator[Runs]:
    """The same without anything that an earlier test noted."""
    yield site
    with site.site.session() as session:
        keys = session.scalars(select(CommentCorrection.comment_id)).all()
        session.execute(delete(CommentCorrection))
        session.execute(delete(Alert))
        count_verdicts(session, keys)
        session.commit()


def keys_of(page: str) -> list[str]:
    """The comments of a page by what their addresses call them."""
    return re.findall(r'id="c-([0-9a-f]{32})"', page)


def item(page: str, key: str) -> str:
    """One comment of a page as it is read."""
    return text_of("<li " + page.partition(f'id="c-{key}"')[2].partition("</li>")[0])


def send(
    client: FlaskClient, runs: Runs, key: str, what: str, query: str = "", **values: object
) -> TestResponse:
    """Press a button beside a comment."""
    token = csrf_token(client.get(f"/overview/{runs.published}").text)
    return client.post(
        f"/comments/{runs.published}/{key}/{what}{query}", data={"csrf_token": token, **values}
    )


def first(runs: Runs, query: str = "") -> str:
    """The first comment that an address lists."""
    return keys_of(runs.site.client().get(f"/comments/{runs.published}{query}").text)[0]


def corrections(runs: Runs) -> int:
    with runs.site.session() as session:
        return session.scalar(select(func.count()).select_from(CommentCorrection)) or 0


def test_a_correction_leads_back_to_its_place_and_says_what_it_did(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs)

    reply = send(
        client, runs, key, "verdict", "?page=1", label="positive", drivers="listening", whole="1"
    )

    assert reply.status_code == 303
    assert reply.headers["Location"] == f"/comments/{runs.published}?page=1#c-{key}"
    page = client.get(reply.headers["Location"]).text
    assert "The rating is now: positive." in text_of(page)
    assert "Positive 6 Listening" in item(page, key)
    assert "Corrected by Alicja Nowak" in item(page, key)
    assert "automatic: " in item(page, key)
    assert "The rating is now" not in text_of(client.get(f"/comments/{runs.published}").text)


def test_a_comment_that_leaves_the_list_leads_to_its_neighbour(runs: Runs) -> None:
    client = runs.site.client()
    key, neighbour = keys_of(client.get(f"/comments/{runs.published}?label=negative").text)[:2]

    reply = send(client, runs, key, "verdict", "?label=negative", label="mixed", beside=neighbour)
    alone = send(client, runs, neighbour, "verdict", "?label=negative", label="mixed")

    assert urlsplit(reply.headers["Location"]).fragment == f"c-{neighbour}"
    assert urlsplit(alone.headers["Location"]).fragment == "list"
    assert key not in keys_of(client.get(f"/comments/{runs.published}?label=negative").text)


def test_undo_takes_the_correction_back(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs, "?label=negative")
    send(client, runs, key, "verdict", label="positive")

    page = client.get(f"/comments/{runs.published}?label=positive").text
    assert 'data-key="u"' in page
    undone = send(client, runs, key, "undo")
    assert "The correction is undone. The rating is now: negative." in text_of(
        client.get(undone.headers["Location"]).text
    )
    assert send(client, runs, key, "undo").status_code == 303
    assert key in keys_of(client.get(f"/comments/{runs.published}?label=negative").text)
    assert corrections(runs) == 1


def test_a_rating_alone_keeps_the_drivers(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs, "?label=negative")

    send(client, runs, key, "verdict", label="positive")

    assert "10 Constant monitoring" in item(client.get(f"/comments/{runs.published}").text, key)


@pytest.mark.parametrize(
    "values", [{}, {"label": "unsure"}, {"label": "x"}, {"label": "mixed", "drivers": "nothing"}]
)
def test_what_is_no_verdict_is_refused_with_the_form_open(
    runs: Runs, values: dict[str, str]
) -> None:
    client, key = runs.site.client(), first(runs)

    reply = send(client, runs, key, "verdict", whole="1", **values)

    assert reply.status_code == 422
    assert "Choose one of the four ratings." in item(reply.text, key)
    assert corrections(runs) == 0


def test_a_request_from_elsewhere_changes_nothing(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs)

    for what, values in (
        ("verdict", {"label": "mixed"}),
        ("undo", {}),
        ("follow-up", {"do": "mark"}),
    ):
        reply = client.post(f"/comments/{runs.published}/{key}/{what}", data=values)
        assert reply.status_code == 422
    assert corrections(runs) == 0


def test_the_form_opens_at_one_comment_without_a_script(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs, "?label=negative")

    page = client.get(f"/comments/{runs.published}?label=negative&edit={key}").text

    form = page.partition('<form class="edit')[2].partition("</form>")[0]
    assert page.count('<form class="edit') == 1
    assert re.search(r'value="negative" required checked id="edit"', form)
    assert re.search(r'value="monitoring" checked', form)
    assert "The published shares stay as they are." in text_of(form)
    assert f'href="/comments/{runs.published}?label=negative#c-{key}"' in form


def test_a_mark_for_follow_up_goes_its_way_and_back(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs)

    def pressed(step: str) -> str:
        reply = send(client, runs, key, "follow-up", do=step)
        assert reply.status_code == 303
        return client.get(reply.headers["Location"]).text

    marked = pressed("mark")
    assert "Marked for follow-up" in text_of(marked)
    assert "Marked by Alicja Nowak" in item(marked, key)
    listed = client.get(f"/comments/{runs.published}?follow=open").text
    assert keys_of(listed) == [key]
    assert "Followed up" in item(pressed("done"), key)
    assert keys_of(client.get(f"/comments/{runs.published}?follow=done").text) == [key]
    assert "Marked by" in item(pressed("reopen"), key)
    assert "Marked by" not in item(pressed("remove"), key)
    assert "somebody else was faster" in text_of(pressed("done"))
    assert send(client, runs, key, "follow-up", do="x").status_code == 422


def test_nothing_marked_is_an_empty_list_with_the_way_back(runs: Runs) -> None:
    page = text_of(runs.site.client().get(f"/comments/{runs.published}?follow=open").text)

    assert "No comment fits." in page
    assert "Clear filters" in page


def test_viewers_see_what_was_noted_and_change_nothing(runs: Runs) -> None:
    key = first(runs)
    send(runs.site.client(), runs, key, "verdict", label="mixed")
    send(runs.site.client(), runs, key, "follow-up", do="mark")
    viewer = runs.site.client(VIEWER)

    page = viewer.get(f"/comments/{runs.published}?edit={key}").text

    assert "Corrected by Alicja Nowak" in item(page, key)
    assert "Marked by Alicja Nowak" in item(page, key)
    inbox = page.partition('<ul class="list inbox"')[2].partition("</ul>")[0]
    assert "<form" not in inbox
    assert "data-key" not in inbox
    for what in ("verdict", "undo", "follow-up"):
        assert send(viewer, runs, key, what, label="positive", do="remove").status_code == 403
    assert corrections(runs) == 1


def test_analysts_may_correct(runs: Runs) -> None:
    reply = send(
        runs.site.client("celina@nordvik.example"), runs, first(runs), "verdict", label="mixed"
    )

    assert reply.status_code == 303
    assert corrections(runs) == 1


def test_a_comment_whose_list_may_not_be_read_cannot_be_touched(runs: Runs) -> None:
    client = runs.site.client()
    with runs.site.session() as session:
        keys = {
            run_id: key.hex()
            for run_id in (runs.open, runs.small, runs.before)
            for key in session.scalars(select(Comment.id).where(Comment.wave_id == run_id).limit(1))
        }
    token = csrf_token(client.get(f"/comments/{runs.published}").text)
    data = {"csrf_token": token, "label": "mixed", "do": "mark"}

    for run_id in (runs.open, runs.small, runs.published):
        wanted = keys[runs.before] if run_id == runs.published else keys[run_id]
        for what in ("verdict", "undo", "follow-up"):
            reply = client.post(f"/comments/{run_id}/{wanted}/{what}", data=data)
            assert reply.status_code == 404
    for odd in ("0" * 32, "x", "ż"):
        assert client.post(f"/comments/{runs.published}/{odd}/undo", data=data).status_code == 404
    assert corrections(runs) == 0


def test_published_shares_stay_and_the_page_says_so(runs: Runs) -> None:
    client = runs.site.client()

    def shares() -> list[object]:
        with runs.site.session() as session:
            cells = session.scalars(
                select(PublishedCell)
                .where(PublishedCell.metric.startswith("comments"))
                .order_by(PublishedCell.wave_id, PublishedCell.metric)
            )
            return [(cell.wave_id, cell.metric, cell.n, cell.figures) for cell in cells]

    before, overview = shares(), client.get(f"/overview/{runs.published}").text
    for key in keys_of(client.get(f"/comments/{runs.published}?label=negative").text):
        send(client, runs, key, "verdict", label="positive")

    assert corrections(runs) > 5
    assert shares() == before
    after = client.get(f"/overview/{runs.published}").text
    assert re.sub('value="[^"]+"', "", after) == re.sub('value="[^"]+"', "", overview)
    page = text_of(client.get(f"/comments/{runs.published}").text)
    assert "corrections change this list, never the published shares" in page


def test_each_change_is_an_audit_event_that_names_no_text(runs: Runs) -> None:
    client, key = runs.site.client(), first(runs)
    with runs.site.session() as session:
        newest = session.scalar(select(func.max(AuditEvent.id))) or 0

    send(client, runs, key, "verdict", label="mixed", whole="1")
    send(client, runs, key, "verdict", label="mixed", whole="1")
    send(client, runs, key, "undo")
    send(client, runs, key, "follow-up", do="mark")

    with runs.site.session() as session:
        events = session.scalars(
            select(AuditEvent).where(AuditEvent.id > newest).order_by(AuditEvent.id)
        ).all()
        assert [event.action for event in events] == [
            "comment.correct",
            "comment.undo",
            "comment.follow_up",
        ]
        assert {event.detail["comment"] for event in events} == {key}
        assert {event.object_id for event in events} == {runs.published}
        assert first_broken_event(session) is None
