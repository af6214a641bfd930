"""Hides rows of a question until nothing that is hidden follows from what is shown.

Rows are hidden, never merged. The search ends, since fewer exact rows give nobody more to calculate
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.suppression.linear import linear_leak, rows_adding_up_to
from analysis.suppression.primary import Crowd
from analysis.suppression.rows import TOTAL, Code, Row, RowKey, State
from analysis.suppression.unanimity import Sums, close_combination, row_is_close
from analysis.suppression.views import Leak, View, ViewCheck, views_of
from analysis.suppression.wave_guard import Earlier, WaveGuard


class Hiding:
    """The rows of a question while they are being hidden.

    `exact` are the rows whose figures are printed, `states` the others with the reason. `sums` are
    all series of figures that are printed for the rows. A total that gives away what changed since
    an earlier wave becomes coarse, or is hidden where `may_blur` forbids that.
    """

    def __init__(
        self,
        rows: Iterable[Row],
        crowd: Crowd,
        *,
        sums: Sequence[Sums] = (),
        before: Sequence[Earlier] = (),
        may_blur: bool = False,
    ) -> None:
        self._rows = {row.key: row for row in rows}
        self._crowd = crowd
        self._sums = sums
        self._may_blur = may_blur
        self._dimensions = dict.fromkeys(key.dimension for key in self._rows if key != TOTAL)
        self._views = ViewCheck(crowd)
        self._guard = WaveGuard(crowd, before)
        self.exact = dict(self._rows)
        self.states: dict[RowKey, tuple[State, Code]] = {}

    def set(self, row: Row, state: State, code: Code) -> None:
        """Take a row out of the exact ones."""
        self.exact.pop(row.key, None)
        self.states[row.key] = (state, code)

    def settle(self) -> None:
        """Hide what fails by itself, then all that would give something hidden away."""
        for row in list(self.exact.values()):
            fault = self._crowd.fault(row.bits)
            if fault is not None:
                self.set(row, "hidden", fault)
        if TOTAL in self._rows and TOTAL not in self.exact:
            self._hide_all()
        while self.exact and self._hide_one():
            pass

    def _hide_all(self) -> None:
        _, code = self.states[TOTAL]
        for row in list(self.exact.values()):
            self.set(row, "hidden", code)

    def _hide_one(self) -> bool:
        return self._hide_leaking() or self._blur_unanimous() or self._hide_summand()

    def _current_views(self) -> list[View]:
        return views_of(list(self.exact.values()), self._crowd, self._dimensions)

    def _hide_leaking(self) -> bool:
        views = self._current_views()
        leak = (
            self._views.leak(views)
            or linear_leak(list(self.exact.values()), self._crowd)
            or self._guard.leak(views)
        )
        return self._give_up(leak)

    def _give_up(self, leak: Leak | None) -> bool:
        if leak is None:
            return False
        victim = leak.victim()
        if victim is not None:
            self.set(victim, "hidden", leak.code)
        else:
            self.set(self._rows[TOTAL], "coarse" if self._may_blur else "hidden", leak.code)
        return True

    def _blur_unanimous(self) -> bool:
        """Give nearly unanimous rows a bound; treat groups that follow from exact rows alike."""
        close = [row for row in self.exact.values() if self._is_close(row)]
        for row in close:
            self.set(row, "bound", "near_unanimous")
        return bool(close) or self._give_up(
            close_combination(self._current_views(), self._sums, self._crowd)
        )

    def _is_close(self, row: Row) -> bool:
        return any(row_is_close(row, sums) for sums in self._sums)

    def _hide_summand(self) -> bool:
        """Hide a row of those that add up to one that is shown inexactly, or to a blurred total."""
        for key, (state, _) in self.states.items():
            if state == "hidden" and key != TOTAL:
                continue
            target = self._rows[key]
            summands = rows_adding_up_to(target, list(self.exact.values()), self._crowd)
            if summands:
                terms = tuple((0, row) for row in summands)
                return self._give_up(Leak("would_follow", terms, target.bits))
        return False
