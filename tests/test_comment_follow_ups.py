"""Marks for follow-up: one a comment, to do and done, taken back step by step."""

import threading
from datetime import timedelta

import pytest
from answered_waves import open_wave, write
from factories import MONDAY, make_user
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from surveys.comment_follow_ups import BACK, FollowUp, FollowUpStep, follow_up, follow_ups_of
from surveys.invitations import LinkKeys
from surveys.models import Alert, Comment
from surveys.terms import FollowUpState

LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def comment(session: Session, keys: LinkKeys) -> Comment:
    """A comment of an open wave."""
    run = open_wave(session, keys, companies=1, people=1, staff=1)
    return session.get_one(Comment, write(session, run, "slow")[0])


def test_a_mark_says_who_and_when_and_when_it_was_done(session: Session, comment: Comment) -> None:
    user = make_user(session, name="Alicja Nowak")

    assert follow_up(session, comment, FollowUpStep.MARK, user_id=user.id, now=MONDAY)
    assert follow_ups_of(session, [comment.id]) == {
        comment.id: FollowUp(FollowUpState.OPEN, "Alicja Nowak", MONDAY, None)
    }
    assert follow_up(session, comment, FollowUpStep.DONE, user_id=user.id, now=LATER)
    assert follow_ups_of(session, [comment.id]) == {
        comment.id: FollowUp(FollowUpState.DONE, "Alicja Nowak", MONDAY, LATER)
    }
    session.rollback()


def test_a_comment_is_marked_once_and_the_first_mark_stands(
    session: Session, comment: Comment
) -> None:
    alicja = make_user(session, name="Alicja Nowak")
    borys = make_user(session, "b@nordvik.example", name="Borys Lis")

    assert follow_up(session, comment, FollowUpStep.MARK, user_id=alicja.id, now=MONDAY)
    assert not follow_up(session, comment, FollowUpStep.MARK, user_id=borys.id, now=LATER)

    assert follow_ups_of(session, [comment.id])[comment.id].name == "Alicja Nowak"
    session.rollback()


def test_two_who_mark_at_once_make_one_mark(
    session: Session, comment: Comment, engine: Engine
) -> None:
    ids = [make_user(session, f"u{number}@nordvik.example").id for number in range(4)]
    key = comment.id
    session.commit()
    done: list[bool] = []

    def mark(user_id: int) -> None:
        with Session(engine) as own:
            found = own.get_one(Comment, key)
            done.append(follow_up(own, found, FollowUpStep.MARK, user_id=user_id, now=MONDAY))
            own.commit()

    threads = [threading.Thread(target=mark, args=(user_id,)) for user_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]
    assert len(session.scalars(select(Alert.id)).all()) == 1
    session.rollback()


@pytest.mark.parametrize("step", list(FollowUpStep))
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_every_step_has_one_that_takes_it_back(
    session: Session, comment: Comment, step: FollowUpStep
) -> None:
    user = make_user(session)
    needed = {FollowUpStep.DONE: 1, FollowUpStep.REOPEN: 2, FollowUpStep.REMOVE: 1}
    for earlier in [FollowUpStep.MARK, FollowUpStep.DONE][: needed.get(step, 0)]:
        follow_up(session, comment, earlier, user_id=user.id, now=MONDAY)
    before = {key: mark.state for key, mark in follow_ups_of(session, [comment.id]).items()}

    assert follow_up(session, comment, step, user_id=user.id, now=LATER)
    assert not follow_up(session, comment, step, user_id=user.id, now=LATER)
    assert follow_up(session, comment, BACK[step], user_id=user.id, now=LATER)

    after = {key: mark.state for key, mark in follow_ups_of(session, [comment.id]).items()}
    assert after == before
    session.rollback()


def test_a_mark_goes_with_its_comment(session: Session, comment: Comment) -> None:
    follow_up(session, comment, FollowUpStep.MARK, user_id=make_user(session).id, now=MONDAY)

    session.execute(delete(Comment).where(Comment.id == comment.id))

    assert session.scalars(select(Alert.id)).all() == []
    session.rollback()
