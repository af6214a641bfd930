"""Who took part in a run, and whether they stand for everybody who was asked, as one typed value.

Pure: counts of people and figures that may be shown in, the page out. No answer is read for it, so
that an open wave has this page too. Participation is known in every mode, of a company only as yes
or no: small groups are merged before anything is worked out. Source: method of statistics,
section 7; method of confidentiality, sections 2 and 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analysis.participation import (
    ClassBalance,
    ClassCount,
    Funnel,
    Representativeness,
    representativeness,
    reweighted_score,
)
from analysis.segment_keys import members_of, segment_key
from analysis.shown_figures import TOTAL, DriverInfo, Row, RunFigures, WaveFigures
from analysis.stats import Share, TooFewAnswers, share_of_count
from surveys.models import Wave
from surveys.participation import GroupCount, Participation, ParticipationDetail
from surveys.terms import Audience, Mode, WaveState
from surveys.waves import Run

Groups = Mapping[str, GroupCount]


@dataclass(frozen=True, slots=True)
class WaveCounts:
    """All counts of one wave, as `surveys.participation` reads them."""

    wave: Wave
    counts: Participation
    detail: ParticipationDetail


@dataclass(frozen=True, slots=True)
class Voice:
    """How far the invited of one audience came. `sent` and `bounced` are first mails."""

    wave: Wave
    funnel: Funnel
    sent: int
    bounced: int
    n_companies: int
    n_companies_took_part: int

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing is known between the delivered mail and the answer."""
        return self.wave.mode is Mode.ANONYMOUS

    @property
    def n_unsent(self) -> int:
        """First mails that wait or were refused."""
        return self.funnel.invited - self.sent


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One group of invited people, small ones merged.

    `rate` is the share that took part, `balance` its weight among those who did; None before
    anybody has.
    """

    row: Row
    invited: int
    took_part: int
    rate: Share
    balance: ClassBalance | None

    @property
    def is_under(self) -> bool:
        """Whether the group is clearly underrepresented."""
        return self._warns and self._difference < 0

    @property
    def is_over(self) -> bool:
        """Whether the group is clearly overrepresented."""
        return self._warns and self._difference > 0

    @property
    def is_clear(self) -> bool:
        """Whether the difference from the rest can be told from chance."""
        interval = self.balance.interval if self.balance else None
        return interval is not None and interval.excludes(0)

    @property
    def _warns(self) -> bool:
        return self.balance is not None and self.balance.warn

    @property
    def _difference(self) -> float:
        return (self.balance.difference or 0.0) if self.balance else 0.0


@dataclass(frozen=True, slots=True)
class ReweightedDriver:
    """A driver's score, and the score if every group had answered by its share of the invited.

    `reweighted` is None where a group's figure is hidden, or nobody of it answered.
    """

    driver: DriverInfo
    score: float
    reweighted: float | None


@dataclass(frozen=True, slots=True)
class Reweighting:
    """What the scores would be if every group of a dimension had answered in proportion."""

    drivers: Sequence[ReweightedDriver]

    @property
    def known(self) -> list[tuple[float, float]]:
        """Score and reweighted score of the drivers that have both."""
        return [
            (each.score, each.reweighted) for each in self.drivers if each.reweighted is not None
        ]

    @property
    def score(self) -> float | None:
        """Mean score of the drivers that can be reweighted; None without any."""
        return _mean([score for score, _ in self.known])

    @property
    def reweighted(self) -> float | None:
        """The same if every group had answered in proportion."""
        return _mean([reweighted for _, reweighted in self.known])


@dataclass(frozen=True, slots=True)
class DimensionPart:
    """The groups of one dimension; `rows` is empty where they are too small to be told apart.

    `r_indicator` is 1 if all groups take part alike; None before anybody has.
    """

    audience: Audience
    dimension: str
    rows: Sequence[SegmentRow]
    r_indicator: float | None
    reweighting: Reweighting | None

    @property
    def k(self) -> int:
        """How many groups are compared at once."""
        return max(1, len(self.rows))

    @property
    def under(self) -> list[SegmentRow]:
        """Clearly underrepresented groups, the most first."""
        return [row for row in self.rows if row.is_under]

    @property
    def over(self) -> list[SegmentRow]:
        """Clearly overrepresented groups, the least first."""
        return [row for row in self.rows if row.is_over]


@dataclass(frozen=True, slots=True)
class TrendStep:
    """One wave of the trend; `is_open` counts are not the last ones."""

    run: Run
    partners: Participation
    staff: Participation | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class ParticipationPage:
    """Everything on the page. `parts` are the partners' dimensions, then the staff's."""

    run: Run
    partners: Voice
    staff: Voice | None
    is_open: bool
    parts: Sequence[DimensionPart]
    trend: Sequence[TrendStep]

    @property
    def partner_parts(self) -> list[DimensionPart]:
        """Dimensions of partners that have groups to compare."""
        return [p for p in self.parts if p.audience is Audience.PARTNER and p.rows]

    @property
    def nobody_invited(self) -> bool:
        """Whether neither partners nor staff were asked."""
        return not any(voice.funnel.invited for voice in self.voices)

    @property
    def nobody_took_part(self) -> bool:
        """Whether no partner has started yet."""
        started = self.partners.funnel.started
        return not (self.partners.funnel.completed if started is None else started)

    @property
    def voices(self) -> list[Voice]:
        """Partners, and staff where they are asked."""
        return [self.partners, *([self.staff] if self.staff else [])]

    @property
    def under(self) -> list[SegmentRow]:
        """Partners that are clearly underrepresented, by dimension."""
        return [row for part in self.partner_parts for row in part.under]

    @property
    def over(self) -> list[SegmentRow]:
        """Partners that are clearly overrepresented, by dimension."""
        return [row for part in self.partner_parts for row in part.over]


def build_participation(
    figures: RunFigures,
    *,
    partners: WaveCounts,
    staff: WaveCounts | None,
    drivers: Sequence[DriverInfo],
    history: Sequence[tuple[Run, Participation, Participation | None]],
) -> ParticipationPage:
    """Work out the page; `history` ends with the run itself, oldest wave first."""
    return ParticipationPage(
        run=figures.run,
        partners=_voice(partners),
        staff=_voice(staff) if staff else None,
        is_open=_is_open(figures.run),
        parts=[
            *_parts(partners, figures.partner, drivers),
            *(_parts(staff, None, ()) if staff else ()),
        ],
        trend=[TrendStep(run, ours, theirs, _is_open(run)) for run, ours, theirs in history],
    )


def shown_groups(groups: Groups, *, min_people: int, min_companies: int) -> dict[str, GroupCount]:
    """Groups by stored segment text; those of too few people or companies are merged.

    While the merged group is itself too small, the smallest other joins it. One group left shows
    nothing that the total does not: the result is empty. Counts are of the invited, known before
    anybody answers. Source: method of confidentiality, section 5.2.
    """

    def passes(count: GroupCount) -> bool:
        return count.invited >= min_people and count.n_companies >= min_companies

    kept = {value: count for value, count in groups.items() if passes(count)}
    merged = {value: count for value, count in groups.items() if value not in kept}
    for value in sorted(kept, key=lambda each: (kept[each].invited, each)):
        if not merged or passes(_total(merged)):
            break
        merged[value] = kept.pop(value)
    shown = {segment_key([value]): count for value, count in kept.items()}
    if merged:
        shown[segment_key(list(merged))] = _total(merged)
    return shown if len(shown) > 1 else {}


def _total(groups: Groups) -> GroupCount:
    return sum(groups.values(), GroupCount())


def _is_open(run: Run) -> bool:
    return run.partner.state is not WaveState.CLOSED


def _voice(counted: WaveCounts) -> Voice:
    counts, detail = counted.counts, counted.detail
    is_known = counted.wave.mode is not Mode.ANONYMOUS
    # Somebody may answer through a link that was handed on although no mail has left.
    sent = max(detail.sent, counts.delivered)
    return Voice(
        wave=counted.wave,
        funnel=Funnel(
            invited=counts.invited,
            delivered=counts.delivered,
            completed=counts.answered,
            opened=counts.opened if is_known else None,
            started=counts.started if is_known else None,
        ),
        sent=sent,
        bounced=sent - counts.delivered,
        n_companies=detail.n_companies,
        n_companies_took_part=detail.n_companies_took_part,
    )


def _parts(
    counted: WaveCounts, figures: WaveFigures | None, drivers: Sequence[DriverInfo]
) -> Iterator[DimensionPart]:
    for dimension, groups in counted.detail.groups.items():
        shown = _shown(groups, counted.wave)
        balance = _balance(shown, counted.detail.company_size)
        yield DimensionPart(
            audience=counted.wave.audience,
            dimension=dimension,
            rows=_rows(dimension, shown, balance, counted.detail.company_size),
            r_indicator=balance.r_indicator if balance else None,
            reweighting=_reweighting(dimension, groups, figures, drivers) if shown else None,
        )


def _shown(groups: Groups, wave: Wave) -> dict[str, GroupCount]:
    if wave.mode is Mode.IDENTIFIED:
        named = {segment_key([value]): count for value, count in groups.items()}
        return named if len(named) > 1 else {}
    return shown_groups(groups, min_people=wave.min_people, min_companies=wave.min_companies)


def _balance(shown: Groups, company_size: float) -> Representativeness | None:
    classes = {key: ClassCount(count.invited, count.took_part) for key, count in shown.items()}
    try:
        return representativeness(classes, company_size=company_size)
    except TooFewAnswers:
        return None


def _rows(
    dimension: str, shown: Groups, balance: Representativeness | None, company_size: float
) -> list[SegmentRow]:
    rows = [
        SegmentRow(
            row=(dimension, key),
            invited=count.invited,
            took_part=count.took_part,
            rate=share_of_count(count.took_part, count.invited, company_size=company_size),
            balance=balance.classes[key] if balance else None,
        )
        for key, count in shown.items()
    ]
    return sorted(rows, key=lambda row: (row.rate.value, row.row))


def _reweighting(
    dimension: str, groups: Groups, figures: WaveFigures | None, drivers: Sequence[DriverInfo]
) -> Reweighting | None:
    """None while the wave shows no scores at all."""
    if figures is None:
        return None
    scored = [
        ReweightedDriver(
            driver, total.estimate.value, _reweighted(dimension, groups, figures, code)
        )
        for driver in drivers
        if (total := figures.figure(code := driver.code, TOTAL)) and total.estimate
    ]
    return Reweighting(scored) if scored else None


def _reweighted(dimension: str, groups: Groups, figures: WaveFigures, code: str) -> float | None:
    """A driver's score by the published rows of a dimension, weighted by the invited."""
    scores = {
        key: figure.estimate
        for (name, key), figure in figures.rows_of(code).items()
        if name == dimension
    }
    of_row = {member: key for key in scores for member in members_of(key)}
    classes: dict[str, GroupCount] = {}
    for value, count in groups.items():
        # A value of no row stands for itself, and has no score.
        key = of_row.get(value, segment_key([value]))
        classes[key] = classes.get(key, GroupCount()) + count
    found = reweighted_score(
        scores, {key: ClassCount(each.invited, each.took_part) for key, each in classes.items()}
    )
    return found.value if found else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
