"""What the overview and each of its charts show, in words: fixed sentences, filled with figures.

Every sentence follows the marks of the statistics: nothing is claimed that an interval does not
carry. The page of one driver has its own (driver_findings.py).
"""

from collections.abc import Sequence

from analysis.dashboard import (
    DriverFigures,
    DriverSentiment,
    ImportancePoint,
    Missing,
    OverviewPage,
    fix_first_codes,
)
from analysis.figures import Figure
from analysis.gap import GapRow, Headline, Mark
from analysis.importance import MINIMUM_PAIRS, WeightSource
from analysis.sentiment_shares import MINIMUM_FOR_SHARES
from analysis.shown_figures import DriverInfo
from analysis.words import figure_text, mark_words, reason_words
from surveys.i18n import format_number, format_signed, gettext, ngettext, wave_title


def headline_words(page: OverviewPage) -> str:
    """The first sentence of the overview."""
    if page.verdict is None or page.overall is None:
        return _missing_headline(page.missing)
    points = abs(round(page.overall.value))
    if page.verdict is Headline.LOWER:
        return ngettext(
            "Partners rate us %(num)d point lower than our own team thinks.",
            "Partners rate us %(num)d points lower than our own team thinks.",
            points,
        )
    if page.verdict is Headline.HIGHER:
        return ngettext(
            "Partners rate us %(num)d point higher than our own team thinks.",
            "Partners rate us %(num)d points higher than our own team thinks.",
            points,
        )
    if page.n_bigger:
        # Not proven over all, and not "alike" either: single drivers differ.
        return ngettext(
            "Partners and our own team clearly differ on %(num)d driver, though not overall.",
            "Partners and our own team clearly differ on %(num)d drivers, though not overall.",
            page.n_bigger,
        )
    if page.verdict is Headline.ALIKE:
        return gettext("Our team sees us much as partners do.")
    return gettext("No proven difference between what partners say and what our team thinks.")


def _missing_headline(missing: Missing | None) -> str:
    sentences = {
        Missing.NOBODY: gettext("Nobody has answered yet."),
        Missing.PARTNERS_HIDDEN: gettext("Partners’ figures are hidden to protect anonymity."),
        Missing.STAFF_HIDDEN: gettext("Our team’s figures are hidden to protect anonymity."),
        Missing.BOTH_HIDDEN: gettext("All figures are hidden to protect anonymity."),
        Missing.STAFF_WAITING: gettext("Our team’s side appears when the wave has closed."),
        Missing.STAFF_NOT_ASKED: gettext("Only partners were asked in this wave."),
    }
    inexact = gettext("No driver may be shown exactly for both, so there is no difference to tell.")
    return sentences.get(missing, inexact) if missing else inexact


def missing_words(page: OverviewPage, *, min_people: int, min_companies: int) -> str:
    """Why there is no comparison, after the headline; empty where there is one."""
    reasons = []
    if page.missing in (Missing.PARTNERS_HIDDEN, Missing.BOTH_HIDDEN):
        reasons.append(
            gettext(
                "A figure of partners needs %(people)s answers from %(companies)s companies,"
                " none of which gave more than half.",
                people=min_people,
                companies=min_companies,
            )
        )
    if page.missing in (Missing.STAFF_HIDDEN, Missing.BOTH_HIDDEN):
        reasons.append(
            gettext(
                "A figure of our team needs %(people)s answers, and 8 people who were asked.",
                people=min_people,
            )
        )
    return " ".join(reasons)


def gaps_words(page: OverviewPage) -> str:
    """How many gaps are bigger than chance; empty where no gap is shown."""
    if not any(row.gap for row in page.gaps):
        return ""
    return ngettext(
        "%(num)d of %(all)s gaps is bigger than chance.",
        "%(num)d of %(all)s gaps are bigger than chance.",
        page.n_bigger,
        all=len(page.gaps),
    )


def chart_words(page: OverviewPage) -> str:
    """What the gap chart shows."""
    shown = [row for row in page.gaps if row.gap is not None]
    if not shown:
        return headline_words(page)
    lower = sum(row.gap.value < 0 for row in shown if row.gap)
    clearly = sum(row.mark is Mark.BIGGER and row.gap.value < 0 for row in shown if row.gap)
    sentences = [
        ngettext(
            "Partners are lower on %(num)d driver, clearly so on %(clearly)s.",
            "Partners are lower on %(num)d drivers, clearly so on %(clearly)s.",
            lower,
            clearly=clearly,
        )
    ]
    names = [page.drivers[row.code].name for row in page.strengths]
    if names:
        sentences.append(
            gettext("They rate us clearly higher on: %(names)s.", names=", ".join(names))
        )
    without = len(page.gaps) - len(shown)
    if without:
        sentences.append(
            ngettext(
                "%(num)d driver has no exact figure of both and so no gap.",
                "%(num)d drivers have no exact figure of both and so no gap.",
                without,
            )
        )
    return " ".join(sentences)


def row_label(row: GapRow, name: str, shown: DriverFigures) -> str:
    """One row of the gap chart as a sentence, for those who do not see it."""
    if row.gap is None:
        return gettext(
            "%(driver)s: partners %(partners)s, our team %(staff)s, no difference: %(reason)s.",
            driver=name,
            partners=figure_text(shown.partners),
            staff=figure_text(shown.staff),
            reason=no_gap_reason(shown),
        )
    return gettext(
        "%(driver)s: partners %(partners)s, our team %(staff)s, difference %(gap)s, %(mark)s.",
        driver=name,
        partners=figure_text(shown.partners),
        staff=figure_text(shown.staff),
        gap=format_signed(row.gap.value),
        mark=mark_words(row.mark),
    )


def no_gap_reason(shown: DriverFigures) -> str:
    """Why two figures have no difference, in a few words: what holds for the weaker of them."""
    for figure in (shown.partners, shown.staff):
        if figure is not None and not figure.is_shown:
            return gettext("hidden to protect anonymity")
    if shown.partners is None or shown.staff is None:
        return gettext("one side only")
    return gettext("not shown exactly")


def no_gap_note(shown: DriverFigures) -> str:
    """The same in one or two words, where a column is narrow."""
    if any(figure is not None and not figure.is_shown for figure in (shown.partners, shown.staff)):
        return gettext("hidden")
    return no_gap_reason(shown)


def recommendation_words(page: OverviewPage) -> str:
    """What the tile claims of the team's guesses, or why it claims nothing."""
    tile = page.recommendation
    if tile.claim is not None:
        return ""
    if page.run.internal is None:
        return gettext("Our team was not asked.")
    if page.is_filtered:
        return gettext("Our team guessed for all partners, so there is no claim for one segment.")
    if tile.staff is None:
        return gettext("Our team’s guesses appear when its wave has closed.")
    if not tile.staff.is_shown:
        return gettext("NPS of our team’s guesses: %(reason)s.", reason=_small(tile.staff))
    return gettext("The difference is not worked out, since a figure is not shown exactly.")


def _small(figure: Figure) -> str:
    reason = reason_words(figure)
    return reason[:1].lower() + reason[1:]


def fix_first_words(points: Sequence[ImportancePoint]) -> str:
    """What the quadrant says: the drivers that are important and score low."""
    if not points:
        return ""
    by_code = {point.driver.code: point.driver for point in points}
    first = [by_code[code] for code in fix_first_codes(points)]
    if not first:
        return gettext("No driver is both more important and lower than average.")
    names = ", ".join(f"{driver.number} {driver.name}" for driver in first)
    return gettext("Fix first: %(names)s.", names=names)


def sentiment_label(row: DriverSentiment) -> str:
    """One sentiment bar as a sentence."""
    if row.counts is None:
        return gettext("%(driver)s: too few comments to say.", driver=row.driver.name)
    counts = row.counts.counts
    return gettext(
        "%(driver)s: negative %(negative)s, mixed %(mixed)s, neutral %(neutral)s,"
        " positive %(positive)s of %(total)s mentions.",
        driver=row.driver.name,
        negative=counts.negative,
        mixed=counts.mixed,
        neutral=counts.neutral,
        positive=counts.positive,
        total=counts.classified,
    )


def comments_label(page: OverviewPage) -> str:
    """The bar of all comments as a sentence."""
    counts = page.comments.counts.counts if page.comments.counts else None
    if counts is None:
        return gettext("No comments.")
    return gettext(
        "All comments: negative %(negative)s, mixed %(mixed)s, neutral %(neutral)s,"
        " positive %(positive)s.",
        negative=counts.negative,
        mixed=counts.mixed,
        neutral=counts.neutral,
        positive=counts.positive,
    )


def no_shares_words(page: OverviewPage) -> str:
    """Why the share of negative comments is not told; empty where the list itself is hidden."""
    if page.comments.is_hidden:
        return ""
    if page.comments.counts is None:
        return gettext("No comments in this wave.")
    counts = page.comments.counts.counts
    if counts.classified < MINIMUM_FOR_SHARES:
        return ngettext(
            "%(num)d comment with a clear rating. A share needs %(needed)s.",
            "%(num)d comments with a clear rating. A share needs %(needed)s.",
            counts.classified,
            needed=MINIMUM_FOR_SHARES,
        )
    return ngettext(
        "Too few to say: %(num)d of %(all)s comments is unsure.",
        "Too few to say: %(num)d of %(all)s comments are unsure.",
        counts.unsure,
        all=counts.total,
    )


def spots_words(page: OverviewPage) -> str:
    """By what importance blind spots are chosen; why they are not, where it is not known."""
    if page.spots.source is WeightSource.NONE:
        return no_weights_words(page)
    asked_in = page.stated.asked_in
    if page.spots.source is WeightSource.STATED and asked_in is not None:
        return gettext(
            "Important to partners, as they said on a scale from 1 to 7 (%(wave)s), and we think we"
            " are fine.",
            wave=wave_title(asked_in.partner.label),
        )
    return gettext("Important to partners, and we think we are fine.")


def no_weights_words(page: OverviewPage) -> str:
    """Why gaps are listed by size alone."""
    if page.has_links:
        return gettext("No driver goes with recommending us, so all count alike.")
    return gettext(
        "What is important to partners is not known here: that needs %(needed)s answers to both"
        " questions.",
        needed=MINIMUM_PAIRS,
    )


def no_importance_words(page: OverviewPage) -> str:
    """Why nothing is said about what matters to partners."""
    if page.n_partners is not None and page.n_partners < MINIMUM_PAIRS:
        return ngettext(
            "Importance needs %(needed)s answers; you have %(num)d.",
            "Importance needs %(needed)s answers; you have %(num)d.",
            page.n_partners,
            needed=MINIMUM_PAIRS,
        )
    return gettext(
        "Importance needs %(needed)s answers to a driver and to the recommendation question,"
        " shown exactly.",
        needed=MINIMUM_PAIRS,
    )


def sentiment_words(rows: Sequence[DriverSentiment]) -> str:
    """What the sentiment bars show: where the share of negative mentions is largest."""
    shown = [row for row in rows if row.counts is not None and row.counts.counts.classified]
    if not shown or shown[0].counts is None:
        return gettext("Each driver has too few comments to say.")
    counts = shown[0].counts.counts
    if not counts.negative:
        return gettext("No driver has a negative mention.")
    return gettext(
        "The largest part of negative mentions: %(driver)s, %(negative)s of %(all)s.",
        driver=shown[0].driver.name,
        negative=counts.negative,
        all=counts.classified,
    )


def spot_words(page: OverviewPage, code: str) -> str:
    """The strongest evidence beside a blind spot: what comments say, else the range of the gap."""
    said = next((row for row in page.sentiment_by_driver if row.driver.code == code), None)
    if said is not None and said.counts is not None and said.counts.counts.classified:
        counts = said.counts.counts
        return ngettext(
            "%(negative)s of %(num)d comment about it is negative.",
            "%(negative)s of %(num)d comments about it are negative.",
            counts.classified,
            negative=counts.negative,
        )
    row = next(row for row in page.gaps if row.code == code)
    return gap_words(row, page.drivers[code])


def gap_words(row: GapRow, driver: DriverInfo) -> str:
    """Both scores of one driver in a sentence."""
    if row.partners is None or row.staff is None:
        return gettext("%(driver)s: hidden to protect anonymity.", driver=driver.name)
    return gettext(
        "We say %(staff)s, partners say %(partners)s.",
        staff=format_number(row.staff.value),
        partners=format_number(row.partners.value),
    )
