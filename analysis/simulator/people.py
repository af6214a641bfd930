"""The rows of partners, contacts and staff, with their names.

Source: method of the simulator, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from analysis.simulator.companies import TIME_ZONES, CompanyPlan
from analysis.simulator.names import (
    VENDOR_DOMAIN,
    CompanyName,
    company_name,
    email_address,
    job_title,
    person_name,
)
from analysis.simulator.orders import OrderBook
from analysis.simulator.participation import Person
from analysis.simulator.randomness import normal, stream
from analysis.simulator.rows import Contact, Language, Partner, RevenueBand, StaffMember, Team
from analysis.simulator.timeline import FIRST_ORDER_MONTH
from analysis.simulator.worlds import Size

COMPANIES_A_MANAGER = 20
BAND_A_SHARE = 0.10
BAND_B_SHARE = 0.40
"""Part of the companies in bands A and B together."""

_TEAMS: tuple[Team, ...] = (
    *("channel_sales", "marketing", "channel_sales", "support", "channel_sales"),
    *("management", "channel_sales", "support", "marketing", "support"),
)
"""Teams in turn, so that a larger staff begins with the same people."""
_POLISH_STAFF_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Colleague:
    """A staff member and how that person sees everything (normal, 0 as the team does)."""

    row: StaffMember
    leaning: float


def staff_of(seed: int, size: Size) -> tuple[Colleague, ...]:
    """All staff; the first in channel sales look after the partners."""
    managers = set(manager_ids(size))
    taken: set[str] = set()
    return tuple(_colleague(seed, index, managers, taken) for index in range(size.staff))


def manager_ids(size: Size) -> tuple[str, ...]:
    """External ids of the account managers: one for 20 companies, as far as the team goes."""
    wanted = ceil(size.companies / COMPANIES_A_MANAGER)
    team = [index for index in range(size.staff) if _team(index) == "channel_sales"]
    return tuple(_staff_id(index) for index in team[:wanted])


def company_names(seed: int, plans: Sequence[CompanyPlan]) -> tuple[CompanyName, ...]:
    """A name and a mail domain for each company, no domain twice."""
    taken: set[str] = {VENDOR_DOMAIN}
    return tuple(
        company_name(stream(seed, f"names/{plan.index}"), plan.country, taken=taken)
        for plan in plans
    )


def partner_rows(
    plans: Sequence[CompanyPlan],
    names: Sequence[CompanyName],
    books: Sequence[OrderBook],
    size: Size,
) -> tuple[Partner, ...]:
    """The rows of all partners; the revenue band needs the orders of all of them."""
    managers = manager_ids(size)
    bands = _revenue_bands(books)
    return tuple(
        Partner(
            external_id=plan.partner_id,
            name=name.name,
            mail_domain=name.mail_domain,
            partner_type=plan.partner_type,
            tier=plan.tier,
            region=plan.region,
            country=plan.country,
            language=plan.language,
            size_band=plan.size_band,
            revenue_band=band,
            account_manager=managers[plan.index // COMPANIES_A_MANAGER % len(managers)],
        )
        for plan, name, band in zip(plans, names, bands, strict=True)
    )


def contact_rows(
    seed: int, plan: CompanyPlan, people: Sequence[Person], domain: str
) -> tuple[Contact, ...]:
    """The rows of one company's contacts, in the order of `people`."""
    dice = stream(seed, f"people/{plan.index}")
    taken: set[str] = set()
    rows = []
    for number, person in enumerate(people, start=1):
        seat = plan.seats[person.seat]
        name = person_name(dice, seat.language)
        rows.append(
            Contact(
                external_id=f"C-{plan.index + 1:05d}-{number:02d}",
                partner_id=plan.partner_id,
                first_name=name.first,
                last_name=name.last,
                email=email_address(name, domain, taken=taken),
                language=seat.language,
                role=seat.role,
                job_title=job_title(dice, seat.language, seat.role),
                is_main=seat.is_main,
                time_zone=TIME_ZONES[plan.country],
                joined_before_wave=person.joined_before_wave,
                left_before_wave=person.left_before_wave,
                opted_out_in_wave=person.opted_out_in_wave,
            )
        )
    return tuple(rows)


def _colleague(seed: int, index: int, managers: set[str], taken: set[str]) -> Colleague:
    dice = stream(seed, f"staff/{index}")
    language: Language = "pl" if dice() < _POLISH_STAFF_SHARE else "en"
    name, team, external_id = person_name(dice, language), _team(index), _staff_id(index)
    row = StaffMember(
        external_id=external_id,
        first_name=name.first,
        last_name=name.last,
        email=email_address(name, VENDOR_DOMAIN, taken=taken),
        language=language,
        team=team,
        job_title=job_title(dice, language, team),
        is_account_manager=external_id in managers,
        time_zone=TIME_ZONES["PL" if language == "pl" else "GB"],
    )
    return Colleague(row, leaning=normal(dice))


def _revenue_bands(books: Sequence[OrderBook]) -> list[RevenueBand]:
    before_waves = [book.total_cents(FIRST_ORDER_MONTH, -1) for book in books]
    ranking = sorted(range(len(books)), key=lambda index: (-before_waves[index], index))
    bands: list[RevenueBand] = ["C"] * len(books)
    for place, index in enumerate(ranking):
        share = place / len(books)
        bands[index] = "A" if share < BAND_A_SHARE else "B" if share < BAND_B_SHARE else "C"
    return bands


def _team(index: int) -> Team:
    return _TEAMS[index % len(_TEAMS)]


def _staff_id(index: int) -> str:
    return f"S-{index + 1:03d}"
