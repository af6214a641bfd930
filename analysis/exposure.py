"""'Could this expose someone?': which rows a wave would show, worked out before it opens. Pure.

Of the people who would be asked, random ones answer, many times over, and the engine decides each
time; nobody's answer is read. How small a change the answers could show is in wave_plan.py.
Source: method of confidentiality, section 7.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

from analysis.suppression import (
    N_DRAWS,
    RATES_PCT,
    TOTAL,
    Dimension,
    Frame,
    Participant,
    Policy,
    RowExposure,
    RowKey,
    build_frame,
    check_exposure,
)
from surveys.errors import SurveyError
from surveys.invitations import Invitee
from surveys.terms import Audience, Mode

DRAWS = (N_DRAWS, 100, 50, 20)
"""How many draws a page may make at each response rate; fewer than the last say too little."""

PAGE_SECONDS = 4.0
N_PILOT = 2
USUAL_RATE_PCT = 40
"""The response rate that is judged while no earlier wave tells a better one."""


class AudienceState(StrEnum):
    """Whether there is anything to work out for an audience."""

    NOBODY = "nobody"
    IDENTIFIED = "identified"
    CHECKED = "checked"


class ExposureRefused(SurveyError):
    """A wave of the survey is open. Attribute `run_id` says which."""

    def __init__(self, run_id: int) -> None:
        super().__init__(
            f"wave {run_id} is open: from its opening on, its rows are published or not,"
            " and reasons would tell the sizes of hidden groups"
        )
        self.run_id = run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedAudience:
    """Who of one audience would be asked, and the rules that opening a wave would fix."""

    audience: Audience
    mode: Mode
    policy: Policy
    dimensions: tuple[str, ...]
    people: Sequence[Invitee]

    @property
    def state(self) -> AudienceState:
        """Whether there is anything to work out."""
        if not self.people:
            return AudienceState.NOBODY
        if self.mode is Mode.IDENTIFIED:
            return AudienceState.IDENTIFIED
        return AudienceState.CHECKED

    @property
    def n_companies(self) -> int:
        """Companies of those who would be asked; none of staff."""
        return len({each.partner_id for each in self.people} - {None})


@dataclass(frozen=True, slots=True)
class RowForecast:
    """One row: who would be asked of it, and how often it is shown at each response rate."""

    key: RowKey
    n_people: int
    n_companies: int
    at: tuple[RowExposure, ...]

    def shown(self, rate_pct: int) -> RowExposure:
        """What becomes of the row at one of the response rates."""
        return next(each for each in self.at if each.rate_pct == rate_pct)

    @property
    def last_doubt(self) -> RowExposure | None:
        """What becomes of it at the highest rate at which it is not usually shown, if any."""
        return next((each for each in reversed(self.at) if not is_usual(each)), None)


@dataclass(frozen=True, slots=True)
class DimensionForecast:
    """The rows of one dimension, by value."""

    name: str
    rows: tuple[RowForecast, ...]


@dataclass(frozen=True, slots=True)
class AudienceForecast:
    """What a wave would show of one audience; without a total where nothing was worked out."""

    asked: AskedAudience
    total: RowForecast | None = None
    dimensions: tuple[DimensionForecast, ...] = ()

    @property
    def rows(self) -> tuple[RowForecast, ...]:
        """The total and each value of each dimension."""
        values = tuple(row for dimension in self.dimensions for row in dimension.rows)
        return values if self.total is None else (self.total, *values)


def is_usual(exposure: RowExposure) -> bool:
    """Whether the row is usually shown at this response rate."""
    return exposure.frequency == "usually"


def judged_rate_pct(response_rate: float | None) -> int:
    """The worked-out response rate next to the last one (0..1; None before a first wave)."""
    if response_rate is None:
        return USUAL_RATE_PCT
    return min(RATES_PCT, key=lambda rate: abs(rate - 100 * response_rate))


def weakest(rows: Sequence[RowForecast], rate_pct: int) -> RowForecast | None:
    """The row that is shown least at this response rate; None if all are usually shown.

    Of several, one that fails by itself goes before one that only completes 'Other'.
    """
    row = min(rows, key=lambda each: _weakness(each, each.shown(rate_pct)), default=None)
    return None if row is None or is_usual(row.shown(rate_pct)) else row


def _weakness(row: RowForecast, exposure: RowExposure) -> tuple[float, bool, int]:
    only_completes = exposure.reason is not None and exposure.reason.code == "joined"
    return exposure.shown_pct, only_completes, row.n_people


def forecast(
    audiences: Sequence[AskedAudience],
    *,
    seed: int,
    n_draws: int = N_DRAWS,
    rates_pct: Sequence[int] = RATES_PCT,
) -> list[AudienceForecast]:
    """What would be shown of each audience, at each of these response rates.

    The same seed and number of draws give the same result, whatever the order of people.
    """
    return [
        _forecast(each, seed, n_draws, rates_pct)
        if each.state is AudienceState.CHECKED
        else AudienceForecast(each)
        for each in audiences
    ]


def affordable_draws(
    audiences: Sequence[AskedAudience],
    *,
    seed: int,
    seconds: float,
    timer: Callable[[], float] = perf_counter,
) -> int | None:
    """How many draws fit into so many seconds, told by a few of them; None if too few do."""
    started = timer()
    for each in audiences:
        if each.state is AudienceState.CHECKED:
            frame = frame_of(each)
            for rate in RATES_PCT:
                check_exposure(frame, each.policy, seed=seed, rates_pct=[rate], n_draws=N_PILOT)
                if timer() - started > seconds:
                    return None
    taken = timer() - started
    return next((n for n in DRAWS if taken * n / N_PILOT <= seconds - taken), None)


def frame_of(asked: AskedAudience) -> Frame:
    """Those who would be asked as the engine sees them; each of the staff is a company."""
    participants = [
        Participant(each.contact_id, each.partner_id or ("staff", each.contact_id), each.segments)
        for each in asked.people
    ]
    return build_frame(participants, [Dimension(name, (name,)) for name in asked.dimensions])


def _forecast(
    asked: AskedAudience, seed: int, n_draws: int, rates_pct: Sequence[int]
) -> AudienceForecast:
    frame = frame_of(asked)
    found: dict[RowKey, list[RowExposure]] = {}
    for exposure in check_exposure(
        frame, asked.policy, seed=seed, rates_pct=rates_pct, n_draws=n_draws
    ):
        found.setdefault(exposure.key, []).append(exposure)

    def row(key: RowKey, bits: int) -> RowForecast:
        n_companies = len(frame.people.sizes(bits))
        return RowForecast(key, bits.bit_count(), n_companies, tuple(found[key]))

    return AudienceForecast(
        asked,
        row(TOTAL, frame.everyone),
        tuple(
            DimensionForecast(
                name,
                tuple(
                    row(RowKey(name, (value,)), bits) for value, bits in frame.values[name].items()
                ),
            )
            for name in asked.dimensions
        ),
    )
