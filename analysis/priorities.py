"""What to fix first, where drivers move, and the score weighted by importance, as one typed value.

Pure: importance, positions and composites are worked out from figures that the confidentiality
engine let through. Importance is that of all partners, also where scores are of one segment:
published links and statements are of the whole wave. Source: method of statistics, section 5.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from analysis.dashboard import (
    ImportancePoint,
    change_of,
    gap_family,
    participants,
    same_wording,
)
from analysis.figures import Figure
from analysis.gap import Composite, Gap, composite
from analysis.importance import (
    Correlation,
    Level,
    Momentum,
    Position,
    WeightSource,
    derived_weights,
    positions,
    stated_weights,
    weighted_score,
)
from analysis.shown_figures import TOTAL, DriverInfo, Row, RunFigures, WaveFigures, WaveTotals
from analysis.stats import Estimate
from surveys.waves import Run

FEWEST_POINTS = 2
"""A chart of one driver against its own average says nothing."""

_STATED_PREFIX = "importance_"


class Absence(StrEnum):
    """Why a driver has no place in a chart."""

    HIDDEN = "hidden"
    INEXACT = "inexact"
    NO_IMPORTANCE = "no_importance"
    NEW_WORDING = "new_wording"
    NOT_ASKED_BEFORE = "not_asked_before"
    HIDDEN_BEFORE = "hidden_before"
    INEXACT_BEFORE = "inexact_before"


@dataclass(frozen=True, slots=True)
class Absent:
    """A driver that a chart leaves out, with what may be said of its score."""

    driver: DriverInfo
    figure: Figure | None
    why: Absence


@dataclass(frozen=True, slots=True, kw_only=True)
class Importance:
    """What matters to partners, and how that is known.

    `weights` have the mean 1 and are of `source`. `stated` are mean answers 1..7 of the wave
    `asked_in`, the last one that asked and may show them; `links` are correlations with the
    recommendation answer of this wave. `was_asked`: some wave asked, whether it may show it or not.
    """

    source: WeightSource
    weights: Mapping[str, float]
    stated: Mapping[str, float]
    links: Mapping[str, float]
    asked_in: Run | None
    was_asked: bool

    def rank(self, code: str) -> int | None:
        """Place of a driver among all by importance, 1 the highest; None where it has none."""
        values = self.stated if self.source is WeightSource.STATED else self.links
        if code not in values:
            return None
        return 1 + sum(value > values[code] for value in values.values())

    @property
    def n_ranked(self) -> int:
        """How many drivers have a rank."""
        return len(self.stated if self.source is WeightSource.STATED else self.links)


@dataclass(frozen=True, slots=True)
class Moving:
    """A driver in the chart of level and momentum."""

    driver: DriverInfo
    score: float
    change: Gap
    position: Position

    @property
    def is_proven(self) -> bool:
        """Whether its change is bigger than chance."""
        return self.position.momentum is not Momentum.STEADY

    @property
    def is_pressing(self) -> bool:
        """Whether it is low and clearly falls."""
        return (self.position.level, self.position.momentum) == (Level.BELOW, Momentum.DOWN)


@dataclass(frozen=True, slots=True)
class VoiceScore:
    """All drivers of one voice in one number, with and without weights, over the same drivers."""

    weighted: Composite | None
    plain: Composite
    n_drivers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Priorities:
    """The two quadrants and the weighted score of a run, for everybody or one segment.

    `since` is the label of the wave that changes are counted from; None: there is none before.
    """

    row: Row
    n_partners: int | None
    k: int
    since: str | None
    importance: Importance
    points: Sequence[ImportancePoint]
    unweighed: Sequence[Absent]
    moving: Sequence[Moving]
    unmoved: Sequence[Absent]
    partners: VoiceScore | None
    staff: VoiceScore | None

    @property
    def is_filtered(self) -> bool:
        """Whether the scores are of one segment of partners."""
        return self.row != TOTAL

    @property
    def average_level(self) -> float:
        """Mean score of the drivers whose change is plotted. Raises ValueError without any."""
        if not self.moving:
            raise ValueError("no driver is plotted")
        return sum(each.score for each in self.moving) / len(self.moving)


def build_priorities(
    figures: RunFigures,
    before: RunFigures | None,
    *,
    drivers: Sequence[DriverInfo],
    row: Row,
    history: Sequence[WaveTotals],
) -> Priorities:
    """Work out quadrants and weighted scores; `history` has `stated_metrics`, all partners.

    It ends with the run itself.
    """
    partner = figures.partner
    asked = [each for each in drivers if partner and each.code in partner.series]
    k = gap_family(figures, drivers)
    importance = importance_of(partner, asked, history)
    scores = {each.code: partner.figure(each.code, row) if partner else None for each in asked}
    points, unweighed = weighed_points(asked, scores, importance)
    moving, unmoved = _momentum(figures, before, asked, row, k)
    return Priorities(
        row=row,
        n_partners=participants(partner, TOTAL),
        k=k,
        since=before.run.partner.label if before else None,
        importance=importance,
        points=points,
        unweighed=unweighed,
        moving=moving,
        unmoved=unmoved,
        partners=_voice_score(scores, importance),
        staff=_voice_score(_staff_scores(figures, asked), importance),
    )


def stated_metric(driver: DriverInfo) -> str:
    """The question that asks partners how important a driver is."""
    return f"{_STATED_PREFIX}{driver.code}"


def stated_metrics(drivers: Iterable[DriverInfo]) -> list[str]:
    """The metrics that `build_priorities` reads the history of."""
    return [stated_metric(driver) for driver in drivers]


def importance_of(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo], history: Sequence[WaveTotals]
) -> Importance:
    """Stated importance of the last wave that asked and may show it, else derived, else none."""
    asked_in, stated = last_stated(drivers, history)
    correlations = _correlations(partner, drivers)
    weights, source = stated_weights(stated) if stated else None, WeightSource.STATED
    if weights is None:
        weights, source = derived_weights(correlations), WeightSource.DERIVED
    return Importance(
        source=source if weights else WeightSource.NONE,
        weights=weights or {},
        stated=stated,
        links={code: found.value for code, found in correlations.items()},
        asked_in=asked_in,
        was_asked=any(
            metric in wave.series for wave in history for metric in stated_metrics(drivers)
        ),
    )


def last_stated(
    drivers: Sequence[DriverInfo], history: Sequence[WaveTotals]
) -> tuple[Run | None, dict[str, float]]:
    """Mean stated importance 1..7 by driver, of the newest wave that shows any exactly."""
    for wave in reversed(history):
        shown = {each.code: wave.partners.get(stated_metric(each)) for each in drivers}
        means = {code: found.value for code, found in _estimates(shown).items()}
        if means:
            return wave.run, means
    return None, {}


def _correlations(
    partner: WaveFigures | None, drivers: Sequence[DriverInfo]
) -> dict[str, Correlation]:
    return {
        each.code: figure.correlation
        for each in drivers
        if partner and (figure := partner.figure(each.code)) and figure.correlation
    }


def _estimates(figures: Mapping[str, Figure | None]) -> dict[str, Estimate]:
    """Those that are shown exactly."""
    return {code: figure.estimate for code, figure in figures.items() if figure and figure.estimate}


def weighed_points(
    drivers: Sequence[DriverInfo], scores: Mapping[str, Figure | None], importance: Importance
) -> tuple[list[ImportancePoint], list[Absent]]:
    """Where each driver stands that has an exact score and a weight; the others with a reason."""
    points, absent = [], []
    for driver in drivers:
        figure, weight = scores.get(driver.code), importance.weights.get(driver.code)
        if figure is None or figure.estimate is None:
            absent.append(Absent(driver, figure, _not_exact(figure)))
        elif weight is None:
            absent.append(Absent(driver, figure, Absence.NO_IMPORTANCE))
        else:
            points.append(ImportancePoint(driver, figure.estimate.value, weight))
    return points, absent


def _not_exact(figure: Figure | None) -> Absence:
    return Absence.INEXACT if figure is not None and figure.is_shown else Absence.HIDDEN


def _momentum(
    figures: RunFigures,
    before: RunFigures | None,
    drivers: Sequence[DriverInfo],
    row: Row,
    k: int,
) -> tuple[list[Moving], list[Absent]]:
    changes: dict[str, Gap] = {}
    scores: dict[str, float] = {}
    absent = []
    for driver in drivers:
        code = driver.code
        now = figures.partner.figure(code, row) if figures.partner else None
        earlier = before.partner.figure(code, row) if before and before.partner else None
        same = same_wording(figures, before, code)
        change = change_of(now, earlier, same_wording=same)
        if now is None or now.estimate is None or change is None:
            why = _why_unmoved(now, earlier, before, driver, is_same=same)
            absent.append(Absent(driver, now, why))
        else:
            changes[code], scores[code] = change, now.estimate.value
    places = positions(scores, changes, k=k)
    moving = [
        Moving(driver, scores[driver.code], changes[driver.code], places[driver.code])
        for driver in drivers
        if driver.code in places
    ]
    return moving, absent


def _why_unmoved(
    now: Figure | None,
    earlier: Figure | None,
    before: RunFigures | None,
    driver: DriverInfo,
    *,
    is_same: bool,
) -> Absence:
    if now is None or now.estimate is None:
        return _not_exact(now)
    asked_before = before.partner.series if before and before.partner else {}
    if driver.code not in asked_before:
        return Absence.NOT_ASKED_BEFORE
    if not is_same:
        return Absence.NEW_WORDING
    is_shown = earlier is not None and earlier.is_shown
    return Absence.INEXACT_BEFORE if is_shown else Absence.HIDDEN_BEFORE


def _staff_scores(figures: RunFigures, drivers: Sequence[DriverInfo]) -> dict[str, Figure | None]:
    """What staff believe of the same drivers; partners' weights are put on it."""
    staff = figures.internal
    return {each.code: staff.figure(each.code) for each in drivers} if staff else {}


def _voice_score(figures: Mapping[str, Figure | None], importance: Importance) -> VoiceScore | None:
    """One voice over the drivers that have both score and weight; without weights over all."""
    scores = _estimates(figures)
    if importance.weights:
        scores = {code: each for code, each in scores.items() if code in importance.weights}
    if not scores:
        return None
    return VoiceScore(
        weighted=weighted_score(scores, importance.weights),
        plain=composite(list(scores.values())),
        n_drivers=len(scores),
    )
