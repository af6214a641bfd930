"""Puts a whole workspace together: who exists, what happened, what was planted.

Source: method of the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from analysis.simulator.companies import plan_company
from analysis.simulator.memory import many_rows
from analysis.simulator.names import VENDOR_DOMAIN, VENDOR_NAME
from analysis.simulator.orders import MONTHS, OrderBook, market_paths, order_book, order_rows
from analysis.simulator.participation import people_of, wave_effects
from analysis.simulator.people import company_names, contact_rows, partner_rows, staff_of
from analysis.simulator.planting import planned_actions, plant
from analysis.simulator.rows import (
    Action,
    Contact,
    Mode,
    Order,
    Partner,
    StaffMember,
    Wave,
    WaveRun,
)
from analysis.simulator.runs import Household, Stage, play_wave
from analysis.simulator.scores import latent_plan
from analysis.simulator.timeline import LAST_SEEN_MONTH, month_start, wave_dates
from analysis.simulator.truth import Truth
from analysis.simulator.worlds import DEFAULT_UNTIL, Size, World, size_of, world_of


@dataclass(frozen=True, slots=True)
class Workspace:
    """A simulated workspace.

    Everything but runs and orders is here as rows; those come by iterators, wave by wave and
    company by company, as often as wanted. `until` is the last of the two simulated years.
    """

    seed: int
    world: str
    size: str
    mode: Mode
    until: int
    vendor_name: str
    vendor_domain: str
    partners: tuple[Partner, ...]
    contacts: tuple[Contact, ...]
    staff: tuple[StaffMember, ...]
    waves: tuple[Wave, ...]
    actions: tuple[Action, ...]
    truth: Truth
    stage: Stage = field(repr=False)
    books: tuple[OrderBook, ...] = field(repr=False)
    kept_runs: tuple[WaveRun, ...] = field(repr=False)

    def runs(self) -> Iterator[WaveRun]:
        """The waves in order; of `large` each is made when asked for."""
        return iter(self.kept_runs) if self.kept_runs else _play(self.stage, self.waves)

    def orders(self, *, through_month: int = LAST_SEEN_MONTH) -> Iterator[Order]:
        """Orders by company and month, by default as far as the vendor could have imported.

        Later months, up to 38, tell who really stopped; they are truth.
        """
        months = [month_start(month, until=self.until) for month in MONTHS]
        for partner, book in zip(self.partners, self.books, strict=True):
            yield from order_rows(partner.external_id, book, months=months, through=through_month)


def build(
    seed: int,
    size: str | tuple[int, int] = "small",
    *,
    world: str = "default",
    until: int | None = None,
    mode: Mode = "confidential",
) -> Workspace:
    """Makes a workspace; equal arguments give equal bytes.

    `size` is "small", "medium", "large" or (companies, staff); `world` is "default", "hard" or
    "rare"; `until` the last simulated year (a constant year by default). With `mode`
    "identified" leaving shows in the answers, too.
    Raises ValueError for an unknown size or world.
    """
    chosen, chosen_world = size_of(size), world_of(world)
    year = DEFAULT_UNTIL if until is None else until
    with many_rows():
        books, stage, partners = _cast(seed, chosen, chosen_world, mode)
    waves = tuple(wave_dates(chosen, number, until=year) for number in range(chosen.waves))
    runs = () if chosen.is_streamed else tuple(_play(stage, waves))
    actions = planned_actions(waves)
    return Workspace(
        seed=seed,
        world=world,
        size=chosen.name,
        mode=mode,
        until=year,
        vendor_name=VENDOR_NAME,
        vendor_domain=VENDOR_DOMAIN,
        partners=partners,
        contacts=tuple(row for household in stage.households for row in household.contacts),
        staff=tuple(colleague.row for colleague in stage.staff),
        waves=waves,
        actions=actions,
        truth=plant(stage, chosen, world=world, books=books, runs=runs, until=year),
        stage=stage,
        books=books,
        kept_runs=runs,
    )


def _cast(
    seed: int, size: Size, world: World, mode: Mode
) -> tuple[tuple[OrderBook, ...], Stage, tuple[Partner, ...]]:
    effects, market = wave_effects(seed, size), market_paths(seed)
    plans = [plan_company(seed, i, size=size, world=world) for i in range(size.companies)]
    names = company_names(seed, plans)
    books = tuple(order_book(seed, plan, world=world, market=market) for plan in plans)
    households = []
    for plan, name in zip(plans, names, strict=True):
        people = people_of(seed, plan, size=size, world=world, effects=effects)
        contacts = contact_rows(seed, plan, people, name.mail_domain)
        households.append(Household(plan, people, contacts))
    stage = Stage(
        seed=seed,
        mode=mode,
        households=tuple(households),
        staff=staff_of(seed, size),
        latents=latent_plan(size.rhythm, world),
        response_goal=size.response_goal,
    )
    return books, stage, partner_rows(plans, names, books, size)


def _play(stage: Stage, waves: Sequence[Wave]) -> Iterator[WaveRun]:
    left = stage.response_goal
    for wave in waves:
        run = play_wave(stage, wave, at_most=left if wave.is_open else None)
        if left is not None:
            left = max(0, left - len(run.responses))
        yield run
