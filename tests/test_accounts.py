"""People who sign in: their passwords, and the link that sets a new one."""

from datetime import timedelta

import pytest
from factories import MONDAY, PASSWORD, SECRET, make_user
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from surveys.accounts import (
    RESET_MINUTES,
    add_user,
    disable_user,
    hash_password,
    reset_token,
    set_password,
    user_by_email,
    user_for_reset,
    user_with_password,
)
from surveys.errors import FieldError, NotFound
from surveys.models import User
from surveys.terms import Role

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NEW_PASSWORD = "four words and a number 7"


def test_only_the_right_pair_finds_the_person(session: Session) -> None:
    user = make_user(session)

    def found(email: str, password: str) -> User | None:
        return user_with_password(session, email=email, password=password)

    assert found("alicja@nordvik.example", PASSWORD) is user
    assert found(" ALICJA@Nordvik.Example ", PASSWORD) is user
    assert found("alicja@nordvik.example", PASSWORD + " ") is None
    assert found("alicja@nordvik.example", PASSWORD.upper()) is None
    assert found("alicja@nordvik.example", "") is None
    assert found("borys@nordvik.example", PASSWORD) is None
    assert found("no address", PASSWORD) is None


def test_who_is_disabled_or_has_no_password_cannot_sign_in(session: Session) -> None:
    disabled = make_user(session)
    disable_user(session, disabled, now=MONDAY)
    owner = make_user(session, "owner@nordvik.example", password=None)

    for email in ("alicja@nordvik.example", "owner@nordvik.example"):
        for password in (PASSWORD, "", "nobody has this password"):
            assert user_with_password(session, email=email, password=password) is None
    assert owner.password_hash is None


def test_a_password_is_kept_as_an_argon2id_hash_alone(session: Session) -> None:
    user = make_user(session)

    assert user.password_hash
    assert user.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in user.password_hash
    assert hash_password(PASSWORD) != user.password_hash


@pytest.mark.parametrize(
    ("password", "reason"),
    [("x" * 11, "too_short"), ("", "too_short"), ("PASSWORD1234", "too_common")],
)
def test_a_weak_password_is_refused(session: Session, password: str, reason: str) -> None:
    with pytest.raises(FieldError) as caught:
        make_user(session, password=password)

    assert (caught.value.field, caught.value.reason) == ("password", reason)


def test_any_words_of_twelve_characters_will_do(session: Session) -> None:
    for password in ("zażółć gęślą", "x" * 300, "🐟🐟🐟🐟🐟🐟🐟🐟🐟🐟🐟🐟", "            "):
        assert hash_password(password)


def test_an_address_is_one_person(session: Session) -> None:
    make_user(session)

    for email, reason in (
        ("Alicja@NORDVIK.example", "taken"),
        ("alicja", "not_an_address"),
        ("alicja@nordvik.example\r\nBcc: x@y.example", "not_an_address"),
    ):
        with pytest.raises(FieldError) as caught:
            add_user(session, email=email, name="", role=Role.VIEWER)
        assert (caught.value.field, caught.value.reason) == ("email", reason)
    assert user_by_email(session, "ALICJA@nordvik.example").name == "Alicja Nowak"
    with pytest.raises(NotFound):
        user_by_email(session, "celina@nordvik.example")


def test_a_reset_link_works_for_half_an_hour(session: Session) -> None:
    user = make_user(session)
    token = reset_token(SECRET, user, now=MONDAY)
    end = MONDAY + timedelta(minutes=RESET_MINUTES)

    assert user_for_reset(session, SECRET, token, now=MONDAY) is user
    assert user_for_reset(session, SECRET, token, now=end) is user
    assert user_for_reset(session, SECRET, token, now=end + timedelta(seconds=1)) is None


@pytest.mark.parametrize("change", ["password", "disable", "used", "other key"])
def test_a_reset_link_dies_with_any_change(session: Session, change: str) -> None:
    user = make_user(session)
    token = reset_token(SECRET, user, now=MONDAY)
    other = reset_token(SECRET, user, now=MONDAY + timedelta(minutes=1))
    key = SECRET
    if change == "password":
        set_password(session, user, NEW_PASSWORD)
    elif change == "disable":
        disable_user(session, user, now=MONDAY)
    elif change == "used":
        set_password(session, user, PASSWORD)
    else:
        key = SECRET[::-1]

    for each in (token, other):
        assert user_for_reset(session, key, each, now=MONDAY) is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    st.one_of(
        st.text(max_size=40),
        st.from_regex(r"\d{1,12}\.\d{1,14}\.[\w-]{0,30}", fullmatch=True),
        st.sampled_from(["1.2", "1.2.3.4", "..", "١.1802075400.x", "1.1e9.x", "-1.1802075400.x"]),
    )
)
def test_no_other_text_resets_a_password(session: Session, token: str) -> None:
    if session.get(User, 1) is None:
        make_user(session)

    assert user_for_reset(session, SECRET, token, now=MONDAY) is None


def test_no_part_of_a_reset_link_can_be_exchanged(session: Session) -> None:
    user = make_user(session)
    other = make_user(session, "borys@nordvik.example")
    number, expires, signature = reset_token(SECRET, user, now=MONDAY).split(".")

    for forged in (
        f"{other.id}.{expires}.{signature}",
        f"{number}.{int(expires) + 1}.{signature}",
        f"{number}.{expires}.{signature[:-1]}",
        f"{number}.{expires}.{signature}A",
    ):
        assert user_for_reset(session, SECRET, forged, now=MONDAY) is None


def test_a_new_password_ends_every_session(session: Session) -> None:
    user = make_user(session)
    before = user.session_version

    set_password(session, user, NEW_PASSWORD)

    assert user.session_version == before + 1
    assert user_with_password(session, email=user.email, password=NEW_PASSWORD) is user
    assert user_with_password(session, email=user.email, password=PASSWORD) is None
