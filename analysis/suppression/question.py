"""What may be shown of one question: the wave's rows, cut down to those who answered it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analysis.suppression.hiding import Hiding
from analysis.suppression.people import Frame, Value, bit_set, positions_of
from analysis.suppression.policy import Policy
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import PublishedRows, Row, RowKey, State, Verdict
from analysis.suppression.unanimity import Sums, row_is_close
from analysis.suppression.wave_guard import Earlier

COARSE_STEP = 10
"""A coarse figure is rounded to a multiple of this on a scale of 0 to 100 or of NPS."""

COARSE_DECIMALS = 9
"""What a sum of floating numbers is true to: 44.999999999999 is a half way to 50, not 40."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Who answered a question ('don't know' is no answer), and the sums of the printed means.

    `people` are those who answered; in anonymous surveys all who took part, with as many of them
    `counted` as there are answers (see `anonymous_answers`). `sums` is None for a question without
    a mean; the printed scale runs from `lowest` to `highest`, and a coarse mean is a multiple of
    `coarse_step` on it.
    """

    people: int
    sums: Sums | None = None
    counted: int | None = None
    lowest: int = 0
    highest: int = 100
    coarse_step: int = COARSE_STEP


def anonymous_answers(
    frame: Frame,
    n_by_profile: Mapping[Value, int],
    *,
    sums: Sums | None = None,
    lowest: int = 0,
    highest: int = 100,
    coarse_step: int = COARSE_STEP,
) -> Answers:
    """Answers of an anonymous wave, known by profile only; the frame holds who took part.

    Raises ValueError where a profile has more answers than people, KeyError where it has none.
    """
    counted = 0
    for profile, n in n_by_profile.items():
        places = positions_of(frame.profiles[profile])
        if n > len(places):
            raise ValueError(f"{n} answers of {len(places)} people in profile {profile}")
        counted |= bit_set(places[:n])
    return Answers(frame.everyone, sums, counted, lowest, highest, coarse_step)


def publish_question(
    rows: PublishedRows,
    answers: Answers,
    policy: Policy,
    *,
    before: Sequence[Earlier] = (),
) -> dict[RowKey, Verdict]:
    """What may be shown of a question in each row of its wave, the total included.

    `rows` are those of `publish_wave` under the same policy, `before` the exact figures of the same
    question in earlier waves. Answers matter to near-unanimity only.
    Source: method of confidentiality, section 4.
    """
    crowd = crowd_of(rows, answers, policy)
    cut = cut_rows(rows, answers, crowd)
    if not cut:
        return {}
    hiding = Hiding(
        cut,
        crowd,
        sums=[] if answers.sums is None else [answers.sums],
        before=before,
        may_blur=answers.sums is not None and _leaves_one_answer_open(cut[0], answers),
    )
    hiding.settle()
    return {row.key: _verdict(row, hiding, answers, crowd) for row in cut}


def _leaves_one_answer_open(total: Row, answers: Answers) -> bool:
    """True if rounding the total is coarser than what one answer can do to it."""
    return answers.coarse_step * total.n >= answers.highest - answers.lowest


def cut_rows(rows: PublishedRows, answers: Answers, crowd: Crowd) -> list[Row]:
    """The wave's rows cut down to those who answered the question."""
    cut = [(row.key, row.bits & answers.people) for row in rows]
    return [Row(key, bits, crowd.size(bits)) for key, bits in cut]


def crowd_of(rows: PublishedRows, answers: Answers, policy: Policy) -> Crowd:
    """The people who answered the question."""
    people = rows.everyone & answers.people
    return Crowd(rows.people, policy, everyone=people, counted=answers.counted)


def _verdict(row: Row, hiding: Hiding, answers: Answers, crowd: Crowd) -> Verdict:
    state, code = hiding.states.get(row.key, ("exact", None))
    if state == "hidden":
        return Verdict("hidden", code)
    n_companies = crowd.n_companies(row.bits) if crowd.knows_companies else None
    if state == "exact":
        return Verdict("exact", None, row.n, n_companies)
    at_most, at_least = _bounds(row, answers, is_coarse=state == "coarse")
    final: State = "coarse" if at_most is None and at_least is None else "bound"
    return Verdict(final, code, row.n, n_companies, at_most, at_least)


def _bounds(row: Row, answers: Answers, *, is_coarse: bool) -> tuple[float | None, float | None]:
    """Upper and lower bound of a mean near an end, as wide as its coarse form at least."""
    sums = answers.sums
    if sums is None or not row_is_close(row, sums):
        return None, None
    width = Fraction(sums.slack * (answers.highest - answers.lowest), sums.n_steps * row.n)
    if is_coarse:
        width = max(width, Fraction(answers.coarse_step, 2))
    if sums.by_row[row.key] <= sums.slack:
        return float(answers.lowest + width), None
    return None, float(answers.highest - width)


def coarse(value: float, *, step: int = COARSE_STEP) -> int:
    """A coarse figure as it is printed: the nearest multiple of the step, halves upwards."""
    return int((round(value, COARSE_DECIMALS) + step / 2) // step) * step
