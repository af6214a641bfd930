"""Freezing a closed wave: everything that may ever be shown of it, decided and stored once.

A wave is ready when it is closed, its anonymous answers are shuffled, its cells are built and its
comments are read. Then one transaction writes its published cells and marks it published; triggers
refuse any change afterwards. Waves of a pool are published as one, with the last of them
(surveys/pools.py). Identified waves are never published: their pages read the working
cells.

What may be shown is decided by `analysis/suppression` alone; figures come from the working cells of
the same rows. Source: method of confidentiality, sections 2 to 5; method of statistics, "published
cells".
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from analysis.answer_stream import anonymous_people, wave_shape
from analysis.comment_names import fix_names
from analysis.figures import (
    HIDDEN,
    Figure,
    Measure,
    class_counts,
    measure_for,
    recommendation_estimate,
)
from analysis.frames import (
    QuestionAnswers,
    answers_by_question,
    company_counts,
    earlier_waves,
    exact_rows,
    question_codes,
    sums_by_row,
    wave_people,
)
from analysis.models import PublishedCell
from analysis.published_comments import published_comments
from analysis.published_figures import published_figure, variance_of_wave
from analysis.published_rows import published_row
from analysis.row_cells import RowCells, covariance_with_before, stored_cells, wave_before
from analysis.scoring import has_unread_comments
from analysis.suppression import (
    TOTAL,
    Answers,
    Earlier,
    People,
    Policy,
    RowKey,
    Share,
    Sums,
    Verdict,
    anonymous_answers,
    earlier_wave,
    for_staff,
    publish_question,
    publish_shares,
    publish_wave,
)
from surveys.models import InboxResponse, Question, VersionItem, Wave, WaveChange, Wording
from surveys.pools import HELD, is_pool_over, pool_waves
from surveys.schedules import lock_survey
from surveys.terms import Audience, CellState, Mode, WaveState

PARTICIPANTS = "participants"
RECOMMENDATION_MEAN = "recommend.mean"


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question of a wave that has figures."""

    id: int
    code: str
    driver: str | None
    measure: Measure


def waves_to_publish(session: Session) -> Sequence[int]:
    """Closed waves of the confidential modes that are not frozen yet, in the order of their runs.

    An earlier wave of the same survey goes first: what it printed limits what a later one may. Of
    a pool only the last wave that was held is among them.
    """
    later = aliased(Wave)
    is_followed = exists().where(
        later.survey_id == Wave.survey_id,
        later.audience == Wave.audience,
        later.pool_start == Wave.pool_start,
        later.number > Wave.number,
        later.state.in_(HELD),
    )
    return session.scalars(
        select(Wave.id)
        .where(
            Wave.state == WaveState.CLOSED,
            Wave.mode != Mode.IDENTIFIED,
            Wave.published_at.is_(None),
            ~is_followed,
        )
        .order_by(Wave.survey_id, Wave.number, Wave.id)
    ).all()


def is_ready(session: Session, wave_id: int) -> bool:
    """Whether nothing waits: no change, no answer in the inbox, no unread comment, no later wave.

    All waves of a pool are asked, and whether another one will still join it.
    """
    wave = session.get_one(Wave, wave_id)
    return is_pool_over(session, wave) and not any(
        _waits(session, each.id) for each in pool_waves(session, wave)
    )


def publish(session: Session, wave_id: int, *, now: datetime) -> int:
    """Freeze one wave; how many cells were written. Does nothing to a wave that is published.

    The last wave of a pool is frozen with the answers of the whole pool; the others never are.
    """
    wave = session.scalar(
        select(Wave).where(Wave.id == wave_id, Wave.published_at.is_(None)).with_for_update()
    )
    if wave is None or wave.mode is Mode.IDENTIFIED:
        return 0
    if wave.is_pooled:
        # Nobody may open the wave that goes on with this pool while it is being ended.
        lock_survey(session, wave.survey_id)
        if not is_pool_over(session, wave):
            return 0
    for each in pool_waves(session, wave):
        fix_names(session, each)
    cells = _Publication(session, wave).cells()
    if cells:
        session.execute(insert(PublishedCell), cells)
    session.execute(update(Wave).where(Wave.id == wave_id).values(published_at=now))
    return len(cells)


def policy_of_pool(waves: Sequence[Wave]) -> Policy:
    """The strictest of what was promised in the waves that are published together."""
    policies = [policy_of(wave) for wave in waves]
    return replace(
        policies[-1],
        min_people=max(each.min_people for each in policies),
        min_companies=max(each.min_companies for each in policies),
        max_share_pct=min(each.max_share_pct for each in policies),
        min_comments=max(each.min_comments for each in policies),
        min_repeaters=max(each.min_repeaters for each in policies),
        is_strict=any(each.is_strict for each in policies),
    )


def policy_of(wave: Wave) -> Policy:
    """The thresholds that were promised to this wave's respondents."""
    policy = Policy(
        min_people=wave.min_people,
        min_companies=max(wave.min_companies, 3),
        max_share_pct=min(wave.max_share_pct, 50),
        min_comments=wave.min_comments,
        min_repeaters=wave.sample.get("min_repeaters", 20),
        is_strict=wave.is_strict,
    )
    return for_staff(policy) if wave.audience is Audience.INTERNAL else policy


def asked_questions(session: Session, wave: Wave) -> list[AskedQuestion]:
    """The questions of a wave that have figures, in the order in which they were asked."""
    rows = session.execute(
        select(Question.id, Question.code, Question.driver_code, Wording.type)
        .join(VersionItem, VersionItem.question_id == Question.id)
        .join(Wording, Wording.id == VersionItem.wording_id)
        .where(VersionItem.version_id == wave.version_id, VersionItem.audience == wave.audience)
        .order_by(VersionItem.position)
    )
    found = []
    for row in rows:
        measure = measure_for(row.type, code=row.code)
        if measure is not None:
            found.append(AskedQuestion(row.id, row.code, row.driver_code, measure))
    return found


def _waits(session: Session, wave_id: int) -> bool:
    change = session.scalar(select(WaveChange.id).where(WaveChange.wave_id == wave_id).limit(1))
    inbox = session.scalar(
        select(InboxResponse.id).where(InboxResponse.wave_id == wave_id).limit(1)
    )
    return change is not None or inbox is not None or has_unread_comments(session, wave_id)


class _Publication:
    """One wave on its way into published cells."""

    def __init__(self, session: Session, wave: Wave) -> None:
        self._session = session
        self._wave = wave
        self._policy = policy_of_pool(pool_waves(session, wave))
        self._shape = wave_shape(session, wave)
        self._people = People()
        self._present = wave_people(session, self._shape, self._people)
        self._rows = publish_wave(
            self._present.frame, self._policy, n_invited=self._present.n_invited
        )
        self._stored = stored_cells(session, wave.id)
        before = wave_before(session, wave)
        self._stored_before = stored_cells(session, before.id) if before else {}

    def cells(self) -> list[dict[str, Any]]:
        """Every cell of the wave."""
        cells = self._participants()
        answers = self._answers()
        history = self._history()
        for question in asked_questions(self._session, self._wave):
            cells += self._question(question, answers, history.get(question.code, []))
        return cells + self._comments()

    def _participants(self) -> list[dict[str, Any]]:
        figures = {
            row.key: Figure(state=CellState.EXACT, n=row.n, value=float(row.n))
            for row in self._rows
        }
        return [self._cell(PARTICIPANTS, key, figure) for key, figure in figures.items()] or [
            self._cell(PARTICIPANTS, TOTAL, HIDDEN)
        ]

    def _answers(self) -> Mapping[int, QuestionAnswers]:
        if self._shape.mode is Mode.ANONYMOUS:
            return {}
        return answers_by_question(self._session, self._shape, self._present)

    def _history(self) -> dict[str, list[Earlier]]:
        """What each earlier wave printed exactly, by question code."""
        history: dict[str, list[Earlier]] = defaultdict(list)
        codes = question_codes(self._session)
        for wave in earlier_waves(self._session, self._wave):
            shape = wave_shape(self._session, wave)
            people = wave_people(self._session, shape, self._people)
            answered = (
                answers_by_question(self._session, shape, people)
                if shape.mode is not Mode.ANONYMOUS
                else {}
            )
            bits = {codes[question_id]: a.bits for question_id, a in answered.items()}
            for code, exact in exact_rows(self._session, wave.id).items():
                everyone = people.frame.everyone
                answered_bits = bits.get(code, everyone)
                history[code].append(earlier_wave(people.frame, answered_bits, exact))
        return history

    def _question(
        self,
        question: AskedQuestion,
        answers: Mapping[int, QuestionAnswers],
        before: Sequence[Earlier],
    ) -> list[dict[str, Any]]:
        given = self._given(question, answers)
        if given is None or not self._rows.rows:
            return [self._cell(question.code, TOTAL, HIDDEN)]
        verdicts = publish_question(self._rows, given, self._policy, before=before)
        cells_of = {key: self._row_cells(question, key) for key in verdicts}
        shares = self._shares(question, given, verdicts, cells_of)
        pooled = variance_of_wave(cells_of[TOTAL])
        figures = {
            key: self._figure(question, key, verdict, cells_of[key], shares, pooled)
            for key, verdict in verdicts.items()
        }
        cells = [self._cell(question.code, key, figure) for key, figure in figures.items()]
        if question.code == "recommend":
            cells.append(self._recommendation_mean(figures[TOTAL], cells_of[TOTAL]))
        return cells

    def _given(
        self, question: AskedQuestion, answers: Mapping[int, QuestionAnswers]
    ) -> Answers | None:
        measure = question.measure
        scale = measure.scale
        low, high = (int(scale.low), int(scale.high)) if scale else (0, 100)
        if self._shape.mode is Mode.ANONYMOUS:
            return self._given_anonymously(question, low, high)
        given = answers.get(question.id)
        if given is None:
            return None
        sums = None
        if scale is not None:
            rows = [(row.key, row.bits & given.bits) for row in self._rows]
            sums = Sums(sums_by_row(measure, rows, given), measure.n_steps)
        return Answers(given.bits, sums, lowest=low, highest=high, coarse_step=measure.coarse_step)

    def _given_anonymously(self, question: AskedQuestion, low: int, high: int) -> Answers | None:
        by_profile: Counter[tuple[str, ...]] = Counter()
        steps: Counter[tuple[str, ...]] = Counter()
        columns = self._present.frame.columns
        for person in anonymous_people(self._session, self._shape):
            value = person.values.get(question.id)
            if value is not None:
                segments = self._shape.segments[person.profile_no]
                profile = tuple(segments[column] for column in columns)
                by_profile[profile] += 1
                steps[profile] += question.measure.steps(value)
        if not by_profile:
            return None
        sums = None
        if question.measure.scale is not None:
            sums = Sums(
                {row.key: self._sum_of(row.key, steps, columns) for row in self._rows},
                question.measure.n_steps,
            )
        return anonymous_answers(
            self._present.frame,
            by_profile,
            sums=sums,
            lowest=low,
            highest=high,
            coarse_step=question.measure.coarse_step,
        )

    def _sum_of(
        self, key: RowKey, steps: Mapping[tuple[str, ...], int], columns: Sequence[str]
    ) -> int:
        if key == TOTAL:
            return sum(steps.values())
        place = columns.index(key.dimension)
        wanted = {member[0] for member in key.members}
        return sum(n for profile, n in steps.items() if profile[place] in wanted)

    def _row_cells(self, question: AskedQuestion, key: RowKey) -> RowCells:
        """The working cells of a row; of merged values, their sum."""
        members = [("", "")] if key == TOTAL else [(key.dimension, m[0]) for m in key.members]
        stored = [
            cell
            for dimension, segment in members
            if (cell := self._stored.get((dimension, segment, question.id))) is not None
        ]
        counts = None
        if self._shape.mode is Mode.ANONYMOUS:
            row = next(row for row in self._rows if row.key == key)
            counts = company_counts(self._present, row.bits)
        return RowCells(question.measure, stored, counts)

    def _shares(
        self,
        question: AskedQuestion,
        given: Answers,
        verdicts: Mapping[RowKey, Verdict],
        cells_of: Mapping[RowKey, RowCells],
    ) -> Mapping[RowKey, tuple[Share, ...]]:
        if not question.measure.classes:
            return {}
        return publish_shares(
            self._rows,
            given,
            self._policy,
            verdicts=verdicts,
            counts={key: class_counts(question.measure, c.raw) for key, c in cells_of.items()},
        )

    def _figure(
        self,
        question: AskedQuestion,
        key: RowKey,
        verdict: Verdict,
        cells: RowCells,
        shares: Mapping[RowKey, tuple[Share, ...]],
        pooled: float | None,
    ) -> Figure:
        return published_figure(
            key,
            verdict,
            cells,
            classes=shares.get(key, ()),
            pooled_variance=pooled,
            covariance=self._covariance(question, key),
        )

    def _covariance(self, question: AskedQuestion, key: RowKey) -> float:
        if len(key.members) > 1:
            return 0.0
        place = (key.dimension, key.members[0][0] if key.members else "", question.id)
        return covariance_with_before(
            question.measure, self._stored_before.get(place), self._stored.get(place)
        )

    def _recommendation_mean(self, nps_figure: Figure, cells: RowCells) -> dict[str, Any]:
        """The 0..10 mean behind the claim about predictions; shown where the NPS is exact."""
        if nps_figure.state is not CellState.EXACT:
            return self._cell(RECOMMENDATION_MEAN, TOTAL, HIDDEN)
        estimate = recommendation_estimate(cells.raw)
        shown = estimate.published(1) if estimate else None
        figure = Figure(
            state=CellState.EXACT,
            n=nps_figure.n,
            n_companies=nps_figure.n_companies,
            value=shown.value if shown else None,
            estimate=shown,
        )
        return self._cell(RECOMMENDATION_MEAN, TOTAL, figure)

    def _comments(self) -> list[dict[str, Any]]:
        return published_comments(self._session, self._wave, self._policy, self._present)

    def _cell(self, metric: str, key: RowKey, figure: Figure) -> dict[str, Any]:
        return published_row(self._wave.id, metric, key, figure)
