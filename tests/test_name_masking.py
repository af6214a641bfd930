"""Names in comments: people, companies and addresses are found, ordinary words are not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.name_masking import Names, known_names, name_spans

NAMES = known_names(
    ["Kowalski", "Wróbel", "Lis", "Nowak-Zielińska", "Dudek", "O'Neill", None, ""],
    ["Integra Śląsk Sp. z o.o.", "IT Plus S.A.", "Baltic Cloud", "7bulls", "Comp", None],
    first_names=["Jan", "Tomasz", None],
)


def found(text: str, names: Names = NAMES) -> list[str]:
    """The stretches of a text that would be left out."""
    return [text[start:end] for start, end in name_spans(text, names)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Pan Kowalski pomógł.", ["Kowalski"]),
        (
            "Dzięki Kowalskiemu i Kowalskiej, z Kowalskimi",
            ["Kowalskiemu", "Kowalskiej", "Kowalskimi"],
        ),
        ("Wróbel, Wróbla, Wróblem", ["Wróbel", "Wróbla", "Wróblem"]),
        ("Dudka nie ma, Dudkiem", ["Dudka", "Dudkiem"]),
        ("Kowalski's answer and WROBEL", ["Kowalski's", "WROBEL"]),
        ("Lisa i Lisem", ["Lisa", "Lisem"]),
        ("Zielińska, Nowakiem", ["Zielińska", "Nowakiem"]),
        ("O'Neill never called", ["O'Neill"]),
    ],
)
def test_surnames_are_found_in_their_cases(text: str, names: list[str]) -> None:
    assert found(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Firma Integra Śląsk płaci.", ["Integra Śląsk"]),
        ("w Integrze Śląsk, u Integry Śląsk sp. z o.o.", ["Integry Śląsk"]),
        ("IT Plus and Baltic Cloud's team", ["IT Plus", "Baltic Cloud's"]),
        ("7bulls won", ["7bulls"]),
    ],
)
def test_companies_are_found_without_their_legal_form(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_first_name_goes_with_the_surname_behind_it() -> None:
    assert found("Janem Kowalskim i Tomasz Wróbel") == ["Janem Kowalskim", "Tomasz Wróbel"]
    assert found("Jan pomógł nam bardzo.") == []
    assert found("To Jan. Kowalski wie.") == ["Kowalski"]


@pytest.mark.parametrize(
    "text",
    [
        "kowalski pisany małą literą",
        "Lista, Listy i List",
        "Cloud first, Plus programme, Integra sama",
        "Component price",
        "",
        "   ",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert found(text) == []


def test_a_mail_address_is_always_a_name() -> None:
    nobody = known_names([], [])

    assert found("write to jan.kowalski@firma.example, please", nobody) == [
        "jan.kowalski@firma.example"
    ]
    assert found("price @ 5.00 and a@b", nobody) == []


def test_a_long_company_wins_over_a_short_one_that_begins_alike() -> None:
    names = known_names([], ["Alpha", "Alpha Systems"])

    assert found("Alpha Systems and Alpha", names) == ["Alpha Systems", "Alpha"]


@given(st.text(alphabet="KowalskiWróbel JanIT Plus.,@xyz\n", max_size=80))
@settings(max_examples=150)
def test_spans_are_in_order_apart_and_inside_the_text(text: str) -> None:
    spans = name_spans(text, NAMES)

    ends = 0
    for start, end in spans:
        assert ends <= start < end <= len(text)
        ends = end


@given(st.sampled_from(["", "a", "owi", "em", "ego", "i", "ie", "'s"]), st.text(max_size=10))
@settings(max_examples=100)
def test_a_known_surname_never_survives_between_other_words(ending: str, around: str) -> None:
    text = f"{around} Nowak{ending} {around}"

    kept = "".join(
        " " if any(start <= at < end for start, end in name_spans(text, NAMES)) else letter
        for at, letter in enumerate(text)
    )

    assert "Nowak" not in kept
