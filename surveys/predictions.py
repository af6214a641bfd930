"""What staff expect partners' scores to be: given after the staff survey, locked at the close.

A prediction hangs on a staff invitation of a run whose partners are promised confidentiality: in an
identified survey results are live, so that nothing would be left to predict. How right the
predictions were is worked out elsewhere, from published figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from surveys.doors import Door
from surveys.errors import FieldError, NothingAnswered, WaveNotOpen
from surveys.models import Driver, Invitation, Prediction, Question, VersionItem, Wave
from surveys.terms import Audience, Mode, WaveState

MARGINS = (5, 10, 20)
DEFAULT_MARGIN = 10
SCORES = range(101)


@dataclass(frozen=True, slots=True)
class Guess:
    """A score of 0..100 that is meant to be right within `margin` points."""

    score: int
    margin: int = DEFAULT_MARGIN


@dataclass(frozen=True, slots=True)
class GuessedDriver:
    """A driver whose score can be predicted: partners of the run are asked about it."""

    code: str
    number: int
    name: str


class Stage(StrEnum):
    """What a personal link can do with predictions: never anything, give them, look back."""

    ABSENT = "absent"
    OPEN = "open"
    LOCKED = "locked"


def prediction_stage(session: Session, door: Door, *, now: datetime) -> Stage:
    """Whether predictions belong to this link, and whether they can still be given."""
    return _stage(door, partner_wave(session, door), now)


def partner_wave(session: Session, door: Door) -> Wave | None:
    """The partner wave of the run that a link belongs to; None without one."""
    return session.scalar(_partner_wave(door))


def drivers_to_guess(session: Session, version_id: int, *, locale: str) -> list[GuessedDriver]:
    """The drivers that partners are asked about in this version, in their order."""
    rows = session.execute(
        select(Driver.code, Driver.position, Driver.names)
        .join(Question, Question.code == Driver.code)
        .join(VersionItem, VersionItem.question_id == Question.id)
        .where(VersionItem.version_id == version_id, VersionItem.audience == Audience.PARTNER)
        .order_by(Driver.position)
    )
    return [GuessedDriver(row.code, row.position, row.names[locale]) for row in rows]


def guesses_of(session: Session, invitation_id: int) -> dict[str, Guess]:
    """What one person predicted, by driver."""
    rows = session.execute(
        select(Prediction.driver_code, Prediction.score, Prediction.margin).where(
            Prediction.invitation_id == invitation_id
        )
    )
    return {row.driver_code: Guess(row.score, row.margin) for row in rows}


def record_predictions(
    session: Session, door: Door, guesses: Mapping[str, Guess], *, now: datetime
) -> None:
    """Store a person's predictions; they replace those given before as a whole.

    Raises WaveNotOpen (closed, paused, or never open for predictions), NothingAnswered, or
    FieldError (`unknown`, `out_of_range`) that names the driver.
    """
    # The close changes the wave's row: it waits for this transaction, or this one sees it closed.
    wave = session.scalar(
        _partner_wave(door)
        .with_for_update(read=True, of=Wave)
        .execution_options(populate_existing=True)
    )
    if _stage(door, wave, now) is not Stage.OPEN or wave is None:
        raise WaveNotOpen((wave.state if wave else door.state).value)
    if not guesses:
        raise NothingAnswered
    _require_sound(guesses, drivers_to_guess(session, wave.version_id, locale=door.locale))
    own = door.invitation_id
    # Two posts at once would both insert the same rows.
    session.execute(select(Invitation.id).where(Invitation.id == own).with_for_update())
    session.execute(delete(Prediction).where(Prediction.invitation_id == own))
    session.execute(
        insert(Prediction),
        [
            {
                "invitation_id": own,
                "driver_code": code,
                "score": guess.score,
                "margin": guess.margin,
            }
            for code, guess in guesses.items()
        ],
    )


def lock_predictions(session: Session, wave: Wave, *, now: datetime) -> None:
    """Note the instant of the close on all predictions of a run, when its partner wave closes."""
    if wave.audience is not Audience.PARTNER:
        return
    asked = (
        select(Invitation.id)
        .join(Wave, Wave.id == Invitation.wave_id)
        .where(
            Wave.survey_id == wave.survey_id,
            Wave.number == wave.number,
            Wave.audience == Audience.INTERNAL,
        )
    )
    session.execute(
        update(Prediction)
        .where(Prediction.invitation_id.in_(asked), Prediction.locked_at.is_(None))
        .values(locked_at=now)
        .execution_options(synchronize_session=False)
    )


_OWN = aliased(Wave)


def _partner_wave(door: Door) -> Select[Wave]:
    return (
        select(Wave)
        .join(_OWN, (_OWN.survey_id == Wave.survey_id) & (_OWN.number == Wave.number))
        .where(_OWN.id == door.wave_id, Wave.audience == Audience.PARTNER)
    )


def _stage(door: Door, wave: Wave | None, now: datetime) -> Stage:
    is_staff = door.audience is Audience.INTERNAL and door.mode is not Mode.ANONYMOUS
    if not is_staff or wave is None or wave.mode is Mode.IDENTIFIED:
        return Stage.ABSENT
    is_open = wave.state is WaveState.OPEN and wave.opens_at <= now < wave.grace_until
    return Stage.OPEN if is_open else Stage.LOCKED


def _require_sound(guesses: Mapping[str, Guess], drivers: Sequence[GuessedDriver]) -> None:
    known = {driver.code for driver in drivers}
    for code, guess in guesses.items():
        if code not in known:
            raise FieldError(code, "unknown")
        if guess.score not in SCORES or guess.margin not in MARGINS:
            raise FieldError(code, "out_of_range")
