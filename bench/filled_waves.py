"""Databases for benchmarks: a programme of partners with waves of answers, filled in bulk.

Companies of three, five segment dimensions, twelve questions answered by everybody, and staff who
answer the mirror; a twentieth writes a comment. The rows are those that the product would have
stored; no rule of the product is measured by how they got here.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from app import create_app
from surveys.config import Settings
from surveys.models import (
    Answer,
    Comment,
    CommentAuthor,
    Contact,
    Invitation,
    Partner,
    Question,
    Response,
    SegmentProfile,
    VersionItem,
    Wave,
    WaveChange,
    Wording,
)
from surveys.participation import keep_participation
from surveys.question_bank import load_bank
from surveys.questionnaires import (
    create_survey,
    draft_from_template,
    install_bank,
    publish_version,
)
from surveys.terms import Audience, Channel, Mode, QuestionType, WaveState

PEOPLE_PER_COMPANY = 3
DIMENSIONS = {
    "type": ("reseller", "integrator", "msp", "distributor"),
    "tier": ("gold", "silver", "registered"),
    "region": ("north", "south", "west", "east", "central"),
    "size_band": ("micro", "small", "medium", "large"),
    "revenue_band": ("A", "B", "C"),
}
N_PROFILES = 240
EVERY_SO_MANY_COMMENT = 20
COMMENTS = (
    ("en", "Deal registration takes far too long and nobody answers."),
    ("pl", "Opiekun jest świetny, ale marże spadają z kwartału na kwartał."),
    ("en", "Our account manager always helps us to win."),
    ("pl", "Prosimy o więcej szkoleń z integracji."),
)
START = datetime(2025, 2, 11, 8, tzinfo=UTC)
QUARTER = timedelta(days=91)
BLOCK = 2_000
SECRET = "a secret of a benchmark, long enough to pass"  # noqa: S105 - protects nothing

Questions = Sequence[tuple[int, QuestionType]]


@dataclass(frozen=True, slots=True)
class FilledWave:
    """One run that was made: its waves and how many partners answered."""

    partner: int
    internal: int | None
    responses: int


def bench_application(url: str, folder: Path) -> Flask:
    """The application on a database of a benchmark."""
    settings = Settings(
        environment="test",
        secret_key=SECRET,
        identity_key=SECRET,
        database_url=url,
        base_url="http://localhost",
        instance=folder,
        smtp=None,
        mails_per_minute=1,
        late_limit_hours=12,
    )
    return create_app(settings)


def fill_waves(
    engine: Engine,
    *,
    waves: int,
    responses: int,
    staff: int = 0,
    has_comments: bool = False,
    mode: Mode = Mode.CONFIDENTIAL,
) -> list[FilledWave]:
    """Fill an empty, migrated database: so many closed runs with so many responses each.

    The mode is one in which answers are linked with their invitations: not the anonymous one.
    """
    with Session(engine) as session:
        survey = _Survey.made(session, mode)
        _people(session, responses, staff)
        found = [
            survey.add_run(
                session, number, responses=responses, staff=staff, has_comments=has_comments
            )
            for number in range(1, waves + 1)
        ]
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
    return found


@dataclass(frozen=True, slots=True)
class _Survey:
    """A published quarterly pulse, with the numbered questions of each audience."""

    id: int
    version_id: int
    mode: Mode
    questions: dict[Audience, Questions]
    comment_id: int

    @classmethod
    def made(cls, session: Session, mode: Mode) -> "_Survey":
        install_bank(session, load_bank())
        survey = create_survey(
            session,
            slug="bench",
            name="Bench",
            mode=mode,
            time_zone="Europe/Warsaw",
            now=START,
        )
        version = draft_from_template(
            session, survey, bank=load_bank(), template_key="quarterly_pulse"
        )
        publish_version(session, version, now=START)
        questions: dict[Audience, list[tuple[int, QuestionType]]] = {each: [] for each in Audience}
        comment_id = 0
        for row in session.execute(
            select(VersionItem.audience, Question.id, Wording.type)
            .join(VersionItem, VersionItem.question_id == Question.id)
            .join(Wording, Wording.id == VersionItem.wording_id)
            .where(VersionItem.version_id == version.id)
            .order_by(VersionItem.position)
        ):
            if row.type is QuestionType.TEXT:
                comment_id = row.id
            else:
                questions[row.audience].append((row.id, row.type))
        session.commit()
        return cls(survey.id, version.id, mode, dict(questions), comment_id)

    def add_run(
        self, session: Session, number: int, *, responses: int, staff: int, has_comments: bool
    ) -> FilledWave:
        """A closed run with everybody's answers, waiting to be counted."""
        partner = self._add_wave(session, Audience.PARTNER, number, range(1, responses + 1))
        if has_comments:
            self._add_comments(session, partner, range(1, responses + 1))
        internal = None
        if staff:
            colleagues = range(responses + 1, responses + staff + 1)
            internal = self._add_wave(session, Audience.INTERNAL, number, colleagues)
        return FilledWave(partner, internal, responses)

    def _add_wave(self, session: Session, audience: Audience, number: int, contacts: range) -> int:
        wave_id = _wave(session, self, audience, number)
        _profiles(session, wave_id, audience)
        dice = random.Random(wave_id)
        for block in _blocks(contacts):
            ids = [_response_id(wave_id, n) for n in block]
            session.execute(
                insert(Invitation),
                [_invitation(wave_id, n, audience, self.mode) for n in block],
            )
            session.execute(insert(Response), [_response(each, self.mode) for each in ids])
            session.execute(insert(Answer), _answer_rows(dice, ids, self.questions[audience]))
        session.add(WaveChange(wave_id=wave_id))
        keep_participation(session, session.get_one(Wave, wave_id))
        session.commit()
        return wave_id

    def _add_comments(self, session: Session, wave_id: int, contacts: range) -> None:
        for block in _blocks(contacts[::EVERY_SO_MANY_COMMENT]):
            keys = [(_response_id(wave_id, n), wave_id.to_bytes(8) + n.to_bytes(8)) for n in block]
            session.execute(
                insert(Comment),
                [
                    {
                        "id": key,
                        "wave_id": wave_id,
                        "question_id": self.comment_id,
                        "locale": COMMENTS[place % len(COMMENTS)][0],
                        "text": COMMENTS[place % len(COMMENTS)][1],
                    }
                    for place, (_, key) in enumerate(keys)
                ],
            )
            session.execute(
                insert(CommentAuthor),
                [
                    {
                        "comment_id": key,
                        "response_id": response_id,
                        "question_id": self.comment_id,
                    }
                    for response_id, key in keys
                ],
            )
        session.commit()


def _wave(session: Session, survey: _Survey, audience: Audience, number: int) -> int:
    opens_at = START + QUARTER * number
    closes_at = opens_at + timedelta(days=12)
    is_partner = audience is Audience.PARTNER
    wave = Wave(
        survey_id=survey.id,
        version_id=survey.version_id,
        audience=audience,
        number=number,
        label=f"{2025 + number // 4}-Q{1 + number % 4}",
        mode=survey.mode,
        state=WaveState.CLOSED,
        scheduled_at=opens_at,
        opens_at=opens_at,
        closes_at=closes_at,
        grace_until=closes_at,
        dimensions=list(DIMENSIONS) if is_partner else [],
        min_people=5,
        min_companies=3 if is_partner else 1,
        max_share_pct=50 if is_partner else 100,
        min_comments=8,
        secret=b"x" * 32,
    )
    session.add(wave)
    session.flush()
    return wave.id


def _profiles(session: Session, wave_id: int, audience: Audience) -> None:
    """Some hundreds of combinations occur, as in a real programme; staff have one, empty."""
    dice = random.Random(1)
    profiles: list[dict[str, str]] = [{}]
    if audience is Audience.PARTNER:
        profiles = [
            {name: dice.choice(values) for name, values in DIMENSIONS.items()}
            for _ in range(N_PROFILES)
        ]
    session.execute(
        insert(SegmentProfile),
        [
            {"wave_id": wave_id, "profile_no": number, "segments": segments}
            for number, segments in enumerate(profiles, start=1)
        ],
    )


def _people(session: Session, responses: int, staff: int) -> None:
    n_companies = -(-responses // PEOPLE_PER_COMPANY)
    for block in _blocks(range(1, n_companies + 1)):
        session.execute(
            insert(Partner),
            [{"id": n, "name": f"P{n}", "search_key": f"p{n}", "attributes": {}} for n in block],
        )
    for block in _blocks(range(1, responses + staff + 1)):
        session.execute(insert(Contact), [_contact(n, is_staff=n > responses) for n in block])
    session.commit()


def _contact(n: int, *, is_staff: bool) -> dict[str, Any]:
    return {
        "id": n,
        "audience": Audience.INTERNAL if is_staff else Audience.PARTNER,
        "partner_id": None if is_staff else _company(n),
        "search_key": f"c{n}",
        "locale": "en",
        "attributes": {},
        "created_at": START,
    }


def _invitation(wave_id: int, n: int, audience: Audience, mode: Mode) -> dict[str, Any]:
    is_staff = audience is Audience.INTERNAL
    return {
        "id": _response_id(wave_id, n),
        "wave_id": wave_id,
        "mode": mode,
        "contact_id": n,
        "partner_id": None if is_staff else _company(n),
        "profile_no": 1 if is_staff else 1 + _company(n) % N_PROFILES,
        "locale": "en",
        "token_version": 1,
        "answered_on": START.date(),
    }


def _response(response_id: int, mode: Mode) -> dict[str, Any]:
    return {
        "id": response_id,
        "mode": mode,
        "locale": "en",
        "channel": Channel.EMAIL,
        "started_at": START,
        "submitted_at": START,
    }


def _answer_rows(
    dice: random.Random, ids: Sequence[int], questions: Questions
) -> list[dict[str, int]]:
    return [
        {
            "response_id": response_id,
            "question_id": question_id,
            "item": 0,
            "value": dice.randint(0, 10) if type_ is QuestionType.NPS11 else dice.randint(1, 5),
        }
        for response_id in ids
        for question_id, type_ in questions
    ]


def _response_id(wave_id: int, contact_id: int) -> int:
    return wave_id * 1_000_000 + contact_id


def _company(contact_id: int) -> int:
    return 1 + (contact_id - 1) // PEOPLE_PER_COMPANY


def _blocks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), BLOCK):
        yield numbers[start : start + BLOCK]
