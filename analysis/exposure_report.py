"""The answer of `pulse exposure`: lines for a terminal, or one JSON object. Pure.

The same values and sentences as the page; nothing is worked out here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from analysis import exposure_findings as findings
from analysis.exposure import AudienceForecast, AudienceState, RowForecast
from analysis.suppression import RATES_PCT, RowExposure
from analysis.wave_plan import PlanStep
from analysis.words import dimension_title
from surveys.i18n import format_percent, gettext
from surveys.terms import Audience

GAP = "  "


def report_lines(
    found: Sequence[AudienceForecast],
    steps: Sequence[PlanStep],
    *,
    survey_name: str,
    is_last_rate: bool,
    rate_pct: int,
    n_draws: int,
    pooled_waves: int,
) -> Iterator[str]:
    """The report, line by line, in the present language."""
    yield survey_name
    yield ""
    yield gettext("Enough answers?")
    for step in steps:
        sentences = (
            findings.expected_words(step, is_last_rate=is_last_rate),
            findings.change_words(step),
            findings.nps_words(step),
            findings.gap_words(step),
        )
        yield GAP + " ".join(sentence for sentence in sentences if sentence)
    if not steps:
        yield GAP + gettext("Nobody at your partners can be asked yet.")
    for each in found:
        yield ""
        yield from _audience_lines(each, rate_pct)
    yield ""
    yield findings.draws_words(n_draws)
    if pooled_waves > 1:
        yield findings.pool_words(pooled_waves)
    yield from findings.advice(found, rate_pct, pooled_waves=pooled_waves)


def report_json(
    found: Sequence[AudienceForecast], steps: Sequence[PlanStep], *, n_draws: int
) -> dict[str, Any]:
    """The same as plain values."""
    return {
        "draws": n_draws,
        "plan": [asdict(step) for step in steps],
        "audiences": [
            {
                "audience": each.asked.audience.value,
                "mode": each.asked.mode.value,
                "state": each.asked.state.value,
                "people": len(each.asked.people),
                "companies": each.asked.n_companies,
                "rows": [_row_json(row) for row in each.rows],
            }
            for each in found
        ],
    }


def _row_json(row: RowForecast) -> dict[str, Any]:
    return {
        "dimension": row.key.dimension,
        "values": ["/".join(value) for value in row.key.members],
        "people": row.n_people,
        "companies": row.n_companies,
        "at": {str(each.rate_pct): _exposure_json(each) for each in row.at},
    }


def _exposure_json(exposure: RowExposure) -> dict[str, Any]:
    return {
        "frequency": exposure.frequency,
        "shown_pct": exposure.shown_pct,
        "joined_pct": exposure.joined_pct,
        "reason": exposure.reason.code if exposure.reason else None,
    }


def _audience_lines(each: AudienceForecast, rate_pct: int) -> Iterator[str]:
    asked = each.asked
    yield f"{findings.audience_title(asked.audience)}: {findings.asked_words(asked)}"
    if asked.state is AudienceState.NOBODY:
        yield GAP + gettext("Nobody would be asked.")
    if asked.state is AudienceState.IDENTIFIED:
        yield GAP + gettext("Answers are identified, so nothing is hidden.")
    if each.total is None:
        return
    yield GAP + findings.verdict_words([each.total], asked.policy, rate_pct=rate_pct)
    total_why = findings.why_not_words(each.total, asked.policy)
    yield from _table([(each.total, total_why)], asked.audience)
    for dimension in each.dimensions:
        verdict = findings.verdict_words(
            dimension.rows, asked.policy, rate_pct=rate_pct, dimension=dimension.name
        )
        yield f"{GAP}{dimension_title(dimension.name)}. {verdict}"
        yield from _table(findings.dimension_rows(dimension, asked.policy), asked.audience)


def _table(rows: Sequence[tuple[RowForecast, str]], audience: Audience) -> Iterator[str]:
    """Columns as wide as their widest cell; the reason comes last and may be as long as it is."""
    cells = [_cells(row, why, audience) for row, why in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]) - 1)]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        yield (2 * GAP + GAP.join([*padded, row[-1]])).rstrip()


def _cells(row: RowForecast, why: str, audience: Audience) -> list[str]:
    return [
        findings.row_name(row.key),
        findings.count_words(row, audience),
        *(
            f"{format_percent(rate / 100)}: {findings.frequency_words(row.shown(rate))}"
            for rate in RATES_PCT
        ),
        why,
    ]
