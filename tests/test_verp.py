"""Bounce addresses: ours are known again, and nobody else can make one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.mail.verp import (
    bounce_address,
    envelope_id,
    mail_of_bounce_address,
    mail_of_envelope_id,
)

KEY = "a key of the tests, long enough"
MAILBOX = "bounces@pulse.example.com"
ids = st.integers(1, 2**63 - 1)


@given(ids)
def test_what_we_wrote_is_known_again_whatever_servers_do_to_its_case(mail_id: int) -> None:
    address = bounce_address(KEY, mail_id, mailbox=MAILBOX)

    assert mail_of_bounce_address(KEY, address) == mail_id
    assert mail_of_bounce_address(KEY, f" <{address.upper()}> ") == mail_id
    assert mail_of_envelope_id(KEY, envelope_id(KEY, mail_id)) == mail_id


@given(ids)
def test_an_address_fits_the_limits_of_mail(mail_id: int) -> None:
    address = bounce_address(KEY, mail_id, mailbox=MAILBOX)

    assert len(address.partition("@")[0]) <= 64
    assert address.endswith("@pulse.example.com")
    # RFC 3461, 4: printable ASCII without "+" and "=" is its own xtext.
    assert re.fullmatch(r"[!-*,-<>-~]{1,100}", envelope_id(KEY, mail_id))


@given(ids, ids, st.integers(0, 19))
def test_a_forged_address_names_no_mail(mail_id: int, other: int, place: int) -> None:
    number, _, mark = envelope_id(KEY, mail_id).partition("-")
    changed = mark[:place] + ("0" if mark[place] != "0" else "1") + mark[place + 1 :]

    assert mail_of_envelope_id(KEY, f"{number}-{changed}") is None
    assert mail_of_envelope_id("another key", f"{number}-{mark}") is None
    assert (mail_of_envelope_id(KEY, f"{other}-{mark}") is None) == (other != mail_id)


@pytest.mark.parametrize(
    "text",
    ["", "bounces@pulse.example.com", "bounces+@x", "bounces+1@x", "+1-@x", "@", "1-" + "g" * 20],
)
def test_what_is_no_address_of_ours_is_not_taken_for_one(text: str) -> None:
    assert mail_of_bounce_address(KEY, text) is None
    assert mail_of_envelope_id(KEY, text) is None


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    assert mail_of_bounce_address(KEY, text) is None
