"""What the page of one driver shows, in words: trend, answers, segments, comments.

Fixed sentences, as in findings.py: nothing is claimed that an interval does not carry.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from analysis.dashboard import DriverFigures
from analysis.driver_page import AnswerRow, AnswerShare, DriverPage, Heatmap, HeatRow, TrendStep
from analysis.figures import Figure
from analysis.findings import no_gap_reason
from analysis.gap import Gap
from analysis.words import (
    answer_name,
    figure_text,
    mark_words,
    row_name,
    sentiment_name,
    share_text,
)
from surveys.i18n import format_number, format_percent, format_signed, gettext, ngettext, wave_title

POLARITIES = ("negative", "mixed", "neutral", "positive")


def polarity_words(page: DriverPage) -> str:
    """How comments speak of the driver: 17 negative, 4 mixed, ..., by the published counts."""
    if page.comments is None:
        return ""
    counts = page.comments.counts
    parts = [
        f"{sentiment_name(name).lower()} {format_number(getattr(counts, name))}"
        for name in POLARITIES
    ]
    if counts.unsure:
        parts.append(f"{sentiment_name('unsure').lower()} {format_number(counts.unsure)}")
    return gettext("Mentions: %(parts)s.", parts=", ".join(parts))


def no_gap_words(page: DriverPage) -> str:
    """Why the two voices have no difference."""
    reason = no_gap_reason(DriverFigures(page.partners, page.staff))
    return reason[:1].upper() + reason[1:]


class History(Protocol):
    """One driver over the waves, wherever it is shown; changes are since `since`, among `k`."""

    @property
    def trend(self) -> Sequence[TrendStep]:
        """The waves, the oldest first."""

    @property
    def partners_change(self) -> Gap | None:
        """What became of the partners' figure."""

    @property
    def staff_change(self) -> Gap | None:
        """What became of the team's figure."""

    @property
    def since(self) -> str | None:
        """The label of the wave that changes are counted from."""

    @property
    def k(self) -> int:
        """Among how many comparisons a change is marked."""


def trend_words(page: History) -> str:
    """From where to where each voice went over how many waves, and if the last step is proven."""
    if len(page.trend) < 2:
        return gettext("The trend starts with the second wave.")
    steps = _since_new_wording(page.trend)
    sentences = [
        way_words(gettext("Partners"), _texts([step.partners for step in steps])),
        way_words(gettext("Our team"), _texts([step.staff for step in steps])),
    ]
    if len(steps) < len(page.trend):
        sentences.append(
            gettext(
                "The wording was new in %(wave)s, so earlier waves cannot be compared.",
                wave=wave_title(steps[0].run.partner.label),
            )
        )
    changes = [
        _change(gettext("Partners"), page.partners_change, page),
        _change(gettext("Our team"), page.staff_change, page),
    ]
    return " ".join(sentence for sentence in (*sentences, *changes) if sentence)


def _since_new_wording(trend: Sequence[TrendStep]) -> Sequence[TrendStep]:
    starts = [place for place, step in enumerate(trend) if step.is_new_wording]
    return trend[starts[-1] if starts else 0 :]


def way_words(voice: str, shown: Sequence[str]) -> str:
    """From where to where a voice went, of its figures as printed; empty for fewer than two."""
    if len(shown) < 2:
        return ""
    return ngettext(
        "%(voice)s: from %(first)s to %(last)s over %(num)d wave.",
        "%(voice)s: from %(first)s to %(last)s over %(num)d waves.",
        len(shown),
        voice=voice,
        first=shown[0],
        last=shown[-1],
    )


def _texts(figures: Sequence[Figure | None]) -> list[str]:
    return [figure_text(figure) for figure in figures if figure is not None and figure.is_shown]


def _change(voice: str, change: Gap | None, page: History) -> str:
    if change is None or page.since is None:
        return ""
    return gettext(
        "%(voice)s since %(wave)s: %(value)s, %(mark)s.",
        voice=voice,
        wave=wave_title(page.since),
        value=format_signed(change.value),
        mark=mark_words(change.mark(page.k)),
    )


def answer_words(rows: Sequence[AnswerRow]) -> str:
    """Which part of each voice agrees and disagrees, as far as that may be shown."""
    sentences = []
    for voice, shares in (
        (gettext("Partners"), [(row.key, row.partners) for row in rows]),
        (gettext("Our team"), [(row.key, row.staff) for row in rows]),
    ):
        parts = _grouped(shares)
        if parts:
            sentences.append(gettext("%(voice)s: %(parts)s.", voice=voice, parts=", ".join(parts)))
    return " ".join(sentences)


def _grouped(shares: Sequence[tuple[str, AnswerShare | None]]) -> list[str]:
    """'agree 36%', 'disagree 39%': single answers are added up to their groups."""
    groups: Mapping[str, tuple[str, ...]] = {
        "agree": ("agree", "5", "4"),
        "disagree": ("disagree", "2", "1"),
    }
    parts = []
    for group, keys in groups.items():
        found = [share for key, share in shares if key in keys and share is not None]
        if found:
            parts.append(f"{answer_name(group).lower()} {_together(found)}")
    return parts


def _together(shares: Sequence[AnswerShare]) -> str:
    if len(shares) == 1:
        return share_text(shares[0])
    return format_percent(sum(share.count or 0 for share in shares) / shares[0].n)


def share_label(voice: str, share: AnswerShare | None) -> str:
    """One bar of the distribution as a sentence."""
    if share is None:
        return gettext("%(voice)s: not shown", voice=voice)
    return gettext("%(voice)s: %(share)s", voice=voice, share=share_text(share))


def heat_words(heat: Heatmap) -> str:
    """The lowest and the highest segment of the page's driver, and those that clearly differ."""
    row = heat.this
    if row is None:
        return ""
    exact = [
        (cell.figure.value, cell)
        for cell in row.cells
        if cell.figure is not None and cell.figure.estimate and cell.figure.value is not None
    ]
    sentences = []
    if len(exact) > 1:
        low, high = (pick(exact, key=lambda each: each[0]) for pick in (min, max))
        sentences.append(
            gettext(
                "Lowest %(low_value)s (%(low)s), highest %(high_value)s (%(high)s).",
                low=row_name(low[1].row),
                low_value=format_number(low[0]),
                high=row_name(high[1].row),
                high_value=format_number(high[0]),
            )
        )
        sentences.append(_different(row))
    hidden = sum(cell.figure is not None and not cell.figure.is_shown for cell in row.cells)
    if hidden:
        sentences.append(
            ngettext(
                "%(num)d segment is hidden to protect anonymity.",
                "%(num)d segments are hidden to protect anonymity.",
                hidden,
            )
        )
    return " ".join(sentences)


def _different(row: HeatRow) -> str:
    lower = ", ".join(row_name(cell.row) for cell in row.cells if cell.direction < 0)
    higher = ", ".join(row_name(cell.row) for cell in row.cells if cell.direction > 0)
    if not lower and not higher:
        return gettext("No segment clearly differs from the rest.")
    sentences = []
    if lower:
        sentences.append(gettext("Clearly lower than the rest: %(names)s.", names=lower))
    if higher:
        sentences.append(gettext("Clearly higher than the rest: %(names)s.", names=higher))
    return " ".join(sentences)
