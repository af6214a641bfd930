"""Who is asked, whom mail reaches and who answers, wave by wave.

Each company has its own stream, in which a later wave draws after all earlier ones. States are
kept as one byte per person and wave, so that 25,000 companies fit in memory.
Source: method of the simulator, section 3 and, for those who leave, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import exp

from analysis.simulator.companies import CompanyPlan, Exit
from analysis.simulator.randomness import Dice, normal, stream
from analysis.simulator.rows import Tier
from analysis.simulator.timeline import field_month, is_summer
from analysis.simulator.worlds import EVENT_QUARTER_MONTHS, Size, World

BASE_LOGIT = 0.55
TIER_LOGIT: dict[Tier, float] = {"gold": 0.45, "silver": 0.05, "registered": -0.45}
SATISFACTION_LOGIT = 0.25
COMPANY_SD = 0.6
PERSON_SD = 1.1
COMPANY_WAVE_SD = 0.35
WAVE_SD = 0.10
TASTE_SD = 12
"""Points by which people of one company differ in how they answer."""

_FATIGUE_A_QUARTER = -0.05
_SUMMER_LOGIT = -0.30
_BUSY_LOGIT = -2.0
_GONE_LOGIT = -1.5
_QUIETEST_LOGIT = -3.5

_OPENED_ONLY = 0.12
"""Part of the silent who look at the form; free, since no result depends on it."""


class Act(IntEnum):
    """What a person did in a wave."""

    NOT_ASKED = 0
    UNKNOWN_USER = 1
    UNKNOWN_DOMAIN = 2
    SILENT = 3
    OPENED = 4
    BROKE_OFF = 5
    OPTED_OUT = 6
    ANSWERED = 7


BOUNCES = (Act.UNKNOWN_USER, Act.UNKNOWN_DOMAIN)


@dataclass(frozen=True, slots=True)
class Person:
    """One contact through all waves; `taste` in points, `acts` one `Act` byte a wave."""

    seat: int
    taste: float
    joined_before_wave: int
    left_before_wave: int | None
    acts: bytes

    @property
    def opted_out_in_wave(self) -> int | None:
        """The wave in which the person stopped all surveys."""
        wave = self.acts.find(Act.OPTED_OUT)
        return None if wave < 0 else wave


@dataclass(frozen=True, slots=True)
class _Hazards:
    """Chances per person and wave."""

    leaves: float
    opts_out: float
    breaks_off: float
    is_succeeded: float


_STEADY = _Hazards(leaves=0.025, opts_out=0.006, breaks_off=0.05, is_succeeded=0.65)
_QUIET = _Hazards(leaves=0.075, opts_out=0.030, breaks_off=0.10, is_succeeded=0.25)


@dataclass(slots=True)
class _Occupant:
    """A person while the waves go by."""

    seat: int
    effect: float
    taste: float
    joined: int
    acts: bytearray
    left: int | None = None
    has_opted_out: bool = False


def expected_effect(size: Size, wave: int) -> float:
    """What a wave adds to everybody's logit by eagerness, fatigue and summer."""
    fatigue = _FATIGUE_A_QUARTER * wave * size.quarters_a_wave
    season = _SUMMER_LOGIT if is_summer(field_month(size, wave)) else 0.0
    return size.eagerness + fatigue + season


def exit_effect(leaving: Exit, month: int, world: World) -> float:
    """What a planned exit takes from the logit of a company in a month."""
    logit = _GONE_LOGIT if month > leaving.last_order else 0.0
    if leaving.has_turned(month):
        quarters = (month - leaving.turned_away) // EVENT_QUARTER_MONTHS
        logit += max(_QUIETEST_LOGIT, -world.quiet_step * (1 + quarters))
    return logit


def wave_effects(seed: int, size: Size) -> tuple[float, ...]:
    """What each wave of one workspace adds to everybody's logit, chance included."""
    return tuple(
        expected_effect(size, wave) + WAVE_SD * normal(stream(seed, f"wave/{wave}"))
        for wave in range(size.waves)
    )


def people_of(
    seed: int, plan: CompanyPlan, *, size: Size, world: World, effects: Sequence[float]
) -> tuple[Person, ...]:
    """All contacts a company ever has, those of the start first, then successors in order."""
    dice = stream(seed, f"participation/{plan.index}")
    steady, quiet = _hazards_a_wave(_STEADY, size), _hazards_a_wave(_QUIET, size)
    company_logit = _company_logit(plan, dice)
    everyone = [_occupant(dice, seat, size, joined=0) for seat in range(len(plan.seats))]
    seated = list(everyone)
    for wave in range(size.waves):
        month = field_month(size, wave)
        logit = company_logit + effects[wave] + COMPANY_WAVE_SD * normal(dice)
        logit += _trouble(plan, wave, month, world)
        is_quiet = plan.exit is not None and plan.exit.has_turned(month)
        hazards = quiet if is_quiet else steady
        domain_fails = _is_in(plan, "mail_domain", wave)
        for seat, occupant in enumerate(seated):
            if occupant.left is not None and dice() < hazards.is_succeeded:
                occupant = _occupant(dice, seat, size, joined=wave)
                seated[seat] = occupant
                everyone.append(occupant)
            elif occupant.left is None and dice() < hazards.leaves:
                occupant.left = wave
            occupant.acts[wave] = _act(dice, occupant, logit, hazards, domain_fails=domain_fails)
    return tuple(
        Person(person.seat, person.taste, person.joined, person.left, bytes(person.acts))
        for person in everyone
    )


def _company_logit(plan: CompanyPlan, dice: Dice) -> float:
    return (
        BASE_LOGIT
        + TIER_LOGIT[plan.tier]
        + SATISFACTION_LOGIT * plan.satisfaction
        + COMPANY_SD * normal(dice)
    )


def _occupant(dice: Dice, seat: int, size: Size, *, joined: int) -> _Occupant:
    return _Occupant(
        seat=seat,
        effect=PERSON_SD * normal(dice),
        taste=TASTE_SD * normal(dice),
        joined=joined,
        acts=bytearray(size.waves),
    )


def _act(
    dice: Dice, occupant: _Occupant, logit: float, hazards: _Hazards, *, domain_fails: bool
) -> Act:
    if occupant.has_opted_out:
        return Act.NOT_ASKED
    if occupant.left is not None:
        return Act.UNKNOWN_USER
    if domain_fails:
        return Act.UNKNOWN_DOMAIN
    if dice() < hazards.opts_out:
        occupant.has_opted_out = True
        return Act.OPTED_OUT
    if dice() < 1 / (1 + exp(-logit - occupant.effect)):
        return Act.ANSWERED
    went = dice()
    if went < hazards.breaks_off:
        return Act.BROKE_OFF
    return Act.OPENED if went < hazards.breaks_off + _OPENED_ONLY else Act.SILENT


def _hazards_a_wave(hazards: _Hazards, size: Size) -> _Hazards:
    """Hazards of time scaled to the length of a wave; breaking off is a matter of the form."""
    share = size.quarters_a_wave
    return _Hazards(
        leaves=hazards.leaves * share,
        opts_out=hazards.opts_out * share,
        breaks_off=hazards.breaks_off,
        is_succeeded=1 - (1 - hazards.is_succeeded) ** share,
    )


def _trouble(plan: CompanyPlan, wave: int, month: int, world: World) -> float:
    """What a planned exit or a busy time takes from the logit of a company in a wave."""
    if plan.exit is not None:
        return exit_effect(plan.exit, month, world)
    return _BUSY_LOGIT if _is_in(plan, "busy", wave) else 0.0


def _is_in(plan: CompanyPlan, kind: str, wave: int) -> bool:
    return any(
        event.kind == kind and event.first <= wave <= event.last for event in plan.look_alikes
    )
