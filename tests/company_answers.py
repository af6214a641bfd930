"""Answers of partner companies for tests of the statistics: cells from them, and strategies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence

from hypothesis import settings
from hypothesis import strategies as st

from analysis.stats import (
    AnswerCells,
    Estimate,
    LinkCell,
    PairCell,
    Sample,
    SizeCell,
    driver_score,
)

Companies = Sequence[Sequence[int]]


def by_company(
    firms: Sequence[Hashable], answers: Sequence[int | None]
) -> dict[Hashable, list[int]]:
    """Scored answers of each company; 'don't know' is None."""
    companies: defaultdict[Hashable, list[int]] = defaultdict(list)
    for firm, answer in zip(firms, answers, strict=True):
        if answer is not None:
            companies[firm].append(answer)
    return dict(companies)


def size_cells(companies: Companies) -> list[SizeCell]:
    totals: defaultdict[int, list[int]] = defaultdict(list)
    for answers in companies:
        totals[len(answers)].append(sum(answers))
    return [
        SizeCell(m=m, g=len(sums), s=sum(sums), q=sum(total * total for total in sums))
        for m, sums in sorted(totals.items())
    ]


def histogram_of(companies: Companies) -> Counter[int]:
    return Counter(answer for answers in companies for answer in answers)


def cells_of(companies: Companies, *, dont_know: int = 0) -> AnswerCells:
    return AnswerCells(histogram_of(companies), dont_know, sizes=size_cells(companies))


def sample_of(companies: Companies) -> Sample:
    return cells_of(companies).sample()


def score_of(companies: Companies) -> Estimate:
    return driver_score(sample_of(companies))


def staff_score(answers: Sequence[int]) -> Estimate:
    return driver_score(Sample.of_people(Counter(answers)))


def signs_of(companies: Companies) -> list[list[int]]:
    return [[(answer >= 9) - (answer <= 6) for answer in answers] for answers in companies]


def link_cell(
    earlier: Mapping[Hashable, Sequence[int]], later: Mapping[Hashable, Sequence[int]]
) -> LinkCell:
    both = [(earlier[firm], later[firm]) for firm in earlier if firm in later]
    return LinkCell(
        mm=sum(len(old) * len(new) for old, new in both),
        ms=sum(len(old) * sum(new) for old, new in both),
        sm=sum(sum(old) * len(new) for old, new in both),
        ss=sum(sum(old) * sum(new) for old, new in both),
    )


def pair_cell(xs: Sequence[int | None], ys: Sequence[int | None]) -> PairCell:
    pairs = [(x, y) for x, y in zip(xs, ys, strict=True) if x is not None and y is not None]
    return PairCell(
        n=len(pairs),
        x=sum(x for x, _ in pairs),
        y=sum(y for _, y in pairs),
        xx=sum(x * x for x, _ in pairs),
        yy=sum(y * y for _, y in pairs),
        xy=sum(x * y for x, y in pairs),
    )


def companies(lowest: int = 1, highest: int = 5) -> st.SearchStrategy[list[list[int]]]:
    """Two to twelve companies of one to six answers; whole companies may agree."""
    answer = st.integers(lowest, highest)
    company = st.one_of(
        st.lists(answer, min_size=1, max_size=6),
        st.builds(lambda value, size: [value] * size, answer, st.integers(1, 6)),
    )
    return st.lists(company, min_size=2, max_size=12)


def people(lowest: int = 1, highest: int = 5) -> st.SearchStrategy[list[int]]:
    """Two to thirty answers of staff."""
    return st.lists(st.integers(lowest, highest), min_size=2, max_size=30)


def partner_scores() -> st.SearchStrategy[Estimate]:
    return companies().map(score_of)


def staff_scores() -> st.SearchStrategy[Estimate]:
    return people().map(staff_score)


comparisons = st.integers(1, 60)

unhurried = settings(deadline=None)
"""These laws are not about time, and a busy machine may pause for longer than an example takes."""
