"""What staff guessed of partners' scores: near what they believe, and surer than they should be."""

from collections.abc import Iterator
from typing import Any

from analysis.demo.desk import Desk
from analysis.demo.runs import LoadedWave
from analysis.demo.writing import seeded_bytes, write
from analysis.simulator import DRIVERS, Response
from surveys.predictions import MARGINS
from surveys.terms import Audience, WaveState

GUESSERS_OF_TEN = 7
POINTS_A_STEP = 25
#: Everybody's guess of a driver that they have no opinion of.
MIDDLE = 60
SPREAD = 12
_BYTES = 256


def load_predictions(desk: Desk, loaded: LoadedWave) -> None:
    """Store the guesses of most of the staff who answered; a closed wave has locked them."""
    if loaded.wave.audience is Audience.INTERNAL:
        write(desk.session, "predictions", _rows(desk, loaded))


def _rows(desk: Desk, loaded: LoadedWave) -> Iterator[dict[str, Any]]:
    is_closed = loaded.wave.state is WaveState.CLOSED
    for each in loaded.asked:
        if each.response is None:
            continue
        dice = seeded_bytes(desk.seed, "guess", loaded.wave.id, each.response.contact_id)
        if dice[0] % 10 >= GUESSERS_OF_TEN:
            continue
        for place, code in enumerate(DRIVERS):
            yield {
                "invitation_id": each.id,
                "driver_code": code,
                "score": _score(each.response, place, dice[1 + place]),
                "margin": _margin(dice[-1]),
                "locked_at": loaded.wave.closes_at if is_closed else None,
            }


def _score(response: Response, place: int, die: int) -> int:
    """Half way between the own answer and the middle, give or take a few points."""
    step = response.answers[place]
    believed = MIDDLE if step is None else POINTS_A_STEP * (step - 1)
    wobble = SPREAD * (2 * die - _BYTES) // _BYTES
    return max(0, min(100, (believed + MIDDLE) // 2 + wobble))


def _margin(die: int) -> int:
    """Everybody has a margin of their own; the widest is rarely chosen."""
    return MARGINS[(0, 0, 1, 1, 1, 2)[die % 6]]
