"""The guard between waves: joiners and leavers, repeaters, the erased, coarse totals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from analysis.suppression import (
    TOTAL,
    Answers,
    Dimension,
    Earlier,
    Frame,
    Participant,
    People,
    Policy,
    RowKey,
    Sums,
    Verdict,
    anonymous_answers,
    build_frame,
    coarse,
    earlier_wave,
    publish_question,
    publish_wave,
)

TIER = Dimension("tier", ("tier",))
POLICY = Policy()


def frame_of(tiers: Mapping[str, Iterable[int]], people: People) -> Frame:
    """People by number, each of a company of their own."""
    return build_frame(
        (
            Participant(number, f"company {number}", {"tier": tier})
            for tier, numbers in tiers.items()
            for number in numbers
        ),
        [TIER],
        people=people,
    )


def key(*labels: str) -> RowKey:
    return RowKey("tier", tuple((label,) for label in labels))


def exact_of(frame: Frame, policy: Policy = POLICY) -> dict[RowKey, int]:
    return {row.key: row.n for row in publish_wave(frame, policy)}


def verdicts_of(
    now: Frame,
    *before: Earlier,
    policy: Policy = POLICY,
    steps: int = 2,
    n_steps: int = 4,
    scale: tuple[int, int] = (0, 100),
) -> dict[RowKey, Verdict]:
    """Everybody answers; `steps` is what each adds to the sums."""
    rows = publish_wave(now, policy)
    sums = Sums({row.key: steps * row.n for row in rows}, n_steps)
    answers = Answers(now.everyone, sums, lowest=scale[0], highest=scale[1])
    return publish_question(rows, answers, policy, before=before)


def states(verdicts: Mapping[RowKey, Verdict]) -> list[str]:
    return [verdict.state for verdict in verdicts.values()]


def test_the_same_people_in_two_waves_give_nothing_away() -> None:
    people = People()
    now = frame_of({"Gold": range(8), "Silver": range(8, 20)}, people)

    verdicts = verdicts_of(now, earlier_wave(now, now.everyone, exact_of(now)))

    assert states(verdicts) == ["exact", "exact", "exact"]


def test_two_waves_of_different_people_give_nothing_away() -> None:
    people = People()
    now = frame_of({"Gold": range(8), "Silver": range(8, 20)}, people)
    old = frame_of({"Gold": range(30, 38), "Silver": range(40, 52)}, people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, exact_of(old)))

    assert states(verdicts) == ["exact", "exact", "exact"]


@pytest.mark.parametrize(("n_repeaters", "expected"), [(19, "coarse"), (20, "exact")])
def test_a_joiner_shows_only_among_fewer_than_twenty_repeaters(
    n_repeaters: int, expected: str
) -> None:
    people = People()
    now = frame_of({"Gold": range(n_repeaters + 1)}, people)
    old = frame_of({"Gold": range(n_repeaters)}, people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, {TOTAL: n_repeaters}))

    assert verdicts[TOTAL].state == expected


def test_joiners_of_two_companies_show_however_many_people_they_are() -> None:
    people = People()
    joiners = [Participant(100 + i, f"new {i % 2}", {"tier": "Gold"}) for i in range(6)]
    stayers = [Participant(i, f"company {i}", {"tier": "Gold"}) for i in range(12)]
    now = build_frame([*stayers, *joiners], [TIER], people=people)
    old = build_frame(stayers, [TIER], people=people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, {TOTAL: 12}))

    assert verdicts[TOTAL].state == "coarse"


def test_two_tiers_of_the_last_wave_together_show_a_joiner() -> None:
    # Only the total is exact now; Gold and Silver of the last wave add up to all but one of it.
    people = People()
    now = frame_of({"All": range(16)}, people)
    old = frame_of({"Gold": range(7), "Silver": range(7, 15)}, people)
    parts = {key("Gold"): 7, key("Silver"): 8}

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, parts))

    assert verdicts[TOTAL].state == "coarse"


def test_two_earlier_waves_together_show_a_leaver() -> None:
    people = People()
    first = frame_of({"Gold": range(7)}, people)
    second = frame_of({"Gold": range(7, 14)}, people)
    now = frame_of({"Gold": range(13)}, people)
    before = [earlier_wave(each, each.everyone, {TOTAL: 7}) for each in (first, second)]

    assert verdicts_of(now, *before)[TOTAL].state == "coarse"
    assert verdicts_of(now, before[0])[TOTAL].state == "exact"


def test_four_joiners_beside_the_nineteen_of_two_earlier_waves_show() -> None:
    people = People()
    first = frame_of({"Gold": range(10)}, people)
    second = frame_of({"Gold": range(10, 19)}, people)
    now = frame_of({"Gold": range(23)}, people)
    before = [
        earlier_wave(first, first.everyone, {TOTAL: 10}),
        earlier_wave(second, second.everyone, {TOTAL: 9}),
    ]

    assert verdicts_of(now, *before)[TOTAL].state == "coarse"


def regions(groups: Mapping[str, Iterable[int]], people: People) -> Frame:
    """People by 'tier/region'."""
    labels = {name: dict(zip(("tier", "region"), name.split("/"), strict=True)) for name in groups}
    return build_frame(
        (
            Participant(number, f"company {number}", labels[name])
            for name, numbers in groups.items()
            for number in numbers
        ),
        [TIER, Dimension("region", ("region",))],
        people=people,
    )


CROSSED = {"Gold/North": range(25), "Gold/South": range(25, 31), "Silver/South": range(40, 60)}


def test_people_who_cancel_within_a_wave_are_no_repeaters() -> None:
    # Gold less North are six people for sure; five of them were last wave's whole figure.
    people = People()
    now = regions(CROSSED, people)
    old = frame_of({"Gold": range(25, 30)}, people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, {TOTAL: 5}))

    assert sorted(states(verdicts)) != ["exact"] * 5
    assert sorted(states(verdicts_of(now))) == ["exact"] * 5


def test_people_who_cancel_within_an_earlier_wave_are_no_repeaters_either() -> None:
    people = People()
    now = frame_of({"Gold": range(25, 30)}, people)
    old = regions(CROSSED, people)
    exact = {row: n for row, n in exact_of(old).items() if row != TOTAL}

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, exact))

    assert len(exact) == 4
    assert verdicts[TOTAL] == Verdict("hidden", "few_changed")


def test_what_was_hidden_before_may_be_compared_freely() -> None:
    people = People()
    now = frame_of({"Gold": range(8), "Silver": range(8, 20)}, people)
    old = frame_of({"Gold": range(8), "Silver": range(8, 19)}, people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, {}))

    assert states(verdicts) == ["exact", "exact", "exact"]


def test_the_block_of_hidden_rows_of_an_earlier_wave_counts_as_shown() -> None:
    people = People()
    old = frame_of({"Gold": range(8), "Silver": range(8, 19)}, people)

    earlier = earlier_wave(old, old.everyone, {TOTAL: 19, key("Gold"): 8})

    silver = people.bits(range(8, 19))
    assert silver in earlier.views


def test_an_erased_person_stays_in_the_old_figure_and_repeats_nowhere() -> None:
    # Number 12 was erased; the old total still holds the answer, so the new one gives it away.
    people = People()
    now = frame_of({"Gold": range(6), "Silver": range(6, 12)}, people)
    left = frame_of({"Gold": range(6), "Silver": range(6, 12)}, people)
    published = {TOTAL: 13, key("Gold"): 6, key("Silver"): 7}

    verdicts = verdicts_of(now, earlier_wave(left, left.everyone, published))

    assert verdicts[TOTAL].state == "coarse"
    assert verdicts[key("Gold")].state == "exact"
    assert verdicts[key("Silver")].state == "hidden"


def test_the_erased_of_two_tiers_are_different_people_of_the_total() -> None:
    people = People()
    left = frame_of({"Gold": range(6), "Silver": range(6, 12)}, people)

    earlier = earlier_wave(left, left.everyone, {TOTAL: 14, key("Gold"): 7, key("Silver"): 6})

    total, gold, silver, block_of_tiers = earlier.views
    assert [each.bit_count() for each in earlier.views] == [14, 7, 6, 1]
    assert gold & ~total == 0
    assert block_of_tiers == total & ~gold & ~silver


def test_a_small_total_is_hidden_since_tens_would_be_too_fine() -> None:
    people = People()
    now = frame_of({"Gold": range(8)}, people)
    old = frame_of({"Gold": range(7)}, people)
    before = earlier_wave(old, old.everyone, {TOTAL: 7})

    assert verdicts_of(now, before)[TOTAL] == Verdict("hidden", "few_changed")


def test_nps_needs_twice_the_answers_for_a_coarse_total() -> None:
    people = People()
    now = frame_of({"Gold": range(15)}, people)
    old = frame_of({"Gold": range(14)}, people)
    before = earlier_wave(old, old.everyone, {TOTAL: 14})

    nps = verdicts_of(now, before, steps=1, n_steps=2, scale=(-100, 100))

    assert verdicts_of(now, before)[TOTAL].state == "coarse"
    assert nps[TOTAL].state == "hidden"


def test_a_coarse_total_near_an_end_is_a_bound_no_finer_than_its_rounding() -> None:
    people = People()
    now = frame_of({"Gold": range(16)}, people)
    old = frame_of({"Gold": range(15)}, people)
    before = earlier_wave(old, old.everyone, {TOTAL: 15})

    verdict = verdicts_of(now, before, steps=4)[TOTAL]

    assert (verdict.state, verdict.reason, verdict.at_least) == ("bound", "few_changed", 95.0)


def test_rows_never_add_up_to_a_coarse_total() -> None:
    # Each tier is too different from last wave's to be compared; their sum, the total, is not.
    people = People()
    old = frame_of({"Gold": range(8), "Silver": range(8, 19)}, people)
    now = frame_of({"Gold": range(0, 19, 2), "Silver": [*range(1, 19, 2), 30]}, people)

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, exact_of(old)))

    assert verdicts[TOTAL].state == "coarse"
    assert sorted(states(verdicts)) == ["coarse", "exact", "hidden"]


def test_three_rows_never_add_up_to_a_coarse_total() -> None:
    # No two tiers and the old total are close to each other, but all three tiers are.
    people = People()
    old = frame_of({"All": range(19)}, people)
    now = frame_of(
        {"A": [*range(0, 19, 3), 30], "B": range(1, 19, 3), "C": range(2, 19, 3)}, people
    )

    verdicts = verdicts_of(now, earlier_wave(old, old.everyone, {TOTAL: 19}))

    assert verdicts[TOTAL].state == "coarse"
    assert sorted(states(verdicts)) == ["coarse", "exact", "exact", "hidden"]


def test_the_company_of_a_person_is_that_of_the_first_entry() -> None:
    people = People()
    people.enter("p", "new firm")

    position = people.enter("p", "old firm")

    assert people.company_of(position) == "new firm"


def test_anonymous_waves_are_compared_by_those_who_took_part() -> None:
    people = People()
    now = frame_of({"Gold": range(8), "Silver": range(8, 20)}, people)
    old = frame_of({"Gold": range(8), "Silver": range(8, 19)}, people)
    rows = publish_wave(now, POLICY)
    answers = anonymous_answers(
        now,
        {("Gold",): 7, ("Silver",): 12},
        sums=Sums({TOTAL: 38, key("Gold"): 14, key("Silver"): 24}, 4),
    )

    before = [earlier_wave(old, old.everyone, exact_of(old))]
    verdicts = publish_question(rows, answers, POLICY, before=before)

    assert states(verdicts) == ["coarse", "exact", "hidden"]
    assert verdicts[TOTAL].n == 19
    assert verdicts[TOTAL].n_companies is None


@pytest.mark.parametrize(
    ("value", "printed"), [(62.4, 60), (65.0, 70), (4.9, 0), (-65.0, -60), (-66.0, -70)]
)
def test_a_coarse_figure_is_the_nearest_ten(value: float, printed: int) -> None:
    assert coarse(value) == printed


def test_a_total_on_seven_points_is_coarse_by_whole_points() -> None:
    people = People()
    now = frame_of({"Gold": range(15)}, people)
    old = frame_of({"Gold": range(14)}, people)
    rows = publish_wave(now, POLICY)
    sums = Sums({row.key: 4 * row.n for row in rows}, 6)
    answers = Answers(now.everyone, sums, lowest=1, highest=7, coarse_step=1)

    before = [earlier_wave(old, old.everyone, {TOTAL: 14})]
    verdict = publish_question(rows, answers, POLICY, before=before)[TOTAL]

    assert verdict.state == "coarse"
    assert coarse(5.4, step=1) == 5


def test_a_half_that_floating_numbers_miss_is_rounded_upwards() -> None:
    assert coarse(44.999999999999) == 50
    assert coarse(44.99) == 40
