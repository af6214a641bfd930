"""What a wave would show, worked out from those who would be asked; and the words for it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from random import Random

import pytest
from factories import make_settings
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import exposure_findings as findings
from analysis.exposure import (
    AskedAudience,
    AudienceForecast,
    AudienceState,
    affordable_draws,
    forecast,
    is_usual,
    judged_rate_pct,
    weakest,
)
from analysis.suppression import (
    Dimension,
    Participant,
    Policy,
    Reason,
    RowKey,
    Term,
    build_frame,
    for_staff,
    publish_wave,
)
from app import create_app
from surveys.db import db
from surveys.i18n import in_locale
from surveys.invitations import Invitee
from surveys.terms import Audience, Mode

POLICY = Policy()
EVERYBODY = (100,)


@pytest.fixture(scope="module")
def words_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application for its languages; its database does not exist."""
    folder = tmp_path_factory.mktemp("words")
    app = create_app(make_settings(f"sqlite:///{folder / 'none.db'}", folder))
    yield app
    with app.app_context():
        db.engine.dispose()


def asked(
    groups: Mapping[str, int | Sequence[int]],
    *,
    audience: Audience = Audience.PARTNER,
    mode: Mode = Mode.CONFIDENTIAL,
) -> AskedAudience:
    """People of `tier` or `tier/region` groups: a count (one a company), or sizes of companies."""
    ids, companies = count(1), count(1)
    dimensions = ("tier", "region")[: max(name.count("/") + 1 for name in groups)]
    people = []
    for name, sizes in groups.items():
        segments = dict(zip(dimensions, name.split("/"), strict=True))
        for size in [1] * sizes if isinstance(sizes, int) else sizes:
            company = next(companies) if audience is Audience.PARTNER else None
            people += [Invitee(next(ids), company, segments) for _ in range(size)]
    return AskedAudience(
        audience=audience,
        mode=mode,
        policy=POLICY if audience is Audience.PARTNER else for_staff(POLICY),
        dimensions=dimensions,
        people=people,
    )


def if_all_answer(audience: AskedAudience) -> AudienceForecast:
    return forecast([audience], seed=1, n_draws=1, rates_pct=EVERYBODY)[0]


def usual(found: AudienceForecast) -> dict[str, bool]:
    return {row.key.members[0][0]: is_usual(row.shown(100)) for row in found.rows[1:]}


def verdicts(app: Flask, found: AudienceForecast) -> list[str]:
    with app.app_context():
        return [
            findings.verdict_words(each.rows, found.asked.policy, rate_pct=100, dimension=each.name)
            for each in found.dimensions
        ]


def test_example_6_region_goes_since_a_difference_is_two_people(words_app: Flask) -> None:
    found = if_all_answer(asked({"Gold/North": 8, "Gold/South": 2, "Silver/South": 10}))

    assert usual(found) == {"Gold": True, "Silver": True, "North": False, "South": False}
    assert verdicts(words_app, found) == [
        "Safe: no group under 5 people or 3 companies",
        "This could expose someone: Region not shown: Gold minus North is 2 people",
    ]


def test_example_7_is_safe_with_three_people_more(words_app: Flask) -> None:
    found = if_all_answer(asked({"Gold/North": 8, "Gold/South": 5, "Silver/South": 10}))

    assert all(usual(found).values())
    assert set(verdicts(words_app, found)) == {"Safe: no group under 5 people or 3 companies"}


@pytest.mark.parametrize(
    ("groups", "verdict"),
    [
        ({"Gold": 12, "Silver": 9, "Bronze": 3}, "Bronze has 3 answers"),
        ({"Gold": [4, 4], "Silver": 9, "Bronze": 7}, "Gold has answers of 2 companies"),
        (
            {"Gold": [4, 1, 2], "Silver": 9, "Bronze": 8},
            "one company gives more than 50% of the answers of Gold",
        ),
        ({"Gold": 5, "Silver": 4}, "Tier not shown: Silver has 4 answers"),
        ({"Gold": 3, "Silver": 1}, "Tier not shown: Everybody asked has 4 answers"),
    ],
)
def test_examples_of_the_primary_rule_are_told_in_words(
    words_app: Flask, groups: Mapping[str, int | Sequence[int]], verdict: str
) -> None:
    (said,) = verdicts(words_app, if_all_answer(asked(groups)))

    assert said.startswith(f"This could expose someone: {verdict}")


def test_a_dimension_of_one_value_exposes_nobody(words_app: Flask) -> None:
    found = if_all_answer(asked({"Gold": 9}))

    assert verdicts(words_app, found) == ["Nothing to compare: all answers have the same value"]
    assert findings.verdict_kind(found.dimensions[0].rows, 100) == ""
    assert findings.verdict_kind(found.rows[:1], 100) == "ok"


def test_a_row_that_completes_other_says_so(words_app: Flask) -> None:
    found = if_all_answer(asked({"Gold": 12, "Silver": 9, "Bronze": 3}))
    silver = next(row for row in found.rows if row.key == RowKey("tier", (("Silver",),)))

    with words_app.app_context():
        why = findings.why_not_words(silver, POLICY)
        joined = findings.joined_words(silver.shown(100))

    assert why == "At 100%: without it the rest would be too small: it joins ‘Other’"
    assert joined == "mostly part of ‘Other’"


def test_table_of_section_7_names_the_cell_that_is_too_small(words_app: Flask) -> None:
    groups = {"Gold/North": 9, "Gold/South": 6, "Silver/North": 7, "Silver/South": 3}
    numbers = count()
    people = [
        Participant(
            next(numbers), next(numbers), dict(zip(("t", "r"), name.split("/"), strict=True))
        )
        for name, n in groups.items()
        for _ in range(n)
    ]
    table = Dimension("tier x region", ("t", "r"))
    rows = publish_wave(build_frame(people, [table]), POLICY)
    reason = rows.merged["tier x region", ("Silver", "South")]

    with words_app.app_context():
        said = findings.reason_words(reason, POLICY, row=RowKey("tier x region", ()))

    assert said == "Silver/South has 3 answers"


@pytest.mark.parametrize(
    ("terms", "n_people", "n_companies", "said"),
    [
        ([(1, "Gold"), (-1, "North")], 1, 1, "Gold minus North is 1 person"),
        ([(-1, "A"), (1, "B"), (1, "C")], 9, 2, "B plus C minus A is people of 2 companies"),
        ([(0, "A"), (0, "B")], 2, 2, "what follows from A, B together is 2 people"),
        ([(1, "A"), (-1, "B")], 9, 4, "A minus B is a group of which one company is more than 50%"),
    ],
)
def test_a_combination_is_told_as_a_sum_of_rows(
    words_app: Flask, terms: list[tuple[int, str]], n_people: int, n_companies: int, said: str
) -> None:
    rows = tuple(Term(sign, RowKey("tier", ((name,),))) for sign, name in terms)
    reason = Reason("would_follow", rows, n_people, n_companies)

    with words_app.app_context():
        assert findings.reason_words(reason, POLICY, row=RowKey("tier", ())) == said


def test_staff_need_eight_asked_and_no_companies(words_app: Flask) -> None:
    seven, eight = (if_all_answer(asked({"a": n}, audience=Audience.INTERNAL)) for n in (7, 8))

    with words_app.app_context():
        assert (
            findings.verdict_words([seven.rows[0]], seven.asked.policy, rate_pct=100)
            == "This could expose someone: only 7 people are asked, 8 are needed"
        )
        assert (
            findings.verdict_words([eight.rows[0]], eight.asked.policy, rate_pct=100)
            == "Safe: no group under 5 people"
        )
        assert findings.asked_words(seven.asked) == "7 people"


def test_identified_answers_and_nobody_have_nothing_to_work_out() -> None:
    identified = asked({"Gold": 9}, mode=Mode.IDENTIFIED)
    nobody = asked({"Gold": 0})

    found = forecast([identified, nobody], seed=1)

    assert [each.asked.state for each in found] == [
        AudienceState.IDENTIFIED,
        AudienceState.NOBODY,
    ]
    assert [each.rows for each in found] == [(), ()]


@settings(max_examples=20)
@given(
    sizes=st.lists(st.integers(0, 9), min_size=4, max_size=4),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_contacts_changes_nothing(sizes: list[int], order: Random) -> None:
    names = ("Gold/North", "Gold/South", "Silver/North", "Silver/South")
    before = asked(dict(zip(names, sizes, strict=True)))
    mixed = list(before.people)
    order.shuffle(mixed)
    after = AskedAudience(
        audience=before.audience,
        mode=before.mode,
        policy=before.policy,
        dimensions=before.dimensions,
        people=mixed,
    )

    one, two = (forecast([each], seed=3, n_draws=4)[0] for each in (before, after))

    assert one.rows == two.rows
    assert all(
        not exposure.shown_pct for row in one.rows if row.n_people < 5 for exposure in row.at
    )


def test_more_answers_show_more_and_the_same_seed_gives_the_same() -> None:
    audience = asked({"Gold": 30, "Silver": 12, "Bronze": 9})

    one, two = (forecast([audience], seed=7, n_draws=40) for _ in range(2))
    bronze = one[0].rows[1]

    assert one == two
    assert bronze.key.members == (("Bronze",),)
    assert [each.rate_pct for each in bronze.at] == [20, 40, 60]
    assert [each.shown_pct for each in bronze.at] == sorted(each.shown_pct for each in bronze.at)
    assert bronze.at[0].frequency == "never" or bronze.at[0].frequency == "sometimes"
    assert weakest(one[0].rows, 20) == bronze
    assert weakest(one[0].rows[:1], 60) is None


@pytest.mark.parametrize(
    ("step", "draws"),
    # Two draws at each of three rates take four steps of this clock.
    [(0.0001, 200), (0.015, 100), (0.03, 50), (0.08, 20), (0.1, None), (9.0, None)],
)
def test_a_page_makes_as_many_draws_as_it_has_time_for(step: float, draws: int | None) -> None:
    readings = (number * step for number in count())

    found = affordable_draws([asked({"Gold": 9})], seed=1, seconds=4, timer=lambda: next(readings))

    assert found == draws


@pytest.mark.parametrize(
    ("rate", "judged"), [(None, 40), (0.05, 20), (0.33, 40), (0.52, 60), (0.9, 60)]
)
def test_the_rate_next_to_the_last_one_is_judged(rate: float | None, judged: int) -> None:
    assert judged_rate_pct(rate) == judged


def test_advice_follows_the_reasons(words_app: Flask) -> None:
    safe = if_all_answer(asked({"Gold": 9, "Silver": 9}))
    leaking = if_all_answer(asked({"Gold/North": 8, "Gold/South": 2, "Silver/South": 10}))

    with words_app.app_context():
        assert findings.advice([safe], 100) == []
        sentences = findings.advice([leaking], 100)

    assert "Use fewer dimensions: each one gives more differences to calculate with." in sentences
    assert not any(sentence.startswith("Remind") for sentence in sentences)


def test_advice_and_headline_are_of_whoever_is_checked(words_app: Flask) -> None:
    staff = if_all_answer(asked({"a": 6, "b": 3}, audience=Audience.INTERNAL))
    partners = forecast([asked({"Gold": 9}, mode=Mode.IDENTIFIED)], seed=1)

    with words_app.app_context():
        sentences = findings.advice([*partners, staff], 100)
        headline = findings.headline_words([*partners, staff], 100)

    assert sentences[0] == "Ask more of your own team."
    assert not any("pool" in sentence for sentence in sentences)
    assert headline == "If 100% answer, 1 of 3 groups of our team are usually shown."


def test_values_of_rare_combinations_are_other_in_every_language(words_app: Flask) -> None:
    with words_app.test_request_context(), in_locale("en"):
        assert findings.row_name(RowKey("tier", (("Other",),))) == "Other"
        assert (
            findings.row_name(RowKey("tier", (("silver",), ("",)))) == "Other (Silver, not given)"
        )
