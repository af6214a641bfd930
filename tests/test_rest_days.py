"""Weekends, public holidays and blackout dates."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from surveys.rest_days import RestDays, is_holiday, next_working_day, resting

DAYS = st.dates(date(2026, 1, 1), date(2035, 12, 31))
BANK_HOLIDAY = date(2027, 11, 11)  # a Thursday: Independence Day in Poland


def test_a_public_holiday_is_one_in_its_own_country_alone() -> None:
    assert is_holiday(BANK_HOLIDAY, "PL")
    assert not is_holiday(BANK_HOLIDAY, "DE")
    assert resting(RestDays(), BANK_HOLIDAY, ["DE", "PL"]) == ["PL"]


def test_christmas_eve_is_free_in_poland_since_2025() -> None:
    assert is_holiday(date(2026, 12, 24), "pl")


def test_a_country_that_nobody_knows_works_on_every_weekday() -> None:
    assert not is_holiday(BANK_HOLIDAY, "XX")
    assert not is_holiday(BANK_HOLIDAY, None)


def test_weekends_and_holidays_count_only_where_they_are_kept() -> None:
    saturday = date(2027, 11, 13)

    assert RestDays().rests(saturday, None)
    assert not RestDays(weekends=False).rests(saturday, "PL")
    assert not RestDays(holidays=False).rests(BANK_HOLIDAY, "PL")


def test_a_blackout_date_is_kept_in_every_country() -> None:
    trade_fair = date(2027, 9, 8)
    rest = RestDays(blackout=frozenset({trade_fair}))

    assert rest.rests(trade_fair, "PL")
    assert rest.rests(trade_fair, None)


@given(day=DAYS, countries=st.lists(st.sampled_from(["PL", "DE", "CZ", "GB", None]), max_size=3))
def test_the_next_working_day_is_the_first_on_which_no_country_rests(
    day: date, countries: list[str | None]
) -> None:
    rest = RestDays()

    found = next_working_day(rest, day, countries)

    assert found >= day
    assert not any(rest.rests(found, country) for country in countries)
    between = [day + timedelta(days=n) for n in range((found - day).days)]
    for skipped in between:
        assert any(rest.rests(skipped, country) for country in countries or [None])


def test_a_calendar_that_never_works_delays_nothing() -> None:
    start = date(2027, 1, 4)
    every = RestDays(blackout=frozenset(start + timedelta(days=n) for n in range(60)))

    assert next_working_day(every, start, ["PL"]) == start
