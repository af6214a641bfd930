"""The bank's data: complete in both languages, locked codes, mails that keep their promises."""

import hashlib
from pathlib import Path

import pytest

from surveys.question_bank import (
    LOCALES,
    Bank,
    ItemRule,
    ProblemCode,
    Route,
    Unit,
    UnknownCode,
    load_bank,
    placeholders,
    text_traps,
)
from surveys.question_bank.model import Text
from surveys.terms import Audience, MailKind, Mode, QuestionKind, QuestionType

BANK = load_bank()
DRIVERS = [
    "incentives",
    "executive_backing",
    "solutions",
    "channel_people",
    "no_sabotage",
    "listening",
    "marketing",
    "direct_rules",
    "owning_mistakes",
    "monitoring",
]


def texts_of(bank: Bank) -> dict[str, Text]:
    """Every text of drivers, questions and pages by a name that tells where it stands."""
    found: dict[str, Text] = {}
    for driver in bank.drivers:
        found[f"{driver.code} name"] = driver.name
        found[f"{driver.code} importance"] = driver.importance
        found[f"{driver.code} low"] = driver.prompt_low
        found[f"{driver.code} high"] = driver.prompt_high
    for question in bank.questions:
        for audience, wording in question.wordings.items():
            found[f"{question.code} {audience}"] = wording.text
            if wording.heading is not None:
                found[f"{question.code} {audience} heading"] = wording.heading
            for answer in wording.answers:
                found[f"{question.code} {audience} {answer.value}"] = answer.text
    return found | page_texts_of(bank)


def page_texts_of(bank: Bank) -> dict[str, Text]:
    page = bank.page
    found = {f"section {key}": text for key, text in page.sections.items()}
    found |= {f"heading {audience}": text for audience, text in page.statement_heading.items()}
    for promise in page.promises:
        found[f"promise {promise.audience} {promise.mode}"] = promise.text
        if promise.segments is not None:
            found[f"segments {promise.mode}"] = promise.segments
    for name in ("watched", "answers_unused", "answers_used", "only_contact"):
        found[f"disclosure {name}"] = getattr(page.disclosure, name)
    for name in ("unknown", "text_hint", "middle_prompt", "internal_prompt"):
        found[name] = getattr(page, name)
    for name in ("name_my_company", "contact_apart", "contact_topic"):
        found[name] = getattr(page, name)
    found |= {f"template {template.key}": template.name for template in bank.templates}
    return found


TEXTS = texts_of(BANK)
MAIL_KINDS = sorted({mail.kind for mail in BANK.mails})


# --- drivers and questions ---------------------------------------------------------------------


def test_ten_drivers_stand_in_their_locked_order() -> None:
    assert [driver.code for driver in BANK.drivers] == DRIVERS
    assert [driver.position for driver in BANK.drivers] == list(range(1, 11))


def test_no_code_is_used_twice() -> None:
    codes = [question.code for question in BANK.questions]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        (QuestionKind.CORE, 10),
        (QuestionKind.FOLLOW_UP, 22),
        (QuestionKind.OUTCOME, 6),
        (QuestionKind.IMPORTANCE, 10),
        (QuestionKind.SCREENING, 2),
        (QuestionKind.COMMENT, 2),
        (QuestionKind.CONTACT, 1),
        (QuestionKind.CALIBRATION, 20),
        (QuestionKind.BREACH, 5),
    ],
)
def test_bank_holds_this_many_questions_of_each_kind(kind: QuestionKind, count: int) -> None:
    assert sum(question.kind is kind for question in BANK.questions) == count


def test_each_driver_has_its_core_two_or_three_follow_ups_and_an_importance_item() -> None:
    for driver in BANK.drivers:
        of_driver = [q for q in BANK.questions if q.driver == driver.code]
        kinds = [q.kind for q in of_driver]

        assert BANK.question(driver.code).kind is QuestionKind.CORE
        assert kinds.count(QuestionKind.FOLLOW_UP) in (2, 3)
        importance = BANK.question(f"importance_{driver.code}").wordings[Audience.PARTNER]
        assert importance.text == driver.importance


def test_statements_of_the_bank_read_as_they_are_locked() -> None:
    """A changed wording of a locked code opens a new series: this figure changes with it only."""
    statements = [
        q for q in BANK.questions if q.kind in (QuestionKind.CORE, QuestionKind.FOLLOW_UP)
    ]
    lines = [
        f"{q.code}\t{audience}\t{locale}\t{q.wordings[audience].text[locale]}"
        for q in statements
        for audience in Audience
        for locale in LOCALES
    ]

    digest = hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

    assert len(lines) == 128
    assert digest == "25668c1b1ec336e9b3c75f7402b2dcd8064879bf191696dfd3954f2cd1323b1e"


def test_wordings_are_given_exactly() -> None:
    core = BANK.question("incentives").wordings
    assert core[Audience.PARTNER].text["en"] == (
        "{v}'s margins, rebates and bonuses make its products worth our effort."
    )
    assert core[Audience.INTERNAL].text["pl"] == (
        "dzięki naszym marżom, rabatom i premiom opłaca im się sprzedawać nasze produkty."
    )
    assert BANK.question("intent").wordings[Audience.PARTNER].text["pl"] == (
        "W ciągu najbliższych 12 miesięcy nasza sprzedaż produktów {v}…"
    )


def test_mirrors_complete_the_sentence_that_opens_them() -> None:
    for question in BANK.questions:
        if question.kind not in (QuestionKind.CORE, QuestionKind.FOLLOW_UP):
            continue
        mirror = question.wordings[Audience.INTERNAL]

        assert mirror.heading is not None
        assert mirror.heading["en"] == "Our partners would say that…"
        for locale in LOCALES:
            assert mirror.text[locale][0].islower()
            assert "{v}" not in mirror.text[locale]


def test_mirror_has_the_type_of_the_partners_question() -> None:
    for question in BANK.questions:
        if question.driver is None or question.kind is QuestionKind.CALIBRATION:
            continue
        types = {wording.type for wording in question.wordings.values()}

        assert set(question.wordings) == set(Audience)
        assert len(types) == 1


@pytest.mark.parametrize("code", ["intent", "first_offer", "breach_1"])
def test_staff_answer_with_the_share_of_partners(code: str) -> None:
    wordings = BANK.question(code).wordings

    assert wordings[Audience.PARTNER].type is QuestionType.ONE
    assert wordings[Audience.INTERNAL].type is QuestionType.SHARE11
    assert wordings[Audience.INTERNAL].unit is Unit.PERCENT
    assert wordings[Audience.INTERNAL].answers == ()


def test_dont_know_is_offered_where_the_method_says() -> None:
    types = (QuestionType.AGREE5, QuestionType.IMP7, QuestionType.SHARE11)
    codes = ("intent", "first_offer", "trend")

    for question in BANK.questions:
        for wording in question.wordings.values():
            expected = wording.type in types or question.code in codes
            assert wording.allows_unknown == expected, question.code


def test_listed_answers_have_values_from_one_in_stored_order() -> None:
    for question in BANK.questions:
        for wording in question.wordings.values():
            values = [answer.value for answer in wording.answers]
            listed = wording.type in (QuestionType.ONE, QuestionType.MANY)
            expected = [5, 10, 20] if question.code.startswith("margin_") else None

            assert bool(values) == listed
            assert values == (expected or list(range(1, len(values) + 1)))


def test_role_lists_other_answers_for_staff() -> None:
    wordings = BANK.question("role").wordings

    partner = [answer.text["en"] for answer in wordings[Audience.PARTNER].answers]
    staff = [answer.text["en"] for answer in wordings[Audience.INTERNAL].answers]

    assert partner[-2:] == ["purchasing or product", "other"]
    assert staff[1:3] == ["channel sales", "direct sales"]


def test_who_no_longer_sells_is_asked_less() -> None:
    routes = [a.route for a in BANK.question("sells_now").wordings[Audience.PARTNER].answers]

    assert routes == [Route.CONTINUE, Route.CONTINUE, Route.SHORT, Route.END]


def test_kept_rules_end_the_survey_on_broken_rules() -> None:
    routes = [a.route for a in BANK.question("breach_1").wordings[Audience.PARTNER].answers]

    assert routes == [Route.END, Route.CONTINUE, Route.CONTINUE]


def test_predictions_are_points_of_a_score() -> None:
    prediction = BANK.question("prediction_listening").wordings[Audience.INTERNAL]

    assert prediction.unit is Unit.POINTS
    assert Audience.PARTNER not in BANK.question("prediction_listening").wordings


def test_confirmed_warnings_carry_a_reason() -> None:
    confirmed = {q.code: dict(q.confirmed) for q in BANK.questions if q.confirmed}

    assert set(confirmed) == {"incentives", "incentives_3"}
    assert all(reason["several_claims"] for reason in confirmed.values())


def test_comment_of_a_question_is_named_after_it() -> None:
    assert BANK.question("listening").comment_code == "listening_why"


def test_unknown_codes_are_refused_by_name() -> None:
    with pytest.raises(UnknownCode, match="question 'nonsense'"):
        BANK.question("nonsense")
    with pytest.raises(UnknownCode, match="template"):
        BANK.template("weekly")
    with pytest.raises(UnknownCode, match="driver"):
        BANK.driver("recommend")


# --- scales and prompts ------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_scales_label_every_step_or_the_two_ends(locale: str) -> None:
    for scale in BANK.scales.values():
        expected = 2 if scale.has_ends_only else len(scale.values)

        assert len(scale.labels[locale]) == expected
        assert all(scale.labels[locale])
    assert BANK.scales[QuestionType.AGREE5].labels["pl"][2] == "ani tak, ani nie"
    assert BANK.scales[QuestionType.SHARE11].values == tuple(range(0, 101, 10))
    assert BANK.scales[QuestionType.NPS11].has_ends_only


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        (1, "Which feedback got no response?"),
        (2, "Which feedback got no response?"),
        (3, "What is the reason for your answer?"),
        (4, "What has changed thanks to you?"),
        (5, "What has changed thanks to you?"),
        (None, "What is the reason for your answer?"),
    ],
)
def test_comment_prompt_follows_the_rating(value: int | None, asked: str) -> None:
    prompts = BANK.question("listening_2").wordings[Audience.PARTNER].prompts

    assert prompts is not None
    assert prompts["en"].for_value(value) == asked


@pytest.mark.parametrize("value", [1, 3, 5, None])
def test_staff_are_asked_the_same_under_any_rating(value: int | None) -> None:
    prompts = BANK.question("monitoring").wordings[Audience.INTERNAL].prompts

    assert prompts is not None
    assert prompts["pl"].for_value(value) == "Na czym opiera się ta ocena?"


# --- languages and traps -----------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_every_text_stands_in_both_languages(locale: str) -> None:
    incomplete = [name for name, text in TEXTS.items() if not text.get(locale, "").strip()]
    untidy = [name for name, text in TEXTS.items() if text[locale] != text[locale].strip()]

    assert len(TEXTS) > 300
    assert incomplete == untidy == []


def test_languages_of_a_text_have_equal_placeholders() -> None:
    differing = [
        name
        for name, text in TEXTS.items()
        if len({placeholders(text[locale]) for locale in LOCALES}) != 1
    ]

    assert differing == []


@pytest.mark.parametrize("locale", LOCALES)
def test_no_text_of_the_bank_falls_into_a_trap(locale: str) -> None:
    fallen = {name: text_traps(text[locale], locale) for name, text in TEXTS.items()}

    assert not any(fallen.values())


# --- promises ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("locale", LOCALES)
def test_partners_are_promised_something_in_every_mode(mode: Mode, locale: str) -> None:
    assert BANK.page.promise(Audience.PARTNER, mode, locale=locale)


def test_anonymous_promise_names_the_stored_dimensions_only_when_there_are_some() -> None:
    page = BANK.page
    bare = page.promise(Audience.PARTNER, Mode.ANONYMOUS, locale="en")
    full = page.promise(Audience.PARTNER, Mode.ANONYMOUS, locale="en", with_segments=True)

    assert "{dimensions}" not in bare
    assert full.startswith(f"{bare} Stored with them: {{dimensions}}, only in groups")


def test_staff_are_promised_confidence_and_nothing_else() -> None:
    assert "Nobody is rated" in BANK.page.promise(Audience.INTERNAL, Mode.CONFIDENTIAL, locale="en")
    with pytest.raises(UnknownCode, match="promise"):
        BANK.page.promise(Audience.INTERNAL, Mode.IDENTIFIED, locale="en")


def test_disclosure_says_whether_answers_are_used() -> None:
    disclosure = BANK.page.disclosure

    used = disclosure.text("en", mode=Mode.IDENTIFIED)
    unused = disclosure.text("en", mode=Mode.ANONYMOUS, is_only_contact=True)

    assert used.endswith("Your answers may be used for this.")
    assert "Your answers are not used for this." in unused
    assert unused.endswith("You are the only person we ask in your company.")


# --- mails -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(MailKind))
@pytest.mark.parametrize("locale", LOCALES)
def test_every_mail_that_the_product_sends_has_its_text(kind: MailKind, locale: str) -> None:
    mail = BANK.mail(kind, locale=locale)

    assert mail.subject
    assert "\n" not in mail.subject
    assert mail.body(Mode.CONFIDENTIAL)


@pytest.mark.parametrize("kind", MAIL_KINDS)
@pytest.mark.parametrize("mode", list(Mode))
def test_mail_has_equal_placeholders_in_both_languages(kind: MailKind, mode: Mode) -> None:
    english, polish = (BANK.mail(kind, locale=locale) for locale in LOCALES)

    assert placeholders(english.subject) == placeholders(polish.subject)
    assert placeholders(english.body(mode)) == placeholders(polish.body(mode))
    assert len(english.paragraphs) == len(polish.paragraphs)


@pytest.mark.parametrize("kind", MAIL_KINDS)
def test_polish_mail_goes_on_in_small_letters_after_its_greeting(kind: MailKind) -> None:
    body = BANK.mail(kind, locale="pl").body(Mode.CONFIDENTIAL)

    assert BANK.letter.greeting["pl"] == "Dzień dobry,"
    if kind is not MailKind.THANKS:  # opens with the polite pronoun, always a capital
        assert body[0].islower()
    else:
        assert body.startswith("Państwa ")


@pytest.mark.parametrize("kind", MAIL_KINDS)
@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("locale", LOCALES)
def test_mail_stays_under_120_words_with_its_promise(
    kind: MailKind, mode: Mode, locale: str
) -> None:
    is_staff = kind in (MailKind.STAFF_INVITATION, MailKind.STAFF_REMINDER)
    audience = Audience.INTERNAL if is_staff else Audience.PARTNER
    promised_mode = Mode.CONFIDENTIAL if is_staff else mode
    promise = BANK.page.promise(audience, promised_mode, locale=locale, with_segments=True)
    letter = BANK.letter

    body = BANK.mail(kind, locale=locale).body(mode).replace("{promise}", promise)
    whole = f"{letter.greeting[locale]} {body} {letter.signature[locale]}"

    assert len(whole.split()) < 120


@pytest.mark.parametrize("kind", MAIL_KINDS)
def test_mail_falls_into_no_trap(kind: MailKind) -> None:
    for locale in LOCALES:
        mail = BANK.mail(kind, locale=locale)

        assert text_traps(mail.subject, locale) == []
        assert text_traps(mail.body(Mode.CONFIDENTIAL), locale) == []


def test_invitation_to_an_anonymous_survey_offers_no_return() -> None:
    mail = BANK.mail(MailKind.INVITATION, locale="en")
    offer = "You can stop at any time and come back with the same link."

    assert mail.body(Mode.CONFIDENTIAL).endswith("{link}\n\n" + offer)
    assert mail.body(Mode.ANONYMOUS).endswith("{promise}\n\n{link}")


def test_thanks_for_anonymous_answers_hold_no_link() -> None:
    mail = BANK.mail(MailKind.THANKS, locale="pl")

    assert "{link}" in mail.body(Mode.IDENTIFIED)
    assert mail.body(Mode.ANONYMOUS).startswith("Państwa odpowiedzi są zapisane.\n\nPóźniej")


def test_only_mails_on_a_persons_own_request_go_without_an_unsubscribe_line() -> None:
    without = {mail.kind for mail in BANK.mails if not mail.has_unsubscribe}

    assert without == {MailKind.PASSWORD_RESET, MailKind.TEST}


# --- templates ---------------------------------------------------------------------------------


def codes(key: str, audience: Audience) -> list[str]:
    return [item.question for item in BANK.template(key).items_for(audience)]


def test_quarterly_pulse_asks_the_ten_drivers_between_recommend_and_intent() -> None:
    expected = ["recommend", *DRIVERS, "intent", "comment"]

    assert codes("quarterly_pulse", Audience.PARTNER) == [*expected, "contact"]
    assert codes("quarterly_pulse", Audience.INTERNAL) == expected


def test_yearly_review_asks_staff_for_both_ends_of_the_recommendation() -> None:
    asked = codes("yearly_review", Audience.INTERNAL)

    assert asked[:4] == ["role", "recommend", "recommend_high", "recommend_low"]
    assert asked[4:14] == DRIVERS
    assert asked[-2:] == ["comment", "comment_unsaid"]
    assert len(asked) == 51


@pytest.mark.parametrize("template", BANK.templates, ids=lambda template: template.key)
def test_items_of_a_template_name_questions_and_sections_that_exist(template: object) -> None:
    assert isinstance(template, type(BANK.templates[0]))
    for item in template.items:
        wording = BANK.question(item.question).wordings[item.audience]

        assert item.section is None or item.section in BANK.page.sections
        assert item.has_comment == (wording.type is QuestionType.AGREE5)


def test_contact_stands_in_identified_surveys_only() -> None:
    for template in BANK.templates:
        rules = [item.rule for item in template.items if item.question == "contact"]

        assert rules == [ItemRule.IDENTIFIED_ONLY]


def test_profile_is_asked_only_when_it_is_due() -> None:
    rules = {
        item.question: item.rule
        for item in BANK.template("yearly_review").items_for(Audience.PARTNER)
    }

    assert rules["sells_now"] is rules["role"] is ItemRule.PROFILE_DUE
    assert rules["recommend"] is None


def test_the_shared_bank_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        BANK.page.unknown["en"] = "No idea"  # type: ignore[index]  # the attempt is the test
    assert load_bank() is BANK


# --- documentation -----------------------------------------------------------------------------


def test_the_method_page_names_every_driver_template_and_rule() -> None:
    page = Path(__file__).parents[1].joinpath("docs", "method", "questions.md").read_text("utf-8")
    names = [driver.code for driver in BANK.drivers]
    names += [question.code for question in BANK.questions if question.driver is None]
    names += [template.key for template in BANK.templates]
    names += [*ProblemCode, *BANK.scales]

    assert [name for name in names if f"`{name}`" not in page] == []
