"""Guessing what partners will say, on the personal link of a member of staff.

No sign-in, no cookie: the token in the path is the permission. GET shows and never stores.
"""

from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from surveys.db import db
from surveys.doors import Door, open_door
from surveys.errors import NothingAnswered, TokenUnknown, WaveNotOpen
from surveys.i18n import gettext, use_locale
from surveys.predictions import (
    MARGINS,
    GuessedDriver,
    Stage,
    drivers_to_guess,
    guesses_of,
    prediction_stage,
    record_predictions,
)
from surveys.responses import Filled
from surveys.runtime import now
from surveys.web.answer_pages import closed_page, closing_day, language_of
from surveys.web.prediction_form import TypedGuesses, read_guesses, shown_guesses
from surveys.web.survey_page import frame
from surveys.web.write_turn import in_turn

bp = Blueprint("predict", __name__)
#: The language buttons send the page as it is; it comes back in the other language.
SWITCH = "switch"
Page = Response | str | tuple[str, int]


@bp.get("/s/<token>/predict")
def show(token: str) -> Page:
    """The drivers with what this person guessed before."""
    door = open_door(db.session(), token)
    turned_away = _turned_away(token, door)
    if turned_away is not None:
        return turned_away
    guesses = guesses_of(db.session(), door.invitation_id)
    drivers = _drivers(door)
    typed = shown_guesses(guesses, [driver.code for driver in drivers])
    is_saved = bool(guesses) and request.args.get("saved") == "1"
    return _page(token, door, drivers, typed, is_saved=is_saved)


@bp.post("/s/<token>/predict")
@in_turn
def save(token: str) -> Page:
    """Store the guesses; they can be changed until the survey closes."""
    door = open_door(db.session(), token)
    turned_away = _turned_away(token, door)
    if turned_away is not None:
        return turned_away
    drivers = _drivers(door)
    typed = read_guesses(request.form, [driver.code for driver in drivers])
    if SWITCH in request.form:
        return _page(token, door, drivers, typed)
    if typed.wrong:
        return _page(token, door, drivers, typed), 422
    try:
        record_predictions(db.session(), door, typed.guesses, now=now())
    except NothingAnswered:
        db.session.rollback()
        return _page(token, door, drivers, typed, is_empty=True), 422
    except WaveNotOpen:
        db.session.rollback()
        return closed_page(token, door, Filled())
    db.session.commit()
    return redirect(url_for(".show", token=token, lang=language_of(door), saved=1), 303)


def _turned_away(token: str, door: Door) -> Page | None:
    """Where this link leads instead; None where guesses can be given."""
    stage = prediction_stage(db.session(), door, now=now())
    if stage is Stage.ABSENT:
        raise TokenUnknown
    language = language_of(door)
    if stage is Stage.OPEN and door.answered_on is None:
        return redirect(url_for("respond.show", token=token, lang=language), 303)
    if stage is Stage.OPEN:
        return None
    if request.method == "GET" and guesses_of(db.session(), door.invitation_id):
        return redirect(url_for("calibration.own", token=token, lang=language), 303)
    return closed_page(token, door, Filled())


def _drivers(door: Door) -> list[GuessedDriver]:
    return drivers_to_guess(db.session(), door.version_id, locale=language_of(door))


def _page(
    token: str,
    door: Door,
    drivers: Sequence[GuessedDriver],
    typed: TypedGuesses,
    *,
    is_saved: bool = False,
    is_empty: bool = False,
) -> str:
    use_locale(language_of(door))
    words = {
        "score": gettext("Give a whole number from 0 to 100."),
        "margin": gettext("Choose within how many points you will be right."),
    }
    return render_template(
        "respond/predict.html",
        **frame(token, door),
        drivers=drivers,
        margins=MARGINS,
        typed=typed,
        errors={code: words[typed.fields[code].error or ""] for code in typed.wrong},
        is_saved=is_saved,
        is_empty=is_empty,
        closes_on=closing_day(door),
    )
