"""The results as partners see them: how many answered, and how many of those agree.

Pure. Only frozen figures are taken, and of those only shares that are exact; nothing a manager
wrote is among them. Source: method of confidentiality, section 2; method of statistics, section 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.dashboard import participants
from analysis.shown_figures import TOTAL, DriverInfo, WaveFigures
from analysis.stats import Share


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One driver as partners were asked about it; `agree` None: not shown."""

    driver: DriverInfo
    statement: str
    agree: Share | None


@dataclass(frozen=True, slots=True)
class PartnerResults:
    """What partners may see of a published wave; `n_answered` None: too few to say."""

    n_answered: int | None
    lines: Sequence[ResultLine]

    @property
    def shows_anything(self) -> bool:
        """Whether any share is shown."""
        return any(line.agree is not None for line in self.lines)


def partner_results(
    figures: WaveFigures, *, drivers: Sequence[DriverInfo], statements: Mapping[str, str]
) -> PartnerResults:
    """The page of a published wave, driver by driver in their order.

    Raises ValueError for live figures, which may be of single people.
    """
    if not figures.is_published:
        raise ValueError("figures that are not frozen are not for partners")
    return PartnerResults(
        n_answered=participants(figures, TOTAL),
        lines=[
            ResultLine(driver, statements[driver.code], _agree(figures, driver.code))
            for driver in drivers
            if driver.code in statements and driver.code in figures.series
        ],
    )


def _agree(figures: WaveFigures, code: str) -> Share | None:
    figure = figures.figure(code)
    return figure.favourable if figure is not None else None
