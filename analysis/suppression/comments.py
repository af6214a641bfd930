"""Which lists of comments may be read, and in which order."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field

from analysis.suppression.policy import Policy, for_comments
from analysis.suppression.primary import group_fault


@dataclass(frozen=True, slots=True)
class Pool:
    """Comments of one driver: how many, and how many each company wrote.

    In anonymous surveys `by_company` holds the people of each company who took part instead, since
    each may have written. `n_authors` is None where authors are unknown. Comments whose author
    agreed to have the firm named are shown apart and are no part of a pool.
    """

    n: int
    by_company: Mapping[Hashable, int] = field(default_factory=dict)
    n_authors: int | None = None


@dataclass(frozen=True, slots=True)
class CommentLists:
    """The lists that may be read: the wave's own, and those of single drivers."""

    has_wave: bool
    drivers: frozenset[str]


def publish_comments(pools: Mapping[str, Pool], policy: Policy) -> CommentLists:
    """Which comments of a wave may be read: all together, and by driver.

    A list needs `min_comments` comments from enough companies, none with more than its share. The
    comments of drivers without a list are what the wave's list has more; they must be as many and
    as mixed, or none, so the shortest lists go until that holds.
    Source: method of confidentiality, section 2 (comments).
    """
    if _fails(joined(pools.values()), policy):
        return CommentLists(has_wave=False, drivers=frozenset())
    shown = {name for name, pool in pools.items() if not _fails(pool, policy)}
    while shown and _rest_fails(
        [pool for name, pool in pools.items() if name not in shown], policy
    ):
        shown.remove(min(shown, key=lambda name: (pools[name].n, name)))
    return CommentLists(has_wave=True, drivers=frozenset(shown))


def _rest_fails(hidden: Iterable[Pool], policy: Policy) -> bool:
    rest = joined(hidden)
    return rest.n > 0 and _fails(rest, policy)


def _fails(pool: Pool, policy: Policy) -> bool:
    if pool.n_authors is not None and pool.n_authors < policy.min_people:
        return True
    sizes = sorted(pool.by_company.values(), reverse=True)
    return group_fault(pool.n, sizes, policy=for_comments(policy)) is not None


def joined(pools: Iterable[Pool]) -> Pool:
    """All comments of several pools.

    One person may have written in each, so only the largest number of authors is sure.
    """
    listed = list(pools)
    companies: Counter[Hashable] = Counter()
    for pool in listed:
        companies.update(pool.by_company)
    known = [pool.n_authors for pool in listed if pool.n_authors is not None]
    return Pool(sum(pool.n for pool in listed), companies, max(known) if known else None)


def comment_rank(wave_secret: bytes, comment_id: bytes) -> bytes:
    """Where a comment stands in every list: an order that tells neither time nor author."""
    return hmac.new(wave_secret, comment_id, hashlib.sha256).digest()
