"""Shares of sentiment, the net, and mentions of drivers."""

from __future__ import annotations

import pytest
from company_answers import unhurried
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from analysis.gap import Mark
from analysis.sentiment_shares import SentimentCounts, driver_mentions, sentiment_shares
from analysis.stats import TooFewAnswers, share_of_count

some = st.integers(0, 60)
enough = st.builds(SentimentCounts, some, some, some, some, some).filter(
    lambda counts: counts.classified >= 10
)


@unhurried
@given(counts=enough, size=st.floats(1, 8))
def test_shares_of_the_classified_sum_to_one_and_lie_in_their_intervals(
    counts: SentimentCounts, size: float
) -> None:
    result = sentiment_shares(counts, company_size=size, n_companies=5)

    shares = (result.negative, result.mixed, result.neutral, result.positive)
    assert sum(share.value for share in shares) == pytest.approx(1)
    for share in shares:
        assert share.interval().low <= share.value <= share.interval().high


@unhurried
@given(counts=enough)
def test_shares_of_independent_comments_are_wilson_s(counts: SentimentCounts) -> None:
    negative = sentiment_shares(counts, company_size=1, n_companies=5).negative

    low, high = proportion_confint(counts.negative, counts.classified, method="wilson")
    assert negative.interval().low == pytest.approx(low, abs=1e-9)
    assert negative.interval().high == pytest.approx(high, abs=1e-9)


@unhurried
@given(counts=enough, size=st.floats(1, 8))
def test_net_is_mirrored_when_positive_and_negative_are_swapped(
    counts: SentimentCounts, size: float
) -> None:
    swapped = SentimentCounts(
        counts.positive, counts.mixed, counts.neutral, counts.negative, counts.unsure
    )

    plain = sentiment_shares(counts, company_size=size, n_companies=5)
    mirrored = sentiment_shares(swapped, company_size=size, n_companies=5)

    assert mirrored.net.value == pytest.approx(-plain.net.value)
    assert mirrored.net.interval().low == pytest.approx(-plain.net.interval().high)
    assert mirrored.net_if_negative == pytest.approx(-plain.net_if_positive)
    assert mirrored.mark() is plain.mark()


@unhurried
@given(counts=enough)
def test_net_lies_in_its_interval_and_the_extremes_lie_around_the_net_of_all(
    counts: SentimentCounts,
) -> None:
    result = sentiment_shares(counts, company_size=1.5, n_companies=5)

    interval = result.net.interval()
    assert -100 <= interval.low <= result.net.value <= interval.high <= 100
    width = result.net_if_positive - result.net_if_negative
    assert width == pytest.approx(200 * counts.unsure / counts.total)


def test_comments_of_few_companies_are_less_certain() -> None:
    counts = SentimentCounts(11, 3, 5, 9)

    alone, clustered = (
        sentiment_shares(counts, company_size=size, n_companies=5) for size in (1, 4)
    )

    assert alone.negative.interval().within(clustered.negative.interval())
    assert alone.net.half_width() < clustered.net.half_width()


def test_more_than_three_in_ten_unsure_say_too_few_whatever_the_net() -> None:
    sure = sentiment_shares(SentimentCounts(70, 0, 0, 0, 30), company_size=1, n_companies=50)
    unsure = sentiment_shares(SentimentCounts(69, 0, 0, 0, 31), company_size=1, n_companies=50)

    assert sure.mark() is Mark.BIGGER
    assert unsure.mark() is Mark.TOO_FEW


def test_even_sentiment_may_be_chance() -> None:
    result = sentiment_shares(SentimentCounts(20, 5, 5, 20), company_size=1, n_companies=30)

    assert result.mark() is Mark.CHANCE


def test_shares_need_ten_classified_comments_unless_the_survey_is_identified() -> None:
    counts = SentimentCounts(4, 1, 1, 3, unsure=8)

    with pytest.raises(TooFewAnswers) as refusal:
        sentiment_shares(counts, company_size=1, n_companies=5)
    identified = sentiment_shares(counts, company_size=1, n_companies=5, minimum=1)

    assert (refusal.value.found, refusal.value.needed) == (9, 10)
    assert identified.negative.value == pytest.approx(4 / 9)


def test_nothing_classified_is_refused_even_there() -> None:
    with pytest.raises(TooFewAnswers):
        sentiment_shares(SentimentCounts(0, 0, 0, 0, 5), company_size=1, n_companies=3, minimum=0)


def test_mentions_are_shares_of_all_comments_and_may_pass_one_in_sum() -> None:
    mentions = driver_mentions(
        {"prices": SentimentCounts(9, 1, 2, 4, 2), "support": SentimentCounts(3, 1, 1, 4)},
        n_comments=20,
        company_size=1.5,
        n_companies=9,
    )

    assert [driver.share.value for driver in mentions.values()] == [0.9, 0.45]
    prices = mentions["prices"]
    assert prices.share == share_of_count(18, 20, company_size=1.5)
    assert prices.polarity is not None
    assert prices.polarity.negative.value == pytest.approx(9 / 16)


def test_polarity_of_few_mentions_is_not_given() -> None:
    mentions = driver_mentions(
        {"support": SentimentCounts(3, 1, 1, 4)}, n_comments=20, company_size=1, n_companies=9
    )

    assert mentions["support"].polarity is None
    assert mentions["support"].counts.total == 9
