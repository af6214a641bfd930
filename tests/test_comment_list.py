"""The list of comments: order, masks, marks, filters, corrections, and when there is none."""

import secrets
from dataclasses import replace

import plain_analyser
import pytest
from answered_waves import open_wave, read_all, write
from factories import MONDAY, make_user
from made_figures import exact, figures_of, wave_of
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.comment_list import (
    CommentFilter,
    Piece,
    ShownComment,
    filtered,
    label_counts,
    may_read_comments,
    pieces_of,
    shown_comments,
)
from analysis.name_masking import known_names
from analysis.sentiment_shares import SentimentCounts
from analysis.shown_figures import CommentCounts
from surveys.invitations import LinkKeys
from surveys.models import CommentCorrection, Contact, Partner, Wave
from surveys.terms import Mode
from surveys.waves import Run

# Which verdict counts is tested on both databases in test_scoring.py.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOBODY = known_names([], [])
REMOVED = "[Name removed]"


@pytest.fixture
def run(session: Session, keys: LinkKeys, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An open run of a few people, and an analyser that knows four words."""
    plain_analyser.use(monkeypatch)
    return open_wave(session, keys, companies=2, people=1, staff=1)


def shown(session: Session, run: Run) -> list[ShownComment]:
    """The partners' list as a page gets it."""
    return shown_comments(session, run.partner, name_removed=REMOVED)


def comment(text: str, **values: object) -> ShownComment:
    """A comment as it may be read."""
    plain = ShownComment(
        pieces=[Piece(text, "")],
        label="neutral",
        drivers=[],
        polarities={},
        quiet_exit=False,
        is_unsure=False,
        is_corrected=False,
        language="en",
        question="comment",
        question_driver=None,
        analyser="plain 1",
    )
    return replace(plain, **values)  # type: ignore[arg-type] # values are named per test


def test_evidence_is_cut_out_with_its_polarity() -> None:
    pieces = pieces_of("so slow and dull", [[3, 7, "sentiment", "negative"]], NOBODY, REMOVED)

    assert pieces == [Piece("so ", ""), Piece("slow", "negative"), Piece(" and dull", "")]


def test_exit_words_are_marked_as_such_and_names_win_over_all() -> None:
    names = known_names(["Kowalski"], [])
    evidence = [[0, 17, "quiet_exit", "negative"]]

    pieces = pieces_of("leave Kowalski to", evidence, names, REMOVED)

    assert pieces == [Piece("leave ", "exit"), Piece(REMOVED, "name"), Piece(" to", "exit")]


@pytest.mark.parametrize("text", ["", "x"])
def test_short_texts_have_as_many_pieces_as_they_need(text: str) -> None:
    assert "".join(piece.text for piece in pieces_of(text, [], NOBODY, REMOVED)) == text


def test_offsets_beyond_the_text_do_no_harm() -> None:
    pieces = pieces_of("short", [[-3, 99, "sentiment", "positive"]], NOBODY, REMOVED)

    assert pieces == [Piece("short", "positive")]


@on_sqlite
def test_the_order_is_fixed_by_the_wave_and_tells_nothing(session: Session, run: Run) -> None:
    write(session, run, *(f"text {number}" for number in range(12)))
    read_all(session)

    first = [each.text for each in shown(session, run)]

    assert first == [each.text for each in shown(session, run)]
    assert first != sorted(first)
    session.execute(update(Wave).where(Wave.id == run.id).values(secret=secrets.token_bytes(32)))
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
    assert Piece("slow", "negative") in only.pieces


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
    session.commit()

    (corrected,) = shown(session, run)
    correction.undone_at = MONDAY
    session.commit()
    (undone,) = shown(session, run)

    assert (corrected.label, corrected.is_unsure, corrected.quiet_exit) == ("positive", False, True)
    assert (list(corrected.drivers), corrected.is_corrected) == (["listening"], True)
    assert (undone.label, undone.is_unsure, undone.quiet_exit) == ("negative", True, False)
    assert (list(undone.drivers), undone.is_corrected) == (["monitoring"], False)


def test_filters_narrow_by_label_driver_words_and_exit() -> None:
    comments = [
        comment("Portal wolny", label="negative", drivers=["monitoring"]),
        comment("Świetny zespół", label="positive", drivers=["channel_people"]),
        comment("hm", label="neutral", is_unsure=True),
        comment("We now lead with another brand", label="negative", quiet_exit=True),
    ]

    def texts(**wanted: object) -> list[str]:
        return [each.text for each in filtered(comments, CommentFilter(**wanted))]  # type: ignore[arg-type] # named per case

    assert texts() == [each.text for each in comments]
    assert texts(label="negative") == ["Portal wolny", "We now lead with another brand"]
    assert texts(label="unsure") == ["hm"]
    assert texts(label="neutral") == []
    assert texts(driver="channel_people") == ["Świetny zespół"]
    assert texts(words="SWIETNY") == ["Świetny zespół"]
    assert texts(only_quiet_exit=True) == ["We now lead with another brand"]
    assert texts(label="negative", only_quiet_exit=True, words="brand") == [
        "We now lead with another brand"
    ]
    assert label_counts(comments) == {"negative": 2, "positive": 1, "unsure": 1}


def test_a_filter_knows_whether_it_leaves_anything_out() -> None:
    assert not CommentFilter().is_set
    assert CommentFilter(words="x").is_set
    assert CommentFilter(only_quiet_exit=True).is_set


def test_a_list_exists_only_where_the_frozen_wave_says_so() -> None:
    wave, identified = wave_of(), wave_of(mode=Mode.IDENTIFIED)
    counts = CommentCounts(SentimentCounts(4, 2, 1, 3), 9, 1.0)

    assert not may_read_comments(wave, None)
    assert not may_read_comments(wave, figures_of(wave, {"incentives": exact(50)}))
    assert may_read_comments(wave, figures_of(wave, {"incentives": exact(50)}, comments=counts))
    assert may_read_comments(identified, figures_of(identified, {}))
    assert not may_read_comments(identified, None)
