"""Who was asked and who answered: rates, and whether the answers represent the invited.

Rates are facts of a finished wave and carry no interval; intervals serve comparisons. People of
one company answer alike here too, so Kish's rule shrinks their number.
Source: method of statistics, section 7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from analysis.gap import Composite, composite
from analysis.stats import (
    CellsDisagree,
    Estimate,
    Interval,
    Share,
    TooFewAnswers,
    share_of_count,
)

NOTABLE_SHARE_DIFFERENCE = 0.05
"""Five points between a class's share of the answers and of the invited."""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of people on the way from invitation to answer, each part of the one before.

    `invited` = frozen sample minus exclusions; `delivered` = invited minus hard bounces and
    unsent; `opened` = opened by a human act; `started` = an answer is stored; `completed` = sent.
    Of anonymous waves only `completed` is known: the two before it are None.
    Raises CellsDisagree if a count exceeds the one before it.
    """

    invited: int
    delivered: int
    completed: int
    opened: int | None = None
    started: int | None = None

    def __post_init__(self) -> None:
        steps = (self.invited, self.delivered, self.opened, self.started, self.completed)
        known = [step for step in steps if step is not None]
        for before, after in pairwise(known):
            if after > before:
                raise CellsDisagree("people who got further than before", before, after)

    @property
    def participation(self) -> float | None:
        """started / invited, 0..1; None if nobody was invited or starting is not known."""
        return _rate(self.started, self.invited)

    @property
    def response_rate(self) -> float | None:
        """completed / delivered, 0..1; None if nothing was delivered."""
        return _rate(self.completed, self.delivered)

    @property
    def completion(self) -> float | None:
        """completed / started, 0..1; None if nobody started or starting is not known."""
        return _rate(self.completed, self.started)


def _rate(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def response_share(funnel: Funnel, *, company_size: float) -> Share:
    """The response rate with an interval, to compare it; raises TooFewAnswers at 0 delivered."""
    return share_of_count(funnel.completed, funnel.delivered, company_size=company_size)


@dataclass(frozen=True, slots=True)
class ClassCount:
    """People of one tier, region or revenue class: invited, and who of them answered (started;
    in anonymous waves completed)."""

    invited: int
    answered: int


@dataclass(frozen=True, slots=True)
class ClassBalance:
    """One class against the rest. Shares and rates 0..1.

    `difference` = participation of the class minus the rest's, with the interval that holds for
    all classes together; both are None if the class is empty or all there is.
    """

    invited_share: float
    answered_share: float
    difference: float | None
    interval: Interval | None
    warn: bool


@dataclass(frozen=True, slots=True)
class Representativeness:
    """Balance of each class of one dimension, and the R indicator (1: all classes answer alike;
    noisy in small waves, so it is shown and never decides)."""

    classes: Mapping[str, ClassBalance]
    r_indicator: float

    @property
    def warn(self) -> bool:
        """Whether any class is clearly over- or underrepresented."""
        return any(balance.warn for balance in self.classes.values())


def representativeness(
    classes: Mapping[str, ClassCount], *, company_size: float
) -> Representativeness:
    """How the answers represent the invited, over the classes of one dimension.

    A class is warned about when its shares of answers and of invited differ by 5 points or more
    and the interval of its participation minus the rest's excludes 0 (Newcombe 1998, Bonferroni
    over the classes). Raises TooFewAnswers if nobody was invited or nobody answered, CellsDisagree
    if more answered than were invited.
    """
    whole = _sum(classes)
    balances = {
        name: _balance(count, whole, k=len(classes), company_size=company_size)
        for name, count in classes.items()
    }
    return Representativeness(balances, _r_indicator(classes, whole))


def _sum(classes: Mapping[str, ClassCount]) -> ClassCount:
    for count in classes.values():
        if count.answered > count.invited:
            raise CellsDisagree("answered of a class", count.invited, count.answered)
    invited = sum(count.invited for count in classes.values())
    answered = sum(count.answered for count in classes.values())
    if not invited or not answered:
        raise TooFewAnswers(answered, 1)
    return ClassCount(invited, answered)


def _balance(count: ClassCount, whole: ClassCount, *, k: int, company_size: float) -> ClassBalance:
    invited_share = count.invited / whole.invited
    answered_share = count.answered / whole.answered
    rest = ClassCount(whole.invited - count.invited, whole.answered - count.answered)
    if not count.invited or not rest.invited:
        return ClassBalance(invited_share, answered_share, None, None, warn=False)
    own = share_of_count(count.answered, count.invited, company_size=company_size)
    others = share_of_count(rest.answered, rest.invited, company_size=company_size)
    interval = difference_of_shares(own, others, k=k)
    notable = abs(answered_share - invited_share) >= NOTABLE_SHARE_DIFFERENCE
    return ClassBalance(
        invited_share,
        answered_share,
        own.value - others.value,
        interval,
        warn=notable and interval.excludes(0),
    )


def difference_of_shares(a: Share, b: Share, *, k: int = 1) -> Interval:
    """Interval of a - b, -1..1, from the two Wilson intervals (Newcombe 1998, method 10)."""
    own, other = a.interval(k), b.interval(k)
    difference = a.value - b.value
    return Interval(
        difference - math.hypot(a.value - own.low, other.high - b.value),
        difference + math.hypot(own.high - a.value, b.value - other.low),
    )


def _r_indicator(classes: Mapping[str, ClassCount], whole: ClassCount) -> float:
    """1 - 2 x standard deviation of participation over the invited (Schouten 2009)."""
    mean = whole.answered / whole.invited
    spread = sum(
        count.invited / whole.invited * (count.answered / count.invited - mean) ** 2
        for count in classes.values()
        if count.invited
    )
    return 1 - 2 * math.sqrt(spread)


def reweighted_score(
    scores: Mapping[str, Estimate | None], classes: Mapping[str, ClassCount]
) -> Composite | None:
    """The score as if every class had answered by its share of the invited.

    None if a class with invited people has no shown score: its weight must not go to the others.
    """
    invited = {name: count.invited for name, count in classes.items() if count.invited}
    shown = {name: score for name in invited if (score := scores.get(name)) is not None}
    if not shown or len(shown) < len(invited):
        return None
    return composite([shown[name] for name in invited], [invited[name] for name in invited])
