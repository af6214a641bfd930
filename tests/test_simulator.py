"""A simulated workspace: the same bytes for the same seed, and everything in its place."""

from __future__ import annotations

import ast
import gc
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import pytest

from analysis.simulator import (
    DEFAULT_UNTIL,
    DRIVERS,
    Workspace,
    build,
    is_denied,
)
from analysis.simulator.companies import TYPE_SHARES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "analysis" / "simulator"
PINNED = "cb196724ed45b4b58ad76343f502e761be995a32507a5c8af21e7240a6dbfbf3"
"""SHA-256 of the small workspace of seed 1; change it only together with the recovery table."""

EVERYTHING = """
import hashlib, json
from dataclasses import asdict
from analysis.simulator import build, identified_sample

workspace = build(1)
digest = hashlib.sha256(workspace.truth.to_json().encode())
rows = (workspace.partners, workspace.contacts, workspace.staff, workspace.waves)
rows += (workspace.actions, workspace.runs(), workspace.orders(through_month=38))
rows += ([identified_sample(workspace)],)
for table in rows:
    for row in table:
        digest.update(json.dumps(asdict(row), default=str, ensure_ascii=False).encode())
print(digest.hexdigest())
"""


@pytest.fixture(scope="module")
def small() -> Workspace:
    return build(1)


@pytest.fixture(scope="module")
def medium() -> Workspace:
    return build(1, "medium")


def company_of(workspace: Workspace) -> dict[str, str]:
    return {contact.external_id: contact.partner_id for contact in workspace.contacts}


@pytest.fixture(scope="module")
def smalls() -> list[Workspace]:
    return [build(seed) for seed in range(1, 21)]


@pytest.fixture(scope="module")
def mediums() -> list[Workspace]:
    return [build(seed, "medium") for seed in range(1, 4)]


def digest_with(hash_seed: str) -> str:
    run = subprocess.run(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", EVERYTHING],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.strip()


@pytest.mark.parametrize("hash_seed", ["0", "1", "random"])
def test_same_seed_gives_the_same_bytes_whatever_the_hash_seed(hash_seed: str) -> None:
    assert digest_with(hash_seed) == PINNED


def test_another_seed_gives_another_workspace(small: Workspace) -> None:
    other = build(2)

    assert [p.name for p in other.partners] != [p.name for p in small.partners]
    assert other.truth.to_json() != small.truth.to_json()


def test_global_random_state_and_collector_are_left_alone() -> None:
    was_enabled = gc.isenabled()

    build(3, (5, 3))

    assert gc.isenabled() == was_enabled


def test_package_imports_nothing_but_the_standard_library_and_itself() -> None:
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                assert top in sys.stdlib_module_names or name.startswith("analysis.simulator"), (
                    f"{path.name} imports {name}"
                )


def test_more_companies_change_nothing_in_earlier_ones() -> None:
    few, many = build(4, (12, 20)), build(4, (30, 20))
    known = {partner.external_id for partner in few.partners}

    assert [(p.name, p.partner_type, p.tier) for p in few.partners] == [
        (p.name, p.partner_type, p.tier) for p in many.partners[:12]
    ]
    assert few.contacts == tuple(c for c in many.contacts if c.partner_id in known)
    assert list(few.orders()) == [o for o in many.orders() if o.partner_id in known]
    for left, right in zip(few.runs(), many.runs(), strict=True):
        assert left.invitations == right.invitations[: len(left.invitations)]
        assert left.responses == right.responses[: len(left.responses)]
        assert left.staff_responses == right.staff_responses


def test_until_moves_dates_and_nothing_else(small: Workspace) -> None:
    later = build(1, until=DEFAULT_UNTIL + 3)

    assert [r.responses for r in later.runs()] == [r.responses for r in small.runs()]
    assert later.truth.first_month == f"{DEFAULT_UNTIL + 2}-01"
    assert later.waves[0].opens_on.year == small.waves[0].opens_on.year + 3
    assert {o.month.year for o in later.orders()} == {
        DEFAULT_UNTIL + 1,
        DEFAULT_UNTIL + 2,
        DEFAULT_UNTIL + 3,
    }


@pytest.mark.parametrize("size", ["tiny", (0, 3), (3, 0)])
def test_unknown_or_empty_size_is_refused(size: str | tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"size|companies"):
        build(1, size)


def test_unknown_world_is_refused() -> None:
    with pytest.raises(ValueError, match="world"):
        build(1, world="easy")


def test_truth_is_one_json_object_with_sorted_keys(small: Workspace) -> None:
    text = small.truth.to_json()
    truth = json.loads(text)

    assert list(truth) == sorted(truth)
    assert (truth["seed"], truth["world"], truth["size"]) == (1, "default", "small")
    assert len(truth["companies"]) == 60
    assert len(truth["scores"]) == 8 * len(DRIVERS) * 5


def test_small_workspaces_have_the_stated_size(smalls: list[Workspace]) -> None:
    counts = [workspace.truth.counts for workspace in smalls]
    responses = [sum(w.answered for w in s.truth.waves) for s in smalls]

    assert {(c.companies, c.staff) for c in counts} == {(60, 30)}
    assert fmean(c.contacts for c in counts) == pytest.approx(217, rel=0.05)
    assert all(170 <= c.contacts <= 260 for c in counts)
    assert fmean(responses) == pytest.approx(762, rel=0.07)
    assert all(500 <= n <= 980 for n in responses)
    assert fmean(c.order_months for c in counts) == pytest.approx(1760, rel=0.03)
    assert fmean(c.exits for c in counts) == pytest.approx(16, rel=0.15)
    assert all(7 <= c.exits <= 28 for c in counts)


def test_medium_workspaces_have_the_stated_size(mediums: list[Workspace]) -> None:
    counts = [workspace.truth.counts for workspace in mediums]
    responses = [sum(w.answered for w in m.truth.waves) for m in mediums]

    assert {(c.companies, c.staff) for c in counts} == {(300, 45)}
    assert fmean(c.contacts for c in counts) == pytest.approx(1069, rel=0.04)
    assert fmean(responses) == pytest.approx(3777, rel=0.05)
    assert fmean(c.order_months for c in counts) == pytest.approx(8780, rel=0.03)
    assert fmean(c.exits for c in counts) == pytest.approx(79, rel=0.12)


def test_half_of_delivered_invitations_are_answered(mediums: list[Workspace]) -> None:
    waves = [wave for workspace in mediums for wave in workspace.truth.waves]
    delivered, invited = sum(w.delivered for w in waves), sum(w.invited for w in waves)
    reached = [
        {company_of(m)[i.contact_id] for i in run.invitations if i.state != "bounced"}
        for m in mediums
        for run in m.runs()
    ]

    assert sum(w.answered for w in waves) / delivered == pytest.approx(0.48, abs=0.02)
    assert sum(w.bounced for w in waves) / invited == pytest.approx(0.06, abs=0.01)
    assert sum(w.companies for w in waves) / sum(map(len, reached)) == pytest.approx(0.73, abs=0.02)
    assert sum(w.staff_answered for w in waves) / sum(w.staff_invited for w in waves) == (
        pytest.approx(0.85, abs=0.03)
    )


def test_counts_of_the_truth_equal_the_rows(small: Workspace) -> None:
    for run, counts in zip(small.runs(), small.truth.waves, strict=True):
        states = Counter(invitation.state for invitation in run.invitations)
        assert counts.invited == len(run.invitations)
        assert counts.delivered == counts.invited - states["bounced"]
        assert counts.answered == states["answered"] == len(run.responses)
        assert counts.broke_off == states["broke_off"]
        assert counts.opted_out == states["opted_out"]
        assert counts.staff_answered == len(run.staff_responses)
    orders = list(small.orders())
    totals = small.truth.counts
    assert totals.order_rows == len(orders)
    assert totals.order_months == len({(order.partner_id, order.month) for order in orders})
    assert totals.contacts + totals.successors == len(small.contacts)


def test_shares_of_types_tiers_and_bands_are_the_stated_ones() -> None:
    partners = build(8, (1500, 2)).partners

    def shares(values: Iterator[str]) -> dict[str, float]:
        return {value: count / len(partners) for value, count in Counter(values).items()}

    assert shares(iter(p.partner_type for p in partners)) == pytest.approx(TYPE_SHARES, abs=0.03)
    assert shares(iter(p.tier for p in partners)) == pytest.approx(
        {"gold": 0.20, "silver": 0.35, "registered": 0.45}, abs=0.03
    )
    assert shares(iter(p.language for p in partners))["pl"] == pytest.approx(0.70, abs=0.03)
    assert len({p.region for p in partners}) == 5
    assert Counter(p.revenue_band for p in partners) == {"A": 150, "B": 450, "C": 900}


def test_no_company_bears_a_known_brand(mediums: list[Workspace]) -> None:
    names = [partner.name for workspace in mediums for partner in workspace.partners]

    assert not [name for name in names if is_denied(name.split()[0])]


@pytest.mark.parametrize("name", ["Microsoft", "microsoftnet", "ORACLE", "Sap", "Intelo", "Acerix"])
def test_brands_are_denied_in_any_case_and_inside_longer_words(name: str) -> None:
    assert is_denied(name)


@pytest.mark.parametrize("name", ["Tarnolit", "Brindlemoor", "Sapolit", "Świtnor"])
def test_invented_words_are_not_denied(name: str) -> None:
    assert not is_denied(name)


def test_mail_goes_to_reserved_domains_only(medium: Workspace) -> None:
    emails = [person.email for person in medium.contacts]
    emails += [person.email for person in medium.staff]

    assert all(re.fullmatch(r"[a-z0-9.]+@[a-z0-9-]+\.example", email) for email in emails)
    assert len(set(emails)) == len(emails)
    assert len({partner.mail_domain for partner in medium.partners}) == 300
    assert len({partner.name for partner in medium.partners}) == 300


def test_contacts_write_from_the_domain_of_their_company(small: Workspace) -> None:
    domain_of = {partner.external_id: partner.mail_domain for partner in small.partners}

    assert all(c.email.endswith(f"@{domain_of[c.partner_id]}") for c in small.contacts)


def test_polish_names_keep_their_letters(medium: Workspace) -> None:
    names = "".join(f"{c.first_name}{c.last_name}" for c in medium.contacts)
    companies = "".join(partner.name for partner in medium.partners)

    assert set("ąęłńśźż") <= set(names.lower())
    assert set("śłż") & set(companies.lower())


def test_polish_surnames_agree_with_the_first_name(medium: Workspace) -> None:
    for contact in medium.contacts:
        if contact.language == "pl":
            is_woman = contact.first_name.endswith("a")
            ending = contact.last_name[-3:]
            assert not (is_woman and ending in ("ski", "cki")), contact
            assert not (not is_woman and ending in ("ska", "cka")), contact


def test_each_company_has_one_main_contact_at_a_time(medium: Workspace) -> None:
    mains: dict[str, list[tuple[int, int | None]]] = defaultdict(list)
    for contact in medium.contacts:
        if contact.is_main:
            mains[contact.partner_id].append((contact.joined_before_wave, contact.left_before_wave))

    assert len(mains) == 300
    for terms in mains.values():
        assert terms[0][0] == 0
        for (_, left), (joined, _) in pairwise(terms):
            assert left is not None
            assert left < joined


def test_account_managers_are_channel_sales_people(medium: Workspace) -> None:
    managers = {member.external_id for member in medium.staff if member.is_account_manager}

    assert {partner.account_manager for partner in medium.partners} == managers
    assert len(managers) == 15
    assert {m.team for m in medium.staff if m.is_account_manager} == {"channel_sales"}
    assert {m.team for m in medium.staff} == {
        "channel_sales",
        "marketing",
        "support",
        "management",
    }
