"""What the pages about predictions show, in words: lean, miss, sureness, skill, trend.

Fixed sentences, as in findings.py: nothing is claimed that an interval does not carry, and no
sentence can be about one of a group.
"""

from collections.abc import Sequence

from analysis.calibration import MEANT_TO_HOLD_PCT, GroupCalibration
from analysis.calibration_page import CalibrationPage, CalibrationStep, DriverGuess, OwnPage
from analysis.stats import Interval
from surveys.i18n import format_number, format_percent, format_signed, gettext, ngettext, wave_title


def headline_words(result: GroupCalibration) -> str:
    """Which way the team leans, if that is more than chance."""
    side = _side(result.bias.interval())
    if side == 0:
        return gettext("Our team’s guesses lean neither way.")
    points = _points(abs(result.bias.value))
    if side > 0:
        return gettext(
            "Our team thinks partners are %(points)s happier than they are.", points=points
        )
    return gettext(
        "Our team thinks partners are %(points)s less happy than they are.", points=points
    )


def error_words(result: GroupCalibration) -> str:
    """How far a guess was from the score."""
    return gettext(
        "On average a guess missed the score by %(points)s.", points=_points(result.mean_error)
    )


def sureness_words(result: GroupCalibration) -> str:
    """How often the margins held, and if that differs clearly from four in five."""
    held = gettext(
        "%(share)s of the guesses held within their margin; 80%% should.",
        share=format_percent(held_share(result)),
    )
    verdict = {
        1: gettext("The team is surer than it should be."),
        0: gettext("That may be chance."),
        -1: gettext("The team could be surer of itself."),
    }[_side(result.overconfidence.interval())]
    return f"{held} {verdict}"


def held_share(result: GroupCalibration) -> float:
    """The share 0..1 of guesses that held."""
    return (MEANT_TO_HOLD_PCT - result.overconfidence.value) / 100


def skill_words(skill: float | None) -> str:
    """Whether the guesses beat a repetition of last wave's scores."""
    if skill is None:
        return gettext("There is no wave before to compare with.")
    if round(100 * skill) == 0:
        return gettext("As far off as last wave’s scores would have been.")
    if skill > 0:
        return gettext(
            "%(share)s closer than last wave’s scores would have been.",
            share=format_percent(skill),
        )
    if skill < -1:
        return gettext(
            "%(times)s times as far off as last wave’s scores would have been.",
            times=format_number(1 - skill),
        )
    return gettext(
        "%(share)s farther off than last wave’s scores would have been.",
        share=format_percent(-skill),
    )


def skill_figure(skill: float | None) -> str:
    """Skill as its tile shows it; beyond twice as far off, a percentage says nothing."""
    if skill is None:
        return "–"
    if skill < -1:
        return f"{format_number(1 - skill)}\N{MULTIPLICATION SIGN}"
    return f"{format_signed(100 * skill)}%"


def chart_words(page: CalibrationPage) -> str:
    """The drivers that the team overrates and underrates most."""
    known = [(row.error, row) for row in page.rows if row.error is not None]
    if not known:
        return gettext("No driver was guessed by five people.")
    highest, lowest = (pick(known, key=lambda each: each[0]) for pick in (max, min))
    sentences = []
    if round(highest[0]) > 0:
        sentences.append(
            gettext("Most overrated: %(driver)s, %(points)s.", **_named(highest[0], highest[1]))
        )
    if round(lowest[0]) < 0:
        sentences.append(
            gettext("Most underrated: %(driver)s, %(points)s.", **_named(lowest[0], lowest[1]))
        )
    return " ".join(sentences) or gettext("Every guess is on the score.")


def row_label(row: DriverGuess) -> str:
    """One row of the chart as a sentence."""
    score = format_number(row.actual.value)
    if row.guess is None:
        return gettext(
            "%(driver)s: partners %(score)s, fewer than five guesses.",
            driver=row.driver.name,
            score=score,
        )
    return gettext(
        "%(driver)s: partners %(score)s, our team’s guess %(guess)s.",
        driver=row.driver.name,
        score=score,
        guess=format_number(row.guess),
    )


def trend_words(steps: Sequence[CalibrationStep]) -> str:
    """From where to where the mean miss went."""
    shown = [(step, step.result) for step in steps if step.result is not None]
    if len(shown) < 2:
        return gettext("The trend starts with the second wave that five people have guessed.")
    (first, before), (last, now) = shown[0], shown[-1]
    return gettext(
        "Mean miss: %(before)s in %(first)s, %(now)s in %(last)s.",
        before=_points(before.mean_error),
        first=wave_title(first.run.partner.label),
        now=_points(now.mean_error),
        last=wave_title(last.run.partner.label),
    )


def people_words(n_people: int) -> str:
    """How many have guessed, whoever they are."""
    if n_people == 0:
        return gettext("Nobody of our team has guessed yet.")
    return ngettext(
        "%(num)d person of our team has guessed.",
        "%(num)d people of our team have guessed.",
        n_people,
    )


def own_headline(page: OwnPage) -> str:
    """Which way one's own guesses lean: said to that person, about this wave alone."""
    if page.result is None:
        return ""
    points = _points(abs(page.result.bias))
    if round(page.result.bias) == 0:
        return gettext("On average your guesses lean neither way.")
    if page.result.bias > 0:
        return gettext("On average you guessed %(points)s too high.", points=points)
    return gettext("On average you guessed %(points)s too low.", points=points)


def own_words(page: OwnPage) -> str:
    """Mean miss, hits, and last wave's scores beside them."""
    result = page.result
    if result is None:
        return ""
    sentences = [
        gettext("A guess missed the score by %(points)s.", points=_points(result.mean_error)),
        ngettext(
            "%(hits)s of %(num)d guess held within its margin.",
            "%(hits)s of %(num)d guesses held within their margins.",
            result.n_predictions,
            hits=result.n_hits,
        ),
    ]
    if result.skill is not None:
        sentences.append(skill_words(result.skill))
    return " ".join(sentences)


def _side(interval: Interval) -> int:
    """+1 or -1 where the interval lies on one side of 0."""
    return 1 if interval.low > 0 else -1 if interval.high < 0 else 0


def _points(value: float) -> str:
    return ngettext("%(num)d point", "%(num)d points", round(value))


def _named(error: float, row: DriverGuess) -> dict[str, str]:
    return {"driver": row.driver.name, "points": format_signed(error)}
