"""Predictions of driver scores against what partners said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from company_answers import unhurried
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import (
    GroupCalibration,
    Prediction,
    group_calibration,
    is_hit,
    own_calibration,
)
from analysis.stats import SCORE, Estimate, TooFewAnswers


def a_score(value: float, *, error: float = 2.0, df: float = 30) -> Estimate:
    return Estimate(value, value, error**2, df, SCORE, 60, 25)


ACTUAL = {"d1": a_score(50), "d2": a_score(70)}


def everybody_says(score: float, *, people: int = 6, margin: float = 5) -> list[Prediction]:
    return [
        Prediction(person, driver, score, margin) for person in range(people) for driver in ACTUAL
    ]


def one_driver_each(scores: list[float]) -> list[Prediction]:
    return [Prediction(person, "d1", score, 10) for person, score in enumerate(scores)]


guesses = st.lists(st.integers(0, 100).map(float), min_size=5, max_size=20)


def test_bias_is_the_mean_error_and_positive_when_partners_seem_happier() -> None:
    result = group_calibration(everybody_says(70), ACTUAL)

    assert result.bias.value == 10
    assert result.mean_error == 10
    assert (result.n_people, result.n_predictions) == (6, 12)


def test_people_who_agree_share_the_noise_of_the_scores() -> None:
    result = group_calibration(everybody_says(70, people=20), ACTUAL)

    assert result.bias.variance == pytest.approx(2.0**2)


def test_bias_has_the_df_of_the_weaker_side() -> None:
    actual = {"d1": a_score(50, df=3.5), "d2": a_score(70)}

    assert group_calibration(everybody_says(70), actual).bias.df == 3.5
    assert group_calibration(everybody_says(70), ACTUAL).bias.df == 5


@unhurried
@given(scores=guesses, shift=st.integers(-30, 30))
def test_shifting_all_predictions_shifts_the_bias(scores: list[float], shift: int) -> None:
    plain = group_calibration(one_driver_each(scores), ACTUAL).bias

    shifted = group_calibration(one_driver_each([s + shift for s in scores]), ACTUAL).bias

    assert shifted.value == pytest.approx(plain.value + shift)
    assert shifted.half_width() == pytest.approx(plain.half_width())


@unhurried
@given(scores=guesses)
def test_mean_error_is_at_least_the_bias(scores: list[float]) -> None:
    result = group_calibration(one_driver_each(scores), ACTUAL)

    assert result.mean_error >= abs(result.bias.value) - 1e-9


def test_prediction_that_meets_the_interval_of_the_score_is_a_hit() -> None:
    interval = a_score(50).interval()

    assert is_hit(Prediction(1, "d1", interval.high + 4.9, 5), a_score(50))
    assert is_hit(Prediction(1, "d1", interval.low - 4.9, 5), a_score(50))
    assert not is_hit(Prediction(1, "d1", interval.high + 5.1, 5), a_score(50))


def test_overconfidence_is_what_the_hits_lack_to_four_in_five() -> None:
    always = group_calibration(one_driver_each([50] * 10), ACTUAL)
    never = group_calibration(one_driver_each([95] * 10), ACTUAL)

    assert (always.n_hits, always.overconfidence.value) == (10, -20)
    assert (never.n_hits, never.overconfidence.value) == (0, 80)


@unhurried
@given(scores=guesses)
def test_overconfidence_lies_in_its_interval_and_range(scores: list[float]) -> None:
    overconfidence = group_calibration(one_driver_each(scores), ACTUAL).overconfidence

    interval = overconfidence.interval()
    assert -20 <= interval.low <= overconfidence.value <= interval.high <= 80


def test_skill_compares_with_repeating_the_last_wave() -> None:
    last_wave = {"d1": 45.0, "d2": 75.0}

    better = group_calibration(one_driver_each([52] * 6), ACTUAL, last_wave=last_wave)
    worse = group_calibration(one_driver_each([60] * 6), ACTUAL, last_wave=last_wave)

    assert better.skill == pytest.approx(1 - 2 / 5)
    assert worse.skill == pytest.approx(1 - 10 / 5)


@pytest.mark.parametrize(
    "last_wave", [None, {}, {"d1": 50.0}], ids=["none", "no driver", "nothing changed"]
)
def test_skill_is_unknown_without_a_last_wave_that_erred(last_wave: dict[str, float]) -> None:
    result = group_calibration(one_driver_each([52] * 6), ACTUAL, last_wave=last_wave)

    assert result.skill is None


def test_group_of_four_is_not_reported() -> None:
    with pytest.raises(TooFewAnswers) as refusal:
        group_calibration(everybody_says(70, people=4), ACTUAL)

    assert (refusal.value.found, refusal.value.needed) == (4, 5)


def test_people_who_predicted_only_hidden_drivers_do_not_count() -> None:
    hidden = [Prediction(person, "hidden", 50, 5) for person in range(9)]

    with pytest.raises(TooFewAnswers):
        group_calibration([*everybody_says(70, people=4), *hidden], ACTUAL)


def test_who_is_who_changes_nothing() -> None:
    predictions = one_driver_each([40, 50, 60, 70, 80])
    renamed = [replace(prediction, person=99 - prediction.person) for prediction in predictions]

    result = group_calibration(predictions, ACTUAL)

    assert isinstance(result, GroupCalibration)
    assert group_calibration(list(reversed(renamed)), ACTUAL) == result


def test_own_result_is_given_for_one_person() -> None:
    predictions = [Prediction(1, "d1", 60, 5), Prediction(1, "d2", 72, 5)]

    own = own_calibration(predictions, ACTUAL, last_wave={"d1": 40.0, "d2": 70.0})

    assert (own.bias, own.mean_error) == (6, 6)
    assert (own.n_hits, own.n_predictions) == (1, 2)
    assert own.skill == pytest.approx(1 - 6 / 5)


def test_own_result_without_a_shown_score_is_refused() -> None:
    with pytest.raises(TooFewAnswers):
        own_calibration([Prediction(1, "hidden", 60, 5)], ACTUAL)
