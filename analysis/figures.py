"""One figure: what is known of one question in one segment, as page, CSV and API show it.

Made from score cells (identified surveys, live) or read from published cells (all others); after
that nobody needs to know which. `Measure` says how the answers of a question become a figure. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.importance import Correlation, correlation
from analysis.samples import (
    AnswerCells,
    FigureError,
    PairCell,
    Sample,
    SizeCell,
    recommendation_signs,
)
from analysis.stats import (
    Estimate,
    Scale,
    Share,
    driver_score,
    favourable_share,
    mean_estimate,
    nps,
    share_of,
)
from analysis.suppression import COARSE_STEP
from surveys.terms import CellState, QuestionType

SCORE = Scale(0, 100)
NPS = Scale(-100, 100)
GUESS = Scale(0, 10)
IMPORTANCE = Scale(1, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How answers of one type are measured.

    `lowest` and `highest` are raw values, `scale` the printed one; `classes` are the three groups
    of answers whose shares may be shown, from unfavourable to favourable.
    """

    type: QuestionType
    lowest: int
    highest: int
    step: int
    scale: Scale | None
    classes: tuple[frozenset[int], ...] = ()
    favourable: frozenset[int] = frozenset()

    @property
    def n_steps(self) -> int:
        """How many steps one answer can be above the lowest."""
        return (self.highest - self.lowest) // self.step

    @property
    def decimals(self) -> int:
        """Decimals of a published mean: a step of 0.1 on 1..7 is coarser than one on 0..100."""
        return 1 if self.type is QuestionType.IMP7 else 0

    @property
    def coarse_step(self) -> int:
        """A coarse mean is a multiple of this; tens would be wider than the whole of 1..7."""
        return 1 if self.type is QuestionType.IMP7 else COARSE_STEP

    def steps(self, value: int) -> int:
        """Steps of one answer above the lowest, in the series whose mean is printed."""
        return (self.printed_value(value) - self.lowest) // self.step

    def printed_value(self, value: int) -> int:
        """The value in the series whose mean is printed: NPS prints the mean of signs."""
        if self.type is not QuestionType.NPS11:
            return value
        return 1 if value >= 9 else -1 if value <= 6 else 0

    def estimate(self, sample: Sample) -> Estimate:
        """The printed mean with its uncertainty; the sample is of the printed series."""
        if self.scale is None:
            raise FigureError("a question without a mean")
        if self.type is QuestionType.AGREE5:
            return driver_score(sample)
        if self.type is QuestionType.NPS11:
            return nps(sample)
        return mean_estimate(sample, lowest=self.lowest, highest=self.highest, scale=self.scale)


def measure_for(type_: QuestionType, *, code: str = "") -> Measure | None:
    """The measure of a question, or None for texts and boxes."""
    if type_ is QuestionType.ONE:
        return CHOICES.get(code)
    return MEASURES.get(type_)


MEASURES: Mapping[QuestionType, Measure] = {
    QuestionType.AGREE5: Measure(
        type=QuestionType.AGREE5,
        lowest=1,
        highest=5,
        step=1,
        scale=SCORE,
        classes=(frozenset({1, 2}), frozenset({3}), frozenset({4, 5})),
        favourable=frozenset({4, 5}),
    ),
    QuestionType.RATE5: Measure(
        type=QuestionType.RATE5,
        lowest=1,
        highest=5,
        step=1,
        scale=SCORE,
        classes=(frozenset({1, 2}), frozenset({3}), frozenset({4, 5})),
        favourable=frozenset({4, 5}),
    ),
    QuestionType.NPS11: Measure(
        type=QuestionType.NPS11,
        lowest=-1,
        highest=1,
        step=1,
        scale=NPS,
        classes=(frozenset(range(7)), frozenset({7, 8}), frozenset({9, 10})),
        favourable=frozenset({9, 10}),
    ),
    QuestionType.SHARE11: Measure(
        type=QuestionType.SHARE11, lowest=0, highest=100, step=10, scale=SCORE
    ),
    QuestionType.IMP7: Measure(
        type=QuestionType.IMP7, lowest=1, highest=7, step=1, scale=IMPORTANCE
    ),
}


def _choice(*classes: Sequence[int]) -> Measure:
    """A choice of answers without a mean; the first class is the unfavourable one."""
    return Measure(
        type=QuestionType.ONE,
        lowest=0,
        highest=0,
        step=1,
        scale=None,
        classes=tuple(frozenset(each) for each in classes),
        favourable=frozenset(classes[-1]),
    )


#: Stored answers, worst class first: question bank, "answers, in stored order".
CHOICES: Mapping[str, Measure] = {
    "intent": _choice((4, 5), (3,), (1, 2)),
    "first_offer": _choice((2,), (3,), (1,)),
    "trend": _choice((3,), (2,), (1,)),
}


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One class of answers: its count, or that it is at most one, or all but one; or not shown."""

    state: str
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure and how it may be shown.

    `exact`: everything that is set. `bound`: only `bound_low` or `bound_high`. `coarse`: only
    `value`, to the measure's `coarse_step`. `hidden`: only `reason`. `covariance` is with the same
    row of the wave before, through the companies that answered in both.
    """

    state: CellState
    reason: str | None = None
    n: int | None = None
    n_companies: int | None = None
    value: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    estimate: Estimate | None = None
    favourable: Share | None = None
    classes: tuple[ClassShare, ...] = ()
    dont_know: int | None = None
    histogram: Mapping[str, int] | None = None
    correlation: Correlation | None = None
    covariance: float = 0.0

    @property
    def is_shown(self) -> bool:
        """Whether anything at all is shown."""
        return self.state is not CellState.HIDDEN

    def to_json(self) -> dict[str, Any] | None:
        """What a published cell keeps beside state, reason, n, companies and value."""
        if not self.is_shown:
            return None
        parts: dict[str, Any] = {
            "at_most": self.at_most,
            "at_least": self.at_least,
            "estimate": self.estimate.figures() if self.estimate else None,
            "favourable": self.favourable.figures() if self.favourable else None,
            "classes": [[each.state, each.count] for each in self.classes] or None,
            "dont_know": self.dont_know,
            "histogram": dict(self.histogram) if self.histogram else None,
            "r": (
                [self.correlation.value, self.correlation.n, self.correlation.effective_n]
                if self.correlation
                else None
            ),
            "covariance": self.covariance or None,
        }
        return {name: part for name, part in parts.items() if part is not None}


HIDDEN = Figure(state=CellState.HIDDEN, reason="too_few")


def figure_from_json(
    stored: Mapping[str, Any] | None,
    *,
    state: CellState,
    reason: str | None,
    n: int | None,
    n_companies: int | None,
    value: float | None,
    scale: Scale | None,
) -> Figure:
    """The figure that `to_json` and its columns keep; of a hidden one nothing but its reason."""
    if state is CellState.HIDDEN:
        return Figure(state=state, reason=reason)
    parts = stored or {}
    estimate = parts.get("estimate")
    favourable = parts.get("favourable")
    r = parts.get("r")
    return Figure(
        state=state,
        reason=reason,
        n=n,
        n_companies=n_companies,
        value=value,
        at_most=parts.get("at_most"),
        at_least=parts.get("at_least"),
        estimate=Estimate.from_figures(estimate, scale=scale) if estimate and scale else None,
        favourable=Share.from_figures(favourable) if favourable else None,
        classes=tuple(ClassShare(state, count) for state, count in parts.get("classes", ())),
        dont_know=parts.get("dont_know"),
        histogram=parts.get("histogram"),
        correlation=Correlation(*r) if r else None,
        covariance=parts.get("covariance", 0.0),
    )


def answer_cells(
    histogram: Mapping[str, int],
    sizes: Mapping[str, Any] | None,
    *,
    company_counts: Sequence[int] | None = None,
) -> AnswerCells:
    """The stored cell as the statistics read it: raw series, don't-knows apart."""
    counts = {int(value): n for value, n in histogram.items() if value != "dk"}
    return AnswerCells(
        histogram=counts,
        dont_know=histogram.get("dk", 0),
        sizes=_sizes(sizes, "raw"),
        company_counts=company_counts,
    )


def printed_cells(
    measure: Measure, cells: AnswerCells, sizes: Mapping[str, Any] | None
) -> AnswerCells:
    """The cell in the series whose mean is printed (NPS: signs)."""
    if measure.type is not QuestionType.NPS11:
        return cells
    return replace(
        cells, histogram=recommendation_signs(cells.histogram), sizes=_sizes(sizes, "sign")
    )


def recommendation_estimate(cells: AnswerCells) -> Estimate | None:
    """The 0..10 mean of a recommendation question; None where nothing can be said."""
    try:
        return mean_estimate(cells.sample(), lowest=0, highest=10, scale=GUESS)
    except FigureError:
        return None


def class_counts(measure: Measure, cells: AnswerCells) -> tuple[int, ...]:
    """Answers in each class."""
    return tuple(
        sum(n for value, n in cells.histogram.items() if value in each) for each in measure.classes
    )


def live_figure(
    measure: Measure,
    cells: AnswerCells,
    sizes: Mapping[str, Any] | None,
    pairs: Mapping[str, Sequence[int]] | None = None,
) -> Figure:
    """A figure without any rule of confidentiality: identified surveys only."""
    estimate, favourable = estimates(measure, cells, sizes)
    return Figure(
        state=CellState.EXACT,
        n=cells.n,
        n_companies=sum(cell.g for cell in cells.sizes) if cells.sizes else cells.n,
        value=estimate.value if estimate else None,
        estimate=estimate,
        favourable=favourable,
        classes=tuple(ClassShare("exact", n) for n in class_counts(measure, cells)),
        dont_know=cells.dont_know,
        histogram={str(value): n for value, n in sorted(cells.histogram.items())},
        correlation=correlation_of(pairs, cells),
    )


def estimates(
    measure: Measure,
    cells: AnswerCells,
    sizes: Mapping[str, Any] | None,
    *,
    pooled_variance: float | None = None,
) -> tuple[Estimate | None, Share | None]:
    """The printed mean and the favourable share; None where too little is known for either.

    `pooled_variance` is the wave's, put in for small cells before publication.
    """
    estimate = favourable = None
    try:
        sample = printed_cells(measure, cells, sizes).sample()
        if pooled_variance is not None:
            sample = sample.for_publication(pooled_variance)
        if measure.scale is not None:
            estimate = measure.estimate(sample)
        if measure.type is QuestionType.AGREE5:
            favourable = favourable_share(cells.sample())
        elif measure.type is QuestionType.ONE:
            favourable = share_of(cells.sample(), measure.favourable)
    except FigureError:
        return None, None
    return estimate, favourable


def correlation_of(
    pairs: Mapping[str, Sequence[int]] | None, cells: AnswerCells
) -> Correlation | None:
    """The link of a driver with the recommendation answer; None under 30 pairs."""
    if not pairs or "recommend" not in pairs:
        return None
    try:
        size = cells.sample().weighted_company_size
        return correlation(PairCell(*pairs["recommend"]), company_size=size)
    except FigureError:
        return None


def _sizes(sizes: Mapping[str, Any] | None, series: str) -> list[SizeCell] | None:
    if not sizes or series not in sizes:
        return None
    return [SizeCell(*entry) for entry in sizes[series]]
