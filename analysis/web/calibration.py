"""How well staff know their partners: the group's page for managers, one's own by one's own link.

The own page needs no sign-in, as every page behind a personal link: the token is the permission,
and nobody else's predictions are read for it.
"""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from analysis import calibration_drawings, calibration_findings, words
from analysis.calibration import Prediction
from analysis.calibration_page import OwnPage, build_calibration, build_own_page
from analysis.predictions import predictions_of_waves
from analysis.queries import drivers, history_of, run_figures, trend_figures
from analysis.web.choice import Choice, chosen, newest, picked_run
from surveys.db import db
from surveys.doors import open_door
from surveys.errors import TokenUnknown
from surveys.i18n import gettext, page_locale, use_locale
from surveys.models import Wave
from surveys.permissions import Permission
from surveys.predictions import Stage, guesses_of, partner_wave, prediction_stage
from surveys.runtime import now
from surveys.terms import WaveState
from surveys.waves import all_runs, run_of
from surveys.web.answer_pages import closing_day, language_of
from surveys.web.sign_in import signed_in
from surveys.web.survey_page import frame

bp = Blueprint("calibration", __name__)


@bp.get("/calibration")
@signed_in(Permission.SEE_RESULTS)
def start() -> str:
    """The team's predictions of the newest results."""
    return _group_page(newest())


@bp.get("/calibration/<int:run_id>")
@signed_in(Permission.SEE_RESULTS)
def show(run_id: int) -> str:
    """The team's predictions of one run."""
    return _group_page(chosen(run_id))


@bp.get("/calibration/choose")
@signed_in(Permission.SEE_RESULTS)
def choose() -> Response:
    """From the picker to an address that can be kept and sent."""
    return redirect(url_for(".show", run_id=picked_run()), 303)


@bp.get("/s/<token>/calibration")
def own(token: str) -> Response | str:
    """One's own predictions beside the published scores."""
    door = open_door(db.session(), token)
    language = language_of(door)
    stage = prediction_stage(db.session(), door, now=now())
    wave = partner_wave(db.session(), door)
    if stage is Stage.ABSENT or wave is None:
        raise TokenUnknown
    guesses = guesses_of(db.session(), door.invitation_id)
    if stage is Stage.OPEN or not guesses:
        return redirect(url_for("predict.show", token=token, lang=language), 303)
    use_locale(language)
    predictions = [
        Prediction(door.invitation_id, code, guess.score, guess.margin)
        for code, guess in guesses.items()
    ]
    return render_template(
        "respond/calibration.html",
        **frame(token, door),
        page=_own_page(wave, predictions),
        findings=calibration_findings,
        words=words,
        closes_on=closing_day(door),
        is_closed=wave.state is WaveState.CLOSED,
    )


def _group_page(choice: Choice | None) -> str:
    if choice is None:
        title = gettext("Calibration")
        return render_template("dashboard/no_results.html", choice=None, title=title)
    session = db.session()
    all_drivers = drivers(session, page_locale())
    staff_waves = [run.internal.id for run in choice.history if run.internal is not None]
    page = build_calibration(
        choice.figures,
        drivers=all_drivers,
        predictions=predictions_of_waves(session, staff_waves),
        history=trend_figures(
            session, choice.history, metrics=[driver.code for driver in all_drivers]
        ),
    )
    return render_template(
        "dashboard/calibration.html",
        choice=choice,
        page=page,
        words=words,
        findings=calibration_findings,
        drawings=calibration_drawings,
        axis=calibration_drawings.guess_axis(page),
    )


def _own_page(wave: Wave, predictions: Sequence[Prediction]) -> OwnPage:
    session = db.session()
    run = run_of(session, wave)
    all_drivers = drivers(session, page_locale())
    codes = [driver.code for driver in all_drivers]
    before = history_of(all_runs(session, wave.survey_id), run)[-2:-1]
    return build_own_page(
        run_figures(session, run, rows=[]),
        next(iter(trend_figures(session, before, metrics=codes)), None),
        drivers=all_drivers,
        predictions=predictions,
    )
