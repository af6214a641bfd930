"""How well the team knows its partners: predictions of driver scores against what partners said.

Predictions are locked before results open (the caller sees to that). The figures of a group are
for five or more people, one's own are private, and nothing here carries a name.
Source: method of statistics, section 6.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from analysis.stats import (
    NPS,
    SCORE,
    Estimate,
    Sample,
    Scale,
    SizeCell,
    TooFewAnswers,
    mean_estimate,
)

MINIMUM_PEOPLE = 5
MEANT_TO_HOLD_PCT = 80.0
"""A margin is asked for so that it holds four times in five."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One person's guess of a driver score: `score` 0..100, right within `margin` points."""

    person: int
    driver: str
    score: float
    margin: float


@dataclass(frozen=True, slots=True)
class OwnCalibration:
    """One person's result, for that person only: points of bias and mean error, and hits."""

    bias: float
    mean_error: float
    n_hits: int
    n_predictions: int
    skill: float | None


@dataclass(frozen=True, slots=True)
class GroupCalibration:
    """Result of a group of people.

    `bias` in points (positive: partners were thought happier than they are), `mean_error` in
    points, `overconfidence` = 80 minus the percentage of hits, `skill` = 1 - mean error / mean
    error of simply repeating last wave's scores (None without them).
    """

    n_people: int
    n_predictions: int
    n_hits: int
    bias: Estimate
    mean_error: float
    overconfidence: Estimate
    skill: float | None


def own_calibration(
    predictions: Sequence[Prediction],
    actual: Mapping[str, Estimate],
    *,
    last_wave: Mapping[str, float] | None = None,
) -> OwnCalibration:
    """Result of one person; drivers without a shown score are left out.

    Raises TooFewAnswers if none is left.
    """
    answered = _answerable(predictions, actual)
    if not answered:
        raise TooFewAnswers(0, 1)
    return OwnCalibration(
        bias=fmean(_error(prediction, actual) for prediction in answered),
        mean_error=_mean_error(answered, actual),
        n_hits=sum(is_hit(prediction, actual[prediction.driver]) for prediction in answered),
        n_predictions=len(answered),
        skill=_skill(answered, actual, last_wave),
    )


def group_calibration(
    predictions: Iterable[Prediction],
    actual: Mapping[str, Estimate],
    *,
    last_wave: Mapping[str, float] | None = None,
) -> GroupCalibration:
    """Result of a group; drivers without a shown score are left out.

    Raises TooFewAnswers if fewer than five people predicted a shown score.
    """
    answered = _answerable(predictions, actual)
    people = _by_person(answered)
    if len(people) < MINIMUM_PEOPLE:
        raise TooFewAnswers(len(people), MINIMUM_PEOPLE)
    hits = _hits(people, actual)
    return GroupCalibration(
        n_people=len(people),
        n_predictions=len(answered),
        n_hits=hits.histogram[1],
        bias=_bias(people, actual),
        mean_error=_mean_error(answered, actual),
        overconfidence=_overconfidence(hits),
        skill=_skill(answered, actual, last_wave),
    )


def is_hit(prediction: Prediction, actual: Estimate) -> bool:
    """Whether prediction +- margin meets the 95% interval of the score: nobody is wrong inside
    our own noise."""
    interval = actual.interval()
    low, high = prediction.score - prediction.margin, prediction.score + prediction.margin
    return low <= interval.high and high >= interval.low


def _answerable(
    predictions: Iterable[Prediction], actual: Mapping[str, Estimate]
) -> list[Prediction]:
    return [prediction for prediction in predictions if prediction.driver in actual]


def _by_person(predictions: Iterable[Prediction]) -> list[list[Prediction]]:
    people: defaultdict[int, list[Prediction]] = defaultdict(list)
    for prediction in predictions:
        people[prediction.person].append(prediction)
    return list(people.values())


def _error(prediction: Prediction, actual: Mapping[str, Estimate]) -> float:
    return prediction.score - actual[prediction.driver].value


def _mean_error(predictions: Iterable[Prediction], actual: Mapping[str, Estimate]) -> float:
    return fmean(abs(_error(prediction, actual)) for prediction in predictions)


def _bias(people: Sequence[Sequence[Prediction]], actual: Mapping[str, Estimate]) -> Estimate:
    """Mean over people of their mean error. All people share the noise of the actual scores, which
    more people do not average away: its bound is the mean of the scores' standard errors."""
    errors = [fmean(_error(prediction, actual) for prediction in own) for own in people]
    scores = [actual[code] for code in {prediction.driver for own in people for prediction in own}]
    shared = fmean(math.sqrt(score.variance) for score in scores)
    bias = fmean(errors)
    return Estimate(
        value=bias,
        centre=bias,
        variance=variance(errors) / len(people) + shared**2,
        df=min(len(people) - 1, *(score.df for score in scores)),
        scale=NPS,
        n=len(people),
        n_companies=len(people),
    )


def _hits(people: Sequence[Sequence[Prediction]], actual: Mapping[str, Estimate]) -> Sample:
    """Hits (1) and misses (0), each person standing as a company."""
    per_person = [
        [is_hit(prediction, actual[prediction.driver]) for prediction in own] for own in people
    ]
    histogram = Counter(int(hit) for own in per_person for hit in own)
    sizes = [SizeCell(m=len(own), g=1, s=sum(own), q=sum(own) ** 2) for own in per_person]
    return Sample.of_companies(histogram, sizes)


def _overconfidence(hits: Sample) -> Estimate:
    share = mean_estimate(hits, lowest=0, highest=1, scale=SCORE)
    return Estimate(
        value=MEANT_TO_HOLD_PCT - share.value,
        centre=MEANT_TO_HOLD_PCT - share.centre,
        variance=share.variance,
        df=share.df,
        scale=Scale(MEANT_TO_HOLD_PCT - SCORE.high, MEANT_TO_HOLD_PCT - SCORE.low),
        n=share.n,
        n_companies=share.n_companies,
    )


def _skill(
    predictions: Sequence[Prediction],
    actual: Mapping[str, Estimate],
    last_wave: Mapping[str, float] | None,
) -> float | None:
    """1 - mean error / mean error of last wave's scores, over the drivers that have one."""
    if last_wave is None:
        return None
    comparable = [prediction for prediction in predictions if prediction.driver in last_wave]
    if not comparable:
        return None
    repeating = fmean(
        abs(last_wave[prediction.driver] - actual[prediction.driver].value)
        for prediction in comparable
    )
    return 1 - _mean_error(comparable, actual) / repeating if repeating else None
