"""What the quadrants and the weighted score of the drivers show, in words.

Fixed sentences, as in findings.py: nothing is claimed that an interval does not carry.
"""

from collections.abc import Iterable, Sequence

from analysis.gap import Composite
from analysis.importance import MINIMUM_PAIRS, Momentum, WeightSource
from analysis.priorities import (
    FEWEST_POINTS,
    Absence,
    Absent,
    Importance,
    Moving,
    Priorities,
)
from analysis.shown_figures import DriverInfo, RunFigures
from analysis.words import printed_range_words
from surveys.i18n import format_number, gettext, ngettext, wave_title


def source_words(found: Importance, *, run_label: str) -> str:
    """How importance is known, and why so."""
    if found.source is WeightSource.STATED and found.asked_in is not None:
        wave = wave_title(found.asked_in.partner.label)
        if found.asked_in.partner.label == run_label:
            return gettext("Importance is what partners said on a scale from 1 to 7 in this wave.")
        return gettext(
            "Importance is what partners said on a scale from 1 to 7 in the last wave that asked"
            " (%(wave)s).",
            wave=wave,
        )
    if found.source is WeightSource.DERIVED:
        how = gettext("Importance is how strongly each driver goes with recommending us.")
        return f"{_why_not_stated(found)} {how}"
    return _why_not_stated(found)


def _why_not_stated(found: Importance) -> str:
    if found.was_asked:
        return gettext("What partners said about importance may not be shown exactly.")
    return gettext("No wave has asked partners yet how important each driver is.")


def evidence_words(found: Importance, code: str) -> str:
    """What one driver's importance rests on: what partners said of it, and its link."""
    sentences = []
    if code in found.stated and found.asked_in is not None:
        sentences.append(
            gettext(
                "Stated importance: %(mean)s of 7 (%(wave)s)",
                mean=format_number(found.stated[code], 1),
                wave=wave_title(found.asked_in.partner.label),
            )
        )
    if code in found.links:
        sentences.append(
            gettext("Link with recommending us: %(r)s", r=format_number(found.links[code], 1))
        )
    return ". ".join(sentences)


def no_points_words(page: Priorities) -> str:
    """Why importance and score are not drawn; empty where they are."""
    if len(page.points) >= FEWEST_POINTS:
        return ""
    if page.importance.source is not WeightSource.NONE:
        return gettext("Too few drivers have an exact score for a chart.")
    if page.importance.links:
        return gettext("No driver goes with recommending us, so none stands out.")
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


def absent_words(absent: Sequence[Absent]) -> str:
    """The drivers that a chart leaves out, each reason once; empty where none is missing."""
    reasons = dict.fromkeys(each.why for each in absent)
    parts = [
        gettext(
            "%(names)s (%(reason)s)",
            names=_names(each.driver for each in absent if each.why is why),
            reason=absence_words(why),
        )
        for why in reasons
    ]
    return gettext("Not in the chart: %(parts)s.", parts="; ".join(parts)) if parts else ""


def absence_words(why: Absence) -> str:
    """Why a driver is not in a chart, in a few words."""
    return {
        Absence.HIDDEN: gettext("hidden to protect anonymity"),
        Absence.INEXACT: gettext("not shown exactly"),
        Absence.NO_IMPORTANCE: gettext("importance not known"),
        Absence.NEW_WORDING: gettext("new wording"),
        Absence.NOT_ASKED_BEFORE: gettext("not asked in the earlier wave"),
        Absence.HIDDEN_BEFORE: gettext("hidden in the earlier wave"),
        Absence.INEXACT_BEFORE: gettext("not shown exactly in the earlier wave"),
    }[why]


def momentum_words(page: Priorities) -> str:
    """Which drivers clearly fall or rise since the earlier wave; empty where none is plotted."""
    if not page.moving or page.since is None:
        return ""
    proven = [each for each in page.moving if each.is_proven]
    wave = wave_title(page.since)
    if not proven:
        return gettext("No change since %(wave)s is bigger than chance.", wave=wave)
    sentences = [
        _pressing_words([each for each in proven if each.is_pressing], wave),
        _slipping_words([each for each in proven if _falls(each) and not each.is_pressing], wave),
        _rising_words([each for each in proven if not _falls(each)], wave),
        _steady_words(len(page.moving) - len(proven)),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _falls(each: Moving) -> bool:
    return each.position.momentum is Momentum.DOWN


def _pressing_words(found: Sequence[Moving], wave: str) -> str:
    if not found:
        return ""
    return gettext(
        "Low and clearly falling since %(wave)s: %(names)s.", wave=wave, names=_moving_names(found)
    )


def _slipping_words(found: Sequence[Moving], wave: str) -> str:
    if not found:
        return ""
    return gettext(
        "High, but clearly falling since %(wave)s: %(names)s.",
        wave=wave,
        names=_moving_names(found),
    )


def _rising_words(found: Sequence[Moving], wave: str) -> str:
    if not found:
        return ""
    return gettext(
        "Clearly rising since %(wave)s: %(names)s.", wave=wave, names=_moving_names(found)
    )


def _steady_words(n_steady: int) -> str:
    if not n_steady:
        return ""
    return ngettext(
        "%(num)d other change cannot be told from chance.",
        "%(num)d other changes cannot be told from chance.",
        n_steady,
    )


def no_momentum_words(page: Priorities) -> str:
    """Why level and momentum are not drawn; empty where they are."""
    if len(page.moving) >= FEWEST_POINTS:
        return ""
    if page.since is None:
        return gettext("Momentum starts with the second wave.")
    return gettext(
        "Too few drivers can be compared with %(wave)s for a chart.", wave=wave_title(page.since)
    )


def weights_words(page: Priorities) -> str:
    """Over how many drivers the weighted score goes, and which weights it has."""
    found = page.importance
    n_drivers = max((each.n_drivers for each in (page.partners, page.staff) if each), default=0)
    if found.source is WeightSource.STATED and found.asked_in is not None:
        return ngettext(
            "Over %(num)d driver, weighted by the importance that partners stated (%(wave)s).",
            "Over %(num)d drivers, weighted by the importance that partners stated (%(wave)s).",
            n_drivers,
            wave=wave_title(found.asked_in.partner.label),
        )
    if found.source is WeightSource.DERIVED:
        how = ngettext(
            "Over %(num)d driver, weighted by how strongly it goes with recommending us.",
            "Over %(num)d drivers, weighted by how strongly each goes with recommending us.",
            n_drivers,
        )
        return f"{how} {_why_not_stated(found)}"
    return gettext("Importance is not known, so there are no weights: all drivers count alike.")


def fewer_drivers_words(page: Priorities) -> str:
    """A note where the two voices do not go over the same number of drivers."""
    ours, theirs = page.partners, page.staff
    if ours is None or theirs is None or ours.n_drivers == theirs.n_drivers:
        return ""
    return gettext(
        "Partners over %(partners)s drivers, our team over %(staff)s: the two are not of the same"
        " drivers.",
        partners=ours.n_drivers,
        staff=theirs.n_drivers,
    )


def no_score_words(figures: RunFigures, *, is_staff: bool) -> str:
    """Why a voice has no score of all drivers."""
    if is_staff and figures.run.internal is None:
        return gettext("Our team was not asked.")
    if is_staff and figures.internal is None:
        return gettext("Appears when the wave has closed")
    return gettext("No driver is shown exactly.")


def range_text(score: Composite) -> str:
    """The interval of a composite as it is printed: 54 to 66."""
    return printed_range_words(score.printed())


def _moving_names(found: Sequence[Moving]) -> str:
    return _names(each.driver for each in found)


def _names(drivers: Iterable[DriverInfo]) -> str:
    return ", ".join(f"{driver.number} {driver.name}" for driver in drivers)
