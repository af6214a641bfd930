"""The primary rule: may a group of answers be shown, looked at alone?"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.suppression.people import People
from analysis.suppression.policy import Policy
from analysis.suppression.rows import Fault, Reason, Row, Term


def group_fault(n: int, companies: Sequence[int], *, policy: Policy) -> Fault | None:
    """What a group of `n` answers breaks, or None if it may be shown.

    `companies` are the people of each company who can be among them, largest first. Where that is
    not known for answers, the marks of participation are given instead and the group passes only if
    it surely does: more answers than the largest `min_companies` - 1 companies can have given, and
    no company with marks for more than its share.
    Source: method of confidentiality, sections 3 and 5.3.
    """
    if n < policy.min_people:
        return "few_people"
    if policy.min_companies > 1 and n <= sum(companies[: policy.min_companies - 1]):
        return "few_companies"
    if policy.max_share_pct < 100 and 100 * companies[0] > policy.max_share_pct * n:
        return "large_share"
    return None


class Crowd:
    """The people behind one set of rows, and whether a group among them may be shown.

    `counted` marks as many people as there are answers where it is unknown who gave them; without
    it everybody in `everyone` has answered.
    """

    __slots__ = ("_counted", "everyone", "people", "policy", "sure", "sure_doubled")

    def __init__(
        self, people: People, policy: Policy, *, everyone: int, counted: int | None = None
    ) -> None:
        self.people = people
        self.policy = policy
        self._counted = counted
        sizes = people.sizes(everyone)
        few = sum(sizes[: policy.min_companies - 1])
        largest = sizes[0] if sizes and policy.max_share_pct < 100 else 0
        least = max(policy.min_people, few + 1)
        self.everyone = everyone
        self.sure = max(least, -(-100 * largest // policy.max_share_pct))
        """Every group of this many answers may be shown, if nobody counts twice."""
        self.sure_doubled = max(least, -(-2 * 100 * largest // policy.max_share_pct))
        """The same where some may count twice."""

    @property
    def knows_companies(self) -> bool:
        """True when each answer's company is known, not only who took part."""
        return self._counted is None

    def size(self, bits: int) -> int:
        """Answers of these people."""
        return (bits if self._counted is None else bits & self._counted).bit_count()

    def fault(self, bits: int, doubled: int = 0) -> Fault | None:
        """What the group breaks; people in `doubled` weigh twice in their company's share."""
        n = self.size(bits)
        if n >= (self.sure_doubled if doubled else self.sure):
            return None
        found = group_fault(n, self.people.sizes(bits), policy=self.policy)
        if found is None and doubled and self.policy.max_share_pct < 100:
            weights = self.people.weights(bits, doubled)
            total = n + self.size(doubled)
            found = "large_share" if 100 * weights[0] > self.policy.max_share_pct * total else None
        return found

    def is_small(self, bits: int) -> bool:
        """True when these people are too few, or of too few companies; shares play no part."""
        few = self.policy.min_companies - 1
        return bits.bit_count() < self.policy.min_people or self.people.are_of_few(bits, few)

    def n_companies(self, bits: int) -> int:
        """How many companies these people belong to."""
        return len(self.people.sizes(bits))

    def reason(self, row: Row) -> Reason | None:
        """The row's own fault with its figures, or None."""
        fault = self.fault(row.bits)
        if fault is None:
            return None
        return Reason(fault, (Term(1, row.key),), row.n, self.n_companies(row.bits))
