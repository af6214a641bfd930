"""The pages of waves and schedules, as a person without JavaScript uses them."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from factories import (
    MONDAY,
    SetClock,
    csrf_token,
    make_contact,
    make_partner,
    make_programme,
    make_schedule,
    make_survey,
    make_user,
    open_survey,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from surveys.follow_ups import FollowUps, follow_ups
from surveys.invitations import LinkKeys
from surveys.jobs import JobContext, open_due_waves
from surveys.mail.transport import MemoryTransport
from surveys.models import (
    AuditEvent,
    Invitation,
    OutgoingMail,
    Partner,
    Schedule,
    Survey,
    Wave,
)
from surveys.processes import job_context
from surveys.terms import MailKind, MailState, Mode, ResultsTo, Role, SurveyStatus, WaveState
from surveys.waves import close_run, open_run
from surveys.workspace import Workspace, save_workspace

SCHEDULE = {
    "frequency": "quarterly",
    "day_by": "weekday",
    "starts_on": "2027-03-08",
    "local_time": "09:00",
    "open_days": "12",
    "grace_hours": "24",
    "reminders": "both",
    "do": "save",
}


@pytest.fixture
def alicja(session: Session, client: FlaskClient) -> FlaskClient:
    """The browser of a signed-in administrator."""
    make_user(session)
    session.commit()
    sign_in(client)
    return client


@pytest.fixture
def context(app: Flask) -> JobContext:
    """What the worker's jobs get."""
    return job_context(app, transport=MemoryTransport())


def sign_in_again(client: FlaskClient) -> None:
    """After hours away a session has ended."""
    client.delete_cookie("session")
    sign_in(client)


def send(client: FlaskClient, address: str, page: str | None = None, **data: str) -> TestResponse:
    """Send a form from its page (default: the page at the same address)."""
    token = csrf_token(client.get(page or address).text)
    return client.post(address, data=data | {"csrf_token": token})


def text_of(reply: TestResponse) -> str:
    """The words of a page, without tags and with single spaces."""
    plain = re.sub(r"<[^>]+>", " ", reply.text.replace("\N{NO-BREAK SPACE}", " "))
    return " ".join(plain.split()).replace(" .", ".").replace(" ,", ",")


def actions(session: Session) -> list[str]:
    """What the audit log says was done, without signing in."""
    query = select(AuditEvent.action).order_by(AuditEvent.id)
    found = [action for action in session.scalars(query) if not action.startswith("user.")]
    session.rollback()
    return found


def opened(session: Session, keys: LinkKeys, **values: Any) -> int:
    """The id of a run that was opened on Monday; the transaction has ended."""
    run_id = open_survey(session, keys, **values).id
    session.rollback()
    return run_id


def as_if_sent(session: Session) -> None:
    """As if every queued mail had left."""
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.state == MailState.QUEUED)
        .values(state=MailState.SENT, sent_at=MONDAY)
    )
    session.commit()


def answer(session: Session, run_id: int, count: int) -> None:
    """The first of the invited partners answer."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == run_id).order_by(Invitation.id)
    ).all()
    session.execute(
        update(Invitation).where(Invitation.id.in_(ids[:count])).values(answered_on=MONDAY.date())
    )
    session.commit()


def mails(session: Session, kind: MailKind) -> int:
    """How many mails of this kind were made."""
    query = select(func.count()).select_from(OutgoingMail).where(OutgoingMail.kind == kind)
    count = session.scalar(query) or 0
    session.rollback()
    return count


def states(session: Session) -> set[str]:
    """The states of all waves."""
    found = {state.value for state in session.scalars(select(Wave.state))}
    session.rollback()
    return found


# --- the list -----------------------------------------------------------------------------------


def test_without_a_survey_the_page_says_what_to_do_first(alicja: FlaskClient) -> None:
    reply = alicja.get("/waves")

    assert "No survey yet" in reply.text
    assert 'href="/surveys/new"' in reply.text


def test_the_list_shows_the_rule_in_words_the_next_wave_with_its_zone_and_whom_it_asks(
    session: Session, alicja: FlaskClient
) -> None:
    make_programme(session, companies=4, staff=2)
    make_schedule(session, make_survey(session))
    session.commit()

    page = text_of(alicja.get("/waves"))

    assert "Every quarter, 2nd Monday" in page
    assert "8 February 2027, 09:00 (Europe/Warsaw)" in page
    assert "4 partner contacts, 2 colleagues" in page
    assert "Active" in page


@pytest.mark.parametrize(
    ("state", "word"), [("paused", "Paused"), ("draft", "Draft"), ("none", "Not scheduled")]
)
def test_the_list_tells_a_schedule_that_opens_nothing(
    session: Session, alicja: FlaskClient, state: str, word: str
) -> None:
    survey = make_survey(session)
    if state != "none":
        schedule = make_schedule(session, survey)
        schedule.paused_at = MONDAY if state == "paused" else None
    if state == "draft":
        survey.status = SurveyStatus.DRAFT
    session.commit()

    page = text_of(alicja.get("/waves"))

    assert word in page
    assert "Active" not in page


def test_an_open_wave_shows_answers_rate_and_days_left(
    session: Session, keys: LinkKeys, alicja: FlaskClient, clock: SetClock
) -> None:
    run_id = opened(session, keys, companies=4, staff=2)
    as_if_sent(session)
    answer(session, run_id, 1)
    clock.move(days=5)
    sign_in_again(alicja)

    reply = alicja.get("/waves")

    page = text_of(reply)
    assert "1 of 4" in page
    assert "25%" in page
    assert 'width="25.00%"' in reply.text
    assert "Open, 7 days left" in page
    assert "0 of 2" in page
    assert f'href="/waves/{run_id}"' in reply.text


def test_the_last_days_of_a_wave_are_named(
    session: Session, alicja: FlaskClient, clock: SetClock, context: JobContext
) -> None:
    make_programme(session, companies=3)
    make_schedule(session, make_survey(session))
    session.commit()
    open_due_waves(context)
    clock.move(days=10)

    for words in (
        "Open, 1 day left",
        "Open, last day",
        "Late answers until 21 February 2027, 23:59 (Europe/Warsaw)",
    ):
        clock.move(days=1)
        sign_in_again(alicja)
        assert words in text_of(alicja.get("/waves"))


def test_a_missed_wave_is_listed_with_its_reason(
    session: Session, alicja: FlaskClient, context: JobContext, clock: SetClock
) -> None:
    make_programme(session, companies=3)
    make_schedule(session, make_survey(session))
    session.commit()
    clock.move(hours=13)
    open_due_waves(context)
    sign_in_again(alicja)

    reply = alicja.get("/waves")

    page = text_of(reply)
    assert "Q1 2027" in page
    assert "Missed" in page
    assert "Nothing was running when it was due, and later it was too late." in page
    assert "/overview/" not in reply.text


def test_a_closed_wave_links_to_its_results_and_newest_waves_come_first(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    first = open_survey(session, keys, companies=3)
    close_run(session, first, now=MONDAY + timedelta(hours=1))
    later = MONDAY + timedelta(hours=2)
    second = open_run(session, first.partner.survey, scheduled_at=later, keys=keys, now=later).run
    session.commit()
    addresses = [f'href="/waves/{run.id}"' for run in (second, first)]
    results = f'href="/overview/{first.id}"'
    session.rollback()

    page = alicja.get("/waves").text

    assert page.index(addresses[0]) < page.index(addresses[1])
    assert results in page


def test_the_list_takes_as_many_statements_however_much_it_shows(
    session: Session, keys: LinkKeys, alicja: FlaskClient, statements: list[str]
) -> None:
    make_programme(session, companies=3, staff=1)

    def add_survey(runs: int) -> None:
        survey = make_survey(session)
        make_schedule(session, survey)
        for number in range(runs):
            now = MONDAY - timedelta(days=30 - number)
            run = open_run(session, survey, scheduled_at=now, keys=keys, now=now).run
            close_run(session, run, now=now + timedelta(hours=1))
        session.commit()

    def statements_of_page() -> int:
        statements.clear()
        assert alicja.get("/waves").status_code == 200
        return len(statements)

    add_survey(runs=1)
    few = statements_of_page()
    for _ in range(3):
        add_survey(runs=4)

    assert statements_of_page() == few


def test_older_waves_are_on_further_pages(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    make_programme(session, companies=3, staff=0)
    survey = make_survey(session)
    ids = []
    for number in range(22):
        now = MONDAY - timedelta(days=60 - number)
        run = open_run(session, survey, scheduled_at=now, keys=keys, now=now).run
        close_run(session, run, now=now + timedelta(hours=1))
        ids.append(run.id)
    session.commit()

    first, second = alicja.get("/waves").text, alicja.get("/waves?page=2").text

    assert f'href="/waves/{ids[-1]}"' in first
    assert 'href="/waves?page=2"' in first
    assert f'href="/waves/{ids[0]}"' in second
    assert 'href="/waves?page=3"' not in second


# --- one run ------------------------------------------------------------------------------------


def test_one_wave_shows_both_audiences_its_mails_and_who_was_left_out(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    resting = make_contact(session, make_partner(session))
    resting.do_not_survey_until = date(2028, 1, 1)
    run_id = opened(session, keys, companies=4, staff=2)
    queued = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)).all()
    for mail in queued[:3]:
        mail.state, mail.sent_at = MailState.SENT, MONDAY
    queued[3].state = MailState.UNCERTAIN
    session.commit()

    page = text_of(alicja.get(f"/waves/{run_id}"))

    assert "Invited 4 Invitation delivered 4" in page
    assert "Invited 2 Invitation delivered 0" in page
    assert "Waiting 2 Sent 3 Uncertain 1" in page
    assert "1 mail is uncertain. The line broke after the text had been handed over" in page
    assert "Not asked: 1 who is not to be asked before a later date" in page
    assert "Closes 20 February 2027, 23:59 (Europe/Warsaw)" in page
    assert "Partners: First reminder, not sent yet" in page


def test_an_anonymous_wave_shows_no_steps_before_the_answer(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, mode=Mode.ANONYMOUS, staff=0)

    page = re.sub(r"\d+ of \d+ ", "", text_of(alicja.get(f"/waves/{run_id}")))

    partners = page[page.index("Partners Invited") : page.index("Our team")]
    assert "Opened the link" not in partners
    assert "Answered 0" in partners


def test_either_audience_of_a_run_opens_the_same_page(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run = open_survey(session, keys)
    ids = [wave.id for wave in run.waves]
    session.rollback()

    partner, internal = (text_of(alicja.get(f"/waves/{each}")) for each in ids)

    assert partner == internal


def test_an_unknown_wave_is_not_found(alicja: FlaskClient) -> None:
    assert alicja.get("/waves/12345").status_code == 404


# --- closing, extending, reminding --------------------------------------------------------------


def test_closing_says_first_that_nobody_gets_a_mail_and_then_closes(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=3, staff=1)
    address = f"/waves/{run_id}/close"

    confirm = text_of(alicja.get(address))
    reply = send(alicja, address)

    assert "Nobody gets a mail. 4 mails that have not left yet are withdrawn." in confirm
    assert (reply.status_code, reply.location) == (303, f"/waves/{run_id}")
    assert states(session) == {"closed"}
    assert "The wave is closed." in text_of(alicja.get(reply.location))
    assert actions(session) == ["wave.close"]


def test_closing_a_second_time_changes_nothing_and_says_so(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys)
    token = csrf_token(alicja.get(f"/waves/{run_id}/close").text)

    replies = [alicja.post(f"/waves/{run_id}/close", data={"csrf_token": token}) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [303, 303]
    assert "The wave had ended already." in text_of(alicja.get(f"/waves/{run_id}"))
    assert actions(session) == ["wave.close"]


def test_extending_moves_the_close_and_tells_the_audit_log(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys)

    reply = send(alicja, f"/waves/{run_id}/extend", closes_on="2027-02-28")

    assert reply.status_code == 303
    assert "28 February 2027, 23:59 (Europe/Warsaw)" in text_of(alicja.get(f"/waves/{run_id}"))
    assert actions(session) == ["wave.extend"]


def test_a_wrong_new_day_is_refused_at_its_field_and_kept(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys)

    for typed, words in (
        ("", "Fill this in."),
        ("soon", "Enter a date."),
        ("2027-02-01", "Choose a day after the present closing day."),
        ("2029-01-01", "Choose a day within the next 90 days."),
    ):
        reply = send(alicja, f"/waves/{run_id}/extend", closes_on=typed)
        assert reply.status_code == 422
        assert words in text_of(reply)
        assert 'aria-invalid="true"' in reply.text
        assert f'value="{typed}"' in reply.text
    assert actions(session) == []


def test_reminding_says_how_many_get_a_mail_and_mails_only_those_without_an_answer(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=4, staff=2)
    as_if_sent(session)
    answer(session, run_id, 1)
    address = f"/waves/{run_id}/remind"

    confirm = text_of(alicja.get(address))
    reply = send(alicja, address, partner="reminder_1", internal="staff_reminder")

    assert "Send a reminder to 5 people?" in confirm
    assert "Partners First reminder: 3 people Our team Reminder: 2 people" in confirm
    assert "Send to 5 people" in confirm
    assert mails(session, MailKind.REMINDER_1) == 3
    assert mails(session, MailKind.STAFF_REMINDER) == 2
    assert "A reminder goes to 5 people." in text_of(alicja.get(reply.location))
    assert actions(session) == ["wave.remind"]


def test_a_double_click_on_remind_sends_one_reminder(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=3, staff=0)
    as_if_sent(session)
    token = csrf_token(alicja.get(f"/waves/{run_id}/remind").text)
    data = {"csrf_token": token, "partner": "reminder_1", "internal": ""}

    for _ in range(2):
        alicja.post(f"/waves/{run_id}/remind", data=data)

    assert mails(session, MailKind.REMINDER_1) == 3
    assert mails(session, MailKind.REMINDER_LAST) == 0


def test_reminding_with_a_kind_that_is_not_next_mails_nobody(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=3, staff=0)
    as_if_sent(session)

    for kind in ("password_reset", "reminder_last", "nonsense", "invitation"):
        reply = send(alicja, f"/waves/{run_id}/remind", partner=kind)
        assert "No reminder was sent" in text_of(alicja.get(reply.location))
    assert actions(session) == []


def test_while_invitations_wait_nobody_can_be_reminded(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=3)

    assert "/remind" not in alicja.get(f"/waves/{run_id}").text
    assert "Nobody is left to remind" in text_of(alicja.get(f"/waves/{run_id}/remind"))


def test_without_its_guard_nothing_happens(
    session: Session, keys: LinkKeys, alicja: FlaskClient
) -> None:
    run_id = opened(session, keys, companies=3)
    as_if_sent(session)
    data = {"closes_on": "2027-02-28", "partner": "reminder_1", "csrf_token": "forged"}

    for action in ("close", "extend", "remind"):
        reply = alicja.post(f"/waves/{run_id}/{action}", data=data)
        assert reply.status_code == 422
        assert "so nothing was changed" in reply.text
    assert states(session) == {"open"}
    assert actions(session) == []


# --- opening ------------------------------------------------------------------------------------


def test_opening_says_how_many_get_a_mail_and_then_invites_them(
    session: Session, alicja: FlaskClient
) -> None:
    make_programme(session, companies=4, people=2, staff=3)
    make_contact(session, make_partner(session)).do_not_survey_until = date(2028, 1, 1)
    survey_id = make_survey(session).id
    session.commit()

    confirm = text_of(alicja.get(f"/waves/open?survey={survey_id}"))
    reply = send(alicja, "/waves/open", f"/waves/open?survey={survey_id}", survey=str(survey_id))

    assert "send a mail to 11 people?" in confirm
    assert "8 people in 4 companies" in confirm
    assert "1 who is not to be asked before a later date" in confirm
    assert "until 20 February 2027, 23:59 (Europe/Warsaw)" in confirm
    assert reply.status_code == 303
    assert mails(session, MailKind.INVITATION) == 8
    assert mails(session, MailKind.STAFF_INVITATION) == 3
    assert "partners 8, our team 3" in text_of(alicja.get(reply.location))
    assert actions(session) == ["wave.open"]


def test_a_second_click_on_open_leads_to_the_open_wave(
    session: Session, alicja: FlaskClient
) -> None:
    make_programme(session, companies=3)
    survey_id = make_survey(session).id
    session.commit()
    token = csrf_token(alicja.get(f"/waves/open?survey={survey_id}").text)
    data = {"csrf_token": token, "survey": str(survey_id)}

    replies = [alicja.post("/waves/open", data=data) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [303, 303]
    assert replies[0].location == replies[1].location
    assert session.scalar(select(func.count()).select_from(Wave)) == 2


@pytest.mark.parametrize(
    ("missing", "words", "link"),
    [
        ("sender", "Nobody is set as sender yet, so no mail can leave.", "/settings"),
        ("version", "The questionnaire is not published yet.", "/questionnaires/"),
        ("contacts", "There is nobody to ask yet.", "/contacts"),
        ("end", "A wave of this survey is open already.", "/waves/"),
    ],
)
def test_a_wave_that_cannot_open_says_why_and_where_to_mend_it(
    session: Session, keys: LinkKeys, alicja: FlaskClient, missing: str, words: str, link: str
) -> None:
    survey = make_survey(session)
    if missing != "contacts":
        make_programme(session, companies=3)
    if missing == "sender":
        save_workspace(session, Workspace(vendor="Nordvik"), now=MONDAY, user_id=None)
    if missing == "version":
        survey.versions[0].published_at = None
    if missing == "end":
        open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY)
    survey_id = survey.id
    session.commit()
    before = states(session)

    page = alicja.get(f"/waves/open?survey={survey_id}")
    token = csrf_token(page.text)
    reply = alicja.post("/waves/open", data={"csrf_token": token, "survey": str(survey_id)})

    assert words in text_of(page)
    assert re.search(rf'<a href="{link}[^"]*">', page.text)
    assert reply.status_code in (303, 409)
    assert states(session) == before
    assert actions(session) == []


def test_a_wave_that_would_stand_in_the_way_of_the_next_one_is_warned_about(
    session: Session, alicja: FlaskClient, clock: SetClock
) -> None:
    make_programme(session, companies=3)
    survey = make_survey(session)
    make_schedule(session, survey)
    survey_id = survey.id
    session.commit()
    clock.instant = MONDAY - timedelta(days=5)
    sign_in_again(alicja)

    page = text_of(alicja.get(f"/waves/open?survey={survey_id}"))

    assert "The wave planned for 8 February 2027, 09:00 (Europe/Warsaw) would find" in page


# --- rights and languages -----------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_who_only_reads_results_may_not_run_waves(
    session: Session, keys: LinkKeys, client: FlaskClient, role: Role
) -> None:
    make_user(session, email="celina@nordvik.example", role=role)
    run = open_survey(session, keys, companies=3)
    run_id, survey_id = run.id, run.partner.survey_id
    session.commit()
    sign_in(client, "celina@nordvik.example")
    token = csrf_token(client.get("/").text)

    for address in (
        "/waves",
        f"/waves/{run_id}",
        f"/waves/{run_id}/close",
        f"/waves/{run_id}/remind",
        f"/waves/open?survey={survey_id}",
        f"/surveys/{survey_id}/schedule",
    ):
        assert client.get(address).status_code == 403, address
    for address in (
        "/waves/open",
        f"/waves/{run_id}/close",
        f"/waves/{run_id}/extend",
        f"/waves/{run_id}/remind",
        f"/surveys/{survey_id}/schedule",
        f"/surveys/{survey_id}/schedule/pause",
    ):
        data = {"csrf_token": token, "survey": str(survey_id), "closes_on": "2027-02-28"}
        assert client.post(address, data=data).status_code == 403, address
    assert states(session) == {"open"}


def test_strangers_are_sent_to_the_sign_in(client: FlaskClient) -> None:
    for address in ("/waves", "/waves/1", "/waves/open?survey=1", "/surveys/1/schedule"):
        reply = client.get(address)
        assert reply.status_code == 303
        assert reply.location.startswith("/login"), address


@pytest.mark.parametrize("locale", ["pl", "en"])
def test_every_page_of_waves_is_drawn_in_both_languages(
    session: Session, keys: LinkKeys, alicja: FlaskClient, locale: str
) -> None:
    run = open_survey(session, keys, companies=3)
    make_schedule(session, run.partner.survey)
    closed = make_survey(session)
    run_id, survey_id, other_id = run.id, run.partner.survey_id, closed.id
    as_if_sent(session)

    for address in (
        "/waves?",
        f"/waves/{run_id}?",
        f"/waves/{run_id}/close?",
        f"/waves/{run_id}/extend?",
        f"/waves/{run_id}/remind?",
        f"/waves/open?survey={other_id}&",
        f"/waves/open?survey={survey_id}&",
        f"/surveys/{survey_id}/schedule?",
        f"/surveys/{other_id}/schedule?",
    ):
        reply = alicja.get(f"{address}lang={locale}")
        assert reply.status_code == 200, address
        assert f'<html lang="{locale}">' in reply.text
        assert "%(" not in reply.text


def test_get_requests_change_nothing(session: Session, keys: LinkKeys, alicja: FlaskClient) -> None:
    run_id = opened(session, keys, companies=3)
    as_if_sent(session)

    for action in ("", "/close", "/extend", "/remind"):
        assert alicja.get(f"/waves/{run_id}{action}").status_code == 200

    assert states(session) == {"open"}
    assert mails(session, MailKind.REMINDER_1) == 0


# --- schedules ----------------------------------------------------------------------------------


@pytest.fixture
def survey(session: Session, alicja: FlaskClient) -> int:
    """The id of a survey that has no schedule yet; Alicja is signed in."""
    make_programme(session, companies=3, staff=1)
    survey_id = make_survey(session).id
    session.commit()
    return survey_id


def test_a_first_schedule_is_proposed_with_its_four_dates(alicja: FlaskClient, survey: int) -> None:
    page = text_of(alicja.get(f"/surveys/{survey}/schedule"))

    assert "Not scheduled yet." in page
    for words in (
        "15–27 February 2027 Q1 2027 15 February 2027, 09:00 (Europe/Warsaw)",
        "17–29 May 2027 Q2 2027",
        "16–28 August 2027 Q3 2027",
        "15–27 November 2027 Q4 2027",
    ):
        assert words in page


def test_a_schedule_is_saved_and_its_next_wave_told(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    reply = send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE)

    assert (reply.status_code, reply.location) == (303, f"/surveys/{survey}/schedule")
    schedule = session.scalars(select(Schedule)).one()
    assert schedule.next_run_at == datetime(2027, 3, 8, 8, tzinfo=UTC)
    page = text_of(alicja.get(reply.location))
    assert "The schedule is saved. The next wave opens 8 March 2027, 09:00" in page
    assert "Every quarter, 2nd Monday. The next wave opens 8 March 2027" in page
    session.rollback()
    assert actions(session) == ["schedule.save"]


def test_show_dates_tells_them_and_saves_nothing(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    data = SCHEDULE | {"do": "preview", "frequency": "monthly", "day_by": "date"}

    reply = send(alicja, f"/surveys/{survey}/schedule", **data)

    page = text_of(reply)
    assert reply.status_code == 200
    assert "Would open, if saved" in page
    assert "8–20 March 2027" in page
    assert "8–20 April 2027" in page
    assert session.scalar(select(func.count()).select_from(Schedule)) == 0


WRONG = (
    ("open_days", "2", "Use 5 to 30 days, so that everyone has a full working week."),
    ("open_days", "many", "Enter a whole number."),
    ("open_days", "", "Fill this in."),
    ("grace_hours", "100", "Use 0 to 72 hours."),
    ("grace_hours", "-1", "Use 0 to 72 hours."),
    ("starts_on", "tomorrow", "Enter a date."),
    ("starts_on", "", "Fill this in."),
    ("local_time", "25:99", "Enter a time, for example 09:00."),
    ("frequency", "hourly", "Choose one of the list."),
)


def test_a_wrong_value_is_refused_at_its_field_and_all_that_was_typed_is_kept(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    for field, typed, words in WRONG:
        data = SCHEDULE | {"reminders": "first", field: typed}
        reply = send(alicja, f"/surveys/{survey}/schedule", **data)
        assert reply.status_code == 422, field
        drawn = rf'id="{field}"[^>]*aria-invalid|aria-invalid[^>]*id="{field}"'
        assert re.search(drawn, reply.text), field
        assert words in text_of(reply)
        assert f'href="#{field}"' in reply.text
        for name in ("starts_on", "local_time", "open_days", "grace_hours"):
            assert re.search(rf'name="{name}"[^>]*value="{data[name]}"', reply.text)
        assert '<option value="first" selected>' in reply.text
    assert session.scalar(select(func.count()).select_from(Schedule)) == 0


def test_a_single_wave_in_the_past_is_refused(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    data = SCHEDULE | {"frequency": "once", "starts_on": "2027-01-04"}

    reply = send(alicja, f"/surveys/{survey}/schedule", **data)

    assert reply.status_code == 422
    assert "No wave would open after today. Choose a later date." in text_of(reply)


def test_pause_and_resume_are_told_on_the_page(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    address = f"/surveys/{survey}/schedule"
    send(alicja, address, **SCHEDULE)

    send(alicja, f"{address}/pause", address)
    paused = text_of(alicja.get(address))
    send(alicja, f"{address}/resume", address)
    resumed = text_of(alicja.get(address))

    assert "Paused: no wave opens until it is resumed." in paused
    assert "Resume schedule" in paused
    assert "None while the schedule is paused or has ended." in paused
    assert "Pause schedule" in resumed
    assert actions(session) == ["schedule.save", "schedule.pause", "schedule.resume"]


def test_pausing_what_has_no_schedule_is_not_found(alicja: FlaskClient, survey: int) -> None:
    reply = send(alicja, f"/surveys/{survey}/schedule/pause", f"/surveys/{survey}/schedule")

    assert reply.status_code == 404


def test_a_rule_that_the_page_cannot_show_is_named_before_it_is_replaced(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    schedule = make_schedule(session, session.get_one(Survey, survey))
    schedule.rule = {"frequency": "weekly", "interval": 2}
    session.commit()

    page = text_of(alicja.get(f"/surveys/{survey}/schedule"))

    assert "Every 2 weeks, Monday" in page
    assert "Saving replaces it." in page


def test_expected_answers_follow_the_last_closed_wave(
    session: Session, keys: LinkKeys, alicja: FlaskClient, survey: int
) -> None:
    before = text_of(alicja.get(f"/surveys/{survey}/schedule"))
    found = session.get_one(Survey, survey)
    run = open_run(session, found, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    as_if_sent(session)
    answer(session, run.id, 2)
    close_run(session, run, now=MONDAY + timedelta(hours=1))
    session.commit()

    after = text_of(alicja.get(f"/surveys/{survey}/schedule"))

    assert "How many will answer can be told from the first wave on." in before
    assert "response rate of 67% you can expect about 2 partner answers" in after
    assert WaveState.CLOSED.value in states(session)


def test_the_hours_of_sending_are_chosen_and_read_back(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    hours = {
        "sending_from": "9",
        "sending_until": "16",
        "days_off": "holidays",
        "blackout": "2027-09-08\n 2027-05-04",
        "spread_days": "2",
    }

    reply = send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE, **hours)

    assert reply.status_code == 303
    schedule = session.scalars(select(Schedule)).one()
    assert schedule.sending == {
        "from_hour": 9,
        "until_hour": 16,
        "weekends": False,
        "holidays": True,
        "blackout": ["2027-05-04", "2027-09-08"],
        "spread_days": 2,
    }
    session.rollback()
    page = alicja.get(reply.location).text
    assert '<option value="9" selected>09:00</option>' in page
    assert '<option value="16" selected>16:00</option>' in page


def test_a_first_schedule_proposes_working_hours(alicja: FlaskClient, survey: int) -> None:
    page = alicja.get(f"/surveys/{survey}/schedule").text

    assert '<option value="8" selected>08:00</option>' in page
    assert '<option value="17" selected>17:00</option>' in page
    assert '<option value="holidays" selected>Not on weekends and public holidays</option>' in page


def test_hours_of_sending_that_hold_none_are_refused(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    hours = {"sending_from": "17", "sending_until": "8", "days_off": "weekends"}

    reply = send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE, **hours)

    assert reply.status_code == 422
    assert "Choose a later hour than the first." in text_of(reply)
    assert session.scalar(select(func.count()).select_from(Schedule)) == 0


def test_a_date_that_is_none_is_named_and_the_text_is_kept(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    reply = send(
        alicja, f"/surveys/{survey}/schedule", **SCHEDULE, blackout="2027-05-04\n31.12.2027"
    )

    assert reply.status_code == 422
    assert "“31.12.2027” is not a date. Write it like 2027-05-04." in text_of(reply)
    assert "31.12.2027</textarea>" in reply.text
    assert session.scalar(select(func.count()).select_from(Schedule)) == 0


def test_a_wave_that_opens_on_a_holiday_says_where_its_mails_leave_later(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    session.execute(update(Partner).values(country="PL"))
    session.commit()
    days = {"starts_on": "2027-11-11", "day_by": "date", "days_off": "holidays"}

    page = text_of(
        send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE | days | {"do": "preview"})
    )

    assert "Public holiday (Poland): mails there leave on 12 November 2027." in page


def test_a_wave_that_opens_on_a_weekend_says_when_its_mails_leave(
    alicja: FlaskClient, survey: int
) -> None:
    days = {"starts_on": "2027-11-13", "day_by": "date", "days_off": "weekends"}

    page = text_of(
        send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE | days | {"do": "preview"})
    )

    assert "A day off: mails leave on 15 November 2027." in page


def test_thanks_and_results_are_chosen_with_the_schedule(
    session: Session, alicja: FlaskClient, survey: int
) -> None:
    chosen = {"thanks": "yes", "results_to": "invited"}

    send(alicja, f"/surveys/{survey}/schedule", **SCHEDULE, **chosen)

    stored = session.get_one(Survey, survey)
    assert follow_ups(stored) == FollowUps(True, ResultsTo.INVITED)
    session.rollback()
    page = alicja.get(f"/surveys/{survey}/schedule").text
    assert '<option value="yes" selected>To everyone who answered</option>' in page
    assert '<option value="invited" selected>To all partners who were asked</option>' in page


@pytest.mark.parametrize(
    ("mode", "words", "other"),
    [
        (Mode.ANONYMOUS, "Who answered is not used here", "To partners who answered"),
        (Mode.IDENTIFIED, "are never published as joint results", "To all partners who were asked"),
    ],
)
def test_a_mode_offers_only_results_that_it_can_keep(
    session: Session, alicja: FlaskClient, survey: int, mode: Mode, words: str, other: str
) -> None:
    session.get_one(Survey, survey).mode = mode
    session.commit()

    page = text_of(alicja.get(f"/surveys/{survey}/schedule"))

    assert words in page
    assert other not in page
