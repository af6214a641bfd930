"""Linear algebra over the integers modulo a large prime: ranks, dependencies, inverses."""

from __future__ import annotations

from collections.abc import Sequence

PRIME = (1 << 61) - 1

Vector = list[int]


class Echelon:
    """Vectors brought to reduced echelon form one by one."""

    __slots__ = ("_rows", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: dict[int, Vector] = {}  # by pivot column, 1 there and 0 in other rows

    @property
    def rank(self) -> int:
        """How many of the vectors added are independent."""
        return len(self._rows)

    @property
    def pivots(self) -> list[int]:
        """The columns that determine the others."""
        return sorted(self._rows)

    def has_pivot(self, column: int) -> bool:
        """True if the vectors determine this column."""
        return column in self._rows

    def row(self, pivot: int) -> Vector:
        """The row with 1 in this pivot column and 0 in the other pivot columns."""
        return self._rows[pivot]

    def reduced(self, vector: Sequence[int]) -> Vector:
        """What is left of the vector when all that the others span is taken out."""
        rest = list(vector)
        for column, row in self._rows.items():
            factor = rest[column]
            if factor:
                rest = [(a - factor * b) % PRIME for a, b in zip(rest, row, strict=True)]
        return rest

    def add(self, vector: Sequence[int]) -> bool:
        """Take the vector in; True if it is independent of those before."""
        rest = self.reduced(vector)
        pivot = next((column for column, value in enumerate(rest) if value), None)
        if pivot is None:
            return False
        scale = pow(rest[pivot], -1, PRIME)
        rest = [value * scale % PRIME for value in rest]
        for column, row in self._rows.items():
            factor = row[pivot]
            if factor:
                self._rows[column] = [
                    (a - factor * b) % PRIME for a, b in zip(row, rest, strict=True)
                ]
        self._rows[pivot] = rest
        return True

    def dependency(self) -> Vector | None:
        """Numbers, not all zero, that every vector is orthogonal to; None at full rank."""
        free = next((column for column in range(self.width) if column not in self._rows), None)
        if free is None:
            return None
        solution = [0] * self.width
        solution[free] = 1
        for column, row in self._rows.items():
            solution[column] = -row[free] % PRIME
        return solution


def inverse(matrix: Sequence[Sequence[int]]) -> list[Vector]:
    """The inverse of a square matrix. Raises ZeroDivisionError if it has none."""
    size = len(matrix)
    echelon = Echelon(2 * size)
    for place, row in enumerate(matrix):
        echelon.add([*row, *(int(other == place) for other in range(size))])
    if echelon.pivots != list(range(size)):
        raise ZeroDivisionError("the matrix is singular")
    return [echelon.row(column)[size:] for column in range(size)]
