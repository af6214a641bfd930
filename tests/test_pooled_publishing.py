"""Waves that are published as one: nothing before the last, then everybody once, with all rules."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import plain_analyser
import pytest
from answered_waves import Fixed, next_wave
from factories import (
    MONDAY,
    SECRET,
    SetClock,
    make_contact,
    make_partner,
    make_programme,
    make_schedule,
    make_survey,
)
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from analysis.answer_stream import people_of, wave_shape
from analysis.cells import build_due, differing_cells, waves_to_build
from analysis.comment_list import shown_comments
from analysis.exports import Kind, require_exportable
from analysis.frames import answers_by_question, wave_people
from analysis.models import CommentVerdict, PublishedCell
from analysis.publishing import is_ready, policy_of_pool, waves_to_publish
from analysis.queries import run_figures
from analysis.suppression import People
from surveys.db import Base, prepare_engine
from surveys.errors import NotPublished
from surveys.invitations import LinkKeys
from surveys.models import (
    Answer,
    Invitation,
    Question,
    Response,
    Schedule,
    Survey,
    SurveyVersion,
    VersionItem,
    Wave,
    WaveChange,
    Wording,
    WordingText,
)
from surveys.terms import Audience, CellState, Channel
from surveys.waves import Run, close_run, open_run

LATER = date(2029, 2, 12)
SHOWN = (CellState.EXACT, CellState.BOUND, CellState.COARSE)


def pooled(session: Session, pooled_waves: int) -> Survey:
    """A survey of a vendor with a schedule that opens nothing by itself for long."""
    survey = make_survey(session)
    make_schedule(session, survey, pooled_waves=pooled_waves, starts_on=LATER)
    session.commit()
    return survey


def shown_cells(session: Session, wave_id: int) -> int:
    """How many figures of questions may be read."""
    return (
        session.scalar(
            select(func.count())
            .select_from(PublishedCell)
            .where(
                PublishedCell.wave_id == wave_id,
                PublishedCell.metric != "participants",
                PublishedCell.state.in_(SHOWN),
            )
        )
        or 0
    )


def total(session: Session, wave_id: int, metric: str) -> PublishedCell:
    return session.scalars(
        select(PublishedCell).where(
            PublishedCell.wave_id == wave_id,
            PublishedCell.metric == metric,
            PublishedCell.dimension == "",
        )
    ).one()


def part(first: int, last: int) -> Callable[[Wave, int], bool]:
    """Of each wave only the people from one place to another answer; staff always."""
    return lambda wave, number: wave.audience is Audience.INTERNAL or first <= number < last


def test_single_waves_of_a_pool_show_nothing_and_the_last_shows_everybody_once(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 3)
    make_programme(session)
    session.commit()
    low, high = Fixed(agree=(1, 2, 2)), Fixed(agree=(4, 5, 4))

    first = next_wave(app, session, keys, clock, survey, fill=low, only=part(0, 6))
    second = next_wave(app, session, keys, clock, survey, fill=low, only=part(4, 10))

    for run in (first, second):
        for wave in run.waves:
            assert session.get_one(Wave, wave.id).published_at is None
    assert session.scalar(select(func.count()).select_from(PublishedCell)) == 0
    with pytest.raises(NotPublished, match=r"last wave of its pool has closed \(it is 2 of 3\)"):
        require_exportable(Kind.SCORES, run_figures(session, second))
    session.rollback()

    last = next_wave(app, session, keys, clock, survey, fill=high, only=part(0, 6))

    assert session.get_one(Wave, last.partner.id).published_at == clock()
    assert total(session, last.partner.id, "participants").n == 10
    assert total(session, last.waves[1].id, "participants").n == 8
    # Six people were low once and are high now; four are still low.
    assert total(session, last.partner.id, "incentives").n == 10
    assert {cell.wave_id for cell in session.scalars(select(PublishedCell))} == {
        wave.id for wave in last.waves
    }
    assert list(waves_to_publish(session)) == []


def test_the_pool_equals_one_wave_in_which_everybody_gave_their_latest_answer(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    """Law: a pool is a wave; the same answers in a single wave give the same figures."""
    make_programme(session)
    survey, single = pooled(session, 2), pooled(session, 1)
    one = Fixed(agree=(1, 2, 3, 4, 3))
    for half in (part(0, 6), part(6, 12)):
        last = next_wave(app, session, keys, clock, survey, fill=one, only=half)

    alone = next_wave(app, session, keys, clock, single, fill=one)

    def figures(run: Run) -> list[tuple[object, ...]]:
        cells = session.scalars(
            select(PublishedCell)
            .where(PublishedCell.wave_id == run.partner.id)
            .order_by(PublishedCell.metric, PublishedCell.dimension, PublishedCell.segment)
        )
        return [(c.metric, c.dimension, c.segment, c.state, c.n, c.value, c.figures) for c in cells]

    assert figures(last) == figures(alone)


def test_a_small_programme_sees_more_in_a_pool_than_in_its_single_waves(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    for number in range(12):
        partner = make_partner(session, tier=("gold", "silver")[number // 6])
        for _ in range(1 + number % 2):
            make_contact(session, partner)
    surveys = {1: pooled(session, 1), 3: pooled(session, 3)}
    session.commit()
    found: dict[int, list[int]] = {1: [], 3: []}

    for wave_number in range(3):
        asked = random.Random(wave_number).sample(range(18), 7)
        for size, survey in surveys.items():
            run = next_wave(
                app,
                session,
                keys,
                clock,
                survey,
                fill=Fixed(agree=(2, 3, 4, 3, 5, 1, 2)),
                only=lambda _wave, number: number in asked,  # noqa: B023 - called at once
            )
            found[size].append(shown_cells(session, run.partner.id))

    assert found[3][:2] == [0, 0]
    assert found[3][2] >= 2 * max(found[1]) > 0


def test_a_pool_is_published_with_what_it_has_when_its_survey_ends(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 3)
    make_programme(session)
    session.commit()
    next_wave(app, session, keys, clock, survey, only=part(0, 8))
    session.execute(update(Schedule).values(next_run_at=None))
    session.commit()

    last = next_wave(app, session, keys, clock, survey, only=part(6, 12))

    assert total(session, last.partner.id, "participants").n == 12
    assert session.get_one(Wave, last.partner.id).pool_position == 2


def test_the_second_pool_is_guarded_against_the_first(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    """Law: what one person changed between two pools cannot be subtracted."""
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    fill = Fixed(agree=(2, 3, 4))
    for places in ((0, 6), (5, 11), (0, 6), (5, 12)):
        last = next_wave(app, session, keys, clock, survey, fill=fill, only=part(*places))

    assert total(session, last.partner.id, "participants").n == 12
    assert total(session, last.partner.id, "incentives").state is not CellState.EXACT


def test_nobody_without_a_name_counts_twice(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    first = next_wave(app, session, keys, clock, survey)
    leaver = session.scalars(
        select(Invitation.contact_id).where(Invitation.wave_id == first.partner.id)
    ).first()
    run = open_run(session, survey, scheduled_at=clock(), keys=keys, now=clock()).run
    session.execute(
        update(Invitation).where(Invitation.contact_id == leaver).values(contact_id=None)
    )
    everybody = [Invitation.wave_id == run.partner.id]
    session.execute(update(Invitation).where(*everybody).values(answered_on=clock().date()))
    session.flush()

    people = wave_people(session, wave_shape(session, run.partner), People())

    assert len(people.person_of) == 12
    assert ("erased", people_ids(session, run.partner.id)) in {
        (kind[0], kind[1]) for kind in people.person_of.values() if isinstance(kind, tuple)
    }


def people_ids(session: Session, wave_id: int) -> int:
    """The invitation of a wave that has no name any more."""
    return session.scalars(
        select(Invitation.id).where(Invitation.wave_id == wave_id, Invitation.contact_id.is_(None))
    ).one()


def test_answers_to_other_words_are_left_out(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    next_wave(app, session, keys, clock, survey, only=part(0, 6))
    reword(session, survey, "incentives")

    last = next_wave(app, session, keys, clock, survey, only=part(6, 12))

    assert total(session, last.partner.id, "participants").n == 12
    assert total(session, last.partner.id, "incentives").n == 6
    assert total(session, last.partner.id, "listening").n == 12
    assert differing_cells(session, last.partner.id) == []


def reword(session: Session, survey: Survey, code: str) -> None:
    """Publish a version that asks partners one question in other words."""
    old = session.scalars(select(SurveyVersion).where(SurveyVersion.survey_id == survey.id)).one()
    new = SurveyVersion(
        survey_id=survey.id, number=old.number + 1, published_at=MONDAY + timedelta(hours=2)
    )
    session.add(new)
    session.flush()
    for item in session.scalars(select(VersionItem).where(VersionItem.version_id == old.id)).all():
        wording_id = item.wording_id
        question = session.get_one(Question, item.question_id)
        if question.code == code and item.audience is Audience.PARTNER and wording_id:
            wording_id = _other_wording(session, wording_id)
        row = {c.name: getattr(item, c.name) for c in VersionItem.__table__.columns}
        session.execute(
            insert(VersionItem).values(**row | {"version_id": new.id, "wording_id": wording_id})
        )
    session.commit()


def _other_wording(session: Session, wording_id: int) -> int:
    old = session.get_one(Wording, wording_id)
    row = {c.name: getattr(old, c.name) for c in Wording.__table__.columns if c.name != "id"}
    new = Wording(**row | {"revision": 99, "series": old.series + 1})
    session.add(new)
    session.flush()
    for text in session.scalars(
        select(WordingText).where(WordingText.wording_id == wording_id)
    ).all():
        words = {c.name: getattr(text, c.name) for c in WordingText.__table__.columns}
        session.execute(insert(WordingText).values(**words | {"wording_id": new.id}))
    return new.id


def test_comments_of_all_waves_are_read_together(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_analyser.use(monkeypatch)
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    fill = Fixed(texts=("The portal is slow.",))
    next_wave(app, session, keys, clock, survey, fill=fill, only=part(0, 6))
    last = next_wave(app, session, keys, clock, survey, fill=fill, only=part(4, 10))

    assert total(session, last.partner.id, "comments").n == 12
    assert len(shown_comments(session, last.partner, name_removed="-")) == 12
    assert session.scalars(select(CommentVerdict).where(CommentVerdict.names.is_(None))).all() == []


def test_who_writes_in_every_wave_is_one_author(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_analyser.use(monkeypatch)
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    fill = Fixed(texts=("The portal is slow.",))
    for _ in range(2):
        last = next_wave(app, session, keys, clock, survey, fill=fill, only=part(0, 6))

    assert total(session, last.partner.id, "comments").state is CellState.HIDDEN


def test_a_pool_waits_for_all_its_waves(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    first = next_wave(app, session, keys, clock, survey)
    run = open_run(session, survey, scheduled_at=clock(), keys=keys, now=clock()).run
    close_run(session, run, now=clock() + timedelta(days=1))
    session.execute(delete(WaveChange))

    assert is_ready(session, run.id)
    session.add(WaveChange(wave_id=first.partner.id))
    session.flush()
    assert not is_ready(session, run.id)


def test_an_answer_erased_in_the_first_wave_leaves_the_cells_of_the_last(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = pooled(session, 2)
    make_programme(session)
    session.commit()
    first = next_wave(app, session, keys, clock, survey, only=part(0, 6))
    last = next_wave(app, session, keys, clock, survey, only=part(6, 12))
    assert [differing_cells(session, wave.id) for wave in last.waves] == [[], []]
    gone = session.scalars(
        select(Response.id)
        .join(Invitation, Invitation.id == Response.id)
        .where(Invitation.wave_id == first.partner.id)
    ).first()
    session.execute(delete(Response).where(Response.id == gone))
    session.add(WaveChange(wave_id=first.partner.id))
    session.commit()
    assert differing_cells(session, last.partner.id) != []

    while due := waves_to_build(session):
        session.rollback()
        build_due(lambda: Session(session.get_bind()), due[0], now=clock())
    session.expire_all()

    assert differing_cells(session, last.partner.id) == []


def test_the_strictest_promise_of_a_pool_holds() -> None:
    def wave(**values: object) -> Wave:
        given = {
            "audience": Audience.PARTNER,
            "min_people": 5,
            "min_companies": 3,
            "max_share_pct": 50,
            "min_comments": 8,
            "is_strict": False,
            "sample": {"min_repeaters": 20},
        }
        return Wave(**(given | values))

    policy = policy_of_pool([wave(min_people=7, is_strict=True), wave(max_share_pct=40)])

    assert (policy.min_people, policy.max_share_pct, policy.is_strict) == (7, 40, True)


# A person's latest answer counts once, whoever took part in whichever wave.

N_PEOPLE, N_WAVES = 7, 3
Taken = list[list[int | None]]


@pytest.fixture(scope="module")
def pool() -> Iterator[tuple[Session, list[Wave], int]]:
    """Three open waves of a pool on SQLite, nobody has answered; one question's id."""
    engine = create_engine("sqlite://")
    prepare_engine(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        survey = make_survey(session)
        make_schedule(session, survey, pooled_waves=N_WAVES, starts_on=LATER)
        for number in range(N_PEOPLE):
            tier = ("gold", "silver")[number % 2]
            make_contact(session, make_partner(session, tier=tier))
        keys = LinkKeys(SECRET, "localhost")
        waves = []
        for number in range(N_WAVES):
            at = MONDAY + timedelta(days=number)
            run = open_run(session, survey, scheduled_at=at, keys=keys, now=at).run
            close_run(session, run, now=at + timedelta(hours=1))
            waves.append(run.partner)
        question = session.scalars(select(Question.id).where(Question.code == "incentives")).one()
        session.commit()
        yield session, waves, question
    engine.dispose()


@settings(max_examples=60, deadline=None)
@given(
    taken=st.lists(
        st.lists(st.none() | st.integers(1, 5), min_size=N_WAVES, max_size=N_WAVES),
        min_size=N_PEOPLE,
        max_size=N_PEOPLE,
    )
)
def test_a_persons_latest_answer_counts_once(
    pool: tuple[Session, list[Wave], int], taken: Taken
) -> None:
    session, waves, question = pool
    store(session, waves, question, taken)
    latest = [
        next((answer for answer in reversed(answers) if answer is not None), None)
        for answers in taken
    ]
    expected = sorted(answer for answer in latest if answer is not None)

    shape = wave_shape(session, waves[-1])
    people = wave_people(session, shape, People())
    streamed = sorted(person.values[question] or 0 for person in people_of(session, shape))
    given_answers = answers_by_question(session, shape, people).get(question)

    assert streamed == expected
    assert len(people.person_of) == len(set(people.person_of.values())) == len(expected)
    counted = given_answers.by_value.items() if given_answers else ()
    assert sorted(v for v, bits in counted for _ in range(bits.bit_count())) == expected
    session.rollback()


def store(session: Session, waves: list[Wave], question: int, taken: Taken) -> None:
    """Answers of each person in each wave, straight into the tables; rolled back by the test."""
    for place, wave in enumerate(waves):
        ids = session.scalars(
            select(Invitation.id)
            .where(Invitation.wave_id == wave.id)
            .order_by(Invitation.contact_id)
        ).all()
        for invitation_id, answers in zip(ids, taken, strict=True):
            value = answers[place]
            if value is None:
                continue
            session.execute(
                update(Invitation)
                .where(Invitation.id == invitation_id)
                .values(answered_on=MONDAY.date())
            )
            session.execute(
                insert(Response).values(
                    id=invitation_id,
                    mode=wave.mode,
                    locale="en",
                    channel=Channel.EMAIL,
                    started_at=MONDAY,
                    submitted_at=MONDAY,
                )
            )
            session.execute(
                insert(Answer).values(
                    response_id=invitation_id, question_id=question, item=0, value=value
                )
            )
