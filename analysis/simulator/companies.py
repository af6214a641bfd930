"""Who exists: partner companies with their satisfaction, their exit and what only looks like one.

A plan holds what was drawn for one company before anything happens to it; people, answers and
orders follow elsewhere, each from a stream of its own.
Source: method of the simulator, sections 2 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from analysis.simulator.randomness import Dice, Weighted, normal, one_of, stream, uniform_int
from analysis.simulator.rows import Language, PartnerType, Role, SizeBand, Tier
from analysis.simulator.truth import ExitKind, LookAlike
from analysis.simulator.worlds import Size, World

TYPE_SHARES: dict[PartnerType, float] = {
    "reseller": 0.50,
    "integrator": 0.25,
    "msp": 0.15,
    "distributor": 0.10,
}
TIER_SHARES: dict[Tier, float] = {"gold": 0.20, "silver": 0.35, "registered": 0.45}
SIZE_SHARES: dict[SizeBand, float] = {"micro": 0.22, "small": 0.38, "medium": 0.28, "large": 0.12}
CONTACTS: dict[SizeBand, tuple[int, int]] = {
    "micro": (1, 2),
    "small": (2, 4),
    "medium": (3, 6),
    "large": (5, 9),
}

REGION_SHARES: dict[str, float] = {
    "Poland North": 0.20,
    "Poland Central": 0.28,
    "Poland South": 0.22,
    "Western Europe": 0.16,
    "Nordics and Baltics": 0.14,
}
"""Seven in ten are Polish; the others are asked in English."""

_COUNTRIES: dict[str, tuple[str, ...]] = {
    "Western Europe": ("GB", "GB", "NL", "IE"),
    "Nordics and Baltics": ("SE", "DK", "LT", "EE"),
}
TIME_ZONES: dict[str, str] = {
    "PL": "Europe/Warsaw",
    "GB": "Europe/London",
    "NL": "Europe/Amsterdam",
    "IE": "Europe/Dublin",
    "SE": "Europe/Stockholm",
    "DK": "Europe/Copenhagen",
    "LT": "Europe/Vilnius",
    "EE": "Europe/Tallinn",
}

OTHER_LANGUAGE_SHARE = 0.08
"""Contacts who prefer the other language than their company."""

_TYPES = Weighted(tuple(TYPE_SHARES), tuple(TYPE_SHARES.values()))
_TIERS = Weighted(tuple(TIER_SHARES), tuple(TIER_SHARES.values()))
_BANDS = Weighted(tuple(SIZE_SHARES), tuple(SIZE_SHARES.values()))
_REGIONS = Weighted(tuple(REGION_SHARES), tuple(REGION_SHARES.values()))
_MAIN_ROLES: Weighted[Role] = Weighted(("owner", "sales", "technical"), (0.45, 0.40, 0.15))
_OTHER_ROLES: Weighted[Role] = Weighted(
    ("sales", "technical", "marketing", "finance", "owner"), (0.40, 0.30, 0.12, 0.10, 0.08)
)

_EXIT_BASE = 0.25
_EXIT_SLOPE = -0.35
_EXIT_CAP = 0.9
LAST_ORDER = (6, 36)
KIND_SHARES: dict[ExitKind, float] = {"slow_fade": 0.45, "sudden_stop": 0.25, "narrowing": 0.30}
_KINDS = Weighted(tuple(KIND_SHARES), tuple(KIND_SHARES.values()))
MONTHS_BEFORE: dict[ExitKind, tuple[int, int]] = {
    "slow_fade": (12, 20),
    "sudden_stop": (6, 12),
    "narrowing": (12, 20),
}

_BUSY_SHARE = 0.06
_BUSY_QUARTERS = (2, 3)
_FAILING_DOMAIN_SHARE = 0.03
_LOST_CUSTOMER_SHARE = 0.10
_LOST_CUSTOMER_START = (0, 20)
_LOST_CUSTOMER_MONTHS = (3, 5)


@dataclass(frozen=True, slots=True)
class Seat:
    """One place at a company, held by a contact and, if that one leaves, by a successor."""

    role: Role
    language: Language
    is_main: bool


@dataclass(frozen=True, slots=True)
class Exit:
    """How and when a partner leaves; months count from month 0."""

    kind: ExitKind
    turned_away: int
    last_order: int
    goes_quiet: bool

    def has_turned(self, month: int) -> bool:
        """Whether the partner has turned away by this month and shows it in the survey."""
        return self.goes_quiet and month >= self.turned_away


@dataclass(frozen=True, slots=True)
class CompanyPlan:
    """Everything drawn for one company before the first wave."""

    index: int
    partner_type: PartnerType
    tier: Tier
    size_band: SizeBand
    region: str
    country: str
    language: Language
    satisfaction: float
    seats: tuple[Seat, ...]
    exit: Exit | None
    look_alikes: tuple[LookAlike, ...]

    @property
    def partner_id(self) -> str:
        """The external_id of the company."""
        return f"P-{self.index + 1:05d}"


def exit_chance(satisfaction: float, world: World) -> float:
    """Chance that a company of this satisfaction leaves within the planted months."""
    return min(_EXIT_CAP, _EXIT_BASE * exp(_EXIT_SLOPE * satisfaction)) * world.exit_factor


def plan_company(seed: int, index: int, *, size: Size, world: World) -> CompanyPlan:
    """Draws one company; other companies and the number of waves change nothing in it."""
    dice = stream(seed, f"company/{index}")
    partner_type, tier, band, region = (
        _TYPES.draw(dice),
        _TIERS.draw(dice),
        _BANDS.draw(dice),
        _REGIONS.draw(dice),
    )
    country = one_of(dice, _COUNTRIES.get(region, ("PL",)))
    language: Language = "pl" if country == "PL" else "en"
    satisfaction = normal(dice)
    leaving = _draw_exit(stream(seed, f"exit/{index}"), satisfaction, world)
    return CompanyPlan(
        index=index,
        partner_type=partner_type,
        tier=tier,
        size_band=band,
        region=region,
        country=country,
        language=language,
        satisfaction=satisfaction,
        seats=_draw_seats(dice, band, language),
        exit=leaving,
        look_alikes=() if leaving else _draw_look_alikes(seed, index, size),
    )


def _draw_seats(dice: Dice, band: SizeBand, language: Language) -> tuple[Seat, ...]:
    other: Language = "en" if language == "pl" else "pl"
    seats = []
    for number in range(uniform_int(dice, *CONTACTS[band])):
        role = (_OTHER_ROLES if number else _MAIN_ROLES).draw(dice)
        deviates = dice() < OTHER_LANGUAGE_SHARE
        seats.append(Seat(role, other if deviates else language, is_main=number == 0))
    return tuple(seats)


def _draw_exit(dice: Dice, satisfaction: float, world: World) -> Exit | None:
    if dice() >= exit_chance(satisfaction, world):
        return None
    kind = _KINDS.draw(dice)
    last_order = uniform_int(dice, *LAST_ORDER)
    turned_away = last_order - uniform_int(dice, *MONTHS_BEFORE[kind])
    return Exit(kind, turned_away, last_order, goes_quiet=dice() < world.quiet_share)


def _draw_look_alikes(seed: int, index: int, size: Size) -> tuple[LookAlike, ...]:
    dice = stream(seed, f"look-alikes/{index}")
    found = []
    if dice() < _BUSY_SHARE:
        first = uniform_int(dice, 0, size.waves - 1)
        length = round(uniform_int(dice, *_BUSY_QUARTERS) / size.quarters_a_wave)
        found.append(LookAlike("busy", first, first + length - 1))
    if dice() < _FAILING_DOMAIN_SHARE:
        wave = uniform_int(dice, 0, size.waves - 1)
        found.append(LookAlike("mail_domain", wave, wave))
    if dice() < _LOST_CUSTOMER_SHARE:
        month = uniform_int(dice, *_LOST_CUSTOMER_START)
        length = uniform_int(dice, *_LOST_CUSTOMER_MONTHS)
        found.append(LookAlike("lost_customer", month, month + length - 1))
    return tuple(found)
