"""Waves with answers, from the invitation to frozen results, as the worker would make them."""

import random
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from factories import (
    MONDAY,
    SECRET,
    SetClock,
    make_programme,
    make_settings,
    make_survey,
    make_user,
    sign_in,
)
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from analysis.scoring import read_comments, unread_comments
from app import create_app
from surveys.db import db
from surveys.invitations import LinkKeys, answer_token
from surveys.mail.transport import MemoryTransport
from surveys.models import Comment, Invitation, Question, Survey, Wave
from surveys.processes import job_context, jobs_of
from surveys.questionnaires import Item, Questionnaire, read_questionnaire
from surveys.responses import Filled, open_door, record_response
from surveys.terms import Audience, Channel, Mode, QuestionType, Role
from surveys.waves import Run, close_run, open_run, run_of
from surveys.worker import run_jobs

SLOW_PORTAL = "The portal is slow and nobody answers, number {number}."
Fill = Callable[[Questionnaire, int, random.Random], Filled]


def answer_all(
    session: Session,
    run: Run,
    keys: LinkKeys,
    *,
    seed: int = 1,
    comments: bool = True,
    at: datetime = MONDAY + timedelta(hours=1),
    fill: Fill | None = None,
    only: Callable[[Wave, int], bool] = lambda _wave, _number: True,
) -> None:
    """Everybody who was asked answers (or only those chosen, by their place); commits.

    By default answers are drawn, staff three quarters of a step higher, and each writes a comment.
    """
    dice = random.Random(seed)
    drawn = fill or (_drawn if comments else _drawn_without_comments)
    for wave in run.waves:
        ids = session.scalars(
            select(Invitation.id).where(Invitation.wave_id == wave.id).order_by(Invitation.id)
        ).all()
        questionnaire = read_questionnaire(
            session, wave.version_id, audience=wave.audience, locale="en"
        )
        for number, invitation_id in enumerate(ids):
            given = drawn(questionnaire, number, dice)
            if only(wave, number):
                answer_one(session, keys, invitation_id, questionnaire, given, at=at)
    session.commit()


def answer_one(
    session: Session,
    keys: LinkKeys,
    invitation_id: int,
    questionnaire: Questionnaire,
    given: Filled,
    *,
    at: datetime = MONDAY + timedelta(hours=1),
) -> None:
    """One person sends these answers."""
    door = open_door(session, answer_token(keys, invitation_id, 1))
    record_response(session, door, questionnaire, given, locale="en", channel=Channel.EMAIL, now=at)


def run_worker(app: Flask, times: int = 2) -> None:
    """Tick as the worker does; mails go to memory."""
    context = job_context(app, transport=MemoryTransport())
    for _ in range(times):
        run_jobs(jobs_of(app), context)


def whole_wave(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    mode: Mode,
    *,
    companies: int = 12,
    people: int = 2,
    staff: int = 8,
    fill: Fill | None = None,
) -> Run:
    """A wave of twelve companies and eight staff, answered by all, closed and worked through."""
    survey = make_survey(session, mode=mode)
    make_programme(session, companies=companies, people=people, staff=staff)
    session.commit()
    return next_wave(app, session, keys, clock, survey, fill=fill)


def next_wave(
    app: Flask,
    session: Session,
    keys: LinkKeys,
    clock: SetClock,
    survey: Survey,
    *,
    seed: int = 1,
    fill: Fill | None = None,
    only: Callable[[Wave, int], bool] = lambda _wave, _number: True,
) -> Run:
    """One more wave of this survey: opened now, answered, closed a day later, worked through."""
    opened_at = clock()
    run = open_run(session, survey, scheduled_at=opened_at, keys=keys, now=opened_at).run
    session.commit()
    at = opened_at + timedelta(hours=1)
    answer_all(session, run, keys, seed=seed, at=at, fill=fill, only=only)
    run_worker(app)
    clock.move(days=1)
    close_run(session, run_of(session, session.get_one(Wave, run.id)), now=clock())
    session.commit()
    run_worker(app)
    session.expire_all()
    return run


def open_wave(
    session: Session,
    keys: LinkKeys,
    *,
    mode: Mode = Mode.CONFIDENTIAL,
    companies: int = 12,
    people: int = 2,
    staff: int = 8,
) -> Run:
    """A wave that was opened on Monday and waits for answers; committed."""
    survey = make_survey(session, mode=mode)
    make_programme(session, companies=companies, people=people, staff=staff)
    session.commit()
    run = open_run(session, survey, scheduled_at=MONDAY, keys=keys, now=MONDAY).run
    session.commit()
    return run


def write(session: Session, run: Run, *texts: str) -> list[bytes]:
    """Comments of a run's partners, stored as the answer page stores them; their ids in order."""
    question_id = session.scalars(select(Question.id).where(Question.code == "comment")).one()
    ids = [secrets.token_bytes(16) for _ in texts]
    for key, text in zip(ids, texts, strict=True):
        session.add(
            Comment(id=key, wave_id=run.id, question_id=question_id, text=text, locale="en")
        )
    session.commit()
    return ids


def read_all(session: Session) -> int:
    """Read the comments that wait, as the worker does; how many."""
    n_read = 0
    while comments := unread_comments(session, limit=2):
        n_read += read_comments(session, comments)
        session.commit()
    return n_read


@dataclass(frozen=True, slots=True)
class Fixed:
    """Answers that follow from a person's place and audience, without dice.

    `agree` and `recommend` go round their values; `texts` too, an empty one is no comment.
    """

    agree: tuple[int, ...] = (2, 3, 4, 3, 5, 1)
    recommend: tuple[int, ...] = (9, 7, 5, 10, 8, 3)
    texts: tuple[str, ...] = ()
    staff_lift: int = 1
    values: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, questionnaire: Questionnaire, number: int, _dice: random.Random) -> Filled:
        """The answers of the person at this place."""
        lift = self.staff_lift if questionnaire.audience is Audience.INTERNAL else 0
        values = {
            item.code: [str(min(5, self.agree[(number + place) % len(self.agree)] + lift))]
            for place, item in enumerate(_statements(questionnaire))
        }
        values["recommend"] = [str(min(10, self.recommend[number % len(self.recommend)] + lift))]
        asked = {item.code for item in questionnaire.items}
        values |= {code: given for code, given in self.values.items() if code in asked}
        text = self.texts[number % len(self.texts)] if self.texts else ""
        return Filled(values=values, texts={"comment": text} if text else {})


def _drawn(questionnaire: Questionnaire, number: int, dice: random.Random) -> Filled:
    bare = _drawn_without_comments(questionnaire, number, dice)
    return Filled(values=bare.values, texts={"comment": SLOW_PORTAL.format(number=number)})


def _drawn_without_comments(
    questionnaire: Questionnaire, _number: int, dice: random.Random
) -> Filled:
    lift = 1 if questionnaire.audience is Audience.INTERNAL else 0
    values = {
        item.code: [str(min(5, dice.randint(1, 4) + lift))] for item in _statements(questionnaire)
    }
    values["recommend"] = [str(min(10, dice.randint(2, 9) + lift))]
    return Filled(values=values, texts={})


def _statements(questionnaire: Questionnaire) -> list[Item]:
    return [item for item in questionnaire.items if item.type is QuestionType.AGREE5]


@dataclass(frozen=True, slots=True)
class Site:
    """An application on SQLite with answered waves, for tests that only read."""

    app: Flask
    engine: Engine
    clock: SetClock
    keys: LinkKeys
    clients: dict[str, FlaskClient] = field(default_factory=dict)

    def client(self, email: str = "alicja@nordvik.example") -> FlaskClient:
        """The browser of somebody who is signed in; one for each person."""
        if email not in self.clients:
            self.clients[email] = self.app.test_client()
            sign_in(self.clients[email], email)
        return self.clients[email]

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of this site's database."""
        with Session(self.engine) as session:
            yield session


@contextmanager
def new_site(template: Path, folder: Path) -> Iterator[Site]:
    """An empty, migrated site with an administrator (Alicja) and a viewer (Borys)."""
    path = folder / "pulse.db"
    shutil.copy(template, path)
    clock = SetClock()
    app = create_app(make_settings(f"sqlite:///{path}", folder / "instance"), clock=clock)
    app.testing = False
    with app.app_context():
        engine = db.engine
    with Session(engine) as session:
        make_user(session)
        make_user(session, "borys@nordvik.example", name="Borys Lis", role=Role.VIEWER)
        session.commit()
    yield Site(app, engine, clock, LinkKeys(SECRET, "localhost"))
    with app.app_context():
        db.session.remove()
        engine.dispose()
