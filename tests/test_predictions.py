"""What staff predict: given through the door, replaced as a whole, locked at the close."""

import threading
from datetime import timedelta

import pytest
from conftest import Database
from factories import MONDAY, links_of, open_survey
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from surveys.doors import Door, open_door
from surveys.errors import FieldError, NothingAnswered, WaveNotOpen
from surveys.invitations import LinkKeys
from surveys.models import Invitation, Prediction, Wave
from surveys.predictions import (
    Guess,
    Stage,
    drivers_to_guess,
    guesses_of,
    prediction_stage,
    record_predictions,
)
from surveys.terms import Mode, WaveState
from surveys.waves import Run, close_due, close_run
from surveys.web.prediction_form import read_guesses, shown_guesses

NOW = MONDAY + timedelta(hours=2)
TWO = {"incentives": Guess(70, 5), "listening": Guess(45, 20)}


@pytest.fixture
def run(session: Session, keys: LinkKeys) -> Run:
    return open_survey(session, keys, staff=2)


def door_of(session: Session, keys: LinkKeys, wave: Wave | None, place: int = 0) -> Door:
    assert wave is not None
    return open_door(session, links_of(session, keys, wave)[place])


def test_predictions_are_stored_and_a_second_set_replaces_the_first(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    door = door_of(session, keys, run.internal)

    record_predictions(session, door, TWO, now=NOW)
    session.commit()
    assert guesses_of(session, door.invitation_id) == TWO

    record_predictions(session, door, {"incentives": Guess(60)}, now=NOW)
    session.commit()
    assert guesses_of(session, door.invitation_id) == {"incentives": Guess(60, 10)}


def test_one_person_never_changes_the_predictions_of_another(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    first, second = (door_of(session, keys, run.internal, place) for place in (0, 1))

    record_predictions(session, first, TWO, now=NOW)
    record_predictions(session, second, {"listening": Guess(10, 5)}, now=NOW)
    session.commit()

    assert guesses_of(session, first.invitation_id) == TWO
    assert guesses_of(session, second.invitation_id) == {"listening": Guess(10, 5)}


def test_the_close_of_a_run_locks_its_predictions_in_the_same_transaction(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    door = door_of(session, keys, run.internal)
    record_predictions(session, door, TWO, now=NOW)
    session.commit()
    closed_at = NOW + timedelta(hours=1)

    close_run(session, run, now=closed_at)

    assert set(session.scalars(select(Prediction.locked_at))) == {closed_at}
    with pytest.raises(WaveNotOpen):
        record_predictions(session, door, {"incentives": Guess(1)}, now=closed_at)
    session.commit()
    assert guesses_of(session, door.invitation_id) == TWO


def test_a_wave_that_closes_by_itself_locks_its_predictions_too(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    record_predictions(session, door_of(session, keys, run.internal), TWO, now=NOW)
    over = run.partner.grace_until

    close_due(session, now=over)

    assert set(session.scalars(select(Prediction.locked_at))) == {over}


def test_the_close_of_one_run_leaves_the_predictions_of_another_open(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    other = open_survey(session, keys, staff=1)
    record_predictions(session, door_of(session, keys, other.internal), TWO, now=NOW)

    close_run(session, run, now=NOW)

    assert set(session.scalars(select(Prediction.locked_at))) == {None}


def test_nothing_is_taken_once_the_time_is_over_even_before_the_worker_closes(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    door = door_of(session, keys, run.internal)
    over = run.partner.grace_until

    record_predictions(session, door, TWO, now=over - timedelta(seconds=1))
    with pytest.raises(WaveNotOpen):
        record_predictions(session, door, TWO, now=over)
    assert prediction_stage(session, door, now=over) is Stage.LOCKED


def test_partners_and_identified_surveys_have_no_predictions(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    identified = open_survey(session, keys, staff=1, mode=Mode.IDENTIFIED)
    for wave in (run.partner, identified.partner, identified.internal):
        door = door_of(session, keys, wave)
        assert prediction_stage(session, door, now=NOW) is Stage.ABSENT
        with pytest.raises(WaveNotOpen):
            record_predictions(session, door, TWO, now=NOW)

    assert prediction_stage(session, door_of(session, keys, run.internal), now=NOW) is Stage.OPEN


def test_an_anonymous_partner_wave_is_predicted_by_its_confidential_staff(
    session: Session, keys: LinkKeys
) -> None:
    anonymous = open_survey(session, keys, companies=6, staff=1, mode=Mode.ANONYMOUS)
    door = door_of(session, keys, anonymous.internal)

    record_predictions(session, door, TWO, now=NOW)

    assert guesses_of(session, door.invitation_id) == TWO


def test_a_paused_partner_wave_takes_no_predictions(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    door = door_of(session, keys, run.internal)
    session.execute(update(Wave).where(Wave.id == run.id).values(state=WaveState.PAUSED))

    with pytest.raises(WaveNotOpen):
        record_predictions(session, door, TWO, now=NOW)


@pytest.mark.parametrize(
    ("code", "guess", "reason"),
    [
        ("recommend", Guess(50), "unknown"),
        ("incentives", Guess(101), "out_of_range"),
        ("incentives", Guess(50, 7), "out_of_range"),
    ],
)
def test_what_cannot_be_a_prediction_is_refused(
    session: Session, keys: LinkKeys, run: Run, code: str, guess: Guess, reason: str
) -> None:
    door = door_of(session, keys, run.internal)

    with pytest.raises(FieldError) as refused:
        record_predictions(session, door, {code: guess}, now=NOW)
    with pytest.raises(NothingAnswered):
        record_predictions(session, door, {}, now=NOW)

    assert (refused.value.field, refused.value.reason) == (code, reason)


def test_drivers_stand_in_their_order_and_in_the_readers_language(
    session: Session, run: Run
) -> None:
    english, polish = (
        drivers_to_guess(session, run.partner.version_id, locale=locale) for locale in ("en", "pl")
    )

    assert [driver.number for driver in english] == list(range(1, 11))
    assert english[0].name != polish[0].name


def test_two_posts_at_once_leave_one_whole_set(
    engine: Engine, session: Session, keys: LinkKeys, run: Run, database: Database
) -> None:
    door = door_of(session, keys, run.internal)
    codes = [d.code for d in drivers_to_guess(session, run.partner.version_id, locale="en")]
    session.rollback()
    sets = [{code: Guess(score) for code in codes} for score in range(10)]
    sets += [{code: Guess(99, 20) for code in codes[:3]}]
    start, errors = threading.Barrier(len(sets)), []

    def post(guesses: dict[str, Guess]) -> None:
        try:
            start.wait()
            with Session(engine) as own:
                record_predictions(own, door, guesses, now=NOW)
                own.commit()
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is told below
            errors.append(error)

    threads = [threading.Thread(target=post, args=(each,)) for each in sets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert guesses_of(session, door.invitation_id) in sets


def test_an_erased_person_takes_the_predictions_along(
    session: Session, keys: LinkKeys, run: Run
) -> None:
    door = door_of(session, keys, run.internal)
    record_predictions(session, door, TWO, now=NOW)
    session.flush()

    session.delete(session.get_one(Invitation, door.invitation_id))
    session.flush()

    assert list(session.scalars(select(Prediction.driver_code))) == []


@pytest.mark.parametrize(
    ("score", "margin", "error"),
    [
        ("", "10", None),
        ("  ", "7", None),
        ("0", "5", None),
        (" 100 ", "20", None),
        ("101", "10", "score"),
        ("-1", "10", "score"),
        ("70.5", "10", "score"),
        ("a lot", "10", "score"),
        ("٧٠", "10", "score"),
        ("70", "7", "margin"),
        ("70", "", "margin"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(score: str, margin: str, error: str | None) -> None:
    typed = read_guesses({"score_rules": score, "margin_rules": margin}, ["rules"])

    assert typed.fields["rules"].error == error
    assert typed.wrong == (["rules"] if error else [])
    assert bool(typed.guesses) == (error is None and bool(score.strip()))


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.builds(Guess, st.integers(0, 100), st.sampled_from([5, 10, 20])),
    )
)
def test_what_a_form_shows_is_read_back_as_it_was(guesses: dict[str, Guess]) -> None:
    shown = shown_guesses(guesses, ["a", "b", "c"])
    form = {f"score_{code}": typed.score for code, typed in shown.fields.items()}
    form |= {f"margin_{code}": typed.margin for code, typed in shown.fields.items()}

    assert read_guesses(form, ["a", "b", "c"]).guesses == guesses
