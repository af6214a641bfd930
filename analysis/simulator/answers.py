"""Draws answers fast: tables of ready answers, four draws of 12 bits from each `random()`.

A latent value is rounded to a whole point; for each point there is a table of 4,096 answers in
which every step stands by its chance. Half a million questionnaires a second is the aim, so
the ten look-ups are written out.
Source: method of the simulator, sections 5 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import getitem

from analysis.simulator.randomness import TABLE_SIZE, Dice, ready_table
from analysis.simulator.rows import Answers, PartnerType
from analysis.simulator.scores import (
    ANSWER_SD,
    DONT_KNOW,
    RECOMMEND_BASE,
    RECOMMEND_SD,
    SATISFACTION_SD,
    SATISFACTION_STRENGTH,
    STAFF_ANSWER_SD,
    STAFF_RECOMMEND_PERSON_SD,
    STAFF_SD,
    STRENGTHS,
    LatentPlan,
    normal_cdf,
    step_chances,
)

TURNED_AWAY_POINTS = -9.0
"""What an identified survey loses at a company that has turned away."""
SHRINK_CHANCE = 0.07
SHRINK_CHANCE_TURNED_AWAY = 0.30

_LOWEST, _HIGHEST = -130, 230
"""Latent points with a table; no sum of normal draws from the table leaves this range."""
_MASK = TABLE_SIZE - 1
_FOUR_DRAWS = 1 << 48

_TENTH, _HUNDREDTH = 10, 100
_RECOMMEND_LOWEST, _RECOMMEND_HIGHEST = -80, 120
"""Tenths of a point that drivers and satisfaction may move the recommendation."""

_INTENT_SD = 1.9
_INTENT_CUTS = (9.6, 7.4, 4.2, 2.6)
"""Points between growing clearly, growing slightly, the same, shrinking slightly, clearly."""
_SHRINK_CLEARLY = 0.3
_STAFF_SHARE_MEAN, _STAFF_SHARE_SD = 5.5, 1.8
_LEANINGS = range(-4, 5)

Step = int | None
Table = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Respondent:
    """What decides the answers of one partner contact: type, satisfaction, taste in points.

    `has_turned` matters in identified surveys only.
    """

    partner_type: PartnerType
    satisfaction: float
    taste: float
    has_turned: bool


class PartnerAnswers:
    """Draws the twelve answers of partners in one wave."""

    def __init__(self, plan: LatentPlan, wave: int, *, is_identified: bool) -> None:
        self._offsets = {
            kind: _as_offsets(latents) for kind, latents in plan.partners[wave].items()
        }
        self._is_identified = is_identified
        self._steps = _driver_tables(ANSWER_SD)
        self._recommend = _recommend_tables()
        self._intent = _intent_tables()
        self._strengths = _strength_tables()

    def draw(self, dice: Dice, person: Respondent) -> Answers:
        """One answer for each of `QUESTIONS`."""
        base = SATISFACTION_SD * person.satisfaction + person.taste
        if self._is_identified and person.has_turned:
            base += TURNED_AWAY_POINTS
        drivers, bits = _draw_drivers(dice, self._steps, self._offsets[person.partner_type], base)
        total = int(_HUNDREDTH * SATISFACTION_STRENGTH * person.satisfaction)
        total += sum(map(getitem, self._strengths, drivers))
        place = (total + _TENTH // 2) // _TENTH - _RECOMMEND_LOWEST
        intent = self._intent[place][bits >> 12]
        if self._is_identified:
            intent = _identified_intent(dice, intent, has_turned=person.has_turned)
        return (*drivers, self._recommend[place][bits & _MASK], intent)


class StaffAnswers:
    """Draws the twelve guesses of staff in one wave."""

    def __init__(self, plan: LatentPlan, wave: int) -> None:
        self._offsets = _as_offsets(plan.staff[wave])
        self._recommend_shift = plan.staff_recommend[wave] - RECOMMEND_BASE
        self._steps = _driver_tables(STAFF_ANSWER_SD)
        self._recommend = _recommend_tables()
        self._shares = _share_tables()

    def draw(self, dice: Dice, leaning: float) -> Answers:
        """One guess for each of `QUESTIONS`; `leaning` is how the person sees all, normal."""
        drivers, bits = _draw_drivers(dice, self._steps, self._offsets, STAFF_SD * leaning)
        shift = self._recommend_shift + STAFF_RECOMMEND_PERSON_SD * leaning
        recommend = self._recommend[round(_TENTH * shift) - _RECOMMEND_LOWEST][bits & _MASK]
        share = self._shares[round(leaning) - _LEANINGS.start][bits >> 12]
        return (*drivers, recommend, share)


def _as_offsets(latents: tuple[float, ...]) -> tuple[float, ...]:
    # With the half added, the truncation of int() rounds to the table of the nearest point.
    return tuple(latent + 0.5 - _LOWEST for latent in latents)


def _draw_drivers(
    dice: Dice, tables: tuple[Table, ...], offsets: tuple[float, ...], base: float
) -> tuple[Answers, int]:
    """Ten answers, and 24 bits left for two more draws."""
    one, two, three = (
        int(dice() * _FOUR_DRAWS),
        int(dice() * _FOUR_DRAWS),
        int(dice() * _FOUR_DRAWS),
    )
    a, b, c, d, e, f, g, h, i, j = offsets
    answers = (
        tables[int(base + a)][one & _MASK],
        tables[int(base + b)][one >> 12 & _MASK],
        tables[int(base + c)][one >> 24 & _MASK],
        tables[int(base + d)][one >> 36],
        tables[int(base + e)][two & _MASK],
        tables[int(base + f)][two >> 12 & _MASK],
        tables[int(base + g)][two >> 24 & _MASK],
        tables[int(base + h)][two >> 36],
        tables[int(base + i)][three & _MASK],
        tables[int(base + j)][three >> 12 & _MASK],
    )
    return answers, three >> 24


def _identified_intent(dice: Dice, intent: Step, *, has_turned: bool) -> Step:
    """In identified surveys shrinking hangs on the exit alone; "don't know" stays."""
    chance = SHRINK_CHANCE_TURNED_AWAY if has_turned else SHRINK_CHANCE
    drawn = dice()
    if intent is None:
        return None
    if drawn < chance:
        return 5 if drawn < chance * _SHRINK_CLEARLY else 4
    return min(intent, 3)


@cache
def _driver_tables(sd: float) -> tuple[Table, ...]:
    """Ready answers 1..5 or None for each whole latent point from the lowest to the highest."""
    return tuple(
        _with_unknown((1, 2, 3, 4, 5), step_chances(latent, sd))
        for latent in range(_LOWEST, _HIGHEST + 1)
    )


@cache
def _strength_tables() -> tuple[dict[Step, int], ...]:
    """Hundredths of a point by answer of each driver; "don't know" moves nothing."""
    return tuple(
        {None: 0} | {step: round(_HUNDREDTH * strength) * (step - 3) for step in range(1, 6)}
        for strength in STRENGTHS
    )


@cache
def _recommend_tables() -> tuple[Table, ...]:
    return tuple(
        ready_table(range(11), _rounded_chances(RECOMMEND_BASE + total / _TENTH, RECOMMEND_SD))
        for total in range(_RECOMMEND_LOWEST, _RECOMMEND_HIGHEST + 1)
    )


@cache
def _intent_tables() -> tuple[Table, ...]:
    tables = []
    for total in range(_RECOMMEND_LOWEST, _RECOMMEND_HIGHEST + 1):
        mean = RECOMMEND_BASE + total / _TENTH
        above = (0.0, *(1 - normal_cdf((cut - mean) / _INTENT_SD) for cut in _INTENT_CUTS), 1.0)
        tables.append(_with_unknown((1, 2, 3, 4, 5), _between(above)))
    return tuple(tables)


@cache
def _share_tables() -> tuple[Table, ...]:
    """Guessed shares in tenths for each whole leaning."""
    return tuple(
        _with_unknown(
            tuple(range(11)), _rounded_chances(_STAFF_SHARE_MEAN + leaning, _STAFF_SHARE_SD)
        )
        for leaning in _LEANINGS
    )


def _with_unknown(steps: tuple[int, ...], chances: tuple[float, ...]) -> Table:
    known = tuple(chance * (1 - DONT_KNOW) for chance in chances)
    return ready_table((*steps, None), (*known, DONT_KNOW))


def _rounded_chances(mean: float, sd: float) -> tuple[float, ...]:
    """Chances of 0..10 for a normal value that is rounded and kept in that range."""
    return _between((0.0, *(normal_cdf((value + 0.5 - mean) / sd) for value in range(10)), 1.0))


def _between(bounds: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(high - low for low, high in pairwise(bounds))
