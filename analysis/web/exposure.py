"""'Could this expose someone?' and 'Enough answers?': a survey's next wave, looked at beforehand.

Everything is worked out at each view and nothing is kept: contacts may change until the launch.
"""

from collections.abc import Sequence

from flask import Blueprint, render_template

from analysis import exposure_findings, words
from analysis.before_launch import before_launch
from analysis.exposure import (
    PAGE_SECONDS,
    AskedAudience,
    AudienceForecast,
    affordable_draws,
    forecast,
    judged_rate_pct,
)
from analysis.suppression import RATES_PCT
from analysis.wave_plan import plan_wave
from surveys.db import db
from surveys.permissions import Permission, survey_for
from surveys.runtime import now
from surveys.web.sign_in import current_user, signed_in

bp = Blueprint("exposure", __name__)


@bp.get("/surveys/<int:survey_id>/exposure")
@signed_in(Permission.RUN_SURVEYS)
def show(survey_id: int) -> str:
    """Which rows the next wave would show, and what its answers would be enough for."""
    survey = survey_for(db.session(), current_user(), survey_id)
    launch = before_launch(db.session(), survey, now=now())
    n_draws = None
    found: Sequence[AudienceForecast] = ()
    if launch.open_run_id is None:
        n_draws, found = _found(launch.audiences, seed=survey.id)
    return render_template(
        "dashboard/exposure.html",
        survey=survey,
        launch=launch,
        found=found,
        n_draws=n_draws,
        rates=RATES_PCT,
        rate=judged_rate_pct(launch.plan.partner_rate),
        steps=plan_wave(launch.plan),
        findings=exposure_findings,
        words=words,
    )


def _found(
    audiences: Sequence[AskedAudience], *, seed: int
) -> tuple[int | None, Sequence[AudienceForecast]]:
    n_draws = affordable_draws(audiences, seed=seed, seconds=PAGE_SECONDS)
    if n_draws is None:
        return None, ()
    return n_draws, forecast(audiences, seed=seed, n_draws=n_draws)
