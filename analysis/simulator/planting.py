"""Writes down the truth of a workspace: what was planted, and how much of everything there is.

Source: method of the simulator, sections 5 and 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from analysis.simulator.companies import CompanyPlan
from analysis.simulator.orders import OrderBook, count_rows
from analysis.simulator.rows import DRIVERS, Action, Wave, WaveRun
from analysis.simulator.runs import Household, Stage
from analysis.simulator.scores import (
    HELPFUL_DRIVER,
    HELPFUL_EFFECT,
    HELPFUL_FROM_WAVE,
    HELPFUL_TYPE,
    SATISFACTION_STRENGTH,
    STRENGTHS,
)
from analysis.simulator.timeline import month_start
from analysis.simulator.truth import (
    Counts,
    PlantedAction,
    PlantedComment,
    PlantedCompany,
    Truth,
    WaveCounts,
)
from analysis.simulator.worlds import Size

_HELPFUL = "direct-sales-desk"
_USELESS = "bonus-leaflet"
_USELESS_DRIVER = "incentives"
_USELESS_TYPE = "reseller"


def planned_actions(waves: Sequence[Wave]) -> tuple[Action, ...]:
    """The two promises, both done half-way between the waves around the change."""
    before, after = waves[HELPFUL_FROM_WAVE - 1], waves[HELPFUL_FROM_WAVE]
    done_on = before.closes_on + (after.opens_on - before.closes_on) // 2
    return (
        Action(
            key=_HELPFUL,
            title_en="Direct-sales desk",
            title_pl="Zespół do spraw sprzedaży bezpośredniej",
            driver=DRIVERS[HELPFUL_DRIVER],
            dimension="type",
            segment=HELPFUL_TYPE,
            done_after_wave=before.number,
            done_on=done_on,
        ),
        Action(
            key=_USELESS,
            title_en="New bonus leaflet",
            title_pl="Nowa ulotka o premiach",
            driver=_USELESS_DRIVER,
            dimension="type",
            segment=_USELESS_TYPE,
            done_after_wave=before.number,
            done_on=done_on,
        ),
    )


def plant(
    stage: Stage,
    size: Size,
    *,
    world: str,
    books: Sequence[OrderBook],
    runs: Sequence[WaveRun],
    until: int,
) -> Truth:
    """The whole truth; without `runs` (streamed sizes) neither comments nor wave counts."""
    company_of = {
        contact.external_id: household.plan.partner_id
        for household in stage.households
        for contact in household.contacts
    }
    return Truth(
        seed=stage.seed,
        world=world,
        size=size.name,
        mode=stage.mode,
        first_month=month_start(0, until=until).isoformat()[:7],
        scores=stage.latents.scores,
        recommendations=stage.latents.recommendations,
        driver_strengths=STRENGTHS,
        satisfaction_strength=SATISFACTION_STRENGTH,
        companies=tuple(_company(household.plan) for household in stage.households),
        actions=_actions(stage.latents.helpful_shift),
        comments=tuple(comment for run in runs for comment in _comments(run)),
        waves=tuple(_wave_counts(run, company_of) for run in runs),
        counts=_counts(stage.households, len(stage.staff), books),
    )


def _company(plan: CompanyPlan) -> PlantedCompany:
    leaving = plan.exit
    return PlantedCompany(
        partner_id=plan.partner_id,
        satisfaction=plan.satisfaction,
        exit_kind=leaving.kind if leaving else None,
        turned_away_month=leaving.turned_away if leaving else None,
        last_order_month=leaving.last_order if leaving else None,
        goes_quiet=leaving is not None and leaving.goes_quiet,
        look_alikes=plan.look_alikes,
    )


def _actions(helpful_shift: float) -> tuple[PlantedAction, ...]:
    helpful = PlantedAction(
        key=_HELPFUL,
        driver=DRIVERS[HELPFUL_DRIVER],
        partner_type=HELPFUL_TYPE,
        from_wave=HELPFUL_FROM_WAVE,
        latent_shift=round(helpful_shift, 4),
        effect=HELPFUL_EFFECT,
    )
    useless = PlantedAction(
        key=_USELESS,
        driver=_USELESS_DRIVER,
        partner_type=_USELESS_TYPE,
        from_wave=HELPFUL_FROM_WAVE,
        latent_shift=0.0,
        effect=0.0,
    )
    return helpful, useless


def _comments(run: WaveRun) -> Iterator[PlantedComment]:
    for response in run.responses:
        if response.comment is not None:
            yield PlantedComment(
                wave=run.wave.number,
                contact_id=response.contact_id,
                label=response.comment.label,
                mentions=response.comment.mentions,
                quiet_exit=response.comment.quiet_exit,
            )


def _wave_counts(run: WaveRun, company_of: dict[str, str]) -> WaveCounts:
    states = Counter(invitation.state for invitation in run.invitations)
    return WaveCounts(
        wave=run.wave.number,
        invited=len(run.invitations),
        bounced=states["bounced"],
        delivered=len(run.invitations) - states["bounced"],
        answered=states["answered"],
        broke_off=states["broke_off"],
        opted_out=states["opted_out"],
        companies=len({company_of[response.contact_id] for response in run.responses}),
        comments=sum(response.comment is not None for response in run.responses),
        staff_invited=len(run.staff_invitations),
        staff_answered=len(run.staff_responses),
    )


def _counts(households: Sequence[Household], n_staff: int, books: Sequence[OrderBook]) -> Counts:
    order_counts = [count_rows(book) for book in books]
    n_contacts = sum(len(household.plan.seats) for household in households)
    return Counts(
        companies=len(households),
        contacts=n_contacts,
        successors=sum(len(household.people) for household in households) - n_contacts,
        staff=n_staff,
        order_months=sum(months for months, _ in order_counts),
        order_rows=sum(rows for _, rows in order_counts),
        exits=sum(household.plan.exit is not None for household in households),
    )
