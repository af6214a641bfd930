"""Hypothesis strategies: waves of a partner survey with skewed segments and companies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from analysis.suppression import (
    TOTAL,
    Answers,
    Dimension,
    Frame,
    Participant,
    People,
    PublishedRows,
    RowKey,
    Sums,
    build_frame,
)

TIER, REGION = Dimension("tier", ("tier",)), Dimension("region", ("region",))
TABLE = Dimension("tier x region", ("tier", "region"))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody drawn: who, where from, and what they answer in steps above the lowest (or not)."""

    key: int
    company: int
    tier: str
    region: str
    steps: int | None

    @property
    def participant(self) -> Participant:
        """As the engine wants it."""
        return Participant(self.key, self.company, {"tier": self.tier, "region": self.region})


_SKEWED = {"tier": "GGGGSSSBBN", "region": "NNNNSSSW"}


@st.composite
def waves(
    draw: st.DrawFn, *, min_size: int = 12, max_size: int = 45, may_skip: bool = True
) -> list[Person]:
    """The people of one wave, up to a few of a company; some answer 'don't know'."""
    stream = draw(st.randoms(use_true_random=False))
    n_companies = draw(st.integers(4, 30))
    end = draw(st.sampled_from([(0, 4), (0, 4), (0, 1), (3, 4)]))
    return [
        Person(
            key=number,
            company=stream.randrange(n_companies),
            tier=stream.choice(_SKEWED["tier"]),
            region=stream.choice(_SKEWED["region"]),
            steps=None if may_skip and stream.random() < 0.08 else stream.randint(*end),
        )
        for number in range(draw(st.integers(min_size, max_size)))
    ]


def frame_of(wave: Sequence[Person], *dimensions: Dimension, people: People | None = None) -> Frame:
    """The wave as a frame, by default with both columns and their table."""
    participants = [person.participant for person in wave]
    return build_frame(participants, dimensions or (TIER, REGION, TABLE), people=people)


def answers_of(wave: Sequence[Person], frame: Frame, rows: PublishedRows) -> Answers:
    """What the people of the wave answered, by published row."""
    answered = [person for person in wave if person.steps is not None]
    sums = {
        row.key: sum(p.steps or 0 for p in answered if row.key == TOTAL or belongs(p, row.key))
        for row in rows
    }
    return Answers(frame.people.bits(person.key for person in answered), Sums(sums, 4))


def belongs(person: Person, key: RowKey) -> bool:
    """True if the person is in the row."""
    value = {
        "tier": (person.tier,),
        "region": (person.region,),
        "tier x region": (person.tier, person.region),
    }[key.dimension]
    return value in key.members
