"""Pages on which a questionnaire is edited. Every change is one form and works without JavaScript.

A page of the draft holds every question; the one named in `open` shows its fields. What was taken
out stays in the session cookie until the next change, so that it can be put back.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from surveys.audit import record_event
from surveys.db import db
from surveys.editor_pages import editor_page
from surveys.errors import FieldError
from surveys.i18n import gettext, page_locale
from surveys.models import Driver, Survey, SurveyVersion
from surveys.permissions import Permission, survey_for, survey_for_writing
from surveys.question_bank import fill
from surveys.questionnaire_drafts import (
    Line,
    Place,
    Removed,
    add_question,
    discard_draft,
    draft_of,
    line_of,
    move_question,
    put_back,
    remove_question,
    start_draft,
)
from surveys.questionnaire_pages import newest_version
from surveys.runtime import now
from surveys.terms import Audience, QuestionType
from surveys.web import wave_words
from surveys.web.accounts import EmptyForm
from surveys.web.questionnaire_words import problem_text, question_name, type_word
from surveys.web.sign_in import current_user, signed_in
from surveys.wording_edits import (
    LISTED,
    MAX_OPTIONS,
    MAX_TEXT_LENGTH,
    OWN_TYPES,
    PROMPTS,
    Words,
    WordsByAudience,
    add_own_question,
    restore_standard,
    save_wordings,
)
from surveys.workspace import workspace

bp = Blueprint("editor", __name__, url_prefix="/questionnaires/<int:survey_id>/edit")
REMOVED = "removed_question"
WAYS = {"up": -1, "down": 1, "first": -100, "last": 100}
Reply = Response | tuple[str, int]


@bp.post("/start")
@signed_in(Permission.RUN_SURVEYS)
def start(survey_id: int) -> Reply:
    """Go on with the draft, or begin version n+1 as a copy of what is published."""
    survey = survey_for_writing(db.session(), current_user(), survey_id)
    if EmptyForm().validate():
        version = start_draft(db.session(), survey)
        _audit("questionnaire.edit", survey_id, version=version.number)
        db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id), 303)


@bp.get("")
@signed_in(Permission.RUN_SURVEYS)
def show(survey_id: int) -> Response | str:
    """The draft, one question open for its words."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return _render(survey, version)


@bp.post("/question/<code>/move")
@signed_in(Permission.RUN_SURVEYS)
def move(survey_id: int, code: str) -> Reply:
    """One place up or down, for both audiences."""
    survey, version = _draft(survey_id)
    way = request.form.get("way", "")
    if not EmptyForm().validate() or way not in WAYS:
        return _refused(survey, version)
    move_question(db.session(), version, code, by=WAYS[way])
    db.session.commit()
    return redirect(
        url_for(".show", survey_id=survey_id, moved=code, way=way, _anchor=f"q-{code}"), 303
    )


@bp.post("/question/<code>/remove")
@signed_in(Permission.RUN_SURVEYS)
def remove(survey_id: int, code: str) -> Reply:
    """Ask it no more; it can be put back from the next page."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    removed = remove_question(db.session(), version, code)
    _audit("questionnaire.remove", survey_id, version=version.number, question=code)
    db.session.commit()
    cookie[REMOVED] = _as_kept(version.id, removed)
    return redirect(url_for(".show", survey_id=survey_id, _anchor="undo"), 303)


@bp.post("/undo")
@signed_in(Permission.RUN_SURVEYS)
def undo(survey_id: int) -> Reply:
    """Put back what was taken out last."""
    survey, version = _draft(survey_id)
    kept = cookie.get(REMOVED)
    if not EmptyForm().validate() or not kept or kept["version"] != version.id:
        return _refused(survey, version)
    removed = _from_kept(kept)
    try:
        put_back(db.session(), version, removed)
    except FieldError:
        # It is asked again already: what was wanted.
        db.session.rollback()
    else:
        _audit("questionnaire.add", survey_id, version=version.number, question=removed.line.code)
        db.session.commit()
    cookie.pop(REMOVED)
    code = removed.line.code
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/add")
@signed_in(Permission.RUN_SURVEYS)
def add(survey_id: int) -> Reply:
    """Ask a question of the bank."""
    survey, version = _draft(survey_id)
    code = request.form.get("question", "")
    if not EmptyForm().validate():
        return _refused(survey, version)
    try:
        add_question(db.session(), version, code)
    except FieldError as error:
        db.session.rollback()
        return _render(*_draft(survey_id), errors={"question": field_problem(error)}), 422
    _audit("questionnaire.add", survey_id, version=version.number, question=code)
    db.session.commit()
    cookie.pop(REMOVED, None)
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/question/<code>")
@signed_in(Permission.RUN_SURVEYS)
def save(survey_id: int, code: str) -> Reply:
    """Give a question other words."""
    survey, version = _draft(survey_id)
    _, line = line_of(db.session(), version, code)
    words = _posted_words(survey.locales, line.places)
    if not EmptyForm().validate():
        return _refused(survey, version, code, words)
    try:
        save_wordings(
            db.session(), version, code, words=words, reason=request.form.get("reason", "")
        )
    except FieldError as error:
        db.session.rollback()
        survey, version = _draft(survey_id)
        problem = {error.field: field_problem(error)}
        return _render(survey, version, code=code, typed=words, errors=problem), 422
    _audit("questionnaire.word", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.post("/question/<code>/standard")
@signed_in(Permission.RUN_SURVEYS)
def standard(survey_id: int, code: str) -> Reply:
    """The bank's own words again."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    restore_standard(db.session(), version, code)
    _audit("questionnaire.word", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, open=code, _anchor=f"q-{code}"), 303)


@bp.get("/new")
@signed_in(Permission.RUN_SURVEYS)
def new(survey_id: int) -> Response | str:
    """The form of a question of one's own."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return _render_new(survey, words={}, errors={})


@bp.post("/new")
@signed_in(Permission.RUN_SURVEYS)
def create(survey_id: int) -> Reply:
    """Add a question of one's own to the bank and to the draft."""
    survey, version = _draft(survey_id)
    words = _posted_words(survey.locales, Audience)
    form = EmptyForm()
    if not form.validate():
        return _render_new(survey, words=words, errors={}, form=form), 422
    try:
        code = add_own_question(
            db.session(),
            version,
            type_=_posted_type(),
            driver=request.form.get("driver") or None,
            words=words,
            allows_unknown=request.form.get("unknown") == "1",
        )
    except FieldError as error:
        db.session.rollback()
        survey, _ = _draft(survey_id)
        problem = {error.field: field_problem(error)}
        return _render_new(survey, words=words, errors=problem), 422
    _audit("questionnaire.add", survey_id, version=version.number, question=code)
    db.session.commit()
    return redirect(url_for(".show", survey_id=survey_id, moved=code, _anchor=f"q-{code}"), 303)


@bp.get("/discard")
@signed_in(Permission.RUN_SURVEYS)
def confirm_discard(survey_id: int) -> Response | str:
    """Ask before the edits are given up."""
    survey = survey_for(db.session(), current_user(), survey_id)
    version = newest_version(db.session(), survey.id)
    if version is None or version.published_at is not None or version.number == 1:
        return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)
    return render_template(
        "manage/questionnaires/discard.html", survey=survey, version=version, form=EmptyForm()
    )


@bp.post("/discard")
@signed_in(Permission.RUN_SURVEYS)
def discard(survey_id: int) -> Reply:
    """Give up the draft; the published version stays."""
    survey, version = _draft(survey_id)
    if not EmptyForm().validate():
        return _refused(survey, version)
    number = version.number
    discard_draft(db.session(), survey)
    _audit("questionnaire.discard", survey_id, version=number)
    db.session.commit()
    cookie.pop(REMOVED, None)
    flash(gettext("The draft of version %(number)s is gone.", number=number), "ok")
    return redirect(url_for("questionnaires.show", survey_id=survey_id), 303)


def field_problem(error: FieldError) -> str:
    """What is wrong with one field, in the language of the page."""
    texts = {
        "unknown": gettext("Choose one of the list."),
        "asked": gettext("This question is asked already."),
        "retired": gettext("This question was retired from the bank."),
        "too_many": gettext("There is no room for more."),
        "too_few": gettext("Give at least two answers, one on each line."),
        "too_long": gettext("Use at most %(most)s characters.", most=MAX_TEXT_LENGTH),
        "missing": gettext("Write the question for partners or for your team."),
    }
    return texts[error.reason]


def _draft(survey_id: int) -> tuple[Survey, SurveyVersion]:
    survey = survey_for_writing(db.session(), current_user(), survey_id)
    return survey, draft_of(db.session(), survey)


def _posted_type() -> QuestionType:
    try:
        return QuestionType(request.form.get("type", ""))
    except ValueError:
        raise FieldError("type", "unknown") from None


def _posted_words(locales: Any, audiences: Any) -> dict[Audience, dict[str, Words]]:
    """The words of the form, for each audience and language that it has fields for."""
    return {
        audience: {
            locale: _words(audience, locale)
            for locale in locales
            if f"text.{audience}.{locale}" in request.form
        }
        for audience in Audience
        if audience in audiences
    }


def _words(audience: Audience, locale: str) -> Words:
    def posted(name: str) -> str:
        return " ".join(request.form.get(f"{name}.{audience}.{locale}", "").split())

    lines = request.form.get(f"labels.{audience}.{locale}", "").splitlines()
    return Words(
        text=posted("text"),
        labels=tuple(" ".join(line.split()) for line in lines if line.strip()),
        prompts={
            name: posted(name) for name in PROMPTS if f"{name}.{audience}.{locale}" in request.form
        },
    )


def _refused(
    survey: Survey,
    version: SurveyVersion,
    code: str | None = None,
    words: WordsByAudience | None = None,
) -> tuple[str, int]:
    """The guard did not fit: nothing is changed, and what was typed is shown again."""
    db.session.rollback()
    survey, version = _draft(survey.id)
    return _render(survey, version, code=code, typed=words, is_stale=True), 422


def _render(
    survey: Survey,
    version: SurveyVersion,
    *,
    code: str | None = None,
    typed: WordsByAudience | None = None,
    errors: Mapping[str, str] | None = None,
    is_stale: bool = False,
) -> str:
    session = db.session()
    kept = cookie.get(REMOVED)
    return render_template(
        "manage/questionnaires/edit.html",
        survey=survey,
        page=editor_page(session, version, locale=page_locale()),
        open_code=code or request.args.get("open"),
        moved=request.args.get("moved"),
        way=request.args.get("way"),
        typed=typed or {},
        errors=errors or {},
        is_stale=is_stale,
        removed=kept if kept and kept["version"] == version.id else None,
        **_words_of_pages(session, survey),
    )


def _render_new(
    survey: Survey,
    *,
    words: WordsByAudience,
    errors: Mapping[str, str],
    form: EmptyForm | None = None,
) -> str:
    session = db.session()
    drivers = {each.code: each.names[page_locale()] for each in _drivers(session)}
    return render_template(
        "manage/questionnaires/own.html",
        survey=survey,
        typed=words,
        errors=errors,
        types={type_.value: type_word(type_) for type_ in OWN_TYPES},
        listed={type_.value for type_ in LISTED},
        drivers={"": gettext("None"), **drivers},
        given=request.form,
        **({"form": form} if form else {}) | _words_of_pages(session, survey),
    )


def _drivers(session: Session) -> list[Driver]:
    return session.query(Driver).order_by(Driver.position).all()


def _words_of_pages(session: Session, survey: Survey) -> dict[str, Any]:
    vendor = workspace(session).vendor or gettext("Your company")
    return {
        "form": EmptyForm(),
        "filled": lambda text: fill(text, vendor=vendor),
        "problem_text": problem_text,
        "question_name": question_name,
        "type_word": type_word,
        "words": wave_words,
        "zone": ZoneInfo(survey.time_zone),
        "max_text": MAX_TEXT_LENGTH,
        "max_options": MAX_OPTIONS,
    }


def _as_kept(version_id: int, removed: Removed) -> dict[str, Any]:
    """As the signed cookie keeps it."""
    places = {
        audience.value: [place.wording_id, place.section, place.rule, place.has_comment]
        for audience, place in removed.line.places.items()
    }
    line = removed.line
    return {
        "version": version_id,
        "code": line.code,
        "question": line.question_id,
        "place": removed.place,
        "places": places,
    }


def _from_kept(kept: Mapping[str, Any]) -> Removed:
    places = {
        Audience(audience): Place(
            wording_id=wording_id, section=section, rule=rule, has_comment=has_comment
        )
        for audience, (wording_id, section, rule, has_comment) in kept["places"].items()
    }
    line = Line(code=kept["code"], question_id=kept["question"], places=places)
    return Removed(line=line, place=kept["place"])


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
