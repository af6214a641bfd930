"""Filters of comments: what they may look at in each mode, and that none tells who wrote."""

from itertools import product

import plain_analyser
import pytest
from answered_waves import Fixed, answer_all, open_wave, read_all
from factories import MONDAY, make_user
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from analysis.comment_filters import CommentFilter, may_filter_by_segment
from analysis.comment_list import CommentPage, comment_page, fits, is_listed
from analysis.comment_names import fix_names
from surveys.invitations import LinkKeys
from surveys.models import Alert, Comment, CommentAuthor, Wave
from surveys.terms import FollowUpState, Mode
from surveys.waves import Run

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXTS = ("Portal slow", "helpful", "hm", "slow; now another brand", "Zespół życzliwy", "dull")
RESELLERS = ("type", "reseller")
ROWS = (("", ""), RESELLERS, ("tier", "gold"))


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """An analyser that knows a few words."""
    plain_analyser.use(monkeypatch)


def answered(session: Session, keys: LinkKeys, mode: Mode = Mode.CONFIDENTIAL) -> Run:
    """A run whose partners of every kind wrote, read and ready to be listed; committed."""
    run = open_wave(session, keys, mode=mode)
    answer_all(session, run, keys, fill=Fixed(texts=TEXTS))
    read_all(session)
    fix_names(session, run.partner)
    session.commit()
    return run


def page(session: Session, wave: Wave, **wanted: object) -> CommentPage:
    """The first page that a filter gives."""
    wanted_ = CommentFilter(**wanted)  # type: ignore[arg-type] # named per test
    return comment_page(session, wave, wanted_, number=1, name_removed="-")


def texts(shown: CommentPage) -> list[str]:
    """What is read on a page."""
    return [comment.text for comment in shown.comments]


def mark(session: Session, comment_id: bytes, wave_id: int, state: FollowUpState) -> None:
    """Mark a comment for follow-up."""
    user = make_user(session, f"{comment_id.hex()}@nordvik.example")
    session.add(
        Alert(
            wave_id=wave_id,
            comment_id=comment_id,
            owner_id=user.id,
            state=state.value,
            created_at=MONDAY,
        )
    )
    session.flush()


def every_page(session: Session, wave: Wave) -> list[CommentPage]:
    """What every combination of filters shows that an address can ask for."""
    parts = product(
        ("", "negative", "unsure"),
        ("", "monitoring"),
        ("", "slow"),
        (False, True),
        ("", "pl"),
        ROWS,
        (None, FollowUpState.OPEN),
    )
    names = ("label", "driver", "words", "only_quiet_exit", "language", "row", "follow_up")
    return [page(session, wave, **dict(zip(names, values, strict=True))) for values in parts]


@on_sqlite
def test_no_filter_of_a_confidential_list_looks_at_who_wrote(
    session: Session, keys: LinkKeys
) -> None:
    run = answered(session, keys)
    shown = every_page(session, run.partner)

    session.execute(delete(CommentAuthor))

    assert every_page(session, run.partner) == shown
    assert {len(each.comments) for each in shown} > {0, 24}
    assert not may_filter_by_segment(run.partner)
    session.rollback()


def test_an_identified_list_is_narrowed_by_segment(session: Session, keys: LinkKeys) -> None:
    run = answered(session, keys, Mode.IDENTIFIED)

    everything, resellers = page(session, run.partner), page(session, run.partner, row=RESELLERS)

    assert may_filter_by_segment(run.partner)
    assert (everything.n_found, resellers.n_found, resellers.n_all) == (24, 12, 24)
    assert sorted(texts(resellers)) == sorted(TEXTS * 2)
    assert resellers.counts.total() == 12
    assert page(session, run.partner, row=("type", "nobody")).n_found == 0
    session.rollback()


@on_sqlite
def test_a_language_narrows_the_list_and_all_of_them_are_counted(
    session: Session, keys: LinkKeys
) -> None:
    run = answered(session, keys)

    polish = page(session, run.partner, language="pl")

    assert set(texts(polish)) == {"Zespół życzliwy"}
    assert polish.languages == page(session, run.partner).languages == {"en": 20, "pl": 4}
    assert page(session, run.partner, language="pl", words="portal").n_found == 0
    session.rollback()


@pytest.mark.parametrize("words", ["", "hm"])
def test_marks_for_follow_up_are_a_filter_with_counts_of_their_own(
    session: Session, keys: LinkKeys, words: str
) -> None:
    run = answered(session, keys)
    unsure = page(session, run.partner, label="unsure").comments
    mark(session, unsure[0].id, run.id, FollowUpState.OPEN)
    mark(session, unsure[1].id, run.id, FollowUpState.DONE)

    to_do = page(session, run.partner, words=words, follow_up=FollowUpState.OPEN)

    assert [comment.id for comment in to_do.comments] == [unsure[0].id]
    assert (to_do.n_found, to_do.n_all) == (1, 24)
    assert to_do.follow_ups == {FollowUpState.OPEN: 1, FollowUpState.DONE: 1}
    assert to_do.counts == page(session, run.partner, words=words).counts
    done = page(session, run.partner, words=words, follow_up=FollowUpState.DONE)
    assert [comment.follow_up for comment in done.comments] == [FollowUpState.DONE]
    session.rollback()


@on_sqlite
def test_only_what_stands_in_the_list_is_listed(session: Session, keys: LinkKeys) -> None:
    run = answered(session, keys)
    own = page(session, run.partner).comments[0]
    of_team = session.scalars(select(Comment.id).where(Comment.wave_id != run.id)).first()
    assert of_team is not None

    assert is_listed(session, run.partner, own.id)
    assert not is_listed(session, run.partner, of_team)
    assert not is_listed(session, run.partner, b"x" * 16)
    assert fits(session, run.partner, own.id, CommentFilter(label=own.listed_label))
    assert not fits(session, run.partner, own.id, CommentFilter(language="de"))
    session.rollback()


@pytest.mark.parametrize(
    "wanted",
    [
        CommentFilter(label="mixed"),
        CommentFilter(driver="listening"),
        CommentFilter(words="x"),
        CommentFilter(only_quiet_exit=True),
        CommentFilter(language="pl"),
        CommentFilter(row=RESELLERS),
        CommentFilter(follow_up=FollowUpState.DONE),
    ],
)
def test_a_filter_knows_whether_it_leaves_anything_out(wanted: CommentFilter) -> None:
    assert wanted.is_set
    assert not CommentFilter().is_set
    assert (wanted.without_tabs.label, wanted.without_tabs.follow_up) == ("", None)
