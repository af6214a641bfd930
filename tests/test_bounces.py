"""What a bounce does: to its mail, to the address, and to what is queued for it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from bounce_mails import KEYS, MAILBOX, complaint, report
from factories import MONDAY, SECRET, make_user, open_survey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session
from table_dump import changed_tables, dump

from surveys.bounces import (
    Arrival,
    BounceKeys,
    Outcome,
    Recorded,
    record_bounce,
    record_refusal,
    unmatched_bounces,
)
from surveys.invitations import LinkKeys, queue_reminders
from surveys.mail.bounces.reading import read_bounce
from surveys.mail.bounces.verdicts import BounceKind
from surveys.mail.outbox import claim_data, claim_due
from surveys.mail.transport import Delivery, Step
from surveys.mail.transport import Outcome as Refused
from surveys.mail.verp import bounce_address, envelope_id
from surveys.models import AuditEvent, MailEvent, OutgoingMail, Suppression, Wave
from surveys.preferences import lift_suppression
from surveys.question_bank import load_bank
from surveys.questionnaires import create_survey, draft_from_template, publish_version
from surveys.terms import MailKind, MailState, Mode, SuppressionReason
from surveys.waves import Run, open_run

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LATER = MONDAY + timedelta(hours=1)
FULL = Delivery(Refused.REFUSED, Step.RCPT, 552, "5.2.2 mailbox full")


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    """Three partners and one of the staff were invited; every mail has left."""
    run = open_survey(session, keys)
    mark_sent(session)
    return run


def mark_sent(session: Session) -> None:
    session.execute(
        update(OutgoingMail)
        .where(OutgoingMail.state == MailState.QUEUED)
        .values(state=MailState.SENT, sent_at=MONDAY, tried_at=MONDAY)
    )
    session.commit()


def mails(session: Session) -> list[OutgoingMail]:
    session.rollback()
    found = session.scalars(
        select(OutgoingMail).order_by(OutgoingMail.id).execution_options(populate_existing=True)
    )
    return list(found)


def arrive(session: Session, raw: bytes, key: str = "7:1", keys: BounceKeys = KEYS) -> Recorded:
    bounce = read_bounce(raw)
    recorded = record_bounce(session, bounce, arrival=Arrival("imap", key), keys=keys, now=LATER)
    session.commit()
    return recorded


def suppressions(session: Session) -> list[Suppression]:
    return list(session.scalars(select(Suppression).order_by(Suppression.id)))


def events(session: Session) -> list[MailEvent]:
    return list(session.scalars(select(MailEvent).order_by(MailEvent.id)))


def queue_next(session: Session, run: Run, keys: LinkKeys) -> None:
    wave = session.get_one(Wave, run.partner.id)
    queue_reminders(session, wave, MailKind.REMINDER_1, keys=keys, now=LATER)
    session.commit()


def test_a_hard_bounce_stops_the_address_and_what_waits_for_it(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    queue_next(session, run, keys)
    first = mails(session)[0]
    assert first.email

    recorded = arrive(session, report(first.id, first.email))

    assert recorded == Recorded(Outcome.RECORDED, BounceKind.HARD, first.id, True)
    (entry,) = suppressions(session)
    assert (entry.email_hash, entry.email) == (first.email_hash, first.email)
    assert (entry.reason, entry.source) == (SuppressionReason.HARD_BOUNCE, "imap")
    assert (entry.created_at, entry.survey_id) == (LATER, None)
    after = mails(session)
    assert (after[0].state, after[0].bounce) == (MailState.SENT, "hard")
    assert after[0].bounced_at == LATER
    of_address = [each for each in after if each.email_hash == first.email_hash]
    assert [each.state for each in of_address] == [MailState.SENT, MailState.SUPPRESSED]
    others = [each for each in after if each.email_hash != first.email_hash]
    assert MailState.SUPPRESSED not in {each.state for each in others}
    audited = session.scalars(select(AuditEvent).where(AuditEvent.action == "suppression.add"))
    assert [(each.actor, each.object_id) for each in audited] == [("imap", first.id)]


def test_a_mail_that_is_being_sent_does_not_reach_data_after_the_bounce(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    queue_next(session, run, keys)
    first = mails(session)[0]
    assert first.email
    email = first.email
    claims = claim_due(session, owner="a", now=LATER, limit=10)

    arrive(session, report(first.id, email))

    may_leave = {claim.mail_id: claim_data(session, claim, now=LATER) for claim in claims}
    of_address = {each.id for each in mails(session) if each.email == email}
    assert sorted(may_leave.values()) == [False, True, True]
    assert {mail_id for mail_id, may in may_leave.items() if not may} <= of_address


def test_the_same_message_counts_once_by_place_and_by_bytes(
    session: Session, engine: Engine, run: Run
) -> None:
    first = mails(session)[0]
    raw = report(first.id, first.email or "")
    arrive(session, raw, "7:1")
    before = dump(engine)

    again = arrive(session, raw, "7:1")
    rebuilt = arrive(session, b"Delivered-To: x@pulse.example.com\n" + raw, "8:1")
    same_place = arrive(session, report(first.id, first.email or ""), "7:1")

    assert [each.outcome for each in (again, rebuilt, same_place)] == [Outcome.KNOWN] * 3
    assert changed_tables(before, dump(engine)) == set()


def test_a_mail_is_found_by_envelope_id_then_address_then_message_id(
    session: Session, run: Run
) -> None:
    one, two, three, _ = mails(session)
    ids = [each.id for each in (one, two, three)]
    named = {"to": bounce_address(SECRET, two.id, mailbox=MAILBOX), "message_id": three.message_id}
    email = "somebody@else.example"

    by_envelope = arrive(session, report(ids[0], email, **named), "1:1")
    by_address = arrive(session, report(None, email, **named), "1:2")
    by_message = arrive(session, report(None, email, message_id=named["message_id"]), "1:3")

    assert [each.mail_id for each in (by_envelope, by_address, by_message)] == ids


@on_sqlite
@pytest.mark.parametrize("place", ["envelope_id", "to"])
def test_a_forged_mark_names_no_mail_even_beside_a_true_message_id(
    session: Session, run: Run, place: str
) -> None:
    first = mails(session)[0]
    email, message_id = first.email or "", first.message_id
    forged = envelope_id("the key of somebody else, long too", first.id)
    value = forged if place == "envelope_id" else f"bounces+{forged}@pulse.example.com"

    recorded = arrive(session, report(None, email, message_id=message_id, **{place: value}))

    assert recorded == Recorded(Outcome.UNMATCHED, BounceKind.HARD)
    assert suppressions(session) == []
    assert mails(session)[0].bounced_at is None


def test_what_names_no_mail_is_kept_without_addresses_and_listed(
    session: Session, run: Run
) -> None:
    arrive(session, report(None, "gone@partner.example", text="<gone@partner.example> unknown"))

    (listed,) = unmatched_bounces(session)

    assert (listed.kind, listed.source, listed.key) == (BounceKind.HARD, "imap", "7:1")
    assert (listed.status, listed.detail) == ("5.1.1", "5.1.1 <…> unknown")
    assert suppressions(session) == []


@on_sqlite
def test_a_mail_that_does_not_exist_any_more_is_no_match(session: Session, run: Run) -> None:
    assert arrive(session, report(999_999, "a@b.example")).outcome is Outcome.UNMATCHED


@on_sqlite
def test_what_is_hard_for_another_address_is_soft_for_ours(session: Session, run: Run) -> None:
    one, two, _, _ = mails(session)
    emails = one.email or "", two.email or ""
    ids = one.id, two.id

    forwarded = arrive(session, report(ids[0], "forwarded.to@other.example"), "1:1")
    expanded = arrive(
        session, report(ids[1], "one.of.team@partner.example", original=emails[1]), "1:2"
    )

    assert (forwarded.kind, expanded.kind) == (BounceKind.SOFT, BounceKind.SOFT)
    assert suppressions(session) == []


@on_sqlite
def test_case_of_an_address_and_its_erasure_do_not_matter(session: Session, run: Run) -> None:
    first = mails(session)[0]
    mail_id, email = first.id, first.email or ""
    first.email = None
    session.commit()

    recorded = arrive(session, report(mail_id, email.upper()))

    assert (recorded.kind, recorded.is_suppressed) == (BounceKind.HARD, True)
    assert [each.email for each in suppressions(session)] == [None]


def test_a_refusal_by_policy_suppresses_nobody(session: Session, run: Run) -> None:
    refused = [(each.id, each.email or "") for each in mails(session)[:2]]
    for mail_id, email in refused:
        arrive(session, report(mail_id, email, status="5.7.1"), f"1:{mail_id}")

    assert suppressions(session) == []
    assert [each.bounce for each in mails(session)[:3]] == ["policy", "policy", None]


REFUSALS = [
    (Step.RCPT, 550, "5.1.1 no such user", "hard"),
    (Step.RCPT, 550, "5.1.10 null MX", "hard"),
    (Step.RCPT, 550, "no such user here", "hard"),
    (Step.DOT, 550, "5.1.1 no such user", "soft"),
    (Step.RCPT, 550, "", "soft"),
    (Step.RCPT, 551, "user not local", "soft"),
    (Step.RCPT, 552, "5.2.2 mailbox full", "soft"),
    (Step.RCPT, 553, "5.1.8 sender address rejected", "policy"),
    (Step.RCPT, 550, "5.1.7 bad sender", "policy"),
    (Step.RCPT, 550, "5.7.1 listed at 5.1.1.1", "policy"),
    (Step.DOT, 554, "5.7.26 not authenticated", "policy"),
    (Step.DOT, 554, "transaction failed", "policy"),
    (Step.DOT, 554, "5.6.0 cannot read the message", "soft"),
    # Given up after days of asking again.
    (Step.RCPT, 452, "4.2.2 mailbox full", "soft"),
    # No word about the recipient: our own server, or a mail of ours that could not be written.
    (Step.CONNECT, None, "ConnectionRefusedError", None),
    (Step.CONNECT, None, "could not be composed", None),
    (Step.MAIL, 421, "too busy", None),
    (Step.RCPT, None, "TimeoutError", None),
]


@on_sqlite
@pytest.mark.parametrize(("step", "code", "text", "kind"), REFUSALS)
def test_a_refusal_while_sending_means_what_a_bounce_with_these_words_means(
    session: Session, run: Run, step: Step, code: int | None, text: str, kind: str | None
) -> None:
    mail_id = refuse(session, mails(session)[0], Delivery(Refused.REFUSED, step, code, text))

    first = mails(session)[0]
    assert (first.id, first.bounce) == (mail_id, kind)
    assert first.bounced_at == (LATER if kind == "hard" else None)
    assert [(each.reason, each.source) for each in suppressions(session)] == (
        [(SuppressionReason.HARD_BOUNCE, "smtp")] if kind == "hard" else []
    )


@on_sqlite
def test_a_mail_that_is_tried_again_is_not_refused_yet(session: Session, run: Run) -> None:
    first = mails(session)[0]
    first.state, first.sent_at = MailState.DEFERRED, None
    session.commit()
    later = Delivery(Refused.LATER, Step.RCPT, 550, "5.1.1 no such user")

    assert record_refusal(session, first.id, later, now=LATER) is BounceKind.NONE
    assert mails(session)[0].bounce is None


def refuse(session: Session, mail: OutgoingMail, delivery: Delivery) -> int:
    """What the outbox does at a refusal: it settles the mail, then tells what it means."""
    mail_id = mail.id
    mail.state, mail.sent_at = MailState.FAILED, None
    mail.step, mail.reply_code, mail.reply_text = delivery.step, delivery.code, delivery.text
    session.commit()
    record_refusal(session, mail_id, delivery, now=LATER)
    session.commit()
    return mail_id


@on_sqlite
def test_a_complaint_stops_the_address_whoever_it_names(session: Session, run: Run) -> None:
    first = mails(session)[0]

    recorded = arrive(session, complaint(first.id))

    assert recorded.is_suppressed
    (entry,) = suppressions(session)
    assert (entry.reason, entry.email_hash) == (
        SuppressionReason.COMPLAINT,
        mails(session)[0].email_hash,
    )
    assert mails(session)[0].bounced_at is None, "it had arrived"


@on_sqlite
def test_a_delay_is_a_note_and_nothing_else(session: Session, run: Run) -> None:
    first = mails(session)[0]

    arrive(session, report(first.id, first.email or "", status="4.4.1", action="delayed"))

    (event,) = events(session)
    assert (event.mail_id, event.kind, event.status) == (first.id, "delayed", "4.4.1")
    assert mails(session)[0].bounced_at is None
    assert suppressions(session) == []


@on_sqlite
def test_an_absence_changes_nothing_at_all(session: Session, engine: Engine, run: Run) -> None:
    before = dump(engine)
    mark = bounce_address(SECRET, mails(session)[0].id, mailbox=MAILBOX)
    raw = f"From: a@partner.example\nTo: {mark}\nSubject: Out of office\n\n550 5.1.1\n".encode()

    assert arrive(session, raw).outcome is Outcome.IGNORED
    assert changed_tables(before, dump(engine)) == set()


@on_sqlite
def test_the_gravest_of_several_bounces_of_one_mail_stays(session: Session, run: Run) -> None:
    first = mails(session)[0]
    mail_id, email = first.id, first.email or ""
    for number, status in enumerate(("5.2.2", "5.1.1", "5.2.2")):
        arrive(session, report(mail_id, email, status=status), f"1:{number}")

    assert mails(session)[0].bounce == "hard"
    assert [each.kind for each in events(session)] == ["soft", "hard", "soft"]
    assert len(suppressions(session)) == 1


# Three waves running


def ask_again(session: Session, keys: LinkKeys, number: int) -> None:
    """One more wave for the same people, its mails gone."""
    survey = create_survey(
        session,
        mode=Mode.CONFIDENTIAL,
        time_zone="Europe/Warsaw",
        now=MONDAY,
        slug=f"again-{number}",
        name="Again",
    )
    version = draft_from_template(session, survey, bank=load_bank(), template_key="quarterly_pulse")
    publish_version(session, version, now=MONDAY)
    at = MONDAY + timedelta(days=number * 100)
    open_run(session, survey, scheduled_at=at, keys=keys, now=at)
    session.flush()
    mark_sent(session)


def newest(session: Session, email_hash: bytes) -> OutgoingMail:
    return [each for each in mails(session) if each.email_hash == email_hash][-1]


def bounce_newest(session: Session, email_hash: bytes, status: str, number: int) -> Recorded:
    mail = newest(session, email_hash)
    return arrive(session, report(mail.id, mail.email or "", status=status), f"1:{number}")


@pytest.mark.parametrize(
    ("statuses", "is_given_up"),
    [
        (("5.2.2", "5.2.2", "5.2.2"), True),
        (("5.2.2", "5.3.0", "4.4.1"), True),
        (("5.2.2", "5.2.2"), False),
        (("5.2.2", None, "5.2.2", "5.2.2"), False),
        (("5.2.2", "5.7.1", "5.2.2", "5.2.2"), False),
        ((None, "5.2.2", "5.2.2", "5.2.2"), True),
    ],
)
@on_sqlite
def test_a_full_mailbox_is_given_up_after_three_waves_running(
    session: Session,
    run: Run,
    keys: LinkKeys,
    statuses: tuple[str | None, ...],
    is_given_up: bool,
) -> None:
    email_hash = mails(session)[0].email_hash
    for number, status in enumerate(statuses):
        if number:
            ask_again(session, keys, number)
        if status:
            recorded = bounce_newest(session, email_hash, status, number)

    assert recorded.is_suppressed == is_given_up
    assert len(suppressions(session)) == is_given_up


def test_soft_bounces_before_a_person_lifted_the_entry_do_not_count(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    user_id = make_user(session).id
    session.commit()
    email_hash = mails(session)[0].email_hash
    for number in range(3):
        if number:
            ask_again(session, keys, number)
        bounce_newest(session, email_hash, "5.2.2", number)
    (entry,) = suppressions(session)
    lift_suppression(session, entry.id, user_id=user_id, now=MONDAY + timedelta(days=250))
    session.commit()

    ask_again(session, keys, 3)
    recorded = bounce_newest(session, email_hash, "5.2.2", 3)

    assert recorded.kind is BounceKind.SOFT
    assert not recorded.is_suppressed


@on_sqlite
def test_what_was_refused_while_sending_counts_as_a_wave(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    email_hash = mails(session)[0].email_hash
    for number in range(3):
        if number:
            ask_again(session, keys, number)
        if number < 2:
            refuse(session, newest(session, email_hash), FULL)

    assert bounce_newest(session, email_hash, "5.2.2", 3).is_suppressed


def test_an_address_that_is_full_in_three_waves_is_given_up_while_sending(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    email_hash = mails(session)[0].email_hash
    for number in range(3):
        assert suppressions(session) == []
        if number:
            ask_again(session, keys, number)
        refuse(session, newest(session, email_hash), FULL)

    assert [(each.email_hash, each.source) for each in suppressions(session)] == [
        (email_hash, "smtp")
    ]


@on_sqlite
def test_a_reminder_that_arrived_in_the_same_wave_keeps_the_address(
    session: Session, run: Run, keys: LinkKeys
) -> None:
    email_hash = mails(session)[0].email_hash
    for number in range(3):
        if number:
            ask_again(session, keys, number)
        bounce_newest(session, email_hash, "5.2.2", number) if number < 2 else None
    last = newest(session, email_hash)
    wave_id, invitation_mail = last.wave_id, last.id
    wave = session.get_one(Wave, wave_id)
    queue_reminders(session, wave, MailKind.REMINDER_1, keys=keys, now=LATER)
    mark_sent(session)

    recorded = arrive(session, report(invitation_mail, last.email or "", status="5.2.2"), "1:9")

    assert not recorded.is_suppressed


# Rules that hold for every bounce


@on_sqlite
def test_only_a_known_mail_with_a_hard_verdict_or_a_complaint_is_suppressed(
    session: Session, run: Run
) -> None:
    every = [(each.id, each.email or "") for each in mails(session)]

    @given(
        st.sampled_from(every),
        st.sampled_from(["5.1.1", "5.2.2", "5.7.1", "4.1.1", "5.4.4"]),
        st.sampled_from(["failed", "delayed", "relayed"]),
        st.booleans(),
        st.booleans(),
    )
    def check(
        mail: tuple[int, str], status: str, action: str, is_named: bool, is_ours: bool
    ) -> None:
        recipient = mail[1] if is_ours else "other@partner.example"
        raw = report(mail[0] if is_named else None, recipient, status=status, action=action)
        recorded = record_bounce(
            session, read_bounce(raw), arrival=Arrival("imap", "1:1"), keys=KEYS, now=LATER
        )
        count = session.scalar(select(func.count()).select_from(Suppression))
        session.rollback()

        wanted = is_named and is_ours and action == "failed" and status == "5.1.1"
        assert (recorded.is_suppressed, count) == (wanted, int(wanted))

    check()


@on_sqlite
def test_a_key_that_was_changed_names_no_mail(session: Session, run: Run) -> None:
    first = mails(session)[0]
    other = replace(KEYS, secret_key="the key of another installation, long")

    recorded = arrive(session, report(first.id, first.email or ""), keys=other)

    assert recorded.outcome is Outcome.UNMATCHED
