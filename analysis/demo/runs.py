"""A run as it went: the wave of each audience, who was asked, and the marks of what they did."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from analysis.demo.desk import Desk
from analysis.demo.people import Somebody
from analysis.demo.surveys import GRACE_HOURS, ZONE
from analysis.demo.writing import moment, seeded_bytes, some_moment, write
from analysis.simulator import MAIL_MINUTE, Invitation, Response
from analysis.simulator import Wave as PlayedWave
from surveys.invitations import answer_token
from surveys.models import Question, Survey, SurveyVersion, Wave
from surveys.recurrence import local_instant
from surveys.schedules import END_OF_DAY
from surveys.segments import Person, Profiles, exact_profiles
from surveys.terms import Audience, Mode, ResultsTo, WaveState
from surveys.tokens import hash_token
from surveys.waves import STAFF_DIMENSIONS

MAILS_A_SECOND = 10
LONGEST_SENDING = 40 * 60
"""Seconds after which the last mail of a batch has left, however many they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one audience did in one run. `closes_at`: the wave is still open until then."""

    audience: Audience
    played: PlayedWave
    label: str
    invitations: Sequence[Invitation]
    responses: Sequence[Response]
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """One invitation: the person, when the mail left, and from when to when the person acted.

    Opening, breaking off, opting out take no time; None where nothing was done. `response` is
    there for those who answered.
    """

    id: int
    person: Somebody
    played: Invitation
    mailed_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    response: Response | None


@dataclass(frozen=True, slots=True)
class LoadedWave:
    """A stored wave with everybody who was asked, and the ids of its questions by code."""

    wave: Wave
    played: PlayedWave
    asked: Sequence[Asked]
    questions: Mapping[str, int]


def load_wave(desk: Desk, version: SurveyVersion, part: Part) -> LoadedWave:
    """Store a wave with its segments and invitations; marks are days, as everywhere."""
    wave = _store_wave(desk, version, part)
    people = desk.people(part.audience)
    profiles = exact_profiles(
        [_in_segments(people[row.contact_id], wave.dimensions) for row in part.invitations],
        wave.dimensions,
    )
    asked = tuple(_everybody(desk, wave, part))
    write(desk.session, "segment_profiles", _profile_rows(wave, profiles))
    rows = (_row(desk, wave, each, profiles.numbers[each.person.id]) for each in asked)
    write(desk.session, "invitations", rows)
    codes = desk.session.execute(select(Question.code, Question.id))
    return LoadedWave(wave, part.played, asked, dict(codes.all()))


def sending_instant(begin: datetime, place: int, count: int) -> datetime:
    """When the mail at this place of a batch leaves: one after the other, at the usual rate."""
    longest = min(LONGEST_SENDING, count // MAILS_A_SECOND)
    return begin + timedelta(seconds=1 + place * longest // count)


def _store_wave(desk: Desk, version: SurveyVersion, part: Part) -> Wave:
    opens_at = moment(part.played.opens_on, MAIL_MINUTE, ZONE)
    closes_at = part.closes_at or local_instant(part.played.closes_on, END_OF_DAY, ZONE)
    slug, number = version.survey.slug, part.played.number
    wave = Wave(
        survey_id=version.survey_id,
        version_id=version.id,
        audience=part.audience,
        number=number + 1,
        label=part.label,
        state=WaveState.OPEN if part.closes_at else WaveState.CLOSED,
        scheduled_at=opens_at,
        opens_at=opens_at,
        closes_at=closes_at,
        grace_until=closes_at + timedelta(hours=GRACE_HOURS),
        secret=seeded_bytes(desk.seed, "secret", slug, number, part.audience.value),
        results_to=None if part.closes_at else ResultsTo.NOBODY.value,
        **_promised(version.survey, part.audience),
    )
    desk.session.add(wave)
    desk.session.flush()
    return wave


def _promised(survey: Survey, audience: Audience) -> dict[str, Any]:
    """What a wave copies from its survey when it opens."""
    policy, is_partner = survey.policy, audience is Audience.PARTNER
    return {
        "mode": survey.mode if is_partner else Mode.CONFIDENTIAL,
        "dimensions": list(policy["dimensions"] if is_partner else STAFF_DIMENSIONS),
        "sample": {"frame": "all", "min_repeaters": policy["min_repeaters"]},
        "min_people": policy["min_people"],
        "min_companies": policy["min_companies"] if is_partner else 1,
        "max_share_pct": policy["max_share_pct"] if is_partner else 100,
        "min_comments": policy["min_comments"],
        "is_strict": policy["is_strict"],
    }


def _in_segments(person: Somebody, dimensions: Sequence[str]) -> Person:
    company = person.partner_id or -person.id
    return Person(person.id, company, {name: person.segments[name] for name in dimensions})


def _profile_rows(wave: Wave, profiles: Profiles) -> Iterator[dict[str, Any]]:
    for number, segments in enumerate(profiles.segments):
        yield {"wave_id": wave.id, "profile_no": number, "segments": dict(segments)}


def _everybody(desk: Desk, wave: Wave, part: Part) -> Iterator[Asked]:
    people, count = desk.people(part.audience), len(part.invitations)
    responses = {row.contact_id: row for row in part.responses}
    for place, row in enumerate(part.invitations):
        person, response = people[row.contact_id], responses.get(row.contact_id)
        mailed_at = sending_instant(wave.opens_at, place, count)
        started_at = ended_at = None
        if row.state != "bounced" and row.day is not None:
            day = part.played.opens_on + timedelta(days=row.day)
            draw = seeded_bytes(desk.seed, "moment", wave.id, row.contact_id)
            started_at = ended_at = _acted_at(day, person, response, draw, mailed_at)
        if response is not None and started_at is not None:
            ended_at = started_at + timedelta(seconds=response.seconds)
        yield Asked(
            next(desk.invitation_ids), person, row, mailed_at, started_at, ended_at, response
        )


def _acted_at(
    day: date, person: Somebody, response: Response | None, draw: bytes, mailed_at: datetime
) -> datetime:
    if response is None:
        acted_at = some_moment(day, person.zone, draw)
    else:
        acted_at = moment(day, response.minute, person.zone)
    # East of the vendor it is ten in the morning when its mails leave at nine.
    return max(acted_at, mailed_at + timedelta(minutes=1))


def _row(desk: Desk, wave: Wave, asked: Asked, profile_no: int) -> dict[str, Any]:
    state = asked.played.state
    has_opened = state in ("opened", "broke_off", "answered")
    opened_on = asked.started_at.date() if has_opened and asked.started_at else None
    return {
        "id": asked.id,
        "wave_id": wave.id,
        "mode": wave.mode,
        "contact_id": asked.person.id,
        "partner_id": asked.person.partner_id,
        "profile_no": profile_no,
        "locale": asked.person.locale,
        "token_hash": hash_token(answer_token(desk.keys, asked.id, 1)),
        "token_version": 1,
        "opened_on": opened_on,
        "started_on": None if state == "opened" else opened_on,
        "answered_on": asked.ended_at.date() if asked.response and asked.ended_at else None,
        "is_waiting": False,
    }
