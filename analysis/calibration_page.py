"""How well staff know their partners, as typed values: the group's page and one's own. Pure.

Predictions meet published scores only: what is hidden, rounded or a bound compares with nothing. A
group is shown from five people on, each driver too; nothing here carries or orders a name.
Source: method of statistics, section 6.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean

from analysis.calibration import (
    MINIMUM_PEOPLE,
    GroupCalibration,
    OwnCalibration,
    Prediction,
    group_calibration,
    is_hit,
    own_calibration,
)
from analysis.samples import TooFewAnswers
from analysis.shown_figures import DriverInfo, RunFigures, WaveTotals
from analysis.stats import Estimate
from surveys.terms import Mode, WaveState
from surveys.waves import Run

Predictions = Mapping[int, Sequence[Prediction]]
RUNNING = (WaveState.OPEN, WaveState.PAUSED)


class CalibrationState(StrEnum):
    """Why a page shows what it shows."""

    NOT_ASKED = "not_asked"
    COLLECTING = "collecting"
    WAITING = "waiting"
    NOBODY = "nobody"
    FEW = "few"
    HIDDEN = "hidden"
    SHOWN = "shown"


@dataclass(frozen=True, slots=True)
class DriverGuess:
    """One driver: the partners' score, and the mean of what the team predicted.

    `guess` is None where fewer than five people predicted it; points of 0..100.
    """

    driver: DriverInfo
    actual: Estimate
    guess: float | None

    @property
    def error(self) -> float | None:
        """Mean prediction minus score, in points."""
        return None if self.guess is None else self.guess - self.actual.value


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """One wave of the history; `result` is None where no group may be shown."""

    run: Run
    result: GroupCalibration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationPage:
    """Everything on the group's page; `n_people` gave any prediction in this wave."""

    run: Run
    state: CalibrationState
    n_people: int
    result: GroupCalibration | None
    rows: Sequence[DriverGuess]
    trend: Sequence[CalibrationStep]


@dataclass(frozen=True, slots=True)
class OwnGuess:
    """One of a person's own predictions beside its score; `is_hit`: it held within its margin."""

    driver: DriverInfo
    score: float
    margin: float
    actual: Estimate | None
    is_hit: bool

    @property
    def error(self) -> float | None:
        """Prediction minus score in points; None where the score is not shown."""
        return None if self.actual is None else self.score - self.actual.value


@dataclass(frozen=True, slots=True)
class OwnPage:
    """What one person sees of the own predictions; `result` is None where nothing compares."""

    state: CalibrationState
    result: OwnCalibration | None
    rows: Sequence[OwnGuess]


def build_calibration(
    figures: RunFigures,
    *,
    drivers: Sequence[DriverInfo],
    predictions: Predictions,
    history: Sequence[WaveTotals],
) -> CalibrationPage:
    """Work out the group's page; `history` ends with the run itself, oldest wave first.

    `predictions` are those of the staff waves of the run and its history.
    """
    run = figures.run
    own = _of_run(run, predictions)
    actual = actual_scores(figures, drivers)
    before = history[-2] if len(history) > 1 else None
    result = _group(own, actual, last_scores(figures, before, drivers))
    return CalibrationPage(
        run=run,
        state=_state(figures, own, actual, result),
        n_people=len({prediction.person for prediction in own}),
        result=result,
        rows=_rows(own, actual, drivers) if result else [],
        trend=_trend(history, predictions, drivers),
    )


def build_own_page(
    figures: RunFigures,
    before: WaveTotals | None,
    *,
    drivers: Sequence[DriverInfo],
    predictions: Sequence[Prediction],
) -> OwnPage:
    """Work out what one person sees of the own predictions, and nobody else."""
    if figures.partner is None:
        return OwnPage(CalibrationState.WAITING, None, [])
    actual = actual_scores(figures, drivers)
    try:
        result = own_calibration(
            predictions, actual, last_wave=last_scores(figures, before, drivers)
        )
    except TooFewAnswers:
        return OwnPage(CalibrationState.HIDDEN, None, [])
    by_code = {prediction.driver: prediction for prediction in predictions}
    rows = [
        _own_row(driver, by_code[driver.code], actual.get(driver.code))
        for driver in drivers
        if driver.code in by_code
    ]
    return OwnPage(CalibrationState.SHOWN, result, rows)


def actual_scores(figures: RunFigures, drivers: Sequence[DriverInfo]) -> dict[str, Estimate]:
    """Partners' scores that are shown exactly, by driver."""
    if figures.partner is None or figures.run.partner.state in RUNNING:
        return {}
    found = {driver.code: figures.partner.figure(driver.code) for driver in drivers}
    return {code: figure.estimate for code, figure in found.items() if figure and figure.estimate}


def last_scores(
    figures: RunFigures, before: WaveTotals | None, drivers: Sequence[DriverInfo]
) -> dict[str, float] | None:
    """Last wave's scores of drivers that were worded the same; None without a wave before."""
    if before is None or figures.partner is None:
        return None
    series = figures.partner.series
    return {
        code: estimate.value
        for code, estimate in _shown_scores(before, drivers).items()
        if series.get(code) == before.series.get(code)
    }


def _shown_scores(wave: WaveTotals, drivers: Sequence[DriverInfo]) -> dict[str, Estimate]:
    if wave.run.partner.state in RUNNING:
        return {}
    found = {driver.code: wave.partners.get(driver.code) for driver in drivers}
    return {code: figure.estimate for code, figure in found.items() if figure and figure.estimate}


def _of_run(run: Run, predictions: Predictions) -> Sequence[Prediction]:
    # Identified results are live, so a prediction of them would know its answer.
    if run.internal is None or run.partner.mode is Mode.IDENTIFIED:
        return ()
    return predictions.get(run.internal.id, ())


def _group(
    predictions: Sequence[Prediction],
    actual: Mapping[str, Estimate],
    last_wave: Mapping[str, float] | None,
) -> GroupCalibration | None:
    try:
        return group_calibration(predictions, actual, last_wave=last_wave)
    except TooFewAnswers:
        return None


def _state(
    figures: RunFigures,
    predictions: Sequence[Prediction],
    actual: Mapping[str, Estimate],
    result: GroupCalibration | None,
) -> CalibrationState:
    run = figures.run
    if run.internal is None or run.partner.mode is Mode.IDENTIFIED:
        return CalibrationState.NOT_ASKED
    if run.partner.state in RUNNING:
        return CalibrationState.COLLECTING
    if figures.partner is None:
        return CalibrationState.WAITING
    if not predictions:
        return CalibrationState.NOBODY
    if not actual:
        return CalibrationState.HIDDEN
    return CalibrationState.SHOWN if result else CalibrationState.FEW


def _rows(
    predictions: Sequence[Prediction],
    actual: Mapping[str, Estimate],
    drivers: Sequence[DriverInfo],
) -> list[DriverGuess]:
    scores: dict[str, list[float]] = defaultdict(list)
    for prediction in predictions:
        scores[prediction.driver].append(prediction.score)
    return [
        DriverGuess(driver, actual[driver.code], _mean_of_enough(scores[driver.code]))
        for driver in drivers
        if driver.code in actual
    ]


def _mean_of_enough(scores: Sequence[float]) -> float | None:
    return fmean(scores) if len(scores) >= MINIMUM_PEOPLE else None


def _trend(
    history: Sequence[WaveTotals], predictions: Predictions, drivers: Sequence[DriverInfo]
) -> list[CalibrationStep]:
    return [
        CalibrationStep(
            wave.run,
            _group(_of_run(wave.run, predictions), _shown_scores(wave, drivers), None),
        )
        for wave in history
    ]


def _own_row(driver: DriverInfo, prediction: Prediction, actual: Estimate | None) -> OwnGuess:
    held = actual is not None and is_hit(prediction, actual)
    return OwnGuess(driver, prediction.score, prediction.margin, actual, held)
