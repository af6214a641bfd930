"""Is what was planted in simulated workspaces found again by a plain reference calculation?

`python3 dev.py bench planted` takes 200 seeds of each size and the limits of the method (of the
simulator, section 7); the tests take 20, with limits two standard errors wider. The reference is
written here on purpose: company-clustered variance, Welch's degrees of freedom, Bonferroni over
ten, straight from the answers and before any suppression. It shares no code with the product.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from statistics import fmean

from scipy.stats import t as student

from analysis.simulator import DRIVERS, Response, WaveRun, Workspace, build

Json = dict[str, object]
Finder = Callable[[int, str | tuple[int, int]], "SeedResult"]
NO_GAP = ("solutions", "marketing")
SEEDS = {"small": range(1, 21), "full": range(1001, 1201)}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean score with its variance and degrees of freedom; totals by company for links."""

    value: float
    variance: float
    df: float
    residuals: dict[str, float]
    n: int


def scores_by_company(
    responses: Iterable[Response], driver: str, company_of: dict[str, str]
) -> dict[str, list[float]]:
    place = DRIVERS.index(driver)
    found: dict[str, list[float]] = defaultdict(list)
    for response in responses:
        step = response.answers[place]
        if step is not None:
            found[company_of[response.contact_id]].append(25.0 * (step - 1))
    return found


def clustered(groups: dict[str, list[float]]) -> Estimate:
    """CR2 variance of a mean over companies, degrees of freedom of Bell and McCaffrey."""
    n = sum(len(values) for values in groups.values())
    mean = sum(map(sum, groups.values())) / n
    residuals = {key: sum(values) - len(values) * mean for key, values in groups.items()}
    weights = {key: len(values) / n for key, values in groups.items()}
    variance = sum(residuals[key] ** 2 / (1 - weights[key]) for key in groups) / n**2
    squares = sum(w**2 for w in weights.values())
    lever = sum(w**2 / (1 - w) for w in weights.values())
    lever_4 = sum(w**4 / (1 - w) ** 2 for w in weights.values())
    return Estimate(mean, variance, 1 / (squares + lever**2 - lever_4), residuals, n)


def interval(a: Estimate, b: Estimate, *, rows: int, link: float = 0.0) -> tuple[float, float]:
    """Limits of a - b at 95 % for so many rows together."""
    variance = a.variance + b.variance - 2 * link
    df = (a.variance + b.variance) ** 2 / (a.variance**2 / a.df + b.variance**2 / b.df)
    half = float(student.ppf(1 - 0.025 / rows, df)) * sqrt(variance)
    return a.value - b.value - half, a.value - b.value + half


@dataclass(frozen=True, slots=True)
class GapResult:
    """One driver of one seed: was the planted gap inside, was zero outside, how wide."""

    is_inside: bool
    is_marked: bool
    half_width: float


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What the reference finds in one workspace."""

    gaps: dict[str, GapResult]
    helped: bool
    useless_moved: bool
    icc: float

    @property
    def all_inside(self) -> bool:
        return all(gap.is_inside for gap in self.gaps.values())

    @property
    def false_mark(self) -> bool:
        return any(self.gaps[driver].is_marked for driver in NO_GAP)


def gaps_of(workspace: Workspace, run: WaveRun) -> dict[str, GapResult]:
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    alone = {s.external_id: s.external_id for s in workspace.staff}
    planted = {
        score.driver: score.gap
        for score in workspace.truth.scores
        if score.wave == run.wave.number and score.segment == "all"
    }
    results = {}
    for driver in DRIVERS:
        partners = clustered(scores_by_company(run.responses, driver, company_of))
        staff = clustered(scores_by_company(run.staff_responses, driver, alone))
        low, high = interval(partners, staff, rows=len(DRIVERS))
        results[driver] = GapResult(
            is_inside=low <= planted[driver] <= high,
            is_marked=not low <= 0 <= high,
            half_width=(high - low) / 2,
        )
    return results


def has_moved(workspace: Workspace, before: WaveRun, after: WaveRun, key: str) -> bool:
    """Whether an action's driver moved in its segment, waves linked by company."""
    action = next(action for action in workspace.truth.actions if action.key == key)
    members = {p.external_id for p in workspace.partners if p.partner_type == action.partner_type}
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    old, new = (
        clustered(
            {
                company: values
                for company, values in scores_by_company(
                    run.responses, action.driver, company_of
                ).items()
                if company in members
            }
        )
        for run in (before, after)
    )
    shared = old.residuals.keys() & new.residuals.keys()
    link = sum(old.residuals[c] * new.residuals[c] for c in sorted(shared)) / (old.n * new.n)
    low, high = interval(new, old, rows=1, link=max(0.0, link))
    return not low <= 0 <= high


def anova_icc(groups: dict[str, list[float]]) -> float:
    """Intra-company correlation by one-way analysis of variance, unequal groups."""
    sizes = [len(values) for values in groups.values()]
    n, k = sum(sizes), len(sizes)
    grand = sum(map(sum, groups.values())) / n
    means = {key: fmean(values) for key, values in groups.items()}
    between = sum(len(v) * (means[key] - grand) ** 2 for key, v in groups.items()) / (k - 1)
    within = sum((x - means[key]) ** 2 for key, v in groups.items() for x in v) / (n - k)
    typical = (n - sum(size**2 for size in sizes) / n) / (k - 1)
    return (between - within) / (between + (typical - 1) * within)


@cache
def result_of(seed: int, size: str | tuple[int, int]) -> SeedResult:
    workspace = build(seed, size)
    runs = list(workspace.runs())
    company_of = {c.external_id: c.partner_id for c in workspace.contacts}
    return SeedResult(
        gaps=gaps_of(workspace, runs[-1]),
        helped=has_moved(workspace, runs[4], runs[5], "direct-sales-desk"),
        useless_moved=has_moved(workspace, runs[4], runs[5], "bonus-leaflet"),
        icc=anova_icc(scores_by_company(runs[-1].responses, DRIVERS[9], company_of)),
    )


def results(size: str | tuple[int, int], seeds: Iterable[int]) -> list[SeedResult]:
    return [result_of(seed, size) for seed in seeds]


def share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


def error_of(probability: float, n: int) -> float:
    """Two standard errors of a share."""
    return 2 * sqrt(probability * (1 - probability) / n)


@dataclass(frozen=True, slots=True)
class Floors:
    """What must be reached at one size; `half_width` is the method's, plus 15 % at most."""

    strong_marked: float
    half_width: float


SMALL = "small"
MEDIUM = "medium"
THOUSAND = (1000, 120)
FLOORS: dict[str | tuple[int, int], Floors] = {
    # The last wave of a small workspace has 81 answers of partners and 24 of staff: a gap of 20
    # is marked in .77 of workspaces.
    SMALL: Floors(strong_marked=0.70, half_width=13.7),
    MEDIUM: Floors(strong_marked=0.97, half_width=9.5),
    THOUSAND: Floors(strong_marked=0.99, half_width=5.6),
}
QUICK_SIZES: tuple[str | tuple[int, int], ...] = (SMALL, MEDIUM)
STRONG_GAPS = ("no_sabotage", "listening", "direct_rules", "owning_mistakes", "monitoring")


def gap_figures(found: Sequence[SeedResult]) -> dict[str, float]:
    """Shares of workspaces in which the gaps of the last wave were found as planted."""
    widths = [gap.half_width for result in found for gap in result.gaps.values()]
    return {
        "all_inside": share([result.all_inside for result in found]),
        "false_mark": share([result.false_mark for result in found]),
        "least_inside": min(
            share([result.gaps[driver].is_inside for result in found]) for driver in DRIVERS
        ),
        "least_marked_of_strong": min(
            share([result.gaps[driver].is_marked for result in found]) for driver in STRONG_GAPS
        ),
        "half_width": fmean(widths),
        "correlation_in_companies": fmean(result.icc for result in found),
    }


def effect_figures(found: Sequence[SeedResult]) -> dict[str, float]:
    """Shares of medium workspaces in which actions and smaller gaps were found as planted."""
    return {
        "strength_marked": share([result.gaps["channel_people"].is_marked for result in found]),
        "weakness_marked": share([result.gaps["executive_backing"].is_marked for result in found]),
        "helpful_action_found": share([result.helped for result in found]),
        "useless_action_moved": share([result.useless_moved for result in found]),
    }


def missed_limits(
    found: Sequence[SeedResult], size: str | tuple[int, int], *, has_slack: bool
) -> list[str]:
    """The figures that break a limit; with slack, each share may be two standard errors off."""
    floors = FLOORS[size]
    at_least = {"all_inside": 0.92, "least_inside": 0.97}
    at_least["least_marked_of_strong"] = floors.strong_marked
    at_most = {"false_mark": 0.05}
    figures = gap_figures(found)
    if size == MEDIUM:
        figures |= effect_figures(found)
        at_least |= {"strength_marked": 0.65, "weakness_marked": 0.80}
        at_least["helpful_action_found"] = 0.95
        at_most["useless_action_moved"] = 0.05

    def slack(limit: float) -> float:
        return error_of(limit, len(found)) if has_slack else 0.0

    missed = [name for name, limit in at_least.items() if figures[name] < limit - slack(limit)]
    missed += [name for name, limit in at_most.items() if figures[name] > limit + slack(limit)]
    if figures["half_width"] > 1.15 * floors.half_width:
        missed.append("half_width")
    if not 0.25 <= figures["correlation_in_companies"] <= 0.35:
        missed.append("correlation_in_companies")
    return missed


def measured(
    find: Finder, sizes: Iterable[str | tuple[int, int]], seeds: range
) -> Iterator[tuple[str, Json]]:
    """Figures of each size and the limits they miss."""
    for size in sizes:
        found = [find(seed, size) for seed in seeds]
        figures = gap_figures(found) | (effect_figures(found) if size == MEDIUM else {})
        missed = missed_limits(found, size, has_slack=len(seeds) < len(SEEDS["full"]))
        rounded: Json = {name: round(value, 3) for name, value in figures.items()}
        yield str(size), rounded | {"missed": missed}


def print_measured(name: str, find: Finder, argv: Sequence[str] | None) -> int:
    """A benchmark's command line; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description="What was planted, found again.")
    parser.add_argument("--size", choices=list(SEEDS), default="full")
    options = parser.parse_args(argv)
    sizes = QUICK_SIZES if options.size == "small" else tuple(FLOORS)
    figures = dict(measured(find, sizes, SEEDS[options.size]))
    reached = not any(each["missed"] for each in figures.values())
    found = {"benchmark": name, "seeds": len(SEEDS[options.size]), **figures}
    print(json.dumps({**found, "reached": reached}))
    return 0 if reached else 1


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 if a limit is missed."""
    return print_measured("planted", result_of, argv)


if __name__ == "__main__":
    sys.exit(main())
