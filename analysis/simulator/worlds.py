"""Sizes and worlds: how much is simulated, and how hard the exits are to see.

The numbers ran in a prototype against the radar and the statistics; change them only together
with the recovery table. Source: method of the simulator, sections 4 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

DEFAULT_UNTIL = 2025
"""The last of the two simulated years when nobody names one; constant, so bytes stay equal."""

EVENT_QUARTER_MONTHS = 3
"""Hazards and slopes are stated a quarterly wave; monthly waves take a third of them."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is.

    `eagerness` is added to everybody's logit of answering: twenty monthly waves lose as many
    people as eight quarterly ones, so without it they would bring 0.8 million responses.
    `response_goal`: the last wave stays open and stops at this many partner responses in all.
    `is_streamed`: runs are made again at each reading instead of being kept.
    """

    name: str
    companies: int
    staff: int
    waves: int = 8
    months_between_waves: int = EVENT_QUARTER_MONTHS
    eagerness: float = 0.0
    response_goal: int | None = None
    is_streamed: bool = False

    @property
    def quarters_a_wave(self) -> float:
        """Length of one wave in quarters: 1, or a third."""
        return self.months_between_waves / EVENT_QUARTER_MONTHS

    @property
    def rhythm(self) -> Size:
        """The same waves for nobody: what the planted values hang on."""
        return replace(self, name="", companies=0, staff=0, response_goal=None)


@dataclass(frozen=True, slots=True)
class World:
    """How partners leave.

    `exit_factor` multiplies the chance of leaving, `quiet_share` is the part of leavers that
    goes quiet, `quiet_step` what each quarterly wave takes from their logit of answering,
    `fade_depth` what a slow fade takes from the logarithm of orders in the end.
    """

    name: str
    exit_factor: float = 1.0
    quiet_share: float = 0.85
    quiet_step: float = 1.2
    fade_depth: float = 2.2


SIZES: dict[str, Size] = {
    size.name: size
    for size in (
        Size("small", 60, 30),
        Size("medium", 300, 45),
        Size(
            "large",
            25_000,
            400,
            waves=20,
            months_between_waves=1,
            eagerness=0.8,
            response_goal=1_000_000,
            is_streamed=True,
        ),
    )
}

WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        World("default"),
        World("hard", quiet_share=0.5, quiet_step=0.6, fade_depth=1.6),
        World("rare", exit_factor=0.4),
    )
}


def size_of(size: str | tuple[int, int]) -> Size:
    """A named size, or (companies, staff) with eight quarterly waves.

    Raises ValueError for an unknown name or numbers under 1.
    """
    if isinstance(size, str):
        if size not in SIZES:
            raise ValueError(f"unknown size {size!r}, known: {', '.join(SIZES)}")
        return SIZES[size]
    companies, staff = size
    if companies < 1 or staff < 1:
        raise ValueError(f"companies and staff must be 1 or more, not {companies} and {staff}")
    return Size(f"{companies}x{staff}", companies, staff)


def world_of(name: str) -> World:
    """A named world; raises ValueError for an unknown name."""
    if name not in WORLDS:
        raise ValueError(f"unknown world {name!r}, known: {', '.join(WORLDS)}")
    return WORLDS[name]
