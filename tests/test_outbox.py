"""The outbox's protocol: who may send what, once, and what becomes of it when senders die."""

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from factories import MONDAY, make_user, open_survey
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.orm import Session

from surveys.invitations import LinkKeys, queue_reminders
from surveys.mail.outbox import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    RETRY_MINUTES,
    Claim,
    claim_data,
    claim_due,
    counts_by_state,
    expire_leases,
    release,
    settle,
    withdraw_unwanted,
)
from surveys.mail.pacing import HELD, Pace
from surveys.mail.transport import DEADLINE_SECONDS, Delivery, Outcome, Step
from surveys.mail.wanted import REMINDERS
from surveys.models import Contact, Invitation, OutgoingMail, Suppression, Survey, Wave
from surveys.preferences import lift_suppression, suppress
from surveys.terms import MailKind, MailState, SuppressionReason, WaveState, WhenUncertain
from surveys.tokens import identity_hash
from surveys.waves import Run, close_run
from surveys.workspace import save_workspace, workspace

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SENT = Delivery(Outcome.SENT, Step.DOT, 250, "queued")
LATER = Delivery(Outcome.LATER, Step.RCPT, 451, "greylisted")
REFUSED = Delivery(Outcome.REFUSED, Step.RCPT, 550, "no such user")
UNCERTAIN = Delivery(Outcome.UNCERTAIN, Step.DOT)
MINUTE = timedelta(minutes=1)
JUST_OVER = timedelta(seconds=LEASE_SECONDS + 1)


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    """Three partners and one of the staff, with their invitations queued."""
    return open_survey(session, keys)


def mail(session: Session, mail_id: int) -> OutgoingMail:
    session.rollback()
    return session.get_one(OutgoingMail, mail_id, populate_existing=True)


def states(session: Session) -> Counter[MailState]:
    session.rollback()
    return Counter(session.scalars(select(OutgoingMail.state)))


def claim_one(session: Session, now: datetime = MONDAY, owner: str = "a") -> Claim:
    claims = claim_due(session, owner=owner, now=now, limit=1)
    assert len(claims) == 1
    return claims[0]


def hash_of(session: Session, mail_id: int) -> bytes:
    found = session.scalar(select(OutgoingMail.email_hash).where(OutgoingMail.id == mail_id))
    assert found
    return found


def opt_out(
    session: Session, mail_id: int, *, survey_id: int | None = None, now: datetime = MONDAY
) -> None:
    suppress(
        session,
        hash_of(session, mail_id),
        email=None,
        reason=SuppressionReason.OPT_OUT,
        source="page",
        now=now,
        survey_id=survey_id,
    )
    session.commit()


# Claiming


def test_a_claim_takes_what_is_due_with_a_lease_and_a_higher_fence(
    session: Session, run: Run
) -> None:
    claims = claim_due(session, owner="a", now=MONDAY, limit=3)
    others = claim_due(session, owner="b", now=MONDAY, limit=20)

    assert len(claims) == 3
    assert len(others) == 1
    assert not {each.mail_id for each in claims} & {each.mail_id for each in others}
    row = mail(session, claims[0].mail_id)
    assert (row.state, row.owner, row.fence, row.attempts) == (MailState.CLAIMED, "a", 1, 1)
    assert row.lease_until == MONDAY + timedelta(seconds=LEASE_SECONDS)
    session.rollback()
    assert claim_due(session, owner="c", now=MONDAY + MINUTE, limit=20) == []


@on_sqlite
def test_what_is_due_longest_goes_first(session: Session, run: Run) -> None:
    ids = session.scalars(select(OutgoingMail.id).order_by(OutgoingMail.id)).all()
    for minutes, mail_id in enumerate(reversed(ids)):
        session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == mail_id)
            .values(due_at=MONDAY + minutes * MINUTE)
        )
    session.commit()

    assert claim_due(session, owner="a", now=MONDAY - MINUTE, limit=9) == []
    first = claim_due(session, owner="a", now=MONDAY + 10 * MINUTE, limit=1)
    assert [each.mail_id for each in first] == [ids[-1]]


def test_senders_that_claim_at_once_never_share_a_mail(
    engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=30, staff=0)
    gate = threading.Barrier(4)
    taken: list[int] = []

    def claim_all(owner: str) -> None:
        with Session(engine) as own:
            gate.wait()
            while claims := claim_due(own, owner=owner, now=MONDAY, limit=3):
                assert len(claims) <= 3
                taken.extend(each.mail_id for each in claims)

    threads = [threading.Thread(target=claim_all, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(taken) == len(set(taken)) == 30


def test_released_mails_count_no_attempt(session: Session, run: Run) -> None:
    claims = claim_due(session, owner="a", now=MONDAY, limit=2)

    release(session, claims)
    session.commit()

    row = mail(session, claims[0].mail_id)
    assert (row.state, row.attempts, row.owner, row.lease_until) == (
        MailState.QUEUED,
        0,
        None,
        None,
    )


# Caps


def addressed_to(session: Session, domains: list[str]) -> None:
    """Give the mails, in order of id, addresses in these domains."""
    ids = session.scalars(select(OutgoingMail.id).order_by(OutgoingMail.id)).all()
    for mail_id, domain in zip(ids, domains, strict=True):
        session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == mail_id)
            .values(email=f"person{mail_id}@{domain}")
        )
    session.commit()


def domains_of(session: Session, claims: list[Claim]) -> list[str]:
    found = [mail(session, each.mail_id).email or "" for each in claims]
    session.rollback()
    return [each.partition("@")[2] for each in found]


def finish_all(session: Session, claims: list[Claim], delivery: Delivery, now: datetime) -> None:
    for claim in claims:
        claim_data(session, claim, now=now)
        settle(session, claim, delivery, now=now)
    session.commit()


def test_a_domain_at_its_cap_waits_and_holds_up_nobody_else(
    session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=8, staff=0)
    addressed_to(session, ["Big.example"] * 3 + ["big.EXAMPLE"] * 2 + ["small.example"] * 3)
    pace = Pace(per_minute=100, per_domain=2)

    first = claim_due(session, owner="a", now=MONDAY, limit=5, pace=pace)
    assert domains_of(session, first) == ["Big.example"] * 2
    # What others hold counts as much as what was tried.
    second = claim_due(session, owner="b", now=MONDAY, limit=8, pace=pace)
    assert domains_of(session, second) == ["small.example"] * 2
    assert claim_due(session, owner="c", now=MONDAY, limit=8, pace=pace) == []

    finish_all(session, first + second, SENT, MONDAY)
    nearly = MONDAY + timedelta(seconds=60)
    assert claim_due(session, owner="c", now=nearly, limit=8, pace=pace) == []
    third = claim_due(session, owner="c", now=nearly + timedelta(seconds=1), limit=8, pace=pace)
    assert sorted(domains_of(session, third)) == ["Big.example", "big.EXAMPLE", "small.example"]


def test_a_refused_mail_counts_for_the_cap_and_a_released_one_does_not(
    session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=4, staff=0)
    pace = Pace(per_minute=2, per_domain=100)

    claims = claim_due(session, owner="a", now=MONDAY, limit=4, pace=pace)
    assert len(claims) == 2
    finish_all(session, claims[:1], LATER, MONDAY)
    release(session, claims[1:])
    session.commit()

    later = MONDAY + timedelta(seconds=30)
    assert len(claim_due(session, owner="b", now=later, limit=4, pace=pace)) == 1


def test_a_clock_that_is_set_back_stops_no_sending(session: Session, keys: LinkKeys) -> None:
    open_survey(session, keys, companies=4, staff=0)
    pace = Pace(per_minute=2, per_domain=2)
    ahead = MONDAY + timedelta(hours=1)
    finish_all(session, claim_due(session, owner="a", now=ahead, limit=4, pace=pace), SENT, ahead)

    assert len(claim_due(session, owner="a", now=MONDAY, limit=4, pace=pace)) == 2


def test_caps_hold_however_many_senders_claim_at_once(
    engine: Engine, session: Session, keys: LinkKeys
) -> None:
    open_survey(session, keys, companies=40, staff=0)
    addressed_to(session, ["one.example"] * 20 + ["other.example"] * 20)
    gate = threading.Barrier(6)
    taken: list[Claim] = []

    def claim_all(owner: str) -> None:
        with Session(engine) as own:
            gate.wait()
            pace = Pace(per_minute=15, per_domain=10)
            while claims := claim_due(own, owner=owner, now=MONDAY, limit=4, pace=pace):
                taken.extend(claims)

    threads = [threading.Thread(target=claim_all, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(domains_of(session, taken)) == {"one.example": 10, "other.example": 5}


# The step to DATA


def test_the_step_to_data_needs_a_lease_that_outlasts_the_conversation(
    session: Session, run: Run
) -> None:
    claim, late = claim_due(session, owner="a", now=MONDAY, limit=2)
    rest = timedelta(seconds=LEASE_SECONDS - DEADLINE_SECONDS)

    assert claim_data(session, claim, now=MONDAY + rest - timedelta(seconds=1))
    assert not claim_data(session, late, now=MONDAY + rest)
    assert not claim_data(session, claim, now=MONDAY), "a row enters DATA once per claim"


@pytest.mark.parametrize("happening", ["opt-out", "close", "pause", "time", "erase"])
def test_what_happens_between_claim_and_data_stops_the_mail(
    session: Session, run: Run, happening: str
) -> None:
    claim = claim_one(session)
    now = MONDAY
    if happening == "opt-out":
        opt_out(session, claim.mail_id)
    elif happening == "close":
        close_run(session, run, now=MONDAY + MINUTE)
    elif happening == "pause":
        session.execute(update(Wave).values(state=WaveState.PAUSED))
    elif happening == "erase":
        session.execute(update(OutgoingMail).values(email=None))
    else:
        now = run.partner.closes_at
        session.execute(
            update(OutgoingMail)
            .where(OutgoingMail.id == claim.mail_id)
            .values(lease_until=now + timedelta(seconds=LEASE_SECONDS))
        )
    session.commit()

    assert not claim_data(session, claim, now=now)
    settle(session, claim, Delivery(Outcome.ABANDONED, Step.RCPT), now=now)
    withdraw_unwanted(session, now=now)
    session.commit()
    row = mail(session, claim.mail_id)
    expected = {"opt-out": MailState.SUPPRESSED, "pause": MailState.QUEUED}
    assert row.state is expected.get(happening, MailState.CANCELLED)
    assert row.attempts == 0


def test_a_late_sender_changes_nothing(session: Session, run: Run) -> None:
    late = claim_one(session)
    later = MONDAY + timedelta(seconds=LEASE_SECONDS + 1)
    expire_leases(session, now=later)
    session.commit()
    new = next(
        each
        for each in claim_due(session, owner="b", now=later, limit=9)
        if each.mail_id == late.mail_id
    )

    assert not claim_data(session, late, now=later)
    assert not settle(session, late, SENT, now=later)
    release(session, [late])
    session.commit()
    row = mail(session, late.mail_id)
    assert (row.state, row.owner, row.fence) == (MailState.CLAIMED, "b", new.fence)


@pytest.mark.parametrize("policy", WhenUncertain)
def test_a_late_250_ends_the_uncertainty_as_long_as_nobody_sends_again(
    session: Session, run: Run, policy: WhenUncertain
) -> None:
    wish = replace(workspace(session), when_uncertain=policy)
    save_workspace(session, wish, now=MONDAY, user_id=None)
    claim = claim_one(session)
    claim_data(session, claim, now=MONDAY)
    later = MONDAY + timedelta(seconds=LEASE_SECONDS + 1)
    expire_leases(session, now=later)
    session.commit()

    assert not settle(session, claim, REFUSED, now=later)
    assert settle(session, claim, SENT, now=later)
    session.commit()

    row = mail(session, claim.mail_id)
    assert (row.state, row.sent_at, row.owner) == (MailState.SENT, later, None)
    assert claim.mail_id not in {
        each.mail_id for each in claim_due(session, owner="b", now=later, limit=9)
    }


def test_a_clock_that_is_set_forward_takes_no_mail_from_a_living_sender(
    session: Session, run: Run
) -> None:
    claim = claim_one(session)
    claim_data(session, claim, now=MONDAY)
    tomorrow = MONDAY + timedelta(days=1)

    expire_leases(session, now=tomorrow)
    session.commit()
    assert claim.mail_id not in {
        each.mail_id for each in claim_due(session, owner="b", now=tomorrow, limit=9)
    }
    assert settle(session, claim, SENT, now=tomorrow)
    session.commit()
    assert mail(session, claim.mail_id).state is MailState.SENT


def test_a_sender_that_died_before_the_clock_was_set_is_followed_a_lease_later(
    session: Session, run: Run
) -> None:
    claim = claim_one(session)
    tomorrow = MONDAY + timedelta(days=1)
    expire_leases(session, now=tomorrow)
    session.commit()
    assert mail(session, claim.mail_id).state is MailState.CLAIMED

    expire_leases(session, now=tomorrow + JUST_OVER)
    session.commit()
    assert mail(session, claim.mail_id).state is MailState.QUEUED


def test_a_clock_that_is_set_back_takes_no_mail_from_a_living_sender(
    session: Session, run: Run
) -> None:
    claim = claim_one(session)
    earlier = MONDAY - timedelta(hours=1)

    assert claim_data(session, claim, now=earlier)
    expire_leases(session, now=earlier)
    assert settle(session, claim, SENT, now=earlier)
    session.commit()
    taken = claim_due(session, owner="b", now=MONDAY, limit=9)
    assert claim.mail_id not in {each.mail_id for each in taken}


# How an attempt ends


def test_a_sent_mail_keeps_the_servers_words(session: Session, run: Run) -> None:
    claim = claim_one(session)
    claim_data(session, claim, now=MONDAY)

    assert settle(session, claim, SENT, now=MONDAY + MINUTE)
    session.commit()

    row = mail(session, claim.mail_id)
    assert (row.state, row.sent_at) == (MailState.SENT, MONDAY + MINUTE)
    assert (row.step, row.reply_code, row.reply_text) == ("dot", 250, "queued")
    assert row.tried_at == MONDAY + MINUTE
    session.rollback()
    assert counts_by_state(session, [run.id])[MailState.SENT] == 1


@on_sqlite
def test_temporary_refusals_are_tried_again_for_about_four_days(session: Session, run: Run) -> None:
    far = MONDAY + timedelta(days=30)
    session.execute(update(Wave).values(closes_at=far, grace_until=far))
    session.execute(delete(OutgoingMail).where(OutgoingMail.id != select_first(session)))
    session.commit()
    now = MONDAY
    waits: list[int] = []

    while True:
        claim = claim_one(session, now)
        settle(session, claim, LATER, now=now)
        session.commit()
        row = mail(session, claim.mail_id)
        if row.state is MailState.FAILED:
            break
        assert row.state is MailState.DEFERRED
        waits.append(int((row.due_at - now) / MINUTE))
        now = row.due_at
        session.rollback()
        assert claim_due(session, owner="b", now=now - MINUTE, limit=1) == []

    assert tuple(waits[:5]) == RETRY_MINUTES
    assert len(waits) == MAX_ATTEMPTS - 1
    assert timedelta(days=3) < now - MONDAY < timedelta(days=5)


def select_first(session: Session) -> int:
    found = session.scalar(select(OutgoingMail.id).order_by(OutgoingMail.id).limit(1))
    assert found
    return found


def test_a_permanent_refusal_is_final(session: Session, run: Run) -> None:
    claim = claim_one(session)
    settle(session, claim, REFUSED, now=MONDAY)
    session.commit()

    row = mail(session, claim.mail_id)
    assert (row.state, row.reply_code) == (MailState.FAILED, 550)
    session.rollback()
    taken = claim_due(session, owner="b", now=MONDAY + timedelta(days=1), limit=9)
    assert claim.mail_id not in {each.mail_id for each in taken}


@pytest.mark.parametrize("is_dead", [True, False], ids=["the sender died", "the line was lost"])
def test_an_uncertain_invitation_is_sent_again_once(
    session: Session, run: Run, is_dead: bool
) -> None:
    now = MONDAY
    seen = []
    for _ in range(2):
        claim = next(c for c in claim_due(session, owner="a", now=now, limit=9))
        first = select_first(session)
        claim = Claim(first, "a", mail(session, first).fence)
        session.rollback()
        assert claim_data(session, claim, now=now)
        if not is_dead:
            settle(session, claim, UNCERTAIN, now=now)
        expire_leases(session, now=now + JUST_OVER)
        now += timedelta(minutes=10)
        session.commit()
        seen.append(mail(session, first).state)
        session.rollback()

    assert seen == [MailState.QUEUED, MailState.UNCERTAIN]
    assert mail(session, select_first(session)).n_uncertain == 2


@pytest.mark.parametrize("is_dead", [True, False], ids=["the sender died", "the line was lost"])
def test_an_uncertain_invitation_is_left_to_a_person_who_wants_it_so(
    session: Session, run: Run, is_dead: bool
) -> None:
    wish = replace(workspace(session), when_uncertain=WhenUncertain.HOLD)
    save_workspace(session, wish, now=MONDAY, user_id=None)
    session.commit()
    claim = claim_one(session)
    claim_data(session, claim, now=MONDAY)
    if not is_dead:
        settle(session, claim, UNCERTAIN, now=MONDAY)
    expire_leases(session, now=MONDAY + JUST_OVER)
    session.commit()

    row = mail(session, claim.mail_id)
    assert (row.state, row.n_uncertain) == (MailState.UNCERTAIN, 1)


@pytest.mark.parametrize("is_dead", [True, False], ids=["the sender died", "the line was lost"])
def test_an_uncertain_reminder_is_left_to_a_person(
    session: Session, keys: LinkKeys, run: Run, is_dead: bool
) -> None:
    session.execute(delete(OutgoingMail))
    queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)
    session.commit()
    claim = claim_one(session)
    claim_data(session, claim, now=MONDAY)
    if not is_dead:
        settle(session, claim, UNCERTAIN, now=MONDAY)
    expire_leases(session, now=MONDAY + JUST_OVER)
    session.commit()

    assert mail(session, claim.mail_id).state is MailState.UNCERTAIN


@on_sqlite
def test_a_mail_that_kills_its_senders_is_given_up(session: Session, run: Run) -> None:
    now = MONDAY
    first = select_first(session)
    session.execute(delete(OutgoingMail).where(OutgoingMail.id != first))
    session.commit()

    for _ in range(MAX_ATTEMPTS):
        claim_one(session, now)
        now += timedelta(seconds=LEASE_SECONDS + 1)
        expire_leases(session, now=now)
        session.commit()

    row = mail(session, first)
    assert row.state is MailState.FAILED
    assert row.reply_text == "every sender ended before it was sent"


# What must not leave


def test_waiting_mails_of_a_wave_that_ended_are_cancelled(session: Session, run: Run) -> None:
    now = run.partner.closes_at
    session.commit()
    assert claim_due(session, owner="a", now=now, limit=9) == []

    assert withdraw_unwanted(session, now=now) == 4
    session.commit()
    assert states(session) == {MailState.CANCELLED: 4}


def test_a_paused_wave_holds_its_mails_and_goes_on_later(session: Session, run: Run) -> None:
    session.execute(update(Wave).values(state=WaveState.PAUSED))
    session.commit()
    assert claim_due(session, owner="a", now=MONDAY, limit=9) == []
    assert withdraw_unwanted(session, now=MONDAY) == 0

    session.execute(update(Wave).values(state=WaveState.OPEN))
    session.commit()
    assert len(claim_due(session, owner="a", now=MONDAY, limit=9)) == 4


def test_an_opt_out_stops_its_address_until_it_is_lifted(session: Session, run: Run) -> None:
    first = select_first(session)
    user = make_user(session)
    opt_out(session, first)
    taken = claim_due(session, owner="a", now=MONDAY, limit=9)
    assert first not in {each.mail_id for each in taken}
    assert len(taken) == 3

    entry = session.scalars(select(Suppression.id)).one()
    lift_suppression(session, entry, user_id=user.id, now=MONDAY)
    session.commit()
    assert claim_one(session).mail_id == first


def test_an_opt_out_from_another_survey_stops_nothing(session: Session, run: Run) -> None:
    first = select_first(session)
    opt_out(session, first, survey_id=run.partner.survey_id)
    assert first not in {c.mail_id for c in claim_due(session, owner="a", now=MONDAY, limit=9)}
    session.execute(delete(Suppression))
    other = Survey(
        slug="other",
        name="Other",
        status="draft",
        mode="confidential",
        time_zone="Europe/Warsaw",
        locales=["en"],
        created_at=MONDAY,
    )
    session.add(other)
    session.flush()

    opt_out(session, first, survey_id=other.id)
    assert claim_one(session).mail_id == first


def test_a_reminder_is_not_sent_after_the_answer(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    session.execute(delete(OutgoingMail))
    queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)
    session.commit()
    claim = claim_one(session)
    session.execute(update(Invitation).values(answered_on=MONDAY.date()))
    session.commit()

    assert not claim_data(session, claim, now=MONDAY)
    assert claim_due(session, owner="b", now=MONDAY, limit=9) == []
    assert withdraw_unwanted(session, now=MONDAY) == 2


def test_a_reset_mail_leaves_whatever_its_receiver_thinks_of_surveys(
    session: Session, run: Run
) -> None:
    user = make_user(session)
    session.execute(delete(OutgoingMail))
    key = identity_hash("k" * 32, user.email)
    session.add(
        OutgoingMail(
            message_id="<1@x>",
            kind=MailKind.PASSWORD_RESET,
            user_id=user.id,
            locale="en",
            email=user.email,
            email_hash=key,
            state=MailState.QUEUED,
            due_at=MONDAY,
        )
    )
    session.flush()
    opt_out(session, select_first(session))
    close_run(session, run, now=MONDAY + MINUTE)
    session.commit()

    assert withdraw_unwanted(session, now=MONDAY) == 0
    assert claim_data(session, claim_one(session), now=MONDAY)


# All of it together


@dataclass(slots=True)
class Sender:
    """One attempt as its process sees it: the claim, and whether it may send the text."""

    claim: Claim
    kind: MailKind
    is_in_data: bool = False


@dataclass(slots=True)
class World:
    """A wave whose mails can be put back to the beginning, for one example after another."""

    session: Session
    run: Run
    mails: list[dict[str, Any]] = field(default_factory=list)

    def remember(self) -> None:
        rows = self.session.execute(select(OutgoingMail.__table__)).mappings()
        self.mails = [dict(row) for row in rows]
        self.session.commit()

    def reset(self) -> None:
        self.session.rollback()
        for table in (OutgoingMail, Suppression):
            self.session.execute(delete(table))
        self.session.execute(update(Invitation).values(answered_on=None))
        self.session.execute(update(Wave).values(state=WaveState.OPEN))
        self.session.execute(insert(OutgoingMail), self.mails)
        self.session.commit()


class Outbox(RuleBasedStateMachine):
    """Senders that claim, send, sleep and die, while people opt out and answer and waves end."""

    world: World

    @initialize()
    def begin(self) -> None:
        self.world.reset()
        self.session = self.world.session
        self.now = MONDAY
        self.senders: list[Sender] = []
        self.copies: Counter[int] = Counter()
        self.ids = self._message_ids()
        self.ended: dict[int, MailState] = {}

    def _rows(self) -> list[OutgoingMail]:
        rows = self.session.scalars(
            select(OutgoingMail).execution_options(populate_existing=True)
        ).all()
        self.session.rollback()
        return list(rows)

    def _message_ids(self) -> dict[int, str]:
        rows = self.session.execute(select(OutgoingMail.id, OutgoingMail.message_id)).all()
        self.session.rollback()
        return {row.id: row.message_id for row in rows}

    def _may_leave(self, row: OutgoingMail) -> bool:
        """The rules once more, one row at a time and in Python."""
        wave = self.session.get_one(Wave, row.wave_id, populate_existing=True)
        invitation = self.session.get_one(Invitation, row.invitation_id, populate_existing=True)
        stopped = self.session.scalars(
            select(Suppression.email_hash).where(Suppression.lifted_at.is_(None))
        ).all()
        return (
            wave.state is WaveState.OPEN
            and self.now < wave.closes_at
            and row.email_hash not in stopped
            and not (row.kind in REMINDERS and invitation.answered_on is not None)
        )

    @rule(owner=st.sampled_from("abc"), limit=st.integers(1, 3))
    def claim(self, owner: str, limit: int) -> None:
        before = {row.id: row.state for row in self._rows()}
        for claim in claim_due(self.session, owner=owner, now=self.now, limit=limit):
            assert before[claim.mail_id] in (MailState.QUEUED, MailState.DEFERRED)
            row = self.session.get_one(OutgoingMail, claim.mail_id, populate_existing=True)
            assert self._may_leave(row)
            self.senders.append(Sender(claim, row.kind))
        self.session.rollback()

    @precondition(lambda self: self.senders)
    @rule(data=st.data())
    def enter_data(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(self.senders))
        row = self.session.get_one(OutgoingMail, sender.claim.mail_id, populate_existing=True)
        is_mine = (row.owner, row.fence) == (sender.claim.owner, sender.claim.fence)
        lease = (row.lease_until or self.now) - self.now
        expected = (
            is_mine
            and row.state is MailState.CLAIMED
            and lease > timedelta(seconds=DEADLINE_SECONDS)
            and self._may_leave(row)
        )
        self.session.rollback()

        assert claim_data(self.session, sender.claim, now=self.now) == expected
        sender.is_in_data = sender.is_in_data or expected

    @precondition(lambda self: self.senders)
    @rule(data=st.data(), arrives=st.booleans(), dies=st.booleans())
    def finish(self, data: st.DataObject, arrives: bool, dies: bool) -> None:
        """Send the text if allowed; then write down how it ended, or die first."""
        sender = data.draw(st.sampled_from(self.senders))
        self.senders.remove(sender)
        if sender.is_in_data and arrives:
            self.copies[sender.claim.mail_id] += 1
        if dies:
            return
        endings = [LATER, REFUSED]
        if sender.is_in_data:
            endings = [SENT, UNCERTAIN] if arrives else [LATER, REFUSED, UNCERTAIN]
        row = self.session.get_one(OutgoingMail, sender.claim.mail_id, populate_existing=True)
        is_mine = (row.owner, row.fence) == (sender.claim.owner, sender.claim.fence)
        before = (row.state, row.fence, row.owner, row.reply_code)

        ending = data.draw(st.sampled_from(endings))
        is_free = row.owner is None and row.state in (MailState.QUEUED, MailState.UNCERTAIN)
        is_news = ending is SENT and is_free and row.fence == sender.claim.fence

        written = settle(self.session, sender.claim, ending, now=self.now)
        self.session.commit()

        assert written == (is_mine or is_news)
        if not written:
            row = mail(self.session, sender.claim.mail_id)
            assert (row.state, row.fence, row.owner, row.reply_code) == before
            self.session.rollback()

    @rule(seconds=st.sampled_from([1, 30, 119, 121, 181, 400, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def expire(self) -> None:
        expire_leases(self.session, now=self.now)
        self.session.commit()
        for row in self._rows():
            assert row.lease_until is None or row.lease_until >= self.now

    @rule()
    def withdraw(self) -> None:
        withdraw_unwanted(self.session, now=self.now)
        self.session.commit()

    @rule(index=st.integers(0, 3))
    def opt_out(self, index: int) -> None:
        key = self.session.scalars(select(Contact.email_hash).order_by(Contact.id)).all()[index]
        assert key
        reason = SuppressionReason.OPT_OUT
        suppress(self.session, key, email=None, reason=reason, source="page", now=self.now)
        self.session.commit()

    @rule(index=st.integers(0, 3))
    def answer(self, index: int) -> None:
        ids = self.session.scalars(select(Invitation.id).order_by(Invitation.id)).all()
        self.session.execute(
            update(Invitation)
            .where(Invitation.id == ids[index])
            .values(answered_on=self.now.date())
        )
        self.session.commit()

    @rule(state=st.sampled_from([WaveState.OPEN, WaveState.PAUSED, WaveState.OPEN]))
    def pause_or_resume(self, state: WaveState) -> None:
        self.session.execute(update(Wave).where(Wave.state != WaveState.CLOSED).values(state=state))
        self.session.commit()

    @precondition(lambda self: len(self.senders) > 2)
    @rule()
    def close(self) -> None:
        self.session.execute(
            update(Wave).where(Wave.id == self.world.run.id).values(state=WaveState.CLOSED)
        )
        self.session.commit()

    @invariant()
    def every_mail_keeps_the_rules(self) -> None:
        going_on = {MailState.QUEUED, MailState.DEFERRED, *HELD}
        for row in self._rows():
            # One Message-ID for ever, at most one extra copy, and what has ended stays ended.
            assert row.message_id == self.ids[row.id]
            assert self.copies[row.id] <= (1 if row.kind in REMINDERS else 2)
            assert row.id not in self.ended or row.state is self.ended[row.id]
            if row.state not in going_on:
                self.ended[row.id] = row.state


def test_no_order_of_events_sends_a_mail_that_must_not_leave(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    # A reminder is queued once its invitation has left; here both wait together.
    session.execute(update(OutgoingMail).values(state=MailState.CANCELLED))
    queue_reminders(session, run.partner, MailKind.REMINDER_1, keys=keys, now=MONDAY)
    session.execute(update(OutgoingMail).values(state=MailState.QUEUED))
    session.commit()
    _write_without_waiting_for_the_disk(session)
    world = World(session, run)
    world.remember()
    machine = type("OutboxOfThisTest", (Outbox,), {"world": world})

    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15 if session.get_bind().dialect.name == "sqlite" else 8,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _write_without_waiting_for_the_disk(session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":
        driver: Any = session.connection().connection.driver_connection
        session.rollback()
        driver.execute("PRAGMA synchronous = OFF")
