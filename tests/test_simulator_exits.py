"""Orders and planted exits of a simulated workspace, and the survey that shows names."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from statistics import fmean

import pytest

from analysis.simulator import (
    PRODUCT_LINES,
    Workspace,
    build,
    identified_sample,
)
from analysis.simulator.timeline import FIRST_ORDER_MONTH, LAST_PLANTED_MONTH, LAST_SEEN_MONTH


@pytest.fixture(scope="module")
def small() -> Workspace:
    return build(1)


@pytest.fixture(scope="module")
def medium() -> Workspace:
    return build(1, "medium")


@pytest.fixture(scope="module")
def many() -> Workspace:
    return build(2, (1000, 10))


@pytest.fixture(scope="module")
def smalls() -> list[Workspace]:
    return [build(seed) for seed in range(1, 6)]


def company_of(workspace: Workspace) -> dict[str, str]:
    return {contact.external_id: contact.partner_id for contact in workspace.contacts}


def month_number(day: date, until: int) -> int:
    return 12 * (day.year - until + 1) + day.month - 1


def totals_by_month(workspace: Workspace) -> dict[str, dict[int, int]]:
    totals: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for order in workspace.orders(through_month=LAST_PLANTED_MONTH):
        month = month_number(order.month, workspace.until)
        totals[order.partner_id][month] += order.amount_cents
    return totals


def test_orders_are_positive_and_of_known_lines(medium: Workspace) -> None:
    orders = list(medium.orders())
    lines: dict[str, set[str]] = defaultdict(set)
    for order in orders:
        assert order.amount_cents > 0
        assert order.month.day == 1
        lines[order.partner_id].add(order.product_line)
    months = {month_number(order.month, medium.until) for order in orders}

    assert (min(months), max(months)) == (FIRST_ORDER_MONTH, LAST_SEEN_MONTH)
    assert {line for bought in lines.values() for line in bought} == set(PRODUCT_LINES)
    assert max(map(len, lines.values())) <= 9
    keys = [(order.partner_id, order.month, order.product_line) for order in orders]
    assert len(set(keys)) == len(keys)


def test_leavers_order_last_in_their_last_month(medium: Workspace) -> None:
    totals = totals_by_month(medium)
    leavers = [c for c in medium.truth.companies if c.exit_kind is not None]

    for company in leavers:
        assert max(totals[company.partner_id]) == company.last_order_month
    assert all(
        max(totals[c.partner_id]) >= 34 for c in medium.truth.companies if c.exit_kind is None
    )


def test_exits_show_in_orders_as_their_kind_says(many: Workspace) -> None:
    totals = totals_by_month(many)
    kept: dict[str, list[float]] = defaultdict(list)
    for company in many.truth.companies:
        last, turned = company.last_order_month, company.turned_away_month
        if company.exit_kind and last is not None and turned is not None and turned >= 0:
            amounts = totals[company.partner_id]
            before = fmean(amounts[m] for m in range(turned - 12, turned))
            ending = fmean(amounts[m] for m in range(last - 2, last + 1))
            kept[company.exit_kind].append(ending / max(before, 1))

    medians = {kind: sorted(values)[len(values) // 2] for kind, values in kept.items()}
    assert medians["slow_fade"] < 0.25
    assert medians["narrowing"] < 0.6
    assert 0.7 < medians["sudden_stop"] < 1.4


def test_narrowing_partners_buy_fewer_lines(many: Workspace) -> None:
    lines: dict[tuple[str, int], int] = Counter(
        (order.partner_id, month_number(order.month, many.until))
        for order in many.orders(through_month=LAST_PLANTED_MONTH)
    )
    narrowing = [c for c in many.truth.companies if c.exit_kind == "narrowing"]

    def usual(company_id: str, months: range) -> float:
        bought = [lines[company_id, month] for month in months if lines[company_id, month]]
        return fmean(bought) if bought else 0.0

    early = fmean(usual(c.partner_id, range(-12, 0)) for c in narrowing)
    late = fmean(
        usual(c.partner_id, range(c.last_order_month - 3, c.last_order_month + 1))
        for c in narrowing
        if c.last_order_month is not None
    )
    assert late < early * 0.6


def test_those_who_go_quiet_answer_less_and_the_polite_as_before(many: Workspace) -> None:
    companies = company_of(many)
    turned = {
        c.partner_id: (c.turned_away_month, c.last_order_month, c.goes_quiet)
        for c in many.truth.companies
        if c.exit_kind is not None
    }
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for run in many.runs():
        for invitation in run.invitations:
            if invitation.state == "bounced":
                continue
            group = "steady"
            since, last, quiet = turned.get(companies[invitation.contact_id], (None, None, False))
            if since is not None and last is not None and run.wave.field_month >= since:
                if run.wave.field_month > last:
                    continue
                group = "quiet" if quiet else "polite"
            counts[group][0] += 1
            counts[group][1] += invitation.state == "answered"
    rates = {group: answered / delivered for group, (delivered, answered) in counts.items()}

    assert rates["quiet"] < 0.25
    assert rates["polite"] > rates["steady"] - 0.08
    assert rates["steady"] > 0.48


def test_worlds_differ_in_how_partners_leave() -> None:
    default, hard, rare = (build(1, (600, 2), world=w).truth for w in ("default", "hard", "rare"))
    leavers = [[c for c in t.companies if c.exit_kind] for t in (default, hard, rare)]

    def quiet(number: int) -> float:
        return fmean(company.goes_quiet for company in leavers[number])

    assert len(leavers[1]) == len(leavers[0])
    assert len(leavers[2]) == pytest.approx(0.4 * len(leavers[0]), rel=0.2)
    assert quiet(0) == pytest.approx(0.85, abs=0.06)
    assert quiet(1) == pytest.approx(0.50, abs=0.08)


def test_only_loyal_partners_are_look_alikes(medium: Workspace) -> None:
    kinds: Counter[str] = Counter()
    loyal = [c for c in medium.truth.companies if c.exit_kind is None]
    for company in medium.truth.companies:
        assert company.exit_kind is None or company.look_alikes == ()
        kinds.update(event.kind for event in company.look_alikes)

    assert 0.05 <= kinds["lost_customer"] / len(loyal) <= 0.16
    assert kinds["busy"] > kinds["mail_domain"] > 0


def test_the_dissatisfied_leave_more_often(many: Workspace) -> None:
    companies = many.truth.companies

    def mean(leaves: bool) -> float:
        return fmean(c.satisfaction for c in companies if (c.exit_kind is not None) == leaves)

    assert mean(True) < -0.2
    assert mean(False) > 0.05


def test_identified_sample_is_twelve_partners_and_twenty_answers(smalls: list[Workspace]) -> None:
    for workspace in smalls:
        sample = identified_sample(workspace)
        partners = company_of(workspace)
        assert len(sample.partner_ids) == 12
        assert len(sample.responses) == 20
        assert not sample.wave.is_open
        asked = {invitation.contact_id for invitation in sample.invitations}
        assert {partners[contact] for contact in asked} <= set(sample.partner_ids)
        assert [i.contact_id for i in sample.invitations if i.state == "answered"] == [
            response.contact_id for response in sample.responses
        ]


def test_identified_sample_asks_nobody_who_left_or_stopped(medium: Workspace) -> None:
    contacts = {contact.external_id: contact for contact in medium.contacts}
    sample = identified_sample(medium)
    last = max(w.number for w in medium.waves if w.opens_on < sample.wave.opens_on)

    for invitation in sample.invitations:
        contact = contacts[invitation.contact_id]
        assert contact.joined_before_wave <= last
        assert contact.left_before_wave is None or contact.left_before_wave > last
        assert contact.opted_out_in_wave is None or contact.opted_out_in_wave > last


def test_identified_answers_show_who_has_turned_away() -> None:
    workspace = build(7, (800, 2), mode="identified")
    companies = company_of(workspace)
    since = {
        c.partner_id: c.turned_away_month
        for c in workspace.truth.companies
        if c.goes_quiet and c.turned_away_month is not None
    }
    shrinking: dict[bool, list[bool]] = {True: [], False: []}
    means: dict[bool, list[float]] = {True: [], False: []}
    for run in workspace.runs():
        for response in run.responses:
            month = since.get(companies[response.contact_id])
            group = month is not None and run.wave.field_month >= month
            shrinking[group].append(response.answers[11] in (4, 5))
            known = [step for step in response.answers[:10] if step is not None]
            means[group].append(25 * (fmean(known) - 1))

    assert fmean(shrinking[True]) == pytest.approx(0.30 * 0.96, abs=0.05)
    assert fmean(shrinking[False]) == pytest.approx(0.07 * 0.96, abs=0.01)
    assert fmean(means[True]) < fmean(means[False]) - 7


def test_mode_changes_answers_but_not_who_answers(small: Workspace) -> None:
    identified = build(1, mode="identified")

    for left, right in zip(small.runs(), identified.runs(), strict=True):
        assert left.invitations == right.invitations
        assert left.staff_responses == right.staff_responses
