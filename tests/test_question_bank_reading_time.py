"""Words and minutes of the templates, and the formula behind them."""

from dataclasses import replace

import pytest

from surveys.question_bank import (
    VersionItem,
    count_words,
    items_of_wave,
    load_bank,
    minutes,
    reading,
    template_minutes,
    version_item,
    version_items,
)
from surveys.terms import Audience, Mode

BANK = load_bank()
PAGE = BANK.page


def waves_of(key: str, audience: Audience) -> list[tuple[VersionItem, ...]]:
    """What one wave may ask: all of it, or each place of the rotation with its outcome."""
    template = BANK.template(key)
    items = tuple(i for i in version_items(BANK, template) if i.audience is audience)
    if template.rotation is None:
        return [items]
    return [items_of_wave(items, wave, slot=wave.outcome) for wave in template.rotation.waves]


@pytest.mark.parametrize(
    ("key", "english", "polish"),
    [("quarterly_pulse", 246, 247), ("monthly_pulse", 181, 182), ("yearly_review", 563, 541)],
)
def test_partners_read_this_many_words(key: str, english: int, polish: int) -> None:
    waves = waves_of(key, Audience.PARTNER)

    assert max(reading(wave, "en", page=PAGE).words for wave in waves) == english
    assert max(reading(wave, "pl", page=PAGE).words for wave in waves) == polish


@pytest.mark.parametrize(
    ("key", "english", "polish"),
    [("quarterly_pulse", 174, 154), ("monthly_pulse", 112, 95), ("yearly_review", 488, 428)],
)
def test_staff_read_this_many_words(key: str, english: int, polish: int) -> None:
    waves = waves_of(key, Audience.INTERNAL)

    assert max(reading(wave, "en", page=PAGE).words for wave in waves) == english
    assert max(reading(wave, "pl", page=PAGE).words for wave in waves) == polish


@pytest.mark.parametrize("audience", list(Audience))
@pytest.mark.parametrize(
    ("key", "expected"), [("quarterly_pulse", 3), ("monthly_pulse", 2), ("yearly_review", 8)]
)
def test_template_takes_the_minutes_it_promises(
    key: str, expected: int, audience: Audience
) -> None:
    assert template_minutes(BANK, BANK.template(key), audience=audience) == expected


def test_the_language_that_takes_longer_counts() -> None:
    (items,) = waves_of("yearly_review", Audience.PARTNER)

    assert reading(items, "en", page=PAGE).minutes("en") == 7
    assert reading(items, "pl", page=PAGE).minutes("pl") == 8
    assert minutes(items, page=PAGE) == 8
    assert minutes(items, page=PAGE, locales=["en"]) == 7


def test_closed_items_importance_rows_and_text_fields_are_told_apart() -> None:
    (items,) = waves_of("yearly_review", Audience.PARTNER)

    found = reading(items, "en", page=PAGE)

    assert (found.closed_items, found.importance_rows, found.text_fields) == (38, 10, 1)


def test_contact_costs_words_but_no_seconds() -> None:
    (items,) = waves_of("quarterly_pulse", Audience.PARTNER)
    without = [item for item in items if item.question != "contact"]

    full, bare = reading(items, "pl", page=PAGE), reading(without, "pl", page=PAGE)

    assert full.words - bare.words == count_words(PAGE.contact_apart["pl"]) + count_words(
        PAGE.contact_topic["pl"]
    )
    assert replace(full, words=bare.words) == bare


def test_identified_survey_counts_its_own_promise_and_tick_box() -> None:
    (items,) = waves_of("quarterly_pulse", Audience.PARTNER)

    confidential = reading(items, "en", page=PAGE, mode=Mode.CONFIDENTIAL)
    identified = reading(items, "en", page=PAGE, mode=Mode.IDENTIFIED)

    # 66 words of promise become 15, 18 of the offer apart become 7 of the tick box.
    assert confidential.words - identified.words == (66 - 15) + (18 - 7)


def test_staff_read_the_confidential_promise_whatever_partners_are_promised() -> None:
    (items,) = waves_of("quarterly_pulse", Audience.INTERNAL)

    assert reading(items, "en", page=PAGE, mode=Mode.IDENTIFIED) == reading(items, "en", page=PAGE)


def test_a_short_survey_still_takes_two_minutes() -> None:
    item = version_item(BANK.question("recommend"), audience=Audience.PARTNER, position=1)

    assert minutes([item], page=PAGE) == 2


def test_heading_shared_by_neighbours_is_read_once() -> None:
    two = [
        version_item(BANK.question(code), audience=Audience.PARTNER, position=place)
        for place, code in enumerate(["listening", "marketing"])
    ]

    together = reading(two, "en", page=PAGE).words
    apart = sum(reading([item], "en", page=PAGE).words for item in two)

    promise = count_words(PAGE.promise(Audience.PARTNER, Mode.CONFIDENTIAL, locale="en"))
    assert apart - together == promise + count_words("How far do you agree?")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("{v}'s rules", 2),
        ("an add-on", 3),
        ("Don't know / doesn't apply", 4),
        ("In the next 12 months…", 4),
        ("co najmniej {min_people} osób", 4),
    ],
)
def test_words_are_runs_of_letters_and_placeholders(text: str, count: int) -> None:
    assert count_words(text) == count
