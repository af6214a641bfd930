"""'Could this expose someone?': what a survey's rows will look like, asked before its launch.

From invited contacts only. Random people answer, many times over, and `publish_wave` decides each
time. After the launch nobody may ask this, since the reasons carry the sizes of hidden groups.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from analysis.suppression.people import Frame, bit_set, positions_of
from analysis.suppression.policy import Policy
from analysis.suppression.rollup import publish_wave
from analysis.suppression.rows import TOTAL, Code, PublishedRows, Reason, RowKey, Term

RATES_PCT = (20, 40, 60)
N_DRAWS = 200
USUALLY_PCT = 80
"""A row is usually shown if it is in at least so many of a hundred draws, never if in none."""

Frequency = Literal["usually", "sometimes", "never"]


@dataclass(frozen=True, slots=True)
class RowExposure:
    """How often a row is shown by itself at one response rate, and the commonest reason if not.

    `joined_pct` is how often it is shown as a part of 'Other'.
    """

    key: RowKey
    rate_pct: int
    frequency: Frequency
    shown_pct: float
    joined_pct: float
    reason: Reason | None


def check_exposure(
    frame: Frame,
    policy: Policy,
    *,
    seed: int,
    rates_pct: Sequence[int] = RATES_PCT,
    n_draws: int = N_DRAWS,
) -> list[RowExposure]:
    """How often the total and each value of each dimension are shown, at each response rate.

    `frame` holds the invited. The same seed gives the same result, whatever the order of people.
    Source: method of confidentiality, section 7.
    """
    return [
        exposure
        for rate in rates_pct
        for exposure in _at_rate(frame, policy, rate, list(_draws(frame, rate, seed, n_draws)))
    ]


def _draws(frame: Frame, rate_pct: int, seed: int, n_draws: int) -> Iterator[int]:
    order = positions_of(frame.everyone)
    order.sort(key=lambda position: repr(frame.people.key_of(position)))
    for draw in range(n_draws):
        digest = hashlib.sha256(f"{seed}/{rate_pct}/{draw}".encode()).digest()
        stream = Random(int.from_bytes(digest[:8], "big"))  # noqa: S311 - dice, not secrets
        yield bit_set(p for p in order if 100 * stream.random() < rate_pct)


class _Tally:
    """What became of one row in all draws."""

    def __init__(self) -> None:
        self.shown = 0
        self.joined = 0
        self._reasons: dict[tuple[Code, tuple[Term, ...]], list[Reason]] = {}

    def add_reason(self, reason: Reason) -> None:
        self._reasons.setdefault((reason.code, reason.terms), []).append(reason)

    @property
    def reason(self) -> Reason | None:
        """The commonest reason, with the group of middle size where sizes differ."""
        alike = max(self._reasons.values(), key=lambda each: (len(each), repr(each[0])), default=[])
        by_size = sorted(alike, key=lambda each: (each.n_people, each.n_companies))
        return by_size[len(by_size) // 2] if by_size else None


def _at_rate(
    frame: Frame, policy: Policy, rate_pct: int, draws: Sequence[int]
) -> Iterator[RowExposure]:
    values = [(each.name, value) for each in frame.dimensions for value in frame.values[each.name]]
    tallies = {
        key: _Tally() for key in [TOTAL, *(RowKey(name, (value,)) for name, value in values)]
    }
    for present in draws:
        rows = publish_wave(frame, policy, present=present)
        names = {row.key for row in rows}
        for key, tally in tallies.items():
            _count(key, rows, names, tally)
    for key, tally in tallies.items():
        yield _exposure(key, rate_pct, tally, len(draws))


def _count(key: RowKey, rows: PublishedRows, names: set[RowKey], tally: _Tally) -> None:
    if key in names:
        tally.shown += 1
        return
    merged = rows.merged.get((key.dimension, key.members[0])) if key.members else None
    dropped = rows.dropped.get(key.dimension)
    if merged is not None and dropped is None:
        tally.joined += 1
    reason = dropped or merged or rows.refused
    if reason is not None:
        tally.add_reason(reason)


def _exposure(key: RowKey, rate_pct: int, tally: _Tally, n_draws: int) -> RowExposure:
    shown_pct = 100 * tally.shown / n_draws
    frequency: Frequency = "sometimes" if tally.shown else "never"
    return RowExposure(
        key=key,
        rate_pct=rate_pct,
        frequency="usually" if shown_pct >= USUALLY_PCT else frequency,
        shown_pct=shown_pct,
        joined_pct=100 * tally.joined / n_draws,
        reason=tally.reason,
    )
