"""Fills an empty workspace, step by step, inside one transaction of the caller.

Runs are stored in the order in which they went, and each is counted and published before the next:
what an earlier wave printed limits what a later one may.
"""

from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from analysis.demo.answers import load_answers
from analysis.demo.current import answer_partly, open_current_run
from analysis.demo.desk import Desk, open_desk
from analysis.demo.mails import Reach, load_mails, load_reach
from analysis.demo.people import admin_email, store_people, store_vendor
from analysis.demo.predictions import load_predictions
from analysis.demo.records import load_actions, load_orders
from analysis.demo.results import count_run, publish_run, read_run
from analysis.demo.runs import Part, load_wave
from analysis.demo.surveys import (
    KEY_PARTNERS,
    MAIN,
    OPEN_DAYS,
    ZONE,
    store_schedule,
    store_survey,
)
from analysis.demo.writing import seeded_bytes
from analysis.simulator import (
    SIZES,
    IdentifiedSample,
    WaveRun,
    Workspace,
    identified_sample,
)
from analysis.simulator import Wave as PlayedWave
from surveys.config import Settings
from surveys.errors import SurveyError
from surveys.models import Contact, Partner, Survey, SurveyVersion, User, Wave
from surveys.recurrence import Frequency, RecurrenceRule, wave_label
from surveys.terms import Audience

MONTHS_A_QUARTER = 3


class DemoRefused(SurveyError):
    """The demo cannot be made here; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """What the demo signs in with."""

    email: str
    password: str


def demo_account(workspace: Workspace) -> Account:
    """The administrator of the demo; the password comes from the seed and opens nothing else."""
    drawn = seeded_bytes(workspace.seed, "password")
    password = b32encode(drawn)[:12].decode().lower()
    return Account(admin_email(workspace), f"demo-{password}")


def require_demo(session: Session, settings: Settings, *, until: int, now: datetime) -> None:
    """Raise DemoRefused unless this workspace may be filled: empty, a demo, its years over."""
    if settings.environment == "production":
        raise DemoRefused(
            "the demo has a password that anybody can work out and mails for nobody;"
            " set PULSE_ENV=demo to make it"
        )
    if until >= now.astimezone(ZONE).year:
        raise DemoRefused(f"{until} is not over yet; --until takes a year that is")
    if any(session.scalar(select(kind.id).limit(1)) for kind in (User, Survey, Partner, Contact)):
        raise DemoRefused("this workspace holds data already; the demo needs an empty one")


def count_steps(workspace: Workspace) -> int:
    """How many steps `fill` will yield."""
    n_runs = len(workspace.waves) + 1
    return 2 + 3 * n_runs + (0 if _is_open_at_end(workspace) else 2)


def fill(
    session: Session, settings: Settings, workspace: Workspace, *, now: datetime
) -> Iterator[None]:
    """Store the whole workspace; yields after each step, so that a command can show how far it is.

    The caller commits at the end, or rolls everything back.
    """
    filling = _begin(session, settings, workspace, now)
    yield
    yield from filling.runs()
    load_orders(session, workspace, filling.desk.cast)
    yield
    if not _is_open_at_end(workspace):
        run = open_current_run(filling.desk, filling.main.survey)
        yield
        for wave in run.waves:
            answer_partly(filling.desk, workspace, wave)
        read_run(session, run.waves)
        count_run(session, run.waves, now=now)
        yield


def _begin(session: Session, settings: Settings, workspace: Workspace, now: datetime) -> "_Filling":
    """Store everybody, the two surveys and the schedule."""
    password = demo_account(workspace).password
    admin_id = store_vendor(session, workspace, password=password, now=now)
    cast = store_people(session, workspace, settings, admin_id=admin_id, zone=ZONE)
    desk = open_desk(session, settings, seed=workspace.seed, now=now, cast=cast)
    sample = identified_sample(workspace)
    main = store_survey(session, MAIN, first_wave_on=workspace.waves[0].opens_on, user_id=admin_id)
    named = store_survey(
        session, KEY_PARTNERS, first_wave_on=sample.wave.opens_on, user_id=admin_id
    )
    store_schedule(session, main.survey, _frequency(workspace), now=now)
    return _Filling(desk, workspace, sample, main, named, Reach())


@dataclass(frozen=True, slots=True)
class _Filling:
    """One load under way."""

    desk: Desk
    workspace: Workspace
    sample: IdentifiedSample
    main: SurveyVersion
    named: SurveyVersion
    reach: Reach

    def runs(self) -> Iterator[None]:
        """Every run of both surveys, in the order in which they opened."""
        is_sample_waiting = True
        for run in self.workspace.runs():
            if is_sample_waiting and run.wave.opens_on > self.sample.wave.opens_on:
                is_sample_waiting = False
                yield from self._run(self.named, self._named_parts(), is_everybody=False)
            yield from self._run(self.main, self._parts(run), is_everybody=True)
            self.desk.session.expire_all()
        if is_sample_waiting:
            yield from self._run(self.named, self._named_parts(), is_everybody=False)

    def _run(
        self, version: SurveyVersion, parts: list[Part], *, is_everybody: bool
    ) -> Iterator[None]:
        session, is_open = self.desk.session, parts[0].closes_at is not None
        waves = [self._load(version, part, is_everybody=is_everybody) for part in parts]
        yield
        read_run(session, waves)
        count_run(session, waves, now=self.desk.now if is_open else None)
        yield
        if not is_open:
            publish_run(session, waves)
        if version is self.main and parts[0].played.number == self._baseline:
            load_actions(session, self.workspace, self.desk.cast, waves[0])
        yield

    def _load(self, version: SurveyVersion, part: Part, *, is_everybody: bool) -> Wave:
        loaded = load_wave(self.desk, version, part)
        load_mails(self.desk, loaded)
        if part.audience is Audience.PARTNER:
            load_reach(self.desk, loaded, self.reach, is_everybody=is_everybody)
        load_answers(self.desk, loaded)
        load_predictions(self.desk, loaded)
        return loaded.wave

    def _parts(self, run: WaveRun) -> list[Part]:
        label = wave_label(run.wave.opens_on, RecurrenceRule(_frequency(self.workspace))).key
        closes_at = self.desk.now + timedelta(days=OPEN_DAYS) if run.wave.is_open else None
        partner = Part(Audience.PARTNER, run.wave, label, run.invitations, run.responses, closes_at)
        staff = Part(
            Audience.INTERNAL,
            run.wave,
            label,
            run.staff_invitations,
            run.staff_responses,
            closes_at,
        )
        return [partner, staff]

    def _named_parts(self) -> list[Part]:
        wave = self.sample.wave
        label = wave.opens_on.isoformat()
        rows = self.sample.invitations, self.sample.responses
        return [Part(Audience.PARTNER, wave, label, *rows)]

    @property
    def _baseline(self) -> int:
        return self.workspace.actions[0].done_after_wave


def _is_open_at_end(workspace: Workspace) -> bool:
    last: PlayedWave = workspace.waves[-1]
    return last.is_open


def _frequency(workspace: Workspace) -> Frequency:
    size = SIZES.get(workspace.size)
    is_quarterly = size is None or size.months_between_waves == MONTHS_A_QUARTER
    return Frequency.QUARTERLY if is_quarterly else Frequency.MONTHLY
