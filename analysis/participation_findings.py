"""What the page of participation shows, in words: who came how far, and for whom they stand.

Fixed sentences, as in findings.py. Rates of a closed wave are facts; only a group that differs from
the rest by more than chance, and by five points of its weight, is called over- or underrepresented.
"""

from collections.abc import Sequence

from analysis.participation_page import (
    DimensionPart,
    ParticipationPage,
    Reweighting,
    SegmentRow,
    TrendStep,
    Voice,
)
from analysis.shown_figures import Row
from analysis.stats import Interval
from analysis.words import segment_name
from surveys.i18n import format_number, format_percent, gettext, ngettext, wave_title
from surveys.participation import Participation
from surveys.promises import dimension_name
from surveys.terms import Audience


def headline_words(page: ParticipationPage) -> str:
    """Whether those who took part stand for everybody invited."""
    if page.nobody_took_part:
        return gettext("Nobody has answered yet.") if page.is_open else gettext("Nobody answered.")
    if page.under:
        return _named(page.under, is_under=True, is_open=page.is_open)
    if page.over:
        return _named(page.over, is_under=False, is_open=page.is_open)
    if not page.partner_parts:
        return counts_words(page)
    if page.is_open:
        return gettext("So far no group of partners is clearly under- or overrepresented.")
    return gettext("No group of partners is clearly under- or overrepresented.")


def counts_words(page: ParticipationPage) -> str:
    """How many of the invited partner contacts have finished."""
    funnel = page.partners.funnel
    counts = {
        "answered": format_number(funnel.completed),
        "invited": format_number(funnel.invited),
    }
    if page.is_open:
        return gettext(
            "%(answered)s of %(invited)s partner contacts have answered so far.", **counts
        )
    return gettext("%(answered)s of %(invited)s partner contacts answered.", **counts)


def change_words(page: ParticipationPage) -> str:
    """The response rate against the wave before; empty where either has none."""
    closed = [step for step in page.trend if step.partners.response_rate is not None]
    if page.is_open or len(closed) < 2 or closed[-1].run.id != page.run.id:
        return ""
    before, now = closed[-2], closed[-1]
    points = round(100 * (_rate(now.partners) - _rate(before.partners)))
    wave = wave_title(before.run.partner.label)
    if points == 0:
        return gettext("The response rate is the same as in %(wave)s.", wave=wave)
    if points > 0:
        return ngettext(
            "The response rate is %(num)d point higher than in %(wave)s.",
            "The response rate is %(num)d points higher than in %(wave)s.",
            points,
            wave=wave,
        )
    return ngettext(
        "The response rate is %(num)d point lower than in %(wave)s.",
        "The response rate is %(num)d points lower than in %(wave)s.",
        -points,
        wave=wave,
    )


def mail_words(voice: Voice) -> str:
    """What became of the invitations that were not delivered; empty if all were."""
    sentences = []
    if voice.bounced:
        sentences.append(
            ngettext(
                "%(n)s invitation came back as undeliverable.",
                "%(n)s invitations came back as undeliverable.",
                voice.bounced,
                n=format_number(voice.bounced),
            )
        )
    if voice.n_unsent:
        sentences.append(
            ngettext(
                "%(n)s invitation was not sent.",
                "%(n)s invitations were not sent.",
                voice.n_unsent,
                n=format_number(voice.n_unsent),
            )
        )
    return " ".join(sentences)


def voice_name(voice: Voice) -> str:
    """Whose steps these are."""
    if voice.wave.audience is Audience.PARTNER:
        return gettext("Partner contacts")
    return gettext("Our team")


def voice_words(voice: Voice) -> str:
    """The steps from invitation to answer as a sentence."""
    funnel = voice.funnel
    if not funnel.invited:
        return gettext("Nobody was invited.")
    counts = {
        "invited": format_number(funnel.invited),
        "delivered": format_number(funnel.delivered),
        "finished": format_number(funnel.completed),
    }
    if funnel.started is None or funnel.opened is None:
        return gettext(
            "Invited: %(invited)s. Delivered: %(delivered)s. Finished: %(finished)s.", **counts
        )
    return gettext(
        "Invited: %(invited)s. Delivered: %(delivered)s. Opened the link: %(opened)s."
        " Started: %(started)s. Finished: %(finished)s.",
        opened=format_number(funnel.opened),
        started=format_number(funnel.started),
        **counts,
    )


def row_label(row: SegmentRow, k: int) -> str:
    """One row of the chart as a sentence."""
    interval = row.rate.interval(k)
    return gettext(
        "%(segment)s: %(took_part)s of %(invited)s took part, %(share)s (%(low)s to %(high)s).",
        segment=segment_name(row.row),
        took_part=format_number(row.took_part),
        invited=format_number(row.invited),
        share=format_percent(row.rate.value),
        low=format_percent(interval.low),
        high=format_percent(interval.high),
    )


def verdict_words(row: SegmentRow) -> str:
    """Whether a group differs from the rest, and whether that matters for the whole."""
    if row.is_under:
        return gettext("underrepresented")
    if row.is_over:
        return gettext("overrepresented")
    if row.balance is None or row.balance.interval is None:
        return "–"
    if row.is_clear:
        return gettext("clear, but of little weight")
    return gettext("may be chance")


def part_words(part: DimensionPart) -> str:
    """The lowest and the highest rate of a dimension, and who is clearly over or under."""
    if part.r_indicator is None:
        return gettext("Nobody of these groups has taken part yet.")
    lowest, highest = part.rows[0], part.rows[-1]
    sentences = [
        gettext(
            "Lowest: %(lowest)s, %(low)s. Highest: %(highest)s, %(high)s.",
            lowest=segment_name(lowest.row),
            low=format_percent(lowest.rate.value),
            highest=segment_name(highest.row),
            high=format_percent(highest.rate.value),
        )
    ]
    for rows, is_under in ((part.under, True), (part.over, False)):
        if rows:
            sentences.append(_named(rows, is_under=is_under, is_open=False, short=True))
    if len(sentences) == 1:
        sentences.append(gettext("The differences may be chance, or weigh little."))
    return " ".join(sentences)


def indicator_words(part: DimensionPart) -> str:
    """The R indicator with what it means."""
    if part.r_indicator is None:
        return ""
    return gettext(
        "R indicator %(value)s. 1 means that all groups take part alike; in small waves it varies"
        " by chance.",
        value=format_number(part.r_indicator, 2),
    )


def reweighting_words(reweighting: Reweighting | None) -> str:
    """What the mean of the drivers would be if every group had answered in proportion."""
    if reweighting is None:
        return ""
    if reweighting.score is None or reweighting.reweighted is None:
        return gettext(
            "What the score would be if every group had answered in proportion cannot be worked"
            " out: at least one group has too few answers, or none that may be shown."
        )
    score, reweighted = format_number(reweighting.score), format_number(reweighting.reweighted)
    if score == reweighted:
        first = gettext(
            "Had every group answered in proportion, the mean of the drivers would be the same:"
            " %(score)s.",
            score=score,
        )
    else:
        first = gettext(
            "Had every group answered in proportion, the mean of the drivers would be"
            " %(reweighted)s instead of %(score)s.",
            reweighted=reweighted,
            score=score,
        )
    return f"{first} {_left_out(reweighting)}".strip()


def range_words(interval: Interval | None, *, signed: bool = False) -> str:
    """A band of shares for a table cell: 33% to 65%; points with `signed`."""
    if interval is None:
        return "–"
    write = format_points if signed else format_percent
    return gettext("%(low)s to %(high)s", low=write(interval.low), high=write(interval.high))


def format_points(difference: float) -> str:
    """A difference of shares in points with its sign; 0.4 points keep their decimal."""
    points = 100 * difference
    decimals = 1 if points and round(points) == 0 else 0
    text = format_number(points, decimals)
    return f"+{text}" if points > 0 else text


def trend_words(steps: Sequence[TrendStep]) -> str:
    """From where to where the response rates of closed waves went."""
    closed = finished_steps(steps)
    if len(closed) < 2:
        return gettext("The trend starts with the second wave that has closed.")
    first, last = closed[0], closed[-1]
    sentence = gettext(
        "Partners: %(before)s in %(first)s, %(now)s in %(last)s.",
        before=format_percent(_rate(first.partners)),
        first=wave_title(first.run.partner.label),
        now=format_percent(_rate(last.partners)),
        last=wave_title(last.run.partner.label),
    )
    staff = last.staff.response_rate if last.staff else None
    if staff is None:
        return sentence
    team = gettext("Our team in the last one: %(now)s.", now=format_percent(staff))
    return f"{sentence} {team}"


def finished_steps(steps: Sequence[TrendStep]) -> list[TrendStep]:
    """Closed waves that have a response rate: what a trend may be drawn from."""
    return [s for s in steps if not s.is_open and s.partners.response_rate is not None]


def _rate(counts: Participation) -> float:
    return counts.response_rate or 0.0


def _named(
    rows: Sequence[SegmentRow], *, is_under: bool, is_open: bool, short: bool = False
) -> str:
    name = segment_name if short else _full_name
    segments = ", ".join(name(row.row) for row in rows)
    if is_open:
        if is_under:
            return gettext("Underrepresented so far: %(segments)s.", segments=segments)
        return gettext("Overrepresented so far: %(segments)s.", segments=segments)
    if is_under:
        return gettext("Underrepresented: %(segments)s.", segments=segments)
    return gettext("Overrepresented: %(segments)s.", segments=segments)


def _full_name(row: Row) -> str:
    return gettext(
        "%(segment)s (%(dimension)s)", segment=segment_name(row), dimension=dimension_name(row[0])
    )


def _left_out(reweighting: Reweighting) -> str:
    n_left_out = len(reweighting.drivers) - len(reweighting.known)
    if not n_left_out:
        return ""
    return ngettext(
        "%(num)d driver is left out: at least one group has too few answers to it.",
        "%(num)d drivers are left out: at least one group has too few answers to them.",
        n_left_out,
    )
