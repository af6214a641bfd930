"""The seeds that the comment model is taught with, and how they are kept honest."""

from collections import Counter, defaultdict
from itertools import combinations

import pytest

from analysis.sentiment import Label
from analysis.sentiment.reading import cut
from analysis.sentiment.words import fold, stem
from bench.text import read_probes
from bench.text_outside import read_outside
from bench.train_text import (
    Example,
    Seed,
    examples,
    fit,
    fold_of,
    joined_pairs,
    label_of_pair,
    read_seeds,
    vocabulary,
)

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
by_language = pytest.mark.parametrize("language", ["pl", "en"])


@pytest.fixture(scope="module")
def seeds() -> list[Seed]:
    return read_seeds()


@pytest.fixture(scope="module")
def few(seeds: list[Seed]) -> list[Example]:
    return examples([seed for seed in seeds if fold_of(seed.group) == 0], "pl")


def stems(text: str) -> frozenset[str]:
    return frozenset(stem(fold(word)) for word in cut(text).written)


def test_there_are_a_thousand_seeds_and_none_stands_twice(seeds: list[Seed]) -> None:
    assert len(seeds) > 1000
    assert max(Counter(seed.key for seed in seeds).values()) == 1
    assert max(Counter(fold(seed.text) for seed in seeds).values()) == 1


@by_language
def test_each_driver_is_praised_and_blamed_and_quiet_exit_is_common(
    seeds: list[Seed], language: str
) -> None:
    own = [seed for seed in seeds if seed.language == language]
    counts = Counter(pair for seed in own for pair in seed.drivers.items())

    assert {code for code, _ in counts} == DRIVERS
    for code in DRIVERS:
        assert counts[code, Label.POSITIVE] >= 10, code
        assert counts[code, Label.NEGATIVE] >= 10, code
    assert sum(seed.quiet_exit for seed in own) >= 40


def test_paraphrases_share_a_group(seeds: list[Seed]) -> None:
    """A clause that is half another one must not be tested by a model that knows the other."""
    by_stem: dict[tuple[str, str], list[int]] = defaultdict(list)
    known = [stems(seed.text) for seed in seeds]
    for place, seed in enumerate(seeds):
        for one in known[place]:
            by_stem[seed.language, one].append(place)
    pairs = {
        pair for places in by_stem.values() if len(places) < 60 for pair in combinations(places, 2)
    }

    parted = [
        (seeds[left].text, seeds[right].text)
        for left, right in pairs
        if seeds[left].group != seeds[right].group
        and 2 * len(known[left] & known[right]) >= len(known[left] | known[right])
    ]

    assert parted == []


def test_no_probe_is_a_seed(seeds: list[Seed]) -> None:
    assert not {fold(probe.text) for probe in read_probes()} & {fold(seed.text) for seed in seeds}


def test_no_outside_text_is_a_seed(seeds: list[Seed]) -> None:
    texts = {fold(row.text) for row in read_outside()}

    assert not texts & {fold(seed.text) for seed in seeds}


def test_a_group_keeps_its_fold_for_ever() -> None:
    assert [fold_of(f"pl-g000{number}") for number in range(1, 6)] == [1, 9, 2, 2, 3]


@by_language
def test_joined_clauses_come_from_one_fold(seeds: list[Seed], language: str) -> None:
    own = [seed for seed in seeds if seed.language == language and fold_of(seed.group) == 1]
    texts = {seed.text.rstrip(".") for seed in own}

    pairs = list(joined_pairs(own, language))

    assert pairs
    for text, _ in pairs:
        assert sum(one in text for one in texts) >= 2, text


def test_what_two_clauses_say_together() -> None:
    assert label_of_pair(Label.POSITIVE, Label.NEGATIVE) is Label.MIXED
    assert label_of_pair(Label.NEUTRAL, Label.NEGATIVE) is Label.NEGATIVE
    assert label_of_pair(Label.POSITIVE, Label.NEUTRAL) is Label.POSITIVE
    assert label_of_pair(Label.NEUTRAL, Label.NEUTRAL) is Label.NEUTRAL


def test_the_same_examples_give_the_same_model(few: list[Example]) -> None:
    assert fit(few) == fit(list(few))


def test_terms_are_learned_from_single_seeds_only(few: list[Example]) -> None:
    joined = [example for example in few if example.is_joined]

    assert vocabulary(few)
    assert vocabulary(joined) == []
