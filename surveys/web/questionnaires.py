"""Pages of surveys and their questionnaires: list, start, read, publish."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response
from wtforms import StringField

from surveys.audit import record_event
from surveys.db import db
from surveys.errors import FieldError, NotFound
from surveys.i18n import gettext, ngettext, page_locale
from surveys.models import Survey, SurveyVersion
from surveys.new_surveys import MAX_NAME_LENGTH, OFFERED_TEMPLATES, start_survey, time_zones
from surveys.permissions import Permission, survey_for, survey_for_writing
from surveys.promises import promise_text
from surveys.question_bank import ItemRule, Template, fill, load_bank, template_minutes
from surveys.questionnaire_pages import (
    newest_version,
    questionnaire_page,
    survey_lines,
)
from surveys.questionnaires import DEFAULT_POLICY, QuestionnaireIncomplete, publish_version
from surveys.runtime import now
from surveys.segments import MAX_ANONYMOUS_DIMENSIONS
from surveys.terms import Audience, Mode
from surveys.web import wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.forms import BaseForm
from surveys.web.questionnaire_words import problem_text, question_name, type_word
from surveys.web.sign_in import current_user, signed_in
from surveys.web.wave_forms import OneOf
from surveys.workspace import workspace

bp = Blueprint("questionnaires", __name__)
FIRST_TIME_ZONE = "Europe/Warsaw"


class NewSurveyForm(BaseForm):
    """What is fixed, or first needed, when a survey starts."""

    name = StringField()
    mode = StringField(validators=[OneOf(tuple(Mode))])
    time_zone = StringField(validators=[OneOf(time_zones())])
    template_key = StringField(validators=[OneOf(OFFERED_TEMPLATES)])


@bp.get("/questionnaires")
@signed_in(Permission.RUN_SURVEYS)
def index() -> str:
    """Every survey with its newest version."""
    return render_template(
        "manage/questionnaires/index.html", lines=survey_lines(db.session()), words=wave_words
    )


@bp.get("/surveys/new")
@signed_in(Permission.RUN_SURVEYS)
def new() -> str:
    """The form of a new survey."""
    form = NewSurveyForm(mode=Mode.CONFIDENTIAL.value, time_zone=FIRST_TIME_ZONE)
    return _render_new(form)


@bp.post("/surveys")
@signed_in(Permission.RUN_SURVEYS)
def create() -> Response | tuple[str, int]:
    """Start a survey with a draft questionnaire, and go on to read it."""
    form = NewSurveyForm()
    if not form.validate():
        return _render_new(form), 422
    try:
        survey = start_survey(
            db.session(),
            name=form.name.data or "",
            mode=Mode(str(form.mode.data)),
            time_zone=form.time_zone.data or "",
            template_key=form.template_key.data or "",
            now=now(),
        )
    except FieldError as error:
        db.session.rollback()
        form[error.field].errors = [_field_problem(error.reason)]
        return _render_new(form), 422
    except IntegrityError:
        # Somebody started a survey of the same name in the same moment.
        db.session.rollback()
        return redirect(url_for(".index"), 303)
    _audit("survey.create", survey.id)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey.id), 303)


@bp.get("/questionnaires/<int:survey_id>")
@signed_in(Permission.RUN_SURVEYS)
def show(survey_id: int) -> str:
    """The questionnaire as both audiences read it, in one of its languages."""
    survey = survey_for(db.session(), current_user(), survey_id)
    return _render(survey, _version(db.session(), survey))


@bp.get("/questionnaires/<int:survey_id>/publish")
@signed_in(Permission.RUN_SURVEYS)
def confirm_publish(survey_id: int) -> Response | str:
    """Say what publishing does."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = _version(db.session(), survey)
    if version.published_at is not None:
        return redirect(url_for(".show", survey_id=survey.id), 303)
    return _render(survey, version, template="manage/questionnaires/publish.html")


@bp.post("/questionnaires/<int:survey_id>/publish")
@signed_in(Permission.RUN_SURVEYS)
def publish(survey_id: int) -> Response | tuple[str, int]:
    """Freeze the draft; refused while a mirror or a language is missing, which is then named."""
    session = db.session()
    survey = survey_for_writing(session, current_user(), survey_id)
    version = _version(session, survey)
    if version.published_at is not None:
        return redirect(url_for(".show", survey_id=survey.id), 303)
    form = EmptyForm()
    if not form.validate():
        return _render(survey, version, form, template="manage/questionnaires/publish.html"), 422
    try:
        publish_version(session, version, now=now(), user_id=current_user().id)
    except QuestionnaireIncomplete:
        db.session.rollback()
        return _render(survey, _version(session, survey)), 409
    _audit("questionnaire.publish", survey.id, version=version.number)
    db.session.commit()
    flash(gettext("Version %(number)s is published.", number=version.number), "ok")
    return redirect(url_for(".show", survey_id=survey_id), 303)


def _version(session: Session, survey: Survey) -> SurveyVersion:
    version = newest_version(session, survey.id)
    if version is None:
        raise NotFound("questionnaire", survey.id)
    return version


def _render(
    survey: Survey,
    version: SurveyVersion,
    form: EmptyForm | None = None,
    *,
    template: str = "manage/questionnaires/show.html",
) -> str:
    wanted = request.args.get("wording", page_locale())
    locale = wanted if wanted in survey.locales else survey.locales[0]
    vendor = workspace(db.session()).vendor or gettext("Your company")
    return render_template(
        template,
        survey=survey,
        page=questionnaire_page(db.session(), version, locale=locale, names_locale=page_locale()),
        form=form or EmptyForm(),
        promise=_promise(survey.mode, survey.policy, vendor, locale=page_locale()),
        filled=lambda text: fill(text, vendor=vendor),
        problem_text=problem_text,
        question_name=question_name,
        type_word=type_word,
        words=wave_words,
        zone=ZoneInfo(survey.time_zone),
    )


def _render_new(form: NewSurveyForm) -> str:
    bank = load_bank()
    vendor = workspace(db.session()).vendor or gettext("Your company")
    promises = [
        (mode, _promise(mode, DEFAULT_POLICY, vendor, locale=page_locale())) for mode in Mode
    ]
    return render_template(
        "manage/questionnaires/new.html",
        form=form,
        templates={key: _template_text(bank.template(key)) for key in OFFERED_TEMPLATES},
        promises=promises,
        zones={zone: zone for zone in time_zones()},
        max_name=MAX_NAME_LENGTH,
        words=wave_words,
    )


def _template_text(template: Template) -> str:
    """Its name, and what it asks of a partner."""
    asked = [
        each
        for each in template.items_for(Audience.PARTNER)
        if each.rule != ItemRule.IDENTIFIED_ONLY
    ]
    return gettext(
        "%(template)s (%(questions)s, about %(minutes)s)",
        template=template.name[page_locale()],
        questions=ngettext("%(num)s question", "%(num)s questions", len(asked)),
        minutes=ngettext(
            "%(num)s minute",
            "%(num)s minutes",
            template_minutes(load_bank(), template, audience=Audience.PARTNER),
        ),
    )


def _promise(mode: Mode, policy: Any, vendor: str, *, locale: str) -> str:
    kept = MAX_ANONYMOUS_DIMENSIONS if mode is Mode.ANONYMOUS else None
    return promise_text(
        audience=Audience.PARTNER,
        mode=mode,
        locale=locale,
        vendor=vendor,
        min_people=policy["min_people"],
        min_companies=policy["min_companies"],
        dimensions=policy["dimensions"][:kept],
    )


def _field_problem(reason: str) -> str:
    texts = {
        "missing": gettext("Give it a name."),
        "too_long": gettext("Use at most %(most)s characters.", most=MAX_NAME_LENGTH),
        "taken": gettext("Another survey has this name."),
        "unknown": gettext("Choose one of the list."),
    }
    return texts[reason]


def _audit(action: str, survey_id: int, **detail: object) -> None:
    record_event(
        db.session(),
        action,
        actor=f"user {current_user().id}",
        now=now(),
        object_type="survey",
        object_id=survey_id,
        **detail,
    )
