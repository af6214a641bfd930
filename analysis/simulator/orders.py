"""What each partner orders, month by month, and how an exit shows in it.

Kept compact (one number and one bit mask a month), because orders of 25,000 companies must fit
in memory; `order_rows` writes them out.
Source: method of the simulator, section 4.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, log

from analysis.simulator.companies import TYPE_SHARES, CompanyPlan, Exit
from analysis.simulator.randomness import Dice, normal, stream, uniform_int
from analysis.simulator.rows import PRODUCT_LINES, Order, PartnerType, SizeBand
from analysis.simulator.timeline import FIRST_ORDER_MONTH, LAST_PLANTED_MONTH, LAST_SEEN_MONTH
from analysis.simulator.worlds import World

MONTHS = range(FIRST_ORDER_MONTH, LAST_PLANTED_MONTH + 1)

_LN_BASE = 10.0
_LN_BAND: dict[SizeBand, float] = {"micro": -1.2, "small": -0.4, "medium": 0.5, "large": 1.4}
_LN_SEASON = (-0.15, -0.08, 0.02, 0.0, 0.02, 0.05, -0.12, -0.15, 0.05, 0.05, 0.10, 0.25)
_LN_NOISE: dict[PartnerType, float] = {
    "reseller": 0.25,
    "integrator": 0.45,
    "msp": 0.15,
    "distributor": 0.20,
}
_SLOPE_SD = 0.008
_MARKET_STEP = 0.03
_MARKET_DIP = -0.30
_DIP_MONTHS = 6
_DIP_START = (3, 18)

_FREQUENCY: dict[PartnerType, float] = {
    "reseller": 0.95,
    "integrator": 0.70,
    "msp": 0.97,
    "distributor": 1.0,
}
_BAND_FREQUENCY: dict[SizeBand, float] = {"micro": 0.85, "small": 0.95}

_LINES = (3, 9)
_LINE_CHANCE = (0.35, 0.95)

_FADE_POWER = 0.75
_FADE_FREQUENCY = 0.3
_NARROWING = 0.8
_LOST_CUSTOMER_LN = -0.8
_LOST_CUSTOMER_FREQUENCY = 0.8
_TURN_MONTHS = 2
"""Months after turning away before orders begin to show it."""


@dataclass(frozen=True, slots=True)
class ProductLine:
    """One line that a company buys: its place in `PRODUCT_LINES`, chance an order, weight."""

    number: int
    chance: float
    weight: float


@dataclass(frozen=True, slots=True)
class OrderBook:
    """All orders of one company from the first planted month to the last.

    `cents[i]` is the amount of month `MONTHS[i]` (0: no order), `masks[i]` has one bit for each
    of the company's `lines` that is in it.
    """

    lines: tuple[ProductLine, ...]
    cents: array[int]
    masks: array[int]

    def total_cents(self, first_month: int, last_month: int) -> int:
        """Sum of the months, both included."""
        return sum(self.cents[first_month - MONTHS.start : last_month - MONTHS.start + 1])


@dataclass(frozen=True, slots=True)
class _Month:
    """What an exit or a lost customer leaves of a usual month."""

    ln_shift: float = 0.0
    frequency: float = 1.0
    lines_share: float = 1.0
    is_certain: bool = False


_USUAL = _Month()
_OVER = _Month(frequency=0.0)


def market_paths(seed: int) -> dict[PartnerType, tuple[float, ...]]:
    """Logarithm of the market of each type over `MONTHS`: a random walk, one type with a dip."""
    dice = stream(seed, "market")
    types = tuple(TYPE_SHARES)
    dipping = types[int(dice() * len(types))]
    dip_start = uniform_int(dice, *_DIP_START)
    paths: dict[PartnerType, tuple[float, ...]] = {}
    for kind in types:
        level, path = 0.0, []
        for month in MONTHS:
            level += _MARKET_STEP * normal(dice)
            is_dip = kind == dipping and dip_start <= month < dip_start + _DIP_MONTHS
            path.append(level + (_MARKET_DIP if is_dip else 0.0))
        paths[kind] = tuple(path)
    return paths


def order_book(
    seed: int, plan: CompanyPlan, *, world: World, market: dict[PartnerType, tuple[float, ...]]
) -> OrderBook:
    """Draws all orders of one company."""
    dice = stream(seed, f"orders/{plan.index}")
    lines = _draw_lines(dice)
    ln_base = _LN_BASE + normal(dice) + _LN_BAND[plan.size_band]
    slope = _SLOPE_SD * normal(dice)
    noise = _LN_NOISE[plan.partner_type]
    frequency = _FREQUENCY[plan.partner_type] * _BAND_FREQUENCY.get(plan.size_band, 1.0)
    is_steady = plan.exit is None and not plan.look_alikes
    cents, masks = array("q"), array("H")
    for month, market_ln in zip(MONTHS, market[plan.partner_type], strict=True):
        left = _USUAL if is_steady else _what_is_left(plan, month, world)
        # All draws are made in any case, so that an exit changes no other month.
        is_ordered = dice() < frequency * left.frequency or left.is_certain
        ln = ln_base + slope * month + _LN_SEASON[month % 12] + market_ln + noise * normal(dice)
        mask = _draw_mask(dice, lines, left.lines_share)
        cents.append(max(1, round(100 * exp(ln + left.ln_shift))) if is_ordered else 0)
        masks.append(mask if is_ordered else 0)
    return OrderBook(lines, cents, masks)


def order_rows(
    partner_id: str, book: OrderBook, *, months: Sequence[date], through: int = LAST_SEEN_MONTH
) -> Iterator[Order]:
    """One row for each line of each month up to `through`; `months[i]` is the day of `MONTHS[i]`.

    The amount of a month is split by the weights of its lines, to the cent.
    """
    for index in range(through - MONTHS.start + 1):
        total = book.cents[index]
        if not total:
            continue
        chosen = [line for bit, line in enumerate(book.lines) if book.masks[index] >> bit & 1]
        weights = sum(line.weight for line in chosen)
        left = total
        for line in chosen[1:]:
            part = int(total * line.weight / weights)
            left -= part
            yield Order(partner_id, months[index], PRODUCT_LINES[line.number], part)
        yield Order(partner_id, months[index], PRODUCT_LINES[chosen[0].number], left)


def count_rows(book: OrderBook, *, through: int = LAST_SEEN_MONTH) -> tuple[int, int]:
    """Months with an order, and rows, up to a month."""
    masks = book.masks[: through - MONTHS.start + 1]
    return sum(mask > 0 for mask in masks), sum(mask.bit_count() for mask in masks)


def _draw_lines(dice: Dice) -> tuple[ProductLine, ...]:
    numbers = list(range(len(PRODUCT_LINES)))
    lines = []
    low, high = _LINE_CHANCE
    for _ in range(uniform_int(dice, *_LINES)):
        number = numbers.pop(int(dice() * len(numbers)))
        lines.append(ProductLine(number, low + (high - low) * dice(), 0.5 + dice()))
    return tuple(lines)


def _draw_mask(dice: Dice, lines: tuple[ProductLine, ...], share: float) -> int:
    """Bits of the lines in one order; at least one."""
    mask, bit = 0, 1
    for line in lines:
        if dice() < line.chance:
            mask |= bit
        bit <<= 1
    if share < 1:
        mask &= (1 << max(1, round(len(lines) * share))) - 1
    return mask or 1


def _what_is_left(plan: CompanyPlan, month: int, world: World) -> _Month:
    if plan.exit is not None:
        return _left_by_exit(plan.exit, month, world)
    for event in plan.look_alikes:
        if event.kind == "lost_customer" and event.first <= month <= event.last:
            return _Month(_LOST_CUSTOMER_LN, _LOST_CUSTOMER_FREQUENCY)
    return _USUAL


def _left_by_exit(leaving: Exit, month: int, world: World) -> _Month:
    if month > leaving.last_order:
        return _OVER
    is_last = month == leaving.last_order
    begin = leaving.turned_away + _TURN_MONTHS
    share = max(0.0, (month - begin) / (leaving.last_order - begin))
    if leaving.kind == "slow_fade":
        depth = -world.fade_depth * share**_FADE_POWER
        return _Month(depth, 1 - _FADE_FREQUENCY * share, is_certain=is_last)
    if leaving.kind == "narrowing":
        kept = 1 - _NARROWING * share
        return _Month(_NARROWING * log(kept), lines_share=kept, is_certain=is_last)
    return _Month(is_certain=is_last)
