"""What comments say in sum: shares of each sentiment, the net, and how many touch a driver.

The intervals speak of chance in who commented. The classifier's own errors are not in them, and
pages that show these figures say so. Whether a pool of comments may be shown at all is decided by
`suppression.py`.
Source: method of statistics, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.gap import Mark, word_key
from analysis.stats import (
    NPS,
    Estimate,
    Share,
    TooFewAnswers,
    kish_effect,
    net_estimate,
    share_of_count,
)

MINIMUM_FOR_SHARES = 10
MOST_UNSURE = 0.3


@dataclass(frozen=True, slots=True)
class SentimentCounts:
    """Comments (or mentions of one driver) by sentiment; `unsure` ones were not classified."""

    negative: int
    mixed: int
    neutral: int
    positive: int
    unsure: int = 0

    @property
    def classified(self) -> int:
        """Those the shares are of."""
        return self.negative + self.mixed + self.neutral + self.positive

    @property
    def total(self) -> int:
        """All of them, the unsure ones too."""
        return self.classified + self.unsure


@dataclass(frozen=True, slots=True)
class SentimentShares:
    """Shares 0..1 over the classified, and the net (positive minus negative, -100..100).

    `net_if_negative` and `net_if_positive` are the net over all, were every unsure one so.
    """

    counts: SentimentCounts
    negative: Share
    mixed: Share
    neutral: Share
    positive: Share
    net: Estimate
    net_if_negative: float
    net_if_positive: float

    @property
    def unsure_share(self) -> float:
        """Unsure ones over all, 0..1."""
        return self.counts.unsure / self.counts.total

    def mark(self, k: int = 1) -> Mark:
        """Word key of the net against 0; TOO_FEW also where over 30% are unsure."""
        if self.unsure_share > MOST_UNSURE:
            return Mark.TOO_FEW
        return word_key(
            self.net.interval(k), half_width=self.net.half_width(k), span=self.net.scale.span
        )


def sentiment_shares(
    counts: SentimentCounts,
    *,
    company_size: float,
    n_companies: int,
    minimum: int = MINIMUM_FOR_SHARES,
) -> SentimentShares:
    """Shares and net of the classified comments, with intervals by Kish's rule and z.

    `company_size` is the weighted company size of the comments. Raises TooFewAnswers under
    `minimum` classified comments (identified surveys may ask for 1).
    """
    n = counts.classified
    if n < max(minimum, 1):
        raise TooFewAnswers(n, max(minimum, 1))
    negative, mixed, neutral, positive = (
        share_of_count(count, n, company_size=company_size)
        for count in (counts.negative, counts.mixed, counts.neutral, counts.positive)
    )
    return SentimentShares(
        counts=counts,
        negative=negative,
        mixed=mixed,
        neutral=neutral,
        positive=positive,
        net=_net(counts, company_size=company_size, n_companies=n_companies),
        net_if_negative=_net_of_all(counts, unsure_sign=-1),
        net_if_positive=_net_of_all(counts, unsure_sign=1),
    )


def _net(counts: SentimentCounts, *, company_size: float, n_companies: int) -> Estimate:
    n = counts.classified
    mean = (counts.positive - counts.negative) / n
    spread = (counts.positive + counts.negative) / n - mean**2
    value, centre, variance = net_estimate(mean, spread=spread, size=n / kish_effect(company_size))
    return Estimate(value, centre, variance, math.inf, NPS, n, n_companies)


def _net_of_all(counts: SentimentCounts, *, unsure_sign: int) -> float:
    net = counts.positive - counts.negative + unsure_sign * counts.unsure
    return 100 * net / counts.total


@dataclass(frozen=True, slots=True)
class DriverMentions:
    """How many comments touch a driver (these shares may sum to more than 1), and how they speak
    of it; `polarity` is None where too few do."""

    share: Share
    counts: SentimentCounts
    polarity: SentimentShares | None


def driver_mentions(
    mentions: Mapping[str, SentimentCounts],
    *,
    n_comments: int,
    company_size: float,
    n_companies: int,
    minimum: int = MINIMUM_FOR_SHARES,
) -> dict[str, DriverMentions]:
    """Mentions of each driver among all comments, in the order given.

    Raises TooFewAnswers if there are no comments.
    """
    return {
        driver: DriverMentions(
            share=share_of_count(counts.total, n_comments, company_size=company_size),
            counts=counts,
            polarity=_polarity(
                counts, company_size=company_size, n_companies=n_companies, minimum=minimum
            ),
        )
        for driver, counts in mentions.items()
    }


def _polarity(
    counts: SentimentCounts, *, company_size: float, n_companies: int, minimum: int
) -> SentimentShares | None:
    try:
        return sentiment_shares(
            counts, company_size=company_size, n_companies=n_companies, minimum=minimum
        )
    except TooFewAnswers:
        return None
