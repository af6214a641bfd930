"""The list of comments: order, masks, marks, filters, corrections, and when there is none."""

import secrets

import plain_analyser
import pytest
from answered_waves import open_wave, read_all, write
from factories import MONDAY, make_user
from made_figures import exact, figures_of, wave_of
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.comment_filters import CommentFilter
from analysis.comment_list import (
    PAGE_SIZE,
    CommentPage,
    ShownComment,
    comment_page,
    may_read_comments,
    shown_comments,
)
from analysis.comment_names import fix_names
from analysis.comment_pieces import Piece
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import CommentCounts
from analysis.verdicts import count_verdicts
from surveys.invitations import LinkKeys
from surveys.models import Comment, CommentCorrection, Contact, Partner, Wave
from surveys.terms import Mode
from surveys.waves import Run

# Which verdict counts is tested on both databases in test_scoring.py.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REMOVED = "[Name removed]"


@pytest.fixture
def run(session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An open run of a few people, and an analyser that knows four words."""
    plain_analyser.use(monkeypatch)
    return open_wave(session, keys, companies=2, people=1, staff=1)


def shown(session: Session, run: Run) -> list[ShownComment]:
    """The partners' list as a file gets it, after names were fixed as publishing does."""
    fix_names(session, run.partner)
    return shown_comments(session, run.partner, name_removed=REMOVED)


def page(session: Session, run: Run, number: int = 1, **wanted: object) -> CommentPage:
    """One page of the partners' list through this filter."""
    fix_names(session, run.partner)
    return comment_page(
        session,
        run.partner,
        CommentFilter(**wanted),  # type: ignore[arg-type] # named per test
        number=number,
        name_removed=REMOVED,
    )


def texts(session: Session, run: Run, **wanted: object) -> set[str]:
    """The texts of the page that a filter gives."""
    return {each.text for each in page(session, run, 1, **wanted).comments}


@on_sqlite
def test_the_order_is_fixed_by_the_wave_and_tells_nothing(session: Session, run: Run) -> None:
    write(session, run, *(f"text {number}" for number in range(12)))
    read_all(session)

    first = [each.text for each in shown(session, run)]

    assert first == [each.text for each in shown(session, run)]
    assert first != sorted(first)
    session.execute(update(Wave).where(Wave.id == run.id).values(secret=secrets.token_bytes(32)))
    count_verdicts(session, session.scalars(select(Comment.id)).all())
    session.expire_all()
    assert [each.text for each in shown(session, run)] != first
    session.rollback()


@on_sqlite
def test_names_of_people_asked_and_of_partners_are_left_out(session: Session, run: Run) -> None:
    contact = session.scalars(select(Contact).where(Contact.partner_id.is_not(None))).first()
    assert contact is not None
    contact.first_name, contact.last_name = "Jan", "Kowalski"
    session.get_one(Partner, contact.partner_id).name = "Baltic Cloud Sp. z o.o."
    make_user(session, "t@nordvik.example", name="Tomasz Wróbel")
    write(session, run, "Janem Kowalskim z Baltic Cloud, Wróblem i Kowalska; slow")
    read_all(session)

    (only,) = shown(session, run)

    assert only.text == f"{REMOVED} z {REMOVED}, {REMOVED} i {REMOVED}; slow"
    assert Piece("slow", "negative", ("monitoring",)) in only.pieces


@on_sqlite
def test_an_identified_survey_keeps_names(
    session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    run = open_wave(session, keys, mode=Mode.IDENTIFIED, companies=1, people=1, staff=1)
    session.scalars(select(Contact)).all()[0].last_name = "Kowalski"
    write(session, run, "Ask Kowalski")
    read_all(session)

    assert [each.text for each in shown(session, run)] == ["Ask Kowalski"]


@on_sqlite
def test_a_comment_stays_in_the_list_after_a_new_version(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(session, run, "slow", "helpful")
    read_all(session)
    before = shown(session, run)
    plain_analyser.use(monkeypatch, name="plain 2")

    assert shown(session, run) == before
    assert {each.analyser for each in before} == {"plain 1"}
    read_all(session)
    assert {each.analyser for each in shown(session, run)} == {"plain 2"}


@on_sqlite
def test_a_correction_wins_over_the_verdict_until_it_is_undone(session: Session, run: Run) -> None:
    user = make_user(session)
    (key,) = write(session, run, "slow hm")
    read_all(session)
    correction = CommentCorrection(
        comment_id=key,
        user_id=user.id,
        created_at=MONDAY,
        label="positive",
        drivers=["listening"],
        quiet_exit=True,
    )
    session.add(correction)
    count_verdicts(session, [key])
    (corrected,) = shown(session, run)
    correction.undone_at = MONDAY
    count_verdicts(session, [key])
    (undone,) = shown(session, run)
    session.rollback()

    assert (corrected.label, corrected.is_unsure, corrected.quiet_exit) == ("positive", False, True)
    assert (list(corrected.drivers), corrected.is_corrected) == (["listening"], True)
    assert (undone.label, undone.is_unsure, undone.quiet_exit) == ("negative", True, False)
    assert (list(undone.drivers), undone.is_corrected) == (["monitoring"], False)


@on_sqlite
def test_filters_narrow_by_label_driver_words_and_exit(session: Session, run: Run) -> None:
    write(session, run, "Portal slow", "Życzliwy, życzliwy", "hm", "slow; now another brand")
    read_all(session)

    assert len(texts(session, run)) == 4
    assert texts(session, run, label="negative") == {"Portal slow", "slow; now another brand"}
    assert texts(session, run, label="unsure") == {"hm"}
    assert texts(session, run, label="neutral") == set()
    assert texts(session, run, driver="channel_people") == {"Życzliwy, życzliwy"}
    assert texts(session, run, words="ZYCZLIWY") == {"Życzliwy, życzliwy"}
    assert texts(session, run, only_quiet_exit=True) == {"slow; now another brand"}
    assert texts(session, run, label="negative", words="brand") == {"slow; now another brand"}
    assert texts(session, run, label="positive", words="brand") == set()
    session.rollback()


@on_sqlite
def test_counts_of_labels_follow_every_part_of_the_filter_but_the_label(
    session: Session, run: Run
) -> None:
    write(session, run, "Portal slow", "helpful", "hm", "slow; now another brand")
    read_all(session)

    everything = page(session, run, label="positive")
    searched = page(session, run, label="positive", words="brand")

    assert everything.counts == {"negative": 2, "positive": 1, "unsure": 1}
    assert (everything.n_found, everything.n_all) == (1, 4)
    assert searched.counts == page(session, run, only_quiet_exit=True).counts == {"negative": 1}
    assert (searched.n_found, searched.n_all) == (0, 4)
    session.rollback()


@pytest.mark.parametrize("words", ["", "text"])
@on_sqlite
def test_pages_hold_every_comment_once_and_end_at_the_last(
    session: Session, run: Run, words: str
) -> None:
    n_comments = 2 * PAGE_SIZE + 3
    write(session, run, *(f"text {number}" for number in range(n_comments)))
    read_all(session)

    pages = [page(session, run, number, words=words) for number in (1, 2, 3, 9)]

    assert [each.number for each in pages] == [1, 2, 3, 3]
    assert [each.n_pages for each in pages] == [3] * 4
    assert [len(each.comments) for each in pages] == [PAGE_SIZE, PAGE_SIZE, 3, 3]
    assert len({each.text for part in pages for each in part.comments}) == n_comments
    session.rollback()


@on_sqlite
def test_a_page_takes_the_same_statements_however_long_the_list(
    session: Session, run: Run, statements: list[str]
) -> None:
    def taken() -> int:
        fix_names(session, run.partner)
        session.commit()
        statements.clear()
        page(session, run)
        session.rollback()
        return len(statements)

    write(session, run, "slow")
    read_all(session)
    few = taken()
    write(session, run, *(f"slow {number}" for number in range(2 * PAGE_SIZE)))
    read_all(session)

    assert taken() == few


@on_sqlite
def test_a_name_cannot_be_found_by_searching_for_it(session: Session, run: Run) -> None:
    contact = session.scalars(select(Contact).where(Contact.partner_id.is_not(None))).first()
    assert contact is not None
    contact.last_name = "Kowalski"
    write(session, run, "Ask Kowalski")
    read_all(session)

    assert texts(session, run, words="kowalski") == set()
    assert texts(session, run, words="ask") == {f"Ask {REMOVED}"}
    session.rollback()


@on_sqlite
def test_names_once_fixed_stay_hidden_when_the_person_is_renamed_or_the_text_read_anew(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = session.scalars(select(Contact).where(Contact.partner_id.is_not(None))).first()
    assert contact is not None
    contact.last_name = "Kowalski"
    write(session, run, "Ask Kowalski")
    read_all(session)
    assert [each.text for each in shown(session, run)] == [f"Ask {REMOVED}"]
    contact.last_name = "Nowak"
    session.commit()
    plain_analyser.use(monkeypatch, name="plain 2")
    read_all(session)

    assert [each.text for each in shown(session, run)] == [f"Ask {REMOVED}"]
    session.rollback()


@on_sqlite
def test_a_comment_whose_names_nobody_looked_for_is_not_listed(session: Session, run: Run) -> None:
    write(session, run, "Ask Kowalski")
    read_all(session)

    assert shown_comments(session, run.partner, name_removed=REMOVED) == []
    session.rollback()


def test_a_list_exists_only_where_the_frozen_wave_says_so() -> None:
    wave, identified = wave_of(), wave_of(mode=Mode.IDENTIFIED)
    counts = CommentCounts(SentimentCounts(4, 2, 1, 3), 9, 1.0)

    assert not may_read_comments(wave, None)
    assert not may_read_comments(wave, figures_of(wave, {"incentives": exact(50)}))
    assert may_read_comments(wave, figures_of(wave, {"incentives": exact(50)}, comments=counts))
    assert may_read_comments(identified, figures_of(identified, {}))
    assert not may_read_comments(identified, None)
