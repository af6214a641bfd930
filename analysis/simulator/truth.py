"""The truth planted in a simulated workspace: what the product must find again.

Never shown in a page and never stored beside the rows; `pulse demo --truth FILE` writes it as
JSON, and tests and benchmarks compare with it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from analysis.simulator.rows import Label, Mention, Mode

ExitKind = Literal["slow_fade", "sudden_stop", "narrowing"]
LookAlikeKind = Literal["busy", "mail_domain", "lost_customer"]


@dataclass(frozen=True, slots=True)
class PlantedScore:
    """Planted scores (0..100) of one driver in one wave and segment.

    `likely` is the mean that those likely to answer would give, `everyone` the mean of all
    contacts; `staff` is what staff believe of all partners; `gap` = `likely` - `staff` (for
    segments, too, against the belief of all staff). `segment` is "all" or a partner type: no
    other dimension changes what is answered.
    """

    wave: int
    driver: str
    segment: str
    likely: float
    everyone: float
    staff: float
    gap: float


@dataclass(frozen=True, slots=True)
class PlantedRecommendation:
    """NPS (-100..100) and mean (0..10) planted in one wave, of likely answerers and of staff."""

    wave: int
    partners_nps: float
    staff_nps: float
    partners_mean: float
    staff_mean: float


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Something that resembles an exit and is none, in waves or (lost customer) months."""

    kind: LookAlikeKind
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PlantedCompany:
    """What was planted in one partner.

    `satisfaction` has mean 0 and deviation 1. For an exit, `turned_away_month` is when the
    partner turned away (D), `last_order_month` its last order (L); both count from month 0 and
    may lie outside the waves. `goes_quiet` is False for those who stay polite to the end.
    """

    partner_id: str
    satisfaction: float
    exit_kind: ExitKind | None
    turned_away_month: int | None
    last_order_month: int | None
    goes_quiet: bool
    look_alikes: tuple[LookAlike, ...]


@dataclass(frozen=True, slots=True)
class PlantedAction:
    """The effect of an action: `latent_shift` of the answers, `effect` on the score 0..100."""

    key: str
    driver: str
    partner_type: str
    from_wave: int
    latent_shift: float
    effect: float


@dataclass(frozen=True, slots=True)
class PlantedComment:
    """The label of one comment; wave and contact find the row."""

    wave: int
    contact_id: str
    label: Label
    mentions: tuple[Mention, ...]
    quiet_exit: bool


@dataclass(frozen=True, slots=True)
class WaveCounts:
    """How many of each there are in one wave; `delivered` = `invited` - `bounced`.

    `companies` counts partners with a response.
    """

    wave: int
    invited: int
    bounced: int
    delivered: int
    answered: int
    broke_off: int
    opted_out: int
    companies: int
    comments: int
    staff_invited: int
    staff_answered: int


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals of the rows; `contacts` are those known at the start, without successors."""

    companies: int
    contacts: int
    successors: int
    staff: int
    order_months: int
    order_rows: int
    exits: int


@dataclass(frozen=True, slots=True)
class Truth:
    """All that was planted. `first_month` is month 0 as "YYYY-01".

    `driver_strengths` says by how many points of the recommendation (0..10) one answer step of
    the driver moves it, `satisfaction_strength` the same per deviation of satisfaction.
    `comments` and `waves` are filled for workspaces that are kept in memory; of `large` each
    run carries its own comments with their labels, and `waves` is empty.
    """

    seed: int
    world: str
    size: str
    mode: Mode
    first_month: str
    scores: tuple[PlantedScore, ...]
    recommendations: tuple[PlantedRecommendation, ...]
    driver_strengths: tuple[float, ...]
    satisfaction_strength: float
    companies: tuple[PlantedCompany, ...]
    actions: tuple[PlantedAction, ...]
    comments: tuple[PlantedComment, ...]
    waves: tuple[WaveCounts, ...]
    counts: Counts

    def to_json(self) -> str:
        """One JSON object, keys sorted, equal truth giving equal bytes."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
