"""Figures of a run made by hand: for tests of pages, words and drawings without a database."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from flask import Flask

from analysis.dashboard import OverviewPage, build_overview
from analysis.driver_page import DriverPage, build_driver_page
from analysis.figures import SCORE, ClassShare, Figure
from analysis.importance import Correlation
from analysis.shown_figures import TOTAL, CommentCounts, DriverInfo, Row, RunFigures, WaveFigures
from analysis.stats import Estimate, Scale
from surveys.config import ROOT
from surveys.i18n import set_up_languages
from surveys.models import Survey, Wave
from surveys.participation import Participation
from surveys.terms import Audience, CellState, Mode, WaveState
from surveys.waves import Run

INCENTIVES = DriverInfo("incentives", 1, "Incentives")
LISTENING = DriverInfo("listening", 6, "Listening")
RULES = DriverInfo("direct_rules", 8, "Direct-sales rules")
DRIVERS = [INCENTIVES, LISTENING, RULES]


@contextmanager
def in_words(locale: str = "en") -> Iterator[None]:
    """A context in which texts and numbers can be written, in English."""
    app = Flask("app", root_path=str(ROOT))
    set_up_languages(app)
    with app.test_request_context(headers={"Accept-Language": locale}):
        yield


def estimate(
    value: float,
    *,
    half: float = 6,
    n: int = 60,
    scale: Scale = SCORE,
    companies: int | None = None,
) -> Estimate:
    """An estimate whose 95% interval reaches about `half` to both sides."""
    return Estimate(
        value=value,
        centre=value,
        variance=(half / 2) ** 2,
        df=200,
        scale=scale,
        n=n,
        n_companies=companies or n,
    )


def exact(value: float, **values: Any) -> Figure:
    """A figure that is shown with everything; `classes` are counts from disagree to agree."""
    made = estimate(
        value,
        half=values.pop("half", 6),
        n=values.pop("n", 60),
        scale=values.pop("scale", SCORE),
    )
    counts = values.pop("classes", None)
    r = values.pop("r", None)
    return Figure(
        state=CellState.EXACT,
        n=made.n,
        n_companies=made.n_companies,
        value=value,
        estimate=made,
        classes=tuple(ClassShare("exact", count) for count in counts) if counts else (),
        correlation=Correlation(r, made.n, made.n) if r is not None else None,
        **values,
    )


def hidden(reason: str = "few_people") -> Figure:
    """A figure that may not be shown."""
    return Figure(state=CellState.HIDDEN, reason=reason)


def coarse(value: float, n: int = 30) -> Figure:
    """A figure to the nearest ten."""
    return Figure(state=CellState.COARSE, reason="few_changed", value=value, n=n, n_companies=n)


def at_most(value: float, n: int = 6) -> Figure:
    """A bound from above."""
    return Figure(state=CellState.BOUND, reason="near_unanimous", at_most=value, n=n, n_companies=n)


def wave_of(
    audience: Audience = Audience.PARTNER,
    *,
    number: int = 1,
    label: str = "2027-Q1",
    mode: Mode = Mode.CONFIDENTIAL,
) -> Wave:
    """A closed wave that is in no database."""
    return Wave(
        id=2 * number - (audience is Audience.PARTNER),
        survey_id=1,
        version_id=1,
        audience=audience,
        number=number,
        label=label,
        mode=mode,
        state=WaveState.CLOSED,
        closes_at=datetime(2027, 2, 20, tzinfo=UTC),
        published_at=datetime(2027, 2, 21, tzinfo=UTC),
        survey=Survey(id=1, slug="pulse", name="Quarterly pulse", time_zone="Europe/Warsaw"),
    )


def run_of(number: int = 1, *, label: str = "2027-Q1", internal: bool = True) -> Run:
    """Both waves of a run."""
    staff = wave_of(Audience.INTERNAL, number=number, label=label) if internal else None
    return Run(wave_of(number=number, label=label), staff)


def figures_of(
    wave: Wave,
    by_code: Mapping[str, Mapping[Row, Figure] | Figure],
    *,
    series: int = 1,
    comments: CommentCounts | None = None,
    comments_hidden: bool = False,
    driver_comments: Mapping[str, CommentCounts | None] | None = None,
) -> WaveFigures:
    """All figures of a wave: of each code by row, or its total alone."""
    figures = {
        code: dict(rows) if isinstance(rows, Mapping) else {TOTAL: rows}
        for code, rows in by_code.items()
    }
    return WaveFigures(
        wave_id=wave.id,
        audience=wave.audience,
        is_published=True,
        figures=figures,
        series={code: series for code in figures if "." not in code and code != "participants"},
        comments=comments,
        comments_hidden=comments_hidden,
        driver_comments=driver_comments or {},
    )


def both(
    partners: Mapping[str, Any] | None,
    staff: Mapping[str, Any] | None,
    *,
    number: int = 1,
    label: str = "2027-Q1",
    internal: bool = True,
    **values: Any,
) -> RunFigures:
    """The figures of a run; None for a wave that shows none."""
    run = run_of(number, label=label, internal=internal)
    return RunFigures(
        run,
        figures_of(run.partner, partners, **values) if partners is not None else None,
        figures_of(run.internal, staff) if staff is not None and run.internal else None,
    )


def overview(figures: RunFigures, before: RunFigures | None = None, **values: Any) -> OverviewPage:
    """The page of everybody, with little about participation."""
    given: dict[str, Any] = {
        "drivers": DRIVERS,
        "row": TOTAL,
        "participation": Participation(100, 90, 70, 65, 60),
        "participation_before": None,
    }
    return build_overview(figures, before, **(given | values))


def page_of(figures: RunFigures, before: RunFigures | None = None, **values: Any) -> DriverPage:
    """The page of 'incentives' for everybody."""
    given: dict[str, Any] = {"driver": INCENTIVES, "drivers": DRIVERS, "row": TOTAL, "history": []}
    return build_driver_page(figures, before, **(given | values))
