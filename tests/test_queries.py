"""Reads of the pages: what may be shown, from frozen and from working cells, in few statements."""

from collections.abc import Iterator
from dataclasses import dataclass

import plain_analyser
import pytest
from answered_waves import Fixed, next_wave, open_wave, run_worker, whole_wave
from factories import SetClock, make_contact, make_partner, make_programme, make_survey
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from analysis.models import PublishedCell
from analysis.queries import (
    driver_statements,
    drivers,
    history_of,
    run_figures,
    runs_with_results,
    trend_figures,
    wave_figures,
)
from analysis.shown_figures import TOTAL
from surveys.invitations import LinkKeys
from surveys.models import Wave
from surveys.terms import Audience, CellState, Mode, WaveState
from surveys.waves import Run, open_run, run_by_id

GOLD = ("tier", "gold")


@dataclass(frozen=True, slots=True)
class Waves:
    """Two published runs of one survey, and a third that is open."""

    first: int
    second: int
    open: int


@pytest.fixture
def waves(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Waves]:
    """Twelve companies of two people answer twice; in the third run nobody has yet."""
    plain_analyser.use(monkeypatch)
    survey = make_survey(session)
    make_programme(session, companies=12, people=2)
    session.commit()
    fill = Fixed(texts=("slow", "helpful"))
    first = next_wave(app, session, keys, clock, survey, fill=fill)
    clock.move(days=90)
    second = next_wave(app, session, keys, clock, survey, fill=fill)
    clock.move(days=90)
    third = open_run(session, survey, scheduled_at=clock(), keys=keys, now=clock()).run
    session.commit()
    yield Waves(first.id, second.id, third.id)
    session.rollback()


def test_figures_of_two_waves_and_their_history(
    session: Session, waves: Waves, statements: list[str]
) -> None:
    runs = runs_with_results(session)
    assert [run.id for run in runs] == [waves.open, waves.second, waves.first]
    by_id = {run.id: run for run in runs}
    assert [run.id for run in history_of(runs, by_id[waves.second])] == [waves.first, waves.second]
    assert [run.id for run in history_of(runs, by_id[waves.open])][-1] == waves.open

    assert run_figures(session, by_id[waves.open]).partner is None
    statements.clear()
    figures = run_figures(session, by_id[waves.second])
    assert len(statements) == 2
    assert figures.partner is not None
    assert figures.internal is not None
    assert figures.partner.is_published
    total = figures.partner.figure("incentives")
    assert total is not None
    assert (total.state, total.n) == (CellState.EXACT, 24)
    assert figures.partner.figure("participants", GOLD) is not None
    assert figures.partner.comments is not None
    assert figures.partner.comments.counts.total == 24
    assert figures.partner.driver_comments["monitoring"] is not None

    statements.clear()
    history = trend_figures(
        session, history_of(runs, by_id[waves.second]), metrics=["incentives", "listening"]
    )
    assert len(statements) <= 3
    assert [wave.run.id for wave in history] == [waves.first, waves.second]
    for wave in history:
        assert set(wave.partners) == set(wave.staff) == {"incentives", "listening"}
        assert wave.series["incentives"] == 1
    assert history[1].partners["incentives"] == figures.partner.figure("incentives")

    in_gold = trend_figures(
        session, history_of(runs, by_id[waves.second]), metrics=["incentives"], row=GOLD
    )
    assert in_gold[1].partners["incentives"] == figures.partner.figure("incentives", GOLD)
    assert in_gold[1].staff == {"incentives": history[1].staff["incentives"]}

    part = run_figures(session, by_id[waves.second], rows=[GOLD]).partner
    assert part is not None
    assert set(part.rows_of("incentives")) == {TOTAL, GOLD}


def test_live_figures_of_an_identified_run_need_no_publication(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    fill = Fixed(texts=("slow", "", "hm helpful"))
    run = whole_wave(app, session, keys, clock, Mode.IDENTIFIED, companies=4, fill=fill)
    run = run_by_id(session, run.id)

    figures = run_figures(session, run)

    assert figures.partner is not None
    assert not figures.partner.is_published
    total = figures.partner.figure("incentives")
    assert total is not None
    assert (total.n, total.histogram is not None) == (8, True)
    assert figures.partner.comments is not None
    assert (figures.partner.comments.counts.negative, figures.partner.comments.counts.unsure) == (
        3,
        2,
    )
    assert not figures.partner.comments_hidden
    history = trend_figures(session, [run], metrics=["incentives"])
    assert history[0].partners["incentives"].value == total.value
    # Staff are promised confidentiality even here; their wave is frozen like every other.
    assert figures.internal is not None
    assert figures.internal.is_published


def test_live_comments_stay_after_a_new_version_of_the_analyser(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain_analyser.use(monkeypatch)
    fill = Fixed(texts=("slow", "helpful"))
    run = whole_wave(app, session, keys, clock, Mode.IDENTIFIED, companies=3, fill=fill)
    before = wave_figures(session, run.partner)
    plain_analyser.use(monkeypatch, name="plain 2")

    after = wave_figures(session, run.partner)

    assert before is not None
    assert after is not None
    assert before.comments == after.comments
    assert before.comments is not None
    assert dict(before.driver_comments) == dict(after.driver_comments)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_runs_that_were_never_held_are_no_choice(session: Session, keys: LinkKeys) -> None:
    run = open_wave(session, keys, companies=1, people=1, staff=1)
    assert [each.id for each in runs_with_results(session)] == [run.id]
    for state in (WaveState.MISSED, WaveState.CANCELLED, WaveState.PLANNED):
        session.execute(update(Wave).values(state=state))
        session.expire_all()
        assert runs_with_results(session) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_trend_goes_back_eight_waves_of_the_same_survey(session: Session) -> None:
    def run(number: int, *, survey_id: int = 1, state: WaveState = WaveState.CLOSED) -> Run:
        wave = Wave(
            id=number, survey_id=survey_id, audience=Audience.PARTNER, number=number, state=state
        )
        return Run(wave, None)

    runs = [run(number) for number in range(1, 12)]
    runs += [run(3, survey_id=2), run(5, state=WaveState.MISSED)]

    history = history_of(runs, runs[9])

    assert [each.partner.number for each in history] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert {each.partner.survey_id for each in history} == {1}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_both_wordings_of_a_driver_in_the_language_of_the_page(
    session: Session, keys: LinkKeys
) -> None:
    run = open_wave(session, keys, companies=1, people=1, staff=1)

    english = driver_statements(session, run, "incentives", locale="en")
    polish = driver_statements(session, run, "incentives", locale="pl")

    assert english[Audience.PARTNER].startswith("{v}'s margins")
    assert english[Audience.INTERNAL].startswith("Our partners would say that… our margins")
    assert polish[Audience.PARTNER].startswith("Dzięki marżom")
    assert driver_statements(session, run, "unknown", locale="en") == {}
    names = [driver.name for driver in drivers(session, "pl")]
    assert len(names) == 10
    assert names != [driver.name for driver in drivers(session, "en")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_hidden_cell_brings_nothing_but_its_reason(
    app: Flask, session: Session, keys: LinkKeys, clock: SetClock
) -> None:
    survey = make_survey(session)
    for _ in range(4):
        make_contact(session, make_partner(session))
    session.commit()
    run = next_wave(app, session, keys, clock, survey, fill=Fixed())
    run_worker(app, 1)

    figures = wave_figures(session, session.get_one(Wave, run.id))

    assert figures is not None
    found = [figure for by_row in figures.figures.values() for figure in by_row.values()]
    assert found
    for figure in found:
        assert figure.state is CellState.HIDDEN
        assert figure.reason
        assert (figure.n, figure.n_companies, figure.value, figure.estimate) == (None,) * 4
        assert (figure.classes, figure.histogram, figure.dont_know) == ((), None, None)
    states = set(session.scalars(select(PublishedCell.state)))
    assert states == {CellState.HIDDEN}
