"""What a wave would show and why, in words: rows, verdicts, the engine's reasons, planning figures.

Fixed sentences filled with figures, for the page before a launch and its command. Reasons carry the
sizes of groups, so these words are for the time before a wave opens only.
"""

from collections.abc import Iterator, Sequence

from analysis.exposure import (
    AskedAudience,
    AudienceForecast,
    DimensionForecast,
    RowForecast,
    is_usual,
    weakest,
)
from analysis.figures import NPS, SCORE
from analysis.suppression import TOTAL, Policy, Reason, RowExposure, RowKey, Term
from analysis.wave_plan import PlanStep
from analysis.words import dimension_title, value_name
from surveys.i18n import format_number, format_percent, gettext, ngettext
from surveys.terms import Audience, Mode

MOSTLY_PCT = 50


def audience_title(audience: Audience) -> str:
    """Whose rows these are."""
    return gettext("Partners") if audience is Audience.PARTNER else gettext("Our team")


def asked_words(asked: AskedAudience) -> str:
    """How many would be asked: 24 people in 12 companies, or 8 people."""
    return _count_words(len(asked.people), asked.n_companies, asked.audience)


def count_words(row: RowForecast, audience: Audience) -> str:
    """The same of one row."""
    return _count_words(row.n_people, row.n_companies, audience)


def row_name(key: RowKey) -> str:
    """A row by the names of its values: Gold, Gold/North, Other (Bronze, New), everybody."""
    if key == TOTAL:
        return gettext("Everybody asked")
    members = ["/".join(value_name(key.dimension, each) for each in value) for value in key.members]
    if key.is_other:
        return gettext("Other (%(members)s)", members=", ".join(members))
    return members[0]


def frequency_words(exposure: RowExposure) -> str:
    """How often a row is shown by itself."""
    return {
        "usually": gettext("usually"),
        "sometimes": gettext("sometimes"),
        "never": gettext("never"),
    }[exposure.frequency]


def joined_words(exposure: RowExposure) -> str:
    """Where the answers of a row go that is not usually shown; empty where they go nowhere."""
    if is_usual(exposure) or exposure.joined_pct < MOSTLY_PCT:
        return ""
    return gettext("mostly part of ‘Other’")


def why_not_words(row: RowForecast, policy: Policy) -> str:
    """Why a row is not usually shown, at the highest rate that leaves it so; empty if none does."""
    doubt = row.last_doubt
    if doubt is None:
        return ""
    return gettext(
        "At %(rate)s: %(reason)s",
        rate=format_percent(doubt.rate_pct / 100),
        reason=_why_words(row, doubt.reason, policy),
    )


def reason_words(reason: Reason, policy: Policy, *, row: RowKey) -> str:
    """The engine's reason, as the part of a sentence; `row` is the one it is about."""
    group = row_name(reason.terms[0].key) if reason.terms else row_name(row)
    if reason.code == "few_people":
        return _people_words(group, reason.n_people)
    if reason.code == "few_companies":
        return _companies_words(group, reason.n_companies)
    if reason.code == "large_share":
        return gettext(
            "one company gives more than %(share)s of the answers of %(group)s",
            share=format_percent(policy.max_share_pct / 100),
            group=group,
        )
    if reason.code == "few_invited":
        return ngettext(
            "only %(num)s person is asked, %(needed)s are needed",
            "only %(num)s people are asked, %(needed)s are needed",
            reason.n_people,
            needed=policy.min_invited,
        )
    if reason.code == "one_value":
        return gettext("all answers have the same value, so the group would repeat the total")
    if reason.code == "joined":
        return gettext("without it the rest would be too small: it joins ‘Other’")
    return _difference_words(reason, policy)


def verdict_words(
    rows: Sequence[RowForecast], policy: Policy, *, rate_pct: int, dimension: str = ""
) -> str:
    """Whether rows could expose someone at this response rate, and the first reason if so.

    With a `dimension` that can never be shown, that is said first.
    """
    row = weakest(rows, rate_pct)
    if row is None:
        return safe_words(policy)
    if _repeats_total(row, rate_pct):
        return gettext("Nothing to compare: all answers have the same value")
    why = _why_words(row, row.shown(rate_pct).reason, policy)
    if dimension and _is_never_shown(rows, rate_pct):
        name = dimension_title(dimension)
        why = gettext("%(dimension)s not shown: %(reason)s", dimension=name, reason=why)
    return gettext("This could expose someone: %(reason)s", reason=why)


def verdict_kind(rows: Sequence[RowForecast], rate_pct: int) -> str:
    """The kind of that sentence: `ok`, `warn`, or empty where nobody could be exposed."""
    row = weakest(rows, rate_pct)
    if row is None:
        return "ok"
    return "" if _repeats_total(row, rate_pct) else "warn"


def safe_words(policy: Policy) -> str:
    """What holds for every row that is shown."""
    people = policy.min_people
    if policy.min_companies == 1:
        return ngettext(
            "Safe: no group under %(num)s person", "Safe: no group under %(num)s people", people
        )
    return gettext(
        "Safe: no group under %(people)s people or %(companies)s companies",
        people=people,
        companies=policy.min_companies,
    )


def headline_words(found: Sequence[AudienceForecast], rate_pct: int) -> str:
    """The first sentence: how many groups of the first audience that has any are usually shown."""
    each = next((each for each in found if each.rows), None)
    if each is None:
        return ""
    figures = {
        "rate": format_percent(rate_pct / 100),
        "shown": format_number(sum(is_usual(row.shown(rate_pct)) for row in each.rows)),
        "groups": format_number(len(each.rows)),
    }
    if each.asked.audience is Audience.PARTNER:
        return gettext(
            "If %(rate)s answer, %(shown)s of %(groups)s groups of partners are usually shown.",
            **figures,
        )
    return gettext(
        "If %(rate)s answer, %(shown)s of %(groups)s groups of our team are usually shown.",
        **figures,
    )


def draws_words(n_draws: int) -> str:
    """What the page rests on."""
    return ngettext(
        "Worked out from who would be asked: %(num)s random set of answering people at each"
        " response rate.",
        "Worked out from who would be asked: %(num)s random sets of answering people at each"
        " response rate.",
        n_draws,
    )


def pool_words(pooled_waves: int) -> str:
    """What changes where waves are published as one; empty where each is by itself."""
    if pooled_waves == 1:
        return ""
    return ngettext(
        "The schedule publishes %(num)s wave in a row as one: then more groups are shown than the"
        " answers of a single wave tell here.",
        "The schedule publishes %(num)s waves in a row as one: then more groups are shown than the"
        " answers of a single wave tell here.",
        pooled_waves,
    )


def advice(found: Sequence[AudienceForecast], rate_pct: int, *, pooled_waves: int = 1) -> list[str]:
    """What can be done for more groups, the nearest first; nothing where all are usually shown."""
    weak = [(each.asked, row.shown(rate_pct)) for each in found for row in each.rows]
    weak = [(asked, exposure) for asked, exposure in weak if not is_usual(exposure)]
    if not weak:
        return []
    return [*_advice_on_people(weak), *_advice_on_rules(weak, is_pooled=pooled_waves > 1)]


def _advice_on_people(weak: Sequence[tuple[AskedAudience, RowExposure]]) -> Iterator[str]:
    if any(asked.audience is Audience.PARTNER for asked, _ in weak):
        yield gettext("Ask more people, above all colleagues at companies with one contact.")
    else:
        yield gettext("Ask more of your own team.")
    yield gettext("Give small groups a common name in the contacts (roll up), such as one region.")
    if any(exposure.frequency == "sometimes" for _, exposure in weak):
        yield gettext("Remind: what is sometimes shown needs a few answers more.")


def _advice_on_rules(
    weak: Sequence[tuple[AskedAudience, RowExposure]], *, is_pooled: bool
) -> Iterator[str]:
    if any(each.reason and each.reason.code == "would_follow" for _, each in weak):
        yield gettext("Use fewer dimensions: each one gives more differences to calculate with.")
    partners = (asked for asked, _ in weak if asked.audience is Audience.PARTNER)
    if not is_pooled and any(asked.mode is Mode.CONFIDENTIAL for asked in partners):
        yield gettext("In a small programme, publish several waves in a row as one (pool).")


def expected_words(step: PlanStep, *, is_last_rate: bool) -> str:
    """How many answers to expect, and where the response rate comes from."""
    answers = ngettext("%(num)s partner answer", "%(num)s partner answers", step.n_answers)
    rate = format_percent(step.rate)
    if is_last_rate:
        return gettext(
            "At the last wave’s response rate of %(rate)s you can expect about %(answers)s.",
            rate=rate,
            answers=answers,
        )
    return gettext("If %(rate)s answer: about %(answers)s.", rate=rate, answers=answers)


def change_words(step: PlanStep) -> str:
    """How small a change of a driver's score will likely not be seen."""
    if step.driver_change is None or step.driver_change > SCORE.high - SCORE.low:
        return gettext("That is too few to see any change.")
    return gettext(
        "With %(answers)s a change under %(points)s will likely not be visible.",
        answers=ngettext("about %(num)s answer", "about %(num)s answers", step.n_answers),
        points=points_words(step.driver_change),
    )


def nps_words(step: PlanStep) -> str:
    """The same of the NPS; empty where nothing can be seen."""
    if step.nps_change is None or step.nps_change > NPS.high - NPS.low:
        return ""
    return gettext(
        "For the NPS that is a change under %(points)s.", points=points_words(step.nps_change)
    )


def gap_words(step: PlanStep) -> str:
    """How small a gap will likely not be seen; needs answers of staff."""
    if step.driver_gap is None or step.driver_gap > SCORE.high - SCORE.low:
        return gettext("A gap needs more answers of both, partners and your own team.")
    return gettext(
        "With %(answers)s of your own team, a gap under %(points)s will likely not be visible.",
        answers=ngettext("about %(num)s answer", "about %(num)s answers", step.n_staff),
        points=points_words(step.driver_gap),
    )


def points_words(points: float) -> str:
    """Whole points, rounded up, so that no claim is better than its figure."""
    return ngettext("%(num)s point", "%(num)s points", -int(-points // 1))


def dimension_rows(dimension: DimensionForecast, policy: Policy) -> list[tuple[RowForecast, str]]:
    """Rows of a dimension, the largest first, each with the reason why it is not usually shown."""
    ordered = sorted(dimension.rows, key=lambda row: (-row.n_people, row.key))
    return [(row, why_not_words(row, policy)) for row in ordered]


def _why_words(row: RowForecast, reason: Reason | None, policy: Policy) -> str:
    if reason is None:
        return gettext("often nobody of it answers")
    return reason_words(reason, policy, row=row.key)


def _count_words(n_people: int, n_companies: int, audience: Audience) -> str:
    people = ngettext("%(num)s person", "%(num)s people", n_people)
    if audience is Audience.INTERNAL:
        return people
    companies = ngettext("%(num)s company", "%(num)s companies", n_companies)
    return gettext("%(people)s in %(companies)s", people=people, companies=companies)


def _people_words(group: str, n_people: int) -> str:
    return ngettext(
        "%(group)s has %(num)s answer", "%(group)s has %(num)s answers", n_people, group=group
    )


def _companies_words(group: str, n_companies: int) -> str:
    return ngettext(
        "%(group)s has answers of %(num)s company",
        "%(group)s has answers of %(num)s companies",
        n_companies,
        group=group,
    )


def _difference_words(reason: Reason, policy: Policy) -> str:
    difference = _combination(reason.terms)
    if reason.n_people < policy.min_people:
        return ngettext(
            "%(difference)s is %(num)s person",
            "%(difference)s is %(num)s people",
            reason.n_people,
            difference=difference,
        )
    if reason.n_companies < policy.min_companies:
        return ngettext(
            "%(difference)s is people of %(num)s company",
            "%(difference)s is people of %(num)s companies",
            reason.n_companies,
            difference=difference,
        )
    return gettext(
        "%(difference)s is a group of which one company is more than %(share)s",
        difference=difference,
        share=format_percent(policy.max_share_pct / 100),
    )


def _combination(terms: Sequence[Term]) -> str:
    """Gold minus North; where multiples are needed, the rows together."""
    if any(term.sign == 0 for term in terms):
        rows = ", ".join(row_name(term.key) for term in terms)
        return gettext("what follows from %(rows)s together", rows=rows)
    first, *rest = sorted(terms, key=lambda term: -term.sign)
    text = row_name(first.key)
    for term in rest:
        name = row_name(term.key)
        text = (
            gettext("%(rows)s plus %(row)s", rows=text, row=name)
            if term.sign > 0
            else gettext("%(rows)s minus %(row)s", rows=text, row=name)
        )
    return text


def _repeats_total(row: RowForecast, rate_pct: int) -> bool:
    reason = row.shown(rate_pct).reason
    return reason is not None and reason.code == "one_value"


def _is_never_shown(rows: Sequence[RowForecast], rate_pct: int) -> bool:
    return all(
        row.shown(rate_pct).frequency == "never" and not row.shown(rate_pct).joined_pct
        for row in rows
    )
