"""What is known of a survey before its next wave: who would be asked, how the last one went. Reads.

What a wave would show is worked out of this by exposure.py and wave_plan.py.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.exposure import AskedAudience
from analysis.publishing import policy_of
from analysis.queries import run_figures
from analysis.shown_figures import WaveFigures
from analysis.wave_plan import PlanFacts, deviations_of
from surveys.invitations import invitees
from surveys.models import Driver, Question, Survey, VersionItem
from surveys.participation import participations
from surveys.questionnaires import published_version
from surveys.schedules import schedule_of
from surveys.terms import Audience, Mode, QuestionKind, WaveState
from surveys.waves import Run, all_runs, open_runs, wave_by_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeLaunch:
    """What a wave would start from; `open_run_id` is the run that is open instead, if there is one.

    `last_label` names the closed wave that rates are of, None before the first. `pooled_waves` is
    how many waves in a row the schedule publishes as one.
    """

    open_run_id: int | None
    audiences: Sequence[AskedAudience]
    plan: PlanFacts
    last_label: str | None
    pooled_waves: int


def before_launch(session: Session, survey: Survey, *, now: datetime) -> BeforeLaunch:
    """Everything that the next wave of a survey would start from, as it is now."""
    running = open_runs(session, survey.id)
    schedule = schedule_of(session, survey.id)
    asked = [asked_audience(session, survey, audience, now=now) for audience in Audience]
    closed = [run for run in all_runs(session, survey.id) if run.partner.state is WaveState.CLOSED]
    return BeforeLaunch(
        open_run_id=running[0].id if running else None,
        audiences=asked,
        plan=_plan_facts(session, survey, asked, closed),
        last_label=closed[-1].partner.label if closed else None,
        pooled_waves=schedule.pooled_waves if schedule else 1,
    )


def asked_audience(
    session: Session, survey: Survey, audience: Audience, *, now: datetime
) -> AskedAudience:
    """Whom a wave would ask of one audience, with the rules that opening it now would fix."""
    wave = wave_by_policy(survey, audience)
    return AskedAudience(
        audience=audience,
        mode=wave.mode,
        policy=policy_of(wave),
        dimensions=tuple(wave.dimensions),
        people=tuple(invitees(session, wave, now=now)),
    )


def _plan_facts(
    session: Session, survey: Survey, asked: Sequence[AskedAudience], closed: Sequence[Run]
) -> PlanFacts:
    people = {each.audience: each.people for each in asked}
    drivers = _asked_drivers(session, survey)
    partner, internal = drivers[Audience.PARTNER], drivers[Audience.INTERNAL]
    rates = _response_rates(session, closed[-1] if closed else None)
    return PlanFacts(
        company_counts=sorted(
            Counter(each.partner_id for each in people[Audience.PARTNER]).values()
        ),
        n_staff=len(people[Audience.INTERNAL]),
        partner_rate=rates.get(Audience.PARTNER),
        staff_rate=rates.get(Audience.INTERNAL),
        deviations=deviations_of(_last_figures(session, closed), sorted(partner)),
        n_drivers=len(partner),
        n_compared=len(partner & internal),
    )


def _last_figures(session: Session, closed: Sequence[Run]) -> WaveFigures | None:
    """Totals of partners in the newest wave that has figures."""
    shown = [
        run
        for run in closed
        if run.partner.published_at is not None or run.partner.mode is Mode.IDENTIFIED
    ]
    return run_figures(session, shown[-1], rows=[]).partner if shown else None


def _response_rates(session: Session, last: Run | None) -> Mapping[Audience, float]:
    """answered / delivered (0..1) of both audiences; nothing where no mail was delivered."""
    waves = last.waves if last else ()
    counts = participations(session, [wave.id for wave in waves]) if waves else {}
    rates = {wave.audience: counts[wave.id].response_rate for wave in waves}
    return {audience: rate for audience, rate in rates.items() if rate is not None}


def _asked_drivers(session: Session, survey: Survey) -> dict[Audience, set[str]]:
    """Drivers that a wave would ask about; all of them while no questionnaire is published."""
    version = published_version(session, survey.id)
    if version is None:
        every = set(session.scalars(select(Driver.code)))
        return dict.fromkeys(Audience, every)
    rows = session.execute(
        select(VersionItem.audience, Question.driver_code)
        .join(Question, Question.id == VersionItem.question_id)
        .where(
            VersionItem.version_id == version.id,
            Question.kind == QuestionKind.CORE,
            Question.driver_code.is_not(None),
        )
    )
    found: dict[Audience, set[str]] = {audience: set() for audience in Audience}
    for row in rows:
        found[row.audience].add(row.driver_code)
    return found
