"""Who is asked, whom mail reaches and who answers in a simulated workspace."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.simulator import (
    DEFAULT_UNTIL,
    QUESTIONS,
    Invitation,
    WaveRun,
    Workspace,
    build,
    identified_sample,
)
from analysis.simulator.runs import play_wave


@pytest.fixture(scope="module")
def small() -> Workspace:
    return build(1)


@pytest.fixture(scope="module")
def medium() -> Workspace:
    return build(1, "medium")


def company_of(workspace: Workspace) -> dict[str, str]:
    return {contact.external_id: contact.partner_id for contact in workspace.contacts}


def check_wave(workspace: Workspace, run: WaveRun) -> None:
    """What must hold in any wave of any workspace."""
    contacts = {contact.external_id: contact for contact in workspace.contacts}
    answered = [i for i in run.invitations if i.state == "answered"]
    assert [i.contact_id for i in answered] == [r.contact_id for r in run.responses]
    assert len({i.contact_id for i in run.invitations}) == len(run.invitations)
    for invitation in run.invitations:
        check_invitation(workspace, run, invitation)
    for invitation, response in zip(answered, run.responses, strict=True):
        assert (response.day, response.channel) == (invitation.day, invitation.channel)
        assert response.language == contacts[response.contact_id].language
        assert len(response.answers) == len(QUESTIONS)
        assert all(step is None or 1 <= step <= 5 for step in response.answers[:10])
        assert response.answers[10] in range(11)
        assert response.answers[11] in (None, 1, 2, 3, 4, 5)
        assert 0 < response.minute < 24 * 60 - response.seconds / 60
        assert response.asks_for_contact or response.contact_replied_after is None
    for response in run.staff_responses:
        assert response.answers[10] in range(11)
        assert response.answers[11] is None or response.answers[11] in range(11)
        assert response.comment is None


def check_invitation(workspace: Workspace, run: WaveRun, invitation: Invitation) -> None:
    wave = run.wave
    mail_days = {
        "invitation": 0,
        "reminder_1": (wave.reminds_on[0] - wave.opens_on).days,
        "reminder_last": (wave.reminds_on[1] - wave.opens_on).days,
    }
    assert (invitation.state == "bounced") == (invitation.bounce is not None)
    if invitation.state == "silent":
        assert (invitation.day, invitation.channel) == (None, None)
    else:
        assert invitation.day is not None
        assert invitation.channel is not None
        assert mail_days[invitation.channel] <= invitation.day
        assert wave.opens_on + timedelta(days=invitation.day) <= wave.closes_on


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**9),
    companies=st.integers(1, 9),
    staff=st.integers(1, 6),
    world=st.sampled_from(["default", "hard", "rare"]),
)
def test_any_workspace_holds_together(seed: int, companies: int, staff: int, world: str) -> None:
    workspace = build(seed, (companies, staff), world=world)

    assert len(workspace.partners) == companies
    assert len(workspace.staff) == staff
    for run in workspace.runs():
        check_wave(workspace, run)
    check_people(workspace)
    sample = identified_sample(workspace)
    assert len(sample.partner_ids) == min(12, companies)


def check_people(workspace: Workspace) -> None:
    """Each contact is asked from joining until opting out or being succeeded, and not else."""
    states: dict[str, dict[int, Invitation]] = defaultdict(dict)
    for run in workspace.runs():
        for invitation in run.invitations:
            states[invitation.contact_id][run.wave.number] = invitation
    for contact in workspace.contacts:
        asked = states[contact.external_id]
        assert min(asked) == contact.joined_before_wave
        assert sorted(asked) == list(range(min(asked), max(asked) + 1))
        opted_out = contact.opted_out_in_wave
        if opted_out is not None:
            assert asked[opted_out].state == "opted_out"
            assert max(asked) == opted_out
        left = contact.left_before_wave
        if left is not None and opted_out is None:
            gone = [invitation for wave, invitation in asked.items() if wave >= left]
            assert {invitation.bounce for invitation in gone} <= {"unknown_user"}


def test_waves_hold_together(small: Workspace) -> None:
    for run in small.runs():
        check_wave(small, run)
    check_people(small)


def test_waves_are_quarterly_from_tuesday_to_friday(small: Workspace) -> None:
    assert [wave.field_month for wave in small.waves] == [1, 4, 7, 10, 13, 16, 19, 22]
    assert [wave.label for wave in small.waves[:5]] == [
        f"Q1 {DEFAULT_UNTIL - 1}",
        f"Q2 {DEFAULT_UNTIL - 1}",
        f"Q3 {DEFAULT_UNTIL - 1}",
        f"Q4 {DEFAULT_UNTIL - 1}",
        f"Q1 {DEFAULT_UNTIL}",
    ]
    for wave in small.waves:
        assert (wave.opens_on.weekday(), wave.closes_on.weekday()) == (1, 4)
        assert wave.opens_on < wave.reminds_on[0] < wave.reminds_on[1] < wave.closes_on
        assert wave.opens_on.month == wave.closes_on.month
        assert not wave.is_open


def test_half_of_the_answers_follow_the_invitation(medium: Workspace) -> None:
    channels = Counter(r.channel for run in medium.runs() for r in run.responses)
    n = channels.total()

    assert {key: count / n for key, count in channels.items()} == pytest.approx(
        {"invitation": 0.5, "reminder_1": 0.3, "reminder_last": 0.2}, abs=0.03
    )


def test_dont_know_and_consent_are_as_frequent_as_stated(medium: Workspace) -> None:
    responses = [r for run in medium.runs() for r in run.responses]
    drivers = [step for r in responses for step in r.answers[:10]]
    consents = [r for r in responses if r.asks_for_contact]

    assert drivers.count(None) / len(drivers) == pytest.approx(0.04, abs=0.004)
    assert len(consents) / len(responses) == pytest.approx(0.15, abs=0.02)
    late = [r for r in consents if (r.contact_replied_after or 99) > 10]
    assert len(late) / len(consents) == pytest.approx(0.10, abs=0.05)


def test_a_failing_mail_domain_bounces_for_all_of_the_company() -> None:
    workspace = build(6, (400, 10))
    failing = {
        (company.partner_id, event.first)
        for company in workspace.truth.companies
        for event in company.look_alikes
        if event.kind == "mail_domain"
    }
    companies = company_of(workspace)
    seen: dict[tuple[str, int], set[str]] = defaultdict(set)
    for run in workspace.runs():
        for invitation in run.invitations:
            key = companies[invitation.contact_id], run.wave.number
            if key in failing:
                seen[key].add(invitation.state)
            else:
                assert invitation.bounce != "unknown_domain"

    assert len(failing) > 4
    assert all(states == {"bounced"} for states in seen.values())


def test_runs_can_be_read_again(small: Workspace) -> None:
    again = [play_wave(small.stage, wave) for wave in small.waves]

    assert list(small.runs()) == list(small.runs()) == again


def test_an_open_wave_stops_at_the_goal_with_the_earliest_answers(small: Workspace) -> None:
    wave = small.waves[0]
    whole = play_wave(small.stage, wave)

    part = play_wave(small.stage, wave, at_most=40)

    assert len(part.responses) == 40
    assert len(part.invitations) == len(whole.invitations)
    last_day = max(response.day for response in part.responses)
    kept = {response.contact_id for response in part.responses}
    assert all(r.day >= last_day for r in whole.responses if r.contact_id not in kept)
    assert sum(i.state == "answered" for i in part.invitations) == 40


@pytest.mark.slow
def test_the_large_workspace_has_a_million_responses_and_an_open_wave() -> None:
    workspace = build(1, "large")
    counts = [len(run.responses) for run in workspace.runs()]

    assert len(workspace.partners) == 25_000
    assert len(counts) == 20
    assert sum(counts) == 1_000_000
    assert counts[-1] < counts[-2]
    assert [wave.is_open for wave in workspace.waves] == [False] * 19 + [True]
    assert workspace.truth.counts.contacts == pytest.approx(89_188, rel=0.01)
    assert workspace.truth.counts.order_months == pytest.approx(731_738, rel=0.01)
    assert workspace.truth.counts.exits == pytest.approx(6_692, rel=0.03)
    assert sum(1 for _ in islice(workspace.orders(), 1000)) == 1000
