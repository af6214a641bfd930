"""How a questionnaire will look: the respondent's page at phone width, in each language.

The page itself stands in a frame, so that its own style rules see the width of a phone. Nothing is
stored, and nothing can be sent.
"""

from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, abort, render_template, request
from sqlalchemy.orm import Session

from surveys.db import db
from surveys.doors import Door
from surveys.errors import NotFound
from surveys.i18n import page_locale
from surveys.models import Survey, SurveyVersion
from surveys.permissions import Permission, survey_for
from surveys.question_bank import Problem, ProblemCode
from surveys.questionnaire_pages import newest_version
from surveys.questionnaires import problems_of
from surveys.runtime import now
from surveys.terms import Audience, Mode, WaveState
from surveys.web import wave_words
from surveys.web.questionnaire_words import problem_text
from surveys.web.security import framed_by_own_pages, with_own_frames
from surveys.web.sign_in import current_user, signed_in
from surveys.web.survey_page import preview_html
from surveys.workspace import workspace

bp = Blueprint("preview", __name__, url_prefix="/questionnaires/<int:survey_id>/preview")
_MISSING = (ProblemCode.MISSING_TEXT, ProblemCode.MISSING_ANSWERS)


@bp.get("")
@with_own_frames
@signed_in(Permission.RUN_SURVEYS)
def show(survey_id: int) -> str:
    """The choice of audience and language, and the page as a phone shows it."""
    survey, version = _newest(survey_id)
    audience, locale = _wanted(survey)
    return render_template(
        "manage/questionnaires/preview.html",
        survey=survey,
        version=version,
        audience=audience,
        locale=locale,
        missing=_missing(db.session(), version, audience, locale),
        problem_text=problem_text,
        words=wave_words,
    )


@bp.get("/page")
@framed_by_own_pages
@signed_in(Permission.RUN_SURVEYS)
def page(survey_id: int) -> str:
    """The respondent's page by itself."""
    survey, version = _newest(survey_id)
    audience, locale = _wanted(survey)
    if _missing(db.session(), version, audience, locale):
        abort(404)
    return preview_html(_door(db.session(), survey, version, audience, locale), locale)


def _newest(survey_id: int) -> tuple[Survey, SurveyVersion]:
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None:
        raise NotFound("questionnaire", survey_id)
    return survey, version


def _wanted(survey: Survey) -> tuple[Audience, str]:
    is_staff = request.args.get("audience") == Audience.INTERNAL.value
    locale = request.args.get("wording", page_locale())
    return (
        Audience.INTERNAL if is_staff else Audience.PARTNER,
        locale if locale in survey.locales else str(survey.locales[0]),
    )


def _missing(
    session: Session, version: SurveyVersion, audience: Audience, locale: str
) -> Sequence[Problem]:
    """Why the page cannot be shown in this language."""
    if version.published_at is not None:
        return []
    return [
        each
        for each in problems_of(session, version)
        if each.code in _MISSING and each.audience is audience and each.locale in (None, locale)
    ]


def _door(
    session: Session, survey: Survey, version: SurveyVersion, audience: Audience, locale: str
) -> Door:
    """What the link of somebody asked would open, if a wave opened now."""
    mode = Mode(survey.mode) if audience is Audience.PARTNER else Mode.CONFIDENTIAL
    day = timedelta(days=1)
    return Door(
        invitation_id=0,
        wave_id=0,
        survey_id=survey.id,
        version_id=version.id,
        audience=audience,
        mode=mode,
        state=WaveState.OPEN,
        locale=locale,
        locales=tuple(survey.locales),
        profile_no=0,
        contact_id=None,
        partner_id=None,
        opens_at=now() - day,
        closes_at=now() + day,
        grace_until=now() + day,
        may_change=survey.may_change,
        min_people=survey.policy["min_people"],
        min_companies=survey.policy["min_companies"],
        dimensions=tuple(survey.policy["dimensions"]),
        pool_size=1,
        time_zone=survey.time_zone,
        opened_on=None,
        started_on=None,
        answered_on=None,
        draft=None,
        asked_in_company=2,
        contact_version=None,
        vendor=workspace(session),
    )
