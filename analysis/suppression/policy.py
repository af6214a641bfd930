"""The thresholds a survey was launched with. Decides nothing itself; the rules read it."""

from __future__ import annotations

from dataclasses import dataclass, replace

FLOOR_PEOPLE = 4
FLOOR_COMPANIES = 3
CEILING_SHARE_PCT = 50
FLOOR_COMMENTS = 8
FLOOR_INVITED_STAFF = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a group must fulfil before anything about it is shown.

    A group needs at least `min_people` answers from `min_companies` companies, none of which gave
    more than `max_share_pct` per cent of them. Two waves are compared safely when their difference
    is such a group, or when at least `min_repeaters` people would have had to repeat their answer;
    `is_strict` grants nobody that exemption. `min_invited` is the smallest audience that gets
    results at all.

    Raises ValueError where a threshold is laxer than the promise made to every respondent. One
    company with the whole share is the pair of values that switches both company rules off.
    Source: method of confidentiality, sections 1 to 4.
    """

    min_people: int = 5
    min_companies: int = FLOOR_COMPANIES
    max_share_pct: int = CEILING_SHARE_PCT
    min_comments: int = FLOOR_COMMENTS
    min_repeaters: int = 20
    is_strict: bool = False
    min_invited: int = 0

    def __post_init__(self) -> None:
        if self.min_people < FLOOR_PEOPLE:
            raise ValueError(f"min_people is {self.min_people}, at least {FLOOR_PEOPLE} is needed")
        if self.min_comments < FLOOR_COMMENTS:
            raise ValueError(f"min_comments is {self.min_comments}, not under {FLOOR_COMMENTS}")
        if self.min_repeaters < 1:
            raise ValueError(f"min_repeaters is {self.min_repeaters}, at least 1 is needed")
        if (self.min_companies, self.max_share_pct) == (1, 100):
            return
        if self.min_companies < FLOOR_COMPANIES:
            raise ValueError(f"min_companies is {self.min_companies}, not under {FLOOR_COMPANIES}")
        if not 1 <= self.max_share_pct <= CEILING_SHARE_PCT:
            raise ValueError(f"max_share_pct is {self.max_share_pct}, not 1..{CEILING_SHARE_PCT}")


def for_staff(policy: Policy) -> Policy:
    """The same thresholds for the vendor's own people: no companies, at least eight invited."""
    return replace(policy, min_companies=1, max_share_pct=100, min_invited=FLOOR_INVITED_STAFF)


def for_comments(policy: Policy) -> Policy:
    """The thresholds of a list of comments, which needs more people than a mean."""
    return replace(policy, min_people=policy.min_comments)


def for_shares(policy: Policy, *, min_answers: int) -> Policy:
    """The thresholds of a distribution, which says more about each answer than a mean."""
    return replace(policy, min_people=max(policy.min_people, min_answers))
