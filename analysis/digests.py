"""What digests tell of each wave: nothing that a page would not show to anybody who signs in.

Counts of participation stand on the wave's page while it is open; comments are counted only where
they may be read.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from analysis.queries import runs_with_results, wave_figures
from surveys.models import Wave
from surveys.participation import Participation, participations
from surveys.terms import Mode, WaveState
from surveys.waves import RUNNING, Run


def digest_waves(session: Session, *, since: datetime) -> list[dict[str, Any]]:
    """The facts of every run that is open, or was closed or published since this instant."""
    runs = [run for run in runs_with_results(session) if _is_news(run.partner, since)]
    counts = participations(session, [wave.id for run in runs for wave in run.waves])
    return [_facts(session, run, counts) for run in runs]


def _is_news(wave: Wave, since: datetime) -> bool:
    if wave.state in RUNNING:
        return True
    published_at = wave.published_at or wave.grace_until
    return max(wave.grace_until, published_at) > since


def _facts(session: Session, run: Run, counts: dict[int, Participation]) -> dict[str, Any]:
    partner = counts[run.partner.id]
    staff = counts[run.internal.id] if run.internal else Participation()
    zone = ZoneInfo(run.partner.survey.time_zone)
    return {
        "survey": run.partner.survey.name,
        "label": run.partner.label,
        "state": _state(run.partner),
        "closes_on": run.partner.closes_at.astimezone(zone).date().isoformat(),
        "answered": partner.answered,
        "asked": partner.invited,
        "answered_staff": staff.answered,
        "asked_staff": staff.invited,
        "comments": _comments(session, run.partner),
    }


def _state(wave: Wave) -> str:
    if wave.state is not WaveState.CLOSED:
        return wave.state.value
    is_ready = wave.published_at is not None or wave.mode is Mode.IDENTIFIED
    return "ready" if is_ready else "closed"


def _comments(session: Session, wave: Wave) -> int:
    """How many comments may be read; 0 before they may."""
    figures = wave_figures(session, wave)
    counts = figures.comments if figures is not None else None
    return counts.counts.total if counts is not None else 0
