"""The order of a questionnaire that two audiences share: one row a question. Pure.

Each audience has its own positions; a person who edits sees and moves one row for both. What a
question is, and whether an order keeps to the method, is judged by the question bank.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Row = TypeVar("Row")


def merged_codes(partner: Mapping[str, int], internal: Mapping[str, int]) -> list[str]:
    """Codes of both audiences in one order; the values are positions.

    Where both count the rows alike, by position. Else in the partners' order, and what only staff
    are asked follows the question before it.
    """
    both = partner.keys() & internal.keys()
    free = [partner[code] for code in partner.keys() - both]
    free += [internal[code] for code in internal.keys() - both]
    taken = {partner[code] for code in both}
    is_shared = all(partner[code] == internal[code] for code in both)
    if is_shared and len({*free, *taken}) == len(free) + len(both):
        places = {**partner, **internal}
        return sorted(places, key=lambda code: places[code])
    return _inserted(_sorted(partner), _sorted(internal))


def moved(rows: Sequence[Row], place: int, *, by: int) -> list[Row]:
    """The rows with one of them moved up (negative) or down, as far as there is room."""
    rest = [*rows[:place], *rows[place + 1 :]]
    goal = min(max(place + by, 0), len(rest))
    return [*rest[:goal], rows[place], *rest[goal:]]


def _sorted(positions: Mapping[str, int]) -> list[str]:
    return sorted(positions, key=lambda code: positions[code])


def _inserted(partner: Sequence[str], internal: Sequence[str]) -> list[str]:
    order = list(partner)
    place = -1
    for code in internal:
        if code in partner:
            place = order.index(code)
        else:
            place += 1
            order.insert(place, code)
    return order
