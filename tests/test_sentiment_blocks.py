"""A smoke test on talk that the comment model was neither taught nor tuned to.

The blocks of the simulator are single idiomatic clauses, harder than whole comments. Every second
of them was read when the lists were extended; the others count here. The floors lie below what was
measured on the day they were written (see docs/text-quality.md): they catch a broken list or model
and promise nothing.
"""

import pytest

from analysis.sentiment import Sentiment, analyse
from analysis.sentiment.words import fold
from analysis.simulator import Block, comment_blocks
from analysis.simulator.rows import Language
from bench.text_figures import tally
from bench.train_text import read_seeds

CLAIMS = ("clause", "quiet", "fact", "whole")
by_language = pytest.mark.parametrize("language", ["pl", "en"])


def claims(language: Language) -> list[Block]:
    """Every second block that claims something: those that nobody had in view."""
    return [block for block in comment_blocks(language) if block.kind in CLAIMS][1::2]


def judged(language: Language) -> list[tuple[Block, Sentiment]]:
    """Each block with the verdict on the first of its variants, written as a sentence."""
    found = []
    for block in claims(language):
        text = next(block.variants())
        found.append((block, analyse(f"{text[:1].upper()}{text[1:]}.", prior=language)))
    return found


@by_language
def test_no_block_is_a_seed(language: Language) -> None:
    seeds = {fold(seed.text).strip(" .!") for seed in read_seeds()}
    blocks = {fold(text).strip(" .!") for block in claims(language) for text in block.variants()}

    assert len(blocks) > 75
    assert not seeds & blocks


@pytest.mark.parametrize(("language", "floor"), [("pl", 0.62), ("en", 0.50)])
def test_most_blocks_get_the_label_they_were_written_with(language: Language, floor: float) -> None:
    pairs = judged(language)

    right = sum(block.polarity == verdict.label.value for block, verdict in pairs)

    assert right / len(pairs) > floor


@pytest.mark.parametrize(("language", "floor"), [("pl", 0.62), ("en", 0.56)])
def test_most_blocks_name_their_driver(language: Language, floor: float) -> None:
    pairs = [(block, verdict) for block, verdict in judged(language) if block.kind != "quiet"]
    outcomes = [
        (driver in wanted, driver in found)
        for block, verdict in pairs
        for wanted in [{mention.driver for mention in block.mentions}]
        for found in [{mention.driver for mention in verdict.drivers}]
        for driver in wanted | found
    ]

    assert tally(outcomes).f1 > floor


@by_language
def test_words_of_leaving_are_mostly_heard(language: Language) -> None:
    outcomes = ((block.quiet_exit, verdict.quiet_exit) for block, verdict in judged(language))

    assert tally(outcomes).f1 > 0.5
