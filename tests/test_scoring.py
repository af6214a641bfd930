"""Verdicts on comments: each is read once, none lost, the old one counts until the new is there."""

import plain_analyser
import pytest
from answered_waves import open_wave, read_all, write
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis import sentiment
from analysis.models import CommentDriver, CommentScore, CommentVerdict
from analysis.scoring import (
    has_unread_comments,
    read_comments,
    unread_comments,
    unread_count,
    waiting_count,
)
from surveys.invitations import LinkKeys
from surveys.models import Comment
from surveys.terms import Sentiment
from surveys.waves import Run


@pytest.fixture
def run(session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An open run of a few people, and an analyser that knows four words."""
    plain_analyser.use(monkeypatch)
    return open_wave(session, keys, companies=1, people=1, staff=1)


def test_every_comment_is_read_once(session: Session, run: Run) -> None:
    write(session, run, "slow", "helpful", "nothing special")

    assert waiting_count(session) == 3
    assert read_all(session) == 3
    assert read_all(session) == waiting_count(session) == 0
    labels = set(session.scalars(select(CommentScore.label)))
    assert labels == {Sentiment.NEGATIVE, Sentiment.POSITIVE, Sentiment.NEUTRAL}


def test_a_verdict_keeps_drivers_evidence_and_polarity(session: Session, run: Run) -> None:
    write(session, run, "very slow, but now lead with another brand")
    read_all(session)

    score = session.scalars(select(CommentScore)).one()
    driver = session.scalars(select(CommentDriver)).one()

    assert score.clauses["evidence"] == [
        [5, 9, "sentiment", "negative"],
        [29, 42, "quiet_exit", "negative"],
    ]
    assert score.quiet_exit
    assert (driver.driver_code, driver.polarity) == ("monitoring", "negative")


def test_one_poisoned_comment_stops_no_other(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def analyse(text: str, **_values: object) -> sentiment.Sentiment:
        if text == "poison":
            raise ValueError(text)
        return plain_analyser.read(text)

    monkeypatch.setattr(sentiment, "analyse", analyse)
    poisoned, fine = write(session, run, "poison", "helpful")

    assert read_all(session) == 2
    scores = {score.comment_id: score for score in session.scalars(select(CommentScore))}
    assert scores[poisoned].is_unsure
    assert scores[poisoned].label is Sentiment.NEUTRAL
    assert scores[fine].label is Sentiment.POSITIVE
    assert not caplog.records or "poison" not in caplog.records[0].getMessage()


def test_only_the_wave_with_an_unread_comment_waits(session: Session, run: Run) -> None:
    assert run.internal is not None
    write(session, run, "slow")

    assert has_unread_comments(session, run.id)
    assert not has_unread_comments(session, run.internal.id)
    read_all(session)
    assert not has_unread_comments(session, run.id)


def test_a_new_version_reads_again_and_keeps_the_old_verdict(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, run, "slow")
    read_all(session)
    plain_analyser.use(monkeypatch, name="plain 2")

    assert has_unread_comments(session, run.id)
    assert read_all(session) == 1
    assert set(session.scalars(select(CommentScore.analyser))) == {"plain 1", "plain 2"}


def test_the_old_verdict_counts_until_the_new_one_is_there(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted() -> dict[bytes, str]:
        rows = session.execute(select(CommentVerdict.comment_id, CommentVerdict.analyser))
        return {row.comment_id: row.analyser for row in rows}

    first, second = write(session, run, "slow", "helpful")
    read_all(session)
    plain_analyser.use(monkeypatch, name="plain 2")
    waiting = {comment.id: comment for comment in unread_comments(session)}
    read_comments(session, [waiting[second]])
    session.commit()

    assert counted() == {first: "plain 1", second: "plain 2"}
    plain_analyser.use(monkeypatch, name="a later one")
    assert counted() == {first: "plain 1", second: "plain 2"}


def test_the_present_version_counts_even_if_another_sorts_after_it(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, run, "slow")
    plain_analyser.use(monkeypatch, name="plain 9")
    read_all(session)
    plain_analyser.use(monkeypatch, name="plain 1")
    read_all(session)

    assert session.scalars(select(CommentVerdict.analyser)).all() == ["plain 1"]


def test_only_comments_without_any_verdict_count_as_unread(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, run, "slow", "helpful")
    assert unread_count(session, run.id) == 2
    read_all(session)
    plain_analyser.use(monkeypatch, name="plain 2")

    assert unread_count(session, run.id) == 0
    (only, *_) = write(session, run, "later")
    assert unread_count(session, run.id) == 1
    session.execute(delete(Comment).where(Comment.id == only))
    assert unread_count(session, run.id) == 0
    session.rollback()


def test_a_comment_without_its_verdict_is_read_again(session: Session, run: Run) -> None:
    write(session, run, "slow")
    read_all(session)
    session.execute(delete(CommentVerdict))
    session.commit()

    assert has_unread_comments(session, run.id)
    assert read_all(session) == 1
    assert session.scalars(select(CommentScore.comment_id)).all() == (
        session.scalars(select(CommentVerdict.comment_id)).all()
    )
