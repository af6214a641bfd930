"""Rules of show and hide: how they read, what they refuse, and what they do for any answers."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.show_rules import (
    Asked,
    Part,
    Rule,
    RuleError,
    Way,
    asked_codes,
    check_rules,
    parse_rule,
)

SCALE = frozenset({"1", "2", "3", "4", "5", "dk"})
CODES = ("a", "b", "c", "d", "e")


def asked(code: str, rule: str = "", **values: object) -> Asked:
    """A question with a five-point answer."""
    given = {"values": SCALE, "rule": parse_rule(rule)} | values
    return Asked(code=code, **given)  # type: ignore[arg-type] # mixed on purpose


def problem(*questions: Asked) -> tuple[str, str]:
    """Code and reason of the only rule that cannot be kept."""
    ((code, error),) = check_rules(questions).items()
    return code, error.reason


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("incentives <= 2", Rule((Part("incentives", "<=", "2"),))),
        ("show if incentives ≤ 2", Rule((Part("incentives", "<=", "2"),))),
        ("If Recommend≥09", Rule((Part("recommend", ">=", "9"),))),
        ("a = 1 or a = dk", Rule((Part("a", "=", "1"), Part("a", "=", "dk")), is_all=False)),
        ("a_1 != 3 AND b == 0", Rule((Part("a_1", "!=", "3"), Part("b", "=", "0")))),
    ],
)
def test_a_rule_reads_as_people_write_it(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("incentives", "unreadable"),
        ("incentives <= low", "unreadable"),
        ("incentives < dk", "unreadable"),
        ("2 >= incentives", "unreadable"),
        ("a = 1 and", "unreadable"),
        ("a = 1 and b = 2 or c = 3", "mixed"),
        (" or ".join(["a = 1"] * 6), "too_long"),
    ],
)
def test_what_is_no_rule_is_refused_with_a_reason(text: str, reason: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(text)

    assert caught.value.reason == reason


def test_no_words_are_no_rule() -> None:
    assert parse_rule("  ") is None


parts = st.builds(
    Part,
    st.sampled_from(CODES),
    st.sampled_from(["<", "<=", "=", "!=", ">=", ">"]),
    st.sampled_from(["1", "2", "3", "4", "5"]),
)
rules = st.builds(Rule, st.lists(parts, min_size=1, max_size=3).map(tuple), st.booleans())
chosen = st.lists(st.sampled_from(sorted(SCALE)), max_size=2)
answers = st.dictionaries(st.sampled_from(CODES), chosen)


@given(rules)
def test_a_rule_that_is_written_out_reads_as_the_same_rule(rule: Rule) -> None:
    read = parse_rule(str(rule))

    assert read is not None
    assert read.parts == rule.parts
    assert read.is_all == rule.is_all or len(rule.parts) == 1


# --- judging ------------------------------------------------------------------------------------


@given(rules, answers)
def test_a_rule_about_nothing_answered_never_holds(rule: Rule, given: dict[str, list[str]]) -> None:
    rest = {code: values for code, values in given.items() if code not in rule.codes}

    assert not rule.holds(rest)


@pytest.mark.parametrize(
    ("text", "given", "holds"),
    [
        ("a <= 2", ["2"], True),
        ("a <= 2", ["3"], False),
        ("a <= 2", ["dk"], False),
        ("a != 2", ["dk"], True),
        ("a = dk", ["dk"], True),
        ("a = 2", ["1", "2"], True),
        ("a != 2", ["1", "2"], False),
        ("a > 9", ["10"], True),
    ],
)
def test_a_comparison_holds_as_its_words_say(text: str, given: list[str], holds: bool) -> None:
    rule = parse_rule(text)

    assert rule is not None
    assert rule.holds({"a": given}) is holds


questions = st.lists(
    st.tuples(st.sampled_from(CODES), st.none() | rules), unique_by=lambda each: each[0]
).map(lambda rows: [Asked(code=code, values=SCALE, rule=rule) for code, rule in rows])


@given(questions, answers)
def test_answers_of_questions_that_are_not_asked_change_nothing(
    asked_of: list[Asked], given: dict[str, list[str]]
) -> None:
    codes = asked_codes(asked_of, given)

    assert asked_codes(asked_of, {code: given[code] for code in codes if code in given}) == codes
    assert codes == [each.code for each in asked_of if each.code in codes]
    assert {each.code for each in asked_of if each.rule is None} <= set(codes)


small_parts = st.builds(
    Part,
    st.sampled_from(CODES[:3]),
    st.sampled_from(["<", "<=", "=", "!=", ">=", ">"]),
    st.sampled_from(["1", "2", "3"]),
)
small_rules = st.builds(
    Rule, st.lists(small_parts, min_size=1, max_size=3).map(tuple), st.booleans()
)


@given(st.lists(st.none() | small_rules, min_size=3, max_size=3))
def test_a_dead_end_is_found_exactly_where_no_answers_lead_on(own: list[Rule | None]) -> None:
    values = frozenset({"1", "2", "3"})
    named = [
        Asked(code=code, values=values, rule=rule) for code, rule in zip(CODES, own, strict=False)
    ]
    wrong = check_rules(named)
    if any(error.reason != "never" for error in wrong.values()):
        return

    reached: set[str] = set()
    for chosen_all in product([(), ("1",), ("2",), ("3",)], repeat=3):
        reached |= set(asked_codes(named, dict(zip(CODES, chosen_all, strict=False))))

    assert set(wrong) == {each.code for each in named} - reached


def test_an_answer_can_end_the_survey_or_shorten_it() -> None:
    sells = asked("sells", ways={"3": Way.SHORT, "4": Way.END})
    rest = (
        asked("recommend", is_kept_short=True),
        asked("incentives"),
        asked("comment", values=frozenset()),
    )

    assert asked_codes([sells, *rest], {"sells": ["1"]}) == [
        "sells",
        "recommend",
        "incentives",
        "comment",
    ]
    assert asked_codes([sells, *rest], {"sells": ["3"]}) == ["sells", "recommend"]
    assert asked_codes([sells, *rest], {"sells": ["4"]}) == ["sells"]


# --- checking -----------------------------------------------------------------------------------


def test_a_rule_may_only_look_at_earlier_questions_of_the_same_people() -> None:
    assert problem(asked("a", "b = 1"), asked("b")) == ("a", "later")
    assert problem(asked("a", "a = 1")) == ("a", "later")
    assert problem(asked("a"), asked("b", "x = 1")) == ("b", "unknown")


def test_a_rule_names_answers_that_are_offered() -> None:
    assert problem(asked("a"), asked("b", "a = 7")) == ("b", "no_value")
    assert problem(asked("a", values=frozenset()), asked("b", "a = 1")) == ("b", "no_value")


@pytest.mark.parametrize(
    "rules",
    [
        ["", "a > 5"],
        ["", "a <= 2 and a >= 4"],
        ["", "a = dk and a != dk"],
        ["", "a <= 2", "b >= 1 and a >= 4"],
        ["", "a = 1", "b = 1", "c = 1 and a = 2"],
    ],
)
def test_a_question_that_no_answers_lead_to_is_a_dead_end(rules: list[str]) -> None:
    named = [asked(code, rule) for code, rule in zip(CODES, rules, strict=False)]

    assert problem(*named) == (named[-1].code, "never")


def test_sound_rules_pass() -> None:
    several = asked("boxes", takes_several=True)
    assert check_rules([several, asked("b", "boxes = 1 and boxes = 2"), asked("c", "b <= 3")]) == {}
