"""What only the board page says in words: who took part, and how its figures are to be read.

All other sentences are those of the overview (findings.py), since the sheet shows the same value.
"""

from analysis.dashboard import OverviewPage
from analysis.figures import Figure
from analysis.gap import GapRow
from analysis.words import mark_words, printed_range_words
from surveys.i18n import format_number, format_percent, format_signed, gettext, ngettext


def participation_words(page: OverviewPage) -> str:
    """How many partners answered, of how many; and how many of the team, where it may be told."""
    counts = page.participation
    sentences = []
    if counts.response_rate is None:
        sentences.append(gettext("No invitation was delivered."))
    else:
        sentences.append(
            gettext(
                "Partners: %(answered)s of %(delivered)s delivered invitations were answered"
                " (%(rate)s).",
                answered=format_number(counts.answered),
                delivered=format_number(counts.delivered),
                rate=format_percent(counts.response_rate),
            )
        )
    if page.n_staff:
        sentences.append(
            ngettext(
                "Our team: %(num)d person answered.",
                "Our team: %(num)d people answered.",
                page.n_staff,
            )
        )
    return " ".join(sentences)


def overall_words(page: OverviewPage) -> str:
    """The difference over all drivers with its interval; empty where there is none."""
    if page.overall is None:
        return ""
    return gettext(
        "Over all drivers the difference is %(value)s points (95%% confidence: %(range)s).",
        value=format_signed(page.overall.value),
        range=printed_range_words(page.overall.printed()),
    )


def claim_words(row: GapRow) -> str:
    """The interval of a gap and what it allows to say: -41 to -15, bigger than chance."""
    if row.gap is None:
        return ""
    return f"{printed_range_words(row.interval)}, {mark_words(row.mark)}"


def marks_words(page: OverviewPage) -> str:
    """When a gap is called real."""
    return gettext(
        "A gap is bigger than chance if its interval leaves out zero. The intervals hold for all"
        " %(all)s drivers together.",
        all=len(page.gaps),
    )


def dash_words(page: OverviewPage) -> str:
    """What a dash means, where the sheet shows one; empty where every figure is there."""
    figures = [f for each in page.figures.values() for f in (each.partners, each.staff)]
    if all(figure is not None and figure.is_shown for figure in figures):
        return ""
    return gettext("A dash is a figure that is hidden or was not asked.")


def is_inexact(figure: Figure | None) -> bool:
    """Whether a figure is words rather than one number."""
    return figure is not None and figure.is_shown and figure.estimate is None
