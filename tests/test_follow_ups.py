"""Thanks after an answer and results after a wave: to whom, when, once, and what they tell."""

import email
import email.policy
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from threading import Barrier

import pytest
from factories import MONDAY, SetClock, links_of, make_schedule, open_survey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from surveys.follow_ups import (
    FollowUps,
    follow_ups,
    queue_results,
    queue_thanks,
    results_choices,
    save_follow_ups,
    waves_to_thank,
    waves_with_new_results,
)
from surveys.invitations import LinkKeys
from surveys.jobs import JobContext
from surveys.mail.deliveries import DeliveryFilter, delivery_page
from surveys.mail.transport import MemoryTransport
from surveys.models import Contact, Invitation, OutgoingMail, Survey, Wave
from surveys.preferences import suppress
from surveys.processes import job_context, jobs_of
from surveys.sending_hours import SendingHours
from surveys.terms import MailKind, MailState, Mode, ResultsTo, SuppressionReason, WaveState
from surveys.wave_pages import run_page
from surveys.waves import Run, close_run
from surveys.worker import run_jobs

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
TODAY = MONDAY.date()


def opened(session: Session, keys: LinkKeys, **values: object) -> Run:
    """A run of four partner contacts whose survey says thank you."""
    given = {"companies": 4, "staff": 1, "mode": Mode.CONFIDENTIAL} | values
    thanks = bool(given.pop("thanks", True))
    results_to = ResultsTo(str(given.pop("results_to", ResultsTo.PARTICIPANTS)))
    run = open_survey(session, keys, **given)  # type: ignore[arg-type] # values by name
    save_follow_ups(session, run.partner.survey, FollowUps(thanks, results_to))
    session.commit()
    return run


def answer(session: Session, run: Run, *places: int, on: date = TODAY) -> None:
    """Mark these people of a run's partners as having answered on this day."""
    ids = session.scalars(
        select(Invitation.id).where(Invitation.wave_id == run.partner.id).order_by(Invitation.id)
    ).all()
    session.execute(
        update(Invitation)
        .where(Invitation.id.in_([ids[place] for place in places]))
        .values(answered_on=on)
    )
    session.commit()


def publish(session: Session, run: Run, *, now: datetime = MONDAY) -> None:
    """Close a run and mark its partners' wave as published, whatever its answers are."""
    close_run(session, run, now=now)
    run.partner.published_at = now
    session.commit()


def mails(session: Session, kind: MailKind) -> list[OutgoingMail]:
    session.rollback()
    return list(
        session.scalars(
            select(OutgoingMail).where(OutgoingMail.kind == kind).order_by(OutgoingMail.id)
        )
    )


def queued(session: Session, kind: MailKind) -> list[int]:
    """Places of the people with a mail of this kind, in the order of the mails."""
    places = {
        invitation_id: place
        for place, invitation_id in enumerate(
            session.scalars(select(Invitation.id).order_by(Invitation.id))
        )
    }
    found = [places[mail.invitation_id or 0] for mail in mails(session, kind)]
    session.rollback()
    return found


def work(app: Flask, memory: MemoryTransport) -> None:
    """One tick of the worker."""
    run_jobs(jobs_of(app), job_context(app, transport=memory))


def letters(memory: MemoryTransport, subject: str) -> list[EmailMessage]:
    found = []
    for _, raw in memory.sent:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if message["Subject"] == subject:
            found.append(message)
    return found


def words(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


# What a survey wants


@on_sqlite
def test_a_survey_says_nothing_of_thanks_until_somebody_chooses_them(
    session: Session, keys: LinkKeys
) -> None:
    survey = open_survey(session, keys).partner.survey

    assert follow_ups(survey) == FollowUps(False, ResultsTo.PARTICIPANTS)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Mode.IDENTIFIED, ResultsTo.NOBODY),
        (Mode.CONFIDENTIAL, ResultsTo.PARTICIPANTS),
        (Mode.ANONYMOUS, ResultsTo.INVITED),
    ],
)
def test_results_go_by_default_to_whom_the_mode_allows(mode: Mode, expected: ResultsTo) -> None:
    survey = Survey(mode=mode, policy={})

    assert follow_ups(survey).results_to is expected
    assert expected in results_choices(mode)


def test_a_choice_that_the_mode_does_not_offer_is_not_followed() -> None:
    survey = Survey(mode=Mode.ANONYMOUS, policy={"results_to": "participants"})

    assert follow_ups(survey).results_to is ResultsTo.INVITED


# Thanks


def test_an_answer_to_an_identified_survey_is_thanked_for_at_once_and_once(
    session: Session, keys: LinkKeys
) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED)
    answer(session, run, 2)

    first = queue_thanks(session, run.partner, keys=keys, now=MONDAY)
    second = queue_thanks(session, run.partner, keys=keys, now=MONDAY)
    session.commit()

    assert (first, second) == (1, 0)
    assert queued(session, MailKind.THANKS) == [2]


@pytest.mark.parametrize("mode", [Mode.CONFIDENTIAL, Mode.ANONYMOUS])
def test_thanks_elsewhere_wait_for_the_end_of_the_day_and_tell_no_order(
    session: Session, keys: LinkKeys, mode: Mode
) -> None:
    run = opened(session, keys, mode=mode)
    answer(session, run, 3)
    answer(session, run, 1)

    on_the_day = queue_thanks(session, run.partner, keys=keys, now=MONDAY + timedelta(hours=15))
    the_next = queue_thanks(session, run.partner, keys=keys, now=MONDAY + DAY)
    session.commit()

    assert (on_the_day, the_next) == (0, 2)
    assert queued(session, MailKind.THANKS) == [1, 3]
    assert {mail.due_at for mail in mails(session, MailKind.THANKS)} == {MONDAY + DAY}


def test_no_thanks_are_queued_where_the_survey_sends_none(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED, thanks=False)
    answer(session, run, 0)

    assert waves_to_thank(session, now=MONDAY) == []
    assert queue_thanks(session, run.partner, keys=keys, now=MONDAY) == 0


def test_staff_are_not_thanked_by_mail(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys)

    assert waves_to_thank(session, now=MONDAY) == [run.partner.id]


def test_a_worker_that_dies_before_it_commits_queues_no_thanks_twice(
    engine: Engine, session: Session, keys: LinkKeys
) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED)
    answer(session, run, 0, 1)
    wave_id = run.partner.id
    session.commit()
    with Session(engine) as dying:
        wave = dying.get_one(Wave, wave_id)
        assert queue_thanks(dying, wave, keys=keys, now=MONDAY) == 2

    assert queue_thanks(session, run.partner, keys=keys, now=MONDAY) == 2
    session.commit()
    assert len(mails(session, MailKind.THANKS)) == 2


def test_thanks_for_the_last_day_leave_after_the_close_without_a_way_to_change(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys)
    answer(session, run, 0)
    close_run(session, run, now=MONDAY + timedelta(hours=1))
    session.commit()
    clock.move(days=1)
    memory = MemoryTransport()

    work(app, memory)

    (thanks,) = letters(memory, "Thank you for your answers") or letters(
        memory, "Dziękujemy za odpowiedzi"
    )
    assert "/s/" not in thanks.as_string()
    assert [mail.state for mail in mails(session, MailKind.THANKS)] == [MailState.SENT]


@on_sqlite
def test_thanks_of_a_wave_long_over_are_let_be(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys)
    answer(session, run, 0)
    close_run(session, run, now=MONDAY + timedelta(hours=1))
    session.commit()

    assert waves_to_thank(session, now=MONDAY + 2 * DAY) == [run.partner.id]
    assert waves_to_thank(session, now=MONDAY + 4 * DAY) == []


@on_sqlite
def test_thanks_for_an_anonymous_answer_lead_nowhere(
    app: Flask, client: FlaskClient, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys, mode=Mode.ANONYMOUS)
    tokens = links_of(session, keys, run.partner)
    client.post(f"/s/{tokens[1]}", data={"recommend": "9"})
    clock.move(days=1)
    memory = MemoryTransport()

    work(app, memory)

    found = letters(memory, "Thank you for your answers")
    assert len(found) == 1
    assert "Your answers are saved.\n\nLater we will send you the results" in words(found[0])
    for token in tokens:
        assert token not in found[0].as_string()
    assert "class=" in words(found[0], "html")
    assert "If the button does not work" not in words(found[0], "html")


@on_sqlite
def test_thanks_promise_results_only_where_they_will_be_mailed(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys, results_to=ResultsTo.NOBODY)
    answer(session, run, 1)
    clock.move(days=1)
    memory = MemoryTransport()

    work(app, memory)

    (found,) = letters(memory, "Thank you for your answers")
    assert "Later we will send" not in words(found)
    assert "You can change them until 20 February:" in words(found)


@on_sqlite
def test_nobody_is_thanked_who_wants_no_mail(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED)
    answer(session, run, 0, 1)
    queue_thanks(session, run.partner, keys=keys, now=MONDAY)
    contact = session.scalars(select(Contact).order_by(Contact.id)).first()
    assert contact
    assert contact.email_hash
    suppress(
        session,
        contact.email_hash,
        email=contact.email,
        reason=SuppressionReason.OPT_OUT,
        source="page",
        now=MONDAY,
    )
    session.commit()

    work(app, MemoryTransport())

    states = [mail.state for mail in mails(session, MailKind.THANKS)]
    assert states == [MailState.SUPPRESSED, MailState.SENT]


@on_sqlite
def test_a_paused_wave_sends_no_thanks(app: Flask, session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED)
    answer(session, run, 0)
    queue_thanks(session, run.partner, keys=keys, now=MONDAY)
    session.execute(update(Wave).values(state=WaveState.PAUSED))
    session.commit()

    work(app, MemoryTransport())

    assert [mail.state for mail in mails(session, MailKind.THANKS)] == [MailState.QUEUED]


# Results


@pytest.mark.parametrize(
    ("mode", "chosen", "expected"),
    [
        (Mode.CONFIDENTIAL, ResultsTo.PARTICIPANTS, [0, 2]),
        (Mode.CONFIDENTIAL, ResultsTo.INVITED, [0, 1, 2, 3]),
        (Mode.CONFIDENTIAL, ResultsTo.NOBODY, []),
        (Mode.ANONYMOUS, ResultsTo.PARTICIPANTS, [0, 1, 2, 3]),
    ],
)
def test_results_go_once_to_whom_the_survey_says(
    session: Session, keys: LinkKeys, mode: Mode, chosen: ResultsTo, expected: list[int]
) -> None:
    run = opened(session, keys, mode=mode, results_to=chosen)
    answer(session, run, 0, 2)
    publish(session, run)

    assert waves_with_new_results(session) == [run.partner.id]
    first = queue_results(session, run.partner, keys=keys, now=MONDAY)
    second = queue_results(session, run.partner, keys=keys, now=MONDAY)
    session.commit()

    assert (first, second) == (len(expected), 0)
    assert waves_with_new_results(session) == []
    assert queued(session, MailKind.RESULTS) == expected


def test_results_wait_for_their_publication(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys)
    answer(session, run, 0)
    close_run(session, run, now=MONDAY)
    session.commit()

    assert waves_with_new_results(session) == []


@on_sqlite
def test_a_later_change_of_the_survey_sends_no_results_of_waves_before(
    session: Session, keys: LinkKeys
) -> None:
    run = opened(session, keys, results_to=ResultsTo.NOBODY)
    answer(session, run, 0)
    publish(session, run)
    queue_results(session, run.partner, keys=keys, now=MONDAY)

    save_follow_ups(session, run.partner.survey, FollowUps(True, ResultsTo.INVITED))

    assert waves_with_new_results(session) == []
    assert queue_results(session, run.partner, keys=keys, now=MONDAY) == 0


@on_sqlite
def test_results_that_lay_too_long_are_mailed_to_nobody(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys)
    answer(session, run, 0)
    publish(session, run)

    assert queue_results(session, run.partner, keys=keys, now=MONDAY + 15 * DAY) == 0
    session.commit()
    assert run.partner.results_to == ResultsTo.NOBODY


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (datetime(2027, 2, 9, 23, 30, tzinfo=UTC), datetime(2027, 2, 11, 8, 0, tzinfo=UTC)),
        (datetime(2027, 2, 12, 12, 0, tzinfo=UTC), datetime(2027, 2, 15, 8, 0, tzinfo=UTC)),
        (datetime(2027, 3, 26, 12, 0, tzinfo=UTC), datetime(2027, 3, 29, 7, 0, tzinfo=UTC)),
    ],
)
@on_sqlite
def test_results_leave_on_the_next_working_day_at_the_hour_of_the_survey(
    session: Session, keys: LinkKeys, published: datetime, expected: datetime
) -> None:
    """Half past midnight in Warsaw is the next day already; Friday; over the change of clocks."""
    run = opened(session, keys)
    make_schedule(session, run.partner.survey)
    answer(session, run, 0)
    publish(session, run, now=published)

    queue_results(session, run.partner, keys=keys, now=published)
    session.commit()

    assert [mail.due_at for mail in mails(session, MailKind.RESULTS)] == [expected]


@on_sqlite
def test_results_pass_over_the_dates_that_the_vendor_keeps_free(
    session: Session, keys: LinkKeys
) -> None:
    run = opened(session, keys)
    schedule = make_schedule(session, run.partner.survey)
    tomorrow = (MONDAY + timedelta(days=1)).date()
    schedule.sending = SendingHours(blackout=(tomorrow,)).to_json()
    answer(session, run, 0)
    publish(session, run)

    queue_results(session, run.partner, keys=keys, now=MONDAY)
    session.commit()

    dues = [mail.due_at.date() for mail in mails(session, MailKind.RESULTS)]
    assert dues == [tomorrow + timedelta(days=1)]


@on_sqlite
def test_results_leave_in_no_quiet_hour_of_their_reader(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys)
    schedule = make_schedule(session, run.partner.survey)
    schedule.sending = {"from_hour": 8, "until_hour": 17, "weekends": False}
    answer(session, run, 0, 1)
    session.execute(
        update(Contact)
        .where(Contact.id == select(Contact.id).order_by(Contact.id).limit(1).scalar_subquery())
        .values(time_zone="America/New_York")
    )
    publish(session, run)
    queue_results(session, run.partner, keys=keys, now=MONDAY)
    session.commit()
    clock.move(days=1)

    work(app, MemoryTransport())

    # Nine in Warsaw is three in the morning in New York.
    states = [mail.state for mail in mails(session, MailKind.RESULTS)]
    assert states == [MailState.QUEUED, MailState.SENT]


# What the log of deliveries shows


def listed(session: Session, run: Run) -> list[MailKind]:
    return [
        each.kind
        for each in delivery_page(session, run, DeliveryFilter(), number=1).deliveries
        if each.kind in (MailKind.THANKS, MailKind.RESULTS)
    ]


def test_no_list_of_mails_tells_who_was_thanked_or_got_the_results_for_an_answer(
    session: Session, keys: LinkKeys
) -> None:
    run = opened(session, keys)
    answer(session, run, 0, 2)
    queue_thanks(session, run.partner, keys=keys, now=MONDAY + DAY)
    publish(session, run, now=MONDAY + DAY)
    queue_results(session, run.partner, keys=keys, now=MONDAY + DAY)
    session.execute(update(OutgoingMail).values(state=MailState.FAILED))
    session.commit()

    assert listed(session, run) == []


def test_results_that_went_to_everybody_are_listed(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys, results_to=ResultsTo.INVITED)
    answer(session, run, 0)
    publish(session, run)
    queue_results(session, run.partner, keys=keys, now=MONDAY)
    session.commit()

    assert listed(session, run) == [MailKind.RESULTS] * 4


def test_thanks_of_an_identified_survey_are_listed(session: Session, keys: LinkKeys) -> None:
    run = opened(session, keys, mode=Mode.IDENTIFIED)
    answer(session, run, 1)
    queue_thanks(session, run.partner, keys=keys, now=MONDAY)
    session.commit()

    assert listed(session, run) == [MailKind.THANKS]


def test_the_page_of_a_wave_counts_them_and_says_when_the_next_leaves(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    run = opened(session, keys)
    answer(session, run, 0, 2)
    queue_thanks(session, run.partner, keys=keys, now=MONDAY + DAY)
    publish(session, run, now=MONDAY + DAY)
    queue_results(session, run.partner, keys=keys, now=MONDAY + DAY)
    session.commit()
    clock.move(days=1)
    work(app, MemoryTransport())

    lines = run_page(session, run, now=clock()).follow_ups

    at_nine = datetime(2027, 2, 10, 8, 0, tzinfo=UTC)
    assert [(each.kind, each.n_mails, each.n_sent, each.due_at) for each in lines] == [
        (MailKind.THANKS, 2, 2, None),
        (MailKind.RESULTS, 2, 0, at_nine),
    ]


# Workers side by side


def test_workers_side_by_side_queue_each_mail_once(
    app: Flask, session: Session, keys: LinkKeys
) -> None:
    identified = opened(session, keys, mode=Mode.IDENTIFIED, companies=6)
    answer(session, identified, 0, 1, 2)
    closed = opened(session, keys, companies=6)
    answer(session, closed, 0, 1)
    publish(session, closed)
    jobs = [job for job in jobs_of(app) if job.name in ("queue thanks", "queue results")]
    contexts = [job_context(app, transport=MemoryTransport()) for _ in range(4)]
    start = Barrier(len(contexts))

    def run(context: JobContext) -> int:
        start.wait()
        return sum(job.run(context) for job in jobs for _ in range(2))

    with ThreadPoolExecutor(len(contexts)) as pool:
        queued_by = list(pool.map(run, contexts))

    assert sum(queued_by) == 5
    assert len(mails(session, MailKind.THANKS)) == 3
    assert len(mails(session, MailKind.RESULTS)) == 2
