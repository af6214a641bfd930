"""The results for partners, behind a personal link: the token is the permission, GET only shows.

They exist where the vendor has them mailed, and for those whom the mail goes to.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template

from analysis import words
from analysis.partner_results import PartnerResults, partner_results
from analysis.queries import drivers, wave_figures
from surveys.db import db
from surveys.doors import Door, open_door
from surveys.errors import TokenUnknown
from surveys.follow_ups import results_wave
from surveys.i18n import use_locale
from surveys.models import Wave
from surveys.question_bank import fill
from surveys.questionnaires import read_questionnaire
from surveys.terms import Audience
from surveys.web.answer_pages import language_of
from surveys.web.survey_page import frame

bp = Blueprint("partner_results", __name__)


@bp.get("/s/<token>/results")
def show(token: str) -> str:
    """What may be shown to partners of the wave that this link belongs to."""
    door = open_door(db.session(), token)
    wave = _published_wave(door)
    use_locale(language_of(door))
    return render_template(
        "respond/results.html",
        **frame(token, door),
        page=_page(door, wave, language_of(door)),
        closed_on=wave.closes_at.astimezone(ZoneInfo(door.time_zone)).date(),
        wave=wave,
        words=words,
    )


def _published_wave(door: Door) -> Wave:
    wave = results_wave(db.session(), door)
    if wave is None:
        raise TokenUnknown
    return wave


def _page(door: Door, wave: Wave, locale: str) -> PartnerResults:
    session = db.session()
    figures = wave_figures(session, wave)
    if figures is None:
        raise TokenUnknown
    return partner_results(
        figures,
        drivers=drivers(session, locale),
        statements=_statements(door, wave, locale),
    )


def _statements(door: Door, wave: Wave, locale: str) -> Mapping[str, str]:
    """What partners were asked, by question code."""
    questionnaire = read_questionnaire(
        db.session(), wave.version_id, audience=Audience.PARTNER, locale=locale
    )
    return {item.code: fill(item.text, vendor=door.vendor.vendor) for item in questionnaire.items}
