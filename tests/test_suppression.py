"""The worked tables of the method of confidentiality, sections 7 and 8, and the small rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from analysis.suppression import (
    TOTAL,
    Answers,
    Dimension,
    Frame,
    Participant,
    People,
    Policy,
    PublishedRows,
    RowKey,
    Sums,
    Verdict,
    build_frame,
    earlier_wave,
    publish_question,
    publish_wave,
)

POLICY = Policy()
TIER = Dimension("tier", ("tier",))
REGION = Dimension("region", ("region",))
TABLE = Dimension("tier x region", ("tier", "region"))


def participants(groups: Mapping[str, int | Sequence[int]]) -> Iterator[Participant]:
    """People of `tier` or `tier/region` groups: a count (one a company), or sizes of companies."""
    for name, sizes in groups.items():
        labels = dict(zip(("tier", "region"), name.split("/"), strict=False))
        number = 0
        for company, size in enumerate([1] * sizes if isinstance(sizes, int) else sizes):
            for _ in range(size):
                yield Participant(f"{name} {number}", f"{name} company {company}", labels)
                number += 1


def tiers(groups: Mapping[str, int | Sequence[int]], people: People | None = None) -> Frame:
    return build_frame(participants(groups), [TIER], people=people)


def table_of(groups: Mapping[str, int], *dimensions: Dimension) -> PublishedRows:
    return publish_wave(build_frame(participants(groups), dimensions), POLICY)


def shown(rows: PublishedRows) -> dict[str, int]:
    """Rows in words, the total left out."""
    return {words(row.key): row.n for row in rows if row.key != TOTAL}


def words(key: RowKey) -> str:
    names = ["/".join(member) for member in key.members]
    return f"Other ({', '.join(names)})" if key.is_other else names[0]


def states(verdicts: Mapping[RowKey, Verdict]) -> dict[str, str]:
    return {
        "total" if key == TOTAL else words(key): verdict.state for key, verdict in verdicts.items()
    }


def tier_key(*labels: str) -> RowKey:
    return RowKey("tier", tuple((label,) for label in labels))


def second_wave(
    first: Mapping[str, int], second: Mapping[str, int], policy: Policy = POLICY
) -> dict[RowKey, Verdict]:
    """Verdicts of the second of two waves in which people of one number are the same."""
    people = People()
    now = tiers(second, people)
    old = tiers(first, people)
    before = earlier_wave(old, old.everyone, all_exact(publish_wave(old, policy)))
    rows = publish_wave(now, policy)
    sums = {row.key: 2 * row.n for row in rows}
    return publish_question(rows, Answers(now.everyone, Sums(sums, 4)), policy, before=[before])


def all_exact(rows: PublishedRows) -> dict[RowKey, int]:
    return {row.key: row.n for row in rows}


def test_example_1_a_small_tier_is_joined_by_the_smallest_that_passes() -> None:
    rows = publish_wave(tiers({"Gold": 12, "Silver": 9, "Bronze": 3}), POLICY)

    assert shown(rows) == {"Gold": 12, "Other (Bronze, Silver)": 12}
    assert rows.merged["tier", ("Bronze",)].code == "few_people"
    assert rows.merged["tier", ("Silver",)].code == "joined"


def test_example_2_two_small_tiers_make_other_without_a_third() -> None:
    rows = publish_wave(tiers({"Gold": 14, "Silver": 9, "Bronze": 4, "New": 2}), POLICY)

    assert shown(rows) == {"Silver": 9, "Gold": 14, "Other (Bronze, New)": 6}


def test_example_3_two_companies_are_too_few_however_many_people() -> None:
    rows = publish_wave(tiers({"Gold": [4, 4], "Silver": 9, "Bronze": 7}), POLICY)

    assert shown(rows) == {"Silver": 9, "Other (Bronze, Gold)": 15}
    assert rows.merged["tier", ("Gold",)].code == "few_companies"


def test_example_4_a_company_with_more_than_half_is_too_large() -> None:
    rows = publish_wave(tiers({"Gold": [4, 1, 2], "Silver": 9, "Bronze": 7}), POLICY)

    assert shown(rows) == {"Silver": 9, "Other (Bronze, Gold)": 14}
    assert rows.merged["tier", ("Gold",)].code == "large_share"


def test_example_5_a_dimension_of_one_row_is_left_out_and_a_small_wave_shows_nothing() -> None:
    only_total = publish_wave(tiers({"Gold": 5, "Silver": 4}), POLICY)
    nothing = publish_wave(tiers({"Gold": 3, "Silver": 1}), POLICY)

    assert [row.key for row in only_total] == [TOTAL]
    assert only_total.dropped["tier"].code == "few_people"
    assert list(nothing) == []
    assert nothing.refused is not None
    assert nothing.refused.code == "few_people"


def test_example_6_a_dimension_goes_when_a_difference_is_two_people() -> None:
    rows = table_of({"Gold/North": 8, "Gold/South": 2, "Silver/South": 10}, TIER, REGION)

    assert shown(rows) == {"Gold": 10, "Silver": 10}
    reason = rows.dropped["region"]
    assert reason.code == "would_follow"
    assert reason.n_people == 2
    assert [(term.sign, words(term.key)) for term in reason.terms] == [(1, "Gold"), (-1, "North")]


def test_example_7_both_dimensions_stay_when_differences_are_large_enough() -> None:
    rows = table_of({"Gold/North": 8, "Gold/South": 5, "Silver/South": 10}, TIER, REGION)

    assert shown(rows) == {"Silver": 10, "Gold": 13, "North": 8, "South": 15}


def test_table_of_section_7_keeps_the_table_and_gives_up_the_region() -> None:
    groups = {"Gold/North": 9, "Gold/South": 6, "Silver/North": 7, "Silver/South": 3}

    rows = table_of(groups, TIER, REGION, TABLE)

    assert shown(rows) == {
        "Gold": 15,
        "Silver": 10,
        "Gold/North": 9,
        "Other (Gold/South, Silver/North, Silver/South)": 16,
    }
    assert "region" in rows.dropped
    reason = rows.merged["tier x region", ("Silver", "South")]
    assert (reason.code, reason.n_people) == ("few_people", 3)


def bronze_wave(sums: Mapping[str, int], *, unknown: Sequence[str] = ()) -> dict[RowKey, Verdict]:
    frame = tiers({"Gold": 10, "Silver": 8, "Bronze": 6})
    rows = publish_wave(frame, POLICY)
    by_row = {tier_key(label): total for label, total in sums.items()}
    by_row[TOTAL] = sum(sums.values())
    answered = frame.everyone & ~frame.people.bits(unknown)
    return publish_question(rows, Answers(answered, Sums(by_row, 4)), POLICY)


def test_example_8_a_row_short_of_answers_takes_the_smallest_other_with_it() -> None:
    verdicts = bronze_wave(
        {"Gold": 20, "Silver": 16, "Bronze": 8}, unknown=["Bronze 0", "Bronze 1"]
    )

    assert states(verdicts) == {
        "total": "exact",
        "Gold": "exact",
        "Silver": "hidden",
        "Bronze": "hidden",
    }
    assert verdicts[tier_key("Bronze")] == Verdict("hidden", "few_people")
    assert verdicts[tier_key("Silver")] == Verdict("hidden", "would_follow")
    assert verdicts[TOTAL].n == 22


def test_example_9_a_unanimous_row_is_a_bound_that_does_not_follow_from_others() -> None:
    verdicts = bronze_wave({"Gold": 20, "Silver": 16, "Bronze": 0})

    assert states(verdicts) == {
        "total": "exact",
        "Gold": "exact",
        "Silver": "hidden",
        "Bronze": "bound",
    }
    at_most = verdicts[tier_key("Bronze")].at_most
    assert at_most is not None
    assert round(at_most) == 8
    assert at_most == pytest.approx(50 / 6)


def test_example_10_a_joiner_among_few_repeaters_hides_the_tier_and_blurs_the_total() -> None:
    verdicts = second_wave({"Gold": 8, "Silver": 11}, {"Gold": 8, "Silver": 12})

    assert states(verdicts) == {"total": "coarse", "Gold": "exact", "Silver": "hidden"}
    assert verdicts[TOTAL].reason == "few_changed"


def test_example_11_a_joiner_among_many_repeaters_changes_nothing() -> None:
    verdicts = second_wave({"Gold": 9, "Silver": 21}, {"Gold": 9, "Silver": 22})

    assert states(verdicts) == {"total": "exact", "Gold": "exact", "Silver": "exact"}


def test_example_12_a_leaver_of_a_small_tier_hides_both_tiers() -> None:
    verdicts = second_wave({"Gold": 9, "Silver": 21}, {"Gold": 8, "Silver": 21})

    assert states(verdicts) == {"total": "exact", "Gold": "hidden", "Silver": "hidden"}


def test_strict_grants_no_exemption_to_many_repeaters() -> None:
    strict = Policy(is_strict=True)

    verdicts = second_wave({"Gold": 9, "Silver": 21}, {"Gold": 9, "Silver": 22}, strict)

    assert states(verdicts) == {"total": "coarse", "Gold": "exact", "Silver": "hidden"}
