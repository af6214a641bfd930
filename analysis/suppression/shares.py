"""Shares of answers by class, histograms and correlations: they need more answers than a mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from analysis.suppression.hiding import Hiding
from analysis.suppression.policy import Policy, for_shares
from analysis.suppression.question import Answers, crowd_of, cut_rows
from analysis.suppression.rows import PublishedRows, Row, RowKey, Verdict
from analysis.suppression.unanimity import Sums

MIN_SHARE_ANSWERS = 10
MIN_HISTOGRAM_ANSWERS = 30
MIN_HISTOGRAM_COMPANIES = 10


@dataclass(frozen=True, slots=True)
class Share:
    """What is printed for one class: its count, '<= 1 of n', '>= n-1 of n', or nothing."""

    state: Literal["exact", "at_most_one", "all_but_one", "blank"]
    count: int | None = None


def publish_shares(
    rows: PublishedRows,
    answers: Answers,
    policy: Policy,
    *,
    verdicts: Mapping[RowKey, Verdict],
    counts: Mapping[RowKey, Sequence[int]],
) -> dict[RowKey, tuple[Share, ...]]:
    """The shares that may be printed beside exact means, by row; other rows have none.

    `counts` are answers by class (unfavourable, neutral, favourable, or positive, mixed, negative)
    of each row. A row needs ten answers, and so does each group that follows by sums and
    differences. A class of nobody or one, or of all or all but one, is printed as a bound; what
    is printed exactly elsewhere must not give it away.
    Source: method of confidentiality, section 2 (shares).
    """
    crowd = crowd_of(rows, answers, for_shares(policy, min_answers=MIN_SHARE_ANSWERS))
    shown = [row for row in cut_rows(rows, answers, crowd) if verdicts[row.key].state == "exact"]
    if not shown:
        return {}
    hiding = Hiding(shown, crowd, sums=_series(shown, counts))
    hiding.settle()
    return {
        row.key: _shares(row, counts[row.key])
        for row in shown
        if row.key in hiding.exact or hiding.states[row.key][0] == "bound"
    }


def _series(rows: Sequence[Row], counts: Mapping[RowKey, Sequence[int]]) -> list[Sums]:
    n_classes = len(counts[rows[0].key])
    return [
        Sums({row.key: counts[row.key][place] for row in rows}, n_steps=1, slack=1)
        for place in range(n_classes)
    ]


def _shares(row: Row, counts: Sequence[int]) -> tuple[Share, ...]:
    if all(1 < count < row.n - 1 for count in counts):
        return tuple(Share("exact", count) for count in counts)
    return tuple(_bounded(count, row.n) for count in counts)


def _bounded(count: int, n: int) -> Share:
    if count <= 1:
        return Share("at_most_one")
    return Share("all_but_one" if count >= n - 1 else "blank")


def may_show_histogram(shares: Sequence[Share] | None, n_companies: int) -> bool:
    """True if the wave total may be shown by each answer option.

    `shares` are the total's own, None if it has none: a histogram tells them too, so they must be
    exact. `n_companies` are those that surely answered. Segments never have a full histogram.
    Source: method of confidentiality, section 2.
    """
    counts = [share.count for share in shares or () if share.count is not None]
    is_exact = bool(shares) and len(counts) == len(shares or ())
    is_large = sum(counts) >= MIN_HISTOGRAM_ANSWERS and n_companies >= MIN_HISTOGRAM_COMPANIES
    return is_exact and is_large


def sure_companies(n: int, marks_by_company: Iterable[int]) -> int:
    """How many companies surely gave `n` answers, when only those who took part are known."""
    found = 0
    for marks in sorted(marks_by_company, reverse=True):
        if n <= 0:
            break
        n -= marks
        found += 1
    return found


def may_show_correlation(total: Verdict) -> bool:
    """True if a correlation of the wave total may be shown, to one decimal."""
    return total.state == "exact" and total.n is not None and total.n >= MIN_HISTOGRAM_ANSWERS
