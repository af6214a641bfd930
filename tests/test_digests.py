"""Digests for staff: to whom, when, once, and only what a page would show."""

import email
import email.policy
import re
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest
from factories import (
    MONDAY,
    SECRET,
    SetClock,
    csrf_token,
    links_of,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.digests import digest_waves
from surveys.digests import (
    digest_token,
    due_digests,
    last_digest,
    queue_digest,
    reader_of,
)
from surveys.invitations import LinkKeys
from surveys.mail.transport import MemoryTransport
from surveys.models import AuditEvent, OutgoingMail, User, Wave
from surveys.processes import job_context, jobs_of
from surveys.terms import Digest, MailKind, MailState, Mode, Role
from surveys.waves import close_run
from surveys.worker import run_jobs

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
#: Nine in Warsaw on the Monday of the tests is 8:00 UTC.
TUESDAY = MONDAY + timedelta(days=1)
WAVE = {
    "survey": "Quarterly pulse",
    "label": "2027-Q1",
    "state": "open",
    "closes_on": "2027-02-20",
    "answered": 1,
    "asked": 3,
    "answered_staff": 0,
    "asked_staff": 1,
    "comments": 0,
}


def user_with(session: Session, digest: Digest, **values: object) -> int:
    user = make_user(session, **values)  # type: ignore[arg-type] # values by name
    user.digest = digest.value
    user_id = user.id
    session.commit()
    return user_id


def stored(session: Session, user_id: int) -> str:
    session.rollback()
    found = session.get_one(User, user_id).digest
    session.rollback()
    return found


def due(session: Session, now: datetime) -> list[tuple[int, date]]:
    found = [(each.user_id, each.period) for each in due_digests(session, now=now)]
    session.rollback()
    return found


def queue(session: Session, keys: LinkKeys, now: datetime = MONDAY) -> int:
    queued = sum(
        queue_digest(session, each, [WAVE], keys=keys, identity_key=SECRET, now=now)
        for each in due_digests(session, now=now)
    )
    session.commit()
    return queued


def work(app: Flask, memory: MemoryTransport) -> None:
    context = job_context(app, transport=memory)
    for _ in range(2):
        run_jobs(jobs_of(app), context)


def digest_in(memory: MemoryTransport) -> EmailMessage:
    for _, raw in memory.sent:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if message["Subject"] in (
            "Partner surveys: where they stand",
            "Ankiety partnerskie: aktualny stan",
        ):
            return message
    raise AssertionError("no digest was sent")


def words(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body
    return " ".join(str(body.get_content()).split())


# Who and when


@pytest.mark.parametrize(
    ("digest", "days"),
    [
        (Digest.WEEKLY, {0}),
        (Digest.DAILY, {0, 1, 2, 3, 4}),
        (Digest.NEVER, set()),
    ],
)
@on_sqlite
def test_a_digest_comes_as_often_as_its_reader_chose(
    session: Session, keys: LinkKeys, digest: Digest, days: set[int]
) -> None:
    open_survey(session, keys)
    user_with(session, digest)

    found = {day for day in range(7) if due(session, MONDAY + timedelta(days=day))}

    assert found == days


@on_sqlite
def test_digests_leave_from_eight_where_the_surveys_are_at_home(
    session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.DAILY)

    assert due(session, datetime(2027, 2, 9, 6, 59, tzinfo=UTC)) == []
    assert due(session, datetime(2027, 2, 9, 7, 0, tzinfo=UTC)) == [(user_id, date(2027, 2, 9))]


@on_sqlite
def test_only_those_who_sign_in_get_digests(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys)
    alicja = user_with(session, Digest.WEEKLY)
    user_with(session, Digest.WEEKLY, email="owner@nordvik.example", password=None)
    gone = user_with(session, Digest.WEEKLY, email="gone@nordvik.example")
    viewer = user_with(session, Digest.WEEKLY, email="v@nordvik.example", role=Role.VIEWER)
    session.execute(update(User).where(User.id == gone).values(disabled_at=MONDAY))
    session.commit()

    assert [user_id for user_id, _ in due(session, MONDAY)] == [alicja, viewer]


def test_a_reader_gets_one_digest_a_day_whoever_tries(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys)
    user_with(session, Digest.DAILY)
    twice = due_digests(session, now=MONDAY)
    session.rollback()

    first = queue(session, keys)
    late = queue_digest(session, twice[0], [WAVE], keys=keys, identity_key=SECRET, now=MONDAY)
    session.commit()

    assert (first, late) == (1, 0)
    assert due(session, MONDAY) == []
    assert queue(session, keys, TUESDAY) == 1


@on_sqlite
def test_where_nothing_happens_there_is_no_digest(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys)
    user_with(session, Digest.WEEKLY)
    (only,) = due_digests(session, now=MONDAY)

    assert queue_digest(session, only, [], keys=keys, identity_key=SECRET, now=MONDAY) == 0


# What it tells


@pytest.mark.parametrize("mode", list(Mode))
def test_a_digest_counts_and_names_nobody(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock, mode: Mode
) -> None:
    run = open_survey(session, keys, mode=mode, companies=5)
    token = links_of(session, keys, run.partner)[0]
    form = {"recommend": "2", "incentives": "1", "comment": "The portal is slow."}
    client.post(f"/s/{token}", data=form)
    user_with(session, Digest.DAILY)
    clock.move(days=1)
    memory = MemoryTransport()

    work(app, memory)

    told = words(digest_in(memory))
    assert (
        "open until 20 February. Answers of partners: 1 of 5. Answers of our team: 0 of 1." in told
    )
    for word in ("portal", "Person", "partner.example", "Partner 1"):
        assert word not in told
    # One comment may be read at once only where its author is named to the vendor anyway.
    assert ("1 comment to read." in told) == (mode is Mode.IDENTIFIED)


@on_sqlite
def test_a_digest_speaks_its_readers_language_and_can_be_stopped(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.WEEKLY, locale="pl")
    memory = MemoryTransport()

    work(app, memory)

    message = digest_in(memory)
    link = f"http://localhost/digest/{digest_token(SECRET, user_id)}"
    assert message["Content-Language"] == "pl"
    assert message["List-Unsubscribe"].startswith(f"<{link}>")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in words(message)


@on_sqlite
def test_a_closed_wave_is_told_until_its_reader_has_heard_of_it(
    session: Session, keys: LinkKeys
) -> None:
    run = open_survey(session, keys)
    close_run(session, run, now=TUESDAY)
    session.commit()

    news = digest_waves(session, since=MONDAY)
    old = digest_waves(session, since=TUESDAY + timedelta(days=1))

    assert [wave["state"] for wave in news] == ["closed"]
    assert old == []


@on_sqlite
def test_published_results_are_told_as_ready(session: Session, keys: LinkKeys) -> None:
    run = open_survey(session, keys)
    close_run(session, run, now=MONDAY + timedelta(hours=1))
    session.execute(update(Wave).where(Wave.id == run.partner.id).values(published_at=TUESDAY))
    session.commit()

    assert [
        wave["state"] for wave in digest_waves(session, since=TUESDAY - timedelta(hours=1))
    ] == ["ready"]


# Choosing


@on_sqlite
def test_how_often_is_chosen_on_the_page_and_written_down(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.WEEKLY, role=Role.VIEWER)
    sign_in(client)
    page = client.get("/settings").text

    reply = client.post(
        "/settings/digest", data={"digest": "daily", "csrf_token": csrf_token(page)}
    )

    assert reply.status_code == 303
    assert stored(session, user_id) == Digest.DAILY
    events = session.scalars(select(AuditEvent).where(AuditEvent.action == "user.digest")).all()
    assert [event.object_id for event in events] == [user_id]
    session.rollback()
    assert '<option value="daily" selected>' in client.get("/settings").text


@on_sqlite
def test_a_forged_or_unknown_choice_changes_nothing(
    client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.WEEKLY)
    sign_in(client)
    token = csrf_token(client.get("/settings").text)

    client.post("/settings/digest", data={"digest": "daily", "csrf_token": "forged"})
    client.post("/settings/digest", data={"digest": "hourly", "csrf_token": token})

    assert stored(session, user_id) == Digest.WEEKLY


@on_sqlite
def test_the_page_tells_of_the_last_digest(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.WEEKLY)
    sign_in(client)
    before = client.get("/settings").text
    queue(session, keys)
    waiting = client.get("/settings").text
    work(app, MemoryTransport())
    after = client.get("/settings").text

    assert "The last one" not in before
    assert "has not left" in waiting
    assert re.search(r"The last one left on\W8\W", after)
    found = last_digest(session, user_id)
    assert found
    assert found.state is MailState.SENT


@pytest.mark.parametrize("form", [{"List-Unsubscribe": "One-Click"}, {"do": "stop"}])
def test_a_digest_is_stopped_by_its_own_link_without_signing_in(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys, form: dict[str, str]
) -> None:
    open_survey(session, keys)
    user_id = user_with(session, Digest.WEEKLY)
    queue(session, keys)
    link = f"/digest/{digest_token(SECRET, user_id)}"

    shown = client.get(link)
    asked = client.post(link, data={})
    stopped = client.post(link, data=form)

    assert (shown.status_code, asked.status_code) == (200, 200)
    assert stopped.status_code == (200 if "List-Unsubscribe" in form else 303)
    assert stored(session, user_id) == Digest.NEVER
    states = session.scalars(
        select(OutgoingMail.state).where(OutgoingMail.kind == MailKind.STAFF_DIGEST)
    ).all()
    assert states == [MailState.CANCELLED]
    session.rollback()
    assert "You will get no more digests." in client.get(link).text


@on_sqlite
@pytest.mark.parametrize("token", ["1", "1.", "1.x", "x.y", "99.abc", "A" * 22, "²." + "A" * 22])
def test_a_link_that_is_not_ours_opens_nothing(
    client: FlaskClient, session: Session, token: str
) -> None:
    make_user(session)
    session.commit()

    assert reader_of(session, SECRET, token) is None
    session.rollback()
    assert client.get(f"/digest/{token}").status_code == 404
    assert client.post(f"/digest/{token}", data={"do": "stop"}).status_code == 404
