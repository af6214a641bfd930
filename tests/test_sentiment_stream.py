"""The line protocol of `pulse classify`."""

import json
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.sentiment import classify_lines

KEYS = {
    "label",
    "score",
    "confidence",
    "unsure",
    "quiet_exit",
    "drivers",
    "evidence",
    "language",
    "analyser",
}


def classify(*lines: bytes) -> list[dict[str, object]]:
    return list(classify_lines(lines))


def test_every_line_gives_one_object_in_its_order() -> None:
    found = classify("pl\tŚwietnie!\n".encode(), b"\n", b"en\tTerrible support.\r\n", b"\t\n")

    assert [one["label"] for one in found] == ["positive", "neutral", "negative", "neutral"]
    assert all(set(one) == KEYS for one in found)


def test_objects_are_plain_json_of_the_agreed_shape() -> None:
    (found,) = classify(b"en\tMargins are terrible, we are switching to a competitor.")

    assert json.loads(json.dumps(found)) == found
    assert found["quiet_exit"] is True
    assert found["unsure"] is False
    assert found["drivers"] == [
        {"driver": "incentives", "polarity": "negative", "evidence": "Margins"}
    ]
    evidence = found["evidence"]
    assert isinstance(evidence, list)
    assert {piece["for"] for piece in evidence} == {"sentiment", "quiet_exit"}


def test_offsets_count_from_the_start_of_the_line() -> None:
    line = "pl\tMarże są fatalne."

    (found,) = classify(line.encode())

    evidence = found["evidence"]
    assert isinstance(evidence, list)
    assert evidence
    assert all(line[piece["start"] : piece["end"]] == piece["text"] for piece in evidence)


def test_a_line_without_language_is_text_and_so_is_a_cell_that_is_no_language() -> None:
    bare, tabbed = classify(b"Support is terrible.", b"Support is terrible.\tNobody answers.")

    assert bare["label"] == tabbed["label"] == "negative"
    assert bare["language"] == "en"


def test_a_byte_order_mark_does_not_hide_the_language() -> None:
    (found,) = classify("\ufeffpl\tNie polecam.".encode())

    assert (found["language"], found["label"]) == ("pl", "negative")


def test_broken_utf8_and_huge_lines_get_their_object() -> None:
    huge = b"en\t" + b"margin too low, " * 6500
    unbroken = b"en\t" + b"x" * 100_000

    found = classify(b"pl\t\xff\xfe\xfa fatalnie \xc5", huge, unbroken)

    assert [one["label"] for one in found[:2]] == ["negative", "negative"]
    assert found[2]["unsure"] is False or found[2]["label"] == "neutral"


def test_lines_are_classified_as_they_come() -> None:
    read = []

    def source() -> Iterator[bytes]:
        for number in range(3):
            read.append(number)
            yield b"en\tgood"

    next(classify_lines(source()))

    assert read == [0]


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_as_many_objects_as_lines(lines: list[bytes]) -> None:
    assert len(classify(*lines)) == len(lines)
