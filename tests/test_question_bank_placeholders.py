"""Vendor names and other values reach a text exactly as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.question_bank import PlaceholderWithoutValue, fill, placeholders

AWKWARD_NAMES = [
    "{v}",
    "{link}",
    "{0.__class__}",
    "}{",
    "A {vendor} B",
    'O\'Reilly "Media"',
    "„Żubr” & Syn",
    "\\1 \\g<0>",
    "%(question)s 100%",
    "שלום בע״מ",
    "\u202eABC\u202c",
    "<b>Nordvik</b>",
]


@pytest.mark.parametrize("vendor", AWKWARD_NAMES)
def test_vendor_name_stands_as_it_is_stored(vendor: str) -> None:
    assert fill("Firma {v} widzi.", vendor=vendor) == f"Firma {vendor} widzi."
    assert fill("The {vendor} team", vendor=vendor) == f"The {vendor} team"


@given(vendor=st.text(), parts=st.lists(st.sampled_from(["{v}", "{vendor}", "'s", " a ", "{x"])))
def test_filling_replaces_the_name_and_nothing_else(vendor: str, parts: list[str]) -> None:
    expected = "".join(vendor if part in ("{v}", "{vendor}") else part for part in parts)

    assert fill("".join(parts), vendor=vendor) == expected


@given(vendor=st.text(), promise=st.text())
def test_nothing_inside_a_value_is_replaced(vendor: str, promise: str) -> None:
    filled = fill("{promise}|{v}", vendor=vendor, promise=promise)

    assert filled == f"{promise}|{vendor}"


def test_numbers_are_written_plainly() -> None:
    assert fill("około {minutes} minut", vendor="Nordvik", minutes=3) == "około 3 minut"


def test_missing_value_is_refused_by_name() -> None:
    with pytest.raises(PlaceholderWithoutValue, match=r"\{link\}") as caught:
        fill("{v}: {link}", vendor="Nordvik")

    assert caught.value.name == "link"


def test_placeholders_are_named_once_without_braces() -> None:
    assert placeholders("{v} and {v}, {min_people} of {}") == {"v", "min_people"}
