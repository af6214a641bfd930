"""What is printed of a shown row: near-unanimous means, shares, histograms, correlations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from drawn_waves import Person, answers_of, belongs, frame_of, waves
from hypothesis import given, settings

from analysis.suppression import (
    TOTAL,
    Answers,
    Dimension,
    Participant,
    Policy,
    PublishedRows,
    RowKey,
    Share,
    Sums,
    Verdict,
    build_frame,
    may_show_correlation,
    may_show_histogram,
    publish_question,
    publish_shares,
    publish_wave,
    sure_companies,
)

POLICY = Policy()
TIER = Dimension("tier", ("tier",))


def key(label: str) -> RowKey:
    return RowKey("tier", ((label,),))


def rows_of(tiers: Mapping[str, int]) -> PublishedRows:
    """A wave with so many people of a company of their own in each tier."""
    people = [
        Participant(f"{tier} {number}", f"{tier} {number}", {"tier": tier})
        for tier, n in tiers.items()
        for number in range(n)
    ]
    return publish_wave(build_frame(people, [TIER]), POLICY)


def asked(
    tiers: Mapping[str, int],
    sums: Mapping[str, int],
    *,
    n_steps: int = 4,
    scale: tuple[int, int] = (0, 100),
) -> dict[RowKey, Verdict]:
    rows = rows_of(tiers)
    by_row = {key(label): total for label, total in sums.items()}
    by_row[TOTAL] = sum(sums.values())
    answers = Answers(rows.everyone, Sums(by_row, n_steps), lowest=scale[0], highest=scale[1])
    return publish_question(rows, answers, POLICY)


def states(verdicts: Mapping[RowKey, Verdict]) -> dict[str, str]:
    return {
        "total" if each == TOTAL else each.members[0][0]: verdict.state
        for each, verdict in verdicts.items()
    }


@pytest.mark.parametrize(
    ("steps", "state"), [(0, "bound"), (2, "bound"), (3, "exact"), (29, "exact"), (30, "bound")]
)
def test_a_mean_within_two_steps_of_an_end_is_a_bound(steps: int, state: str) -> None:
    verdicts = asked({"Gold": 8, "Silver": 9}, {"Gold": steps, "Silver": 18})

    assert verdicts[key("Gold")].state == state


def test_a_bound_says_how_near_the_end_a_mean_can_be() -> None:
    low = asked({"Gold": 8, "Silver": 20}, {"Gold": 1, "Silver": 40})[key("Gold")]
    high = asked({"Gold": 8, "Silver": 20}, {"Gold": 31, "Silver": 40})[key("Gold")]

    assert (low.at_most, low.at_least, low.n) == (50 / 8, None, 8)
    assert (high.at_most, high.at_least, high.n) == (None, 100 - 50 / 8, 8)


def test_nps_has_three_steps_between_its_ends() -> None:
    verdicts = asked(
        {"Gold": 8, "Silver": 20}, {"Gold": 15, "Silver": 20}, n_steps=2, scale=(-100, 100)
    )

    gold = verdicts[key("Gold")]
    assert (gold.state, gold.at_least) == ("bound", 75.0)


def test_a_unanimous_total_leaves_no_row_from_which_it_follows() -> None:
    verdicts = asked({"Gold": 8, "Silver": 9, "Bronze": 30}, {"Gold": 0, "Silver": 2, "Bronze": 0})

    assert states(verdicts) == dict.fromkeys(["total", "Gold", "Silver", "Bronze"], "bound")


def test_a_unanimous_group_that_is_not_printed_but_follows_is_not_given_away() -> None:
    # Bronze has too few answers, so Silver is hidden with it; together they are unanimous.
    rows = rows_of({"Gold": 10, "Silver": 8, "Bronze": 6})
    people = [
        f"{tier} {i}" for tier, n in (("Gold", 10), ("Silver", 8), ("Bronze", 4)) for i in range(n)
    ]
    sums = {TOTAL: 20 + 32 + 16, key("Gold"): 20, key("Silver"): 32, key("Bronze"): 16}

    answers = Answers(rows.people.bits(people), Sums(sums, 4))
    verdicts = publish_question(rows, answers, POLICY)

    assert states(verdicts) == {
        "total": "exact",
        "Gold": "hidden",
        "Silver": "hidden",
        "Bronze": "hidden",
    }


def shares_of(
    tiers: Mapping[str, int], counts: Mapping[str, Sequence[int]]
) -> dict[RowKey, tuple[Share, ...]]:
    rows = rows_of(tiers)
    by_row = {key(label): tuple(each) for label, each in counts.items()}
    by_row[TOTAL] = tuple(sum(column) for column in zip(*counts.values(), strict=True))
    answers = Answers(rows.everyone)
    verdicts = publish_question(rows, answers, POLICY)
    return publish_shares(rows, answers, POLICY, verdicts=verdicts, counts=by_row)


def test_shares_need_ten_answers_and_so_does_what_follows_from_them() -> None:
    enough = shares_of({"Gold": 12, "Silver": 10}, {"Gold": [4, 4, 4], "Silver": [3, 3, 4]})
    short = shares_of({"Gold": 12, "Silver": 9}, {"Gold": [4, 4, 4], "Silver": [3, 3, 3]})

    assert set(enough) == {TOTAL, key("Gold"), key("Silver")}
    assert enough[key("Gold")] == (Share("exact", 4),) * 3
    assert set(short) == {TOTAL}


def test_a_class_of_one_or_none_is_a_bound_and_blanks_the_others() -> None:
    shares = shares_of(
        {"Gold": 12, "Silver": 20, "Bronze": 20},
        {"Gold": [1, 5, 6], "Silver": [8, 8, 4], "Bronze": [6, 6, 8]},
    )

    assert shares[key("Gold")] == (Share("at_most_one"), Share("blank"), Share("blank"))
    assert len({key("Silver"), key("Bronze")} & set(shares)) == 1, "else Gold's would follow"


def test_a_class_of_all_but_one_is_a_bound() -> None:
    shares = shares_of(
        {"Gold": 12, "Silver": 20, "Bronze": 20},
        {"Gold": [11, 1, 0], "Silver": [8, 8, 4], "Bronze": [6, 6, 8]},
    )

    expected = (Share("all_but_one"), Share("at_most_one"), Share("at_most_one"))
    assert shares[key("Gold")] == expected


@settings(max_examples=40, deadline=None)
@given(waves(min_size=25, max_size=60))
def test_only_exact_rows_of_ten_have_shares_and_they_are_true(wave: list[Person]) -> None:
    frame = frame_of(wave)
    rows = publish_wave(frame, POLICY)
    answers = answers_of(wave, frame, rows)
    verdicts = publish_question(rows, answers, POLICY)
    counts = {row.key: class_counts(wave, row.key) for row in rows}

    shares = publish_shares(rows, answers, POLICY, verdicts=verdicts, counts=counts)

    for row_key, classes in shares.items():
        assert verdicts[row_key].state == "exact"
        n = verdicts[row_key].n or 0
        assert n >= 10
        for share, count in zip(classes, counts[row_key], strict=True):
            assert share.count in (None, count)
            assert share.state != "exact" or 2 <= count <= n - 2


def class_counts(wave: Sequence[Person], row_key: RowKey) -> tuple[int, int, int]:
    steps = [p.steps for p in wave if row_key == TOTAL or belongs(p, row_key)]
    low, middle = sum(s in (0, 1) for s in steps), sum(s == 2 for s in steps)
    return low, middle, sum(s in (3, 4) for s in steps)


def test_a_histogram_needs_thirty_answers_of_ten_companies_and_exact_shares() -> None:
    exact = [Share("exact", 10), Share("exact", 10), Share("exact", 10)]

    assert may_show_histogram(exact, 10)
    assert not may_show_histogram(exact, 9)
    assert not may_show_histogram([Share("exact", 10), Share("exact", 9), Share("exact", 10)], 10)
    assert not may_show_histogram([Share("at_most_one"), Share("blank"), Share("blank")], 30)
    assert not may_show_histogram(None, 30)


def test_companies_are_sure_when_the_largest_cannot_have_given_all() -> None:
    assert sure_companies(10, [3, 3, 3, 3]) == 4
    assert sure_companies(9, [3, 3, 3, 3]) == 3
    assert sure_companies(0, [3]) == 0


def test_a_correlation_needs_thirty_answers_shown_exactly() -> None:
    assert may_show_correlation(Verdict("exact", None, 30, 12))
    assert not may_show_correlation(Verdict("exact", None, 29, 12))
    assert not may_show_correlation(Verdict("coarse", "few_changed", 30, 12))
