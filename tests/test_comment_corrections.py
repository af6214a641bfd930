"""Corrections of verdicts: they win, they can be taken back, and no rescoring loses them."""

from datetime import timedelta

import plain_analyser
import pytest
from answered_waves import open_wave, read_all, write
from factories import MONDAY, make_user
from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.comment_list import ShownComment, shown_comments
from analysis.comment_names import fix_names
from analysis.scoring import next_comments, read_comments
from analysis.verdicts import count_verdicts
from surveys.comment_corrections import correct_comment, corrected_by, undo_correction
from surveys.invitations import LinkKeys
from surveys.models import CommentCorrection
from surveys.terms import Sentiment
from surveys.waves import Run

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LATER = MONDAY + timedelta(days=1)


@pytest.fixture
def run(session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An open run of a few people, and an analyser that knows four words."""
    plain_analyser.use(monkeypatch)
    return open_wave(session, keys, companies=2, people=1, staff=1)


def one(session: Session, run: Run, text: str) -> bytes:
    """A comment that was written and read."""
    (key,) = write(session, run, text)
    read_all(session)
    fix_names(session, run.partner)
    return key


def shown(session: Session, run: Run) -> ShownComment:
    """The only comment of the list, as it counts now."""
    (comment,) = shown_comments(session, run.partner, name_removed="-")
    return comment


def correct(session: Session, key: bytes, label: Sentiment, **values: object) -> bool:
    """A person corrects the verdict, and it counts."""
    known = session.scalars(select(CommentCorrection.user_id)).first()
    user_id = known or make_user(session, name="Alicja Nowak").id
    done = correct_comment(session, key, user_id=user_id, now=MONDAY, label=label, **values)  # type: ignore[arg-type] # named per test
    count_verdicts(session, [key])
    return done


def test_a_correction_says_how_the_comment_is_listed(session: Session, run: Run) -> None:
    key = one(session, run, "slow")

    assert correct(session, key, Sentiment.NEUTRAL, drivers=["listening"], quiet_exit=True)

    comment = shown(session, run)
    assert (comment.label, comment.drivers, comment.quiet_exit) == ("neutral", ["listening"], True)
    assert (comment.is_corrected, comment.automatic) == (True, "negative")
    assert corrected_by(session, [key])[key].name == "Alicja Nowak"
    session.rollback()


@on_sqlite
def test_the_same_correction_twice_is_one(session: Session, run: Run) -> None:
    key = one(session, run, "slow")

    assert correct(
        session, key, Sentiment.POSITIVE, drivers=["monitoring", "listening"], quiet_exit=False
    )
    assert not correct(
        session, key, Sentiment.POSITIVE, drivers=["listening", "monitoring"], quiet_exit=False
    )
    assert not correct(session, key, Sentiment.POSITIVE)

    assert len(session.scalars(select(CommentCorrection)).all()) == 1
    session.rollback()


@on_sqlite
def test_what_a_later_correction_does_not_say_stays_as_a_person_said_it(
    session: Session, run: Run
) -> None:
    key = one(session, run, "slow")
    correct(session, key, Sentiment.NEUTRAL, drivers=["listening"], quiet_exit=True)

    correct(session, key, Sentiment.MIXED)

    comment = shown(session, run)
    assert (comment.label, comment.drivers, comment.quiet_exit) == ("mixed", ["listening"], True)
    session.rollback()


def test_undoing_goes_back_one_correction_at_a_time(session: Session, run: Run) -> None:
    key = one(session, run, "slow")
    correct(session, key, Sentiment.NEUTRAL)
    correct(session, key, Sentiment.POSITIVE)
    labels = []
    while undo_correction(session, key, now=LATER):
        count_verdicts(session, [key])
        labels.append(shown(session, run).label)

    assert labels == ["neutral", "negative"]
    assert not shown(session, run).is_corrected
    assert corrected_by(session, [key]) == {}
    kept = session.scalars(select(CommentCorrection.undone_at)).all()
    assert kept == [LATER, LATER]
    session.rollback()


def test_no_rescoring_loses_a_correction(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = one(session, run, "slow")
    correct(session, key, Sentiment.POSITIVE, drivers=["listening"])
    session.commit()

    plain_analyser.use(monkeypatch, name="plain 2")
    read_comments(session, next_comments(session, b""))
    session.commit()

    comment = shown(session, run)
    assert (comment.label, comment.drivers, comment.analyser) == (
        "positive",
        ["listening"],
        "plain 2",
    )
    session.rollback()


@on_sqlite
def test_a_comment_changed_to_one_side_speaks_of_its_drivers_so(session: Session, run: Run) -> None:
    key = one(session, run, "slow, but helpful")
    assert shown(session, run).polarities == {
        "channel_people": "positive",
        "monitoring": "negative",
    }

    correct(session, key, Sentiment.NEGATIVE)

    assert set(shown(session, run).polarities.values()) == {"negative"}
    correct(session, key, Sentiment.MIXED)
    assert shown(session, run).polarities == {
        "channel_people": "positive",
        "monitoring": "negative",
    }
    session.rollback()


@on_sqlite
def test_a_confirmed_verdict_keeps_how_each_driver_is_spoken_of(session: Session, run: Run) -> None:
    key = one(session, run, "slow, but helpful")

    correct(session, key, Sentiment.MIXED, drivers=["channel_people", "listening"])

    assert shown(session, run).polarities == {"channel_people": "positive", "listening": "mixed"}
    session.rollback()


@on_sqlite
def test_a_person_decides_where_the_analyser_was_unsure(session: Session, run: Run) -> None:
    key = one(session, run, "slow hm")
    assert shown(session, run).listed_label == "unsure"

    correct(session, key, Sentiment.NEGATIVE)

    assert (shown(session, run).listed_label, shown(session, run).automatic) == (
        "negative",
        "unsure",
    )
    session.rollback()
