"""Which wave of a cycle comes next, and what fills its slot.

Pure: gaps and the history of asking are arguments. Source: method of the question bank, monthly
rotation.
"""

from collections.abc import Mapping, Sequence

from surveys.question_bank.model import BankQuestion, Rotation, RotationWave
from surveys.terms import QuestionKind

_NEVER = -1


def cycle_of(rotation: Rotation, number: int) -> int:
    """Number of the cycle, from 1, that the wave with this number, from 1, belongs to."""
    return (number - 1) // len(rotation.waves) + 1


def rotation_wave(rotation: Rotation, number: int) -> RotationWave:
    """Which place of the cycle the wave with this number, from 1, takes."""
    return rotation.waves[(number - 1) % len(rotation.waves)]


def slot_question(
    rotation: Rotation,
    number: int,
    *,
    questions: Sequence[BankQuestion],
    proven_gaps: Mapping[str, float],
    last_asked: Mapping[str, int],
) -> str | None:
    """Code of the question in the slot of this wave; None where the place has no slot.

    Every second cycle the slot goes to a follow-up of the wave's driver with the largest proven
    gap, the one asked longest ago; without a proven gap the outcome stays.

    `proven_gaps`: gaps that are bigger than chance, by driver, in points of either sign.
    `last_asked`: number of the wave in which a follow-up was last asked, by code.
    """
    wave = rotation_wave(rotation, number)
    if not wave.has_follow_up or cycle_of(rotation, number) % 2 == 1:
        return wave.outcome
    proven = [driver for driver in wave.drivers if driver in proven_gaps]
    if not proven:
        return wave.outcome
    widest = max(proven, key=lambda driver: abs(proven_gaps[driver]))
    follow_ups = [
        question.code
        for question in questions
        if question.kind is QuestionKind.FOLLOW_UP and question.driver == widest
    ]
    return min(follow_ups, key=lambda code: last_asked.get(code, _NEVER), default=wave.outcome)
