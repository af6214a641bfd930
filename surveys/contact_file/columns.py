"""Which column of a file is which field: matched by heading, else chosen by a person.

A column has a target: the name of a field, `attr_<name>` for an attribute, `skip`, or '' as long as
nobody has chosen. Two columns may not have one target. Targets are plain strings because they are
also the values of the form's choices and what is stored between upload and confirmation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from surveys.contact_file.headings import (
    CONTACT_HEADINGS,
    Catalogue,
    attribute_name,
    fold,
    is_attribute_heading,
    limesurvey_label,
)
from surveys.errors import SurveyError

SKIP = "skip"
UNDECIDED = ""
ATTRIBUTE_PREFIX = "attr_"
#: A choice for 'keep it as an attribute', which is then named after the heading.
ATTRIBUTE = "attribute"


class ColumnState(StrEnum):
    """How far the matching of a column is."""

    MATCHED = "matched"
    ATTRIBUTE = "attribute"
    SKIPPED = "skipped"
    NEEDS_CHOICE = "needs_choice"
    REPEATED = "repeated"


class UnknownTarget(ValueError):
    """A choice that no column of this kind of file can have; attribute `target`."""

    def __init__(self, target: str) -> None:
        super().__init__(f"no such field: {target}")
        self.target = target


class ColumnsMissing(SurveyError):
    """Rows cannot be read: attribute `groups` names fields, one of each group is needed."""

    def __init__(self, groups: tuple[tuple[str, ...], ...]) -> None:
        wanted = ", ".join(" or ".join(group) for group in groups)
        super().__init__(f"the file has no column for: {wanted}")
        self.groups = groups


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file; `position` counts from 0."""

    position: int
    heading: str
    target: str
    state: ColumnState


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """All columns of a file in their order."""

    columns: tuple[Column, ...]
    catalogue: Catalogue

    @property
    def targets(self) -> tuple[str, ...]:
        """The target of each column, in order; what is stored."""
        return tuple(column.target for column in self.columns)

    @property
    def missing(self) -> tuple[tuple[str, ...], ...]:
        """Groups of fields of which no column has any; one field of each group is needed."""
        present = set(self.targets)
        return tuple(group for group in self.catalogue.needed if present.isdisjoint(group))

    @property
    def open_columns(self) -> tuple[Column, ...]:
        """The columns that still need a person's choice."""
        is_open = {ColumnState.NEEDS_CHOICE, ColumnState.REPEATED}
        return tuple(column for column in self.columns if column.state in is_open)

    @property
    def is_complete(self) -> bool:
        """Whether rows can be read with it."""
        return not self.missing and not self.open_columns

    def heading_of(self, target: str) -> str | None:
        """The heading of the column that has this target."""
        return next((column.heading for column in self.columns if column.target == target), None)

    def refuse_incomplete(self) -> None:
        """Raise ColumnsMissing where a needed field has no column; open columns are no reason."""
        if self.missing:
            raise ColumnsMissing(self.missing)

    def choose(self, choices: Mapping[int, str]) -> "ColumnMapping":
        """The mapping with a person's choices, by position of the column.

        A choice is a target or ATTRIBUTE. Raises UnknownTarget.
        """
        targets = [
            self._target_of_choice(column, choices.get(column.position, column.target))
            for column in self.columns
        ]
        return _mapping([column.heading for column in self.columns], targets, self.catalogue)

    def with_open_columns_as(self, choice: str) -> "ColumnMapping":
        """The mapping with one choice (SKIP or ATTRIBUTE) for all that is still open."""
        return self.choose({column.position: choice for column in self.open_columns})

    def _target_of_choice(self, column: Column, choice: str) -> str:
        if choice in {SKIP, UNDECIDED} or choice in self.catalogue.field_names:
            return choice
        name = choice if choice.startswith(ATTRIBUTE_PREFIX) else ""
        if self.catalogue.takes_attributes and (name or choice == ATTRIBUTE):
            return _attribute_target(name or column.heading, column.position)
        raise UnknownTarget(choice)


def match_columns(
    header: Sequence[str], *, catalogue: Catalogue = CONTACT_HEADINGS
) -> ColumnMapping:
    """Match columns by heading. What is unknown needs a choice, or is skipped in an orders file."""
    targets = [_matched(heading, at, catalogue) for at, heading in enumerate(header)]
    return _mapping(header, targets, catalogue)


def _mapping(header: Sequence[str], targets: Sequence[str], catalogue: Catalogue) -> ColumnMapping:
    columns = tuple(
        Column(at, heading, target, _state(target, targets[:at]))
        for at, (heading, target) in enumerate(zip(header, targets, strict=True))
    )
    return ColumnMapping(columns, catalogue)


def _state(target: str, targets_before: Sequence[str]) -> ColumnState:
    if target == UNDECIDED:
        return ColumnState.NEEDS_CHOICE
    if target == SKIP:
        return ColumnState.SKIPPED
    if target in targets_before:
        return ColumnState.REPEATED
    is_attribute = target.startswith(ATTRIBUTE_PREFIX)
    return ColumnState.ATTRIBUTE if is_attribute else ColumnState.MATCHED


def _matched(heading: str, position: int, catalogue: Catalogue) -> str:
    known = _known_target(heading, catalogue)
    if known:
        return known
    if is_attribute_heading(heading) and catalogue.takes_attributes:
        return _attribute_target(heading, position)
    return UNDECIDED if catalogue.takes_attributes else SKIP


def _known_target(heading: str, catalogue: Catalogue) -> str | None:
    """The target of a heading that the catalogue has, by itself or as a label of LimeSurvey's."""
    folded = fold(limesurvey_label(heading) or heading)
    if not folded or folded in catalogue.ignored:
        return SKIP
    if folded in catalogue.fields:
        return catalogue.fields[folded]
    attribute = catalogue.attributes.get(folded)
    return ATTRIBUTE_PREFIX + attribute if attribute else None


def _attribute_target(heading: str, position: int) -> str:
    return ATTRIBUTE_PREFIX + (attribute_name(heading) or f"column_{position + 1}")
