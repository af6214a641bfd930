"""Every worked value of the method, to the printed precision.

The block below is that of the method, section 9; cells print as m:g,s,q, pairs as n x y xx yy xy
(their minimum lowered to 4), and `lo hi(k)` stands for an interval among k comparisons.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import pytest
from company_answers import (
    by_company,
    histogram_of,
    link_cell,
    pair_cell,
    sample_of,
    signs_of,
    size_cells,
)

from analysis.calibration import Prediction, group_calibration
from analysis.gap import (
    DriverPair,
    change,
    composite,
    difference,
    gap_rows,
    linked_covariance,
    overall_gap,
    segments_against_rest,
)
from analysis.importance import correlation, derived_weights, stated_weights, weighted_score
from analysis.participation import (
    ClassCount,
    Funnel,
    representativeness,
    response_share,
    reweighted_score,
)
from analysis.planning import NPS_DEVIATION, detectable_change
from analysis.sentiment_shares import SentimentCounts, sentiment_shares
from analysis.stats import (
    AnswerCells,
    Estimate,
    Interval,
    Sample,
    Share,
    driver_score,
    favourable_share,
    nps,
    recommendation_mean,
    recommendation_signs,
    t_quantile,
)

WORKED = """
t(.975,5) t(.975,4.5) t(.9975,9.3) = 2.570582 2.658912 3.654171
d1 cells = 1:3,9,35 2:3,16,90 3:1,11,121
d1 n x var m_w V deff n_eff df = 12 50.000000 795.454545 2.000000 92.276936 1.392063 8.620296 5.033278
d1 c v lo hi = 50.000000 97.464207 24.672581 75.327419
d1 favourable lo hi % = 33.333333 8.703007 72.395291
d1 staff x c v lo hi = 79.166667 76.923077 88.459788 52.745967 100.000000
d1 gap df lo hi(10) = -29.166667 10.012899 -75.740263 21.894109 too_few
d2 cells = 1:2,8,34 2:3,23,179 3:1,13,169
d2 n x var m_w V deff n_eff df = 11 75.000000 375.000000 2.090909 37.405303 1.097222 10.025316 4.292528
d2 c v lo hi = 73.812387 47.778474 55.126000 92.498774
d2 favourable lo hi % = 72.727273 32.679979 93.609704
d2 staff x c v lo hi = 75.000000 73.076923 35.888099 57.677422 88.476425
d2 gap df lo hi(10) = 0.000000 8.867672 -33.165557 34.636485 chance
d3 cells = 1:3,7,17 2:3,11,43 3:1,5,25
d3 n x var m_w V deff n_eff df = 12 22.916667 279.356061 2.000000 23.200758 1.000000 12.000000 5.033278
d3 c v lo hi = 24.000000 31.617745 9.574403 38.425597
d3 favourable lo hi % = 0.000000 0.000000 35.420261
d3 staff x c v lo hi = 75.000000 73.076923 71.391058 51.357247 94.796599
d3 gap df lo hi(10) = -52.083333 8.712019 -86.899469 -11.254377 bigger
d3 bands(10) = 0.000000 50.731154 32.745427 100.000000
nps deff n_eff df = 1.136111 10.562347 5.033278
nps value c v lo hi = 0.000000 0.000000 464.373816 -55.284351 55.284351
nps staff value c lo hi = 50.000000 33.333333 -20.101314 86.767981
mean 0-10 partners lo hi = 7.166667 4.964550 9.146435
mean 0-10 staff lo hi = 8.500000 6.280519 10.000000
prediction gap df lo hi = -1.333333 9.986819 -3.656741 1.306188 chance
d1 gold, silver, difference lo hi(6) = 58.333333 41.666667 16.666667 -100.000000 100.000000 too_few
d1 gold gap lo hi(10) = -20.833333 -100.000000 100.000000 too_few
old d1 x c v df = 71.875000 70.328283 62.863221 3.585366
link mm ms sm ss C = 14 45 52 171 21.972656
change unlinked df lo hi = -21.875000 8.598413 -49.177052 8.520487 chance
change linked v lo hi = -21.875000 116.382116 -44.907413 4.250847 chance
stated weights = 1.168421 0.710526 1.121053
weighted lo hi, plain mean = 45.800439 26.243282 65.604691 49.305556
overall gap lo hi = -27.083333 -49.818451 -0.357907
d1 pairs; r lo hi = 12 36 86 122 674 284 0.915054 0.698922 0.978039
d2 pairs; r lo hi = 11 44 79 182 625 327 0.591519 -0.059851 0.889583
d3 pairs; r lo hi = 12 23 86 49 674 171 0.366229 -0.299066 0.791941
derived weights = 1.465805 0.947541 0.586654
calibration bias mae lo hi = 15.972222 18.194444 -5.563236 37.507680
hits of 18, over-confidence lo hi = 13 7.777778 -19.313925 36.070682
rates % = 35.000000 31.578947 85.714286
response n_e lo hi % = 32.203390 18.240990 48.843330
gold shares, difference lo hi(2), R = 25.000000 57.142857 60.000000 16.122238 79.758777 0.480385 warn
d1 reweighted = 45.833333
share negative lo hi % = 39.285714 22.831857 58.593691
net lo hi, extremes = -7.142857 -37.083983 24.328881 -18.750000 6.250000
five fives x c v lo hi = 100.000000 95.454545 75.472987 71.334126 100.000000
twenty fives lo = 93.737422
five fives, companies 3+1+1: n_eff df lo = 3.676471 1.600000 31.790601
plan 60, m_w 2 = 16.869382
plan 10 = 36.2 41.3 45.8 52.1 132.2
plan 20 = 25.6 29.2 32.4 36.9 93.5
plan 40 = 18.1 20.7 22.9 26.1 66.1
plan 60 = 14.8 16.9 18.7 21.3 54.0
plan 100 = 11.5 13.1 14.5 16.5 41.8
plan 200 = 8.1 9.2 10.3 11.7 29.6
"""  # noqa: E501 - the lines stand as the method prints them

FIRMS = tuple("AAABBCCDDEFG")
GOLD = {"A", "B", "E"}
DRIVERS = {
    "d1": "4 3 4 2 2 3 4 3 2 5 1 3",
    "d2": "4 4 5 3 4 4 3 5 4 5 3 dk",
    "d3": "2 1 2 2 3 1 2 2 1 3 2 2",
}
RECOMMENDATION = "9 8 10 5 7 6 9 8 4 10 3 7"
IMPORTANCE = {
    "d1": "6 7 6 5 6 7 6 7 5 6 7 6",
    "d2": "3 4 4 5 3 4 2 4 5 4 3 4",
    "d3": "5 6 7 6 5 7 6 5 6 7 6 5",
}
STAFF = {"d1": "4 4 5 3 4 5", "d2": "4 4 4 4 4 4", "d3": "4 3 4 5 4 4"}
GUESSES = "9 8 8 9 7 10"
OLD_FIRMS = tuple("AABCCDHH")
OLD_D1 = "4 4 3 4 4 3 4 5"
PREDICTIONS = (
    "70±10 75±5 60±10; 60±20 75±10 50±10; 80±5 70±5 65±5; "
    "50±10 80±10 40±20; 75±10 75±10 70±10; 65±5 60±20 55±5"
)

Values = list[float | str]


def answers(text: str) -> list[int | None]:
    return [None if word == "dk" else int(word) for word in text.split()]


def partner_sample(text: str, firms: Sequence[Hashable] = FIRMS) -> Sample:
    return sample_of(list(by_company(firms, answers(text)).values()))


def staff_sample(text: str) -> Sample:
    return Sample.of_people(Counter(int(word) for word in text.split()))


def partner_score(driver: str) -> Estimate:
    return driver_score(partner_sample(DRIVERS[driver]))


def staff_score(driver: str) -> Estimate:
    return driver_score(staff_sample(STAFF[driver]))


def limits(interval: Interval, times: float = 1) -> list[float]:
    return [times * interval.low, times * interval.high]


def percent(share: Share) -> list[float]:
    return [100 * share.value, *limits(share.interval(), 100)]


def quantiles() -> dict[str, Values]:
    return {
        "t(.975,5) t(.975,4.5) t(.9975,9.3)": [
            t_quantile(0.975, 5),
            t_quantile(0.975, 4.5),
            t_quantile(0.9975, 9.3),
        ]
    }


def driver_lines(driver: str) -> dict[str, Values]:
    companies = list(by_company(FIRMS, answers(DRIVERS[driver])).values())
    sample = sample_of(companies)
    score, staff = driver_score(sample), staff_score(driver)
    gap = difference(score, staff)
    assert sample.mean_variance is not None
    return {
        f"{driver} cells": [f"{c.m}:{c.g},{c.s},{c.q}" for c in size_cells(companies)],
        f"{driver} n x var m_w V deff n_eff df": [
            sample.n,
            score.value,
            625 * sample.variance,
            sample.weighted_company_size,
            625 * sample.mean_variance,
            sample.design_effect,
            sample.effective_n,
            sample.df,
        ],
        f"{driver} c v lo hi": [score.centre, score.variance, *limits(score.interval())],
        f"{driver} favourable lo hi %": [*percent(favourable_share(sample))],
        f"{driver} staff x c v lo hi": [
            staff.value,
            staff.centre,
            staff.variance,
            *limits(staff.interval()),
        ],
        f"{driver} gap df lo hi(10)": [
            gap.value,
            gap.df,
            *limits(gap.interval(10)),
            gap.mark(10).value,
        ],
    }


def band_lines() -> dict[str, Values]:
    partners, staff = partner_score("d3"), staff_score("d3")
    return {"d3 bands(10)": [*limits(partners.interval(10)), *limits(staff.interval(10))]}


def recommendation_lines() -> dict[str, Values]:
    companies = list(by_company(FIRMS, answers(RECOMMENDATION)).values())
    signs = Sample.of_companies(
        recommendation_signs(histogram_of(companies)), size_cells(signs_of(companies))
    )
    partners = nps(signs)
    guesses = staff_sample(GUESSES)
    staff = nps(Sample.of_people(recommendation_signs(guesses.histogram)))
    mean, guessed = recommendation_mean(sample_of(companies)), recommendation_mean(guesses)
    gap = difference(mean, guessed)
    return {
        "nps deff n_eff df": [signs.design_effect, signs.effective_n, signs.df],
        "nps value c v lo hi": [
            partners.value,
            partners.centre,
            partners.variance,
            *limits(partners.interval()),
        ],
        "nps staff value c lo hi": [staff.value, staff.centre, *limits(staff.interval())],
        "mean 0-10 partners lo hi": [mean.value, *limits(mean.interval())],
        "mean 0-10 staff lo hi": [guessed.value, *limits(guessed.interval())],
        "prediction gap df lo hi": [gap.value, gap.df, *limits(gap.interval()), gap.mark().value],
    }


def tier_cells(*, gold: bool) -> AnswerCells:
    companies = by_company(FIRMS, answers(DRIVERS["d1"]))
    chosen = [own for firm, own in companies.items() if (firm in GOLD) is gold]
    return AnswerCells(histogram_of(chosen), sizes=size_cells(chosen))


def segment_lines() -> dict[str, Values]:
    tiers = {"gold": tier_cells(gold=True), "silver": tier_cells(gold=False)}
    gold, silver = (driver_score(cells.sample()) for cells in tiers.values())
    against_rest = segments_against_rest(tiers)["gold"]
    assert against_rest is not None
    gap = difference(gold, staff_score("d1"))
    return {
        "d1 gold, silver, difference lo hi(6)": [
            gold.value,
            silver.value,
            against_rest.value,
            *limits(against_rest.interval(6)),
            against_rest.mark(6).value,
        ],
        "d1 gold gap lo hi(10)": [gap.value, *limits(gap.interval(10)), gap.mark(10).value],
    }


def change_lines() -> dict[str, Values]:
    old_sample, new_sample = partner_sample(OLD_D1, OLD_FIRMS), partner_sample(DRIVERS["d1"])
    old, new = driver_score(old_sample), driver_score(new_sample)
    links = link_cell(
        by_company(OLD_FIRMS, answers(OLD_D1)), by_company(FIRMS, answers(DRIVERS["d1"]))
    )
    covariance = linked_covariance(links, earlier=old_sample, later=new_sample)
    unlinked = change(new, old, same_wording=True)
    linked = change(new, old, same_wording=True, covariance=covariance)
    return {
        "old d1 x c v df": [old.value, old.centre, old.variance, old.df],
        "link mm ms sm ss C": [links.mm, links.ms, links.sm, links.ss, covariance],
        "change unlinked df lo hi": [
            unlinked.value,
            unlinked.df,
            *limits(unlinked.interval()),
            unlinked.mark().value,
        ],
        "change linked v lo hi": [
            linked.value,
            linked.variance,
            *limits(linked.interval()),
            linked.mark().value,
        ],
    }


def importance_lines() -> dict[str, Values]:
    means = {code: partner_sample(text).mean for code, text in IMPORTANCE.items()}
    stated = stated_weights(means)
    assert stated is not None
    scores = {code: partner_score(code) for code in DRIVERS}
    weighted = weighted_score(scores, stated)
    assert weighted is not None
    lines: dict[str, Values] = {
        "stated weights": [*stated.values()],
        "weighted lo hi, plain mean": [
            weighted.value,
            *limits(weighted.interval()),
            composite(list(scores.values())).value,
        ],
    }
    correlations = {}
    for code, text in DRIVERS.items():
        pairs = pair_cell(answers(text), answers(RECOMMENDATION))
        size = partner_sample(text).weighted_company_size
        r = correlation(pairs, company_size=size, minimum=4)
        assert r is not None
        correlations[code] = r
        lines[f"{code} pairs; r lo hi"] = [
            pairs.n,
            pairs.x,
            pairs.y,
            pairs.xx,
            pairs.yy,
            pairs.xy,
            r.value,
            *limits(r.interval()),
        ]
    derived = derived_weights(correlations)
    assert derived is not None
    return lines | {"derived weights": [*derived.values()]}


def overall_lines() -> dict[str, Values]:
    pairs = [
        DriverPair(code, number, partner_score(code), staff_score(code))
        for number, code in enumerate(DRIVERS, start=1)
    ]
    overall = overall_gap(gap_rows(pairs, k=10))
    assert overall is not None
    return {"overall gap lo hi": [overall.value, *limits(overall.interval())]}


def predictions() -> list[Prediction]:
    return [
        Prediction(person, driver, *(float(part) for part in guess.split("±")))
        for person, guesses in enumerate(PREDICTIONS.split(";"))
        for driver, guess in zip(DRIVERS, guesses.split(), strict=True)
    ]


def calibration_lines() -> dict[str, Values]:
    result = group_calibration(predictions(), {code: partner_score(code) for code in DRIVERS})
    return {
        "calibration bias mae lo hi": [
            result.bias.value,
            result.mean_error,
            *limits(result.bias.interval()),
        ],
        "hits of 18, over-confidence lo hi": [
            result.n_hits,
            result.overconfidence.value,
            *limits(result.overconfidence.interval()),
        ],
    }


def participation_lines() -> dict[str, Values]:
    funnel = Funnel(invited=40, delivered=38, opened=20, started=14, completed=12)
    assert funnel.participation is not None
    assert funnel.response_rate is not None
    assert funnel.completion is not None
    response = response_share(funnel, company_size=1.6)
    tiers = {"gold": ClassCount(10, 8), "silver": ClassCount(30, 6)}
    balance = representativeness(tiers, company_size=1.6)
    gold = balance.classes["gold"]
    assert gold.difference is not None
    assert gold.interval is not None
    scores = {name: driver_score(tier_cells(gold=name == "gold").sample()) for name in tiers}
    reweighted = reweighted_score(scores, tiers)
    assert reweighted is not None
    rates = (funnel.participation, funnel.response_rate, funnel.completion)
    return {
        "rates %": [100 * rate for rate in rates],
        "response n_e lo hi %": [response.effective_n, *limits(response.interval(), 100)],
        "gold shares, difference lo hi(2), R": [
            100 * gold.invited_share,
            100 * gold.answered_share,
            100 * gold.difference,
            *limits(gold.interval, 100),
            balance.r_indicator,
            "warn" if gold.warn else "quiet",
        ],
        "d1 reweighted": [reweighted.value],
    }


def sentiment_lines() -> dict[str, Values]:
    counts = SentimentCounts(negative=11, mixed=3, neutral=5, positive=9, unsure=4)
    shares = sentiment_shares(counts, company_size=1.4, n_companies=10)
    return {
        "share negative lo hi %": [*percent(shares.negative)],
        "net lo hi, extremes": [
            shares.net.value,
            *limits(shares.net.interval()),
            shares.net_if_negative,
            shares.net_if_positive,
        ],
    }


def unanimous_lines() -> dict[str, Values]:
    five = driver_score(Sample.of_people({5: 5}))
    clustered = sample_of([[5, 5, 5], [5], [5]])
    return {
        "five fives x c v lo hi": [
            five.value,
            five.centre,
            five.variance,
            *limits(five.interval()),
        ],
        "twenty fives lo": [driver_score(Sample.of_people({5: 20})).interval().low],
        "five fives, companies 3+1+1: n_eff df lo": [
            clustered.effective_n,
            clustered.df,
            driver_score(clustered).interval().low,
        ],
    }


def planning_lines() -> dict[str, Values]:
    lines: dict[str, Values] = {"plan 60, m_w 2": [detectable_change(60, company_size=2)]}
    for n in (10, 20, 40, 60, 100, 200):
        lines[f"plan {n}"] = [
            *(detectable_change(n, company_size=size) for size in (1, 2, 3)),
            detectable_change(n, company_size=2, k=10),
            detectable_change(n, company_size=2, deviation=NPS_DEVIATION),
        ]
    return lines


@dataclass(frozen=True)
class Line:
    label: str
    printed: list[str]


def worked_lines() -> list[Line]:
    pairs = (line.split(" = ") for line in WORKED.strip().splitlines())
    return [Line(label, values.split()) for label, values in pairs]


@pytest.fixture(scope="module")
def computed() -> dict[str, Values]:
    return (
        quantiles()
        | driver_lines("d1")
        | driver_lines("d2")
        | driver_lines("d3")
        | band_lines()
        | recommendation_lines()
        | segment_lines()
        | change_lines()
        | importance_lines()
        | overall_lines()
        | calibration_lines()
        | participation_lines()
        | sentiment_lines()
        | unanimous_lines()
        | planning_lines()
    )


def assert_as_printed(value: float | str, printed: str) -> None:
    if isinstance(value, str):
        assert value == printed
        return
    decimals = len(printed.partition(".")[2])
    assert math.isclose(value, float(printed), rel_tol=0, abs_tol=0.5001 * 10**-decimals)


@pytest.mark.parametrize("line", worked_lines(), ids=lambda line: line.label)
def test_worked_value_is_computed_to_the_printed_precision(
    line: Line, computed: dict[str, Values]
) -> None:
    values = computed[line.label]

    assert len(values) == len(line.printed)
    for value, printed in zip(values, line.printed, strict=True):
        assert_as_printed(value, printed)


def test_nothing_is_computed_that_the_method_does_not_print(computed: dict[str, Values]) -> None:
    assert set(computed) == {line.label for line in worked_lines()}
