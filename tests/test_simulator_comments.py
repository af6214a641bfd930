"""Simulated comments say what their planted labels say."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from analysis.simulator import DRIVERS, Block, Comment, Response, Workspace, build, comment_blocks
from analysis.simulator.rows import Language, Mention

SEEDS = Path(__file__).parent.parent / "analysis" / "sentiment" / "seeds.tsv"
LANGUAGES: tuple[Language, ...] = ("pl", "en")
POLISH_LETTERS = set("ąćęłńóśźż")
CLAIMS = ("clause", "quiet", "fact", "whole")

by_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return build(11, (600, 10))


@pytest.fixture(scope="module")
def responses(workspace: Workspace) -> list[Response]:
    return [response for run in workspace.runs() for response in run.responses]


@pytest.fixture(scope="module")
def comments(responses: list[Response]) -> list[Comment]:
    return [response.comment for response in responses if response.comment is not None]


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower().replace("ł", "l"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", letters))


def of_kind(language: Language, kind: str) -> list[Block]:
    return [block for block in comment_blocks(language) if block.kind == kind]


@by_language
def test_each_driver_has_six_blocks_or_more_of_each_polarity(language: Language) -> None:
    counts = Counter(block.mentions for block in of_kind(language, "clause"))

    assert set(counts) == {
        (Mention(driver, polarity),) for driver in DRIVERS for polarity in ("negative", "positive")
    }
    assert min(counts.values()) >= 6


@by_language
def test_there_are_enough_blocks_of_every_other_kind(language: Language) -> None:
    counts = Counter(block.kind for block in comment_blocks(language))

    assert counts["quiet"] >= 16
    assert counts["fact"] >= 14
    assert counts["clause"] + counts["quiet"] + counts["fact"] >= 150
    assert counts["opening"] >= 12
    assert counts["contrast"] >= 8
    assert counts["closing"] >= 8
    assert counts["whole"] >= 10


@by_language
def test_blocks_say_what_their_kind_allows(language: Language) -> None:
    for block in comment_blocks(language):
        assert block.quiet_exit == (block.kind == "quiet"), block.text
        if block.kind == "clause":
            assert [mention.polarity for mention in block.mentions] == [block.polarity]
        elif block.kind == "whole":
            assert block.polarity in ("negative", "mixed"), block.text
        else:
            assert block.mentions == (), block.text
        if block.kind == "fact":
            assert block.polarity == "neutral"


@by_language
def test_clauses_can_stand_in_the_middle_of_a_sentence(language: Language) -> None:
    for block in comment_blocks(language):
        if block.kind in ("clause", "quiet", "fact"):
            for text in block.variants():
                assert not re.search(r"[.;?!]$|[\[\]|]|  ", text), text
                assert text[0].islower() or text.startswith("I "), text


@by_language
def test_no_text_stands_twice(language: Language) -> None:
    texts = Counter(text for block in comment_blocks(language) for text in block.variants())

    assert [text for text, count in texts.items() if count > 1] == []


@by_language
def test_blocks_share_no_sentence_with_the_seeds_of_the_classifier(language: Language) -> None:
    rows = [line.split("\t") for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    seeds = {folded(row[3]) for row in rows if not row[0].startswith("#")}
    claims = [block for block in comment_blocks(language) if block.kind in CLAIMS]
    texts = {folded(text) for block in claims for text in block.variants()}

    shared = [
        (text, seed)
        for text in texts
        for seed in seeds
        if text in seed or (len(seed) > 20 and seed in text)
    ]

    assert len(seeds) > 500
    assert shared == []


def test_a_third_of_the_answers_carry_a_comment(
    responses: list[Response], comments: list[Comment]
) -> None:
    assert 0.335 <= len(comments) / len(responses) <= 0.365


def test_mentions_agree_with_the_answers(responses: list[Response]) -> None:
    for response in responses:
        for mention in response.comment.mentions if response.comment else ():
            step = response.answers[DRIVERS.index(mention.driver)]
            assert step is not None
            assert step <= 2 if mention.polarity == "negative" else step >= 4


def test_the_label_follows_from_what_is_said(comments: list[Comment]) -> None:
    for comment in comments:
        said = {mention.polarity for mention in comment.mentions}
        if said == {"negative", "positive"}:
            assert comment.label == "mixed", comment
        elif said == {"negative"}:
            assert comment.label in ("negative", "mixed"), comment
        elif said == {"positive"}:
            assert comment.label in ("positive", "mixed"), comment
        else:
            assert comment.label != "positive", comment


def test_no_driver_is_mentioned_twice(comments: list[Comment]) -> None:
    assert all(
        len({mention.driver for mention in comment.mentions}) == len(comment.mentions)
        for comment in comments
    )


def test_all_four_labels_are_common(comments: list[Comment]) -> None:
    counts = Counter(comment.label for comment in comments)

    assert all(counts[label] > len(comments) * 0.08 for label in counts)
    assert len(counts) == 4


def test_a_comment_under_a_rating_speaks_of_that_driver_alone(comments: list[Comment]) -> None:
    under_rating = [comment for comment in comments if comment.question != "comment"]

    assert len(under_rating) > len(comments) * 0.1
    assert all(
        [mention.driver for mention in comment.mentions] == [comment.question]
        for comment in under_rating
    )


def test_comments_are_whole_sentences(comments: list[Comment]) -> None:
    for comment in comments:
        assert comment.text[0].isupper(), comment.text
        assert comment.text[-1] == ".", comment.text
        assert not re.search(r" [,.;]|[.,;]{2}|  |[\[\]|]", comment.text), comment.text


def test_three_in_ten_polish_comments_have_no_diacritics(comments: list[Comment]) -> None:
    polish = [comment.text.lower() for comment in comments if comment.language == "pl"]
    bare = sum(not POLISH_LETTERS & set(text) for text in polish)

    assert 0.28 <= bare / len(polish) <= 0.40  # a short sentence may have none to lose


def test_one_comment_in_twenty_has_swapped_letters(comments: list[Comment]) -> None:
    words = Counter(
        word for comment in comments for word in re.findall(r"[a-z]{4,}", folded(comment.text))
    )
    known = {
        word
        for language in LANGUAGES
        for block in comment_blocks(language)
        for text in block.variants()
        for word in folded(text).split()
    }

    misspelt = sum(count for word, count in words.items() if word not in known)

    assert 0.03 <= misspelt / len(comments) <= 0.06


def test_leaving_words_come_with_turning_away(workspace: Workspace) -> None:
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    turned = {
        company.partner_id: company.turned_away_month
        for company in workspace.truth.companies
        if company.goes_quiet and company.turned_away_month is not None
    }
    counts = {True: [0, 0], False: [0, 0]}
    for run in workspace.runs():
        for response in run.responses:
            since = turned.get(company_of[response.contact_id])
            key = since is not None and run.wave.field_month >= since
            counts[key][0] += 1
            counts[key][1] += response.comment is not None and response.comment.quiet_exit

    assert 0.06 <= counts[True][1] / counts[True][0] <= 0.14
    assert 0.010 <= counts[False][1] / counts[False][0] <= 0.020


def test_truth_lists_every_comment_with_its_label(
    workspace: Workspace, comments: list[Comment]
) -> None:
    assert [c.label for c in workspace.truth.comments] == [c.label for c in comments]
    assert sum(wave.comments for wave in workspace.truth.waves) == len(comments)
