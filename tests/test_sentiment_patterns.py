"""The pattern language of the lexicons, and the tables themselves."""

import time
from pathlib import Path

import pytest

from analysis.sentiment import analyse, cues
from analysis.sentiment.features import NAMES
from analysis.sentiment.lexicon import FOLDER, LANGUAGES, Lexicon, rows
from analysis.sentiment.model import models
from analysis.sentiment.patterns import ElementIndex, Word, compile_elements, match_rest
from analysis.sentiment.words import TOKEN, fold, pieces, shorten_runs

DRIVERS = {
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
}
TABLES = sorted(FOLDER.glob("*.tsv"))
WRITTEN = [table for table in TABLES if table.name != "language_ngrams.tsv"]


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern matches from the first word of a text on."""
    index = ElementIndex()
    first, rest = compile_elements(pattern, index)
    words = [Word(elements=frozenset(index.matching(fold(word)))) for word in text.split()]
    return first in words[0].elements and match_rest(rest, words, after=0, stop=len(words)) >= 0


@pytest.mark.parametrize(
    ("pattern", "text", "is_match"),
    [
        ("marża", "Marza", True),
        ("marż*", "marżami", True),
        ("marża", "marżami", False),
        ("nie .. odpowiada*", "nie zawsze nam szybko odpowiadają", True),
        ("nie .. odpowiada*", "nie zawsze nam tak szybko odpowiadają", False),
        ("nie ... odpowiada*", "nie zawsze nam tak szybko odpowiadają", True),
        ("nie odpowiada*", "nie zawsze odpowiadają", False),
        ("dobr*/zł* marż*", "dobra marża", True),
        ("dobr*/zł* marż*", "niska marża", False),
    ],
)
def test_patterns_match_as_their_description_says(pattern: str, text: str, is_match: bool) -> None:
    assert matches(pattern, text) is is_match


@pytest.mark.parametrize("pattern", ["", "..", ".. marża", "marża .."])
def test_a_pattern_that_begins_or_ends_with_a_gap_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="begins and ends with a word"):
        compile_elements(pattern, ElementIndex())


def test_folding_removes_case_diacritics_and_what_cannot_be_seen() -> None:
    assert fold("ŻÓŁĆ") == "zolc"
    assert fold("mar\u00adz\u0307a\u200b") == "marza"
    assert fold("Don’t") == "don't"
    assert fold("Straße") == "strasse"


def test_drawn_out_words_are_shortened() -> None:
    assert shorten_runs("suuuuper") == "super"
    assert shorten_runs("good") == "good"


def test_cutting_keeps_numbers_abbreviated_words_and_emoticons_whole() -> None:
    assert [part.group() for part in pieces("2,5% mniej :-) don't <b>")] == [
        "2,5%",
        "mniej",
        ":-)",
        "don't",
        "<b>",
    ]


def test_two_swapped_letters_are_still_understood() -> None:
    lexicon = Lexicon("pl")

    assert lexicon["fatanly"].weight == lexicon["fatalny"].weight
    assert lexicon["suuuper"].weight == lexicon["super"].weight


def test_a_negating_prefix_turns_a_known_quality() -> None:
    weight = Lexicon("pl")["niefachowy"].weight

    assert weight is not None
    assert weight < 0


@pytest.mark.parametrize("table", WRITTEN, ids=lambda table: table.name)
def test_every_table_is_well_formed_and_names_what_exists(table: Path) -> None:
    index = ElementIndex()
    kind = table.stem.split("_", 1)[-1]
    for row in rows(table):
        if kind in ("general", "business", "signs"):
            weight, negated, patterns = row
            assert -3 <= float(weight) <= 3
            assert not negated or -3 <= float(negated) <= 3
        elif kind == "words":
            language, place, patterns = row
            assert language in LANGUAGES
            assert place in ("word", "ending", "letter")
            continue
        else:
            name, patterns = row
            assert kind != "drivers" or name.removesuffix("?") in DRIVERS
            assert kind != "cues" or name in cues.BY_NAME
        for pattern in patterns.split(","):
            compile_elements(pattern, index)


def test_every_letter_sequence_has_a_number_for_each_language() -> None:
    for letters, steps in rows(FOLDER / "language_ngrams.tsv"):
        assert 2 <= len(letters) <= 5
        numbers = [int(step) for step in steps.split()]
        assert len(numbers) == len(LANGUAGES)
        assert min(numbers) == 0


@pytest.mark.parametrize("language", ["pl", "en"])
def test_every_driver_has_words_in_both_languages(language: str) -> None:
    named = {row[0] for row in rows(FOLDER / f"{language}_drivers.tsv")}

    assert {name for name in named if not name.endswith("?")} == DRIVERS


def test_every_table_is_named_in_the_sources() -> None:
    sources = (FOLDER / "SOURCES.md").read_text(encoding="utf-8")

    for table in TABLES:
        assert table.name in sources or f"{table.stem.split('_')[0]}_*" in sources


def test_the_model_knows_every_feature_and_gives_chances() -> None:
    for model in models().values():
        assert len(model.columns) == len(NAMES)
        chances = model.chances([0.5] * len(NAMES))
        assert sum(chances) == pytest.approx(1)


@pytest.mark.parametrize(
    "piece",
    ["a", "nie ", "nie .. ", "<", "&", ":", "ż\u0301", "ale nie marża ", "don't ", "!?", "1,", "'"],
)
def test_time_grows_no_faster_than_the_text(piece: str) -> None:
    def seconds(times: int) -> float:
        text = piece * times
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            analyse(text, "pl")
            best = min(best, time.process_time() - started)
        return best

    analyse(piece, "pl")
    short, long = seconds(1_000), seconds(8_000)

    # Eight times the text: 8 if linear, 64 if quadratic. The floor keeps tiny times from counting.
    assert long < 30 * max(short, 0.0005)


def test_no_repetition_of_the_token_pattern_is_nested() -> None:
    assert "+)+" not in TOKEN.pattern
    assert "*)*" not in TOKEN.pattern
