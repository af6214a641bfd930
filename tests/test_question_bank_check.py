"""What keeps a questionnaire from being published, each rule with a case that breaks it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.question_bank import (
    Limits,
    Problem,
    ProblemCode,
    Rotation,
    RotationWave,
    Template,
    VersionItem,
    check_version,
    load_bank,
    opens_new_series,
    version_item,
    version_items,
)
from surveys.terms import Audience, Mode, QuestionKind, QuestionType

BANK = load_bank()
QUARTERLY = BANK.template("quarterly_pulse")
MONTHLY = BANK.template("monthly_pulse")
YEARLY = BANK.template("yearly_review")


def items_of(template: Template = QUARTERLY) -> list[VersionItem]:
    return list(version_items(BANK, template))


def changed(
    code: str,
    audience: Audience,
    change: Callable[[VersionItem], VersionItem],
    *,
    template: Template = QUARTERLY,
) -> list[VersionItem]:
    """The template's items with one of them changed."""
    return [
        change(item) if (item.question, item.audience) == (code, audience) else item
        for item in items_of(template)
    ]


def reworded(code: str, audience: Audience, **texts: str) -> list[VersionItem]:
    return changed(code, audience, lambda item: replace(item, texts={**item.texts, **texts}))


def without(code: str, audience: Audience, *, template: Template = QUARTERLY) -> list[VersionItem]:
    return [
        item for item in items_of(template) if (item.question, item.audience) != (code, audience)
    ]


def summary(problems: Sequence[Problem]) -> list[tuple[ProblemCode, str | None]]:
    return [(each.code, each.question) for each in problems]


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("template", BANK.templates, ids=lambda each: str(each.key))
def test_every_template_may_be_published_in_every_mode(template: Template, mode: Mode) -> None:
    items = version_items(BANK, template)

    assert check_version(items, limits=template.limits, rotation=template.rotation, mode=mode) == []


def test_every_question_of_the_bank_keeps_the_rules_of_its_own() -> None:
    """Calibration and the survey on broken rules stand in no template, so they are joined here."""
    items = [
        version_item(question, audience=audience, position=place)
        for audience in Audience
        for place, question in enumerate(BANK.questions)
        if audience in question.wordings
    ]

    problems = check_version(items)

    # The bank is a store, not a questionnaire: only its order is not one to be asked in.
    assert [each for each in problems if each.code is not ProblemCode.WRONG_ORDER] == []


def test_the_survey_on_broken_rules_needs_no_drivers() -> None:
    items = [
        version_item(BANK.question(f"breach_{number}"), audience=Audience.PARTNER, position=number)
        for number in range(1, 6)
    ]

    assert check_version(items) == []


# --- mirror ------------------------------------------------------------------------------------


def test_question_without_its_mirror_is_named() -> None:
    (found,) = check_version(without("listening", Audience.INTERNAL))

    assert (found.code, found.question) == (ProblemCode.MISSING_MIRROR, "listening")
    assert str(found) == "Question listening lacks its mirror."


def test_importance_needs_its_mirror_too() -> None:
    items = without("importance_marketing", Audience.INTERNAL, template=YEARLY)

    assert summary(check_version(items)) == [(ProblemCode.MISSING_MIRROR, "importance_marketing")]


def test_outcomes_need_no_mirror() -> None:
    assert check_version(without("intent", Audience.INTERNAL)) == []


def test_a_survey_without_staff_lacks_all_its_mirrors() -> None:
    items = [item for item in items_of() if item.audience is Audience.PARTNER]

    problems = check_version(items)

    assert [each.question for each in problems] == [driver.code for driver in BANK.drivers]
    assert {each.code for each in problems} == {ProblemCode.MISSING_MIRROR}


def test_staff_may_not_be_asked_what_partners_are_not() -> None:
    problems = check_version(without("monitoring_1", Audience.PARTNER, template=YEARLY))

    assert summary(problems) == [(ProblemCode.ORPHAN_MIRROR, "monitoring_1")]


def test_mirror_of_another_type_is_refused() -> None:
    items = changed(
        "marketing", Audience.INTERNAL, lambda item: replace(item, type=QuestionType.IMP7)
    )

    (found,) = check_version(items)

    assert found.code is ProblemCode.TYPE_DIFFERS
    assert found.parameters["partner"] == "agree5"
    assert found.parameters["internal"] == "imp7"


def test_mirror_in_another_order_is_refused_once() -> None:
    places = {"solutions": 5, "channel_people": 4}
    items = [
        replace(item, position=places.get(item.question, item.position))
        if item.audience is Audience.INTERNAL
        else item
        for item in items_of()
    ]

    problems = check_version(items)

    assert summary(problems) == [
        (ProblemCode.MIRROR_ORDER, "solutions"),
        (ProblemCode.WRONG_ORDER, "solutions"),
    ]


def test_no_questions_for_partners_is_a_problem() -> None:
    assert summary(check_version([])) == [(ProblemCode.NO_QUESTIONS, None)]


# --- languages ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "locale", "said"),
    [
        (Audience.INTERNAL, "pl", "Question listening lacks Polish for staff."),
        (Audience.INTERNAL, "en", "Question listening lacks English for staff."),
        (Audience.PARTNER, "pl", "Question listening lacks Polish for partners."),
        (Audience.PARTNER, "en", "Question listening lacks English for partners."),
    ],
)
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_missing_language_is_named_with_its_audience(
    audience: Audience, locale: str, said: str, blank: str | None
) -> None:
    def strip(item: VersionItem) -> VersionItem:
        texts = {key: text for key, text in item.texts.items() if key != locale}
        return replace(item, texts=texts if blank is None else {**texts, locale: blank})

    (found,) = check_version(changed("listening", audience, strip))

    assert found.code is ProblemCode.MISSING_TEXT
    assert (found.audience, found.locale) == (audience, locale)
    assert str(found) == said


def test_a_language_that_the_survey_does_not_use_may_be_missing() -> None:
    items = changed(
        "listening",
        Audience.PARTNER,
        lambda item: replace(item, texts={"pl": item.texts["pl"]}),
    )

    assert check_version(items, locales=["pl"]) == []


def test_a_third_language_is_asked_for_by_its_code() -> None:
    problems = check_version(items_of(), locales=["en", "pl", "de"])

    assert "Question recommend lacks its text in 'de'." in [str(each) for each in problems]


def test_missing_heading_counts_as_a_missing_text() -> None:
    items = changed(
        "monitoring",
        Audience.INTERNAL,
        lambda item: replace(item, headings={"en": "Our partners would say that…"}),
    )

    assert summary(check_version(items)) == [(ProblemCode.MISSING_TEXT, "monitoring")]


@pytest.mark.parametrize(
    "answers",
    [
        None,
        {},
        {"en": ("grow", "shrink")},
        {"en": ("grow", "shrink"), "pl": ("wzrośnie",)},
        {"en": ("grow", " "), "pl": ("wzrośnie", "spadnie")},
        {"en": (), "pl": ()},
    ],
)
def test_incomplete_answers_are_refused(answers: dict[str, tuple[str, ...]] | None) -> None:
    items = changed("intent", Audience.PARTNER, lambda item: replace(item, answers=answers))

    assert summary(check_version(items)) == [(ProblemCode.MISSING_ANSWERS, "intent")]


def test_placeholders_must_be_equal_in_both_languages() -> None:
    (found,) = check_version(
        reworded("listening", Audience.PARTNER, pl="Firma reaguje na nasze uwagi.")
    )

    assert found.code is ProblemCode.PLACEHOLDERS_DIFFER
    assert found.parameters["placeholders"] == "{v}"


def test_placeholders_of_answers_must_be_equal_too() -> None:
    answers = {"en": ("{v}'s", "another"), "pl": ("nasze", "inne")}
    items = changed("intent", Audience.PARTNER, lambda item: replace(item, answers=answers))

    assert summary(check_version(items)) == [(ProblemCode.PLACEHOLDERS_DIFFER, "intent")]


@pytest.mark.parametrize("wrong", ["{name}", "{V}", "{ v }", "{", "}"])
def test_placeholder_that_nothing_fills_is_refused(wrong: str) -> None:
    items = reworded(
        "comment",
        Audience.INTERNAL,
        en=f"What should {wrong} change?",
        pl=f"Co zmienić: {wrong}?",
    )

    problems = check_version(items)

    assert {each.code for each in problems} == {ProblemCode.UNKNOWN_PLACEHOLDER}
    assert {each.parameters["placeholder"] for each in problems} == {wrong}


# --- wording -----------------------------------------------------------------------------------


def test_statement_of_seventeen_words_is_too_long() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    sixteen = f"{words} fourteen fifteen sixteen"

    fine = check_version(reworded("monitoring", Audience.INTERNAL, en=sixteen))
    (found,) = check_version(reworded("monitoring", Audience.INTERNAL, en=f"{sixteen} more"))

    assert fine == []
    assert found.code is ProblemCode.TOO_MANY_WORDS
    assert (found.parameters["count"], found.parameters["limit"]) == (17, 16)
    assert found.locale == "en"


def test_two_claims_wait_for_a_persons_reason() -> None:
    items = reworded("listening", Audience.INTERNAL, en="we listen and act.")

    (found,) = check_version(items)

    assert found.code is ProblemCode.SEVERAL_CLAIMS
    assert found.can_be_confirmed
    assert found.parameters["found"] == "and"


@pytest.mark.parametrize(("reason", "is_let_through"), [("one habit", True), ("  ", False)])
def test_a_confirmed_claim_needs_a_reason(reason: str, is_let_through: bool) -> None:
    items = changed(
        "listening",
        Audience.INTERNAL,
        lambda item: replace(
            item,
            texts={"en": "we listen and act.", "pl": "słuchamy i reagujemy."},
            confirmed={"several_claims": reason},
        ),
    )

    assert (check_version(items) == []) == is_let_through


def test_claims_are_counted_in_statements_only() -> None:
    assert check_version(reworded("comment", Audience.INTERNAL, en="What and why?")) == []


@pytest.mark.parametrize(
    ("locale", "text", "code"),
    [
        ("pl", "Współpraca z {v} jest łatwa.", ProblemCode.INFLECTED_VENDOR),
        ("pl", "{v} zapytał nas o zdanie.", ProblemCode.GENDERED_VENDOR),
        ("pl", "{v} słucha Waszych uwag.", ProblemCode.FAMILIAR_ADDRESS),
        ("en", "{v}' people act.", ProblemCode.BARE_POSSESSIVE),
    ],
)
def test_traps_are_refused_and_cannot_be_confirmed(
    locale: str, text: str, code: ProblemCode
) -> None:
    items = changed(
        "listening",
        Audience.PARTNER,
        lambda item: replace(
            item, texts={**item.texts, locale: text}, confirmed={code.value: "we insist"}
        ),
    )

    (found,) = check_version(items)

    assert (found.code, found.locale) == (code, locale)
    assert not found.can_be_confirmed
    assert str(found.parameters["found"]) in text


def test_traps_are_looked_for_in_answers_too() -> None:
    answers = {"en": ("{v} yes", "no"), "pl": ("sprzedaż od {v}", "nie")}
    items = changed("intent", Audience.PARTNER, lambda item: replace(item, answers=answers))

    assert summary(check_version(items)) == [(ProblemCode.INFLECTED_VENDOR, "intent")]


# --- order and cycle ---------------------------------------------------------------------------


def moved(code: str, place: float, template: Template = YEARLY) -> list[VersionItem]:
    """The template with one question at another place in both audiences, positions renumbered."""
    moved_items: list[VersionItem] = []
    for audience in Audience:
        own = [item for item in items_of(template) if item.audience is audience]
        own.sort(key=lambda item: place if item.question == code else item.position)
        moved_items += [replace(item, position=n) for n, item in enumerate(own, start=1)]
    return moved_items


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("role", 3.5),  # screening after recommend
        ("recommend", 20.5),  # recommend after core
        ("listening", 4.5),  # core out of the locked order
        ("monitoring_2", 14.5),  # follow-ups out of the drivers' order
        ("trend", 20.5),  # outcome among the follow-ups
        ("importance_incentives", 36.5),  # importance before outcomes
        ("comment", 0.5),
    ],
)
def test_questions_out_of_order_are_refused(code: str, place: float) -> None:
    codes = {each.code for each in check_version(moved(code, place))}

    assert ProblemCode.WRONG_ORDER in codes
    assert codes <= {ProblemCode.WRONG_ORDER, ProblemCode.MIRROR_ORDER}


def test_wrong_order_names_both_questions() -> None:
    problems = check_version(moved("comment", 0.5, QUARTERLY))

    assert {str(each) for each in problems} == {"Question recommend must stand before comment."}
    assert [each.audience for each in problems] == [Audience.PARTNER, Audience.INTERNAL]


def test_order_follows_the_position_not_the_sequence_of_rows() -> None:
    assert check_version(list(reversed(items_of()))) == []


def test_question_asked_twice_is_refused() -> None:
    extra = replace(items_of()[0], position=0)

    assert (ProblemCode.ASKED_TWICE, "recommend") in summary(check_version([extra, *items_of()]))


def test_a_driver_that_is_never_asked_is_named() -> None:
    items = [item for item in items_of() if item.question != "monitoring"]

    (found,) = check_version(items)

    assert found.code is ProblemCode.DRIVER_NOT_ASKED
    assert str(found) == "No question asks about driver monitoring."


def wave(key: str, *drivers: str) -> RotationWave:
    return RotationWave(key=key, drivers=drivers, outcome=None, has_follow_up=False)


def test_a_cycle_that_leaves_a_driver_out_is_refused() -> None:
    assert MONTHLY.rotation is not None
    rotation = replace(MONTHLY.rotation, waves=MONTHLY.rotation.waves[:2])

    problems = check_version(items_of(MONTHLY), rotation=rotation)

    assert [each.parameters["driver"] for each in problems] == [
        "solutions",
        "listening",
        "direct_rules",
    ]


def test_principles_five_and_eight_never_share_a_wave() -> None:
    codes = [driver.code for driver in BANK.drivers]
    rotation = Rotation(
        waves=(wave("A", *codes[:4]), wave("B", *codes[4:])),
        apart=(frozenset({"no_sabotage", "direct_rules"}),),
    )

    (found,) = check_version(items_of(MONTHLY), rotation=rotation)

    assert found.code is ProblemCode.DRIVERS_SHARE_WAVE
    assert found.parameters["drivers"] == "direct_rules, no_sabotage"
    assert found.parameters["wave"] == "B"


def test_a_rotation_without_waves_asks_about_no_driver() -> None:
    problems = check_version(
        items_of(MONTHLY), limits=MONTHLY.limits, rotation=Rotation(waves=(), apart=())
    )

    assert summary(problems) == [(ProblemCode.DRIVER_NOT_ASKED, None)] * 10


# --- limits ------------------------------------------------------------------------------------


def test_too_many_items_are_counted_without_contact() -> None:
    assert check_version(items_of(), limits=Limits(items=13)) == []

    problems = check_version(items_of(), limits=Limits(items=12))

    assert [each.code for each in problems] == [ProblemCode.TOO_MANY_ITEMS] * 2
    assert [each.parameters["count"] for each in problems] == [13, 13]


def test_too_many_minutes_are_refused() -> None:
    problems = check_version(items_of(YEARLY), limits=Limits(minutes=7))

    assert [(each.code, each.parameters["count"]) for each in problems] == [
        (ProblemCode.TOO_MANY_MINUTES, 8),
        (ProblemCode.TOO_MANY_MINUTES, 8),
    ]


def test_limits_of_a_rotation_hold_for_each_wave() -> None:
    assert MONTHLY.rotation is not None
    longer = replace(
        MONTHLY.rotation.waves[0], drivers=(*MONTHLY.rotation.waves[0].drivers, "listening")
    )
    rotation = replace(MONTHLY.rotation, waves=(longer, *MONTHLY.rotation.waves[1:]))

    problems = check_version(items_of(MONTHLY), limits=MONTHLY.limits, rotation=rotation)

    assert {each.code for each in problems} == {ProblemCode.TOO_MANY_ITEMS}
    assert {each.parameters["count"] for each in problems} == {7}


def test_the_longest_follow_up_counts_for_the_slot() -> None:
    assert MONTHLY.rotation is not None
    long = " ".join(["słowo"] * 200)
    items = [
        replace(item, texts={**item.texts, "pl": long}) if item.question == "listening_1" else item
        for item in items_of(MONTHLY)
    ]

    problems = check_version(items, limits=MONTHLY.limits, rotation=MONTHLY.rotation)

    assert ProblemCode.TOO_MANY_MINUTES in {each.code for each in problems}


# --- problems as data, series ------------------------------------------------------------------


@pytest.mark.parametrize("code", list(ProblemCode))
def test_every_problem_has_words_that_only_need_its_parameters(code: ProblemCode) -> None:
    details = (
        "partner internal placeholders placeholder count limit found before driver drivers wave"
    )
    found = Problem(
        code=code, question="listening", details=tuple((name, name) for name in details.split(" "))
    )

    assert "%" not in str(found)
    assert str(found).endswith(".")


texts = st.dictionaries(
    st.sampled_from(["en", "pl", "de"]),
    st.text(alphabet="{v} aiozą.łiPństwo'\n", max_size=30),
)
wild_items = st.lists(
    st.builds(
        VersionItem,
        question=st.sampled_from(["listening", "recommend", "own", "contact"]),
        driver=st.sampled_from([None, "listening", "own_driver"]),
        kind=st.sampled_from(list(QuestionKind)),
        position=st.integers(0, 5),
        audience=st.sampled_from(list(Audience)),
        type=st.sampled_from(list(QuestionType)),
        texts=texts,
        headings=st.none() | texts,
        answers=st.none() | st.just({"en": ["a"], "pl": ["b", ""]}) | st.just({"pl": []}),
        confirmed=st.none() | st.just({"several_claims": "yes"}),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(items=wild_items, mode=st.sampled_from(list(Mode)), rotates=st.booleans())
def test_no_data_makes_the_check_raise(items: list[VersionItem], mode: Mode, rotates: bool) -> None:
    rotation = MONTHLY.rotation if rotates else None

    problems = check_version(items, limits=Limits(items=1, minutes=1), rotation=rotation, mode=mode)

    assert all(str(each) for each in problems)


def test_a_new_wording_opens_a_new_series_and_a_new_language_does_not() -> None:
    old = version_item(BANK.question("listening"), audience=Audience.PARTNER, position=1)
    reworded_item = replace(old, texts={**old.texts, "en": "{v} hears what we tell it."})
    joined = replace(old, texts=MappingProxyType({**old.texts, "de": "{v} hört zu."}))

    assert opens_new_series(old, reworded_item)
    assert opens_new_series(old, replace(old, type=QuestionType.IMP7))
    assert not opens_new_series(old, joined)
    assert not opens_new_series(old, replace(old, position=9, confirmed={"x": "y"}))


def test_other_answers_open_a_new_series() -> None:
    old = version_item(BANK.question("trend"), audience=Audience.PARTNER, position=1)
    answers = {"en": ("easier", "harder"), "pl": ("łatwiejsza", "trudniejsza")}

    assert opens_new_series(old, replace(old, answers=answers))
